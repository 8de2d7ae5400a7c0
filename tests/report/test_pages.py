"""What the pages say, whatever the typesetter and the language."""

import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from faisceau.findings.model import Kind, Status
from faisceau.report.model import Excerpt, FindingCard, Gap, ReportData, Unexamined, Words
from faisceau.report.pages import document
from faisceau.report.pages.findings import ordered
from faisceau.report.shown import put
from faisceau.words import LANGUAGES, speaking


def pages(data: ReportData, lang: str = "en") -> dict[str, Any]:
    with speaking(lang):
        return document(data)


def text_of(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False)


def blocks(tree: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [block for block in tree["body"] if block["is"] == name]


def test_strongest_first_and_those_no_longer_in_force_last(sample: ModuleType) -> None:
    cards = (
        sample.card(3),
        sample.card(1, Status.WITHDRAWN),
        sample.card(2),
        sample.card(4, Status.SUPERSEDED),
    )
    assert ordered(cards) == [cards[2], cards[0], cards[1], cards[3]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_order_in_which_the_desk_hands_findings_changes_nothing(
    sample: ModuleType, lang: str
) -> None:
    cards = tuple(sample.card(i) for i in range(1, 5))
    assert pages(sample.report(cards), lang) == pages(sample.report(cards[::-1]), lang)


def test_everything_the_data_hold_is_printed(sample: ModuleType) -> None:
    data = sample.report()
    tree = pages(data)
    text = text_of(tree)
    for exhibit in data.exhibits:
        assert exhibit.sha256 in text.replace(" ", "")
        assert exhibit.label in text
        assert all(str(put(told)) in text for told in exhibit.told)
    assert data.proof.root in text.replace(" ", "")
    assert all(digest in text.replace(" ", "") for digest in data.proof.fingerprints.values())
    assert data.mandate.version in text.replace(" ", "")
    assert "C-548/21" in text_of(tree["summary"])
    assert "commission d'enquête" in text
    assert "calls.csv line 40" in text
    assert "PR/2026/0417-R" in text
    assert all(agent.name in text for agent in data.mandate.agents)
    assert "Faisceau" in text
    assert all(word in text for word in ("coffre.bin", "plates.convoy", "9,312"))


def test_many_exhibits_are_listed_one_a_line_with_all_that_is_known(sample: ModuleType) -> None:
    data = sample.report()
    many = tuple(replace(data.exhibits[1], exhibit_id=f"E{i}") for i in range(1, 61))
    tree = pages(replace(data, exhibits=many))
    listing = next(block for block in blocks(tree, "table") if len(block["rows"]) == 60)
    for said in ("E2", "9,312 / 281", "réquisition", many[0].sha256[:8], "A1", "2026"):
        assert said in text_of(listing["rows"][1])
    assert ["b", "E60"] in listing["rows"][-1][0]


def test_the_first_page_keeps_to_a_few_warnings(sample: ModuleType) -> None:
    data = sample.report()
    warnings = tuple(f"handset E{i} opened" for i in range(900))
    tree = pages(replace(data, mandate=replace(data.mandate, warnings=warnings)))
    assert "E3 opened" not in text_of(tree["summary"])
    assert "and 897 more" in text_of(tree["summary"])
    assert "E899 opened" in text_of(tree["body"])


def test_reasons_for_and_against_stand_apart_strongest_first(sample: ModuleType) -> None:
    tree = pages(sample.report((sample.card(1),)))
    supports, against = blocks(tree, "reasons")
    assert [item["weight"] for item in supports["items"]] == ["+2.5", "+1.4", "+0.9"]
    assert [item["weight"] for item in against["items"]] == ["\u22120.8"]
    assert against["against"]


def test_that_nothing_speaks_against_is_said(sample: ModuleType) -> None:
    card = sample.card(1)
    tree = pages(sample.report((replace(card, reasons=card.reasons[:3]),)))
    assert blocks(tree, "reasons")[1]["none"]


def test_a_finding_of_a_model_is_not_established_before_a_person_confirms_it(
    sample: ModuleType,
) -> None:
    def alerts(status: Status) -> list[str]:
        tree = pages(sample.report((sample.card(1, status, Kind.AI),)))
        return [note["head"] for note in blocks(tree, "note") if note["alert"]]

    assert "Not established" in alerts(Status.NEW)
    assert "Not established" in alerts(Status.UNSURE)
    assert "Not established" not in alerts(Status.CONFIRMED)
    [row] = [
        row
        for block in pages(sample.report((sample.card(1, kind=Kind.AI),)))["summary"]
        if block["is"] == "top"
        for row in block["rows"]
    ]
    assert row["status"] == "not established"


def test_the_content_of_a_withdrawn_finding_is_not_printed(sample: ModuleType) -> None:
    data = replace(sample.report((sample.card(1, Status.WITHDRAWN),)), rejects=())
    text = text_of(pages(data)["body"])
    assert data.findings[0].finding.finding_id in text
    assert "drug trafficking between" not in text
    assert "plaquette" not in text


def test_each_cited_line_names_exhibit_row_and_place(sample: ModuleType) -> None:
    tree = pages(sample.report((sample.card(1),)))
    [excerpt] = blocks(tree, "excerpt")
    lines = [row for row in excerpt["rows"] if "number" in row]
    assert [line["number"] for line in lines] == [str(n) for n in range(1, 8)]
    second = lines[1]
    assert all(part in second["place"] for part in ("E1", "4294968337", "message:1041"))
    assert lines[0]["place"] == ""
    assert ["mark", "plaquette"] in second["text"]
    cites = blocks(tree, "reasons")[0]["items"][0]["cites"]
    assert "2" in text_of(cites)


def test_times_are_local_and_days_open_with_their_zone(sample: ModuleType) -> None:
    [excerpt] = blocks(pages(sample.report((sample.card(1),))), "excerpt")
    days = [row["day"] for row in excerpt["rows"] if "day" in row]
    assert len(days) == 2
    assert all("Europe/Paris, UTC+01:00" in day for day in days)
    assert next(r for r in excerpt["rows"] if "time" in r)["time"] == "21:14:05"


def test_messages_left_out_are_counted(sample: ModuleType) -> None:
    [excerpt] = blocks(pages(sample.report((sample.card(1),))), "excerpt")
    gaps = [row["gap"] for row in excerpt["rows"] if "gap" in row]
    assert ["12" in gaps[0], "40" in gaps[1]] == [True, True]


def test_a_line_common_to_two_excerpts_is_printed_once(sample: ModuleType) -> None:
    card = sample.card(1)
    again = Excerpt("again", card.excerpts[0].lines[2:5])
    tree = pages(sample.report((replace(card, excerpts=(*card.excerpts, again)),)))
    assert len(blocks(tree, "excerpt")) == 1


def test_rows_that_no_excerpt_shows_are_listed_and_a_long_list_is_counted(
    sample: ModuleType,
) -> None:
    card = sample.card(1)
    rows = tuple(sample.evidence(i, exhibit=3) for i in range(100))
    reason = replace(card.reasons[0], evidence=rows, total=250)
    tree = pages(sample.report((replace(card, reasons=(reason,)),)))
    item = blocks(tree, "reasons")[0]["items"][0]
    assert len(item["blocks"][0]["rows"]) == 12
    assert "88" in text_of(item["blocks"][1])
    assert "250" in text_of(item["cites"])


def test_what_a_model_made_stands_beside_the_original_marked(sample: ModuleType) -> None:
    [excerpt] = blocks(pages(sample.report((sample.card(1),))), "excerpt")
    [helped] = [row["helped"] for row in excerpt["rows"] if row.get("helped")]
    assert "not to be quoted" in text_of(helped)
    assert "Salut, apporte l'argent" in text_of(helped)


def test_a_finding_without_cards_prints_its_own_reasons(sample: ModuleType) -> None:
    tree = pages(sample.report((FindingCard(sample.finding(1)),)))
    assert len(blocks(tree, "reasons")[0]["items"]) == 3


def test_an_empty_case_says_so(sample: ModuleType) -> None:
    data = replace(
        sample.report(()), exhibits=(), methods=(), refusals=(), rejects=(), unexamined=(), found=0
    )
    text = text_of(pages(data))
    for said in (
        "No analysis was run.",
        "No analysis gave a finding.",
        "No act was refused.",
        "No row was rejected.",
        "Nothing was left out",
    ):
        assert said in text


def test_the_summary_names_a_few_gaps_and_counts_the_others(sample: ModuleType) -> None:
    many = tuple(Unexamined(Gap.UNKNOWN, f"file{i}.bin", Words("why")) for i in range(9))
    tree = pages(replace(sample.report(), unexamined=many))
    text = text_of(tree["summary"])
    assert "file2.bin" in text
    assert "file3.bin" not in text
    assert "and 6 more" in text
    assert "file8.bin" in text_of(tree["body"])

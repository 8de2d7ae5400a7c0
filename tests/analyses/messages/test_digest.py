"""What a digest says of a handset, told by one invented phone."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faisceau.analyses.messages._digest.given import LINES
from faisceau.analyses.messages._digest.tools import family
from faisceau.analyses.messages.digest import SECTIONS, digest
from faisceau.errors import UsageError
from faisceau.findings.model import Lead, Reason
from faisceau.testing import Desk

from .tables import Rows, run

ME, SAM, OLD, NEW, MUM = (
    "+33639980001",
    "+33639980002",
    "+33639980003",
    "+33639980004",
    "+33639980005",
)
DAY = datetime(2026, 3, 2, tzinfo=UTC)


def said(who: str, to: str, day: int, hour: float, text: str, **more: Any) -> dict[str, Any]:
    """A message between the owner and somebody, ``day`` days after the first, at an hour of UTC."""
    return {
        "exhibit_id": "E1",
        "app": "whatsapp",
        "account": ME,
        "thread_id": to if who == ME else who,
        "sender_id": who,
        "recipients": [to],
        "sent_at": DAY + timedelta(days=day, hours=hour),
        "text": text,
        "kind": "text",
        "deleted": False,
    } | more


def phone() -> dict[str, list[dict[str, Any]]]:
    """Three months: Sam all along, a supplier who changes his line, mother on Sundays."""
    messages = []
    for day in range(60):
        if day in range(30, 37):
            continue  # a week without the phone
        messages += [
            said(SAM, ME, day, 16, "t dispo ce soir ?"),
            said(ME, SAM, day, 16.1, "oui en bas dans dix minutes"),
            said(ME, SAM, day, 20.5, "c bon je repars"),
        ]
        peer = OLD if day < 28 else NEW
        messages += [said(ME, peer, day, 18 + i / 10, "il en reste combien") for i in range(4)]
    messages += [
        said(OLD, ME, 27, 19, "nouveau num demain, tu effaces celui la"),
        said(ME, SAM, 5, 17, "5g 50€ 10g 90€ 20g 170€"),
        said(ME, NEW, 40, 17, "5g 50€ 10g 90€ 20g 170€"),
        said(ME, NEW, 41, 17, "j'ai 12 500 euros pour toi, en liquide"),
        said(NEW, ME, 41, 17.2, "viens 14 rue des Lilas, 3e étage"),
        said(NEW, ME, 42, 17.2, "la https://maps.app.goo.gl/AbCdEf123"),
        said(ME, MUM, 6, 9, "coucou maman c'est mon anniv mardi"),
        said(MUM, ME, 6, 10, "Bonjour Nolan, tu manges où ?"),
        said(SAM, ME, 7, 10, "salut nolan"),
        *(said(ME, OLD, 20, 19 + i / 10, "", deleted=True) for i in range(3)),
        said(ME, SAM, 8, 8, "Messages chiffrés", kind="system"),
    ]
    calls = [
        {
            "caller": "0639980002",
            "callee": ME,
            "direction": "in",
            "started_at": DAY + timedelta(days=d),
        }
        for d in range(5)
    ]
    handset = {
        "imei": "490154203237518",
        "msisdn": "06 39 98 00 01",
        "make": "Modelo",
        "model": "M-12",
        "apps": ["Signal", "WhatsApp", "Orbot", "Calculatrice"],
    }
    contacts = [("Sam", SAM), ("Le Grand", OLD), ("Le Grand", NEW), ("Maman", MUM)]
    tables: dict[str, list[dict[str, Any]]] = {
        "message": messages,
        "call": [c | {"duration_s": 60.0, "count": 1, "kind": "voice"} for c in calls],
        "handset": [handset],
        "contact": [{"account": ME, "name": n, "identifiers": [i]} for n, i in contacts],
        "position": [
            {"at": DAY + timedelta(days=d, hours=23), "latitude": 50.631, "longitude": 3.057}
            for d in range(10)
        ],
        "mention": [
            {"kind": "iban", "value": "FR7630006000011234567890189", "table": "message"}
            | {"role": "text", "n": 2}
        ],
    }
    number = 0
    for rows in tables.values():
        for row in rows:
            number += 1
            row.update(row_id=number, exhibit_id="E1")
    tables["mention"][0]["row_id"] = 1  # a mention names the first row that holds it
    return tables


Sections = dict[str, Lead]


def sections(tables: Mapping[str, Rows], **params: Any) -> Sections:
    """The leads of a digest by the end of their title."""
    return {lead.in_words().split(": ")[1]: lead for lead in run(digest, tables, **params)}


@pytest.fixture(scope="module")
def told() -> Sections:
    """The digest of the invented phone."""
    return sections(phone())


def line(lead: Lead, *parts: str) -> Reason:
    """The first line that holds all the parts."""
    found = [r for r in lead.reasons if all(p in r.in_words() for p in parts)]
    assert found, [r.in_words() for r in lead.reasons]
    return found[0]


def test_every_section_comes_once_and_in_the_order_of_reading(told: Sections) -> None:
    assert [title.partition(": ")[2] for title, _ in SECTIONS] == list(told)
    scores = [lead.score for lead in told.values()]
    assert scores == sorted(scores, reverse=True)
    assert max(scores) < 0.2  # no claim of another analysis stands below a digest
    for lead in told.values():
        assert [(s.type, s.value) for s in lead.subjects] == [("device", "490154203237518")]
        assert "Modelo M-12 (E1)" in lead.in_words()


def test_every_line_points_at_rows_that_exist(told: Sections) -> None:
    ids = {name: {row["row_id"] for row in rows} for name, rows in phone().items()}
    del ids["mention"]
    for lead in told.values():
        assert len(lead.reasons) <= LINES
        for reason in lead.reasons:
            assert reason.by_table()
            for table, rows in reason.by_table().items():
                assert 0 < len(rows) <= LINES
                assert set(rows) <= ids[table]


def test_the_owner_is_named_by_device_account_greetings_and_words(told: Sections) -> None:
    who = told["who probably used it"]
    line(who, "Modelo M-12", "IMEI 490154203237518")
    assert line(who, "Account", ME, "whatsapp").facts["first"] == "2026-03-02"
    line(who, "address somebody here as Nolan", "persons: 2")
    line(who, "c'est mon anniv mardi")


def test_tools_are_those_used_installed_and_missing_from_the_files(told: Sections) -> None:
    tools = told["applications and communication tools"]
    line(tools, "whatsapp: messages:")
    line(tools, "Installed (anonymity and hiding): Orbot")
    line(tools, "no message of it is in the files: Signal")
    line(tools, "Calls (voice): 5, minutes in all: 5")
    assert "Calculatrice" not in "".join(r.in_words() for r in tools.reasons)


def test_contacts_bring_spellings_of_a_number_and_calls_together(told: Sections) -> None:
    first = told["strongest contacts"].reasons[0]
    assert "Sam" in first.in_words()
    assert first.facts["calls"] == 5
    assert set(first.by_table()) == {"message", "call"}
    assert ME not in {r.facts["who"] for r in told["strongest contacts"].reasons}


def test_a_new_line_shows_by_name_by_words_and_by_traffic(told: Sections) -> None:
    changed = told["when contacts changed"]
    assert line(changed, "Le Grand is reached under", OLD, NEW).facts["first"] == "2026-03-30"
    line(changed, "Le Grand", "nouveau num demain")
    line(changed, f"Le Grand ({OLD}) falls silent")
    line(changed, f"Le Grand ({NEW}) appears")


def test_hours_are_those_of_the_wall_before_and_after_summer_time(told: Sections) -> None:
    rhythm = told["rhythm of life"]
    # 16:06 to 20:30 UTC is 17 to 21 h in winter, 18 to 22 h in summer (from 29 March on)
    busy = line(rhythm, "Most active from")
    assert (busy.facts["begin"], busy.facts["end"]) == (19, 21)
    assert line(rhythm, "Quiet from").facts["end"] in {10, 11, 17}
    assert line(rhythm, "days from 2026-03-02").facts["days"] == 53


def test_conversations_quote_what_tells_most(told: Sections) -> None:
    first = told["conversations to read first"].reasons[0]
    assert "5g 50€ 10g 90€ 20g 170€" in first.in_words()
    every = "".join(r.in_words() for r in told["conversations to read first"].reasons)
    assert "Messages chiffrés" not in every  # what the application says is nobody's


def test_a_price_list_is_told_once_with_how_often_it_went_out(told: Sections) -> None:
    menu = line(told["price lists and prices"], "5g 50€ 10g 90€ 20g 170€")
    assert (menu.facts["n"], menu.facts["talks"]) == (2, 2)
    assert len(menu.by_table()["message"]) == 2


def test_money_is_sums_and_means(told: Sections) -> None:
    assert "12\u202f500" in line(told["money"], "12 500 euros").in_words()
    line(told["money"], "“liquide”; messages: 1")
    assert "170" not in "".join(r.facts.get("amount", "") for r in told["money"].reasons)


def test_places_are_nights_addresses_and_links(told: Sections) -> None:
    line(told["places"], "Most nights end around 50.63, 3.06", "10 of the 10")
    line(told["places"], "14 rue des Lilas")
    line(told["places"], "https://maps.app.goo.gl/AbCdEf123")


def test_identifiers_in_texts_come_from_the_mentions(told: Sections) -> None:
    line(told["identifiers written in messages"], "Bank account FR7630006000011234567890189")


def test_gaps_are_silences_deletions_and_wishes_to_erase(told: Sections) -> None:
    gaps = told["gaps and deletions"]
    assert line(gaps, "No message from").facts["days"] == 7
    assert line(gaps, "Marked as deleted").facts["n"] == 3
    line(gaps, "of erasing", "tu effaces celui la")


def test_numbers_missing_in_a_dense_numbering_are_told() -> None:
    rows = phone()
    kept = [n for n in range(1, 60) if n not in range(20, 27)]
    rows["message"] = [row | {"ref": str(n)} for row, n in zip(rows["message"], kept, strict=False)]
    missing = line(sections(rows)["gaps and deletions"], "Missing in the numbering")
    assert (missing.facts["before"], missing.facts["after"], missing.facts["n"]) == (19, 27, 7)


def test_the_order_of_rows_changes_nothing(told: Sections) -> None:
    shuffled = {n: random.Random(5).sample(rows, len(rows)) for n, rows in phone().items()}
    again = sections(shuffled)
    for title, lead in told.items():
        assert [(r.in_words(), r.by_table()) for r in again[title].reasons] == [
            (r.in_words(), r.by_table()) for r in lead.reasons
        ]


def test_messages_alone_suffice_and_an_owner_nobody_names_is_found_by_presence() -> None:
    rows = [row | {"account": None} for row in phone()["message"]]
    told = sections({"message": rows})
    assert "places" not in told or line(told["places"], "14 rue des Lilas")
    assert ME not in {r.facts["who"] for r in told["strongest contacts"].reasons}
    assert told["strongest contacts"].subjects[0].value == "E1"


def test_exhibits_can_be_chosen_and_the_busiest_come_first() -> None:
    rows = phone()["message"]
    other = [row | {"row_id": row["row_id"] + 10_000, "exhibit_id": "E2"} for row in rows[:50]]
    both = {"message": [*rows, *other]}
    assert {lead.subjects[0].value for lead in run(digest, both, most=1)} == {"E1"}
    assert {lead.subjects[0].value for lead in run(digest, both, exhibits="E2, E9")} == {"E2"}


def test_nothing_gives_nothing_and_an_unknown_zone_is_refused() -> None:
    assert run(digest, {}) == []
    with pytest.raises(UsageError, match="time zone"):
        run(digest, phone(), timezone="Europe/Lutece")


@pytest.mark.parametrize(
    ("app", "sort"),
    [
        ("org.thoughtcrime.securesms", "encrypted"),
        ("com.whatsapp", "messaging"),
        ("Tor Browser", "anonymity"),
        ("Trust Wallet", "money"),
        ("Calculatrice", None),
    ],
)
def test_applications_are_known_by_name_or_package(app: str, sort: str | None) -> None:
    assert family(app) == sort


@pytest.mark.slow
def test_on_a_real_case_lines_cite_the_file_and_run_again_the_same(desk: Desk) -> None:
    lines = ["sent_at,app,account,thread_id,sender_id,recipients,text"]
    lines += [
        f'2026-03-0{d}T20:00:00Z,signal,{ME},T1,{ME},{SAM},"5g 50€ 10g 90€ 20g {d}0€"'
        for d in range(1, 6)
    ]
    desk.add("messages.csv", "\n".join(lines), as_table="message")
    found = desk.run("messages.digest")
    [menus] = [f for f in found if "price lists" in f.title]
    assert desk.cited(menus) == lines[1:]
    assert menus.subjects[0].value == "E1"
    assert desk.run("messages.digest") == found

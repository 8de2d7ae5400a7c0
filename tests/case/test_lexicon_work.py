"""A lexicon against reviewed conversations: what earns its place, what lacks, what may leave."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from faisceau.case.lexicon_work import standing_out
from faisceau.errors import Refused, UsageError
from faisceau.tables.lexicons import load_lexicon
from faisceau.testing import Desk, mandate

CNCTR = '[authorisations.cnctr]\nreference = "CNCTR/2026/12"\ndate = 2026-09-02\n'
LEXICON = """\
version: 3
near: 4
sources:
  usage: "Usage"
macros: {}
entries:
- concept: resin
  kinds: [product]
  meaning: {fr: résine, en: resin}
  terms: teuch; pain
  source: usage
  date: 2026-11-24
traits: []
scenes: []
contexts: []
"""
SALE = (
    "wsh {name}\nla zipette est là, de la teuch aussi\nécris a zippo93 ou au 06 39 98 00 11\n"
    "Dis à Karim\nla blanche neige est arrivée"
)
DINNER = (
    "salut {name}\nla neige est blanche, prends du pain et du fromage à la gare\n"
    "on mange à 20h\nDis à Karim"
)


@pytest.fixture
def service(tmp_path: Path) -> Desk:
    """An intelligence case: six conversations confirmed, six dismissed, six not looked at."""
    desk = Desk(tmp_path / "desk", mandate(regime="intelligence", more=CNCTR))
    (desk.folder / "l.yaml").write_text(LEXICON)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["thread_id", "sender_name", "sent_at", "text"])
    for n in range(18):
        text = (SALE if n < 6 else DINNER).format(name="soukaina")
        text += "\nune cale" if n < 4 else ""
        for minute, line in enumerate(text.split("\n")):
            rows.writerow([f"T{n:02}", "Soukaina", f"2026-09-01T10:{minute:02}:00Z", line])
    desk.add("talks.csv", out.getvalue())
    for finding in desk.run("messages.review", batch=18, lexicon=str(desk.folder / "l.yaml")):
        n = int(finding.subjects[0].value[1:])
        if finding.subjects[0].type == "thread" and n < 12:
            desk.workspace().review(finding.finding_id, "confirmed" if n < 6 else "dismissed")
    return desk


@pytest.fixture
def name(service: Desk) -> str:
    return str(service.folder / "l.yaml")


def test_which_forms_earn_their_place(service: Desk, name: str) -> None:
    trial = service.workspace().lexicon_test(name)
    assert (trial.lexicon, trial.relevant, trial.others) == ("l 3", 6, 6)
    told = {form.form: (form.relevant, form.others, form.place) for form in trial.forms}
    assert told == {"teuch": (6, 0, "earned"), "pain": (0, 6, "noise")}
    assert service.ledger[-1].data["conversations"] == 12


def test_a_word_is_suggested_with_its_counts_and_examples(service: Desk, name: str) -> None:
    found = {one.term: one for one in service.workspace().lexicon_suggest(name)}
    assert (found["zipette"].confirmed, found["zipette"].others) == (6, 0)
    assert found["zipette"].examples[0][1] == "la zipette est là, de la teuch aussi"
    for kept in (
        "teuch",  # the lexicon has it
        "zippo93",  # a handle
        "zippo",
        "soukaina",  # a name in the case, written small
        "karim",  # written like a name
        "cale",  # four conversations
        "pain",  # of the others
    ):
        assert kept not in found


def test_a_phrase_is_suggested_whose_words_say_nothing_alone(service: Desk, name: str) -> None:
    found = {one.term: one for one in service.workspace().lexicon_suggest(name)}
    assert (found["blanche neige"].confirmed, found["blanche neige"].others) == (6, 0)
    assert found["blanche neige"].examples[0][1] == "la blanche neige est arrivée"
    assert not {"blanche", "neige"} & found.keys()
    for kept in ("la teuch aussi", "une cale", "dis a", "wsh soukaina"):
        assert kept not in found
    desk = service.workspace()
    text, _ = desk.lexicon_accept("blanche neige", "product", "seen in six cases", name)
    after = Path(name).with_name("l5.yaml")
    after.write_text(text)
    assert "blanche neige" not in {one.term for one in desk.lexicon_suggest(str(after))}


def test_a_word_used_like_a_known_one_is_suggested_with_it(tmp_path: Path) -> None:
    """``zetla`` is said as often by the others: only its company tells."""
    desk = Desk(tmp_path / "desk", mandate(regime="intelligence", more=CNCTR))
    (desk.folder / "l.yaml").write_text(LEXICON)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["thread_id", "sent_at", "text"])
    for n in range(40):
        for m in range(4):
            word = ("teuch", "zetla")[(n + m) % 2]
            line = f"tu veux combien de {word} ce soir" if m % 2 else f"{word} a trente le bout"
            rows.writerow([f"T{n:02}", f"2026-09-01T10:{m:02}:00Z", line])
            rows.writerow([f"T{n:02}", f"2026-09-01T11:{m:02}:00Z", "on mange des pates demain"])
    desk.add("talks.csv", out.getvalue())
    name = str(desk.folder / "l.yaml")
    for finding in desk.run("messages.review", batch=40, lexicon=name):
        if finding.subjects[0].type == "thread" and int(finding.subjects[0].value[1:]) < 21:
            desk.workspace().review(finding.finding_id, "confirmed")
    found = {one.term: one for one in desk.workspace().lexicon_suggest(name)}
    assert found["zetla"].why == "alike"
    assert found["zetla"].near == ("teuch",)
    assert found["zetla"].likeness >= 0.5
    assert not {"pates", "mange", "demain"} & found.keys()


def test_a_word_leaves_only_when_an_agent_accepts_it(service: Desk, name: str) -> None:
    desk = service.workspace()
    text, one = desk.lexicon_accept("zipette", "product", "seen in six cases", name)
    assert one.term == "zipette"
    after = Path(name).with_name("l4.yaml")
    after.write_text(text)
    lexicon = load_lexicon(after)
    assert lexicon.version == "4"
    [entry] = [e for e in lexicon.entries if e.concept == "accepted_zipette"]
    assert (entry.kinds, [f.text for f in entry.forms]) == (("product",), ["zipette"])
    assert entry.source == "accepted by A1 on 2026-10-01: seen in six cases"
    opening = service.ledger[-2]
    assert (opening.act, opening.data["accepted"], opening.data["why"]) == (
        "lexicon",
        "zipette",
        "seen in six cases",
    )
    with pytest.raises(UsageError, match="not among the words put forward"):
        desk.lexicon_accept("karim", "product", "why not", name)
    with pytest.raises(UsageError, match="knows no kind"):
        desk.lexicon_accept("zipette", "vehicle", "why not", name)
    assert "zipette" not in {one.term for one in desk.lexicon_suggest(str(after))}


def test_a_judicial_case_tests_and_is_suggested_nothing(desk: Desk) -> None:
    (desk.folder / "l.yaml").write_text(LEXICON)
    assert desk.workspace().lexicon_test(str(desk.folder / "l.yaml")).relevant == 0
    with pytest.raises(Refused, match="has no place in a judicial regime"):
        desk.workspace().lexicon_suggest()


def test_a_rare_word_stands_out_less_than_a_frequent_one() -> None:
    here, there = np.array([50.0, 2.0, 500.0]), np.array([50.0, 0.0, 9000.0])
    often, once, everywhere = standing_out(here, there).tolist()
    assert often > once > 0 > everywhere

"""Which messages are the same, and which of them were sent to many, told by examples."""

import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faisceau.analyses.messages._near import MARKS, groups, marks, pairs
from faisceau.analyses.messages.templates import templates
from faisceau.findings.model import Lead
from faisceau.testing import Desk

from .tables import run

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
MENU = "Menu du jour : verte 10 le g, jaune 8 le g, blanche 70 le g, livraison dans toute la ville"
WORDS = re.findall(
    r"\w+",
    "demain matin gare train retard voiture parking boulot patron facture plombier école enfants "
    "piscine médecin ordonnance musique concert billet avion valise hôtel plage soleil pluie "
    "cuisine recette farine beurre tomate jardin pelouse chien vétérinaire cousin mariage cadeau",
)

sentences = st.lists(st.sampled_from(WORDS), min_size=12, max_size=30).map(" ".join)


def sent(texts: list[str], first: int = 1, **more: Any) -> list[dict[str, Any]]:
    """One message a text, each to somebody else, from the same account."""
    return [
        {
            "row_id": first + i,
            "exhibit_id": "E1",
            "thread_id": f"T{first + i}",
            "sender_id": "seller",
            "recipients": [f"client{first + i}"],
            "sent_at": START + timedelta(days=i),
            "text": text,
            "kind": "text",
        }
        | more
        for i, text in enumerate(texts)
    ]


def grouped(texts: list[str], exhibits: list[str] | None = None, least: float = 0.6) -> list[int]:
    """The group of each text, by position."""
    rows = pa.array(np.arange(len(texts)))
    batch = pa.record_batch(
        {
            "row_id": rows,
            "exhibit_id": exhibits or ["E1"] * len(texts),
            "text": pa.array(texts, pa.string()),
        }
    )
    one, two = pairs(iter([marks(batch)]))
    found = groups(rows.to_numpy(), pa.array(texts, pa.string()), one, two, least)
    return [int(group) for group in found]


@settings(max_examples=60, deadline=None)
@given(sentences, st.integers(0, 10_000), st.sampled_from(["7", "x", "é", "🥦"]))
def test_one_letter_changed_is_the_same_message(text: str, place: int, letter: str) -> None:
    """Of a text that says something: one word repeated has so few pieces that a letter is half."""
    assume(len({text[at : at + 5] for at in range(len(text) - 4)}) >= 40)
    at = place % len(text)
    assert len(set(grouped([text, text[:at] + letter + text[at + 1 :]]))) == 1


@settings(max_examples=60, deadline=None)
@given(sentences)
def test_case_and_blanks_change_nothing(text: str) -> None:
    assert grouped([text, f"  {text.upper()}\n".replace(" ", "  ")]) == [0, 0]


@settings(max_examples=60, deadline=None)
@given(st.permutations(WORDS))
def test_unrelated_texts_stay_apart(words: list[str]) -> None:
    half = len(words) // 2
    assert grouped([" ".join(words[:half]), " ".join(words[half:])]) == [0, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6), st.integers(0, 5))
def test_any_text_can_be_marked_and_slices_count_as_such(texts: list[str], cut: int) -> None:
    batch = pa.record_batch(
        {
            "row_id": pa.array(np.arange(len(texts))),
            "exhibit_id": pa.array(["E1"] * len(texts), pa.string()),
            "text": pa.array(texts, pa.string()),
        }
    )
    whole, part = marks(batch), marks(batch.slice(min(cut, len(texts))))
    assert whole.schema == MARKS
    assert whole.slice(min(cut, len(texts))).to_pylist() == part.to_pylist()


def test_exhibits_are_not_compared() -> None:
    assert grouped([MENU, MENU], ["E1", "E2"]) == [0, 1]


def test_a_menu_with_other_prices_is_one_finding_with_its_sender_and_reach() -> None:
    versions = [MENU, MENU.replace("10 le g", "12 le g"), MENU.replace("8 le g", "7 le g")]
    chat = sent([f"on se voit {w} devant la {v} comme prévu hier" for w, v in PAIRS], 50)
    [lead] = run(templates, {"message": [*sent(versions), *chat]})
    assert [(s.type, s.value) for s in lead.subjects] == [("account", "seller")]
    reach, sender, other = lead.reasons
    assert reach.facts == {"talks": 3, "people": 3, "n": 3}
    assert sender.facts["who"] == "seller"
    assert sender.by_table() == {"message": [1, 2, 3]}
    assert other.facts["n"] == 3
    assert "7 le g" in other.in_words()


PAIRS = [(WORDS[i], WORDS[-i - 1]) for i in range(8)]


def test_the_same_words_from_several_senders_name_each_and_what_was_forwarded() -> None:
    rows = [
        *sent([MENU] * 3),
        *sent([MENU] * 2, 11, sender_id="relay", forwarded=True),
    ]
    [lead] = run(templates, {"message": rows})
    told = {r.facts["who"]: r.facts for r in lead.reasons if r.code == "sender"}
    assert (told["seller"]["n"], told["seller"]["forwarded"]) == (3, 0)
    assert (told["relay"]["n"], told["relay"]["forwarded"]) == (2, 2)


def test_what_reached_more_comes_first() -> None:
    notice = "Votre colis arrive demain entre 8h et 12h, suivez la livraison sur notre site"
    rows = [*sent([notice] * 3), *sent([MENU] * 6, 11)]
    first, second = run(templates, {"message": rows})
    assert first.score > second.score
    assert "Menu" in first.in_words()
    assert "colis" in second.in_words()


@pytest.mark.parametrize(
    "rows",
    [
        [],
        sent([MENU] * 2),  # twice is not often
        sent(["ok a demain"] * 9),  # everybody says so
        sent([MENU] * 9, kind="system"),
        sent([MENU] * 2) + sent([MENU] * 2, 11, exhibit_id="E2"),
    ],
)
def test_what_is_no_mass_message(rows: list[dict[str, Any]]) -> None:
    assert run(templates, {"message": rows}) == []


def test_absent_senders_and_recipients_are_no_trouble() -> None:
    [lead] = run(
        templates, {"message": sent([MENU] * 3, sender_id=None, recipients=None, thread_id=None)}
    )
    assert [(s.type, s.value) for s in lead.subjects] == [("device", "E1")]


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [*sent([MENU, MENU + " !", MENU.replace("70", "65")] * 4), *sent([MENU * 2] * 3, 40)]
    shuffled = random.Random(3).sample(rows, len(rows))
    assert cited(run(templates, {"message": shuffled})) == cited(run(templates, {"message": rows}))


def cited(leads: list[Lead]) -> list[Any]:
    return [
        (lead.subjects, lead.score, [(r.in_words(), r.by_table()) for r in lead.reasons])
        for lead in leads
    ]


def test_on_a_real_case_the_finding_cites_its_messages(desk: Desk) -> None:
    lines = ["sent_at,thread_id,sender_id,recipients,text"]
    lines += [f'2026-03-0{i}T20:00:00Z,T{i},seller,c{i},"{MENU}"' for i in range(1, 5)]
    desk.add("messages.csv", "\n".join(lines), as_table="message")
    [finding] = desk.run("messages.templates")
    assert desk.cited(finding) == lines[1:]
    assert desk.run("messages.templates") == [finding]

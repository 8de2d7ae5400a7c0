"""Who is the same person, told by examples and measured on persons written many ways."""

import csv
import io
from collections import Counter

import pytest

from faisceau.demo.aliases import aliases
from faisceau.testing import Desk

pytest.importorskip("splink")

HEADER = "procedure,ref,role,last_name,first_names,birth_date,document_number,birth_place,alias\n"


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            "BOUCHIKHI,Mohamed,1990-05-07,,Oran,",
            "Bouchiqui,Mohammed,1990-05-07,,Oran,",
            "names that sound the same",
        ),
        (
            "DURAND,Marie,1980-01-22,,Cayenne,",
            "Lefort épouse Durand,Marie,1980-01-22,,Cayenne,",
            "all names of the one are among those of the other",
        ),
        (
            "Pinas,Melvin,1991-03-07,17CV12345,,",
            "Melvin,PINAS,1991-07-03,,Paramaribo,",
            "day and month swapped",
        ),
        (
            "Silva,João,1992-03-09,99XX12345,,",
            "Joao,da Silva,1992-01-01,99XX12345,,",
            "the day of one unknown",
        ),
        (
            "Désir,Jean Wilner,1988-11-02,,,Ti Jo",
            "Desir,Wilner,1988-11-12,,,ti jo",
            "differ in day, month or year alone",
        ),
    ],
)
def test_one_person_is_found_however_written(
    linking: Desk, one: str, other: str, said: str
) -> None:
    linking.add("person.csv", f"{HEADER}PV-2024-1,a,courier,{one}\nPV-2025-2,b,courier,{other}\n")
    [finding] = linking.run("links.identity")
    assert {(s.type, s.value, s.label) for s in finding.subjects} == {
        ("person", "a", "a · PV-2024-1"),
        ("person", "b", "b · PV-2025-2"),
    }
    told = [r.in_words() for r in finding.reasons]
    assert any(said in text for text in told), told
    whole = next(r for r in finding.reasons if r.code == "in_all")
    added = sum(r.weight for r in finding.reasons if r.code != "start")
    assert whole.facts["weight"] == pytest.approx(added, abs=0.1)
    assert not any(name in " ".join(told) for name in ("Silva", "Durand", "Désir", "1990", "CV"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Durand,Marie,1980-01-22,,Cayenne,",
            "Durand,Paul,1983-06-01,,Cayenne,",
        ),  # siblings
        ("Jean,Pierre,1980-01-22,,,", "Jean,Pierre,1961-06-01,,,"),  # namesakes
        ("Silva,Ana,1980-01-22,17CV12345,,", "Costa,Rui,1980-01-22,18CV54321,,"),  # same day
    ],
)
def test_two_persons_are_not_made_one(linking: Desk, one: str, other: str) -> None:
    linking.add("person.csv", f"{HEADER}PV-2024-1,a,courier,{one}\nPV-2025-2,b,courier,{other}\n")
    assert linking.run("links.identity") == []


def test_matches_are_right_and_say_how_often_they_are_wrong(linking: Desk) -> None:
    rows, truth = aliases(600, seed=4)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    linking.add("person.csv", text.getvalue())
    found = linking.run("links.identity")
    right = [truth[f.subjects[0].value] == truth[f.subjects[1].value] for f in found]
    pairs = sum(n * (n - 1) // 2 for n in Counter(truth.values()).values())
    stated = sum(1 - f.score for f in found) / len(found)
    precision, recall = sum(right) / len(found), sum(right) / pairs
    print(f"matches {len(found)}: {precision:.4f}, {recall:.4f}; false: stated {stated:.4f}")
    assert precision >= 0.98
    assert recall >= 0.7
    assert 1 - precision <= 2 * stated + 0.01

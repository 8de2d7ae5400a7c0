"""How well triage ranks conversations written by hand, through the real desk.

``pytest -s`` prints the figures and the worst mistakes. The series ``held``, ``ninth`` and
``tenth`` were kept apart: no rule was adjusted on them. The others were looked at while rules were
written, so that their figures flatter; ``seventh`` and ``eighth`` were first run unseen, with
average precision 0.81 and 0.64. ``ninth`` was written to deceive (coaches and carers give orders
too, and its orders are short); ``tenth`` without a look at the rules.
"""

import json
from pathlib import Path

import pytest

from faisceau.testing import Desk

from .conftest import TALKS, Told, rows, told

SERIES = sorted(path.stem for path in TALKS.glob("*.yaml"))
FLOOR = {"held": 0.85, "ninth": 0.7, "tenth": 0.88}
"""Average precision that a series must reach; 0.9 where nothing else is said."""
CODED = 0.7
"""Share of the coded conversations in the first half."""


def ranked(folder: Path, talks: list[Told]) -> list[tuple[float, Told]]:
    """The conversations by falling score; those without a finding come last, at 0."""
    desk = Desk(folder)
    lines = [
        {k: v for k, v in row.items() if k not in ("row_id", "exhibit_id")} for row in rows(talks)
    ]
    text = "\n".join(json.dumps(line, default=str, ensure_ascii=False) for line in lines)
    desk.add("talks.jsonl", text, as_table="message")
    scores = {f.subjects[0].value: f.score for f in desk.run("messages.triage")}
    return sorted(
        ((scores.get(talk.name, 0.0), talk) for talk in talks), key=lambda s: (-s[0], s[1].name)
    )


def average_precision(ranking: list[Told]) -> float:
    """Mean of the precision at each relevant conversation (Manning et al. 2008, section 8.4)."""
    hits, total = 0, 0.0
    for place, talk in enumerate(ranking, start=1):
        if talk.relevant:
            hits += 1
            total += hits / place
    return total / hits


@pytest.mark.parametrize("series", SERIES)
def test_a_series_is_ranked(tmp_path: Path, series: str) -> None:
    found = ranked(tmp_path / series, told(series))
    ranking = [talk for _, talk in found]
    half = ranking[: len(ranking) // 2]
    coded = [talk for talk in ranking if talk.coded]
    precision = average_precision(ranking)
    recall = sum(talk.coded for talk in half) / max(len(coded), 1)
    print(f"\n{series}: {len(ranking)} conversations, average precision {precision:.3f},")
    print(f"  coded recall in the first half {recall:.2f} of {len(coded)}")
    for score, talk in [s for s in found if not s[1].relevant][:3]:
        print(f"  too high {score:.2f} {talk.name}: {talk.about}")
    for score, talk in [s for s in found if s[1].relevant][-3:]:
        print(f"  too low  {score:.2f} {talk.name}: {talk.about}")
    assert precision >= FLOOR.get(series, 0.9)
    assert recall >= CODED


ALONE = {
    "a recipe": ["tu mets des herbes et un peu de coke dans la marinade ?", "oui 2h au four"],
    "a pharmacy": ["ordonnance prête, 2 boites de 30", "ok je passe à la pharmacie vers 18h"],
    "a delivery": ["votre livraison arrive dans 20 min", "ok je descends, code 4512"],
    "a plan": ["c'est quoi le plan ce soir ?", "ciné puis resto, 20 balles"],
}


@pytest.mark.parametrize("what", ALONE)
def test_ambiguous_words_alone_rank_nothing(desk: Desk, what: str) -> None:
    lines = [
        f"T1,{n},2026-09-10T20:0{n}:00Z,{json.dumps(said, ensure_ascii=False)}"
        for n, said in enumerate(ALONE[what])
    ]
    desk.add("talk.csv", "\n".join(["thread_id,sender_id,sent_at,text", *lines]) + "\n")
    assert [f for f in desk.run("messages.triage") if f.score >= 0.5] == []


def test_reasons_name_the_words_and_the_message(desk: Desk) -> None:
    lines = [
        "thread_id,sender_id,sent_at,text",
        "T1,a,2026-09-10T20:00:00Z,t dispo ? 10g de beuh c combien",
        "T1,b,2026-09-10T20:01:00Z,80 balles le 10g",
        "T1,a,2026-09-10T20:02:00Z,ok jsuis en bas dans 5 min",
        "T2,c,2026-09-10T20:02:00Z,bonne nuit maman",
    ]
    desk.add("talk.csv", "\n".join(lines) + "\n")
    [finding] = [f for f in desk.run("messages.triage") if f.score >= 0.5]
    assert finding.subjects[0].value == "T1"
    assert lines[1] in desk.cited(finding)
    assert any("beuh" in reason.in_words() for reason in finding.reasons)


def test_shuffled_rows_give_the_same_leads(tmp_path: Path) -> None:
    talks = told("held")[:12]
    found = ranked(tmp_path / "a", talks)
    again = ranked(tmp_path / "b", talks[::-1])
    assert {(score, t.name) for score, t in found} == {(score, t.name) for score, t in again}

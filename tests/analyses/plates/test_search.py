"""What can be asked of plate reads, told by examples."""

import pytest

from faisceau.errors import UsageError
from faisceau.testing import Desk

READS = """\
plate,country,camera_id,service,read_at,latitude,longitude,direction,vehicle_kind,confidence
AB-123-CD,F,A1,police,2026-09-07T20:10:00Z,50.60,3.00,N,car,0.95
AB-123-CD,F,A7,police,2026-09-07T20:40:00Z,50.40,3.00,N,car,0.91
AB-123-CD,F,A1,police,2026-09-09T20:15:00Z,50.60,3.00,N,car,0.95
AB-123-CD,F,A7,douane,2026-09-09T20:50:00Z,50.40,3.00,N,car,0.97
A8-123-CD,F,A7,douane,2026-09-10T08:00:00Z,50.40,3.00,S,car,0.60
AB-128-CD,F,A7,douane,2026-09-10T09:00:00Z,50.40,3.00,S,van,0.90
1234 AB 59,F,A1,police,2026-09-12T10:00:00Z,50.60,3.00,S,car,0.90
B-MW 4321,D,A1,police,2026-09-12T11:00:00Z,50.60,3.00,N,lorry,0.90
B-MW 4321,D,A7,police,2026-09-12T13:00:00Z,50.40,3.00,N,lorry,0.90
"""


@pytest.fixture
def asked(desk: Desk) -> Desk:
    desk.add("reads.csv", READS, procedure="PR/2026/0417")
    return desk


def answer(desk: Desk, **question: object) -> list[str]:
    found = desk.run("plates.search", **question)
    newest = [f for f in found if all(f.params[k] == v for k, v in question.items())]
    return [f.subjects[0].value for f in newest]


@pytest.mark.parametrize(
    ("question", "plates"),
    [
        ({"plate": "ab 123 cd"}, ["AB-123-CD"]),
        ({"plate": "AB-12?-CD"}, ["AB-123-CD", "AB-128-CD"]),
        ({"plate": "*43*"}, ["B-MW 4321"]),
        ({"plate": "AB-123-CD", "tolerant": True}, ["AB-123-CD", "A8-123-CD", "AB-128-CD"]),
        ({"where": "misread:AB-123-CD and not plate:AB-123-CD"}, ["A8-123-CD", "AB-128-CD"]),
        ({"where": "country:D or kind:van"}, ["B-MW 4321", "AB-128-CD"]),
        ({"where": "format:FR-FNI"}, ["1234 AB 59"]),
        ({"where": "service:douane and (direction:N or kind:van)"}, ["AB-123-CD", "AB-128-CD"]),
        ({"hours": "22:00-06:00"}, ["AB-123-CD"]),
        ({"days": "sat"}, ["B-MW 4321", "1234 AB 59"]),
        ({"days": "2026-09-07..2026-09-08"}, ["AB-123-CD"]),
        ({"zone": "50.6,3.0,5", "since": "2026-09-12"}, ["1234 AB 59", "B-MW 4321"]),
        ({"zone": "50.3 2.9; 50.5 2.9; 50.5 3.1; 50.3 3.1", "until": "2026-09-09"}, ["AB-123-CD"]),
        ({"where": "confidence:0.96"}, ["AB-123-CD"]),
        ({"sequence": "A1 then A7 within 40 minutes", "on_days": 2}, ["AB-123-CD"]),
        ({"sequence": "A1 then A7 within 3 hours"}, ["AB-123-CD", "B-MW 4321"]),
        ({"sequence": "A7 puis A1 within 1 h"}, []),
    ],
)
def test_questions_and_their_answers(
    asked: Desk, question: dict[str, object], plates: list[str]
) -> None:
    assert sorted(answer(asked, **question)) == sorted(plates)


def test_a_sequence_says_when_and_cites_both_reads(asked: Desk) -> None:
    [finding] = asked.run("plates.search", sequence="A1 then A7 within 40 minutes", on_days=2)
    assert "A1 → A7, on 2 days: 2026-09-07 22:10:00+02:00" in finding.reasons[1].in_words()
    assert asked.cited(finding) == READS.splitlines()[1:5]


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"where": "colour:red"},
        {"where": "(plate:AB*"},
        {"hours": "night"},
        {"days": "someday"},
        {"zone": "50 2; 51 2;"},
        {"camera": "A1", "timezone": "Paris"},
        {"sequence": "A1"},
    ],
)
def test_what_cannot_be_read_is_said(asked: Desk, question: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        asked.run("plates.search", **question)

"""What an entry holds, and that no other line passes for one."""

import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import Damaged, UsageError
from faisceau.ledger import Draft, Ledger, canonical
from faisceau.ledger.entry import Entry, parse

ENTRY = Entry(
    number=12,
    at="2026-09-01T10:00:00.000000Z",
    operation="alteration",
    phase="close",
    act="run messages.triage",
    agent="A1",
    reason="réquisition du 1er septembre",
    of=11,
    outcome="done",
    policies=("query", "designated"),
    data={"exhibits": ["E1"], "rows": {"message": 74}},
    seal="c2VhbA==",
)


def test_an_entry_comes_back_from_its_line() -> None:
    assert parse(ENTRY.line()) == ENTRY
    assert ENTRY.moment == datetime(2026, 9, 1, 10, tzinfo=UTC)


@given(st.data())
def test_a_changed_byte_never_gives_the_same_entry(data: st.DataObject) -> None:
    line = ENTRY.line()
    place = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[place]))
    altered = line[:place] + bytes([byte]) + line[place + 1 :]
    with suppress(Damaged):
        assert parse(altered) != ENTRY


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "theft"},
        {"phase": "shut"},
        {"outcome": ""},
        {"outcome": "perhaps"},
        {"of": None},
        {"of": 12},
        {"of": -1},
        {"of": True},
        {"number": -1},
        {"number": 1.5},
        {"agent": None},
        {"policies": [1]},
        {"policies": "query"},
        {"data": []},
        {"at": "today"},
        {"phase": "open"},
        {"phase": "only"},
        {"phase": "open", "of": None},
        {"more": 1},
    ],
    ids=repr,
)
def test_a_line_that_is_no_entry_says_why(change: dict[str, Any]) -> None:
    line = canonical.dumps(ENTRY.to_json() | change)
    with pytest.raises(Damaged) as caught:
        parse(line)
    assert str(caught.value)


def test_a_field_that_is_absent_is_noticed() -> None:
    whole = ENTRY.to_json()
    for name in whole:
        with pytest.raises(Damaged, match="fields"):
            parse(canonical.dumps({key: value for key, value in whole.items() if key != name}))


@pytest.mark.parametrize(
    "data",
    [
        {"score": math.nan},
        {"hash": b"bytes"},
        {"when": datetime(2026, 9, 1, tzinfo=UTC)},
        {"n": 2**53},
        {3: "x"},
    ],
    ids=repr,
)
def test_data_that_is_not_json_is_refused_before_anything_is_written(
    ledger: Ledger, data: dict[str, Any]
) -> None:
    good = Draft("consultation", "only", "show", "A1")
    with pytest.raises(UsageError, match="not JSON"):
        ledger.append(good, replace(good, data=data))
    assert ledger.size == 0
    assert list(ledger.entries()) == []


def test_words_that_the_ledger_does_not_know_are_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="operation"):
        ledger.append(Draft("reading", "only", "show", "A1"))
    with pytest.raises(UsageError, match="outcome"):
        ledger.append(Draft("consultation", "close", "show", "A1", of=0))

"""One value, one line of bytes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from faisceau.ledger import canonical

SCALARS = st.none() | st.booleans() | st.text() | st.integers(-(2**53) + 1, 2**53 - 1)
VALUES = st.recursive(
    SCALARS | st.floats(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_the_fast_road_writes_what_the_rfc_says(value: Any) -> None:
    line = canonical.dumps(value)
    assert line == rfc8785.dumps(value)
    assert canonical.dumps(canonical.loads(line)) == line


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b"1.0",
        b"1e3",
        b"-0",
        b'"\\u00e9"',
        b"",
        b"9007199254740993",
        b"NaN",
        b'"\xff"',
        b"[1,]",
        b"[" * 1500 + b"]" * 1500,
        b"1 ",
    ],
)
def test_another_way_to_write_a_value_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        canonical.loads(line)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        2**60,
        b"bytes",
        {1: 2},
        {1, 2},
        "\ud800",
        {"\ud800": 1},
        datetime(2026, 9, 1, tzinfo=UTC),
    ],
    ids=repr,
)
def test_what_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical.dumps(value)


@given(st.binary(max_size=70))
def test_bytes_have_one_base64_text(data: bytes) -> None:
    text = canonical.to_base64(data)
    assert canonical.from_base64(text) == data
    if text.endswith("="):
        place = len(text.rstrip("=")) - 1
        for other in set("ABCDEFGHabcdefgh0123+/") - {text[place]}:
            altered = text[:place] + other + text[place + 1 :]
            try:
                assert canonical.from_base64(altered) != data
            except ValueError:
                continue


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    paris = datetime(2026, 9, 1, 12, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert canonical.stamp(paris) == "2026-09-01T10:00:00.000005Z"
    assert canonical.is_stamp("2026-09-01T10:00:00.000005Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-01T10:00:00Z",
        "2026-09-01 10:00:00.000005Z",
        "2026-13-01T10:00:00.000005Z",
        3,
        "2026-09-01T10:00:00,000005Z",
        "٢026-09-01T10:00:00.000005Z",
        "2026-09-01T10:00:00.000005z",
    ],
)
def test_no_other_form_is_a_moment(text: Any) -> None:
    assert not canonical.is_stamp(text)

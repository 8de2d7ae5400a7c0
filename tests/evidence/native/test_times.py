"""How times and dates are understood, told by examples."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.native.times import order_votes, read_dates, read_times
from faisceau.tables.schemas.schema import EARLIEST, LATEST

PARIS = ZoneInfo("Europe/Paris")


def read(*cells: Any, day_first: bool = True, kind: pa.DataType | None = None) -> list[str | None]:
    """The times in UTC, to the second where they have no fraction."""
    times = read_times(pa.array(cells, kind), PARIS, day_first=lambda: day_first)
    return [None if at is None else f"{at:%Y-%m-%d %H:%M:%S}" for at in times.at.to_pylist()]


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01 10:00Z",
        "2026-03-01T10:00:00.000000000Z",
        "2026-03-01T12:00:00+02:00",
        "2026-03-01T12:00:00+0200",
        "2026-03-01 12:00:00 +02",
        "2026-03-01T12:00:00+02:00[Europe/Paris]",
        "2026-03-01 12:00:00 UTC+2",
        "2026-03-01 12:00 CEST",
        "2026-03-01 10:00:00 UTC",
        "2026-03-01 11:00",
        "2026-03-01 11:00:00,0",
        " 2026-03-01T11:00 ",
        "2026/3/1 11:00",
        "2026:03:01 11:00:00",
        "20260301110000",
        "20260301T110000",
        "01/03/2026 11:00",
        "1/3/2026 11:00:00",
        "01.03.2026, 11:00",
        "01-03-2026 à 11:00",
        "01/03/26 11h00",
        "1/3/26 11:00 AM",
        "dimanche 1er mars 2026 à 11h",
        "1 mars 2026 11:00",
        "01 MAR 2026 11:00",
        "01-MAR-26 11.00.00",
        "Mar 1, 2026 11:00 am",
        "Sun, 1 Mar 2026 12:00:00 +0200",
        "1772359200",
        "1772359200000",
        "1772359200.000",
        "1772359200000000",
        "1772359200000000000",
    ],
)
def test_one_instant_in_many_spellings(text: str) -> None:
    assert read(text) == ["2026-03-01 10:00:00"]
    assert read("rubbish", text, None) == [None, "2026-03-01 10:00:00", None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "demain",
        "1601-01-01T00:00:00Z",
        "9999-12-31 23:59:59",
        "2026-02-29 10:00",
        "31/04/2026",
        "2026-03-01 25:00",
        "03/01/2026 14:00 PM",
        "-5",
        "99999999999999999999",
        "1.77236E+12",
    ],
)
def test_what_is_no_time_is_null(text: str) -> None:
    assert read(text) == [None]
    assert read("2026-03-01T10:00:00Z", text) == ["2026-03-01 10:00:00", None]


def test_month_first_where_the_column_says_so() -> None:
    assert read("03/01/2026 11:00", day_first=False) == ["2026-03-01 10:00:00"]
    assert order_votes(pa.array(["03/04/2026", "13/04/2026", "04/13/26 10:00"])) == (3, 1, 1)
    assert order_votes(pa.array(["2026-04-13"])) == (0, 0, 0)


def test_twelve_hours_twice_a_day() -> None:
    day = "01/03/2026"
    hours = read(f"{day} 12:05 AM", f"{day} 1:05 am", f"{day} 12:05 p.m.", f"{day} 11:05:09 PM")
    assert hours == [
        "2026-02-28 23:05:00",
        "2026-03-01 00:05:00",
        "2026-03-01 11:05:00",
        "2026-03-01 22:05:09",
    ]


def test_numbers_and_arrow_times_of_any_unit() -> None:
    assert read(1772359200, 1772359200000, 20260301, -1) == [
        "2026-03-01 10:00:00",
        "2026-03-01 10:00:00",
        "2026-02-28 23:00:00",
        None,
    ]
    assert read(1772359200.0, float("nan"), 1e300) == ["2026-03-01 10:00:00", None, None]
    for unit in ("s", "ms", "us", "ns"):
        aware = pa.array([datetime(2026, 3, 1, 10, tzinfo=UTC)], pa.timestamp(unit, "UTC"))
        assert read(*aware.to_pylist(), kind=aware.type) == ["2026-03-01 10:00:00"]
    far = pa.array([2**62], pa.int64()).view(pa.timestamp("s", "UTC"))
    assert read_times(far, PARIS).at.null_count == 1
    assert read(date(2026, 3, 1), None) == ["2026-02-28 23:00:00", None]


def test_the_zone_that_was_stated_or_assumed_is_told_apart() -> None:
    cells = pa.array(["2026-03-01T10:00:00Z", "2026-03-01T10:00:00-05:00", "2026-03-01 10:00"])
    times = read_times(cells, PARIS)
    assert times.bare.to_pylist() == [False, False, True]
    assert times.zones.to_pylist() == [None, "-05:00", None]


def test_a_row_may_name_its_own_zone() -> None:
    cells = pa.array(["2026-03-01 10:00"] * 3)
    zones = pa.array(["America/Cayenne", "somewhere", None])
    times = read_times(cells, PARIS, zones=zones)
    assert [at.hour for at in times.at.to_pylist()] == [13, 9, 9]
    assert times.bare.to_pylist() == [False, True, True]


@settings(deadline=None)
@given(
    st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2037-12-30")),
    st.sampled_from(["Europe/Paris", "America/Cayenne", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_local_times_are_read_as_datetime_does(at: datetime, zone: str) -> None:
    """Also in the hour that comes twice, and in the one that clocks skip.

    Until 2037: there the time zone files end that Arrow reads. A text has no fold: the first of
    two hours is meant.
    """
    [read] = read_times(pa.array([at.isoformat(sep=" ")]), ZoneInfo(zone)).at.to_pylist()
    assert read == at.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


@pytest.mark.parametrize("local", ["2026-03-29 02:30:00", "2026-10-25 02:30:00"])
def test_the_days_on_which_clocks_change(local: str) -> None:
    expected = datetime.fromisoformat(local).replace(tzinfo=PARIS).astimezone(UTC)
    assert read(local) == [f"{expected:%Y-%m-%d %H:%M:%S}"]


@settings(max_examples=50, deadline=None)
@given(st.integers(60 * 86_400, int(LATEST.timestamp()) - 1), st.integers(0, 3))
def test_epochs_of_every_unit(seconds: int, power: int) -> None:
    """From March 1970: the weeks before, in milliseconds, are the seconds of a later year."""
    instant = EARLIEST + timedelta(seconds=seconds)
    number = seconds * 1000**power
    cells = read_times(pa.array([str(number)]), PARIS).at.to_pylist()
    compact = str(number)[:2] in ("19", "20") and len(str(number)) in (8, 12, 14)
    assert cells == [instant] or compact
    assert read_times(pa.array([number]), PARIS).at.to_pylist() == [instant] or compact


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text() | st.integers(-(2**63), 2**63 - 1).map(str), max_size=5))
def test_nothing_makes_it_fail(texts: list[str]) -> None:
    times = read_times(pa.array(texts, pa.string()), PARIS)
    assert all(at is None or EARLIEST <= at < LATEST for at in times.at.to_pylist())
    assert len(read_dates(pa.array(texts, pa.string()))) == len(texts)


def test_dates_of_birth() -> None:
    texts = [
        "1985-03-01",
        "01/03/1985",
        "1er mars 1985",
        "1/3/85",
        "19850301",
        "1985-03-01T23:00:00Z",
    ]
    assert read_dates(pa.array(texts)).to_pylist() == [date(1985, 3, 1)] * 6
    assert read_dates(pa.array(["1/3/05"])).to_pylist() == [date(2005, 3, 1)]
    assert read_dates(pa.array(["1899-12-31", "31/02/1985", "x", None])).null_count == 4
    assert read_dates(pa.array([19850301, 5])).to_pylist() == [date(1985, 3, 1), None]
    stamp = pa.array([datetime(1985, 3, 1, tzinfo=UTC)], pa.timestamp("us", "Europe/Paris"))
    assert read_dates(stamp).to_pylist() == [date(1985, 3, 1)]
    assert read_dates(pa.array([True])).to_pylist() == [None]

"""Times as Cellebrite, MSAB and Oxygen write them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.report_sheets.moments import day_first_of, moment, zone_in

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "at", "zone"),
    [
        ("16/04/2021 10:23:45(UTC-3)", datetime(2021, 4, 16, 13, 23, 45, tzinfo=UTC), "-03:00"),
        ("16/04/2021 10:23:45 (UTC+0)", datetime(2021, 4, 16, 10, 23, 45, tzinfo=UTC), None),
        ("3/4/19 1:23 AM UTC+5:30", datetime(2019, 4, 2, 19, 53, tzinfo=UTC), "+05:30"),
        ("2020-10-22 08:55:14.5 UTC", datetime(2020, 10, 22, 8, 55, 14, 500_000, tzinfo=UTC), None),
        ("2020-10-22T08:55:14Z", datetime(2020, 10, 22, 8, 55, 14, tzinfo=UTC), None),
        ("06.07.2024, 12:00:00 +02:00", datetime(2024, 7, 6, 10, tzinfo=UTC), "+02:00"),
        ("12-Mar-15 11:00:00 PM UTC", datetime(2015, 3, 12, 23, tzinfo=UTC), None),
        ("6 juin 2024 12:00:00(UTC+2)", datetime(2024, 6, 6, 10, tzinfo=UTC), "+02:00"),
        ("1/2/2019 12:00:00 PM (Device)", datetime(2019, 2, 1, 11, tzinfo=UTC), "Europe/Paris"),
        ("28/03/2021", datetime(2021, 3, 27, 23, tzinfo=UTC), "Europe/Paris"),
    ],
)
def test_a_time_is_read_with_the_zone_it_states(text: str, at: datetime, zone: str | None) -> None:
    found = moment(text, PARIS)
    assert (found.at, found.zone) == (at, zone)
    assert found.assumed == (zone == "Europe/Paris")


def test_day_and_clock_may_stand_apart() -> None:
    at = datetime(2021, 4, 16, 8, 23, 45, tzinfo=UTC)
    assert moment("16/04/2021", PARIS, clock="10:23:45").at == at
    assert moment("16/04/2021", PARIS, clock="05:23:45(UTC-3)").at == at
    assert moment(date(2021, 4, 16), PARIS, clock=time(10, 23, 45)).at == at


def test_a_time_of_a_workbook_has_the_zone_of_its_column() -> None:
    naive = datetime.fromisoformat("2020-10-22T08:55:14")
    found = moment(naive, timezone(timedelta(hours=2)))
    assert (found.at.hour, found.zone, found.assumed) == (6, "+02:00", False)
    assert moment(naive, UTC).zone is None


def test_the_order_of_day_and_month_is_that_of_the_column() -> None:
    assert day_first_of(["1/2/2019", "1/22/2019"]) is False
    assert day_first_of([None, "01.02.2019", "22.01.2019"]) is True
    assert day_first_of(["1/2/2019", "2019-01-22"]) is None
    assert moment("1/2/2019 00:00 UTC", PARIS, day_first=False).at.month == 1
    assert moment("1/22/2019 00:00 UTC", PARIS).at.day == 22  # it can be read in one way only


def test_a_header_may_state_the_zone() -> None:
    assert zone_in("Time stamp (UTC 0)") == UTC
    assert zone_in("Time (UTC+05:30)") == timezone(timedelta(hours=5, minutes=30))
    assert zone_in("Time") is None


@pytest.mark.parametrize("text", ["", "hier", "99/99/2020", "1/1/2020 25:00", "1/1/1601", "12:00"])
def test_what_is_no_time_says_so(text: str) -> None:
    with pytest.raises(ValueError):
        moment(text, PARIS)


@given(st.text("0123456789/:.- ()UTCAPM+Z", max_size=30))
def test_no_text_raises_anything_else(text: Any) -> None:
    try:
        moment(text, PARIS)
    except (ValueError, KeyError, OverflowError):
        return

"""Dates in words, in the languages of the accounts that an investigation meets."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.worded_dates import worded_date

PARIS = ZoneInfo("Europe/Paris")
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
ENGLISH = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
FIRST, LAST = datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("2099-12-30")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("mar. 3 mars 2020 à 14:32", datetime(2020, 3, 3, 13, 32, tzinfo=UTC)),
        ("mardi 3 novembre 2016 à 11:59:50 UTC", datetime(2016, 11, 3, 11, 59, 50, tzinfo=UTC)),
        ("Jan 12, 2020, 2:32\u202fPM", datetime(2020, 1, 12, 13, 32, tzinfo=UTC)),
        ("1er août 2019, 00 h 05", datetime(2019, 7, 31, 22, 5, tzinfo=UTC)),
        ("13 de enero de 2024, 10:30", datetime(2024, 1, 13, 9, 30, tzinfo=UTC)),
        ("12. Dezember 2021 um 08:00 UTC+01:00", datetime(2021, 12, 12, 7, 0, tzinfo=UTC)),
        ("5 mei 2022 om 23:59", datetime(2022, 5, 5, 21, 59, tzinfo=UTC)),
    ],
)
def test_a_date_in_words(said: str, at: datetime) -> None:
    assert worded_date(said, PARIS)[0] == at


@pytest.mark.parametrize(
    "said", ["", "hier à 14:32", "12/01/2020 14:32", "12 janv. 2020", "x" * 999]
)
def test_what_states_no_moment_is_none(said: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        worded_date(said, PARIS)


@given(st.datetimes(FIRST, LAST))
def test_french_and_english_dates_come_back(at: datetime) -> None:
    at = at.replace(second=0, microsecond=0, tzinfo=UTC)
    french = f"{at.day} {FRENCH[at.month - 1]} {at.year} à {at:%H:%M}"
    half = "pm" if at.hour >= 12 else "am"
    english = f"{ENGLISH[at.month - 1]} {at:%d}, {at.year} {at.hour % 12 or 12}:{at:%M} {half}"
    assert worded_date(french, UTC) == worded_date(english, UTC) == (at, False)

"""Numbers, days and moments, as each language writes them."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from faisceau.report.model import Words
from faisceau.report.shown import (
    TABLES,
    day,
    decimal,
    moment,
    number,
    put,
    signed,
    weekday,
    word,
    zone_of,
)
from faisceau.words import speaking

PARIS = ZoneInfo("Europe/Paris")


def test_numbers() -> None:
    with speaking("fr"):
        assert number(74_212) == "74\u202f212"
        assert decimal(0.9) == "0,9"
        assert signed(-0.5) == "\u22120,5"
    with speaking("en"):
        assert number(74_212) == "74,212"
        assert signed(2.126) == "+2.13"


def test_days() -> None:
    with speaking("fr"):
        assert day(date(2026, 9, 1)).split("\u00a0") == ["1er", "septembre", "2026"]
        assert day(date(2026, 9, 11)).split("\u00a0") == ["11", "septembre", "2026"]
        assert weekday(date(2026, 3, 4)).startswith("mercredi")
    with speaking("en"):
        assert day(date(2026, 9, 1)).split("\u00a0") == ["1", "September", "2026"]


def test_a_moment_tells_its_zone_and_the_offset_of_that_day() -> None:
    with speaking("en"):
        winter = moment(datetime(2026, 1, 1, 12, tzinfo=UTC), PARIS)
        summer = moment(datetime(2026, 7, 1, 12, tzinfo=UTC), PARIS)
    assert winter.endswith("13:00:00 (Europe/Paris, UTC+01:00)")
    assert summer.endswith("14:00:00 (Europe/Paris, UTC+02:00)")


@pytest.mark.parametrize(
    ("name", "offset"),
    [
        ("Europe/Paris", 1),
        ("+03:00", 3),
        ("UTC-2", -2),
        ("Z", 0),
        ("", 7),
        ("../../etc/passwd", 7),
        ("America", 7),
        ("+99:00", 7),
        ("no such zone", 7),
    ],
)
def test_a_zone_is_a_name_or_an_offset_or_the_default(name: str, offset: int) -> None:
    default = timezone(timedelta(hours=7))
    local = datetime(2026, 1, 1, tzinfo=UTC).astimezone(zone_of(name, default))
    assert local.utcoffset() == timedelta(hours=offset)


def test_words_of_the_vocabulary_and_words_that_carry_their_own_french() -> None:
    assert word(TABLES, "message") == "messages"
    assert word(TABLES, "something_new") == "something_new"
    text = Words("opened {n}", {"n": 2}, french="{n} ouverts")
    with speaking("fr"):
        assert put(text) == "2 ouverts"
    with speaking("en"):
        assert put(text) == "opened 2"
    assert put("{as it is}") == "{as it is}"

"""Dates as pages write them for a person: ``12 janv. 2020 à 14:32``, ``Jan 12, 2020 2:32 pm``.

The month is a word, so that day and month cannot be taken for one another. French, English,
Spanish, Portuguese, Italian, German and Dutch.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from faisceau.evidence.clocks import plausible

_MONTHS = (
    ("jan", "gen", "ene"),
    ("fev", "feb"),
    ("mar", "mrt", "maart"),
    ("avr", "apr", "abr"),
    ("mai", "may", "mag", "mei"),
    ("juin", "jun", "giu"),
    ("juil", "jul", "lug"),
    ("aou", "aug", "ago"),
    ("sep", "set"),
    ("oct", "out", "ott", "okt"),
    ("nov",),
    ("dec", "dic", "dez"),
)
_NO_MONTH = ("mardi", "martes", "martedi")  # Tuesdays
_WORD = re.compile(r"[a-z]{3,}")
_YEAR = re.compile(r"(?<![\d:])(?:19|20)\d{2}(?![\d:])")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?:er|st|nd|rd|th|º|ª)?(?![\d:])")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})\s?[:h]\s?(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:\s?([ap])\.?\s?m\b)?(?!\d)"
)
_ZONE = re.compile(r"\b(?:utc|gmt|z)(?:\s?([+-])(\d{1,2})(?::?(\d{2}))?)?\b(?!\w)")


def worded_date(text: str, zone: tzinfo) -> tuple[datetime, bool]:
    """The moment a text states, in UTC, and whether it names UTC or its offset; else in ``zone``.

    ``ValueError`` when it states none, or one outside [1970, 2100).
    """
    said = _folded(text)
    time = _TIME.search(said)
    named = _ZONE.search(said)
    days = said[: time.start()] + " " + said[time.end() :] if time else said
    days = _ZONE.sub(" ", days)
    month = next((m for m in map(_month, _WORD.findall(days)) if m), None)
    year = _YEAR.search(days)
    if time is None or month is None or year is None:
        raise ValueError(text)
    day = _DAY.search(days[: year.start()] + " " + days[year.end() :])
    if day is None:
        raise ValueError(text)
    hour = int(time[1])
    if time[4]:
        if not 1 <= hour <= 12:
            raise ValueError(text)
        hour = hour % 12 + (12 if time[4] == "p" else 0)
    clock = (hour, int(time[2]), int(time[3] or 0))
    where = zone if named is None else _offset(named)
    at = datetime(int(year[0]), month, int(day[1]), *clock, tzinfo=where)
    return plausible(at), named is not None


def _folded(text: str) -> str:
    """Lower case, without accents, every space a plain one."""
    apart = unicodedata.normalize("NFKD", text.lower())
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).split())


def _month(word: str) -> int | None:
    for number, beginnings in enumerate(_MONTHS, 1):
        if word.startswith(beginnings) and word not in _NO_MONTH:
            return number
    return None


def _offset(zone: re.Match[str]) -> timezone:
    if zone[1] is None:
        return UTC
    ahead = timedelta(hours=int(zone[2]), minutes=int(zone[3] or 0))
    return timezone(-ahead if zone[1] == "-" else ahead)

"""Times as extraction tools write them: ``16/04/2021 10:23:45(UTC-3)``, ``1/3/19 1:23 AM UTC+4``.

Cellebrite puts the zone in brackets, MSAB after ``UTC``, or says ``(Device)`` where it knows
none; Oxygen puts it in the header of the column.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from faisceau.evidence.clocks import plausible

_MONTH_NAMES = (
    *("jan janv", "feb fev févr", "mar mars", "apr avr", "may mai", "jun juin", "jul juil"),
    *("aug aout août", "sep sept", "oct", "nov", "dec déc"),
)
_MONTHS = {
    name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()
}
_DATE = re.compile(
    r"\s*(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})[-/.\s](?P<b>\d{1,2}|[^\W\d]{3,5})\.?[-/.\s](?P<c>\d{4}|\d{2})(?!\d))"
)
_TIME = re.compile(
    r"[\sT,]*(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?"
)
_ZONE = re.compile(
    r"[\s(\[]*(?P<utc>UTC|GMT|Z)?\s*(?P<off>[+-]\s*\d{1,2}(?::?\d\d)?)?[\s)\]]*", re.IGNORECASE
)
_NOTE = re.compile(r"\(\s*(?:device|network|phone|sim|appareil|réseau)\s*\)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Moment:
    """A UTC time, the zone that was written beside it (None: UTC), or that one was assumed."""

    at: datetime
    zone: str | None
    assumed: bool = False


def moment(
    value: Any, zone: ZoneInfo | timezone, *, day_first: bool = True, clock: Any = None
) -> Moment:
    """The time that a cell holds; ``ValueError`` where it holds none.

    ``clock`` is the cell beside it, where the day stands alone. A time that states no zone is in
    ``zone``.
    """
    if isinstance(value, datetime):
        return _moment(value.replace(tzinfo=None), value.tzinfo, zone)
    if isinstance(value, date):
        if isinstance(clock, time):
            return _moment(datetime.combine(value, clock), None, zone)
        value = value.isoformat()
    text = str(value)
    if clock is not None and not _TIME.match(text[_date_end(text) :]):
        text = f"{text} {clock}"
    text = _NOTE.sub("", text)
    day, rest = _day(text, day_first)
    found = _TIME.match(rest)
    if found is None and rest.strip():
        raise ValueError(text)
    local = datetime.combine(day, _clock(found) if found else time())
    stated = _offset(rest[found.end() :]) if found else None
    return _moment(local, stated, zone)


def day_first_of(texts: Iterable[Any]) -> bool | None:
    """Whether days come before months, by the first text that can tell; None when none can."""
    for text in texts:
        found = _DATE.match(text) if isinstance(text, str) else None
        if found and found["a"] and found["b"].isdigit():
            if int(found["a"]) > 12:
                return True
            if int(found["b"]) > 12:
                return False
    return None


def has_day(text: str) -> bool:
    """True for a text that begins with a date, and not with a clock time alone."""
    return _DATE.match(text) is not None


def zone_in(header: str) -> timezone | None:
    """The offset that the header of a column states: ``Time stamp (UTC 0)``; None for none."""
    found = re.search(r"\(?\s*(?:UTC|GMT)\s*(?P<off>[+-]?\s*\d{1,2}(?::?\d\d)?)?\s*\)?", header)
    if found is None:
        return None
    return timezone(_delta(found["off"]))


def _moment(local: datetime, stated: Any, zone: ZoneInfo | timezone) -> Moment:
    if stated is None:
        at = plausible(local.replace(tzinfo=zone))
        if isinstance(zone, ZoneInfo):
            return Moment(at, zone.key, assumed=True)
        return Moment(at, _shown(zone))  # the header of the column states it
    return Moment(plausible(local.replace(tzinfo=stated)), _shown(stated))


def _shown(zone: Any) -> str | None:
    offset = zone.utcoffset(None)
    if not offset:
        return None
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _date_end(text: str) -> int:
    found = _DATE.match(text)
    return found.end() if found else len(text)


def _day(text: str, day_first: bool) -> tuple[date, str]:
    found = _DATE.match(text)
    if found is None:
        raise ValueError(text)
    rest = text[found.end() :]
    if found["y"]:
        return date(int(found["y"]), int(found["m"]), int(found["d"])), rest
    first, second, year = int(found["a"]), found["b"], int(found["c"])
    year += 0 if year > 99 else 2000 if year < 70 else 1900
    if not second.isdigit():
        return date(year, _MONTHS[second.casefold()], first), rest
    day, month = (first, int(second)) if day_first else (int(second), first)
    if month > 12 >= day:  # one odd line among others of the other order
        day, month = month, day
    return date(year, month, day), rest


def _clock(found: re.Match[str]) -> time:
    hour = int(found["H"])
    if half := found["half"]:
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    micros = int((found["f"] or "0")[:6].ljust(6, "0"))
    return time(hour, int(found["M"]), int(found["S"] or 0), micros)


def _offset(text: str) -> timezone | None:
    found = _ZONE.match(text)
    if found is None or not (found["utc"] or found["off"]):
        return None
    if text[found.end() :].strip():
        raise ValueError(text)
    delta = _delta(found["off"])
    return timezone(delta) if delta else UTC


def _delta(offset: str | None) -> timedelta:
    """``+5``, ``-05:00``, ``+0530`` as a difference; none for none."""
    plain = (offset or "0").replace(" ", "").replace(":", "")
    sign = -1 if plain.startswith("-") else 1
    digits = plain.lstrip("+-")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return sign * timedelta(hours=int(hours), minutes=int(minutes))

"""Clocks: the ways programs write a moment, each read as a UTC time.

A moment outside [1970, 2100) is a default or damage, not a date: ``ValueError``.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from faisceau.tables.schemas.schema import EARLIEST, LATEST

_UNIX = datetime(1970, 1, 1, tzinfo=UTC)


def plausible(at: datetime) -> datetime:
    """The time itself, in UTC; ``ValueError`` outside [1970, 2100): a default, not a date."""
    at = at.astimezone(UTC)
    if not EARLIEST <= at < LATEST:
        raise ValueError(at.isoformat())
    return at


def epoch_s(value: Any) -> datetime:
    """Seconds since 1970 as a UTC time."""
    return plausible(_UNIX + timedelta(seconds=float(value)))


def epoch_ms(value: Any) -> datetime:
    """Milliseconds since 1970 as a UTC time (exact: no floating point)."""
    return plausible(_UNIX + timedelta(milliseconds=int(value)))


def iso_time(value: Any, zone: ZoneInfo | timezone = UTC) -> datetime:
    """An ISO 8601 time; one without offset is in ``zone``."""
    at = datetime.fromisoformat(str(value).strip())
    return plausible(at if at.tzinfo else at.replace(tzinfo=zone))


def epoch_us(value: Any) -> datetime:
    """Microseconds since 1970 as a UTC time."""
    return plausible(_UNIX + timedelta(microseconds=int(value)))

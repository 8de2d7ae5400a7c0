"""The clock on the wall: hours, days and weekdays in a zone, for expressions over UTC times."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ibis
from ibis import expr as ex

from faisceau.errors import UsageError
from faisceau.words import N_

DAY_S = 86_400


def zone_named(name: str) -> ZoneInfo:
    """A time zone. Raises ``UsageError`` when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            N_("There is no time zone {name}"), hint=N_("For example: Europe/Paris"), name=name
        ) from error


def changes(zone: ZoneInfo, first: int, last: int) -> list[tuple[int, int]]:
    """From which second on (the first: from ever) which offset holds, between two seconds."""
    found = [(first, _offset(zone, first))]
    day = first
    while day < last:
        if _offset(zone, day + DAY_S) != found[-1][1]:
            low, high = day, day + DAY_S
            while high - low > 1:
                middle = (low + high) // 2
                if _offset(zone, middle) == found[-1][1]:
                    low = middle
                else:
                    high = middle
            found.append((high, _offset(zone, high)))
        day += DAY_S
    return found


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def wall(read_at: ex.types.TimestampValue, offsets: list[tuple[int, int]]) -> ex.types.Value:
    """Seconds since 1970 on the clock of the zone."""
    at = read_at.epoch_seconds().cast("float64").floor().cast("int64")
    first, later = offsets[0][1], offsets[1:]
    return reduce(
        lambda value, change: ibis.ifelse(at >= change[0], at + change[1], value), later, at + first
    )


def local(second: int, zone: ZoneInfo) -> datetime:
    """A second as a time of the zone."""
    return datetime.fromtimestamp(int(second), UTC).astimezone(zone)

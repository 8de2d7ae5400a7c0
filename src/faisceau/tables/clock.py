"""The clock on the wall: hours and days in a zone, for expressions over UTC times."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ibis
from ibis import expr as ex

from faisceau.errors import UsageError
from faisceau.words import N_

DAY_S = 86_400
STEP = timedelta(days=7)
"""Between two changes of a clock lie more days than this."""


def zone_named(name: str) -> ZoneInfo:
    """A time zone. Raises ``UsageError`` when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            N_("There is no time zone {name}"), hint=N_("For example: Europe/Paris"), name=name
        ) from error


def local(moment: datetime | int, zone: ZoneInfo) -> datetime:
    """A time (UTC where it says nothing), or a second since 1970, on the clock of the zone."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone)
    return datetime.fromtimestamp(int(moment), UTC).astimezone(zone)


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> list[tuple[int, int]]:
    """(second, offset): up to which second since 1970 which offset holds, in order of time."""
    found: list[tuple[int, int]] = []
    at, end = int(first.timestamp()), int(last.timestamp())
    while at <= end:
        after = at + int(STEP.total_seconds())
        if _offset(zone, at) != _offset(zone, after):
            low, high = at, after
            while high - low > 1:
                middle = (low + high) // 2
                same = _offset(zone, middle) == _offset(zone, at)
                low, high = (middle, high) if same else (low, middle)
            found.append((high, _offset(zone, at)))
        at = after
    return [*found, (max(at, end) + 1, _offset(zone, max(at, end)))]


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return int((offset or timedelta(0)).total_seconds())


def wall(moment: ex.types.TimestampValue, offsets: list[tuple[int, int]]) -> ex.types.Value:
    """Whole seconds since 1970 on the clock of the zone; ``offsets`` as ``changes`` gives them."""
    at = moment.epoch_seconds().cast("float64").floor().cast("int64")
    *before, (_end, last) = offsets
    if not before:
        return at + last
    return at + ibis.cases(*((at < second, offset) for second, offset in before), else_=last)

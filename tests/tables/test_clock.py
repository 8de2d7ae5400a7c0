"""The clock on the wall, as expressions see it, against the zone itself."""

from datetime import UTC, datetime, timedelta

import pytest

from faisceau.tables.clock import changes, local, zone_named

DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/Cayenne", "Asia/Kolkata"])
def test_changes_of_the_clock_agree_with_the_zone(zone: str) -> None:
    place = zone_named(zone)
    first, last = DAY - timedelta(days=400), DAY + timedelta(days=400)
    told = changes(place, first, last)
    for hours in range(0, 800 * 24, 7):
        at = first + timedelta(hours=hours)
        offset = next(offset for second, offset in told if at.timestamp() < second)
        assert local(at, place).utcoffset() == timedelta(seconds=offset)

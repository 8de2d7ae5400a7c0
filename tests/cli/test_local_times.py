"""Where a person reads, times are those of France, with the name of their zone."""

from datetime import UTC, datetime, timedelta

import pytest

from faisceau.cli.views import local

SPRING = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (SPRING, "29/03/2026 01:30 CET"),
        (SPRING + timedelta(hours=1), "29/03/2026 03:30 CEST"),
        (AUTUMN, "25/10/2026 02:30 CEST"),
        (AUTUMN + timedelta(hours=1), "25/10/2026 02:30 CET"),
    ],
)
def test_the_hour_that_comes_twice_is_told_apart_by_its_zone(at: datetime, shown: str) -> None:
    assert local(at) == shown

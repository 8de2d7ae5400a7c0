"""A part of a case: within a box on the map, from a time on, before a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ibis import Table, _

from faisceau.case.door import WHEN


class Box(NamedTuple):
    """A part of the map, in degrees (WGS 84)."""

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Part:
    """What part of the case is drawn: within a box, from a time on, before a time; None: all."""

    box: Box | None = None
    since: datetime | None = None
    until: datetime | None = None


ALL = Part()


def columns_named(part: Part) -> Iterator[str]:
    """The columns that a question's condition names, as the rules on plates ask."""
    if part.box is not None:
        yield "latitude"
    if part.since is not None and part.until is not None:
        yield "read_at"


def told_of(part: Part) -> dict[str, Any]:
    """The part, as the ledger keeps it."""
    return {
        "box": [str(edge) for edge in part.box or ()],
        "since": part.since.isoformat() if part.since else "",
        "until": part.until.isoformat() if part.until else "",
    }


def within(table: Table, name: str, part: Part) -> Table:
    """The rows of a table within a part."""
    at = WHEN[name]
    if (box := part.box) is not None:
        table = table.filter(
            _.latitude.between(box.south, box.north), _.longitude.between(box.west, box.east)
        )
    if part.since is not None:
        table = table.filter(_[at] >= part.since)
    if part.until is not None:
        table = table.filter(_[at] < part.until)
    return table

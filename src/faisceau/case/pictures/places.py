"""Where it happened: observations with coordinates, gathered into spots, and ways in order.

A million reads are no million points: the engine gathers them by the cells of a grid as fine as
the view, and a spot tells how many it stands for.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
from ibis import Table, _
from ibis import expr as ex

from faisceau.case.door import WHEN, Door, Untold, with_procedure
from faisceau.case.pictures._part import ALL, Box, Part, columns_named, told_of, within
from faisceau.errors import UsageError
from faisceau.tables.engines import LakeEngine
from faisceau.tables.identifiers import normalise, spellings
from faisceau.tables.schemas import TABLES
from faisceau.words import N_

LABELS: Mapping[str, str] = {
    "plate_read": "camera_id",
    "position": "device",
    "message": "sender_id",
    "call": "cell_id",
    "seizure": "product",
    "media": "path",
}
"""What a spot is called where all its rows agree, by table; these have coordinates."""
CELLS = 28
"""Cells of the grid along a side of the view."""
FINEST = 1e-5
"""Degrees; about a metre."""
MOST_SPOTS = 4000
MOST_STEPS = 5000
WAYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "plate": {"plate_read": ("plate",)},
    "device": {"position": ("device",)},
    "phone": {"call": ("caller", "callee"), "message": ("sender_id",)},
}
"""Whose way can be followed: the columns that name it, by kind and table."""
_PLATE_SIGNS = r"[^0-9A-Za-z]+"


@dataclass(frozen=True, slots=True)
class Spot:
    """Rows of one table near one another: where (their mean), how many, when; ``label``: what all
    of them are called, empty where they differ."""

    table: str
    latitude: float
    longitude: float
    n: int
    first: datetime | None
    last: datetime | None
    label: str = ""
    cell: Box | None = None
    """Where they lie, none outside."""


@dataclass(frozen=True, slots=True)
class Places:
    """Spots, those of most rows first; ``totals``: placed rows by table; ``box``: around them all.

    ``left_out``: spots beyond ``MOST_SPOTS``.
    """

    spots: Sequence[Spot]
    totals: Mapping[str, int]
    box: Box | None
    untold: Sequence[Untold] = field(default_factory=tuple)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One observation on a way. ``place``: the camera, the cell, or nothing."""

    at: datetime
    latitude: float | None
    longitude: float | None
    place: str
    table: str
    row_id: int
    exhibit_id: str
    source: str


@dataclass(frozen=True, slots=True)
class Way:
    """Where one vehicle, device or number was, in order; ``total`` with those left out."""

    kind: str
    value: str
    steps: Sequence[Step]
    total: int
    untold: Sequence[Untold] = field(default_factory=tuple)


def places(door: Door, part: Part = ALL, *, tables: Collection[str] | None = None) -> Places:
    """What happened within a part of the case, gathered into spots; of these tables alone."""
    named = [*columns_named(part)]
    shown, untold = door.may_show(
        set(LABELS) & set(tables if tables is not None else LABELS), named
    )
    if not shown:
        return Places((), {}, None, untold)
    chosen = [
        with_procedure(name, ["latitude", "longitude", WHEN[name], LABELS[name]]) for name in shown
    ]
    with door.opened(chosen, named, told_of(part)) as (engines, read):
        rows = {name: _placed(engines[name].tables[name], name, part) for name in shown}
        around = {name: _around(table, engines[name]) for name, table in rows.items()}
        totals = {name: n for name, (n, _box) in around.items() if n}
        boxes = [found for _n, found in around.values() if found is not None]
        whole = _united(boxes)
        view = part.box or whole
        spots: list[Spot] = []
        if view is not None:
            step = max(view.north - view.south, view.east - view.west) / CELLS
            for name in totals:
                spots += _spots(rows[name], name, max(step, FINEST), engines[name])
        spots.sort(key=lambda s: (-s.n, s.table, s.latitude, s.longitude))
        read.update(totals)
    return Places(spots[:MOST_SPOTS], totals, whole, untold, max(0, len(spots) - MOST_SPOTS))


def way(door: Door, kind: str, value: str, part: Part = ALL) -> Way:
    """The way of a plate, a device or a number (``kind``), in order of time.

    Raises ``UsageError`` for a kind that has no way, or a value that is none.
    """
    if kind not in WAYS or not value.strip():
        raise UsageError(
            N_("There is no way of {kind} {value}"),
            hint=N_("Ways are those of: {known}"),
            kind=kind,
            value=value,
            known=list(WAYS),
        )
    named = {*columns_named(part), *(("plate",) if kind == "plate" else ())}
    shown, untold = door.may_show(WAYS[kind], named)
    if not shown:
        return Way(kind, value, (), 0, untold)
    asked = {
        name: ("source", "latitude", "longitude", WHEN[name], LABELS[name], *WAYS[kind][name])
        for name in shown
    }
    chosen = [with_procedure(name, names) for name, names in asked.items()]
    with door.opened(chosen, named, told_of(part)) as (engines, read):
        engine = engines[shown[0]]  # the tables of one kind's way are read together
        parts = [_steps(engine.tables[name], name, kind, value, part) for name in shown]
        every = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
        [counted] = engine.rows(every.aggregate(n=every.count()))
        ordered = every.order_by("at", "row_id").limit(MOST_STEPS)
        steps = [Step(**row) for row in engine.rows(ordered)]
        read[shown[0]] = len(steps)
    return Way(kind, value, steps, int(counted["n"]), untold)


def _placed(table: Table, name: str, part: Part) -> Table:
    there = within(table, name, part).filter(
        _.latitude.between(-90, 90),
        _.longitude.between(-180, 180),
        (_.latitude != 0) | (_.longitude != 0),  # what devices write where they know no place
    )
    assert not TABLES[name].columns[LABELS[name]].identity
    return there.select("latitude", "longitude", at=there[WHEN[name]], label=there[LABELS[name]])


def _around(table: Table, engine: LakeEngine) -> tuple[int, Box | None]:
    [row] = engine.rows(
        table.aggregate(
            n=table.count(),
            south=table.latitude.min(),
            west=table.longitude.min(),
            north=table.latitude.max(),
            east=table.longitude.max(),
        )
    )
    n = int(row.pop("n"))
    return n, Box(**row) if n else None


def _united(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    return Box(
        min(b.south for b in boxes),
        min(b.west for b in boxes),
        max(b.north for b in boxes),
        max(b.east for b in boxes),
    )


def _spots(table: Table, name: str, step: float, engine: LakeEngine) -> Iterator[Spot]:
    grouped = (
        table.mutate(y=(_.latitude / step).floor(), x=(_.longitude / step).floor())
        .group_by("y", "x")
        .aggregate(
            latitude=_.latitude.mean(),
            longitude=_.longitude.mean(),
            n=_.count(),
            first=_.at.min(),
            last=_.at.max(),
            south=_.latitude.min(),
            west=_.longitude.min(),
            north=_.latitude.max(),
            east=_.longitude.max(),
            low=_.label.min(),
            high=_.label.max(),
        )
        .order_by(_.n.desc(), "y", "x")
        .limit(MOST_SPOTS + 1)
    )
    for row in engine.rows(grouped):
        label = row["low"] if row["low"] == row["high"] else ""
        yield Spot(
            name,
            float(row["latitude"]),
            float(row["longitude"]),
            int(row["n"]),
            row["first"],
            row["last"],
            label or "",
            Box(row["south"], row["west"], row["north"], row["east"]),
        )


def _steps(table: Table, name: str, kind: str, value: str, part: Part) -> Table:
    there = within(table, name, part).filter(_[WHEN[name]].notnull())
    same = [_same(there[column], kind, value) for column in WAYS[kind][name]]
    condition = same[0]
    for other in same[1:]:
        condition |= other
    there = there.filter(condition)
    place = there[LABELS[name]] if name in ("plate_read", "call") else ibis.literal("")
    return there.select(
        "row_id",
        "latitude",
        "longitude",
        "exhibit_id",
        at=there[WHEN[name]],
        place=place.fill_null(""),
        table=ibis.literal(name),
        source=there.source.fill_null(""),
    )


def _same(column: Any, kind: str, value: str) -> ex.types.BooleanValue:
    """True where a column names what is followed, however it is written."""
    if kind == "plate":
        found = normalise("plate", value)
        wanted = found.value if found else value
        return column.re_replace(_PLATE_SIGNS, "").upper() == wanted
    if kind == "phone":
        return column.isin([value, *spellings(value)])
    return column == value

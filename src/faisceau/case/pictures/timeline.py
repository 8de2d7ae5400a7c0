"""All observations by time: how many of each table in each hour, day or month, then their rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
from ibis import Table, _

from faisceau.case.cards import selections
from faisceau.case.door import WHEN, Door, Untold, with_procedure
from faisceau.case.pictures._part import Part, columns_named, told_of, within
from faisceau.case.pictures.places import LABELS
from faisceau.errors import UsageError
from faisceau.tables.clock import changes, local, wall, zone_named
from faisceau.tables.engines import LakeEngine
from faisceau.tables.schemas import TABLES
from faisceau.words import N_

UNITS = ("hour", "day", "month")
SECONDS = {"hour": 3600, "day": 86_400}
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the clock on the wall
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""What lies outside is a mistake of a source's clock, and is counted apart."""
HOURS = timedelta(days=8)
DAYS = timedelta(days=900)
"""Up to this long, hours are told; up to this, days; beyond, months."""


@dataclass(frozen=True, slots=True)
class Series:
    """One table: how many rows in each stretch, by its beginning on the zone's clock (naive)."""

    table: str
    counts: Mapping[datetime, int]
    undated: int = 0
    """Rows whose time is not known, or lies before 1900 or after 2199."""

    @property
    def total(self) -> int:
        """Rows that are counted somewhere."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts by table and stretch (``unit``), in ``zone``; ``untold``: tables that were refused.

    ``first`` and ``last``: the first and last observation that is counted, on the zone's clock.
    """

    unit: str
    zone: str
    series: Sequence[Series]
    first: datetime | None
    last: datetime | None
    untold: Sequence[Untold] = field(default_factory=tuple)

    @property
    def stretches(self) -> list[datetime]:
        """Every beginning of a stretch in which something happened, in order."""
        return sorted({start for series in self.series for start in series.counts})


@dataclass(frozen=True, slots=True)
class Moments:
    """Rows of one table in a stretch of time, in order, masked as everywhere; ``total`` in all."""

    table: str
    total: int
    rows: Sequence[Mapping[str, Any]]


def timeline(
    door: Door,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    unit: str | None = None,
    zone: str = "Europe/Paris",
) -> Timeline:
    """Count what happened from ``since`` on and before ``until`` (aware; None: from end to end).

    ``unit``: one of ``UNITS``; None: as fits. Raises ``UsageError`` for a unit or zone that is
    none.
    """
    if unit is not None and unit not in UNITS:
        raise UsageError(
            N_("{unit} is no stretch of time"),
            hint=N_("There are: {known}"),
            unit=unit,
            known=list(UNITS),
        )
    where = zone_named(zone)
    ranged = ("read_at",) if since is not None and until is not None else ()
    shown, untold = door.may_show(WHEN, ranged)
    if not shown:
        return Timeline(unit or "day", zone, (), None, None, untold)
    chosen = [with_procedure(name, [WHEN[name]]) for name in shown]
    told = {
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
    }
    with door.opened(chosen, ranged, told) as (engines, read):
        rows = {name: _between(engines[name].tables[name], name, since, until) for name in shown}
        ends = {name: _ends(table, engines[name]) for name, table in rows.items()}
        known = sorted(moment for found in ends.values() for moment in found.span)
        counts: dict[str, dict[datetime, int]] = {name: {} for name in shown}
        if known:
            first, last = known[0], known[-1]
            unit = unit or _fitting(last - first)
            offsets = changes(where, first, last)
            counts = {name: _counted(t, unit, offsets, engines[name]) for name, t in rows.items()}
        series = [Series(name, counts[name], ends[name].undated) for name in shown]
        read.update({s.table: s.total for s in series})
    return Timeline(
        unit or "day",
        zone,
        series,
        local(known[0], where).replace(tzinfo=None) if known else None,
        local(known[-1], where).replace(tzinfo=None) if known else None,
        untold,
    )


def moments(door: Door, table: str, part: Part, *, limit: int = 200, offset: int = 0) -> Moments:
    """The rows of a table within a part of the case, in order of time.

    Raises ``UsageError`` for a table without times, or without places where a box is asked for;
    ``Refused``.
    """
    if table not in WHEN or (part.box is not None and table not in LABELS):
        raise UsageError(N_("Table {table} tells no time or no place"), table=table)
    at, named = WHEN[table], [*columns_named(part)]
    with door.opened([*selections({table})], named, told_of(part)) as (engines, read):
        engine = engines[table]
        there = within(engine.tables[table], table, part).filter(_[at].notnull())
        [counted] = engine.rows(there.aggregate(n=there.count()))
        ordered = there.order_by(at, "row_id").limit(limit, offset=offset)
        mask = door.mask()
        rows = [
            row
            for batch in engine.batches(ordered)
            for row in mask.batch(TABLES[table], batch).to_pylist()
        ]
        read[table] = len(rows)
    return Moments(table, int(counted["n"]), rows)


def stretch_of(start: datetime, unit: str, zone: str) -> tuple[datetime, datetime]:
    """Beginning and end, in UTC, of the stretch that begins at ``start`` on the zone's clock."""
    if unit == "month":
        after = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    else:
        after = start + timedelta(seconds=SECONDS[unit])
    return aware(start, zone), aware(after, zone)


def aware(moment: datetime, zone: str) -> datetime:
    """What the zone's clock shows, as UTC. Raises ``UsageError`` for a zone that is none."""
    return moment.replace(tzinfo=zone_named(zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Ends:
    span: tuple[datetime, ...]
    undated: int


def _between(table: Table, name: str, since: datetime | None, until: datetime | None) -> Table:
    at = table[WHEN[name]]
    chosen = table.select(at=at)
    if since is not None:
        chosen = chosen.filter(_.at >= since)
    if until is not None:
        chosen = chosen.filter(_.at < until)
    return chosen


def _ends(table: Table, engine: LakeEngine) -> _Ends:
    sane = table.at.notnull() & (table.at >= EARLIEST) & (table.at < LATEST)
    [row] = engine.rows(
        table.aggregate(
            first=table.at.min(where=sane),
            last=table.at.max(where=sane),
            undated=(~sane).fill_null(True).sum(),
        )
    )
    span = (row["first"], row["last"]) if row["first"] is not None else ()
    return _Ends(span, int(row["undated"] or 0))


def _fitting(length: timedelta) -> str:
    return "hour" if length <= HOURS else "day" if length <= DAYS else "month"


def _counted(
    table: Table, unit: str, offsets: list[tuple[int, int]], engine: LakeEngine
) -> dict[datetime, int]:
    sane = table.filter(_.at.notnull(), _.at >= EARLIEST, _.at < LATEST)
    seconds = wall(sane.at, offsets)
    if unit == "month":
        stretch = seconds.as_timestamp("s").truncate("M").epoch_seconds()
    else:
        size = ibis.literal(SECONDS[unit])
        stretch = (seconds / size).floor().cast("int64") * size
    grouped = sane.select(start=stretch).group_by("start").aggregate(n=_.count())
    return {
        EPOCH + timedelta(seconds=int(row["start"])): int(row["n"])
        for row in engine.rows(grouped.order_by("start"))
    }

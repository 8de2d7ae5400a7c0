"""Native tables from flat files: what CSV, JSON Lines and Parquet share once cells are apart.

``headers`` says which column a header means, ``values`` and ``times`` what a cell means,
``lines`` cuts text files; here the cells of one piece of a file become one batch of a table.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.native.headers import (
    Layout,
    check_wishes,
    chosen_layout,
    guessed,
    layout_of,
    recognised,
)
from faisceau.evidence.native.profiled import applied, ordered, sided, turned, zone_of
from faisceau.evidence.native.times import order_votes, read_dates, read_times
from faisceau.evidence.native.values import Separators, plain, present, read_values, texts
from faisceau.evidence.reading import Reject, Source
from faisceau.tables.schemas import Batch, Schema
from faisceau.tables.schemas.schema import DATE, STRING, TIME, ZONE
from faisceau.words import N_

APP = "native"
"""``message.app`` where the file names none: the column is never null."""

__all__ = [
    "APP",
    "Layout",
    "Piece",
    "batches",
    "check_wishes",
    "chosen_layout",
    "guessed",
    "layout_of",
    "recognised",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a file: its cells by header, and where each row stands.

    ``cells`` holds at least the headers that ``layout`` wants and the piece has; ``seen`` counts
    the rows that carry each header left or unknown.
    """

    layout: Layout
    cells: pa.Table
    locators: pa.Array
    rejects: tuple[Reject, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)


def batches(source: Source, pieces: Callable[[], Iterator[Piece]]) -> Iterator[Batch]:
    """The pieces of a file as rows of its table; what cannot be a row is rejected and counted.

    ``pieces`` starts the file anew at each call: where dates may be day or month first, the
    column is followed until it tells.
    """
    usage = _Usage(pieces)
    for number, piece in enumerate(pieces()):
        for reject in piece.rejects:
            source.reject(
                reject.locator,
                reject.reason,
                schema=piece.layout.schema,
                raw=reject.raw,
                **reject.facts,
            )
        for header, rows in piece.seen.items():
            if header in piece.layout.left:
                source.leave(header, rows)
            else:
                source.tally.unknown[header] += rows
        if piece.cells.num_rows:
            yield _batch(source, piece, usage, number)


@dataclass
class _Usage:
    """How the columns of a file write dates and numbers, as far as they tell; asked when needed."""

    pieces: Callable[[], Iterator[Piece]]
    day_first: dict[str, bool] = field(default_factory=dict)
    separators: dict[str, Separators] = field(default_factory=dict)

    def order(self, name: str, cells: pa.Array, number: int) -> Callable[[], bool]:
        """Answers, for the column ``name`` of piece ``number``, whether days come first."""

        def day_first() -> bool:
            if name not in self.day_first:
                some, days, months = order_votes(cells)
                if some and days == months:
                    days, months = self._further(name, number)
                if not some or days == months:
                    # nothing in the whole column tells: its neighbours do, else the custom here
                    return next(iter(self.day_first.values()), True)
                self.day_first[name] = days > months
            return self.day_first[name]

        return day_first

    def _further(self, name: str, number: int) -> tuple[int, int]:
        """The votes of the first piece after ``number`` that tells day from month."""
        for later, piece in enumerate(self.pieces()):
            cells = _cells(piece, piece.layout.columns.get(name))
            if later > number and cells is not None:
                _, days, months = order_votes(cells)
                if days != months:
                    return days, months
        return 0, 0

    def marks(self, name: str, cells: pa.Array) -> Separators:
        """What separates thousands and decimals in the column ``name``, by its first cells."""
        if name not in self.separators:
            found = Separators.of(cells)
            if cells.null_count == len(cells):
                return found
            self.separators[name] = found
        return self.separators[name]


def _cells(piece: Piece, header: str | None) -> pa.Array | None:
    if header is None or header not in piece.cells.column_names:
        return None
    return plain(piece.cells.column(header))


def _batch(source: Source, piece: Piece, usage: _Usage, number: int) -> Batch:
    """One batch of the kept rows; the rejected are told to ``source``, with their cells."""
    schema, profile = piece.layout.schema, piece.layout.profile
    given = _given(piece)
    columns: dict[str, pa.Array] = {}
    stated: pa.Array | None = None
    zones = texts(given[ZONE.name]) if ZONE.name in given else None
    for name, cells in given.items():
        column = schema.columns[name]
        if column.type == TIME:
            order = ordered(profile) or usage.order(name, cells, number)
            columns[name], said = _times(source, cells, zones, order, zone_of(source, profile))
            stated = said if stated is None else stated
        elif column.type == DATE:
            columns[name] = read_dates(
                cells, day_first=ordered(profile) or usage.order(name, cells, number)
            )
        else:
            columns[name] = read_values(cells, column, usage.marks(name, cells))
    kept = _anchored(schema, columns, piece.cells.num_rows)
    for name, cells in given.items():
        if columns[name].null_count == cells.null_count:
            continue
        unread = pc.and_(pc.and_(present(cells), pc.is_null(columns[name])), kept)
        if unread.true_count:
            source.tally.unread[f"{schema.name}.{name}"] += unread.true_count
    if stated is not None:
        columns[ZONE.name] = (
            pc.coalesce(columns[ZONE.name], stated) if zones is not None else stated
        )
    _fill(schema, columns, piece.cells.num_rows)
    locators = piece.locators
    if kept.false_count:
        _reject(source, piece, given, columns, pc.invert(kept))
        columns = {name: array.filter(kept) for name, array in columns.items()}
        locators = locators.filter(kept)
    if profile is not None and profile.turned:
        columns, locators = _turned(source, schema, columns, locators)
    return Batch(schema, pa.RecordBatch.from_pydict(columns), locators)


def _given(piece: Piece) -> dict[str, pa.Array]:
    """The cells by native column, as the file and its profile give them."""
    layout = piece.layout
    given: dict[str, pa.Array] = {}
    for name, header in layout.columns.items():
        cells = _cells(piece, header)
        if cells is not None:
            given[name] = _with_hours(cells, _cells(piece, layout.hours.get(name)))
    if layout.profile is None:
        return given
    return applied(layout.profile, layout.schema, given, piece.cells.num_rows)


def _turned(
    source: Source, schema: Schema, columns: dict[str, pa.Array], locators: pa.Array
) -> tuple[dict[str, pa.Array], pa.Array]:
    """The calls of a line with caller and callee in their places; without a way, a reject."""
    known = sided(columns, len(locators))
    if known.false_count:
        lost = pc.invert(known)
        rows = pa.RecordBatch.from_pydict({n: a.filter(lost) for n, a in columns.items()})
        where = locators.filter(lost).to_pylist()
        for locator, values in zip(where, rows.to_pylist(), strict=True):
            reason = N_("no direction: which of the two called is not told")
            source.reject(locator, reason, schema=schema, raw=_shown(values))
        columns = {name: array.filter(known) for name, array in columns.items()}
        locators = locators.filter(known)
    return turned(columns), locators


def _times(
    source: Source,
    cells: pa.Array,
    zones: pa.Array | None,
    order: Callable[[], bool],
    zone: ZoneInfo,
) -> tuple[pa.Array, pa.Array]:
    """Times, and the zone that each states or was assumed to have (null: UTC)."""
    times = read_times(cells, zone, day_first=order, zones=zones)
    if times.bare.true_count:
        source.tally.assumed[str(zone)] += times.bare.true_count
    return times.at, pc.if_else(times.bare, str(zone), times.zones)


def _with_hours(days: pa.Array, hours: pa.Array | None) -> pa.Array:
    """Days joined with the clock times of the column beside them, where they have none."""
    if hours is None or days.type != STRING:
        return days
    clock = pc.utf8_trim_whitespace(texts(hours))
    bare = pc.invert(pc.fill_null(pc.match_substring_regex(days, r":|\dh"), True))
    both = pc.and_(bare, present(clock))
    return pc.if_else(both, pc.binary_join_element_wise(days, clock, " "), days)


def _fill(schema: Schema, columns: dict[str, pa.Array], rows: int) -> None:
    """The two columns that have a value where the file gives none."""
    for name, value in (("app", APP), ("count", 1)):
        if name in schema.columns:
            kind = schema.columns[name].type
            cells = columns.get(name, pa.nulls(rows, kind))
            columns[name] = pc.fill_null(cells, pa.scalar(value, kind))


def _anchored(schema: Schema, columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """True for the rows that have the anchors of their table."""
    if schema.anchors:
        kept = pa.repeat(True, rows)
        for name in schema.anchors:
            kept = pc.and_(kept, present(columns[name])) if name in columns else None
            if kept is None:
                return pa.repeat(False, rows)
        return kept
    kept = pa.repeat(False, rows)
    for name in schema.anchors_any or [column.name for column in schema.own]:
        if name in columns and kept.false_count:
            kept = pc.or_(kept, present(columns[name]))
    return kept


def _reject(
    source: Source,
    piece: Piece,
    given: Mapping[str, pa.Array],
    columns: Mapping[str, pa.Array],
    lost: pa.Array,
) -> None:
    """Say of each lost row which anchor it lacks, or what its unreadable anchor holds."""
    schema = piece.layout.schema
    headers = piece.layout.columns
    cells = pa.table({headers.get(name, name): array.filter(lost) for name, array in given.items()})
    read = {name: present(array.filter(lost)).to_pylist() for name, array in columns.items()}
    where = piece.locators.filter(lost).to_pylist()
    for n, (locator, values) in enumerate(zip(where, cells.to_pylist(), strict=True)):
        raw = _shown(values)
        if schema.anchors:
            anchor = next(a for a in schema.anchors if a not in read or not read[a][n])
            value = values.get(headers.get(anchor, anchor))
            if value is None or str(value).strip() == "":
                source.reject(locator, N_("no {field}"), schema=schema, raw=raw, field=anchor)
                continue
            reason = N_("unreadable {field}: {value}")
            facts = {"field": anchor, "value": str(value)[:80]}
            source.reject(locator, reason, schema=schema, raw=raw, **facts)
        elif schema.anchors_any:
            reason = N_("none of {fields}")
            fields = list(schema.anchors_any)
            source.reject(locator, reason, schema=schema, raw=raw, fields=fields)
        else:
            reason = N_("no value in any column of {table}")
            source.reject(locator, reason, schema=schema, raw=raw, table=schema.name)


def _shown(values: Mapping[str, Any]) -> str:
    """The cells of a rejected row, as JSON; empty ones left out."""
    said = {name: value for name, value in values.items() if value is not None}
    return orjson.dumps(said, default=str).decode()

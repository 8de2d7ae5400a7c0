"""Intake: what readers say becomes stored rows, rejects with reasons, and counts.

Rows in = rows kept + rows rejected, per file. Columns are checked here once for every reader:
anchors present, times plausible, text valid Unicode.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.encoding import mended
from faisceau.evidence.reading import Reader, Source, Tally, read_rows
from faisceau.tables.lake import LakeWriter
from faisceau.tables.schemas import REJECT, Batch, Row, Schema
from faisceau.tables.schemas.schema import EARLIEST, LATEST, TIME, Column
from faisceau.words import N_

BUFFERED = 65_536
_NO_ANCHOR = N_("lacks {anchors}")
_EMPTY = N_("holds no value")
_EXPIRED = N_("of no procedure and older than {days} days ({source}): add it with --procedure")


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of no procedure whose ``column`` is before ``before`` are past their period."""

    column: str
    before: datetime
    days: int
    source: str


Listener = Callable[[Schema, pa.RecordBatch], None]
_Check = tuple[pa.Array, str, Mapping[str, Any]]
"""Rows that pass (boolean array), and why the others do not: a template and its facts."""


@dataclass
class Counts:
    """What one exhibit gave, by table; ``unread`` is keyed ``table.column``."""

    rows: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    not_covered: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    procedures: dict[str, set[str]] = field(default_factory=dict)
    """The procedures met in each table; ``""`` for rows of none."""
    assumed: Counter[str] = field(default_factory=Counter)
    """Times that stated no zone, by the zone they were read in."""
    unread_tables: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rows of each table that no reader asked for, by database."""
    mended: int = 0

    def total(self) -> int:
        """Records settled so far: rows, rejects, and rows of tables not covered."""
        return sum(map(Counter.total, (self.rows, self.rejected, self.not_covered)))

    def tables(self) -> dict[str, dict[str, int]]:
        """``{"message": {"rows": 74, "rejected": 0}}``, every table that was met."""
        names = sorted({*self.rows, *self.rejected, *self.not_covered})
        return {
            name: {
                "rows": self.rows[name],
                "rejected": self.rejected[name],
                **({"not_covered": self.not_covered[name]} if self.not_covered[name] else {}),
            }
            for name in names
        }


class Intake:
    """Takes in one exhibit: numbers its rows and hands them to the lake."""

    def __init__(
        self,
        number: int,
        covered: Iterable[str],
        procedure: str | None,
        writer: LakeWriter,
        *,
        listeners: Sequence[Listener] = (),
        expiries: Mapping[str, Expiry] | None = None,
        ahead_s: int = 0,
    ) -> None:
        self.number = number
        self.counts = Counts()
        self._covered = frozenset(covered)
        self._procedure = procedure
        self._writer = writer
        self._listeners = listeners
        self._expiries = expiries or {}
        self._ahead = pa.scalar(timedelta(seconds=ahead_s), pa.duration("us"))
        self._position = 0
        self._rejects: list[Mapping[str, Any]] = []
        writer.exhibit(number)

    def take(self, reader: Reader, source: Source) -> None:
        """Read one file to its end, or to where it is damaged (the error goes on).

        What was read before the damage is kept.
        """
        waiting: dict[str, list[tuple[Row, str]]] = {}
        try:
            for item, locator in read_rows(reader, source):
                if isinstance(item, Batch):
                    if item.schema.name in waiting:  # a table keeps the order of the file
                        self._take_rows(source, waiting.pop(item.schema.name))
                    self._take_batch(source, item)
                    continue
                rows = waiting.setdefault(item.schema.name, [])
                rows.append((item, locator))
                if len(rows) >= BUFFERED:
                    self._take_rows(source, waiting.pop(item.schema.name))
        finally:
            for rows in waiting.values():
                self._take_rows(source, rows)
            self._settle(source, reader)

    def media(self, row: Row) -> None:
        """One row that the desk itself observed: a file that no reader claims."""
        batch = _columnar([(row, "")], self.counts)
        self._store(row.schema, batch, pa.array([str(row.values["path"])]), None)

    def finish(self) -> None:
        """Write the rejects that still wait."""
        self._flush_rejects()

    def _take_rows(self, source: Source, rows: list[tuple[Row, str]]) -> None:
        schema = rows[0][0].schema
        locators = _sources(source.name, pa.array([locator for _, locator in rows], pa.string()))
        self._store(schema, _columnar(rows, self.counts), locators, None)

    def _take_batch(self, source: Source, batch: Batch) -> None:
        source.tally.records += batch.columns.num_rows
        self._store(
            batch.schema, batch.columns, _sources(source.name, batch.locators), batch.reasons
        )

    def _store(
        self, schema: Schema, given: pa.RecordBatch, sources: pa.Array, reasons: pa.Array | None
    ) -> None:
        if schema.name not in self._covered:
            self.counts.not_covered[schema.name] += given.num_rows
            return
        columns = {name: given.column(name) for name in given.schema.names}
        for column in schema.fillable.values():
            if column.type == TIME and column.name in columns:
                told = columns[column.name].cast(TIME)
                if self._ahead.as_py():
                    told = pc.subtract(told, self._ahead)
                columns[column.name] = self._plausible(schema, column, told)
        if "app" in schema.fillable:
            apps = columns.get("app", pa.nulls(given.num_rows, pa.string()))
            columns["app"] = pc.fill_null(apps, "unknown")
        if self._procedure is not None:
            own = columns.get("procedure", pa.nulls(given.num_rows, pa.string()))
            columns["procedure"] = pc.fill_null(own, self._procedure)
        checks = [_anchor_check(schema, columns, given.num_rows)]
        if (expiry := self._expiries.get(schema.name)) is not None:
            checks.append(_expiry_check(expiry, columns, given.num_rows))
        kept = reduce(pc.and_, (mask for mask, _, _ in checks))
        if reasons is not None:
            kept = pc.and_(kept, pc.is_null(reasons))
        if not pc.all(kept).as_py():
            self._reject_batch(schema, columns, sources, reasons=reasons, checks=checks, kept=kept)
            columns = {name: array.filter(kept) for name, array in columns.items()}
            sources = sources.filter(kept)
        n = len(sources)
        first = (self.number << 32) + self._position
        self._position += n
        self.counts.rows[schema.name] += n
        columns["row_id"] = pa.array(np.arange(first, first + n))
        columns["exhibit_id"] = pa.repeat(f"E{self.number}", n)
        columns["source"] = sources
        stored = pa.RecordBatch.from_arrays(
            [columns.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in schema.arrow],
            schema=schema.arrow,
        )
        met = pc.fill_null(pc.unique(stored.column("procedure")), "").to_pylist()
        self.counts.procedures.setdefault(schema.name, set()).update(met)
        self._writer.append(schema, stored)
        for listener in self._listeners:
            listener(schema, stored)

    def _plausible(self, schema: Schema, column: Column, times: pa.Array) -> pa.Array:
        inside = pc.and_(
            pc.greater_equal(times, pa.scalar(EARLIEST, TIME)),
            pc.less(times, pa.scalar(LATEST, TIME)),
        )
        outside = pc.sum(pc.invert(inside)).as_py() or 0
        if not outside:
            return times
        if column.name not in schema.anchors:  # an anchor out of range is a reject, not unread
            self.counts.unread[f"{schema.name}.{column.name}"] += outside
        return pc.if_else(pc.fill_null(inside, True), times, pa.scalar(None, TIME))

    def _reject_batch(
        self,
        schema: Schema,
        columns: Mapping[str, pa.Array],
        sources: pa.Array,
        *,
        reasons: pa.Array | None,
        checks: Sequence[_Check],
        kept: pa.Array,
    ) -> None:
        lost = pc.invert(kept)
        stated = reasons.filter(lost).to_pylist() if reasons is not None else None
        failed = [(m.filter(lost).to_pylist(), reason, facts) for m, reason, facts in checks]
        raw = pa.RecordBatch.from_pydict(dict(columns)).filter(lost)
        for n, (where, values) in enumerate(
            zip(sources.filter(lost).to_pylist(), raw.to_pylist(), strict=True)
        ):
            reason: str
            facts: Mapping[str, Any]
            if stated and stated[n]:
                reason, facts = stated[n], {}
            else:
                reason, facts = next((r, f) for passed, r, f in failed if not passed[n])
            said = {k: v for k, v in values.items() if v is not None}
            if reason is _EXPIRED:
                said = {}  # what may not be kept is not kept as a reject either
            self.reject(schema.name, where, reason, facts, str(said)[:500] if said else "")

    def derived(self, schema: Schema, batch: pa.RecordBatch) -> None:
        """Rows made from this exhibit's own: they come with their ids."""
        self._writer.append(schema, batch.cast(schema.arrow))

    def reject(
        self, table: str, where: str, reason: str, facts: Mapping[str, Any], raw: str
    ) -> None:
        self.counts.rejected[table] += 1
        self._rejects.append(
            {
                "row_id": (self.number << 32) + self._position,
                "exhibit_id": f"E{self.number}",
                "source": where,
                "table": table,
                "reason": reason,
                "facts": json.dumps(facts, ensure_ascii=False, default=str) if facts else None,
                "raw": mended(raw),
            }
        )
        self._position += 1
        if len(self._rejects) >= BUFFERED:
            self._flush_rejects()

    def _flush_rejects(self) -> None:
        if self._rejects:
            self._writer.append(
                REJECT, pa.RecordBatch.from_pylist(self._rejects, schema=REJECT.arrow)
            )
        self._rejects = []

    def _settle(self, source: Source, reader: Reader) -> None:
        """Carry a file's own counts over to the exhibit's."""
        tally: Tally = source.tally
        for reject in tally.rejects:
            where = f"{source.name}#{reject.locator}" if reject.locator else source.name
            self.reject(
                reject.table or reader.FILLS[0].name, where, reject.reason, reject.facts, reject.raw
            )
        self.counts.unread.update(tally.unread)
        self.counts.unknown.update(tally.unknown)
        self.counts.left.update(tally.left)
        self.counts.assumed.update(tally.assumed)
        if tally.tables_unread:
            self.counts.unread_tables[source.name] = dict(tally.tables_unread)


def _sources(name: str, locators: pa.Array) -> pa.Array:
    """``path#locator``, or the path alone where a row has no locator."""
    joined = pc.binary_join_element_wise(name, locators.cast(pa.string()), "#")
    return pc.if_else(pc.equal(locators, ""), name, pc.fill_null(joined, name))


def _anchor_check(schema: Schema, columns: Mapping[str, pa.Array], n: int) -> _Check:
    """True where a row has the anchors of its table."""

    def there(name: str) -> pa.Array:
        if name not in columns:
            return pa.repeat(False, n)
        return pc.is_valid(columns[name])

    if schema.anchors:
        mask = reduce(pc.and_, map(there, schema.anchors))
        return mask, _NO_ANCHOR, {"anchors": list(schema.anchors)}
    names = schema.anchors_any or [c.name for c in schema.own]
    mask = reduce(pc.or_, map(there, names))
    if schema.anchors_any:
        return mask, _NO_ANCHOR, {"anchors": list(schema.anchors_any)}
    return mask, _EMPTY, {}


def _expiry_check(expiry: Expiry, columns: Mapping[str, pa.Array], n: int) -> _Check:
    """True where a row is of a procedure, or recent enough to be kept without one."""
    recent = pc.greater_equal(columns[expiry.column], pa.scalar(expiry.before, TIME))
    own = columns.get("procedure", pa.nulls(n, pa.string()))
    mask = pc.or_(pc.fill_null(recent, True), pc.is_valid(own))
    return mask, _EXPIRED, {"days": expiry.days, "source": expiry.source}


def _columnar(rows: list[tuple[Row, str]], counts: Counts) -> pa.RecordBatch:
    """Rows of one schema as columns; a value that does not fit its column is null and unread."""
    schema = rows[0][0].schema
    names = [n for n in schema.fillable if any(n in row.values for row, _ in rows)]
    arrays = [
        _column(schema, schema.columns[n], [row.values.get(n) for row, _ in rows], counts)
        for n in names
    ]
    if not names:
        names, arrays = ["ref"], [pa.nulls(len(rows), pa.string())]
    return pa.RecordBatch.from_arrays(arrays, names)


def _column(schema: Schema, column: Column, values: list[Any], counts: Counts) -> pa.Array:
    try:
        return pa.array(values, column.type)
    except (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError):
        return pa.array([_fitting(schema, column, v, counts) for v in values], column.type)


def _fitting(schema: Schema, column: Column, value: Any, counts: Counts) -> Any:
    whole = _mended_deep(value)
    if whole != value:
        counts.mended += 1
    try:
        pa.array([whole], column.type)
    except (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError):
        counts.unread[f"{schema.name}.{column.name}"] += 1
        return None
    return whole


def _mended_deep(value: Any) -> Any:
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, (list, tuple)):
        return [_mended_deep(item) for item in value]
    return value

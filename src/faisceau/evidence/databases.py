"""Databases of phones: a SQLite file read by columns, and what damage does to it.

The applications of a phone keep their records in SQLite. A reader asks a :class:`Database` for
the tables and columns that are there (names in lower case: every version of an application has
others), takes the rows as :class:`Cells`, many at once, and makes Arrow columns of them. What it
takes of a table, and leaves, it says once: other columns and filled tables are counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.lost import FOUND, PLACE, Lost
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.sqlite import DAMAGED, Evidence, chunks
from faisceau.tables.schemas.schema import (
    EARLIEST,
    LATEST,
    NUMBER,
    STRING,
    STRINGS,
    TIME,
    Batch,
    Schema,
)
from faisceau.words import N_

ROWS = 20_000
"""Rows fetched at once."""
LISTED = 1_000_000
"""Recipients in one batch, at most: long lists leave in smaller batches."""

NO_TIME = N_("no time stands with it")
OUTSIDE = N_("its time is outside 1970 to 2100")

_COCOA_S = 978_307_200
"""2001-01-01 in seconds since 1970."""
_LONGEST_S = 4_102_444_800
"""A larger count since 2001 is in nanoseconds (iOS 11 and later)."""
NULL = pa.nulls(1, STRING)[0]
"""A text that is null. (``pa.scalar`` would import pandas at every start.)"""


def table_columns(head: Head) -> Mapping[str, frozenset[str]]:
    """Column names by table of a SQLite file, both in lower case; empty when it is none."""
    return {
        table.lower(): frozenset(column.lower() for column in columns)
        for table, columns in head.sqlite_tables.items()
    }


@dataclass
class Database:
    """One database being read: what is in it, and the damage met on the way."""

    source: Source
    db: Evidence
    tables: Mapping[str, frozenset[str]]
    damage: list[Exception] = field(default_factory=list)
    _filled: dict[str, bool] = field(default_factory=dict)
    _lost: Lost = field(init=False)

    def __post_init__(self) -> None:
        self._lost = Lost(self.source, self.db, self.tables, self.rows, self.damage)

    def chunks(self, sql: str, flat: bool = False) -> Iterator[list[Any]]:
        """The rows of a query, ``ROWS`` at a time, also those behind damaged pages.

        The rows that these may have held are rejects. ``flat``: the values one after the other.
        """
        try:
            yield from chunks(self.db, sql, ROWS, flat=flat)
        except DAMAGED as error:
            self.damage.append(error)

    def rows(self, sql: str) -> Iterator[Any]:
        """The rows of a query, one by one; text is bytes (see :func:`text`)."""
        for chunk in self.chunks(sql):
            yield from chunk

    def one(self, sql: str) -> int:
        """The single number that a query asks for; 0 where there is none."""
        return int(next((row[0] for row in self.rows(sql)), 0) or 0)

    def filled(self, table: str) -> bool:
        """True when the table is there and holds a row."""
        if table not in self._filled:
            self._filled[table] = table in self.tables and bool(
                self.one(f'SELECT 1 FROM "{table}" LIMIT 1')
            )
        return self._filled[table]

    def has(self, table: str, *columns: str) -> bool:
        """True when the table holds a row and has these columns."""
        return self.tables.get(table, frozenset()).issuperset(columns) and self.filled(table)

    def pick(self, table: str, *columns: str, prefix: str = "") -> list[str]:
        """SQL for each column, ``NULL`` for one that this database does not have."""
        have = self.tables.get(table, frozenset())
        return [f"{prefix}{column}" if column in have else "NULL" for column in columns]

    def cells(
        self,
        table: str,
        fields: Mapping[str, str],
        rest: str = "",
        known_by: str = "",
        beside: Sequence[str] = (),
    ) -> Iterator["Cells"]:
        """The rows of a query by field, many at a time.

        ``fields`` maps each name wanted to its SQL; ``rest`` follows ``FROM table``. With
        ``known_by``, the columns that name a record, the rows follow that the table lost: see
        ``Lost.read``, and ``Cells.lost``.
        """
        columns, width = ", ".join(fields.values()), len(fields)
        for found in self.chunks(f'SELECT {columns} FROM "{table}" {rest}', flat=True):
            values = {name: found[place::width] for place, name in enumerate(fields)}
            yield Cells(table, values, len(found) // width)
        if known_by:
            sql = f'SELECT {columns}, {PLACE} FROM "{table}" {rest}'
            gone = self._lost.read(table, known_by, sql, beside)
            for start in range(0, len(gone), ROWS):
                parts = list(zip(*gone[start : start + ROWS], strict=True))
                yield Cells(table, dict(zip((*fields, FOUND), parts, strict=True)), len(parts[0]))

    def lost(self, table: str, columns: str, known_by: str, rest: str = "") -> list[Any]:
        """The rows of a query that the table lost, its ``columns`` named in SQL."""
        return self._lost.read(table, known_by, f'SELECT {columns} FROM "{table}" {rest}')

    def leave(self, what: str, n: int) -> None:
        """Count ``n`` records as seen and left on purpose."""
        if n:
            self.source.leave(what, n)

    def settle(self, taken: Mapping[str, str], left: Mapping[str, str]) -> None:
        """Account for what was not read: each column of the tables read, each other table.

        Both give, by table, names of columns apart by spaces: those read, and those known and
        left on purpose.
        """
        known = taken.keys() | left.keys()
        for table in sorted(known):
            if self.filled(table):
                further = self.tables[table].difference(taken.get(table, "").split())
                wanted = further.intersection(left.get(table, "").split())
                self.leave(f"columns of {table} that no table here holds", len(wanted))
                for column in sorted(further - wanted):
                    self.source.tally.unknown[f"{table}.{column}"] += 1
        for table in sorted(self.tables.keys() - known):
            if not _is_machinery(table) and self.filled(table):
                self.source.leave(f"table {table}")


@contextmanager
def opened(source: Source) -> Iterator[Database]:
    """The database of a source. Raises ``BadInput`` at the end where damage could not be passed.

    What could be read has been given by then; rows that damaged pages may have held are rejects.
    """
    db = source.sqlite()
    try:
        db.row_factory = None
        db.text_factory = bytes  # decoded by column: a call for each value doubles the time
        reading = Database(source, db, table_columns(source.head))
        yield reading
    finally:
        db.close()
    if reading.damage:
        raise BadInput(
            N_("{name} is damaged: {why}; what could be read was read"),
            name=source.name,
            why=reading.damage[0],
        )


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of one query by field, as SQLite gave them; an absent field is all null."""

    table: str
    values: Mapping[str, Sequence[Any]]
    n: int

    @property
    def lost(self) -> bool:
        """True for rows that the table does not hold any more: they are deleted, all of them."""
        return FOUND in self.values

    def raw(self, name: str) -> Sequence[Any]:
        """The values as they are."""
        return self.values.get(name) or [None] * self.n

    def texts(self, name: str) -> pa.Array:
        """As UTF-8; bytes that are none become U+FFFD, the empty text null."""
        values = self.values.get(name)
        if values is None:
            return pa.nulls(self.n, STRING)
        try:
            array = pa.array(values, pa.binary()).cast(STRING)
        except (pa.ArrowException, TypeError):
            whole = self.whole(name)
            if whole is not None:
                return whole.cast(STRING)
            array = pa.array([text(value) for value in values], STRING)
        return pc.if_else(pc.equal(array, ""), NULL, array)

    def integers(self, name: str) -> pa.Array:
        """As whole numbers; what is none is null."""
        return self._typed(name, pa.int64(), int)

    def numbers(self, name: str) -> pa.Array:
        """As numbers; what is none is null."""
        return self._typed(name, NUMBER, float)

    def whole(self, name: str) -> pa.Array | None:
        """As whole numbers where all values are; else None."""
        found = self._inferred(name)
        return found if pa.types.is_integer(found.type) else None

    def _typed(self, name: str, kind: pa.DataType, convert: Callable[[Any], Any]) -> pa.Array:
        """As numbers of one type, taken as they are where all are of it: that is much faster."""
        values = self.values.get(name)
        if values is None:
            return pa.nulls(self.n, kind)
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, OverflowError):
            return pa.array([number(value, convert) for value in values], kind)

    def _inferred(self, name: str) -> pa.Array:
        """The values as Arrow takes them by itself: whole numbers only where all are."""
        values = self.values.get(name)
        if values is None:
            return pa.nulls(self.n, pa.int64())
        try:
            found = pa.array(values)
        except (pa.ArrowException, TypeError, OverflowError):
            return pa.nulls(self.n, STRING)
        return found.cast(pa.int64()) if pa.types.is_null(found.type) else found

    def locators(self, name: str) -> pa.Array:
        """Where each row stands: the table and its key and, of a lost one, where it was found."""
        return self.located(self.integers(name))

    def located(self, keys: pa.Array) -> pa.Array:
        """The same for keys that are made, or read elsewhere."""
        at = pc.binary_join_element_wise(self.table, pc.fill_null(keys.cast(STRING), "?"), " ")
        if not self.lost:
            return at
        found = pc.binary_join_element_wise("(deleted, ", self.texts(FOUND), ")", "")
        return pc.binary_join_element_wise(at, found, " ")

    def deleted(self, marked: pa.Array | None = None) -> pa.Array:
        """Which rows are deleted: those ``marked``, and all that are lost."""
        if self.lost:
            return pa.repeat(True, self.n)
        return pa.repeat(False, self.n) if marked is None else marked

    def marks(self) -> dict[str, pa.Array]:
        """The column ``deleted`` of lost rows, where a format itself marks none."""
        return {"deleted": pa.repeat(True, self.n)} if self.lost else {}


@dataclass(frozen=True, slots=True)
class Times:
    """UTC times; ``bad`` tells which values stand there and are no date of a phone."""

    at: pa.Array
    bad: pa.Array

    @property
    def reasons(self) -> pa.Array | None:
        """Why the rows without a time are rejected; None when all have one."""
        if not self.at.null_count:
            return None
        why = pc.if_else(self.bad, OUTSIDE, NO_TIME)
        return pc.if_else(pc.is_valid(self.at), NULL, why)

    def counted(self, source: Source, column: str) -> pa.Array:
        """The times, where a row can do without: those that are none are counted unread."""
        count_unread(source, column, true(self.bad))
        return self.at


def epoch_times(cells: Cells, name: str, per_second: int = 1) -> Times:
    """Seconds since 1970, or parts of them, as UTC times; 0 and -1 mean that there is none."""
    return _times(_scaled(cells, name, per_second), cells, name)


def cocoa_times(cells: Cells, name: str) -> Times:
    """Seconds, or since iOS 11 nanoseconds, since 2001 as UTC times; 0 means that there is none."""
    seconds = _scaled(cells, name, 1)
    nanos = _scaled(cells, name, 1_000_000_000)
    far = pc.greater(pc.abs(cells.numbers(name)), float(_LONGEST_S))
    since = pc.if_else(far, nanos, seconds)
    return _times(pc.add(since, _COCOA_S * 1_000_000), cells, name)


def _scaled(cells: Cells, name: str, per_second: int) -> pa.Array:
    """Counts of a clock as microseconds; exact for whole numbers, null beyond any date."""
    most = min(10_000_000_000 * per_second, (1 << 63) - 1)
    whole = cells.whole(name)
    if whole is None:
        parts = cells.numbers(name)
        inside = pc.fill_null(pc.less(pc.abs(parts), float(most)), False)
        micros = pc.multiply(pc.if_else(inside, parts, None), 1_000_000 / per_second)
        return pc.round(micros).cast(pa.int64())
    # the smallest whole number has no absolute value
    inside = pc.and_(pc.less(whole, most), pc.greater(whole, -most))
    whole = pc.if_else(pc.fill_null(inside, False), whole, pa.scalar(None, pa.int64()))
    if per_second > 1_000_000:
        return pc.divide(whole, per_second // 1_000_000)
    return pc.multiply(whole, 1_000_000 // per_second)


def _times(micros: pa.Array, cells: Cells, name: str) -> Times:
    first, last = (int(t.timestamp()) * 1_000_000 for t in (EARLIEST, LATEST))
    given = cells.numbers(name)
    absent = pc.is_in(given, value_set=pa.array([0.0, -1.0]))
    inside = pc.and_(pc.greater_equal(micros, first), pc.less(micros, last))
    inside = pc.and_(pc.fill_null(inside, False), pc.invert(absent))
    at = pc.if_else(inside, micros, pa.scalar(None, pa.int64())).cast(TIME)
    stands = pa.repeat(True, cells.n)
    if given.null_count:
        stands = pa.array([value is not None for value in cells.raw(name)])
    return Times(at, pc.and_(stands, pc.invert(pc.or_(inside, pc.fill_null(absent, False)))))


@dataclass(frozen=True, slots=True)
class Links:
    """Which row of another table each row belongs to: two columns of whole numbers, sorted."""

    keys: Any
    values: Any

    @classmethod
    def of(cls, database: Database, sql: str) -> "Links":
        """The links of a query of two columns, key and value; of several the first counts."""
        parts = [_pairs(rows).reshape(-1, 2) for rows in database.chunks(sql)]
        pairs = np.concatenate(parts or [np.empty((0, 2), np.int64)])
        keys, first = np.unique(pairs[:, 0], return_index=True)
        return cls(keys, pairs[first, 1])

    def get(self, keys: pa.Array) -> pa.Array:
        """For each key its value, null where it has none."""
        asked = pc.fill_null(keys, -1).to_numpy(zero_copy_only=False)
        if not len(self.keys):
            return pa.nulls(len(keys), pa.int64())
        places = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        return pa.array(self.values[places], pa.int64(), mask=self.keys[places] != asked)


def message_batches(
    schema: Schema,
    columns: Mapping[str, pa.Array],
    locators: pa.Array,
    reasons: pa.Array | None,
    lists: tuple[pa.Array, pa.Array],
) -> Iterator[Batch]:
    """The columns with their ``recipients``, in batches whose lists together fit in memory.

    ``lists``: the distinct lists and, for each row, which one is its own (null: none).
    """
    everyone, which = lists
    whole = pa.RecordBatch.from_pydict(dict(columns))
    lengths = pc.fill_null(pc.list_value_length(everyone).take(which), 0)
    step = max(1, len(which) // ((pc.sum(lengths).as_py() or 0) // LISTED + 1))
    for start in range(0, len(which), step):
        part = whole.slice(start, step).append_column(
            pa.field("recipients", STRINGS), everyone.take(which.slice(start, step))
        )
        said = None if reasons is None else reasons.slice(start, step)
        yield Batch(schema, part, locators.slice(start, step), said)


def shared_lists(
    keys: Sequence[pa.Array],
    listed: Callable[..., list[str] | None],
    none: pa.Array | None = None,
) -> tuple[pa.Array, pa.Array]:
    """The distinct lists that ``listed`` gives for the keys of the rows, and which is whose.

    A null key is the empty text; rows where ``none`` is true have no list.
    """
    found, which = combinations([pc.fill_null(key, "") for key in keys], none)
    return pa.array([listed(*one) for one in found], STRINGS), which


def combinations(
    keys: Sequence[pa.Array], none: pa.Array | None = None
) -> tuple[list[tuple[Any, ...]], pa.Array]:
    """The distinct combinations of the keys of the rows, and which is whose.

    No key is null; rows where ``none`` is true have no combination.
    """
    coded = [key.dictionary_encode() for key in keys]
    numbers = pa.repeat(0, len(coded[0]))  # one for each combination: a key may hold any text
    for key in coded:
        numbers = pc.multiply(numbers, len(key.dictionary))
        numbers = pc.add(numbers, key.indices.cast(pa.int64()))
    if none is not None:
        numbers = pc.if_else(none, pa.scalar(None, pa.int64()), numbers)
    distinct = numbers.dictionary_encode()
    words = [key.dictionary.to_pylist() for key in coded]
    found = []
    for number in distinct.dictionary.to_pylist():
        parts = []
        for known in reversed(words):
            number, place = divmod(number, len(known))  # noqa: PLW2901
            parts.append(known[place])
        found.append(tuple(reversed(parts)))
    return found, distinct.indices


def looked_up(keys: pa.Array, table: Mapping[Any, str | None]) -> pa.Array:
    """For each key its value in ``table``, null where it has none."""
    if not table or keys.null_count == len(keys):
        return pa.nulls(len(keys), STRING)
    if len(table) > len(keys):  # an array of a large table costs more than the few keys
        distinct = keys.dictionary_encode()
        met = [table.get(key) for key in distinct.dictionary.to_pylist()]
        return pa.array(met, STRING).take(distinct.indices)
    known = pa.array(list(table.keys()), keys.type)
    return pa.array(list(table.values()), STRING).take(pc.index_in(keys, value_set=known))


def joined(left: pa.Array, right: pa.Array, between: str) -> pa.Array:
    """Both texts, or the one that is there."""
    if right.null_count == len(right):
        return left
    if left.null_count == len(left):
        return right
    return pc.coalesce(pc.binary_join_element_wise(left, right, between), left, right)


def true(mask: pa.Array) -> int:
    """How many are true."""
    return int(pc.sum(mask).as_py() or 0)


def count_unread(source: Source, column: str, n: int) -> None:
    """Count ``n`` cells of a column that stand there and cannot be read."""
    if n:
        source.tally.unread[column] += n


def _pairs(rows: list[Any]) -> Any:
    try:
        return np.array(rows, np.int64)
    except (ValueError, TypeError):  # a null, or what is no number
        whole = [pair for pair in rows if all(isinstance(value, int) for value in pair)]
        return np.array(whole, np.int64)


def text(value: Any) -> str | None:
    """A value of a text column as text; bytes that are no UTF-8 become U+FFFD."""
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(value: Any, convert: Callable[[Any], Any] = int) -> Any:
    """A number, also where the database holds it as text; null where it is none."""
    try:
        found = convert(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if isinstance(found, float):
        return found if isfinite(found) else None
    return found if abs(found) < 1 << 63 else None


def _is_machinery(table: str) -> bool:
    """Search indexes, SQLite's and Core Data's own tables repeat what is read elsewhere."""
    machinery = ("z_metadata", "z_modelcache", "z_primarykey", "android_metadata")
    return (
        "_fts" in table
        or "fulltextsearch" in table
        or table.startswith("sqlite_")
        or (table in machinery)
    )

"""A SQLite database read in the order of its rows, around whatever damage it has.

A damaged page must not cost the rows of the others: a side table that cannot be read is left out,
and in the main table the reading goes on behind the pages that fail. What was damaged is kept in
``damage``, for the reader to say when it has given everything else.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from faisceau.errors import BadInput
from faisceau.evidence.reading import Source
from faisceau.evidence.whatsapp.columns import Given
from faisceau.words import N_

ROWS = 50_000
"""Rows of a batch, about."""
BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises on damage; a name in a damaged schema may be no text."""
AT_ONCE = 1_000
"""Rows fetched at once."""
REPAIRS = 1_000
"""Damaged places in one table behind which the reading goes on, at most."""


class Field(NamedTuple):
    """A value of a query: its table, its column, and the SQL made of it (``{0}``: the column)."""

    table: str
    column: str
    made: str = "{0}"


def plain(table: str, **columns: str) -> dict[str, Field]:
    """Fields that are columns of one table, by name."""
    return {name: Field(table, column) for name, column in columns.items()}


class Join(NamedTuple):
    """How a side table is joined: its column, and the SQL that it equals."""

    key: str
    equal: str


@dataclass(frozen=True, slots=True)
class Query:
    """Rows of ``main`` in the order of ``key``, an integer, with columns of side tables.

    The first field is the key. Tables, columns and joins that a database lacks are left out.
    """

    main: str
    key: str
    fields: Mapping[str, Field]
    joins: Mapping[str, Join]
    where: str = "TRUE"


@dataclass
class Database:
    """One database being read: its tables with their columns, and the damage met."""

    source: Source
    db: sqlite3.Connection
    tables: Mapping[str, frozenset[str]]
    damage: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.db.row_factory = None
        self.db.text_factory = bytes

    def raise_damage(self) -> None:
        """Say at the end that pages were damaged. Raises ``BadInput``."""
        if self.damage:
            raise BadInput(
                N_("{name} is damaged: {why}; what could be read was read"),
                name=self.source.name,
                why=self.damage[0],
            )

    def rows(self, sql: str) -> Iterator[Any]:
        """The rows of a query, up to where the file is damaged."""
        try:
            yield from self.db.execute(sql)
        except BROKEN as error:
            self.damage.append(error)

    def one(self, sql: str) -> int:
        """The number that a query gives; 0 where it gives none."""
        return int(next((row[0] for row in self.rows(sql)), 0) or 0)

    def count(self, table: str, where: str = "TRUE") -> int:
        """How many rows a table has; 0 when there is no such table."""
        return self.one(f'SELECT count(*) FROM "{table}" WHERE {where}') if self.has(table) else 0

    def has(self, table: str, *columns: str) -> bool:
        """True when there is such a table, with these columns."""
        return self.tables.get(table, frozenset()).issuperset(columns) and table in self.tables

    def filled(self, table: str, *columns: str) -> bool:
        """True when there is such a table and it holds a row."""
        return self.has(table, *columns) and bool(self.one(f'SELECT 1 FROM "{table}" LIMIT 1'))

    def leave(self, what: str, n: int) -> None:
        """Count rows known and left on purpose."""
        if n:
            self.source.leave(what, n)

    def leave_tables(self, read: Set[str]) -> None:
        """Count the rows of every table that is not read, and a log that lies beside the file."""
        for table in sorted(self.tables.keys() - read):
            if not _is_machinery(table):
                self.leave(f"table {table}", self.count(table))
        log = self.source.sibling(f"{PurePosixPath(self.source.name).name}-wal")
        if log is not None and log.member.size:
            self.source.leave("write-ahead log beside the database")

    def read(self, query: Query) -> Iterator[Given]:
        """The rows of a query, ``ROWS`` at a time; those behind damaged pages too."""
        present = self._present(query)
        last: int | None = None
        for _ in range(REPAIRS):
            try:
                for given in self._run(query, present, last):
                    yield given
                    last = _furthest(last, given)
                return
            except _Cut as cut:
                if cut.given is not None:
                    yield cut.given
                    last = _furthest(last, cut.given)
                self.damage.append(cut.why)
            sound = {name: one for name, one in present.items() if self._sound(one, query)}
            if len(sound) == len(present):
                last = self._behind(query, last)
                if last is None:
                    return
            present = sound

    def _run(self, query: Query, present: Mapping[str, Field], last: int | None) -> Iterator[Given]:
        columns: list[list[Any]] = [[] for _ in present]
        rows: list[Any] = []
        try:
            cursor = iter(self.db.execute(self._sql(query, present, last)))
            while True:
                rows = []
                rows.extend(islice(cursor, AT_ONCE))  # keeps what came before an error
                _append(columns, rows)
                if len(columns[0]) >= ROWS or not rows:
                    if columns[0]:
                        yield _given(query, present, columns)
                    columns = [[] for _ in present]
                if not rows:
                    return
        except BROKEN as error:
            _append(columns, rows)
            raise _Cut(_given(query, present, columns) if columns[0] else None, error) from error

    def _present(self, query: Query) -> dict[str, Field]:
        """The fields whose table and column there are."""
        used = {table for table, _, _ in query.fields.values()}
        used = {t for t in used if t == query.main or self._joinable(query, t)}
        return {
            name: one
            for name, one in query.fields.items()
            if one.table in used and one.column in self.tables[one.table]
        }

    def _joinable(self, query: Query, table: str) -> bool:
        join = query.joins.get(table)
        return join is not None and self.filled(table, join.key)

    def _sound(self, one: Field, query: Query) -> bool:
        """True when every row of the field's table can be read; the main table is taken as so."""
        if one.table == query.main:
            return True
        with suppress(*BROKEN):
            for _ in self.db.execute(f"SELECT {one.column} FROM {one.table} NOT INDEXED"):
                pass
            return True
        return False

    def _sql(self, query: Query, present: Mapping[str, Field], last: int | None) -> str:
        columns = ", ".join(
            one.made.format(f"{one.table}.{one.column}") for one in present.values()
        )
        sides = sorted({one.table for one in present.values()} - {query.main})
        joins = "".join(self._join(table, query.joins[table]) for table in sides)
        after = "" if last is None else f" AND {query.main}.{query.key} > {last}"
        return (
            f"SELECT {columns} FROM {query.main}{joins} WHERE {query.where}{after}"
            f" ORDER BY {query.main}.{query.key}"
        )

    def _join(self, table: str, join: Join) -> str:
        info = f"SELECT count(*) FROM pragma_table_info('{table}')"
        single = self.one(f"{info} WHERE pk > 0 AND name = '{join.key}'")
        # A table without that key could hold two rows for a message, and double it.
        rows = table if single else f"(SELECT * FROM {table} GROUP BY {join.key}) {table}"
        return f" LEFT JOIN {rows} ON {table}.{join.key} = {join.equal}"

    def _behind(self, query: Query, last: int | None) -> int | None:
        """The key just before the first readable row behind a damaged page, None for the end."""
        start = (last or 0) + 1
        step = 1
        while not self._readable(query, start + step):
            step *= 2
            if step > 1 << 40:
                return None
        low, high = start + 1, start + step
        while low < high:
            middle = (low + high) // 2
            if self._readable(query, middle):
                high = middle
            else:
                low = middle + 1
        return high - 1

    def _readable(self, query: Query, key: int) -> bool:
        """True when the first row from ``key`` on can be read, or there is none."""
        mine = {one.column for one in query.fields.values() if one.table == query.main}
        columns = ", ".join(sorted(mine & self.tables[query.main]))
        sql = f"SELECT {columns} FROM {query.main} WHERE {query.key} >= {key}"
        try:
            self.db.execute(f"{sql} ORDER BY {query.key} LIMIT 1").fetchall()
        except BROKEN:
            return False
        return True


def _is_machinery(table: str) -> bool:
    """Search indexes, and tables of SQLite, Android and Core Data, repeat or describe others."""
    return "_fts" in table or table.startswith(("sqlite_", "android_metadata", "Z_"))


class _Cut(Exception):
    def __init__(self, given: Given | None, why: Exception) -> None:
        super().__init__(str(why))
        self.given = given
        self.why = why


def _append(columns: list[list[Any]], rows: list[Any]) -> None:
    """Rows at the end of the columns; a few at a time, while the processor still has them near."""
    if rows:
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)


def _given(query: Query, present: Mapping[str, Field], columns: list[list[Any]]) -> Given:
    return Given(query.main, dict(zip(present, columns, strict=True)), len(columns[0]))


def _furthest(last: int | None, given: Given) -> int | None:
    keys = next(iter(given.columns.values()))
    met = [key for key in (keys[0], keys[-1], last) if isinstance(key, int)]
    return max(met, default=None)

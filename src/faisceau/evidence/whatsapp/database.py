"""A WhatsApp database: the columns and side tables that a version has, as one query, by columns.

Damaged pages are read around (``sqlite.chunks``): the rows that may be lost are rejects. What
cannot be read even so is kept in ``damage``, for the reader to say when it has given the rest.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from faisceau.errors import BadInput
from faisceau.evidence.databases import Cells
from faisceau.evidence.lost import FOUND, PLACE, Lost
from faisceau.evidence.reading import Source
from faisceau.evidence.sqlite import Evidence, chunks
from faisceau.words import N_

ROWS = 50_000
"""Rows of a batch, about."""
AT_ONCE = 1_000
"""Rows fetched at once."""
BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises on damage; a name in a damaged schema may be no text."""


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
    db: Evidence
    tables: Mapping[str, frozenset[str]]
    damage: list[Exception] = field(default_factory=list)
    _lost: Lost = field(init=False)

    def __post_init__(self) -> None:
        self._lost = Lost(self.source, self.db, self.tables, self.rows, self.damage)
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
        """The rows of a query, in the order of a table's keys."""
        for some in self._chunks(sql):
            yield from some

    def _chunks(self, sql: str) -> Iterator[list[Any]]:
        try:
            yield from chunks(self.db, sql, AT_ONCE)
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

    def mark_read(self, table: str) -> None:
        """A table of which the number of rows says enough."""
        if table in self.tables:
            self.source.tally.tables_read.add(table)

    def read(self, query: Query) -> Iterator[Cells]:
        """The rows of a query, about ``ROWS`` at a time."""
        present = self._present(query)
        columns: list[list[Any]] = [[] for _ in present]
        for rows in self._chunks(self._sql(query, present)):
            # a few at a time, while the processor still has them near
            for column, values in zip(columns, zip(*rows, strict=True), strict=True):
                column.extend(values)
            if len(columns[0]) >= ROWS:
                yield _given(query, present, columns)
                columns = [[] for _ in present]
        if columns[0]:
            yield _given(query, present, columns)

    def lost(self, query: Query, known_by: str, *beside: str) -> Iterator[Cells]:
        """The rows of a query's main table that it lost: see ``Lost.read``."""
        present = self._present(query)
        gone = self._lost.read(query.main, known_by, self._sql(query, present, PLACE), beside)
        for start in range(0, len(gone), ROWS):
            columns = list(zip(*gone[start : start + ROWS], strict=True))
            values = dict(zip((*present, FOUND), columns, strict=True))
            yield Cells(query.main, values, len(columns[0]))

    def _present(self, query: Query) -> dict[str, Field]:
        """The fields whose table and column there are."""
        used = {table for table, _, _ in query.fields.values()}
        used = {t for t in used if t == query.main or self._joinable(query, t)}
        return {
            name: one
            for name, one in query.fields.items()
            if one.table in used and one.column in self.tables[one.table] | {"rowid"}
        }

    def _joinable(self, query: Query, table: str) -> bool:
        join = query.joins.get(table)
        return join is not None and self.filled(table, join.key)

    def _sql(self, query: Query, present: Mapping[str, Field], *more: str) -> str:
        made = (one.made.format(f"{one.table}.{one.column}") for one in present.values())
        columns = ", ".join((*made, *more))
        sides = sorted({one.table for one in present.values()} - {query.main})
        joins = "".join(self._join(table, query.joins[table]) for table in sides)
        return (
            f"SELECT {columns} FROM {query.main}{joins} WHERE {query.where}"
            f" ORDER BY {query.main}.{query.key}"
        )

    def _join(self, table: str, join: Join) -> str:
        info = f"SELECT count(*) FROM pragma_table_info('{table}')"
        single = self.one(f"{info} WHERE pk > 0 AND name = '{join.key}'")
        # A table without that key could hold two rows for a message, and double it.
        rows = table if single else f"(SELECT * FROM {table} GROUP BY {join.key}) {table}"
        return f" LEFT JOIN {rows} ON {table}.{join.key} = {join.equal}"


def _given(query: Query, present: Mapping[str, Field], columns: list[list[Any]]) -> Cells:
    return Cells(query.main, dict(zip(present, columns, strict=True)), len(columns[0]))

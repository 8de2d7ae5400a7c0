"""Shapes of tables: what the records of each must look like, to tell whose a found one is."""

import ast
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from faisceau.evidence.recovery.pages import Malformed, size_of, types_of, varint
from faisceau.evidence.sqlite import is_without_rowid, tables

_FEWEST = 3
"""Columns of a table whose records can be told from chance bytes."""
_KNOWN_BY = 6
"""Columns that the search for a record's header looks at; all are checked afterwards."""
_LONG = rb"[\x80-\xff]{1,3}[\x00-\x7f]"
_LONGEST = 1 << 30


@dataclass(frozen=True, slots=True)
class Column:
    """A column: whether it stands for the rowid, may hold numbers, may hold text, may be null."""

    name: str
    is_rowid: bool
    numbers: bool
    texts: bool
    nullable: bool
    default: Any

    def fits(self, kind: int) -> bool:
        """Whether a value of this type may stand in it."""
        if self.is_rowid or kind == 0:
            return kind == 0 and (self.is_rowid or self.nullable)
        return self.numbers if kind < 10 else self.texts and size_of(kind) < _LONGEST

    @property
    def pattern(self) -> bytes:
        """The types that may stand in it, as they are written."""
        if self.is_rowid:
            return rb"\x00"
        ones = (rb"\x00" if self.nullable else b"") + (rb"\x01-\x09" if self.numbers else b"")
        if not self.texts:
            return rb"[%s]" % ones
        return rb"(?:[%s\x0c-\x7f]|%s)" % (ones, _LONG)


@dataclass(frozen=True)
class Shape:
    """A table's columns in the order of its records. Columns added later may be missing."""

    table: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def fewest(self) -> int:
        """Columns that a record has, at least."""
        return max(2, len(self.columns) // 2) if len(self.columns) > 1 else 1

    @property
    def is_telling(self) -> bool:
        """True when a record can be told from chance bytes."""
        return len(self.columns) >= _FEWEST

    def fits(self, types: Sequence[int]) -> bool:
        """Whether a record of these types may be of this table."""
        return self.fewest <= len(types) <= len(self.columns) and all(
            column.fits(kind) for column, kind in zip(self.columns, types, strict=False)
        )

    def row(self, values: Sequence[Any], rowid: int | None) -> tuple[Any, ...]:
        """The values of a row: the rowid where it belongs, defaults for columns added later."""
        missing = [column.default for column in self.columns[len(values) :]]
        return tuple(
            rowid if column.is_rowid else value
            for column, value in zip(self.columns, [*values, *missing], strict=True)
        )

    @cached_property
    def header(self) -> re.Pattern[bytes]:
        """Finds where a record's header may begin: its length, then the first types."""
        most = min(127, 1 + 4 * len(self.columns))
        length = b"[%s-%s]" % (_escaped(1 + self.fewest), _escaped(most))
        known = self.columns[: min(_KNOWN_BY, self.fewest)]
        return re.compile(length + b"".join(c.pattern for c in known), re.DOTALL)

    def header_at(self, data: bytes, at: int) -> tuple[list[int], int] | None:
        """The types that a header at ``at`` gives and where it ends; None when they do not fit."""
        try:
            types, end = types_of(data, at)
        except Malformed:
            return None
        return (types, end) if self.fits(types) else None

    def types_at(
        self, data: bytes, at: int, skipped: int, width: int | None = None
    ) -> tuple[list[int], int] | None:
        """As ``header_at``, where the length and the first ``skipped`` types were written over.

        ``width``: how many columns the row has, all by default.
        """
        types = [0] * skipped
        try:
            for column in self.columns[skipped:width]:
                kind, at = varint(data, at)
                if kind in (10, 11) or not column.fits(kind):
                    return None
                types.append(kind)
        except Malformed:
            return None
        return (types, at) if self.fits(types) else None


def _escaped(number: int) -> bytes:
    return rb"\x%02x" % number


def shapes(db: sqlite3.Connection) -> dict[str, Shape]:
    """The shapes of the tables of a database that have a rowid."""
    found = {}
    for table, sql in tables(db).items():
        if is_without_rowid(sql):
            continue
        info = list(map(tuple, db.execute(f'PRAGMA table_xinfo("{table}")')))
        single = sum(1 for row in info if row[5]) == 1
        columns = tuple(_column(row, single=single) for row in info if row[6] in (0, 3))
        if columns:
            found[table] = Shape(table, columns)
    return found


def _column(row: Sequence[Any], *, single: bool) -> Column:
    """A column by its line of ``table_xinfo``; what it may hold, by its affinity (datatype3, 3)."""
    _, name, declared, required, default, key, _ = row
    kind = str(declared or "").upper()
    is_rowid = bool(key) and single and kind == "INTEGER"
    if "INT" in kind:
        numbers, texts = True, False
    elif any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        numbers, texts = False, True
    elif any(word in kind for word in ("REAL", "FLOA", "DOUB")):
        numbers, texts = True, False
    else:
        numbers = texts = True
    return Column(name, is_rowid, numbers, texts, not required, _default(default))


def _default(literal: Any) -> Any:
    """The value that a column takes where a record has none; None unless it is a plain one."""
    text = str(literal or "NULL").strip()
    if re.fullmatch(r"'(?:[^']|'')*'", text):
        return text[1:-1].replace("''", "'")
    if re.fullmatch(r"[+-]?\d+(\.\d+)?", text):
        return ast.literal_eval(text.lstrip("+0") or "0") if "." not in text else float(text)
    return None

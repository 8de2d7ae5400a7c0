"""Lost rows: what a table does not hold any more, read as its own rows are.

``Source.recovered`` finds them in free pages, freed blocks and logs. Here they are told from what
is still there, then put into a temporary table of the same name, so that the very query that reads
the table reads them too. Nothing of the file changes: the table lies in memory.

An update leaves the earlier state of a row behind, and so does moving it: a row of a record that
is there, by the columns that name one, is not lost. Neither is one whose number is there, where
numbers are never given twice (``AUTOINCREMENT``).
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.reading import Source
from faisceau.evidence.recovery import Recovered
from faisceau.evidence.sqlite import DAMAGED, Evidence

FOUND = "found"
"""The field of a query that says where a row was found; every row that has it is deleted."""
PLACE = "found_in"
"""The column of the temporary table that this field comes from."""
LEFT = "row found in free pages, of a record that is there or has no id"

Key = tuple[Any, ...]


@dataclass(slots=True)
class Lost:
    """The rows that one database lost, each record told once.

    ``rows`` reads a query of the tables as they are; ``columns`` are theirs, by table, in the
    spelling that queries use. Damage met is appended to ``damage``.
    """

    source: Source
    db: Evidence
    columns: Mapping[str, Iterable[str]]
    rows: Callable[[str], Iterator[Any]]
    damage: list[Exception]
    _told: dict[str, set[Key]] = field(default_factory=dict)

    def read(self, table: str, known_by: str, sql: str, beside: Sequence[str] = ()) -> list[Any]:
        """What ``sql`` gives for the lost rows of ``table``; column ``PLACE`` says where it was.

        ``known_by``: the columns that name a record, as far as this version has them. ``beside``:
        other tables that may hold the same record. Counted as left: rows of a record that is
        there, or that name none.
        """
        names = [name for name in known_by.split() if name in self.columns.get(table, ())]
        if not names:
            return []
        try:
            found = self._found(table)
            if not found:
                return []
            rows = self._unknown(table, names, found, beside)
            if len(found) > len(rows):
                self.source.leave(LEFT, len(found) - len(rows))
            return self._queried(table, rows, sql) if rows else []
        except DAMAGED as error:
            self.damage.append(error)
            return []

    def _found(self, table: str) -> list[Recovered]:
        spelled = (name for name in self.source.head.sqlite_tables if name.lower() == table.lower())
        return [row for name in spelled for row in self.source.recovered(name)]

    def _unknown(
        self, table: str, names: Sequence[str], found: Sequence[Recovered], beside: Sequence[str]
    ) -> list[Recovered]:
        """One row for each record that no table holds; that with a number rather than another."""
        told = self._told.setdefault(" ".join(names), set())
        once = self._numbered_once(table)
        wanted = [name.lower() for name in names]
        records: dict[Key, Recovered] = {}
        for row in found:
            if once and row.replaced:
                continue
            values = {name.lower(): value for name, value in row.items()}
            key = tuple(_stored(values.get(name)) for name in wanted)
            if key in told or not any(key):  # neither nothing nor a zero names a record
                continue
            if key not in records or row.rowid is not None:
                records[key] = row
        for holder in dict.fromkeys((table, *beside)):
            if records and set(names) <= set(self.columns.get(holder, ())):
                picked = ", ".join(f'"{name}"' for name in names)
                for live in self.rows(f'SELECT {picked} FROM "{holder}"'):
                    records.pop(tuple(map(_stored, live)), None)
        told.update(records)
        return list(records.values())

    def _numbered_once(self, table: str) -> bool:
        sql = "SELECT CAST(sql AS TEXT) FROM sqlite_master WHERE lower(name) = lower(?)"
        with closing(self.db.execute(sql, (table,))) as made:
            return any(re.search(r"(?i)\bAUTOINCREMENT\b", _words(one)) for (one,) in made)

    def _queried(self, table: str, rows: Sequence[Recovered], sql: str) -> list[Any]:
        """The rows as ``sql`` reads them, from a temporary table that hides the file's own."""
        db = self.db.readable
        names = list(rows[0])
        extra = [] if any(name.lower() == "rowid" for name in names) else ["rowid"]
        # made from the table itself: a comparison goes by the type that a column has there
        columns = ", ".join((*map(_quoted, names), *(f"NULL AS {n}" for n in (*extra, PLACE))))
        marks = ", ".join("?" for _ in (*names, *extra, PLACE))
        values = ((*row.values(), *([row.rowid] if extra else []), row.where) for row in rows)
        db.execute("PRAGMA temp_store = MEMORY")
        try:
            made = f"SELECT {columns} FROM main.{_quoted(table)} WHERE 0"
            db.execute(f"CREATE TEMP TABLE {_quoted(table)} AS {made}")
            db.executemany(f"INSERT INTO temp.{_quoted(table)} VALUES ({marks})", values)
            return list(map(tuple, db.execute(sql)))
        finally:
            with suppress(sqlite3.Error):
                db.execute(f"DROP TABLE temp.{_quoted(table)}")
                db.commit()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored(value: Any) -> Any:
    """A value as a connection gives it whose texts are bytes."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def _words(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

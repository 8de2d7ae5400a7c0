"""Recovery: the rows that a SQLite database does not hold any more, from what is left of it.

Looked through are the free pages and the unused bytes of each table's pages; the file as it
stood before its log was replayed; every page in the write-ahead log, also those that later ones
replace; the pages of a rollback journal. What is given has the columns of the table as it is now
and is no row that the table holds. A row found twice is given once.

A page of a tree belongs to the table whose tree it is. Of a free page all rows must fit one
table alone by number, types and sizes of their columns (or tables with the same columns), or
none is given: better no row than one in the wrong table.

In a database written to for long, one row in 250 of those found had a few bytes of its last
values written over by what came after (random insertions, changes and deletions, 25 databases,
9,000 rows found of 18,000 gone); where rows were deleted and little was written since, nearly
all are found, and none was wrong. ``deleted`` marks them, and a person reads them as traces.

Libraries were measured before this was written: dissect.database 1.1 reads the rows that there
are and the states that a log holds, and looks at no free page nor freed block; it serves as
another's opinion in the tests.
"""

import sqlite3
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from faisceau.evidence.recovery.carving import Found, carve
from faisceau.evidence.recovery.pages import (
    LEAF,
    Malformed,
    Pages,
    journal_pages,
    log_frames,
    types_of,
    unused,
    values_of,
)
from faisceau.evidence.recovery.shapes import Shape, shapes
from faisceau.evidence.sqlite import DAMAGED, open_sqlite


class Recovered(dict[str, Any]):
    """A row by column.

    ``rowid``: its number, None where that was lost. ``where``: where it was found (``free page
    12``, ``page 7``, ``log page 3``, ``journal page 3``, and for the file before its log ``page 3
    as it stands``). ``replaced``: a row of this number is there with other values, so that this
    is how it was before.
    """

    __slots__ = ("replaced", "rowid", "where")

    def __init__(
        self, values: Mapping[str, Any], rowid: int | None, where: str, *, replaced: bool
    ) -> None:
        super().__init__(values)
        self.rowid, self.where, self.replaced = rowid, where, replaced


@dataclass(frozen=True, slots=True)
class _Image:
    """What a page was at some time: its bytes are read when asked for."""

    number: int
    where: str
    page: bytes
    owner: str | None


class Recovery:
    """One database, looked through for what it does not hold any more.

    ``live``: the database with its log replayed; ``main``: the file as it stands; ``journals``:
    what lies beside it, by suffix (``-wal``, ``-journal``).
    """

    def __init__(self, live: Path, main: Path, journals: Mapping[str, Path]) -> None:
        self._live, self._main, self._journals = live, main, journals

    def rows(self, table: str) -> Iterator[Recovered]:
        """The rows of a table that it does not hold; none for an unknown table."""
        shape = self._shapes.get(table)
        if shape is None:
            return
        with closing(open_sqlite(self._live)) as db:
            db.row_factory = None
            seen: set[tuple[Any, ...]] = set()
            told: set[tuple[Any, ...]] = set()
            nameless: dict[tuple[Any, ...], str] = {}
            for found, where in self._found(shape):
                if found.rowid is None:
                    nameless.setdefault(found.values, where)
                    continue
                key = (found.rowid, *found.values)
                if key in seen:
                    continue
                seen.add(key)
                told.add(shape.row(found.values, None))
                now = _now(db, shape, found.rowid)
                if now != found.values:
                    values = dict(zip(shape.names, found.values, strict=True))
                    yield Recovered(values, found.rowid, where, replaced=now is not None)
            for row in told & nameless.keys():
                del nameless[row]
            _forget_live(db, shape, nameless)
            for row, where in nameless.items():
                values = dict(zip(shape.names, row, strict=True))
                yield Recovered(values, None, where, replaced=False)

    def _found(self, shape: Shape) -> Iterator[tuple[Found, str]]:
        """Everything that looks like a row of the table, and where; also what it still holds."""
        pages = self._pages
        place = self._places.get(shape.table)
        for number in range(2, pages.count + 1):
            if self._owners[number] == place and pages.kind(number) == LEAF:
                page = pages.page(number)
                for row in _unused_rows(pages, page, shape):
                    yield row, f"page {number}"
        for image in self._images():
            if self._is_of(image, shape):
                yield from ((row, image.where) for row in _rows(pages, image.page, shape))
        for number, begin in pages.free():
            page = pages.page(number)
            if begin == 0 and page[0] == LEAF:
                image = _Image(number, f"free page {number}", page, None)
                if self._is_of(image, shape):
                    yield from ((row, image.where) for row in _rows(pages, page, shape))
            elif begin and self._is_alone(shape):
                stretch = (begin, pages.usable)
                for row in carve(pages, page, stretch, shape, freed=False):
                    yield row, f"free page {number}"

    def _images(self) -> Iterator[_Image]:
        """Leaf pages as they were: before the log, in the log, in the journal."""
        size = self._pages.size
        logged: set[int] = set()
        for suffix, said, reader in (
            ("-wal", "log page {}", log_frames),
            ("-journal", "journal page {}", journal_pages),
        ):
            if (path := self._journals.get(suffix)) is None:
                continue
            for number, page in reader(path, size):
                logged.add(number)
                if number > 1 and page[0] == LEAF:
                    owner = self._owner(number)
                    yield _Image(number, said.format(number), page, owner)
        if self._main == self._live:
            return
        for number in sorted(logged):
            if number > 1 and self._before.kind(number) == LEAF:
                page = self._before.page(number)
                if number > self._pages.count or page != self._pages.page(number):
                    owner = self._owner_before(number)
                    yield _Image(number, f"page {number} as it stands", page, owner)

    def _is_of(self, image: _Image, shape: Shape) -> bool:
        """Whether a page is of this table: by its tree, if its rows fit, else by them alone."""
        try:
            types = [types_of(cell.payload)[0] for cell in self._pages.cells(image.page)]
        except Malformed:
            return False
        if not types:
            return image.owner == shape.table
        if not all(map(shape.fits, types)):
            return False
        if image.owner == shape.table:
            return True
        owner = self._shapes.get(image.owner or "")
        if owner is not None and all(map(owner.fits, types)):
            return False
        fitting = [one for one in self._shapes.values() if all(map(one.fits, types))]
        exact = [one for one in fitting if all(len(t) == len(one.columns) for t in types)]
        return shape in (exact or fitting) and len({one.names for one in exact or fitting}) == 1

    def _is_alone(self, shape: Shape) -> bool:
        """True when no other table has records that could be taken for this one's."""
        return not any(
            one.names != shape.names
            and one.fewest <= len(shape.columns)
            and shape.fewest <= len(one.columns)
            and _overlap(one, shape)
            for one in self._shapes.values()
        )

    @cached_property
    def _pages(self) -> Pages:
        return Pages(self._live)

    @cached_property
    def _before(self) -> Pages:
        return Pages(self._main)

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        with suppress(*DAMAGED), closing(open_sqlite(self._live)) as db:
            return shapes(db)
        return {}

    @cached_property
    def _roots(self) -> list[tuple[str, int]]:
        return _roots(self._live)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {table: place for place, (table, _) in enumerate(self._roots, start=1)}

    @cached_property
    def _owners(self) -> "array[int]":
        return self._pages.owners([root for _, root in self._roots])

    @cached_property
    def _roots_before(self) -> list[tuple[str, int]]:
        return _roots(self._main)

    @cached_property
    def _owners_before(self) -> "array[int]":
        return self._before.owners([root for _, root in self._roots_before])

    def _owner(self, number: int) -> str | None:
        return _named(self._owners, self._roots, number) or self._owner_before(number)

    def _owner_before(self, number: int) -> str | None:
        if self._main == self._live:
            return None
        return _named(self._owners_before, self._roots_before, number)


def _roots(path: Path) -> list[tuple[str, int]]:
    """Tables and their first pages."""
    sql = "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND rootpage > 0"
    try:
        with closing(open_sqlite(path)) as db:
            return [(str(name), int(root)) for name, root in db.execute(sql)]
    except (sqlite3.DatabaseError, ValueError):
        return []


def _named(owners: "array[int]", roots: Sequence[tuple[str, int]], number: int) -> str | None:
    place = owners[number] if number < len(owners) else 0
    return roots[place - 1][0] if place else None


def _overlap(one: Shape, other: Shape) -> bool:
    """Whether some record could be of both tables."""
    return all(
        (a.is_rowid and (b.is_rowid or b.nullable))
        or (b.is_rowid and a.nullable)
        or (
            (not a.is_rowid and not b.is_rowid)
            and ((a.numbers and b.numbers) or (a.texts and b.texts) or (a.nullable and b.nullable))
        )
        for a, b in zip(one.columns, other.columns, strict=False)
    )


def _rows(pages: Pages, page: bytes, shape: Shape) -> Iterator[Found]:
    """The rows of a leaf page, and those in its unused bytes."""
    for cell in pages.cells(page):
        with suppress(Malformed):
            types, start = types_of(cell.payload)
            values = values_of(cell.payload, start, types, pages.encoding)
            yield Found(shape.row(values, cell.rowid), cell.rowid)
    yield from _unused_rows(pages, page, shape)


def _unused_rows(pages: Pages, page: bytes, shape: Shape) -> Iterator[Found]:
    for start, end, freed in unused(page):
        yield from carve(pages, page, (start, min(end, pages.usable)), shape, freed=freed)


def _now(db: sqlite3.Connection, shape: Shape, rowid: int) -> tuple[Any, ...] | None:
    """The row of this number that the table holds; None when it holds none, or it is damaged."""
    names = ", ".join(f'"{name}"' for name in shape.names)
    try:
        row = db.execute(
            f'SELECT {names} FROM "{shape.table}" WHERE rowid = ?', (rowid,)
        ).fetchone()
    except DAMAGED:
        return None
    return None if row is None else tuple(row)


def _forget_live(
    db: sqlite3.Connection, shape: Shape, nameless: dict[tuple[Any, ...], str]
) -> None:
    """Drop the rows without number that the table holds: one pass over it."""
    if not nameless:
        return
    names = ", ".join("NULL" if c.is_rowid else f'"{c.name}"' for c in shape.columns)
    with suppress(*DAMAGED):
        for row in db.execute(f'SELECT {names} FROM "{shape.table}" NOT INDEXED'):
            nameless.pop(tuple(row), None)

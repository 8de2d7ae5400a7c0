"""Carving: the rows that lie in the unused bytes of a page.

A row that is deleted stays where it was until something else is written there; only its first
four bytes are lost at once, where it becomes a freed block. They hold its length, its rowid (or
a part of it) and sometimes the first bytes of the record's header. What is found is taken for a
row when header, types and sizes agree with the table's columns and all its texts are texts.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from faisceau.evidence.recovery.pages import (
    Malformed,
    Pages,
    signed,
    size_of,
    values_of,
    varint,
)
from faisceau.evidence.recovery.shapes import Shape

_LOST = 4
"""Bytes of a freed cell that are written over."""
_PREFIX = 12
"""Bytes before a record's header, at most: its length in three, its rowid in nine."""
_CELLS = 500
_TELLING = 8
"""Bytes of values of a row without its rowid, at least: a few small numbers may be chance."""

Types = tuple[list[int], int]
"""The types of a record's values, and where its header ends."""


@dataclass(frozen=True, slots=True)
class Found:
    """The values of a row, and its rowid where that is left."""

    values: tuple[Any, ...]
    rowid: int | None


def carve(
    pages: Pages, page: bytes, stretch: tuple[int, int], shape: Shape, *, freed: bool
) -> Iterator[Found]:
    """The rows of a table in a stretch of a page; ``freed``: it is a freed block."""
    start, end = stretch
    if not shape.is_telling or end - start < _LOST + len(shape.columns) // 2:
        return
    if not page[start + _LOST * freed : end].strip(b"\x00"):
        return
    place = _Place(pages, page, shape)
    if not freed:
        while (block := place.block(start, end)) is not None:
            end, chain = block
            yield from chain
    elif (rows := place.chain(start, end)) is not None:
        yield from rows
        return
    at = start + (_LOST if freed else 0)
    while (match := shape.header.search(page, at, end)) is not None:
        header = match.start()
        known = shape.header_at(page, header)
        found = None
        if known is not None:
            rowid = place.rowid(header, known, start)
            if rowid is not None or freed or header - start <= _PREFIX:
                found = place.row(header, known, rowid)
        if found is None or not place.is_followed(found[1], end, freed=freed):
            at = header + 1
        else:
            row, at = found
            yield row


@dataclass(frozen=True, slots=True)
class _Place:
    """A page, and the table whose rows are looked for on it."""

    pages: Pages
    page: bytes
    shape: Shape

    def rowid(self, header: int, known: Types, start: int) -> int | None:
        """The rowid before a record's header, if the length before it is the record's."""
        size = _size(header, known)
        for before in range(1, 10):
            at = header - before
            if at <= start or not _ends_at(self.page, at, header):
                continue
            for length in range(1, 4):
                if at - length < start or not _ends_at(self.page, at - length, at):
                    continue
                if varint(self.page, at - length)[0] == size:
                    return signed(varint(self.page, at)[0])
        return None

    def is_followed(self, at: int, end: int, *, freed: bool) -> bool:
        """Whether rows follow a row that ends at ``at``, or the stretch ends there too.

        Cells lie one against the other. Where none follows, something was written over the end
        of the row since, and the last of its values may be anything.
        """
        if at >= end:
            return at == end
        if freed and self.chain(at, end) is not None:
            return True
        try:
            size, rowid = varint(self.page, at)
            _, header = varint(self.page, rowid)
        except Malformed:
            return False
        known = self.shape.header_at(self.page, header)
        return known is not None and _size(header, known) == size

    def block(self, start: int, end: int) -> tuple[int, list[Found]] | None:
        """The freed block that ends a stretch: where it begins, and its rows.

        One that lies first among the cells is not kept in the list of blocks: the cells begin
        after it from then on, and its length still stands in it.
        """
        for at in range(end - _LOST, start - 1, -1):
            if int.from_bytes(self.page[at + 2 : at + 4], "big") == end - at:
                rows = self.chain(at, end)
                if rows is not None:
                    return at, rows
        return None

    def chain(self, start: int, end: int) -> list[Found] | None:
        """The rows that fill a freed block to its last byte, one after the other; None if none do.

        Blocks that touch are joined: each row in them has lost its own first bytes.
        """
        rows: list[Found] = []
        at = start
        while end - at >= _LOST and len(rows) < _CELLS:
            for header, known in self._beheaded(at + _LOST):
                row = None if known is None else self.row(header, known, None)
                # what is left must be nothing, or room for another
                if row is not None and (row[1] == end or row[1] + _LOST <= end):
                    rows.append(row[0])
                    at = row[1]
                    break
            else:
                return None
        return rows if at == end and rows else None

    def _beheaded(self, body: int) -> Iterator[tuple[int, Types | None]]:
        """Where a header may stand of which nothing is left before ``body``, and its types."""
        for more in range(_PREFIX - _LOST + 1):
            yield body + more, self.shape.header_at(self.page, body + more)
        if self.shape.columns[0].is_rowid:
            yield body - 2, self.shape.types_at(self.page, body, 1)
        yield body - 1, self.shape.types_at(self.page, body, 0)
        # a row from before columns were added
        for width in range(len(self.shape.columns) - 1, self.shape.fewest - 1, -1):
            if self.shape.columns[0].is_rowid:
                yield body - 2, self.shape.types_at(self.page, body, 1, width)
            yield body - 1, self.shape.types_at(self.page, body, 0, width)

    def row(self, header: int, known: Types, rowid: int | None) -> tuple[Found, int] | None:
        """The row whose record begins at ``header``, and where it ends on the page.

        None unless all of it is there, it says enough and its texts are texts.
        """
        size = _size(header, known)
        try:
            payload = self.pages.payload(self.page, header, size)
            values = values_of(payload, known[1] - header, known[0], self.pages.encoding)
        except Malformed:
            return None
        telling = rowid is not None or sum(map(size_of, known[0])) >= _TELLING
        if not telling or any("\x00" in value for value in values if isinstance(value, str)):
            return None
        local = self.pages.local(size)
        stop = header + local + 4 * (local < size)
        if self._is_overwritten(known[1], stop):
            return None
        return Found(self.shape.row(values, rowid), rowid), stop

    def _is_overwritten(self, start: int, end: int) -> bool:
        """Whether another row begins within the values of one: it was written over them."""
        while (match := self.shape.header.search(self.page, start, end)) is not None:
            start = match.start() + 1
            inner = self.shape.header_at(self.page, match.start())
            if inner is not None and sum(inner[0]) > sum(kind > 0 for kind in inner[0]):
                with suppress(Malformed):
                    size = _size(match.start(), inner)
                    payload = self.pages.payload(self.page, match.start(), size)
                    begin = inner[1] - match.start()
                    values = values_of(payload, begin, inner[0], self.pages.encoding)
                    if any(isinstance(value, str) and value for value in values):
                        return True
        return False


def _size(header: int, known: Types) -> int:
    """Bytes of a record: its header and its values."""
    types, end = known
    return end - header + sum(map(size_of, types))


def _ends_at(page: bytes, at: int, end: int) -> bool:
    """True when a varint begins at ``at`` and ends before ``end``."""
    inside = page[at:end]
    return all(byte & 0x80 for byte in inside[:-1]) and (inside[-1] < 0x80 or len(inside) == 9)

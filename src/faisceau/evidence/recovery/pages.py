"""Pages of a SQLite file as bytes: trees, free pages, cells and records.

File format: https://www.sqlite.org/fileformat2.html (sections 1.5 free pages, 1.6 b-tree pages,
2.1 records).
"""

import mmap
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAF, INTERIOR = 0x0D, 0x05
_ENCODINGS = {2: "utf-16-le", 3: "utf-16-be"}
_MOST_TABLES = 65_000
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""Bytes of the values of types 0 to 9: NULL, integers, a float, the integers 0 and 1."""


class Malformed(Exception):
    """Bytes that are no page, cell or record."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of a table as it lies in a leaf page: ``payload`` starts with the record's header."""

    rowid: int
    payload: bytes


class Pages:
    """A database file, page by page; numbers begin at 1."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            try:
                self._data: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
            except ValueError:  # an empty file
                self._data = b""
        size = int.from_bytes(self._data[16:18], "big")
        self.size = 65_536 if size == 1 else size
        reserved = self._data[20] if len(self._data) > 20 else 0
        self.usable = self.size - reserved
        if self.size < 512 or self.size & (self.size - 1) or self.usable < 480:
            self.size, self.usable, self._data = 512, 512, b""
        self.encoding = _ENCODINGS.get(int.from_bytes(self._data[56:60], "big"), "utf-8")
        self.count = len(self._data) // self.size

    def page(self, number: int) -> bytes:
        """The bytes of a page. Raises ``Malformed`` when there is no such page."""
        if not 0 < number <= self.count:
            raise Malformed(number)
        return bytes(self._data[(number - 1) * self.size : number * self.size])

    def kind(self, number: int) -> int:
        """The first byte of a page: what it is, where it belongs to a tree."""
        return self._data[(number - 1) * self.size] if 0 < number <= self.count else 0

    def owners(self, roots: Sequence[int]) -> "array[int]":
        """For each page, from which of the roots it is reached: its place from 1 on; else 0."""
        owner = array("H", bytes(2 * (self.count + 1)))
        for place, root in enumerate(roots[:_MOST_TABLES], start=1):
            waiting = [root]
            while waiting:
                number = waiting.pop()
                if not 0 < number <= self.count or owner[number]:
                    continue
                owner[number] = place
                if self.kind(number) == INTERIOR:
                    waiting += children(self.page(number))
        return owner

    def free(self) -> Iterator[tuple[int, int]]:
        """The pages of the free list: number, and where on it free bytes begin."""
        seen: set[int] = set()
        trunk = int.from_bytes(self._data[32:36], "big")
        while 0 < trunk <= self.count and trunk not in seen:
            seen.add(trunk)
            page = self.page(trunk)
            after, n = struct.unpack_from(">II", page)
            n = min(n, self.size // 4 - 2)
            yield trunk, 8 + 4 * n
            for leaf in struct.unpack_from(f">{n}I", page, 8):
                if 0 < leaf <= self.count and leaf not in seen:
                    seen.add(leaf)
                    yield leaf, 0
            trunk = after

    def payload(self, page: bytes, at: int, size: int) -> bytes:
        """``size`` bytes of a cell's content that begins at ``at``, overflow pages followed.

        Raises ``Malformed`` when they are not there.
        """
        local = self.local(size)
        if at + local + 4 * (local < size) > self.usable or size > self.count * self.size:
            raise Malformed(size)
        if local == size:
            return page[at : at + size]
        pieces, left = [page[at : at + local]], size - local
        number = int.from_bytes(page[at + local : at + local + 4], "big")
        while left > 0:
            more = self.page(number)
            pieces.append(more[4 : 4 + min(left, self.usable - 4)])
            left -= len(pieces[-1])
            number = int.from_bytes(more[:4], "big")
        return b"".join(pieces)

    def local(self, size: int) -> int:
        """How many of the ``size`` bytes of a cell's content lie in its own page (1.6)."""
        most = self.usable - 35
        if size <= most:
            return size
        least = (self.usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (self.usable - 4)
        return local if local <= most else least

    def cells(self, page: bytes) -> Iterator[Cell]:
        """The rows of a leaf page. Raises ``Malformed`` when it is none."""
        for at in pointers(page):
            size, start = varint(page, at)
            rowid, start = varint(page, start)
            yield Cell(signed(rowid), self.payload(page, start, size))


def pointers(page: bytes) -> Sequence[int]:
    """Where the cells of a page begin. Raises ``Malformed`` when they cannot."""
    if page[0] not in (LEAF, INTERIOR):
        raise Malformed(page[0])
    n = int.from_bytes(page[3:5], "big")
    start = 8 if page[0] == LEAF else 12
    if start + 2 * n > len(page):
        raise Malformed(n)
    found = struct.unpack_from(f">{n}H", page, start)
    if any(not start + 2 * n <= at < len(page) - 3 for at in found):
        raise Malformed(n)
    return found


def children(page: bytes) -> list[int]:
    """The pages under an interior page; none when it is malformed."""
    try:
        under = [int.from_bytes(page[at : at + 4], "big") for at in pointers(page)]
    except Malformed:
        return []
    return [*under, int.from_bytes(page[8:12], "big")]


def unused(page: bytes) -> Iterator[tuple[int, int, bool]]:
    """Start and end of the stretches of a leaf page that no row lies in; whether a freed block.

    The first four bytes of a freed block were written over: they link it to the next.
    """
    n = int.from_bytes(page[3:5], "big")
    content = int.from_bytes(page[5:7], "big") or 65_536
    gap = 8 + 2 * n
    if gap < content <= len(page):
        yield gap, content, False
    at, seen = int.from_bytes(page[1:3], "big"), 0
    while gap <= at <= len(page) - 4 and seen < len(page) // 4:
        after, size = struct.unpack_from(">HH", page, at)
        if size < 4 or at + size > len(page):
            return
        yield at, at + size, True
        if after <= at:
            return
        at, seen = after, seen + 1


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of up to nine bytes, and where it ends. Raises ``Malformed``."""
    value = 0
    for place in range(9):
        if at >= len(data):
            raise Malformed(at)
        byte, at = data[at], at + 1
        if place == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    raise Malformed(at)  # pragma: no cover - nine bytes always end it


def signed(value: int) -> int:
    """A varint of 64 bits as the signed number that it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def types_of(payload: bytes, at: int = 0) -> tuple[list[int], int]:
    """The types of a record's values, and where the values begin. Raises ``Malformed``."""
    size, here = varint(payload, at)
    end = at + size
    if not here <= end <= len(payload):
        raise Malformed(size)
    types = []
    while here < end:
        kind, here = varint(payload, here)
        types.append(kind)
    if here != end or 10 in types or 11 in types:
        raise Malformed(end)
    return types, end


def size_of(kind: int) -> int:
    """Bytes of a value, by its type."""
    return _SIZES[kind] if kind < 10 else (kind - 12) // 2


def values_of(data: bytes, at: int, types: Sequence[int], encoding: str) -> list[Any]:
    """The values of a record whose bytes begin at ``at``. Raises ``Malformed``.

    Text that is none in the database's encoding is taken as damage.
    """
    values: list[Any] = []
    for kind in types:
        raw = data[at : at + size_of(kind)]
        if len(raw) != size_of(kind):
            raise Malformed(at)
        at += len(raw)
        values.append(_value(kind, raw, encoding))
    return values


def _value(kind: int, raw: bytes, encoding: str) -> Any:
    if kind == 0:
        return None
    if kind <= 6:
        return int.from_bytes(raw, "big", signed=True)
    if kind == 7:
        number = struct.unpack(">d", raw)[0]
        return None if number != number else number  # SQLite takes NaN for NULL  # noqa: PLR0124
    if kind in (8, 9):
        return kind - 8
    if kind % 2 == 0:
        return raw
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Malformed(kind) from error


def log_frames(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each page in a write-ahead log, also of those written before (4.1)."""
    with path.open("rb") as file:
        header = file.read(32)
        if header[:3] != b"\x37\x7f\x06" or int.from_bytes(header[8:12], "big") != size:
            return
        while len(frame := file.read(24 + size)) == 24 + size:
            yield int.from_bytes(frame[:4], "big"), frame[24:]


def journal_pages(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each page in a rollback journal (3): also one that was emptied.

    An application that keeps its journal writes zeros over the header and leaves the pages.
    """
    with path.open("rb") as file:
        header = file.read(28)
        sector = int.from_bytes(header[20:24], "big") or 512
        if sector & (sector - 1) or not 512 <= sector <= 65_536:
            return
        file.seek(sector)
        while len(record := file.read(8 + size)) == 8 + size:
            yield int.from_bytes(record[:4], "big"), record[4:-4]

"""Old Excel files (``.xls``) that damage would make a danger: they are told before they are read.

The library lays each sheet out as a full table before it gives a row: one damaged column number
asks for more memory than there is, and the process dies. Here the records alone are walked.
Format: [MS-CFB] 2.2; [MS-XLS] 2.1.4 (a record: type and length, two bytes each), 2.4 and 2.5 (row
and column of a cell).
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from olefile import OleFileIO  # type: ignore[import-untyped]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ROWS, COLUMNS = 65_536, 256
"""Of a sheet, at most, as the format has it."""
LAID_OUT = 1 << 22
"""Cells of a sheet, empty ones among them, that may be laid out whatever it holds."""
EMPTY = 200
"""Empty cells for each that holds something, at most, in a larger one."""

_BOF, _SHEET, _STRINGS, _EXTENT = 0x0809, 0x0085, 0x00FC, 0x0200
_CELLS = frozenset([0x0006, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E])
"""Formula, rich string, label of the string table, blank, number, label, boolean, RK."""
_SEVERAL = frozenset([0x00BD, 0x00BE])
"""Several RK or blank cells of one row; the last column stands at the end."""
_HEADER, _SECTOR, _COUNTS = 512, 512, (40, 44, 64, 72)
"""Of the compound file: bytes of its header and of a sector; where counts of sectors stand."""
_Record = tuple[int, int, int]


def harmless(path: Path) -> bool:
    """True for a workbook that can be read in the memory its size promises, and for other files."""
    with path.open("rb") as stream:
        start = stream.read(_HEADER)
    if not start.startswith(OLE):
        return True
    try:
        counts = [struct.unpack_from("<I", start, at)[0] for at in _COUNTS]
        if max(counts) * _SECTOR > path.stat().st_size:
            return False
        with OleFileIO(path) as ole:
            return _is_whole(ole, path.stat().st_size) and _is_sound(_records_of(ole))
    except (OSError, ValueError, TypeError, LookupError, AttributeError, struct.error):
        return False  # of a compound file that is damaged, in one of many ways


def _is_whole(ole: OleFileIO, size: int) -> bool:
    """True for a compound file whose streams are no longer than itself, and come to an end."""
    listed = [entry for entry in ole.direntries if entry is not None]
    ole.loadminifat()
    starts = [ole.first_dir_sector, ole.first_mini_fat_sector, *(e.isectStart for e in listed)]
    whole = all(_ends(fat, each) for fat in (ole.fat, ole.minifat) for each in starts)
    return whole and max(entry.size for entry in listed) <= size


def _records_of(ole: OleFileIO) -> bytes:
    """The stream of a workbook; ``LookupError`` where there is none."""
    name = [n for n in ("Workbook", "Book") if ole.exists(n)][0]  # noqa: RUF015 - LookupError
    return bytes(ole.openstream(name).read())


def _ends(fat: Sequence[int], sector: int) -> bool:
    """True for a chain of sectors that comes to an end; one that turns in a circle never would."""
    for _ in range(len(fat) + 1):
        if sector >= len(fat):
            return True
        sector = fat[sector]
    return False


def _is_sound(data: bytes) -> bool:
    begun: set[int] = set()
    sheets: list[int] = []
    rows = columns = cells = 0
    for kind, at, size in _records(data):
        if kind == _BOF:
            if not _fits(rows, columns, cells):
                return False
            begun.add(at - 4)
            rows = columns = cells = 0
        elif kind == _SHEET and size >= 4:
            sheets.append(struct.unpack_from("<I", data, at)[0])
        elif kind == _STRINGS and size >= 8:
            if struct.unpack_from("<I", data, at + 4)[0] > len(data):
                return False
        elif kind == _EXTENT and size >= 12:
            first, last, left, right = struct.unpack_from("<IIHH", data, at)
            if max(first, last) > ROWS or max(left, right) > COLUMNS:
                return False
        elif (kind in _CELLS or kind in _SEVERAL) and size >= 6:
            row, column = struct.unpack_from("<HH", data, at)
            if kind in _SEVERAL:
                column = max(column, struct.unpack_from("<H", data, at + size - 2)[0])
            rows, columns, cells = max(rows, row + 1), max(columns, column + 1), cells + 1
    return _fits(rows, columns, cells) and begun.issuperset(sheets)


def _fits(rows: int, columns: int, cells: int) -> bool:
    """True for a sheet that may be laid out as a table."""
    return columns <= COLUMNS and rows * columns <= max(LAID_OUT, EMPTY * cells)


def _records(data: bytes) -> Iterator[_Record]:
    """Type, place and size of each record of a stream; up to the first that is cut."""
    at = 0
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("<HH", data, at)
        at += 4
        if at + size > len(data):
            return
        yield kind, at, size
        at += size

"""How far the cells of a workbook reach: told before it is read.

The library lays each sheet out as a full table, from its first cell to its last: one cell in the
last column and row asks for 17,179,869,184 cells, and the process dies. The old form has its own
check (:mod:`old_excel`). Format: ECMA-376 part 1, 18.3.1.4 (``c``) and 18.3.1.73 (``row``).
"""

import re
import zipfile
from pathlib import Path

from faisceau.evidence import old_excel

AREA = 1 << 24
"""Cells that a sheet may span, empty ones among them, whatever it holds: half a gigabyte."""
SPARSE = 20
"""Cells spanned for each that is there, at most, in a larger one."""

_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]{0,200}?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_BLOCK = 4 << 20
_TAG = 512
"""Bytes of a tag, at most, that may stand across two blocks."""


def harmless(path: Path) -> bool:
    """True for a workbook that can be read in the memory its size promises, and for other files."""
    if not old_excel.harmless(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = [name for name in archive.namelist() if _SHEET.fullmatch(name)]
            return all(_is_dense(archive, name) for name in sheets)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return True  # no zip, or a damaged one: the library says so


def _is_dense(archive: zipfile.ZipFile, name: str) -> bool:
    """True where the table that a sheet spans is not far larger than what it holds."""
    columns: set[bytes] = set()
    first, last, cells, rest = 1 << 24, 0, 0, b""
    with archive.open(name) as sheet:
        while block := sheet.read(_BLOCK):
            found = _CELL.findall(rest + block)
            rest = (rest + block)[-_TAG:]
            if found:
                cells += len(found)
                columns.update(column for column, _ in found)
                rows = [int(found[0][1]), int(found[-1][1]), max(int(row) for _, row in found)]
                first, last = min(first, *rows), max(last, *rows)
    spanned = [_number(column) for column in columns]
    if not spanned:
        return True
    area = (max(spanned) - min(spanned) + 1) * (last - first + 1)
    return area <= max(AREA, SPARSE * cells)


def _number(column: bytes) -> int:
    """``A`` 1, ``Z`` 26, ``AA`` 27."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number

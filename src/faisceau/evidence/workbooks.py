"""Workbooks, opened by calamine once it is known that they do no harm.

The library lays each sheet out as a full table, from its first cell to its last: one cell in the
last column and row asks for 17,179,869,184 cells, and the process dies. The old form has its own
check (:mod:`old_excel`). Format: ECMA-376 part 1, 18.3.1.4 (``c``) and 18.3.1.73 (``row``).
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, load_workbook

from faisceau.evidence import old_excel
from faisceau.evidence.broken import BROKEN

LARGEST = 2 << 30
"""Bytes, unfolded; a larger workbook is none that a program can open."""
AREA = 1 << 25
"""Cells that a sheet may span, empty ones among them, whatever it holds: under a gigabyte."""
SPARSE = 20
"""Cells spanned for each that is there, at most, in a larger one."""

_ROW = b' r="([0-9]{1,7})"'
_CELL = b' r="([A-Z]{1,3})([0-9]{1,7})"'
_WIDE = _CELL.replace(b"{1,3}", b"{2,3}")
"""The name of a cell beyond column Z. A row's name is a number, a cell's begins with letters."""
_LETTERS = 26
_ODD = (b"\tr=", b"\nr=", b"\rr=", b"r='")
"""Other ways to write the same, which nobody's program does and which are searched slowly."""
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_BLOCK = 4 << 20
_TAG = 512
"""Bytes of a tag, at most, that may stand across two blocks."""


class Unreadable(Exception):
    """What the library says of a workbook or sheet that it cannot read."""


class TooLarge(Unreadable):
    """A workbook that unfolds to more than ``LARGEST``: ``size`` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__("larger than 2 GB when unfolded")
        self.size = size


@contextmanager
def surviving() -> Iterator[None]:
    """Make the library's failures ``Unreadable``, panics among them."""
    try:
        yield
    except (CalamineError, OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
        raise Unreadable(str(error)[:200]) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the library, no ``Exception`` to Python
            raise
        raise Unreadable(str(error)[:200]) from error


def opened(path: Path) -> CalamineWorkbook:
    """A workbook of either form, if it can be read in the memory that its size promises.

    Raises ``Unreadable``, ``TooLarge``.
    """
    if not harmless(path):
        raise Unreadable("damaged, or its cells lie too far apart")
    with surviving():
        return load_workbook(path)


def harmless(path: Path) -> bool:
    """False for a workbook that would take more memory than its size promises.

    Raises ``TooLarge``. What is no zip, or a damaged one, is left to the library.
    """
    if not old_excel.harmless(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > LARGEST:
                raise TooLarge(size)
            sheets = [name for name in archive.namelist() if _SHEET.fullmatch(name)]
            return all(_is_dense(archive, name) for name in sheets)
    except BROKEN:
        return True


def _is_dense(archive: zipfile.ZipFile, name: str) -> bool:
    """True where the table that a sheet spans is not far larger than what it holds."""
    width, first, last, cells, rest = _LETTERS, 1 << 24, 0, 0, b""
    with archive.open(name) as sheet:
        while block := sheet.read(_BLOCK):
            block, rest = rest + block, block[-_TAG:]
            cells += block.count(b"<c ") + block.count(b":c ")
            numbers = _found(_ROW, block)
            named = _found(_WIDE if numbers else _CELL, block)  # a row may have no number
            numbers += [number for _, number in named]
            width = max([width, *map(_number, {column for column, _ in named})])
            first, last = min([first, *map(int, numbers)]), max([last, *map(int, numbers)])
    return width * max(last - first + 1, 0) <= max(AREA, SPARSE * cells)


def _found(pattern: bytes, block: bytes) -> list[Any]:
    if any(odd in block for odd in _ODD):
        pattern = pattern.replace(b' r="', rb"\sr=[\"']").replace(b')"', rb")[\"']")
    return re.findall(pattern, block)


def _number(column: bytes) -> int:
    """``A`` 1, ``Z`` 26, ``AA`` 27."""
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number

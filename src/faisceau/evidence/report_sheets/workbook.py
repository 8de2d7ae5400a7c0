"""Excel and CSV files as tables: a header somewhere among the first rows, and what follows it."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any

from python_calamine import CalamineWorkbook

from faisceau.errors import BadInput
from faisceau.evidence.encoding import encoding_of
from faisceau.evidence.old_excel import OLE
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.workbooks import Unreadable, opened, surviving
from faisceau.words import N_

TITLES = 12
"""Rows that may stand before the header: title, case, remarks."""
TASTED = 5000
"""Rows by which a table tells whether days or months come first."""
LONGEST_CELL = 16 << 20
_DELIMITERS = (",", ";", "\t", "|")
_PARTS = (b"[Content_Types].xml", b"xl/", b"_rels/", b"docProps/")

Cells = Sequence[Any]
Lines = Iterator[tuple[int, Cells]]
"""Row number from 1, and its cells: text, numbers, times, None."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet under its header; ``name`` is empty for a CSV file."""

    name: str
    title: str
    headers: tuple[str, ...]
    rows: Lines

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Row number and cells by header; empty cells and empty rows are left out."""
        for number, cells in self.rows:
            said = {
                header: cell
                for header, cell in zip(self.headers, cells, strict=False)
                if header and cell is not None and cell != ""
            }
            if said:
                yield number, said


def is_workbook(head: Head) -> bool:
    """True for an Excel file: by its zip members, or the old binary form by its beginning."""
    if head.start.startswith(OLE):
        return head.name.lower().endswith(".xls")
    start = head.start[:4096]
    return start.startswith(b"PK\x03\x04") and any(part in start for part in _PARTS)


def mapped(head: Head) -> bool:
    """True where the person said how the columns are called: then it is no tool's own table."""
    wishes = head.wishes
    return bool(wishes.columns) or wishes.as_table is not None or wishes.profile is not None


def sheet_names(head: Head) -> list[str]:
    """The names of the sheets of a workbook; none when it cannot be opened."""
    try:
        return list(opened(head.member.local()).sheet_names)
    except Unreadable:
        return []


def first_rows(head: Head, sheet: str) -> list[tuple[int, Cells]]:
    """The first rows of a sheet; none when it cannot be read."""
    try:
        return list(islice(_rows(opened(head.member.local()), sheet), TITLES + 1))
    except Unreadable:
        return []


def sheets(source: Source) -> Iterator[tuple[str, Lines]]:
    """Each sheet of a workbook and its rows. Raises ``BadInput`` when it cannot be opened."""
    try:
        book = opened(source.path())
    except Unreadable as error:
        raise BadInput(
            N_("{name} is not a readable workbook: {why}"), name=source.name, why=error
        ) from error
    for name in book.sheet_names:
        try:
            yield name, _rows(book, name)
        except Unreadable as error:
            source.reject(name, N_("an unreadable sheet: {why}"), why=error)


def _rows(book: CalamineWorkbook, name: str) -> Lines:
    with surviving():
        sheet = book.get_sheet_by_name(name)
        first = sheet.start[0] if sheet.start else 0
        rows = sheet.iter_rows()
    return ((number, [_cell(c) for c in cells]) for number, cells in enumerate(rows, first + 1))


def _cell(cell: Any) -> Any:
    """Numbers that are whole are no ``336.0``; a phone number must not be one."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, (datetime, date, time, timedelta)):
        return cell
    return None if cell is None else str(cell)


def text_rows(source: Source) -> Lines:
    """The rows of a CSV file of any encoding and delimiter; a cell may hold line ends."""
    encoding = source.head.encoding
    if encoding is None:
        raise BadInput(N_("{name} is not a text file"), name=source.name)
    delimiter = delimiter_of(source.head.text)
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        with source.open() as raw, io.TextIOWrapper(raw, encoding, "replace", newline="") as text:
            reader = csv.reader(_without_nul(text), delimiter=delimiter)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    source.reject(f"line {line}", N_("unreadable: {why}"), why=error)
                    continue
                yield line, [cell.removeprefix("\ufeff") for cell in cells]
    finally:
        csv.field_size_limit(before)


def text_head(head: Head) -> list[tuple[int, Cells]]:
    """The first rows of a CSV file, by its beginning; none where it is no text."""
    if encoding_of(head.start[:1024]) is None or not head.text:
        return []
    reader = csv.reader(io.StringIO(head.text, newline=""), delimiter=delimiter_of(head.text))
    try:
        return list(enumerate(islice(reader, TITLES + 1), start=1))
    except csv.Error:
        return []


def delimiter_of(text: str) -> str:
    """The delimiter of a CSV text: the commonest in the fullest of its first lines."""
    lines = text[:16384].splitlines()[:TITLES]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0]) == 5:
        return lines[0][4]
    return max(_DELIMITERS, key=lambda mark: max((line.count(mark) for line in lines), default=0))


def header_of(rows: Iterable[tuple[int, Cells]], known: Callable[[str], bool]) -> int | None:
    """Number of the row that is the header: most of its cells are text, and three are known."""
    for number, cells in rows:
        named = [str(cell).strip() for cell in cells if cell is not None and str(cell).strip()]
        if len(named) >= 2 and sum(map(known, named)) >= min(3, len(named)):
            return number
        if number > TITLES:
            break
    return None


def tasted(rows: Lines) -> tuple[list[tuple[int, Cells]], Lines]:
    """Some rows to see how a table is written, and all of its rows."""
    some = list(islice(rows, TASTED))
    return some, chain(some, rows)


def table(name: str, rows: Lines, known: Callable[[str], bool]) -> Table | None:
    """The table of a sheet; None when no header is among its first rows."""
    title = ""
    for number, cells in rows:
        if header_of([(number, cells)], known) is not None:
            headers = [str(cell).strip() if cell is not None else "" for cell in cells]
            return Table(name, title, _once(headers), rows)
        title = title or next((str(c) for c in cells if c not in (None, "")), "")
        if number > TITLES:
            return None
    return None


def _once(headers: Sequence[str]) -> tuple[str, ...]:
    """Headers as written; a repeated one gets its number."""
    seen: dict[str, int] = {}
    for n, header in enumerate(headers):
        seen.setdefault(header, n)
    return tuple(h if seen[h] == n or not h else f"{h} ({n + 1})" for n, h in enumerate(headers))


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    return (line.replace("\0", "\ufffd") for line in lines)

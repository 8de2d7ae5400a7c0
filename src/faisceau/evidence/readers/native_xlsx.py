"""Native tables as spreadsheets: Excel (.xlsx, .xlsb, .xls) and OpenDocument (.ods), every sheet.

Formats: ECMA-376 (Office Open XML), MS-XLS, OASIS OpenDocument; read by calamine. Each sheet is a
table of its own: its header is looked for in its first rows, its rows are those of the table that
the header tells. A sheet whose headers tell none is one reject. Formulas give the values they had
when the file was saved.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook

from faisceau.errors import BadInput
from faisceau.evidence.native import (
    Layout,
    Piece,
    batches,
    check_wishes,
    chosen_layout,
    recognised,
)
from faisceau.evidence.native.headers import named
from faisceau.evidence.native.sheets import columns, words
from faisceau.evidence.old_excel import OLE
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.evidence.workbooks import TooLarge, Unreadable, opened, surviving
from faisceau.tables.schemas import TABLES, Batch
from faisceau.words import N_

FILLS = list(TABLES.values())
NATIVE = True
PREAMBLE = 40
"""Rows, at most, among which the header is looked for."""
ROWS = 16_384
"""Rows of one batch."""
_ZIPPED = (b"[Content_Types].xml", b"xl/", b"application/vnd.oasis.opendocument.spreadsheet")


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet and where its header stands: the row (from 0) and the headers; None: nowhere."""

    name: str
    rows: CalamineSheet
    at: int | None
    headers: tuple[str, ...]


def detect(head: Head) -> bool:
    """True when a sheet has the anchors of one table; with ``--as``, for any spreadsheet."""
    check_wishes(head.wishes)
    if not _may_be_one(head.start):
        return False
    try:
        book = _opened(head.member.local())
    except BadInput:  # reading it says why
        return True
    if book is None:
        return False
    if head.wishes.as_table is not None:
        return True
    return any(sheet.at is not None for sheet in _sheets(book, head.wishes))


def read(source: Source) -> Iterator[Batch]:
    """The rows of every sheet; empty rows and empty sheets are neither rows nor rejects."""
    book = _opened(source.path())
    if book is None:
        raise BadInput(N_("{name} is not a readable spreadsheet"), name=source.name)
    sheets = [sheet for sheet in _sheets(book, source.wishes) if sheet.headers]
    if not sheets:
        raise BadInput(N_("{name} holds no row"), name=source.name)
    if all(sheet.at is None for sheet in sheets):
        chosen_layout(sheets[0].headers, source.wishes, source.name)  # says what is missing
    for sheet in sheets:
        if sheet.at is None:
            reason = N_("the headers of this sheet tell no table: {headers}")
            where = f"sheet {sheet.name}"
            source.reject(where, reason, raw=_shown(sheet), headers=sheet.headers[:20])
            continue
        yield from _sheet_rows(source, sheet, sheet.at)


def _sheet_rows(source: Source, sheet: _Sheet, at: int) -> Iterator[Batch]:
    layout = chosen_layout(sheet.headers, source.wishes, f"{source.name} ({sheet.name})")
    before = sum(any(map(words, row)) for row in islice(sheet.rows.iter_rows(), at))
    if before:
        source.leave(N_("lines before the header"), before)
    yield from batches(source, lambda: _pieces(sheet, at, layout))


def _pieces(sheet: _Sheet, at: int, layout: Layout) -> Iterator[Piece]:
    rows = enumerate(sheet.rows.iter_rows(), 1)
    below = islice(rows, at + 1, None)
    where = [n for n, header in enumerate(sheet.headers) if header in set(layout.wanted)]
    others = [*layout.left, *layout.unknown]
    place = {header: n for n, header in enumerate(sheet.headers)}
    while block := list(islice(below, ROWS)):
        kept = [(number, row) for number, row in block if any(cell != "" for cell in row)]
        if not kept:
            continue
        told = [row for _, row in kept]
        seen = {h: sum(_filled(row, place[h]) for row in told) for h in others}
        locators = pa.array([f"{sheet.name}!{number}" for number, _ in kept], pa.string())
        cells = columns(told, sheet.headers, layout) if where else pa.table({})
        yield Piece(layout, cells, locators, seen={h: n for h, n in seen.items() if n})


def _filled(row: Sequence[Any], n: int) -> bool:
    return n < len(row) and row[n] not in ("", None)


def _may_be_one(start: bytes) -> bool:
    if start.startswith(OLE):
        return True
    return start.startswith(b"PK\x03\x04") and any(mark in start for mark in _ZIPPED)


def _opened(path: Path) -> CalamineWorkbook | None:
    """The workbook; None where it is none. ``BadInput`` where it would fill the memory."""
    try:
        return opened(path)
    except TooLarge as error:
        raise BadInput(
            N_("{name} is a spreadsheet of {n} bytes: refused"), name=path.name, n=error.size
        ) from error
    except Unreadable:
        return None


def _sheets(book: CalamineWorkbook, wishes: Wishes) -> Iterator[_Sheet]:
    """The sheets that can be read, each with its header."""
    for name in book.sheet_names:
        with suppress(Unreadable), surviving():  # a chart, a macro, or damage
            yield _headed(name, book.get_sheet_by_name(name), wishes)


def _headed(name: str, rows: CalamineSheet, wishes: Wishes) -> _Sheet:
    first: tuple[str, ...] = ()
    skip = wishes.profile.skip if wishes.profile is not None else 0
    for at, row in enumerate(islice(rows.iter_rows(), skip, skip + PREAMBLE), skip):
        texts = [words(cell).strip() for cell in row]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        headers = named(texts)
        first = first or headers
        if recognised(headers, wishes):
            return _Sheet(name, rows, at, headers)
    return _Sheet(name, rows, None, first)


def _shown(sheet: _Sheet) -> str:
    lines = (" | ".join(map(words, row)) for row in islice(sheet.rows.iter_rows(), 5))
    return "\n".join(lines)

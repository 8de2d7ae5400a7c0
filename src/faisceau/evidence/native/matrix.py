"""Adjacency matrices as ties: who called whom, and how often.

Layout: a first line of labels (its first cell empty or a title; R's ``write.table`` leaves that
cell out), then one line per caller, its label first; a cell is a number of calls, empty or 0 for
none. A symmetric matrix says each tie twice and is read once. Labels are kept as the file has
them. The form is that of UCINET's and others' CSV exports of covert networks
(https://sites.google.com/site/ucinetsoftware/datasets).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from faisceau.errors import BadInput
from faisceau.words import N_

MOST = 2**53
"""Calls in a cell, at most: beyond, a number read as a decimal is no longer exact."""
NOT_A_NUMBER = N_("A cell of the matrix is not a number of calls")
WRONG_WIDTH = N_("The line has more or fewer cells than the matrix has columns")
UNKNOWN_ROW = N_("The line begins with a label that no column has")
TWICE = N_("The line begins with a label that an earlier line has")


@dataclass(frozen=True, slots=True)
class Tie:
    """One cell that is not zero: line (from 1) and column (from 1) of the file."""

    caller: str
    callee: str
    count: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be read: the line, the column where one cell is wrong, why, the raw text."""

    line: int
    column: int | None
    reason: str
    raw: str


@dataclass
class _Matrix:
    """What is known of a matrix while its lines go by."""

    labels: Sequence[str]
    known: frozenset[str]
    ties: list[Tie] = field(default_factory=list)
    callers: set[str] = field(default_factory=set)
    """Labels whose line was read."""
    wrong: set[tuple[str, str]] = field(default_factory=set)
    """Cells that were not."""


def read_matrix(lines: Iterable[tuple[int, Sequence[str]]], name: str) -> Iterator[Tie | Refused]:
    """The ties of a matrix, and what is refused; ``lines``: number in the file, and cells.

    Raises ``BadInput`` when the first line does not hold each label once, or no other line begins
    with one of them.
    """
    matrix: _Matrix | None = None
    head: Sequence[str] | None = None
    waiting: list[Refused] = []  # until a line shows that it is a matrix at all
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if head is None:
            head = cells
            continue
        if matrix is None:
            matrix = _begun(head, len(cells), name)
        for read in _line(matrix, number, cells):
            if isinstance(read, Refused):
                waiting.append(read)
            else:
                matrix.ties.append(read)
        if matrix.callers:
            yield from waiting
            waiting.clear()
    if matrix is None or not matrix.callers:
        raise _no_matrix(name)
    yield from _once(matrix)


def _no_matrix(name: str) -> BadInput:
    return BadInput(
        N_("{name} is no adjacency matrix: its first line and column must hold each label once"),
        hint=N_("Without --layout matrix, a list of calls is expected"),
        name=name,
    )


def _begun(head: Sequence[str], width: int, name: str) -> _Matrix:
    """The matrix that ``head`` begins; the line below it has ``width`` cells."""
    cells = head if width == len(head) + 1 else head[1:]
    labels = [cell.strip() for cell in cells]
    if not all(labels) or len(set(labels)) != len(labels) or not labels:
        raise _no_matrix(name)
    return _Matrix(labels, frozenset(labels))


def _line(matrix: _Matrix, line: int, cells: Sequence[str]) -> Iterator[Tie | Refused]:
    raw = ",".join(cells)[:200]
    caller = cells[0].strip()
    if len(cells) != len(matrix.labels) + 1:
        yield Refused(line, None, WRONG_WIDTH, raw)
        return
    if caller not in matrix.known or caller in matrix.callers:
        yield Refused(line, None, TWICE if caller in matrix.known else UNKNOWN_ROW, raw)
        return
    matrix.callers.add(caller)
    for column, (callee, cell) in enumerate(zip(matrix.labels, cells[1:], strict=True), start=2):
        count = _count(cell.strip())
        if count is None:
            matrix.wrong.add((caller, callee))
            yield Refused(line, column, NOT_A_NUMBER, cell[:200])
        elif count:
            yield Tie(caller, callee, count, line, column)


def _count(cell: str) -> int | None:
    """A number of calls; None when it is none."""
    try:
        number = float(cell.replace(",", ".") or 0)
    except ValueError:
        return None
    return int(number) if 0 <= number <= MOST and number.is_integer() else None


def _once(matrix: _Matrix) -> Iterator[Tie]:
    """All ties, or each pair once when the matrix says the same in both directions.

    A cell that could not be read contradicts nothing.
    """
    counts = {(tie.caller, tie.callee): tie.count for tie in matrix.ties}
    symmetric = all(
        counts.get((callee, caller), 0) == n
        for (caller, callee), n in counts.items()
        if callee in matrix.callers and (callee, caller) not in matrix.wrong
    )
    told: set[tuple[str, str]] = set()
    for tie in matrix.ties:
        if symmetric and (tie.callee, tie.caller) in told:
            continue
        told.add((tie.caller, tie.callee))
        yield tie

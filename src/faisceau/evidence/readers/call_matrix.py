"""Adjacency matrices (CSV) as calls: a cell is the number of calls from its line to its column.

Read when a person says that a file is one (``--layout matrix``): nothing in it tells what its
numbers count. A symmetric matrix is read once; labels stay as the file has them. The layout is
told in ``native.matrix``.
"""

import csv
from collections.abc import Iterator, Sequence

import pyarrow as pa

from faisceau.errors import BadInput
from faisceau.evidence.native.lines import line_end, read_lines, text_encoding
from faisceau.evidence.native.matrix import Refused, Tie, read_matrix
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CALL, Batch
from faisceau.words import N_

FILLS = [CALL]
NATIVE = True
DELIMITERS = (",", ";", "\t", "|")
ROWS = 65_536


def detect(head: Head) -> bool:
    """Never by itself: a person says that a file is a matrix of calls."""
    del head
    return False


def read(source: Source) -> Iterator[Batch]:
    """One call per cell that is not zero; a cell or line that cannot be read is a reject."""
    ties: list[Tie] = []
    for found in read_matrix(_lines(source), source.name):
        if isinstance(found, Refused):
            where = _where(found.line, found.column)
            source.reject(where, found.reason, schema=CALL, raw=found.raw)
            continue
        ties.append(found)
        if len(ties) == ROWS:
            yield _batch(ties)
            ties = []
    if ties:
        yield _batch(ties)


def _lines(source: Source) -> Iterator[tuple[int, Sequence[str]]]:
    """Number and cells of each line; quoted cells hold no line ends."""
    encoding = text_encoding(source.head)
    if encoding is None:
        raise BadInput(
            N_("{name} is no text: an adjacency matrix is read from CSV"),
            hint=N_("Save the sheet as CSV and add that file"),
            name=source.name,
        )
    start = source.head.start.decode(encoding, "replace")
    delimiter = ""
    for lines in read_lines(source, encoding, line_end(start)):
        for reject in lines.rejects:
            source.reject(reject.locator, reject.reason, schema=CALL, raw=reject.raw)
        texts = lines.data.decode("utf-8", "replace").split("\n")
        for number, text in enumerate(texts, lines.first):
            if not text.strip():
                continue
            delimiter = delimiter or max(DELIMITERS, key=text.count)
            try:
                yield number, next(csv.reader([text.rstrip("\r")], delimiter=delimiter))
            except csv.Error as error:
                reason = N_("The line cannot be cut into cells: {why}")
                where = _where(number, None)
                source.reject(where, reason, schema=CALL, raw=text[:200], why=str(error))


def _where(line: int, column: int | None) -> str:
    return f"line {line}" if column is None else f"line {line} column {column}"


def _batch(ties: Sequence[Tie]) -> Batch:
    columns = pa.RecordBatch.from_pydict(
        {
            "caller": pa.array([tie.caller for tie in ties], pa.string()),
            "callee": pa.array([tie.callee for tie in ties], pa.string()),
            "count": pa.array([tie.count for tie in ties], pa.int64()),
        }
    )
    return Batch(CALL, columns, pa.array([_where(t.line, t.column) for t in ties], pa.string()))

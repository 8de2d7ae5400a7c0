"""Native tables as Parquet: columns of any type, cast to those of the table.

Format: https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from faisceau.errors import BadInput
from faisceau.evidence.native import (
    Layout,
    Piece,
    batches,
    check_wishes,
    chosen_layout,
    guessed,
)
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import TABLES, Batch
from faisceau.words import N_

FILLS = list(TABLES.values())
NATIVE = True
MAGIC = b"PAR1"
ROWS = 65_536


def detect(head: Head) -> bool:
    """True when the columns hold the anchors of one table; with ``--as``, for any Parquet file."""
    check_wishes(head.wishes)
    if not head.start.startswith(MAGIC):
        return False
    if head.wishes.as_table is not None:
        return True
    try:
        names = pq.read_schema(head.member.local()).names
    except (pa.ArrowException, OSError, UnicodeError):
        return False
    return guessed(list(dict.fromkeys(names)), head.wishes) is not None


def read(source: Source) -> Iterator[Batch]:
    """Every row, in batches; its locator is its number in the file, from 1.

    Raises ``BadInput`` where the file is damaged, after the rows before the damage.
    """
    try:
        with pq.ParquetFile(source.path()) as file:
            names = tuple(dict.fromkeys(file.schema_arrow.names))
        layout = chosen_layout(names, source.wishes, source.name)
        yield from batches(source, lambda: _pieces(source, layout))
    except (pa.ArrowException, OSError, UnicodeError) as error:
        why = " ".join(str(error).split())[:200]
        raise BadInput(N_("{name} is damaged Parquet: {why}"), name=source.name, why=why) from error


def _pieces(source: Source, layout: Layout) -> Iterator[Piece]:
    # a dotted name would be taken for a path into a nested column
    columns = None if any("." in name for name in layout.wanted) else layout.wanted
    row = 1
    with pq.ParquetFile(source.path(), page_checksum_verification=True) as file:
        for batch in file.iter_batches(ROWS, columns=columns):
            rows = batch.num_rows
            cells = pa.table(
                {
                    name: _valid(batch.column(batch.schema.names.index(name)))
                    for name in layout.wanted
                }
            )
            numbers = pa.arange(row, row + rows).cast(pa.string())
            locators = pc.binary_join_element_wise("row ", numbers, "")
            seen = dict.fromkeys((*layout.left, *layout.unknown), rows)
            yield Piece(layout, cells, locators, seen=seen)
            row += rows


def _valid(cells: pa.Array) -> pa.Array:
    """Text that is no UTF-8 is mended: the format promises it, writers do not always keep it."""
    if not pa.types.is_string(cells.type):
        return cells
    try:
        cells.validate(full=True)
    except pa.ArrowInvalid:
        return cells.view(pa.binary())
    return cells

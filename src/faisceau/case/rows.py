"""Rows of an observation table as anyone may ask for them, masked as everywhere."""

from collections.abc import Iterator

import pyarrow as pa

from faisceau.case.cards import selections
from faisceau.case.door import Door, reading_of
from faisceau.errors import UsageError
from faisceau.tables.engine import columns_of
from faisceau.tables.lake import STORED
from faisceau.words import N_


def rows(door: Door, table: str, where: str | None, limit: int | None) -> Iterator[pa.RecordBatch]:
    """The rows that a condition selects, masked, in batches.

    Raises ``UsageError`` for a table that does not exist or a condition that cannot be read.
    """
    if table not in STORED:
        raise UsageError(
            N_("There is no table {table}"),
            hint=N_("There are: {known}"),
            table=table,
            known=list(STORED),
        )
    act = reading_of([table], columns_of(where) if where else ())
    condition = {"where": where} if where else {}
    with door.reading(act, selections({table}), data=condition) as (_, closing, engine):
        closing.data["rows"], mask = 0, door.mask()
        for batch in engine.filtered(table, where, limit):
            closing.data["rows"] += batch.num_rows
            yield mask.batch(STORED[table], batch)

"""Batches of rows: what readers of databases make of the columns that they were given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import NULL, Database
from faisceau.tables.schemas.schema import STRING, STRINGS, Batch, Schema

Columns = Mapping[str, pa.Array | list[Any] | str | None]


def batch(
    schema: Schema, columns: Columns, locators: pa.Array, reasons: pa.Array | None = None
) -> Batch:
    """A batch of arrays, of lists (typed by the schema) and of texts that all rows have alike."""
    n = len(locators)
    arrays = {
        name: pa.repeat(pa.scalar(value, STRING), n)
        if value is None or isinstance(value, str)
        else pa.array(value, schema.columns[name].type)
        if isinstance(value, list)
        else value
        for name, value in columns.items()
    }
    return Batch(schema, pa.RecordBatch.from_pydict(arrays), locators, reasons)


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a chunk, made apart from the others, and the place of each in the chunk."""

    rows: Batch
    places: pa.Array


def in_order(parts: Sequence[Part]) -> Batch:
    """The parts of a chunk as one batch, in the order of its rows: all have the same columns."""
    if len(parts) == 1:
        return parts[0].rows
    first = parts[0].rows
    names = first.columns.schema.names
    places = pa.chunked_array([part.places for part in parts]).to_numpy()
    order = pa.array(np.argsort(places, kind="stable"))
    whole = pa.Table.from_batches([part.rows.columns.select(names) for part in parts])
    each = [
        pa.nulls(len(part.places), STRING) if part.rows.reasons is None else part.rows.reasons
        for part in parts
    ]
    locators = pa.concat_arrays([part.rows.locators for part in parts]).take(order)
    reasons = pa.concat_arrays(each).take(order)
    [columns] = whole.take(order).combine_chunks().to_batches()
    return Batch(
        first.schema, columns, locators, reasons if len(reasons) > reasons.null_count else None
    )


def only(rows: Batch, kept: pa.Array) -> Batch:
    """The rows of a batch where ``kept`` is true; the others have been counted elsewhere."""
    reasons = None if rows.reasons is None else rows.reasons.filter(kept)
    return Batch(rows.schema, rows.columns.filter(kept), rows.locators.filter(kept), reasons)


def rejecting(mask: pa.Array, why: str, reasons: pa.Array | None) -> pa.Array | None:
    """The reasons to reject, ``why`` where ``mask`` is true and else those known."""
    if not pc.any(mask).as_py():
        return reasons
    return pc.if_else(mask, why, NULL if reasons is None else reasons)


def alone(values: pa.Array) -> pa.Array:
    """Each text as a list of itself; null stays null."""
    offsets = pa.array(np.arange(len(values) + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pc.is_null(values)).cast(STRINGS)


def positive(values: pa.Array) -> pa.Array:
    """True where a number is above zero; false for null."""
    return pc.fill_null(pc.greater(values, 0), False)


def present(database: Database, table: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Of the fields ``wanted``, those whose column this database has, as SQL by name.

    Each names a column, or several of which the first that is there is taken (``"date time"``).
    """
    have = database.tables.get(table, frozenset())
    found = {
        name: next((c for c in given.split() if c in have), "") for name, given in wanted.items()
    }
    return {name: f'"{column}"' for name, column in found.items() if column}

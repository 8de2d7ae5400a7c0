"""Records of a JSON array that are alike, read together, column by column; the others alone.

Opening a ``Record`` for each costs ten times what parsing it does. Most records of a large file
are plain: fields whose values need no second look. A ``Form`` names them; what it cannot read
(another field, another type, a moment out of range) goes through a ``Record`` as in a small file,
so that what is rejected, unread or unknown is counted the same. Rows keep the order of the file.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.json_columns import Column, Mask, either
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas.schema import STRING, Batch, Row, Schema

FEW = 128
"""Records below which columns save nothing."""
_UNFIT = (pa.ArrowException, UnicodeError, ValueError, TypeError, OverflowError)

Alone = Callable[[int, Any], Iterator[Row]]
"""Reads one record, by its number: a ``Record`` and its rows."""


@dataclass(frozen=True, slots=True)
class Form:
    """Which fields plain records have, and how they are read.

    ``takes``: a column for each field wanted. ``leaves``: known, not wanted. ``apart``: fields
    whose records are read alone; so are those that lack one of ``needs``. All others are counted
    as unknown.
    """

    takes: Mapping[str, Column]
    leaves: frozenset[str]
    apart: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Alike:
    """Plain records: their numbers, what they say, and the columns of the form's fields."""

    numbers: pa.Array
    said: Sequence[Mapping[str, Any]]
    columns: Mapping[str, pa.Array]
    fields: frozenset[str]
    """Those that some of these records have."""

    def __getitem__(self, name: str) -> pa.Array:
        """The column of a field; nulls where no record has it."""
        return self.of(name, STRING)

    def of(self, name: str, kind: pa.DataType) -> pa.Array:
        """The column of a field, of this type where no record has it."""
        found = self.columns.get(name)
        return pa.nulls(len(self.numbers), kind) if found is None else found

    def having(self, name: str) -> pa.Array:
        """True where a record has the field, whatever it says."""
        return pa.array([name in one for one in self.said])

    def where(self, prefix: str) -> pa.Array:
        """Locators: the prefix and the number of each."""
        return pc.binary_join_element_wise(prefix, self.numbers.cast(STRING), "")


Together = Callable[[Alike], Batch]
"""Makes rows of one table of records that are alike, as many."""


class Blocks:
    """Reads the records of one array, a block at a time; without a form, each alone."""

    def __init__(self, source: Source, form: Form | None) -> None:
        self._source = source
        self._few = FEW if form else math.inf
        self._form = form or Form({}, frozenset())
        self._plain: dict[Any, bool] = {}
        self._known = self._form.takes.keys() | self._form.leaves

    def read(
        self, values: Sequence[Any], first: int, alone: Alone, together: Together
    ) -> Iterator[Row | Batch]:
        """The rows of records ``first`` and following, in their order."""
        found = self._alike(values, first) if len(values) >= self._few else None
        if found is None:
            for number, value in enumerate(values, first):
                yield from alone(number, value)
            return
        at, alike = found
        rows = together(alike)
        if len(at) == len(values):
            yield rows
            return
        others = sorted({*range(len(values))}.difference(at.tolist()))
        yield from _in_order(
            self._source, rows, at, _read_alone(self._source, values, others, first, alone)
        )

    def _alike(self, values: Sequence[Any], first: int) -> tuple[np.ndarray, Alike] | None:
        """The places and columns of the plain records; None where these are few."""
        shapes: list[Any] = [tuple(v) if type(v) is dict else None for v in values]
        counted = Counter(shapes)
        plain = {shape for shape in counted if self._is_plain(shape)}
        at, said = np.arange(len(values)), values
        if len(plain) < len(counted):
            chosen = [shape in plain for shape in shapes]
            at, said = at[chosen], list(compress(values, chosen))
            shapes = list(compress(shapes, chosen))
        if len(said) < self._few:
            return None
        columns, odd = self._columns(said, plain)
        if odd is not None:
            kept = ~odd
            at, said = at[kept], list(compress(said, kept))
            shapes = list(compress(shapes, kept))
            columns = {name: column.filter(pa.array(kept)) for name, column in columns.items()}
            counted = Counter(shapes)
            if len(said) < self._few:
                return None
        self._count_unknown({shape: counted[shape] for shape in plain})
        fields = frozenset(name for shape in plain if counted[shape] for name in shape)
        return at, Alike(pa.array(at + first), said, columns, fields)

    def _is_plain(self, shape: Any) -> bool:
        found = self._plain.get(shape)
        if found is None:
            found = (
                shape is not None
                and self._form.apart.isdisjoint(shape)
                and self._form.needs.issubset(shape)
            )
            self._plain[shape] = found
        return found

    def _columns(
        self, said: Sequence[Mapping[str, Any]], shapes: set[Any]
    ) -> tuple[dict[str, pa.Array], Mask | None]:
        columns: dict[str, pa.Array] = {}
        odd: Mask | None = None
        for name, read in self._form.takes.items():
            having = sum(name in shape for shape in shapes)
            if not having:
                continue
            if having == len(shapes):
                values = list(map(itemgetter(name), said))
            else:
                values = [one.get(name) for one in said]
            columns[name], strange = read(values)
            odd = either(odd, strange)
        return columns, odd

    def _count_unknown(self, shapes: Mapping[Any, int]) -> None:
        for shape, n in shapes.items():
            for name in shape:
                if n and name not in self._known:
                    self._source.tally.unknown[name] += n


_One = tuple[int, Row, Record | None]


def _read_alone(
    source: Source, values: Sequence[Any], places: Sequence[int], first: int, alone: Alone
) -> list[_One]:
    """The rows of single records, each with its place and its record."""
    found: list[_One] = []
    for place in places:
        for row in alone(first + place, values[place]):
            record = source.current
            if record is not None:
                record.rows += 1
            found.append((place, row, record))
    return found


def _in_order(
    source: Source, rows: Batch, at: np.ndarray, others: Sequence[_One]
) -> Iterator[Row | Batch]:
    """One batch of the rows of its table; rows of other tables after it."""
    mine = [one for one in others if one[1].schema is rows.schema]
    rest = [one for one in others if one[1].schema is not rows.schema]
    whole = _woven(rows, at, mine) if mine else rows
    if whole is None:
        whole, rest = rows, list(others)
    elif mine:
        source.tally.records -= len(mine)  # whoever takes a batch counts its rows as records
    yield whole
    for _, row, record in rest:
        source.current = record
        yield row
        source.current = None


def _woven(rows: Batch, at: np.ndarray, others: Sequence[_One]) -> Batch | None:
    """The batch with these rows in their places; None where a value fits no column."""
    order = pa.array(np.argsort([*at.tolist(), *(place for place, _, _ in others)], kind="stable"))
    names = [
        name
        for name in rows.schema.fillable
        if name in rows.columns.schema.names or any(name in row.values for _, row, _ in others)
    ]
    try:
        columns = {name: _both(rows, name, others).take(order) for name in names}
    except _UNFIT:
        return None
    where = pa.array([record.locator if record else "" for _, _, record in others], STRING)
    locators = pa.concat_arrays([rows.locators.cast(STRING), where]).take(order)
    return Batch(rows.schema, pa.RecordBatch.from_pydict(columns), locators)


def _both(rows: Batch, name: str, others: Sequence[_One]) -> pa.Array:
    kind = rows.schema.columns[name].type
    given = rows.columns.schema.names
    plain = rows.columns.column(name) if name in given else pa.nulls(len(rows.locators), kind)
    return pa.concat_arrays(
        [plain.cast(kind), pa.array([row.values.get(name) for _, row, _ in others], kind)]
    )


def plain_batch(schema: Schema, columns: Mapping[str, Any], locators: pa.Array) -> Batch:
    """A batch of arrays, and of values that all rows have alike; nothing is a null."""
    n = len(locators)
    arrays = {
        name: value
        if isinstance(value, pa.Array)
        else pa.repeat(pa.scalar(value, schema.columns[name].type), n)
        for name, value in columns.items()
    }
    return Batch(schema, pa.RecordBatch.from_pydict(arrays), locators)

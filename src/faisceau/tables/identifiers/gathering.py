"""Mentions of one exhibit: gathered while its rows are stored, one row per distinct identifier.

Distinct values are normalised, never rows. Batches become small partial tables, merged when they
add up, so that memory follows the number of distinct identifiers, not of rows.
"""

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.tables.identifiers.names import person_key
from faisceau.tables.identifiers.normal import Identifier, normalise
from faisceau.tables.identifiers.scan import LONGEST_TEXT, candidates, found_in
from faisceau.tables.schemas import MENTION
from faisceau.tables.schemas.schema import COINS, STRINGS, Schema

FREE_TEXT: Mapping[str, tuple[str, ...]] = {
    "message": ("text", "subject"),
    "post": ("text",),
    "payment": ("label",),
}
"""Columns of free text that are scanned, by table."""

PERSONS: Mapping[str, tuple[tuple[str, tuple[str, ...], str | None], ...]] = {
    "person": (("last_name", ("last_name", "first_names"), "birth_date"),),
    "sim_sale": (("buyer_name", ("buyer_name",), "buyer_birth_date"),),
    "declaration": (("sender", ("sender",), None), ("recipient", ("recipient",), None)),
}
"""Role, columns of the name, column of the birth date, by table."""

MERGE_AT = 500_000
"""Partial mentions that wait, at most, before they are merged."""
KNOWN_AT_MOST = 200_000
"""Values whose normal form is remembered."""
BATCH = 65_536

_KEYS = ["procedure", "table", "role", "kind", "value"]
_PARTIAL = pa.schema(
    [
        *((name, pa.string()) for name in _KEYS),
        ("row_id", pa.int64()),
        ("source", pa.string()),
        ("n", pa.int64()),
    ]
)

Occurrences = tuple[pa.Array, pa.Array, list[Identifier]]
"""Row of the batch, and which identifier of the list, for each occurrence."""


class Mentions:
    """Gathers the mentions of one exhibit. Batches of a table come in the order of their rows."""

    def __init__(self, exhibit_id: str) -> None:
        self.exhibit_id = exhibit_id
        self._partial: list[pa.Table] = []
        self._waiting = 0
        self._merged = 0
        self._known: dict[tuple[str, str], Identifier | None] = {}

    def add(self, schema: Schema, batch: pa.RecordBatch) -> None:
        """Take in stored rows of one table: every column of its schema is there."""
        if not batch.num_rows:
            return
        for role, occurrences in self._roles(schema, batch):
            self._count(schema.name, role, batch, occurrences)
        if self._waiting > max(MERGE_AT, 2 * self._merged):
            self._merge()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The mentions, in the schema of ``MENTION``; in an order that depends on them alone."""
        if not self._partial:
            return
        merged = self._merge()
        order = ("table", "role", "kind", "value", "procedure")
        merged = merged.sort_by([(key, "ascending") for key in order])
        for part in merged.to_batches(max_chunksize=BATCH):
            columns = {name: part.column(name) for name in part.schema.names}
            columns["exhibit_id"] = pa.repeat(self.exhibit_id, part.num_rows)
            yield pa.RecordBatch.from_arrays(
                [columns.get(f.name, pa.nulls(part.num_rows, f.type)) for f in MENTION.arrow],
                schema=MENTION.arrow,
            )

    def _roles(self, schema: Schema, batch: pa.RecordBatch) -> Iterator[tuple[str, Occurrences]]:
        for column in schema:
            if column.mention is not None:
                yield column.name, self._declared(column.mention, batch.column(column.name))
        for role, names, birth in PERSONS.get(schema.name, ()):
            yield role, _persons(batch, names, birth)
        for name in FREE_TEXT.get(schema.name, ()):
            yield name, _written(batch.column(name))

    def _declared(self, kind: str, column: pa.Array) -> Occurrences:
        """Occurrences in a column (or a list column) that holds identifiers of one kind."""
        if column.type in (STRINGS, COINS):
            rows, values = pc.list_parent_indices(column).cast(pa.int64()), pc.list_flatten(column)
            if column.type == COINS:
                values = pc.struct_field(values, "address")
        else:
            rows, values = None, column
        if values.null_count == len(values):
            return _none()
        encoded = pc.dictionary_encode(values)
        found, codes = _Codes(), []
        for raw in encoded.dictionary.to_pylist():
            codes.append(found.code(self._normal(kind, raw)))
        which = pc.take(pa.array(codes, pa.int64()), encoded.indices)
        there = pc.is_valid(which)
        rows = pc.indices_nonzero(there).cast(pa.int64()) if rows is None else rows.filter(there)
        return rows, which.filter(there), found.identifiers

    def _normal(self, kind: str, raw: str | None) -> Identifier | None:
        if raw is None:
            return None
        key = (kind, raw)
        if key not in self._known:
            if len(self._known) >= KNOWN_AT_MOST:
                self._known.clear()
            self._known[key] = normalise(kind, raw)
        return self._known[key]

    def _count(
        self, table: str, role: str, batch: pa.RecordBatch, occurrences: Occurrences
    ) -> None:
        """Group a column's occurrences by procedure and identifier: first row, number of rows."""
        rows, which, identifiers = occurrences
        if not len(rows):
            return
        procedures = pc.dictionary_encode(batch.column("procedure"), null_encoding="encode")
        met = pa.table({"row": rows, "which": which, "procedure": procedures.indices.take(rows)})
        met = met.group_by(["procedure", "which", "row"]).aggregate([])  # a row counts once
        counted = met.group_by(["procedure", "which"]).aggregate([("row", "min"), ("row", "count")])
        first, chosen = counted["row_min"], counted["which"]
        kinds = pa.array([i.kind for i in identifiers], pa.string())
        values = pa.array([i.value for i in identifiers], pa.string())
        n = len(counted)
        self._partial.append(
            pa.table(
                [
                    procedures.dictionary.take(counted["procedure"].combine_chunks()),
                    pa.repeat(table, n),
                    pa.repeat(role, n),
                    kinds.take(chosen.combine_chunks()),
                    values.take(chosen.combine_chunks()),
                    batch.column("row_id").take(first.combine_chunks()),
                    batch.column("source").take(first.combine_chunks()),
                    counted["row_count"].combine_chunks(),
                ],
                schema=_PARTIAL,
            )
        )
        self._waiting += n

    def _merge(self) -> pa.Table:
        """All partial mentions as one table, each key once; the earliest row leads."""
        whole = pa.concat_tables(self._partial).sort_by("row_id")
        grouped = whole.group_by(_KEYS, use_threads=False).aggregate(
            [("row_id", "first"), ("source", "first"), ("n", "sum")]
        )
        columns = [*_KEYS, "row_id_first", "source_first", "n_sum"]
        merged = grouped.select(columns).rename_columns(_PARTIAL.names)
        self._partial, self._merged, self._waiting = [merged], len(merged), len(merged)
        return merged


def mentions(schema: Schema, batches: Iterable[pa.RecordBatch], exhibit_id: str) -> pa.Table:
    """The mentions of one table's stored rows, as a table in the schema of ``MENTION``."""
    gathered = Mentions(exhibit_id)
    for batch in batches:
        gathered.add(schema, batch)
    return pa.Table.from_batches(gathered.batches(), MENTION.arrow)


class _Codes:
    """Identifiers, numbered as they are met."""

    def __init__(self) -> None:
        self.identifiers: list[Identifier] = []
        self._codes: dict[Identifier, int] = {}

    def code(self, identifier: Identifier | None) -> int | None:
        if identifier is None:
            return None
        code = self._codes.setdefault(identifier, len(self.identifiers))
        if code == len(self.identifiers):
            self.identifiers.append(identifier)
        return code


def _none() -> Occurrences:
    return pa.array([], pa.int64()), pa.array([], pa.int64()), []


def _written(texts: pa.Array) -> Occurrences:
    """Occurrences in a column of free text."""
    if texts.null_count == len(texts):
        return _none()
    may = candidates(texts)
    found = _Codes()
    rows: list[int] = []
    which: list[int | None] = []
    looked = pc.utf8_slice_codeunits(texts.take(may), 0, LONGEST_TEXT).to_pylist()
    for row, text in zip(may.to_pylist(), looked, strict=True):
        for identifier in found_in(text):
            rows.append(row)
            which.append(found.code(identifier))
    return pa.array(rows, pa.int64()), pa.array(which, pa.int64()), found.identifiers


def _persons(batch: pa.RecordBatch, names: tuple[str, ...], birth: str | None) -> Occurrences:
    """Occurrences of persons: the key of a name, with the birth date where it is known."""
    columns = [batch.column(name).to_pylist() for name in names]
    dates = batch.column(birth).to_pylist() if birth else [None] * batch.num_rows
    found = _Codes()
    rows: list[int] = []
    which: list[int | None] = []
    for row, (date, *parts) in enumerate(zip(dates, *columns, strict=True)):
        key = person_key(*parts, birth_date=date)
        if key is not None:
            rows.append(row)
            which.append(found.code(Identifier("person", key)))
    return pa.array(rows, pa.int64()), pa.array(which, pa.int64()), found.identifiers

"""Masking: identities in rows of other procedures show as pseudonyms of this case (CPP 230-21).

The case's own rows are read as they are; procedure numbers stay readable. A pseudonym is stable
within the case, so that one can see that two rows name the same person without knowing whom.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.tables.schemas import MENTION, REJECT, TABLES, Schema

MARK = "⁂"
DIGITS = 10
_RAW = ("facts", "raw")
"""Columns of a rejected record that repeat its cells."""


class Mask:
    """The mask of one case: its own procedure, the secret that pseudonyms hang on, and the rows
    (by table) from which it was lifted because they concord."""

    def __init__(
        self, reference: str, secret: bytes, lifted: Mapping[str, frozenset[int]] | None = None
    ) -> None:
        self._reference = reference
        self._secret = secret
        self._lifted = lifted or {}

    @property
    def signature(self) -> str:
        """Tells one mask from another: what is lifted, without saying what."""
        held = sorted((table, *sorted(rows)) for table, rows in self._lifted.items())
        return hashlib.sha256(repr(held).encode()).hexdigest()

    def lifted(self, table: str) -> frozenset[int]:
        """The rows of a table that are shown bare."""
        return self._lifted.get(table, frozenset())

    def batch(self, schema: Schema, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the identities of other procedures' rows masked."""
        if "procedure" not in batch.schema.names:
            return batch
        foreign = pc.fill_null(pc.not_equal(batch["procedure"], self._reference), False)
        if not pc.any(foreign).as_py():
            return batch
        foreign = pc.and_not(foreign, self._bare(schema, batch))
        columns = [
            self._column(batch[name], pc.and_(foreign, hidden))
            if (hidden := _hidden(schema, name, batch)) is not None
            else batch[name]
            for name in batch.schema.names
        ]
        return pa.RecordBatch.from_arrays(columns, schema=_loosened(batch.schema, columns))

    def values(self, schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
        """One row, masked when it is of another procedure."""
        origin = row.get("table") if schema == MENTION else schema.name
        if row.get("procedure") in (None, self._reference) or row.get("row_id") in self._lifted.get(
            origin or "", ()
        ):
            return dict(row)
        return {
            name: self.of(value) if _names_somebody(schema, name, row) else value
            for name, value in row.items()
            if name in schema.columns
        }

    def of(self, value: Any) -> Any:
        """The pseudonym of a value (of each, in a list); null stays null."""
        if value is None:
            return None
        if isinstance(value, list):
            return [self.of(item) for item in value]
        digest = hmac.new(self._secret, str(value).encode("utf-8", "replace"), hashlib.sha256)
        return MARK + digest.hexdigest()[:DIGITS]

    def _bare(self, schema: Schema, batch: pa.RecordBatch) -> Any:
        """Rows whose mask is lifted."""
        names = batch.schema.names
        if (
            not self._lifted
            or "row_id" not in names
            or (schema == MENTION and "table" not in names)
        ):
            return pa.scalar(False)
        ids = batch["row_id"].to_pylist()
        tables = batch["table"].to_pylist() if schema == MENTION else [schema.name] * len(ids)
        return pa.array(
            [i in self._lifted.get(t, ()) for t, i in zip(tables, ids, strict=True)], pa.bool_()
        )

    def _column(self, column: pa.Array, foreign: pa.Array) -> pa.Array:
        shown = [
            self.of(value) if hide else value
            for value, hide in zip(column.to_pylist(), foreign.to_pylist(), strict=True)
        ]
        if pa.types.is_date(column.type):  # a pseudonym is no date
            return pa.array([None if v is None else str(v) for v in shown], pa.string())
        return pa.array(shown, column.type)


def _names_somebody(schema: Schema, name: str, row: Mapping[str, Any]) -> bool:
    """True when this cell holds an identity: of what is derived, when its origin does."""
    if schema == MENTION and name == "value":
        return _origin_names(row.get("table"), row.get("role"))
    return schema.columns[name].identity or (schema == REJECT and name in _RAW)


def _hidden(schema: Schema, name: str, batch: pa.RecordBatch) -> Any:
    """Which cells of a column hold an identity; None when none can."""
    if schema == MENTION and name == "value":
        if not {"table", "role"} <= set(batch.schema.names):
            return pa.scalar(True)
        origin = zip(batch["table"].to_pylist(), batch["role"].to_pylist(), strict=True)
        return pa.array([_origin_names(table, role) for table, role in origin], pa.bool_())
    return pa.scalar(True) if _names_somebody(schema, name, {}) else None


@cache
def _origin_names(table: str | None, role: str | None) -> bool:
    """True when the column that an identifier stands in names a person, or is not known."""
    origin = TABLES.get(table or "")
    column = origin.columns.get(role or "") if origin else None
    return column is None or column.identity


def _loosened(schema: pa.Schema, columns: list[pa.Array]) -> pa.Schema:
    named = zip(schema.names, columns, strict=True)
    return pa.schema([(name, column.type) for name, column in named])

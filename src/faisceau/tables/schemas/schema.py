"""The nouns of observation: a column, a schema, a selection of columns, a row, a batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

STRING = pa.string()
STRINGS = pa.list_(pa.string())
INTEGER = pa.int64()
INTEGERS = pa.list_(pa.int64())
NUMBER = pa.float64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
TIME = pa.timestamp("us", tz="UTC")
COINS = pa.list_(pa.struct([("address", pa.string()), ("value", pa.float64())]))

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""A time outside [EARLIEST, LATEST) is a default or a damaged value (1601, 9999), not a date."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type and what its value means.

    ``mention`` is the kind of identifier the value is (or the identifiers are); ``identity`` says
    that the value names a person, so that CPP 230-21 masks it in rows of other procedures;
    ``headers`` are headers under which files met in France carry it; ``values`` is the closed
    list of what it may hold.
    """

    name: str
    type: pa.DataType
    meaning: str
    mention: str | None = None
    identity: bool = False
    headers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


ROW_ID = Column("row_id", INTEGER, "Exhibit number x 2^32 + position; unique in the case.")
EXHIBIT_ID = Column("exhibit_id", STRING, "The exhibit it comes from: E1, E2 …")
SOURCE = Column("source", STRING, "Path inside the exhibit and record locator.")
PROCEDURE = Column(
    "procedure",
    STRING,
    "The case number it comes from; null: the case's own procedure.",
    headers=("procédure", "numéro de procédure", "n° procédure", "pv", "numéro pv"),
)
REF = Column(
    "ref",
    STRING,
    "The id its own source gives it.",
    headers=("référence", "id", "identifiant", "message_id"),
)
ZONE = Column(
    "zone", STRING, "The original time zone, where known.", headers=("fuseau", "fuseau horaire")
)
DESK_COLUMNS = (ROW_ID, EXHIBIT_ID, SOURCE)
"""Given by the desk, never by a reader."""


@dataclass(frozen=True, slots=True)
class Schema:
    """An observation table: name, columns, and the anchors without which a row is rejected.

    ``anchors`` must all be there; of ``anchors_any`` one must; with neither, any one value.
    ``never``: words of headers whose cells are dropped and counted: they may not be kept.
    """

    name: str
    meaning: str
    own: tuple[Column, ...]
    anchors: tuple[str, ...] = ()
    anchors_any: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    columns: Mapping[str, Column] = field(init=False)
    fillable: Mapping[str, Column] = field(init=False)
    """The columns a reader may fill: all but those the desk gives."""

    def __post_init__(self) -> None:
        fillable = (PROCEDURE, REF, *self.own, ZONE)
        for name, columns in (
            ("columns", (*DESK_COLUMNS, *fillable)),
            ("fillable", fillable),
        ):
            object.__setattr__(self, name, {column.name: column for column in columns})

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of the stored table, desk columns first."""
        return pa.schema([(c.name, c.type) for c in self.columns.values()])

    def drops(self, header: str) -> bool:
        """True where a header (folded, see ``evidence.folding``) is of what may not be kept."""
        return any(word in header for word in self.never)

    def row(self, **values: Any) -> "Row":
        """One row; a name that is not a column is a mistake of the reader (``TypeError``)."""
        if not values.keys() <= self.fillable.keys():
            unknown = values.keys() - self.fillable.keys()
            raise TypeError(f"{self.name} has no column {sorted(unknown)}")
        return Row(self, values)

    def __getitem__(self, names: str | tuple[str, ...]) -> "Selection":
        chosen = (names,) if isinstance(names, str) else tuple(names)
        for name in chosen:
            if name not in self.columns:
                raise KeyError(f"{self.name} has no column {name}")
        return Selection(self, tuple(n for n in chosen if n != ROW_ID.name))

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns.values())

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns of one table that an analysis declares; ``row_id`` comes with them."""

    schema: Schema
    names: tuple[str, ...]

    @property
    def arrow(self) -> pa.Schema:
        """``row_id``, then the declared columns in their order."""
        named = self.schema.columns
        return pa.schema([(n, named[n].type) for n in (ROW_ID.name, *self.names)])


@dataclass(frozen=True, slots=True)
class Row:
    """One observation as a reader says it: values by column name, absent means null."""

    schema: Schema
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Many observations at once, for flat and database formats.

    ``columns``: any of the schema's fillable columns, already of their Arrow type.
    ``locators``: string array, where each row stands in its file.
    ``reasons``: string array, null for a row kept, else why it is rejected (a template); or None.
    """

    schema: Schema
    columns: pa.RecordBatch
    locators: pa.Array
    reasons: pa.Array | None = None

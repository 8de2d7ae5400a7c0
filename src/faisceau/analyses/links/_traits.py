"""Traits of procedures: every identifier and habit that two of them could share.

One row per distinct (kind, value, procedure), with a row of the case that bears it. Values that
one procedure alone bears are kept only where another spelling could still match them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table

from faisceau.analyses import Engine
from faisceau.tables.schemas import CONTACT, MENTION, PERSON, SEIZURE, TRIP

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

READS = [MENTION["procedure", "kind", "value", "table", "role", "n"]]
READS_IF = [
    CONTACT["procedure", "name"],
    TRIP[
        "procedure",
        "number",
        "departed_at",
        "origin",
        "destination",
        "agency",
        "payer",
        "luggage_tag",
    ],
    SEIZURE["procedure", "seized_at", "packaging", "marking", "concealment"],
    PERSON["procedure", "role"],
]

OWN, PERSONAL, BOOK, CALLED, SAID, OTHER = range(6)
"""How a procedure bears an identifier: as its own line or device, a person's, in an address book,
in calls or messages, in a text, otherwise."""

CAUGHT = ("courier", "suspect", "convicted")
"""Roles of the person whom a procedure is about."""

CLOSE = ("phone", "imei", "email", "handle", "address", "payer", "person", "marking", "document")
"""Kinds that are also compared across spellings."""
HELD = pa.schema(
    [
        ("kind", pa.int16()),
        ("value", pa.string()),
        ("proc", pa.int32()),
        ("row_id", pa.int64()),
        ("side", pa.int8()),
        ("table", pa.int8()),
        ("name", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Traits:
    """Who bears what. Arrays run in parallel, by value, then procedure.

    ``value``: number of the (kind, value); ``proc``: number of the procedure; ``row``: the row
    that bears it; ``side``: how; ``table``: index into ``tables``; ``name``: the contact's name.
    By value: ``kinds`` (index into ``kind_names``), ``texts``, ``held`` (procedures that bear it).
    """

    value: Ints
    proc: Ints
    row: Ints
    side: Ints
    table: Ints
    name: pa.Array
    kinds: Ints
    texts: pa.Array
    held: Ints
    kind_names: list[str]
    tables: list[str]
    procedures: list[str]

    def kind(self, value: int) -> str:
        """The kind of a value."""
        return self.kind_names[int(self.kinds[value])]


def gather(  # noqa: PLR0917 - one table each
    mention: Table, contact: Table, trip: Table, seizure: Table, person: Table, engine: Engine
) -> Traits:
    """Read the traits of every procedure that may be read."""
    procedures = _procedures(mention, trip, seizure, engine)
    held = ibis.union(
        _identifiers(mention, contact, person), _habits(trip, seizure), distinct=False
    )
    met = [*engine.rows(held.select("kind", "from").distinct())]
    kinds, tables = sorted({row["kind"] for row in met}), sorted({row["from"] for row in met})
    number = _numbers("trait_procedure", "procedure", procedures)
    code = _numbers("trait_kind", "kind", kinds)
    table = _numbers("trait_table", "from", tables)
    held = held.join(number, "procedure").join(code, "kind").join(table, "from")
    held = held.select(
        kind=held.trait_kind.cast("int16"),
        value=held.value,
        proc=held.trait_procedure.cast("int32"),
        row_id=held.row_id,
        side=held.side.cast("int8"),
        table=held.trait_table.cast("int8"),
        name=held.name,
    ).order_by("kind", "value", "proc", "side", "row_id")
    batches = engine.batches(held)
    read = pa.Table.from_batches((b.cast(HELD) for b in batches), HELD)
    return _numbered(read, kinds, tables, procedures)


def _numbers(name: str, column: str, texts: Sequence[str]) -> Table:
    """A small table that gives each text its place, as a column of that name."""
    places = pa.array(range(len(texts)), pa.int32())
    return ibis.memtable(pa.table({column: pa.array(texts, pa.string()), name: places}))


def _procedures(mention: Table, trip: Table, seizure: Table, engine: Engine) -> list[str]:
    """Every procedure that has a row, shared traits or none."""
    named = [
        t.select(procedure=t.procedure.fill_null("")).distinct() for t in (mention, trip, seizure)
    ]
    found = ibis.union(*named, distinct=True)
    return sorted({r for b in engine.batches(found) for r in b["procedure"].to_pylist()})


def _identifiers(mention: Table, contact: Table, person: Table) -> Table:
    """Identifiers of the mentions, with the name of the contact where one stands beside."""
    book = contact.select(contact_row=contact.row_id, name=contact.name)
    caught = person.select(person_row=person.row_id, person_role=person.role)
    known = mention.filter(~mention.kind.isin(["url", "flight"]))
    known = known.mutate(
        book_key=ibis.cases((known["table"] == "contact", known.row_id)),
        caught_key=ibis.cases((known["table"] == "person", known.row_id)),
    )
    with_names = known.left_join(book, known.book_key == book.contact_row)
    named = with_names.left_join(caught, with_names.caught_key == caught.person_row)
    role, table = named.role, named["table"]
    own_line = (table == "handset") | (role == "account") | role.isin(["imei", "imsi", "iccid"])
    own_person = (table == "person") & named.person_role.isin(CAUGHT) & (named.kind != "address")
    side = ibis.cases(
        (own_line | own_person, OWN),
        (table == "person", PERSONAL),
        (table == "contact", BOOK),
        (role.isin(["caller", "callee", "sender_id", "recipients"]), CALLED),
        (role.isin(["text", "subject", "label"]), SAID),
        else_=OTHER,
    )
    kind = ibis.cases((role == "booking_ref", ibis.literal("booking")), else_=named.kind)
    return named.select(
        kind=kind,
        value=ibis.cases((kind == "phone", _one_way(named.value)), else_=named.value),
        procedure=named.procedure.fill_null(""),
        row_id=named.row_id,
        side=side.cast("int64"),
        name=named.name.cast("string"),
        **{"from": table},
    )


def _one_way(phone: Any) -> Any:
    """A French number that no operator has (an invented one), however its prefix was written."""
    return phone.re_replace(r"^\?(\+33|0033|33|0)([0-9]{9})$", r"?0\2")


def _habits(trip: Table, seizure: Table) -> Table:
    """How they travel and pack: payers, flights, agencies, packaging, markings, hiding places."""
    day = trip.departed_at.cast("string").substr(0, 10)
    flight = trip.number.upper() + ibis.literal(" ") + day
    parts = [
        _plain(trip, "trip", "payer", trip.payer),
        _plain(trip, "trip", "journey", flight),
        _plain(trip, "trip", "agency", trip.agency),
        _plain(trip, "trip", "luggage", trip.luggage_tag),
        _plain(seizure, "seizure", "packaging", seizure.packaging),
        _plain(seizure, "seizure", "marking", seizure.marking),
        _plain(seizure, "seizure", "concealment", seizure.concealment),
    ]
    return ibis.union(*parts, distinct=False)


def _plain(table: Table, source: str, kind: str, value: Any) -> Table:
    text = value.cast("string").lower().strip()
    rows = table.filter(text.notnull() & (text.length() > 1))
    return rows.select(
        kind=ibis.literal(kind),
        value=text,
        procedure=rows.procedure.fill_null(""),
        row_id=rows.row_id,
        side=ibis.literal(OTHER).cast("int64"),
        name=ibis.null("string"),
        **{"from": ibis.literal(source)},
    )


def _numbered(read: pa.Table, kinds: list[str], tables: list[str], procedures: list[str]) -> Traits:
    """Rows in order as traits: of each procedure and value one, the row that tells most."""
    fresh, first = _first_of(read)
    value = np.cumsum(fresh) - 1
    held = np.bincount(value[first], minlength=int(fresh.sum()))
    close = np.isin(kinds, CLOSE) if kinds else np.zeros(0, bool)
    kind = read["kind"].to_numpy()[fresh].astype(np.int64)
    kept = (held > 1) | close[kind]
    number, at = np.cumsum(kept) - 1, np.flatnonzero(first & kept[value])
    begins = np.flatnonzero(fresh)[kept]
    read = read.drop_columns("kind")
    columns = {
        c: read[c].to_numpy()[at].astype(np.int64) for c in ("proc", "row_id", "side", "table")
    }
    return Traits(
        value=number[value[at]],
        proc=columns["proc"],
        row=columns["row_id"],
        side=columns["side"],
        table=columns["table"],
        name=_whole(read["name"].take(pa.array(at))),
        kinds=kind[kept],
        texts=_whole(read["value"].take(pa.array(begins))),
        held=held[kept],
        kind_names=kinds,
        tables=tables,
        procedures=procedures,
    )


def _first_of(read: pa.Table) -> tuple[Bools, Bools]:
    """True where a value begins, and where a procedure begins in it."""
    n = read.num_rows
    fresh, first = np.ones(n, bool), np.ones(n, bool)
    if n > 1:
        kind, proc, value = read["kind"].to_numpy(), read["proc"].to_numpy(), read["value"]
        other = pc.not_equal(value.slice(1), value.slice(0, n - 1)).to_numpy()
        fresh[1:] = other | (kind[1:] != kind[:-1])
        first[1:] = fresh[1:] | (proc[1:] != proc[:-1])
    return fresh, first


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole

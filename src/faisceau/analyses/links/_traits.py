"""Traits of procedures: every identifier and habit that two of them could share.

One row per distinct (kind, value, procedure), with a row of the case that bears it. Values that
one procedure alone bears are kept only where another spelling could still match them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
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

TABLES = ("mention", "trip", "seizure", "person", "contact", "handset", "call", "message")
CLOSE = ("phone", "imei", "email", "handle", "address", "payer", "person", "marking", "document")
"""Kinds that are also compared across spellings."""
SIDES_APART = 1 << 56
"""More than any ``row_id``: the row that tells most comes first, then the first of them."""
HELD = pa.schema(
    [
        ("kind", pa.string()),
        ("value", pa.string()),
        ("procedure", pa.string()),
        ("row_id", pa.int64()),
        ("side", pa.int64()),
        ("from", pa.string()),
        ("name", pa.string()),
        ("n", pa.int64()),
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
    held = ibis.union(
        _identifiers(mention, contact, person), _habits(trip, seizure), distinct=False
    )
    ranked = held.mutate(rank=held.side * SIDES_APART + held.row_id)
    held = ranked.group_by("kind", "value", "procedure").agg(
        row_id=ranked["rank"].min() % SIDES_APART,
        side=ranked.side.min(),
        from_=ranked["from"].argmin(ranked["rank"]),
        name=ranked.name.min(),
    )
    counted = held.mutate(
        n=held.count().over(ibis.window(group_by=["kind", "value"])).cast("int64")
    )
    kept = counted.filter((counted.n > 1) | counted.kind.isin(CLOSE)).rename({"from": "from_"})
    batches = engine.batches(kept.select(*HELD.names))
    table = pa.Table.from_batches((b.cast(HELD) for b in batches), HELD)
    return _numbered(table, _procedures(mention, trip, seizure, engine))


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


def _numbered(held: pa.Table, procedures: list[str]) -> Traits:
    """Values, kinds and procedures as numbers, in an order that depends on them alone."""
    order = [("kind", "ascending"), ("value", "ascending"), ("procedure", "ascending")]
    held = held.sort_by(order).combine_chunks()
    n = held.num_rows
    same = np.ones(n, bool)
    for name in ("kind", "value"):
        codes = _codes(held[name])[0]
        same[1:] &= codes[1:] == codes[:-1]
    if n:
        same[0] = False
    value = np.cumsum(~same) - 1
    first = np.flatnonzero(~same)
    kinds, kind_names = _codes(held["kind"].take(pa.array(first)))
    tables, table_names = _codes(held["from"])
    index: Mapping[str, int] = {ref: i for i, ref in enumerate(procedures)}
    proc, met = _codes(held["procedure"])
    renumbered = np.array([index[ref] for ref in met], np.int64)
    return Traits(
        value=value,
        proc=renumbered[proc] if n else proc,
        row=held["row_id"].to_numpy(),
        side=held["side"].to_numpy(),
        table=tables,
        name=_whole(held["name"]),
        kinds=kinds,
        texts=_whole(held["value"].take(pa.array(first))),
        held=np.diff(np.append(first, n)),
        kind_names=kind_names,
        tables=table_names,
        procedures=procedures,
    )


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    coded = _whole(column).dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole

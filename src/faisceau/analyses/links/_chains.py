"""The web of evidence: what stands beside what, and the chains that lead from one to another.

Its nodes are persons and identifiers in their normal form, and procedures; what ties two of them
is contact (see ``_contacts``), one row that names both, or a message that speaks of the other. A
tie of weight w holds with w / (w + 1); a chain is as strong as the product over its ties, divided
at each person between by 1 + ln of that person's ties: a hotline that everybody calls ties nobody
(the weighing of Adamic and Adar, Social Networks 25, 2003).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import igraph
import numpy as np
from ibis import Table, _
from ibis import expr as ex

from faisceau.analyses import Engine
from faisceau.analyses.links._contacts import (
    MARK,
    OWNER,
    READS_IF,
    REF,
    SIGN,
    Key,
    Tables,
    Ties,
    key_of,
    persons_subject,
)
from faisceau.findings.model import Subject
from faisceau.tables.identifiers import KINDS, normalise, person_key
from faisceau.tables.schemas import (
    CALL,
    CONTACT,
    HANDSET,
    MENTION,
    MESSAGE,
    PERSON,
    SIM_SALE,
    TABLES,
)
from faisceau.tables.schemas.schema import Schema, Selection

READS = [MENTION["procedure", "kind", "value", "table", "role"]]
RECORDS: tuple[Selection, ...] = (
    PERSON[
        "procedure",
        "ref",
        "last_name",
        "first_names",
        "alias",
        "birth_date",
        "document_number",
        "phone",
        "email",
        "address",
    ],
    HANDSET["procedure", "imei", "imsi", "iccid", "msisdn", "accounts"],
    SIM_SALE[
        "procedure",
        "buyer_name",
        "buyer_birth_date",
        "buyer_document",
        "msisdn",
        "iccid",
        "imei",
    ],
)
NAMES = {PERSON.name: ("last_name", "first_names"), SIM_SALE.name: ("buyer_name",)}
BIRTHS = {PERSON.name: "birth_date", SIM_SALE.name: "buyer_birth_date"}
ALL_READS_IF = (*READS_IF, *RECORDS)

ROW, SAID, USED, PROCEDURE = "row", "said", "used", "procedure"
WEIGHTS = {ROW: 4.0, USED: 4.0, SAID: 1.0, PROCEDURE: 1.0}
"""What one row is worth that names both: as much as so many calls."""
CITED = 50
SUBJECTS = {
    "imei": "device",
    "imsi": "device",
    "iccid": "device",
    "plate": "plate",
    "iban": "account",
    "email": "account",
    "coin_address": "coin_address",
    "address": "place",
    "procedure": "procedure",
}


@dataclass(frozen=True, slots=True)
class Beside:
    """Two nodes, why they are tied, and the row of a table that says so."""

    a: Key
    b: Key
    why: str
    table: str
    row: int


@dataclass
class Web:
    """Nodes by number, and what ties them."""

    keys: list[Key] = field(default_factory=list)
    number: dict[Key, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    """What may be shown of a node; one that has no name here is masked."""
    hidden: dict[int, int] = field(default_factory=dict)
    """The first row that names a node which may not be named."""
    weight: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))
    rows: dict[tuple[int, int], dict[tuple[str, str], set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )

    def node(self, key: Key) -> int:
        """The number of a node, new where it is not known."""
        n = self.number.setdefault(key, len(self.keys))
        if n == len(self.keys):
            self.keys.append(key)
        return n

    def show(self, key: Key, name: str, row: int, *, shown: bool) -> None:
        """Name a node, or say which row stands for it."""
        n = self.node(key)
        if shown:
            self.names.setdefault(n, name)
        else:
            self.hidden[n] = min(row, self.hidden.get(n, row))

    def tie(self, found: Beside) -> None:
        """Tie two nodes by one row."""
        a, b = self.node(found.a), self.node(found.b)
        if a == b:
            return
        ends = (min(a, b), max(a, b))
        rows = self.rows[ends][found.why, found.table]
        if found.row not in rows:
            self.weight[ends] += WEIGHTS[found.why]
            if len(rows) < CITED:
                rows.add(found.row)

    def name(self, n: int) -> str:
        """What a node is called, or its pseudonym."""
        return self.names.get(n) or f"{MARK}{self.hidden.get(n, n)}"

    def subject(self, n: int) -> Subject:
        """A node as the subject of a finding."""
        key = self.keys[n]
        if n in self.names and key.kind in SUBJECTS:
            return Subject(SUBJECTS[key.kind], self.names[n])
        return persons_subject(key, self.name(n), "", shown=n in self.names)

    def find(self, text: str) -> int | None:
        """The node that a person means by ``text``; None where there is none."""
        wanted = [Key("procedure", text.strip()), key_of(text)]
        for kind in KINDS:
            found = normalise(kind, text)
            wanted += [Key(found.kind, found.value)] if found is not None else []
        wanted.append(Key(OWNER, text.strip()))
        wanted += [k for k in self.keys if k.kind == REF and k.value.endswith(SIGN + text.strip())]
        return next((self.number[k] for k in wanted if k is not None and k in self.number), None)


def web(
    ties: Ties, mention: Table, records: Iterable[Table], tables: Tables, engine: Engine
) -> Web:
    """Everything that ties anything, in the rows that may be read."""
    made = Web()
    for person in ties.persons:
        n = made.node(person.key)
        if person.open:
            made.names[n] = f"{person.named} ({person.exhibit})" if person.exhibit else person.named
        else:
            made.hidden[n] = int(person.named.removeprefix(MARK))
    for a, b, w in zip(
        ties.source.tolist(), ties.target.tolist(), ties.weight.tolist(), strict=True
    ):
        made.weight[min(a, b), max(a, b)] += w
    for table, schema in zip(records, (PERSON, HANDSET, SIM_SALE), strict=True):
        for row in engine.rows(table):
            _record(made, schema, row)
    several = tables.contact.filter(_.identifiers.length() > 1)
    for row in engine.rows(several.select("row_id", "procedure", "identifiers")):
        _record(made, CONTACT, row)
    for found, shown in _mentioned(mention, tables, engine):
        made.show(found.b, found.b.value, found.row, shown=shown)
        if found.why == PROCEDURE:
            made.show(found.a, found.a.value, found.row, shown=True)
        made.tie(found)
    return made


def _record(made: Web, schema: Schema, row: dict[str, object]) -> None:
    """All that one row names is tied."""
    own = row["procedure"] is None
    row_id = int(str(row["row_id"]))
    named: dict[Key, tuple[str, bool]] = {}
    for column in schema:
        given = row.get(column.name)
        if column.mention is None or given is None:
            continue
        for text in given if isinstance(given, list) else [given]:
            found = normalise(column.mention, str(text)) if text is not None else None
            if found is not None:
                named.setdefault(Key(*found), (str(text), own or not column.identity))
    words = [str(row[name]) for name in NAMES.get(schema.name, ()) if row.get(name)]
    birth = row.get(BIRTHS.get(schema.name, ""))
    key = person_key(*words, birth_date=str(birth) if birth else None)
    if key is not None:
        named[Key("person", key)] = (" ".join(words), own)
    if schema is PERSON and row.get("ref"):
        ref = str(row["ref"])
        named[Key(REF, f"{row['procedure'] or ''}{SIGN}{ref}")] = (ref, True)
    for one, (name, shown) in named.items():
        made.show(one, name, row_id, shown=shown)
    every = [*named]
    for n, a in enumerate(every):
        for b in every[n + 1 :]:
            made.tie(Beside(a, b, ROW, schema.name, row_id))


IDENTITIES = [
    f"{schema.name}.{column.name}"
    for schema in TABLES.values()
    for column in schema
    if column.identity
]


def _mentioned(mention: Table, tables: Tables, engine: Engine) -> Iterator[tuple[Beside, bool]]:
    """What calls and messages name beside their parties, and what a procedure names.

    With each, whether the second may be named.
    """
    role = mention.table + "." + mention.role
    foreign = mention.procedure.notnull()
    shown = ~(foreign & role.isin(IDENTITIES))
    told = mention.mutate(shown=shown)
    said = told.filter(
        _.table == MESSAGE.name, ~_.role.isin(["sender_id", "recipients", "account"])
    )
    used = told.filter(_.table == CALL.name, ~_.role.isin(["caller", "callee"]))
    for part, other, who, why in (
        (said, tables.message, "sender_id", SAID),
        (used, tables.call, "caller", USED),
    ):
        by = other.select("row_id", "exhibit_id", by=who).filter(_.by.notnull())
        joined = part.join(by, "row_id").select(
            "row_id", "by", "exhibit_id", "kind", "value", "table", "shown"
        )
        for row in engine.rows(joined):
            text = row["by"].strip()
            a = Key(OWNER, row["exhibit_id"]) if text == OWNER else key_of(text)
            if a is not None:
                b = Key(row["kind"], row["value"])
                yield Beside(a, b, why, row["table"], row["row_id"]), row["shown"]
    columns: list[str | ex.types.Value] = ["row_id", "procedure", "kind", "value", "table", "shown"]
    for row in engine.rows(told.filter(_.procedure.notnull()).select(*columns)):
        a, b = Key("procedure", row["procedure"]), Key(row["kind"], row["value"])
        yield Beside(a, b, PROCEDURE, row["table"], row["row_id"]), row["shown"]


@dataclass(frozen=True, slots=True)
class Chain:
    """Nodes from the first to the last, and how strong the chain is, 0 to 1."""

    nodes: tuple[int, ...]
    strength: float


def chains(made: Web, first: int, last: int, ways: int, longest: int) -> list[Chain]:
    """The shortest chain and the strongest ones, each once; none longer than ``longest`` ties."""
    ends = sorted(made.weight)
    graph = igraph.Graph(n=len(made.keys), edges=ends)
    weights = np.array([made.weight[pair] for pair in ends])
    hubs = np.log1p(np.log(np.maximum(graph.degree(), 1)))
    pairs = np.array(ends, np.int64).reshape(-1, 2)
    cost = -np.log(weights / (weights + 1)) + (hubs[pairs[:, 0]] + hubs[pairs[:, 1]]) / 2
    at_ends = float(hubs[first] + hubs[last]) / 2
    hop = float(cost.sum()) + 1  # fewer ties come first, whatever they weigh
    parts = graph.connected_components().membership
    if parts[first] != parts[last]:
        return []
    found: dict[tuple[int, ...], float] = {}
    for way, least in ((cost + hop, 1), (cost, ways)):
        for path in graph.get_k_shortest_paths(first, to=last, k=least, weights=way.tolist()):
            if 1 < len(path) <= longest + 1:
                used = [graph.get_eid(a, b) for a, b in pairwise(path)]
                total = float(cost[used].sum()) - at_ends
                found.setdefault(tuple(path), float(np.exp(-max(total, 0.0))))
    return [Chain(nodes, strength) for nodes, strength in found.items()]

"""Ties between identifiers, read from the tables: who wrote, called, paid, knows, bears what.

The engine groups the rows of each table by pair of spellings; here each spelling becomes its
normal form, masked where it is an identity of another procedure's rows, as rows show it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import ibis
from ibis import Table, _
from ibis import expr as ex

from faisceau.case.masking import MARK, Mask
from faisceau.findings.model import Finding, Status
from faisceau.tables.engines import LakeEngine
from faisceau.tables.identifiers import normalise
from faisceau.tables.schemas import (
    CALL,
    COIN_TRANSFER,
    CONTACT,
    HANDSET,
    MENTION,
    MESSAGE,
    PAYMENT,
    PERSON,
    SIM_SALE,
    TABLES,
)
from faisceau.tables.schemas.schema import Selection

SIGN = "\x1f"
"""Parts a value from the exhibit it belongs to; no source writes it."""
OWNER = "owner"
FINDING = "finding"
READS: Mapping[str, Selection] = {
    s.schema.name: s
    for s in (
        MESSAGE[
            "procedure", "exhibit_id", "account", "thread_id", "thread_name", "sender_id",
            "sender_name", "recipients", "sent_at", "kind",
        ],
        CALL["procedure", "exhibit_id", "caller", "callee", "started_at", "count"],
        CONTACT["procedure", "exhibit_id", "account", "name", "identifiers"],
        HANDSET["procedure", "exhibit_id", "imei", "msisdn", "accounts"],
        PERSON[
            "procedure", "exhibit_id", "last_name", "first_names", "phone", "email",
            "document_number",
        ],
        PAYMENT[
            "procedure", "exhibit_id", "account", "holder", "counterparty",
            "counterparty_account", "booked_at",
        ],
        COIN_TRANSFER["procedure", "exhibit_id", "inputs", "outputs", "block_time"],
        SIM_SALE["procedure", "exhibit_id", "buyer_name", "msisdn", "imei", "sold_at"],
    )
}  # fmt: skip
CONCORDING = MENTION["procedure", "exhibit_id", "kind", "value", "table", "role", "n"]
KINDS = (*READS, MENTION.name, FINDING)
"""The kinds of ties: by table, in one identifier that exhibits share, in one finding."""
MOST_NAMES = 200_000
STAR = 8
"""Subjects of one finding that are tied each to each; of more, the first to the others."""
_FRENCH = re.compile(r"(?:0|(?:00|\+)?33)[1-9][0-9]{8}")
_NOBODY = frozenset(("", "unknown", "inconnu", "private", "anonymous", "null", "none", "masqué"))
_CROWDS = ("@g.us", "@broadcast", "@newsletter", "@call")


class Key(NamedTuple):
    """What is compared: a kind of identifier and its normal form."""

    kind: str
    value: str


class Strand(NamedTuple):
    """One tie: its two ends, how often and when (seconds since 1970, -1: not known)."""

    a: Key
    b: Key
    n: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Strands:
    """Ties by kind, and what identifiers are called, the most usual name last."""

    ties: Mapping[str, Sequence[Strand]]
    names: Mapping[Key, str]


class _End(NamedTuple):
    """One end of a tie: the column it stands in, its kind, the spelling."""

    column: str
    kind: str
    value: ex.types.Value


def gathered(engine: LakeEngine, tables: Iterable[str], mask: Mask) -> Strands:
    """The ties that these tables hold, all read by one engine."""
    ties: dict[str, list[Strand]] = {}
    names: dict[Key, str] = {}
    for name in tables:
        found: dict[tuple[Key, Key], Strand] = {}
        for pairs in _TIES[name](engine.tables[name]):
            _add(found, pairs, name, engine, mask)
        ties[name] = list(found.values())
        names |= dict(_names(engine.tables[name], name, engine, mask))
    return Strands(ties, names)


def concordances(engine: LakeEngine, mask: Mask) -> list[Strand]:
    """Identifiers that several exhibits hold, each tied to these exhibits."""
    mention = engine.tables[MENTION.name].filter(
        ~_.value.startswith("?"), _.kind.isin(("phone", "email", "handle", "imei", "iban", "plate"))
    )
    held = mention.group_by("kind", "value").aggregate(exhibits=_.exhibit_id.nunique())
    shared = mention.semi_join(held.filter(_.exhibits > 1), ["kind", "value"])
    grouped = shared.group_by(
        "kind", "value", "exhibit_id", "procedure", "table", "role"
    ).aggregate(n=_.n.sum(), row_id=_.row_id.min())
    found = []
    for row in engine.rows(grouped):
        shown = mask.values(MENTION, row)
        key = Key(row["kind"], str(shown["value"]))
        found.append(Strand(key, Key("exhibit", row["exhibit_id"]), int(row["n"]), -1, -1))
    return found


def of_findings(found: Iterable[Finding]) -> Strands:
    """Subjects that one finding brings together; those dismissed are left out."""
    ties: list[Strand] = []
    names: dict[Key, str] = {}
    for finding in found:
        if finding.status is Status.DISMISSED or len(finding.subjects) < 2:
            continue
        keys = []
        for subject in finding.subjects:
            kind = {"device": "imei"}.get(subject.type, subject.type)
            known = kind in ("phone", "account", "plate", "imei", "coin_address")
            key = resolved(kind, subject.value) if known else Key(kind, subject.value)
            if key is not None:
                keys.append(key)
                names.setdefault(key, subject.label)
        pairs = combinations(keys, 2) if len(keys) <= STAR else ((keys[0], k) for k in keys[1:])
        ties += [Strand(a, b, 1, -1, -1) for a, b in pairs if a != b]
    return Strands({FINDING: ties}, {key: name for key, name in names.items() if name})


@lru_cache(maxsize=1 << 18)
def resolved(kind: str, raw: str) -> Key | None:
    """The key of a spelling; None where it names nobody."""
    text, _sign, exhibit = raw.partition(SIGN)
    text = text.strip()
    if text.startswith(MARK):
        return Key("person" if kind == "account" else kind, text)
    if text == OWNER and kind == "account":
        return Key(OWNER, exhibit)
    if text.casefold() in _NOBODY or text.endswith(_CROWDS):
        return None
    if kind in ("person", "thread"):  # the same name is not the same person
        return Key(kind, f"{text} ({exhibit})" if exhibit else text)
    found = normalise(kind, text)
    if found is None:
        return Key("label" if kind == "account" else kind, text)
    value = found.value.removeprefix("?") or text
    if found.kind == "phone" and found.value.startswith("?"):
        value = _dialled(value)
    return Key(found.kind, value)


def _dialled(digits: str) -> str:
    """A French number of no range in service (a fictional one), written in one way all the same."""
    if _FRENCH.fullmatch(digits):
        return "+33" + digits[-9:]
    return digits


def _add(
    found: dict[tuple[Key, Key], Strand],
    pairs: tuple[Table, _End, _End],
    name: str,
    engine: LakeEngine,
    mask: Mask,
) -> None:
    """Ties of one pair of columns, grouped by the engine, resolved and added up."""
    table, one, other = pairs
    lifted = ibis.memtable({"row_id": sorted(mask.lifted(name))}, schema={"row_id": "int64"})
    ends = table.mutate(a=one.value, b=other.value).filter(_.a.notnull(), _.b.notnull(), _.a != _.b)
    keys = ["a", "b", "procedure"]
    if mask.lifted(name):
        bare = lifted.mutate(bare=True)
        ends = ends.left_join(bare, "row_id").select(*ends.columns, "bare")
        keys.append("bare")
    at = ends.at.epoch_seconds().cast("int64") if "at" in ends.columns else ibis.null("int64")
    grouped = (
        ends.mutate(seconds=at)
        .group_by(*keys)
        .aggregate(
            n=_.times.sum(), first=_.seconds.min(), last=_.seconds.max(), row_id=_.row_id.min()
        )
    )
    for batch in engine.batches(grouped):
        for row in batch.to_pylist():
            a = _shown(name, one, row["a"], row, mask)
            b = _shown(name, other, row["b"], row, mask)
            if a is None or b is None or a == b:
                continue
            pair = (a, b) if a < b else (b, a)
            first = -1 if row["first"] is None else int(row["first"])
            last = -1 if row["last"] is None else int(row["last"])
            n = int(row["n"] or 1)
            if before := found.get(pair):
                known = [t for t in (before.first, first) if t >= 0]
                first, last = min(known, default=-1), max(before.last, last)
                n += before.n
            found[pair] = Strand(*pair, n, first, last)


def _shown(name: str, end: _End, raw: str, row: Mapping[str, Any], mask: Mask) -> Key | None:
    text, sign, exhibit = str(raw).partition(SIGN)
    values = {end.column: text, "procedure": row["procedure"], "row_id": row["row_id"]}
    shown = str(mask.values(TABLES[name], values)[end.column])
    if shown.startswith(MARK) and not text.startswith(MARK):
        return resolved(end.kind, shown)
    return resolved(end.kind, f"{shown}{sign}{exhibit}")


_NAMED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    MESSAGE.name: [("sender_id", "account", "sender_name"), ("thread_id", "thread", "thread_name")],
    CONTACT.name: [("identifiers", "account", "name")],
    PAYMENT.name: [
        ("account", "iban", "holder"),
        ("counterparty_account", "iban", "counterparty"),
    ],
}
"""Columns that say what an identifier is called: its column, its kind, the name's column."""


def _names(table: Table, name: str, engine: LakeEngine, mask: Mask) -> Iterator[tuple[Key, str]]:
    for column, kind, named in _NAMED.get(name, ()):
        value = table[column].unnest() if column == "identifiers" else table[column]
        if kind == "thread":
            value = value + SIGN + table.exhibit_id
        told = table.select("procedure", "row_id", value=value, name=table[named])
        grouped = (
            told.filter(_.value.notnull(), _.name.notnull())
            .group_by("value", "name", "procedure")
            .aggregate(n=_.count(), row_id=_.row_id.min())
            .order_by("n", _.name.desc())
            .limit(MOST_NAMES)
        )
        for row in engine.rows(grouped):
            key = _shown(name, _End(column, kind, value), row["value"], row, mask)
            values = {named: row["name"], "procedure": row["procedure"], "row_id": row["row_id"]}
            if key is not None:
                yield key, str(mask.values(TABLES[name], values)[named])


# ---- the pairs that each table holds ----


def _owned(value: Any, exhibit: Any) -> Any:
    """Whoever is only called the owner is the owner of that exhibit."""
    return ibis.cases((value.strip() == OWNER, f"{OWNER}{SIGN}" + exhibit), else_=value)


def _messages(message: Table) -> Iterator[tuple[Table, _End, _End]]:
    """A message ties its sender to each recipient; without one, to the account, else the thread."""
    there = message.filter(_.sender_id.notnull(), _.kind.isnull() | (_.kind != "system"))
    there = there.mutate(at=_.sent_at, times=1)
    told = there.filter(_.recipients.length().fill_null(0) > 0)
    each = told.mutate(recipient=_.recipients.unnest())
    sender = _owned(each.sender_id, each.exhibit_id)
    yield (
        each,
        _End("sender_id", "account", sender),
        _End("recipients", "account", _owned(each.recipient, each.exhibit_id)),
    )
    alone = there.filter(_.recipients.length().fill_null(0) == 0)
    mine = alone.filter(_.account.notnull(), _.account != _.sender_id)
    yield (
        mine,
        _End("sender_id", "account", _owned(mine.sender_id, mine.exhibit_id)),
        _End("account", "account", _owned(mine.account, mine.exhibit_id)),
    )
    groups = alone.filter(_.thread_id.notnull(), _.account.isnull() | (_.account == _.sender_id))
    yield (
        groups,
        _End("sender_id", "account", _owned(groups.sender_id, groups.exhibit_id)),
        _End("thread_id", "thread", groups.thread_id + SIGN + groups.exhibit_id),
    )


def _calls(call: Table) -> Iterator[tuple[Table, _End, _End]]:
    there = call.mutate(at=_.started_at, times=_["count"].fill_null(1))
    yield (
        there,
        _End("caller", "account", _owned(there.caller, there.exhibit_id)),
        _End("callee", "account", _owned(there.callee, there.exhibit_id)),
    )


def _contacts(contact: Table) -> Iterator[tuple[Table, _End, _End]]:
    each = contact.mutate(times=1, identifier=_.identifiers.unnest())
    yield (
        each,
        _End("account", "account", _owned(each.account.fill_null(OWNER), each.exhibit_id)),
        _End("identifiers", "account", each.identifier),
    )


def _handsets(handset: Table) -> Iterator[tuple[Table, _End, _End]]:
    there = handset.mutate(times=1)
    yield there, _End("imei", "imei", there.imei), _End("msisdn", "phone", there.msisdn)
    each = there.mutate(signed=_.accounts.unnest())
    yield each, _End("imei", "imei", each.imei), _End("accounts", "account", each.signed)


def _persons(person: Table) -> Iterator[tuple[Table, _End, _End]]:
    whole = ibis.ifelse(
        person.first_names.isnull(), person.last_name, person.first_names + " " + person.last_name
    )
    there = person.mutate(times=1, whole=whole + SIGN + person.exhibit_id)
    named = _End("last_name", "person", there.whole)
    for column, kind in (("phone", "phone"), ("email", "email"), ("document_number", "document")):
        yield there, named, _End(column, kind, there[column])


def _payments(payment: Table) -> Iterator[tuple[Table, _End, _End]]:
    there = payment.mutate(at=_.booked_at, times=1)
    yield (
        there,
        _End("account", "iban", there.account),
        _End("counterparty_account", "iban", there.counterparty_account),
    )


def _coins(transfer: Table) -> Iterator[tuple[Table, _End, _End]]:
    each = transfer.mutate(at=_.block_time, times=1, spent=_.inputs.unnest())
    each = each.mutate(paid=_.outputs.unnest())
    yield (
        each,
        _End("inputs", "coin_address", each.spent.address),
        _End("outputs", "coin_address", each.paid.address),
    )


def _sales(sale: Table) -> Iterator[tuple[Table, _End, _End]]:
    there = sale.mutate(at=_.sold_at, times=1, whole=_.buyer_name + SIGN + _.exhibit_id)
    buyer = _End("buyer_name", "person", there.whole)
    yield there, buyer, _End("msisdn", "phone", there.msisdn)
    yield there, buyer, _End("imei", "imei", there.imei)


_TIES = {
    MESSAGE.name: _messages,
    CALL.name: _calls,
    CONTACT.name: _contacts,
    HANDSET.name: _handsets,
    PERSON.name: _persons,
    PAYMENT.name: _payments,
    COIN_TRANSFER.name: _coins,
    SIM_SALE.name: _sales,
}

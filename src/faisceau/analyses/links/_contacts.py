"""Who is in contact with whom: calls, messages, address books and shared bookings as ties.

A tie has a direction (who called, wrote, or keeps the other in an address book) and a weight: a
call counts once, or as often as its row says; a message to several counts once in all (Newman,
Phys. Rev. E 64, 2001: what is done in company ties each pair less); an entry of an address book
and a journey on one booking count once. Identifiers are compared in their normal form.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import Table, _
from ibis import expr as ex

from faisceau.analyses import Engine
from faisceau.findings.model import Subject
from faisceau.tables.identifiers import normalise
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, TRIP
from faisceau.tables.schemas.schema import Selection

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

READS_IF: tuple[Selection, ...] = (
    CALL["exhibit_id", "caller", "callee", "started_at", "count"],
    MESSAGE["exhibit_id", "account", "sender_id", "recipients", "sent_at", "kind"],
    CONTACT["exhibit_id", "procedure", "account", "identifiers"],
    TRIP["procedure", "person_ref", "booking_ref", "departed_at"],
)
OWNER = "owner"
"""What readers write for the holder of a handset whose account they do not know."""
REF = "ref"
"""The kind of key of a person whom a source gives a reference, within its procedure."""
NOBODY = ("", "unknown", "inconnu", "private", "anonymous", "null", "none", "masqué", "hidden")
CROWDS = ("@g.us", "@broadcast", "@newsletter", "@call")
"""Ends of what names a group or a service, not a person."""
MARK = "⁂"
"""How a pseudonym begins."""
ROWS = 50
"""Rows cited of one tie in one period, at most."""
SIGN = "\x1f"
"""Parts a prefix made here from what the source wrote, which never holds it."""


class Key(NamedTuple):
    """What a person is compared by: the kind of identifier and its normal form."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """One vertex: its key, the spellings that name it, what the source calls it.

    ``open`` is False where only address books of other procedures name it: its identity is then
    masked (CPP 230-21), and a pseudonym that means nothing outside the case stands for it.
    """

    key: Key
    raw: tuple[str, ...]
    named: str
    exhibit: str
    open: bool

    def subject(self) -> Subject:
        """The person as the subject of a finding."""
        return persons_subject(self.key, self.named, self.exhibit, shown=self.open)


def persons_subject(key: Key, named: str, label: str, *, shown: bool) -> Subject:
    """A subject that is a person, by what stands for one."""
    kind = "person"  # a label, a pseudonym, or what no rule knows
    if shown and key.kind == "phone" and not key.value.startswith("?"):
        kind = "phone"
    elif shown and "@" in named:
        kind = "account"
    return Subject(kind, named, label)


@dataclass(frozen=True, slots=True)
class Ties:
    """Persons, and directed ties between them by period; arrays run in parallel."""

    persons: Sequence[Person]
    source: Ints
    target: Ints
    period: Ints
    """Number of the period, -1 where the time is not known."""
    weight: Floats

    def of(self, period: int | None = None) -> "Ties":
        """The ties of one period; of all together when None."""
        if period is None:
            return self
        chosen = self.period == period
        return Ties(
            self.persons,
            self.source[chosen],
            self.target[chosen],
            self.period[chosen],
            self.weight[chosen],
        )


class Cited(NamedTuple):
    """Rows of one tie in one period, from one table: how many there are, and the first."""

    source: int
    target: int
    period: int
    table: str
    rows: tuple[int, ...]


def as_own(table: Table, engine: Engine) -> Table:
    """Rows of the case's own procedure as of none: its persons are named, and tie nobody by it."""
    if engine.own is None or "procedure" not in table.columns:
        return table
    return table.mutate(procedure=table.procedure.nullif(engine.own))


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that hold ties."""

    call: Table
    message: Table
    contact: Table
    trip: Table

    def seconds(self, engine: Engine) -> tuple[int, int] | None:
        """First and last second at which something happened; None where no time is known."""
        timed = _union(self).filter(_.at.notnull())
        [ends] = engine.rows(timed.aggregate(first=_.at.min(), last=_.at.max()))
        return None if ends["first"] is None else (int(ends["first"]), int(ends["last"]))

    def ties(self, edges: Sequence[int], without: frozenset[Key], engine: Engine) -> Ties:
        """Every tie; ``edges``: the seconds at which a period begins, after the first.

        ``without``: persons left out, as if they were not there.
        """
        told = _periods(_union(self), edges)
        grouped = told.group_by("a", "b", "period").agg(
            weight=_.weight.sum(), open=_.open.max(), shut=_.shut.min()
        )
        found = [*engine.batches(grouped)]
        if not found:
            return _empty()
        return _gathered(pa.Table.from_batches(found), without)

    def rows(
        self, persons: Sequence[Person], chosen: Sequence[int], edges: Sequence[int], engine: Engine
    ) -> Iterator[Cited]:
        """Rows of every tie of the chosen persons, at most ``ROWS`` of a tie and period."""
        number = {raw: n for n, person in enumerate(persons) for raw in person.raw}
        names = sorted(raw for n in chosen for raw in persons[n].raw)
        wanted = ibis.memtable({"name": names}, schema={"name": "string"})
        told = _periods(_union(self), edges)
        near = told.semi_join(wanted, told.a == wanted.name).union(
            told.semi_join(wanted, told.b == wanted.name), distinct=False
        )
        grouped = near.group_by("a", "b", "period", "table").agg(rows=_.row_id.collect().unique())
        cut = grouped.mutate(rows=_.rows.sort()[:ROWS])
        for row in engine.rows(cut):
            a, b = number.get(row["a"]), number.get(row["b"])
            if a is not None and b is not None and a != b:
                yield Cited(a, b, row["period"], row["table"], tuple(row["rows"]))


def _union(tables: Tables) -> Table:
    """All ties, a row of a table each: who, whom, when, how much.

    ``open``: 1 where the second may be named; ``shut``: the row that stands for it elsewhere.
    """
    made = (
        _calls(tables.call),
        _messages(tables.message),
        _contacts(tables.contact),
        _bookings(tables.trip),
    )
    return ibis.union(*made, distinct=False).filter(_.a != _.b)


def _row(table: Table, name: str, **given: ex.types.Value) -> Table:
    """The columns of a tie."""
    made = {
        "table": ibis.literal(name),
        "open": ibis.literal(1, "int64"),
        "shut": ibis.null("int64"),
        **given,
    }
    names = ("a", "b", "at", "weight", "open", "shut", "table")
    return table.select("row_id", **{n: made[n] for n in names})


def _named(value: ex.types.Value, exhibit: ex.types.Value) -> ex.types.Value:
    """Whoever is only called the owner is the owner of that exhibit."""
    return ibis.cases((value.strip() == OWNER, f"{OWNER}{SIGN}" + exhibit), else_=value)


def _calls(call: Table) -> Table:
    there = call.filter(_.caller.notnull(), _.callee.notnull())
    return _row(
        there,
        CALL.name,
        a=_named(there.caller, there.exhibit_id),
        b=_named(there.callee, there.exhibit_id),
        at=there.started_at.epoch_seconds().cast("int64"),
        weight=there["count"].fill_null(1).cast("float64"),
    )


def _messages(message: Table) -> Table:
    """A message ties its sender to each recipient; a received one without, to the account."""
    there = message.filter(_.sender_id.notnull(), _.kind.isnull() | (_.kind != "system"))
    told = ibis.ifelse(
        there.recipients.length().fill_null(0) > 0,
        there.recipients,
        ibis.array([there.account]),
    )
    each = there.mutate(told=told, n=told.length()).mutate(recipient=_.told.unnest())
    each = each.filter(_.recipient.notnull())
    return _row(
        each,
        MESSAGE.name,
        a=_named(each.sender_id, each.exhibit_id),
        b=_named(each.recipient, each.exhibit_id),
        at=each.sent_at.epoch_seconds().cast("int64"),
        weight=1.0 / each.n.cast("float64"),
    )


def _contacts(contact: Table) -> Table:
    each = contact.mutate(identifier=_.identifiers.unnest()).filter(_.identifier.notnull())
    mine = each.procedure.isnull()
    return _row(
        each,
        CONTACT.name,
        a=_named(each.account.fill_null(OWNER), each.exhibit_id),
        b=_named(each.identifier, each.exhibit_id),
        at=ibis.null("int64"),
        weight=ibis.literal(1.0),
        open=mine.cast("int64"),
        shut=ibis.cases((~mine, each.row_id), else_=ibis.null("int64")),
    )


def _bookings(trip: Table) -> Table:
    """Persons on one booking; a reference stands for a person within its procedure."""
    ref = f"{REF}{SIGN}" + _.procedure.fill_null("") + SIGN + _.person_ref
    there = trip.filter(_.person_ref.notnull(), _.booking_ref.notnull()).mutate(ref=ref)
    other = there.select("booking_ref", other="ref").distinct()
    both = there.join(other, "booking_ref").filter(_.ref < _.other)
    return _row(
        both,
        TRIP.name,
        a=both.ref,
        b=both.other,
        at=both.departed_at.epoch_seconds().cast("int64"),
        weight=ibis.literal(1.0),
    )


def _periods(told: Table, edges: Sequence[int]) -> Table:
    """The ties with the number of the period that each falls in."""
    number = ibis.literal(0, "int64")
    for edge in edges:
        number += (told.at >= edge).cast("int64")
    return told.mutate(period=ibis.cases((told.at.isnull(), -1), else_=number).cast("int64"))


def key_of(raw: str) -> Key | None:
    """What ``raw`` is compared by; None where it names no person."""
    text = raw.strip()
    if SIGN in raw:
        kind, _sign, value = raw.partition(SIGN)
        return Key(kind, value)
    if text.casefold() in NOBODY or text.endswith(CROWDS):
        return None
    found = normalise("account", text)
    return Key("label", text) if found is None else Key(found.kind, found.value)


def _empty() -> Ties:
    none = np.zeros(0, np.int64)
    return Ties((), none, none, none, np.zeros(0))


def _gathered(told: pa.Table, without: frozenset[Key]) -> Ties:
    """Ties between persons out of ties between spellings."""
    names = pa.chunked_array([*told["a"].chunks, *told["b"].chunks]).dictionary_encode()
    raw = names.chunk(0).dictionary.to_pylist()
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in names.chunks])
    a, b = codes[: told.num_rows], codes[told.num_rows :]
    keys = [key_of(text) for text in raw]
    known = sorted({key for key in keys if key is not None} - without)
    place = {key: n for n, key in enumerate(known)}
    node = np.array([-1 if key is None else place.get(key, -1) for key in keys], np.int64)
    weight = told["weight"].to_numpy()
    source, target = node[a], node[b]
    kept = (source >= 0) & (target >= 0) & (source != target)
    persons = _persons(known, raw, node, _use(told, a, b, len(raw)))
    period = told["period"].to_numpy()[kept] + 1  # -1: no time is known
    n, periods = len(known), int(period.max(initial=0)) + 1
    code = (source[kept] * n + target[kept]) * periods + period
    ties, where = np.unique(code, return_inverse=True)
    total: Floats = np.bincount(where, weight[kept], len(ties)).astype(np.float64)
    pair, period = np.divmod(ties, periods)
    return Ties(persons, pair // max(1, n), pair % max(1, n), period - 1, total)


class _Use(NamedTuple):
    """By spelling: how much it is used, whether it may be shown, the row that stands for it."""

    weight: Floats
    open: npt.NDArray[np.bool_]
    shut: Ints


def _use(told: pa.Table, a: Ints, b: Ints, count: int) -> _Use:
    weight = told["weight"].to_numpy()
    used: Floats = np.add(np.bincount(a, weight, count), np.bincount(b, weight, count), dtype=float)
    shown = np.zeros(count, bool)
    shown[a] = True
    shown[b[told["open"].to_numpy() == 1]] = True
    shut = np.full(count, np.iinfo(np.int64).max)
    rows = told["shut"].fill_null(np.iinfo(np.int64).max).to_numpy()
    np.minimum.at(shut, b, rows)
    return _Use(used, shown, shut)


def _persons(known: Sequence[Key], raw: Sequence[str], node: Ints, use: _Use) -> list[Person]:
    spelt: dict[int, list[int]] = {}
    for code, n in enumerate(node.tolist()):
        if n >= 0:
            spelt.setdefault(n, []).append(code)
    made = []
    for n, key in enumerate(known):
        codes = sorted(spelt[n], key=lambda c: (-use.weight[c], raw[c]))
        seen = [c for c in codes if use.open[c]]
        texts = tuple(raw[c] for c in codes)
        if not seen:
            made.append(
                Person(key, texts, f"{MARK}{min(use.shut[c] for c in codes)}", "", open=False)
            )
            continue
        named, exhibit = raw[seen[0]].rpartition(SIGN)[2].strip(), ""
        if key.kind == OWNER:
            named, exhibit = OWNER, named
        made.append(Person(key, texts, named, exhibit, open=True))
    return made


def left_out(names: Iterable[str]) -> frozenset[Key]:
    """The keys of persons named by whoever asks, as any spelling gives them."""
    return frozenset(key for name in names if (key := key_of(name)) is not None)

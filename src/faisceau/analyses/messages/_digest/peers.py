"""Strongest contacts, and when they changed: who comes, who goes, who takes another line."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import ibis
from ibis import Table, _

from faisceau.analyses.messages._digest.given import (
    LINES,
    Given,
    Line,
    kept_rows,
    placed,
    quoted,
    strongest,
)
from faisceau.analyses.messages._digest.owners import form
from faisceau.analyses.messages._digest.patterns import pattern
from faisceau.tables.schemas import CALL, MESSAGE, Schema
from faisceau.words import N_

STRONG = N_(
    "{who}: messages: {n} (received: {received}, sent: {sent}), calls: {calls}, days: {days}, "
    "from {first} to {last}"
)
LEADS = N_(
    "From {first} to {last}, month by month, the strongest contact is {who} (messages and calls: "
    "{n})"
)
COMES = N_("{who} appears on {first}; messages and calls from then on: {n}")
GOES = N_("{who} falls silent on {last}; messages and calls until then: {n}")
MOVES = N_("{name} is reached under {before} until {last}, under {after} from {first}")
ANNOUNCES = N_("{who} speaks of a change of number or line on {at}: “{words}”")

Rows = dict[Schema | str, list[int]]
REACH = 60
"""Contacts an exhibit looked at more closely, the strongest."""
NEW_LINE = timedelta(days=14)
"""A second line of one name begins at most so long before the first ends."""
OWN_DIGITS = 7
"""Digits that make a number one's own, whatever stands around them."""
FEW = 8
"""Messages and calls under which nobody is said to come or go."""
SETTLED = timedelta(days=21)
"""What begins or ends nearer to the edges of the material is no change."""


@dataclass(slots=True)
class Peer:
    """One contact under one normal form: what passed, when, and rows to cite."""

    who: str
    written: str
    name: str = ""
    sent: int = 0
    received: int = 0
    calls: int = 0
    weight: float = 0.0
    days: int = 0
    times: list[datetime] = field(default_factory=list)
    """First and last of each kind of traffic."""
    messages: list[int] = field(default_factory=list)
    called: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The name, with the number or handle behind it."""
        named = self.name and self.name != self.written
        return f"{self.name} ({self.written})" if named else self.written

    @property
    def total(self) -> int:
        """Messages and calls."""
        return self.sent + self.received + self.calls

    def cited(self, most: int = LINES) -> Rows:
        """Rows of messages and calls, ``most`` in all."""
        called = self.called[: most // 2]
        rows: Rows = {MESSAGE: self.messages[: most - len(called)], CALL: called}
        return {table: ids for table, ids in rows.items() if ids}


def contacts(given: Given) -> Iterator[Line]:
    """The strongest contacts, by messages (shared out in groups) and calls."""
    for exhibit_id, peers in people(given).items():
        for peer in peers[:LINES]:
            facts = {
                "who": peer.label,
                "n": peer.sent + peer.received,
                "sent": peer.sent,
                "received": peer.received,
                "calls": peer.calls,
                "days": peer.days,
                "first": given.day(min(peer.times, default=None)),
                "last": given.day(max(peer.times, default=None)),
            }
            yield Line(exhibit_id, "contact", STRONG, facts, peer.cited())


def changed(given: Given) -> Iterator[Line]:
    """Lines changed and announced, then who leads from month to month, who comes, who goes."""
    found = people(given)
    for exhibit_id, peers in found.items():
        yield from _moves(given, exhibit_id, peers)
    yield from _announced(given, found)
    yield from _leading(given, found)
    for exhibit_id, peers in found.items():
        yield from _come_and_gone(given, exhibit_id, peers)


def people(given: Given) -> dict[str, list[Peer]]:
    """By exhibit: its strongest contacts, one a normal form, strongest first."""
    found: dict[str, list[Peer]] | None = given.known.get("people")
    if found is None:
        found = given.known["people"] = _people(given)
    return found


def _people(given: Given) -> dict[str, list[Peer]]:
    by = ["exhibit_id", "who", "kind"]
    counted = (
        placed(_events(given), by, [_["at"], _.row_id])
        .group_by(by)
        .agg(
            sent=_.sent.cast("int64").sum(),
            n=_.n.sum(),
            weight=_.weight.sum(),
            name=_["name"].max(),
            days=_.day.nunique(),
            first=_["at"].min(),
            last=_["at"].max(),
            rows=kept_rows(),
        )
    )
    counted = counted.mutate(weight=_.weight.round(6))  # a sum of shares hangs on its order
    top = strongest(counted, ["exhibit_id"], [_.weight.desc(), _.who, _.kind], 2 * REACH)
    named = _names(given)
    peers: dict[str, dict[str, Peer]] = defaultdict(dict)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        key = form(row["who"])
        peer = peers[row["exhibit_id"]].setdefault(key, Peer(key, row["who"]))
        peer.name = peer.name or named.get((row["exhibit_id"], key), "") or row["name"] or ""
        peer.weight += row["weight"]
        if row["kind"] == "call":
            peer.calls += row["n"]
            peer.called += row["rows"]
        else:
            peer.sent += row["sent"]
            peer.received += row["n"] - row["sent"]
            peer.messages += row["rows"]
        peer.days = max(peer.days, row["days"])
        peer.times += [row[edge] for edge in ("first", "last") if row[edge] is not None]
    return {
        exhibit_id: sorted(
            (peer for peer in found.values() if not _oneself(given, exhibit_id, peer)),
            key=lambda p: (-p.weight, p.who),
        )[:REACH]
        for exhibit_id, found in sorted(peers.items())
    }


def _oneself(given: Given, exhibit_id: str, peer: Peer) -> bool:
    """A conversation with oneself: saved messages under the owner's own number."""
    owners = given.handsets[exhibit_id].owners if exhibit_id in given.handsets else ()
    digits = re.sub(r"[^0-9]", "", peer.written)
    return len(digits) >= OWN_DIGITS and any(
        re.sub(r"[^0-9]", "", owner) == digits for owner in owners
    )


def _events(given: Given) -> Table:
    """One row per message or call and person at the other end (exhibit, who, at, weight …).

    A message to several counts for each by its share.
    """
    nobody, one = ibis.null("string"), ibis.literal(1, "int64")
    alone = _.recipients.isnull() | (_.recipients.length() == 0)
    said = given.said.mutate(to=ibis.ifelse(alone, ibis.array([_.thread]), _.recipients))
    said = said.mutate(
        at=_.sent_at, day=_.sent_at.date(), n=one, share=1.0 / _.to.length().cast("float64")
    )
    common = ["exhibit_id", "row_id", "sent", "at", "day", "n"]
    message = ibis.literal("message")
    out = said.filter(_.sent).select(
        *common, weight=_.share, who=_.to.unnest(), name=nobody, kind=message
    )
    come = said.filter(~_.sent).select(
        *common, weight=ibis.literal(1.0), who=_.sender_id, name=_.sender_name, kind=message
    )
    mine, calls = given.mine, given.call
    ended = calls.left_join(mine, [calls.exhibit_id == mine.of, calls.caller == mine.who])
    ended = ended.mutate(
        sent=ended.who.notnull(),
        at=ended.started_at,
        day=ended.started_at.date(),
        n=ended["count"].fill_null(1),
    )
    called = ended.select(
        *common,
        weight=ibis.literal(1.0),
        who=ibis.ifelse(ended.sent, ended.callee, ended.caller),
        name=nobody,
        kind=ibis.literal("call"),
    )
    order = [*common, "weight", "who", "name", "kind"]
    every = ibis.union(*(part.select(*order) for part in (out, come, called)))
    every = every.filter(_.who.notnull() & (_.who != ""))
    return every.anti_join(mine, [every.exhibit_id == mine.of, every.who == mine.who])


def _names(given: Given) -> dict[tuple[str, str], str]:
    """What address books call a normal form: the first name in the order of rows."""
    cards = given.contact.filter(_["name"].notnull() & _.identifiers.notnull())
    flat = cards.select("exhibit_id", "row_id", "name", who=_.identifiers.unnest())
    found: dict[tuple[str, str], str] = {}
    for row in given.engine.rows(flat.order_by("row_id", "who")):
        if row["who"]:
            found.setdefault((row["exhibit_id"], form(row["who"])), row["name"])
    return found


def _moves(given: Given, exhibit_id: str, peers: list[Peer]) -> Iterator[Line]:
    """One name under two numbers, one after the other."""
    by_name: dict[str, list[Peer]] = defaultdict(list)
    for peer in peers:
        if len(peer.name) > 2 and peer.times:
            by_name[peer.name.casefold()].append(peer)
    for name in sorted(by_name):
        same = sorted(by_name[name], key=lambda p: (min(p.times), p.who))
        for before, after in pairwise(same):
            last, first = max(before.times), min(after.times)
            if first >= last - NEW_LINE and max(after.times) > last:
                facts = {
                    "name": before.name,
                    "before": before.written,
                    "after": after.written,
                    "last": given.day(last),
                    "first": given.day(first),
                }
                rows: Rows = defaultdict(list)
                for peer in (before, after):
                    for table, ids in peer.cited(LINES // 2).items():
                        rows[table] += ids
                yield Line(exhibit_id, "moves", MOVES, facts, dict(rows))


def _announced(given: Given, found: dict[str, list[Peer]]) -> Iterator[Line]:
    told = given.words.filter(_.text.re_search(pattern("new_line")))
    top = strongest(told, ["exhibit_id"], [_.sent_at, _.row_id], LINES // 2)
    labels = _labels(found)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        sender = row["sender_id"] or "?"
        facts = {
            "who": labels.get((row["exhibit_id"], form(sender)), sender),
            "at": given.at(row["sent_at"]),
            "words": quoted(row["text"]),
        }
        yield Line(row["exhibit_id"], "announces", ANNOUNCES, facts, {MESSAGE: [row["row_id"]]})


def _leading(given: Given, found: dict[str, list[Peer]]) -> Iterator[Line]:
    """Who is strongest from month to month; one line for each stretch, when there are several."""
    month = _events(given).filter(_["at"].notnull()).mutate(month=_["at"].truncate("M"))
    by = ["exhibit_id", "month", "who"]
    few = LINES // 4
    counted = (
        placed(month, [*by, "kind"], [_["at"], _.row_id])
        .group_by(by)
        .agg(
            weight=_.weight.sum().round(6),
            n=_.n.sum(),
            first=_["at"].min(),
            last=_["at"].max(),
            messages=_.row_id.collect(where=(_.place < few) & (_.kind == "message")),
            called=_.row_id.collect(where=(_.place < few) & (_.kind == "call")),
        )
    )
    top = strongest(counted, ["exhibit_id", "month"], [_.weight.desc(), _.who], 1)
    labels = _labels(found)
    stretches: dict[str, list[Peer]] = defaultdict(list)
    for row in given.engine.rows(top.order_by("exhibit_id", "month")):
        told = stretches[row["exhibit_id"]]
        who = form(row["who"])
        if not told or told[-1].who != who:
            told.append(Peer(who, row["who"]))
        told[-1].sent += row["n"]
        told[-1].times += [row["first"], row["last"]]
        told[-1].messages += row["messages"] or []
        told[-1].called += row["called"] or []
    for exhibit_id, told in stretches.items():
        for peer in told if len(told) > 1 else ():
            facts = {
                "who": labels.get((exhibit_id, peer.who), peer.written),
                "n": peer.total,
                "first": given.day(min(peer.times))[:7],
                "last": given.day(max(peer.times))[:7],
            }
            yield Line(exhibit_id, "leads", LEADS, facts, peer.cited())


def _come_and_gone(given: Given, exhibit_id: str, peers: list[Peer]) -> Iterator[Line]:
    """Among the strongest: who was not there at the beginning, who is not there at the end."""
    known = [p for p in peers if p.times]
    if not known:
        return
    begin, end = min(min(p.times) for p in known), max(max(p.times) for p in known)
    for peer in [p for p in known[: LINES // 2] if p.total >= FEW]:
        first, last = min(peer.times), max(peer.times)
        if first - begin > SETTLED:
            facts = {"who": peer.label, "first": given.day(first), "n": peer.total}
            yield Line(exhibit_id, "comes", COMES, facts, peer.cited())
        if end - last > SETTLED:
            facts = {"who": peer.label, "last": given.day(last), "n": peer.total}
            yield Line(exhibit_id, "goes", GOES, facts, peer.cited())


def _labels(found: dict[str, list[Peer]]) -> dict[tuple[str, str], str]:
    return {(e, peer.who): peer.label for e, peers in found.items() for peer in peers}

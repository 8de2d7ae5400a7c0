"""Who probably used it: the device and its cards, accounts, names, what is said about oneself."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import ibis
from ibis import _

from faisceau.analyses.messages._digest.given import (
    LINES,
    Given,
    Line,
    Rows,
    kept_rows,
    placed,
    quoted,
    strongest,
)
from faisceau.analyses.messages._digest.owners import OWNER
from faisceau.analyses.messages._digest.patterns import nobody, pattern
from faisceau.tables.schemas import CONTACT, HANDSET, MESSAGE
from faisceau.words import N_

DEVICE = N_("The handset: {what}")
ACCOUNT = N_("Account {account} on {app}; messages: {n}, from {first} to {last}")
SIGNED_IN = N_("Signed in with {accounts}")
SENDER = N_(
    "Messages sent from it bear the name {name} ({who}); messages: {n}, from {first} to {last}"
)
CARD = N_("The address book keeps the owner's own {who} under the name {name}")
GREETED = N_("Others address somebody here as {name}; persons: {people}, messages: {n}")
UNNAMED = N_("The files name no account; whoever sent these messages is called “owner” in them")
UNKNOWN = N_("The files do not say which of those who write is the owner: {people}")
SAYS = N_("The owner writes of himself or herself, on {at}: “{words}”")
COLUMNS = ("make", "model", "os", "imei", "imsi", "iccid", "msisdn")


def identity(given: Given) -> Iterator[Line]:
    """Device and cards, accounts, names shown, own card, greetings, self-description."""
    yield from _devices(given)
    yield from _accounts(given)
    yield from _unnamed(given)
    yield from _names(given)
    yield from _cards(given)
    yield from _greetings(given)
    yield from _sayings(given)


def _devices(given: Given) -> Iterator[Line]:
    for row in given.engine.rows(given.handset.order_by("row_id")):
        cells = [f"{name.upper()} {row[name]}" for name in COLUMNS[3:] if row[name]]
        what = " ".join(row[name] for name in COLUMNS[:3] if row[name])
        parts = [part for part in (what, *cells) if part]
        cited: Rows = {HANDSET: [row["row_id"]]}
        if parts:
            yield Line(row["exhibit_id"], "device", DEVICE, {"what": ", ".join(parts)}, cited)
        if row["accounts"]:
            facts = {"accounts": sorted(set(row["accounts"]))}
            yield Line(row["exhibit_id"], "signed_in", SIGNED_IN, facts, cited)


def _accounts(given: Given) -> Iterator[Line]:
    by = ["exhibit_id", "account", "app"]
    rows = placed(given.said.filter(_.account != ""), by, [_.sent_at, _.row_id])
    found = rows.group_by(by).agg(
        n=_.count(), first=_.sent_at.min(), last=_.sent_at.max(), rows=kept_rows()
    )
    for row in given.engine.rows(found.order_by("exhibit_id", _.n.desc(), "account", "app")):
        facts = {"account": row["account"], "app": row["app"], **_span(given, row)}
        yield Line(row["exhibit_id"], "account", ACCOUNT, facts, {MESSAGE: row["rows"]})


def _unnamed(given: Given) -> Iterator[Line]:
    """That an account is missing, or an owner."""
    bare = [h.exhibit_id for h in given.handsets.values() if h.owners <= {OWNER}]
    if not bare:
        return
    rows = strongest(
        given.said.filter(_.exhibit_id.isin(bare)),
        ["exhibit_id"],
        [_.sent.desc(), _.sent_at, _.row_id],
        LINES,
    ).order_by("exhibit_id", "place")
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in given.engine.rows(rows):
        found[row["exhibit_id"]].append(row)
    for exhibit_id, first in found.items():
        owned = [row["row_id"] for row in first if row["sent"]]
        if owned:
            yield Line(exhibit_id, "unnamed", UNNAMED, {}, {MESSAGE: owned[:3]})
        else:
            facts = {"people": sorted({row["sender_id"] for row in first if row["sender_id"]})}
            cited: Rows = {MESSAGE: [row["row_id"] for row in first]}
            if facts["people"]:
                yield Line(exhibit_id, "unknown", UNKNOWN, facts, cited)


def _names(given: Given) -> Iterator[Line]:
    by = ["exhibit_id", "sender_name", "sender_id"]
    named = given.said.filter(_.sent & _.sender_name.notnull() & (_.sender_name != ""))
    found = placed(named, by, [_.sent_at, _.row_id]).group_by(by)
    counted = found.agg(n=_.count(), first=_.sent_at.min(), last=_.sent_at.max(), rows=kept_rows())
    top = strongest(counted, ["exhibit_id"], [_.n.desc(), _.sender_name, _.sender_id], 6)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {"name": row["sender_name"], "who": row["sender_id"], **_span(given, row)}
        yield Line(row["exhibit_id"], "name", SENDER, facts, {MESSAGE: row["rows"]})


def _cards(given: Given) -> Iterator[Line]:
    cards = given.contact.filter(_.name.notnull() & _.identifiers.notnull())
    flat = cards.select("exhibit_id", "row_id", "name", who=_.identifiers.unnest())
    own = flat.inner_join(
        given.mine, [flat.exhibit_id == given.mine.of, flat.who == given.mine.who]
    )
    seen: set[tuple[str, str]] = set()
    for row in given.engine.rows(own.order_by("exhibit_id", "row_id", "who")):
        if (row["exhibit_id"], row["name"]) not in seen:
            seen.add((row["exhibit_id"], row["name"]))
            facts = {"who": row["who"], "name": row["name"]}
            yield Line(row["exhibit_id"], "card", CARD, facts, {CONTACT: [row["row_id"]]})


def _greetings(given: Given) -> Iterator[Line]:
    received = given.words.filter(~_.sent & _.sender_id.notnull())
    greeted = _.text.re_extract(pattern("greeting"), 1)
    addressed = _.text.re_extract(pattern("address_name", case=True), 1)
    named = received.mutate(name=ibis.coalesce(greeted.nullif(""), addressed.nullif("")).lower())
    named = named.filter(_["name"].notnull() & _["name"].notin(sorted(nobody())))
    by = ["exhibit_id", "name"]
    found = placed(named, by, [_.sent_at, _.row_id]).group_by(by)
    counted = found.agg(n=_.count(), people=_.sender_id.nunique(), rows=kept_rows())
    counted = counted.filter((_.n >= 2) & (_.people >= 2))
    top = strongest(counted, ["exhibit_id"], [_.people.desc(), _.n.desc(), _.name], 3)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {"people": row["people"], "name": row["name"].capitalize(), "n": row["n"]}
        yield Line(row["exhibit_id"], "greeted", GREETED, facts, {MESSAGE: row["rows"]})


def _sayings(given: Given) -> Iterator[Line]:
    told = given.words.filter(_.sent & _.text.re_search(pattern("introduction")))
    top = strongest(told, ["exhibit_id"], [_.sent_at, _.row_id], LINES)
    shown: dict[str, set[str]] = defaultdict(set)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        words = quoted(row["text"])
        if words not in shown[row["exhibit_id"]]:
            shown[row["exhibit_id"]].add(words)
            facts = {"at": given.at(row["sent_at"]), "words": words}
            yield Line(row["exhibit_id"], "says", SAYS, facts, {MESSAGE: [row["row_id"]]})


def _span(given: Given, row: dict[str, Any]) -> dict[str, Any]:
    return {"n": row["n"], "first": given.day(row["first"]), "last": given.day(row["last"])}

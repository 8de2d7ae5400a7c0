"""Which exhibits get a digest, what each is called, and which values stand for its owner."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import ibis
from ibis import Table, _

from faisceau.analyses.messages._digest.given import Given, Handset
from faisceau.tables.identifiers import normalise

OWNER = "owner"
"""What readers write where a source says no more than that its owner sent it."""
TALKS, SHARE = 3, 0.6
"""Whoever takes part in so many conversations, and in such a share of them, is the owner."""


def busiest(given: Given, exhibits: Sequence[str], most: int) -> tuple[list[str], int]:
    """The exhibits to digest, those with most messages first, and how many there are in all."""
    counted = given.message.group_by("exhibit_id").agg(n=_.count())
    found = {row["exhibit_id"]: row["n"] for row in given.engine.rows(counted)}
    held = given.handset.select("exhibit_id").distinct()
    for row in given.engine.rows(held):
        found.setdefault(row["exhibit_id"], 0)
    if exhibits:
        found = {name: n for name, n in found.items() if name in exhibits}
    ranked = sorted(found, key=lambda name: (-found[name], len(name), name))
    return ranked[:most], len(ranked)


def handsets(given: Given, exhibits: Iterable[str]) -> dict[str, Handset]:
    """Each exhibit with its name and the values that stand for its owner."""
    told: dict[str, set[str]] = {name: {OWNER} for name in exhibits}
    names = {name: Handset(name, name, name) for name in told}
    for row in given.engine.rows(given.handset.order_by("row_id")):
        name = row["exhibit_id"]
        if name not in told:
            continue
        told[name].update(v for v in (row["msisdn"], *(row["accounts"] or ())) if v)
        value = row["imei"] or row["ref"]
        if value and names[name].value == name:
            model = " ".join(part for part in (row["make"], row["model"]) if part)
            label = f"{model} ({name})" if model else name
            names[name] = Handset(name, value, label)
    accounts = given.message.filter(_.account.notnull()).select("exhibit_id", "account").distinct()
    for row in given.engine.rows(accounts):
        if row["exhibit_id"] in told:
            told[row["exhibit_id"]].add(row["account"])
    for row in given.engine.rows(_cards(given)):
        if row["exhibit_id"] in told and told[row["exhibit_id"]] & set(row["identifiers"]):
            told[row["exhibit_id"]].update(row["identifiers"])
    written = _as_written(given, told)
    for name in told:
        if not written[name]:
            written[name] = set(_everywhere(given, name))
    return {name: replace(names[name], owners=frozenset(written[name])) for name in names}


def _cards(given: Given) -> Table:
    """Entries of address books that hold the account they stand in."""
    cards = given.contact.filter(_.account.notnull() & _.identifiers.notnull())
    return cards.filter(_.identifiers.contains(_.account)).select("exhibit_id", "identifiers")


def _as_written(given: Given, told: dict[str, set[str]]) -> dict[str, set[str]]:
    """The values under which owners stand as senders and callers, however they are written."""
    ends: dict[str, set[str]] = defaultdict(set)
    for name, values in told.items():
        ends[name].update(ending(value) for value in values)
    forms = {name: {form(value) for value in values} for name, values in told.items()}
    found: dict[str, set[str]] = {name: set() for name in told}
    for row in given.engine.rows(_who(given)):
        name, who = row["exhibit_id"], row["who"]
        if name in told and (
            who in told[name] or (ending(who) in ends[name] and form(who) in forms[name])
        ):
            found[name].add(who)
    return found


def _who(given: Given) -> Table:
    """Whoever sent or called, by exhibit."""
    sent = given.message.select("exhibit_id", who="sender_id")
    lines = [given.call.select("exhibit_id", who=end) for end in ("caller", "callee")]
    return ibis.union(sent, *lines).filter(_.who.notnull()).distinct()


def _everywhere(given: Given, name: str) -> Iterator[str]:
    """Whoever takes part in nearly all conversations of an exhibit that names no account."""
    said = given.message.filter((_.exhibit_id == name) & _.thread_id.notnull())
    people = [
        said.select("thread_id", who="sender_id"),
        said.select("thread_id", who=_.recipients.unnest()),
    ]
    talks = ibis.union(*people).filter(_.who.notnull()).distinct().group_by("who").agg(n=_.count())
    [row] = given.engine.rows(said.agg(n=_.thread_id.nunique()))
    wide = talks.filter((_.n >= TALKS) & (_.n >= SHARE * row["n"]))
    ranked = list(given.engine.rows(wide.order_by(_.n.desc(), "who").limit(2)))
    if ranked and (len(ranked) == 1 or ranked[0]["n"] > ranked[1]["n"]):
        yield ranked[0]["who"]


def ending(value: str) -> str:
    """Its last digits, or else its letters: equal wherever the normal forms are equal."""
    digits = re.sub(r"[^0-9]", "", value.partition("@")[0].partition(":")[0])
    return digits[-6:] if len(digits) > 6 else value.strip().lstrip("@").casefold()


@cache
def form(value: str) -> str:
    """The normal form of an account, a number or a handle; the value itself when it has none.

    A number that its country does not give out (test ranges, old plans) keeps its country all the
    same: what begins with one zero is French, as everywhere in the house.
    """
    found = normalise("account", value)
    if found is None:
        return value
    if not (found.kind == "phone" and found.value.startswith("?")):
        return found.value
    digits = found.value.removeprefix("?").replace("+", "00")
    return digits if digits.startswith("00") else re.sub("^0(?=[1-9][0-9]{8}$)", "0033", digits)

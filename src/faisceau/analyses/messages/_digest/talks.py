"""Top conversations with excerpts, and price lists: what an investigator reads first.

A message is telling by what it holds: a price, a quantity, a large sum, a new line, secrecy, a
wish to erase. Conversations come by their length, each telling message counting for several. Which
of them are about drugs is not said here (see ``messages.triage``).
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from operator import add
from typing import Any

import ibis
from ibis import _
from ibis import expr as ex

from faisceau.analyses.messages._conversations import JOIN
from faisceau.analyses.messages._digest.given import (
    LINES,
    Given,
    Line,
    kept_rows,
    placed,
    quoted,
    strongest,
    talk_count,
)
from faisceau.analyses.messages._digest.patterns import any_of, pattern, several
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

TALK = N_(
    "{talk}: messages: {n}, persons who write: {people}, from {first} to {last}; telling of goods, "
    "sums, secrecy, new lines or erasing: {tells}. {words}"
)
PLAIN = N_("{talk}: messages: {n}, persons who write: {people}, from {first} to {last}. {words}")
MENU = N_("Prices for several goods, from {who}; sent: {n}, conversations: {talks}. “{words}”")
OFFER = N_("“{words}”; messages: {n}, conversations: {talks}")

TELLING = {
    "offer": 3,
    "erase": 3,
    "new_line": 3,
    "secrecy": 2,
    "sum": 2,
    "quantity": 1,
    "price": 1,
}
"""What makes a message telling, and how much it weighs."""
FIGURES = {"offer", "sum", "quantity", "price"}
"""Those that hold a digit."""
WORTH = 8
"""Plain messages that one telling message of weight one counts for."""
SHORT = 600
"""Characters of a message that are looked at: a long one is an article, not a deal."""
EXCERPTS = 3
MENUS, OFFERS = 12, 8
"""Lines of price lists, of single offers."""


def telling(text: ex.types.StringValue) -> ex.types.Value:
    """How telling a text is: the sum of the weights of what it holds."""
    counted = [_worth(text, TELLING[name], name) for name in TELLING if name in FIGURES]
    said = [_worth(text, TELLING[name], name) for name in TELLING if name not in FIGURES]
    figures = ibis.ifelse(text.re_search("[0-9]"), reduce(add, counted), 0)
    spoken = text.re_search(any_of([name for name in TELLING if name not in FIGURES]))
    return figures + ibis.ifelse(spoken, reduce(add, said), 0)


def _worth(text: ex.types.StringValue, weight: int, name: str) -> ex.types.Value:
    return ibis.ifelse(text.re_search(pattern(name)), weight, 0)


def conversations(given: Given) -> Iterator[Line]:
    """Conversations by length, telling messages counting for several; the most telling quoted."""
    by = ["exhibit_id", "account", "thread"]
    head = given.words.mutate(head=_.text.substr(0, SHORT))
    worth = head.mutate(tells=telling(head["head"]))
    counted = worth.group_by(by).agg(
        n=_.count(),
        people=_.sender_id.nunique(),
        count=(_.tells > 1).cast("int64").sum(),
        weight=_.tells.sum(),
        name=_.thread_name.max(),
        first=_.sent_at.min(),
        last=_.sent_at.max(),
    )
    worth_of = (_.n + WORTH * _.weight).desc()
    order = [worth_of, _.n.desc(), _.account, _.thread]
    first = list(given.engine.rows(strongest(counted, ["exhibit_id"], order, LINES)))
    if not first:
        return
    named = {(r["exhibit_id"], r["account"], r["thread"]): r for r in first}
    top = ibis.memtable(dict(zip(by, zip(*sorted(named), strict=True), strict=True)))
    texts = worth.semi_join(top, by).select(*by, "row_id", "sent_at", "head", "tells")
    best = strongest(texts, by, [_.tells.desc(), _["head"].length().desc(), _.row_id], LINES)
    talks: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in given.engine.rows(best.order_by(*by, "place")):
        talks[row["exhibit_id"], row["account"], row["thread"]].append(row)
    for key, talk in sorted(named.items(), key=lambda n: (n[0][0], n[1]["place"])):
        rows = talks[key]
        quotes = sorted(rows[:EXCERPTS], key=lambda row: (row["sent_at"], row["row_id"]))
        facts = {
            "talk": _called(talk),
            "n": talk["n"],
            "people": talk["people"],
            "tells": talk["count"],
            "first": given.day(talk["first"]),
            "last": given.day(talk["last"]),
            "words": " / ".join(f"“{quoted(row['head'])}”" for row in quotes),
        }
        cited = {row["row_id"] for row in rows if row["tells"] > 1}
        cited |= {row["row_id"] for row in quotes}
        text = TALK if facts["tells"] else PLAIN
        yield Line(talk["exhibit_id"], "talk", text, facts, {MESSAGE: sorted(cited)})


def _called(row: dict[str, Any]) -> str:
    name, thread, account = row["name"], row["thread"], row["account"]
    called = f"{name} ({thread})" if name and name != thread else thread or "?"
    return f"{called}, {account}" if account else called


def menus(given: Given) -> Iterator[Line]:
    """Messages with several prices, the same text once; then the offers that come back."""
    priced = _.text.re_search(several("offer", 2)) | _.text.re_search(several("price", 3))
    by = ["exhibit_id", "text"]
    counted = (
        placed(given.figures.filter(priced), by, [_.sent_at, _.row_id])
        .group_by(by)
        .agg(
            n=_.count(),
            senders=_.sender_id.collect(where=_.place < LINES),
            talks=talk_count(),
            rows=kept_rows(),
            one=_.row_id.min(),
        )
    )
    top = strongest(counted, ["exhibit_id"], [_.talks.desc(), _.n.desc(), _.one], MENUS)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {
            "n": row["n"],
            "who": JOIN.join(sorted({who for who in row["senders"] or () if who})) or "?",
            "talks": row["talks"],
            "words": quoted(row["text"]),
        }
        yield Line(row["exhibit_id"], "menu", MENU, facts, {MESSAGE: row["rows"]})
    yield from _offers(given)


def _offers(given: Given) -> Iterator[Line]:
    """Pairs of quantity and price that come back, as they are written."""
    found = given.figures.filter(_.text.re_search(pattern("offer")))
    found = found.mutate(offer=_.text.re_extract(pattern("offer"), 1).lower().strip())
    by = ["exhibit_id", "offer"]
    counted = (
        placed(found, by, [_.sent_at, _.row_id])
        .group_by(by)
        .agg(n=_.count(), talks=talk_count(), rows=kept_rows())
    )
    top = strongest(counted, ["exhibit_id"], [_.n.desc(), _.offer], OFFERS)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {"words": quoted(row["offer"]), "n": row["n"], "talks": row["talks"]}
        yield Line(row["exhibit_id"], "offer", OFFER, facts, {MESSAGE: row["rows"]})

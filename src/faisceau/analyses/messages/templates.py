"""Messages sent to many: forwarded menus, price lists, notices, nearly word for word.

Texts long enough are compared by MinHash (see :mod:`_near`), within one exhibit: to bring exhibits
together is another kind of work (``matching``).
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table, _
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages._conversations import JOIN
from faisceau.analyses.messages._near import MARKS, groups, marks, pairs
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

TITLE = N_("Message sent again and again: “{words}”")
SENDER = N_(
    "{who}: messages: {n} (forwarded: {forwarded}), conversations: {talks}, from {first} to {last}"
)
REACH = N_("Messages: {n}; conversations: {talks}; accounts that it was sent to: {people}")
VERSIONS = N_("Versions nearly word for word: {n}, the last of {at}: “{words}”")
METHOD = N_(
    "Texts long enough of one exhibit are cut into pieces of five letters; two that share most of "
    "their pieces (estimated by MinHash) are the same message. Each finding is one such message, "
    "with who sent it, in how many conversations and to how many. Exhibits are not compared with "
    "one another: that is matching."
)
SHOWN, CITED = 10, 20
"""Senders named of a message, and rows cited of each, at most."""
QUOTED = 160
HALF = 10
"""Conversations or recipients at which the score is a half."""


class TemplatesParams(Params):
    """What counts as the same message, and as sent to many."""

    characters: int = Field(default=40, ge=20)
    """Characters of a message, at least."""
    alike: float = Field(default=0.6, ge=0.3, le=1)
    """Share of the pieces that two texts have in common, at least."""
    times: int = Field(default=3, ge=2)
    """Messages, at least."""
    limit: int = Field(default=1000, ge=1)
    """Findings, at most."""


@analysis(
    reads=[
        MESSAGE[
            "exhibit_id",
            "account",
            "thread_id",
            "sender_id",
            "recipients",
            "sent_at",
            "text",
            "kind",
            "forwarded",
        ]
    ],
    kind=Kind.QUERY,
    version=1,
    method=METHOD,
)
def templates(message: Table, params: TemplatesParams, engine: Engine) -> Iterator[Lead]:
    """One lead per message sent again and again, those that reached most first.

    The score grows with the number of conversations and recipients; it says how far the message
    went, not what it is about.
    """
    long = message.filter(
        (_.text.length() >= params.characters) & ((_.kind != "system") | _.kind.isnull())
    )
    texts = long.group_by("exhibit_id", "text").agg(row_id=_.row_id.min(), n=_.count())
    distinct = texts.select("row_id", "exhibit_id", "text")
    one, two = pairs(engine.map_batches(distinct, marks, MARKS))
    grouped = _grouped(engine, texts, one, two, params)
    if not len(grouped):
        return
    sent = long.inner_join(ibis.memtable(grouped), ["exhibit_id", "text"])
    yield from _leads(engine, sent, params)


def _grouped(engine: Engine, texts: Table, one: Any, two: Any, params: TemplatesParams) -> pa.Table:
    """(exhibit, text, group) of the texts that are near another or come often by themselves."""
    met = np.unique(np.concatenate([one, two]))
    chosen = texts.filter(_.n >= params.times)
    near = texts.semi_join(ibis.memtable({"row_id": pa.array(met)}), "row_id") if len(met) else None
    every = chosen if near is None else ibis.union(near, chosen, distinct=True)
    schema = every.schema().to_pyarrow()
    table = pa.Table.from_batches(engine.batches(every), schema).sort_by("row_id")
    rows = table["row_id"].to_numpy()
    if not len(rows):
        return table
    found = groups(rows, table["text"].combine_chunks(), one, two, params.alike)
    table = table.append_column("group", pa.array(found))
    total = table.group_by("group").aggregate([("n", "sum")])
    kept = total.filter(pc.greater_equal(total["n_sum"], params.times))["group"]
    table = table.filter(pc.is_in(table["group"], kept.combine_chunks()))
    return table.select(["exhibit_id", "text", "group"])


def _leads(engine: Engine, sent: Table, params: TemplatesParams) -> Iterator[Lead]:
    """The messages that reached most, each with its senders and its versions."""
    talk = ibis.coalesce(_.thread_id, _.recipients.join(JOIN), "")
    sent = sent.mutate(talk=talk.concat("\x1f", _.account.fill_null("")))
    heard = sent.select("group", who=_.recipients.unnest()).filter(_.who.notnull())
    heard = heard.group_by("group").agg(people=_.who.nunique())
    whole = sent.group_by("group").agg(
        exhibit_id=_.exhibit_id.min(),
        n=_.count(),
        talks=_.talk.nunique(),
        versions=_.text.nunique(),
    )
    whole = whole.left_join(heard, "group").drop("group_right").mutate(people=_.people.fill_null(0))
    whole = whole.mutate(reach=ibis.greatest(_.talks, _.people))
    top = whole.order_by(_.reach.desc(), _.n.desc(), "group").limit(params.limit)
    ranked = list(engine.rows(top))
    chosen = sent.semi_join(ibis.memtable({"group": [row["group"] for row in ranked]}), "group")
    senders, newest = _by_sender(engine, chosen), _newest(engine, chosen)
    for row in ranked:
        group = row["group"]
        yield _lead(row, senders[group], newest[group])


def _by_sender(engine: Engine, sent: Table) -> dict[int, list[dict[str, Any]]]:
    """By group: who sent it, those who sent it most first, with rows to cite."""
    sent = sent.mutate(who=_.sender_id.fill_null("?"))
    window = ibis.window(group_by=["group", "who"], order_by=["sent_at", "row_id"])
    counted = (
        sent.mutate(place=ibis.row_number().over(window))
        .group_by("group", "who")
        .agg(
            n=_.count(),
            forwarded=_.forwarded.fill_null(False).cast("int64").sum(),
            talks=_.talk.nunique(),
            first=_.sent_at.min(),
            last=_.sent_at.max(),
            rows=_.row_id.collect(where=_.place < CITED),
        )
    )
    window = ibis.window(group_by="group", order_by=[_.n.desc(), _.who])
    top = counted.mutate(place=ibis.row_number().over(window)).filter(_.place < SHOWN)
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in engine.rows(top.order_by("group", "place")):
        found[row["group"]].append(row)
    return found


def _newest(engine: Engine, sent: Table) -> dict[int, list[dict[str, Any]]]:
    """By group: the first message of each version, the newest version first."""
    window = ibis.window(group_by=["group", "text"], order_by=["sent_at", "row_id"])
    first = sent.mutate(place=ibis.row_number().over(window)).filter(_.place == 0)
    window = ibis.window(group_by="group", order_by=[_.sent_at.desc(), _.row_id])
    top = first.drop("place").mutate(place=ibis.row_number().over(window))
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    columns = ["group", "place", "row_id", "sent_at", "text"]
    for row in engine.rows(top.filter(_.place < CITED).select(columns).order_by("group", "place")):
        found[row["group"]].append(row)
    return found


def _lead(
    row: dict[str, Any], senders: list[dict[str, Any]], versions: list[dict[str, Any]]
) -> Lead:
    cited = [row_id for sender in senders for row_id in sender["rows"]][:CITED]
    facts = {"talks": row["talks"], "people": row["people"], "n": row["n"]}
    reasons = [Reason("reach", REACH, facts, 1.0, {MESSAGE: cited})]
    for sender in senders:
        told = {key: sender[key] for key in ("who", "n", "forwarded", "talks")}
        told |= {edge: f"{sender[edge]:%Y-%m-%d}" for edge in ("first", "last")}
        weight = round(sender["n"] / row["n"], 2)
        reasons.append(Reason("sender", SENDER, told, weight, {MESSAGE: sender["rows"]}))
    if row["versions"] > 1:
        newest = versions[0]
        told = {"n": row["versions"], "at": f"{newest['sent_at']:%Y-%m-%d}"}
        told["words"] = _quoted(newest["text"])
        rows = [version["row_id"] for version in versions]
        reasons.append(Reason("versions", VERSIONS, told, 0.5, {MESSAGE: rows}))
    subjects = [
        Subject("account", sender["who"], f"{sender['who']} ({row['exhibit_id']})")
        for sender in senders
        if sender["who"] != "?"
    ] or [Subject("device", row["exhibit_id"])]
    score = round(row["reach"] / (row["reach"] + HALF), 6)
    return Lead(TITLE, subjects, score, reasons, {"words": _quoted(versions[-1]["text"])})


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1].rstrip() + "…"

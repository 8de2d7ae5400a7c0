"""Cards: findings with the rows they rest on and the messages around them, for people to read.

What ``show`` prints and the report typesets is the same: a claim, each reason beside its rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import ibis
from ibis import Table

from faisceau.case.masking import Mask
from faisceau.findings.model import Finding, Reason, Review
from faisceau.report.model import Evidence, Excerpt, FindingCard, Line, ReasonCard
from faisceau.tables.engines import LakeEngine
from faisceau.tables.lake import STORED
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import DESK_COLUMNS, Selection

CONTEXT = 2
"""Messages shown before and after each one that a reason rests on."""
SHOWN_CELLS = 8

_DESK = {column.name for column in DESK_COLUMNS}


def selections(tables: Iterable[str]) -> list[Selection]:
    """All columns of the tables: what cards are made from."""
    return [
        Selection(STORED[name], tuple(n for n in STORED[name].columns if n != "row_id"))
        for name in sorted(tables)
        if name in STORED
    ]


Pick = Callable[[Selection, list[int]], list[dict[str, Any]]]
"""Gives the columns selected of the rows of these ids."""


@dataclass(frozen=True, slots=True)
class _Message:
    conversation: str
    position: int
    last: int
    values: Mapping[str, Any]


def cards(
    findings: Sequence[Finding],
    reviews: Iterable[Review],
    engine: LakeEngine,
    mask: Mask,
    *,
    rows_per_reason: int = 20,
    lines_per_finding: int = 60,
    pick: Pick | None = None,
) -> list[FindingCard]:
    """A card per finding, in order. ``engine`` covers the tables that their reasons cite.

    ``pick`` gives the rows of a table by their ids, where it is faster than the engine.
    """
    cited = _cited(findings)
    fetch = pick or partial(_fetch, engine)
    values = {
        table: {
            row["row_id"]: mask.values(STORED[table], row)
            for row in fetch(selections([table])[0], sorted(ids))
        }
        for table, ids in cited.items()
        if table in engine.tables
    }
    hits = cited.get(MESSAGE.name, set())
    around = _near(engine, mask, hits, pick) if pick else _around(engine, mask, hits)
    by_finding: dict[str, list[Review]] = defaultdict(list)
    for review in reviews:
        by_finding[review.finding_id].append(review)
    return [
        FindingCard(
            finding=finding,
            reasons=tuple(_reason(r, values, rows_per_reason) for r in finding.reasons),
            reviews=tuple(by_finding[finding.finding_id]),
            excerpts=_excerpts(finding, around, lines_per_finding),
        )
        for finding in findings
    ]


Sources = Mapping[str, Mapping[int, str]]


def cited_sources(findings: Iterable[Finding], engine: LakeEngine) -> Sources:
    """Where each row that the findings cite stands in its exhibit, by table and row id."""
    found: dict[str, dict[int, str]] = {}
    for table, ids in _cited(findings).items():
        if table in engine.tables:
            wanted = ibis.memtable({"row_id": sorted(ids)}, schema={"row_id": "int64"})
            stored = engine.tables[table].semi_join(wanted, "row_id").select("row_id", "source")
            found[table] = {row["row_id"]: row["source"] for row in engine.rows(stored)}
    return found


def quoted_tables(findings: Iterable[Finding]) -> set[str]:
    """The tables whose rows the cards of these findings show."""
    return _cited(findings).keys() | {MESSAGE.name}


def picked_sources(findings: Iterable[Finding], pick: Pick, covered: Iterable[str]) -> Sources:
    """Like ``cited_sources``, of the tables covered, without an engine: for a page of findings."""
    cited = _cited(findings)
    return {
        table: {
            row["row_id"]: row["source"]
            for row in pick(Selection(STORED[table], ("source",)), sorted(cited[table]))
        }
        for table in covered
        if table in cited and table in STORED
    }


def finding_json(finding: Finding, sources: Sources) -> dict[str, Any]:
    """A finding as other programs read it (design, section 9)."""
    return {
        "finding_id": finding.finding_id,
        "analysis": finding.analysis,
        "version": finding.version,
        "kind": str(finding.kind),
        "title": finding.title,
        "score": round(finding.score, 6),
        "status": str(finding.status),
        "subjects": [
            {"type": s.type, "value": s.value, "label": s.label} for s in finding.subjects
        ],
        "reasons": [
            {
                "code": reason.code,
                "text": reason.in_words(),
                "weight": reason.weight,
                "evidence": [
                    {
                        "table": table,
                        "row_id": row_id,
                        "exhibit_id": f"E{row_id >> 32}",
                        "source": sources.get(table, {}).get(row_id, ""),
                    }
                    for table, ids in reason.by_table().items()
                    for row_id in ids
                ],
            }
            for reason in finding.reasons
        ],
        "params": dict(finding.params),
        "limits": list(finding.limits),
        "created_at": finding.created_at,
    }


def _cited(findings: Iterable[Finding]) -> dict[str, set[int]]:
    cited: dict[str, set[int]] = defaultdict(set)
    for finding in findings:
        for reason in finding.reasons:
            for table, ids in reason.by_table().items():
                cited[table].update(ids)
    return cited


def _fetch(engine: LakeEngine, selection: Selection, ids: list[int]) -> list[dict[str, Any]]:
    wanted = ibis.memtable({"row_id": ids}, schema={"row_id": "int64"})
    table = engine.tables[selection.schema.name]
    return list(engine.rows(table.semi_join(wanted, "row_id")))


def _reason(
    reason: Reason, values: Mapping[str, Mapping[int, Mapping[str, Any]]], most: int
) -> ReasonCard:
    rows = [(table, i) for table, ids in reason.by_table().items() for i in ids]
    return ReasonCard(
        reason=reason,
        evidence=tuple(
            _evidence(table, i, values.get(table, {}).get(i)) for table, i in rows[:most]
        ),
        total=len(rows),
    )


def _evidence(table: str, row_id: int, values: Mapping[str, Any] | None) -> Evidence:
    if values is None:  # withdrawn, or out of the mandate's sight since
        return Evidence(table, row_id, f"E{row_id >> 32}", "")
    return Evidence(table, row_id, values["exhibit_id"], values["source"], shown(table, values))


def shown(table: str, values: Mapping[str, Any]) -> str:
    """A row in a few words: its values, in the order of the table."""
    if table == MESSAGE.name:
        return str(values.get("text") or values.get("kind") or "")
    cells = [
        ", ".join(map(str, v)) if isinstance(v, list) else str(v)
        for name, v in values.items()
        if v is not None and name not in _DESK
    ]
    return " · ".join(cells[:SHOWN_CELLS])


def conversation(message: Table) -> Any:
    """The key of a message's conversation: exhibit, account, thread; without thread, who talks."""
    people = message.recipients.fill_null([]).concat(ibis.array([message.sender_id.fill_null("")]))
    thread = message.thread_id.fill_null(people.sort().join("|"))
    return message.exhibit_id + "\n" + message.account.fill_null("") + "\n" + thread


KEYED = ("exhibit_id", "account", "thread_id", "sender_id", "recipients")
"""What the key of a conversation is made of."""


def talk_of(row: Mapping[str, Any]) -> str:
    """What ``conversation`` gives for one row (with the columns of ``KEYED``)."""
    thread = row["thread_id"]
    if thread is None:
        people = [*(row["recipients"] or ()), row["sender_id"] or ""]
        thread = "|".join(sorted(name for name in people if name is not None))
    return f"{row['exhibit_id']}\n{row['account'] or ''}\n{thread}"


def _around(
    engine: LakeEngine, mask: Mask, hits: set[int]
) -> dict[int, tuple[str, list[_Message]]]:
    """For each message cited, its conversation and the messages near any that is cited."""
    if not hits or MESSAGE.name not in engine.tables:
        return {}
    message = engine.tables[MESSAGE.name]
    cited = ibis.memtable({"row_id": sorted(hits)}, schema={"row_id": "int64"})
    keyed = message.mutate(conversation=conversation(message))
    talks = keyed.semi_join(cited, "row_id").select("conversation").distinct()
    told = keyed.semi_join(talks, "conversation")
    marked = told.left_join(cited.mutate(cited=ibis.literal(1)), "row_id").drop("row_id_right")
    order = [marked.sent_at, marked.row_id]
    whole = ibis.window(group_by="conversation", order_by=order)
    near = ibis.window(
        group_by="conversation", order_by=order, preceding=CONTEXT, following=CONTEXT
    )
    placed = marked.mutate(
        position=ibis.row_number().over(whole),
        last=ibis._.count().over(group_by="conversation"),
        near=marked.cited.max().over(near),
    ).filter(ibis._.near.notnull())
    talk: dict[str, list[_Message]] = defaultdict(list)
    for row in engine.rows(placed.order_by("conversation", "position")):
        values = mask.values(MESSAGE, row)
        found = _Message(row["conversation"], row["position"], row["last"] - 1, values)
        talk[found.conversation].append(found)
    return {
        m.values["row_id"]: (key, messages)
        for key, messages in talk.items()
        for m in messages
        if m.values["row_id"] in hits
    }


def _near(
    engine: LakeEngine, mask: Mask, hits: set[int], pick: Pick
) -> dict[int, tuple[str, list[_Message]]]:
    """What ``_around`` gives, of few conversations: only their order is asked of the engine, for
    which a question with windows takes longer to be put than to be answered."""
    if not hits or MESSAGE.name not in engine.tables:
        return {}
    asked = pick(Selection(MESSAGE, KEYED), sorted(hits))
    exhibits, talks = ({row["exhibit_id"] for row in asked}, {talk_of(row) for row in asked})
    own = engine.tables[MESSAGE.name].filter(ibis._.exhibit_id.isin(sorted(exhibits)))
    told = own.select("row_id", "sent_at", conversation=conversation(own))
    told = told.filter(ibis._.conversation.isin(sorted(talks)))
    order: dict[str, list[int]] = defaultdict(list)
    for batch in engine.batches(told.order_by("conversation", "sent_at", "row_id")):
        for key, row_id in zip(
            batch["conversation"].to_pylist(), batch["row_id"].to_pylist(), strict=True
        ):
            order[key].append(row_id)
    places = {
        key: sorted(
            {
                near
                for place, row_id in enumerate(ids)
                if row_id in hits
                for near in range(max(0, place - CONTEXT), min(len(ids), place + CONTEXT + 1))
            }
        )
        for key, ids in order.items()
    }
    wanted = sorted(order[key][place] for key, of in places.items() for place in of)
    [whole] = selections([MESSAGE.name])
    rows = {row["row_id"]: mask.values(MESSAGE, row) for row in pick(whole, wanted)}
    found: dict[int, tuple[str, list[_Message]]] = {}
    for key, of in places.items():
        ids = order[key]
        talk = [_Message(key, n, len(ids) - 1, rows[ids[n]]) for n in of if ids[n] in rows]
        found.update({m.values["row_id"]: (key, talk) for m in talk if m.values["row_id"] in hits})
    return found


def _excerpts(
    finding: Finding, around: Mapping[int, tuple[str, list[_Message]]], most: int
) -> tuple[Excerpt, ...]:
    hits: dict[int, set[str]] = defaultdict(set)
    for reason in finding.reasons:
        for row_id in reason.by_table().get(MESSAGE.name, []):
            hits[row_id].update(_words(reason))
    talks = dict(around[i] for i in sorted(hits) if i in around)
    result = []
    for messages in talks.values():
        places = [m.position for m in messages if m.values["row_id"] in hits]
        near = [m for m in messages if any(abs(m.position - p) <= CONTEXT for p in places)][:most]
        if near:
            result.append(_excerpt(near, hits))
    return tuple(result)


def _excerpt(near: list[_Message], hits: Mapping[int, set[str]]) -> Excerpt:
    lines, previous = [], -1
    for message in near:
        v = message.values
        lines.append(
            Line(
                row_id=v["row_id"],
                exhibit_id=v["exhibit_id"],
                source=v["source"],
                sent_at=v["sent_at"],
                sender=v["sender_name"] or v["sender_id"] or "",
                text=v["text"] or "",
                zone=v["zone"] or "",
                hit=v["row_id"] in hits,
                words=tuple(sorted(hits.get(v["row_id"], ()), key=lambda w: (-len(w), w))),
                gap=message.position - previous - 1,
                note="" if v["kind"] in (None, "text") else str(v["kind"]),
            )
        )
        previous = message.position
    first = near[0].values
    title = first["thread_name"] or first["thread_id"] or ""
    return Excerpt(f"{first['exhibit_id']} · {title}", tuple(lines), near[0].last - previous)


def _words(reason: Reason) -> list[str]:
    words = reason.facts.get("words", ())
    return [words] if isinstance(words, str) else [str(word) for word in words]

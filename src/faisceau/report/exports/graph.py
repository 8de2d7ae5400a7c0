"""Findings and rows as a graph of entities and links, for tools that draw them.

Nodes: exhibits, findings, what findings and rows name, and each row. Links: a finding to whom it
is about and to the rows it rests on; a row to what it names; and, for messages, calls and
payments, one end straight to the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from faisceau.report.exports.model import ExportData, Observation, iso, shortened, written
from faisceau.report.exports.parties import SENDING, Party, gathered, of_subject, parties
from faisceau.report.model import ExhibitCard, FindingCard
from faisceau.tables.schemas import TABLES
from faisceau.tables.schemas.derived import MENTION
from faisceau.words import say

PROVENANCE = ("exhibit", "source", "row_id", "sha256")
FACTS = (
    "value",
    "service",
    "names",
    "analysis",
    "version",
    "finding_kind",
    "status",
    "score",
    "reasons",
    "reviews",
    "limits",
    "findings",
    "size",
    "origin",
    "added_at",
)
"""Attributes of nodes that are no rows; a row's are the columns of its table."""

_ENDS = {
    "message": ("sender_id", "recipients"),
    "call": ("caller", "callee"),
    "payment": ("account", "counterparty_account"),
}
_WHEN = ("sent_at", "started_at", "booked_at", "read_at", "seized_at", "departed_at", "at")


@dataclass(frozen=True, slots=True)
class Node:
    """An entity: what it is, what to call it, what is known of it, where that stands."""

    key: str
    type: str
    label: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edge:
    """A link. ``at``: ISO 8601, empty when unknown. ``strength``: a score from 0 to 1 (type
    ``about``), a reason's weight (``rests on``), or a number of acts (a message, calls)."""

    key: str
    source: str
    target: str
    type: str
    at: str = ""
    strength: float | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


def attribute_names(data: ExportData) -> tuple[str, ...]:
    """Every name that an attribute of a node may have, in a fixed order."""
    known = {**TABLES, MENTION.name: MENTION}
    columns = {c: None for table in data.tables if table in known for c in known[table].columns}
    desk = {"exhibit_id", "source", "row_id"}
    return tuple(dict.fromkeys([*FACTS, *(c for c in columns if c not in desk)]))


def nodes(data: ExportData) -> Iterator[Node]:
    """Every entity once: exhibits, findings, parties, rows."""
    yield from (_exhibit(data, card) for card in data.exhibits)
    yield from (_finding(data, card) for card in data.findings)
    yield from (_party(party) for party in gathered(data))
    for row in data.rows():
        attributes = {name: written(value) for name, value in row.attributes.items()}
        cited = sorted({f.finding_id for f, _ in data.cited[row.table, row.row_id]})
        attributes["findings"] = "; ".join(cited)
        key = data.row_key(row.table, row.row_id)
        yield Node(key, row.table, row.label, attributes, provenance(data, row))


def edges(data: ExportData) -> Iterator[Edge]:
    """Every link, both ends among :func:`nodes`."""
    for card in data.findings:
        finding = card.finding
        key, at = data.finding_key(finding.finding_id), iso(finding.created_at)
        for n, subject in enumerate(finding.subjects):
            about = of_subject(data, subject).key
            link = data.key("link", "about", key, str(n))
            yield Edge(link, key, about, "about", at, round(finding.score, 6))
    for row in data.rows():
        yield from _row_edges(data, row)


def provenance(data: ExportData, row: Observation) -> dict[str, str]:
    """Where a row stands: exhibit, its hash, locator, row id."""
    return {
        "exhibit": row.exhibit_id,
        "source": row.source,
        "row_id": str(row.row_id),
        "sha256": data.sha256(row.exhibit_id),
    }


def when(row: Observation) -> str:
    """The moment a row tells of, ISO 8601; empty when it tells of none."""
    values = row.values
    times = [values[name] for name in _WHEN if values.get(name) is not None]
    return iso(times[0]) if times else ""


def story(card: FindingCard) -> dict[str, Any]:
    """What a finding says, in words: its reasons, its reviews, its limits."""
    return {
        "reasons": [f"{r.in_words()} [{r.weight:+.2f}]" for r in card.finding.reasons],
        "reviews": [
            " ".join(part for part in (iso(r.at), r.agent, str(r.verdict), r.note) if part)
            for r in card.reviews
        ],
        "limits": [say(limit) for limit in card.finding.limits],
    }


def _row_edges(data: ExportData, row: Observation) -> Iterator[Edge]:
    node, at, stands = data.row_key(row.table, row.row_id), when(row), provenance(data, row)
    if stands["sha256"]:
        exhibit = data.exhibit_key(row.exhibit_id)
        yield Edge(data.key("link", "found in", node), node, exhibit, "found in", at, None, stands)
    for n, (finding, reason) in enumerate(data.cited[row.table, row.row_id]):
        source = data.finding_key(finding.finding_id)
        link = data.key("link", "rests on", node, str(n))
        yield Edge(link, source, node, "rests on", at, float(reason.weight), stands)
    by_role: dict[str, list[str]] = {}
    for n, (role, party) in enumerate(parties(data, row)):
        by_role.setdefault(role, []).append(party.key)
        ends = (party.key, node) if role in SENDING else (node, party.key)
        yield Edge(data.key("link", role, node, str(n)), *ends, role, at, None, stands)
    if row.table in _ENDS:
        first, second = _ENDS[row.table]
        if row.table == "payment" and (row.values.get("amount") or 0) > 0:
            first, second = second, first  # a credit comes from the other side
        strength = float(row.values.get("count") or 1)
        for one in by_role.get(first, []):
            for n, other in enumerate(by_role.get(second, [])):
                link = data.key("link", "direct", node, one, str(n))
                yield Edge(link, one, other, row.table, at, strength, stands)


def _exhibit(data: ExportData, card: ExhibitCard) -> Node:
    facts = {"size": str(card.size), "origin": card.origin, "added_at": iso(card.added_at)}
    stands = {"exhibit": card.exhibit_id, "sha256": card.sha256}
    label = f"{card.exhibit_id} {card.label}"
    return Node(data.exhibit_key(card.exhibit_id), "exhibit", label, facts, stands)


def _finding(data: ExportData, card: FindingCard) -> Node:
    finding = card.finding
    facts = {
        "value": finding.finding_id,
        "analysis": finding.analysis,
        "version": finding.version,
        "finding_kind": str(finding.kind),
        "status": str(finding.status),
        "score": f"{finding.score:.6g}",
        **{name: "\n".join(lines) for name, lines in story(card).items()},
    }
    key = data.finding_key(finding.finding_id)
    return Node(key, "finding", shortened(finding.title), {k: v for k, v in facts.items() if v})


def _party(party: Party) -> Node:
    facts = {
        "value": party.value,
        "service": party.service,
        "names": "; ".join(sorted(party.names)),
    }
    return Node(party.key, party.kind, party.label, {k: v for k, v in facts.items() if v})

"""What the workspace answers, as values that ``--format json`` and the REST API share."""

from collections.abc import Iterable
from typing import Any

from faisceau.case.adding import Added
from faisceau.case.cards import finding_json
from faisceau.case.plugins import plugins
from faisceau.case.running import RunReport
from faisceau.case.searching import Answer, hit_json
from faisceau.case.status import CaseStatus
from faisceau.case.workspace import Workspace
from faisceau.errors import NotFound
from faisceau.evidence.exhibit import Exhibit
from faisceau.ledger.entry import Entry
from faisceau.mandate.explain import Explanation
from faisceau.report.model import FindingCard
from faisceau.tables.schemas import TABLES, Schema
from faisceau.words import N_, say


def exhibit_json(exhibit: Exhibit) -> dict[str, Any]:
    """An exhibit as other programs read it (design, section 9), with its further counts."""
    return {
        "exhibit_id": exhibit.exhibit_id,
        "label": exhibit.label,
        "sha256": exhibit.sha256,
        "size": exhibit.size,
        "reader": exhibit.reader or None,
        "tables": exhibit.tables,
        "unread": dict(exhibit.unread),
        "unknown": dict(exhibit.unknown),
        "left": dict(exhibit.left),
        "files": dict(exhibit.files),
        "aside": dict(exhibit.aside),
        "strange": exhibit.strange,
        "flagged": dict(exhibit.flagged),
        "wanted": exhibit.wanted,
        "unread_tables": {name: dict(rows) for name, rows in exhibit.unread_tables.items()},
        "procedure": exhibit.procedure,
        "timezone": exhibit.timezone,
        "clock_offset_s": exhibit.clock_offset_s,
        "in_place": exhibit.in_place,
        "added_at": exhibit.added_at,
        "added_by": exhibit.added_by,
    }


def status_json(state: CaseStatus) -> dict[str, Any]:
    """The state of a case as one JSON object."""
    return {
        "reference": state.reference,
        "exhibits": [exhibit_json(e) for e in state.exhibits],
        "tables": _totals(state.exhibits),
        "findings": state.findings,
        "sealed": state.sealed.as_json(),
        "findings_withheld": state.withheld,
        "due": [{"what": say(d.what, **d.facts), "on": d.on} for d in state.due],
        "warnings": state.warnings,
    }


def _totals(exhibits: Iterable[Exhibit]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for exhibit in exhibits:
        for table, count in exhibit.tables.items():
            total = totals.setdefault(table, {})
            for name, n in count.items():
                total[name] = total.get(name, 0) + n
    return totals


def added_json(added: Added) -> dict[str, Any]:
    """What became of one path."""
    return {
        "path": added.path,
        "already": added.already,
        "exhibit": exhibit_json(added.exhibit) if added.exhibit else None,
        "error": str(added.error) if added.error else None,
        "notes": [say(template, **facts) for template, facts in added.notes],
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """What a search gave, as one JSON object."""
    return {
        "query": answer.query,
        "total": answer.total,
        "offset": answer.offset,
        "hits": [hit_json(hit) for hit in answer.hits],
        "sealed": answer.sealed.as_json(),
    }


def run_json(report: RunReport) -> dict[str, Any]:
    """What one run did."""
    return {
        "ran": [
            {
                "analysis": r.analysis,
                "findings": {"new": r.new, "kept": r.kept, "superseded": r.superseded},
                "limits": [say(limit) for limit in r.limits],
            }
            for r in report.ran
        ],
        "not_run": [
            {"analysis": n.analysis, "refused": n.decision is not None, "why": n.in_words()}
            for n in report.not_run
        ],
        "sealed": report.sealed.as_json(),
    }


def card_json(card: FindingCard) -> dict[str, Any]:
    """A finding with its reviews and excerpts."""
    sources: dict[str, dict[int, str]] = {}
    for reason in card.reasons:
        for e in reason.evidence:
            sources.setdefault(e.table, {})[e.row_id] = e.source
    return {
        **finding_json(card.finding, sources),
        "reviews": [
            {"agent": r.agent, "verdict": str(r.verdict), "note": r.note, "at": r.at}
            for r in card.reviews
        ],
        "excerpts": [
            {
                "title": excerpt.title,
                "lines": [
                    {
                        "row_id": line.row_id,
                        "exhibit_id": line.exhibit_id,
                        "source": line.source,
                        "sent_at": line.sent_at,
                        "sender": line.sender,
                        "text": line.text,
                        "hit": line.hit,
                    }
                    for line in excerpt.lines
                ],
            }
            for excerpt in card.excerpts
        ],
    }


def tables_json(table: str | None) -> list[dict[str, Any]]:
    """The observation tables and their columns."""
    return [
        {
            "table": schema.name,
            "meaning": schema.meaning,
            "anchors": list(schema.anchors),
            "columns": [
                {"name": c.name, "type": str(c.type), "meaning": c.meaning} for c in schema
            ],
        }
        for schema in chosen_tables(table)
    ]


def chosen_tables(table: str | None) -> list[Schema]:
    """The observation table of that name, or all of them. Raises ``NotFound``."""
    if table is None:
        return list(TABLES.values())
    if table not in TABLES:
        raise NotFound(
            N_("There is no table {table}"),
            hint=N_("There are: {known}"),
            table=table,
            known=list(TABLES),
        )
    return [TABLES[table]]


def analyses_json() -> dict[str, Any]:
    """The analyses installed, and plug-ins that failed."""
    known = plugins()
    return {
        "analyses": [
            {
                "analysis": a.name,
                "kind": str(a.kind),
                "version": a.version,
                "reads": {s.schema.name: list(s.names) for s in a.reads},
                "reads_if": {s.schema.name: list(s.names) for s in a.reads_if},
                "params": a.params.model_json_schema(),
                "method": say(a.method),
            }
            for a in known.analyses.values()
        ],
        "failed": [{"name": f.name, "why": str(f.why)} for f in known.failed],
    }


def explain_json(desk: Workspace, explained: Iterable[Explanation]) -> dict[str, Any]:
    """Every act as allowed or refused."""
    return {
        "reference": desk.mandate.reference,
        "agent": desk.agent,
        "on": desk.today,
        "acts": [
            {
                "act": e.act.operation,
                "analysis": e.act.analysis or None,
                "tables": sorted(e.act.tables),
                "label": e.label,
                "allowed": e.allowed,
                "rules": [{"id": r.id, "source": r.source, "text": r.text()} for r in e.rules],
                "unlocked_by": [way.text() for way in e.unlocked_by],
            }
            for e in explained
        ],
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """An entry of the ledger."""
    return {
        "number": entry.number,
        "at": entry.at,
        "operation": entry.operation,
        "phase": entry.phase,
        "act": entry.act,
        "agent": entry.agent,
        "reason": entry.reason,
        "of": entry.of,
        "outcome": entry.outcome,
        "policies": list(entry.policies),
        "data": dict(entry.data),
    }

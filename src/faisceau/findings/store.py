"""Findings and reviews in the case's catalog. The desk owns the transaction and the permit."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from faisceau.findings.model import Finding, Kind, Lead, Reason, Review, Status, Subject, Wanted
from faisceau.mandate.permit import Permit

_metadata = sa.MetaData()
_findings = sa.Table(
    "finding",
    _metadata,
    sa.Column("finding_id", sa.String, primary_key=True),
    sa.Column("analysis", sa.String, nullable=False, index=True),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("score", sa.Float, nullable=False, index=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("params", sa.Text, nullable=False),
    sa.Column("mandate_version", sa.String, nullable=False),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("lead", sa.Text, nullable=False),
    sa.Column("limits", sa.Text, nullable=False),
    sa.Column("exhibits", sa.Text, nullable=False),
)
_reviews = sa.Table(
    "review",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("finding_id", sa.String, nullable=False, index=True),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)
_lifted = sa.Table(
    "lifted",
    _metadata,
    sa.Column("finding_id", sa.String, primary_key=True),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)

_withheld = sa.Table(
    "finding_sealed",
    _metadata,
    sa.Column("finding_id", sa.String, primary_key=True),
    sa.Column("seal", sa.Integer, primary_key=True, autoincrement=False),
)
"""Findings that rest on sealed correspondence, and under which seals: nobody reads them."""

READING = (
    "findings",
    "show",
    "report",
    "review",
    "unmask",
    "status",
    "export",
    "run",
    "search",
    "withdraw",
    "purge",
)


def create(connection: sa.Connection) -> None:
    """Create the findings' part of a catalog."""
    _metadata.create_all(connection)


def put(
    connection: sa.Connection,
    permit: Permit,
    findings: Iterable[Finding],
    *,
    analysis: str,
    params: Mapping[str, Any],
) -> tuple[int, int, int]:
    """Store what one run of ``analysis`` with ``params`` found.

    A finding already there stays as it is, with its reviews; one of the same analysis and
    parameters that no longer comes out is marked superseded. One that was withheld is told anew:
    this run saw nothing that is sealed. Returns (new, kept, superseded).
    """
    permit.require("run")
    known = {
        row.finding_id: row.status
        for row in connection.execute(
            sa.select(_findings.c.finding_id, _findings.c.status).where(
                _findings.c.analysis == analysis, _findings.c.params == _canonical(params)
            )
        )
    }
    found = {finding.finding_id: finding for finding in findings}
    rows = [_row(finding) for finding_id, finding in found.items() if finding_id not in known]
    if rows:
        connection.execute(sa.insert(_findings), rows)
    _tell_anew(connection, [f for i, f in found.items() if i in known])
    gone = [i for i, status in known.items() if i not in found and status != Status.SUPERSEDED]
    _set_status(connection, gone, Status.SUPERSEDED)
    back = [i for i, status in known.items() if i in found and status == Status.SUPERSEDED]
    for finding_id in back:
        verdicts = reviews(connection, permit, finding_id)
        _set_status(connection, [finding_id], verdicts[-1].verdict if verdicts else Status.NEW)
    return len(rows), len(found) - len(rows), len(gone)


def _tell_anew(connection: sa.Connection, found: Iterable[Finding]) -> None:
    """Replace what findings said that are withheld; they rest on nothing that is sealed now."""
    if not sa.inspect(connection).has_table(_withheld.name):
        return
    held = set(connection.execute(sa.select(_withheld.c.finding_id)).scalars())
    for finding in (f for f in found if f.finding_id in held):
        mine = _findings.c.finding_id == finding.finding_id
        values = {name: value for name, value in _row(finding).items() if name != "status"}
        connection.execute(sa.update(_findings).where(mine).values(**values))
        connection.execute(sa.delete(_withheld).where(_withheld.c.finding_id == finding.finding_id))


def listed(
    connection: sa.Connection,
    permit: Permit,
    *,
    analysis: str | None = None,
    top: int | None = None,
) -> list[Finding]:
    """Findings by falling score, those superseded or withdrawn left out."""
    permit.require(*READING)
    query = sa.select(_findings).order_by(_findings.c.score.desc(), _findings.c.finding_id)
    query = query.where(*_open(connection))
    if analysis is not None:
        query = query.where(_findings.c.analysis == analysis)
    query = query.where(_findings.c.status.not_in([Status.SUPERSEDED, Status.WITHDRAWN]))
    if top is not None:
        query = query.limit(top)
    return [_finding(row) for row in connection.execute(query)]


def page(
    connection: sa.Connection, permit: Permit, wanted: Wanted, *, offset: int, limit: int
) -> tuple[int, list[Finding]]:
    """How many findings are as wanted, and those from ``offset`` on, ``limit`` at most.

    Without ``statuses``, those superseded or withdrawn are left out. What rests on sealed
    correspondence is neither counted nor looked into.
    """
    permit.require(*READING)
    clauses = [_findings.c.score >= wanted.least, *_open(connection)]
    if wanted.analyses:
        clauses.append(_findings.c.analysis.in_(wanted.analyses))
    if wanted.statuses:
        clauses.append(_findings.c.status.in_(wanted.statuses))
    else:
        clauses.append(_findings.c.status.not_in([Status.SUPERSEDED, Status.WITHDRAWN]))
    if wanted.about:
        said = _findings.c.lead.icontains(wanted.about, autoescape=True)
        clauses.append(said | _findings.c.finding_id.startswith(wanted.about, autoescape=True))
    order: list[sa.ColumnElement[Any]] = [_findings.c.score.desc(), _findings.c.finding_id]
    first: dict[str, sa.ColumnElement[Any]] = {
        "newest": _findings.c.created_at.desc(),
        "analysis": _findings.c.analysis,
        "status": _findings.c.status,
    }
    if wanted.order in first:
        order.insert(0, first[wanted.order])
    total = connection.execute(
        sa.select(sa.func.count()).select_from(_findings).where(*clauses)
    ).scalar_one()
    query = sa.select(_findings).where(*clauses).order_by(*order)
    rows = connection.execute(query.limit(limit).offset(offset))
    return int(total), [_finding(row) for row in rows]


def by_prefix(connection: sa.Connection, permit: Permit, prefix: str) -> list[Finding]:
    """The findings whose id begins with ``prefix`` (two at most: one, none, or ambiguous)."""
    permit.require(*READING)
    query = sa.select(_findings).where(_findings.c.finding_id.startswith(prefix, autoescape=True))
    return [_finding(row) for row in connection.execute(query.where(*_open(connection)).limit(2))]


def of_ids(connection: sa.Connection, permit: Permit, ids: Sequence[str]) -> list[Finding]:
    """The findings of these ids that rest on nothing sealed, in no order."""
    permit.require(*READING)
    found: list[Finding] = []
    for start in range(0, len(ids), 500):
        these = _findings.c.finding_id.in_(ids[start : start + 500])
        query = sa.select(_findings).where(these, *_open(connection))
        found += map(_finding, connection.execute(query))
    return found


def count(connection: sa.Connection, permit: Permit) -> dict[str, dict[str, int]]:
    """Number of findings by analysis and status."""
    permit.require(*READING)
    query = (
        sa.select(_findings.c.analysis, _findings.c.status, sa.func.count())
        .where(*_open(connection))
        .group_by(_findings.c.analysis, _findings.c.status)
    )
    counts: dict[str, dict[str, int]] = {}
    for analysis, status, n in connection.execute(query):
        counts.setdefault(analysis, {})[status] = n
    return counts


def add_review(connection: sa.Connection, permit: Permit, review: Review) -> None:
    """Keep a verdict; the finding takes it as its status."""
    permit.require("review")
    connection.execute(
        sa.insert(_reviews).values(
            finding_id=review.finding_id,
            agent=review.agent,
            verdict=review.verdict,
            note=review.note,
            at=review.at.isoformat(),
        )
    )
    _set_status(connection, [review.finding_id], review.verdict)


def reviews(
    connection: sa.Connection, permit: Permit, finding_id: str | None = None
) -> list[Review]:
    """Verdicts in the order they were given, of one finding or of all."""
    permit.require(*READING)
    query = sa.select(_reviews).order_by(_reviews.c.number)
    if finding_id is not None:
        query = query.where(_reviews.c.finding_id == finding_id)
    return [
        Review(
            r.finding_id,
            r.agent,
            Status(r.verdict),
            r.note,
            datetime.fromisoformat(r.at).astimezone(UTC),
        )
        for r in connection.execute(query)
    ]


def verdicts(connection: sa.Connection, permit: Permit) -> list[dict[str, Any]]:
    """Every verdict in the order it was given, as the table ``review`` has it (native values).

    One that was taken back is no verdict, nor are those before it.
    """
    permit.require(*READING, "lexicon")
    query = (
        sa.select(_reviews, _findings.c.analysis, _findings.c.lead)
        .join(_findings, _findings.c.finding_id == _reviews.c.finding_id)
        .where(*_open(connection))
        .order_by(_reviews.c.number)
    )
    given = list(connection.execute(query))
    back = {row.finding_id: row.number for row in given if row.verdict == Status.NEW}
    return [
        {
            "row_id": row.number,
            "source": f"review {row.number}",
            "finding_id": row.finding_id,
            "analysis": row.analysis,
            "verdict": row.verdict,
            "agent": row.agent,
            "at": datetime.fromisoformat(row.at).astimezone(UTC),
            "rows": _cited(json.loads(row.lead)),
        }
        for row in given
        if row.number > back.get(row.finding_id, -1)
    ]


def lift(
    connection: sa.Connection, permit: Permit, finding_id: str, agent: str, at: datetime
) -> None:
    """Keep that the mask is lifted from the rows in which a concordance consists."""
    permit.require("unmask")
    _metadata.create_all(connection, tables=[_lifted])  # a case of an earlier version has none
    connection.execute(sa.delete(_lifted).where(_lifted.c.finding_id == finding_id))
    connection.execute(
        sa.insert(_lifted).values(finding_id=finding_id, agent=agent, at=at.isoformat())
    )


def lifted(connection: sa.Connection) -> dict[str, frozenset[int]]:
    """Rows by table whose mask is lifted: those that concord in findings that still stand."""
    if not sa.inspect(connection).has_table(_lifted.name):
        return {}
    fallen = [Status.SUPERSEDED, Status.WITHDRAWN, Status.DISMISSED]
    query = sa.select(_findings).where(
        _findings.c.finding_id.in_(sa.select(_lifted.c.finding_id)),
        _findings.c.status.not_in(fallen),
        *_open(connection),
    )
    rows: dict[str, set[int]] = {}
    for finding in map(_finding, connection.execute(query)):
        for table, ids in finding.concordant().items():
            rows.setdefault(table, set()).update(ids)
    return {table: frozenset(ids) for table, ids in rows.items()}


def cited(connection: sa.Connection, permit: Permit) -> dict[str, list[int]]:
    """By finding, the rows of every table that it rests on."""
    permit.require("add", "replace")
    query = sa.select(_findings.c.finding_id, _findings.c.lead)
    return {row.finding_id: _cited(json.loads(row.lead)) for row in connection.execute(query)}


def summing(connection: sa.Connection, permit: Permit, tables: Collection[str]) -> Iterator[str]:
    """The findings that sum up rows of these tables: about more than single conversations.

    They cite a few rows of many, so that what they cite does not tell what they count.
    """
    permit.require("add", "replace")
    for row in connection.execute(sa.select(_findings.c.finding_id, _findings.c.lead)):
        lead = json.loads(row.lead)
        cited = {table for reason in lead["reasons"] for table in reason["rows"]}
        if cited & set(tables) and any(s[0] != "thread" for s in lead["subjects"]):
            yield row.finding_id


def seal(connection: sa.Connection, permit: Permit, on: Mapping[str, Sequence[int]]) -> None:
    """Withhold findings, each until every seal that it rests on is lifted."""
    permit.require("add", "replace")
    _metadata.create_all(connection, tables=[_withheld])  # a case of an earlier version has none
    for finding_id, numbers in on.items():
        known = (_withheld.c.finding_id == finding_id, _withheld.c.seal.in_(numbers))
        connection.execute(sa.delete(_withheld).where(*known))
        rows = [{"finding_id": finding_id, "seal": number} for number in numbers]
        connection.execute(sa.insert(_withheld), rows)


def unseal(connection: sa.Connection, permit: Permit, number: int) -> None:
    """A seal is lifted: what rested on no other shows again."""
    permit.require("lift_seal")
    if sa.inspect(connection).has_table(_withheld.name):
        connection.execute(sa.delete(_withheld).where(_withheld.c.seal == number))


def withheld(connection: sa.Connection, permit: Permit, prefix: str = "") -> int:
    """How many findings whose id begins with ``prefix`` rest on what is sealed."""
    permit.require(*READING)
    if not sa.inspect(connection).has_table(_withheld.name):
        return 0
    ids = sa.select(_withheld.c.finding_id).where(
        _withheld.c.finding_id.startswith(prefix, autoescape=True)
    )
    query = sa.select(sa.func.count()).select_from(ids.distinct().subquery())
    return int(connection.execute(query).scalar_one())


def _open(connection: sa.Connection) -> list[sa.ColumnElement[bool]]:
    """The condition that a finding rests on nothing that is sealed."""
    if not sa.inspect(connection).has_table(_withheld.name):
        return []
    return [_findings.c.finding_id.not_in(sa.select(_withheld.c.finding_id))]


def withdraw_exhibit(connection: sa.Connection, permit: Permit, exhibit_id: str) -> list[str]:
    """Mark every finding that rests on a row of the exhibit as withdrawn; returns their ids.

    The reasons are emptied: they quote what may no longer be read.
    """
    permit.require("withdraw", "purge")
    quoted = f'"{exhibit_id}"'
    query = sa.select(_findings.c.finding_id).where(_findings.c.exhibits.contains(quoted))
    touched = list(connection.execute(query).scalars())
    if touched:
        connection.execute(
            sa.update(_findings)
            .where(_findings.c.finding_id.in_(touched))
            .values(status=Status.WITHDRAWN, lead=json.dumps(_EMPTY_LEAD))
        )
    return touched


def erase_old(connection: sa.Connection, permit: Permit, kind: Kind, before: datetime) -> list[str]:
    """Erase the findings of ``kind`` first recorded before a moment, with their reviews."""
    permit.require("purge")
    old = (_findings.c.kind == kind, _findings.c.created_at < before.isoformat())
    gone = list(connection.execute(sa.select(_findings.c.finding_id).where(*old)).scalars())
    for finding_id in gone:
        if sa.inspect(connection).has_table(_withheld.name):
            connection.execute(sa.delete(_withheld).where(_withheld.c.finding_id == finding_id))
        connection.execute(sa.delete(_reviews).where(_reviews.c.finding_id == finding_id))
        if sa.inspect(connection).has_table(_lifted.name):
            connection.execute(sa.delete(_lifted).where(_lifted.c.finding_id == finding_id))
    connection.execute(sa.delete(_findings).where(*old))
    return gone


def _cited(lead: Mapping[str, Any]) -> list[int]:
    """The rows of every table that a lead's reasons rest on."""
    return sorted({i for r in lead["reasons"] for ids in r["rows"].values() for i in ids})


_EMPTY_LEAD: dict[str, Any] = {
    "title": "",
    "facts": {},
    "score": 0.0,
    "subjects": [],
    "reasons": [],
}


def _set_status(connection: sa.Connection, ids: list[str], status: Status) -> None:
    for start in range(0, len(ids), 500):
        connection.execute(
            sa.update(_findings)
            .where(_findings.c.finding_id.in_(ids[start : start + 500]))
            .values(status=status)
        )


def _canonical(params: Mapping[str, Any]) -> str:
    return json.dumps(params, sort_keys=True, ensure_ascii=False)


def _row(finding: Finding) -> dict[str, Any]:
    lead = finding.lead
    reasons = [
        {
            "code": r.code,
            "text": r.text,
            "facts": dict(r.facts),
            "weight": r.weight,
            "rows": r.by_table(),
        }
        for r in lead.reasons
    ]
    exhibits = sorted(
        {row >> 32 for r in lead.reasons for ids in r.by_table().values() for row in ids}
    )
    content = {
        "title": lead.title,
        "facts": dict(lead.facts),
        "score": lead.score,
        "subjects": [[s.type, s.value, s.label] for s in lead.subjects],
        "reasons": reasons,
    }
    return {
        "finding_id": finding.finding_id,
        "analysis": finding.analysis,
        "version": finding.version,
        "kind": finding.kind,
        "score": lead.score,
        "status": finding.status,
        "params": _canonical(finding.params),
        "mandate_version": finding.mandate_version,
        "agent": finding.agent,
        "created_at": finding.created_at.isoformat(),
        "lead": json.dumps(content, ensure_ascii=False, default=_plain),
        "limits": json.dumps(finding.limits),
        "exhibits": json.dumps([f"E{n}" for n in exhibits]),
    }


def _plain(value: Any) -> Any:
    """Facts are kept as JSON: times as text, numbers of other libraries as numbers."""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, tuple):
        return list(value)
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def _finding(row: Any) -> Finding:
    content = json.loads(row.lead)
    lead = Lead(
        title=content["title"],
        facts=content["facts"],
        score=content["score"],
        subjects=[Subject(*subject) for subject in content["subjects"]],
        reasons=[Reason(**reason) for reason in content["reasons"]],
    )
    return Finding(
        finding_id=row.finding_id,
        analysis=row.analysis,
        version=row.version,
        kind=Kind(row.kind),
        lead=lead,
        params=json.loads(row.params),
        mandate_version=row.mandate_version,
        agent=row.agent,
        created_at=datetime.fromisoformat(row.created_at).astimezone(UTC),
        status=Status(row.status),
        limits=tuple(json.loads(row.limits)),
    )

"""Running: an analysis gets its tables and its engine; its leads come back stamped as findings."""

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import Table
from pydantic import ValidationError

from faisceau.analyses import Analysis, Params
from faisceau.case import catalog
from faisceau.case.door import Door
from faisceau.case.plugins import plugins
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.errors import FaisceauError, PluginError, Refused, UsageError
from faisceau.findings import store as findings
from faisceau.findings.model import SUBJECT_TYPES, Finding, Lead
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.permit import Permit
from faisceau.mandate.vocabulary import DERIVED
from faisceau.tables.engine import absent
from faisceau.tables.schemas import REVIEW
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_, say

ID_BYTES = 10


@dataclass(frozen=True, slots=True)
class Ran:
    """One analysis that ran: how many findings are new, were there already, no longer come out."""

    analysis: str
    new: int
    kept: int
    superseded: int
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotRun:
    """One analysis that did not run: refused by the mandate, without rows, or failed."""

    analysis: str
    why: str
    facts: Mapping[str, Any]
    decision: Decision | None = None
    error: FaisceauError | None = None

    def in_words(self) -> str:
        """Why, in the current language."""
        return say(self.why, **self.facts)


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one ``run`` did."""

    ran: tuple[Ran, ...]
    not_run: tuple[NotRun, ...]
    sealed: Sealed = NOTHING_SEALED
    """What is sealed in the tables that were read, and was not."""

    @property
    def refused(self) -> tuple[NotRun, ...]:
        """Those the mandate refused."""
        return tuple(n for n in self.not_run if n.decision is not None)


def run(
    door: Door,
    names: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    progress: Callable[[str], None] | None,
) -> RunReport:
    """Run the analyses named; without names, each that the mandate allows and has rows.

    Raises ``NotFound`` for an unknown name, ``UsageError`` for parameters that do not fit.
    """
    known = plugins()
    chosen = [known.analysis(name) for name in (names or known.analyses)]
    params = {a.name: parameters(a, settings.get(a.name, {})) for a in chosen}
    ran: list[Ran] = []
    not_run: list[NotRun] = []
    for analysis in chosen:
        if progress is not None:
            progress(analysis.name)
        if not names and analysis.tables <= _listed(door) and not analysis.tables <= door.filled():
            facts = {"tables": sorted(analysis.tables)}
            not_run.append(NotRun(analysis.name, N_("no rows of {tables}"), facts))
            continue
        try:
            ran.append(_run_one(door, analysis, params[analysis.name]))
        except FaisceauError as error:
            decision = error.facts.get("decision") if isinstance(error, Refused) else None
            not_run.append(NotRun(analysis.name, error.message, error.facts, decision, error))
    read = {table for one in ran for table in known.analysis(one.analysis).tables}
    return RunReport(tuple(ran), tuple(not_run), door.sealed(read))


def judged(door: Door, analysis: Analysis) -> Decision:
    """What the mandate answers to an analysis of the rows that there are, unrecorded."""
    return door.judge(_act(analysis, analysis.reads))


def verdicts(door: Door, permit: Permit, selection: Selection) -> Table:
    """The verdicts on findings, as the table ``review``."""
    with door.database.connect() as connection:
        rows = findings.verdicts(connection, permit)
    return ibis.memtable(pa.Table.from_pylist(rows, schema=selection.arrow))


def _run_one(door: Door, analysis: Analysis, params: Params) -> Ran:
    covered = (*analysis.reads, *_optional(door, analysis))
    stored = [s for s in covered if s.schema is not REVIEW]
    act, values = _act(analysis, covered), params.model_dump(mode="json")
    with door.reading(act, stored, kind=analysis.kind) as (permit, closing, engine):
        given = {s: engine.tables[s.schema.name] for s in stored}
        given.update({s: verdicts(door, permit, s) for s in covered if s.schema is REVIEW})
        asked = (*analysis.reads, *analysis.reads_if)
        limits = _limits(door, [s for s in asked if s not in covered], stored)
        inputs = [given[s] if s in given else absent(s) for s in asked]
        leads = analysis.function(*inputs, params, engine)
        secret, now = door.secret(), door.clock()
        found = [
            stamp(
                lead,
                analysis=analysis,
                params=values,
                secret=secret,
                mandate_version=door.mandate_version,
                agent=door.agent,
                at=now,
                limits=limits,
            )
            for lead in leads
        ]
        with catalog.committing(door.database, permit.number, closing) as connection:
            new, kept, gone = findings.put(
                connection, permit, found, analysis=analysis.name, params=values
            )
            closing.data.update(
                analysis=analysis.name,
                version=analysis.version,
                params=_in_ledger(values),
                findings={"new": new, "kept": kept, "superseded": gone},
            )
    return Ran(analysis.name, new, kept, gone, limits)


def _act(analysis: Analysis, reads: Iterable[Selection]) -> Act:
    tables = frozenset(s.schema.name for s in reads)
    return Act("run", kind=analysis.kind, analysis=analysis.name, tables=tables)


def _listed(door: Door) -> frozenset[str]:
    """The tables that the mandate lists, and those that come from them."""
    return door.covered | {*DERIVED}


def _optional(door: Door, analysis: Analysis) -> list[Selection]:
    """What an analysis reads where it may: a table refused to it does not refuse the run."""

    def may_read(more: Sequence[Selection]) -> bool:
        return door.judge(_act(analysis, (*analysis.reads, *more))).allowed

    listed = [s for s in analysis.reads_if if s.schema.name in _listed(door)]
    return listed if may_read(listed) else [s for s in listed if may_read([s])]


def _limits(
    door: Door, missing: Iterable[Selection], read: Collection[Selection]
) -> tuple[str, ...]:
    """What a run did not see: tables not covered or refused, what the scope or seals hide."""
    listed, not_covered = _listed(door), N_("Table not covered by the mandate: ")
    limits = [
        (N_("Table refused to this run: ") if s.schema.name in listed else not_covered)
        + s.schema.name
        for s in missing
    ]
    if door.mandate.scope is not None:
        limits.append(N_("Only what the mandate's scope lets be seen was read"))
    if door.sealed({s.schema.name for s in read}):
        limits.append(N_("Sealed correspondence was not read"))
    return tuple(limits)


def _in_ledger(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a ledger entry holds them: numbers as text, for canonical JSON has no 0.1."""
    return {k: v if isinstance(v, (str, int, type(None))) else str(v) for k, v in params.items()}


# ---- parameters ----


def parameters(analysis: Analysis, settings: Mapping[str, Any]) -> Params:
    """The parameters of one run. Raises ``UsageError`` for a name or value that does not fit."""
    try:
        return analysis.params.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UsageError(
            N_("{analysis} cannot run with {name}: {why}"),
            hint=N_("Its parameters are: {known}"),
            analysis=analysis.name,
            name=name,
            why=first["msg"],
            known=list(analysis.params.model_fields) or ["-"],
        ) from error


def settings_for(
    names: Sequence[str], known: Iterable[str], given: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """``--set`` options by analysis: ``name=value`` for the one analysis named, else
    ``analysis:name=value``. Raises ``UsageError``."""
    known = set(known)
    by_analysis: dict[str, dict[str, Any]] = {}
    for option in given:
        name, equals, value = option.partition("=")
        analysis, colon, parameter = name.partition(":")
        if not colon:
            analysis, parameter = (names[0] if len(names) == 1 else ""), name
        if not equals or analysis not in known:
            raise UsageError(
                N_("--set {option} does not say what to set"),
                hint=N_("Write name=value with one analysis named, else analysis:name=value"),
                option=option,
            )
        by_analysis.setdefault(analysis, {})[parameter] = value
    return by_analysis


# ---- from leads to findings ----


def stamp(
    lead: Lead,
    *,
    analysis: Analysis,
    params: Mapping[str, Any],
    secret: bytes,
    mandate_version: str,
    agent: str,
    at: datetime,
    limits: tuple[str, ...],
) -> Finding:
    """A lead as a finding. Raises ``PluginError`` when the lead is not one."""
    _check(lead, analysis)
    return Finding(
        finding_id=finding_id(lead, analysis, params, secret),
        analysis=analysis.name,
        version=analysis.version,
        kind=analysis.kind,
        lead=lead,
        params=params,
        mandate_version=mandate_version,
        agent=agent,
        created_at=at,
        limits=limits,
    )


def finding_id(lead: Lead, analysis: Analysis, params: Mapping[str, Any], secret: bytes) -> str:
    """HMAC-SHA-256, cut to 80 bits, over analysis, version, parameters, subjects and rows.

    Stable from run to run; under the case's secret, it links no two cases.
    """
    rows: dict[str, set[int]] = {}
    for reason in lead.reasons:
        for table, ids in reason.by_table().items():
            rows.setdefault(table, set()).update(ids)
    content = [
        analysis.name,
        analysis.version,
        params,
        sorted([s.type, s.value] for s in lead.subjects),
        {table: sorted(ids) for table, ids in rows.items()},
    ]
    message = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[: 2 * ID_BYTES]


def _check(lead: Lead, analysis: Analysis) -> None:
    wrong = {subject.type for subject in lead.subjects} - SUBJECT_TYPES
    if wrong or not lead.subjects or not lead.reasons or not 0 <= lead.score <= 1:
        raise PluginError(
            N_("{analysis} gave a lead without subject, reason or a score from 0 to 1: {title}"),
            analysis=analysis.name,
            title=lead.title,
        )

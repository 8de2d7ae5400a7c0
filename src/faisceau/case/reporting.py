"""Reporting: the state of a case as report nouns; the report room puts them on pages."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from faisceau.analyses import Analysis
from faisceau.case.cards import conversation
from faisceau.case.examining import told_of
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.evidence.exhibit import Exhibit
from faisceau.evidence.recognised import why_aside
from faisceau.findings.model import Finding
from faisceau.ledger.checkpoint import Checkpoint
from faisceau.ledger.entry import Entry
from faisceau.mandate.act import Decision
from faisceau.mandate.model import Mandate
from faisceau.report.model import (
    AgentCard,
    AuthorisationCard,
    ExhibitCard,
    Gap,
    MandateCard,
    MethodCard,
    Proof,
    Refusal,
    Reject,
    Software,
    TableCount,
    Unexamined,
    Words,
)
from faisceau.tables.engines import LakeEngine
from faisceau.tables.schemas import MESSAGE, REJECT
from faisceau.words import N_, Term

EXAMPLES = 3

LASTING = frozenset({"collection", "alteration", "review", "erasure"})
"""Operations after which a report is another one; so is each run."""


def software() -> Software:
    """What makes the report."""
    return Software("Faisceau", version("faisceau"))


def mandate_card(mandate: Mandate, warnings: Iterable[str]) -> MandateCard:
    """The mandate in force, with what limits it and what it warns of."""
    scope = mandate.scope
    clauses: list[Words] = []
    if scope is not None:
        for template, value in (
            (N_("Scope: exhibits {value}"), scope.exhibits),
            (N_("Scope: participants {value}"), scope.participants),
            (N_("Scope: from {value}"), scope.since),
            (N_("Scope: to {value}"), scope.until),
        ):
            if value:
                clauses.append(Words(template, {"value": value}))
    for series in mandate.series:
        facts = {
            "procedures": series.procedures,
            "authorisation": series.authorisation,
            "until": series.until,
        }
        template = N_("Series {procedures}, authorised by {authorisation}, until {until}")
        clauses.append(Words(template, facts))
    offence = mandate.offence
    return MandateCard(
        reference=mandate.reference,
        regime=mandate.regime,
        authority=mandate.authority,
        authorised_on=mandate.authorised_on,
        expires_on=mandate.expires_on,
        purposes=mandate.purposes,
        tables=tuple(sorted(mandate.data)),
        agents=tuple(
            AgentCard(a.id, a.name, a.service, tuple(sorted(a.roles)), a.until)
            for a in mandate.agents
        ),
        version=mandate.sha256,
        offence=offence.article if offence else "",
        penalty_years=offence.penalty_years if offence else 0,
        organised=offence.organised if offence else False,
        authorisations=tuple(
            AuthorisationCard(a.name, a.reference, a.dated) for a in mandate.authorisations
        ),
        clauses=tuple(clauses),
        warnings=tuple(warnings),
    )


def exhibit_card(exhibit: Exhibit, mandate: Mandate) -> ExhibitCard:
    """An exhibit with its hash, its counts, and the act that allowed it to be opened."""
    acts = [
        access.act
        for access in mandate.exhibit_access
        if {exhibit.exhibit_id, exhibit.label} & set(access.exhibits)
    ]
    return ExhibitCard(
        exhibit_id=exhibit.exhibit_id,
        label=exhibit.label,
        sha256=exhibit.sha256,
        size=exhibit.size,
        origin=exhibit.origin,
        added_at=exhibit.added_at,
        added_by=exhibit.added_by,
        reader=exhibit.reader,
        tables=tuple(
            TableCount(name, count["rows"], count["rejected"])
            for name, count in exhibit.tables.items()
        ),
        unread=sum(exhibit.unread.values()),
        unknown=sum(exhibit.unknown.values()),
        left=sum(exhibit.left.values()),
        in_place=exhibit.in_place,
        zone=exhibit.timezone or "",
        access=", ".join(acts),
        told=tuple(Words(text, facts) for text, facts in told_of(exhibit)),
    )


def methods(findings: Iterable[Finding], known: Mapping[str, Analysis]) -> tuple[MethodCard, ...]:
    """Each analysis that gave a finding, once per version and parameters."""
    cards: dict[str, MethodCard] = {}
    for finding in findings:
        key = f"{finding.analysis} {finding.version} {sorted(finding.params.items())}"
        analysis = known.get(finding.analysis)
        cards.setdefault(
            key,
            MethodCard(
                analysis=finding.analysis,
                version=finding.version,
                kind=finding.kind,
                meaning=Words(analysis.method) if analysis else "",
                params=finding.params,
            ),
        )
    return tuple(cards[key] for key in sorted(cards))


def refusals(entries: Iterable[Entry]) -> tuple[Refusal, ...]:
    """Every act that the mandate refused, as the ledger has it."""
    return tuple(
        Refusal(
            at=datetime.fromisoformat(entry.at),
            agent=entry.agent,
            act=entry.act,
            rule=", ".join(entry.policies) or Words(N_("no rule permits it")),
            source=str(entry.data.get("sources", "")),
            entry=entry.number,
        )
        for entry in entries
        if entry.operation == "refusal"
    )


def rejects(engine: LakeEngine) -> tuple[Reject, ...]:
    """Rejects by exhibit, table and reason, with the place of a few."""
    grouped: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    counts: Counter[tuple[str, str, str, str]] = Counter()
    stored = engine.tables[REJECT.name]
    for row in engine.rows(stored.order_by("row_id")):
        key = (row["exhibit_id"], row["table"] or "", row["reason"], row["facts"] or "{}")
        counts[key] += 1
        if len(grouped[key]) < EXAMPLES:
            grouped[key].append(row["source"])
    return tuple(
        Reject(exhibit, table, _words(reason, facts), count, tuple(grouped[key]))
        for key, count in sorted(counts.items())
        for exhibit, table, reason, facts in [key]
    )


def _words(reason: str, facts: str) -> Words:
    return Words(reason, json.loads(facts))


def unexamined(
    exhibits: Sequence[Exhibit],
    hidden: Mapping[str, int],
    not_run: Iterable[tuple[Analysis, Decision | None]],
    sealed: Sealed = NOTHING_SEALED,
) -> tuple[Unexamined, ...]:
    """What was not looked at, and why: files, cells, fields, tables, rows, analyses."""
    gaps: list[Unexamined] = []
    for e in exhibits:
        who = f"{e.exhibit_id} ({e.label})"
        if e.files.get("unknown"):
            why = N_("no reader knows the format; the largest: {names}")
            names = {"names": list(e.strange)}
            gaps.append(Unexamined(Gap.UNKNOWN, who, Words(why, names), e.files["unknown"]))
        for what, n in sorted(e.aside.items()):
            why = N_("recognised and set aside: {what} ({why})")
            facts = {"what": Term(what), "why": Term(why_aside(what))}
            gaps.append(Unexamined(Gap.SET_ASIDE, who, Words(why, facts), n))
        if e.files.get("known"):
            why = N_("known files left aside, as the list of hashes says")
            gaps.append(Unexamined(Gap.SET_ASIDE, who, Words(why), e.files["known"]))
        for name, rows in sorted(e.unread_tables.items()):
            for table, n in sorted(rows.items()):
                why = N_("table of a database that no reader asked for")
                gaps.append(Unexamined(Gap.UNKNOWN, f"{who}: {name}: {table}", Words(why), n))
        for table, count in e.tables.items():
            if count.get("not_covered"):
                why = N_("outside the mandate's data categories")
                what = f"{who}: {table}"
                gaps.append(Unexamined(Gap.NOT_COVERED, what, Words(why), count["not_covered"]))
        for column, n in sorted(e.unread.items()):
            why = N_("value unreadable, cell left empty")
            gaps.append(Unexamined(Gap.UNREAD, f"{who}: {column}", Words(why), n))
        for name, n in sorted(e.unknown.items()):
            why = N_("field unknown to the reader")
            gaps.append(Unexamined(Gap.UNKNOWN, f"{who}: {name}", Words(why), n))
    gaps += _sealed(sealed)
    for table, n in sorted(hidden.items()):
        why = N_("outside the mandate's scope")
        gaps.append(Unexamined(Gap.OUT_OF_SCOPE, table, Words(why), n))
    for analysis, decision in not_run:
        text: Any = Words(N_("was not run")) if decision is None else decision.text()
        gaps.append(Unexamined(Gap.NOT_RUN, analysis.name, text))
    return tuple(gaps)


def _sealed(sealed: Sealed) -> Iterator[Unexamined]:
    """What seals keep out of sight: how much, of whose correspondence."""
    why = N_("correspondence with a protected person ([[protected]])")
    for line, facts in sealed.lines():
        yield Unexamined(Gap.SEALED, Words(line, facts), Words(why), facts["n"])


def conversations(engine: LakeEngine) -> int | None:
    """How many conversations the messages make; None without messages."""
    if MESSAGE.name not in engine.tables:
        return None
    message = engine.tables[MESSAGE.name]
    [row] = engine.rows(message.aggregate(n=conversation(message).nunique()))
    return int(row["n"])


def lasting(entry: Entry) -> bool:
    """True for an entry after which a report is another one."""
    if entry.phase == "open":
        return False
    return entry.operation in LASTING or entry.act.startswith("run ")


def proof(case_id: str, checkpoint: Checkpoint, fingerprints: Mapping[str, str]) -> Proof:
    """The checkpoint that the report rests on."""
    return Proof(
        case_id=case_id,
        size=checkpoint.size,
        root=checkpoint.root,
        at=datetime.fromisoformat(checkpoint.at),
        fingerprints=fingerprints,
    )

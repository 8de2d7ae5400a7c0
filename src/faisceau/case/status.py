"""The state of a case: its exhibits, its findings by status, what falls due, what is warned of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from faisceau.case.door import Door
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings import store as findings
from faisceau.mandate.act import Act
from faisceau.mandate.model import Mandate
from faisceau.tables.correspondence import SEALED
from faisceau.words import N_


@dataclass(frozen=True, slots=True)
class Due:
    """Something that ends or falls due: what (template and facts), and on which day."""

    what: str
    facts: Mapping[str, Any]
    on: date


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """The state of a case, as ``status`` shows it."""

    reference: str
    exhibits: list[Exhibit]
    findings: Mapping[str, Mapping[str, int]]
    due: list[Due]
    warnings: list[str]
    sealed: Sealed = NOTHING_SEALED
    """What is sealed, and how many findings are withheld because they rest on it."""
    withheld: int = 0


def status(door: Door) -> CaseStatus:
    """Exhibits, findings by analysis and status, what falls due."""
    with door.gate.passing(Act("status")) as (permit, closing):
        with door.database.connect() as connection:
            exhibits = register.exhibits(connection, status="kept")
            counts = findings.count(connection, permit)
            withheld = findings.withheld(connection, permit)
        closing.data.update(exhibits=len(exhibits))
    return CaseStatus(
        reference=door.mandate.reference,
        exhibits=exhibits,
        findings=counts,
        due=due(door.mandate),
        warnings=warnings(door, exhibits),
        sealed=door.sealed(SEALED),
        withheld=withheld,
    )


def due(mandate: Mandate) -> list[Due]:
    """What a mandate lets end, the soonest first."""
    ends = Due(
        N_("the mandate {reference} ends"), {"reference": mandate.reference}, mandate.expires_on
    )
    habilitations = [
        Due(N_("the habilitation of {agent} ends"), {"agent": agent.id}, agent.until)
        for agent in mandate.agents
        if agent.until is not None
    ]
    return sorted([ends, *habilitations], key=lambda item: item.on)


def warnings(door: Door, exhibits: Sequence[Exhibit]) -> list[str]:
    """What the mandate warns of: handsets opened without authorisation, stale policies."""
    handsets = tuple((e.exhibit_id, e.label) for e in exhibits if e.handset)
    decision = door.gate.judge(Act("status", handsets=handsets))
    return [warning.text() for warning in decision.warnings]

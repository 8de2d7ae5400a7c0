"""Reviewing: the verdict of a person on a finding, and the mask lifted from what concords in it."""

from faisceau.case import catalog
from faisceau.case.door import Door
from faisceau.case.showing import named
from faisceau.errors import UsageError
from faisceau.findings import store as findings
from faisceau.findings.model import VERDICTS, Finding, Review, Status
from faisceau.mandate.act import Act
from faisceau.words import N_

FALLEN = (Status.DISMISSED, Status.SUPERSEDED, Status.WITHDRAWN)
"""Where a finding does not stand."""


def review(door: Door, prefix: str, verdict: str, note: str) -> Review:
    """Keep a verdict on a finding. Raises ``UsageError`` for a verdict that is none."""
    if verdict not in VERDICTS:
        raise UsageError(
            N_("{verdict} is no verdict"),
            hint=N_("Verdicts are: {known}"),
            verdict=verdict,
            known=[str(v) for v in VERDICTS],
        )
    return _keep(door, prefix, verdict, note)


def take_back(door: Door, prefix: str, to: str) -> Review:
    """Take a verdict back: a further review puts the finding where it stood before (``to``).

    Raises ``UsageError`` when nothing was said of it yet, or for a ``to`` that is no verdict.
    """
    if to not in (*VERDICTS, Status.NEW):
        raise UsageError(N_("{verdict} is no verdict"), verdict=to)
    return _keep(door, prefix, to, "", back=True)


def unmask(door: Door, prefix: str) -> tuple[Finding, int]:
    """Lift the mask of the rows that concord in a finding; returns it, and how many they are.

    Raises ``UsageError`` for a finding that brings no procedures together, or does not stand.
    """
    with door.writing(), door.gate.passing(Act("unmask")) as (permit, closing):
        finding = named(door, prefix, permit)
        rows = sum(map(len, finding.concordant().values()))
        if not rows or finding.status in FALLEN:
            raise UsageError(
                N_("{finding} establishes no concordance: there is no mask to lift"),
                hint=N_("Identities show where a finding of a matching analysis stands"),
                finding=finding.finding_id,
            )
        closing.data.update(finding=finding.finding_id, rows=rows)
        with catalog.committing(door.database, permit.number, closing) as connection:
            findings.lift(connection, permit, finding.finding_id, door.agent, door.clock())
    return finding, rows


def _keep(door: Door, prefix: str, verdict: str, note: str, *, back: bool = False) -> Review:
    with door.writing(), door.gate.passing(Act("review")) as (permit, closing):
        finding = named(door, prefix, permit)
        if back and finding.status not in VERDICTS:
            raise UsageError(
                N_("No verdict on {finding} can be taken back"), finding=finding.finding_id
            )
        kept = Review(finding.finding_id, door.agent, Status(verdict), note, door.clock())
        closing.data.update(finding=finding.finding_id, verdict=str(kept.verdict))
        with catalog.committing(door.database, permit.number, closing) as connection:
            findings.add_review(connection, permit, kept)
    return kept

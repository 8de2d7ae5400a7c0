"""Showing findings: listed, by page, as other programs read them, one with its rows."""

from typing import Any

from faisceau.case.cards import (
    cards,
    cited_sources,
    finding_json,
    picked_sources,
    quoted_tables,
    selections,
)
from faisceau.case.door import Door
from faisceau.case.plugins import plugins
from faisceau.errors import FaisceauError, NotFound
from faisceau.findings import store as findings
from faisceau.findings.model import Finding, Wanted
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit
from faisceau.report.model import FindingCard
from faisceau.words import N_

ROWS_OF_A_REASON = 1000
"""Rows shown of each reason of the one finding asked for, at most."""


def listed(door: Door, analysis: str | None, top: int | None) -> list[Finding]:
    """Findings by falling score, those superseded or withdrawn left out."""
    with (
        door.gate.passing(_of(analysis)) as (permit, closing),
        door.database.connect() as connection,
    ):
        found = findings.listed(connection, permit, analysis=analysis, top=top)
        closing.data["findings"] = len(found)
    return found


def as_json(door: Door, analysis: str | None, top: int | None) -> list[Any]:
    """Findings as ``--format json`` prints them, each reason with its evidence."""
    with door.citing(_of(analysis)) as (permit, closing, engine):
        with door.database.connect() as connection:
            found = findings.listed(connection, permit, analysis=analysis, top=top)
        closing.data["findings"] = len(found)
        sources = cited_sources(found, engine)
    return [finding_json(finding, sources) for finding in found]


def page(door: Door, wanted: Wanted, offset: int, limit: int) -> tuple[int, list[Finding]]:
    """How many findings are as ``wanted``, and those from ``offset`` on. Raises ``NotFound``."""
    with door.gate.passing(_asking(wanted)) as (permit, closing):
        found = _page(door, permit, wanted, offset, limit)
        closing.data["findings"] = len(found[1])
    return found


def page_as_json(door: Door, wanted: Wanted, offset: int, limit: int) -> tuple[int, list[Any]]:
    """``page``, each finding as ``as_json`` gives it, with its evidence."""
    act = door.quoting(_asking(wanted))
    with door.passing(act, selections(act.tables)) as (permit, closing, segments):
        total, found = _page(door, permit, wanted, offset, limit)
        closing.data["findings"] = len(found)
        sources = picked_sources(
            found, lambda s, ids: door.picker.pick(permit, segments, s, ids), act.tables
        )
    return total, [finding_json(finding, sources) for finding in found]


def card(door: Door, prefix: str) -> FindingCard:
    """One finding with its rows and the messages around them. Raises ``NotFound``."""
    act = door.quoting(Act("show"))
    with door.passing(act, selections(act.tables)) as (permit, closing, segments):
        finding = named(door, prefix, permit)
        closing.data["finding"] = finding.finding_id
        with door.database.connect() as connection:
            reviews = findings.reviews(connection, permit, finding.finding_id)
        cited = selections(act.tables & quoted_tables([finding]))
        with door.engine(permit, segments, cited) as engine:
            [shown] = cards(
                [finding],
                reviews,
                engine,
                door.mask(),
                rows_per_reason=ROWS_OF_A_REASON,
                pick=lambda s, ids: door.picker.pick(permit, segments, s, ids),
            )
    return shown


def named(door: Door, prefix: str, permit: Permit) -> Finding:
    """The finding whose id begins with ``prefix``.

    Raises ``NotFound`` for none or several, ``FaisceauError`` for one withheld by a seal.
    """
    with door.database.connect() as connection:
        found = findings.by_prefix(connection, permit, prefix) if prefix else []
        if not found and prefix and findings.withheld(connection, permit, prefix):
            raise FaisceauError(
                N_("Finding {finding} rests on sealed correspondence"),
                hint=N_("faisceau seal list {case} shows what is sealed"),
                finding=prefix,
                case=door.case.folder,
            )
    if len(found) != 1:
        raise NotFound(
            N_("No finding {finding}") if not found else N_("Several findings {finding}…"),
            hint=N_("List them with: faisceau findings {case}"),
            finding=prefix,
            case=door.case.folder,
        )
    return found[0]


def _page(
    door: Door, permit: Permit, wanted: Wanted, offset: int, limit: int
) -> tuple[int, list[Finding]]:
    with door.database.connect() as connection:
        return findings.page(connection, permit, wanted, offset=offset, limit=limit)


def _of(analysis: str | None) -> Act:
    """The act of listing findings, of all analyses or one. Raises ``NotFound``."""
    return Act("findings", analysis="" if analysis is None else plugins().analysis(analysis).name)


def _asking(wanted: Wanted) -> Act:
    """The act of listing findings as wanted; an analysis that is none is told (``NotFound``)."""
    names = [plugins().analysis(name).name for name in wanted.analyses]
    return Act("findings", analysis=names[0] if len(names) == 1 else "")

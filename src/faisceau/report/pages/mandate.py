"""Under what mandate the work was done, and by whom."""

from faisceau.report.blocks import Block, bullets, cell, facts, grouped, heading, note, table
from faisceau.report.model import MandateCard, ReportData
from faisceau.report.shown import (
    AUTHORISATIONS,
    PURPOSES,
    REGIMES,
    ROLES,
    TABLES,
    day,
    put,
    word,
    words,
)
from faisceau.words import N_, say


def blocks(data: ReportData) -> list[Block]:
    """Its terms, warnings, authorisations, clauses and agents."""
    mandate = data.mandate
    return [
        heading(1, say(N_("The mandate"))),
        _terms(mandate),
        *_warnings(mandate),
        heading(2, say(N_("Habilitated agents"))),
        _agents(mandate),
        heading(2, say(N_("Authorisations"))),
        _authorisations(mandate),
        *_clauses(mandate),
    ]


def _terms(mandate: MandateCard) -> Block:
    offence = mandate.offence
    if mandate.penalty_years:
        offence += say(N_(", punished by {years} years"), years=mandate.penalty_years)
    if mandate.organised:
        offence += say(N_(", organised crime"))
    return facts(
        [
            (say(N_("Reference")), cell(mandate.reference)),
            (say(N_("Authority")), cell(mandate.authority)),
            (say(N_("Framework")), cell(word(REGIMES, mandate.regime))),
            (say(N_("Given on")), cell(day(mandate.authorised_on))),
            (say(N_("Runs until")), cell(day(mandate.expires_on))),
            (say(N_("Purposes")), cell(words(PURPOSES, mandate.purposes))),
            (say(N_("Offence")), cell(offence)),
            (say(N_("Data covered")), cell(words(TABLES, mandate.tables))),
            (say(N_("Version (SHA-256)")), cell(grouped(mandate.version))),
        ]
    )


def _warnings(mandate: MandateCard) -> list[Block]:
    if not mandate.warnings:
        return []
    every = "\n".join(put(warning) for warning in mandate.warnings)
    return [note(say(N_("Warning")), cell(every), alert=True)]


def _agents(mandate: MandateCard) -> Block:
    return table(
        [
            say(N_("Agent")),
            say(N_("Name")),
            say(N_("Service")),
            say(N_("Roles")),
            say(N_("Habilitated until")),
        ],
        [
            [
                cell(agent.id),
                cell(agent.name),
                cell(agent.service),
                cell(words(ROLES, agent.roles)),
                cell(day(agent.until or mandate.expires_on)),
            ]
            for agent in mandate.agents
        ],
        widths=[0, 3, 2, 4, 3],
    )


def _authorisations(mandate: MandateCard) -> Block:
    if not mandate.authorisations:
        return {
            "is": "paragraph",
            "cell": cell(say(N_("No authorisation beyond the mandate itself was recorded."))),
        }
    return table(
        [say(N_("For")), say(N_("Reference")), say(N_("Date"))],
        [
            [cell(word(AUTHORISATIONS, one.name)), cell(one.reference), cell(day(one.dated))]
            for one in mandate.authorisations
        ],
        widths=[5, 4, 2],
    )


def _clauses(mandate: MandateCard) -> list[Block]:
    if not mandate.clauses:
        return []
    return [
        heading(2, say(N_("What else limits or widens it"))),
        bullets([cell(put(clause)) for clause in mandate.clauses]),
    ]

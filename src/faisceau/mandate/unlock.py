"""What would unlock a refused act: found by trying, not by knowing the rules.

Each remedy supplies one thing that the mandate lacks. All are supplied at once; if the act is
then allowed, they are taken away one by one as long as it stays so. What is left is needed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from faisceau.mandate.act import Act, Notice
from faisceau.mandate.model import (
    Agent,
    Authorisation,
    Designated,
    ExhibitAccess,
    Interconnection,
    Mandate,
    Offence,
)
from faisceau.mandate.vocabulary import AUTHORISATIONS, DERIVED
from faisceau.words import N_

ENOUGH = timedelta(days=1)

ROLES_LEAST_LIKELY_FIRST = (
    "administrator",
    "control-magistrate",
    "defence",
    "authority",
    "auditor",
    "lead",
    "analyst",
    "investigator",
)
"""Taken away in this order: of several roles that would do, the last is the one proposed."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing supplied: how to say it, and the mandate with it. ``role``: it is a role."""

    notice: Notice
    supply: Callable[[Mandate], Mandate]
    role: bool = False


def ways(
    mandate: Mandate,
    act: Act,
    agent_id: str,
    day: date,
    allowed: Callable[[Mandate], bool],
) -> tuple[Notice, ...]:
    """The things that, supplied together, make ``allowed`` true; empty when nothing does."""
    needed = list(_remedies(mandate, act, agent_id, day))
    if not allowed(_with(mandate, needed)):
        return ()
    # Roles go first: an act is to be authorised rather than someone else made of who asks.
    for remedy in sorted(needed, key=lambda remedy: not remedy.role):
        others = [other for other in needed if other is not remedy]
        if allowed(_with(mandate, others)):
            needed = others
    return tuple(remedy.notice for remedy in needed)


def _with(mandate: Mandate, remedies: list[Remedy]) -> Mandate:
    for remedy in remedies:
        mandate = remedy.supply(mandate)
    return mandate


def _remedies(mandate: Mandate, act: Act, agent_id: str, day: date) -> Iterator[Remedy]:
    """Everything this mandate lacks, in the order it is supplied, said and taken away."""
    yield from _about_act(mandate, act, agent_id, day)
    for name in AUTHORISATIONS:
        if not any(a.name == name and a.dated <= day for a in mandate.authorisations):
            yield Remedy(
                _notice(N_("[authorisations.{name}] in the mandate"), name=name),
                lambda m, name=name: replace(  # type: ignore[misc]
                    m, authorisations=(*m.authorisations, Authorisation(name, "?", day))
                ),
            )
    for table in sorted(act.tables - mandate.data - {*DERIVED}):
        yield Remedy(
            _notice(N_("{table} among the data of the mandate"), table=table),
            lambda m, table=table: replace(m, data=m.data | {table}),  # type: ignore[misc]
        )
    if mandate.ended(day):
        yield Remedy(
            _notice(N_("a mandate prolonged beyond {ends}"), ends=mandate.expires_on),
            lambda m: replace(m, expires_on=day + ENOUGH),
        )
    if day < mandate.authorised_on:
        yield Remedy(
            _notice(N_("waiting until {begins}"), begins=mandate.authorised_on),
            lambda m: replace(m, authorised_on=day),
        )
    yield from _about_agent(mandate, agent_id, day)


def _about_agent(mandate: Mandate, agent_id: str, day: date) -> Iterator[Remedy]:
    agent = mandate.agent(agent_id)
    if agent is None:
        yield Remedy(
            _notice(N_("the designation of {agent} under [[agents]]"), agent=agent_id),
            lambda m: replace(m, agents=(*m.agents, Agent(agent_id, frozenset(), "?"))),
        )
    elif not agent.name:
        yield Remedy(
            _notice(N_("the name of {agent} under [[agents]]"), agent=agent_id),
            lambda m: _changed(m, agent_id, lambda a: replace(a, name="?")),
        )
    if agent and agent.until and agent.until < day:
        yield Remedy(
            _notice(N_("the habilitation of {agent} renewed"), agent=agent_id),
            lambda m: _changed(m, agent_id, lambda a: replace(a, until=None)),
        )
    for role in ROLES_LEAST_LIKELY_FIRST:
        if agent is None or role not in agent.roles:
            yield Remedy(
                _notice(N_("the role {role} for {agent}"), role=role, agent=agent_id),
                lambda m, role=role: _changed(  # type: ignore[misc]
                    m, agent_id, lambda a: replace(a, roles=a.roles | {role})
                ),
                role=True,
            )


def _about_act(mandate: Mandate, act: Act, agent_id: str, day: date) -> Iterator[Remedy]:
    if not mandate.offence or mandate.offence.penalty_years < 3:
        yield Remedy(
            _notice(N_("an offence punished by three years or more ([offence])")),
            lambda m: replace(m, offence=replace(m.offence or Offence(), penalty_years=99)),
        )
    if not mandate.designated:
        yield Remedy(
            _notice(N_("the persons whose payments may be analysed ([[designated]])")),
            lambda m: replace(m, designated=(Designated("?"),)),
        )
    if missing := tuple(sorted(e for e in act.exhibits if not mandate.opened([e], day))):
        yield Remedy(
            _notice(N_("[[exhibit_access]] for {exhibits}"), exhibits=missing),
            lambda m: replace(
                m, exhibit_access=(*m.exhibit_access, ExhibitAccess(missing, "?", "?", day))
            ),
        )
    if act.other:
        whole = Interconnection(
            other=act.other,
            purposes=mandate.purposes,
            data=tuple(sorted({*act.tables, "mention"})),
            recipients=(agent_id,),
            justification="?",
            safeguards=("?",),
            cnil_reference="?",
            impact_assessment="?",
            expires_on=day,
        )
        yield Remedy(
            _notice(N_("a complete protocol with {other} ([[interconnections]])"), other=act.other),
            lambda m: replace(m, interconnections=(whole, *m.interconnections)),
        )


def _changed(mandate: Mandate, agent_id: str, change: Callable[[Agent], Agent]) -> Mandate:
    agents = tuple(change(a) if a.id == agent_id else a for a in mandate.agents)
    return replace(mandate, agents=agents)


def _notice(template: str, **facts: object) -> Notice:
    return Notice(template, tuple(sorted(facts.items())))

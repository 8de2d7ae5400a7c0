"""The question put to the policies: may this agent do this, under this mandate, now?

Nothing here knows a statute: a mandate and an act are turned into what the Cedar schema names,
and what the policies answer is put into words. What no policy permits is denied, and so is what
a policy fails to judge.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import cedarpy

from faisceau.mandate.act import OPERATIONS, Act, Decision, Notice, Rule
from faisceau.mandate.model import Agent, Mandate, today, unenforced
from faisceau.mandate.policy_files import (
    Policies,
    Policy,
    compiled,
    default_policies,
    schema,
)
from faisceau.mandate.unlock import ways
from faisceau.mandate.vocabulary import DERIVED
from faisceau.words import N_


def decide(
    mandate: Mandate,
    act: Act,
    agent_id: str,
    now: datetime,
    policies: Policies | None = None,
) -> Decision:
    """What the policies answer at ``now`` (with its zone), and what would unlock a refusal."""
    policies = policies or default_policies()
    decision = judge(mandate, act, agent_id, now, policies)
    if decision.allowed:
        return decision
    day = today(now)

    def allowed(other: Mandate) -> bool:
        return _ask(other, act, agent_id, day, policies)[0]

    return replace(decision, unlocked_by=ways(mandate, act, agent_id, day, allowed))


def decide_tables(
    mandate: Mandate,
    act: Act,
    agent_id: str,
    now: datetime,
    policies: Policies | None = None,
) -> dict[str, Decision]:
    """The answer for each table of ``act`` alone: which of a reader's tables are covered."""
    return {
        table: decide(mandate, replace(act, tables=frozenset({table})), agent_id, now, policies)
        for table in sorted(act.tables)
    }


def judge(
    mandate: Mandate,
    act: Act,
    agent_id: str,
    now: datetime,
    policies: Policies | None = None,
) -> Decision:
    """As :func:`decide`, without looking for what would unlock a refusal: ten times as quick."""
    policies = policies or default_policies()
    day = today(now)
    allowed, decided = _ask(mandate, act, agent_id, day, policies)
    facts = _facts(mandate, act, agent_id, day)
    warned = _ask(mandate, act, agent_id, day, policies, warnings=True)[1]
    stale = [policies[name] for name in decided if policies[name].stale(day)]
    permits = () if allowed or decided else _permits(policies, act.operation, day)
    return Decision(
        act=act,
        allowed=allowed,
        rules=spoken(map(policies.__getitem__, decided), facts),
        warnings=(
            *spoken(map(policies.__getitem__, warned), facts),
            *(_stale(policy) for policy in stale),
        ),
        permits=spoken(permits, facts),
    )


def _ask(
    mandate: Mandate,
    act: Act,
    agent_id: str,
    day: date,
    policies: Policies,
    *,
    warnings: bool = False,
) -> tuple[bool, list[str]]:
    """Cedar's answer, and the ids of the policies that decided; of those that warn, if asked."""
    request = {
        "principal": {"type": "Agent", "id": agent_id},
        "action": {"type": "Action", "id": act.operation},
        "resource": {"type": "Case", "id": mandate.reference},
        "context": _context(mandate, act, day),
    }
    policy_set = compiled(policies, day, warnings=warnings)
    answer = cedarpy.is_authorized(request, policy_set, _entities(mandate, agent_id))
    # A policy that fails is one that Cedar leaves out, a forbid too: then the answer is no.
    failed = bool(answer.diagnostics.errors)
    return answer.allowed and not failed, sorted(answer.diagnostics.reasons)


@lru_cache(maxsize=256)
def _entities(mandate: Mandate, agent_id: str) -> Any:
    """The agent, the case and the groups of actions, as Cedar entities checked by the schema."""
    agent = mandate.agent(agent_id)
    entities = [
        {
            "uid": {"type": "Agent", "id": agent_id},
            "attrs": _agent(agent, agent_id),
            "parents": [],
        },
        {
            "uid": {"type": "Case", "id": mandate.reference},
            "attrs": _case(mandate),
            "parents": [],
        },
    ]
    return cedarpy.Entities.from_json_str(json.dumps(entities), schema())


def _agent(agent: Agent | None, agent_id: str) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "id": agent_id,
        "name": agent.name if agent else "",
        "designated": agent is not None,
        "roles": sorted(agent.roles) if agent else [],
    }
    if agent and agent.until:
        attributes["until"] = _cedar(agent.until)
    return attributes


def _case(mandate: Mandate) -> dict[str, Any]:
    return {
        "reference": mandate.reference,
        "regime": mandate.regime,
        "family": mandate.family,
        "authorised_on": _cedar(mandate.authorised_on),
        "expires_on": _cedar(mandate.expires_on),
        "purposes": list(mandate.purposes),
        "data": sorted(mandate.data),
        "readable": sorted({*mandate.data, *DERIVED}),
        "penalty_years": mandate.offence.penalty_years if mandate.offence else 0,
        "organised": bool(mandate.offence and mandate.offence.organised),
        "authorisations": {
            act.name: {"reference": act.reference, "date": _cedar(act.dated)}
            for act in mandate.authorisations
        },
        "designates_payers": bool(mandate.designated),
        "unenforced": unenforced(mandate),
    }


def _context(mandate: Mandate, act: Act, day: date) -> dict[str, Any]:
    context: dict[str, Any] = {
        "today": _cedar(day),
        "kind": act.judged_kind,
        "analysis": act.analysis,
        "tables": sorted(act.tables),
        "exhibits": sorted(act.exhibits),
        "opened": sorted(name for name in act.exhibits if mandate.opened([name], day)),
        "handsets_unopened": _unopened(mandate, act, day),
        "question": sorted(act.question),
        "procedures": sorted(act.procedures or ()),
        "procedures_known": act.procedures is not None,
        "procedures_outside": _outside(mandate, act, day),
        "record": act.record,
        "recipient": act.recipient,
        "other": act.other,
        "widens_scope": act.widens_scope,
    }
    if act.other and (protocol := mandate.protocol(act.other)):
        context["protocol"] = {
            "purposes": list(protocol.purposes),
            "data": list(protocol.data),
            "recipients": list(protocol.recipients),
            "justification": protocol.justification,
            "safeguards": list(protocol.safeguards),
            "cnil_reference": protocol.cnil_reference,
            "impact_assessment": protocol.impact_assessment,
        }
        if protocol.expires_on:
            context["protocol"]["expires_on"] = _cedar(protocol.expires_on)
    return context


def _unopened(mandate: Mandate, act: Act, day: date) -> list[str]:
    return [names[0] for names in act.handsets if not mandate.opened(names, day)]


def _outside(mandate: Mandate, act: Act, day: date) -> list[str]:
    return sorted(p for p in act.procedures or () if not mandate.covers_procedure(p, day))


def _cedar(day: date) -> dict[str, Any]:
    return {"__extn": {"fn": "datetime", "arg": day.isoformat()}}


def _facts(mandate: Mandate, act: Act, agent_id: str, day: date) -> dict[str, str]:
    """What the placeholders of messages stand for."""
    agent = mandate.agent(agent_id)
    values: dict[str, Any] = {
        "agent": agent_id,
        "until": agent.until if agent and agent.until else "",
        "reference": mandate.reference,
        "regime": mandate.regime,
        "begins": mandate.authorised_on,
        "ends": mandate.expires_on,
        "penalty": mandate.offence.penalty_years if mandate.offence else 0,
        "clauses": ", ".join(unenforced(mandate)),
        "analysis": act.analysis or act.operation,
        "kind": act.judged_kind,
        "tables": ", ".join(sorted(act.tables)),
        "outside": ", ".join(sorted(act.tables - mandate.data - {*DERIVED})),
        "exhibits": ", ".join(sorted(act.exhibits)),
        "handsets": ", ".join(_unopened(mandate, act, day)),
        "procedures": ", ".join(_outside(mandate, act, day)),
        "recipient": act.recipient,
        "other": act.other,
    }
    return {name: str(value) for name, value in values.items()}


def spoken(policies: Iterable[Policy], facts: Mapping[str, str]) -> tuple[Rule, ...]:
    """The policies as rules, their placeholders filled from ``facts``."""
    return tuple(
        Rule(
            id=policy.id,
            source=_filled(policy.source, facts),
            message=_filled(policy.message, facts),
            message_fr=_filled(policy.message_fr, facts),
            verified_on=policy.verified_on,
            source_fr=_filled(policy.source_fr, facts),
        )
        for policy in policies
    )


def _filled(text: str, facts: Mapping[str, str]) -> str:
    """``text`` with its ``{names}`` filled; a service's unknown placeholder stays as written."""
    for name, value in facts.items():
        text = text.replace("{" + name + "}", value)
    return text


def _stale(policy: Policy) -> Notice:
    facts = (("rule", policy.id), ("verified_on", policy.verified_on))
    return Notice(
        N_("Rule {rule} was last compared with its source on {verified_on}: verify it again"),
        facts,
    )


def _permits(policies: Policies, operation: str, day: date) -> list[Policy]:
    """The policies that permit ``operation`` to someone, somewhere."""
    names = {operation, *_groups(operation)}
    return [
        policy
        for policy in policies
        if policy.effect == "permit"
        and policy.counts(day)
        and names & _actions(json.loads(policy.body)["action"])
    ]


def _groups(operation: str) -> set[str]:
    group = OPERATIONS[operation].group
    return {group, "consult"} if group == "read" else {group}


def _actions(scope: dict[str, Any]) -> set[str]:
    """The actions that a policy's scope names."""
    entities = scope.get("entities") or [scope.get("entity", {})]
    return {entity["id"] for entity in entities if "id" in entity}

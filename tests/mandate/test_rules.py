"""Each rule of the design's table (section 6), told by acts allowed and refused.

The same examples prove that every policy counts: take one away and an answer changes.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

import cedarpy
import pytest

from faisceau.mandate.act import Act, Decision, Rule
from faisceau.mandate.decide import decide, decide_tables, judge
from faisceau.mandate.model import (
    Agent,
    Authorisation,
    Designated,
    ExhibitAccess,
    Interconnection,
    Mandate,
    Offence,
    Protected,
    Series,
)
from faisceau.mandate.policy_files import Policies, load_policies
from faisceau.mandate.vocabulary import ROLES, TABLES

UNENFORCED = ("protected",)
"""A clause that these tests hold not to be enforced, so that its rule speaks."""
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
AFTER = datetime(2027, 3, 2, 12, tzinfo=UTC)
PROTOCOL = Interconnection(
    other="PR/2026/0533",
    purposes=("narcotics-trafficking",),
    data=("mention",),
    recipients=("lead",),
    justification="Same courier in both",
    safeguards=("Hashed identifiers",),
    cnil_reference="CNIL-2026-1",
    impact_assessment="not required: few persons",
    expires_on=date(2027, 1, 1),
)
BASE = Mandate(
    reference="PR/2026/0417",
    regime="judicial-preliminary",
    authority="Procureur de la République de Lille",
    authorised_on=date(2026, 9, 1),
    expires_on=date(2027, 3, 1),
    purposes=("narcotics-trafficking",),
    data=frozenset(TABLES),
    # One agent for each role, which is also the agent's id.
    agents=tuple(Agent(role, frozenset({role}), f"Agent {role}") for role in ROLES),
    offence=Offence("CP 222-37", 10, True),
    designated=(Designated("Jean Dupont"),),
    exhibit_access=(ExhibitAccess(("E1",), "ORD/8", "Procureur", date(2026, 9, 1)),),
    interconnections=(PROTOCOL,),
)


def granted(*names: str, on: date = date(2026, 9, 2)) -> dict[str, Any]:
    """The mandate's ``authorisations`` holding these, given on that day."""
    return {"authorisations": tuple(Authorisation(name, "ORD/1", on) for name in names)}


def run(kind: str, *tables: str, **more: Any) -> Act:
    """An analysis of this kind over these tables, whose rows are the case's own."""
    more.setdefault("procedures", frozenset({"PR/2026/0417"}))
    return Act("run", kind, f"test.{kind}", frozenset(tables), **more)


def on(operation: str, *tables: str, **more: Any) -> Act:
    """An operation on these tables."""
    return Act(operation, tables=frozenset(tables), **more)


@dataclass(frozen=True)
class Example:
    """An act, and the rule that refuses it (or ``None``: allowed) with its source."""

    act: Act
    refused: str | None = None
    source: str = ""
    agent: str = "lead"
    now: datetime = NOON
    warned: str | None = None
    mandate: dict[str, Any] = field(default_factory=dict)

    def judge(self, policies: Policies | None = None) -> Decision:
        return judge(replace(BASE, **self.mandate), self.act, self.agent, self.now, policies)


PLATE = {"question": frozenset({"plate", "zone", "dates"})}
NO_PROCEDURE = {"procedures": frozenset({""})}
AGENTS_2026 = {"agents": (Agent("lead", frozenset({"lead"}), "Lead", until=date(2026, 11, 23)),)}
UNNAMED = {"agents": (Agent("lead", frozenset({"lead"})),)}
SERIES = {"series": (Series(("PV-1", "PV-2*"), "ORD/9", date(2026, 9, 2), date(2026, 12, 1)),)}


def protocol(**changes: Any) -> dict[str, Any]:
    """The mandate with matching authorised, and its protocol changed."""
    return {"interconnections": (replace(PROTOCOL, **changes),), **granted("matching")}


MATCH = on("match", "mention", other="PR/2026/0533")

EXAMPLES = [
    # An agent not designated, or past the habilitation: nothing but verify and explain.
    Example(on("verify"), agent="nobody"),
    Example(on("explain"), agent="nobody"),
    Example(on("open"), "agent-unknown", "CPP 15-5", agent="nobody"),
    Example(on("status"), "agent-unknown", "CPP 15-5", agent="nobody"),
    Example(on("rows", "message"), "agent-unknown", "CPP 15-5", agent="nobody"),
    Example(on("rows", "message"), "agent-expired", "CPP 15-5", mandate=AGENTS_2026),
    Example(on("open"), "agent-expired", "CPP 15-5", mandate=AGENTS_2026),
    Example(on("rows", "message"), now=datetime(2026, 11, 23, 22, tzinfo=UTC), mandate=AGENTS_2026),
    Example(
        run("matching", "trip"),
        "agent-matching",
        "CPP R. 40-39",
        mandate=AGENTS_2026 | granted("matching"),
    ),
    Example(
        run("matching", "trip"),
        "agent-matching",
        "CPP 230-25",
        "nobody",
        mandate=granted("matching"),
    ),
    # The mandate's first and last days, whole, in the time of Paris.
    Example(
        on("add", "message"),
        "mandate-not-begun",
        "authorised_on",
        now=datetime(2026, 8, 31, 21, tzinfo=UTC),
    ),
    Example(on("add", "message"), now=datetime(2026, 8, 31, 22, tzinfo=UTC)),
    Example(on("add", "message"), now=datetime(2027, 3, 1, 22, 59, tzinfo=UTC)),
    Example(
        on("add", "message"),
        "mandate-ended",
        "CPP 230-22",
        now=datetime(2027, 3, 1, 23, tzinfo=UTC),
    ),
    Example(run("query", "message"), "mandate-ended", "CPP R. 40-39", now=AFTER),
    Example(on("rows", "message"), "mandate-ended", "CPP 230-22", now=AFTER),
    Example(on("review"), "mandate-ended", "CPP 230-22", now=AFTER),
    Example(on("export"), "mandate-ended", "CPP 230-22", now=AFTER),
    *(
        Example(on(remains), now=AFTER)
        for remains in (
            *("open", "status", "report", "purge", "ledger_show", "prove", "verify"),
            *("explain", "replace"),
        )
    ),
    Example(on("findings"), agent="authority", now=AFTER),
    Example(
        on("search", "message", exhibits=frozenset({"E1"})),
        agent="defence",
        now=AFTER,
    ),
    Example(on("new")),
    Example(on("new"), "new-under-ended-mandate", "CPP 230-22", now=AFTER),
    # A table outside the mandate's data is not read and not added; what derives from it follows.
    Example(on("add", "message"), mandate={"data": frozenset({"message"})}),
    Example(
        on("add", "message", "trip"),
        "data-outside",
        "LIL art. 4",
        mandate={"data": frozenset({"message"})},
    ),
    Example(
        run("query", "trip"), "data-outside", "LIL art. 4", mandate={"data": frozenset({"message"})}
    ),
    Example(on("search", "message", "mention"), mandate={"data": frozenset({"message"})}),
    # Kinds.
    Example(run("query", "message")),
    Example(run("face", "media"), "kind-unknown", "AI Act art. 5"),
    *(
        Example(
            run("ai", "message"), "ai-judicial", "Senate report 2024", mandate={"regime": regime}
        )
        for regime in ("judicial-flagrance", "judicial-preliminary", "judicial-instruction")
    ),
    Example(
        run("ai", "message"),
        "ai-intelligence-cnctr",
        "CSI L. 821-1",
        mandate={"regime": "intelligence"},
    ),
    Example(run("ai", "message"), mandate={"regime": "intelligence", **granted("cnctr")}),
    Example(
        run("ai", "message"),
        "ai-intelligence-cnctr",
        "CSI L. 821-1",
        mandate={"regime": "intelligence", **granted("cnctr", on=date(2026, 11, 25))},
    ),
    *(
        Example(
            run("ai", "message", procedures=procedures),
            "ai-intelligence-open-procedure",
            "CSI L. 821-1",
            mandate={"regime": "intelligence", **granted("cnctr")},
        )
        for procedures in (frozenset({"", "PV-1"}), None)
    ),
    *(
        example
        for regime in ("customs", "fiscal")
        for kind in ("ai", "assist")
        for example in (
            Example(run(kind, "scan", "post"), mandate={"regime": regime, **granted("processing")}),
            Example(
                run(kind, "scan"),
                "models-customs-fiscal-processing",
                "LF 2020 art. 154",
                mandate={"regime": regime},
            ),
            Example(
                run(kind, "scan", "person"),
                "models-customs-fiscal-tables",
                "the act that creates the file",
                mandate={"regime": regime, **granted("processing")},
            ),
        )
    ),
    Example(run("assist", "media")),
    Example(
        run("assist", "media"), "assist-named-agent", "investigator's control", mandate=UNNAMED
    ),
    # Matching: the magistrate's authorisation, deemed given in flagrance; series.
    Example(run("matching", "trip"), mandate=granted("matching")),
    Example(run("matching", "trip"), "matching-authorisation", "CPP 230-20"),
    Example(
        run("matching", "trip"),
        "matching-authorisation",
        "CPP R. 40-40",
        mandate={"regime": "judicial-instruction", **granted("matching", on=date(2026, 11, 25))},
    ),
    Example(run("matching", "trip"), mandate={"regime": "judicial-flagrance"}),
    Example(run("matching", "trip"), "matching-authorisation", mandate={"regime": "customs"}),
    Example(
        run("matching", "trip", procedures=frozenset({"", "PR/2026/0417", "PV-1", "PV-27"})),
        mandate=SERIES | granted("matching"),
    ),
    Example(
        run("matching", "trip", procedures=frozenset({"PV-1", "PV-3"})),
        warned="matching-series",
        mandate=SERIES | granted("matching"),
    ),
    Example(
        run("matching", "trip", procedures=frozenset({"PV-1"})),
        now=datetime(2026, 12, 2, tzinfo=UTC),
        warned="matching-series",
        mandate=SERIES | granted("matching"),
    ),
    # Plates.
    Example(
        run("ai", "plate_read"),
        "plates-never-ai",
        "S4",
        mandate={"regime": "intelligence", **granted("cnctr", "lapi_scan")},
    ),
    Example(run("query", "plate_read")),
    Example(run("query", "plate_read", **NO_PROCEDURE), "plates-scan", "CSI L. 233-1"),
    Example(run("query", "plate_read", procedures=None), "plates-scan", "CSI L. 233-2"),
    Example(
        run("query", "plate_read", **NO_PROCEDURE, question=frozenset({"plate", "zone"})),
        "plates-scan",
        "26 Sept. 2024",
    ),
    Example(run("query", "plate_read", **NO_PROCEDURE, **PLATE)),
    Example(run("query", "plate_read", **NO_PROCEDURE), mandate=granted("lapi_scan")),
    Example(
        on("rows", "plate_read", **NO_PROCEDURE, **PLATE),
        "plates-for-a-procedure",
        "CSI L. 233-2",
        mandate={"regime": "fiscal"},
    ),
    Example(
        on("show", "plate_read", procedures=None),
        "plates-for-a-procedure",
        mandate={"regime": "intelligence"},
    ),
    Example(on("rows", "plate_read", **NO_PROCEDURE, **PLATE), mandate={"regime": "customs"}),
    # Calls and positions.
    *(
        example
        for table in ("call", "position")
        for example in (
            Example(on("add", table), mandate={"offence": Offence("CP 1", 3)}),
            Example(
                on("add", table),
                "traffic-three-years",
                "CPP 60-1-2",
                mandate={"offence": Offence("CP 1", 2)},
            ),
            Example(
                run("query", table), "traffic-three-years", "CPP 60-1-2", mandate={"offence": None}
            ),
        )
    ),
    # Handsets.
    Example(on("add", "message", handsets=(("E1", "phone of X"),))),
    Example(on("add", "message", handsets=(("E2", "phone of Y"),)), warned="handset-access"),
    # Payments, purchases, pseudonyms, posts.
    Example(run("query", "payment")),
    Example(run("query", "payment"), "payments-designated", "S12", mandate={"designated": ()}),
    Example(on("add", "payment"), mandate={"designated": ()}),
    Example(on("purchase"), "purchase-authorisation", "CPP 230-46"),
    Example(on("purchase"), mandate=granted("purchase")),
    Example(on("pseudonym"), "pseudonym-authorisation", "CPP 230-46"),
    Example(on("pseudonym"), mandate=granted("pseudonym")),
    Example(
        on("pseudonym"),
        "no-contact",
        "LF 2024 art. 112",
        mandate={"regime": "fiscal", **granted("pseudonym")},
    ),
    Example(on("add", "post"), warned="posts-recorded-act"),
    Example(on("add", "post", record="PV-2026-12")),
    Example(on("add", "post"), mandate={"regime": "fiscal"}),
    # Clauses not enforced yet: nothing is added.
    Example(
        on("add", "message"),
        "clause-not-enforced",
        "the mandate, section protected",
        mandate={"protected": (Protected("lawyer", ("+33612345678",)),)},
    ),
    # Scope: widening it is an act of the authority.
    Example(on("replace", widens_scope=True), "scope-widening", "Directive 2016/680 art. 4"),
    Example(on("replace", widens_scope=True), agent="authority"),
    # Defence: the exhibits its act names.
    Example(on("rows", "message", exhibits=frozenset({"E1"})), agent="defence"),
    Example(on("rows", "message", exhibits=frozenset({"E1", "E2"})), "", "CPP 114", "defence"),
    Example(on("rows", "message"), "", "CPP 393", "defence"),
    # Comparing two cases: every condition of the CNIL.
    Example(MATCH, mandate=granted("matching")),
    Example(MATCH, "matching-authorisation", "CPP 230-20"),
    Example(replace(MATCH, other="PR/1"), "match-protocol", "S5", mandate=granted("matching")),
    Example(MATCH, "match-protocol", "S5", mandate=protocol(expires_on=date(2026, 11, 23))),
    Example(MATCH, "match-protocol", "S5", mandate=protocol(expires_on=None)),
    *(
        Example(MATCH, "match-conditions", "S5", mandate=protocol(**empty))
        for empty in (
            {"purposes": ()},
            {"data": ()},
            {"recipients": ()},
            {"justification": ""},
            {"safeguards": ()},
            {"cnil_reference": ""},
            {"impact_assessment": ""},
        )
    ),
    Example(MATCH, "match-purposes", "S5", mandate=protocol(purposes=("tax",))),
    Example(MATCH, "match-recipients", "S5", mandate=protocol(recipients=("A9",))),
    Example(MATCH, "match-data", "S5", mandate=protocol(data=("message",))),
]

NO_RULE = ""  # refused because nothing permits it

ROLES_MAY = {
    "investigator": "new open status add run rows findings show search review report export",
    "analyst": "new open status add run rows findings show search review report export",
    "lead": "new open add run rows review report purge withdraw replace ledger_show prove",
    "auditor": "open ledger_show prove verify explain",
    "administrator": "new open status verify explain",
    "authority": "open status rows findings show search unmask lift_seal replace report",
    "control-magistrate": "open status purge withdraw rectify ledger_show",
    "defence": "open verify explain",
}
ROLES_MAY_NOT = {
    "investigator": "purge withdraw replace unmask lift_seal rectify",
    "analyst": "purge withdraw replace unmask lift_seal rectify",
    "lead": "unmask lift_seal rectify",
    "auditor": "status rows findings show search add run review report export purge",
    "administrator": "rows findings show search add run review report export seal_list",
    "authority": "add run review export purge",
    "control-magistrate": "add run rows search review report replace",
    "defence": "status add run review report export seal_list lexicon profiles ledger_show",
}
EXAMPLES += [
    Example(on(operation), agent=role)
    for role, may in ROLES_MAY.items()
    for operation in may.split()
]
EXAMPLES += [
    Example(on(operation), NO_RULE, agent=role)
    for role, may_not in ROLES_MAY_NOT.items()
    for operation in may_not.split()
]


def _name(example: Example) -> str:
    act, verdict = example.act, "allowed" if example.refused is None else example.refused
    return f"{act.kind or act.operation}-{'+'.join(sorted(act.tables))}-{example.agent}-{verdict}"


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_the_rule_answers_and_quotes_its_source(example: Example) -> None:
    decision = example.judge()
    assert decision.allowed is (example.refused is None)
    ids = {rule.id for rule in decision.rules}
    if example.refused == NO_RULE:
        assert not ids
        assert decision.permits
    elif example.refused:
        assert example.refused in ids
    assert example.source in decision.text()
    warned = {rule.id for rule in decision.warnings if isinstance(rule, Rule)}
    assert warned == ({example.warned} if example.warned else set())


@pytest.fixture(autouse=True, scope="module")
def _unenforced() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("faisceau.mandate.model.UNENFORCED", UNENFORCED)
        yield


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load_policies([])


def _said(decision: Decision) -> set[object]:
    """The ids of the policies that spoke, to decide or to warn."""
    return {rule.id for rule in (*decision.rules, *decision.warnings) if isinstance(rule, Rule)}


@pytest.fixture(scope="module")
def answers(policies: Policies) -> list[tuple[Example, Decision]]:
    return [(example, example.judge(policies)) for example in EXAMPLES]


@pytest.mark.parametrize(
    "policy", sorted(p.id for p in load_policies([]) if p.file != "registration.cedar")
)
def test_taking_one_policy_away_changes_an_answer(
    policy: str, policies: Policies, answers: list[tuple[Example, Decision]]
) -> None:
    without = policies.without(policy)
    concerned = [(example, before) for example, before in answers if policy in _said(before)]
    changed = [
        (before.allowed, after.allowed)
        for example, before in concerned
        if _said(after := example.judge(without)) != _said(before)
    ]
    assert changed
    # Nothing but what a role or a habilitation withholds anyway is refused twice over.
    if (
        policy not in {"agent-unknown", "agent-matching", "kind-unknown"}
        and not policies[policy].warns
    ):
        assert any(before != after for before, after in changed)


def test_without_policies_everything_is_refused(policies: Policies) -> None:
    nothing = Policies(())
    assert not any(example.judge(nothing).allowed for example in EXAMPLES)


def test_a_policy_that_fails_refuses_the_act(policies: Policies) -> None:
    # Cedar leaves a failing policy out, even one that would forbid. The house answers no.
    text = "forbid (principal, action, resource) when { resource.absent == 1 };"
    body = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]["policy0"]
    failing = replace(policies["ai-judicial"], id="failing", body=json.dumps(body))
    more = replace(policies, policies=(*policies, failing))
    example = Example(run("query", "message"))
    assert example.judge(policies).allowed
    assert not example.judge(more).allowed


def test_each_table_of_a_reader_gets_its_answer() -> None:
    mandate = replace(BASE, data=frozenset({"message", "call"}), offence=None)
    act = on("add", "message", "call", "contact")
    answers = decide_tables(mandate, act, "lead", NOON)
    assert {table: answer.allowed for table, answer in answers.items()} == {
        "message": True,
        "call": False,
        "contact": False,
    }


def test_a_moment_without_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="zone"):
        decide(BASE, on("rows"), "lead", NOON.replace(tzinfo=None))

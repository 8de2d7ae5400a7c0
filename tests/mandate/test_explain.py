"""What ``faisceau mandate explain`` says: every act, why, and what would unlock it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from faisceau.mandate.act import OPERATIONS, Act
from faisceau.mandate.decide import decide
from faisceau.mandate.explain import Explanation, explain
from faisceau.mandate.model import Agent, Mandate
from faisceau.mandate.vocabulary import TABLES

ANALYSES = [
    ("messages.triage", "query", ["message"]),
    ("links.couriers", "matching", ["trip", "person"]),
    ("plugin.rank", "ai", ["message"]),
    ("plates.convoy", "query", ["plate_read"]),
]


@pytest.fixture
def bare(mandate: Mandate) -> Mandate:
    """The mandate before any authorisation was given."""
    return replace(mandate, authorisations=(), interconnections=(), offence=None)


def _by_label(mandate: Mandate, agent: str, now: datetime) -> dict[str, Explanation]:
    return {e.label: e for e in explain(mandate, agent, now, ANALYSES)}


def _ways(explanation: Explanation) -> list[str]:
    return [way.text() for way in explanation.unlocked_by]


def test_every_operation_table_and_analysis_is_explained(bare: Mandate, now: datetime) -> None:
    explained = explain(bare, "A1", now, ANALYSES)
    assert {e.act.operation for e in explained} == set(OPERATIONS) - {"register"}
    assert {t for e in explained if e.act.operation == "add" for t in e.act.tables} == set(TABLES)
    assert [e.act.analysis for e in explained if e.act.operation == "run"] == [
        name for name, _, _ in ANALYSES
    ]
    assert all(e.rules for e in explained)
    assert all(e.allowed == decide(bare, e.act, "A1", now).allowed for e in explained)


def test_each_refusal_names_what_would_unlock_it(bare: Mandate, now: datetime) -> None:
    said = _by_label(bare, "A1", now)
    assert said["run an analysis (messages.triage)"].allowed
    assert _ways(said["run an analysis (links.couriers)"]) == [
        "[authorisations.matching] in the mandate",
        "person among the data of the mandate",
        "trip among the data of the mandate",
    ]
    assert _ways(said["run an analysis (plates.convoy)"]) == [
        "[authorisations.lapi_scan] in the mandate",
        "plate_read among the data of the mandate",
    ]
    assert _ways(said["add an exhibit (call)"]) == [
        "an offence punished by three years or more ([offence])"
    ]
    assert _ways(said["record a test purchase"]) == ["[authorisations.purchase] in the mandate"]
    assert _ways(said["lift a mask"]) == ["the role authority for A1"]
    assert _ways(said["compare with a case (...)"]) == [
        "a complete protocol with ... ([[interconnections]])",
        "[authorisations.matching] in the mandate",
    ]


def test_what_nothing_unlocks_is_said_so(bare: Mandate, now: datetime) -> None:
    ranked = _by_label(bare, "A1", now)["run an analysis (plugin.rank)"]
    assert [rule.id for rule in ranked.rules] == ["ai-judicial"]
    assert ranked.unlocked_by == ()
    assert "Nothing that a mandate can say unlocks it" in ranked.decision.text()


def test_an_unknown_agent_learns_what_to_ask_for(mandate: Mandate, now: datetime) -> None:
    said = _by_label(mandate, "A9", now)
    assert {label for label, e in said.items() if e.allowed} == {
        "verify the ledger",
        "have the mandate explained",
    }
    assert _ways(said["search"]) == [
        "the designation of A9 under [[agents]]",
        "the role investigator for A9",
    ]
    assert _ways(said["erase what is due"])[-1] == "the role lead for A9"


def test_dates_are_ways_out_too(mandate: Mandate, now: datetime) -> None:
    late = decide(mandate, Act("add"), "A1", now + timedelta(days=200))
    assert [w.text() for w in late.unlocked_by] == [
        "a mandate prolonged beyond 2027-03-01",
    ]
    early = decide(mandate, Act("add"), "A1", now - timedelta(days=200))
    assert [w.text() for w in early.unlocked_by] == ["waiting until 2026-09-01"]
    gone = decide(mandate, Act("status"), "A1", now + timedelta(days=400))
    assert [w.text() for w in gone.unlocked_by] == ["the habilitation of A1 renewed"]


def test_names_payers_and_exhibits_are_ways_out_too(mandate: Mandate, now: datetime) -> None:
    agents = (
        Agent("A1", frozenset({"analyst"})),
        Agent("D1", frozenset({"defence"}), "Me Durand"),
    )
    plain = replace(
        mandate, agents=agents, designated=(), data=frozenset({"media", "payment", "message"})
    )
    assist = decide(plain, Act("run", "assist", "x.y", frozenset({"media"})), "A1", now)
    assert [w.text() for w in assist.unlocked_by] == ["the name of A1 under [[agents]]"]
    money = decide(plain, Act("run", "query", "x.y", frozenset({"payment"})), "A1", now)
    assert [w.text() for w in money.unlocked_by] == [
        "the persons whose payments may be analysed ([[designated]])"
    ]
    defence = decide(plain, Act("search", exhibits=frozenset({"E7"})), "D1", now)
    assert [w.text() for w in defence.unlocked_by] == ["[[exhibit_access]] for E7"]

"""The gate: no other way in. Taking any one of its checks away breaks a test here."""

from collections.abc import Iterator
from pathlib import Path

import ibis
import pytest
from ibis import Table

from faisceau.analyses import Engine, Params, analysis
from faisceau.errors import Confined, Refused
from faisceau.evidence.store import EvidenceStore
from faisceau.findings.model import Kind, Lead
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit, claim_mint
from faisceau.tables import lake
from faisceau.tables.schemas import MESSAGE
from faisceau.testing import Desk, Register, mandate

from .conftest import MESSAGES


class Reach(Params):
    """How the analysis tries to reach further."""

    how: str = ""
    """The way."""


WAYS = {
    "another table": lambda m: ibis.table({"caller": "string"}, name="call"),
    "another column": lambda m: ibis.table(
        {"row_id": "int64", "text": "string", "sender_id": "string"}, name="message"
    ),
    "the stored table": lambda m: ibis.table({"sender_id": "string"}, name="stored_message"),
    "the catalog": lambda m: ibis.table({"sql": "string"}, name="sqlite_master"),
    "the engine's own tables": lambda m: ibis.table({"view_name": "string"}, name="duckdb_views"),
}


@analysis(reads=[MESSAGE["text"]], kind=Kind.QUERY, version=1)
def reach(message: Table, params: Reach, engine: Engine) -> Iterator[Lead]:
    """Tries to see what it did not declare."""
    assert list(message.columns) == ["row_id", "text"]
    yield from map(_never, engine.rows(WAYS[params.how](message)))


def _never(row: object) -> Lead:
    raise AssertionError(f"reached {row}")


@pytest.mark.parametrize("how", WAYS)
def test_an_analysis_sees_what_it_declared_and_nothing_else(
    desk: Desk,
    registering: Register,
    how: str,
) -> None:
    registering(reach)
    desk.add("messages.csv", MESSAGES)
    with pytest.raises(Confined):
        desk.run("case.reach", how=how)
    assert desk.ledger[-1].outcome == "failed"


def test_only_the_gate_makes_permits() -> None:
    with pytest.raises(Confined, match="gate"):
        claim_mint()


def test_a_permit_made_by_hand_opens_nothing(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    forged = Permit("rows", "A1", "forged", 0, columns={"message": None})
    store = EvidenceStore(desk.case, desk.case / "index")
    with pytest.raises(Confined, match="No permit is in force"):
        store.keep(forged, desk.files / "messages.csv")
    with (
        pytest.raises(Confined, match="No permit is in force"),
        lake.Lake(desk.case).writing(forged, "x"),
    ):
        pass


def test_a_permit_dies_with_its_act(desk: Desk) -> None:
    gate = desk.workspace()._door.gate
    with gate.passing(Act("rows", tables=frozenset({"message"}))) as (permit, _):
        permit.require("rows")
        with pytest.raises(Confined, match="does not cover"):
            permit.require("add")
    with pytest.raises(Confined, match="No permit is in force"):
        permit.require("rows")


def test_the_mandate_is_asked_before_anything_else(desk: Desk) -> None:
    with pytest.raises(Refused, match="CPP 15-5"):
        desk.workspace("nobody").status()
    refusal = desk.ledger[-1]
    assert (refusal.operation, refusal.agent, refusal.act) == ("refusal", "nobody", "status")


def test_the_columns_of_a_permit_are_those_of_the_act(desk: Desk) -> None:
    gate = desk.workspace()._door.gate
    act = Act("rows", tables=frozenset({"message"}))
    with (
        pytest.raises(Confined, match="was to read"),
        gate.passing(act, columns={"call": None}),
    ):
        pass


def test_the_ledger_is_written_before_the_permit_is_in_force(desk: Desk) -> None:
    gate = desk.workspace()._door.gate
    with gate.passing(Act("status")) as (permit, closing):
        opening = desk.ledger[-1]
        assert (opening.number, opening.phase) == (permit.number, "open")
        closing.data["exhibits"] = 0
    assert desk.ledger[-1].of == permit.number
    assert desk.ledger[-1].data["exhibits"] == 0


def test_a_failure_is_recorded_without_quoting_the_data(desk: Desk) -> None:
    gate = desk.workspace()._door.gate
    with pytest.raises(ValueError, match="secret"), gate.passing(Act("status")):
        raise ValueError("secret")
    closing = desk.ledger[-1]
    assert (closing.outcome, closing.data["failure"]) == ("failed", "ValueError")


def test_scope_hides_rows_before_any_analysis_sees_them(tmp_path: Path) -> None:
    scope = "[scope]\nfrom = 2026-09-11\n"
    desk = Desk(tmp_path / "scoped", mandate(more=scope))
    desk.add("messages.csv", MESSAGES)
    assert [row["thread_id"] for row in desk.rows("message")] == ["T2"]


def test_scope_by_participant_and_by_exhibit(tmp_path: Path) -> None:
    people = Desk(tmp_path / "a", mandate(more='[scope]\nparticipants = ["+33639980002"]\n'))
    people.add("messages.csv", MESSAGES)
    assert [row["text"] for row in people.rows("message")] == ["ok"]
    exhibits = Desk(tmp_path / "b", mandate(more='[scope]\nexhibits = ["phone of X"]\n'))
    exhibits.add("messages.csv", MESSAGES)
    assert exhibits.rows("message") == []
    exhibits.add("copy.csv", MESSAGES + "\n", label="phone of X")
    assert len(exhibits.rows("message")) == 3

"""What is planted in a month of traffic is found, and little else: figures, with bounds."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pyarrow.csv as pacsv
import pytest

from faisceau.demo.traffic import Plan, Traffic, simulate
from faisceau.testing import Desk


def _helpers() -> ModuleType:
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("plates_helpers", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HELP = _helpers()


def test_convoys(month: Desk, traffic: Traffic) -> None:
    found = {frozenset(group) for group in HELP.plates(month.run("plates.convoy"))}
    recall, precision = HELP.figures("convoys", found, set(traffic.convoys))
    assert recall >= 0.95
    assert precision >= 0.95


def test_round_trips(month: Desk, traffic: Traffic) -> None:
    found = {plate for group in HELP.plates(month.run("plates.round_trip")) for plate in group}
    recall, precision = HELP.figures("round trips", found, set(traffic.round_trips))
    assert recall >= 0.95
    assert precision >= 0.9


def test_clones(month: Desk, traffic: Traffic) -> None:
    found = {plate for group in HELP.plates(month.run("plates.clone")) for plate in group}
    recall, precision = HELP.figures("clones", found, set(traffic.clones))
    assert recall >= 0.9  # some planted clones never drive while the other does
    assert precision >= 0.9


def test_without_positions_travel_times_do(desk: Desk) -> None:
    plan = Plan(reads=60_000, cameras=150, convoys=20, round_trips=12, clones=12, seed=6)
    traffic = simulate(plan)
    bare = traffic.table
    for column in ("latitude", "longitude"):
        bare = bare.drop_columns([column])
    path = desk.file("bare.csv", b"")
    pacsv.write_csv(bare, path)
    desk.add(path, procedure=HELP.OWN)
    found = {p for group in HELP.plates(desk.run("plates.round_trip")) for p in group}
    recall, precision = HELP.figures("round trips, no map", found, set(traffic.round_trips))
    assert recall >= 0.8
    assert precision >= 0.8


@pytest.mark.slow
def test_two_million_reads(desk: Desk) -> None:
    plan = Plan(reads=2_000_000, cameras=500, convoys=150, round_trips=100, clones=100, seed=2)
    traffic = simulate(plan)
    path = desk.file("reads.csv", b"")
    pacsv.write_csv(traffic.table, path)
    desk.add(path, procedure=HELP.OWN)
    found = {frozenset(group) for group in HELP.plates(desk.run("plates.convoy"))}
    recall, precision = HELP.figures("convoys", found, set(traffic.convoys))
    assert recall >= 0.98
    assert precision >= 0.98

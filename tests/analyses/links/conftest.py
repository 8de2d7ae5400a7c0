"""Desks with procedures of couriers on them, and the measure of what is found."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from faisceau.demo.couriers import Couriers, Plan, couriers
from faisceau.findings.model import Finding
from faisceau.testing import Desk, mandate

_SERIES = """
[authorisations.matching]
reference = "PR/2026/0417-R"
date = 2026-09-02

[[series]]
procedures = ["PV-{year}-*"]
authorisation = "PR/2026/0417-S"
date = 2026-09-02
until = 2027-03-01
"""
THIS_YEAR = _SERIES.format(year="2026")
SERIES = _SERIES.replace('"PV-{year}-*"', '"PV-2024-*", "PV-2025-*"')
Filled = Callable[[Plan], tuple[Couriers, Desk]]


@pytest.fixture
def team(tmp_path: Path) -> Desk:
    """A desk that may bring persons together, in procedures of 2026."""
    return Desk(tmp_path / "team", mandate(more=THIS_YEAR))


@pytest.fixture
def linking(tmp_path: Path) -> Desk:
    """A desk that may bring together the procedures of 2024 and 2025."""
    return Desk(tmp_path / "desk", mandate(more=SERIES))


_KNOWN: dict[Plan, tuple[Couriers, Desk, Path]] = {}


@pytest.fixture
def filled(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Filled:
    """A desk with the procedures of a plan, with its own keys; made once for one plan."""

    def fill(plan: Plan) -> tuple[Couriers, Desk]:
        home = _KNOWN[plan][2] if plan in _KNOWN else tmp_path_factory.mktemp("keys")
        monkeypatch.setenv("FAISCEAU_HOME", str(home))
        if plan not in _KNOWN:
            made = couriers(plan)
            desk = Desk(tmp_path_factory.mktemp("couriers") / "desk", mandate(more=SERIES))
            for table in made.tables:
                desk.add(f"{table}.csv", made.csv(table), as_table=table)
            _KNOWN[plan] = made, desk, home
        return _KNOWN[plan][:2]

    return fill


def pairs(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """The two procedures of each finding."""
    return [(f.subjects[0].value, f.subjects[1].value) for f in findings]


def same_network(truth: Mapping[str, int | None], pair: tuple[str, str]) -> bool:
    """True when the two carry for one network."""
    return truth[pair[0]] is not None and truth[pair[0]] == truth[pair[1]]


def b_cubed(truth: Mapping[str, int | None], findings: Sequence[Finding]) -> tuple[float, float]:
    """Precision and recall of groups, by element (Bagga and Baldwin, 1998).

    A procedure of no network is a group of its own."""
    found = {s.value: f.finding_id for f in findings for s in f.subjects}
    said = {p: found.get(p, p) for p in truth}
    true = {p: p if network is None else str(network) for p, network in truth.items()}
    both = Counter((said[p], true[p]) for p in truth)
    by_said, by_true = Counter(said.values()), Counter(true.values())
    n = len(truth)
    precision = sum(k * k / by_said[s] for (s, _), k in both.items()) / n
    recall = sum(k * k / by_true[t] for (_, t), k in both.items()) / n
    return precision, recall

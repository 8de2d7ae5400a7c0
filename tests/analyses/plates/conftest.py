"""A case of the procedure's own plate reads, as a judge would make it: CSV in, findings out."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from faisceau.demo.traffic import Plan, Traffic, simulate
from faisceau.findings.model import Finding
from faisceau.testing import Desk

OWN = "PR/2026/0417"
Given = Callable[[str], Desk]


@pytest.fixture(scope="session")
def traffic() -> Traffic:
    """A hundred thousand reads of a month, with what is planted in them."""
    return simulate(Plan(reads=110_000, cameras=300, convoys=40, round_trips=25, clones=25, seed=4))


@pytest.fixture(scope="session")
def busy(traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A case that holds that traffic, added as CSV."""
    folder: Path = tmp_path_factory.mktemp("busy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAISCEAU_HOME", str(folder / "home"))
        desk = Desk(folder / "desk")
        path = folder / "reads.csv"
        pacsv.write_csv(traffic.table, path)
        desk.add(path, procedure=OWN)
    return desk


@pytest.fixture
def month(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The same, with its keys."""
    monkeypatch.setenv("FAISCEAU_HOME", str(busy.folder.parent / "home"))
    return busy


def read(desk: Desk, *lines: str, header: str = "plate,camera_id,read_at") -> None:
    """Add reads, a line each."""
    desk.add("reads.csv", "\n".join([header, *lines]) + "\n", procedure=OWN)


def plates(findings: list[Finding]) -> list[set[str]]:
    """Who each finding is about."""
    return [{s.value for s in f.subjects if s.type == "plate"} for f in findings]


def figures(name: str, found: set[object], planted: set[object]) -> tuple[float, float]:
    """Recall and precision, printed."""
    hit = len(found & planted)
    recall, precision = hit / len(planted), hit / max(len(found), 1)
    print(f"{name}: recall {recall:.3f}, precision {precision:.3f} of {len(planted)}")
    return recall, precision


def shuffled(table: pa.Table, seed: int) -> pa.Table:
    """The same reads in another order."""
    import numpy as np

    return table.take(np.random.default_rng(seed).permutation(table.num_rows))

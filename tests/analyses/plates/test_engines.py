"""The same leads whatever the engine, and whatever the order of the rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from faisceau.analyses import Analysis
from faisceau.case.gate import _mint
from faisceau.case.plugins import plugins
from faisceau.demo.traffic import Plan, simulate
from faisceau.findings.model import Lead
from faisceau.mandate.permit import Permit
from faisceau.tables.engines import open_engine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import PLATE_READ

ASKED: dict[str, dict[str, Any]] = {
    "plates.convoy": {},
    "plates.round_trip": {},
    "plates.clone": {},
    "plates.search": {"plate": "*A*1*", "hours": "20-8", "days": "mon-thu", "tolerant": True},
    "plates.pattern": {"stay_days": 25, "where": "country:F and direction:N"},
}
Leads = list[tuple[str, list[str], float, list[tuple[str, str, list[int]]]]]


def permit(operation: str) -> Permit:
    made = Permit(operation, "A1", "test", 1, columns={PLATE_READ.name: None})
    _mint(made, True)
    return made


def lake(folder: Path, table: pa.Table, order: np.ndarray[Any, Any]) -> tuple[Lake, list[Segment]]:
    """Reads written in an order; their row ids stay those of their place in ``table``."""
    made = Lake(folder)
    with made.writing(permit("add"), "0") as writer:
        writer.exhibit(1)
        n = table.num_rows
        known = {
            "row_id": pa.array(np.arange(n) + 2**32),
            "exhibit_id": pa.array(["E1"] * n),
            "source": pa.array(["reads.csv#line 1"] * n),
        } | {name: table[name].combine_chunks() for name in table.column_names}
        schema = PLATE_READ.arrow
        columns = [known.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in schema]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        writer.append(PLATE_READ, batch.take(pa.array(order)))
        return made, writer.finish()


def answers(name: str, engine: str, where: tuple[Lake, list[Segment]], scratch: Path) -> Leads:
    analysis: Analysis = plugins().analysis(name)
    stored, segments = where
    params = analysis.params(**ASKED[name])
    with open_engine(
        engine, permit("run"), stored, segments, analysis.reads, scratch=scratch
    ) as opened:
        leads = list(analysis.function(opened.tables[PLATE_READ.name], params, opened))
    return [told(lead) for lead in leads]


def told(lead: Lead) -> tuple[str, list[str], float, list[tuple[str, str, list[int]]]]:
    reasons = [(r.code, r.in_words(), r.by_table()[PLATE_READ.name]) for r in lead.reasons]
    return lead.in_words(), [s.value for s in lead.subjects], lead.score, reasons


@pytest.fixture(scope="module")
def reads() -> pa.Table:
    plan = Plan(reads=30_000, cameras=120, convoys=12, round_trips=8, clones=8, seed=9)
    return simulate(plan).table


@pytest.mark.parametrize("name", ASKED)
def test_shuffled_reads_give_the_same_leads(name: str, reads: pa.Table, tmp_path: Path) -> None:
    order = np.arange(reads.num_rows)
    straight = lake(tmp_path / "a", reads, order)
    mixed = lake(tmp_path / "b", reads, np.random.default_rng(3).permutation(order))
    first = answers(name, "duckdb", straight, tmp_path / "scratch")
    assert first
    assert answers(name, "duckdb", mixed, tmp_path / "scratch") == first


@pytest.mark.parametrize("name", ASKED)
def test_sail_gives_the_same_leads(name: str, reads: pa.Table, tmp_path: Path, sail: str) -> None:
    where = lake(tmp_path, reads, np.arange(reads.num_rows))
    expected = answers(name, "duckdb", where, tmp_path / "scratch")
    assert answers(name, sail, where, tmp_path / "scratch") == expected

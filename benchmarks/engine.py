"""What the engine costs over bare DuckDB: permit, checks and views, on one table of plate reads.

``python benchmarks/engine.py [MILLIONS OF ROWS]`` prints, for each question, the best of five runs
through ``DuckEngine.batches``, of the same SQL on the bare file, and their ratio; with a second
argument ``sc://host:port``, the same question there.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa
from ibis import Table, _

# A benchmark needs a permit in force without a case around it, as the tests of the lake do.
from faisceau.case.gate import _mint
from faisceau.mandate.permit import Permit
from faisceau.tables.engines import open_engine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import PLATE_READ

DAY_US = 86_400_000_000
START_US = 1_767_225_600_000_000  # 2026-01-01
QUESTIONS: dict[str, tuple[Callable[[Table], Table], str]] = {
    "every row, streamed": (lambda t: t, "SELECT row_id, plate, camera_id, read_at FROM file"),
    "one plate": (
        lambda t: t.filter(_.plate == "P000123"),
        "SELECT row_id, plate, camera_id, read_at FROM file WHERE plate = 'P000123'",
    ),
    "one hour": (
        lambda t: t.filter(_.read_at < ibis.timestamp("2026-01-01 01:00", timezone="UTC")),
        "SELECT row_id, plate, camera_id, read_at FROM file WHERE read_at < '2026-01-01 01:00:00Z'",
    ),
    "plates per camera": (
        lambda t: t.group_by("camera_id").agg(n=_.count(), plates=_.plate.nunique()),
        "SELECT camera_id, count(*), count(DISTINCT plate) FROM file GROUP BY ALL",
    ),
}


def permit(operation: str) -> Permit:
    made = Permit(operation, "A1", "benchmark", 1, columns={PLATE_READ.name: None})
    _mint(made, True)
    return made


def day(n: int, rows: int, chance: np.random.Generator) -> pa.RecordBatch:
    """The reads of one day: 300,000 plates, 500 cameras."""
    plates, cameras = chance.integers(0, 300_000, rows), chance.integers(0, 500, rows)
    times = START_US + n * DAY_US + np.sort(chance.integers(0, DAY_US, rows))
    known = {
        "row_id": pa.array(np.arange(rows) + n * rows),
        "exhibit_id": pa.repeat("E1", rows),
        "source": pa.repeat("reads.csv:1", rows),
        "plate": pa.array([f"P{number:06d}" for number in plates]),
        "camera_id": pa.array([f"A{number}" for number in cameras]),
        "read_at": pa.array(times, pa.timestamp("us", tz="UTC")),
    }
    schema = PLATE_READ.arrow
    return pa.RecordBatch.from_arrays(
        [known.get(f.name, pa.nulls(rows, f.type)) for f in schema], schema=schema
    )


def written(lake: Lake, days: int) -> list[Segment]:
    chance = np.random.default_rng(1)
    with lake.writing(permit("add"), "0") as writer:
        writer.exhibit(1)
        for n in range(days):
            writer.append(PLATE_READ, day(n, 1_000_000, chance))
        return writer.finish()


Ask = Callable[[], Iterable[pa.RecordBatch]]


def best(ours: Ask, peer: Ask) -> tuple[float, float, int]:
    """Seconds of the fastest of five runs of each, in turn, and the rows that came."""
    taken: dict[Ask, list[float]] = {ours: [], peer: []}
    rows: dict[Ask, int] = {}
    for ask in (ours, peer) * 5:
        began = time.perf_counter()
        rows[ask] = sum(batch.num_rows for batch in ask())
        taken[ask].append(time.perf_counter() - began)
    if rows[ours] != rows[peer]:
        raise SystemExit(f"{rows[ours]} rows are not {rows[peer]}")
    return min(taken[ours]), min(taken[peer]), rows[ours]


def main(millions: int, url: str | None) -> None:
    chosen = [PLATE_READ["plate", "camera_id", "read_at"]]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        listed = written(lake, millions)
        [file] = [lake.case / segment.path for segment in listed]
        bare = duckdb.connect()
        bare.execute("SET threads = 2; SET preserve_insertion_order = false")
        bare.execute(f"CREATE VIEW file AS FROM read_parquet('{file}')")
        for name in ["duckdb"] if url is None else ["duckdb", url]:
            scratch = Path(folder, "scratch")
            with open_engine(name, permit("run"), lake, listed, chosen, scratch=scratch) as engine:
                for told, (asked, sql) in QUESTIONS.items():
                    expression = asked(engine.tables[PLATE_READ.name])
                    ours, peer, n = best(
                        partial(engine.batches, expression), partial(streamed, bare, sql)
                    )
                    print(
                        f"{name:8.8} {told:20} {n:>12,} rows: {ours:8.3f} s, "
                        f"bare DuckDB {peer:8.3f} s, ratio {ours / peer:.2f}"
                    )


def streamed(bare: duckdb.DuckDBPyConnection, sql: str) -> pa.RecordBatchReader:
    return bare.execute(sql).to_arrow_reader(65_536)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, sys.argv[2] if len(sys.argv) > 2 else None)

"""Plate questions at scale, beside plain formulations of the same on the same data.

``python benchmarks/plates.py --reads N [--only convoy,clone] [--peer-seconds S]`` invents traffic
of N reads (``faisceau.demo.traffic``), writes it as a lake, and prints for each question the time,
the peak memory of the process so far, what was found of what is planted, and the peer: a
time-bucket self-join in plain DuckDB for convoys (stopped after S seconds; 0: not asked), pandas
where its table fits.
"""

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from faisceau.analyses.plates import clone as clones
from faisceau.analyses.plates import convoy as convoys
from faisceau.analyses.plates import round_trip as trips
from faisceau.analyses.plates import search as questions
from faisceau.analyses.plates.watch import WantedIndex, Watcher

# A benchmark needs a permit in force without a case around it, as the tests of the lake do.
from faisceau.case.gate import _mint
from faisceau.demo.traffic import Plan, Traffic, simulate
from faisceau.findings.model import Lead
from faisceau.mandate.permit import Permit
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import PLATE_READ

PANDAS_READS = 2_000_000
"""Reads beyond which pandas is not asked."""
SELF_JOIN = """
WITH t AS (SELECT plate, camera_id, epoch(read_at)::BIGINT AS s FROM '{file}'),
     r AS (SELECT *, s // 180 AS slot FROM t),
     b AS (SELECT plate, camera_id, s, unnest([slot - 1, slot, slot + 1]) AS slot FROM r)
SELECT a.plate, b.plate, count(DISTINCT a.camera_id) AS n
FROM r a JOIN b USING (camera_id, slot)
WHERE a.plate < b.plate AND abs(a.s - b.s) <= 180
GROUP BY ALL HAVING n >= 4
"""


def permit(operation: str) -> Permit:
    made = Permit(operation, "A1", "benchmark", 1, columns={PLATE_READ.name: None})
    _mint(made, True)
    return made


def written(lake: Lake, table: pa.Table) -> list[Segment]:
    with lake.writing(permit("add"), "0") as writer:
        writer.exhibit(1)
        done = 0
        for batch in table.to_batches(max_chunksize=1_000_000):
            n = batch.num_rows
            known = {
                "row_id": pa.array(np.arange(done, done + n) + 2**32),
                "exhibit_id": pa.repeat("E1", n),
                "source": pa.repeat("reads.csv#line 1", n),
            } | {name: batch[name] for name in batch.schema.names}
            schema = PLATE_READ.arrow
            columns = [known.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in schema]
            writer.append(PLATE_READ, pa.RecordBatch.from_arrays(columns, schema=schema))
            done += n
        return writer.finish()


def memory_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def timed(name: str, work: Callable[[], Iterable[object]]) -> tuple[list[object], float]:
    begin = time.perf_counter()
    made = list(work())
    took = time.perf_counter() - begin
    print(f"{name:32} {took:9.2f} s   {memory_gb():5.1f} GB at most", flush=True)
    return made, took


def figures(name: str, found: set[object], planted: set[object]) -> None:
    hit = len(found & planted)
    recall, precision = hit / max(len(planted), 1), hit / max(len(found), 1)
    print(
        f"    {name}: recall {recall:.3f}, precision {precision:.3f} of {len(planted)}", flush=True
    )


def plates(lead: object) -> list[str]:
    assert isinstance(lead, Lead)
    return [s.value for s in lead.subjects if s.type == "plate"]


def asked(engine: Callable[[object], DuckEngine], analysis: object, **params: object) -> list[Lead]:
    known = analysis.__faisceau__  # type: ignore[attr-defined]
    with engine(known.reads) as opened:
        table = opened.tables[PLATE_READ.name]
        return list(known.function(table, known.params(**params), opened))


def self_join(file: Path, limit_s: float) -> float | None:
    """Seconds of the plain self-join (pairs that share four cameras), None when stopped."""
    with duckdb.connect() as connection:
        connection.execute("SET threads=2; SET memory_limit='10GB'")
        timer = threading.Timer(limit_s, connection.interrupt)
        timer.start()
        begin = time.perf_counter()
        try:
            connection.execute(SELF_JOIN.format(file=file)).to_arrow_table()
        except duckdb.Error as error:
            print(f"    plain self-join: stopped ({str(error).splitlines()[0][:60]})", flush=True)
            return None
        finally:
            timer.cancel()
        return time.perf_counter() - begin


def history(engine: Callable[[object], DuckEngine], names: list[str]) -> None:
    took = []
    with engine([PLATE_READ["plate", "camera_id", "read_at"]]) as opened:
        table = opened.tables[PLATE_READ.name]
        for name in names:
            begin = time.perf_counter()
            list(opened.batches(table.filter(table.plate == name)))
            took.append(time.perf_counter() - begin)
    print(f"{'one plate, as written (p50)':32} {np.median(took) * 1000:9.1f} ms", flush=True)


def pandas_convoys(table: pa.Table) -> None:
    """The same self-join in pandas."""
    frame = table.select(["plate", "camera_id", "read_at"]).to_pandas()
    begin = time.perf_counter()
    frame["slot"] = frame["read_at"].astype("int64") // 180_000_000
    near = frame.merge(frame, on=["camera_id", "slot"], suffixes=("", "2"))
    near = near[near["plate"] < near["plate2"]]
    near.groupby(["plate", "plate2"])["camera_id"].nunique()
    print(f"    pandas, same slot only: {time.perf_counter() - begin:.1f} s", flush=True)


def watched(traffic: Traffic) -> None:
    names = traffic.table["plate"].unique().to_pylist()[:50]
    wanted = names + [f"W{n:04d}XY" for n in range(10_000 - len(names))]
    watcher = Watcher(WantedIndex(wanted))
    some = traffic.table.slice(0, 1_000_000)
    begin = time.perf_counter()
    alerts = sum(1 for b in some.to_batches(max_chunksize=50_000) for _ in watcher.look(b))
    rate = some.num_rows / (time.perf_counter() - begin)
    print(f"{'watch, 10,000 plates':32} {rate:9.0f} reads/s, {alerts} alerts", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=2_000_000)
    parser.add_argument("--cameras", type=int, default=600)
    parser.add_argument("--only", default="history,sequence,convoy,clone,round_trip,watch")
    parser.add_argument("--peer-seconds", type=float, default=600)
    options = parser.parse_args()
    only = options.only.split(",")
    plan = Plan(options.reads, 5, cameras=options.cameras, convoys=300, round_trips=200, clones=200)
    traffic = simulate(plan)
    print(f"{traffic.table.num_rows} reads of {plan.days} days at {plan.cameras} cameras")
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        segments, took = timed("written to the lake", lambda: written(lake, traffic.table))
        print(f"    {traffic.table.num_rows / took:.0f} reads/s")

        def engine(reads: object) -> DuckEngine:
            scratch = Path(folder) / "scratch"
            return DuckEngine(permit("run"), lake, segments, reads, scratch=scratch)  # type: ignore[arg-type]

        ask(only, engine, traffic, options.peer_seconds, Path(folder))


def ask(
    only: list[str],
    engine: Callable[[object], DuckEngine],
    traffic: Traffic,
    peer_s: float,
    folder: Path,
) -> None:
    if "history" in only:
        history(engine, traffic.table["plate"].unique().to_pylist()[:40])
    if "sequence" in only:
        question = {"sequence": "A001 then A002 within 40 minutes", "on_days": 2}
        timed("a sequence of two cameras", lambda: asked(engine, questions.search, **question))
    if "watch" in only:
        watched(traffic)
    if "convoy" in only:
        leads, took = timed("national convoy scan", lambda: asked(engine, convoys.convoy))
        figures("convoys", {frozenset(plates(lead)) for lead in leads}, set(traffic.convoys))
        if peer_s:
            file = folder / "plain.parquet"
            pq.write_table(traffic.table.select(["plate", "camera_id", "read_at"]), file)
            plain = self_join(file, peer_s)
            if plain is not None:
                print(f"    plain self-join: {plain:.1f} s, {plain / took:.1f} times as long")
            if traffic.table.num_rows <= PANDAS_READS:
                pandas_convoys(traffic.table)
    if "round_trip" in only:
        leads, _ = timed("round trips", lambda: asked(engine, trips.round_trip))
        figures(
            "round trips", {p for lead in leads for p in plates(lead)}, set(traffic.round_trips)
        )
    if "clone" in only:
        leads, _ = timed("clones", lambda: asked(engine, clones.clone))
        figures("clones", {p for lead in leads for p in plates(lead)}, set(traffic.clones))


if __name__ == "__main__":
    main()

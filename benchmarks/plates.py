"""Plate questions at scale, beside plain formulations of the same on the same data.

``python benchmarks/plates.py --reads N [--only convoy,clone] [--peer-seconds S]`` invents traffic
of N reads (``faisceau.demo.traffic``) a day at a time, adds each day to a lake as it comes, and
prints for each question the time, the peak memory of the process so far, what was found of what is
planted, and the peers (``plates_peers.py``): a time-bucket self-join in plain DuckDB for convoys
(stopped after S seconds; 0: no peer is asked), pandas and MovingPandas where their tables fit,
PostgreSQL with the natural index for one plate's history.
"""

import argparse
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.append(str(Path(__file__).parents[1]))  # this folder is a package, run as a script or not
from benchmarks.plates_peers import FRAME_READS, frames, postgresql, self_join

from faisceau.analyses.plates import clone as clones
from faisceau.analyses.plates import convoy as convoys
from faisceau.analyses.plates import round_trip as trips
from faisceau.analyses.plates import search as questions
from faisceau.analyses.plates.watch import WantedIndex, Watcher

# A benchmark needs a permit in force without a case around it, as the tests of the lake do.
from faisceau.case.gate import _mint
from faisceau.demo.traffic import Plan, Traffic, streamed
from faisceau.findings.model import Lead
from faisceau.mandate.permit import Permit
from faisceau.tables.engine import DuckEngine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import PLATE_READ

WATCHED = 1_000_000
"""Reads that the watch is timed on."""


def permit(operation: str) -> Permit:
    made = Permit(operation, "A1", "benchmark", 1, columns={PLATE_READ.name: None})
    _mint(made, True)
    return made


@dataclass(frozen=True)
class Stored:
    """The lake as it was filled, and some of its reads: plates to ask for, reads to watch."""

    folder: Path
    lake: Lake
    segments: Sequence[Segment]
    truth: Traffic
    plates: Sequence[str]
    some: pa.Table

    @property
    def files(self) -> list[Path]:
        return [self.lake.case / segment.path for segment in self.segments]

    @property
    def reads(self) -> int:
        return sum(segment.rows for segment in self.segments)

    def engine(self, selections: Iterable[object]) -> DuckEngine:
        scratch = self.folder / "scratch"
        return DuckEngine(permit("run"), self.lake, self.segments, selections, scratch=scratch)  # type: ignore[arg-type]


def filled(plan: Plan, folder: Path) -> Stored:
    """Reads are invented and added a day at a time: a segment each, none written twice."""
    lake, done, took = Lake(folder), 0, 0.0
    segments: list[Segment] = []
    first: list[pa.Table] = []
    truth, days = streamed(plan)
    for day, table in enumerate(days):
        if sum(part.num_rows for part in first) < WATCHED:
            first.append(table)
        begin = time.perf_counter()
        with lake.writing(permit("add"), f"{day:03d}") as writer:
            writer.exhibit(1)
            for batch in table.to_batches(max_chunksize=1_000_000):
                writer.append(PLATE_READ, _stored(batch, done))
                done += batch.num_rows
            segments += writer.finish()
        took += time.perf_counter() - begin
    some = pa.concat_tables(first).slice(0, WATCHED)
    plates = some["plate"].unique()
    plates = plates.take(pa.array(np.arange(0, len(plates), max(1, len(plates) // 40)))).to_pylist()
    size = sum(segment.size for segment in segments)
    print(f"{done} reads of {plan.days} days at {plan.cameras} cameras: {size / 1e9:.2f} GB")
    print(f"{'written to the lake':32} {took:9.2f} s   {memory_gb():5.1f} GB at most")
    print(f"    {done / took:.0f} reads/s", flush=True)
    return Stored(folder, lake, segments, truth, plates[:40], some)


def _stored(batch: pa.RecordBatch, done: int) -> pa.RecordBatch:
    n = batch.num_rows
    known = {
        "row_id": pa.array(np.arange(done, done + n) + 2**32),
        "exhibit_id": pa.repeat("E1", n),
        "source": pa.repeat("reads.csv#line 1", n),
    } | {name: batch[name] for name in batch.schema.names}
    schema = PLATE_READ.arrow
    columns = [known.get(f.name, pa.nulls(n, f.type)).cast(f.type) for f in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


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


def asked(stored: Stored, analysis: object, **params: object) -> list[Lead]:
    known = analysis.__faisceau__  # type: ignore[attr-defined]
    with stored.engine(known.reads) as opened:
        table = opened.tables[PLATE_READ.name]
        return list(known.function(table, known.params(**params), opened))


def history(stored: Stored) -> None:
    took = []
    with stored.engine([PLATE_READ["plate", "camera_id", "read_at"]]) as opened:
        table = opened.tables[PLATE_READ.name]
        for name in itertools.chain(stored.plates[:1], stored.plates):
            begin = time.perf_counter()
            list(opened.batches(table.filter(table.plate == name)))
            took.append(time.perf_counter() - begin)
    print(f"{'one plate, the first time':32} {took[0] * 1000:9.1f} ms", flush=True)
    print(f"{'one plate, as written (p50)':32} {np.median(took[1:]) * 1000:9.1f} ms", flush=True)


def watched(stored: Stored) -> None:
    names = stored.some["plate"].unique().to_pylist()[:50]
    wanted = names + [f"W{n:04d}XY" for n in range(10_000 - len(names))]
    watcher = Watcher(WantedIndex(wanted))
    begin = time.perf_counter()
    alerts = sum(1 for b in stored.some.to_batches(max_chunksize=50_000) for _ in watcher.look(b))
    rate = stored.some.num_rows / (time.perf_counter() - begin)
    print(f"{'watch, 10,000 plates':32} {rate:9.0f} reads/s, {alerts} alerts", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=2_000_000)
    parser.add_argument("--cameras", type=int, default=600)
    parser.add_argument("--only", default="history,sequence,watch,convoy,round_trip,clone")
    parser.add_argument("--peer-seconds", type=float, default=600)
    parser.add_argument("--folder", type=Path, help="where the lake goes while this runs")
    options = parser.parse_args()
    plan = Plan(options.reads, 5, cameras=options.cameras, convoys=300, round_trips=200, clones=200)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        ask(options.only.split(","), filled(plan, Path(folder)), options.peer_seconds)


def ask(only: list[str], stored: Stored, peer_s: float) -> None:
    truth = stored.truth
    if "history" in only:
        history(stored)
        if peer_s:
            postgresql(stored.files, stored.plates)
    if "sequence" in only:
        question = {"sequence": "A001 then A002 within 40 minutes", "on_days": 2}
        timed("a sequence of two cameras", lambda: asked(stored, questions.search, **question))
    if "watch" in only:
        watched(stored)
    if "convoy" in only:
        leads, took = timed("national convoy scan", lambda: asked(stored, convoys.convoy))
        figures("convoys", {frozenset(plates(lead)) for lead in leads}, set(truth.convoys))
        if peer_s:
            plain = self_join(stored.files, peer_s, stored.folder / "spilt")
            if plain is not None:
                print(f"    plain self-join: {plain:.1f} s, {plain / took:.1f} times as long")
            if stored.reads <= FRAME_READS:
                frames(stored.files, stored.plates)
    if "round_trip" in only:
        leads, _ = timed("round trips", lambda: asked(stored, trips.round_trip))
        figures("round trips", {p for lead in leads for p in plates(lead)}, set(truth.round_trips))
    if "clone" in only:
        leads, _ = timed("clones", lambda: asked(stored, clones.clone))
        figures("clones", {p for lead in leads for p in plates(lead)}, set(truth.clones))


if __name__ == "__main__":
    main()

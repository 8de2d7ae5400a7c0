"""The first pass over all reads, block by block: places, legs, traffic; what an analysis adds."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from ibis import Table

from faisceau.analyses import Engine
from faisceau.analyses.plates._legs import Drift, Sample, drift, sample
from faisceau.analyses.plates._neighbours import OVERLAP_S
from faisceau.analyses.plates._passages import (
    Hashes,
    Ints,
    Places,
    Reads,
    blocks,
    by_vehicle,
    load,
)
from faisceau.analyses.plates._together import Traffic

T = TypeVar("T")
THREADS = 2
"""Blocks in work at a time."""
SAMPLED = 8
"""Blocks whose legs are looked at, evenly over the time of all: more say no more of the roads."""
SIXTEENTH = np.uint64(15)
"""Vehicles are counted by the hashes that end in four zeros, unless there are few."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What all reads say of the roads."""

    places: Places
    drift: Drift
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class _Block:
    sample: Sample | None
    by_hour: Ints
    vehicles: Hashes


def survey(
    plate_read: Table,
    engine: Engine,
    known: Places,
    also: Callable[[Reads, Ints, int], T],
) -> tuple[Survey, list[T]]:
    """Go over all reads once; ``also`` gets each block by vehicle and time, with the vehicles and
    the second from which on reads are the next block's too."""

    def work(reads: Reads, until: int, sampled: bool) -> tuple[_Block, T]:
        ordered, vehicle = by_vehicle(reads)
        own = reads.at < until
        hour = reads.place[own] * 24 + reads.at[own] // 3600 % 24
        block = _Block(
            sample(ordered, vehicle, len(known)) if sampled else None,
            np.bincount(hour, minlength=len(known) * 24),
            np.unique(ordered.plate[(ordered.plate & sieve) == 0]),
        )
        return block, also(ordered, vehicle, until)

    few = known.total <= 1_000_000
    sieve = np.uint64(0) if few else SIXTEENTH
    made = list(_ahead(plate_read, engine, known, work))
    parts = [block for block, _ in made]
    found = drift([part.sample for part in parts if part.sample], len(known))
    hours = np.sum([part.by_hour for part in parts], axis=0)
    vehicles = len(np.unique(np.concatenate([part.vehicles for part in parts])))
    days = (known.last - known.first) / 86_400
    traffic = Traffic(hours, days, vehicles * (1 if few else 16))
    return Survey(known, found, traffic), [other for _, other in made]


def _ahead(
    plate_read: Table, engine: Engine, known: Places, work: Callable[[Reads, int, bool], T]
) -> Iterator[T]:
    """Load the next block while another is worked on."""
    waiting: list[Future[T]] = []
    spans = blocks(known, OVERLAP_S)
    sampled = set(np.linspace(0, len(spans) - 1, min(SAMPLED, len(spans))).astype(int).tolist())
    with ThreadPoolExecutor(THREADS) as pool:
        for n, span in enumerate(spans):
            reads = load(plate_read, engine, known, span=span)
            if len(waiting) >= THREADS:
                yield waiting.pop(0).result()
            waiting.append(pool.submit(work, reads, span[1] - OVERLAP_S, n in sampled))
        for future in waiting:
            yield future.result()

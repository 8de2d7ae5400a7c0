"""Who may travel with whom: pairs of vehicles that pass the same places close together, again.

A candidate costs little and proves nothing: ``_together`` looks at each with all its reads. Where
traffic is thin, sharing places is enough; where it is thick, whole runs of two or three places
must be shared, with one in between missed at most. Reads go block by block of time, so that
memory holds one block and the pairs met, never all pairs of all reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from faisceau.analyses.plates._passages import Bools, Hashes, Ints, Reads, mixed

OVERLAP_S = 4 * 3600
"""What a block holds of the next: a trip that begins in a block ends there, but for long ones."""
LEG_S = 7200
"""Seconds from one place of a run to the next, at most."""
SPELL_S = 6 * 3600
"""Passages of one spell of time count as one meeting."""
RUNS = {1: ((),), 2: ((1,), (2,)), 3: ((1, 2), (1, 3), (2, 3))}
"""Positions after the first that make a run of one, two or three places."""
SLACK_S = 90
"""Seconds that the distance may change along a run, at most, and a 32nd of its time."""
LEAST = {2: 4, 3: 3}
"""Runs of two and of three places that a pair must share."""
BUDGET = 8_000_000
"""Pairs of neighbouring passages in all that may be looked at with short runs."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """Pairs and spells of time: how many runs the two shared in each."""

    pair: Hashes
    first: Hashes
    second: Hashes
    runs: Ints
    company: Ints
    """How many other vehicles passed as near, on average, in tenths."""


def expected_pairs(reads: Ints, span_s: int, gap_s: int) -> float:
    """Pairs of reads at one place within ``gap_s``, if traffic flows two thirds of the day."""
    rate = reads.astype(float) / max(span_s, 1) * 1.5
    return float((reads * rate * gap_s).sum())


def run_length(pairs: float, cameras: int) -> int:
    """How many places a run must have, so that pairs of runs stay within the budget."""
    wanted = 1 if pairs <= BUDGET else 2 if pairs <= 40 * BUDGET else 3
    return max(1, min(wanted, cameras))


def meetings(reads: Reads, vehicle: Ints, gap_s: int, length: int) -> Meetings:
    """The pairs of vehicles in a block (by vehicle and time) that share runs of ``length`` places
    within ``gap_s``."""
    plates = _plates(reads, vehicle)
    parts = []
    for skips in RUNS[length]:
        key, start, end, who = _runs(reads, vehicle, skips)
        parts.append((key, start, end, who))
    key, start, end, who = (np.concatenate(column) for column in zip(*parts, strict=True))
    found = list(_near(key, start, end, who, gap_s))
    if not found:
        none = np.empty(0, np.int64)
        empty = none.astype(np.uint64)
        return Meetings(empty, empty, empty, none, none)
    a, b = (np.concatenate(column) for column in zip(*found, strict=True))
    crowd = np.bincount(a, minlength=len(key)) + np.bincount(b, minlength=len(key))
    spell = start[a] // SPELL_S
    one, two = np.minimum(who[a], who[b]), np.maximum(who[a], who[b])
    packed = (one * len(plates) + two) * 4096 + (spell - spell.min()) % 4096
    kept, inverse, runs = np.unique(packed, return_inverse=True, return_counts=True)
    around = np.bincount(inverse, np.minimum(crowd[a], crowd[b])) / runs * 10
    first, second = plates[kept // 4096 // len(plates)], plates[kept // 4096 % len(plates)]
    low, high = np.minimum(first, second), np.maximum(first, second)
    pair = mixed(low ^ (mixed(high) << np.uint64(1)))
    return Meetings(pair, low, high, runs, around.astype(np.int64))


def _plates(reads: Reads, vehicle: Ints) -> Hashes:
    plates = np.empty(int(vehicle.max(initial=-1)) + 1, np.uint64)
    plates[vehicle] = reads.plate
    return plates


def _runs(reads: Reads, vehicle: Ints, skips: tuple[int, ...]) -> tuple[Hashes, Ints, Ints, Ints]:
    """Runs of places of one vehicle: their key, first second, last second, vehicle."""
    n = len(reads) - (skips[-1] if skips else 0)
    if n <= 0:
        none = np.empty(0, np.int64)
        return none.astype(np.uint64), none, none, none
    key = reads.place[:n].astype(np.uint64)
    good = np.ones(n, bool)
    before = 0
    for skip in skips:
        place = reads.place[skip : n + skip]
        key = mixed(key) + place.astype(np.uint64)
        good &= vehicle[skip : n + skip] == vehicle[:n]
        good &= reads.at[skip : n + skip] - reads.at[before : n + before] <= LEG_S
        good &= place != reads.place[before : n + before]
        before = skip
    end = reads.at[before : n + before]
    return mixed(key)[good], reads.at[:n][good], end[good], vehicle[:n][good]


def _near(
    key: Hashes, start: Ints, end: Ints, who: Ints, gap_s: int
) -> Iterator[tuple[Ints, Ints]]:
    """Positions of two equal runs of different vehicles within ``gap_s`` at both ends."""
    if not len(key):
        return
    base = int(start.min())
    width = max(1, int(start.max() - base).bit_length())
    high = np.uint64(width)
    sorter = ((key >> high) << high) | (start - base).astype(np.uint64)
    order = np.argsort(sorter)
    group, at, until, vehicle = sorter[order] >> high, start[order], end[order], who[order]
    alive = np.arange(len(order) - 1)
    step = 1
    while len(alive):
        alive = alive[alive + step < len(order)]
        other = alive + step
        near: Bools = (group[alive] == group[other]) & (at[other] - at[alive] <= gap_s)
        alive, other = alive[near], other[near]
        late = until[other] - until[alive]
        good = (vehicle[alive] != vehicle[other]) & (np.abs(late) <= gap_s)
        slack = SLACK_S + (until[alive] - at[alive]) // 32
        good &= np.abs(late - (at[other] - at[alive])) <= slack
        yield order[alive[good]], order[other[good]]
        step += 1


def repeated(found: list[Meetings], length: int, cameras: int) -> tuple[Hashes, Hashes]:
    """Pairs that shared enough runs of ``length`` places, in two spells of time, or in one where
    few others passed."""
    least = LEAST.get(length, cameras)
    pair = np.concatenate([m.pair for m in found])
    order = np.argsort(pair)
    pair = pair[order]
    first, second, runs, company = (
        np.concatenate([getattr(m, name) for m in found])[order]
        for name in ("first", "second", "runs", "company")
    )
    begins = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    if not len(pair):
        return first, second
    spells = np.diff(np.r_[begins, len(pair)])
    total = np.add.reduceat(runs, begins)
    alone = np.minimum.reduceat(company, begins) <= ALONE
    chosen = begins[(total >= least) & ((spells > 1) | alone)]
    return first[chosen], second[chosen]


ALONE = 15
"""Tenths of a vehicle around: fewer, and one long trip together is worth a look."""

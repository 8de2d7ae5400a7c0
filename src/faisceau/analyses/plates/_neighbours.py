"""Who may travel with whom: pairs of vehicles that pass the same places close together, again.

A candidate costs little and proves nothing: ``_together`` looks at each with all its reads. Where
traffic is thin, sharing places is enough; where it is thick, whole runs of two or three places
must be shared, with one in between missed at most. Reads go block by block of time, so that
memory holds one block and the pairs met, never all pairs of all reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from faisceau.analyses.plates._driven import Driven, leg
from faisceau.analyses.plates._passages import Bools, Floats, Hashes, Ints, Reads, mixed

Shorts = npt.NDArray[np.int32]

OVERLAP_S = 4 * 3600
"""What a block holds of the next: a trip that begins in a block ends there, but for long ones."""
LEG_S = 7200
"""Seconds from one place of a run to the next, at most."""
SPELL_S = 6 * 3600
"""Passages of one spell of time count as one meeting."""
RUNS = {1: ((),), 2: ((1,), (2,)), 3: ((1, 2), (1, 3), (2, 3))}
"""Positions after the first that make a run of one, two or three places."""
SLACK = {1: (90, 32), 2: (90, 32), 3: (60, 48)}
"""By places of a run: seconds that the distance may change along it, at most, and a part of its
time: less where traffic is thick."""
LEAST = {2: 4, 3: 4}
"""Runs of two and of three places that a pair must share."""
BUDGET = 8_000_000
"""Pairs of neighbouring passages in all that may be looked at with short runs."""
CROWD = 6
"""Bits of how many others passed as near (63: that or more)."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """Pairs and spells of time: how many runs the two shared in each."""

    first: Hashes
    second: Hashes
    start: Ints
    end: Ints
    """Seconds at which the first run began and the last ended."""
    runs: Ints
    company: Ints
    """How many other vehicles passed as near, on average, in tenths (thick traffic: many)."""
    leg: Hashes
    """A leg that the two drove together, with a read in between or not."""


def expected_pairs(reads: Ints, span_s: int, gap_s: int) -> float:
    """Pairs of reads at one place within ``gap_s``, if traffic flows two thirds of the day."""
    rate = reads.astype(float) / max(span_s, 1) * 1.5
    return float((reads * rate * gap_s).sum())


def run_length(pairs: float, cameras: int) -> int:
    """How many places a run must have, so that pairs of runs stay within the budget."""
    wanted = 1 if pairs <= BUDGET else 2 if pairs <= 40 * BUDGET else 3
    return max(1, min(wanted, cameras))


def meetings(reads: Reads, vehicle: Ints, until: int, gap_s: int, length: int) -> Meetings:
    """The pairs of vehicles in a block (by vehicle and time) that share runs of ``length`` places
    within ``gap_s``; the first of the two begins its run before ``until``.

    Where runs of three are asked for, chance makes so many pairs of a single one that two in a
    spell are.
    """
    plates = _plates(reads, vehicle)
    begin = int(reads.at.min(initial=2**40)) // SPELL_S * SPELL_S
    parts = [_runs(reads, vehicle, begin, skips) for skips in RUNS[length]]
    every = _Runs(*map(np.concatenate, zip(*parts, strict=True)))
    runs = _sorted(every, until - begin, gap_s)
    found = list(_near(runs, gap_s, *SLACK[length]))
    spells = np.uint64((int(runs.start.max(initial=0)) // SPELL_S).bit_length())
    crowd = _crowd(found, len(runs.start)) if length < 3 else None
    packed = np.concatenate(
        [_packed(runs, a, b, (np.uint64(len(plates)), spells), crowd) for a, b in found]
        or [np.empty(0, np.uint64)]
    )
    order = np.argsort(packed)
    packed = packed[order]
    met = packed >> np.uint64(CROWD)
    begins = np.flatnonzero(np.r_[True, met[1:] != met[:-1]][: len(met)])
    count = np.diff(np.r_[begins, len(met)])
    company = np.full(len(begins), 10 << CROWD)
    if crowd is not None and len(begins):
        around = (packed & np.uint64((1 << CROWD) - 1)).astype(np.int64)
        company = np.add.reduceat(around, begins) * 10 // count
    one = np.concatenate([a for a, _ in found] or [order])[order]
    start = np.minimum.reduceat(runs.start[one], begins) if len(begins) else begins
    end = np.maximum.reduceat((runs.start + runs.took)[one], begins) if len(begins) else begins
    if length > 2:
        begins, count, company, start, end = (
            column[count > 1] for column in (begins, count, company, start, end)
        )
    one_run = runs.order[one[begins]]
    together = leg(reads.place[every.read[one_run]], reads.place[every.onto[one_run]])
    pair = met[begins] >> spells
    one, two = plates[pair // np.uint64(len(plates))], plates[pair % np.uint64(len(plates))]
    low, high = np.minimum(one, two), np.maximum(one, two)
    return Meetings(low, high, start + begin, end + begin, count, company, together)


def _plates(reads: Reads, vehicle: Ints) -> Hashes:
    plates = np.empty(int(vehicle.max(initial=-1)) + 1, np.uint64)
    plates[vehicle] = reads.plate
    return plates


class _Runs(NamedTuple):
    """Runs of places of one vehicle: a hash of the places, first and last second since the block
    began, the vehicle."""

    key: Hashes
    start: Shorts
    end: Shorts
    who: Shorts
    read: Shorts
    onto: Shorts
    """Positions of the reads at its first and its second place."""


def _runs(reads: Reads, vehicle: Ints, begin: int, skips: tuple[int, ...]) -> _Runs:
    n = max(len(reads) - (skips[-1] if skips else 0), 0)
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
    chosen = np.flatnonzero(good)
    start, end = (
        (reads.at[shift : n + shift][chosen] - begin).astype(np.int32) for shift in (0, before)
    )
    who, read = vehicle[chosen].astype(np.int32), chosen.astype(np.int32)
    return _Runs(mixed(key[chosen]), start, end, who, read, read + np.int32(max(skips[:1] or [0])))


class _Sorted(NamedTuple):
    """Runs by places and start, both in one number: two that lie ``gap`` apart in it passed the
    same places, those seconds apart. How many seconds each took, its vehicle, its start."""

    along: Ints
    took: Shorts
    who: Shorts
    start: Shorts
    own: Bools
    """Whether it began in this block, not in what it holds of the next."""
    order: Ints
    """Where each stands among the runs."""


def _sorted(runs: _Runs, until: int, gap_s: int) -> _Sorted:
    """Runs whose places differ may share a number where there is no room for all: a candidate
    more, and found out later."""
    low = (int(runs.start.max(initial=0)) + gap_s + 1).bit_length()
    spot = len(runs.key).bit_length()
    packed = (runs.key >> np.uint64(low + spot)) << np.uint64(low + spot)
    packed |= runs.start.astype(np.uint64) << np.uint64(spot)
    packed |= np.arange(len(packed), dtype=np.uint64)
    packed.sort()
    order = (packed & np.uint64((1 << spot) - 1)).astype(np.int64)
    start = runs.start[order]
    return _Sorted(
        (packed >> np.uint64(spot)).astype(np.int64),
        runs.end[order] - start,
        runs.who[order],
        start,
        start < until,
        order,
    )


def _crowd(found: list[tuple[Ints, Ints]], runs: int) -> Ints:
    """By run: how many others passed as near, as far as is counted."""
    crowd = np.zeros(runs, np.int64)
    for a, b in found:
        crowd += np.bincount(a, minlength=runs) + np.bincount(b, minlength=runs)
    return np.minimum(crowd, (1 << CROWD) - 1)


def _packed(
    runs: _Sorted, a: Ints, b: Ints, widths: tuple[np.uint64, np.uint64], crowd: Ints | None
) -> Hashes:
    """Two vehicles, the spell of time and the crowd around as one number."""
    plates, spells = widths
    low, high = np.minimum(runs.who[a], runs.who[b]), np.maximum(runs.who[a], runs.who[b])
    packed = low.astype(np.uint64) * plates + high.astype(np.uint64)
    packed = (packed << spells) | (runs.start[a] // SPELL_S).astype(np.uint64)
    packed <<= np.uint64(CROWD)
    if crowd is not None:
        packed |= np.minimum(crowd[a], crowd[b]).astype(np.uint64)
    return packed


def _near(runs: _Sorted, gap_s: int, slack_s: int, part: int) -> Iterator[tuple[Ints, Ints]]:
    """Positions of two equal runs of different vehicles within ``gap_s`` at both ends."""
    alive = np.flatnonzero(runs.own)
    slack = slack_s + runs.took // part
    step = 1
    while len(alive):
        alive = alive[: np.searchsorted(alive, len(runs.along) - step)]
        other = alive + step
        apart = runs.along[other] - runs.along[alive]
        near = apart <= gap_s
        alive, other, apart = alive[near], other[near], apart[near]
        change = runs.took[other] - runs.took[alive]
        good = np.abs(change) <= slack[alive]
        good &= np.abs(apart + change) <= gap_s
        good &= runs.who[alive] != runs.who[other]
        chosen = np.flatnonzero(good)
        yield alive[chosen], other[chosen]
        step += 1


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of vehicles that may travel together, and when they met."""

    first: Hashes
    second: Hashes
    begins: Ints
    """Where the meetings of each pair begin in ``start``, and the end of the last."""
    start: Ints
    end: Ints
    many: Floats
    """How many pairs each stands for."""

    def __len__(self) -> int:
        return len(self.first)

    def sampled(self) -> "Candidates":
        """A part of those that met within hours alone, where they are too many to look at all."""
        size = np.diff(self.begins)
        lasted = self.end[self.begins[1:] - 1] - self.start[self.begins[:-1]]
        single = np.flatnonzero(lasted <= HOURS_S)
        if len(single) <= SINGLES:
            return self
        step = len(single) // SINGLES + 1
        kept = np.ones(len(self), bool)
        kept[single] = False
        kept[single[::step]] = True
        many = self.many.copy()
        many[single] = step
        begins, when = np.r_[0, np.cumsum(size[kept])], np.repeat(kept, size)
        return Candidates(
            self.first[kept],
            self.second[kept],
            begins,
            self.start[when],
            self.end[when],
            many[kept],
        )


def repeated(found: list[Meetings], driven: Driven, length: int, cameras: int) -> Candidates:
    """Pairs that shared enough runs of ``length`` places, in two spells of time, or in one where
    few others passed; unless both drove a leg that they shared far more often alone."""
    least = LEAST.get(length, cameras)
    first, second, start, end, runs, company = (
        np.concatenate([getattr(m, name) for m in found])
        for name in ("first", "second", "start", "end", "runs", "company")
    )
    pair = mixed(first ^ (mixed(second) << np.uint64(1)))
    order = np.argsort(pair, kind="stable")  # blocks and their spells follow each other in time
    pair, start, end = pair[order], start[order], end[order]
    begins = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]][: len(pair)])
    if not len(pair):
        return Candidates(first, second, np.zeros(1, np.int64), start, end, first.astype(float))
    size = np.diff(np.r_[begins, len(pair)])
    total = np.add.reduceat(runs[order], begins)
    alone = np.minimum.reduceat(company[order], begins) <= ALONE
    again = start[begins + size - 1] // SPELL_S != start[begins] // SPELL_S
    chosen = (total >= least) & (again | alone)
    one = order[begins]
    legs = np.concatenate([m.leg for m in found])[one]
    times = np.stack([driven.times(side[one], legs) for side in (first, second)])
    if length > 1:
        chosen &= (times.min(axis=0) <= OFTEN * size) & (times.max(axis=0) <= VERY_OFTEN * size)
    one = one[chosen]
    ends = np.cumsum(size[chosen])
    when = np.repeat(chosen, size)
    return Candidates(
        first[one], second[one], np.r_[0, ends], start[when], end[when], np.ones(len(one))
    )


SINGLES, HOURS_S = 20_000, 4 * 3600
"""Pairs that met within so many seconds alone: if there are more, a sample of them is looked at."""
OFTEN, VERY_OFTEN = 3, 5
"""Times as often as with the other that the one, and the other, may have driven a leg."""
ALONE = 15
"""Tenths of a vehicle around: fewer, and one long trip together is worth a look."""

"""Legs, from one place to the next: how long they take, and how far apart two strangers drift.

Vehicles that pass a place one after the other and both go on to the same next place take times
that differ. The median of that difference, by leg, is what chance does there. From the times of
legs comes the shortest time between any two places, whatever the map.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from faisceau.analyses.plates._neighbours import LEG_S
from faisceau.analyses.plates._passages import Floats, Ints, Reads, positions_by

SAMPLES = 1_500_000
"""Differences kept of one block, at most."""
WITHIN_S = 1800
"""Two travellers of the same leg are compared when they start within this."""
MOST_PLACES = 4000
"""Places between which every shortest time is worked out, at most."""
RARE = 0.01
"""Share of those who leave a place that makes a leg a road."""
PATIENCE, STOP_S = 1.6, 1200
"""A journey that takes more than this times the usual and that many seconds holds a stop."""
TO_SIGMA = 1.4826
"""From the median of an absolute difference to a standard deviation (normal law)."""
SECONDS = LEG_S.bit_length()
ENOUGH = 12
"""Differences that make a leg's median; below, the share of travel time speaks."""


@dataclass(frozen=True, slots=True)
class Drift:
    """By leg (sorted codes): standard deviation of the difference of two travel times, seconds.

    ``share``: the same for any leg, as a share of its travel time.
    """

    places: int
    leg: Ints
    sigma: Floats
    share: float
    hours: Floats
    """Usual seconds of the shortest way between places (empty: too many places)."""
    driven: Ints
    onward: Floats
    """Sorted legs, and which share of those who go on from their start take each."""

    def of(self, start: Ints, end: Ints, travel_s: Floats) -> Floats:
        """The deviation expected on each leg."""
        rough = np.maximum(self.share * travel_s, 5.0)
        if not len(self.leg):
            return rough
        code = start * self.places + end
        spot = np.minimum(np.searchsorted(self.leg, code), len(self.leg) - 1)
        return np.maximum(np.where(self.leg[spot] == code, self.sigma[spot], rough), 3.0)

    def taken(self, start: Ints, end: Ints) -> Floats:
        """The share of traffic that takes each leg, a twentieth at least."""
        if not len(self.driven):
            return np.full(len(start), 1.0)
        code = start * self.places + end
        spot = np.minimum(np.searchsorted(self.driven, code), len(self.driven) - 1)
        return np.maximum(np.where(self.driven[spot] == code, self.onward[spot], 0), 0.05)

    def whole(self, start: Ints, end: Ints, travel_s: Ints) -> npt.NDArray[np.bool_]:
        """Which journeys from place to place went on without a stop."""
        if not self.hours.size:
            return travel_s <= LEG_S
        usual = self.hours[start, end]
        return travel_s <= np.where(np.isfinite(usual), PATIENCE * usual + STOP_S, LEG_S)


@dataclass(frozen=True, slots=True)
class Sample:
    """What one block tells of legs: their travel times; differences between neighbours."""

    leg: Ints
    travel: Floats
    near: Ints
    apart: Floats
    near_travel: Floats


def sample(reads: Reads, vehicle: Ints, places: int) -> Sample:
    """Legs of a block (reads by vehicle and time), thinned out evenly when there are many."""
    same = (vehicle[1:] == vehicle[:-1]) & (np.diff(reads.at) <= LEG_S)
    same &= reads.place[1:] != reads.place[:-1]
    at = np.flatnonzero(same)
    leg = reads.place[at] * np.int64(places) + reads.place[at + 1]
    start, travel = reads.at[at], (reads.at[at + 1] - reads.at[at]).astype(np.float64)
    begin = int(start.min(initial=2**40))
    width = int(start.max(initial=begin) - begin).bit_length()
    order = positions_by((leg << width) | (start - begin))
    leg, start, travel, who = leg[order], start[order], travel[order], vehicle[at][order]
    near = (leg[1:] == leg[:-1]) & (np.diff(start) <= WITHIN_S) & (who[1:] != who[:-1])
    spot = np.flatnonzero(near)
    spot = spot[:: max(1, len(spot) // SAMPLES)]
    thin = slice(None, None, max(1, len(leg) // SAMPLES))
    apart = np.abs(travel[spot + 1] - travel[spot])
    return Sample(leg[thin], travel[thin], leg[spot], apart, travel[spot])


def drift(found: list[Sample], places: int) -> Drift:
    """Drift and travel times by leg, from the samples of every block."""
    near, apart, travel = (
        np.concatenate([getattr(s, name) for s in found])
        for name in ("near", "apart", "near_travel")
    )
    share = float(np.median(apart / np.maximum(travel, 1))) * TO_SIGMA if len(near) else 0.1
    leg, middle, count = _quantile(near, apart, 0.5)
    known = count >= ENOUGH
    sigma = middle[known] * TO_SIGMA
    driven, count = np.unique(np.concatenate([s.leg for s in found]), return_counts=True)
    leaving = np.bincount(driven // places, count, minlength=places)
    onward = count / np.maximum(leaving[driven // places], 1)
    hours = _hours(found, places)
    return Drift(places, leg[known], sigma, max(share, 0.01), hours, driven, onward)


def _quantile(leg: Ints, value: Floats, rank: float) -> tuple[Ints, Floats, Ints]:
    """By leg: a quantile of its values, and how many there are."""
    packed = np.sort((leg << SECONDS) | value.astype(np.int64))  # whole seconds, below LEG_S
    leg, value = packed >> SECONDS, (packed & ((1 << SECONDS) - 1)).astype(np.float64)
    begins = np.flatnonzero(np.r_[True, leg[1:] != leg[:-1]][: len(leg)])
    count = np.diff(np.r_[begins, len(leg)])
    return leg[begins], value[begins + (count * rank).astype(np.int64)], count


def _hours(found: list[Sample], places: int) -> Floats:
    """Usual seconds of the shortest way between any two places (infinite: none is known)."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped] # slow to import
    from scipy.sparse.csgraph import dijkstra  # type: ignore[import-untyped]

    if not 0 < places <= MOST_PLACES:
        return np.empty((0, 0))
    leg = np.concatenate([s.leg for s in found])
    leg, usual, count = _quantile(leg, np.concatenate([s.travel for s in found]), 0.35)
    # a leg that hardly anybody travels may come of misreads, or of two vehicles with one plate
    leaving = np.bincount(leg // places, count, minlength=places)[leg // places]
    kept = (count >= min(5, 1 + int(count.sum()) // 5000)) & (count >= RARE * leaving)
    leg, usual = leg[kept], usual[kept]
    graph = csr_matrix((np.maximum(usual, 1), (leg // places, leg % places)), (places, places))
    return np.asarray(dijkstra(graph), np.float64)

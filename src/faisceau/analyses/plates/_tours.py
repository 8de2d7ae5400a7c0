"""Tours: away from a place and back to it, with no long stay on the way."""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.plates._distance import Distances
from faisceau.analyses.plates._legs import Drift
from faisceau.analyses.plates._passages import Bools, Floats, Ints, Reads

HOME = 0.3
"""Back means within this share of the distance to the farthest point."""
FASTEST_KMH = 240.0
"""A tour faster than this is two vehicles, or a misread."""
ROAD_S = 5400
"""Seconds on the road between two reads around a stay, at most."""


@dataclass(frozen=True, slots=True)
class Tours:
    """By tour: positions of its first read, its farthest, the first one back; kilometres."""

    start: Ints
    far: Ints
    back: Ints
    km: Floats

    def __len__(self) -> int:
        return len(self.start)

    def take(self, chosen: Ints) -> "Tours":
        """Those at the given positions."""
        return Tours(self.start[chosen], self.far[chosen], self.back[chosen], self.km[chosen])


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a tour is: kilometres away at least, hours in all and of stay at most."""

    far_km: float
    within_h: float
    stay_h: float


def tours(
    reads: Reads, vehicle: Ints, known: Distances, bounds: Bounds, zone: Bools | None = None
) -> Tours:
    """The tours in reads by vehicle and time; with a zone, those whose farthest point is there.

    A drive home from work just before must not hide one: drives are cut at short idle times first,
    then at long ones, and what the second finds beside the first counts too.
    """
    close = _cut(reads, vehicle, known, bounds, zone=zone, idle=bounds.stay_h * 1200 + ROAD_S / 3)
    wide = _cut(reads, vehicle, known, bounds, zone=zone, idle=bounds.stay_h * 3600 + ROAD_S)
    taken = np.zeros(len(reads) + 1, np.int64)
    np.add.at(taken, close.start, 1)
    np.add.at(taken, close.back + 1, -1)
    covered = np.r_[0, np.cumsum(np.cumsum(taken)[:-1] > 0)]
    free = covered[wide.back + 1] == covered[wide.start] if len(wide) else np.zeros(0, bool)
    both = [(getattr(close, n), getattr(wide, n)[free]) for n in ("start", "far", "back", "km")]
    start, far, back, km = (np.concatenate(pair) for pair in both)
    order = np.argsort(start, kind="stable")
    return Tours(start[order], far[order], back[order], km[order])


def _cut(
    reads: Reads,
    vehicle: Ints,
    known: Distances,
    bounds: Bounds,
    *,
    zone: Bools | None,
    idle: float,
) -> Tours:
    none = np.empty(0, np.int64)
    if not len(reads):
        return Tours(none, none, none, np.empty(0))
    fresh = np.r_[True, (np.diff(vehicle) != 0) | (np.diff(reads.at) > idle)]
    begins = np.flatnonzero(fresh)
    of = np.cumsum(fresh) - 1
    start = begins[of]
    km = np.nan_to_num(known.km(reads.place[start], reads.place), nan=0.0)
    away = km if zone is None else np.where(zone[reads.place], km + 1.0, -1.0)
    top = np.maximum.reduceat(away, begins)
    at_top = np.flatnonzero(away == top[of])
    far = np.full(len(begins), -1)
    far[of[at_top][::-1]] = at_top[::-1]  # the first farthest read
    reach = km[far]
    home = (np.arange(len(reads)) > far[of]) & (km <= HOME * reach[of])
    back = np.full(len(begins), -1)
    at_home = np.flatnonzero(home)
    back[of[at_home][::-1]] = at_home[::-1]
    lasted = reads.at[back] - reads.at[begins]
    good = (back >= 0) & (top > 0) & (reach >= bounds.far_km)
    good &= (lasted > 0) & (lasted <= bounds.within_h * 3600)
    good &= 2 * reach / np.maximum(lasted, 1) * 3600 <= FASTEST_KMH
    return Tours(begins[good], far[good], back[good], reach[good])


def stay_s(reads: Reads, one: Tours, drift: Drift) -> Ints:
    """The longest stay of each tour, seconds: between two reads, less the usual time of the way."""
    size = one.back - one.start
    ends = np.cumsum(size)
    index = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - size, size)
    index += np.repeat(one.start, size)
    pause = reads.at[index + 1] - reads.at[index]
    if drift.hours.size:
        usual = drift.hours[reads.place[index], reads.place[index + 1]]
        pause = pause - np.where(np.isfinite(usual), usual, 0).astype(np.int64)
    return np.maximum.reduceat(pause, ends - size) if len(one) else np.empty(0, np.int64)

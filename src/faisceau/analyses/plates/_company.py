"""Which pairs are a convoy: the rule, and the groups that pairs make.

A pair is one when on two trips or more the distance between the two holds as no stranger's does,
when they are together nearly whenever either drives those roads, and when chance, given the
traffic there at that hour, does not make such pairs. The more trips, the more nearly: two who
commute at the same hour share many trips, and drive as many apart.
"""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.plates._passages import Bools, Floats, Ints
from faisceau.analyses.plates._together import Fleet, Shared, Traffic, Trips, route_share

FOLLOWS = 1.0
"""Log-likelihood from which a trip counts as followed."""
ENOUGH = 5.0
"""Log-likelihood over all trips, at least."""
WORST = -6.0
"""What one trip may weigh against, at most."""
ROUTE, ROUTE_STEP, ROUTE_MOST, FEW = 0.65, 0.04, 0.93, 4
"""Share of the roads driven together: at least, more for each trip beyond a few, at most."""
MOST = 0.6
"""Share of the joint trips that are followed."""
EXPECTED = 0.01
"""Pairs that chance may make in the whole file."""


@dataclass(frozen=True, slots=True)
class Company:
    """What each pair did together."""

    trips: Ints
    followed: Ints
    passages: Ints
    places: Ints
    odds: Floats
    route: Floats
    expected: Floats
    """Base-10 logarithm of how many such pairs chance makes in the whole file."""
    gap: Floats
    """Median seconds between the two on trips followed."""


def company(
    known: Fleet,
    met: Shared,
    trips: Trips,
    pairs: tuple[Ints, Ints],
    *,
    traffic: Traffic,
    least: int,
) -> Company:
    """Sum up the joint trips of at least ``least`` passages, by pair."""
    first, second = pairs
    n = len(first)
    good = trips.passages >= least
    followed = good & (trips.follows > FOLLOWS)
    of = trips.pair[good]
    places = known.reads.place[met.one]
    kept = followed[met.trip] if len(met.trip) else np.zeros(0, bool)
    spots = np.unique(met.pair[kept] * known.places + places[kept])
    order = np.lexsort((np.abs(trips.gap), trips.pair))
    order = order[followed[order]]
    begins = np.searchsorted(trips.pair[order], np.arange(n))
    count = np.bincount(trips.pair[followed], minlength=n)
    gap = np.zeros(n)
    have = count > 0
    gap[have] = np.abs(trips.gap)[order][(begins + count // 2)[have]]
    return Company(
        np.bincount(of, minlength=n),
        count,
        np.bincount(trips.pair[followed], trips.passages[followed], n).astype(np.int64),
        np.bincount(spots // known.places, minlength=n),
        np.bincount(of, np.maximum(trips.follows[good], WORST), n).astype(float),
        route_share(known, met, good, first, second) if len(met.trip) else np.zeros(n),
        _expected(trips, followed, traffic, count),
        gap,
    )


def _expected(trips: Trips, followed: Bools, traffic: Traffic, count: Ints) -> Floats:
    """Pairs expected by chance: vehicles, times company on each trip, times its being the same."""
    by_trip = np.minimum(trips.chance[followed], 0.0)
    company = np.bincount(trips.pair[followed], by_trip, len(count))
    others = np.log(max(traffic.vehicles, 2))
    same = np.maximum(count - 1, 0) * np.minimum(0.0, np.log(MANY_TRIPS) - others)
    return np.asarray((others + company + same) / np.log(10), float)


MANY_TRIPS = 100.0
"""Trips that one of those vehicles makes, as far as chance is concerned: generously."""


def convoys(of: Company, cameras: int, trips: int) -> Bools:
    """Which pairs travel together by the rule above."""
    more = np.maximum(of.trips - FEW, 0)
    route = np.minimum(ROUTE + ROUTE_STEP * more, ROUTE_MOST)
    return np.asarray(
        (of.followed >= trips)
        & (of.places >= cameras)
        & (of.odds >= ENOUGH)
        & (of.route >= route)
        & (of.followed >= MOST * of.trips)
        & (of.expected <= np.log10(EXPECTED))
    )


def groups(first: Ints, second: Ints) -> list[list[int]]:
    """Vehicles linked by pairs, each group sorted, by its first."""
    above: dict[int, int] = {}

    def root(one: int) -> int:
        while above.setdefault(one, one) != one:
            above[one] = one = above[above[one]]
        return one

    for one, two in zip(first.tolist(), second.tolist(), strict=True):
        a, b = root(one), root(two)
        above[max(a, b)] = min(a, b)
    made: dict[int, list[int]] = {}
    for one in sorted(above):
        made.setdefault(root(one), []).append(one)
    return list(made.values())

"""Which pairs are a convoy: the rule, and the groups that pairs make.

A pair is one when on two trips or more the distance between the two holds rather as a follower's
than as a stranger's, when they are together nearly whenever either drives those roads, when they
share their trips whole, and when chance, given the traffic there at that hour, does not make such
pairs. Who drives the same roads at the same hour on other days too works at one place, perhaps: a
habit asks for far more steadiness.
"""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.plates._passages import Bools, Floats, Ints
from faisceau.analyses.plates._together import Fleet, Shared, Traffic, Trips, habit, route_share

FOLLOWS = -2.5
"""Log-likelihood from which a trip counts as followed: on short legs steadiness says little, so
it must not speak clearly against."""
ENOUGH, TOTAL, TOTAL_ONCE = -2.0, 3.0, 2.0
"""Log-likelihood over all trips, at least: of following; with that of sharing whole trips; the
same where one trip is enough."""
HABIT, HABIT_ENOUGH, HABIT_LEG, HABIT_ROUTE = 0.25, 10.0, 0.5, 0.93
"""Share of the legs driven together at one hour on several days that is a habit; then, at least:
log-likelihood of following, the same by leg, share of the roads driven together."""
WORST, WORST_WHOLE = -6.0, -8.0
"""What one trip may weigh against, at most: by its distance, by what was not shared of it."""
MATCHED, UNMATCHED = 0.4, -1.4
"""Log-likelihood of a read on a joint trip that the other matches, or not: a follower is read at
nine cameras in ten, who happens to be near drops back or turns off."""
TOGETHER, ALONE = 0.6, -2.3
"""The same of a trip on those roads together, or alone: nineteen in twenty, against one in two."""
ROUTE, LESSER, FEW = 0.85, 0.4, 4
"""Share of the roads driven together, at least, of the one and of the other; trips beyond a few
add nothing."""
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
    lesser: Floats
    """Share of the roads driven together: of the vehicle with the greater and with the lesser."""
    whole: Floats
    """Log-likelihood from how much of their trips they shared, and how often either went alone."""
    habit: Floats
    legs: Ints
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
    joint = np.bincount(of, minlength=n)
    route, lesser = np.zeros(n), np.zeros(n)
    if len(met.trip):
        route, lesser = route_share(known, met, good, first, second)
    shared_whole = np.bincount(of, _whole(trips)[good], n).astype(float)
    alone = joint * (1 / np.maximum(route, 0.05) - 1)
    whole = shared_whole + TOGETHER * np.minimum(count, FEW) + ALONE * alone
    return Company(
        joint,
        count,
        np.bincount(trips.pair[followed], trips.passages[followed], n).astype(np.int64),
        np.bincount(spots // known.places, minlength=n),
        np.bincount(of, np.maximum(trips.follows[good], WORST), n).astype(float),
        route,
        lesser,
        whole,
        habit(known, met, good, n) if len(met.trip) else np.zeros(n),
        np.bincount(of, trips.legs[good], n).astype(np.int64),
        _expected(trips, followed, traffic, count),
        gap,
    )


def _whole(trips: Trips) -> Floats:
    """By trip: whether the reads of the one are matched by the other's, as a follower's are."""
    own = np.maximum(np.minimum(trips.one_reads, trips.two_reads), trips.passages)
    matched = MATCHED * trips.passages + UNMATCHED * (own - trips.passages)
    return np.maximum(matched, WORST_WHOLE)


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
    steady = (of.odds >= HABIT_ENOUGH) & (of.odds >= HABIT_LEG * of.legs)
    steady &= of.route >= HABIT_ROUTE
    return np.asarray(
        (of.followed >= trips)
        & (of.places >= cameras)
        & (of.odds >= ENOUGH)
        & (of.odds + of.whole >= (TOTAL if trips > 1 else TOTAL_ONCE))
        & (of.route >= ROUTE)
        & (of.lesser >= LESSER)
        & ((of.habit < HABIT) | steady)
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

"""Two vehicles side by side: every passage they share, trip by trip, and what it tells.

For each pair: the places passed together, the trips, how steadily the distance was held (against
what strangers do on the same legs), how much of what each drove it drove with the other.
"""

from dataclasses import dataclass, replace

import numpy as np

from faisceau.analyses.plates._legs import Drift
from faisceau.analyses.plates._passages import Bools, Floats, Ints, Reads, positions_by


@dataclass(frozen=True, slots=True)
class Fleet:
    """Reads of the candidates by vehicle and time; vehicle ``v`` has ``edges[v]:edges[v+1]``."""

    reads: Reads
    vehicle: Ints
    edges: Ints
    key: Ints
    """Vehicle and place, a dense number, and the second: sorted."""
    order: Ints
    """Where each stands in ``reads``."""
    spots: Ints
    """Sorted codes of vehicle and place that occur."""
    places: int
    start: int
    moments: Ints
    """Vehicle and second, for each read: sorted."""
    trip: Ints
    """The number of the vehicle's own trip, for each read."""
    length: Ints
    """Reads of each such trip."""
    legs: Ints
    driven: Ints
    """Sorted codes of vehicle and leg, and how often the one drove the other."""

    def sizes(self, vehicle: Ints) -> Ints:
        """Reads of each vehicle."""
        return self.edges[vehicle + 1] - self.edges[vehicle]


WIDTH, MOST = 32, (1 << 32) - 1


def fleet(reads: Reads, vehicle: Ints, drift: Drift) -> Fleet:
    """Index reads that are already by vehicle and time."""
    count = int(vehicle.max(initial=-1)) + 1
    edges = np.searchsorted(vehicle, np.arange(count + 1))
    places = drift.places
    code = vehicle * places + reads.place
    spots, dense = np.unique(code, return_inverse=True)
    start = int(reads.at.min(initial=0))
    key = (dense.astype(np.int64) << WIDTH) | (reads.at - start)
    whole = drift.whole(reads.place[:-1], reads.place[1:], np.diff(reads.at))
    trip = np.cumsum(np.r_[0, (np.diff(vehicle) != 0) | ~whole])[: len(reads)]
    length = np.bincount(trip)
    on = np.flatnonzero((np.diff(trip) == 0) & (np.diff(reads.place) != 0))
    legs, driven = np.unique(
        (vehicle[on] * places + reads.place[on]) * places + reads.place[on + 1], return_counts=True
    )
    order = positions_by(key)
    moments = (vehicle << WIDTH) | (reads.at - start)
    return Fleet(
        reads, vehicle, edges, key[order], order, spots, places, start, moments, trip, length,
        legs, driven,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Traffic:
    """Reads by place and hour of the day, over so many days; how many vehicles in all."""

    by_hour: Ints
    days: float
    vehicles: int

    def around(self, place: Ints, at: Ints, span_s: int) -> Floats:
        """Vehicles that pass a place within so many seconds, at that time of the day."""
        count = self.by_hour[place * 24 + at // 3600 % 24]
        return np.asarray(np.maximum(count / max(self.days, 1.0) / 3600 * span_s, 0.01))


@dataclass(frozen=True, slots=True)
class Shared:
    """Passages shared, by pair and time: positions of both reads, the signed gap, the trip."""

    pair: Ints
    one: Ints
    two: Ints
    gap: Ints
    """Seconds of the second vehicle behind the first."""
    trip: Ints
    """A number over all pairs, rising."""


def shared(
    known: Fleet, first: Ints, second: Ints, gap_s: int, when: tuple[Ints, Ints, Ints] | None = None
) -> Shared:
    """For each read of the first vehicle, the nearest of the second at that place, if near.

    ``when`` says at what times each pair is looked at: where those of a pair begin, their first and
    last seconds. What is shared a while before or after is seen as well.
    """
    pair, one = _looked_at(known, first, when)
    wanted = second[pair] * known.places + known.reads.place[one]
    spot = _where(known.spots, wanted, wanted)
    spot = np.minimum(spot, len(known.spots) - 1)
    there = known.spots[spot] == wanted
    pair, one, spot = pair[there], one[there], spot[there]
    at = known.reads.at[one] - known.start
    key = (spot.astype(np.int64) << WIDTH) | at
    after = _where(known.key, key, spot)
    best = np.full(len(key), -1)
    gap = np.full(len(key), 2**31)
    for shift in (0, -1):
        near = np.clip(after + shift, 0, len(known.key) - 1)
        apart = known.key[near] - key
        good = (known.key[near] >> WIDTH == spot) & (np.abs(apart) < np.abs(gap))
        best[good], gap[good] = near[good], apart[good]
    close = np.abs(gap) <= gap_s
    pair, one, two, gap = pair[close], one[close], known.order[best[close]], gap[close]
    # one read of the second vehicle answers one of the first: the nearest
    nearest = np.lexsort((one, np.abs(gap), two, pair))
    fresh = np.r_[True, (np.diff(two[nearest]) != 0) | (np.diff(pair[nearest]) != 0)]
    kept = np.sort(nearest[fresh[: len(nearest)]])
    pair, one, two, gap = pair[kept], one[kept], two[kept], gap[kept]
    stopped = (np.diff(known.trip[one]) != 0) & (np.diff(known.trip[two]) != 0)
    same = (np.diff(pair) == 0) & ~stopped
    trip = np.cumsum(np.r_[0, ~same]) if len(pair) else np.empty(0, np.int64)
    met = Shared(pair, one, two, gap, trip.astype(np.int64))
    return replace(met, trip=_outings(met, known)) if len(pair) else met


def _looked_at(
    known: Fleet, first: Ints, when: tuple[Ints, Ints, Ints] | None
) -> tuple[Ints, Ints]:
    """Each read of the first vehicles, around those times: the pair, the read."""
    if when is None:
        pair, low, high = np.arange(len(first)), known.edges[first], known.edges[first + 1]
    else:
        begins, start, end = when[0], when[1] - AROUND_S, when[2] + AROUND_S
        pair = np.repeat(np.arange(len(first)), np.diff(begins))
        again = np.r_[False, np.diff(pair) == 0][: len(pair)]
        start[again] = np.maximum(start, np.r_[0, end[:-1]][: len(end)])[again]
        end = np.maximum(start, end)
        low, high = (
            np.searchsorted(known.moments, (first[pair] << WIDTH) | np.clip(at, 0, MOST))
            for at in (start - known.start, end - known.start)
        )
    size = high - low
    ends = np.cumsum(size)
    read = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(low - ends + size, size)
    return np.repeat(pair, size), read


def _where(known: Ints, wanted: Ints, near: Ints) -> Ints:
    """``searchsorted``, asked in the order of ``near``: neighbours are then found together, in
    memory that is at hand."""
    order = positions_by(near)
    found = np.empty(len(wanted), np.int64)
    found[order] = np.searchsorted(known, wanted[order])
    return found


def _outings(met: Shared, known: Fleet) -> Ints:
    """Trips renumbered so that one that only went on after a pause is one: soon after, past other
    places, at the same distance. A way back is a trip of its own."""
    edges = np.searchsorted(met.trip, np.arange(int(met.trip[-1]) + 2))
    begins, ends = edges[:-1], edges[1:]
    when, place = known.reads.at[met.one], known.reads.place[met.one]
    middle = met.gap[(begins + ends) // 2]
    soon = (met.pair[begins[1:]] == met.pair[begins[:-1]]) & (
        when[begins[1:]] - when[ends[:-1] - 1] <= PAUSE_S
    )
    soon &= np.abs(np.diff(middle)) <= ALIKE_S
    new = np.ones(len(begins), bool)
    for n in np.flatnonzero(soon).tolist():
        before, after = place[begins[n] : ends[n]], place[begins[n + 1] : ends[n + 1]]
        new[n + 1] = bool(np.isin(after, before).any())
    return (np.cumsum(new) - 1)[met.trip].astype(np.int64)


AROUND_S = 2 * 3600
"""Seconds before and after a meeting in which more may be shared."""
PAUSE_S = 6 * 3600
"""Seconds of a pause within one outing, at most."""
ALIKE_S = 60
"""Seconds by which the distance may change over a pause."""


@dataclass(frozen=True, slots=True)
class Trips:
    """Joint trips: the pair, passages, first and last second, steadiness, reads apart in it."""

    pair: Ints
    passages: Ints
    first: Ints
    last: Ints
    legs: Ints
    chance: Floats
    """Natural logarithm: strangers expected to keep company as closely, on such a trip."""
    follows: Floats
    """Sum over legs of log-likelihood: following at a distance against strangers."""
    gap: Floats
    """Median seconds between the two."""
    one_reads: Ints
    two_reads: Ints
    """Reads of each from a while before to a while after."""


STRAY = 0.1
"""Share of legs on which even a follower's distance changes as a stranger's."""
HOLDS_S = (8.0, 15.0, 28.0, 50.0)
"""How much a follower's distance may vary from place to place: the likeliest is taken, by pair."""


def trips(known: Fleet, met: Shared, drift: Drift, traffic: Traffic, gap_s: int) -> Trips:
    """The joint trips of all pairs, measured."""
    if not len(met.pair):
        none = np.empty(0, np.int64)
        return Trips(
            none,
            none,
            none,
            none,
            none,
            none.astype(float),
            none.astype(float),
            none.astype(float),
            none,
            none,
        )
    count = int(met.trip[-1]) + 1
    begins = np.searchsorted(met.trip, np.arange(count))
    when, place = known.reads.at[met.one], known.reads.place[met.one]
    leg = np.flatnonzero((np.diff(met.trip) == 0) & (np.diff(place) != 0))
    moved = np.abs(met.gap[leg + 1] - met.gap[leg]).astype(float)
    sigma = drift.of(place[leg], place[leg + 1], (when[leg + 1] - when[leg]).astype(float))
    steady = _chance(moved, sigma, met.gap[leg].astype(float), gap_s)
    likely = np.log(steady * drift.taken(place[leg], place[leg + 1]))
    of = met.trip[leg]
    pair = met.pair[begins]
    follows = _follows(moved, sigma, of, pair, count)
    ends = np.r_[begins[1:], len(met.trip)] - 1
    around = np.log(traffic.around(place[begins], when[begins], 2 * gap_s))
    order = np.lexsort((met.gap, met.trip))
    passages = np.diff(np.r_[begins, len(met.trip)])
    one, two = (known.length[known.trip[side[begins]]] for side in (met.one, met.two))
    return Trips(
        pair,
        passages,
        when[begins],
        when[ends],
        np.bincount(of, minlength=count),
        around + np.bincount(of, likely, count),
        follows,
        met.gap[order][begins + passages // 2].astype(float),
        one,
        two,
    )


def habit(known: Fleet, met: Shared, good: Bools, pairs: int) -> Floats:
    """By pair: the share of the legs driven together that were so at that hour on other days too.

    Who works at one place leaves at one hour and drives one road; a convoy has no such habit.
    """
    places = known.places
    on = np.flatnonzero((np.diff(met.trip) == 0) & good[met.trip[:-1]])
    place = known.reads.place[met.one]
    leg = (met.pair[on] * places + place[on]) * places + place[on + 1]
    _, group, times = np.unique(leg, return_inverse=True, return_counts=True)
    hour = np.exp(2j * np.pi * (known.reads.at[met.one[on]] % 86_400) / 86_400)
    real, imaginary = (np.bincount(group, part) for part in (hour.real, hour.imag))
    regular = (times > 1) & (np.hypot(real, imaginary) >= SAME_HOUR * times)
    every = np.bincount(met.pair[on], minlength=pairs)
    return np.bincount(met.pair[on], regular[group], pairs) / np.maximum(every, 1)


SAME_HOUR = 0.95
"""Mean resultant length of times of the day: within an hour or so of one another."""


def _follows(moved: Floats, sigma: Floats, trip: Ints, pair: Ints, count: int) -> Floats:
    """By trip: log-likelihood of following against chance, at the pair's likeliest tightness."""
    by_trip = []
    for hold in HOLDS_S:
        held = np.minimum(hold, sigma)
        odds = np.log(sigma / held) - 0.5 * moved**2 * (1 / held**2 - 1 / sigma**2)
        odds = np.logaddexp(odds + np.log(1 - STRAY), np.log(STRAY))
        by_trip.append(np.bincount(trip, odds, count))
    options = np.stack(by_trip)
    total = np.stack([np.bincount(pair, np.maximum(o, -3)) for o in options])
    best = total.argmax(axis=0)
    return np.asarray(options[best[pair], np.arange(count)])


def route_share(
    known: Fleet, met: Shared, good: Bools, first: Ints, second: Ints
) -> tuple[Floats, Floats]:
    """By pair: of all the times either drove the legs they shared, how many were together.

    The greater and the lesser of both vehicles' shares: colleagues who commute side by side now
    and then drive the same legs alone on other days, both of them; of a stranger who happens on a
    commuter, the commuter does.
    """
    places = known.places
    on = np.flatnonzero((np.diff(met.trip) == 0) & good[met.trip[:-1]])
    place = known.reads.place
    shares = []
    for who, side in ((first, met.one), (second, met.two)):
        leg = place[side[on]] * places + place[side[on + 1]]
        seen, times = np.unique(met.pair[on] * places * places + leg, return_counts=True)
        pair = seen // (places * places)
        code = who[pair] * places * places + seen % (places * places)
        spot = np.minimum(np.searchsorted(known.legs, code), max(len(known.legs) - 1, 0))
        driven = np.where(known.legs[spot] == code, known.driven[spot], 0) if len(known.legs) else 0
        alone = np.bincount(pair, np.maximum(driven, times), len(first))
        shares.append(np.bincount(pair, times, len(first)) / np.maximum(alone, 1))
    return np.maximum(*shares), np.minimum(*shares)


def _chance(moved: Floats, sigma: Floats, gap: Floats, limit: int) -> Floats:
    """Chance that strangers still near drift as little: normal law, cut by both being near."""
    from scipy.special import erf  # type: ignore[import-untyped] # slow to import

    scale = sigma * np.sqrt(2)
    within = 0.5 * (erf((limit - gap) / scale) - erf((-limit - gap) / scale))
    least = erf(np.maximum(moved, 1.0) / scale)
    return np.asarray(np.clip(least / np.maximum(within, 1e-9), 1e-6, 1.0))

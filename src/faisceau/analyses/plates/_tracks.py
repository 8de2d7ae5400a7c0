"""The reads of one plate parted into two journeys, each of which one vehicle can drive."""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.plates._distance import CLOCK_S, Distances, Limits
from faisceau.analyses.plates._passages import Bools, Ints

JOURNEY_S = 7200
"""Seconds between two reads of one journey, at most."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """``other``: the reads of the vehicle seen less; ``solid``: those that fit a journey, with a
    read before or after within hours; ``journeys`` of the other vehicle."""

    other: Bools
    solid: Bools
    length: Ints
    """Reads of the journey that each read is of."""
    journeys: int


def tracks(place: Ints, at: Ints, distances: Distances, limits: Limits) -> Tracks:
    """Part reads in the order of time: each goes on with the journey that it fits most easily."""

    spots, spot = np.unique(place, return_inverse=True)
    fastest: list[list[float]] = distances.fastest_s(spots, limits).tolist()
    where: list[int] = spot.tolist()
    when: list[int] = at.tolist()

    def haste(before: int, now: int) -> float:
        least = fastest[where[before]][where[now]]
        return least / float(max(when[now] - when[before] + CLOCK_S, 1))

    n = len(at)
    side = np.zeros(n, np.int64)
    last = [0, -1]
    for i in range(1, n):
        first = haste(last[0], i)
        if last[1] < 0:
            side[i] = int(first > 1)
        else:
            second = haste(last[1], i)
            side[i] = int(second < first)
        last[int(side[i])] = i
    if side.sum() * 2 > n:
        side = 1 - side
    length = np.ones(n, np.int64)
    journeys = 0
    for who in (0, 1):
        mine = np.flatnonzero(side == who)
        broken = (np.diff(at[mine]) > JOURNEY_S) | (np.diff(place[mine]) == 0)
        number = np.cumsum(np.r_[0, broken])[: len(mine)]
        size = np.bincount(number) if len(mine) else np.empty(0, np.int64)
        length[mine] = size[number]
        journeys = int((size > 1).sum())  # the last is the other vehicle's
    return Tracks(side == 1, length > 1, length, journeys)

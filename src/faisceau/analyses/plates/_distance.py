"""How far two places are from one another: on the map, or by the time it takes."""

from dataclasses import dataclass, field

import numpy as np

from faisceau.analyses.plates._legs import Drift
from faisceau.analyses.plates._passages import Floats, Ints, Places

EARTH_KM = 6371.0
USUAL_KMH = 70.0
"""What an hour on the road is worth where positions are unknown."""


NEAR_KM = 3.0
"""Two places as near as that contradict nothing: positions are not that exact."""
CLOCK_S = 30
"""Seconds that two clocks may differ."""
SAVED_S = 900
"""Seconds less than usual that matter: short ways vary with the traffic."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What no vehicle does: kilometres an hour in a straight line, times the usual speed."""

    kmh: float
    faster: float


@dataclass(frozen=True, slots=True)
class Distances:
    """Kilometres between places, in a straight line; NaN where nothing is known."""

    places: Places
    drift: Drift | None
    _square: list[Floats] = field(default_factory=list)

    def km(self, one: Ints, two: Ints) -> Floats:
        """Between places by number; from usual travel times where a position is missing."""
        latitude, longitude = self.places.latitude, self.places.longitude
        if len(one) > len(self.places) ** 2:  # each distance is then worked out once
            if not self._square:
                every = np.arange(len(self.places))
                one_, two_ = np.repeat(every, len(every)), np.tile(every, len(every))
                self._square.append(self.km(one_, two_))
            return np.asarray(self._square[0][one * len(self.places) + two], np.float64)
        far = great_circle(latitude[one], longitude[one], latitude[two], longitude[two])
        lost = np.isnan(far)
        if self.drift is None or not self.drift.hours.size or not lost.any():
            return far
        hours = self.drift.hours
        road = np.minimum(hours[one, two], hours[two, one]) / 3600 * USUAL_KMH
        return np.where(lost, np.where(np.isfinite(road), road, np.nan), far)

    def usual_s(self, one: int, two: int) -> float:
        """Usual seconds from place to place (NaN: not known)."""
        if self.drift is None or not self.drift.hours.size:
            return float("nan")
        usual = float(self.drift.hours[one, two])
        return usual if np.isfinite(usual) else float("nan")

    def haste(self, one: Ints, two: Ints, took_s: Ints, limits: Limits) -> Floats:
        """How near journeys come to what no vehicle does: beyond 1, two vehicles made them."""
        km = np.nan_to_num(self.km(one, two), nan=0.0)
        took = np.maximum(took_s + CLOCK_S, 1)
        speed = km * 3600 / took / limits.kmh
        if self.drift is not None and self.drift.hours.size and np.isfinite(limits.faster):
            usual = self.drift.hours[one, two]
            saved = np.isfinite(usual) & (usual - took > SAVED_S)
            speed = np.maximum(speed, np.where(saved, usual / took / limits.faster, 0.0))
        return np.where(km > NEAR_KM, speed, 0.0)

    def fastest_s(self, spots: Ints, limits: Limits) -> Floats:
        """Seconds below which no vehicle gets from each of some places to each (a square)."""
        n = len(spots)
        one, two = np.repeat(spots, n), np.tile(spots, n)
        km = np.nan_to_num(self.km(one, two), nan=0.0)
        least = km * 3600 / limits.kmh
        if self.drift is not None and self.drift.hours.size and np.isfinite(limits.faster):
            usual = self.drift.hours[one, two]
            saved = np.minimum(usual / limits.faster, usual - SAVED_S)
            least = np.maximum(least, np.where(np.isfinite(usual), saved, 0.0))
        return np.where(km > NEAR_KM, least, 0.0).reshape(n, n)

    @property
    def mapped(self) -> bool:
        """Whether every place has a position."""
        return not bool(np.isnan(self.places.latitude + self.places.longitude).any())


def great_circle(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Kilometres on a sphere (haversine formula)."""
    a, b = np.radians(lat1), np.radians(lat2)
    half = np.sin((b - a) / 2) ** 2
    half = half + np.cos(a) * np.cos(b) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))), float)

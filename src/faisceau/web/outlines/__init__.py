"""Outlines of French departments and communes, for maps that need no tile server.

Data: IGN, ADMIN EXPRESS COG, Licence Ouverte 2.0 (Etalab); ``derive`` tells how they were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

SOURCE = "IGN, ADMIN EXPRESS COG (Licence Ouverte 2.0)"
DEPARTMENTS = Path(__file__).parent / "departments.json"
"""GeoJSON: one feature per department, with ``code`` and ``name``."""
SCALE = 10_000.0
MOST_POINTS = 60_000
"""Points of outlines given at once; a wider view gets none."""

Line = list[list[float]]


@dataclass(frozen=True, slots=True)
class Seat:
    """The seat of a commune: its name, where, how many live in the commune."""

    name: str
    latitude: float
    longitude: float
    people: int


@dataclass(frozen=True, slots=True)
class _France:
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    west: npt.NDArray[np.float64]
    east: npt.NDArray[np.float64]
    south: npt.NDArray[np.float64]
    north: npt.NDArray[np.float64]
    seats: npt.NDArray[np.float32]
    people: npt.NDArray[np.int32]
    names: Sequence[str]


def borders(south: float, west: float, north: float, east: float) -> list[Line]:
    """Outlines of communes that cross a box, each a line of (latitude, longitude); none where
    they would be more than ``MOST_POINTS``."""
    france = _france()
    inside = (france.west <= east) & (france.east >= west)
    inside &= (france.south <= north) & (france.north >= south)
    chosen = np.flatnonzero(inside)
    if int((france.starts[chosen + 1] - france.starts[chosen]).sum()) > MOST_POINTS:
        return []
    both = np.stack([france.y, france.x], axis=1)
    return [both[france.starts[n] : france.starts[n + 1]].tolist() for n in chosen.tolist()]


def seats(south: float, west: float, north: float, east: float, most: int = 40) -> list[Seat]:
    """The largest communes whose seat stands in a box."""
    france = _france()
    x, y = france.seats[:, 0], france.seats[:, 1]
    inside = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
    ranked = inside[np.argsort(-france.people[inside], kind="stable")][:most]
    return [
        Seat(france.names[n], float(y[n]), float(x[n]), int(france.people[n]))
        for n in ranked.tolist()
    ]


@cache
def _france() -> _France:
    with np.load(Path(__file__).parent / "communes.npz") as kept:
        x, y = (
            np.ascontiguousarray(kept[name].T).view("<i4").ravel().cumsum(dtype=np.int64) / SCALE
            for name in ("x", "y")
        )
        starts = kept["starts"].astype(np.int64)
        names = kept["names"].tobytes().decode().split("\n")
        return _France(
            x,
            y,
            starts,
            np.minimum.reduceat(x, starts[:-1]),
            np.maximum.reduceat(x, starts[:-1]),
            np.minimum.reduceat(y, starts[:-1]),
            np.maximum.reduceat(y, starts[:-1]),
            kept["seats"],
            kept["people"],
            names,
        )

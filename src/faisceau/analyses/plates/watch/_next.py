"""Where a vehicle may be read next: what those who were at a camera did, by earlier reads."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.plates._passages import Ints, by_vehicle, hashed, seconds
from faisceau.analyses.plates._passages import Reads as _Reads

LEG_S = 7200
MOST = 3


@dataclass(frozen=True, slots=True)
class Onward:
    """A camera that may come next: the share of vehicles that went there, usual seconds."""

    camera: str
    share: float
    usual_s: int


class NextCameras:
    """Learnt from reads, by camera and by the camera before it."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        """``batches`` hold ``plate``, ``camera_id`` and ``read_at``."""
        table = pa.Table.from_batches(list(batches)).select(["plate", "camera_id", "read_at"])
        cameras = table["camera_id"].combine_chunks().dictionary_encode()
        if isinstance(cameras, pa.ChunkedArray):
            cameras = cameras.combine_chunks()
        self._names: list[str] = cameras.dictionary.to_pylist()
        self._number = {name: n for n, name in enumerate(self._names)}
        self._from: dict[int, list[Onward]] = {}
        self._after: dict[tuple[int, int], list[Onward]] = {}
        place = np.asarray(cameras.indices.to_numpy(zero_copy_only=False), np.int64)
        plates = pc.fill_null(table["plate"].combine_chunks(), "")
        at = seconds(table["read_at"].combine_chunks())
        reads, vehicle = by_vehicle(_Reads(hashed(plates), place, at, np.empty(0, np.int64)))
        on = (np.diff(vehicle) == 0) & (np.diff(reads.at) <= LEG_S) & (np.diff(reads.place) != 0)
        leg = np.flatnonzero(on)
        self._count(reads, leg, np.full(len(leg), -1))
        turn = leg[1:][np.diff(leg) == 1]
        self._count(reads, turn, reads.place[turn - 1])

    def _count(self, reads: _Reads, leg: Ints, before: Ints) -> None:
        here, then = reads.place[leg], reads.place[leg + 1]
        took = reads.at[leg + 1] - reads.at[leg]
        order = np.lexsort((took, then, here, before))
        stack = np.stack([before, here, then], axis=1)[order]
        took = took[order]
        legs, begins, count = np.unique(stack, axis=0, return_index=True, return_counts=True)
        gathered: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for (b, h, t), begin, n in zip(legs.tolist(), begins.tolist(), count.tolist(), strict=True):
            gathered.setdefault((b, h), []).append((n, t, int(took[begin + n // 2])))
        for (b, h), options in gathered.items():
            total = sum(n for n, _then, _took in options)
            best = sorted(options, key=lambda o: (-o[0], self._names[o[1]]))[:MOST]
            made = [Onward(self._names[t], round(n / total, 2), s) for n, t, s in best]
            if b < 0:
                self._from[h] = made
            elif total >= 5:
                self._after[b, h] = made

    def after(self, camera: str, before: str | None = None) -> list[Onward]:
        """The likely next cameras, most likely first; those of the same way when it is known."""
        here = self._number.get(camera, -1)
        came = self._number.get(before or "", -1)
        return self._after.get((came, here)) or self._from.get(here, [])

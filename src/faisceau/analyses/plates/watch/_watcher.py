"""From reads to alerts: each sighting told once, with the last position, heading and what next."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from faisceau.analyses.plates._wanted import WantedIndex
from faisceau.analyses.plates.watch._next import NextCameras, Onward

AGAIN_S = 60
"""Seconds within which the same plate at the same camera is the same sighting."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A wanted plate was read: as the list has it, as it was read, where and when."""

    wanted: str
    read: str
    exact: bool
    row: int
    """Which read of those given so far, from 0."""
    camera: str
    at: datetime
    direction: str | None
    latitude: float | None
    longitude: float | None
    onward: tuple[Onward, ...]


@dataclass(slots=True)
class Watcher:
    """Compares arriving reads with wanted plates; remembers what it has told."""

    index: WantedIndex
    next_cameras: NextCameras | None = None
    _told: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _last: dict[str, str] = field(default_factory=dict)
    _seen: int = 0

    def look(self, batch: pa.RecordBatch) -> Iterator[Alert]:
        """The alerts of a batch with ``plate``, ``camera_id``, ``read_at`` (and, where known,
        ``direction``, ``latitude``, ``longitude``), in its order."""
        first, self._seen = self._seen, self._seen + batch.num_rows
        for hit in self.index.hits(batch["plate"]):
            row = {
                name: batch[name][hit.row].as_py()
                for name in ("plate", "camera_id", "read_at", "direction", "latitude", "longitude")
                if name in batch.schema.names
            }
            camera, at = str(row["camera_id"]), row["read_at"]
            told = self._told.get((hit.wanted, camera))
            if told is not None and abs((at - told).total_seconds()) <= AGAIN_S:
                continue
            self._told[hit.wanted, camera] = at
            came = self._last.get(hit.wanted)
            self._last[hit.wanted] = camera
            onward = self.next_cameras.after(camera, came) if self.next_cameras else []
            yield Alert(
                hit.wanted,
                str(row["plate"]),
                hit.exact,
                first + hit.row,
                camera,
                at,
                row.get("direction"),
                row.get("latitude"),
                row.get("longitude"),
                tuple(onward),
            )

"""What cameras make of invented drives: passages, missed or misread, as rows of ``plate_read``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.demo.drives import DAY, Drives, Floats, Plan
from faisceau.demo.roads import Ints, Roads

START = 1_788_220_800
"""2026-09-01T00:00:00Z, in seconds."""
LOOKALIKES = {"B": "8", "8": "B", "O": "0", "0": "O", "D": "0", "Q": "0", "I": "1", "1": "I"} | {
    "S": "5", "5": "S", "Z": "2", "2": "Z", "G": "6", "6": "G", "C": "G", "E": "F", "M": "N",
}  # fmt: skip
KM_PER_DEGREE = 111.2
EARLY_S = 600
"""Seconds by which a follower may be read before its movement sets off."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Passages that a sensor saw: vehicle, camera, second, camera before."""

    vehicle: Ints
    node: Ints
    at: Floats
    before: Ints

    def take(self, chosen: npt.NDArray[np.generic]) -> "_Seen":
        names = ("vehicle", "node", "at", "before")
        return _Seen(*(getattr(self, name)[chosen] for name in names))


def reads(
    plan: Plan,
    roads: Roads,
    drives: Drives,
    names: npt.NDArray[np.str_],
    chance: np.random.Generator,
) -> pa.Table:
    """All reads at once, by time; ``names`` are the plates by vehicle."""
    seen = _passages(plan, roads, drives, chance)
    return _told(plan, roads, seen.take(np.argsort(seen.at, kind="stable")), names, chance)


def by_day(
    plan: Plan,
    roads: Roads,
    drives: Drives,
    names: npt.NDArray[np.str_],
    chance: np.random.Generator,
) -> Iterator[pa.Table]:
    """The reads a day at a time, by time: memory holds the drives and one day's reads."""
    day = np.clip(drives.depart // DAY, 0, plan.days - 1).astype(np.int64)
    of_ride = day[drives.movement]
    movements, rides = np.argsort(day, kind="stable"), np.argsort(of_ride, kind="stable")
    ends = np.cumsum(np.bincount(day, minlength=plan.days))
    ride_ends = np.cumsum(np.bincount(of_ride, minlength=plan.days))
    left: list[_Seen] = []
    for n in range(plan.days):
        some = drives.of(
            np.sort(movements[ends[n - 1] if n else 0 : ends[n]]),
            rides[ride_ends[n - 1] if n else 0 : ride_ends[n]],
        )
        left.append(_passages(plan, roads, some, chance))
        seen = _Seen(
            *(
                np.concatenate([getattr(part, name) for part in left])
                for name in ("vehicle", "node", "at", "before")
            )
        )
        seen = seen.take(np.argsort(seen.at, kind="stable"))
        until = (n + 1) * DAY - EARLY_S if n + 1 < plan.days else np.inf
        cut = int(np.searchsorted(seen.at, until))
        left = [seen.take(np.arange(cut, len(seen.at)))]
        yield _told(plan, roads, seen.take(np.arange(cut)), names, chance)


def _told(
    plan: Plan,
    roads: Roads,
    seen: _Seen,
    names: npt.NDArray[np.str_],
    chance: np.random.Generator,
) -> pa.Table:
    """Passages as rows, some of their plates misread."""
    vehicle, node, at, before = seen.vehicle, seen.node, seen.at, seen.before
    plates = pa.DictionaryArray.from_arrays(pa.array(vehicle.astype(np.int32)), pa.array(names))
    plates = plates.cast(pa.string())
    wrong = np.flatnonzero(chance.random(len(vehicle)) < plan.misread)
    plates = pc.replace_with_mask(
        plates,
        _mask(len(vehicle), wrong),
        pa.array(_misread(names[vehicle[wrong]].tolist(), chance), pa.string()),
    )
    heading = np.arctan2(*(roads.at[node] - roads.at[before]).T) * 180 / np.pi % 360
    compass = np.array(["N", "E", "S", "W"])[((heading + 45) // 90).astype(int) % 4]
    kinds = np.array(["car", "van", "lorry", "lorry"])[(vehicle % 9 == 4) + 2 * (vehicle % 11 == 7)]
    columns = {
        "plate": plates,
        "country": _coded(vehicle % 13 == 5, ["F", "D"]),
        "camera_id": _coded(node, [f"A{n:03d}" for n in range(plan.cameras)]),
        "service": _coded(node % 3, ["gendarmerie", "police", "douane"]),
        "read_at": pa.array(((START + at) * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC")),
        "direction": pa.array(compass),
        "vehicle_kind": pa.array(kinds),
        "sensor_kind": pa.repeat("fixed", len(node)),
        "confidence": pa.array(np.round(chance.uniform(0.8, 1, len(node)), 2)),
    }
    if plan.coordinates:
        where = np.round(roads.at / KM_PER_DEGREE, 5)
        columns["latitude"] = pa.array(46.0 + where[node, 1])
        columns["longitude"] = pa.array(np.round(2.0 + where[node, 0] / np.cos(np.radians(48)), 5))
    return pa.table(columns)


def _passages(plan: Plan, roads: Roads, drives: Drives, chance: np.random.Generator) -> _Seen:
    """Every passage that a sensor saw."""
    origin, target, depart, speed = drives.origin, drives.target, drives.depart, drives.speed
    length = roads.hops[origin, target] + 1
    begins = np.r_[0, np.cumsum(length)]
    node = np.empty(begins[-1], np.int32)
    live, here = np.arange(len(origin)), target.copy()
    place = begins[1:] - 1
    while len(live):
        node[place[live]] = here[live]
        place[live] -= 1
        live = live[here[live] != origin[live]]
        here[live] = roads.before[origin[live], here[live]]
    before = np.r_[node[:1], node[:-1]]
    first = begins[:-1]
    before[first] = node[first]
    km, kmh = roads.km[before, node], roads.kmh[before, node]
    seconds = np.where(km > 0, km.astype(np.float64) / np.maximum(kmh, 1) * 3600, 0.0)
    seconds *= chance.normal(1, plan.leg_noise, len(seconds)) / np.repeat(
        np.clip(speed, 0.5, 2), length
    )
    hour = np.repeat(depart / 3600 % 24, length)
    rush = np.exp(-((hour - 8) ** 2) / 1.5) + np.exp(-((hour - 17.5) ** 2) / 2)
    seconds *= 1 + 0.25 * rush
    total = np.cumsum(seconds)
    at = total - np.repeat(total[first], length) + np.repeat(depart, length)
    size = length[drives.movement]
    ends = np.cumsum(size)
    index = (
        np.arange(ends[-1]) - np.repeat(ends - size, size) + np.repeat(first[drives.movement], size)
    )
    jitter = np.repeat(drives.jitter, size)
    when = at[index] + np.repeat(drives.offset, size)
    when = when + jitter * chance.standard_normal(len(when))
    seen = (chance.random(len(when)) >= plan.missed) & (when >= 0) & (when < plan.days * DAY)
    vehicle = np.repeat(drives.vehicle, size)
    return _Seen(vehicle[seen], node[index[seen]].astype(np.int64), when[seen], before[index[seen]])


def _misread(names: Sequence[str], chance: np.random.Generator) -> list[str]:
    """One character taken for another, mostly one that looks like it; now and then one lost."""
    made = []
    for name, where, how in zip(
        names, chance.random(len(names)), chance.random(len(names)), strict=True
    ):
        spots = [i for i, c in enumerate(name) if c.isalnum()]
        alike = [i for i in spots if name[i] in LOOKALIKES]
        if how < 0.1:
            i = spots[int(where * len(spots))]
            made.append(name[:i] + name[i + 1 :])
        elif how < 0.75 and alike:
            i = alike[int(where * len(alike))]
            made.append(name[:i] + LOOKALIKES[name[i]] + name[i + 1 :])
        else:
            i = spots[int(where * len(spots))]
            letters = "0123456789" if name[i].isdigit() else "ABCDEFGHJKLMNPQRSTVWXYZ"
            made.append(name[:i] + letters[int(how * 1000) % len(letters)] + name[i + 1 :])
    return made


def _mask(n: int, chosen: Ints) -> pa.Array:
    mask = np.zeros(n, bool)
    mask[chosen] = True
    return pa.array(mask)


def _coded(codes: npt.NDArray[np.generic], words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words)).cast(
        pa.string()
    )

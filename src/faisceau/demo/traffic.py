"""Invented road traffic with what investigators look for planted in it: plate reads and the truth.

Cameras stand at the crossings of a road graph. Commuters drive to work and back, colleagues leave
together, travellers cross the country, strangers share a platoon on the motorway. Among them:
convoys, vehicles that go to the border and straight back, plates that two vehicles bear. Reads are
missed, plates are misread. Everything comes from one seed; nothing is taken from real traffic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.demo.roads import Ints, Roads

Floats = npt.NDArray[np.float64]

DAY = 86_400
START = 1_788_220_800
"""2026-09-01T00:00:00Z, in seconds."""
LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTVWXYZ"))
LOOKALIKES = {"B": "8", "8": "B", "O": "0", "0": "O", "D": "0", "Q": "0", "I": "1", "1": "I"} | {
    "S": "5", "5": "S", "Z": "2", "2": "Z", "G": "6", "6": "G", "C": "G", "E": "F", "M": "N",
}  # fmt: skip
KM_PER_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``jitter_s`` is how steadily a convoy keeps its distance."""

    reads: int = 200_000
    seed: int = 1
    days: int = 30
    cameras: int = 400
    convoys: int = 40
    round_trips: int = 30
    clones: int = 30
    jitter_s: float = 8.0
    colleagues: float = 0.4
    """Share of commuters who leave with somebody."""
    platoons: float = 0.3
    """Share of travellers who share a platoon, as steady as a convoy."""
    missed: float = 0.08
    misread: float = 0.015
    busy_convoys: float = 0.5
    """Share of convoy vehicles that also commute."""
    leg_noise: float = 0.05
    trip_noise: float = 0.08
    coordinates: bool = True


@dataclass(frozen=True, slots=True)
class Traffic:
    """Reads in the native columns of ``plate_read``, by time, and what is planted in them."""

    table: pa.Table
    convoys: list[frozenset[str]]
    round_trips: frozenset[str]
    clones: frozenset[str]


@dataclass(slots=True)
class _Trips:
    """Movements (a way through the graph at a time) and who follows each, how far behind."""

    origin: list[Ints] = field(default_factory=list)
    target: list[Ints] = field(default_factory=list)
    depart: list[Floats] = field(default_factory=list)
    speed: list[Floats] = field(default_factory=list)
    vehicle: list[Ints] = field(default_factory=list)
    movement: list[Ints] = field(default_factory=list)
    offset: list[Floats] = field(default_factory=list)
    jitter: list[Floats] = field(default_factory=list)
    movements: int = 0

    def add(self, origin: Ints, target: Ints, depart: Floats, speed: Floats) -> Ints:
        self.origin.append(origin)
        self.target.append(target)
        self.depart.append(depart)
        self.speed.append(speed)
        first = self.movements
        self.movements += len(origin)
        return np.arange(first, self.movements)

    def ride(self, vehicle: Ints, movement: Ints, offset: Floats, jitter: float) -> None:
        self.vehicle.append(vehicle)
        self.movement.append(movement)
        self.offset.append(offset)
        self.jitter.append(np.full(len(vehicle), jitter))


def simulate(plan: Plan) -> Traffic:
    """About ``plan.reads`` reads over ``plan.days`` days, and the truth."""
    chance = np.random.default_rng(plan.seed)
    roads = Roads(plan.cameras, chance)
    trips = _Trips()
    fleet = _Fleet(chance)
    convoys = _convoys(plan, roads, trips, fleet, chance)
    runners = _round_trips(plan, roads, trips, fleet, chance)
    cloned = _clones(plan, roads, trips, fleet, chance)
    _commuters(plan, roads, trips, fleet, chance)
    _travellers(plan, roads, trips, fleet, chance)
    table = _reads(plan, roads, trips, fleet, chance)
    names = fleet.names()
    return Traffic(
        table,
        [frozenset(names[v] for v in group) for group in convoys],
        frozenset(names[v] for v in runners),
        frozenset(names[v] for v in cloned),
    )


class _Fleet:
    """Vehicles by number; ``names`` gives each its plate (a clone bears that of another)."""

    def __init__(self, chance: np.random.Generator) -> None:
        self.count = 0
        self.bears: dict[int, int] = {}
        self._chance = chance

    def more(self, n: int) -> Ints:
        self.count += n
        return np.arange(self.count - n, self.count)

    def names(self) -> npt.NDArray[np.str_]:
        space = 23**4 * 1000
        step = 179_424_673  # prime to the space: a walk without repetition that looks random
        number = (np.arange(self.count, dtype=np.int64) * step + 12_345) % space
        letters, digits = np.divmod(number, 1000)
        parts = [LETTERS[letters // 23**k % 23] for k in range(4)]
        middle = np.char.zfill(digits.astype(str), 3)
        join = np.char.add
        plates = join(
            join(join(parts[0], parts[1]), join("-", middle)), join("-", join(parts[2], parts[3]))
        )
        foreign = np.arange(self.count) % 13 == 5
        german = join(join(join(parts[0], parts[1]), join("-", parts[2])), join(" ", middle))
        plates = np.where(foreign, german, plates)
        for clone, original in self.bears.items():
            plates[clone] = plates[original]
        return plates


def _convoys(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> list[list[int]]:
    groups = []
    off: dict[int, set[int]] = {}
    for _ in range(plan.convoys):
        size = int(chance.integers(2, 4))
        members = fleet.more(size)
        days = chance.choice(plan.days - 1, min(int(chance.integers(2, 5)), plan.days - 1), False)
        for member in members.tolist():
            off[member] = {int(day) for day in days}
        for day in days:
            origin = chance.integers(0, plan.cameras, 1)
            target = roads.targets(origin, 6, 14, chance)
            depart = (day + chance.uniform(0, 0.7, 1)) * DAY
            way = trips.add(origin, target, depart, chance.normal(1.05, 0.05, 1))
            gaps = np.cumsum(np.r_[0, chance.uniform(15, 178, size - 1)])
            trips.ride(chance.permutation(members), np.repeat(way, size), gaps, plan.jitter_s)
        groups.append(members.tolist())
    busy = np.array([v for g in groups for v in g if chance.random() < plan.busy_convoys], np.int64)
    _commute(plan, roads, trips, busy, chance, days=0.4, off=off)
    return groups


def _round_trips(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> list[int]:
    vehicles = fleet.more(plan.round_trips)
    off: dict[int, set[int]] = {}
    for vehicle in vehicles:
        border = chance.choice(roads.border, 1)
        home = roads.targets(border, 5, 12, chance)
        nights = max(plan.days // 2 - 1, 1)
        days = chance.choice(nights, min(int(chance.integers(3, 7)), nights), False) * 2
        off[int(vehicle)] = {int(day) + later for day in days for later in (0, 1)}
        for day in days:
            speed = chance.normal(1.25, 0.06, 1)
            depart = (day + chance.uniform(20, 27, 1) / 24) * DAY
            out = trips.add(home, border, depart, speed)
            trips.ride(np.array([vehicle]), out, np.zeros(1), 0)
            hours = roads.hours[home, border] / speed
            back = depart + (hours + chance.uniform(0.3, 2.0, 1)) * 3600
            trips.ride(np.array([vehicle]), trips.add(border, home, back, speed), np.zeros(1), 0)
    some = vehicles[chance.random(len(vehicles)) < 0.5]
    _commute(plan, roads, trips, some, chance, days=0.4, off=off)
    return [int(v) for v in vehicles]


def _clones(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> list[int]:
    originals, clones = fleet.more(plan.clones), fleet.more(plan.clones)
    fleet.bears.update(zip(clones.tolist(), originals.tolist(), strict=True))
    _commute(plan, roads, trips, originals, chance, days=0.9)
    n = plan.clones * 8
    origin = chance.integers(0, plan.cameras, n)
    rush = np.where(chance.random(n) < 0.5, chance.normal(8, 1, n), chance.normal(17.5, 1, n))
    hour = np.where(chance.random(n) < 0.5, rush, chance.normal(12, 4, n))
    depart = chance.integers(0, plan.days, n) * DAY + hour * 3600
    way = trips.add(origin, roads.targets(origin, 4, 12, chance), depart, chance.normal(1, 0.08, n))
    trips.ride(np.repeat(clones, 8), way, np.zeros(n), 0)
    return [int(v) for v in originals]


def _commute(
    plan: Plan, roads: Roads, trips: _Trips, vehicles: Ints, chance: np.random.Generator,
    *, days: float, home: Ints | None = None, work: Ints | None = None,
    leaves: Ints | None = None, with_s: float = 300.0, off: dict[int, set[int]] | None = None,
) -> None:  # fmt: skip
    """Workdays there and back; vehicles of equal ``leaves`` set off within ``with_s`` (sd)."""
    n = len(vehicles)
    if not n:
        return
    home = chance.integers(0, plan.cameras, n) if home is None else home
    work = roads.targets(home, 3, 7, chance) if work is None else work
    leaves = np.arange(n) if leaves is None else leaves
    groups = int(leaves.max()) + 1
    morning, evening = chance.normal(7.6, 0.8, groups), chance.normal(17.4, 0.9, groups)
    for day in range(plan.days):
        if day % 7 in (4, 5):
            continue
        there = chance.random(n) < days
        if off:
            there &= np.array([day not in off.get(int(v), set()) for v in vehicles])
        who = np.flatnonzero(there)
        shift = chance.normal(0, 400, (2, groups))
        for way, (hour, a, b) in enumerate(((morning, home, work), (evening, work, home))):
            depart = day * DAY + hour[leaves[who]] * 3600 + shift[way, leaves[who]]
            depart = depart + chance.normal(0, with_s, len(who))
            speed = chance.normal(1, plan.trip_noise, len(who))
            made = trips.add(a[who], b[who], depart, speed)
            trips.ride(vehicles[who], made, np.zeros(len(who)), 0)


def _commuters(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> None:
    n = max(20, int(plan.reads * 0.45 / (plan.days * 5 / 7 * 0.85 * 2 * 6)))
    together = int(n * plan.colleagues)
    vehicles = fleet.more(n)
    _commute(plan, roads, trips, vehicles[together:], chance, days=0.85)
    if not together:
        return
    group = np.sort(chance.integers(0, max(1, together // 3), together))
    work = chance.integers(0, plan.cameras, group.max() + 1)
    neighbours = roads.targets(work, 4, 8, chance)
    home = neighbours[group]
    elsewhere = chance.random(together) < 0.5
    home[elsewhere] = roads.targets(work[group[elsewhere]], 4, 8, chance)
    _commute(
        plan, roads, trips, vehicles[:together], chance,
        days=0.85, home=home, work=work[group], leaves=group, with_s=50.0,
    )  # fmt: skip


def _travellers(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> None:
    made = sum(
        int(roads.hops[a, b].sum()) + len(a)
        for a, b in zip(trips.origin, trips.target, strict=True)
    )
    left = max(0, plan.reads - int(made * 0.92))
    n = max(10, left // 20)
    vehicles = fleet.more(n)
    trips_each = 2
    who = np.repeat(vehicles, trips_each)
    hub = chance.zipf(1.3, plan.cameras * 4) % plan.cameras
    origin = np.where(
        chance.random(len(who)) < 0.5,
        chance.choice(hub, len(who)),
        chance.integers(0, plan.cameras, len(who)),
    )
    target = roads.targets(origin, 5, 18, chance)
    hour = np.where(
        chance.random(len(who)) < 0.85,
        chance.normal(14, 4, len(who)),
        chance.uniform(0, 24, len(who)),
    )
    half = plan.days // trips_each  # a vehicle's trips do not overlap
    day = chance.integers(0, half - 1, len(who)) + half * (np.arange(len(who)) // n)
    depart = day * DAY + hour * 3600
    steady = int(len(who) * plan.platoons) // 6 * 6
    way = trips.add(
        origin[steady:],
        target[steady:],
        depart[steady:],
        chance.normal(1, plan.trip_noise, len(who) - steady),
    )
    order = np.concatenate([chance.permutation(vehicles) for _ in range(trips_each)])
    trips.ride(order[steady:], way, np.zeros(len(way)), 0)
    if steady:
        lead = np.arange(0, steady, 6)
        way = trips.add(
            origin[lead], target[lead], depart[lead], chance.normal(1, plan.trip_noise, len(lead))
        )
        gaps = np.cumsum(chance.uniform(4, 60, (len(lead), 6)), axis=1).ravel()
        trips.ride(order[:steady], np.repeat(way, 6), gaps, 10.0)


def _reads(
    plan: Plan, roads: Roads, trips: _Trips, fleet: _Fleet, chance: np.random.Generator
) -> pa.Table:
    vehicle, node, at, before = _passages(plan, roads, trips, chance)
    order = np.argsort(at, kind="stable")
    vehicle, node, at, before = vehicle[order], node[order], at[order], before[order]
    names = fleet.names()
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


def _passages(
    plan: Plan, roads: Roads, trips: _Trips, chance: np.random.Generator
) -> tuple[Ints, Ints, Floats, Ints]:
    """Every passage that a sensor saw: vehicle, camera, second, camera before."""
    origin, target = np.concatenate(trips.origin), np.concatenate(trips.target)
    depart, speed = np.concatenate(trips.depart), np.concatenate(trips.speed)
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
    movement = np.concatenate(trips.movement)
    size = length[movement]
    ends = np.cumsum(size)
    index = np.arange(ends[-1]) - np.repeat(ends - size, size) + np.repeat(first[movement], size)
    jitter = np.repeat(np.concatenate(trips.jitter), size)
    when = at[index] + np.repeat(np.concatenate(trips.offset), size)
    when = when + jitter * chance.standard_normal(len(when))
    seen = (chance.random(len(when)) >= plan.missed) & (when >= 0) & (when < plan.days * DAY)
    vehicle = np.repeat(np.concatenate(trips.vehicle), size)
    return vehicle[seen], node[index[seen]].astype(np.int64), when[seen], before[index[seen]]


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

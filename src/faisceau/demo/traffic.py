"""Invented road traffic with what investigators look for planted in it: plate reads and the truth.

Cameras stand at the crossings of a road graph. Commuters drive to work and back, colleagues leave
together, travellers cross the country, strangers share a platoon on the motorway. Among them:
convoys, vehicles that go to the border and straight back, plates that two vehicles bear. Reads are
missed, plates are misread. Everything comes from one seed; nothing is taken from real traffic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from faisceau.demo.drives import DAY, Fleet, Plan, Trips
from faisceau.demo.roads import Ints, Roads
from faisceau.demo.sensors import by_day, reads

__all__ = ["Plan", "Traffic", "simulate", "streamed"]


@dataclass(frozen=True, slots=True)
class Traffic:
    """Reads in the native columns of ``plate_read``, by time, and what is planted in them."""

    table: pa.Table
    convoys: list[frozenset[str]]
    round_trips: frozenset[str]
    clones: frozenset[str]


def simulate(plan: Plan) -> Traffic:
    """About ``plan.reads`` reads over ``plan.days`` days, and the truth."""
    made = _planned(plan)
    drives, names = made.trips.drives(), made.fleet.names()
    return made.truth(names, reads(plan, made.roads, drives, names, made.chance))


def streamed(plan: Plan) -> tuple[Traffic, Iterator[pa.Table]]:
    """The same for as many reads as one likes: the truth (its table is empty), and the reads
    a day at a time, by time. Not the reads of ``simulate``: chance is asked in another order."""
    made = _planned(plan)
    drives, names = made.trips.drives(), made.fleet.names()
    del made.trips  # the arrays hold it all
    days = by_day(plan, made.roads, drives, names, made.chance)
    return made.truth(names, pa.table({})), days


@dataclass(slots=True)
class _Planned:
    """Who drives where, before any camera saw it."""

    roads: Roads
    trips: Trips
    fleet: Fleet
    chance: np.random.Generator
    convoys: list[list[int]]
    runners: list[int]
    cloned: list[int]

    def truth(self, names: npt.NDArray[np.str_], table: pa.Table) -> Traffic:
        return Traffic(
            table,
            [frozenset(names[v] for v in group) for group in self.convoys],
            frozenset(names[v] for v in self.runners),
            frozenset(names[v] for v in self.cloned),
        )


def _planned(plan: Plan) -> _Planned:
    chance = np.random.default_rng(plan.seed)
    roads = Roads(plan.cameras, chance)
    trips, fleet = Trips(), Fleet(chance)
    convoys = _convoys(plan, roads, trips, fleet, chance)
    runners = _round_trips(plan, roads, trips, fleet, chance)
    cloned = _clones(plan, roads, trips, fleet, chance)
    _commuters(plan, roads, trips, fleet, chance)
    _travellers(plan, roads, trips, fleet, chance)
    return _Planned(roads, trips, fleet, chance, convoys, runners, cloned)


def _convoys(
    plan: Plan, roads: Roads, trips: Trips, fleet: Fleet, chance: np.random.Generator
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
    plan: Plan, roads: Roads, trips: Trips, fleet: Fleet, chance: np.random.Generator
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
    plan: Plan, roads: Roads, trips: Trips, fleet: Fleet, chance: np.random.Generator
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
    plan: Plan, roads: Roads, trips: Trips, vehicles: Ints, chance: np.random.Generator,
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
    plan: Plan, roads: Roads, trips: Trips, fleet: Fleet, chance: np.random.Generator
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
    plan: Plan, roads: Roads, trips: Trips, fleet: Fleet, chance: np.random.Generator
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

"""Groups of vehicles that travel together: pairs joined, absent members found, misreads set apart.

In a group of three, two may never be neighbours on the same road twice; they belong together all
the same when each follows some member trip after trip. And a member's plate, misread, is no member.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from ibis import Table

from faisceau.analyses import Engine
from faisceau.analyses.plates._company import (
    FOLLOWS,
    LESSER,
    MOST,
    ROUTE,
    WORST,
    Company,
    company,
    convoys,
    groups,
)
from faisceau.analyses.plates._near import Around, Named, around, near_reads, reads_of
from faisceau.analyses.plates._passages import Bools, Floats, Ints, Reads, by_vehicle
from faisceau.analyses.plates._plates import alike
from faisceau.analyses.plates._survey import THREADS, Survey
from faisceau.analyses.plates._together import Fleet, Shared, Trips, fleet, shared, trips
from faisceau.analyses.plates._wanted import WantedIndex

ATTACHED = 0.0
"""Log-likelihood of following over all trips of a vehicle that is added to a group, at least."""
CHUNK = 50_000
"""Pairs looked at together."""
SHARE_OF_ALONE = 0.02
"""Groups seen on a single trip count when they are fewer than this share of the others."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Pairs of some vehicles, with all they shared."""

    known: Fleet
    first: Ints
    second: Ints
    met: Shared
    trips: Trips
    company: Company


@dataclass(frozen=True, slots=True)
class Rule:
    """What the person asked for: shared cameras, seconds between neighbours, trips."""

    cameras: int
    gap_s: int
    trips: int
    """Trips together, at least (0: nothing is said)."""

    @property
    def reach_s(self) -> int:
        """Seconds at a single passage: a fifth more than between neighbours on the whole."""
        return self.gap_s + self.gap_s // 5

    @property
    def least(self) -> int:
        """Passages that make a joint trip."""
        return min(3, self.cameras)


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: the reads, who answers, what the roads are like, the rule."""

    plate_read: Table
    engine: Engine
    survey: Survey
    rule: Rule


@dataclass(frozen=True, slots=True)
class Passing:
    """A trip of a group: who took part, from when to when; positions of the reads in the fleet."""

    members: frozenset[int]
    first: int
    last: int
    reads: frozenset[int]


@dataclass(frozen=True, slots=True)
class Group:
    """Vehicles by number, the trips they made together, rows read under another plate."""

    members: list[int]
    trips: list[Passing]
    misread: list[tuple[int, int, str]]
    """Member, row, as it was read."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs by number in the fleet; ``start`` and ``end`` from ``begins[n]`` to
    ``begins[n + 1]`` say when those of a pair met."""

    first: Ints
    second: Ints
    begins: Ints
    start: Ints
    end: Ints
    many: Floats
    """How many pairs each stands for."""

    def part(self, some: slice) -> "Pairs":
        """Those from one position up to another."""
        begins = self.begins[some.start : some.stop + 1]
        met = slice(begins[0], begins[-1])
        first, second, many = self.first[some], self.second[some], self.many[some]
        return Pairs(first, second, begins - begins[0], self.start[met], self.end[met], many)


def joined(
    known: Fleet,
    first: Ints,
    second: Ints,
    survey: Survey,
    rule: Rule,
    *,
    when: tuple[Ints, Ints, Ints] | None = None,
) -> Joined:
    """Everything that the pairs shared (``when``: at those times, by pair, alone)."""
    met = shared(known, first, second, rule.reach_s, when)
    made = trips(known, met, survey.drift, survey.traffic, rule.reach_s)
    sums = company(known, met, made, (first, second), traffic=survey.traffic, least=rule.least)
    return Joined(known, first, second, met, made, sums)


def sifted(known: Fleet, pairs: Pairs, survey: Survey, rule: Rule) -> tuple[Joined, Bools, int]:
    """Pairs with all they shared, which of them are convoys, and the trips asked of these.

    Every pair is looked at where the two met, then the few that are left with all their reads.
    Where nothing is said of trips, one is enough as long as that brings few pairs more.
    """
    once, twice = _likely(known, pairs, survey, rule)
    single = rule.trips == 1 or (not rule.trips and _few(once, twice, pairs.many, 4))
    kept = once if single else twice | (once & _grouped(known, pairs, twice))
    found = joined(known, pairs.first[kept], pairs.second[kept], survey, rule)
    if rule.trips:
        return found, convoys(found.company, rule.cameras, rule.trips), rule.trips
    once, twice = (convoys(found.company, rule.cameras, trips) for trips in (1, 2))
    return (found, once, 1) if single and _few(once, twice, pairs.many[kept]) else (found, twice, 2)


def _few(once: Bools, twice: Bools, many: Floats, times: int = 1) -> bool:
    """Whether pairs that were together on a single trip are few beside the others."""
    alone = float(many[once & ~twice].sum())
    return alone <= times * max(3.0, SHARE_OF_ALONE * float(many[twice].sum()))


def _likely(known: Fleet, pairs: Pairs, survey: Survey, rule: Rule) -> tuple[Bools, Bools]:
    """Which pairs may be convoys on one trip, and on two, by the times when they met."""

    def look(part: slice) -> list[Bools]:
        some = pairs.part(part)
        own = joined(
            known, some.first, some.second, survey, rule, when=(some.begins, some.start, some.end)
        )
        return [convoys(own.company, rule.cameras, trips) for trips in (1, 2)]

    edges = [*range(0, len(pairs.first), CHUNK), len(pairs.first)]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(look, (slice(a, b) for a, b in pairwise(edges))))
    once, twice = (np.concatenate(masks) for masks in zip(*found, strict=True))
    return once, twice


def _grouped(known: Fleet, pairs: Pairs, chosen: Bools) -> Bools:
    """Which pairs are of two members of one group that the chosen make."""
    number = np.full(len(known.edges) - 1, -1)
    for n, members in enumerate(groups(pairs.first[chosen], pairs.second[chosen])):
        number[members] = n
    one, two = number[pairs.first], number[pairs.second]
    return np.asarray((one == two) & (one >= 0))


def passings(of: Joined, members: list[int], rule: Rule) -> list[Passing]:
    """The trips of a group: those of its pairs that were followed, joined where they overlap."""
    inside = np.isin(of.first, members) & np.isin(of.second, members)
    good = inside[of.trips.pair] & (of.trips.passages >= rule.least)
    good &= of.trips.follows > FOLLOWS
    chosen = np.flatnonzero(good)
    chosen = chosen[np.lexsort((of.trips.last[chosen], of.trips.first[chosen]))]
    begins = np.searchsorted(of.met.trip, chosen)
    ends = np.searchsorted(of.met.trip, chosen, side="right")
    made: list[Passing] = []
    for trip, begin, end in zip(chosen.tolist(), begins.tolist(), ends.tolist(), strict=True):
        pair = of.trips.pair[trip]
        who = frozenset((int(of.first[pair]), int(of.second[pair])))
        reads = frozenset(of.met.one[begin:end].tolist()) | frozenset(
            of.met.two[begin:end].tolist()
        )
        first, last = int(of.trips.first[trip]), int(of.trips.last[trip]) + rule.reach_s
        if made and first <= made[-1].last and who & made[-1].members:
            before = made.pop()
            who, reads = who | before.members, reads | before.reads
            first, last = min(first, before.first), max(last, before.last)
        made.append(Passing(who, first, last, reads))
    return made


def completed(
    found: Joined, grouped: list[list[int]], asked: Asked
) -> tuple[Joined, list[Group], Named]:
    """The groups with the members that pairs alone did not show, without misreads; all their
    reads, by vehicle and time."""
    plate_read, engine, survey, rule = asked.plate_read, asked.engine, asked.survey, asked.rule
    anchors = _anchors(found, grouped, rule)
    near = near_reads(plate_read, engine, survey.places, (anchors.place, anchors.at), rule.reach_s)
    members = [[int(found.known.reads.plate[found.known.edges[v]]) for v in g] for g in grouped]
    index = around(near.reads)
    close = _close(near, index, anchors, members, rule)
    wanted = sorted({h for g in members for h in g} | {h for g in close for h in g})
    named = reads_of(plate_read, engine, survey.places, np.array(wanted, np.uint64))
    ordered, vehicle = by_vehicle(named.reads)
    position = _positions(named.reads, ordered)
    named = Named(ordered, named.plate.take(position), named.written.take(position))
    known = fleet(ordered, vehicle, survey.drift)
    number = {int(h): v for v, h in enumerate(ordered.plate[known.edges[:-1]].tolist())}
    sure = [[number[h] for h in g if h in number] for g in members]
    maybe = [[number[h] for h in g if h in number] for g in close]
    pairs = sorted(
        {
            (min(a, b), max(a, b))
            for base, more in zip(sure, maybe, strict=True)
            for a in base
            for b in (*base, *more)
            if a != b
        }
    )
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    all_pairs = joined(known, first, second, survey, rule)
    nearby = _nearby(near, index, named.plate.take(pa.array(known.edges[:-1])))
    made = []
    for base, more in zip(sure, maybe, strict=True):
        whole = sorted({*base, *_attached(all_pairs, base, more, rule)})
        kept = _without_misreads(all_pairs, whole, named, known)
        if len(kept) > 1:
            journeys = passings(all_pairs, kept, rule)
            made.append(Group(kept, journeys, _misread(all_pairs, kept, journeys, nearby)))
    return all_pairs, made, named


@dataclass(frozen=True, slots=True)
class _Anchors:
    group: Ints
    trip: Ints
    place: Ints
    at: Ints


def _anchors(found: Joined, grouped: list[list[int]], rule: Rule) -> _Anchors:
    """The passages of every group on its trips."""
    rows: list[tuple[int, int, int, int]] = []
    place, at = found.known.reads.place, found.known.reads.at
    number = 0
    for group, members in enumerate(grouped):
        for journey in passings(found, members, rule):
            number += 1
            along = _along(found.known, journey)
            rows += [(group, number, int(place[i]), int(at[i])) for i in along]
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return _Anchors(*columns)


def _along(known: Fleet, journey: Passing) -> list[int]:
    """Every read of those who took part, from the first to the last shared passage."""
    found: list[int] = []
    for member in sorted(journey.members):
        mine = slice(int(known.edges[member]), int(known.edges[member + 1]))
        low, high = np.searchsorted(known.reads.at[mine], [journey.first, journey.last + 1])
        found += range(mine.start + int(low), mine.start + int(high))
    return found


def _close(
    near: Named, index: Around, anchors: _Anchors, members: list[list[int]], rule: Rule
) -> list[list[int]]:
    """By group: hashes of vehicles that passed with it, place after place, on enough trips."""
    passage, read = index.near(anchors.place, anchors.at, rule.reach_s)
    _, vehicle = np.unique(near.reads.plate, return_inverse=True)
    plates = np.zeros(int(vehicle.max(initial=-1)) + 1, np.uint64)
    plates[vehicle] = near.reads.plate
    seen = np.unique(
        np.stack([anchors.trip[passage], vehicle[read], anchors.place[passage]], axis=1), axis=0
    )
    met, places = np.unique(seen[:, :2], axis=0, return_counts=True)
    met = met[places >= rule.least]
    group_of = np.zeros(int(anchors.trip.max(initial=0)) + 1, np.int64)
    group_of[anchors.trip] = anchors.group
    both, trips_ = np.unique(
        np.stack([group_of[met[:, 0]], met[:, 1]], axis=1), axis=0, return_counts=True
    )
    close: list[list[int]] = [[] for _ in members]
    for group, who in both[trips_ >= rule.trips].tolist():
        if int(plates[who]) not in members[group]:
            close[group].append(int(plates[who]))
    return close


def _positions(reads: Reads, ordered: Reads) -> pa.Array:
    """Where each read of ``ordered`` stands in ``reads`` (sorted by row)."""
    return pa.array(np.searchsorted(reads.row, ordered.row))


def _attached(of: Joined, base: list[int], more: list[int], rule: Rule) -> list[int]:
    """Vehicles that follow the group trip after trip, now behind one member, now another."""
    journeys = passings(of, base, rule)
    found = []
    for one in more:
        pair = np.flatnonzero(
            ((of.first == one) & np.isin(of.second, base))
            | ((of.second == one) & np.isin(of.first, base))
        )
        mine = np.flatnonzero(np.isin(of.trips.pair, pair) & (of.trips.passages >= rule.least))
        best: dict[int, float] = {}
        for trip in mine.tolist():
            middle = (of.trips.first[trip] + of.trips.last[trip]) // 2
            at = next((n for n, j in enumerate(journeys) if j.first <= middle <= j.last), -1 - trip)
            best[at] = max(best.get(at, WORST), float(of.trips.follows[trip]))
        followed = sum(odds > FOLLOWS for odds in best.values())
        if (
            followed >= max(rule.trips, MOST * len(best))
            and sum(best.values()) >= ATTACHED
            and of.company.route[pair].sum() >= ROUTE
            and of.company.lesser[pair].sum() >= LESSER
        ):
            found.append(one)
    return found


def _without_misreads(of: Joined, members: list[int], named: Named, known: Fleet) -> list[int]:
    """Members, but for plates that are another member's misread: alike, rarer, never both there."""
    size = known.sizes(np.array(members))
    plate = {v: named.plate[int(known.edges[v])].as_py() for v in members}
    kept = []
    for one, count in zip(members, size.tolist(), strict=True):
        others = [
            o
            for o, reads in zip(members, size.tolist(), strict=True)
            if o != one and alike(plate[one], plate[o]) and reads > 4 * count
        ]
        if not any(_never_met(of, one, other) for other in others):
            kept.append(one)
    return kept


def _never_met(of: Joined, one: int, other: int) -> bool:
    pair = np.flatnonzero((of.first == min(one, other)) & (of.second == max(one, other)))
    return not np.isin(of.met.pair, pair).any()


class _Nearby(NamedTuple):
    """Reads near the groups, by place and time; a number for each plate, and which plates each
    vehicle may be misread as."""

    named: Named
    places: Around
    plate: Ints
    alike: dict[int, list[int]]


def _nearby(near: Named, index: Around, plates: pa.Array) -> _Nearby:
    coded = near.plate.dictionary_encode()
    number = {text: vehicle for vehicle, text in enumerate(plates.to_pylist())}
    alike: dict[int, list[int]] = {}
    for hit in WantedIndex(list(number)).hits(coded.dictionary):
        if not hit.exact:
            alike.setdefault(number[hit.wanted], []).append(hit.row)
    return _Nearby(near, index, coded.indices.to_numpy(zero_copy_only=False), alike)


def _misread(
    of: Joined, members: list[int], journeys: list[Passing], nearby: _Nearby
) -> list[tuple[int, int, str]]:
    """Rows near the group's trips whose plate is a member's but for a character, where and when
    that member itself was not read."""
    known, near = of.known, nearby.named
    reads = sorted({i for j in journeys for i in _along(known, j)})
    _, spot = nearby.places.near(known.reads.place[reads], known.reads.at[reads], MISREAD_S)
    spot = np.unique(spot)
    found = []
    for member in members:
        mine = slice(int(known.edges[member]), int(known.edges[member + 1]))
        for i in spot[np.isin(nearby.plate[spot], nearby.alike.get(member, []))].tolist():
            here = known.reads.place[mine] == near.reads.place[i]
            here &= np.abs(known.reads.at[mine] - near.reads.at[i]) <= MISREAD_S
            if not here.any():
                found.append((member, int(near.reads.row[i]), str(near.written[i].as_py())))
    return sorted(set(found))


MISREAD_S = 600
"""Seconds around a group's passages within which a member's misread is looked for."""

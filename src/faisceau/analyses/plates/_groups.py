"""Groups of vehicles that travel together: pairs joined, absent members found, misreads set apart.

In a group of three, two may never be neighbours on the same road twice; they belong together all
the same when each follows some member trip after trip. And a member's plate, misread, is no member.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
)
from faisceau.analyses.plates._near import Named, around, near_reads, reads_of
from faisceau.analyses.plates._passages import Ints, Reads, by_vehicle
from faisceau.analyses.plates._plates import alike
from faisceau.analyses.plates._survey import Survey
from faisceau.analyses.plates._together import Fleet, Shared, Trips, fleet, shared, trips

ATTACHED = 0.0
"""Log-likelihood of following over all trips of a vehicle that is added to a group, at least."""
CHUNK = 4_000_000
"""Reads of first vehicles looked at together."""


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


def joined(known: Fleet, first: Ints, second: Ints, survey: Survey, rule: Rule) -> Joined:
    """Everything that the pairs shared."""
    met = shared(known, first, second, rule.reach_s)
    made = trips(known, met, survey.drift, survey.traffic, rule.reach_s)
    sums = company(known, met, made, (first, second), traffic=survey.traffic, least=rule.least)
    return Joined(known, first, second, met, made, sums)


def sifted(known: Fleet, first: Ints, second: Ints, survey: Survey, rule: Rule) -> Joined:
    """The same for those pairs alone that could be a convoy, looked at some at a time."""
    ends = np.cumsum(known.sizes(first))
    share = ends // CHUNK
    kept = []
    for begin in np.flatnonzero(np.r_[True, share[1:] != share[:-1]]):
        part = slice(int(begin), int(np.searchsorted(share, share[begin], side="right")))
        some = joined(known, first[part], second[part], survey, rule)
        kept.append(part.start + np.flatnonzero(convoys(some.company, rule.cameras, 1)))
    chosen = np.concatenate(kept)
    return joined(known, first[chosen], second[chosen], survey, rule)


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
    found: Joined, groups: list[list[int]], asked: Asked
) -> tuple[Joined, list[Group], Named]:
    """The groups with the members that pairs alone did not show, without misreads; all their
    reads, by vehicle and time."""
    plate_read, engine, survey, rule = asked.plate_read, asked.engine, asked.survey, asked.rule
    anchors = _anchors(found, groups, rule)
    near = near_reads(plate_read, engine, survey.places, (anchors.place, anchors.at), rule.reach_s)
    members = [[int(found.known.reads.plate[found.known.edges[v]]) for v in g] for g in groups]
    close = _close(near, anchors, members, rule)
    wanted = sorted({h for g in members for h in g} | {h for g in close for h in g})
    plates = pc.unique(near.plate.filter(pa.array(np.isin(near.reads.plate, wanted))))
    named = reads_of(plate_read, engine, survey.places, plates)
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
    made = []
    for base, more in zip(sure, maybe, strict=True):
        whole = sorted({*base, *_attached(all_pairs, base, more, rule)})
        kept = _without_misreads(all_pairs, whole, named, known)
        if len(kept) > 1:
            journeys = passings(all_pairs, kept, rule)
            made.append(Group(kept, journeys, _misread(all_pairs, kept, journeys, near, named)))
    return all_pairs, made, named


@dataclass(frozen=True, slots=True)
class _Anchors:
    group: Ints
    trip: Ints
    place: Ints
    at: Ints


def _anchors(found: Joined, groups: list[list[int]], rule: Rule) -> _Anchors:
    """The passages of every group on its trips."""
    rows: list[tuple[int, int, int, int]] = []
    place, at = found.known.reads.place, found.known.reads.at
    number = 0
    for group, members in enumerate(groups):
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


def _close(near: Named, anchors: _Anchors, members: list[list[int]], rule: Rule) -> list[list[int]]:
    """By group: hashes of vehicles that passed with it, place after place, on enough trips."""
    passage, read = around(near.reads, anchors.place, anchors.at, rule.reach_s)
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


def _misread(
    of: Joined, members: list[int], journeys: list[Passing], near: Named, named: Named
) -> list[tuple[int, int, str]]:
    """Rows near the group's trips whose plate is a member's but for a character, where and when
    that member itself was not read."""
    known = of.known
    reads = sorted({i for j in journeys for i in _along(known, j)})
    place, at = known.reads.place[reads], known.reads.at[reads]
    _, spot = around(near.reads, place, at, 600)
    found = []
    texts = pc.unique(near.plate.take(pa.array(np.unique(spot)))).to_pylist()
    for member in members:
        own = named.plate[int(known.edges[member])].as_py()
        for text in texts:
            if text != own and alike(own, text):
                found += _absent(known, member, near, spot, text)
    return sorted(set(found))


def _absent(
    known: Fleet, member: int, near: Named, spot: Ints, text: str
) -> list[tuple[int, int, str]]:
    at = np.unique(spot)
    same = pc.equal(near.plate.take(pa.array(at)), text).to_numpy(zero_copy_only=False)
    mine = slice(int(known.edges[member]), int(known.edges[member + 1]))
    found = []
    for i in at[same].tolist():
        here = (known.reads.place[mine] == near.reads.place[i]) & (
            np.abs(known.reads.at[mine] - near.reads.at[i]) <= 600
        )
        if not here.any():
            found.append((member, int(near.reads.row[i]), str(near.written[i].as_py())))
    return found

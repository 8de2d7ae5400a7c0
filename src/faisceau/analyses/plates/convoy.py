"""Vehicles that travel together: scout, carrier, follower.

Convoys as in Jeung et al. (PVLDB 1(1), 2008), found from sparse sensors; missed sensors are
tolerated as in MaxGrowth (PVLDB 18, 2024, arXiv 2412.20177), misread plates too. The method is
told in ``docs/how-to/plates.md``.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.plates._company import groups
from faisceau.analyses.plates._driven import Driven
from faisceau.analyses.plates._groups import (
    Asked,
    Group,
    Joined,
    Pairs,
    Passing,
    Rule,
    completed,
    sifted,
)
from faisceau.analyses.plates._near import Named, around, near_reads
from faisceau.analyses.plates._neighbours import (
    Candidates,
    Meetings,
    expected_pairs,
    meetings,
    repeated,
    run_length,
)
from faisceau.analyses.plates._passages import (
    READS,
    Bools,
    Ints,
    Places,
    Reads,
    by_vehicle,
    hashed,
    load,
    places,
)
from faisceau.analyses.plates._plates import compacted
from faisceau.analyses.plates._survey import Survey, survey
from faisceau.analyses.plates._together import fleet
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import PLATE_READ, Schema
from faisceau.words import N_

TITLE = N_("Vehicles that travel together: {plates}")
TRIP = N_(
    "From {first} to {last}, {plates} passed {n} cameras together, in this order, {gap} seconds "
    "apart: {places}"
)
FOLLOWING = N_(
    "On {trips} trips the distance between them held as it does not between vehicles that happen "
    "to be near: {times} times likelier if one follows the other"
)
CHANCE = N_(
    "Given the traffic at these cameras and hours, chance makes such vehicles once in {times} "
    "times as many reads"
)
ROUTE = N_("Of the times that either drove these roads, {share} % were together")
APART = N_("{plate} made {n} of its {all} reads without the others")
MISREAD = N_("{plate} was read as {read} where it should have passed, {n} times")
METHOD = N_(
    "Vehicles that pass the same cameras close together, in the same order, are compared trip by "
    "trip: how steadily the distance between them is held against what strangers do on the same "
    "roads, how often either drives there without the other, and how many vehicles chance would "
    "bring together given the traffic. Missed reads and misread plates are allowed for."
)
Rows = dict[Schema | str, Sequence[int] | set[int]]
SHOWN = 12
"""Trips told one by one, at most: the longest."""


class ConvoyParams(Params):
    """What counts as travelling together."""

    cameras: int = Field(default=4, ge=2)
    """Cameras passed together, at least."""
    gap_s: int = Field(default=180, ge=1, le=3600)
    """Seconds between neighbours, at most."""
    trips: int = Field(default=0, ge=0)
    """Trips together, at least (0: two; one where single trips together are rare)."""
    plates: str = ""
    """Look around these plates alone, separated by commas (empty: a national scan)."""


@analysis(reads=[READS], kind=Kind.QUERY, version=1, method=METHOD)
def convoy(plate_read: Table, params: ConvoyParams, engine: Engine) -> Iterator[Lead]:
    """One lead per maximal group of vehicles that travel together, by falling score.

    The score is how sure it is that this is no chance: the logistic of the log-likelihood of
    following, summed over the trips of the group's closest pair.
    """
    known = places(plate_read, engine)
    if not known.total:
        return
    rule = Rule(params.cameras, params.gap_s, params.trips)
    if params.plates:
        roads, _ = survey(plate_read, engine, known, lambda reads, vehicle, until: None)
        maybe = _around(plate_read, engine, known, params.plates, rule)
    else:
        roads, maybe = _national(plate_read, engine, known, rule)
    if not len(maybe):
        return
    asked = Asked(plate_read, engine, roads, rule)
    some = maybe if rule.trips == 1 else maybe.sampled()
    found, chosen, least = _sifted(some, asked)
    if least == 1 and len(some) < len(maybe):
        found, chosen, least = _sifted(maybe, asked)
    if not chosen.any():
        return
    made = groups(found.first[chosen], found.second[chosen])
    asked = replace(asked, rule=replace(rule, trips=least))
    whole, listed, named = completed(found, made, asked)
    leads = [_lead(group, whole, named, known) for group in listed]
    yield from sorted(leads, key=lambda lead: (-lead.score, [s.value for s in lead.subjects]))


def _national(
    plate_read: Table, engine: Engine, known: Places, rule: Rule
) -> tuple[Survey, Candidates]:
    """What all reads say of the roads, and every pair that passed places close together, again."""
    thick = expected_pairs(known.reads, known.last - known.first, rule.reach_s)
    length = run_length(thick, rule.cameras)
    driven = Driven(known.total)

    def meet(reads: Reads, vehicle: Ints, until: int) -> Meetings:
        driven.add(reads, vehicle, until)
        return meetings(reads, vehicle, until, rule.reach_s, length)

    roads, met = survey(plate_read, engine, known, meet)
    return roads, repeated(met, driven, length, rule.cameras)


def _sifted(maybe: Candidates, asked: Asked) -> tuple[Joined, Bools, int]:
    """Candidates looked at with their reads."""
    roads = asked.survey
    plates = np.unique(np.concatenate([maybe.first, maybe.second]))
    reads, vehicle = by_vehicle(
        load(asked.plate_read, asked.engine, roads.places, only=plates, rows=True)
    )
    first, second = (np.searchsorted(plates, side) for side in (maybe.first, maybe.second))
    pairs = Pairs(first, second, maybe.begins, maybe.start, maybe.end, maybe.many)
    return sifted(fleet(reads, vehicle, roads.drift), pairs, roads, asked.rule)


def _around(
    plate_read: Table, engine: Engine, known: Places, plates: str, rule: Rule
) -> Candidates:
    """Candidate pairs: given plates and whoever passed enough cameras near one of them."""
    wanted = sorted({compacted(p) for p in plates.split(",")} - {""})
    asked = np.sort(hashed(pa.array(wanted, pa.string())))
    own = load(plate_read, engine, known, only=asked)
    near = near_reads(plate_read, engine, known, (own.place, own.at), rule.reach_s).reads
    passage, read = around(near).near(own.place, own.at, rule.reach_s)
    plates_, code = np.unique(
        np.concatenate([own.plate[passage], near.plate[read]]), return_inverse=True
    )
    one, two = code[: len(passage)], code[len(passage) :]
    n = len(plates_)
    pair = np.minimum(one, two) * n + np.maximum(one, two)
    spots = np.unique((pair * len(known) + own.place[passage])[one != two])
    enough, count = np.unique(spots // len(known), return_counts=True)
    enough = enough[count >= rule.cameras]
    first, second, every = plates_[enough // n], plates_[enough % n], np.arange(len(enough) + 1)
    start, end = (np.full(len(enough), second) for second in (known.first, known.last))
    return Candidates(first, second, every, start, end, np.ones(len(enough)))


def _lead(group: Group, found: Joined, named: Named, known: Places) -> Lead:
    """A group as a lead: its trips, how steady, how unlikely, what speaks against it."""
    written = {v: _written(v, found, named) for v in group.members}
    inside = np.isin(found.first, group.members) & np.isin(found.second, group.members)
    of = found.company
    pairs = np.flatnonzero(inside & (of.followed > 0))
    best = pairs[np.lexsort((pairs, -of.odds[pairs]))[0]]
    longest = sorted(group.trips, key=lambda trip: (-len(trip.reads), trip.first))[:SHOWN]
    odds = float(of.odds[best])
    together = _rows(found, (i for trip in group.trips for i in trip.reads))
    trip_weight = round(odds / max(len(group.trips), 1), 2)
    reasons = [
        _trip(trip, found, written, known, trip_weight)
        for trip in sorted(longest, key=lambda trip: trip.first)
    ]
    trips_ = len(group.trips)
    reasons.append(
        Reason(
            "following",
            FOLLOWING,
            {"trips": trips_, "times": _rounded(odds / math.log(10))},
            round(odds, 2),
            {PLATE_READ: together},
        )
    )
    reasons.append(
        Reason(
            "chance",
            CHANCE,
            {"times": _rounded(-float(of.expected[best]))},
            round(min(-float(of.expected[best]), 20.0) / 4, 2),
            {PLATE_READ: together},
        )
    )
    route = float(of.route[pairs].max())
    facts = {"share": round(100 * route)}
    reasons.append(Reason("route", ROUTE, facts, round(2 * route, 2), {PLATE_READ: together}))
    reasons += _misread(group, written)
    reasons += _apart(group, found, written)
    score = round(1 / (1 + math.exp(-min(odds, 60.0) / 4)), 6)
    subjects = [Subject("plate", name) for name in sorted(written.values())]
    return Lead(TITLE, subjects, score, reasons, {"plates": [s.value for s in subjects]})


def _written(vehicle: int, found: Joined, named: Named) -> str:
    """A plate as the source writes it: most often, then first in the alphabet."""
    own = slice(int(found.known.edges[vehicle]), int(found.known.edges[vehicle + 1]))
    texts, count = np.unique(
        np.array(named.written[own.start : own.stop].to_pylist(), dtype=object).astype(str),
        return_counts=True,
    )
    return str(texts[np.argmax(count)])


def _rows(found: Joined, positions: Any) -> list[int]:
    return sorted({int(found.known.reads.row[i]) for i in positions})


def _trip(
    trip: Passing, found: Joined, written: dict[int, str], known: Places, weight: float
) -> Reason:
    reads = found.known.reads
    order = sorted(trip.reads, key=lambda i: (int(reads.at[i]), int(reads.row[i])))
    begins: dict[int, list[int]] = {}
    names: dict[str, None] = {}
    for i in order:
        begins.setdefault(int(found.known.vehicle[i]), []).append(int(reads.at[i]))
        names[str(known.names[int(reads.place[i])])] = None
    lag = {v: _lag(v, order, found) for v in begins}
    ranked = sorted(begins, key=lambda v: (lag[v], written.get(v, "")))
    apart = sorted(lag.values())
    gap = max((b - a for a, b in pairwise(apart)), default=0.0)
    facts = {
        "first": _time(int(reads.at[order[0]])),
        "last": _time(int(reads.at[order[-1]])),
        "plates": [written[v] for v in ranked if v in written],
        "n": len(names),
        "gap": round(gap),
        "places": list(names),
    }
    return Reason("trip", TRIP, facts, weight, {PLATE_READ: _rows(found, trip.reads)})


def _lag(vehicle: int, order: list[int], found: Joined) -> float:
    """Median seconds behind the first of the group, at the places of the trip."""
    reads = found.known.reads
    earliest: dict[int, int] = {}
    for i in order:
        place = int(reads.place[i])
        earliest[place] = min(earliest.get(place, 2**40), int(reads.at[i]))
    behind = [
        int(reads.at[i]) - earliest[int(reads.place[i])]
        for i in order
        if int(found.known.vehicle[i]) == vehicle
    ]
    return float(np.median(behind))


def _misread(group: Group, written: dict[int, str]) -> list[Reason]:
    reasons = []
    for vehicle in group.members:
        mine = [(row, read) for member, row, read in group.misread if member == vehicle]
        if mine:
            facts = {
                "plate": written[vehicle],
                "read": sorted({read for _, read in mine}),
                "n": len(mine),
            }
            rows: Rows = {PLATE_READ: [row for row, _ in mine]}
            reasons.append(Reason("misread", MISREAD, facts, 0.0, rows))
    return reasons


def _apart(group: Group, found: Joined, written: dict[int, str]) -> list[Reason]:
    """What speaks against: reads of each vehicle without the others."""
    reasons = []
    shared = {i for trip in group.trips for i in trip.reads}
    for vehicle in group.members:
        own = range(int(found.known.edges[vehicle]), int(found.known.edges[vehicle + 1]))
        alone = [i for i in own if i not in shared]
        if alone:
            facts = {"plate": written[vehicle], "n": len(alone), "all": len(own)}
            weight = -round(len(alone) / len(own), 2)
            rows: Rows = {PLATE_READ: _rows(found, alone)}
            reasons.append(Reason("apart", APART, facts, weight, rows))
    return reasons


def _time(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _rounded(power: float) -> str:
    """Ten to a power, as a person reads it."""
    if power < 6:
        return f"{10 ** max(power, 0):,.0f}".replace(",", " ")
    return f"10^{min(power, 99):.0f}"

"""One plate where one vehicle cannot be: too far too soon, or of two kinds. Misreads set apart."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import numpy as np
import pyarrow as pa
from ibis import Table, _
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.plates._distance import Distances, Limits
from faisceau.analyses.plates._near import writings
from faisceau.analyses.plates._passages import (
    Bools,
    Floats,
    Hashes,
    Ints,
    Places,
    Reads,
    by_vehicle,
    collected,
    compact,
    load,
    places,
)
from faisceau.analyses.plates._survey import survey
from faisceau.analyses.plates._tracks import JOURNEY_S, Tracks, tracks
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import PLATE_READ, Schema
from faisceau.words import N_

CLONE_READS = PLATE_READ[
    "plate", "camera_id", "read_at", "latitude", "longitude", "sensor_kind", "vehicle_kind"
]
TITLE = N_("{plate} is borne by two vehicles")
APART = N_(
    "At {first} at {one}, at {second} at {two}, {km} km away: {kmh} km/h in a straight line, "
    "{times} times as fast as is usual on the roads between"
)
TRACK = N_("The other vehicle drove {n} journeys of its own, past {places}")
KINDS = N_("Read as {one} {n} times and as {two} {m} times, on days of their own")
STRAY = N_("{n} single reads elsewhere may be misreads of other plates: they do not count")
METHOD = N_(
    "A plate read at two places, farther apart than a vehicle can drive in the time between, is "
    "borne by two vehicles, or misread. Its reads are parted into two journeys that each can be "
    "driven: it is a clone when the second makes journeys of its own, several times; single reads "
    "that fit no journey are taken for misreads."
)
Rows = dict[Schema | str, Sequence[int] | set[int]]
SHOWN = 8
LONG = 3
"""Reads of both journeys that make a single contradiction enough."""
LOOSE = 0.6
"""Share of the speed limit of vehicles from which a plate is looked at with all its reads."""


class CloneParams(Params):
    """What one vehicle cannot do."""

    kmh: float = Field(default=200.0, gt=0)
    """Kilometres an hour in a straight line that no vehicle drives from camera to camera."""
    faster: float = Field(default=1.8, gt=1)
    """Times as fast as is usual on the roads between that no vehicle drives."""
    times: int = Field(default=1, ge=1)
    """Times that the plate is where it cannot be, at least."""


@dataclass(frozen=True, slots=True)
class _Asked:
    plate_read: Table
    engine: Engine
    known: Places
    distances: Distances
    params: CloneParams


@dataclass(frozen=True, slots=True)
class _Parted:
    """A plate's reads, how they part in two, and where no vehicle gets from one to the next."""

    mine: slice
    parted: Tracks
    at: Ints


@analysis(reads=[CLONE_READS], kind=Kind.QUERY, version=1, method=METHOD)
def clone(plate_read: Table, params: CloneParams, engine: Engine) -> Iterator[Lead]:
    """One lead per plate that two vehicles bear, by falling score."""
    known = places(plate_read, engine)
    if not known.total:
        return
    distances = Distances(known, None)
    if not distances.mapped:
        roads, _nothing = survey(plate_read, engine, known, lambda reads, vehicle, until: None)
        distances = Distances(known, roads.drift)

    def doubtful(reads: Reads, vehicle: Ints, until: int) -> Hashes:
        hasty = haste(reads, vehicle, distances, Limits(LOOSE * params.kmh, np.inf))
        return np.asarray(reads.plate[1:][hasty > 1])

    roads, parts = survey(plate_read, engine, known, doubtful)
    distances = Distances(known, roads.drift)
    plates = np.unique(np.concatenate(parts))
    asked = _Asked(plate_read, engine, known, distances, params)
    leads = {lead.subjects[0].value: lead for lead in _two_places(asked, plates)}
    for lead in _two_kinds(asked):
        leads.setdefault(lead.subjects[0].value, lead)
    yield from sorted(leads.values(), key=lambda lead: (-lead.score, lead.subjects[0].value))


def haste(reads: Reads, vehicle: Ints, distances: Distances, limits: Limits) -> Floats:
    """Between each read and the next of its plate: its speed, where 1 is all a vehicle can do."""
    same = vehicle[1:] == vehicle[:-1]
    fixed = ~distances.places.moving[reads.place]
    same &= fixed[1:] & fixed[:-1] & (reads.place[1:] != reads.place[:-1])
    speed = np.zeros(len(same))
    at = np.flatnonzero(same)
    took = reads.at[at + 1] - reads.at[at]
    speed[at] = distances.haste(reads.place[at], reads.place[at + 1], took, limits)
    return speed


def _two_places(asked: _Asked, plates: Hashes) -> Iterator[Lead]:
    reads, vehicle = by_vehicle(
        load(asked.plate_read, asked.engine, asked.known, only=plates, rows=True)
    )
    if not len(reads):
        return
    limits = Limits(asked.params.kmh, asked.params.faster)
    wrong = haste(reads, vehicle, asked.distances, limits) > 1
    edges = np.searchsorted(vehicle, np.arange(int(vehicle[-1]) + 2))
    found: list[_Parted] = []
    for who in np.unique(vehicle[:-1][wrong & ~_strays(reads, vehicle, wrong)]).tolist():
        begin, end = int(edges[who]), int(edges[who + 1])
        mine = slice(begin, end)
        parted = tracks(reads.place[mine], reads.at[mine], asked.distances, limits)
        at = begin + np.flatnonzero(wrong[begin : end - 1])
        solid = parted.solid
        at = at[solid[at - begin] & solid[at + 1 - begin]]
        long = np.minimum(parted.length[at - begin], parted.length[at + 1 - begin]) >= LONG
        several = len(np.unique(reads.at[at] // (6 * 3600))) > 1
        sure = several or (parted.journeys > 1 and (len(at) > 1 or long.any()))
        if len(at) >= asked.params.times and sure:
            found.append(_Parted(mine, parted, at))
    if not found:
        return
    rows = np.concatenate([reads.row[one.mine] for one in found])
    texts = dict(zip(rows.tolist(), writings(asked.plate_read, asked.engine, rows), strict=True))
    for one in found:
        yield _lead(one, reads, asked, texts)


def _strays(reads: Reads, vehicle: Ints, wrong: Bools) -> Bools:
    """Contradictions that one read makes by itself: nobody reaches it, nobody gets on from it, and
    without it nothing is wrong; or no other read is near it in time."""
    near = (vehicle[1:] == vehicle[:-1]) & (np.diff(reads.at) <= JOURNEY_S)
    near &= np.diff(reads.place) != 0
    fits = near & ~wrong
    before, after = np.r_[False, fits[:-1]], np.r_[fits[1:], False]
    lonely = wrong & ~(before & after)  # the read before, or the one after, is of no journey
    count = np.bincount(vehicle[:-1][wrong], minlength=int(vehicle[-1]) + 1)
    return np.asarray(lonely & (count[vehicle[:-1]] <= 2))


def _lead(one: _Parted, reads: Reads, asked: _Asked, texts: dict[int, str]) -> Lead:
    mine, parted, at = one.mine, one.parted, one.at
    count = Counter(texts[int(row)] for row in reads.row[mine])
    plate = min(count, key=lambda text: (-count[text], text))
    name = asked.known.names
    km = asked.distances.km(reads.place[at], reads.place[at + 1])
    reasons = []
    for i, far in list(zip(at.tolist(), km.tolist(), strict=True))[:SHOWN]:
        took = max(int(reads.at[i + 1] - reads.at[i]), 1)
        facts = {
            "first": _time(reads.at[i]),
            "one": str(name[int(reads.place[i])]),
            "second": _time(reads.at[i + 1]),
            "two": str(name[int(reads.place[i + 1])]),
            "km": round(far),
            "kmh": round(far * 3600 / took),
            "times": round(asked.distances.usual_s(reads.place[i], reads.place[i + 1]) / took, 1),
        }
        rows: Rows = {PLATE_READ: [int(reads.row[i]), int(reads.row[i + 1])]}
        reasons.append(Reason("apart", APART, facts, 1.0, rows))
    other = np.flatnonzero(parted.other & parted.solid) + mine.start
    facts = {
        "n": parted.journeys,
        "places": sorted({str(name[int(p)]) for p in reads.place[other]})[:SHOWN],
    }
    its: Rows = {PLATE_READ: reads.row[other].tolist()}
    reasons.append(Reason("track", TRACK, facts, round(0.5 * parted.journeys, 2), its))
    stray = np.flatnonzero(~parted.solid) + mine.start
    if len(stray):
        lost: Rows = {PLATE_READ: reads.row[stray].tolist()}
        reasons.append(Reason("stray", STRAY, {"n": len(stray)}, -0.2, lost))
    odds = 0.6 * len(at) + 0.5 * parted.journeys - 1.5
    score = round(1 / (1 + math.exp(-min(odds, 12))), 6)
    return Lead(TITLE, [Subject("plate", plate)], score, reasons, {"plate": plate})


UNSURE = 0.02
"""Share of plates read as two kinds from which the sensors, not the plates, are in doubt."""
LEAST_READS, LEAST_DAYS = 3, 2
"""Of each kind."""


def _two_kinds(asked: _Asked) -> Iterator[Lead]:
    """Plates that are one kind of vehicle on some days and another on others."""
    told = asked.plate_read.filter(_.vehicle_kind.notnull())
    told = told.mutate(written=told.plate, plate=compact(told.plate))
    by_plate = told.group_by("plate").agg(
        reads=_.count(), one=_.vehicle_kind.min(), two=_.vehicle_kind.max()
    )
    several = by_plate.filter(_.reads >= 2 * LEAST_READS)
    named = several.mutate(name=ibis.ifelse(several.one != several.two, several.plate, ""))
    counted = collected(named.group_by("name").agg(n=_.count()), asked.engine)
    plates = sorted(name for name in counted["name"].to_pylist() if name)
    total = sum(counted["n"].to_pylist())
    if not plates or len(plates) > max(3, UNSURE * total):
        return
    chosen = told.semi_join(ibis.memtable(pa.table({"plate": plates})), ["plate"])
    days = chosen.mutate(day=chosen.read_at.date())
    by: dict[str, list[dict[str, object]]] = {}
    for row in asked.engine.rows(days.select("row_id", "plate", "vehicle_kind", "day", "written")):
        by.setdefault(str(row["plate"]), []).append(row)
    for plate in plates:
        yield from _of_two_kinds(sorted(by[plate], key=lambda row: str(row["row_id"])))


def _of_two_kinds(rows: list[dict[str, object]]) -> Iterator[Lead]:
    kinds = Counter(str(row["vehicle_kind"]) for row in rows)
    seen = Counter(kind for kind, _day in {(str(r["vehicle_kind"]), r["day"]) for r in rows})
    if len(kinds) != 2 or min(kinds.values()) < LEAST_READS or min(seen.values()) < LEAST_DAYS:
        return
    mixed = Counter(kind for _day, kind in {(r["day"], str(r["vehicle_kind"])) for r in rows})
    days = len({row["day"] for row in rows})
    if sum(mixed.values()) > 1.2 * days:  # both kinds on the same days: the sensors waver
        return
    (one, n), (two, m) = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
    facts = {"one": one, "n": n, "two": two, "m": m}
    cited: Rows = {PLATE_READ: [int(str(row["row_id"])) for row in rows]}
    texts = Counter(str(row["written"]) for row in rows)
    plate = min(texts, key=lambda text: (-texts[text], text))
    reason = Reason("kinds", KINDS, facts, 1.5, cited)
    yield Lead(TITLE, [Subject("plate", plate)], 0.6, [reason], {"plate": plate})


def _time(second: int) -> datetime:
    return datetime.fromtimestamp(int(second), UTC)

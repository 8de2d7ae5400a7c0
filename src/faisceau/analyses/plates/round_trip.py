"""There and straight back, again and again: vehicles that go far and stay briefly (go-fast)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.plates._distance import Distances
from faisceau.analyses.plates._near import writings
from faisceau.analyses.plates._passages import (
    READS,
    Hashes,
    Ints,
    Reads,
    by_vehicle,
    load,
    places,
)
from faisceau.analyses.plates._survey import Survey, survey
from faisceau.analyses.plates._tours import Bounds, Tours, stay_s, tours
from faisceau.analyses.plates._zone import inside
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import PLATE_READ, Schema
from faisceau.words import N_

TITLE = N_("{plate} goes to {place} and straight back, {n} times")
TOUR = N_(
    "Left {start} at {first}, was at {far}, {km} km away, at {turn}, and back at {back} by {last}; "
    "the longest pause was {pause} minutes"
)
REPEATED = N_("{n} such round trips, {places} each time")
NIGHT = N_("{n} of {all} round trips at night (between 21:00 and 06:00, Paris)")
DAY = N_("{n} of {all} round trips by day")
FAST = N_("Between cameras it drove {share} % faster than is usual there")
METHOD = N_(
    "A round trip leaves a place, reaches a point far from it and is back within hours, without a "
    "long stay. Vehicles that do so several times to the same area are shown; driving at night "
    "and faster than others on the same roads weighs more."
)
Rows = dict[Schema | str, Sequence[int] | set[int]]
PARIS = ZoneInfo("Europe/Paris")
HABIT_DAYS, HABIT = 8, 0.96
"""Tours, and how closely they leave at one hour (mean resultant length: 0.96 is an hour or so),
that make a habit of every day."""
PLAIN = 0.4
"""Twice by day, at the speed of others, is everybody: below this, a lead needs a zone asked for."""
SHOWN = 12


class RoundTripParams(Params):
    """What counts as going there and straight back."""

    zone: str = ""
    """Where they turn: cameras (A1,A2), a circle (48.85,2.35,20 km), a polygon (48 2; 49 2; …)."""
    far_km: float = Field(default=30.0, ge=0)
    """Kilometres from where they start, in a straight line, at least."""
    within_h: float = Field(default=14.0, gt=0, le=72)
    """Hours from leaving to being back, at most."""
    stay_h: float = Field(default=3.0, gt=0, le=24)
    """Hours at one place, at most."""
    times: int = Field(default=2, ge=1)
    """Round trips to the same area, at least."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the leads are made from."""

    reads: Reads
    vehicle: Ints
    roads: Survey
    found: Tours
    pause: Ints


@analysis(reads=[READS], kind=Kind.QUERY, version=1, method=METHOD)
def round_trip(plate_read: Table, params: RoundTripParams, engine: Engine) -> Iterator[Lead]:
    """One lead per plate that goes far and straight back again and again, by falling score."""
    known = places(plate_read, engine)
    if not known.total:
        return
    zone = inside(params.zone, known) if params.zone else None
    bounds = Bounds(0.0 if params.zone else params.far_km, params.within_h, params.stay_h)
    distances = Distances(known, None)
    if not distances.mapped:
        roads, _ = survey(plate_read, engine, known, lambda reads, vehicle, until: None)
        distances = Distances(known, roads.drift)

    def turned(reads: Reads, vehicle: Ints, until: int) -> Hashes:
        return np.asarray(reads.plate[tours(reads, vehicle, distances, bounds, zone).far])

    roads, parts = survey(plate_read, engine, known, turned)
    plates = np.unique(np.concatenate(parts))
    reads, vehicle = by_vehicle(load(plate_read, engine, known, only=plates, rows=True))
    found = tours(reads, vehicle, distances, bounds, zone)
    pause = stay_s(reads, found, roads.drift)
    brief = pause <= bounds.stay_h * 3600
    kept = _repeated(found.take(np.flatnonzero(brief)), reads, vehicle, distances, params.times)
    found = _unusual(kept, reads, vehicle)
    rows = reads.row[found.start]
    written = dict(zip(rows.tolist(), writings(plate_read, engine, rows), strict=True))
    made = _Known(reads, vehicle, roads, found, stay_s(reads, found, roads.drift))
    leads = []
    for who in np.unique(vehicle[found.start]).tolist():
        mine = np.flatnonzero(vehicle[found.start] == who)
        names = [written[int(reads.row[found.start[i]])] for i in mine]
        plate = max(sorted(set(names)), key=names.count)
        leads.append(_lead(plate, mine, made))
    leads = [lead for lead in leads if params.zone or lead.score >= PLAIN]
    yield from sorted(leads, key=lambda lead: (-lead.score, lead.subjects[0].value))


def _repeated(found: Tours, reads: Reads, vehicle: Ints, distances: Distances, times: int) -> Tours:
    """Tours of each vehicle to the area where it goes most often, if often enough."""
    who = vehicle[found.far]
    kept = []
    for one in np.flatnonzero(np.bincount(who) >= times).tolist() if len(found) else []:
        mine = np.flatnonzero(who == one)
        place = reads.place[found.far[mine]]
        apart = distances.km(np.repeat(place, len(place)), np.tile(place, len(place)))
        close = apart.reshape(len(place), -1) <= np.maximum(0.3 * found.km[mine], 1.0)[:, None]
        busiest = int(np.argmax(close.sum(axis=1)))
        if close[busiest].sum() >= times:
            kept.append(mine[close[busiest]])
    chosen = np.concatenate(kept) if kept else np.empty(0, np.int64)
    return found.take(chosen)


def _unusual(found: Tours, reads: Reads, vehicle: Ints) -> Tours:
    """Without the tours of who leaves at the same hour of most days: work, not a go-fast."""
    hour = reads.at[found.start] / 3600 % 24
    who = vehicle[found.start]
    kept = np.ones(len(found), bool)
    for one in np.unique(who).tolist():
        mine = who == one
        angle = hour[mine] / 24 * 2 * np.pi
        regular = float(np.abs(np.exp(1j * angle).mean()))
        if mine.sum() >= HABIT_DAYS and regular >= HABIT:
            kept[mine] = False
    return found.take(np.flatnonzero(kept))


def _lead(plate: str, mine: Ints, made: _Known) -> Lead:
    reads, found = made.reads, made.found
    spans = [range(int(found.start[i]), int(found.back[i]) + 1) for i in mine]
    rows = sorted({int(reads.row[i]) for span in spans for i in span})
    name = made.roads.places.names
    nights = sum(_by_night(int(reads.at[found.far[i]])) for i in mine)
    fast = _faster(spans, made)
    n = len(mine)
    everything: Rows = {PLATE_READ: rows}
    far = sorted({str(name[int(reads.place[found.far[i]])]) for i in mine})
    reasons = [_tour(int(i), span, made) for i, span in list(zip(mine, spans, strict=True))[:SHOWN]]
    weight = 0.8 * (n - 1)
    reasons.append(
        Reason("repeated", REPEATED, {"n": n, "places": far}, round(weight, 2), everything)
    )
    at_night = 1.2 * nights / n
    text, count = (NIGHT, nights) if nights else (DAY, n)
    night = Reason(
        "night" if nights else "day",
        text,
        {"n": count, "all": n},
        round(at_night if nights else -0.5, 2),
        everything,
    )
    reasons.append(night)
    if fast > 0.05:
        reasons.append(
            Reason("fast", FAST, {"share": round(100 * fast)}, round(4 * fast, 2), everything)
        )
    odds = weight + (at_night if nights else -0.5) + 4 * max(fast, 0.0) - 1.0
    score = round(1 / (1 + math.exp(-odds)), 6)
    facts = {"plate": plate, "place": far[0], "n": n}
    return Lead(TITLE, [Subject("plate", plate)], score, reasons, facts)


def _tour(i: int, span: range, made: _Known) -> Reason:
    reads, found, name = made.reads, made.found, made.roads.places.names
    start, far, back = int(found.start[i]), int(found.far[i]), int(found.back[i])
    facts = {
        "start": str(name[int(reads.place[start])]),
        "first": _time(reads.at[start]),
        "far": str(name[int(reads.place[far])]),
        "km": round(float(found.km[i])),
        "turn": _time(reads.at[far]),
        "back": str(name[int(reads.place[back])]),
        "last": _time(reads.at[back]),
        "pause": round(int(made.pause[i]) / 60),
    }
    rows: Rows = {PLATE_READ: [int(reads.row[k]) for k in span]}
    return Reason("round_trip", TOUR, facts, 0.5, rows)


def _faster(spans: list[range], made: _Known) -> float:
    """How much faster than usual it drives, as a share: the median over its legs."""
    hours = made.roads.drift.hours
    if not hours.size:
        return 0.0
    legs = np.array([i for span in spans for i in span[:-1]], np.int64)
    start, end = made.reads.place[legs], made.reads.place[legs + 1]
    took = made.reads.at[legs + 1] - made.reads.at[legs]
    usual = hours[start, end]
    moving = (start != end) & np.isfinite(usual) & (took > 0) & (took < 1.5 * usual)
    if not moving.any():
        return 0.0
    return float(np.median(usual[moving] / took[moving]) - 1)


def _by_night(second: int) -> bool:
    hour = datetime.fromtimestamp(second, UTC).astimezone(PARIS).hour
    return hour >= 21 or hour < 6


def _time(second: int) -> datetime:
    return datetime.fromtimestamp(int(second), UTC)

"""How a plate lives: usual places and hours, home, first seen, breaks in habit; who meets where."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pyarrow as pa
from ibis import Table, _
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.plates._criteria import NAMES, READS, Scene, judged, scene
from faisceau.analyses.plates._passages import Ints, collected, compact, seconds
from faisceau.analyses.plates._plates import compacted
from faisceau.analyses.plates._words import parsed
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.clock import DAY_S, local, wall
from faisceau.tables.schemas import PLATE_READ, Schema
from faisceau.words import N_

LIFE = N_("How {plate} lives: {days} days between {first} and {last}")
STAYS = N_("{plate} stays {days} days, from {first} to {last}")
SEEN = N_("First seen {first} at {place}, last {last}; {n} reads on {days} days")
PLACES = N_("Usual places: {places}")
HOURS = N_("Usual hours: {hours}; {night} % of its reads at night (21:00 to 06:00)")
HOME = N_("Its days begin or end at {place} {n} times of {all}: it may be at home near there")
WEEKLY = (
    N_("Each Monday at {place}: {n} weeks of {all}"),
    N_("Each Tuesday at {place}: {n} weeks of {all}"),
    N_("Each Wednesday at {place}: {n} weeks of {all}"),
    N_("Each Thursday at {place}: {n} weeks of {all}"),
    N_("Each Friday at {place}: {n} weeks of {all}"),
    N_("Each Saturday at {place}: {n} weeks of {all}"),
    N_("Each Sunday at {place}: {n} weeks of {all}"),
)
BREAK = N_("A break in habit on {day}: {place} for the first time in {before} days")
PRESENT = N_("Read on {days} days; never more than {gap} days without a read")
MEET = N_("Plates of interest meet at {place}: {plates}")
MET = N_("{plates} were at {place} within {minutes} minutes of one another on {days} days: {when}")
METHOD = N_(
    "The reads of a plate are counted by place, hour, weekday and day. Nothing is predicted: each "
    "sentence counts what the reads show."
)
Rows = dict[Schema | str, Sequence[int] | set[int]]
SHOWN = 8
BREAK_DAYS = 14


class PatternParams(Params):
    """Whose life, or how long a stay."""

    plates: str = ""
    """Plates of interest, separated by commas; empty: whoever stays long enough."""
    stay_days: float = Field(default=14.0, gt=0)
    """Days from first to last read of a stay, at least, when no plates are given."""
    gap_days: float = Field(default=7.0, gt=0)
    """Days without a read that end a stay."""
    where: str = ""
    """Which reads count: not kind:2P, zone:…, as in plates.search."""
    meet_minutes: int = Field(default=30, ge=1)
    """Minutes between two plates of interest at one place that make a meeting."""
    timezone: str = "Europe/Paris"
    """The clock that hours and days are of."""
    limit: int = Field(default=200, ge=1)
    """Findings, at most: the longest stays."""


@dataclass(frozen=True, slots=True)
class _Life:
    """The reads of some plates, by plate and time."""

    row: Ints
    plate: Ints
    names: list[str]
    written: list[str]
    camera: list[str]
    at: Ints


@analysis(reads=[READS], kind=Kind.QUERY, version=1, method=METHOD)
def pattern(plate_read: Table, params: PatternParams, engine: Engine) -> Iterator[Lead]:
    """One lead per plate of interest, or per long stay; one per place where such plates meet."""
    here = scene(plate_read, engine, params.timezone, tolerant=False)
    zone = here.zone
    kept = [plate_read.read_at.notnull()]
    if params.where:
        kept.append(judged(parsed(params.where, NAMES), plate_read, here))
    table = plate_read.filter(reduce(and_, kept))
    table = table.mutate(compact_=compact(table.plate))
    wanted = [compacted(p) for p in params.plates.split(",") if compacted(p)]
    chosen = wanted or _stayers(table, here, params, engine)
    if not chosen:
        return
    life = _life(table, chosen, engine)
    edges = np.searchsorted(life.plate, np.arange(len(life.names) + 1)).tolist()
    leads = [
        _lead(life, range(begin, end), zone, params)
        for begin, end in pairwise(edges)
        if end > begin
    ]
    if wanted:
        leads += _meetings(life, zone, params)
    leads.sort(key=lambda lead: (-lead.score, [s.value for s in lead.subjects]))
    yield from leads[: params.limit]


def _stayers(table: Table, here: Scene, params: PatternParams, engine: Engine) -> list[str]:
    """Plates whose reads go on long enough without a long pause."""
    days = table.mutate(day=wall(table.read_at, here.offsets) // DAY_S)
    first_last = days.group_by("compact_").agg(first=_.day.min(), last=_.day.max())
    long = first_last.filter((_.last - _.first) >= int(params.stay_days)).select("compact_")
    each = days.semi_join(long, ["compact_"]).select("compact_", "day").distinct()
    rows = collected(each, engine).sort_by([("compact_", "ascending"), ("day", "ascending")])
    names = np.array(rows["compact_"].to_pylist(), dtype=object)
    day = rows["day"].to_numpy()
    if not len(day):
        return []
    broken = np.r_[True, (names[1:] != names[:-1]) | (np.diff(day) > params.gap_days)]
    begins = np.flatnonzero(broken)
    ends = np.r_[begins[1:], len(day)] - 1
    stays = day[ends] - day[begins]
    order = [i for i in np.argsort(-stays, kind="stable") if stays[i] >= params.stay_days]
    return list(dict.fromkeys(str(names[begins[i]]) for i in order))[: params.limit]


def _life(table: Table, chosen: list[str], engine: Engine) -> _Life:
    wanted = ibis.memtable(pa.table({"compact_": sorted(set(chosen))}))
    reads = table.semi_join(wanted, ["compact_"])
    rows = collected(
        reads.select("row_id", "compact_", "plate", "camera_id", "read_at"), engine
    ).sort_by([("compact_", "ascending"), ("read_at", "ascending"), ("row_id", "ascending")])
    texts = np.array(rows["compact_"].to_pylist(), dtype=object)
    names, codes = np.unique(texts.astype(str), return_inverse=True)
    return _Life(
        rows["row_id"].to_numpy(),
        codes.astype(np.int64),
        [str(name) for name in names],
        rows["plate"].to_pylist(),
        rows["camera_id"].to_pylist(),
        seconds(rows["read_at"].combine_chunks()),
    )


def _lead(life: _Life, span: range, zone: ZoneInfo, params: PatternParams) -> Lead:
    when = [local(life.at[i], zone) for i in span]
    cameras = [life.camera[i] for i in span]
    texts = Counter(life.written[i] for i in span)
    plate = min(texts, key=lambda text: (-texts[text], text))
    days = sorted({time.date() for time in when})
    every: Rows = {PLATE_READ: [int(life.row[i]) for i in span]}
    usual = Counter(cameras)
    facts: dict[str, Any] = {
        "first": when[0],
        "place": cameras[0],
        "last": when[-1],
        "n": len(span),
        "days": len(days),
    }
    reasons = [Reason("seen", SEEN, facts, 0.5, every)]
    listed = [f"{c} ({n})" for c, n in sorted(usual.items(), key=lambda c: (-c[1], c[0]))[:SHOWN]]
    reasons.append(Reason("places", PLACES, {"places": listed}, 0.3, every))
    hours = Counter(time.hour for time in when)
    most = sorted(sorted(hours, key=lambda h: (-hours[h], h))[:3])
    night = sum(time.hour >= 21 or time.hour < 6 for time in when)
    facts = {"hours": [f"{h:02d}:00" for h in most], "night": round(100 * night / len(when))}
    reasons.append(Reason("hours", HOURS, facts, 0.3, every))
    gap = max((b - a for a, b in pairwise(days)), default=timedelta(0)).days
    reasons.append(Reason("present", PRESENT, {"days": len(days), "gap": gap}, 0.3, every))
    reasons += _home(life, span, when)
    reasons += _weekly(life, span, when)
    reasons += _breaks(life, span, when)
    length = (days[-1] - days[0]).days
    title, score = (LIFE, 0.7) if params.plates else (STAYS, round(length / (length + 14), 6))
    told = {
        "plate": plate,
        "days": len(days) if params.plates else length,
        "first": days[0],
        "last": days[-1],
    }
    return Lead(title, [Subject("plate", plate)], score, reasons, told)


def _home(life: _Life, span: range, when: list[Any]) -> list[Reason]:
    """Where days begin and end."""
    edges = [
        i
        for i, time in zip(span, when, strict=True)
        if (i == span.start or when[i - span.start - 1].date() != time.date())
        or (i == span.stop - 1 or when[i - span.start + 1].date() != time.date())
    ]
    count = Counter(life.camera[i] for i in edges)
    place = min(count, key=lambda c: (-count[c], c))
    if count[place] < 4 or count[place] * 3 < len(edges):
        return []
    rows: Rows = {PLATE_READ: [int(life.row[i]) for i in edges if life.camera[i] == place]}
    facts = {"place": place, "n": count[place], "all": len(edges)}
    return [Reason("home", HOME, facts, 0.4, rows)]


def _weekly(life: _Life, span: range, when: list[Any]) -> list[Reason]:
    """Returns to a place on one weekday, week after week, and not on most other days."""
    weeks = max(1, ((when[-1].date() - when[0].date()).days + 7) // 7)
    met: dict[tuple[int, str], dict[date, list[int]]] = {}
    by_place: dict[str, set[date]] = {}
    for i, time in zip(span, when, strict=True):
        day = time.date()
        met.setdefault((day.weekday(), life.camera[i]), {}).setdefault(day, []).append(i)
        by_place.setdefault(life.camera[i], set()).add(day)
    found = [
        (len(days), weekday, place, [i for d in sorted(days) for i in days[d]])
        for (weekday, place), days in met.items()
        if len(days) >= max(3, 0.7 * weeks) and 2 * len(days) > len(by_place[place])
    ]
    reasons = []
    for n, weekday, place, at in sorted(found, key=lambda f: (-f[0], f[1], f[2]))[:3]:
        rows: Rows = {PLATE_READ: [int(life.row[i]) for i in at]}
        facts = {"place": place, "n": n, "all": weeks}
        reasons.append(Reason("weekly", WEEKLY[weekday], facts, 0.5, rows))
    return reasons


def _breaks(life: _Life, span: range, when: list[Any]) -> list[Reason]:
    """Places new after weeks of reads: the latest."""
    seen: set[str] = set()
    reasons = []
    for i, time in zip(span, when, strict=True):
        before = (time.date() - when[0].date()).days
        if life.camera[i] not in seen and before >= BREAK_DAYS:
            facts = {"day": time.date(), "place": life.camera[i], "before": before}
            rows: Rows = {PLATE_READ: [int(life.row[i])]}
            reasons.append(Reason("break", BREAK, facts, 0.2, rows))
        seen.add(life.camera[i])
    return reasons[-3:]


def _meetings(life: _Life, zone: ZoneInfo, params: PatternParams) -> list[Lead]:
    """Places where two or more of the plates were close in time, on the most days."""
    by_place: dict[str, list[int]] = {}
    for i, camera in enumerate(life.camera):
        by_place.setdefault(camera, []).append(i)
    leads = []
    for place, reads in sorted(by_place.items()):
        reads.sort(key=lambda i: (int(life.at[i]), int(life.row[i])))
        met: set[int] = set()
        for one, two in pairwise(reads):
            close = life.at[two] - life.at[one] <= params.meet_minutes * 60
            if close and life.plate[one] != life.plate[two]:
                met |= {one, two}
        if not met:
            continue
        at = sorted(met, key=lambda i: (int(life.at[i]), int(life.row[i])))
        times = [local(life.at[i], zone) for i in at]
        names = sorted({life.written[i] for i in at})
        days = sorted({time.date() for time in times})
        facts = {
            "plates": names,
            "place": place,
            "minutes": params.meet_minutes,
            "days": len(days),
            "when": times[:SHOWN],
        }
        rows: Rows = {PLATE_READ: [int(life.row[i]) for i in at]}
        reason = Reason("met", MET, facts, 1.0, rows)
        subjects = [Subject("place", place), *(Subject("plate", name) for name in names)]
        score = round(len(days) / (len(days) + 2), 6)
        leads.append(Lead(MEET, subjects, score, [reason], {"place": place, "plates": names}))
    return leads

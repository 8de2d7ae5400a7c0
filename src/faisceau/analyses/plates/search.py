"""Which vehicles: plates by several criteria at once, and by sequences of places."""

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence as Listed
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from ibis import Table
from ibis import expr as ex
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.plates._criteria import NAMES, READS, Scene, judged, scene
from faisceau.analyses.plates._passages import Bools, Ints, collected, compact, seconds
from faisceau.analyses.plates._plates import alike, compacted, formats
from faisceau.analyses.plates._words import Is, Sequence, parsed, sequence
from faisceau.errors import UsageError
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.clock import local
from faisceau.tables.schemas import PLATE_READ, Schema
from faisceau.words import N_

TITLE = N_("{plate}, read {n} times as asked")
READ = N_("{n} reads, from {first} to {last}, at {places} cameras: {cameras}")
FOLLOWED = N_("{steps}, on {days} days: {when}")
AS_READ = N_("Written as {written} in the reads; asked for {asked}, it may be misread")
FORMAT = N_("The plate is of the format {formats}")
METHOD = N_(
    "Every read that meets the conditions is found and shown by plate. Nothing is guessed: a plate "
    "is taken for another only when asked to allow for misreads, and then by one character or by "
    "characters that look alike."
)
Rows = dict[Schema | str, Listed[int] | set[int]]
SIMPLE = ("plate", "camera", "zone", "hours", "days", "since", "until")
SHOWN = 12


class SearchParams(Params):
    """What is asked; conditions are all to be met. ``*`` stands for any signs, ``?`` for one."""

    plate: str = ""
    """Plates, separated by commas: AB-123-CD, AB-1??-CD, *123*."""
    tolerant: bool = False
    """Allow for misreads: characters that look alike, or one character wrong."""
    camera: str = ""
    """Cameras, separated by commas."""
    zone: str = ""
    """A circle (48.85,2.35,20), a polygon (48 2; 49 2; 49 3) or cameras."""
    hours: str = ""
    """Times of the day: 21:00-06:00."""
    days: str = ""
    """Weekdays or dates: mon-fri, sat, 2026-09-01..2026-09-08."""
    since: str = ""
    """From this day or time on."""
    until: str = ""
    """To this day or time, the day included."""
    where: str = ""
    """More conditions: country:D and (kind:lorry or direction:N) and not service:douane. Fields:
    plate, misread, format, country, kind, camera, service, sensor, direction, zone, hours, days,
    since, until, confidence."""
    sequence: str = ""
    """Places one after the other: A1 then A7 within 40 minutes."""
    on_days: int = Field(default=1, ge=1)
    """Days on which the sequence happens, at least."""
    reads: int = Field(default=1, ge=1)
    """Reads of a plate that meet the conditions, at least."""
    timezone: str = "Europe/Paris"
    """The clock that hours and days are of."""
    limit: int = Field(default=1000, ge=1)
    """Findings, at most."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Reads that meet the conditions, by plate and time; which steps each is of."""

    rows: Ints
    plate: Ints
    names: list[str]
    """Of each plate: letters and digits alone."""
    at: Ints
    written: pa.Array
    camera: pa.Array
    steps: list[Bools]


@analysis(reads=[READS], kind=Kind.QUERY, version=1, method=METHOD)
def search(plate_read: Table, params: SearchParams, engine: Engine) -> Iterator[Lead]:
    """One lead per plate with reads that meet the conditions, most reads first.

    The score is 1 for an exact answer, less for a plate that may be a misread one.
    """
    simple = {name: str(getattr(params, name)) for name in SIMPLE if getattr(params, name)}
    if not (simple or params.where or params.sequence):
        raise UsageError(
            N_("Nothing is asked"), hint=N_("For example: --set plate=AB-123-CD --set hours=21-6")
        )
    here = scene(plate_read, engine, params.timezone, tolerant=params.tolerant)
    kept = [judged(Is(name, value), plate_read, here) for name, value in simple.items()]
    if params.where:
        kept.append(judged(parsed(params.where, NAMES), plate_read, here))
    way = sequence(params.sequence, NAMES) if params.sequence else None
    steps = [judged(step, plate_read, here) for step in way.steps] if way else []
    if steps:
        kept.append(reduce(or_, steps))
    found = _found(plate_read, reduce(and_, kept), steps, engine)
    asked = [compacted(p) for p in params.plate.split(",") if not set(p) & {"*", "?"}]
    for plate, hits in _answers(found, params, here, way):
        yield _lead(found, plate, hits, _Asked(params, here.zone, [a for a in asked if a]))


@dataclass(frozen=True, slots=True)
class _Asked:
    params: SearchParams
    zone: ZoneInfo
    plates: list[str]


def _found(
    plate_read: Table,
    kept: ex.types.BooleanValue,
    steps: list[ex.types.BooleanValue],
    engine: Engine,
) -> _Found:
    flags = {f"step_{n}": step for n, step in enumerate(steps)}
    table = plate_read.mutate(kept_=kept, compact_=compact(plate_read.plate), **flags)
    table = table.filter(table.kept_)
    chosen = table.select("row_id", "plate", "compact_", "camera_id", "read_at", *flags)
    rows = collected(chosen, engine).sort_by(
        [("compact_", "ascending"), ("read_at", "ascending"), ("row_id", "ascending")]
    )
    coded = rows["compact_"].combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return _Found(
        rows["row_id"].to_numpy(),
        np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64),
        coded.dictionary.to_pylist(),
        seconds(_whole(rows["read_at"])),
        _whole(rows["plate"]),
        _whole(rows["camera_id"]),
        [np.asarray(rows[name].to_numpy(), bool) for name in flags],
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)


def _answers(
    found: _Found, params: SearchParams, here: Scene, way: Sequence | None
) -> list[tuple[int, Ints]]:
    """Plates with enough reads (or days of the sequence), most first; the hits of each: a row of
    positions a hit."""
    hits = _chains(found, way) if way else np.arange(len(found.at))[:, None]
    plate = found.plate[hits[:, 0]]
    begins = np.flatnonzero(np.r_[True, plate[1:] != plate[:-1]][: len(plate)])
    ends = np.r_[begins[1:], len(plate)][: len(begins)]
    made = []
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        mine = hits[begin:end]
        if end - begin < params.reads:
            continue
        if way and params.on_days > 1:
            days = {local(found.at[i], here.zone).date() for i in mine[:, 0]}
            if len(days) < params.on_days:
                continue
        made.append((int(plate[begin]), mine))
    made.sort(key=lambda one: (-len(one[1]), found.names[one[0]]))
    return made[: params.limit]


def _chains(found: _Found, way: Sequence) -> Ints:
    """Positions of the reads of each passage through the steps: each the first in time after the
    one before."""
    width = np.int64(2**33)
    key = found.plate * width + found.at
    made = np.flatnonzero(found.steps[0])[:, None]
    for step in found.steps[1:]:
        there = np.flatnonzero(step)
        if not len(there):
            return np.empty((0, len(found.steps)), np.int64)
        last = made[:, -1]
        spot = np.searchsorted(key[there], key[last], side="right")
        after = there[np.minimum(spot, len(there) - 1)]
        good = (spot < len(there)) & (found.plate[after] == found.plate[last])
        good &= found.at[after] - found.at[last] <= way.within_s
        made = np.concatenate([made[good], after[good][:, None]], axis=1)
    return made


def _lead(found: _Found, plate: int, hits: Ints, asked: _Asked) -> Lead:
    every = np.unique(hits)
    texts = Counter(found.written.take(pa.array(every)).to_pylist())
    name = min(texts, key=lambda text: (-texts[text], text))
    cameras = Counter(found.camera.take(pa.array(every)).to_pylist())
    rows: Rows = {PLATE_READ: found.rows[every].tolist()}
    facts: dict[str, Any] = {
        "n": len(every),
        "first": local(found.at[every].min(), asked.zone),
        "last": local(found.at[every].max(), asked.zone),
        "places": len(cameras),
        "cameras": [c for c, _n in sorted(cameras.items(), key=lambda c: (-c[1], c[0]))][:SHOWN],
    }
    reasons = [Reason("read", READ, facts, 1.0, rows)]
    if hits.shape[1] > 1:
        reasons.append(_followed(found, hits, asked, rows))
    score = 1.0
    if asked.plates and found.names[plate] not in asked.plates:
        score = 0.6
        near = [a for a in asked.plates if alike(a, found.names[plate])] or asked.plates
        said = {"written": name, "asked": near}
        reasons.append(Reason("misread", AS_READ, said, -0.4, rows))
    known = formats(name)
    if known:
        reasons.append(Reason("format", FORMAT, {"formats": known}, 0.0, rows))
    return Lead(TITLE, [Subject("plate", name)], score, reasons, {"plate": name, "n": len(every)})


def _followed(found: _Found, hits: Ints, asked: _Asked, rows: Rows) -> Reason:
    times = [local(found.at[i], asked.zone) for i in hits[:, 0]]
    cameras = [str(found.camera[int(i)]) for i in hits[0]]
    facts = {
        "steps": " → ".join(cameras),
        "days": len({time.date() for time in times}),
        "when": times[:SHOWN],
    }
    return Reason("sequence", FOLLOWED, facts, 1.0, rows)

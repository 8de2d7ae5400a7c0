"""What can be asked of a read: each field as a condition over ``plate_read``."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, reduce
from operator import or_
from zoneinfo import ZoneInfo

import ibis
from ibis import Table
from ibis.expr.types import BooleanValue as Truth

from faisceau.analyses import Engine
from faisceau.analyses.plates._passages import (
    Places,
    collected,
    compact,
    moment,
    place,
    places,
    seconds,
)
from faisceau.analyses.plates._plates import CONFUSABLE, FORMATS, compacted, skeleton
from faisceau.analyses.plates._words import Both, Condition, Either, Is, Not
from faisceau.analyses.plates._zone import inside
from faisceau.errors import UsageError
from faisceau.tables.clock import DAY_S, changes, local, wall, zone_named
from faisceau.tables.schemas import PLATE_READ
from faisceau.words import N_

READS = PLATE_READ[
    "plate",
    "country",
    "camera_id",
    "service",
    "read_at",
    "latitude",
    "longitude",
    "direction",
    "confidence",
    "vehicle_kind",
    "sensor_kind",
]
WEEKDAYS = {
    name: number
    for names in ("mon tue wed thu fri sat sun", "lun mar mer jeu ven sam dim")
    for number, name in enumerate(names.split())
}
COLUMNS = {
    "country": "country",
    "camera": "camera_id",
    "service": "service",
    "direction": "direction",
    "kind": "vehicle_kind",
    "sensor": "sensor_kind",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What a condition is judged against: the places, the zone's offsets, tolerance."""

    places: Callable[[], Places]
    """Asked for when a condition is about a zone: it takes a pass over all reads."""
    zone: ZoneInfo
    offsets: list[tuple[int, int]]
    tolerant: bool


def scene(plate_read: Table, engine: Engine, timezone: str, *, tolerant: bool) -> Scene:
    """The scene of all reads, on the clock of ``timezone``."""
    zone = zone_named(timezone)
    span = collected(
        plate_read.agg(first=plate_read.read_at.min(), last=plate_read.read_at.max()), engine
    )
    offsets = [(0, 0)]
    if span["first"].null_count == 0:
        first, last = (int(seconds(span[name].combine_chunks())[0]) for name in ("first", "last"))
        offsets = changes(zone, local(first, zone), local(last, zone))
    return Scene(cache(lambda: places(plate_read, engine)), zone, offsets, tolerant)


def judged(what: Condition, table: Table, scene: Scene) -> Truth:
    """A condition as an expression over the reads."""
    if isinstance(what, Not):
        return ~judged(what.what, table, scene)
    if isinstance(what, Both):
        return judged(what.one, table, scene) & judged(what.two, table, scene)
    if isinstance(what, Either):
        return judged(what.one, table, scene) | judged(what.two, table, scene)
    return FIELDS[what.field](what, table, scene).fill_null(False)


def _plate(what: Is, table: Table, scene: Scene) -> Truth:
    """Plates, separated by commas; ``*`` any signs, ``?`` one; else exact or as misread."""
    return _any(_one_plate(part, table, scene.tolerant) for part in what.value.split(","))


def _misread(what: Is, table: Table, scene: Scene) -> Truth:
    return _any(_one_plate(part, table, True) for part in what.value.split(","))


def _one_plate(text: str, table: Table, tolerant: bool) -> Truth:
    plate = compact(table.plate)
    if "*" in text or "?" in text:
        signs = [c for c in text.upper() if c.isalnum() or c in "*?"]
        pattern = "".join({"*": ".*", "?": "."}.get(c, _sign(c, tolerant)) for c in signs)
        return plate.re_search(f"^{pattern}$")
    wanted = compacted(text)
    if not tolerant:
        return plate == wanted
    alphabet = "".join(CONFUSABLE)
    same = "".join(group[-1] * len(group) for group in CONFUSABLE)
    near = plate.length().between(len(wanted) - 1, len(wanted) + 1)
    return (plate.translate(alphabet, same) == skeleton(wanted)) | (
        near & (plate.levenshtein(wanted) <= 1)
    )


def _sign(sign: str, tolerant: bool) -> str:
    group = next((g for g in CONFUSABLE if sign in g), sign) if tolerant else sign
    return f"[{group}]" if len(group) > 1 else re.escape(group)


def _text(what: Is, table: Table, scene: Scene) -> Truth:
    """Values separated by commas, whatever their capitals; ``*`` stands for any signs."""
    column = table[COLUMNS[what.field]].cast("string")

    def one(value: str) -> Truth:
        if "*" in value:
            pattern = re.escape(value.upper()).replace(r"\*", ".*")
            return column.upper().re_search(f"^{pattern}$")
        return column.upper() == value.upper()

    return _any(one(value.strip()) for value in what.value.split(","))


def _format(what: Is, table: Table, scene: Scene) -> Truth:
    names = [name.strip().upper() for name in what.value.split(",")]
    unknown = [n for n in names if n not in FORMATS]
    if unknown:
        raise _unfit(what, N_("formats are {known}"), known=sorted(FORMATS))
    plate = compact(table.plate)
    return _any(plate.re_search(f"^(?:{FORMATS[name]})$") for name in names)


def _zone(what: Is, table: Table, scene: Scene) -> Truth:
    known = scene.places()
    chosen = inside(what.value, known)
    names = [str(n) for n, there in zip(known.names.to_pylist(), chosen, strict=True) if there]
    if not names:
        return ibis.literal(False)
    return (place(table) if any("@" in name for name in names) else table.camera_id).isin(names)


def _hours(what: Is, table: Table, scene: Scene) -> Truth:
    match = re.fullmatch(r"(\d{1,2})(?:[:h](\d\d)?)?-(\d{1,2})(?:[:h](\d\d)?)?", what.value)
    if match is None or int(match[1]) > 24 or int(match[3]) > 24:
        raise _unfit(what, N_("write hours as 21:00-06:00"))
    begin = int(match[1]) * 3600 + int(match[2] or 0) * 60
    end = int(match[3]) * 3600 + int(match[4] or 0) * 60
    second = wall(table.read_at, scene.offsets) % DAY_S
    if begin <= end:
        return (second >= begin) & (second < end)
    return (second >= begin) | (second < end)


def _days(what: Is, table: Table, scene: Scene) -> Truth:
    """Weekdays (mon,tue or mon-fri), dates, or a span of dates (2026-09-01..2026-09-08)."""
    day = wall(table.read_at, scene.offsets) // DAY_S

    def one(text: str) -> Truth:
        first, dots, last = text.partition("..")
        dates = re.fullmatch(r"\d{4}-\d\d-\d\d", first)
        if dates:
            begin = _day(first, what)
            return day.between(begin, _day(last, what) if dots else begin)
        names = [name[:3] for name in text.casefold().split("-")]
        if not 1 <= len(names) <= 2 or any(name not in WEEKDAYS for name in names):
            raise _unfit(what, N_("write days as mon-fri, sat or 2026-09-01..2026-09-08"))
        begin, end = WEEKDAYS[names[0]], WEEKDAYS[names[-1]]
        wanted = [(begin + n) % 7 for n in range((end - begin) % 7 + 1)]
        return ((day + 3) % 7).isin(wanted)

    return _any(one(text.strip()) for text in what.value.split(","))


def _day(text: str, what: Is) -> int:
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError as error:
        raise _unfit(what, N_("write dates as 2026-09-01")) from error


def _instant(what: Is, scene: Scene, *, last: bool) -> int:
    try:
        at = datetime.fromisoformat(what.value)
    except ValueError as error:
        raise _unfit(what, N_("write times as 2026-09-01 or 2026-09-01T21:00")) from error
    if last and re.fullmatch(r"\d{4}-\d\d-\d\d", what.value):
        at += timedelta(days=1)
    return int((at if at.tzinfo else at.replace(tzinfo=scene.zone)).timestamp())


def _since(what: Is, table: Table, scene: Scene) -> Truth:
    return table.read_at >= moment(_instant(what, scene, last=False))


def _until(what: Is, table: Table, scene: Scene) -> Truth:
    return table.read_at < moment(_instant(what, scene, last=True))


def _confidence(what: Is, table: Table, scene: Scene) -> Truth:
    try:
        return table.confidence >= float(what.value.lstrip(">="))
    except ValueError as error:
        raise _unfit(what, N_("write a number from 0 to 1")) from error


def _any(parts: Iterable[Truth]) -> Truth:
    return reduce(or_, parts)


def _unfit(what: Is, hint: str, **facts: object) -> UsageError:
    return UsageError(
        N_("{field} cannot be {value}"), hint=hint, field=what.field, value=what.value, **facts
    )


FIELDS: dict[str, Callable[[Is, Table, Scene], Truth]] = {
    "plate": _plate,
    "misread": _misread,
    "format": _format,
    "zone": _zone,
    "hours": _hours,
    "days": _days,
    "since": _since,
    "until": _until,
    "confidence": _confidence,
    **dict.fromkeys(COLUMNS, _text),
}
NAMES = frozenset(FIELDS)

"""Google Location History: where a device was measured, and where Google infers that it was.

``Records.json`` and ``rawSignals`` are measures. Visits and movements are inferences: each gives
a position at its beginning and one at its end, and one for each point of its path with a time.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.clocks import epoch_ms, iso_time
from faisceau.evidence.json_blocks import Alike, Blocks, Form, plain_batch
from faisceau.evidence.json_columns import (
    Cells,
    converted,
    counts,
    each,
    iso_moments,
    moments,
    named,
    numbers,
    present,
    texts,
)
from faisceau.evidence.json_events import CONTAINERS, Events, json_events
from faisceau.evidence.json_outline import ITEM, Path
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas import POSITION, Batch, Row
from faisceau.tables.schemas.schema import NUMBER, STRINGS, TIME
from faisceau.words import N_

WORDS = (
    '"latitudeE7"',
    '"timelineObjects"',
    '"semanticSegments"',
    '"rawSignals"',
    '"timelinePath"',
    '"placeLocation"',
    '"distanceMeters"',
)

_KINDS = {"GPS": "gps", "WIFI": "wifi", "CELL": "cell"}
_DEGREES = re.compile(r"(?:geo:)?\s*(-?\d+(?:\.\d+)?)\s*°?\s*,\s*(-?\d+(?:\.\d+)?)\s*°?\s*")
_E7 = 1e7
_PLAIN = (
    "altitude",
    "verticalAccuracy",
    "velocity",
    "heading",
    "activity",
    "platformType",
    "platform",
    "formFactor",
    "osLevel",
    "deviceDesignation",
    "batteryCharging",
    "serverTimestamp",
    "deviceTimestamp",
    "locationMetadata",
    "inferredLocation",
    "placeId",
)
"""Fields of a measure that no column holds."""
_SCANS = ("activeWifiScan", "wifiScan")
_NO_POINTS = pa.scalar(None, STRINGS)
_NOT_ONE = N_("not a place in time")
_NO_PLACE = "segments without a place"

Place = tuple[float, float]
Moment = tuple[datetime, str | None]
_Reading = Callable[[Source, Record, Mapping[str, Any]], Iterator[Row]]


def recognise(paths: frozenset[Path]) -> bool:
    """True for any of the four files."""
    records = {("locations", ITEM, "latitudeE7"), ("locations", ITEM, "longitudeE7")} <= paths
    semantic = any(
        ("timelineObjects", ITEM, what, "duration") in paths
        for what in ("placeVisit", "activitySegment")
    )
    android = ("semanticSegments", ITEM, "startTime") in paths or any(
        ("rawSignals", ITEM, what) in paths for what in ("position", "wifiScan", "activityRecord")
    )
    iphone = {(ITEM, "startTime"), (ITEM, "endTime")} <= paths and any(
        path in paths
        for path in (
            (ITEM, "visit", "topCandidate"),
            (ITEM, "activity", "topCandidate"),
            (ITEM, "timelinePath", ITEM, "point"),
        )
    )
    return records or semantic or android or iphone


def read(source: Source) -> Iterator[Row | Batch]:
    """Positions. What a section does not tell is counted by its name."""
    with source.open() as stream:
        events = json_events(stream, source.head.encoding or "utf-8")
        if source.head.text.lstrip().startswith("["):
            events.expect("start_array")
            yield from _items(source, events, "segment", _segment)
            return
        events.expect("start_map")
        for key, event, value in events.fields():
            one = _SECTIONS.get(key)
            if one is not None and event == "start_array":
                yield from _items(source, events, key, one)
            elif event in CONTAINERS:
                source.leave(key, events.skip())
            else:
                events.value(event, value)


def _items(source: Source, events: Events, where: str, one: _Reading) -> Iterator[Row | Batch]:
    number, blocks = 1, Blocks(source, _PLAIN_MEASURE if one is _measure else None)

    def alone(number: int, said: Any) -> Iterator[Row]:
        if not isinstance(said, Mapping):
            source.reject(f"{where}/{number}", _NOT_ONE, raw=str(said))
            return
        with source.record(said, f"{where}/{number}") as record:
            try:
                rows = list(one(source, record, said))
            except (TypeError, KeyError, AttributeError) as error:
                raise ValueError(error) from error  # of another form: this record alone
            yield from rows

    for block in events.blocks():
        yield from blocks.read(block, number, alone, lambda alike: _measures(alike, where))
        number += len(block)


def _measures(alike: Alike, where: str) -> Batch:
    """Records of ``Records.json``."""
    columns = {
        "device": alike["deviceTag"],
        "at": pc.coalesce(alike.of("timestamp", TIME), alike.of("timestampMs", TIME)),
        "latitude": alike["latitudeE7"],
        "longitude": alike["longitudeE7"],
        "accuracy_m": alike.of("accuracy", NUMBER),
        "observed": _observed(alike),
        "kind": each(alike["source"], lambda source: _KINDS.get((source or "").upper())),
    }
    return plain_batch(POSITION, columns, alike.where(f"{where}/"))


def _measure(source: Source, record: Record, said: Mapping[str, Any]) -> Iterator[Row]:
    """One record of ``Records.json``."""
    record.leave(*_PLAIN)
    kind = str(record.maybe("source") or "").upper()
    scans = [record.maybe(name, _seen) for name in _SCANS]
    device = record.maybe("deviceTag")
    at, counted = record.maybe("timestamp", iso_time), record.maybe("timestampMs", epoch_ms)
    yield POSITION.row(
        device=device,
        at=at or counted,
        latitude=record.take("latitudeE7", _degrees),
        longitude=record.take("longitudeE7", _degrees),
        accuracy_m=record.maybe("accuracy", float),
        kind=_KINDS.get(kind),
        observed=scans[0] or scans[1] or None,
    )


def _degrees(value: Any) -> float:
    """Degrees of a count of ten-millionths; old files overflowed their 32 bits."""
    count = int(value)
    if abs(count) > 1_800_000_000:
        count -= 1 << 32 if count > 0 else -(1 << 32)
    return count / _E7


def _seen(scan: Any) -> list[str]:
    """Addresses (MAC) of the access points seen."""
    points = scan.get("accessPoints") or scan.get("devicesRecords") or []
    return [_mac(point["mac"]) for point in points]


def _mac(value: Any) -> str:
    """``aa:bb:cc:dd:ee:ff`` of the decimal number that stands for it."""
    text = str(value)
    if not text.isdecimal():
        return text
    digits = f"{int(text):012x}"
    return ":".join(digits[n : n + 2] for n in range(0, len(digits), 2))


def _observed(alike: Alike) -> pa.Array:
    """Access points, of either name of the scan; none is a null."""
    scans = (alike.of(name, STRINGS) for name in _SCANS)
    return pc.coalesce(
        *(pc.if_else(pc.greater(pc.list_value_length(s), 0), s, _NO_POINTS) for s in scans)
    )


def _degrees_of_all(values: Sequence[Any]) -> Cells:
    found, odd = counts(values)
    over = pc.greater(pc.abs_checked(found), 1_800_000_000)
    wrapped = pc.subtract(found, pc.multiply(pc.sign(found), 1 << 32))
    return pc.divide(pc.if_else(over, wrapped, found).cast(NUMBER), _E7), odd


_PLAIN_MEASURE = Form(
    takes={
        "source": texts,
        "deviceTag": named,
        "timestamp": iso_moments,
        "timestampMs": moments(1000),
        "latitudeE7": present(_degrees_of_all),
        "longitudeE7": present(_degrees_of_all),
        "accuracy": numbers,
        **{name: converted(_seen, STRINGS) for name in _SCANS},
    },
    leaves=frozenset(_PLAIN),
    needs=frozenset(("latitudeE7", "longitudeE7")),
)


def _signal(source: Source, record: Record, said: Mapping[str, Any]) -> Iterator[Row]:
    """One raw signal of a phone's timeline: a position, or the access points seen."""
    record.leave("activityRecord", "additionalTimestamp")
    position = record.maybe("position", dict)
    scan = record.maybe("wifiScan", dict)
    if position:
        at, zone = _moment(position.get("timestamp"))
        place = _point(position.get("LatLng") or position.get("latLng"))
        accuracy = position.get("accuracyMeters")
        yield POSITION.row(
            at=at,
            zone=zone,
            latitude=place and place[0],
            longitude=place and place[1],
            accuracy_m=float(accuracy) if isinstance(accuracy, (int, float)) else None,
            kind=_KINDS.get(str(position.get("source")).upper()),
        )
    elif scan and (observed := _seen(scan)):
        at, zone = _moment(scan.get("deliveryTime"))
        yield POSITION.row(at=at, zone=zone, kind="wifi", observed=observed)
    else:
        record.set_aside("signals without a place")


def _segment(source: Source, record: Record, said: Mapping[str, Any]) -> Iterator[Row]:
    """One segment of a phone's timeline: a visit, a movement, or its path."""
    record.leave("startTimeTimezoneUtcOffsetMinutes", "endTimeTimezoneUtcOffsetMinutes")
    record.leave("timelineMemory")
    start = record.maybe("startTime", _stated)
    end = record.maybe("endTime", _stated)
    visit = _of(record.maybe("visit", dict))
    moved = _of(record.maybe("activity", dict))
    stay = _point(_of(visit.get("topCandidate")).get("placeLocation"))
    rows = [_row(start, stay), _row(end, stay)]
    rows += [_row(start, _point(moved.get("start"))), _row(end, _point(moved.get("end")))]
    parked = _of(moved.get("parking"))
    rows.append(_row(_stated_or_none(parked.get("startTime")), _point(parked.get("location"))))
    for step in record.maybe("timelinePath", list) or []:
        rows.append(_row(_step_time(_of(step), start), _point(_of(step).get("point"))))
    yield from _given(record, rows)


def _step_time(step: Mapping[str, Any], start: Moment | None) -> Moment | None:
    """The time of a point: stated, or in minutes from the beginning of its segment."""
    if step.get("time"):
        return _stated_or_none(step["time"])
    offset = step.get("durationMinutesOffsetFromStartTime")
    if start is None or offset is None:
        return None
    at, zone = start
    return at + timedelta(minutes=float(offset)), zone


def _object(source: Source, record: Record, said: Mapping[str, Any]) -> Iterator[Row]:
    """One object of the semantic history: a visit (with those inside it), or a movement."""
    visit, moved = record.maybe("placeVisit", dict), record.maybe("activitySegment", dict)
    rows: list[Row | None] = []
    if visit:
        rows += _stay(visit)
    if moved:
        start, end = _lasting(moved)
        rows.append(_row(start, _e7(moved.get("startLocation"))))
        rows.append(_row(end, _e7(moved.get("endLocation"))))
        for point in _of(moved.get("simplifiedRawPath")).get("points") or []:
            rows.append(_row(_when(point), _e7(point), _of(point).get("accuracyMeters")))
        parked = _of(moved.get("parkingEvent"))
        rows.append(_row(_when(parked), _e7(parked.get("location"))))
        if undated := _of(moved.get("waypointPath")).get("waypoints"):
            source.leave("points of paths without a time", len(undated))
    yield from _given(record, rows)


def _stay(visit: Mapping[str, Any]) -> list[Row | None]:
    """A visit and the visits inside it, one after the other."""
    rows: list[Row | None] = []
    waiting = [visit]
    while waiting:
        one = waiting.pop(0)
        start, end = _lasting(one)
        place = _e7(one.get("location"))
        rows += [_row(start, place), _row(end, place)]
        inside = one.get("childVisits")
        waiting += [v for v in inside if isinstance(v, Mapping)] if inside else []
    return rows


def _given(record: Record, rows: list[Row | None]) -> Iterator[Row]:
    """The rows that there are; a record that gives none is counted."""
    found = [row for row in rows if row is not None]
    if not found:
        record.set_aside(_NO_PLACE)
    yield from found


def _row(when: Moment | None, place: Place | None, accuracy: Any = None) -> Row | None:
    """One position; None where the place or the time is not told."""
    if when is None or place is None:
        return None
    return POSITION.row(
        at=when[0],
        zone=when[1],
        latitude=place[0],
        longitude=place[1],
        accuracy_m=float(accuracy) if isinstance(accuracy, (int, float)) else None,
    )


def _lasting(said: Mapping[str, Any]) -> tuple[Moment | None, Moment | None]:
    """Beginning and end of a ``duration``."""
    lasted = _of(said.get("duration"))
    return _when(lasted, "start"), _when(lasted, "end")


def _when(said: Any, which: str = "") -> Moment | None:
    """A time in either of the names that years have given it."""
    names = (f"{which}Timestamp", "timestamp") if which else ("timestamp",)
    for name in names:
        if _of(said).get(name):
            return _stated_or_none(_of(said)[name])
        if _of(said).get(f"{name}Ms"):
            return epoch_ms(_of(said)[f"{name}Ms"]), None
    return None


def _moment(text: Any) -> tuple[datetime | None, str | None]:
    return _stated_or_none(text) or (None, None)


def _stated(text: Any) -> Moment:
    """An ISO time in UTC, and the offset it was written with."""
    said = str(text).strip()
    at = iso_time(said)
    return at, said[-6:] if re.search(r"[+-]\d\d:\d\d$", said) else None


def _stated_or_none(text: Any) -> Moment | None:
    return _stated(text) if text else None


def _point(said: Any) -> Place | None:
    """Degrees of ``48.85°, 2.35°``, ``geo:48.85,2.35``, or of an object that holds one."""
    if isinstance(said, Mapping):
        said = said.get("latLng") or said.get("LatLng")
    found = _DEGREES.fullmatch(said) if isinstance(said, str) else None
    return (float(found[1]), float(found[2])) if found else None


def _e7(said: Any) -> Place | None:
    place = _of(said)
    north = place.get("latitudeE7", place.get("latE7"))
    east = place.get("longitudeE7", place.get("lngE7"))
    return None if north is None or east is None else (_degrees(north), _degrees(east))


def _of(said: Any) -> Mapping[str, Any]:
    """An object, or an empty one where there is none."""
    return said if isinstance(said, Mapping) else {}


_SECTIONS = {
    "locations": _measure,
    "timelineObjects": _object,
    "semanticSegments": _segment,
    "rawSignals": _signal,
}

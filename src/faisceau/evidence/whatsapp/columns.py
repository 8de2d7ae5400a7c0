"""What WhatsApp keeps in its own way, by columns: times, places, hashes; and a batch of calls."""

from base64 import b64decode
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import (
    NO_TIME,
    NULL,
    OUTSIDE,
    Cells,
    joined,
    looked_up,
    true,
)
from faisceau.tables.schemas import CALL
from faisceau.tables.schemas.schema import EARLIEST, LATEST, NUMBER, STRING, TIME, Batch

_COCOA_US = 978_307_200_000_000
"""2001-01-01 in microseconds since 1970."""


def located(given: Cells, ids: pa.Array) -> pa.Array:
    """Where each row stands: its table and number and, of a lost one, where it was found."""
    numbers = pc.fill_null(ids.cast(STRING), "?")
    at = pc.binary_join_element_wise(given.table, numbers, " ")
    found = given.texts("found")
    return joined(at, pc.binary_join_element_wise("(", found, ")", ""), " ")


def epoch_times(millis: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """UTC times of milliseconds since 1970 and, where any is none, the reasons to reject."""
    return _times(millis, 1000)


def cocoa_times(seconds: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """UTC times of seconds since 2001 (Apple), and the reasons where any is none."""
    near = pc.fill_null(pc.less(pc.abs(seconds), 1e11), False)
    micros = pc.round(pc.multiply(pc.if_else(near, seconds, pa.scalar(None, NUMBER)), 1e6))
    since = pc.add(micros.cast(pa.int64()), _COCOA_US)
    absent = pc.or_(pc.is_null(seconds), pc.fill_null(pc.equal(seconds, 0), False))
    return _times(pc.if_else(absent, pa.scalar(None, pa.int64()), since), 1, absent)


def further_times(millis: pa.Array) -> tuple[pa.Array, int]:
    """Times that a row can do without, and how many values stand there and are no time."""
    times, _ = _times(millis, 1000)
    absent = pc.or_(pc.is_null(millis), pc.fill_null(pc.less_equal(millis, 0), False))
    return times, true(pc.and_(pc.is_null(times), pc.invert(absent)))


def _times(
    values: pa.Array, unit_us: int, absent: pa.Array | None = None
) -> tuple[pa.Array, pa.Array | None]:
    first, last = (int(t.timestamp() * 1_000_000) // unit_us for t in (EARLIEST, LATEST))
    inside = pc.fill_null(pc.and_(pc.greater(values, first), pc.less(values, last)), False)
    micros = pc.multiply(pc.if_else(inside, values, pa.scalar(None, pa.int64())), unit_us)
    times = micros.cast(TIME)
    if not times.null_count:
        return times, None
    if absent is None:
        absent = pc.fill_null(pc.is_in(values, value_set=pa.array([0, -1])), False)
        absent = pc.or_(absent, pc.is_null(values))
    return times, pc.if_else(inside, NULL, pc.if_else(absent, NO_TIME, OUTSIDE))


def places(
    latitude: pa.Array, longitude: pa.Array, placed: pa.Array
) -> tuple[pa.Array, pa.Array, int]:
    """Where rows that are ``placed`` point, and how many point nowhere on Earth."""
    if latitude.null_count == len(latitude):
        return latitude, longitude, 0
    on_earth = pc.and_(
        pc.less_equal(pc.abs(latitude), 90.0), pc.less_equal(pc.abs(longitude), 180.0)
    )
    nothing = pc.and_(pc.equal(latitude, 0.0), pc.equal(longitude, 0.0))
    placed = pc.and_(placed, pc.invert(pc.fill_null(nothing, False)))
    good = pc.fill_null(pc.and_(placed, on_earth), False)
    nowhere = true(pc.and_(placed, pc.invert(pc.fill_null(on_earth, True))))
    none = pa.scalar(None, NUMBER)
    return pc.if_else(good, latitude, none), pc.if_else(good, longitude, none), nowhere


def hashes(stored: pa.Array) -> tuple[pa.Array, int]:
    """SHA-256 in hexadecimal of what WhatsApp keeps in Base64, and how many are none."""
    if stored.null_count == len(stored):
        return stored, 0
    bad = 0
    found: dict[str, str] = {}
    for value in stored.drop_null().to_pylist():
        try:
            raw = b64decode(value, validate=True)
        except ValueError:
            raw = b""
        if len(raw) == 32:
            found[value] = raw.hex()
        else:
            bad += 1
    return looked_up(stored, found), bad


def call_batch(
    calls: Cells,
    started: tuple[pa.Array, pa.Array | None],
    callers: Sequence[str | None],
    callees: Sequence[str | None],
    directions: Sequence[str | None],
) -> Batch:
    """Calls whose fields are ``id``, ``ref`` and ``for`` (seconds), with who called whom.

    ``started``: when, and the reasons to reject.
    """
    started_at, reasons = started
    columns = {
        "ref": calls.texts("ref"),
        "caller": pa.array(callers, STRING),
        "callee": pa.array(callees, STRING),
        "started_at": started_at,
        "duration_s": calls.numbers("for"),
        "count": pa.repeat(1, calls.n).cast(pa.int64()),
        "kind": pa.repeat("voice", calls.n),
        "direction": pa.array(directions, STRING),
    }
    locators = pc.binary_join_element_wise(calls.table, calls.integers("id").cast(STRING), " ")
    return Batch(CALL, pa.RecordBatch.from_pydict(columns), locators, reasons)

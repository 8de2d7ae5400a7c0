"""What WhatsApp keeps in its own way, by columns: kinds, places, hashes; and a batch of calls."""

from base64 import b64decode
from collections.abc import Container, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import NULL, Cells, Times, looked_up, true
from faisceau.evidence.reading import Source
from faisceau.tables.schemas import CALL
from faisceau.tables.schemas.schema import NUMBER, STRING, Batch

_MIMES = {"image/": "image", "video/": "video", "audio/": "voice"}


def carried(
    given: Cells, kinds: pa.Array, known: Mapping[int, str], by_mime: Container[int], source: Source
) -> pa.Array:
    """What each message carries, by its type; null where neither type nor media type tells.

    An unknown type is counted, but for those that say it by their media type alone.
    """
    told = looked_up(kinds, known)
    if not told.null_count:
        return told
    for met in pc.value_counts(kinds.filter(pc.is_null(told))).to_pylist():
        if met["values"] not in by_mime:
            source.tally.unknown[f"{given.table} of type {met['values']}"] += met["counts"]
    mime = given.texts("mime")
    by = [pc.if_else(pc.starts_with(mime, m), k, NULL) for m, k in _MIMES.items()]
    return pc.coalesce(told, *by)


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
    started: Times,
    callers: Sequence[str | None],
    callees: Sequence[str | None],
    directions: Sequence[str | None],
) -> Batch:
    """Calls whose fields are ``id``, ``ref`` and ``for`` (seconds), with who called whom."""
    columns = {
        "ref": calls.texts("ref"),
        "caller": pa.array(callers, STRING),
        "callee": pa.array(callees, STRING),
        "started_at": started.at,
        "duration_s": calls.numbers("for"),
        "count": pa.repeat(1, calls.n).cast(pa.int64()),
        "kind": pa.repeat("voice", calls.n),
        "direction": pa.array(directions, STRING),
    }
    locators = pc.binary_join_element_wise(calls.table, calls.integers("id").cast(STRING), " ")
    return Batch(CALL, pa.RecordBatch.from_pydict(columns), locators, started.reasons)

"""Columns of a database's rows as Arrow arrays: decoded, timed, looked up, all at once.

Text is fetched as bytes (``text_factory = bytes``) and decoded by column: a call for each value
would double the time.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.reading import Source
from faisceau.tables.schemas.schema import EARLIEST, LATEST, NUMBER, STRING, TIME
from faisceau.words import N_

NO_TIME = N_("no time stands with it")
OUTSIDE = N_("its time is outside 1970 to 2100")

NULL = pa.scalar(None, STRING)
_COCOA_US = 978_307_200_000_000
"""2001-01-01 in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Given:
    """The rows of one query by field; a field that the database lacks is all null."""

    table: str
    columns: Mapping[str, Sequence[Any]]
    n: int

    def texts(self, name: str) -> pa.Array:
        """As UTF-8; bytes that are none become U+FFFD, the empty text null."""
        values = self.columns.get(name)
        if values is None:
            return pa.nulls(self.n, STRING)
        try:
            array = pa.array(values, pa.binary()).cast(STRING)
        except (pa.ArrowException, TypeError):
            array = pa.array([text(value) for value in values], STRING)
        return pc.if_else(pc.equal(array, ""), NULL, array)

    def integers(self, name: str) -> pa.Array:
        """As whole numbers; what is none is null."""
        return self._numbers(name, pa.int64(), int)

    def numbers(self, name: str) -> pa.Array:
        """As numbers; what is none is null."""
        return self._numbers(name, NUMBER, float)

    def blobs(self, name: str) -> Sequence[Any]:
        """As stored."""
        return self.columns.get(name) or [None] * self.n

    def _numbers(self, name: str, kind: pa.DataType, convert: Callable[[Any], Any]) -> pa.Array:
        values = self.columns.get(name)
        if values is None:
            return pa.nulls(self.n, kind)
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, OverflowError):
            return pa.array([number(value, convert) for value in values], kind)


def text(value: Any) -> str | None:
    """Text of one value, whatever its type."""
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def number(value: Any, convert: Callable[[Any], Any] = int) -> Any:
    """A number, also where the database holds it as text; null where it is none."""
    try:
        found = convert(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if abs(found) < 1 << 63 else None


def looked_up(keys: pa.Array, table: Mapping[Any, str | None]) -> pa.Array:
    """For each key its value in ``table``, null where it has none."""
    if not table or keys.null_count == len(keys):
        return pa.nulls(len(keys), STRING)
    if len(table) > len(keys):  # an array of a large table costs more than the few keys
        distinct = keys.dictionary_encode()
        met = [table.get(key) for key in distinct.dictionary.to_pylist()]
        return pa.array(met, STRING).take(distinct.indices)
    known = pa.array(list(table.keys()), keys.type)
    return pa.array(list(table.values()), STRING).take(pc.index_in(keys, value_set=known))


def located(given: Given, ids: pa.Array) -> pa.Array:
    """Where each row stands: its table and number and, of a lost one, where it was found."""
    numbers = pc.fill_null(ids.cast(STRING), "?")
    at = pc.binary_join_element_wise(given.table, numbers, " ")
    found = given.texts("found")
    return joined(at, pc.binary_join_element_wise("(", found, ")", ""), " ")


def joined(left: pa.Array, right: pa.Array, between: str) -> pa.Array:
    """Both texts, or the one that is there."""
    if right.null_count == len(right):
        return left
    return pc.coalesce(pc.binary_join_element_wise(left, right, between), left, right)


def true(mask: pa.Array) -> int:
    """How many are true."""
    return int(pc.sum(mask).as_py() or 0)


def count_unread(source: Source, column: str, n: int) -> None:
    """Count values of ``column`` that stand there and could not be read."""
    if n:
        source.tally.unread[column] += n


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

"""Reads as arrays: which vehicle passed which place at which second, in blocks of time.

Plates are compared by their letters and digits alone, as 64-bit hashes made here, so that every
engine gives the same ones. A fixed sensor is a place; a moving one is a place wherever it stands,
to a hundredth of a degree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table, _
from ibis import expr as ex

from faisceau.analyses import Engine
from faisceau.tables.schemas import PLATE_READ

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

READS = PLATE_READ["plate", "camera_id", "read_at", "latitude", "longitude", "sensor_kind"]
"""What every question over movements reads."""
BLOCK_ROWS = 4_000_000
"""Reads in a block, about."""
SIGNS = "-_ .·/\t"
"""What people write between the letters and digits of a plate."""
MOVING = ("mobile", "on_board")
STEP = np.uint64(0x9E3779B97F4A7C15)
"""The golden ratio in 64 bits: multiplying by it spreads what lies close together."""


@dataclass(frozen=True, slots=True)
class Places:
    """Every place with its number (its rank), its reads and its position (NaN: unknown)."""

    names: pa.Array
    reads: Ints
    latitude: Floats
    longitude: Floats
    moving: Bools
    """Whether the sensor moves: its places say little of one vehicle in two."""
    first: int
    last: int
    """Seconds of the first and of the last read."""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def total(self) -> int:
        """Reads in all."""
        return int(self.reads.sum())


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads as they come: plate hash, place number, second, row (empty unless asked for)."""

    plate: Hashes
    place: Ints
    at: Ints
    row: Ints

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: Ints | Bools) -> "Reads":
        """Those at the given positions, in their order."""
        row = self.row[chosen] if len(self.row) else self.row
        return Reads(self.plate[chosen], self.place[chosen], self.at[chosen], row)


def compact(plate: ex.types.StringValue) -> ex.types.StringValue:
    """The letters and digits of a plate, in capitals.

    Most plates hold hyphens alone: taking these first costs half as much as the whole for all.
    """
    most = plate.upper().replace("-", "")
    return ibis.ifelse(most.re_search("^[A-Z0-9]*$"), most, most.translate(SIGNS, ""))


def place(reads: Table) -> ex.types.StringValue:
    """Where a read was made: a fixed sensor, or a moving one and its position."""
    here = _hundredth(reads.latitude) + "," + _hundredth(reads.longitude)
    placed = reads.latitude.notnull() & reads.longitude.notnull()
    moving = reads.sensor_kind.isin(MOVING) & placed
    return ibis.ifelse(moving, reads.camera_id + "@" + here, reads.camera_id)


def _hundredth(degrees: ex.types.Value) -> ex.types.Value:
    return (degrees * 100).round().cast("int64").cast("string")


def places(plate_read: Table, engine: Engine) -> Places:
    """The places of all reads."""
    grouped = plate_read.group_by(place=place(plate_read)).agg(
        reads=_.count(),
        latitude=_.latitude.mean(),
        longitude=_.longitude.mean(),
        moving=_.sensor_kind.isin(MOVING).fill_null(False).any(),
        first=_.read_at.min(),
        last=_.read_at.max(),
    )
    table = collected(grouped, engine).sort_by("place")
    return Places(
        table["place"].combine_chunks(),
        table["reads"].to_numpy().astype(np.int64),
        floats(table["latitude"].combine_chunks()),
        floats(table["longitude"].combine_chunks()),
        np.asarray(table["moving"].to_numpy(), bool),
        int(seconds(table["first"].combine_chunks()).min(initial=2**40)),
        int(seconds(table["last"].combine_chunks()).max(initial=0)),
    )


def collected(expression: Table, engine: Engine) -> pa.Table:
    """The whole result of an expression."""
    schema = expression.schema().to_pyarrow()
    return pa.Table.from_batches(engine.batches(expression), schema)


def floats(column: pa.Array) -> Floats:
    """Numbers; null is NaN."""
    filled = pc.fill_null(column.cast(pa.float64()), float("nan"))
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.float64)


def seconds(column: pa.Array) -> Ints:
    """Times as whole seconds since 1970."""
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False)) // 1_000_000


def blocks(known: Places, overlap_s: int) -> list[tuple[int, int]]:
    """Spans of seconds that cover all reads, each with ``overlap_s`` of the next."""
    if not len(known):
        return []
    wanted = max(1, round(known.total / BLOCK_ROWS))
    step = max((known.last - known.first) // wanted + 1, 2 * overlap_s)
    return [(begin, begin + step + overlap_s) for begin in range(known.first, known.last + 1, step)]


def load(
    plate_read: Table,
    engine: Engine,
    known: Places,
    *,
    span: tuple[int, int] | None = None,
    only: Hashes | None = None,
    rows: bool = False,
) -> Reads:
    """Reads of a span of seconds (end excluded), of the plates ``only`` (sorted hashes)."""
    table = plate_read
    if span is not None:
        table = table.filter(_.read_at >= moment(span[0]), _.read_at < moment(span[1]))
    keep = None
    if only is not None:
        wanted = among(only)
        keep = lambda reads: wanted(reads.plate)  # noqa: E731
    return joined([reads for reads, _batch in streamed(table, engine, known, keep, rows=rows)])


def streamed(
    plate_read: Table,
    engine: Engine,
    known: Places,
    keep: Callable[[Reads], Bools] | None = None,
    *,
    rows: bool = False,
) -> Iterator[tuple[Reads, pa.RecordBatch]]:
    """Reads batch by batch, those that ``keep`` chooses, each with its batch (columns as stored).

    Only what is stored is asked of the engine: letters are stripped from plates here, where a
    whole batch costs what the engine asks for a tenth of it.
    """
    named = ["plate", "camera_id", "read_at", *(["row_id"] if rows else [])]
    moving = bool(known.moving.any())
    if moving:
        plate_read = plate_read.mutate(place=place(plate_read))
        named.append("place")
    for batch in engine.batches(plate_read.select(*named)):
        where = pc.index_in(batch["place" if moving else "camera_id"], value_set=known.names)
        reads = Reads(
            hashed(batch["plate"], compact=True),
            where.to_numpy(zero_copy_only=False).astype(np.int64),
            seconds(batch["read_at"]),
            batch["row_id"].to_numpy() if rows else np.empty(0, np.int64),
        )
        if keep is None:
            yield reads, batch
            continue
        chosen = np.flatnonzero(keep(reads))
        if len(chosen):
            yield reads.take(chosen), batch.take(pa.array(chosen))


def joined(parts: list[Reads]) -> Reads:
    """Reads one after the other."""
    none = np.empty(0, np.int64)
    parts = parts or [Reads(none.astype(np.uint64), none, none, none)]
    names = ("plate", "place", "at", "row")
    return Reads(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def moment(second: int) -> ex.types.Value:
    """A time for an expression."""
    return ibis.literal(datetime.fromtimestamp(second, UTC))


def among(known: Hashes) -> Callable[[Hashes], Bools]:
    """A test whether hashes are among the known (sorted): most are told by 24 of their bits."""
    table = np.zeros(1 << SIEVE, bool)
    table[known >> np.uint64(64 - SIEVE)] = True

    def test(values: Hashes) -> Bools:
        found = table[values >> np.uint64(64 - SIEVE)]
        maybe = np.flatnonzero(found)
        if len(maybe):
            spot = np.minimum(np.searchsorted(known, values[maybe]), len(known) - 1)
            found[maybe] = known[spot] == values[maybe]
        return np.asarray(found)

    return test


SIEVE = 24


def hashed(texts: pa.Array, *, compact: bool = False) -> Hashes:
    """A 64-bit hash of each text (null: as empty), the same on every engine and machine.

    ``compact``: of its letters and digits in capitals, as the expression :func:`compact` gives.
    """
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = texts.cast(pa.string()).buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    held, ends = held[ends[0] : ends[-1]], (ends - ends[0]).astype(np.int64)
    if compact:
        if held.max(initial=0) >= 128:  # letters of other alphabets, a middle dot
            return hashed(compacted(texts))
        held = _CAPITALS[held]
        kept = held != 0
        ends = np.r_[0, np.cumsum(kept)][ends]
        held = held[kept]
    begins, length = ends[:-1], np.diff(ends)
    longest = int(length.max(initial=0))
    words = np.lib.stride_tricks.sliding_window_view(np.r_[held, np.zeros(8, np.uint8)], 8)
    made = length.astype(np.uint64) * STEP
    for skip in range(0, longest, 8):
        left = np.clip(length - skip, 0, 8)
        word = words[np.minimum(begins + skip, len(words) - 1)].view("<u8").ravel()
        part = word & _MASKS[left]
        made = np.where(left > 0, mixed(made ^ part), made)
    return mixed(made)


def compacted(texts: pa.Array) -> pa.Array:
    """What the expression :func:`compact` gives, here."""
    texts = pc.utf8_upper(texts)
    for sign in SIGNS:
        texts = pc.replace_substring(texts, sign, "")
    return texts


_CAPITALS = np.array([ord(chr(n).upper()) if n < 128 else n for n in range(256)], np.uint8)
_CAPITALS[[ord(sign) for sign in SIGNS if sign.isascii()]] = 0
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)


def mixed(values: Hashes) -> Hashes:
    """Each value spread over all 64 bits."""
    values = (values ^ (values >> np.uint64(32))) * STEP
    values = (values ^ (values >> np.uint64(29))) * STEP
    return values ^ (values >> np.uint64(32))


def by_vehicle(reads: Reads) -> tuple[Reads, Ints]:
    """The reads by vehicle, then time, and a dense number of the vehicle for each."""
    vehicle, spot = _ranked(reads.plate)
    order = spot[_by_time(vehicle, reads.at[spot])]
    rows = reads.row[order] if len(reads.row) else reads.row
    return Reads(reads.plate[order], reads.place[order], reads.at[order], rows), vehicle


STRETCH = 1 << 18
"""Reads put in order of time together: vehicle, time and position then share one integer, and
integers alone are sorted ten times as fast as positions by their keys."""


def _by_time(vehicle: Ints, at: Ints) -> Ints:
    """Positions by vehicle and time; the vehicles rise already."""
    start = int(at.min(initial=2**40))
    width = max(1, int(at.max(initial=0) - start).bit_length())
    parts, begin = [], 0
    while begin < len(vehicle):
        end = min(begin + STRETCH, len(vehicle))
        if end < len(vehicle):
            whole = int(np.searchsorted(vehicle, vehicle[end - 1]))
            if whole > begin:
                end = whole
            else:  # one vehicle fills the stretch
                end = int(np.searchsorted(vehicle, vehicle[begin], side="right"))
        key = ((vehicle[begin:end] - vehicle[begin]) << width) | (at[begin:end] - start)
        parts.append(begin + positions_by(key))
        begin = end
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def positions_by(key: Ints) -> Ints:
    """Positions by a key that is not negative, equal keys as they stand (a stable ``argsort``)."""
    bits = len(key).bit_length()
    if bits + int(key.max(initial=0)).bit_length() > 63:
        return np.argsort(key, kind="stable")
    return np.asarray(np.sort((key << bits) | np.arange(len(key))) & ((1 << bits) - 1))


def _ranked(hashes: Hashes) -> tuple[Ints, Ints]:
    """Dense numbers of the hashes, in rising order, and where each stands."""
    bits = np.uint64(len(hashes).bit_length())
    packed = np.sort(((hashes >> bits) << bits) | np.arange(len(hashes), dtype=np.uint64))
    spot = (packed & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    fresh = np.diff(hashes[spot]) != 0
    same = packed[1:] >> bits == packed[:-1] >> bits
    if (fresh & same).any():  # two that begin alike: rare, and settled by the whole hash
        spot = np.lexsort((np.arange(len(hashes)), hashes))
        fresh = np.diff(hashes[spot]) != 0
    return np.cumsum(np.r_[False, fresh])[: len(hashes)].astype(np.int64), spot

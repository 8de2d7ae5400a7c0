"""Reads as arrays: which vehicle passed which place at which second, in blocks of time.

Plates are compared by their letters and digits alone, as 64-bit hashes made here, so that every
engine gives the same ones. A fixed sensor is a place; a moving one is a place wherever it stands,
to a hundredth of a degree.
"""

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
        return Reads(self.plate[chosen], self.place[chosen], self.at[chosen], self.row[chosen])


def compact(plate: ex.types.StringValue) -> ex.types.StringValue:
    """The letters and digits of a plate, in capitals.

    Most plates hold hyphens alone: taking these first costs half as much as the whole for all.
    """
    most = plate.upper().replace("-", "")
    return ibis.ifelse(most.re_search("^[A-Z0-9]*$"), most, most.translate(SIGNS, ""))


def placed(plate_read: Table) -> Table:
    """``row_id``, ``written`` and ``plate`` (compact), ``place``, ``read_at``, the position."""
    here = _hundredth(_.latitude) + "," + _hundredth(_.longitude)
    moving = _.sensor_kind.isin(MOVING) & _.latitude.notnull() & _.longitude.notnull()
    return plate_read.select(
        "row_id",
        "read_at",
        "latitude",
        "longitude",
        moving=_.sensor_kind.isin(MOVING).fill_null(False),
        written=_.plate,
        plate=compact(plate_read.plate),
        place=ibis.ifelse(moving, _.camera_id + "@" + here, _.camera_id),
    )


def _hundredth(degrees: ex.types.Value) -> ex.types.Value:
    return (degrees * 100).round().cast("int64").cast("string")


def places(plate_read: Table, engine: Engine) -> Places:
    """The places of all reads."""
    grouped = (
        placed(plate_read)
        .group_by("place")
        .agg(
            reads=_.count(),
            latitude=_.latitude.mean(),
            longitude=_.longitude.mean(),
            moving=_.moving.any(),
            first=_.read_at.min(),
            last=_.read_at.max(),
        )
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
    named = ["plate", "place", "read_at", *(["row_id"] if rows else [])]
    parts = []
    for every in engine.batches(placed(table).select(*named)):
        plate, batch = hashed(every["plate"]), every
        if only is not None:
            chosen = np.flatnonzero(isin_sorted(plate, only))
            if not len(chosen):
                continue
            plate, batch = plate[chosen], batch.take(pa.array(chosen))
        place = pc.index_in(batch["place"], value_set=known.names).to_numpy(zero_copy_only=False)
        row = batch["row_id"].to_numpy() if rows else np.empty(0, np.int64)
        parts.append((plate, place.astype(np.int64), seconds(batch["read_at"]), row))
    if not parts:
        none = np.empty(0, np.int64)
        return Reads(none.astype(np.uint64), none, none, none)
    plate, place, at, row = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Reads(plate, place, at, row)


def moment(second: int) -> ex.types.Value:
    """A time for an expression."""
    return ibis.literal(datetime.fromtimestamp(second, UTC))


def isin_sorted(values: Hashes, known: Hashes) -> Bools:
    """Which values stand in a sorted array."""
    if not len(known):
        return np.zeros(len(values), bool)
    spot = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[spot] == values)


def hashed(texts: pa.Array) -> Hashes:
    """A 64-bit hash of each text, the same on every engine and machine (null: as empty)."""
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = texts.cast(pa.string()).buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    begins, length = ends[:-1].astype(np.int64), np.diff(ends)
    longest = int(length.max(initial=0))
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    padded = np.r_[held[: int(ends[-1])], np.zeros(8, np.uint8)]
    words = np.lib.stride_tricks.sliding_window_view(padded, 8)
    made = length.astype(np.uint64) * STEP
    for skip in range(0, longest, 8):
        left = np.clip(length - skip, 0, 8)
        word = words[np.minimum(begins + skip, len(words) - 1)].view("<u8").ravel()
        part = word & _MASKS[left]
        made = np.where(left > 0, mixed(made ^ part), made)
    return mixed(made)


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

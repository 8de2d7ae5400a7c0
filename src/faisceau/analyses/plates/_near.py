"""Reads near given passages: who else was there, within so many seconds.

The engine joins all reads with the few places and moments asked for, so that one question about
some vehicles never brings the whole country into memory.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table, _

from faisceau.analyses import Engine
from faisceau.analyses.plates._passages import (
    Ints,
    Places,
    Reads,
    collected,
    hashed,
    placed,
    seconds,
)

BUCKET_S = 600


@dataclass(frozen=True, slots=True)
class Named:
    """Reads with the compact plate and the plate as written."""

    reads: Reads
    plate: pa.Array
    written: pa.Array


def near_reads(
    plate_read: Table, engine: Engine, known: Places, passages: tuple[Ints, Ints], gap_s: int
) -> Named:
    """All reads in the ten minutes around given passages (place, second), and ``gap_s`` more."""
    place, at = passages
    spots = np.unique(
        np.concatenate(
            [place * 2**32 + (at + shift) // BUCKET_S for shift in (-gap_s - 1, 0, gap_s + 1)]
        )
    )
    wanted = pa.table(
        {"place": known.names.take(pa.array(spots >> 32)), "bucket": spots & 0xFFFFFFFF}
    )
    table = placed(plate_read)
    bucket = ((_.read_at.epoch_seconds().cast("float64") / BUCKET_S).floor()).cast("int64")
    joined = table.mutate(bucket=bucket).semi_join(ibis.memtable(wanted), ["place", "bucket"])
    return _named(joined, engine, known)


def reads_of(plate_read: Table, engine: Engine, known: Places, plates: pa.Array) -> Named:
    """All reads of some plates (compact)."""
    wanted = ibis.memtable(pa.table({"plate": plates.cast(pa.string())}))
    return _named(placed(plate_read).semi_join(wanted, ["plate"]), engine, known)


def _named(expression: Table, engine: Engine, known: Places) -> Named:
    chosen = expression.select("row_id", "plate", "written", "place", "read_at")
    table = collected(chosen, engine).sort_by("row_id").combine_chunks()
    plate = _column(table, "plate")
    place = pc.index_in(_column(table, "place"), value_set=known.names)
    reads = Reads(
        hashed(plate),
        np.asarray(place.to_numpy(zero_copy_only=False), np.int64),
        seconds(_column(table, "read_at")),
        table["row_id"].to_numpy(),
    )
    return Named(reads, plate, _column(table, "written"))


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


def around(reads: Reads, place: Ints, at: Ints, gap_s: int) -> tuple[Ints, Ints]:
    """Pairs of positions: a given passage, a read at its place within ``gap_s``."""
    start = int(min(reads.at.min(initial=2**40), at.min(initial=2**40))) - gap_s
    key = reads.place * 2**32 + (reads.at - start)
    order = np.argsort(key, kind="stable")
    key = key[order]
    asked = place * 2**32 + (at - start)
    low = np.searchsorted(key, asked - gap_s, side="left")
    high = np.searchsorted(key, asked + gap_s, side="right")
    size = high - low
    ends = np.cumsum(size)
    passage = np.repeat(np.arange(len(asked)), size)
    spot = np.arange(len(passage)) - np.repeat(ends - size, size) + np.repeat(low, size)
    return passage, order[spot]


def writings(plate_read: Table, engine: Engine, rows: Ints) -> list[str]:
    """The plates of given rows as their source writes them, in the order of ``rows``."""
    if not len(rows):
        return []
    wanted = ibis.memtable(pa.table({"row_id": np.unique(rows)}))
    chosen = plate_read.semi_join(wanted, ["row_id"]).select("row_id", "plate")
    table = collected(chosen, engine).sort_by("row_id")
    spot = np.searchsorted(table["row_id"].to_numpy(), rows)
    return [str(text) for text in table["plate"].take(pa.array(spot)).to_pylist()]

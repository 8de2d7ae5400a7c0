"""Reads near given passages: who else was there, within so many seconds.

All reads go by and the few at the places and moments asked for are kept, so that one question about
some vehicles never brings the whole country into memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from ibis import Table

from faisceau.analyses import Engine
from faisceau.analyses.plates._passages import (
    Bools,
    Hashes,
    Ints,
    Places,
    Reads,
    among,
    collected,
    compacted,
    joined,
    mixed,
    streamed,
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
        np.concatenate([_spot(place, at + shift) for shift in (-gap_s - 1, 0, gap_s + 1)])
    )
    wanted = among(spots)
    return _named(plate_read, engine, known, lambda reads: wanted(_spot(reads.place, reads.at)))


def _spot(place: Ints, at: Ints) -> Hashes:
    """A place and ten minutes, as a hash."""
    return mixed(place.astype(np.uint64) << np.uint64(32) | (at // BUCKET_S).astype(np.uint64))


def reads_of(plate_read: Table, engine: Engine, known: Places, plates: Hashes) -> Named:
    """All reads of some plates (sorted hashes)."""
    wanted = among(plates)
    return _named(plate_read, engine, known, lambda reads: wanted(reads.plate))


def _named(
    plate_read: Table, engine: Engine, known: Places, keep: Callable[[Reads], Bools]
) -> Named:
    found = list(streamed(plate_read, engine, known, keep, rows=True))
    reads = joined([reads for reads, _ in found])
    order = np.argsort(reads.row)
    texts = pa.concat_arrays([batch["plate"].cast(pa.string()) for _, batch in found] or [[]])
    written = texts.take(pa.array(order))
    coded = written.dictionary_encode()
    return Named(reads.take(order), compacted(coded.dictionary).take(coded.indices), written)


@dataclass(frozen=True, slots=True)
class Around:
    """Reads by place and second, ready to be asked who passed where and when."""

    key: Ints
    order: Ints
    start: int

    def near(self, place: Ints, at: Ints, gap_s: int) -> tuple[Ints, Ints]:
        """Pairs of positions: a given passage, a read at its place within ``gap_s``."""
        first, last = (np.clip(at + shift - self.start, 0, MOST) for shift in (-gap_s, gap_s))
        low = np.searchsorted(self.key, (place << WIDTH) | first, side="left")
        high = np.searchsorted(self.key, (place << WIDTH) | last, side="right")
        size = high - low
        ends = np.cumsum(size)
        passage = np.repeat(np.arange(len(place)), size)
        spot = np.arange(len(passage)) + np.repeat(low - ends + size, size)
        return passage, self.order[spot]


def around(reads: Reads) -> Around:
    """Reads put in order of place and time."""
    start = int(reads.at.min(initial=2**40))
    key = (reads.place << WIDTH) | (reads.at - start)
    order = np.argsort(key, kind="stable")
    return Around(key[order], order, start)


WIDTH, MOST = 32, (1 << 32) - 1


def writings(plate_read: Table, engine: Engine, rows: Ints) -> list[str]:
    """The plates of given rows as their source writes them, in the order of ``rows``."""
    if not len(rows):
        return []
    wanted = ibis.memtable(pa.table({"row_id": np.unique(rows)}))
    chosen = plate_read.semi_join(wanted, ["row_id"]).select("row_id", "plate")
    table = collected(chosen, engine).sort_by("row_id")
    spot = np.searchsorted(table["row_id"].to_numpy(), rows)
    return [str(text) for text in table["plate"].take(pa.array(spot)).to_pylist()]

"""How often each vehicle drove each leg: counted for all, in memory that does not grow with them.

A count-min sketch of one row (Cormode and Muthukrishnan, Journal of Algorithms 55(1), 2005): a
count is never too small, and too great only where two legs share a cell, which is rare.
"""

from threading import Lock

import numpy as np

from faisceau.analyses.plates._passages import Hashes, Ints, Reads, mixed

CELLS = (20, 29)
"""Bits of the number of cells, at least and at most: four cells a read, half a gigabyte in all."""


class Driven:
    """Counts of legs by vehicle; blocks may be counted by several threads."""

    def __init__(self, reads: int) -> None:
        self._bits = np.uint64(min(max((4 * reads).bit_length(), CELLS[0]), CELLS[1]))
        self._cells = np.zeros(1 << int(self._bits), np.uint8)
        self._lock = Lock()

    def add(self, reads: Reads, vehicle: Ints, until: int) -> None:
        """Count the legs of a block (by vehicle and time) that begin before ``until``: to the next
        read, and to the one after it."""
        for skip in (1, 2):
            same = (vehicle[skip:] == vehicle[:-skip]) & (reads.at[:-skip] < until)
            at = np.flatnonzero(same)
            cell = self._cell(reads.plate[at], leg(reads.place[at], reads.place[at + skip]))
            with self._lock:
                few = self._cells[cell] < MOST
                np.add.at(self._cells, cell[few], 1)

    def times(self, plate: Hashes, leg: Hashes) -> Ints:
        """How often each plate drove a leg, at most."""
        return self._cells[self._cell(plate, leg)].astype(np.int64)

    def _cell(self, plate: Hashes, leg: Hashes) -> Ints:
        return (mixed(plate ^ leg) >> (np.uint64(64) - self._bits)).astype(np.int64)


MOST = 200
"""Counts stop there, short of what a byte holds."""


def leg(start: Ints, end: Ints) -> Hashes:
    """A leg as a hash of its two places."""
    return mixed((start.astype(np.uint64) << np.uint64(32)) | end.astype(np.uint64))

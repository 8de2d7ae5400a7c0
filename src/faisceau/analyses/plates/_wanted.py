"""The index of wanted plates: exact in one lookup, misreads by their deletion neighbourhood.

Two strings one edit apart share a string when a character is taken from either, or both (symmetric
deletion, Garbe 2012; already Mor and Fraenkel, CACM 25(12), 1982). Hashes of these strings are
computed for a whole batch of reads at once; only reads that hit the index are compared in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.plates._passages import Hashes, among, mixed
from faisceau.analyses.plates._plates import CONFUSABLE, alike, compacted

LONGEST = 16
"""Characters of a compact plate that count."""
PRIMES = np.array(
    [(0x9E3779B97F4A7C15 * (2 * k + 1)) % 2**64 for k in range(1, LONGEST + 2)], np.uint64
)
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Hit:
    """A read that is, or may be, a wanted plate: the row of the batch, the plate of the list."""

    row: int
    wanted: str
    """As the list writes it."""
    exact: bool


class WantedIndex:
    """Wanted plates, ready to be compared with batches of reads."""

    def __init__(self, plates: Sequence[str], *, tolerant: bool = True) -> None:
        self.tolerant = tolerant
        self._written = {compacted(plate): plate for plate in plates if compacted(plate)}
        known = sorted(self._written)
        self._exact = {plate: self._written[plate] for plate in known}
        matrix, length = _matrix(pa.array(known, pa.string()))
        hashes, owner = _variants(matrix, length, tolerant)
        order = np.lexsort((owner, hashes))
        self._hashes, self._owner = hashes[order], owner[order]
        self._among = among(np.unique(self._hashes))
        self._known = known

    def __len__(self) -> int:
        return len(self._known)

    def hits(self, plates: pa.Array) -> list[Hit]:
        """The reads of a batch whose plate is wanted; with tolerance, those that may be."""
        texts = pc.fill_null(plates.cast(pa.string()), "")
        coded = texts.dictionary_encode()  # a plate read twice is compared once
        met = self._met(coded.dictionary)
        if not met:
            return []
        index = coded.indices.to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(np.isin(index, list(met)))
        return [hit for row in rows.tolist() for hit in _placed(row, met[int(index[row])])]

    def _met(self, plates: pa.Array) -> dict[int, list[tuple[str, bool]]]:
        compact = pc.utf8_upper(pc.replace_substring_regex(plates, r"[^\pL\pN]+", ""))
        matrix, length = _matrix(compact)
        hashes, owner = _variants(matrix, length, self.tolerant)
        near = self._among(hashes)
        met: dict[int, list[tuple[str, bool]]] = {}
        for row in np.unique(owner[near]).tolist():
            text = compact[row].as_py()
            found = self._wanted(text, hashes[near & (owner == row)])
            if found:
                met[row] = found
        return met

    def _wanted(self, text: str, hashes: Hashes) -> list[tuple[str, bool]]:
        if text in self._exact:
            return [(self._exact[text], True)]
        low = np.searchsorted(self._hashes, hashes, side="left")
        high = np.searchsorted(self._hashes, hashes, side="right")
        owners = {int(o) for a, b in zip(low, high, strict=True) for o in self._owner[a:b]}
        return [
            (self._written[self._known[o]], False)
            for o in sorted(owners)
            if self.tolerant and alike(text, self._known[o])
        ]


def _placed(row: int, found: list[tuple[str, bool]]) -> list[Hit]:
    return [Hit(row, wanted, exact) for wanted, exact in found]


def _matrix(texts: pa.Array) -> tuple[Bytes, npt.NDArray[np.int64]]:
    """Texts as rows of bytes, zeros after their end."""
    length = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    _, offsets, data = texts.buffers()
    begins = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts)]
    held = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    padded = np.r_[held, np.zeros(LONGEST, np.uint8)]
    matrix = padded[begins.astype(np.int64)[:, None] + np.arange(LONGEST)]
    length = np.minimum(length, LONGEST)
    matrix[np.arange(LONGEST) >= length[:, None]] = 0
    return matrix, length


_CODE = np.zeros(256, np.uint64)
_CODE[:] = mixed(np.arange(1, 257, dtype=np.uint64))
_CODE[0] = 0
_SAME = np.arange(256, dtype=np.uint8)
for _group in CONFUSABLE:
    for _sign in _group:
        _SAME[ord(_sign)] = ord(_group[-1])


def _variants(
    matrix: Bytes, length: npt.NDArray[np.int64], tolerant: bool
) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Hashes of each text and, when tolerant, of its skeleton and of it without any one character.

    The hash of a text is a sum over positions, so that those without a character come from two
    running sums: what stands before keeps its place, what stands after moves up by one.
    """
    rows = np.arange(len(matrix))
    codes = _CODE[matrix]
    kept = codes * PRIMES[:LONGEST]
    whole = kept.sum(axis=1)
    if not tolerant:
        return mixed(whole), rows
    moved = codes[:, 1:] * PRIMES[: LONGEST - 1]
    before = np.cumsum(kept, axis=1) - kept
    after = moved.sum(axis=1)[:, None] - np.cumsum(moved, axis=1)
    after = np.concatenate([moved.sum(axis=1)[:, None], after], axis=1)
    without = (before + after)[:, :LONGEST]
    there = np.arange(LONGEST) < length[:, None]
    bones = (_CODE[_SAME[matrix]] * PRIMES[:LONGEST]).sum(axis=1) + np.uint64(1)
    hashes = np.concatenate([whole, bones, without[there]])
    owner = np.concatenate([rows, rows, np.broadcast_to(rows[:, None], there.shape)[there]])
    return mixed(hashes), owner

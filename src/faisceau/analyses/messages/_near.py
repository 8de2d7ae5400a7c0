"""Texts that are nearly the same: MinHash over pieces of text, and who falls into one group.

A text is the set of its pieces of five bytes. MinHash (Broder, Compression and Complexity of
Sequences, 1997) keeps of it a signature whose agreement with another's estimates how much of the
two texts is common (Jaccard). Bands of the signature that agree bring two texts together, the
whole signatures confirm it; what is confirmed is joined into groups.
"""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rensa import RMinHash
from scipy.sparse import coo_array  # type: ignore[import-untyped]
from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]

PIECE = 5
"""Bytes of a piece."""
BANDS, ROWS = 10, 4
"""Bands of the first reading and their rows: 0.7 in common meet in 94 of 100 cases."""
SIGNATURE = 128
"""Rows of the signature that confirms: an estimate to 4 parts in a hundred."""
SEED = 20_240_501
STEP = 0x9E3779B97F4A7C15
MARKS = pa.schema([("row_id", pa.int64()), ("bands", pa.list_(pa.int64(), BANDS))])
Numbers = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


def marks(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The bands of each text (``row_id``, ``exhibit_id``, ``text``): equal where two may be near.

    The exhibit is in every band, so that nothing meets across exhibits.
    """
    signature = signatures(batch["text"], BANDS * ROWS)
    code = batch["exhibit_id"].dictionary_encode()
    own = [
        int.from_bytes(blake2b(str(e).encode(), digest_size=8).digest()) for e in code.dictionary
    ]
    exhibit = np.array(own, np.uint64)[code.indices.to_numpy()]
    flat = np.empty((len(batch), BANDS), np.uint64)
    for band in range(BANDS):
        value = exhibit + np.uint64(band)
        for row in range(ROWS):
            value = _mixed(value ^ signature[:, band * ROWS + row].astype(np.uint64))
        flat[:, band] = value
    bands = pa.FixedSizeListArray.from_arrays(pa.array(flat.view(np.int64).ravel()), BANDS)
    return pa.record_batch([batch["row_id"], bands], MARKS)


def signatures(texts: pa.Array, length: int) -> npt.NDArray[np.uint32]:
    """One MinHash signature a text; case and the number of blanks do not count."""
    plain = pc.replace_substring_regex(pc.utf8_lower(texts), r"\s+", " ")
    plain = pc.utf8_rpad(pc.fill_null(pc.utf8_trim_whitespace(plain), ""), PIECE)
    plain = plain.cast(pa.large_string())
    ends = np.frombuffer(plain.buffers()[1], np.int64)[plain.offset :][: len(plain) + 1]
    if not len(plain):
        return np.empty((0, length), np.uint32)
    data = np.frombuffer(plain.buffers()[2], np.uint8)[ends[0] : ends[-1]].astype(np.uint64)
    starts = ends - ends[0]
    hashes = np.zeros(len(data), np.uint64)
    for place in range(PIECE):
        hashes[: len(data) - place] += data[place:] * np.uint64(pow(STEP, place + 1, 1 << 64))
    sizes = np.diff(starts) - PIECE + 1
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    pick = np.repeat(starts[:-1] - offsets[:-1], sizes) + np.arange(offsets[-1])
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        _mixed(hashes[pick]), offsets.astype(np.uint64), num_perm=length, seed=SEED
    )
    return np.array(matrix.to_rows(), np.uint32)


def _mixed(value: Numbers) -> Numbers:
    """Splitmix64's last step: equal stays equal, near becomes far."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def pairs(marked: Iterator[pa.RecordBatch]) -> tuple[Rows, Rows]:
    """Pairs of rows that share a band: each with the first of its band and with the one before."""
    table = pa.Table.from_batches(marked, MARKS).sort_by("row_id")
    if not len(table):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    rows = table["row_id"].to_numpy()
    bands = table["bands"].combine_chunks().flatten().to_numpy().reshape(-1, BANDS)
    found = []
    for band in range(BANDS):
        order = np.argsort(bands[:, band], kind="stable")
        value = bands[order, band]
        again = np.flatnonzero(value[1:] == value[:-1]) + 1
        first = np.maximum.accumulate(
            np.where(np.concatenate([[True], value[1:] != value[:-1]]), np.arange(len(value)), 0)
        )
        found.append(np.stack([rows[order[again - 1]], rows[order[again]]], axis=1))
        found.append(np.stack([rows[order[first[again]]], rows[order[again]]], axis=1))
    both = np.unique(np.concatenate(found), axis=0)
    return both[:, 0], both[:, 1]


def groups(rows: Rows, texts: pa.Array, one: Rows, two: Rows, least: float) -> Rows:
    """The group of each row (``rows`` sorted, with their texts): the first row that is in it.

    ``one``, ``two``: pairs that may be near; those whose signatures agree by ``least`` are joined.
    """
    signature = signatures(texts, SIGNATURE)
    a, b = np.searchsorted(rows, one), np.searchsorted(rows, two)
    near = np.zeros(len(a), bool)
    for start in range(0, len(a), 1 << 16):
        part = slice(start, start + (1 << 16))
        near[part] = (signature[a[part]] == signature[b[part]]).mean(axis=1) >= least
    links = coo_array((np.ones(near.sum(), bool), (a[near], b[near])), shape=(len(rows),) * 2)
    _, label = connected_components(links, directed=False)
    first = np.full(label.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, label, rows)
    return np.asarray(first[label], np.int64)

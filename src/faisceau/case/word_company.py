"""Words by the company they keep: which words of a case are used like those a lexicon knows.

Learnt on the case alone, nothing is downloaded: counts of words near each other, as positive
pointwise mutual information, reduced by a truncated SVD (Bullinaria and Levy 2012; Levy, Goldberg
and Dagan 2015, TACL 3, for the smoothing of contexts). Words of a similar use have similar rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

WINDOW = 4
"""Words on each side that keep a word company."""
SMOOTH = 0.75
"""Power to which the counts of contexts are raised, so that rare ones weigh less."""
DIMENSIONS = 100
WORDS = 20_000
"""Words that are compared, the most frequent ones, at most."""
ALIKE = 0.5
"""Cosine from which on two words are used alike."""
NEAREST = 3

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A word used like words that are known: which ones, the nearest first, and how much."""

    word: int
    likeness: float
    near: tuple[int, ...]


def neighbours(
    lines: Iterable[Sequence[int]], frequent: Sequence[int], known: Sequence[int]
) -> list[Neighbour]:
    """The words of ``frequent`` that are used like one of ``known``, by falling likeness.

    ``lines``: what was written, as numbers of words, in order; ``known`` is part of ``frequent``.
    The same lines give the same answer.
    """
    chosen = np.array(sorted(frequent), np.int64)[:WORDS]
    seeds = np.flatnonzero(np.isin(chosen, np.array(sorted(known), np.int64)))
    if not len(seeds) or len(chosen) < 4:
        return []
    rows = _rows(_together(lines, chosen))
    met = np.linalg.norm(rows, axis=1)
    rows = rows / np.where(met, met, 1.0)[:, None]
    alike = rows @ rows[seeds].T
    alike[seeds] = -1.0
    found = []
    for n in np.flatnonzero(alike.max(axis=1) >= ALIKE).tolist():
        order = np.lexsort((seeds, -alike[n]))[:NEAREST]
        near = tuple(int(chosen[seeds[s]]) for s in order if alike[n, s] >= ALIKE)
        found.append(Neighbour(int(chosen[n]), round(float(alike[n, order[0]]), 3), near))
    return sorted(found, key=lambda one: (-one.likeness, one.word))


def _together(lines: Iterable[Sequence[int]], chosen: npt.NDArray[np.int64]) -> Any:
    """How often each chosen word stands within a window of each other one."""
    from scipy.sparse import coo_matrix  # type: ignore[import-untyped]

    size = len(chosen)
    parts = [np.array(line, np.int64) for line in lines if len(line) > 1]
    words = np.concatenate([*parts, np.empty(0, np.int64)])
    of = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    place = np.searchsorted(chosen, words)
    place[place == size] = 0
    place = np.where(chosen[place] == words, place, -1)
    total = coo_matrix((size, size)).tocsr()
    for step in range(1, WINDOW + 1):
        both = (of[step:] == of[:-step]) & (place[step:] >= 0) & (place[:-step] >= 0)
        left, right = place[:-step][both], place[step:][both]
        pairs = coo_matrix((np.ones(len(left)), (left, right)), shape=(size, size))
        total = total + pairs.tocsr() + pairs.T.tocsr()
    return total


def _rows(together: Any) -> Floats:
    """What a word is by its company: PPMI, then the strongest directions."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.linalg import svds  # type: ignore[import-untyped]

    counts = together.tocoo()
    own = np.asarray(together.sum(axis=1)).ravel()
    context = own**SMOOTH
    share = context / max(float(context.sum()), 1.0)
    with np.errstate(divide="ignore"):
        told = np.log(counts.data / (own[counts.row] * share[counts.col]))
    kept = told > 0
    table = csr_matrix((told[kept], (counts.row[kept], counts.col[kept])), shape=together.shape)
    size = min(DIMENSIONS, min(table.shape) - 1)
    if table.nnz == 0 or size < 1:
        return np.zeros((table.shape[0], 1))
    start = np.ones(min(table.shape)) / np.sqrt(min(table.shape))
    left, weight, _ = svds(table, k=size, v0=start)
    rows: Floats = left * np.sqrt(np.maximum(weight, 0))
    return rows

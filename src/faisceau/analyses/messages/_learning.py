"""Continuous active learning over conversations: what is looked at next, learnt from verdicts.

After Cormack and Grossman (2015, arXiv 1504.06868): a linear model, learnt anew after each batch
of verdicts, puts forward what it ranks highest; batches grow by a tenth. Everything follows from
the texts and the verdicts, so a review is replayed from its beginning each time: nothing is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

GROWTH = 0.1
"""By how much each batch is larger than the one before."""
LETTERS = 0.7
CLUES = 0.5
"""What the letters and the lexicon's clues weigh beside the words (each block has length one)."""
_HASHES = 1 << 18

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """Conversations as the model sees them; ``words`` names the first columns of ``matrix``."""

    matrix: Any
    words: npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Review:
    """Where a review stands.

    ``met``: items in the order in which the ranking came to them, each with its verdict;
    ``waiting``: those of the next batch that have none; ``scores``: probabilities by item, empty
    before anything could be learnt; ``weights``: of the model's columns, likewise.
    """

    met: list[int]
    waiting: list[int]
    ended: bool
    scores: Floats = field(default_factory=lambda: np.empty(0))
    weights: Floats = field(default_factory=lambda: np.empty(0))


def features(texts: Sequence[str], clues: npt.NDArray[np.float64]) -> Features:
    """Words and pairs of words, letters in threes to fives, and clues (items × clues)."""
    from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import (
        HashingVectorizer,
        TfidfTransformer,
        TfidfVectorizer,
    )
    from sklearn.preprocessing import normalize

    common = 2 if len(texts) > 50 else 1
    words = TfidfVectorizer(
        token_pattern=r"(?u)\b\w\w+\b",
        strip_accents="unicode",
        ngram_range=(1, 2),
        min_df=common,
        max_features=300_000,
        sublinear_tf=True,
        dtype=np.float32,
    )
    try:
        by_words = words.fit_transform(texts)
        names = words.get_feature_names_out()
    except ValueError:  # no word twice: letters alone
        by_words, names = csr_matrix((len(texts), 0), dtype=np.float32), np.empty(0, object)
    letters = HashingVectorizer(
        analyzer="char_wb",
        ngram_range=(3, 5),
        strip_accents="unicode",
        n_features=_HASHES,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )
    by_letters = TfidfTransformer(sublinear_tf=True).fit_transform(letters.transform(texts))
    blocks = [by_words, LETTERS * by_letters]
    if clues.shape[1]:
        blocks.append(CLUES * normalize(csr_matrix(clues, dtype=np.float32)))
    return Features(hstack(blocks, "csr"), names)


def replay(
    given: Features,
    first: Sequence[int],
    verdicts: Mapping[int, bool | None],
    *,
    known: Sequence[int] = (),
    batch: int,
    stop: Callable[[Sequence[int]], bool] = lambda met: False,
) -> Review:
    """The review as the verdicts (None: unsure) make it go, up to the first one that lacks.

    ``first``: every item, in the order that serves until both verdicts were met; ``known``: items
    judged before the review began, learnt from at once; ``stop``: says, of the items met, whether
    the review may end.
    """
    count = given.matrix.shape[0]
    place = np.empty(count, np.int64)
    place[np.array(first, np.int64)] = np.arange(count)
    met, size = [i for i in known if i in verdicts], float(batch)
    while True:
        weights, scores = learnt(given, met, verdicts)
        if stop(met) or len(met) == count:
            return Review(met, [], True, scores, weights)
        chosen = _next(place, scores, met, round(size))
        waiting = [i for i in chosen if i not in verdicts]
        if waiting:
            return Review(met, waiting, False, scores, weights)
        met += chosen
        size *= 1 + GROWTH


def _next(place: Ints, scores: Floats, met: Sequence[int], size: int) -> list[int]:
    """The items that come next: by falling score, equal ones in the first order."""
    order = np.lexsort((place, -scores)) if len(scores) else np.argsort(place)
    seen = np.zeros(len(place), bool)
    seen[np.array(met, np.int64)] = True
    chosen: list[int] = order[~seen[order]][:size].tolist()
    return chosen


def learnt(
    given: Features, met: Sequence[int], verdicts: Mapping[int, bool | None]
) -> tuple[Floats, Floats]:
    """Weights of the columns and probabilities of all items; empty with one verdict alone."""
    judged = [i for i in met if verdicts[i] is not None]
    answers = np.array([bool(verdicts[i]) for i in judged])
    if len(set(answers.tolist())) < 2:
        return np.empty(0), np.empty(0)
    from sklearn.linear_model import LogisticRegression

    order = np.argsort(judged)  # the same verdicts in another order: the same model
    seen = given.matrix[np.array(judged)[order]]
    columns = np.unique(seen.indices)  # the others would weigh nothing
    model = LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear", random_state=0)
    model.fit(seen[:, columns], answers[order])
    weights = np.zeros(given.matrix.shape[1])
    weights[columns] = model.coef_[0]
    odds = given.matrix @ weights + model.intercept_[0]
    return weights, np.round(1 / (1 + np.exp(-odds)), 9)


def telling(given: Features, item: int, weights: Floats, most: int) -> list[tuple[str, float]]:
    """The words of an item that weigh most in the model, strongest first, for it or against."""
    row = given.matrix[item]
    mine = row.indices < len(given.words)
    columns, parts = row.indices[mine], row.data[mine] * weights[row.indices[mine]]
    order = np.lexsort((given.words[columns].astype(str), -np.abs(parts)))[:most]
    return [(str(given.words[columns[i]]), round(float(parts[i]), 4)) for i in order]


def folded(text: str) -> str:
    """A text as its words are known to the model: small letters, no accents."""
    from sklearn.feature_extraction.text import strip_accents_unicode

    plain: str = strip_accents_unicode(text.lower())
    return plain

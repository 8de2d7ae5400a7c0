"""What else ties two procedures that share a value: the third witness of each coincidence.

A coincidence of a network is often corroborated: the pair is tied through a third procedure, or
other bearers of the value are tied otherwise. One of chance almost never is; and the more bear a
value without a single other tie among them, the more surely it is scenery: a hotel, a taxi.
"""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.links._pairs import Coincidences
from faisceau.analyses.links._traits import Bools, Ints

NEITHER, ONE, BOTH, THIRD = range(4)
"""What corroborates a coincidence: nothing; one of the two is tied otherwise to another bearer of
the value; both are; a third procedure is tied to both."""
REST = 4
"""A state is one of these, and how many of the other bearers are tied among themselves: none, or
there are none; less than a third; less than two thirds; more."""
STATES = 4 * REST

SEED = 11
DECOYS = (
    ((2,), 500),
    ((2,), 500),
    ((3, 4), 200),
    ((5, 6, 7, 8), 120),
    ((9, 12, 16), 48),
    ((20, 30), 12),
)
"""Sizes and numbers of the values drawn at random, by class of how many bear them."""


class Ties:
    """Which procedures the telling coincidences tie, by which family of values."""

    def __init__(self, found: Coincidences, telling: Bools, procedures: int) -> None:
        self.n = procedures
        one = np.concatenate([found.a[telling], found.b[telling]])
        two = np.concatenate([found.b[telling], found.a[telling]])
        family = np.concatenate([found.family[telling]] * 2)
        order = np.lexsort((family, two, one))
        one, two, family = one[order], two[order], family[order]
        key = one * procedures + two
        fresh = np.append(True, (key[1:] != key[:-1]) | (family[1:] != family[:-1]))[: len(key)]
        self.two, self.family, self.key = two[fresh], family[fresh], key[fresh]
        self.begin = np.searchsorted(one[fresh], np.arange(procedures + 1))

    def through(self, a: Ints, b: Ints, family: Ints) -> Bools:
        """True where a third procedure is tied to both, by other families than ``family``."""
        degree = np.diff(self.begin)
        swap = degree[a] > degree[b]
        a, b = np.where(swap, b, a), np.where(swap, a, b)
        sizes = degree[a]
        which = np.repeat(np.arange(len(a)), sizes)
        at = (
            self.begin[a][which]
            + np.arange(len(which))
            - np.repeat(np.cumsum(sizes) - sizes, sizes)
        )
        fit = (self.family[at] != family[which]) & (self.two[at] != b[which])
        which, at = which[fit], at[fit]
        wanted = self.two[at] * self.n + b[which]
        low = np.searchsorted(self.key, wanted, "left")
        high = np.searchsorted(self.key, wanted, "right")
        only = np.where(high > low, self.family[np.minimum(low, len(self.key) - 1)], -1)
        met = (high - low > 1) | ((high - low == 1) & (only != family[which]))
        result = np.zeros(len(a), bool)
        result[which[met]] = True
        return result

    def between(self, a: Ints, b: Ints) -> Bools:
        """True where the pair itself is tied."""
        wanted = a * self.n + b
        at = np.minimum(np.searchsorted(self.key, wanted), max(0, len(self.key) - 1))
        met: Bools = self.key[at] == wanted if len(self.key) else np.zeros(len(a), bool)
        return met


@dataclass(frozen=True, slots=True)
class Shared:
    """Pairs that share a value: ``a``, ``b``, the ``family`` of the value, and its ``bucket``:
    the class of how many bear it."""

    a: Ints
    b: Ints
    family: Ints
    bucket: Ints


def decoys(procedures: int) -> Shared:
    """Values that bearers drawn at random would share: what chance looks like.

    This is the target-decoy idea of proteomics (Elias and Gygi, Nature Methods 4, 2007).
    """
    rng = np.random.default_rng(SEED)
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    family = 0
    for bucket, (sizes, families) in enumerate(DECOYS):
        for i in range(families):
            size = min(sizes[i % len(sizes)], procedures)
            bearers = np.sort(rng.choice(procedures, size, replace=False))
            left, right = np.triu_indices(size, 1)
            family -= 1
            n = len(left)
            parts.append((bearers[left], bearers[right], np.full(n, family), np.full(n, bucket)))
    a, b, families_, buckets = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Shared(a, b, families_ - family, buckets)


def directly(found: Coincidences, pair: Ints, telling: Bools) -> Bools:
    """True where the pair is also tied by a telling coincidence of another source and family."""
    at, size = np.flatnonzero(telling), int(pair.max(initial=-1)) + 1
    sources = _distinct_count(pair[at], found.source[at], size)
    families = _distinct_count(pair[at], found.family[at], size)
    others = np.minimum(sources, families)[pair] - telling
    return others > 0


class Around:
    """Who else bears the value of each coincidence: what states are told from."""

    def __init__(self, found: Coincidences | Shared, n: int) -> None:
        ends = np.concatenate([found.family * n + found.a, found.family * n + found.b])
        bearers, self.bearer = np.unique(ends, return_inverse=True)
        self.family = bearers // max(1, n)
        self.size = np.bincount(self.family)
        self.of = found.family
        self.sizes: Ints = self.size[found.family] if len(ends) else found.family
        """How many procedures bear a value of the family of each coincidence."""

    def states(self, through: Bools, direct: Bools) -> Ints:
        """What corroborates each coincidence, beside the other coincidences of the pair itself."""
        if not len(self.of):
            return np.zeros(0, np.int64)
        tied = through | direct
        ties = np.bincount(self.bearer, np.tile(tied, 2))
        held_up = np.bincount(self.family, ties > 0)
        ties_of_a, ties_of_b = ties[self.bearer].reshape(2, -1)
        with_a, with_b = ties_of_a - tied > 0, ties_of_b - tied > 0
        own = np.where(through, THIRD, with_a.astype(np.int64) + with_b)
        others = np.maximum(1, self.sizes - 2)
        share = (held_up[self.of] - (ties_of_a > 0) - (ties_of_b > 0)) / others
        rest = np.where(share <= 0, 0, 1 + np.searchsorted((1 / 3, 2 / 3), share, "right"))
        return own * REST + rest


def _distinct_count(pair: Ints, what: Ints, size: int) -> Ints:
    """How many distinct values each pair has."""
    wide = int(what.max(initial=0)) + 1
    return np.bincount(np.unique(pair * wide + what) // wide, minlength=size)

"""The weight of evidence of each coincidence, and the rate of false links at a weight.

A coincidence of a class either comes from one network or from chance. How often it comes from
chance is what has to be known, and no truth is given. It is estimated from what else ties the two
procedures: a pair of one network is often tied by a second trait, or through a third procedure;
a chance pair almost never is, and how seldom is measured on pairs put together at random. The
estimate of a class is drawn towards a published prior (``_priors``), the more so the fewer cases
it rests on. This is the target-decoy idea of proteomics (Elias and Gygi, Nature Methods 4, 2007)
with weights of evidence after Good (1950): natural logarithms of likelihood ratios, added up.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from faisceau.analyses.links._context import Context
from faisceau.analyses.links._context import worth as cell_worth
from faisceau.analyses.links._pairs import Coincidences
from faisceau.analyses.links._priors import STRENGTH, parsed, prior_of, trusted
from faisceau.analyses.links._traits import Bools, Floats, Ints

ROUNDS = 5
TELLING = 0.5
"""Share of true ones from which a class may corroborate others."""
SURE = 0.998
"""No class is believed more than this."""
FAINT = 0.12
"""Below this share of true ones a class is part of the scenery: its weight is nothing."""
UNLIKELY = 0.1
"""Below this share a class is made of chance: it tells how chance is corroborated."""
RESIDUE = 0.001
"""The rate of false links that no weight removes."""
USUAL_TRUE = np.array([0.4, 0.2, 0.4])
USUAL_FALSE = np.array([0.80, 0.17, 0.03])
"""Prior rates of the three states, for true and for chance coincidences."""


ALONE, VOUCHED, TIED = range(3)
"""What corroborates a coincidence: nothing; two other bearers of its value are tied otherwise; the
pair itself is tied otherwise."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """``of``: the pair of each coincidence; ``counted``: it counts (the strongest of its source).

    By pair: ``a``, ``b``; ``weight``, in all; ``state``: what corroborates it; ``worth``: the
    weight of that; ``cell``, ``around``: route and season, and the weight of that."""

    of: Ints
    counted: Bools
    a: Ints
    b: Ints
    weight: Floats
    state: Ints
    worth: Floats
    cell: Ints
    around: Floats


@dataclass(frozen=True, slots=True)
class Weighed:
    """``share``: of each class, how many are no chance; ``weight``: of each class; ``prior``: the
    log-odds that any two procedures are linked."""

    share: Floats
    weight: Floats
    prior: float
    pairs: Pairs


def weigh(found: Coincidences, procedures: int, context: Context) -> Weighed:
    """Weights of all classes and pairs."""
    classes = len(found.class_names)
    priors = np.array([prior_of(name) for name in found.class_names])
    strict = np.array([trusted(name) for name in found.class_names], bool)
    bucket = np.array([parsed(name)[2] for name in found.class_names], np.int64)
    seen = np.bincount(found.classes, minlength=classes).astype(float)
    share, every = priors, max(1.0, procedures * (procedures - 1) / 2)
    key = found.a * procedures + found.b
    _, first, pair = np.unique(key, return_index=True, return_inverse=True)
    pair, n = pair.ravel(), len(first)
    cell = context.cells(found.a[first], found.b[first])
    linked = max(1.0, float((share * seen).sum()))
    for _ in range(ROUNDS):
        telling = share[found.classes] >= TELLING
        ties = _Ties(found, telling, procedures)
        through = ties.through(found.a, found.b, found.family)
        direct = _directly(found, pair, telling)
        share = _shares(found, direct | through, seen, priors, strict, bucket)
        prior = float(_logit(min(0.5, linked / every)))
        weight = np.where(share < FAINT, 0.0, np.maximum(0.0, _logit(share) - prior))
        counted = _strongest(found, pair, weight[found.classes])
        state = _states(found, through)
        worth = _worths(found, state, share, bucket)
        best = _best(found, pair, counted, weight[found.classes], n)
        total = np.bincount(pair, weight[found.classes] * counted, n) + worth[best]
        around = cell_worth(cell, _sigmoid(total + prior))[cell]
        total = total + around
        linked = max(1.0, float(_sigmoid(total + prior).sum()))
    pairs = Pairs(
        of=pair,
        counted=counted,
        a=found.a[first],
        b=found.b[first],
        weight=total,
        state=state[best],
        worth=worth[best],
        cell=cell,
        around=around,
    )
    return Weighed(share, weight, prior, pairs)


def _states(found: Coincidences, tied: Bools) -> Ints:
    """What corroborates each coincidence."""
    per_family = np.bincount(found.family, tied)
    vouched = per_family[found.family] - tied > 0 if len(found) else tied
    return np.where(tied, TIED, np.where(vouched, VOUCHED, ALONE))


def _shares(  # noqa: PLR0917 - arrays side by side
    found: Coincidences, tied: Bools, seen: Floats, priors: Floats, strict: Bools, bucket: Ints
) -> Floats:
    """Of each class, the share that is no chance: corroborated as often as those that hardly err,
    or as seldom as chance."""
    helped = np.bincount(found.classes, tied, len(seen))
    chance = priors < UNLIKELY
    true, false = np.zeros(len(seen)), np.zeros(len(seen))
    all_true = _pooled(helped, seen, strict, (6.0, 10.0))
    all_false = _pooled(helped, seen, chance, (0.5, 50.0))
    for value in np.unique(bucket):
        these = bucket == value
        true[these] = _pooled(helped, seen, strict & these, (10 * all_true, 10.0))
        false[these] = _pooled(helped, seen, chance & these, (10 * all_false, 10.0))
    rate = helped / np.maximum(1, seen)
    raw = np.clip((rate - false) / np.maximum(0.1, true - false), 0.001, SURE)
    return (seen * raw + STRENGTH * priors) / (seen + STRENGTH)


def _pooled(hits: Any, seen: Floats, these: Bools, prior: tuple[float, float]) -> float:
    return float((hits[these].sum() + prior[0]) / (seen[these].sum() + prior[1]))


def _worths(found: Coincidences, state: Ints, share: Floats, bucket: Ints) -> Floats:
    """The weight of what corroborates each coincidence, by its class: how often true ones are in
    that state, told by the sure classes that as many bear, against how often its chance ones are,
    told by what is left of its own once the true ones are taken away."""
    n = len(share)
    met = np.stack([np.bincount(found.classes, state == s, n) for s in range(3)], axis=1)
    seen = met.sum(axis=1)
    worth = np.zeros((n, 3))
    for value in np.unique(bucket):
        these = bucket == value
        sure = these & (share > 0.8)
        true = met[sure].sum(axis=0) + 10 * USUAL_TRUE
        true /= true.sum()
        chance = these & (share < UNLIKELY)
        usual = met[chance].sum(axis=0) + 20 * USUAL_FALSE
        usual /= usual.sum()
        false = np.maximum(0, met[these] - (share * seen)[these, None] * true)
        false = (false + 20 * usual) / (false.sum(axis=1, keepdims=True) + 20)
        worth[these] = np.log(true / false)
    return worth[found.classes, state]


def _best(found: Coincidences, pair: Ints, counted: Bools, weight: Floats, n: int) -> Ints:
    """The heaviest coincidence of each pair."""
    order = np.lexsort((np.arange(len(pair)), -weight, ~counted, pair))
    return order[np.searchsorted(pair[order], np.arange(n))]


class _Ties:
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


def _directly(found: Coincidences, pair: Ints, telling: Bools) -> Bools:
    """True where the pair is also tied by a telling coincidence of another source and family."""
    at = np.flatnonzero(telling)
    sources = _distinct_count(pair[at], found.source[at])
    families = _distinct_count(pair[at], found.family[at])
    size = int(pair.max(initial=-1)) + 1
    n_sources, n_families = np.zeros(size, np.int64), np.zeros(size, np.int64)
    n_sources[: len(sources)], n_families[: len(families)] = sources, families
    others = np.minimum(n_sources, n_families)[pair] - telling
    return others > 0


def _distinct_count(pair: Ints, what: Ints) -> Ints:
    """How many distinct values each pair has."""
    if not len(pair):
        return np.zeros(0, np.int64)
    both = np.unique(np.stack([pair, what]), axis=1)
    return np.bincount(both[0])


def _strongest(found: Coincidences, pair: Ints, weight: Floats) -> Bools:
    """The heaviest coincidence of each pair and source, then of each pair and family."""
    counted = np.ones(len(pair), bool)
    for what in (found.source, found.family):
        at = np.flatnonzero(counted)
        order = at[np.lexsort((at, -weight[at], what[at], pair[at]))]
        same = (pair[order][1:] == pair[order][:-1]) & (what[order][1:] == what[order][:-1])
        counted[order[1:][same]] = False
    return counted


def _logit(share: Floats | float) -> Floats:
    clipped = np.clip(share, 1e-12, 1 - 1e-12)
    odds: Floats = np.log(clipped / (1 - clipped))
    return odds


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def false_rate(weight: Floats | float, prior: float) -> Floats:
    """The rate of false links at a weight; never below ``RESIDUE``: models err too."""
    return RESIDUE + (1 - RESIDUE) * _sigmoid(-(np.asarray(weight) + prior))

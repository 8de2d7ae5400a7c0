"""The weight of evidence of each coincidence, and the rate of false links at a weight.

A coincidence of a class either comes from one network or from chance. How often it comes from
chance is what has to be known, and no truth is given. It is estimated as Fellegi and Sunter's
model is (JASA 64, 1969), by expectation and maximisation over all candidate pairs of the data at
hand: of each class the share that is no chance; how often what corroborates (``_ties``) is met
among true pairs and among chance ones; the share of true pairs in all. The estimate of a class is
drawn towards a published prior (``_priors``), the more so the fewer cases it rests on.

Weights of evidence are Good's (1950): natural logarithms of likelihood ratios, added up.
"""

from dataclasses import dataclass

import numpy as np

from faisceau.analyses.links._context import Context
from faisceau.analyses.links._context import drawn as drawn_cells
from faisceau.analyses.links._context import worth as cell_worth
from faisceau.analyses.links._near import BORNE_BY
from faisceau.analyses.links._pairs import Coincidences
from faisceau.analyses.links._priors import (
    CHANCE_STATES,
    FAINT,
    STATE_STRENGTH,
    STRENGTH,
    TRUE_STATES,
    joins,
    prior_shares,
)
from faisceau.analyses.links._ties import (
    BOTH,
    NEITHER,
    ONE,
    REST,
    STATES,
    THIRD,
    Around,
    Shared,
    Ties,
    decoys,
    directly,
)
from faisceau.analyses.links._traits import Bools, Floats, Ints

ROUNDS = 6
STEPS = 20
TRUSTED = 0.9
"""Prior share of the classes from which one learns how true coincidences are corroborated."""
TELLING = 0.5
"""A coincidence that is no chance as surely as this may corroborate others."""
SURE = 0.99
"""No class is believed more than this."""
MOST_LINKED = 0.2
"""No more of all pairs are taken to be linked, however few there are."""
MOST = 4.0
"""What corroborates weighs no more, either way."""
BUCKETS = len(BORNE_BY) + 1
RESIDUE = 0.001
"""The rate of false links that no weight removes, however many procedures there are."""
FEW = 0.6
"""This over the number of procedures is added to it."""


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
    priors = prior_shares(found.class_names, found.slips)
    around = Around(found, procedures)
    bucket = np.searchsorted(BORNE_BY, around.sizes, "right")
    _, first, pair = np.unique(
        found.a * procedures + found.b, return_index=True, return_inverse=True
    )
    pair, n = pair.ravel(), len(first)
    cell = context.cells(found.a[first], found.b[first])
    every = max(1.0, procedures * (procedures - 1) / 2)
    counts = 1 / np.maximum(1, around.sizes - 1)  # k bearers speak k / 2 times, not k²
    anchor = np.where(priors >= TRUSTED, priors, 0.0)[found.classes] * counts * ~found.near
    drawn = decoys(procedures)
    joining = np.array([joins(name) for name in found.class_names])
    joined = joining[found.classes] * (bucket > 1)
    kinds = found.classes * BUCKETS + bucket
    may_tell = (priors >= 0.3)[found.classes]
    share, own = priors, priors[found.classes]
    for _ in range(ROUNDS):
        telling = (np.minimum(own, share[found.classes]) >= TELLING) & may_tell
        ties = Ties(found, telling, procedures)
        through = ties.through(found.a, found.b, found.family)
        direct = directly(found, pair, telling)
        state = around.states(through, direct)
        at_all = np.where(direct, THIRD * REST + state % REST, state)
        chance = _by_chance(drawn, ties)
        true = _met(bucket, at_all, anchor, TRUE_STATES)
        share = _shares(kinds * STATES + at_all, counts, priors, joining, true, chance[0])
        true = _met(bucket, state, anchor, TRUE_STATES)
        worth = _ratios(true, chance[1], joined, bucket, state)
        own = _sigmoid(_logit(share[found.classes]) + worth)
    counted = _strongest(found, pair, share[found.classes])
    best = _best(pair, counted, _logit(share)[found.classes] + worth, n)
    linked, by_chance = float(procedures), drawn_cells(context)
    for _ in range(ROUNDS):
        prior = float(_logit(min(MOST_LINKED, linked / every)))
        weight = np.where(share < FAINT, 0.0, np.maximum(0.0, _logit(share) - prior))
        total: Floats = np.bincount(pair, weight[found.classes] * counted, n).astype(np.float64)
        added = np.where(total > 0, worth[best], np.minimum(0.0, worth[best]))
        total = total + added
        seasons = cell_worth(cell, _sigmoid(total + prior), by_chance)[cell]
        total = total + seasons
        linked = np.sqrt(linked * max(1.0, float(_sigmoid(total + prior).sum())))
    pairs = Pairs(
        of=pair,
        counted=counted,
        a=found.a[first],
        b=found.b[first],
        weight=total,
        state=state[best],
        worth=added,
        cell=cell,
        around=seasons,
    )
    return Weighed(share, weight, prior, pairs)


def _by_chance(drawn: Shared, ties: Ties) -> tuple[Floats, Floats]:
    """How often each state is met by chance, by how many bear the value: with what ties the pair
    itself, and without."""
    through, direct = ties.through(drawn.a, drawn.b, drawn.family), ties.between(drawn.a, drawn.b)
    state = Around(drawn, ties.n).states(through, direct)
    at_all = np.where(direct, THIRD * REST + state % REST, state)
    ones = np.ones(len(state))
    return (
        _met(drawn.bucket, at_all, ones, CHANCE_STATES),
        _met(drawn.bucket, state, ones, CHANCE_STATES),
    )


def _ratios(true: Floats, chance: Floats, joined: Floats, bucket: Ints, state: Ints) -> Floats:
    """The weight of the state of each coincidence: how often true ones are in it, against chance
    ones. Chance gives a value at random to all its bearers, or lets a stranger join those of a
    network."""
    own, rest = np.divmod(np.arange(STATES), REST)
    of_rest = np.stack([true[:, rest == r].sum(axis=1) for r in range(REST)], axis=1)[:, rest]
    of_own = [true[:, own == o].sum(axis=1, keepdims=True) for o in range(4)]
    held_up = of_own[ONE] / 2 + of_own[BOTH] + of_own[THIRD]
    third = chance[:, own == THIRD].sum(axis=1, keepdims=True)
    alone = (1 - third) * (1 - held_up)
    apart = np.select(
        [own == NEITHER, own == ONE, own == BOTH],
        [alone, (1 - third) * held_up * 0.9, (1 - third) * held_up * 0.1],
        third,
    )
    stranger = of_rest * apart
    mixed = (1 - joined) * chance[bucket, state] + joined * stranger[bucket, state]
    weights: Floats = np.log(true[bucket, state] / mixed)
    least = np.where(state // REST == THIRD, 0.0, -MOST)  # a third witness never speaks against
    return np.clip(weights, least, MOST)


def _met(bucket: Ints, state: Ints, weight: Floats, usual: Floats) -> Floats:
    """How often each state is met, by how many bear the value."""
    buckets, kinds = usual.shape
    met = np.bincount(bucket * kinds + state, weight, buckets * kinds).reshape(buckets, kinds)
    seen = met + STATE_STRENGTH * usual
    rates: Floats = seen / seen.sum(axis=1, keepdims=True)
    return rates


def _shares(  # noqa: PLR0917
    cells: Ints, counts: Floats, priors: Floats, joining: Floats, true: Floats, chance: Floats
) -> Floats:
    """Of each class, the share that is no chance, by expectation and maximisation: the share under
    which the states met are likeliest, drawn towards the prior.

    ``cells``: class, class of how many bear the value and state of each coincidence, as one number.
    """
    every: Floats = np.bincount(cells, counts, len(priors) * BUCKETS * STATES).astype(np.float64)
    met = np.flatnonzero(every)
    counts, (kinds, state) = every[met], np.divmod(met, STATES)
    classes, bucket = np.divmod(kinds, BUCKETS)
    ratio = _ratios(true, chance, joining[classes] * (bucket > 1), bucket, state)
    seen = np.bincount(classes, counts, len(priors))
    share = priors
    for _ in range(STEPS):
        sure = _sigmoid(_logit(share[classes]) + ratio) * counts
        share = (np.bincount(classes, sure, len(seen)) + STRENGTH * priors) / (seen + STRENGTH)
        share = np.where(priors < FAINT, priors, share)
    return np.minimum(share, SURE)


def _best(pair: Ints, counted: Bools, weight: Floats, n: int) -> Ints:
    """The heaviest coincidence of each pair."""
    order = np.lexsort((np.arange(len(pair)), -weight, ~counted, pair))
    return order[np.searchsorted(pair[order], np.arange(n))]


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


def false_rate(weight: Floats | float, prior: float, procedures: int) -> Floats:
    """The rate of false links at a weight; never below what no weight removes: models err too, and
    the more so the fewer procedures they rest on."""
    least = RESIDUE + FEW / max(FEW * 10, procedures)
    return least + (1 - least) * _sigmoid(-(np.asarray(weight) + prior))

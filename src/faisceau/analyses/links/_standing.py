"""Standing: how central each person is, by four measures over weighted ties.

- volume: the weight of a person's ties (weighted degree);
- between: the share of shortest chains between two others that pass through the person
  (Freeman 1977; a tie is as long as its weight is small: Newman 2001, Opsahl et al. 2010);
- eminent: PageRank, high for those in contact with those who count (Brin and Page 1998);
- fragments: how much less cohesive the others are without the person (Borgatti's key player
  problem, 2006: cohesion is the mean over pairs of one over the length of their chain).

The measures have no common unit and long tails, so places are what is put together: the standing
is the mean of the four places (Borda's rule). No measure can outvote the three others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import igraph
import numpy as np

from faisceau.analyses.links._contacts import Floats, Ints, Ties

EFFORT = 10_000_000
"""Ties followed for one measure, about: up to there every chain is looked at; beyond, those from
some persons, evenly chosen among all (Brandes and Pich 2007)."""
PIVOTS = 8
"""Persons from whom chains are followed, at least."""
NEVER = 1e15
"""The length of a tie that is taken away."""
REMOVALS = 40
"""Persons, at least, whose removal is tried."""
MEASURES = ("volume", "between", "eminent", "fragments")


@dataclass(frozen=True, slots=True)
class Network:
    """The undirected weighted graph of some ties; ``members``: persons who have any."""

    graph: igraph.Graph
    members: Ints
    """Number of the person that each vertex is."""
    place: dict[int, int]
    """Vertex of each person."""

    def __len__(self) -> int:
        return len(self.members)


def network(ties: Ties) -> Network:
    """The graph of the ties, both directions together."""
    low = np.minimum(ties.source, ties.target)
    high = np.maximum(ties.source, ties.target)
    members, ends = np.unique(np.concatenate([low, high]), return_inverse=True)
    half = len(low)
    code = ends[:half] * len(members) + ends[half:]
    edges, where = np.unique(code, return_inverse=True)
    weight = np.bincount(where, ties.weight, minlength=len(edges))
    pairs = np.stack(np.divmod(edges, max(1, len(members))), axis=1)
    graph = igraph.Graph(n=len(members), edges=pairs)
    graph.es["weight"] = weight.tolist()
    graph.es["length"] = (1 / weight).tolist()
    return Network(graph, members, {int(m): n for n, m in enumerate(members)})


@dataclass(frozen=True, slots=True)
class Standing:
    """Measures and places by vertex; a place is NaN where the measure was not taken."""

    values: dict[str, Floats]
    places: dict[str, Floats]
    mean: Floats
    """The mean place of each, over the measures taken; NaN where one of them is lacking."""

    def order(self) -> list[int]:
        """Vertices that have a standing, highest first."""
        known = np.flatnonzero(~np.isnan(self.mean))
        return [int(v) for v in known[np.argsort(self.mean[known], kind="stable")]]


def standing(net: Network, most: int, always: Sequence[int] = ()) -> Standing:
    """All four measures; fragmentation for those who may be among the first, and ``always``."""
    first = sketch(net)
    wide = max(2 * most, REMOVALS)
    if wide * PIVOTS * net.graph.ecount() > EFFORT * 2:
        wide = most  # a graph of millions of ties: those alone who may be reported
    tried = sorted({*first.order()[:wide], *always})
    values = dict(first.values)
    values["fragments"] = _fragments(net, tried)
    return _standing(values)


def sketch(net: Network, effort: int = EFFORT) -> Standing:
    """The three measures that take no removal."""
    graph, count = net.graph, len(net)
    pivots = _pivots(net, effort)
    everybody = len(pivots) == count
    between = graph.betweenness(
        weights="length", directed=False, sources=None if everybody else pivots
    )
    pairs = (count - 1) * (count - 2) / 2 * len(pivots) / count
    shares = np.array(between) / max(pairs, 1.0)
    return _standing(
        {
            "volume": np.array(graph.strength(weights="weight")),
            "between": np.minimum(shares, 1.0),
            "eminent": np.array(graph.pagerank(weights="weight", directed=False)),
        }
    )


def _pivots(net: Network, effort: int) -> list[int]:
    """The vertices from which chains are followed, for so many ties in all."""
    count = len(net)
    can = effort // max(net.graph.ecount(), 1)
    if can >= count:
        return [*range(count)]
    return [int(v) for v in np.unique(np.linspace(0, count - 1, max(can, PIVOTS)).astype(int))]


def _fragments(net: Network, tried: Sequence[int]) -> Floats:
    """By vertex: the share of the others' cohesion that goes with the person."""
    graph, count = net.graph, len(net)
    lengths = np.array(graph.es["length"])
    pivots = np.array(_pivots(net, EFFORT // max(len(tried), 1)))
    whole = _nearness(graph, pivots.tolist(), lengths)
    found = np.full(count, np.nan)
    for v in tried:
        from_others = pivots != v
        others = np.arange(count) != v
        before = float(whole[from_others][:, others].sum())
        left = lengths.copy()
        left[graph.incident(v)] = NEVER
        after = float(_nearness(graph, pivots[from_others].tolist(), left)[:, others].sum())
        found[v] = (before - after) / before if before else 0.0
    return found


def _nearness(graph: igraph.Graph, sources: list[int], lengths: Floats) -> Floats:
    """One over the length of the chain, from each source to everybody; 0 where there is none."""
    chains = np.array(graph.distances(source=sources, weights=lengths.tolist()), float)
    with np.errstate(divide="ignore"):
        near = np.where(chains < NEVER, 1 / chains, 0.0)
    near[np.arange(len(sources)), sources] = 0.0
    return near


def _standing(values: dict[str, Floats]) -> Standing:
    places = {name: _places(value) for name, value in values.items()}
    return Standing(values, places, np.mean([*places.values()], axis=0))


def _places(values: Floats) -> Floats:
    """Places from 1, the highest value first; equal values share the mean of their places."""
    places = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    rounded = np.round(values[known], 9)  # equal but for the order of sums
    _values, group, size = np.unique(-rounded, return_inverse=True, return_counts=True)
    before = np.cumsum(size) - size
    places[known] = (before + (size + 1) / 2)[group]
    return places


def communities(net: Network) -> Ints:
    """By vertex: the community (Leiden, Traag et al. 2019; weighted modularity), largest first."""
    igraph.set_random_number_generator(Random(1))  # the same communities at each run
    found = net.graph.community_leiden(
        objective_function="modularity", weights="weight", n_iterations=10
    )
    number = np.array(found.membership, np.int64)
    size = np.bincount(number)
    rank = np.empty(len(size), np.int64)
    rank[np.lexsort((np.arange(len(size)), -size))] = np.arange(len(size))
    return rank[number]


ROLES = ("coordinator", "representative", "gatekeeper", "itinerant", "liaison")


def brokerage(ties: Ties, net: Network, groups: Ints, person: int) -> dict[str, int]:
    """How often the person stands between two who have no direct tie, by role.

    Gould and Fernandez (Sociological Methodology 19, 1989), communities as groups: the first is in
    contact with the person, the person with the second, the first not with the second.
    Coordinator: all of one group; representative: out of the own group; gatekeeper: into it;
    itinerant: between two of another group; liaison: all of different groups.
    """
    before = np.unique(ties.source[ties.target == person])
    after = np.unique(ties.target[ties.source == person])
    near = np.isin(ties.source, before) & np.isin(ties.target, after)
    direct = np.unique(np.stack([ties.source[near], ties.target[near]]), axis=1)
    group = {n: int(groups[net.place[n]]) for n in {*before.tolist(), *after.tolist()}}
    mine = int(groups[net.place[person]])
    counts = dict.fromkeys(ROLES, 0)
    into, out = _by_group(before, group), _by_group(after, group)
    for g, n in into.items():
        for h, m in out.items():
            counts[_role(g, mine, h)] += n * m
    for n in np.intersect1d(before, after).tolist():
        counts[_role(group[n], mine, group[n])] -= 1  # nobody stands between one and the same
    for first, second in direct.T.tolist():
        if first != second:
            counts[_role(group[first], mine, group[second])] -= 1
    return {role: n for role, n in counts.items() if n}


def _by_group(persons: Ints, group: dict[int, int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for n in persons.tolist():
        found[group[n]] = found.get(group[n], 0) + 1
    return found


def _role(first: int, mine: int, second: int) -> str:
    if first == second:
        return "coordinator" if first == mine else "itinerant"
    if first == mine:
        return "representative"
    return "gatekeeper" if second == mine else "liaison"

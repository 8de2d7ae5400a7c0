"""Who is in touch with whom: the neighbours of a subject, or the whole, gathered by community."""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import igraph
import numpy as np
import numpy.typing as npt

from faisceau.case.door import Door, Untold
from faisceau.case.pictures._strands import (
    CONCORDING,
    FINDING,
    KINDS,
    READS,
    SIGN,
    Key,
    Strands,
    concordances,
    gathered,
    of_findings,
)
from faisceau.errors import NotFound, UsageError
from faisceau.findings import store as findings
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.tables.schemas import MENTION
from faisceau.words import N_

MOST = 2000
"""Nodes drawn at once; more are gathered by community."""
AROUND = 60
"""Neighbours of one node shown at once, the nearest first."""
COMMUNITIES = 300
SEED = 1
PART = "community"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Node:
    """An identifier, or a community of them. ``ties``: how many others it is tied to, in all;
    ``members``: how many identifiers it stands for."""

    kind: str
    value: str
    label: str
    ties: int
    members: int = 1

    @property
    def key(self) -> str:
        """What it is known by in one case: kind and value."""
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class Edge:
    """A tie between two nodes (their keys): how often by kind, and from when to when."""

    a: str
    b: str
    kinds: Mapping[str, int]
    first: datetime | None = None
    last: datetime | None = None

    @property
    def n(self) -> int:
        """How often, all kinds together."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Network:
    """Nodes and the ties between them. ``hidden``: nodes that belong there and are not shown;
    ``of``: nodes of the case, with the kinds and the weight asked for; ``mark``: tells what could
    be seen when it was drawn."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    hidden: int = 0
    of: int = 0
    untold: Sequence[Untold] = field(default_factory=tuple)
    mark: str = ""


class Web:
    """Every tie of a case that may be seen, by number of node; read once, asked often."""

    def __init__(self, strands: Iterable[Strands], mark: str) -> None:
        parts = list(strands)
        self.mark = mark
        every = {end for p in parts for ties in p.ties.values() for t in ties for end in t[:2]}
        self.keys: list[Key] = sorted(every)
        self.at: dict[Key, int] = {key: number for number, key in enumerate(self.keys)}
        self.names: dict[Key, str] = {}
        ends: list[tuple[int, int, int, int, int, int]] = []
        for part in parts:
            self.names |= part.names
            for kind, ties in part.ties.items():
                code = KINDS.index(kind)
                ends += [(self.at[t.a], self.at[t.b], code, t.n, t.first, t.last) for t in ties]
        table = np.array(ends, np.int64).reshape(-1, 6)
        self.a, self.b, self.kind, self.n, self.first, self.last = table.T

    def chosen(self, kinds: Collection[str], least: int) -> Ints:
        """The ties of these kinds between nodes tied at least so often, by number."""
        codes = [KINDS.index(kind) for kind in kinds]
        some = np.flatnonzero(np.isin(self.kind, codes))
        if least > 1 and len(some):
            low, high = self._pair(some)
            _pairs, where = np.unique(low * len(self.keys) + high, return_inverse=True)
            some = some[np.bincount(where, self.n[some])[where] >= least]
        return some

    def _pair(self, ties: Ints) -> tuple[Ints, Ints]:
        a, b = self.a[ties], self.b[ties]
        return np.minimum(a, b), np.maximum(a, b)

    def degrees(self, ties: Ints) -> Ints:
        """By node: to how many others it is tied."""
        low, high = self._pair(ties)
        pairs = np.unique(low * max(1, len(self.keys)) + high)
        size = max(1, len(self.keys))
        both = np.concatenate([pairs // size, pairs % size])
        return np.bincount(both, minlength=len(self.keys)).astype(np.int64)

    def node(self, number: int, degrees: Ints) -> Node:
        """One node, as it is drawn."""
        key = self.keys[number]
        name = self.names.get(key, "")
        value = key.value.replace(SIGN, " ")
        label = f"{name} ({value})" if name and name != value and key.kind != "thread" else value
        if key.kind == "thread" and name:
            label = name
        return Node(key.kind, key.value, label, int(degrees[number]))

    def edges(self, ties: Ints, shown: Mapping[int, str]) -> list[Edge]:
        """The ties among the nodes shown (number to key), those of several nodes added up."""
        kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        span: dict[tuple[str, str], tuple[int, int]] = {}
        rows = zip(
            *(column[ties].tolist() for column in (self.a, self.b, self.kind, self.n)),
            self.first[ties].tolist(),
            self.last[ties].tolist(),
            strict=True,
        )
        for a, b, kind, n, first, last in rows:
            one, other = shown.get(a), shown.get(b)
            if one is None or other is None or one == other:
                continue
            pair = (one, other) if one < other else (other, one)
            kinds[pair][KINDS[kind]] += n
            low, high = span.get(pair, (-1, -1))
            low = first if low < 0 else low if first < 0 else min(low, first)
            span[pair] = (low, max(high, last))
        return [
            Edge(a, b, dict(told), _moment(span[a, b][0]), _moment(span[a, b][1]))
            for (a, b), told in sorted(kinds.items())
        ]


class Networks:
    """The network questions of one workspace; what was read is kept while nothing changes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._lock = Lock()
        self._known: dict[str, tuple[Any, Strands]] = {}
        self._web: Web | None = None

    def there(self) -> list[str]:
        """The kinds of ties that the tables with rows may hold, and those between exhibits and
        in findings."""
        filled = self._door.filled() & self._door.covered
        return [kind for kind in KINDS if kind in filled or kind not in READS]

    def find(self, text: str, limit: int = 20) -> Network:
        """Nodes whose value or name holds ``text``, those of most ties first."""
        web, untold = self._asked()
        degrees = web.degrees(web.chosen(KINDS, 1))
        sought = " ".join(text.split()).casefold()
        bare = "".join(c for c in sought if c.isalnum())
        found = [
            number
            for number, key in enumerate(web.keys)
            if sought
            and (
                sought in key.value.casefold()
                or sought in web.names.get(key, "").casefold()
                or (len(bare) >= 4 and bare.lstrip("0") in key.value.casefold())
            )
        ]
        found.sort(key=lambda number: (-degrees[number], web.keys[number]))
        nodes = [web.node(number, degrees) for number in found[:limit]]
        return Network(nodes, (), max(0, len(found) - limit), len(web.keys), untold, web.mark)

    def around(
        self,
        keys: Collection[str],
        *,
        open_: Collection[str] | None = None,
        kinds: Collection[str] = KINDS,
        least: int = 1,
        most: int = AROUND,
    ) -> Network:
        """The nodes ``keys`` and, of those that are to be ``open_`` (None: all), the neighbours
        with whom each is most in touch. Raises ``NotFound`` for a key that is none any more."""
        web, untold = self._asked()
        ties = web.chosen(_kinds(kinds), least)
        degrees = web.degrees(ties)
        shown = [self._number(web, key) for key in keys]
        opened = [self._number(web, key) for key in (keys if open_ is None else open_)]
        hidden = 0
        for number in opened:
            near = np.flatnonzero((web.a[ties] == number) | (web.b[ties] == number))
            others = web.a[ties][near] + web.b[ties][near] - number
            weight = np.bincount(others, web.n[ties][near], len(web.keys))
            ranked = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)]
            shown += ranked[:most].tolist()
            hidden += max(0, len(ranked) - most)
        numbers = [*dict.fromkeys(shown)]
        nodes = [web.node(number, degrees) for number in numbers]
        edges = web.edges(ties, {n: node.key for n, node in zip(numbers, nodes, strict=True)})
        return Network(nodes, edges, hidden, int(np.count_nonzero(degrees)), untold, web.mark)

    def whole(
        self,
        *,
        within: Sequence[int] = (),
        kinds: Collection[str] = KINDS,
        least: int = 1,
        most: int = MOST,
    ) -> Network:
        """Every node; beyond ``most``, communities of them. ``within``: the community to open, by
        its number, then that within it, and so on. Raises ``NotFound`` for one that is none."""
        web, untold = self._asked()
        ties = web.chosen(_kinds(kinds), least)
        degrees = web.degrees(ties)
        members = np.flatnonzero(degrees)
        of = len(members)
        for step in within:
            groups = communities(web, ties, members)
            chosen = members[groups == step]
            if len(members) <= most or not len(chosen):
                raise NotFound(N_("There is no such community any more"))
            members = chosen
        if len(members) <= most:
            nodes = [web.node(number, degrees) for number in members.tolist()]
            shown = dict(zip(members.tolist(), (n.key for n in nodes), strict=True))
            return Network(nodes, web.edges(ties, shown), 0, of, untold, web.mark)
        summed = _summed(web, ties, members, within)
        return replace(summed, of=of, untold=untold, mark=web.mark)

    def still(self, keys: Iterable[str]) -> list[str]:
        """Those of these keys that may be seen now: what a view that was kept shows today."""
        web, _untold = self._asked()
        parts = ((key, key.partition(":")) for key in keys)
        return [key for key, (kind, _sign, value) in parts if Key(kind, value) in web.at]

    def check(self, network: Network) -> None:
        """Raises ``UsageError`` where other things may be seen than when it was drawn."""
        if self._asked()[0].mark != network.mark:
            raise UsageError(
                N_("The case has changed since the network was drawn"), hint=N_("Draw it again")
            )

    def _number(self, web: Web, key: str) -> int:
        kind, _sign, value = key.partition(":")
        number = web.at.get(Key(kind, value))
        if number is None:
            raise NotFound(N_("{key} is not in the case, or not to be seen"), key=value)
        return number

    def _asked(self) -> tuple[Web, list[Untold]]:
        """Every tie that may be seen. Each call is an act of its own, before the mandate."""
        with self._lock:
            parts: list[tuple[Any, Strands]] = []
            shown, untold = self._door.may_show(READS)
            if shown:
                parts.append(self._rows(shown))
            parts += self._concordances(untold)
            parts += self._findings()
            seen = repr([mark for mark, _strands in parts])
            mark = hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()
            if self._web is None or self._web.mark != mark:
                self._web = Web((strands for _mark, strands in parts), mark)
            return self._web, untold

    def _rows(self, tables: list[str]) -> tuple[Any, Strands]:
        act = Act("rows", tables=frozenset(tables))
        return self._read("rows", act, [READS[name] for name in tables], Kind.QUERY)

    def _concordances(self, untold: list[Untold]) -> list[tuple[Any, Strands]]:
        act = Act("run", kind=str(Kind.MATCHING), tables=frozenset({MENTION.name}))
        decision = self._door.judge(act)
        if not decision.allowed:
            untold.append(Untold(MENTION.name, decision))
            return []
        return [self._read("mention", act, [CONCORDING], Kind.MATCHING)]

    def _read(self, name: str, act: Act, chosen: list[Any], kind: Kind) -> tuple[Any, Strands]:
        """What one act reads; read again only when its rows or its rules are others."""
        tables = {selection.schema.name for selection in chosen}
        with self._door.passing(act, chosen, kind=kind) as (permit, closing, segments):
            mask = self._door.mask()
            mine = tuple(s.path for s in segments if s.table in tables)
            mark = (name, mine, repr(sorted(permit.rows.items())), mask.signature)
            if name not in self._known or self._known[name][0] != mark:
                with self._door.engine(permit, segments, chosen) as engine:
                    if name == "mention":
                        strands = Strands({MENTION.name: concordances(engine, mask)}, {})
                    else:
                        strands = gathered(engine, sorted(tables), mask)
                self._known[name] = (mark, strands)
            found = self._known[name]
            closing.data["ties"] = sum(map(len, found[1].ties.values()))
        return found

    def _findings(self) -> list[tuple[Any, Strands]]:
        act = Act("findings")
        if not self._door.judge(act).allowed:
            return []
        with (
            self._door.gate.passing(act) as (permit, closing),
            self._door.database.connect() as connection,
        ):
            found = [f for f in findings.listed(connection, permit) if len(f.subjects) > 1]
            closing.data["findings"] = len(found)
        mark = (FINDING, tuple((f.finding_id, str(f.status)) for f in found))
        return [(mark, of_findings(found))]


def communities(web: Web, ties: Ints, members: Ints) -> Ints:
    """By member: the number of its community (Leiden, Traag et al. 2019), the largest first."""
    place = np.full(len(web.keys), -1, np.int64)
    place[members] = np.arange(len(members))
    a, b = place[web.a[ties]], place[web.b[ties]]
    kept = (a >= 0) & (b >= 0) & (a != b)
    graph = igraph.Graph(n=len(members), edges=np.stack([a[kept], b[kept]], axis=1).tolist())
    weights = np.log1p(web.n[ties][kept]).tolist()
    igraph.set_random_number_generator(random.Random(SEED))  # the same at each run
    found = graph.community_leiden(objective_function="modularity", weights=weights, n_iterations=4)
    number = np.array(found.membership, np.int64)
    size = np.bincount(number)
    if len(size) < 2:  # all hold together: halves, so that opening one always shows less
        return (np.arange(len(members)) * 2 // max(1, len(members))).astype(np.int64)
    rank = np.empty(len(size), np.int64)
    rank[np.lexsort((np.arange(len(size)), -size))] = np.arange(len(size))
    return rank[number]


def _summed(web: Web, ties: Ints, members: Ints, within: Sequence[int]) -> Network:
    """Communities of these nodes, each a node; beyond ``COMMUNITIES``, the smallest are hidden."""
    degrees = web.degrees(ties)
    groups = communities(web, ties, members)
    size = np.bincount(groups)
    nodes: list[Node] = []
    shown: dict[int, str] = {}
    for group in range(min(len(size), COMMUNITIES)):
        mine = members[groups == group]
        first = mine[np.argsort(-degrees[mine], kind="stable")][:3].tolist()
        label = ", ".join(web.names.get(web.keys[n], "") or web.keys[n].value for n in first)
        path = "/".join(map(str, (*within, group)))
        nodes.append(Node(PART, path, label.replace(SIGN, " "), int(size[group]), len(mine)))
        shown |= dict.fromkeys(mine.tolist(), nodes[-1].key)
    hidden = int(size[COMMUNITIES:].sum())
    return Network(nodes, web.edges(ties, shown), hidden)


def _kinds(kinds: Collection[str]) -> Collection[str]:
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(
                N_("{kind} is no kind of tie"),
                hint=N_("There are: {known}"),
                kind=kind,
                known=list(KINDS),
            )
    return kinds


def _moment(seconds: int) -> datetime | None:
    return None if seconds < 0 else datetime.fromtimestamp(seconds, UTC)

"""The networks that the concordances make: who carries for whom, and what would confirm it.

Clusters are found by correlation clustering (Bansal, Blum and Chawla, Machine Learning 56, 2004):
links draw together by their log-odds, every pair without a link pushes apart; so that a hub, or
one false link, does not glue two networks. Computed with the Leiden algorithm under the constant
Potts model (Traag, Waltman and van Eck, Scientific Reports 9, 2019), which is the same objective.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import igraph
import numpy as np
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, analysis
from faisceau.analyses.links import _sentences as say
from faisceau.analyses.links._priors import parsed
from faisceau.analyses.links._traits import READS, READS_IF, Ints
from faisceau.analyses.links._web import HABITS, Web, WebParams, cited, web
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import Schema
from faisceau.words import N_, Term

TITLE = N_("Network of {n} procedures")
METHOD = N_(
    "Procedures are grouped by the links between them, weighed as in links.concordance: a link "
    "draws two together by how sure it is, and every pair without one pushes apart, so that one "
    "hub or one false link does not join two networks. The roles proposed are those of the traces "
    "that most members share; each is a hypothesis, with what would confirm it."
)

APART = 0.3
"""Log-odds against, for each pair of one group without a link."""
HEAVIEST = 6.0
"""A link draws no more than this (log-odds): many links count, not one."""
SEED = 417

MEMBERS = N_("{n} procedures tied by {links} links, of which {share} % should be true")
MEMBER = N_("{procedure}: {links} links inside, the strongest to {other} (weight {weight})")
PERIOD = N_("active from {first} to {last}")
ROUTE = N_("route {route}: {n} of {all} members")
HABIT = N_("{what} ({value}): {n} of {all} members")

ROLES: Mapping[str, str] = {
    "recruiter": N_(
        "probable recruiter: one number or account borne by {n} of {all} members, in address books "
        "under {names} names. To confirm: request its subscriber and its calls over the period"
    ),
    "logistics": N_(
        "probable logistics contact: another number or account, borne by {n} of {all} members. To "
        "confirm: request its subscriber, its calls and the cells it used on days of departure"
    ),
    "payer": N_(
        "probable payer: one name paid the tickets of {n} of {all} members. To confirm: request "
        "from agencies and airlines the means of payment and the mail address of the bookings"
    ),
    "address": N_(
        "probable receiving address: {n} of {all} members name it. To confirm: request who "
        "occupies it, and parcels and calls sent there"
    ),
    "device": N_(
        "one device, used by {n} of {all} members with their own cards. To confirm: request every "
        "card that was in it, and when"
    ),
    "own": N_(
        "one mail address or account used by {n} of {all} members. To confirm: request its "
        "subscriber and its connections"
    ),
    "marking": N_(
        "marking {value} on the goods of {n} of {all} members. To confirm: compare the seals and "
        "the profiles of the product at the laboratory"
    ),
}


class NetworkParams(WebParams):
    """What the search for networks may be told."""

    doubt: float = Field(default=0.6, gt=0, lt=1)
    """Links whose rate of falsehood is beyond this are left out."""
    least: int = Field(default=2, ge=2)
    """Procedures of a network, at least."""


@analysis(reads=READS, reads_if=READS_IF, kind=Kind.MATCHING, version=1, method=METHOD)
def network(  # noqa: PLR0917 - one table each
    mention: Table,
    contact: Table,
    trip: Table,
    seizure: Table,
    person: Table,
    params: NetworkParams,
    engine: Engine,
) -> Iterator[Lead]:
    """One lead per network, the surest first; subjects are its procedures.

    The score is the chance that a link of its own is true, of those that hold it together.
    """
    made = web(mention, contact, trip, seizure, person, params.most, engine)
    groups = clusters(made, params.doubt)
    inside = _inside(made, groups, params.doubt)
    leads = [
        _lead(made, _Group(sorted(members), inside[label]))
        for label, members in _members(groups).items()
        if len(members) >= params.least
    ]
    leads.sort(key=lambda lead: (-lead.score, -len(lead.subjects), lead.subjects[0].value))
    yield from leads


def clusters(web: Web, doubt: float) -> Ints:
    """The group of each procedure, by number."""
    pairs, n = web.weighed.pairs, len(web.traits.procedures)
    odds = np.log((1 - web.rate) / web.rate)
    pull = np.minimum(odds, HEAVIEST) + APART
    kept = np.flatnonzero((web.rate < doubt) & (pull > 0))
    edges = np.stack([pairs.a[kept], pairs.b[kept]], axis=1)
    graph = igraph.Graph(n=n, edges=edges.tolist())
    state = random.getstate()
    random.seed(SEED)  # igraph draws from Python's own generator
    try:
        found = graph.community_leiden(
            objective_function="CPM",
            weights=pull[kept].tolist(),
            resolution=APART,
            n_iterations=-1,
        )
    finally:
        random.setstate(state)
    return np.array(found.membership, np.int64)


def _members(groups: Ints) -> dict[int, list[int]]:
    members: dict[int, list[int]] = defaultdict(list)
    for procedure, label in enumerate(groups.tolist()):
        members[label].append(procedure)
    return members


def _inside(web: Web, groups: Ints, doubt: float) -> dict[int, list[int]]:
    """Links inside each group."""
    pairs = web.weighed.pairs
    kept = np.flatnonzero((web.rate < doubt) & (groups[pairs.a] == groups[pairs.b]))
    links: dict[int, list[int]] = defaultdict(list)
    for pair in kept.tolist():
        links[int(groups[pairs.a[pair]])].append(pair)
    return links


@dataclass(frozen=True, slots=True)
class _Group:
    """Procedures, and the links between them."""

    members: list[int]
    links: list[int]


@dataclass(slots=True)
class _Borne:
    """A trace that members share: the traits, by procedure, and the weight it adds up to."""

    kind: str
    traits: dict[int, int]
    weight: float = 0.0


def _lead(web: Web, group: _Group) -> Lead:
    names, rate = web.traits.procedures, web.rate
    score = round(float(np.mean(1 - rate[group.links])), 6)
    subjects = [Subject("procedure", names[i]) for i in group.members]
    reasons = [_whole(web, group, score), *_roles(web, group), *_travel(web, group)]
    reasons += [_member(web, group, i) for i in group.members]
    return Lead(TITLE, subjects, score, reasons, {"n": len(subjects)})


def _whole(web: Web, group: _Group, score: float) -> Reason:
    best = min(group.links, key=lambda p: (float(web.rate[p]), p))
    first = web.of_pair(best)[0]
    rows = cited(web.traits, [int(web.found.left[first]), int(web.found.right[first])])
    total = sum(web.weight(pair) for pair in group.links)
    facts = {"n": len(group.members), "links": len(group.links), "share": round(100 * score, 1)}
    return Reason("members", MEMBERS, facts, round(total, 2), rows)


def _traces(web: Web, group: _Group) -> list[_Borne]:
    """The traces that hold the group together, heaviest first."""
    traits, found, weighed = web.traits, web.found, web.weighed
    traces: dict[int, _Borne] = {}
    for pair in group.links:
        for one in web.of_pair(pair):
            weight = float(weighed.weight[found.classes[one]])
            if weight <= 0:
                continue
            kind = parsed(found.class_names[int(found.classes[one])])[0]
            trace = traces.setdefault(int(found.family[one]), _Borne(kind, {}))
            trace.weight += weight
            for at in (int(found.left[one]), int(found.right[one])):
                trace.traits.setdefault(int(traits.proc[at]), at)
    return sorted(traces.values(), key=lambda t: (-len(t.traits), -t.weight, min(t.traits)))


def _roles(web: Web, group: _Group) -> Iterator[Reason]:
    """The roles that the traces suggest, each with what would confirm it."""
    taken: Counter[str] = Counter()
    for trace in _traces(web, group):
        role = _role(trace.kind, taken)
        if role is None:
            continue
        taken[role] += 1
        at = [trace.traits[p] for p in sorted(trace.traits)]
        named = {web.traits.name[i].as_py() for i in at} - {None}
        facts: dict[str, object] = {"n": len(at), "all": len(group.members)}
        if role == "recruiter":
            facts["names"] = len(named)
        if role == "marking":
            facts["value"] = web.traits.texts[int(web.traits.value[at[0]])].as_py()
        rows = cited(web.traits, at)
        yield Reason(role, ROLES[role], facts, round(trace.weight, 2), rows)


def _role(kind: str, taken: Counter[str]) -> str | None:
    """The role that a trace of this kind suggests; None when its role is taken already."""
    base = kind.partition("+")[0]
    if base in ("phone", "handle", "email") and not kind.endswith("+own2"):
        role = "logistics" if taken["recruiter"] else "recruiter"
    elif base in ("imei", "imsi", "iccid") or kind == "phone+own2":
        role = "device"
    elif kind.endswith("+own2"):
        role = "own"
    else:
        role = base if base in ROLES else ""
    return None if not role or taken[role] else role


def _travel(web: Web, group: _Group) -> Iterator[Reason]:
    """Period, route, and the habits that two members or more share."""
    known, members = web.context, group.members
    rows: dict[Schema | str, list[int]] = defaultdict(list)
    for i in members:
        if known.table[i]:
            rows[known.table[i]].append(int(known.row[i]))
    cited_rows = dict(rows)
    days = [int(known.day[i]) for i in members if known.day[i] >= 0]
    if days:
        first, last = (np.datetime64(d, "D").item() for d in (min(days), max(days)))
        facts = {"first": first.isoformat(), "last": last.isoformat()}
        yield Reason("period", PERIOD, facts, 0.0, cited_rows)
    ways = Counter(int(known.route[i]) for i in members if known.route[i] >= 0)
    if ways:
        way, n = min(ways.items(), key=lambda item: (-item[1], item[0]))
        facts = {"route": known.routes[way], "n": n, "all": len(members)}  # type: ignore[dict-item]
        yield Reason("route", ROUTE, facts, 0.0, cited_rows)
    yield from _habits(web, group)


def _habits(web: Web, group: _Group) -> Iterator[Reason]:
    traits = web.traits
    found: dict[str, dict[int, list[int]]] = {kind: defaultdict(list) for kind in HABITS}
    for i in group.members:
        for at in web.habits_of(i):
            value = int(traits.value[at])
            found[traits.kind(value)][value].append(at)
    for kind, borne in found.items():
        if not borne:
            continue
        value, at_all = min(borne.items(), key=lambda item: (-len(item[1]), item[0]))
        if len(at_all) < 2:
            continue
        facts = {
            "what": Term(say.TRAITS[kind]),
            "value": traits.texts[value].as_py(),
            "n": len(at_all),
            "all": len(group.members),
        }
        yield Reason(kind, HABIT, facts, 0.0, cited(traits, at_all))


def _member(web: Web, group: _Group, member: int) -> Reason:
    pairs, names = web.weighed.pairs, web.traits.procedures
    mine = [p for p in group.links if member in (int(pairs.a[p]), int(pairs.b[p]))]
    if not mine:
        mine = group.links[:1]
    best = min(mine, key=lambda p: (float(web.rate[p]), p))
    a, b = int(pairs.a[best]), int(pairs.b[best])
    first = web.of_pair(best)[0]
    rows = cited(web.traits, [int(web.found.left[first]), int(web.found.right[first])])
    facts = {
        "procedure": names[member],
        "links": len(mine),
        "other": names[b if a == member else a],
        "weight": web.weight(best),
    }
    return Reason("member", MEMBER, facts, web.weight(best), rows)

"""The web of procedures: traits, coincidences and weights, read once for any analysis of links."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params
from faisceau.analyses.links import _sentences as say
from faisceau.analyses.links._context import GAPS, UNKNOWN, Context, context
from faisceau.analyses.links._pairs import Coincidences, coincidences
from faisceau.analyses.links._ties import NEITHER, REST, THIRD
from faisceau.analyses.links._traits import Floats, Ints, Traits, gather
from faisceau.analyses.links._weights import Weighed, false_rate, weigh
from faisceau.findings.model import Reason
from faisceau.tables.schemas import Schema

HABITS = ("packaging", "concealment", "agency")
"""Traits that say how a network works, not who it is."""


class WebParams(Params):
    """What every analysis of links may be told."""

    most: int = Field(default=40, ge=2, le=500)
    """A value that more procedures bear is part of the scenery: it weighs nothing."""


@dataclass(frozen=True, slots=True)
class Web:
    """Traits, coincidences, weights; ``rate``: of each pair, the rate of false links there.

    ``begin``: where the coincidences of each pair begin, in ``order``."""

    traits: Traits
    context: Context
    found: Coincidences
    weighed: Weighed
    rate: Floats
    order: Ints
    begin: Ints
    habits: tuple[Ints, Ints]
    """Traits of ``HABITS`` in the order of their procedures, and where each procedure begins."""

    def of_pair(self, pair: int) -> list[int]:
        """The coincidences of a pair, those that count first, heaviest first."""
        counted, classes = self.weighed.pairs.counted, self.found.classes
        mine = self.order[self.begin[pair] : self.begin[pair + 1]].tolist()
        return sorted(mine, key=lambda c: (not counted[c], -self.weighed.weight[classes[c]], c))

    def habits_of(self, procedure: int) -> list[int]:
        """The traits of a procedure that are habits."""
        begin, end = self.habits[1][procedure : procedure + 2].tolist()
        return self.habits[0][begin:end].tolist()  # type: ignore[no-any-return]

    def weight(self, pair: int) -> float:
        """The one weight of a pair."""
        return round(float(self.weighed.pairs.weight[pair]), 2)


def web(  # noqa: PLR0917
    mention: Table,
    contact: Table,
    trip: Table,
    seizure: Table,
    person: Table,
    most: int,
    engine: Engine,
) -> Web:
    """Read the tables and weigh every coincidence."""
    traits = gather(mention, contact, trip, seizure, person, engine)
    found = coincidences(traits, most)
    around = context(trip, seizure, traits.procedures, engine)
    weighed = weigh(found, len(traits.procedures), around)
    order = np.argsort(weighed.pairs.of, kind="stable")
    begin = np.searchsorted(weighed.pairs.of[order], np.arange(len(weighed.pairs.a) + 1))
    rate = false_rate(weighed.pairs.weight, weighed.prior, len(traits.procedures))
    habits = np.flatnonzero(np.isin(traits.kind_names, HABITS)[traits.kinds][traits.value])
    habits = habits[np.argsort(traits.proc[habits], kind="stable")]
    starts = np.searchsorted(traits.proc[habits], np.arange(len(traits.procedures) + 1))
    return Web(traits, around, found, weighed, rate, order, begin, (habits, starts))


def reasons(web: Web, pair: int, third: int | None) -> list[Reason]:
    """Why two procedures are linked: the whole first, then each shared trait, then the rest."""
    pairs = web.weighed.pairs
    rate = 100 * float(web.rate[pair])
    facts: dict[str, object] = {"weight": web.weight(pair), "rate": float(f"{rate:.2g}")}
    listed = [shared(web, one) for one in web.of_pair(pair)]
    rows = listed[0].rows
    whole = Reason("in_all", say.IN_ALL, facts, 0.0, rows)
    state, worth = int(pairs.state[pair]), round(float(pairs.worth[pair]), 2)
    if state // REST == THIRD and third is not None:
        name = web.traits.procedures[third]
        rest = Reason("third", say.THIRD, {"third": name}, worth, rows)
    elif state == NEITHER:
        rest = Reason("alone", say.ALONE, {}, worth, rows)
    else:
        text = say.VOUCHED if worth >= 0 else say.OUTSIDE
        rest = Reason("vouched", text, {}, worth, rows)
    return [whole, *listed, rest, around(web, pair)]


def around(web: Web, pair: int) -> Reason:
    """What route and season add, with the rows that say so."""
    pairs, known = web.weighed.pairs, web.context
    cell, weight = int(pairs.cell[pair]), round(float(pairs.around[pair]), 2)
    rows: dict[Schema | str, list[int]] = {}
    for one in (int(pairs.a[pair]), int(pairs.b[pair])):
        if known.table[one]:
            rows.setdefault(known.table[one], []).append(int(known.row[one]))
    way, apart = divmod(cell, len(GAPS) + 2)
    days = abs(int(known.day[int(pairs.a[pair])]) - int(known.day[int(pairs.b[pair])]))
    facts: dict[str, object] = {"days": days}
    if way == 0:
        facts["route"] = known.routes[int(known.route[int(pairs.a[pair])])]
    text = say.AROUND[way] if apart != UNKNOWN else say.AROUND_UNDATED[way]
    return Reason("around", text, facts, weight, rows)


def shared(web: Web, one: int) -> Reason:
    """One coincidence as a reason: the trait, both rows, its weight."""
    traits, found = web.traits, web.found
    name = found.class_names[int(found.classes[one])]
    weight = float(web.weighed.weight[found.classes[one]])
    left, right = int(found.left[one]), int(found.right[one])
    held = int(traits.held[traits.value[left]])
    if found.near[one]:
        held += int(traits.held[traits.value[right]])
    facts: dict[str, object] = {
        "trait": say.trait(name),
        "borne": held,
        "procedures": len(traits.procedures),
        "share": round(100 * float(web.weighed.share[found.classes[one]]), 1),
    }
    said = say.may_say(name)
    if said:
        facts["value"] = traits.texts[int(traits.value[left])].as_py()
    text = (say.NEAR_SAID if said else say.NEAR) if found.near[one] else ""
    text = text or (say.EXACT_SAID if said else say.EXACT)
    if not web.weighed.pairs.counted[one]:
        text, weight = say.TOLD, 0.0
    elif weight == 0:
        text = say.SCENERY
    rows = cited(traits, (left, right))
    return Reason(say.code(name), text, facts, round(weight, 2), rows)


def cited(traits: Traits, which: tuple[int, ...] | list[int]) -> Mapping[Schema | str, list[int]]:
    """Rows by table for some traits."""
    rows: dict[Schema | str, list[int]] = {}
    for at in which:
        rows.setdefault(traits.tables[int(traits.table[at])], []).append(int(traits.row[at]))
    return rows


class Thirds:
    """Finds a procedure that ties a pair: the strongest of those linked to both."""

    def __init__(self, web: Web) -> None:
        pairs = web.weighed.pairs
        kept = np.flatnonzero(web.rate < 0.5)
        self._near: dict[int, dict[int, float]] = {}
        for pair in kept.tolist():
            a, b, weight = int(pairs.a[pair]), int(pairs.b[pair]), float(pairs.weight[pair])
            self._near.setdefault(a, {})[b] = weight
            self._near.setdefault(b, {})[a] = weight

    def of(self, a: int, b: int) -> int | None:
        """The third procedure whose weaker link is strongest; the first of equals."""
        one, two = self._near.get(a, {}), self._near.get(b, {})
        if len(one) > len(two):
            one, two = two, one
        both = [(-min(weight, two[c]), c) for c, weight in one.items() if c in two]
        return min(both)[1] if both else None

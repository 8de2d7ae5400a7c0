"""Succession: whose contacts another takes over, from one period to the next.

A person of weight falls silent when little is left of the former exchanges. Whoever then gains
most with that person's contacts takes over. Exchanges are compared by day, for periods differ in
length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from faisceau.analyses.links._contacts import Floats, Ints, Ties
from faisceau.analyses.links._standing import EFFORT, Network, Standing, network, sketch

PARIS = ZoneInfo("Europe/Paris")
DAY = 86_400
PERIODS = 60
"""Periods, at most; longer ones are made where there would be more."""
SILENT = 0.1
"""Share of the former exchanges up to which a person counts as silent."""
GAINED = 0.2
"""Share of the former exchanges that whoever takes over gains, at least."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one second to another, the second not included."""

    start: int
    end: int

    @property
    def days(self) -> float:
        """How long it is."""
        return max((self.end - self.start) / DAY, 1e-9)

    @property
    def first(self) -> date:
        """The day it begins, in Paris."""
        return datetime.fromtimestamp(self.start, UTC).astimezone(PARIS).date()


def periods(ends: tuple[int, int], window_days: int, cuts: Sequence[date]) -> list[Period]:
    """The periods between the first and the last second: cut on given days, else of one length."""
    first, last = ends[0], ends[1] + 1
    if cuts:
        edges = [int(datetime.combine(day, time(), PARIS).timestamp()) for day in sorted(set(cuts))]
    elif window_days:
        length = max(window_days, -(-(last - first) // (DAY * PERIODS)))
        day = datetime.fromtimestamp(first, UTC).astimezone(PARIS).date()
        edges = []
        while (
            edge := int(
                datetime.combine(day := day + timedelta(days=length), time(), PARIS).timestamp()
            )
        ) < last:
            edges.append(edge)
    else:
        edges = []
    marks = [first, *(edge for edge in edges if first < edge < last), last]
    return [Period(a, b) for a, b in pairwise(marks)]


@dataclass(frozen=True, slots=True)
class Moment:
    """One period: its ties, their graph and the standing of each in it."""

    period: Period
    ties: Ties
    net: Network
    standing: Standing

    def place(self, person: int) -> int | None:
        """The place of a person in the period, from 1; None when absent from it."""
        v = self.net.place.get(person)
        if v is None:
            return None
        mean = self.standing.mean
        return 1 + int((mean < mean[v] - 1e-9).sum())


@dataclass(frozen=True, slots=True)
class Succession:
    """``heir`` takes over from ``gone`` in period ``period``; exchanges are with the contacts.

    ``contacts``: those of ``gone`` whom ``heir`` is then in contact with; ``of``: all they had.
    ``before`` and ``after``: exchanges of ``heir`` with these contacts, in a period of the length
    of the second.
    """

    gone: int
    heir: int
    period: int
    contacts: tuple[int, ...]
    of: int
    before: float
    after: float


def moments(ties: Ties, spans: Sequence[Period]) -> dict[int, Moment]:
    """The periods in which anybody was in contact, by number."""
    found = {}
    for n, span in enumerate(spans):
        part = ties.of(n)
        if len(part.source):
            net = network(part)
            found[n] = Moment(span, part, net, sketch(net, EFFORT // max(4, len(spans))))
    return found


def successions(known: Mapping[int, Moment], most: int) -> list[Succession]:
    """Who takes over from whom, period by period; the first ``most`` of each period are watched."""
    found = []
    for n in sorted(known):
        if n + 1 in known:
            before, after = known[n], known[n + 1]
            for vertex in before.standing.order()[:most]:
                person = int(before.net.members[vertex])
                heir = _heir(person, n + 1, before, after)
                if heir is not None:
                    found.append(heir)
    return found


def _heir(gone: int, period: int, before: Moment, after: Moment) -> Succession | None:
    longer = after.period.days / before.period.days
    had = _with(before.ties, [gone])
    now = _with(after.ties, [gone])
    expected = float(had.sum()) * longer
    if now.sum() > SILENT * expected:
        return None
    contacts: Ints = np.flatnonzero(had).astype(np.int64)
    then = _with(before.ties, contacts) * longer
    later = _with(after.ties, contacts)
    gain = later - then
    gain[gone] = 0.0
    heir = int(np.argmax(np.round(gain, 9)))
    if gain[heir] < GAINED * expected or gain[heir] <= 0:
        return None
    met = np.flatnonzero(_with(after.ties, [heir]))
    shared = np.intersect1d(met, contacts)
    return Succession(
        gone,
        heir,
        period,
        tuple(shared.tolist()),
        len(contacts),
        float(then[heir]),
        float(later[heir]),
    )


def _with(ties: Ties, persons: Sequence[int] | Ints) -> Floats:
    """By person: the weight of the ties with any of ``persons``."""
    chosen = np.zeros(len(ties.persons), bool)
    chosen[np.asarray(persons, np.int64)] = True
    total = np.zeros(len(ties.persons))
    for mine, other in ((ties.source, ties.target), (ties.target, ties.source)):
        there = chosen[other]
        total += np.bincount(mine[there], ties.weight[there], minlength=len(total))
    return total

"""What is said of a key player: each measure, role, group and succession in a sentence, with rows.

A sentence names persons as the source calls them, and rests on rows of their ties.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ibis
import numpy as np
from ibis import Table, _

from faisceau.analyses import Engine
from faisceau.analyses.links._contacts import Cited, Ints, Tables, Ties
from faisceau.analyses.links._standing import MEASURES, ROLES, Network, Standing, brokerage
from faisceau.analyses.links._succession import Moment, Succession
from faisceau.findings.model import Lead, Reason
from faisceau.tables.schemas import Schema
from faisceau.words import N_

NAMED = 5
"""Persons that a sentence names, at most."""
CITED = 1_000
"""Rows that a reason rests on, at most; those of the heaviest ties come first."""

TITLE = N_("{person} holds place {place} among {of} persons in contact")
VOLUME = N_(
    "{weight} exchanges with {contacts} persons, most with {names}: place {place} of {of} by volume"
)
BETWEEN = N_(
    "{share} % of the shortest chains between two others pass through {person} (a tie is the "
    "shorter the more is exchanged): place {place} of {of}"
)
EMINENT = N_("In contact with those who count most, {names} among them: place {place} of {of}")
FRAGMENTS = N_(
    "Without {person}, the others hold together {share} % less: place {place} of the {of} whose "
    "removal was tried"
)
BROKERS = N_(
    "Stands between two persons without direct contact {n} times: within the own group "
    "{coordinator}, out of it {representative}, into it {gatekeeper}, within another group "
    "{itinerant}, between others {liaison}"
)
GROUP = N_("Belongs to a group of {n} persons in contact with one another above all: {names}")
PERIODS = N_("Place among those in contact, by the day a period begins (-: none): {places}")
TAKES_OVER = N_(
    "Takes over from {gone}, nearly silent from {day} on: in contact with {contacts} of the {of} "
    "persons that {gone} was in contact with, {after} exchanges with them in this period, where "
    "the pace of the period before would have given {before}"
)
SILENT = N_("Nearly silent from {day} on: {heir} then gains most with these contacts")
EXHIBITS = N_("Occurs in several exhibits: {exhibits}")


RowsByTable = dict[Schema | str, Sequence[int] | set[int]]


@dataclass(frozen=True)
class Board:
    """All that was computed."""

    ties: Ties
    net: Network
    standing: Standing
    groups: Ints
    moments: Mapping[int, Moment]
    successions: Sequence[Succession]


@dataclass
class _Rows:
    """The rows of one person's ties, by contact and period."""

    by_contact: dict[int, dict[int, dict[str, set[int]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    )

    def add(self, contact: int, cited: Cited) -> None:
        self.by_contact[contact][cited.period][cited.table].update(cited.rows)

    def of(
        self, contacts: Sequence[int], period: int | None = None, each: int | None = None
    ) -> RowsByTable:
        """Rows with these contacts, in their order, at most ``each`` per contact and period."""
        found: dict[str, set[int]] = defaultdict(set)
        total = 0
        for contact in contacts:
            if total >= CITED:
                break
            for at, tables in sorted(self.by_contact.get(contact, {}).items()):
                if period not in (None, at):
                    continue
                for table, rows in sorted(tables.items()):
                    some = sorted(rows)[: min(CITED - total, each or CITED)]
                    found[table].update(some)
                    total += len(some)
        return {table: rows for table, rows in found.items() if rows}


@dataclass(frozen=True)
class Players:
    """The board, and where the rows are."""

    board: Board
    tables: Tables
    edges: Sequence[int]
    mention: Table
    engine: Engine

    def name(self, person: int) -> str:
        """What a person is called."""
        known = self.board.ties.persons[person]
        return f"{known.named} ({known.exhibit})" if known.exhibit else known.named

    def names(self, persons: Sequence[int]) -> list[str]:
        """What the first of some persons are called."""
        return [self.name(n) for n in persons[:NAMED]]

    @cached_property
    def rank(self) -> dict[int, int]:
        """The rank of each vertex that has a standing, from 1; equal ones share theirs."""
        mean = self.board.standing.mean
        order = self.board.standing.order()
        sorted_means = np.sort(mean[order])
        return {v: 1 + int(np.searchsorted(sorted_means, mean[v] - 1e-9)) for v in order}

    def contacts(self, person: int) -> list[tuple[int, float]]:
        """The contacts of a person and the weight of each tie, heaviest first."""
        net = self.board.net
        vertex = net.place[person]
        found = [
            (int(net.members[e.target if e.source == vertex else e.source]), float(e["weight"]))
            for e in net.graph.es[net.graph.incident(vertex)]
        ]
        return sorted(found, key=lambda tie: (-tie[1], tie[0]))


def leads(players: Players, most: int) -> Iterator[Lead]:
    """One lead per person among the first ``most``, and per person who takes over."""
    board = players.board
    order = board.standing.order()
    heirs = {board.net.place[one.heir] for one in board.successions}
    chosen = [v for n, v in enumerate(order) if n < most or v in heirs]
    persons = [int(board.net.members[v]) for v in chosen]
    rows = _rows(players, persons)
    seen = _exhibits(players, persons)
    for vertex, person in zip(chosen, persons, strict=True):
        facts = {
            "person": players.name(person),
            "place": players.rank[vertex],
            "of": len(board.net),
        }
        why = [*_reasons(players, vertex, person, rows[person]), *seen.get(person, ())]
        score = round(1 / float(board.standing.mean[vertex]), 6)
        yield Lead(TITLE, [board.ties.persons[person].subject()], score, why, facts)


def _rows(players: Players, persons: Sequence[int]) -> Mapping[int, _Rows]:
    found: dict[int, _Rows] = {person: _Rows() for person in persons}
    known = players.board.ties.persons
    for cited in players.tables.rows(known, persons, players.edges, players.engine):
        if cited.source in found:
            found[cited.source].add(cited.target, cited)
        if cited.target in found:
            found[cited.target].add(cited.source, cited)
    return found


def _reasons(players: Players, vertex: int, person: int, rows: _Rows) -> Iterator[Reason]:
    board = players.board
    ties = players.contacts(person)
    contacts = [n for n, _weight in ties]
    one_each = rows.of(contacts, each=1)
    by_rank = sorted(contacts, key=lambda n: (players.rank.get(board.net.place[n], 1 << 30), n))
    for measure in MEASURES:
        value = float(board.standing.values[measure][vertex])
        place = float(board.standing.places[measure][vertex])
        facts: dict[str, Any] = {
            "person": players.name(person),
            "place": _plain(place),
            "of": int((~np.isnan(board.standing.values[measure])).sum()),
        }
        share = round(100 * value, 1)
        weight = round(1 / place, 3)
        if measure == "volume":
            facts |= {
                "weight": _plain(value),
                "contacts": len(contacts),
                "names": players.names(contacts),
            }
            yield Reason(measure, VOLUME, facts, weight, rows.of(contacts))
        elif measure == "eminent":
            facts["names"] = players.names(by_rank)
            yield Reason(measure, EMINENT, facts, weight, rows.of(by_rank[:NAMED], each=1))
        elif share > 0:
            text = BETWEEN if measure == "between" else FRAGMENTS
            yield Reason(measure, text, facts | {"share": share}, weight, one_each)
    yield from _place_among(players, vertex, person, rows, contacts)
    yield from _over_time(players, person, rows, contacts)


def _place_among(
    players: Players, vertex: int, person: int, rows: _Rows, contacts: Sequence[int]
) -> Iterator[Reason]:
    """Roles and group."""
    board = players.board
    roles = brokerage(board.ties, board.net, board.groups, person)
    one_each = rows.of(contacts, each=1)
    if roles:
        facts = {**dict.fromkeys(ROLES, 0), **roles, "n": sum(roles.values())}
        yield Reason("brokers", BROKERS, facts, 0.0, one_each)
    group = board.groups == board.groups[vertex]
    members = [v for v in board.standing.order() if group[v] and v != vertex]
    inside = [n for n in contacts if group[board.net.place[n]]]
    if inside:
        persons = [int(board.net.members[v]) for v in members] or inside
        said = {"n": int(group.sum()), "names": players.names(persons)}
        yield Reason("group", GROUP, said, 0.0, rows.of(inside, each=1))


def _over_time(
    players: Players, person: int, rows: _Rows, contacts: Sequence[int]
) -> Iterator[Reason]:
    """Places by period, and successions."""
    board = players.board
    if len(board.moments) > 1:
        places = []
        for _n, moment in sorted(board.moments.items()):
            place = moment.place(person)
            told = "-" if place is None else f"{place}/{len(moment.net)}"
            places.append(f"{moment.period.first}: {told}")
        yield Reason("periods", PERIODS, {"places": places}, 0.0, rows.of(contacts, each=1))
    for one in board.successions:
        day = board.moments[one.period].period.first
        facts: dict[str, Any] = {
            "day": day.isoformat(),
            "gone": players.name(one.gone),
            "heir": players.name(one.heir),
        }
        if one.heir == person:
            facts["contacts"], facts["of"] = len(one.contacts), one.of
            facts["before"], facts["after"] = _plain(one.before), _plain(one.after)
            yield Reason("takes_over", TAKES_OVER, facts, 1.0, rows.of(one.contacts, one.period))
        elif one.gone == person:
            before = rows.of(contacts, one.period - 1)
            yield Reason("silent", SILENT, facts, 0.0, before)


def _exhibits(players: Players, persons: Sequence[int]) -> dict[int, list[Reason]]:
    """For each person whose identifier occurs in several exhibits, a reason that says so."""
    known = players.board.ties.persons
    by_key = {(known[n].key.kind, known[n].key.value): n for n in persons if known[n].open}
    if not by_key:
        return {}
    wanted = ibis.memtable(
        {"kind": [k for k, _v in by_key], "value": [v for _k, v in by_key]},
        schema={"kind": "string", "value": "string"},
    )
    near = players.mention.semi_join(wanted, ["kind", "value"])
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    per = near.group_by("kind", "value", "exhibit_id", "table").agg(row=_.row_id.min())
    for row in players.engine.rows(per):
        tables = found[by_key[row["kind"], row["value"]]][row["exhibit_id"]]
        tables[row["table"]] = row["row"]
    reasons = {}
    for person, exhibits in found.items():
        if len(exhibits) > 1:
            met = {table for tables in exhibits.values() for table in tables}
            rows: RowsByTable = {
                table: {tables[table] for tables in exhibits.values() if table in tables}
                for table in sorted(met)
            }
            facts = {"exhibits": sorted(exhibits, key=lambda e: (len(e), e))}
            reasons[person] = [Reason("exhibits", EXHIBITS, facts, 0.0, rows)]
    return reasons


def _plain(number: float) -> int | float:
    """A whole number as one, another with one decimal."""
    return int(number) if float(number).is_integer() else round(float(number), 1)

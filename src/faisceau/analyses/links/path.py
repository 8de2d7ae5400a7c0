"""From one to another: the shortest and the strongest chains of evidence, across all tables.

The web that is searched, and how a chain is weighed, are told in ``_chains``.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.links._chains import (
    ALL_READS_IF,
    PROCEDURE,
    READS,
    ROW,
    SAID,
    USED,
    Chain,
    Web,
    chains,
    web,
)
from faisceau.analyses.links._contacts import Tables, Ties, as_own
from faisceau.errors import NotFound, UsageError
from faisceau.findings.model import Kind, Lead, Reason
from faisceau.words import N_

SPARE = 3
"""Chains looked at for each one told: some are detours."""
SHORTEST = N_("{first} and {last} are tied by a chain of {n} links, the shortest there is")
OTHER = N_("{first} and {last} are tied by a chain of {n} links, strong by what it rests on")
TEXTS: Mapping[str, str] = {
    "call": N_("{a} and {b} called each other ({n} rows cited)"),
    "message": N_("{a} and {b} wrote to each other ({n} rows cited)"),
    "contact": N_("one of {a} and {b} stands in the address book of the other"),
    "trip": N_("{a} and {b} travelled on one booking"),
    ROW: N_("{a} and {b} stand in one row of the table {table}"),
    SAID: N_("a message of one of {a} and {b} names the other"),
    USED: N_("a call of one of {a} and {b} was made with the other"),
    PROCEDURE: N_("{a} and {b}: one is a procedure, the other is named in it"),
}
METHOD = N_(
    "Persons and identifiers are tied where they were in contact, stand in one row, or one's "
    "message names the other; procedures to what they name. Between the two asked for, the chain "
    "with the fewest links is told, and the strongest ones: a link is the stronger the more rows "
    "bear it, and a chain through somebody whom everybody knows counts little."
)


class PathParams(Params):
    """Between whom chains are looked for."""

    first: str = ""
    """One end: an identifier as any source writes it, a label, a procedure."""
    last: str = ""
    """The other end."""
    ways: int = Field(default=3, ge=1, le=20)
    """Strong chains told, at most, besides the shortest."""
    longest: int = Field(default=6, ge=1, le=20)
    """Links of a chain, at most."""


@analysis(reads=READS, reads_if=ALL_READS_IF, kind=Kind.MATCHING, version=1, method=METHOD)
def path(  # noqa: PLR0917 - one table each
    mention: Table,
    call: Table,
    message: Table,
    contact: Table,
    trip: Table,
    person: Table,
    handset: Table,
    sim_sale: Table,
    params: PathParams,
    engine: Engine,
) -> Iterator[Lead]:
    """One lead per chain; the score is the strength of the chain. Without ends, none.

    Raises ``UsageError`` where one end lacks, ``NotFound`` for an end that no row names.
    """
    if not params.first and not params.last:
        return
    if not params.first or not params.last:
        raise UsageError(N_("A chain has two ends: set first and last"))
    tables = Tables(call, message, as_own(contact, engine), as_own(trip, engine))
    ties = tables.ties((), frozenset(), engine)
    records = [as_own(table, engine) for table in (person, handset, sim_sale)]
    made = web(ties, as_own(mention, engine), records, tables, engine)
    ends = [_end(made, text) for text in (params.first, params.last)]
    if ends[0] == ends[1]:
        raise UsageError(
            N_("{first} and {last} are one and the same"), first=params.first, last=params.last
        )
    found = chains(made, ends[0], ends[1], SPARE * params.ways, params.longest)
    contacts = _contacts(found, ties, tables, engine)
    found = [chain for chain in found if not _detour(made, chain, contacts)][: params.ways + 1]
    fewest = min((len(chain.nodes) for chain in found), default=0)
    for chain in found:
        nodes = chain.nodes
        facts = {
            "first": made.name(nodes[0]),
            "last": made.name(nodes[-1]),
            "n": len(nodes) - 1,
        }
        order = (nodes[0], nodes[-1], *nodes[1:-1])
        title = SHORTEST if len(nodes) == fewest else OTHER
        why = [r for pair in pairwise(nodes) for r in _reasons(made, pair, contacts)]
        yield Lead(title, [made.subject(n) for n in order], round(chain.strength, 6), why, facts)


def _end(made: Web, text: str) -> int:
    found = made.find(text)
    if found is None:
        raise NotFound(
            N_("{name} is named in no row that may be read"),
            hint=N_("Write it as a source does: a number, an account, a label, a procedure"),
            name=text,
        )
    return found


Contacts = Mapping[tuple[int, int], Mapping[str, set[int]]]
"""Rows of contact between two persons, by table."""


def _contacts(found: list[Chain], ties: Ties, tables: Tables, engine: Engine) -> Contacts:
    """The rows of contact along the chains."""
    wanted = {
        (min(pair), max(pair))
        for chain in found
        for pair in pairwise(chain.nodes)
        if max(pair) < len(ties.persons)
    }
    rows: dict[tuple[int, int], dict[str, set[int]]] = {}
    persons = sorted({n for pair in wanted for n in pair})
    for cited in tables.rows(ties.persons, persons, (), engine) if persons else ():
        ends = (min(cited.source, cited.target), max(cited.source, cited.target))
        if ends in wanted:
            rows.setdefault(ends, {}).setdefault(cited.table, set()).update(cited.rows)
    return rows


def _detour(made: Web, chain: Chain, contacts: Contacts) -> bool:
    """True where one row that names several is used for two links: it ties their ends itself."""
    seen: set[tuple[str, int]] = set()
    named: set[tuple[str, int]] = set()
    for pair in pairwise(chain.nodes):
        ends = (min(pair), max(pair))
        here = {(t, r) for (_why, t), rows in made.rows.get(ends, {}).items() for r in rows}
        told = {(t, r) for t, rows in contacts.get(ends, {}).items() for r in rows}
        if here & (seen | named) or told & named:
            return True
        named |= here
        seen |= told
    return False


def _reasons(made: Web, pair: tuple[int, int], contacts: Contacts) -> Iterator[Reason]:
    """Why two neighbours of a chain are tied: one reason for each way."""
    ends = (min(pair), max(pair))
    weight = made.weight[ends]
    part = round(weight / (weight + 1), 3)
    facts: dict[str, Any] = {"a": made.name(pair[0]), "b": made.name(pair[1])}
    for table, rows in sorted(contacts.get(ends, {}).items()):
        yield Reason(table, TEXTS[table], facts | {"n": len(rows)}, part, {table: rows})
    for (why, table), rows in sorted(made.rows.get(ends, {}).items()):
        yield Reason(why, TEXTS[why], facts | {"table": table}, part, {table: rows})

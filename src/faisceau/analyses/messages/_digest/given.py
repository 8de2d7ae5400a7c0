"""What every section of a digest is given, and the line it gives back.

A section asks the engine for few rows (counts, and the strongest of each group) and makes lines of
them, strongest first. No section walks over messages in Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import ibis
from ibis import Table, _
from ibis import expr as ex

from faisceau.analyses import Engine
from faisceau.analyses.messages._conversations import JOIN
from faisceau.tables.clock import local
from faisceau.tables.schemas import Schema

TABLES = ("message", "call", "contact", "handset", "position", "media", "mention")
Rows = Mapping[Schema | str, Sequence[int]]
LINES = 20
"""Lines a section, and rows a line, at most."""
QUOTED = 160
"""Characters quoted from a message, at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a section: a sentence (a template with facts) and the rows it rests on."""

    exhibit_id: str
    code: str
    text: str
    facts: Mapping[str, Any]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Handset:
    """An exhibit that a digest is made of: what to call it, and who its owner is in its rows.

    ``owners``: the values that stand for the owner, as the rows write them.
    """

    exhibit_id: str
    value: str
    label: str
    owners: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Given:
    """The tables (those not covered are empty), the engine, the clock, the handsets."""

    message: Table
    call: Table
    contact: Table
    handset: Table
    position: Table
    media: Table
    mention: Table
    engine: Engine
    zone: ZoneInfo
    gap_days: int
    handsets: Mapping[str, Handset] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict, compare=False)
    """What one section found and another needs too, by name."""

    def only(self, exhibits: Sequence[str]) -> "Given":
        """The same for the rows of some exhibits alone."""
        named = {
            table: getattr(self, table).filter(_.exhibit_id.isin(list(exhibits)))
            for table in TABLES
        }
        return replace(self, **named)

    @cached_property
    def mine(self) -> Table:
        """(``of``, ``who``): exhibit and value, for each value that stands for an owner."""
        pairs = sorted((h.exhibit_id, who) for h in self.handsets.values() for who in h.owners)
        columns = {"of": [of for of, _who in pairs], "who": [who for _of, who in pairs]}
        return ibis.memtable(columns, schema=ibis.schema({"of": "string", "who": "string"}))

    @cached_property
    def said(self) -> Table:
        """What persons wrote: messages with ``thread`` and ``sent`` (the owner wrote it)."""
        sender = ibis.array([_.sender_id])
        people = ibis.ifelse(_.recipients.isnull(), sender, _.recipients.concat(sender))
        named = people.filter(lambda who: who.notnull()).unique().sort().join(JOIN)
        said = self.message.filter((_.kind != "system") | _.kind.isnull())
        said = said.mutate(
            account=_.account.fill_null(""), thread=ibis.coalesce(_.thread_id, named, "")
        )
        own = [said.exhibit_id == self.mine.of, said.sender_id == self.mine.who]
        joined = said.left_join(self.mine, own)
        return joined.mutate(sent=joined.who.notnull()).drop("of", "who")

    @cached_property
    def words(self) -> Table:
        """Those of ``said`` that hold text."""
        return self.said.filter(_.text.notnull() & (_.text != ""))

    @cached_property
    def figures(self) -> Table:
        """Those of ``words`` that hold a digit: the only ones worth a dearer pattern of prices."""
        return self.words.filter(_.text.re_search("[0-9]"))

    def at(self, moment: datetime | None) -> str:
        """A time on the clock of the digest: ``2026-03-02 18:04``."""
        if moment is None:
            return "?"
        return f"{local(moment, self.zone):%Y-%m-%d %H:%M}"

    def day(self, moment: datetime | None) -> str:
        """A day on the clock of the digest."""
        return self.at(moment)[:10]


def strongest(table: Table, by: Sequence[str], order: Sequence[Any], keep: int) -> Table:
    """The first ``keep`` rows of each group in an order that leaves no ties."""
    window = ibis.window(group_by=list(by), order_by=list(order))
    return table.mutate(place=ibis.row_number().over(window)).filter(_.place < keep)


def placed(table: Table, by: Sequence[str], order: Sequence[Any]) -> Table:
    """Each row with its ``place`` (from 0) in its group; ``kept_rows`` cites the first ones."""
    window = ibis.window(group_by=list(by), order_by=list(order))
    return table.mutate(place=ibis.row_number().over(window))


def kept_rows() -> ex.types.Value:
    """Of a ``placed`` table: the rows to cite of each group, ``LINES`` at most."""
    return _.row_id.collect(where=_.place < LINES)


def talk_count() -> ex.types.Value:
    """Of a table of messages: the number of conversations."""
    return _.account.concat("\x1f", _.thread).nunique()


def quoted(text: str | None) -> str:
    """The beginning of a message on one line."""
    line = " ".join((text or "").split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1].rstrip() + "…"

"""What a part of the desk asks with: the gate, the mask, the lake, as the workspace holds them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from faisceau.case.masking import Mask
from faisceau.case.sight import QUESTION
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.permit import Permit
from faisceau.tables.engines import LakeEngine
from faisceau.tables.lake import Segment
from faisceau.tables.schemas import PLATE_READ, TABLES
from faisceau.tables.schemas.schema import TIME, Selection

WHEN: Mapping[str, str] = {
    name: next(column.name for column in schema if column.type == TIME)
    for name, schema in TABLES.items()
    if any(column.type == TIME for column in schema)
}
"""The column that tells when an observation was made, by table; the first of its times."""

Counts = dict[str, int]
"""Rows read, by table."""
Reading = Callable[..., AbstractContextManager[tuple[Permit, Any, LakeEngine]]]
Passing = Callable[..., AbstractContextManager[tuple[Permit, Any, list[Segment]]]]


@dataclass(frozen=True, slots=True)
class Untold:
    """A table that a picture leaves out, and what the mandate answered."""

    table: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Door:
    """The desk's own plumbing, handed over by the workspace. ``filled``: tables that have rows;
    ``judge`` answers for an act on the rows that there are, unrecorded."""

    covered: frozenset[str]
    agent: str
    clock: Callable[[], datetime]
    judge: Callable[[Act], Decision]
    reading: Reading
    passing: Passing
    engine: Callable[..., AbstractContextManager[LakeEngine]]
    gate: Any
    writing: Callable[[], AbstractContextManager[None]]
    mask: Callable[[], Mask]
    filled: Callable[[], set[str]]
    database: sa.Engine

    def may_show(
        self, tables: Collection[str], columns: Iterable[str] = ()
    ) -> tuple[list[str], list[Untold]]:
        """Which of these tables have rows that may be read, each judged alone, and which not.

        ``columns``: those that the question's condition names.
        """
        shown, untold = [], []
        for table in sorted(self.filled() & set(tables)):
            decision = self.judge(reading_of([table], columns))
            if decision.allowed:
                shown.append(table)
            else:
                untold.append(Untold(table, decision))
        return shown, untold

    @contextmanager
    def opened(
        self, chosen: Sequence[Selection], columns: Iterable[str], data: Mapping[str, Any]
    ) -> Iterator[tuple[dict[str, LakeEngine], Counts]]:
        """The engine of each table, and the counts for the ledger to close with.

        Plate reads are an act of their own: what the rules ask of them depends on their
        procedures, not on those of the other tables.
        """
        named = list(columns)
        engines: dict[str, LakeEngine] = {}
        counts: Counts = {}
        apart = [s for s in chosen if s.schema is PLATE_READ]
        together = [s for s in chosen if s.schema is not PLATE_READ]
        with ExitStack() as stack:
            closings = []
            for selections in filter(None, (together, apart)):
                tables = [s.schema.name for s in selections]
                act = reading_of(tables, named)
                _, closing, engine = stack.enter_context(self.reading(act, selections, data=data))
                engines |= dict.fromkeys(tables, engine)
                closings.append((tables, closing))
            yield engines, counts
            for tables, closing in closings:
                closing.data["rows"] = sum(counts.get(table, 0) for table in tables)


def reading_of(tables: Iterable[str], columns: Iterable[str] = (), kind: Kind = Kind.QUERY) -> Act:
    """The act of reading rows of tables, by a question that names these columns."""
    named = frozenset(QUESTION[name] for name in columns if name in QUESTION)
    return Act("rows", kind=str(kind), tables=frozenset(tables), question=named)


def with_procedure(table: str, names: Sequence[str]) -> Selection:
    """Columns of a table, with what masking needs."""
    wanted = dict.fromkeys((*names, "exhibit_id", "procedure"))
    return Selection(TABLES[table], tuple(wanted))

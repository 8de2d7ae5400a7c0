"""The door: how each part of the desk passes the gate and reads what its permit lets be seen."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from faisceau.case import sealing
from faisceau.case.cards import selections
from faisceau.case.catalog import MandateVersion
from faisceau.case.folder import Case, writer_lock
from faisceau.case.gate import Clock, Closing, Gate
from faisceau.case.listing import Listing
from faisceau.case.masking import Mask
from faisceau.case.recovery import recover, sweep
from faisceau.case.sealing import Sealed
from faisceau.case.sight import PRECISE, QUESTION, row_rules
from faisceau.evidence.containers import part_folder
from faisceau.evidence.store import EvidenceStore
from faisceau.findings import store as findings
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.tables.correspondence import SEALED
from faisceau.tables.engines import LakeEngine, open_engine
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.picking import Picker
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


@dataclass(frozen=True, slots=True)
class Untold:
    """A table that a picture leaves out, and what the mandate answered."""

    table: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Door:
    """One agent at work on one case, under one mandate: what every act asks with.

    ``engine_name``: the engine that reads the tables; ``secret`` opens the case's keys.
    """

    case: Case
    version: MandateVersion
    gate: Gate
    database: sa.Engine
    lake: Lake
    picker: Picker
    listing: Listing
    store: EvidenceStore
    engine_name: str
    secret: Callable[[], bytes]

    @property
    def mandate(self) -> Mandate:
        """The mandate that the gate asks."""
        return self.gate.mandate

    @property
    def agent(self) -> str:
        """Who works."""
        return self.gate.agent

    @property
    def clock(self) -> Clock:
        """What tells the time of each act."""
        return self.gate.clock

    @property
    def covered(self) -> frozenset[str]:
        """The tables that the mandate lists."""
        return self.mandate.data

    @property
    def mandate_version(self) -> str:
        """Number and hash of the mandate in force, as findings keep it."""
        return f"{self.version.version}:{self.version.sha256[:16]}"

    def filled(self) -> set[str]:
        """The tables that have rows."""
        return {segment.table for segment in self.listing().segments}

    def sealed(self, tables: Collection[str]) -> Sealed:
        """The seals that whoever reads these tables is kept from; derived ones follow theirs."""
        derived = bool(set(tables) & {"mention", "media"})
        return sealing.told(self.listing().seals, SEALED if derived else tables)

    def mask(self) -> Mask:
        """What hides the identities of other procedures' rows from whoever reads."""
        with self.database.connect() as connection:
            bare = findings.lifted(connection)
        return Mask(self.mandate.reference, self.secret(), bare)

    # ---- passing the gate ----

    def judge(self, act: Act) -> Decision:
        """What the mandate answers to an act on the rows that there are, unrecorded."""
        return self.gate.judge(replace(act, procedures=self.listing().procedures(act.tables)))

    @contextmanager
    def passing(
        self,
        act: Act,
        chosen: Sequence[Selection],
        *,
        kind: Kind = Kind.QUERY,
        data: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Permit, Closing, list[Segment]]]:
        """Pass the gate for ``act``, with the rules of its tables; the segments there are."""
        listed = self.listing()
        columns = {s.schema.name: frozenset(s.names) for s in chosen}
        rules = row_rules(
            self.mandate,
            kind,
            columns,
            listed.exhibits,
            self.clock(),
            closed=sealing.closed(listed.seals),
            spelled=listed.spelled,
        )
        act = replace(act, procedures=listed.procedures(act.tables))
        with self.gate.passing(act, columns=columns, rows=rules, data=data) as (permit, closing):
            yield permit, closing, listed.segments

    @contextmanager
    def engine(
        self, permit: Permit, segments: Sequence[Segment], chosen: Sequence[Selection]
    ) -> Iterator[LakeEngine]:
        """An engine on what the permit lets be seen of these segments."""
        with (
            part_folder(self.case.scratch) as scratch,  # what a kill leaves there is swept
            open_engine(
                self.engine_name, permit, self.lake, segments, chosen, scratch=scratch
            ) as engine,
        ):
            yield engine

    @contextmanager
    def reading(
        self,
        act: Act,
        chosen: Sequence[Selection],
        *,
        kind: Kind = Kind.QUERY,
        data: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Permit, Closing, LakeEngine]]:
        """Pass the gate for ``act`` and open an engine on its tables."""
        with (
            self.passing(act, chosen, kind=kind, data=data) as (permit, closing, segments),
            self.engine(permit, segments, chosen) as engine,
        ):
            yield permit, closing, engine

    @contextmanager
    def citing(self, act: Act) -> Iterator[tuple[Permit, Closing, LakeEngine]]:
        """Pass the gate for an act that quotes rows, and open an engine on their tables."""
        act = self.quoting(act)
        with self.reading(act, selections(act.tables)) as opened:
            yield opened

    def quoting(self, act: Act) -> Act:
        """An act that quotes rows: of every covered table that has some."""
        filled = self.filled()
        tables = (filled & self.covered) | {"reject"} | (filled & {"mention"})
        return replace(act, tables=frozenset(tables), question=PRECISE)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the case's writer lock; what a killed writer left is settled first."""
        with writer_lock(self.case):
            recover(self.case, self.gate.ledger, self.database, self.agent, self.gate.reason)
            yield

    @contextmanager
    def all_or_nothing(self, closing: Closing) -> Iterator[None]:
        """When an act fails, the segments that it had written go: the case is as before."""
        try:
            yield
        except BaseException:
            closing.data.clear()  # what it was about to change, it did not
            self.sweep()
            raise

    def sweep(self) -> None:
        """Delete what the catalog does not list. Only while ``writing``."""
        sweep(self.case.folder, self.store, self.database)

    # ---- what may be shown ----

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
            for those in filter(None, (together, apart)):
                tables = [s.schema.name for s in those]
                act = reading_of(tables, named)
                _, closing, engine = stack.enter_context(self.reading(act, those, data=data))
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

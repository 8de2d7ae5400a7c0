"""The workspace: the one door to a case, opened by a named agent for a stated reason."""

import hashlib
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import ibis
import pyarrow as pa
from ibis import Table
from sqlalchemy import Connection

from faisceau.analyses import Analysis
from faisceau.case import catalog, folder, reporting, sealing
from faisceau.case.adding import Added, Adding, orders_of
from faisceau.case.cards import (
    cards,
    cited_sources,
    finding_json,
    picked_sources,
    quoted_tables,
    selections,
)
from faisceau.case.door import Door
from faisceau.case.examining import Ask, Orders, Progress
from faisceau.case.first_look import OWN, SHARED, FirstLook, known_identifiers, look
from faisceau.case.folder import Case
from faisceau.case.gate import Clock, Closing, Gate
from faisceau.case.listing import Listing
from faisceau.case.masking import Mask
from faisceau.case.notes import Notes
from faisceau.case.plugins import plugins
from faisceau.case.purging import Purged, purge
from faisceau.case.recovery import recover, sweep
from faisceau.case.running import NotRun, Ran, RunReport, parameters, stamp
from faisceau.case.saved_searches import SavedSearches
from faisceau.case.sealing import NOTHING_SEALED, Seal, Sealed
from faisceau.case.searching import (
    LANGUAGES,
    READ,
    SHOWN,
    Answer,
    answering,
    as_hits,
    counts,
    in_languages,
    index_rows,
    sight,
)
from faisceau.case.sight import PRECISE, QUESTION, row_rules
from faisceau.case.talking import STRETCH, Stretch, stretch
from faisceau.case.withdrawing import Withdrawn, withdraw
from faisceau.disk import sync, write_durably
from faisceau.errors import CaseError, Damaged, FaisceauError, NotFound, Refused, UsageError
from faisceau.evidence import register
from faisceau.evidence.containers import part_folder
from faisceau.evidence.exhibit import Exhibit
from faisceau.evidence.reading import Reader
from faisceau.evidence.store import EvidenceStore
from faisceau.findings import store as findings
from faisceau.findings.model import VERDICTS, Finding, Kind, Review, Status, Wanted
from faisceau.ledger.entry import Draft, Entry
from faisceau.ledger.keys import KeyRing, PublicKeys
from faisceau.ledger.log import Ledger
from faisceau.ledger.proofs import prove_consistency, prove_inclusion
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.decide import decide
from faisceau.mandate.explain import Explanation, explain
from faisceau.mandate.model import Mandate, today, widens_scope
from faisceau.mandate.permit import Permit
from faisceau.mandate.reading import read_mandate
from faisceau.mandate.vocabulary import DERIVED
from faisceau.report.model import FindingCard, Proof, ReportData
from faisceau.tables import lake, search_index
from faisceau.tables.correspondence import SEALED
from faisceau.tables.engine import absent, columns_of
from faisceau.tables.engines import LakeEngine, open_engine
from faisceau.tables.lake import STORED, Lake, Segment
from faisceau.tables.picking import Picker
from faisceau.tables.schemas import MESSAGE, PLATE_READ, REVIEW
from faisceau.tables.schemas.schema import Selection
from faisceau.tables.search_index import SearchIndex
from faisceau.tables.search_query import asked_for, parse
from faisceau.words import N_, speaking

if TYPE_CHECKING:  # what one command in ten needs is imported where it is used
    from faisceau.case.exporting import Exported
    from faisceau.case.lexicon_work import Suggestion, Trial
    from faisceau.case.lexicons_kept import Lexicons
    from faisceau.case.long_work import LongWork
    from faisceau.case.matching import Matched, Side
    from faisceau.case.pictures import Pictures
    from faisceau.case.watching import Watch

REPORTED = 100
"""Findings in a report unless it is asked for more or fewer."""
REPORTED_LINES = 40


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """Something that ends or falls due: what (template and facts), and on which day."""

    what: str
    facts: Mapping[str, Any]
    on: date


@dataclass(frozen=True, slots=True)
class CaseStatus:
    """The state of a case, as ``status`` shows it."""

    reference: str
    exhibits: list[Exhibit]
    findings: Mapping[str, Mapping[str, int]]
    due: list[Due]
    warnings: list[str]
    sealed: Sealed = NOTHING_SEALED
    """What is sealed, and how many findings are withheld because they rest on it."""
    withheld: int = 0


class Workspace:
    """A case at work. Open it with :meth:`open`, or make a new one with :meth:`create`."""

    def __init__(
        self,
        case: Case,
        *,
        agent: str | None = None,
        reason: str | None = None,
        clock: Clock = utc_now,
        engine: str = "duckdb",
    ) -> None:
        self.case = case
        self.clock = clock
        self.engine = engine
        self._database = catalog.connect(case.catalog_url)
        with self._database.connect() as connection:
            versions = catalog.mandates(connection)
        self._version = versions[-1]
        self.mandate = _verified_mandate(case, self._version)
        self.agent = _agent(self.mandate, agent)
        self.reason = reason or self.mandate.reference
        self.ledger = Ledger.open(case.folder, case.case_id, clock=clock)
        self._gate = Gate(
            self.mandate, self.ledger, self.agent, self.reason, clock, case.index / "acts"
        )
        self._lake = Lake(case.folder)
        self._picker = Picker(self._lake)
        self._listing = Listing(self._database)
        self._searched: SearchIndex | None = None
        self._store = EvidenceStore(case.folder, case.scratch)

    @classmethod
    def create(
        cls,
        where: Path,
        mandate_text: bytes,
        *,
        origin: str = "mandate.toml",
        agent: str | None = None,
        reason: str | None = None,
        clock: Clock = utc_now,
        engine: str = "duckdb",
    ) -> Self:
        """Open a new case under a mandate, which is kept as its first piece of evidence.

        Raises ``MandateError`` for a mandate that cannot stand, ``Refused`` when it has ended.
        """
        mandate = read_mandate(mandate_text, origin)
        who = _agent(mandate, agent)
        decision = decide(mandate, Act("new"), who, clock())
        if not decision.allowed:
            raise decision.refusal()
        already_there = where.exists()
        case = folder.create(where)
        try:
            ledger = Ledger.create(case.folder, case.case_id, clock=clock)
            version = _keep_mandate(case, 1, mandate_text, mandate, agent=who, now=clock())
            database = catalog.connect(case.catalog_url)
            with database.begin() as connection:
                catalog.create(connection)
                catalog.add_mandate(connection, version)
            ledger.append(
                Draft(
                    operation="collection",
                    phase="only",
                    act="new",
                    agent=who,
                    reason=reason or mandate.reference,
                    policies=tuple(rule.id for rule in decision.rules),
                    data=_mandate_data(case, version),
                )
            )
            folder.mark(case, clock())
        except BaseException:
            shutil.rmtree(case.folder, ignore_errors=True)
            if already_there:
                where.mkdir(exist_ok=True)
            raise
        return cls(case, agent=agent, reason=reason, clock=clock, engine=engine)

    @classmethod
    def open(
        cls,
        where: Path,
        *,
        agent: str | None = None,
        reason: str | None = None,
        clock: Clock = utc_now,
        engine: str = "duckdb",
    ) -> Self:
        """Open the case in ``where``. Raises ``CaseError``, ``UsageError``, ``Damaged``."""
        return cls(folder.find(where), agent=agent, reason=reason, clock=clock, engine=engine)

    @property
    def _mask(self) -> Mask:
        """What hides the identities of other procedures' rows from whoever reads."""
        with self._database.connect() as connection:
            bare = findings.lifted(connection)
        return Mask(self.mandate.reference, self._secret, bare)

    @cached_property
    def _secret(self) -> bytes:
        """The case's secret; keys take milliseconds to open, and a search has few to spare."""
        return KeyRing.open(self.case.case_id).secret

    @property
    def today(self) -> date:
        """The day in Paris."""
        return today(self.clock())

    @property
    def mandate_version(self) -> str:
        """Number and hash of the mandate in force, as findings keep it."""
        return f"{self._version.version}:{self._version.sha256[:16]}"

    @property
    def current(self) -> bool:
        """False once another mandate was put in force than that of this workspace."""
        with self._database.connect() as connection:
            return catalog.mandates(connection)[-1] == self._version

    @staticmethod
    def mandate_of(where: Path) -> Mandate:
        """The mandate in force of a case: who may open it, before anyone does."""
        case = folder.find(where)
        with catalog.connect(case.catalog_url).connect() as connection:
            return _verified_mandate(case, catalog.mandates(connection)[-1])

    def enter(self) -> None:
        """Record that the agent opens the case, and why. Raises ``Refused``."""
        with self._gate.passing(Act("open")):
            pass

    # ---- adding ----

    def add(
        self,
        paths: Sequence[Path],
        *,
        ask: Ask | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Iterator[Added]:
        """Add each path as an exhibit of its own; yields what became of each, in order.

        A path that fails is yielded with its error, the others go on; a refusal ends it
        (``Refused``). ``options``: those of ``adding.orders_of``. With ``first``, a path is
        yielded once what readers know was read (``Added.first``), and again when all was.
        """
        readers = plugins().readers
        orders = orders_of(readers, **options)
        waiting: list[Path] = []
        for added in self._add(paths, readers, orders, ask, progress):
            yield added
            if added.first:
                waiting.append(added.path)
        if waiting:
            whole = replace(orders, first=False, again=True)
            yield from self._add(waiting, readers, whole, ask, progress)

    def _add(
        self,
        paths: Sequence[Path],
        readers: Mapping[str, Reader],
        orders: Orders,
        ask: Ask | None,
        progress: Progress | None,
    ) -> Iterator[Added]:
        adding = Adding(
            gate=self._gate,
            database=self._database,
            store=self._store,
            lake=self._lake,
            mandate=self.mandate,
            readers=readers,
            orders=orders,
            ask=ask,
            progress=progress,
        )
        with self._writing():
            yield from adding.add(paths)

    def first_look(self, exhibit_id: str) -> FirstLook:
        """What one exhibit shows first: contacts, last days, identifiers that others hold too."""
        own = [s for s in OWN if s.schema.name in self.mandate.data]
        tables = frozenset(s.schema.name for s in own)
        with self._reading(Act("rows", tables=tables), own) as (_, closing, engine):
            found = look(exhibit_id, engine, self._mask)
            closing.data["rows"] = found.contacts + found.messages
        act = Act("run", kind=str(Kind.MATCHING), tables=frozenset({"mention"}))
        if not self._gate.judge(act).allowed:
            return found
        with self._reading(act, SHARED, kind=Kind.MATCHING) as (_, closing, engine):
            known = known_identifiers(exhibit_id, engine)
            closing.data["identifiers"] = len(known)
        return replace(found, known=known)

    # ---- analyses ----

    def run(
        self,
        names: Sequence[str] = (),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> RunReport:
        """Run the analyses named; without names, each that the mandate allows and has rows.

        Raises ``NotFound`` for an unknown name, ``UsageError`` for parameters that do not fit.
        """
        settings = settings or {}
        known = plugins()
        chosen = [known.analysis(name) for name in (names or known.analyses)]
        params = {a.name: parameters(a, settings.get(a.name, {})) for a in chosen}
        ran: list[Ran] = []
        not_run: list[NotRun] = []
        for analysis in chosen:
            if progress is not None:
                progress(analysis.name)
            if not names and self._covers(analysis) and not self._has_rows(analysis):
                facts = {"tables": sorted(analysis.tables)}
                not_run.append(NotRun(analysis.name, N_("no rows of {tables}"), facts))
                continue
            try:
                ran.append(self._run_one(analysis, params[analysis.name]))
            except FaisceauError as error:
                decision = error.facts.get("decision") if isinstance(error, Refused) else None
                not_run.append(NotRun(analysis.name, error.message, error.facts, decision, error))
        read = {
            table for name in (r.analysis for r in ran) for table in known.analysis(name).tables
        }
        return RunReport(tuple(ran), tuple(not_run), self._sealed(read))

    def _covers(self, analysis: Analysis) -> bool:
        return analysis.tables - {*DERIVED} <= self.mandate.data

    def _has_rows(self, analysis: Analysis) -> bool:
        return analysis.tables <= self._filled

    @property
    def _filled(self) -> set[str]:
        """The tables that have rows."""
        return {segment.table for segment in self._listing().segments}

    def _run_one(self, analysis: Analysis, params: Any) -> Ran:
        optional = self._optional(analysis)
        missing = [s for s in analysis.reads_if if s not in optional]
        selections = (*analysis.reads, *analysis.reads_if)
        covered = (*analysis.reads, *optional)
        values = params.model_dump(mode="json")
        act = self._act(analysis, covered)
        stored = [s for s in covered if s.schema is not REVIEW]
        with self._reading(act, stored, kind=analysis.kind) as (permit, closing, engine):
            given = {s: engine.tables[s.schema.name] for s in stored}
            given.update({s: self._verdicts(permit, s) for s in covered if s.schema is REVIEW})
            inputs = [given[s] if s in covered else absent(s) for s in selections]
            limits = self._limits(missing, {s.schema.name for s in stored})
            leads = analysis.function(*inputs, params, engine)
            secret = KeyRing.open(self.case.case_id).secret
            now = self.clock()
            found = [
                stamp(
                    lead,
                    analysis=analysis,
                    params=values,
                    secret=secret,
                    mandate_version=self.mandate_version,
                    agent=self.agent,
                    at=now,
                    limits=limits,
                )
                for lead in leads
            ]
            with catalog.committing(self._database, permit.number, closing) as connection:
                new, kept, gone = findings.put(
                    connection, permit, found, analysis=analysis.name, params=values
                )
                closing.data.update(
                    analysis=analysis.name,
                    version=analysis.version,
                    params=_jsonable(values),
                    findings={"new": new, "kept": kept, "superseded": gone},
                )
        return Ran(analysis.name, new, kept, gone, limits)

    @property
    def _listed(self) -> frozenset[str]:
        """The tables that the mandate lists, and those that come from them."""
        return self.mandate.data | {*DERIVED}

    def _optional(self, analysis: Analysis) -> list[Selection]:
        """What an analysis reads where it may: a table refused to it does not refuse the run."""
        listed = [s for s in analysis.reads_if if s.schema.name in self._listed]
        if self._may_read(analysis, listed):
            return listed
        return [s for s in listed if self._may_read(analysis, [s])]

    def _may_read(self, analysis: Analysis, more: Sequence[Selection]) -> bool:
        return self._judged(analysis, (*analysis.reads, *more)).allowed

    def _judged(self, analysis: Analysis, reads: Sequence[Selection]) -> Decision:
        """What the mandate answers to an analysis of the rows that there are, unrecorded."""
        act = self._act(analysis, reads)
        return self._gate.judge(replace(act, procedures=self._listing().procedures(act.tables)))

    def _verdicts(self, permit: Permit, selection: Selection) -> Table:
        """The verdicts on findings, as the table ``review``."""
        with self._database.connect() as connection:
            rows = findings.verdicts(connection, permit)
        return ibis.memtable(pa.Table.from_pylist(rows, schema=selection.arrow))

    def _act(self, analysis: Analysis, reads: Sequence[Selection]) -> Act:
        tables = frozenset(s.schema.name for s in reads)
        return Act("run", kind=analysis.kind, analysis=analysis.name, tables=tables)

    def _limits(self, missing: Sequence[Selection], tables: Collection[str]) -> tuple[str, ...]:
        listed, not_covered = self._listed, N_("Table not covered by the mandate: ")
        limits = [
            (N_("Table refused to this run: ") if s.schema.name in listed else not_covered)
            + s.schema.name
            for s in missing
        ]
        if self.mandate.scope is not None:
            limits.append(N_("Only what the mandate's scope lets be seen was read"))
        if self._sealed(tables):
            limits.append(N_("Sealed correspondence was not read"))
        return tuple(limits)

    @property
    def long_work(self) -> "LongWork":
        """What takes long, asked now and done by whoever works on the case: see ``serve``."""
        from faisceau.case.jobs import Jobs
        from faisceau.case.long_work import LongWork

        jobs = Jobs(self.case, self._database)
        return LongWork(
            self._gate, jobs, self.mandate, self.clock, lambda a: self._judged(a, a.reads)
        )

    # ---- between cases ----

    def match(self, other: "Workspace") -> "tuple[Matched, Matched]":
        """What this case and another both hold, under the protocols of both; each side's view."""
        from faisceau.case.matching import compare

        return compare(self._side, other._side)

    def match_offer(self, other: str, output: Path) -> "Matched":
        """Begin a comparison with the case of reference ``other``, elsewhere: a file of tokens."""
        from faisceau.case.matching import offer

        return offer(self._side, other, output)

    def match_reply(self, letter: Path, output: Path | None = None) -> "Matched":
        """Go on with a comparison by the file that came; the next goes to ``output``.

        Raises ``BadInput`` for a file that is none, or is for another case.
        """
        from faisceau.case.matching import reply

        try:
            content = letter.read_bytes()
        except OSError as error:
            raise NotFound(
                N_("{path} cannot be read: {why}"), path=letter, why=error.strerror
            ) from error
        return reply(self._side, content, letter.name, output)

    @property
    def _side(self) -> "Side":
        from faisceau.case.matching import Side

        secret = KeyRing.open(self.case.case_id).secret
        return Side(self.mandate, secret, self._mask, self._reading)

    # ---- reading ----

    def rows(
        self, table: str, where: str | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of an observation table, all columns, those the mandate lets through.

        Raises ``UsageError`` for a table that does not exist or a condition that cannot be read.
        """
        if table not in STORED:
            raise UsageError(
                N_("There is no table {table}"),
                hint=N_("There are: {known}"),
                table=table,
                known=list(STORED),
            )
        named = columns_of(where) if where else frozenset()
        act = Act(
            "rows",
            tables=frozenset({table}),
            question=frozenset(QUESTION[name] for name in named if name in QUESTION),
        )
        condition = {"where": where} if where else {}
        with self._reading(act, selections({table}), data=condition) as (_, closing, engine):
            closing.data["rows"], mask = 0, self._mask
            for batch in engine.filtered(table, where, limit):
                closing.data["rows"] += batch.num_rows
                yield mask.batch(STORED[table], batch)

    def conversation(
        self, row_id: int, *, offset: int | None = None, limit: int = STRETCH
    ) -> Stretch:
        """The conversation of a message: a stretch of it, in order. Raises ``NotFound``."""
        act = Act("rows", tables=frozenset({MESSAGE.name}))
        with self._passing(act, [SHOWN]) as (permit, closing, listed):
            [*asked] = self._picker.pick(permit, listed, SHOWN, [row_id])
            if not asked:
                raise NotFound(N_("There is no message {row_id} to be seen"), row_id=row_id)
            with self._engine(permit, listed, [SHOWN]) as engine:
                found = stretch(engine, self._mask, asked[0], offset=offset, limit=limit)
            closing.data["rows"] = len(found.messages)
        return replace(found, sealed=self._sealed({MESSAGE.name}))

    def may(self, act: Act) -> Decision:
        """What the mandate answers to an act now, unrecorded: to show or hide what asks for it."""
        return self._gate.judge(act)

    def search(
        self,
        question: str,
        *,
        limit: int = 20,
        offset: int = 0,
        newest_first: bool = False,
        facets: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> Answer:
        """Messages that answer a question in the search language, the best first.

        What the index lacks is indexed before. ``facets``: how many answers hold each value of a
        few fields (not for patterns). Raises ``UsageError`` for a question that cannot be read.
        """
        query = parse(question)
        act = Act("search", tables=frozenset({MESSAGE.name}))
        with self._passing(act, [SHOWN], data={"query": question}) as (permit, closing, listed):
            if asked_for(query.node, "lang"):
                with self._database.connect() as connection:
                    told = findings.listed(connection, permit, analysis=LANGUAGES)
                query = in_languages(query, told)
            indexed, index = self._indexed(permit, listed, progress or (lambda _: None))
            patterns = self._engine(permit, listed, [SHOWN]) if query.patterns else nullcontext()
            with patterns as engine:
                total, ids = answering(
                    index, query, engine, limit=limit, offset=offset, newest_first=newest_first
                )
            rows = self._picker.pick(permit, listed, SHOWN, ids)
            hits = as_hits(query, ids, rows, self._mask)
            counted = counts(index, query) if facets and not query.patterns else {}
            closing.data["rows"] = total
        sealed = self._sealed({MESSAGE.name})
        return Answer(question, total, hits, offset, indexed, counted, sealed)

    def _indexed(
        self, permit: Permit, segments: Sequence[Segment], told: Callable[[int], None]
    ) -> tuple[int, SearchIndex]:
        """The search index, brought up to date; how many rows it lacked."""
        seen = sight(self.mandate.scope, self.mandate.reference)
        if self._searched is None or self._searched.sight != seen:
            self._searched = SearchIndex(self.case.folder, seen)
        index = self._searched
        listed = [s for s in segments if s.table == MESSAGE.name]
        names = sealing.names(listed, self._listing().seals)
        if not index.missing(names.values()):
            return 0, index
        search_index.retain_named(self.case.folder, names.values())
        before = sum(shard.rows for shard in index.shards())
        with index.building() as builder:
            lacking = set(index.missing(names.values()))
            for segment in listed:
                if names[segment.path] not in lacking:
                    continue
                with (
                    part_folder(self.case.scratch) as scratch,
                    open_engine(
                        "duckdb", permit, self._lake, [segment], [READ], scratch=scratch
                    ) as engine,
                ):
                    index_rows(builder, names[segment.path], engine, self._mask, told)
        return sum(shard.rows for shard in index.shards()) - before, index

    # ---- pictures ----

    @cached_property
    def pictures(self) -> "Pictures":
        """What the pages draw of the case: its timeline, its network, its map."""
        from faisceau.case.pictures import Pictures

        return Pictures(self._door)

    @cached_property
    def _door(self) -> Door:
        """The desk's own plumbing, for the parts of it that have a module of their own."""
        return Door(
            covered=self.mandate.data,
            agent=self.agent,
            clock=self.clock,
            judge=lambda act: self._gate.judge(
                replace(act, procedures=self._listing().procedures(act.tables))
            ),
            reading=self._reading,
            passing=self._passing,
            engine=self._engine,
            gate=self._gate,
            writing=self._writing,
            mask=lambda: self._mask,
            filled=lambda: self._filled,
            database=self._database,
        )

    # ---- work product ----

    @cached_property
    def notes(self) -> Notes:
        """Notes and tags on rows, findings, exhibits and conversations: see ``notes.Notes``."""
        return Notes(self._door, self._picker.pick)

    @cached_property
    def saved_searches(self) -> SavedSearches:
        """Searches kept under a name: see ``saved_searches.SavedSearches``."""
        return SavedSearches(self._door)

    # ---- lexicons ----

    def lexicon_test(self, name: str = "stupefiants") -> "Trial":
        """Each form of a lexicon (a name, or a file) by the reviewed conversations it occurs in."""
        from faisceau.case import lexicon_work as work
        from faisceau.tables.lexicons import load_lexicon

        lexicon = load_lexicon(name)
        act = Act("lexicon", tables=frozenset({MESSAGE.name, REVIEW.name}))
        data = {"lexicon": lexicon.sha256}
        with self._reading(act, [work.TALKS], data=data) as (permit, closing, engine):
            verdicts = self._verdicts(permit, work.VERDICTS)
            trial = work.tried(engine.tables[MESSAGE.name], verdicts, engine, lexicon)
            closing.data["conversations"] = trial.relevant + trial.others
        return trial

    def lexicon_suggest(self, name: str = "stupefiants") -> "list[Suggestion]":
        """Words of confirmed conversations that a lexicon lacks (kind ``ai``)."""
        with self._suggesting(name, {}) as found:
            return found

    def lexicon_accept(
        self, term: str, kind: str, why: str, name: str = "stupefiants"
    ) -> "tuple[str, Suggestion]":
        """The text of a lexicon's next version, with a word that ``lexicon_suggest`` put forward.

        Raises ``UsageError`` for a word that it does not put forward: none other leaves the case.
        """
        from faisceau.case import lexicon_work as work

        with self._suggesting(name, {"accepted": term, "as": kind, "why": why}) as found:
            source = f"accepted by {self.agent} on {self.today}: {why}"
            chosen = work.chosen(term, found)
            return work.next_version(name, term, kind, source, self.today), chosen

    @contextmanager
    def _suggesting(self, name: str, data: Mapping[str, str]) -> "Iterator[list[Suggestion]]":
        from faisceau.case import lexicon_work as work
        from faisceau.tables.lexicons import load_lexicon

        lexicon = load_lexicon(name)
        reads = [work.TALKS, *(s for s in work.NAMED if s.schema.name in self.mandate.data)]
        tables = frozenset(s.schema.name for s in reads) | {REVIEW.name}
        act = Act("lexicon", kind=str(Kind.AI), tables=tables)
        told = {"lexicon": lexicon.sha256, **data}
        with self._reading(act, reads, kind=Kind.AI, data=told) as (permit, closing, engine):
            verdicts = self._verdicts(permit, work.VERDICTS)
            named = work.names_in(engine)
            found = work.suggested(engine.tables[MESSAGE.name], verdicts, engine, lexicon, named)
            closing.data["suggested"] = len(found)
            yield found

    @property
    def lexicons(self) -> "Lexicons":
        """Versions of lexicons that agents write in this case: see ``lexicons_kept.Lexicons``."""
        from faisceau.case.lexicons_kept import Lexicons

        return Lexicons(self._door, self.case.folder)

    def status(self) -> CaseStatus:
        """Exhibits, findings by analysis and status, what falls due."""
        with self._gate.passing(Act("status")) as (permit, closing):
            with self._database.connect() as connection:
                exhibits = register.exhibits(connection, status="kept")
                counts = findings.count(connection, permit)
                withheld = findings.withheld(connection, permit)
            closing.data.update(exhibits=len(exhibits))
        return CaseStatus(
            self.mandate.reference,
            exhibits,
            counts,
            self._due(),
            self.warnings(exhibits),
            self.sealed,
            withheld,
        )

    def _due(self) -> list[Due]:
        due = [
            Due(
                N_("the mandate {reference} ends"),
                {"reference": self.mandate.reference},
                self.mandate.expires_on,
            )
        ]
        due += [
            Due(N_("the habilitation of {agent} ends"), {"agent": agent.id}, agent.until)
            for agent in self.mandate.agents
            if agent.until is not None
        ]
        return sorted(due, key=lambda item: item.on)

    def warnings(self, exhibits: Sequence[Exhibit]) -> list[str]:
        """What the mandate warns of: handsets opened without authorisation, stale policies."""
        handsets = tuple((e.exhibit_id, e.label) for e in exhibits if e.handset)
        decision = self._gate.judge(Act("status", handsets=handsets))
        return [warning.text() for warning in decision.warnings]

    def findings(self, analysis: str | None = None, top: int | None = None) -> list[Finding]:
        """Findings by falling score, those superseded or withdrawn left out."""
        if analysis is not None:
            plugins().analysis(analysis)
        with (
            self._gate.passing(Act("findings", analysis=analysis or "")) as (permit, closing),
            self._database.connect() as connection,
        ):
            found = findings.listed(connection, permit, analysis=analysis, top=top)
            closing.data["findings"] = len(found)
        return found

    def findings_wanted(
        self, wanted: Wanted | None = None, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, list[Finding]]:
        """How many findings are as ``wanted``, and those from ``offset`` on.

        Raises ``NotFound`` for an analysis that is none.
        """
        wanted = wanted or Wanted()
        with self._gate.passing(_asking(wanted)) as (permit, closing):
            return self._page(permit, closing, wanted, offset, limit)

    def finding(self, prefix: str, permit: Permit) -> Finding:
        """The finding whose id begins with ``prefix``. Raises ``NotFound``."""
        with self._database.connect() as connection:
            found = findings.by_prefix(connection, permit, prefix) if prefix else []
        if not found and prefix:
            with self._database.connect() as connection:
                if findings.withheld(connection, permit, prefix):
                    raise FaisceauError(
                        N_("Finding {finding} rests on sealed correspondence"),
                        hint=N_("faisceau seal list {case} shows what is sealed"),
                        finding=prefix,
                        case=self.case.folder,
                    )
        if len(found) != 1:
            raise NotFound(
                N_("No finding {finding}") if not found else N_("Several findings {finding}…"),
                hint=N_("List them with: faisceau findings {case}"),
                finding=prefix,
                case=self.case.folder,
            )
        return found[0]

    def review(self, prefix: str, verdict: str, note: str = "") -> Review:
        """Keep a verdict on a finding. Raises ``UsageError`` for a verdict that is none."""
        if verdict not in VERDICTS:
            raise UsageError(
                N_("{verdict} is no verdict"),
                hint=N_("Verdicts are: {known}"),
                verdict=verdict,
                known=[str(v) for v in VERDICTS],
            )
        return self._review(prefix, verdict, note)

    def take_back(self, prefix: str, to: str = Status.NEW) -> Review:
        """Take a verdict back: a further review puts the finding where it stood before (``to``).

        Raises ``UsageError`` when nothing was said of it yet, or for a ``to`` that is no verdict.
        """
        if to not in (*VERDICTS, Status.NEW):
            raise UsageError(N_("{verdict} is no verdict"), verdict=to)
        return self._review(prefix, to, "", back=True)

    def _review(self, prefix: str, verdict: str, note: str, *, back: bool = False) -> Review:
        with self._writing(), self._gate.passing(Act("review")) as (permit, closing):
            finding = self.finding(prefix, permit)
            if back and finding.status not in VERDICTS:
                raise UsageError(
                    N_("No verdict on {finding} can be taken back"), finding=finding.finding_id
                )
            review = Review(finding.finding_id, self.agent, Status(verdict), note, self.clock())
            closing.data.update(finding=finding.finding_id, verdict=str(review.verdict))
            with catalog.committing(self._database, permit.number, closing) as connection:
                findings.add_review(connection, permit, review)
        return review

    def unmask(self, prefix: str) -> tuple[Finding, int]:
        """Lift the mask of the rows that concord in a finding; returns it, and how many they are.

        Raises ``UsageError`` for a finding that brings no procedures together, or does not stand.
        """
        with self._writing(), self._gate.passing(Act("unmask")) as (permit, closing):
            finding = self.finding(prefix, permit)
            rows = sum(map(len, finding.concordant().values()))
            fallen = (Status.DISMISSED, Status.SUPERSEDED, Status.WITHDRAWN)
            if not rows or finding.status in fallen:
                raise UsageError(
                    N_("{finding} establishes no concordance: there is no mask to lift"),
                    hint=N_("Identities show where a finding of a matching analysis stands"),
                    finding=finding.finding_id,
                )
            closing.data.update(finding=finding.finding_id, rows=rows)
            with catalog.committing(self._database, permit.number, closing) as connection:
                findings.lift(connection, permit, finding.finding_id, self.agent, self.clock())
        return finding, rows

    def findings_json(self, analysis: str | None = None, top: int | None = None) -> list[Any]:
        """Findings as ``--format json`` prints them, each reason with its evidence."""
        if analysis is not None:
            plugins().analysis(analysis)
        act = Act("findings", analysis=analysis or "")
        with self._citing(act) as (permit, closing, engine):
            with self._database.connect() as connection:
                found = findings.listed(connection, permit, analysis=analysis, top=top)
            closing.data["findings"] = len(found)
            sources = cited_sources(found, engine)
        return [finding_json(finding, sources) for finding in found]

    def findings_page(
        self, wanted: Wanted | None = None, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, list[Any]]:
        """``findings_wanted``, each finding as ``findings_json`` gives it, with its evidence."""
        wanted = wanted or Wanted()
        act = self._quoting(_asking(wanted))
        with self._passing(act, selections(act.tables)) as (permit, closing, listed):
            total, found = self._page(permit, closing, wanted, offset, limit)
            sources = picked_sources(
                found, lambda s, ids: self._picker.pick(permit, listed, s, ids), act.tables
            )
        return total, [finding_json(finding, sources) for finding in found]

    def _page(
        self, permit: Permit, closing: Closing, wanted: Wanted, offset: int, limit: int
    ) -> tuple[int, list[Finding]]:
        with self._database.connect() as connection:
            total, found = findings.page(connection, permit, wanted, offset=offset, limit=limit)
        closing.data["findings"] = len(found)
        return total, found

    def show(self, prefix: str) -> FindingCard:
        """One finding with its rows and the messages around them."""
        act = self._quoting(Act("show"))
        with self._passing(act, selections(act.tables)) as (permit, closing, listed):
            finding = self.finding(prefix, permit)
            closing.data["finding"] = finding.finding_id
            with self._database.connect() as connection:
                reviews = findings.reviews(connection, permit, finding.finding_id)
            cited = selections(act.tables & quoted_tables([finding]))
            with self._engine(permit, listed, cited) as engine:
                [card] = cards(
                    [finding],
                    reviews,
                    engine,
                    self._mask,
                    rows_per_reason=1000,
                    pick=lambda s, ids: self._picker.pick(permit, listed, s, ids),
                )
        return card

    # ---- mandate ----

    def explain(self) -> list[Explanation]:
        """Every act as allowed or refused, for this agent and today."""
        return explain_mandate(self.mandate, self.agent, self.clock())

    def replace_mandate(self, text: bytes, origin: str = "mandate.toml") -> None:
        """Put another mandate in force; findings keep the version they were made under."""
        new = read_mandate(text, origin)
        act = Act("replace", widens_scope=widens_scope(self.mandate, new))
        with (
            self._writing(),
            self._gate.passing(act) as (permit, closing),
            self._all_or_nothing(closing),
        ):
            version = _keep_mandate(
                self.case, self._version.version + 1, text, new, agent=self.agent, now=self.clock()
            )
            change = sealing.sealing(
                permit,
                self._lake,
                new,
                self._database,
                self._listing().segments,
                now=self.clock(),
                fresh=False,
            )
            closing.data.update(_mandate_data(self.case, version))
            self._swapping(change, closing)
            with catalog.committing(self._database, permit.number, closing) as connection:
                catalog.add_mandate(connection, version)
                self._swapped(change, connection, permit, closing)

    # ---- seals ----

    @property
    def sealed(self) -> Sealed:
        """How many seals are in force, by table and quality."""
        return self._sealed(SEALED)

    def _sealed(self, tables: Collection[str]) -> Sealed:
        """The seals that whoever reads these tables is kept from; derived ones follow theirs."""
        derived = bool(set(tables) & {"mention", "media"})
        return sealing.told(self._listing().seals, SEALED if derived else tables)

    def seals(self) -> list[Seal]:
        """Every seal, lifted ones included: what it is on, never what that holds."""
        with self._gate.passing(Act("seal_list")) as (_, closing):
            found = self._listing().seals
            closing.data["seals"] = len(found)
        return found

    def lift_seal(self, name: str, act: str) -> Seal:
        """Lift one seal (its id or its thread), under an act of the authority.

        Raises ``NotFound``, ``UsageError`` when the name is that of several or no act is named,
        ``Refused``.
        """
        if not act.strip():
            raise UsageError(N_("Say under which act the seal is lifted"))
        with (
            self._writing(),
            self._gate.passing(Act("lift_seal", record=act), data={"act": act}) as (
                permit,
                closing,
            ),
            self._all_or_nothing(closing),
        ):
            listed = self._listing()
            seal = sealing.chosen(listed.seals, name)
            change = sealing.lifting(permit, self._lake, seal, listed.seals, listed.segments)
            closing.data.update(seal=seal.seal_id, exhibit_id=seal.exhibit_id, rows=seal.rows)
            self._swapping(change, closing)
            with catalog.committing(self._database, permit.number, closing) as connection:
                self._swapped(change, connection, permit, closing)
                lifted = sealing.lift(
                    connection, permit, seal, under=act, by=self.agent, at=self.clock()
                )
        return lifted

    def _swapping(self, change: sealing.Change, closing: Closing) -> None:
        """Have the segments that others take the place of deleted, once that is committed."""
        if change.replaced:
            closing.committed.append(self._sweep)

    @contextmanager
    def _all_or_nothing(self, closing: Closing) -> Iterator[None]:
        """When an act fails, the segments that it had written go: the case is as before."""
        try:
            yield
        except BaseException:
            closing.data.clear()  # what it was about to change, it did not
            self._sweep()
            raise

    def _sweep(self) -> None:
        sweep(self.case.folder, self._store, self._database)

    def _swapped(
        self,
        change: sealing.Change,
        connection: Connection,
        permit: Permit,
        closing: Closing,
    ) -> None:
        """Put what sealing changes in the catalog and in the act's closing entry."""
        lake.unregister(connection, change.replaced)
        lake.register(connection, change.segments)
        closing.data.update(change.commit(connection, permit))
        files = [segment.fixity() for segment in change.segments]
        closing.data["files_added"] = [*closing.data.get("files_added", []), *files]
        closing.data["files_removed"] = list(change.replaced)

    # ---- erasing ----

    def withdraw(self, name: str, decision: str) -> Withdrawn:
        """Take an annulled exhibit, and all that rests on it, out of the case.

        Its bytes, rows, mentions and the reasons of the findings that rest on it are erased; the
        ledger keeps that they were there, and the reference of the decision. Returns the findings
        and reports touched. Raises ``NotFound``.
        """
        with self._writing():
            return withdraw(
                name,
                decision,
                gate=self._gate,
                database=self._database,
                store=self._store,
                tables=self._lake,
                entries=self.ledger.entries(),
            )

    def purge(self) -> Purged:
        """Erase what the law says is due, and nothing else; returns what was erased."""
        with self._writing():
            return purge(
                self.clock(),
                gate=self._gate,
                database=self._database,
                tables=self._lake,
                store=self._store,
            )

    # ---- disclosing ----

    def report(
        self,
        output: Path,
        *,
        lang: str = "fr",
        top: int | None = None,
        recipient: str = "",
        chosen: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Write the report to ``output`` (``.pdf`` or ``.html``); returns path, sha256, counts.

        ``chosen``: these findings alone (ids), in that order. The same case gives the same bytes.
        Raises ``UsageError`` for another ending.
        """
        from faisceau.report.html import render_html  # slow to import, both
        from faisceau.report.pdf import render_pdf

        render = {".pdf": render_pdf, ".html": render_html}.get(output.suffix.casefold())
        if render is None:
            raise UsageError(N_("A report ends in .pdf or .html, not {path}"), path=output.name)
        act = Act("report", recipient=recipient)
        with self._citing(act) as (permit, closing, engine):
            data = self._report_data(permit, engine, top, chosen)
            content = render(data, lang)
            try:
                output.write_bytes(content)
            except OSError as error:
                raise FaisceauError(
                    N_("{path} cannot be written: {why}"), path=output, why=error.strerror
                ) from error
            digest = hashlib.sha256(content).hexdigest()
            named = [card.finding.finding_id for card in data.findings]
            closing.data.update(sha256=digest, recipient=recipient, findings=named)
        return {"path": output, "sha256": digest, "findings": len(named), "of": data.found}

    def export(self, output: Path, to: str, *, lang: str = "fr", recipient: str = "") -> "Exported":
        """Write the findings that stand, and the rows they rest on, for another program.

        ``to``: a format of ``report.exports``. The same case gives the same bytes. Raises
        ``UsageError`` for an unknown format.
        """
        from faisceau.case.exporting import export, format_named

        act = Act("export", recipient=recipient)
        told = {"format": format_named(to), "recipient": recipient}
        with self._citing(act) as (permit, closing, engine), speaking(lang):
            with self._database.connect() as connection:
                found = findings.listed(connection, permit)
                reviews = findings.reviews(connection, permit)
            written, ids = export(
                engine,
                output,
                to,
                findings=found,
                reviews=reviews,
                exhibits=self._listing().exhibits,
                mandate=self.mandate,
                proof=self._proof(list(self.ledger.entries())),
                mask=self._mask,
                secret=KeyRing.open(self.case.case_id).secret,
            )
            closing.data.update(told, sha256=written.sha256, findings=ids, rows=written.rows)
        return written

    @contextmanager
    def passing_place(self) -> Iterator[Path]:
        """A folder for what is written only to be handed over; what a kill leaves is swept."""
        with part_folder(self.case.scratch) as place:
            yield place

    def _proof(self, entries: Sequence[Entry]) -> Proof:
        """The checkpoint of the last act after which a report is another one."""
        last = max(entry.number for entry in entries if reporting.lasting(entry))
        keys = PublicKeys.read(self.case.folder / "ledger" / "keys")
        checkpoint = self.ledger.checkpoint_covering(last)
        fingerprints = {"Ed25519 + ML-DSA-65": keys.fingerprint}
        return reporting.proof(self.case.case_id, checkpoint, fingerprints)

    def _report_data(
        self, permit: Permit, engine: LakeEngine, top: int | None, chosen: Sequence[str]
    ) -> ReportData:
        exhibits, segments = self._listing().exhibits, self._listing().segments
        with self._database.connect() as connection:
            found = findings.listed(connection, permit)
            reviews = findings.reviews(connection, permit)
        entries = list(self.ledger.entries())
        shown = _chosen(found, chosen) if chosen else found[: top or REPORTED]
        known = plugins().analyses
        gave = {entry.act.removeprefix("run ") for entry in entries if entry.outcome == "done"}
        not_run = [
            (a, None if decision.allowed else decision)
            for a in known.values()
            if a.name not in gave
            for decision in [self._judged(a, a.reads)]
        ]
        hidden = self._hidden(engine, segments)
        return ReportData(
            software=reporting.software(),
            mandate=reporting.mandate_card(self.mandate, self.warnings(exhibits)),
            exhibits=tuple(reporting.exhibit_card(e, self.mandate) for e in exhibits),
            methods=reporting.methods(found, known),
            findings=tuple(
                cards(shown, reviews, engine, self._mask, lines_per_finding=REPORTED_LINES)
            ),
            proof=self._proof(entries),
            refusals=reporting.refusals(entries),
            rejects=reporting.rejects(engine),
            unexamined=reporting.unexamined(exhibits, hidden, not_run, self.sealed),
            conversations=reporting.conversations(engine),
            found=len(found),
            chosen=bool(chosen),
        )

    def _hidden(self, engine: LakeEngine, segments: Sequence[Segment]) -> dict[str, int]:
        """Rows that the mandate's scope keeps out of sight, by table."""
        if self.mandate.scope is None:
            return {}
        hidden = {}
        sealed = Counter[str]()
        for seal in self._listing().seals:
            sealed[seal.table] += seal.rows if seal.in_force else 0
        for name, table in engine.tables.items():
            [seen] = engine.rows(table.aggregate(n=table.count()))
            total = sum(s.rows for s in segments if s.table == name) - sealed.get(name, 0)
            if total > seen["n"]:
                hidden[name] = total - seen["n"]
        return hidden

    # ---- watching ----

    def watch(self, listed: Path, arriving: Path | BinaryIO, **options: Any) -> "Watch":
        """Watch for the plates of a list among arriving reads: see ``watching.Watch``.

        ``options``: ``exact``, ``once``, ``stop``, and those of ``adding.orders_of``.
        """
        from faisceau.case.watching import Watch, read_wanted

        own = {name: options.pop(name) for name in ("exact", "once", "stop") if name in options}
        readers = plugins().readers
        return Watch(
            read_wanted(listed),
            arriving,
            orders_of(readers, as_table=PLATE_READ.name, **options),
            gate=self._gate,
            readers=readers,
            known=self._listing().procedures({PLATE_READ.name}),
            reading=self._reading,
            add=self.add,
            scratch=self.case.scratch,
            **own,
        )

    # ---- the ledger ----

    def ledger_entries(self, last: int | None = None) -> list[Entry]:
        """The ledger's entries, oldest first; the ``last`` ones only. Writes nothing."""
        self._allowed(Act("ledger_show"))
        entries: Iterable[Entry] = self.ledger.entries()
        return list(deque(entries, last) if last is not None else entries)

    def prove(self, entry: int | None = None, since: int | None = None) -> dict[str, Any]:
        """A proof that an entry stands in the ledger, or that nothing changed ``since`` a size."""
        self._allowed(Act("prove"))
        if since is not None:
            return prove_consistency(self.case.folder, since, self.ledger.size)
        number = self.ledger.size - 1 if entry is None else entry
        return prove_inclusion(self.case.folder, number)

    def _allowed(self, act: Act) -> None:
        """Judge an act that writes nothing when allowed; a refusal is recorded all the same."""
        decision = self._gate.judge(act)
        if not decision.allowed:
            self._gate.refuse(act, decision)

    # ---- plumbing ----

    @contextmanager
    def _reading(
        self,
        act: Act,
        selections: Sequence[Selection],
        *,
        kind: Kind = Kind.QUERY,
        data: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Permit, Any, LakeEngine]]:
        """Pass the gate for ``act`` and open an engine on its tables."""
        with (
            self._passing(act, selections, kind=kind, data=data) as (permit, closing, listed),
            self._engine(permit, listed, selections) as engine,
        ):
            yield permit, closing, engine

    @contextmanager
    def _passing(
        self,
        act: Act,
        selections: Sequence[Selection],
        *,
        kind: Kind = Kind.QUERY,
        data: Mapping[str, Any] | None = None,
    ) -> Iterator[tuple[Permit, Any, list[Segment]]]:
        """Pass the gate for ``act``, with the rules of its tables; the segments there are."""
        listed = self._listing()
        columns = {s.schema.name: frozenset(s.names) for s in selections}
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
        with self._gate.passing(act, columns=columns, rows=rules, data=data) as (permit, closing):
            yield permit, closing, listed.segments

    @contextmanager
    def _engine(
        self, permit: Permit, segments: Sequence[Segment], selections: Sequence[Selection]
    ) -> Iterator[LakeEngine]:
        with (
            part_folder(self.case.scratch) as scratch,  # what a kill leaves there is swept
            open_engine(
                self.engine, permit, self._lake, segments, selections, scratch=scratch
            ) as engine,
        ):
            yield engine

    @contextmanager
    def _citing(self, act: Act) -> Iterator[tuple[Permit, Any, LakeEngine]]:
        """Pass the gate for an act that quotes rows, and open an engine on their tables."""
        act = self._quoting(act)
        with self._reading(act, selections(act.tables)) as opened:
            yield opened

    def _quoting(self, act: Act) -> Act:
        """An act that quotes rows: of every covered table that has some."""
        filled = self._filled
        tables = (filled & self.mandate.data) | {"reject"} | (filled & {"mention"})
        return replace(act, tables=frozenset(tables), question=PRECISE)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the case's writer lock; what a killed writer left is settled first."""
        with folder.writer_lock(self.case):
            recover(self.case, self.ledger, self._database, self.agent, self.reason)
            yield


def explain_mandate(mandate: Mandate, agent: str, now: datetime) -> list[Explanation]:
    """Every act as allowed or refused, with the analyses that are installed."""
    every = [
        (a.name, str(a.kind), [s.schema.name for s in a.reads]) for a in plugins().analyses.values()
    ]
    return explain(mandate, agent, now, every)


def _chosen(found: Iterable[Finding], ids: Sequence[str]) -> list[Finding]:
    """The findings of these ids, in their order. Raises ``NotFound`` for one that is none."""
    known = {finding.finding_id: finding for finding in found}
    for missing in (one for one in ids if one not in known):
        raise NotFound(N_("No finding {finding}"), finding=missing)
    return [known[one] for one in dict.fromkeys(ids)]


def _asking(wanted: Wanted) -> Act:
    """The act of listing findings; an analysis that is none is told (``NotFound``)."""
    names = [plugins().analysis(name).name for name in wanted.analyses]
    return Act("findings", analysis=names[0] if len(names) == 1 else "")


def _agent(mandate: Mandate, agent: str | None) -> str:
    agent = agent or os.environ.get("FAISCEAU_AGENT")
    if agent:
        return agent
    if len(mandate.agents) == 1:
        return mandate.agents[0].id
    raise UsageError(
        N_("The mandate designates several agents: say which one you are"),
        hint=N_("Use --agent or FAISCEAU_AGENT: {agents}"),
        agents=[agent.id for agent in mandate.agents],
    )


def _keep_mandate(
    case: Case, number: int, text: bytes, mandate: Mandate, *, agent: str, now: datetime
) -> catalog.MandateVersion:
    """Store a mandate read-only, durably, before anything says that it is in force."""
    path = case.evidence / "mandates" / f"{number:03d}.toml"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # left by a replacement that was killed before its commit
    write_durably(path, text, mode=0o444)
    sync(path.parent)
    relative = path.relative_to(case.folder).as_posix()
    return catalog.MandateVersion(number, relative, mandate.sha256, now, agent)


def _mandate_data(case: Case, version: catalog.MandateVersion) -> dict[str, Any]:
    size = (case.folder / version.path).stat().st_size
    return {
        "mandate_version": version.version,
        "files_added": [{"path": version.path, "sha256": version.sha256, "size": size}],
    }


def _verified_mandate(case: Case, version: catalog.MandateVersion) -> Mandate:
    try:
        text = (case.folder / version.path).read_bytes()
    except OSError as error:
        raise CaseError(
            N_("The mandate of the case cannot be read: {why}"), why=error.strerror
        ) from error
    mandate = read_mandate(text, version.path)
    if mandate.sha256 != version.sha256:
        raise Damaged(
            N_("The mandate {path} is not the one that was put in force"),
            hint=N_("Run: faisceau ledger verify {case}"),
            path=version.path,
            case=case.folder,
        )
    return mandate


def _jsonable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a ledger entry holds them: numbers as text, for canonical JSON has no 0.1."""
    return {k: v if isinstance(v, (str, int, type(None))) else str(v) for k, v in values.items()}

"""The workspace: the one door to a case, opened by a named agent for a stated reason.

Each method is an act, or several; the part of the desk that does it has a module of its own.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import pyarrow as pa

from faisceau.case import (
    adding,
    catalog,
    disclosing,
    folder,
    mandates_kept,
    opening,
    reviewing,
    running,
    showing,
    status,
    talking,
    unsealing,
)
from faisceau.case.adding import Added
from faisceau.case.examining import Ask, Progress
from faisceau.case.first_look import FirstLook, seen_first
from faisceau.case.folder import Case
from faisceau.case.gate import Clock
from faisceau.case.notes import Notes
from faisceau.case.purging import Purged, purge
from faisceau.case.rows import rows
from faisceau.case.running import RunReport
from faisceau.case.saved_searches import SavedSearches
from faisceau.case.sealing import Seal, Sealed
from faisceau.case.searching import Answer, Searching
from faisceau.case.status import CaseStatus
from faisceau.case.talking import STRETCH, Stretch
from faisceau.case.withdrawing import Withdrawn, withdraw
from faisceau.evidence.containers import part_folder
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings.model import Finding, Review, Status, Wanted
from faisceau.ledger.entry import Entry
from faisceau.ledger.proofs import prove_consistency, prove_inclusion
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.explain import Explanation
from faisceau.mandate.model import Mandate, today
from faisceau.mandate.permit import Permit
from faisceau.report.model import FindingCard
from faisceau.tables.correspondence import SEALED

if TYPE_CHECKING:  # what one command in ten needs is imported where it is used
    from faisceau.case.exporting import Exported
    from faisceau.case.lexicon_work import Suggestion, Trial
    from faisceau.case.lexicons_kept import Lexicons
    from faisceau.case.long_work import LongWork
    from faisceau.case.matching import Matched, Side
    from faisceau.case.pictures import Pictures
    from faisceau.case.watching import Watch


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


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
        self._door = door = opening.open_door(
            case, agent=agent, reason=reason, clock=clock, engine=engine
        )
        self.case = case
        self.clock = clock
        self.engine = engine
        self.mandate = door.mandate
        self.agent = door.agent
        self.reason = door.gate.reason
        self.ledger = door.gate.ledger
        self.notes = Notes(door, door.picker.pick)
        """Notes and tags on rows, findings, exhibits and conversations: see ``notes.Notes``."""
        self.saved_searches = SavedSearches(door)
        """Searches kept under a name: see ``saved_searches.SavedSearches``."""
        self._searching = Searching(door)

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
        case = opening.create(where, mandate_text, origin, agent=agent, reason=reason, clock=clock)
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

    def enter(self) -> None:
        """Record that the agent opens the case, and why. Raises ``Refused``."""
        with self._door.gate.passing(Act("open")):
            pass

    @property
    def today(self) -> date:
        """The day in Paris."""
        return today(self.clock())

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
        (``Refused``). ``options``: those of ``orders.orders_of``. With ``first``, a path is
        yielded once what readers know was read (``Added.first``), and again when all was.
        """
        return adding.add(self._door, paths, ask=ask, progress=progress, options=options)

    def first_look(self, exhibit_id: str) -> FirstLook:
        """What one exhibit shows first: contacts, last days, identifiers that others hold too."""
        return seen_first(self._door, exhibit_id)

    def watch(self, listed: Path, arriving: Path | BinaryIO, **options: Any) -> "Watch":
        """Watch for the plates of a list among arriving reads: see ``watching.Watch``.

        ``options``: ``exact``, ``once``, ``stop``, and those of ``orders.orders_of``.
        """
        from faisceau.case.watching import Watch

        return Watch.of(self._door, listed, arriving, self.add, options)

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
        return running.run(self._door, names, settings or {}, progress)

    @property
    def long_work(self) -> "LongWork":
        """What takes long, asked now and done by whoever works on the case: see ``serve``."""
        from faisceau.case.long_work import LongWork

        return LongWork.of(self._door)

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

        return reply(self._side, letter, output)

    @property
    def _side(self) -> "Side":
        from faisceau.case.matching import Side

        return Side.of(self._door)

    # ---- reading ----

    def rows(
        self, table: str, where: str | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of an observation table, all columns, those the mandate lets through.

        Raises ``UsageError`` for a table that does not exist or a condition that cannot be read.
        """
        return rows(self._door, table, where, limit)

    def conversation(
        self, row_id: int, *, offset: int | None = None, limit: int = STRETCH
    ) -> Stretch:
        """The conversation of a message: a stretch of it, in order. Raises ``NotFound``."""
        return talking.around(self._door, row_id, offset=offset, limit=limit)

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
        return self._searching.answer(
            question,
            limit=limit,
            offset=offset,
            newest_first=newest_first,
            facets=facets,
            progress=progress,
        )

    @cached_property
    def pictures(self) -> "Pictures":
        """What the pages draw of the case: its timeline, its network, its map."""
        from faisceau.case.pictures import Pictures

        return Pictures(self._door)

    # ---- lexicons ----

    def lexicon_test(self, name: str = "stupefiants") -> "Trial":
        """Each form of a lexicon (a name, or a file) by the reviewed conversations it occurs in."""
        from faisceau.case.lexicon_acts import tried

        return tried(self._door, name)

    def lexicon_suggest(self, name: str = "stupefiants") -> "list[Suggestion]":
        """Words of confirmed conversations that a lexicon lacks (kind ``ai``)."""
        from faisceau.case.lexicon_acts import suggested

        return suggested(self._door, name)

    def lexicon_accept(
        self, term: str, kind: str, why: str, name: str = "stupefiants"
    ) -> "tuple[str, Suggestion]":
        """The text of a lexicon's next version, with a word that ``lexicon_suggest`` put forward.

        Raises ``UsageError`` for a word that it does not put forward: none other leaves the case.
        """
        from faisceau.case.lexicon_acts import accepted

        return accepted(self._door, term, kind, why, name=name, on=self.today)

    @property
    def lexicons(self) -> "Lexicons":
        """Versions of lexicons that agents write in this case: see ``lexicons_kept.Lexicons``."""
        from faisceau.case.lexicons_kept import Lexicons

        return Lexicons(self._door, self.case.folder)

    # ---- findings ----

    def findings(self, analysis: str | None = None, top: int | None = None) -> list[Finding]:
        """Findings by falling score, those superseded or withdrawn left out."""
        return showing.listed(self._door, analysis, top)

    def findings_json(self, analysis: str | None = None, top: int | None = None) -> list[Any]:
        """Findings as ``--format json`` prints them, each reason with its evidence."""
        return showing.as_json(self._door, analysis, top)

    def findings_wanted(
        self, wanted: Wanted | None = None, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, list[Finding]]:
        """How many findings are as ``wanted``, and those from ``offset`` on.

        Raises ``NotFound`` for an analysis that is none.
        """
        return showing.page(self._door, wanted or Wanted(), offset, limit)

    def findings_page(
        self, wanted: Wanted | None = None, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, list[Any]]:
        """``findings_wanted``, each finding as ``findings_json`` gives it, with its evidence."""
        return showing.page_as_json(self._door, wanted or Wanted(), offset, limit)

    def finding(self, prefix: str, permit: Permit) -> Finding:
        """The finding whose id begins with ``prefix``. Raises ``NotFound``."""
        return showing.named(self._door, prefix, permit)

    def show(self, prefix: str) -> FindingCard:
        """One finding with its rows and the messages around them."""
        return showing.card(self._door, prefix)

    def review(self, prefix: str, verdict: str, note: str = "") -> Review:
        """Keep a verdict on a finding. Raises ``UsageError`` for a verdict that is none."""
        return reviewing.review(self._door, prefix, verdict, note)

    def take_back(self, prefix: str, to: str = Status.NEW) -> Review:
        """Take a verdict back: a further review puts the finding where it stood before (``to``).

        Raises ``UsageError`` when nothing was said of it yet, or for a ``to`` that is no verdict.
        """
        return reviewing.take_back(self._door, prefix, to)

    def unmask(self, prefix: str) -> tuple[Finding, int]:
        """Lift the mask of the rows that concord in a finding; returns it, and how many they are.

        Raises ``UsageError`` for a finding that brings no procedures together, or does not stand.
        """
        return reviewing.unmask(self._door, prefix)

    # ---- state and mandate ----

    def status(self) -> CaseStatus:
        """Exhibits, findings by analysis and status, what falls due."""
        return status.status(self._door)

    def warnings(self, exhibits: Sequence[Exhibit]) -> list[str]:
        """What the mandate warns of: handsets opened without authorisation, stale policies."""
        return status.warnings(self._door, exhibits)

    def may(self, act: Act) -> Decision:
        """What the mandate answers to an act now, unrecorded: to show or hide what asks for it."""
        return self._door.gate.judge(act)

    def explain(self) -> list[Explanation]:
        """Every act as allowed or refused, for this agent and today."""
        return mandates_kept.explained(self._door)

    def replace_mandate(self, text: bytes, origin: str = "mandate.toml") -> None:
        """Put another mandate in force; findings keep the version they were made under."""
        mandates_kept.replace_mandate(self._door, text, origin)

    @property
    def mandate_version(self) -> str:
        """Number and hash of the mandate in force, as findings keep it."""
        return self._door.mandate_version

    @property
    def current(self) -> bool:
        """False once another mandate was put in force than that of this workspace."""
        with self._door.database.connect() as connection:
            return catalog.mandates(connection)[-1] == self._door.version

    @staticmethod
    def mandate_of(where: Path) -> Mandate:
        """The mandate in force of a case: who may open it, before anyone does."""
        return mandates_kept.in_force(folder.find(where))

    # ---- seals and erasures ----

    @property
    def sealed(self) -> Sealed:
        """How many seals are in force, by table and quality."""
        return self._door.sealed(SEALED)

    def seals(self) -> list[Seal]:
        """Every seal, lifted ones included: what it is on, never what that holds."""
        return unsealing.seals(self._door)

    def lift_seal(self, name: str, act: str) -> Seal:
        """Lift one seal (its id or its thread), under an act of the authority.

        Raises ``NotFound``, ``UsageError`` when the name is that of several or no act is named,
        ``Refused``.
        """
        return unsealing.lift_seal(self._door, name, act)

    def withdraw(self, name: str, decision: str) -> Withdrawn:
        """Take an annulled exhibit, and all that rests on it, out of the case.

        Its bytes, rows, mentions and the reasons of the findings that rest on it are erased; the
        ledger keeps that they were there, and the reference of the decision. Returns the findings
        and reports touched. Raises ``NotFound``.
        """
        return withdraw(self._door, name, decision)

    def purge(self) -> Purged:
        """Erase what the law says is due, and nothing else; returns what was erased."""
        return purge(self._door)

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
        return disclosing.report(
            self._door, output, lang=lang, top=top, recipient=recipient, chosen=chosen
        )

    def export(self, output: Path, to: str, *, lang: str = "fr", recipient: str = "") -> "Exported":
        """Write the findings that stand, and the rows they rest on, for another program.

        ``to``: a format of ``report.exports``. The same case gives the same bytes. Raises
        ``UsageError`` for an unknown format.
        """
        return disclosing.export(self._door, output, to, lang=lang, recipient=recipient)

    @contextmanager
    def passing_place(self) -> Iterator[Path]:
        """A folder for what is written only to be handed over; what a kill leaves is swept."""
        with part_folder(self.case.scratch) as place:
            yield place

    # ---- the ledger ----

    def ledger_entries(self, last: int | None = None) -> list[Entry]:
        """The ledger's entries, oldest first; the ``last`` ones only. Writes nothing."""
        self._door.gate.ask(Act("ledger_show"))
        entries: Iterable[Entry] = self.ledger.entries()
        return list(deque(entries, last) if last is not None else entries)

    def prove(self, entry: int | None = None, since: int | None = None) -> dict[str, Any]:
        """A proof that an entry stands in the ledger, or that nothing changed ``since`` a size."""
        self._door.gate.ask(Act("prove"))
        if since is not None:
            return prove_consistency(self.case.folder, since, self.ledger.size)
        number = self.ledger.size - 1 if entry is None else entry
        return prove_inclusion(self.case.folder, number)

"""Examining: the files of one exhibit, each recognised and read in turn, its rows settled.

It asks the mandate and writes rows; it enters nothing in the ledger or the catalog: that is
adding's, so that several exhibits can be examined at once (``crew``).
"""

import os
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.case.gate import Gate
from faisceau.case.intake import Counts, Expiry, Intake, Listener
from faisceau.errors import AmbiguousInput, BadInput, FaisceauError, UsageError
from faisceau.evidence.containers import shown_name
from faisceau.evidence.exhibit import Exhibit, MemberState
from faisceau.evidence.folding import folded
from faisceau.evidence.hash_lists import HashList, Purpose, digests
from faisceau.evidence.media import media_of, media_row
from faisceau.evidence.reading import Head, Member, Reader, Source, Wishes
from faisceau.evidence.recognised import recognise, why_aside
from faisceau.evidence.store import EvidenceStore, Kept
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit
from faisceau.mandate.retention import periods
from faisceau.tables.identifiers import Mentions
from faisceau.tables.lake import LakeWriter
from faisceau.tables.schemas import MEDIA, MENTION, PLATE_READ, Schema
from faisceau.words import N_, Term

Ask = Callable[[str, Sequence[str]], str | None]
"""Asked when several readers claim a file: its name, their names; answers one, or None."""
Progress = Callable[[str, int], None]
"""Told what is being done and how many rows the exhibit has given so far."""

Note = tuple[str, Mapping[str, Any]]
"""Something to tell: a template and its facts."""

NAMED = 20
"""Files, of unknown format or flagged, that an exhibit names itself; the register has them all."""
FAILURES = (sqlite3.DatabaseError, zipfile.BadZipFile, OSError, UnicodeError, EOFError)
"""What a library may raise on damaged bytes: the file is damaged, the program is not."""


class OutsideMandate(Exception):
    """Nothing that a file holds is covered by the mandate: the act would be refused."""

    def __init__(self, act: Act) -> None:
        super().__init__(act)
        self.act = act


@dataclass(frozen=True, slots=True)
class Orders:
    """What the person who adds exhibits asked for, checked; ``wishes`` is what readers see of it.

    ``clock_offset_s``: by how many seconds the clock of the device was ahead.
    """

    wishes: Wishes = field(default_factory=Wishes)
    label: str | None = None
    procedure: str | None = None
    reader: str | None = None
    in_place: bool = False
    again: bool = False
    clock_offset_s: int = 0
    hash_lists: tuple[HashList, ...] = ()
    first: bool = False
    """Read only what readers know, at once; other files wait (state ``waiting``)."""
    hits: bool = False
    """Plate reads that a watch told: they are kept longer."""

    def announced(self) -> dict[str, Any]:
        """What the ledger is told of it before anything is read."""
        told: dict[str, Any] = {}
        if self.wishes.profile is not None:
            told["profile"] = self.wishes.profile.name
        if self.first:
            told["first"] = True
        if self.clock_offset_s:
            told["clock_offset_s"] = self.clock_offset_s
        if self.wishes.keys:
            told["keys"] = len(self.wishes.keys)  # that some were used, and no trace of them
        if self.hash_lists:
            told["hash_lists"] = [
                {"purpose": one.purpose, "sha256": one.sha256, "hashes": len(one)}
                for one in self.hash_lists
            ]
        return told


@dataclass(frozen=True, slots=True)
class Task:
    """One exhibit to examine; ``place``: where its path stands in the act."""

    place: int
    path: Path
    kept: Kept
    number: int
    label: str = ""

    @property
    def named(self) -> str:
        """What the exhibit's own file or folder is called."""
        return shown_name(os.fsencode(self.path.resolve().name))


@dataclass(frozen=True, slots=True)
class Examined:
    """What examining an exhibit gave: its counts, what became of each file, what to tell."""

    exhibit: Exhibit
    members: Sequence[MemberState]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Examiner:
    """Examines exhibits under one act of adding."""

    gate: Gate
    store: EvidenceStore
    covered: frozenset[str]
    readers: Mapping[str, Reader]
    orders: Orders
    ask: Ask | None = None
    progress: Progress | None = None

    def examine(self, task: Task, permit: Permit, writer: LakeWriter) -> Examined:
        """Read one exhibit; its rows go to ``writer``.

        Raises what is wrong with an exhibit that is one file, and ``OutsideMandate``.
        """
        orders, kept = self.orders, task.kept
        exhibit = Exhibit(
            number=task.number,
            label=orders.label or task.label or task.named,
            sha256=kept.sha256,
            size=kept.size,
            kind=kept.kind,
            origin=kept.origin,
            added_at=self.gate.clock(),
            added_by=self.gate.agent,
            in_place=orders.in_place,
            procedure=orders.procedure,
            timezone=orders.wishes.timezone.key,
            clock_offset_s=orders.clock_offset_s,
            hits=orders.hits,
        )
        mentions = Mentions(exhibit.exhibit_id)
        intake = Intake(
            task.number,
            self.covered,
            orders.procedure,
            writer,
            listeners=[_of_procedures(mentions.add)],
            expiries={} if orders.hits else _expiries(exhibit.added_at),
            ahead_s=orders.clock_offset_s,
        )
        with self.store.members(permit, exhibit, keys=orders.wishes.keys) as contents:
            files = _Files(
                self,
                intake,
                contents.members,
                named=task.named,
                single=kept.kind == "file",
            )
            members = files.all()
            for reject in (*kept.skipped, *contents.rejects):
                intake.reject(MEDIA.name, reject.locator, reject.reason, reject.facts, reject.raw)
                members.append(MemberState(reject.locator, "rejected"))
        for batch in mentions.batches():
            intake.derived(MENTION, batch)
        intake.finish()
        counts = intake.counts
        exhibit = replace(
            exhibit,
            readers=tuple(sorted(files.used)),
            tables=counts.tables(),
            unread=dict(counts.unread),
            unknown=dict(counts.unknown),
            left=dict(counts.left),
            procedures={table: sorted(met) for table, met in counts.procedures.items()},
            files=dict(Counter(member.state for member in members)),
            strange=_strange(members),
            flagged=dict(Counter(m.flagged_by for m in members if m.flagged_by)),
            wanted=tuple(m.path for m in members if m.flagged_by)[:NAMED],
            unread_tables=dict(sorted(counts.unread_tables.items())),
            aside=dict(Counter(m.what for m in members if m.state == "recognised" and m.what)),
            handset=any(of_handset(self.readers[name]) for name in files.used),
        )
        return Examined(exhibit, members, (*files.notes, *self._notes(exhibit, counts)))

    def _notes(self, exhibit: Exhibit, counts: Counts) -> Iterator[Note]:
        """What the person should know of an exhibit that was read."""
        for zone, n in sorted(counts.assumed.items()):
            yield N_("{n} times without a zone were read in that of {zone}"), {"n": n, "zone": zone}
        for table, n in sorted(counts.not_covered.items()):
            text = N_("{n} rows of {table} left out: outside the mandate's data categories")
            yield text, {"n": n, "table": table}
        for what, n in sorted(exhibit.aside.items()):
            text = N_("{n} files recognised and set aside: {what} ({why})")
            yield text, {"n": n, "what": Term(what), "why": Term(why_aside(what))}
        if exhibit.files.get("known"):
            text = N_("{n} known files left aside, as the list of hashes says")
            yield text, {"n": exhibit.files["known"]}
        yield from told_of(exhibit)
        if counts.unread:
            text = N_("{n} unreadable values left empty: {columns}")
            yield text, {"n": counts.unread.total(), "columns": sorted(counts.unread)}
        if counts.unknown:
            text = N_("{n} fields that the reader does not know: {names}")
            yield text, {"n": counts.unknown.total(), "names": sorted(counts.unknown)[:20]}
        yield from _photographs(exhibit, counts)
        if counts.mended:
            yield N_("{n} texts were no valid Unicode and were mended"), {"n": counts.mended}
        if any(not is_native(self.readers[name]) for name in exhibit.readers):
            yield from self._access(exhibit)

    def _access(self, exhibit: Exhibit) -> Iterator[Note]:
        """Who allowed a handset to be opened, where the mandate does not say it."""
        names = (exhibit.exhibit_id, exhibit.label)
        warnings = self.gate.judge(Act("add", handsets=(names,))).warnings
        if exhibit.handset:
            for warning in warnings:
                yield N_("Warning: {warning}"), {"warning": warning.text()}
        elif len(warnings) > len(self.gate.judge(Act("add")).warnings):
            text = N_(
                "nothing in it says that it comes from a handset; if it does, name {exhibit} in"
                " an [[exhibit_access]] of the mandate"
            )
            yield text, {"exhibit": exhibit.exhibit_id}

    def tell(self, what: str, rows: int) -> None:
        """Tell what is being done, to whoever listens."""
        if self.progress is not None:
            self.progress(what, rows)


def _strange(members: Sequence[MemberState]) -> tuple[str, ...]:
    """The paths of the largest files of unknown format."""
    unknown = [member for member in members if member.state == "unknown"]
    largest = sorted(unknown, key=lambda member: (-(member.size or 0), member.path))
    return tuple(member.path for member in largest[:NAMED])


def is_native(reader: Reader) -> bool:
    """True for the readers of the observation tables themselves, which ``--as`` asks for."""
    return bool(getattr(reader, "NATIVE", False))


def _of_procedures(add: Listener) -> Listener:
    """Plate reads of no procedure are in no index of identifiers: no question finds them there."""

    def some(schema: Schema, batch: pa.RecordBatch) -> None:
        if schema is PLATE_READ:
            batch = batch.filter(pc.is_valid(batch["procedure"]))
        add(schema, batch)

    return some


def of_handset(reader: Reader) -> bool:
    """True for a reader of what handsets hold; mails and cards come from anywhere."""
    return not is_native(reader) and bool(getattr(reader, "FROM_HANDSET", True))


def _expiries(now: datetime) -> dict[str, Expiry]:
    period = periods()["plates-no-hit"]
    return {period.table: Expiry("read_at", period.over(now), period.days, period.rule.source)}


class _Files:
    """The files of one exhibit, each recognised and read in turn."""

    def __init__(
        self,
        examiner: Examiner,
        intake: Intake,
        members: Sequence[Member],
        *,
        named: str,
        single: bool,
    ) -> None:
        self._named = named
        self._examiner = examiner
        self._wishes = examiner.orders.wishes
        self._intake = intake
        self._members = members
        self._single = single and len(members) == 1
        self._siblings = {member.name: member for member in members}
        self._lists = {
            purpose: [one for one in examiner.orders.hash_lists if one.purpose == purpose]
            for purpose in get_args(Purpose)
        }
        self.used: set[str] = set()
        self.notes: list[Note] = []

    def all(self) -> list[MemberState]:
        """Read every file; what became of each."""
        return [self._member(member) for member in self._members]

    def _member(self, member: Member) -> MemberState:
        """One file. Alone in its exhibit, its failure is the exhibit's; else a reject."""
        try:
            head = Head.of(member, self._wishes)
            if not member.size and self._single:
                raise BadInput(
                    N_("{name} is empty"),
                    hint=N_("Nothing was added: ask for the file again, the copy may have failed"),
                    name=member.name,
                )
            name = self._claimant(head)
            if name is None and self._examiner.orders.first and not self._single:
                return MemberState(member.name, "waiting", None, member.size)
            flagged_by = self._in_a_list(member, "flag")
            if name is None:
                return replace(self._unclaimed(member, head, flagged_by), flagged_by=flagged_by)
            self._covered(name)
            source = Source(member, self._wishes, self._siblings, exhibit=self._named)
            self._take(name, source)
        except FaisceauError as error:
            if self._single or isinstance(error, UsageError):
                raise
            self._intake.reject(MEDIA.name, member.name, error.message, error.facts, "")
            return MemberState(member.name, "rejected", None, member.size)
        state = MemberState(member.name, "read", member.sha256(), member.size, name)
        return replace(state, flagged_by=flagged_by)

    def _take(self, name: str, source: Source) -> None:
        before = self._intake.counts.total()
        try:
            self._intake.take(self._examiner.readers[name], source)
        except (BadInput, *FAILURES) as error:
            damage = error if isinstance(error, BadInput) else _damaged(source.name, error)
            if self._intake.counts.total() == before:
                raise damage from error
            # What could be read before the damage is kept, and the rest is one reject.
            table = self._examiner.readers[name].FILLS[0].name
            self._intake.reject(table, source.name, damage.message, damage.facts, "")
            note = N_("{name} is damaged: what could be read before the damage was kept")
            self.notes.append((note, {"name": source.name}))
        counts = self._intake.counts
        if is_native(self._examiner.readers[name]) and counts.total() == counts.not_covered.total():
            self._refuse(counts.not_covered)  # a native file is of one table: it is now known
        self.used.add(name)
        self._examiner.tell(source.name, sum(self._intake.counts.rows.values()))

    def _claimant(self, head: Head) -> str | None:
        """The reader of a file; None when none knows it."""
        examiner, as_table = self._examiner, self._wishes.as_table
        if examiner.orders.reader is not None:
            return examiner.orders.reader
        claims = [
            name
            for name, reader in examiner.readers.items()
            if (as_table is None or is_native(reader)) and reader.detect(head)
        ]
        # A format of its own says more than a table that its headers happen to fit.
        claims = [name for name in claims if not is_native(examiner.readers[name])] or claims
        if len(claims) > 1:
            chosen = examiner.ask(head.member.name, claims) if examiner.ask else None
            if chosen is None:
                raise AmbiguousInput(
                    N_("{name} could be read by {readers}"),
                    hint=N_("Say which one with --reader"),
                    name=head.member.name,
                    readers=claims,
                )
            return chosen
        if not claims and as_table is not None and self._single:
            raise BadInput(
                N_("{name} is neither CSV, JSON Lines, Parquet nor a spreadsheet"),
                hint=N_("Without --as its own format is looked for"),
                name=head.member.name,
            )
        return claims[0] if claims else None

    def _covered(self, name: str) -> None:
        """Refuse a reader none of whose tables the mandate covers."""
        table = self._wishes.as_table
        fills = {table} if table else {s.name for s in self._examiner.readers[name].FILLS}
        if not fills & self._examiner.covered:
            self._refuse(fills)

    def _refuse(self, tables: Iterable[str]) -> None:
        act = Act("add", tables=frozenset(tables), record=self._examiner.orders.procedure or "")
        if not self._examiner.gate.judge(act).allowed:
            raise OutsideMandate(act)

    def _unclaimed(self, member: Member, head: Head, flagged_by: str | None) -> MemberState:
        sha256 = None if self._single else member.sha256()
        known = None if self._single or flagged_by else self._in_a_list(member, "ignore")
        if known is not None:
            return MemberState(member.name, "known", sha256, member.size, what=known)
        media = media_of(head.start)
        if media is None:
            aside = recognise(head)
            if aside is None:
                return MemberState(member.name, "unknown", sha256, member.size)
            return MemberState(member.name, "recognised", sha256, member.size, what=aside.what)
        if not self._single:
            self._intake.media(media_row(member, media, self._wishes.timezone))
        return MemberState(member.name, "media", sha256, member.size)

    def _in_a_list(self, member: Member, purpose: Purpose) -> str | None:
        """The first list of hashes for that purpose that knows the file."""
        lists = self._lists[purpose]
        if not lists:
            return None
        found = digests(member, frozenset(name for one in lists for name in one.algorithms))
        return next((one.name for one in lists if one.knows(found)), None)


def _photographs(exhibit: Exhibit, counts: Counts) -> Iterator[Note]:
    """Columns of plate reads that carry pictures of occupants: dropped, and counted."""
    if PLATE_READ.name not in exhibit.tables:
        return
    shown = {name: n for name, n in counts.left.items() if PLATE_READ.drops(folded(name))}
    if shown:
        text = N_(
            "{n} values of columns that carry photographs dropped: {names}. The file as "
            "kept still holds them: ask for one without"
        )
        yield text, {"n": sum(shown.values()), "names": sorted(shown)}


def told_of(exhibit: Exhibit) -> Iterator[Note]:
    """What is told of an exhibit wherever it is shown: flagged files, a clock that was wrong."""
    if exhibit.flagged:
        text = N_("{n} files flagged by the list of hashes {lists}: {names}")
        total = sum(exhibit.flagged.values())
        names = [*exhibit.wanted, *("…" for _ in range(total > len(exhibit.wanted)))]
        yield text, {"n": total, "lists": sorted(exhibit.flagged), "names": names}
    if exhibit.clock_offset_s > 0:
        text = N_("times set back by {n} seconds: the clock of the device was ahead")
        yield text, {"n": exhibit.clock_offset_s}
    if exhibit.clock_offset_s < 0:
        text = N_("times put forward by {n} seconds: the clock of the device was behind")
        yield text, {"n": -exhibit.clock_offset_s}


def _damaged(name: str, error: Exception) -> BadInput:
    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return BadInput(N_("{name} is damaged: {why}"), name=name, why=why)

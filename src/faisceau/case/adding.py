"""Adding: a path becomes an exhibit; its files are recognised, read, and settled in one commit.

Each path stands alone: what goes wrong with one is told and the others go on. Exhibits added
together share an act and its segments, up to ``SHARED_ROWS`` rows.
"""

import os
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.gate import Closing, Gate, describe
from faisceau.case.intake import Counts, Expiry, Intake
from faisceau.case.recovery import sweep
from faisceau.errors import AmbiguousInput, BadInput, FaisceauError, NotFound, Refused, UsageError
from faisceau.evidence import register
from faisceau.evidence.containers import shown_name
from faisceau.evidence.exhibit import Exhibit, MemberState
from faisceau.evidence.hash_lists import HashList, digests
from faisceau.evidence.media import media_of, media_row
from faisceau.evidence.reading import Head, Member, Reader, Source, Wishes
from faisceau.evidence.recognised import recognise
from faisceau.evidence.store import EvidenceStore, Kept
from faisceau.mandate.act import Act
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.mandate.retention import periods
from faisceau.tables import lake
from faisceau.tables.identifiers import Mentions
from faisceau.tables.lake import Lake, LakeWriter, Segment
from faisceau.tables.schemas import MEDIA, MENTION, TABLES
from faisceau.words import N_, Term

SHARED_ROWS = 2_000_000
SHARED_EXHIBITS = 500

Ask = Callable[[str, Sequence[str]], str | None]
"""Asked when several readers claim a file: its name, their names; answers one, or None."""
Progress = Callable[[str, int], None]
"""Told what is being done and how many rows the exhibit has given so far."""

Note = tuple[str, Mapping[str, Any]]
"""Something to tell: a template and its facts."""

_FAILURES = (sqlite3.DatabaseError, zipfile.BadZipFile, OSError, UnicodeError, EOFError)
"""What a library may raise on damaged bytes: the file is damaged, the program is not."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one path: an exhibit, nothing (``already``), or an error."""

    path: Path
    exhibit: Exhibit | None = None
    already: bool = False
    error: FaisceauError | None = None
    notes: tuple[Note, ...] = ()


@dataclass
class Adding:
    """One call of ``add``: its wishes, and the rooms it carries values between."""

    gate: Gate
    database: sa.Engine
    store: EvidenceStore
    lake: Lake
    mandate: Mandate
    readers: Mapping[str, Reader]
    as_table: str | None
    columns: Mapping[str, str]
    label: str | None
    procedure: str | None
    timezone: str
    reader: str | None
    in_place: bool
    again: bool
    clock_offset_s: int
    keys: tuple[bytes, ...]
    hash_lists: tuple[HashList, ...]
    ask: Ask | None
    progress: Progress | None
    wishes: Wishes = field(init=False)

    def __post_init__(self) -> None:
        if self.as_table is not None and self.as_table not in TABLES:
            raise UsageError(
                N_("There is no table {table}"),
                hint=N_("There are: {known}"),
                table=self.as_table,
                known=get_close_matches(self.as_table, TABLES) or list(TABLES),
            )
        if self.reader is not None and self.reader not in self.readers:
            raise NotFound(
                N_("There is no reader {reader}"),
                hint=N_("There are: {known}"),
                reader=self.reader,
                known=list(self.readers),
            )
        try:
            zone = ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as error:
            raise UsageError(
                N_("There is no time zone {zone}"),
                hint=N_("Write it as Europe/Paris, America/Cayenne, UTC"),
                zone=self.timezone,
            ) from error
        self.wishes = Wishes(self.as_table, self.columns, zone, self.keys)

    def add(self, paths: Sequence[Path]) -> Iterator[Added]:
        """Add the paths, as many to an act as share its segments; yields in order."""
        waiting = list(paths)
        while waiting:
            done = self._act(waiting)
            yield from done
            del waiting[: len(done)]

    def _act(self, paths: Sequence[Path]) -> list[Added]:
        tables = frozenset({self.as_table} if self.as_table else self.mandate.data)
        act = Act("add", tables=tables, record=self.procedure or "")
        done: list[_Taken] = []
        with (
            self.gate.passing(act, data=self._announced(paths)) as (permit, closing),
            self._all_or_nothing(),
        ):
            token = f"{permit.number:09d}"
            with self.lake.writing(permit, token) as writer, self.database.connect() as connection:
                number = register.next_number(connection)
                for path in paths:
                    taken = self._one(
                        path, number, permit=permit, writer=writer, connection=connection, done=done
                    )
                    done.append(taken)
                    number += taken.kept is not None and taken.replaces is None
                    if writer.rows >= SHARED_ROWS or len(done) >= SHARED_EXHIBITS:
                        break
                segments = writer.finish() if any(t.kept for t in done) else []
            self._commit(permit, closing, segments, done)
        return [taken.added for taken in done]

    def _announced(self, paths: Sequence[Path]) -> dict[str, Any]:
        """What the ledger is told before anything is read."""
        told: dict[str, Any] = {"paths": len(paths)}
        if self.clock_offset_s:
            told["clock_offset_s"] = self.clock_offset_s
        if self.keys:
            told["keys"] = len(self.keys)  # that some were used: neither what they are nor a trace
        if self.hash_lists:
            told["hash_lists"] = [
                {"purpose": one.purpose, "sha256": one.sha256, "hashes": len(one)}
                for one in self.hash_lists
            ]
        return told

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """When the act fails as a whole, what it had put on disk goes: the case is as before."""
        try:
            yield
        except BaseException:
            self._sweep()
            raise

    def _commit(
        self,
        permit: Permit,
        closing: Closing,
        segments: Sequence[Segment],
        done: Sequence["_Taken"],
    ) -> None:
        new = [t for t in done if t.kept is not None]
        errors = [describe(t.added.error) for t in done if t.added.error is not None]
        if errors:
            closing.data["errors"] = errors
        if not new:
            return
        with self.database.connect() as connection:
            listed = lake.segments(connection)
        old = [t.replaces.number for t in new if t.replaces is not None]
        gone = [
            self.lake.rewritten(
                permit, lake.holding(listed, n), lake.not_of(n), f"{permit.number:09d}-{n}"
            )
            for n in old
        ]
        removed = [path for one in gone for path in one.replaced]
        added = [*segments, *(segment for one in gone for segment in one.added)]
        if removed:
            closing.committed.append(self._sweep)  # the mark of commit outlives it, for recovery
        with catalog.committing(self.database, permit.number, closing) as connection:
            for taken in new:
                taken.register(connection)
            lake.unregister(connection, removed)
            lake.register(connection, added)
            closing.data.update(
                exhibits=[taken.summary() for taken in new],
                files_added=[
                    *(file for t in new if t.kept for file in t.kept.files_added),
                    *(segment.fixity() for segment in added),
                ],
                files_removed=removed,
                in_place=[file for t in new if t.kept for file in t.kept.in_place],
            )

    def _sweep(self) -> None:
        sweep(self.lake.case, self.store, self.database)

    def _one(
        self,
        path: Path,
        number: int,
        *,
        permit: Permit,
        writer: LakeWriter,
        connection: sa.Connection,
        done: Sequence["_Taken"],
    ) -> "_Taken":
        """One path: kept, opened, read. What goes wrong with it is its own affair."""
        self._tell(shown_name(os.fsencode(path.name)), 0)
        try:
            kept = self.store.keep(permit, path, in_place=self.in_place)
        except FaisceauError as error:
            return _Taken(Added(path, error=error))
        twin = register.by_sha(connection, kept.sha256) or next(
            (t.added.exhibit for t in done if t.kept and t.kept.sha256 == kept.sha256), None
        )
        if twin is not None and not self.again:
            return _Taken(Added(path, exhibit=twin, already=True))
        try:
            if twin is not None:  # its number, its label, new rows in the place of the old
                again = self._read(path, kept, twin.number, permit, writer, label=twin.label)
                return replace(again, replaces=twin)
            return self._read(path, kept, number, permit, writer)
        except FaisceauError as error:
            self.store.undo(permit, kept)
            return _Taken(Added(path, error=error))

    def _read(
        self,
        path: Path,
        kept: Kept,
        number: int,
        permit: Permit,
        writer: LakeWriter,
        *,
        label: str = "",
    ) -> "_Taken":
        exhibit = Exhibit(
            number=number,
            label=self.label or label or shown_name(os.fsencode(path.resolve().name)),
            sha256=kept.sha256,
            size=kept.size,
            kind=kept.kind,
            origin=kept.origin,
            added_at=self.gate.clock(),
            added_by=self.gate.agent,
            in_place=self.in_place,
            procedure=self.procedure,
            timezone=self.timezone,
            clock_offset_s=self.clock_offset_s,
        )
        mentions = Mentions(f"E{number}")
        intake = Intake(
            number,
            self.mandate.data,
            self.procedure,
            writer,
            listeners=[mentions.add],
            expiries=self._expiries(),
            ahead_s=self.clock_offset_s,
        )
        with self.store.members(permit, exhibit) as contents:
            reading = _Reading(self, intake, contents.members, single=kept.kind == "file")
            members = reading.all()
            for reject in (*kept.skipped, *contents.rejects):
                intake.reject(MEDIA.name, reject.locator, reject.reason, reject.facts, reject.raw)
                members.append(MemberState(reject.locator, "rejected"))
        for batch in mentions.batches():
            intake.derived(MENTION, batch)
        intake.finish()
        counts = intake.counts
        exhibit = replace(
            exhibit,
            readers=tuple(sorted(reading.used)),
            tables=counts.tables(),
            unread=dict(counts.unread),
            unknown=dict(counts.unknown),
            left=dict(counts.left),
            procedures={table: sorted(met) for table, met in counts.procedures.items()},
            files=dict(Counter(member.state for member in members)),
            aside=dict(Counter(m.what for m in members if m.state == "recognised" and m.what)),
            handset=any(not _native(self.readers[n]) for n in reading.used),
        )
        notes = (*reading.notes, *self._notes(exhibit, counts))
        return _Taken(Added(path, exhibit, notes=notes), kept, members)

    def _expiries(self) -> dict[str, Expiry]:
        period = periods()["plates-no-hit"]
        before = period.over(self.gate.clock())
        return {period.table: Expiry("read_at", before, period.days, period.rule.source)}

    def _notes(self, exhibit: Exhibit, counts: Counts) -> Iterator[Note]:
        """What the person should know of an exhibit that was read."""
        for zone, n in sorted(counts.assumed.items()):
            yield N_("{n} times without a zone were read in that of {zone}"), {"n": n, "zone": zone}
        for table, n in sorted(counts.not_covered.items()):
            text = N_("{n} rows of {table} left out: outside the mandate's data categories")
            yield text, {"n": n, "table": table}
        for what, n in sorted(exhibit.aside.items()):
            text = N_("{n} files recognised and set aside: {what}")
            yield text, {"n": n, "what": Term(what)}
        if exhibit.files.get("known"):
            text = N_("{n} known files left aside, as the list of hashes says")
            yield text, {"n": exhibit.files["known"]}
        if self.clock_offset_s:
            text = N_("times set back by {n} seconds: the clock of the device was ahead")
            yield text, {"n": self.clock_offset_s}
        if counts.unread:
            text = N_("{n} unreadable values left empty: {columns}")
            yield text, {"n": counts.unread.total(), "columns": sorted(counts.unread)}
        if counts.unknown:
            text = N_("{n} fields that the reader does not know: {names}")
            yield text, {"n": counts.unknown.total(), "names": sorted(counts.unknown)[:20]}
        if counts.mended:
            yield N_("{n} texts were no valid Unicode and were mended"), {"n": counts.mended}
        if exhibit.handset:
            names = (exhibit.exhibit_id, exhibit.label)
            for warning in self.gate.judge(Act("add", handsets=(names,))).warnings:
                yield N_("Warning: {warning}"), {"warning": warning.text()}

    def _tell(self, what: str, rows: int) -> None:
        if self.progress is not None:
            self.progress(what, rows)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One path with what the commit needs of it."""

    added: Added
    kept: Kept | None = None
    members: Sequence[MemberState] = ()
    replaces: Exhibit | None = None

    @property
    def exhibit(self) -> Exhibit:
        """The exhibit it became."""
        assert self.added.exhibit is not None
        return self.added.exhibit

    def register(self, connection: sa.Connection) -> None:
        """Enter the exhibit in the catalog, or write its line anew."""
        assert self.kept is not None
        if self.replaces is None:
            register.add(connection, self.exhibit, self.kept.objects, self.members)
        else:
            register.update(connection, self.exhibit)
            register.set_members(connection, self.exhibit.number, self.members)

    def summary(self) -> dict[str, Any]:
        """What the ledger says of it."""
        tables = {name: dict(count) for name, count in self.exhibit.tables.items()}
        ids = {"exhibit_id": self.exhibit.exhibit_id, "sha256": self.exhibit.sha256}
        return {**ids, "tables": tables}


class _Reading:
    """The files of one exhibit, each recognised and read in turn."""

    def __init__(
        self, adding: Adding, intake: Intake, members: Sequence[Member], *, single: bool
    ) -> None:
        self._adding = adding
        self._intake = intake
        self._members = members
        self._single = single and len(members) == 1
        self._siblings = {member.name: member for member in members}
        self.used: set[str] = set()
        self.notes: list[Note] = []

    def all(self) -> list[MemberState]:
        """Read every file; what became of each."""
        return [self._member(member) for member in self._members]

    def _member(self, member: Member) -> MemberState:
        """One file. Alone in its exhibit, its failure is the exhibit's; else a reject."""
        try:
            head = Head.of(member, self._adding.wishes)
            if not member.size and self._single:
                raise BadInput(
                    N_("{name} is empty"),
                    hint=N_("Nothing was added: ask for the file again, the copy may have failed"),
                    name=member.name,
                )
            name = self._claimant(head)
            if name is None:
                return self._unclaimed(member, head)
            self._covered(name)
            source = Source(member, self._adding.wishes, self._siblings)
            self._take(name, source)
        except FaisceauError as error:
            if self._single or isinstance(error, (Refused, UsageError)):
                raise
            self._intake.reject(MEDIA.name, member.name, error.message, error.facts, "")
            return MemberState(member.name, "rejected", None, member.size)
        return MemberState(member.name, "read", member.sha256(), member.size, name)

    def _take(self, name: str, source: Source) -> None:
        before = self._intake.counts.total()
        try:
            self._intake.take(self._adding.readers[name], source)
        except (BadInput, *_FAILURES) as error:
            damage = error if isinstance(error, BadInput) else _damaged(source.name, error)
            if self._intake.counts.total() == before:
                raise damage from error
            # What could be read before the damage is kept, and the rest is one reject.
            table = self._adding.readers[name].FILLS[0].name
            self._intake.reject(table, source.name, damage.message, damage.facts, "")
            note = N_("{name} is damaged: what could be read before the damage was kept")
            self.notes.append((note, {"name": source.name}))
        counts = self._intake.counts
        if _native(self._adding.readers[name]) and counts.total() == counts.not_covered.total():
            self._refuse(counts.not_covered)  # a native file is of one table: it is now known
        self.used.add(name)
        self._adding._tell(source.name, sum(self._intake.counts.rows.values()))

    def _claimant(self, head: Head) -> str | None:
        """The reader of a file; None when none knows it."""
        adding = self._adding
        if adding.reader is not None:
            return adding.reader
        claims = [
            name
            for name, reader in adding.readers.items()
            if (adding.as_table is None or _native(reader)) and reader.detect(head)
        ]
        if len(claims) > 1:
            chosen = adding.ask(head.member.name, claims) if adding.ask else None
            if chosen is None:
                raise AmbiguousInput(
                    N_("{name} could be read by {readers}"),
                    hint=N_("Say which one with --reader"),
                    name=head.member.name,
                    readers=claims,
                )
            return chosen
        if not claims and adding.as_table is not None and self._single:
            raise BadInput(
                N_("{name} is neither CSV, JSON Lines nor Parquet"),
                hint=N_("Without --as its own format is looked for"),
                name=head.member.name,
            )
        return claims[0] if claims else None

    def _covered(self, name: str) -> None:
        """Refuse a reader none of whose tables the mandate covers."""
        table = self._adding.as_table
        fills = {table} if table else {s.name for s in self._adding.readers[name].FILLS}
        if not fills & self._adding.mandate.data:
            self._refuse(fills)

    def _refuse(self, tables: Iterable[str]) -> None:
        adding = self._adding
        act = Act("add", tables=frozenset(tables), record=adding.procedure or "")
        decision = adding.gate.judge(act)
        if not decision.allowed:
            adding.gate.refuse(act, decision)

    def _unclaimed(self, member: Member, head: Head) -> MemberState:
        sha256 = None if self._single else member.sha256()
        known = None if self._single else self._in_a_list(member)
        if known is not None and known.purpose == "ignore":
            return MemberState(member.name, "known", sha256, member.size, what=known.name)
        media = media_of(head.start)
        if media is None:
            aside = recognise(head)
            if aside is None:
                return MemberState(member.name, "unknown", sha256, member.size)
            return MemberState(member.name, "recognised", sha256, member.size, what=aside.what)
        if not self._single:
            self._intake.media(media_row(member, media, self._adding.wishes.timezone))
        if known is not None:
            self.notes.append(
                (N_("{name} is flagged by {list}"), {"name": member.name, "list": known.name})
            )
        what = None if known is None else known.name
        return MemberState(member.name, "media", sha256, member.size, what=what)

    def _in_a_list(self, member: Member) -> HashList | None:
        """The first list of hashes that knows the file; what is to be flagged goes first."""
        lists = sorted(self._adding.hash_lists, key=lambda one: one.purpose)
        if not lists:
            return None
        found = digests(member, frozenset(name for one in lists for name in one.algorithms))
        return next((one for one in lists if one.knows(found)), None)


def _native(reader: Reader) -> bool:
    """True for the readers of the observation tables themselves, which ``--as`` asks for."""
    return bool(getattr(reader, "NATIVE", False))


def _damaged(name: str, error: Exception) -> BadInput:
    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return BadInput(N_("{name} is damaged: {why}"), name=name, why=why)

"""Adding: a path becomes an exhibit; its files are recognised, read, and settled in one commit.

Each path stands alone: what goes wrong with one is told and the others go on. Exhibits added
together share an act and its segments, up to ``SHARED_ROWS`` rows.
"""

import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.gate import Closing, Gate, describe
from faisceau.case.intake import Intake
from faisceau.errors import AmbiguousInput, BadInput, FaisceauError, NotFound, Refused, UsageError
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit, MemberState
from faisceau.evidence.media import media_of
from faisceau.evidence.reading import Head, Member, Reader, Source, Wishes
from faisceau.evidence.store import EvidenceStore, Kept
from faisceau.mandate.act import Act
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.tables import lake
from faisceau.tables.identifiers import Mentions
from faisceau.tables.lake import Lake, LakeWriter, Segment
from faisceau.tables.schemas import MEDIA, MENTION, TABLES
from faisceau.words import N_

SHARED_ROWS = 2_000_000
SHARED_EXHIBITS = 500

Ask = Callable[[str, Sequence[str]], str | None]
"""Asked when several readers claim a file: its name, their names; answers one, or None."""
Progress = Callable[[str, int], None]
"""Told what is being done and how many rows the exhibit has given so far."""

_FAILURES = (sqlite3.DatabaseError, zipfile.BadZipFile, OSError, UnicodeError, EOFError)
"""What a library may raise on damaged bytes: the file is damaged, the program is not."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one path: an exhibit, nothing (``already``), or an error."""

    path: Path
    exhibit: Exhibit | None = None
    already: bool = False
    error: FaisceauError | None = None
    notes: tuple[tuple[str, Mapping[str, Any]], ...] = ()


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
    layout: str | None
    in_place: bool
    again: bool
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
        self.wishes = Wishes(self.as_table, self.columns, zone, self.layout)

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
            self.gate.passing(act, data={"paths": len(paths)}) as (permit, closing),
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
                    number += taken.kept is not None
                    if writer.rows >= SHARED_ROWS or len(done) >= SHARED_EXHIBITS:
                        break
                segments = writer.finish() if any(t.kept for t in done) else []
            self._commit(permit, closing, segments, done)
        return [taken.added for taken in done]

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """When the act fails as a whole, what it had put on disk goes: the case is as before."""
        try:
            yield
        except BaseException:
            with self.database.connect() as connection:
                lake.sweep(self.lake.case, lake.segments(connection))
                kept = {stored.sha256 for stored in register.objects(connection)}
            self.store.sweep(kept)
            raise

    def _commit(
        self,
        permit: Permit,
        closing: Closing,
        segments: Sequence[Segment],
        done: Sequence["_Taken"],
    ) -> None:
        new = [(t.added.exhibit, t.kept, t.members) for t in done if t.kept and t.added.exhibit]
        errors = [describe(t.added.error) for t in done if t.added.error is not None]
        if errors:
            closing.data["errors"] = errors
        if not new:
            return
        with self.database.begin() as connection:
            for exhibit, kept, members in new:
                register.add(connection, exhibit, kept.objects, members)
            lake.register(connection, segments)
            closing.data.update(
                exhibits=[
                    {"exhibit_id": e.exhibit_id, "sha256": e.sha256, "tables": _plain(e.tables)}
                    for e, _, _ in new
                ],
                files_added=[
                    *(file for _, kept, _ in new for file in kept.files_added),
                    *(segment.fixity() for segment in segments),
                ],
                in_place=[file for _, kept, _ in new for file in kept.in_place],
            )
            catalog.commit_act(connection, permit.number, closing.data)
        closing.committed.append(lambda: catalog.forget(self.database, permit.number))

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
        self._tell(path.name, 0)
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
            return self._read(path, kept, number, permit, writer)
        except FaisceauError as error:
            self.store.undo(permit, kept)
            return _Taken(Added(path, error=error))

    def _read(
        self, path: Path, kept: Kept, number: int, permit: Permit, writer: LakeWriter
    ) -> "_Taken":
        exhibit = Exhibit(
            number=number,
            label=self.label or path.resolve().name,
            sha256=kept.sha256,
            size=kept.size,
            kind=kept.kind,
            origin=kept.origin,
            added_at=self.gate.clock(),
            added_by=self.gate.agent,
            in_place=self.in_place,
            procedure=self.procedure,
            timezone=self.timezone,
        )
        mentions = Mentions(f"E{number}")
        intake = Intake(number, self.mandate.data, self.procedure, writer, [mentions.add])
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
            handset=any(not getattr(self.readers[n], "NATIVE", False) for n in reading.used),
        )
        return _Taken(Added(path, exhibit, notes=tuple(reading.notes)), kept, members)

    def _tell(self, what: str, rows: int) -> None:
        if self.progress is not None:
            self.progress(what, rows)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One path with what the commit needs of it."""

    added: Added
    kept: Kept | None = None
    members: Sequence[MemberState] = ()


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
        self.notes: list[tuple[str, Mapping[str, Any]]] = []

    def all(self) -> list[MemberState]:
        """Read every file; what became of each."""
        return [self._member(member) for member in self._members]

    def _member(self, member: Member) -> MemberState:
        """One file. Alone in its exhibit, its failure is the exhibit's; else a reject."""
        try:
            head = Head.of(member, self._adding.wishes)
            if not member.size and self._single:
                raise BadInput(N_("{name} is empty"), name=member.name)
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
            if (adding.as_table is None or getattr(reader, "NATIVE", False)) and reader.detect(head)
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
        """Refuse a reader none of whose tables the mandate covers; note those it does not."""
        adding = self._adding
        table = adding.as_table
        fills = frozenset({table} if table else (s.name for s in adding.readers[name].FILLS))
        outside = fills - adding.mandate.data
        if outside == fills:
            act = Act("add", tables=fills, record=adding.procedure or "")
            decision = adding.gate.judge(act)
            if not decision.allowed:
                adding.gate.refuse(act, decision)

    def _unclaimed(self, member: Member, head: Head) -> MemberState:
        media = media_of(head.start)
        if self._single:
            return MemberState(
                member.name, "unknown" if media is None else "media", None, member.size
            )
        if media is None:
            return MemberState(member.name, "unknown", member.sha256(), member.size)
        self._intake.media(
            MEDIA,
            {
                "kind": media.kind,
                "path": member.name,
                "sha256": member.sha256(),
                "size": member.size,
                "media_type": media.media_type,
            },
        )
        return MemberState(member.name, "media", member.sha256(), member.size)


def _damaged(name: str, error: Exception) -> BadInput:
    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return BadInput(N_("{name} is damaged: {why}"), name=name, why=why)


def _plain(tables: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {table: dict(counts) for table, counts in tables.items()}

"""Adding: a path becomes an exhibit; what its files hold is settled in one commit.

Each path stands alone: what goes wrong with one is told and the others go on. Exhibits added
together share an act and its segments, up to ``SHARED_ROWS`` rows.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.crew import Outcome, Result, crew_of, examined
from faisceau.case.door import Door
from faisceau.case.examining import (
    Ask,
    Examined,
    Examiner,
    Note,
    Orders,
    OutsideMandate,
    Progress,
    Task,
)
from faisceau.case.gate import Closing, Gate, describe
from faisceau.case.orders import orders_of
from faisceau.case.plugins import plugins
from faisceau.case.recovery import sweep
from faisceau.case.sealing import Seal, sealing, told
from faisceau.errors import FaisceauError, Refused
from faisceau.evidence import register
from faisceau.evidence.containers import shown_name
from faisceau.evidence.exhibit import Exhibit, MemberState
from faisceau.evidence.reading import Reader
from faisceau.evidence.store import EvidenceStore, Kept
from faisceau.mandate.act import Act
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.tables import lake
from faisceau.tables.lake import Lake, Rewritten, Segment

SHARED_ROWS = 2_000_000
SHARED_EXHIBITS = 500
MANY = 64
"""Small segments of a sorted table from which they are merged."""
CREW_FROM = 8
"""Paths from which it pays to start several processes."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of one path: an exhibit, nothing (``already``), or an error."""

    path: Path
    exhibit: Exhibit | None = None
    already: bool = False
    error: FaisceauError | None = None
    notes: tuple[Note, ...] = ()
    first: bool = False
    """Read for a first look; what waits is read after."""


def add(
    door: Door,
    paths: Sequence[Path],
    *,
    ask: Ask | None,
    progress: Progress | None,
    options: Mapping[str, Any],
) -> Iterator[Added]:
    """Add each path as an exhibit of its own; ``options`` are those of ``orders_of``.

    With ``first``, a path is yielded once what readers know was read, again when all was.
    """
    readers = plugins().readers
    orders = orders_of(readers, **options)

    def taken(paths: Sequence[Path], orders: Orders) -> Iterator[Added]:
        adding = Adding(
            gate=door.gate,
            database=door.database,
            store=door.store,
            lake=door.lake,
            mandate=door.mandate,
            readers=readers,
            orders=orders,
            ask=ask,
            progress=progress,
        )
        with door.writing():
            yield from adding.add(paths)

    waiting: list[Path] = []
    for added in taken(paths, orders):
        yield added
        if added.first:
            waiting.append(added.path)
    if waiting:
        yield from taken(waiting, replace(orders, first=False, again=True))


@dataclass
class Adding:
    """One call of ``add``: its orders, and the rooms it carries values between."""

    gate: Gate
    database: sa.Engine
    store: EvidenceStore
    lake: Lake
    mandate: Mandate
    readers: Mapping[str, Reader]
    orders: Orders
    ask: Ask | None = None
    progress: Progress | None = None

    def __post_init__(self) -> None:
        self.examiner = Examiner(
            gate=self.gate,
            store=self.store,
            covered=frozenset(self.mandate.data),
            readers=self.readers,
            orders=self.orders,
            ask=self.ask,
            progress=self.progress,
        )

    def add(self, paths: Sequence[Path]) -> Iterator[Added]:
        """Add the paths, as many to an act as share its segments; yields in order."""
        waiting = list(paths)
        while waiting:
            done = self._act(waiting)
            yield from done
            del waiting[: len(done)]

    def _act(self, paths: Sequence[Path]) -> list[Added]:
        as_table = self.orders.wishes.as_table
        tables = frozenset({as_table} if as_table else self.mandate.data)
        act = Act("add", tables=tables, record=self.orders.procedure or "")
        told = {"paths": len(paths)} | self.orders.announced()
        with (
            self.gate.passing(act, data=told) as (permit, closing),
            self._all_or_nothing(),
            self.database.connect() as connection,
        ):
            together = len(paths) >= CREW_FROM and self.ask is None and (os.cpu_count() or 1) > 1
            taking = self._together if together else self._in_turn
            done, segments = taking(paths, permit, connection)
            self._undo_failed(permit, done)
            self._commit(permit, closing, segments, done)
        return [taken.added for taken in done]

    def _in_turn(
        self, paths: Sequence[Path], permit: Permit, connection: sa.Connection
    ) -> tuple[list["_Taken"], list[Segment]]:
        """One exhibit after the other, in this process."""
        done: list[_Taken] = []
        number = register.next_number(connection)
        with self.lake.writing(permit, f"{permit.number:09d}") as writer:
            for path in paths:
                kept = self._keep(path, permit)
                task, taken = self._task(path, kept, number, connection, done)
                if task is not None:
                    result = examined(task, self.examiner, permit, writer)
                    taken = self._taken(task, result, taken)
                done.append(taken)
                number += (
                    taken.added.exhibit is not None and task is not None and not taken.replaces
                )
                if writer.rows >= SHARED_ROWS or len(done) >= SHARED_EXHIBITS:
                    break
            segments = writer.finish() if any(taken.new for taken in done) else []
        return done, segments

    def _together(
        self, paths: Sequence[Path], permit: Permit, connection: sa.Connection
    ) -> tuple[list["_Taken"], list[Segment]]:
        """Several at once, each in a process: kept here, examined there, taken in order."""
        done: list[_Taken] = []
        number = register.next_number(connection)
        rows: dict[str, int] = {}

        def settle(outcome: Outcome | None) -> None:
            if outcome is None:
                return
            rows[outcome.worker] = outcome.rows
            place = outcome.task.place
            done[place] = self._taken(outcome.task, outcome.result, done[place])

        workers = os.cpu_count() or 1
        token = f"{permit.number:09d}"
        with crew_of(workers, self.examiner, self.lake, permit, token) as crew:
            for path in paths:
                kept = self._keep(path, permit)
                while (same := _same(kept, done)) is not None and same.open:
                    settle(crew.take())  # what becomes of the same bytes decides
                task, taken = self._task(path, kept, number, connection, done)
                done.append(taken)
                if task is not None:
                    number += taken.replaces is None
                    settle(crew.give(task))
                if sum(rows.values()) >= SHARED_ROWS or len(done) >= SHARED_EXHIBITS:
                    break
            while crew.waiting:
                settle(crew.take())
            segments = crew.finish()
        return done, segments

    def _keep(self, path: Path, permit: Permit) -> Kept | FaisceauError:
        """Keep the bytes of one path, or what is wrong with it."""
        self.examiner.tell(shown_name(os.fsencode(path.name)), 0)
        try:
            return self.store.keep(permit, path, in_place=self.orders.in_place)
        except FaisceauError as error:
            return error

    def _task(
        self,
        path: Path,
        kept: Kept | FaisceauError,
        number: int,
        connection: sa.Connection,
        done: Sequence["_Taken"],
    ) -> tuple[Task | None, "_Taken"]:
        """What is to be examined of one path, and what is known of it until it is."""
        if isinstance(kept, FaisceauError):
            return None, _Taken(Added(path, error=kept))
        same = _same(kept, done)
        twin = register.by_sha(connection, kept.sha256)
        if twin is None and same is not None:
            twin = same.added.exhibit
        if twin is not None and not self.orders.again:
            return None, _Taken(Added(path, exhibit=twin, already=True))
        if twin is None:
            return Task(len(done), path, kept, number), _Taken(Added(path), kept)
        # its number, its label, new rows in the place of the old
        task = Task(len(done), path, kept, twin.number, twin.label)
        return task, _Taken(Added(path), kept, replaces=twin)

    def _taken(self, task: Task, result: Result, taken: "_Taken") -> "_Taken":
        """What became of one path, once it was examined; a failure is its own affair."""
        if isinstance(result, Examined):
            first = self.orders.first and bool(result.exhibit.files.get("waiting"))
            added = Added(task.path, result.exhibit, notes=result.notes, first=first)
            return replace(taken, added=added, members=result.members)
        if isinstance(result, OutsideMandate):
            try:
                self.gate.refuse(result.act, self.gate.judge(result.act))
            except Refused as error:
                result = error
        assert isinstance(result, FaisceauError)
        return replace(taken, added=Added(task.path, error=result))

    def _undo_failed(self, permit: Permit, done: Sequence["_Taken"]) -> None:
        """Take back what was kept for exhibits that failed, and nothing else needs.

        What another exhibit of the act found already there becomes its own.
        """
        for failed in done:
            if failed.kept is None or failed.new:
                continue
            for file in list(failed.kept.files_added):
                heir = next((t for t in done if t.new and t.rests_on(str(file["sha256"]))), None)
                if heir is not None and heir.kept is not None:
                    failed.kept.files_added.remove(file)
                    heir.kept.files_added.append(file)
            self.store.undo(permit, failed.kept)

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
        done: list["_Taken"],
    ) -> None:
        new = [t for t in done if t.new]
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
        gone += self._merged(permit, listed, {path for one in gone for path in one.replaced})
        change = sealing(
            permit,
            self.lake,
            self.mandate,
            self.database,
            segments,
            now=self.gate.clock(),
            fresh=True,
        )
        for n, taken in enumerate(done):
            if taken.new:
                done[n] = taken.noting(change.put)
        removed = [path for one in gone for path in one.replaced]
        added = [s for s in segments if s.path not in change.replaced]
        added += [*change.segments, *(segment for one in gone for segment in one.added)]
        if removed or change.replaced:
            closing.committed.append(self._sweep)  # the mark of commit outlives it, for recovery
        with catalog.committing(self.database, permit.number, closing) as connection:
            for taken in new:
                taken.register(connection)
            lake.unregister(connection, removed)
            lake.register(connection, added)
            closing.data.update(change.commit(connection, permit))
            closing.data.update(
                exhibits=[taken.summary() for taken in new],
                files_added=[
                    *(file for t in new if t.kept for file in t.kept.files_added),
                    *(segment.fixity() for segment in added),
                ],
                files_removed=removed,
                in_place=[file for t in new if t.kept for file in t.kept.in_place],
            )

    def _merged(
        self, permit: Permit, listed: Sequence[Segment], leaving: Collection[str]
    ) -> list[Rewritten]:
        """Where live appends left many small segments of a sorted table, one in their place.

        Only once there are ``MANY``, so that a row is rarely written again.
        """
        made = []
        for table in lake.SORTED:
            small = [s for s in listed if s.table == table and s.rows < lake.RUN]
            small = [s for s in small if s.path not in leaving]
            if len(small) >= MANY:
                made.append(self.lake.merged(permit, small, f"{permit.number:09d}-merged"))
        return made

    def _sweep(self) -> None:
        sweep(self.lake.case, self.store, self.database)


@dataclass(frozen=True, slots=True)
class _Taken:
    """One path with what the commit needs of it."""

    added: Added
    kept: Kept | None = None
    members: Sequence[MemberState] = ()
    replaces: Exhibit | None = None

    @property
    def open(self) -> bool:
        """True while it is being examined."""
        return self.added.exhibit is None and self.added.error is None

    @property
    def new(self) -> bool:
        """True when it is an exhibit now, and was not before, or was read anew."""
        return self.kept is not None and self.added.exhibit is not None

    def noting(self, sealed: Iterable[Seal]) -> "_Taken":
        """The same, with what was sealed in it among its notes."""
        own = told(seal for seal in sealed if seal.exhibit_id == self.exhibit.exhibit_id)
        notes = (*self.added.notes, *own.lines())
        return replace(self, added=replace(self.added, notes=notes))

    def rests_on(self, sha256: str) -> bool:
        """True when one of the files it rests on has these bytes."""
        return self.kept is not None and any(one.sha256 == sha256 for one in self.kept.objects)

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


def _same(kept: Kept | FaisceauError, done: Sequence[_Taken]) -> _Taken | None:
    """The first of the act that has the same bytes."""
    if isinstance(kept, FaisceauError):
        return None
    return next((t for t in done if t.kept and t.kept.sha256 == kept.sha256), None)

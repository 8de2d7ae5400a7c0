"""The ledger of a case: an append-only log that answers only once an entry is sealed on disk.

One append goes like this:

1. Threads leave their drafts in a queue; one of them takes all that wait (group commit), under a
   lock that keeps other processes out.
2. What another process wrote since is read; what a kill left behind is mended.
3. The lines are written and synced, then the signed checkpoint, then the machine's own note of it.

A kill between two steps leaves whole entries without checkpoint (the next writer covers them: each
carries its own seal, so that nobody else can have put it there), or a torn last line (the next
writer cuts it off); either way it says so in an entry of its own.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from faisceau.disk import sync, write_durably
from faisceau.errors import CaseError, Damaged, FaisceauError, NotFound, UsageError
from faisceau.ledger import canonical, checkpoint, files
from faisceau.ledger import state as states
from faisceau.ledger.checkpoint import Checkpoint
from faisceau.ledger.entry import Draft, Entry, parse, to_seal
from faisceau.ledger.files import Places
from faisceau.ledger.keys import KeyRing, PublicKeys, Seen
from faisceau.ledger.merkle import EMPTY
from faisceau.ledger.state import State
from faisceau.words import N_

Clock = Callable[[], datetime]
SOFTWARE = "faisceau"
"""The agent of an entry that the ledger itself makes."""

_VERIFY = N_("Run `faisceau ledger verify` on the case: it names what was altered.")


def now() -> datetime:
    """The time of the machine, UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class _Job:
    """The drafts of one caller, and what became of them."""

    drafts: tuple[Draft, ...]
    entries: list[Entry] = field(default_factory=list)
    done: bool = False
    error: BaseException | None = None


@dataclass(slots=True)
class _Head:
    """Where the two files end, as this writer last left or found them."""

    state: State
    line: bytes
    """The last checkpoint."""
    checkpoints: int
    """Bytes of the checkpoints file."""


class Ledger:
    """One case's ledger. Reading needs the case folder alone, appending the keys as well.

    May be shared by threads; processes each open their own.
    """

    def __init__(self, case_folder: Path, case_id: str, *, clock: Clock = now) -> None:
        self.case_id = case_id
        self._places = Places(case_folder)
        self._clock = clock
        self._ring: KeyRing | None = None
        self._queue: list[_Job] = []
        self._queueing, self._writing = Lock(), Lock()
        self._head: _Head | None = None

    @classmethod
    def create(cls, case_folder: Path, case_id: str, *, clock: Clock = now) -> "Ledger":
        """Begin the ledger of a new case: its keys, and a signed checkpoint over no entry.

        CaseError when the folder has a ledger, or this machine keys for the case.
        """
        ledger = cls(case_folder, case_id, clock=clock)
        places = ledger._places
        if places.folder.exists():
            raise CaseError(N_("There already is a ledger in {folder}"), folder=str(places.folder))
        ring = KeyRing.create(case_id)
        ring.public.write(places.keys)
        write_durably(places.entries, b"")
        first = checkpoint.sign(
            ring,
            size=0,
            length=0,
            root=EMPTY,
            at=canonical.stamp(clock()),
            previous=checkpoint.FIRST,
        )
        write_durably(places.checkpoints, first.line() + b"\n")
        for folder in (places.keys, places.folder, places.case):
            sync(folder)
        ring.see(Seen(0, first.root))
        ledger._ring = ring
        return ledger

    @classmethod
    def open(cls, case_folder: Path, case_id: str, *, clock: Clock = now) -> "Ledger":
        """The ledger of a case; NotFound when the folder has none. Writes nothing."""
        ledger = cls(case_folder, case_id, clock=clock)
        if not ledger._places.checkpoints.is_file():
            raise NotFound(
                N_("There is no ledger in {folder}"),
                hint=N_("Is this the case folder? It should hold a folder named ledger."),
                folder=str(case_folder),
            )
        return ledger

    # Reading: nothing is written, nothing is mended.

    @property
    def checkpoint(self) -> Checkpoint:
        """The last signed checkpoint (its signatures are for ``verify`` to check)."""
        _, line, _ = files.last_line(
            self._places.checkpoints, files.length(self._places.checkpoints)
        )
        return _parsed_checkpoint(line)

    @property
    def size(self) -> int:
        """Entries under the last signed checkpoint."""
        return self.checkpoint.size

    def checkpoint_covering(self, number: int) -> Checkpoint:
        """The first checkpoint that covers an entry; NotFound when none does yet."""
        path = self._places.checkpoints
        found = checkpoint.find(path, files.length(path), number + 1)
        if found is None:
            raise NotFound(N_("No checkpoint covers the ledger's entry {number}"), number=number)
        return found[0]

    def entries(self, start: int = 0) -> Iterator[Entry]:
        """Every whole entry from number ``start``, in order.

        Damaged at a line that is not an entry; ``verify`` says whether they are genuine.
        """
        path = self._places.entries
        for number, (offset, line) in enumerate(files.lines(path, 0, files.length(path))):
            if number >= start and line.endswith(b"\n"):
                yield _parsed_entry(line[:-1], number, offset)

    def open_operations(self) -> list[Entry]:
        """Opening entries that none closes: at work now, or cut off by a kill."""
        places = self._places
        entries, checkpoints = files.snapshot(places)
        state = State()
        with suppress(CaseError):  # without the keys the cache cannot be trusted: read all
            state = states.load(places, self._keys().secret, checkpoints)
        for offset, line in files.lines(places.entries, state.length, entries):
            if line.endswith(b"\n"):
                _take(state, line[:-1], offset)
        return [self._entry_at(offset) for _, offset in sorted(state.opened.items())]

    # Writing.

    def append(self, *drafts: Draft) -> list[Entry]:
        """Record drafts, in order and together; durable and signed when this returns.

        UsageError for a draft that cannot be recorded (data that is not JSON, a close of what is
        not open): none of the call's drafts is then. CaseError when the keys are absent or the
        disk fails; Damaged when the ledger was altered.
        """
        if not drafts:
            return []
        for draft in drafts:
            draft.check()
        job = _Job(drafts)
        with self._queueing:
            self._queue.append(job)
        with self._writing:
            if not job.done:  # else another thread took it along
                self._write_waiting()
        if job.error is not None:
            raise job.error
        return job.entries

    def _write_waiting(self) -> None:
        with self._queueing:
            jobs, self._queue = self._queue, []
        try:
            with self._alone():
                self._write(jobs)
        except BaseException as error:
            self._head = None  # the files may have moved: look again
            for job in jobs:
                job.error = job.error or _as_ours(error, self._places)
        for job in jobs:
            job.done = True

    def _write(self, jobs: list[_Job]) -> None:
        """Number, seal and write what the jobs hold, under one checkpoint."""
        ring, places = self._keys(), self._places
        head, repair = self._catch_up()
        state, lines = head.state.copy(), list[bytes]()

        def put(draft: Draft) -> Entry:
            body = draft.body(state.size, canonical.stamp(self._clock()))
            body["seal"] = ring.seal(to_seal(canonical.dumps(body), head.line))
            line = canonical.dumps(body)
            state.take(line)
            lines.append(line + b"\n")
            return parse(line)

        if repair is not None:
            put(repair)
        for job in jobs:
            closing = [draft.of for draft in job.drafts if draft.of is not None]
            unknown = [of for of in closing if of not in state.opened]
            if unknown or len(set(closing)) < len(closing):
                job.error = UsageError(
                    N_("Entry {of} is not an operation left open"), of=(unknown or closing)[0]
                )
            else:
                job.entries = [put(draft) for draft in job.drafts]
        if not lines:
            return
        sealed = checkpoint.sign(
            ring,
            size=state.size,
            length=state.length,
            root=state.frontier.root(),
            at=canonical.stamp(self._clock()),
            previous=checkpoint.digest(head.line),
        )
        line = sealed.line()
        try:
            _add(places.entries, b"".join(lines))
            _add(places.checkpoints, line + b"\n")
        except OSError:  # a full disk: put back what callers will be told did not happen
            with suppress(OSError):
                os.truncate(places.entries, head.state.length)
                os.truncate(places.checkpoints, head.checkpoints)
            raise
        ring.see(Seen(sealed.size, sealed.root))
        self._head = _Head(state, line, head.checkpoints + len(line) + 1)
        with suppress(OSError):
            places.index.mkdir(exist_ok=True)
            states.save(state, places, ring.secret)

    def _catch_up(self) -> tuple[_Head, Draft | None]:
        """Where the log stands now, with the entry that says what had to be mended, if anything.

        1. Cut off a torn checkpoint, check the signatures of the last whole one.
        2. Take in the entries that it covers; their root must be its own.
        3. Take in whole entries beyond it, each by its seal; cut off a torn line.
        """
        places, ring = self._places, self._keys()
        size_entries, size_checkpoints = files.snapshot(places)
        head = self._head
        if head and (size_entries, size_checkpoints) == (head.state.length, head.checkpoints):
            return head, None

        _, line, end = files.last_line(places.checkpoints, size_checkpoints)
        last = _parsed_checkpoint(line)
        if last.case != self.case_id or last.faults(ring.public):
            raise Damaged(
                N_("The ledger's last checkpoint is not signed with the keys of the case {case}"),
                hint=_VERIFY,
                case=self.case_id,
            )
        self._compare_with_seen(last, end)
        if head and head.state.length <= last.length:
            state = head.state.copy()
        else:
            state = states.load(places, ring.secret, end)
        for offset, entry in files.lines(places.entries, state.length, last.length):
            _take(state, entry.removesuffix(b"\n"), offset)
        if (state.size, state.frontier.root().hex()) != (last.size, last.root):
            raise Damaged(N_("The ledger's entries are not those that were signed"), hint=_VERIFY)

        covered = state.size
        for offset, entry in files.lines(places.entries, state.length, size_entries):
            if entry.endswith(b"\n"):
                self._take_uncovered(state, entry[:-1], offset, line)
        torn = size_entries - state.length, size_checkpoints - end
        for path, length, cut in zip(
            (places.checkpoints, places.entries), (end, state.length), torn[::-1], strict=True
        ):
            if cut:
                _cut(path, length)
        head = _Head(state, line, end)
        if not any(torn) and covered == state.size:
            return head, None
        found = {
            "entries_uncovered": [covered, state.size],
            "torn_bytes": {"entries": torn[0], "checkpoints": torn[1]},
        }
        return head, Draft("recovery", "only", "mend ledger", SOFTWARE, outcome="done", data=found)

    def _compare_with_seen(self, last: Checkpoint, end: int) -> None:
        """The log must continue what was last signed here, under the keys it was made with."""
        ring = self._keys()
        if PublicKeys.read(self._places.keys).pems != ring.public.pems:
            raise Damaged(
                N_("The public keys in the case are not those of this machine"), hint=_VERIFY
            )
        seen = ring.seen()
        found = seen and checkpoint.find(self._places.checkpoints, end, seen.size)
        if seen and (not found or (found[0].size, found[0].root) != (seen.size, seen.root)):
            raise Damaged(
                N_(
                    "The ledger was set back or rewritten: it ends at {size} entries, and this "
                    "machine has signed a checkpoint over {seen} that it does not hold"
                ),
                hint=N_(
                    "Restore the newest copy of the case. If it is lost for good, moving "
                    "{note} away lets this copy go on; who holds a later checkpoint will see it."
                ),
                size=last.size,
                seen=seen.size,
                note=str(ring.folder / "last-seen.json"),
            )

    def _take_uncovered(self, state: State, line: bytes, offset: int, head: bytes) -> None:
        """Take in an entry that no checkpoint covers, if this ledger's key sealed it."""
        number = state.size
        entry = _parsed_entry(line, number, offset)
        if not sealed(entry, head, self._keys().public):
            raise Damaged(
                N_("Entry {number} of the ledger was not written by Faisceau (byte {offset})"),
                hint=_VERIFY,
                number=number,
                offset=offset,
            )
        _take(state, line, offset)

    def _keys(self) -> KeyRing:
        if self._ring is None:
            self._ring = KeyRing.open(self.case_id)
        return self._ring

    def _entry_at(self, offset: int) -> Entry:
        with self._places.entries.open("rb") as file:
            file.seek(offset)
            return parse(file.readline().removesuffix(b"\n"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes out; the system frees the lock when its holder dies.

        The lock is on the log itself: a lock file in ``index/`` could be swept away while held.
        """
        with self._places.entries.open("r+b") as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            yield


def sealed(entry: Entry, head: bytes, keys: PublicKeys) -> bool:
    """True when the entry's own seal holds; ``head``: the line of the checkpoint before it."""
    return keys.signed("ed25519", entry.seal, to_seal(entry.sealed(), head))


def _parsed_entry(line: bytes, number: int, offset: int) -> Entry:
    try:
        return parse(line)
    except Damaged as error:
        raise _bad_entry(number, offset, error) from error


def _take(state: State, line: bytes, offset: int) -> None:
    try:
        state.take(line)
    except Damaged as error:
        raise _bad_entry(state.size, offset, error) from error


def _bad_entry(number: int, offset: int, why: Damaged) -> Damaged:
    return Damaged(
        N_("Entry {number} of the ledger is damaged (byte {offset}): {why}"),
        hint=_VERIFY,
        number=number,
        offset=offset,
        why=str(why),
    )


def _parsed_checkpoint(line: bytes) -> Checkpoint:
    try:
        return checkpoint.parse(line)
    except Damaged as error:
        raise Damaged(
            N_("The ledger's last checkpoint is damaged: {why}"), hint=_VERIFY, why=str(error)
        ) from error


def _as_ours(error: BaseException, places: Places) -> BaseException:
    """A disk's error told as ours; what is already ours, or an interruption, unchanged."""
    if isinstance(error, FaisceauError) or not isinstance(error, OSError):
        return error
    ours = CaseError(
        N_("The ledger in {folder} cannot be written: {why}"),
        hint=N_("Is the disk full, or the folder read-only?"),
        folder=str(places.folder),
        why=error.strerror or str(error),
    )
    ours.__cause__ = error
    return ours


def _add(path: Path, data: bytes) -> None:
    """Append to a file that must exist, and wait until it is on the disk."""
    with open(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as file:  # noqa: PTH123
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _cut(path: Path, length: int) -> None:
    with path.open("r+b") as file:
        file.truncate(length)
        os.fsync(file.fileno())

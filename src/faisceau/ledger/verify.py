"""Verification: offline, from the case folder alone, without writing a byte.

1. Under ``ledger/`` stand the files that should be there, and no other.
2. The public keys are as written; where this machine holds the keys, they are the same.
3. Each checkpoint holds the hash of the one before; both signatures of the last hold. So every
   byte of every checkpoint is vouched for.
4. Each line of the entries is canonical, whole, in its place; at each checkpoint the tree's root
   is the signed one. So every byte of every entry is vouched for.
5. Entries beyond the last checkpoint (a kill) are known by their own seals.
6. Where this machine holds the keys: the log holds the last checkpoint signed here.
7. The files under ``tables/`` and ``evidence/`` are those that the signed entries account for.

When a root is not the signed one, some entry since the checkpoint before was altered; the seals
of those entries say which.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from faisceau.errors import CaseError, Damaged, UsageError
from faisceau.ledger import checkpoint as checkpoints
from faisceau.ledger import files, fixity
from faisceau.ledger.checkpoint import Checkpoint
from faisceau.ledger.entry import checked, parse
from faisceau.ledger.files import Places
from faisceau.ledger.keys import ALGORITHMS, KeyRing, PublicKeys, Seen, ring_folder
from faisceau.ledger.log import sealed
from faisceau.ledger.merkle import Frontier, leaf_hash
from faisceau.ledger.verdict import Findings, Verdict
from faisceau.words import N_

ENTRIES, CHECKPOINTS = "ledger/entries.jsonl", "ledger/checkpoints.jsonl"
_NAMES = {ENTRIES, CHECKPOINTS} | {f"ledger/keys/{name}.pem" for name in ALGORITHMS}


def verify(case_folder: Path, *, log_only: bool = False) -> Verdict:
    """Check the ledger of a case and, unless ``log_only``, every file it accounts for.

    Streams: memory grows with the files accounted for and the operations open, not with entries.
    A writer may be at work: the log is checked as it stood at one moment, and again when it moved
    on while something seemed wrong.
    """
    places = Places(case_folder)
    for _ in range(3):
        before = files.snapshot(places)
        verdict = _verify(places, log_only)
        if verdict.ok or files.snapshot(places) == before:
            break
    return verdict


def _verify(places: Places, log_only: bool) -> Verdict:
    findings = Findings()
    _check_names(places, findings)
    keys = _read_keys(places, findings)
    case_id = _case_id(places)
    ring = _ring(case_id)
    # What this machine saw is read before the log: a writer moves both, the log first.
    seen = _seen(ring, findings)
    length, marks_length = files.snapshot(places)
    if keys:
        _check_keys(places, marks_length, keys, ring, findings)

    log = _Log(places, length, findings, keys, _last_signed(places, marks_length, keys))
    chain = _Chain(places, marks_length, findings, keys)
    seen_again = seen is None
    for mark in chain.intact():
        log.compare(mark)
        seen_again = seen_again or Seen(mark.at.size, mark.at.root) == seen
    log.take_rest()
    if not seen_again and seen:
        findings.add("file", CHECKPOINTS, _SET_BACK, seen=seen.size)

    read, leftovers = None, list[str]()
    if not log_only:
        working = bool(log.opened)
        read, leftovers = fixity.check(places.case, log.account, findings, working=working)
    last = log.last[0] if log.last else None
    return Verdict(
        ok=not findings.kept,
        case_id=case_id,
        entries=log.count,
        checkpoints=chain.count,
        signed_size=last.size if last else 0,
        root=last.root if last else "",
        signed_at=last.at if last else "",
        fingerprint=keys.fingerprint if keys else "",
        known_here=ring is not None,
        files=read,
        problems=tuple(findings.kept),
        problems_left_out=findings.left_out,
        open_operations=tuple(parse(line) for _, line in sorted(log.opened.items())),
        leftovers=tuple(leftovers),
        unsigned=log.unsigned,
        torn=log.torn + chain.torn,
    )


@dataclass(frozen=True, slots=True)
class _Mark:
    """A checkpoint that is vouched for; ``head``: the line before it, unless that was altered."""

    at: Checkpoint
    line: bytes
    head: bytes | None
    number: int
    offset: int


@dataclass(slots=True)
class _Chain:
    """The walk along the checkpoints."""

    places: Places
    length: int
    findings: Findings
    keys: PublicKeys | None
    count: int = 0
    torn: int = 0

    def intact(self) -> Iterator[_Mark]:
        """Each checkpoint that is as it was signed, in order; the others become findings.

        One is vouched for by the hash in the next, the last one by its signatures. Where a hash
        does not match, the signatures of both neighbours tell which was altered.
        """
        held: _Mark | None = None  # until the next one vouches for it
        size, before, head = -1, checkpoints.FIRST, b""
        for number, (offset, line) in enumerate(
            files.lines(self.places.checkpoints, 0, self.length)
        ):
            if not line.endswith(b"\n"):
                self._note_torn(line, number, offset)
                break
            self.count += 1
            try:
                mark = _Mark(checkpoints.parse(line[:-1]), line[:-1], head, number, offset)
            except Damaged as why:
                self._add(number, offset, why.message)
                mark = None
            follows = mark and mark.at.previous == before and mark.at.size > size
            if held and not follows and self._altered(held):
                held = None
            if mark and not follows:
                if self._altered(mark):
                    mark = None
                else:
                    if held or number == 0:
                        self._add(number, offset, _GAP)
                    mark = replace(mark, head=None)
            if held:
                yield held
            held, before = mark, checkpoints.digest(line[:-1])
            head, size = line[:-1], mark.at.size if mark else size
        if self.count == 0:
            self.findings.add("file", CHECKPOINTS, N_("there is no checkpoint"))
        if held and not self._altered(held):
            yield held

    def _altered(self, mark: _Mark) -> bool:
        """Whether a checkpoint's own signatures fail (a finding); unknown without keys."""
        faults = mark.at.faults(self.keys) if self.keys else []
        if faults:
            self._add(mark.number, mark.offset, _UNSIGNED, algorithms=faults)
        return bool(faults)

    def _add(self, number: int, offset: int, message: str, **facts: object) -> None:
        self.findings.add("checkpoint", CHECKPOINTS, message, number=number, offset=offset, **facts)

    def _note_torn(self, line: bytes, number: int, offset: int) -> None:
        self.torn = self.length - offset
        if _was_whole(line):
            self._add(number, offset, _END_ALTERED)


@dataclass(slots=True)
class _Log:
    """The walk along the entries, up to one checkpoint after another."""

    places: Places
    length: int
    findings: Findings
    keys: PublicKeys | None
    last: tuple[Checkpoint, bytes] | None
    """The last checkpoint and its line, when its signatures hold."""
    count: int = 0
    end: int = 0
    """Bytes of the entries taken so far."""
    expected: int = 0
    """The number the next entry should have."""
    unsigned: int = 0
    torn: int = 0
    opened: dict[int, bytes] = field(default_factory=dict)
    account: fixity.Account = field(default_factory=fixity.Account)
    frontier: Frontier = field(default_factory=Frontier)
    damaged: bool = False
    """An entry was found wrong: the roots that follow say nothing new."""
    _lines: Iterator[tuple[int, bytes]] | None = None

    def compare(self, mark: _Mark) -> None:
        """Take in the entries up to a checkpoint, and compare the root with the signed one."""
        number, offset = self.count, self.end
        self._take(mark.at.size)
        if self.damaged:
            return
        if self.count < mark.at.size:
            size = self.last[0].size if self.last else mark.at.size
            self._add(self.count, self.end, _MISSING, size=size, entries=self.count)
        elif (self.frontier.root().hex(), self.end) != (mark.at.root, mark.at.length):
            self._blame(mark, number, offset)

    def take_rest(self) -> None:
        """Take in the entries that no checkpoint covers."""
        self._take(None)

    def _take(self, size: int | None) -> None:
        """Take in lines until there are ``size`` entries, or no more."""
        if self._lines is None:
            self._lines = files.lines(self.places.entries, 0, self.length)
        covered = self.last[0].size if self.last else None
        while size is None or self.count < size:
            offset, line = next(self._lines, (self.length, b""))
            if not line.endswith(b"\n"):
                if line:
                    self._note_torn(line, offset)
                return
            body = line[:-1]
            try:
                if covered is None or self.count < covered:
                    self._check(body)
                else:
                    self.unsigned += 1
                    self._check_uncovered(body)
            except Damaged as why:
                self._add(self.count, offset, why.message, **why.facts)
            self.frontier.append(leaf_hash(body))
            self.count += 1
            self.expected += 1
            self.end = offset + len(line)

    def _check(self, body: bytes) -> None:
        """One signed entry: its form, its number, what it closes, the files it accounts for."""
        value = checked(body)
        number = value["number"]
        if number != self.expected:
            expected, self.expected = self.expected, number
            raise Damaged(_OUT_OF_PLACE, expected=expected, found=number)
        if value["phase"] == "open":
            self.opened[number] = body
        elif value["phase"] == "close" and self.opened.pop(value["of"], None) is None:
            raise Damaged(_NOT_OPEN, of=value["of"])
        if not fixity.take(self.account, number, value):
            raise Damaged(N_("what it says of files makes no sense"))

    def _check_uncovered(self, body: bytes) -> None:
        """One entry beyond the last checkpoint: only its seal tells that the ledger wrote it.

        Its operation was not answered yet: the files it speaks of do not count.
        """
        entry = parse(body)
        if entry.number != self.expected:
            expected, self.expected = self.expected, entry.number
            raise Damaged(_OUT_OF_PLACE, expected=expected, found=entry.number)
        if self.last and self.keys and not sealed(entry, self.last[1], self.keys):
            raise Damaged(N_("Faisceau did not write it: its seal does not hold"))

    def _blame(self, mark: _Mark, number: int, offset: int) -> None:
        """Name the entry by which a root is not the signed one: the first whose seal fails.

        Without the line that the seals rest on (it was altered too), name the batch.
        """
        if mark.head is not None and self.keys:
            for n, (at, line) in enumerate(
                files.lines(self.places.entries, offset, self.end), start=number
            ):
                if not sealed(parse(line[:-1]), mark.head, self.keys):
                    self._add(n, at, N_("it was altered after it was signed"))
                    return
        self._add(number, offset, _ONE_OF, first=number, last=mark.at.size - 1)

    def _note_torn(self, line: bytes, offset: int) -> None:
        self.torn = self.length - offset
        if _was_whole(line):
            self._add(self.count, offset, _END_ALTERED)

    def _add(self, number: int, offset: int, message: str, **facts: object) -> None:
        self.damaged = True
        self.findings.add("entry", ENTRIES, message, number=number, offset=offset, **facts)


_UNSIGNED = N_("it is not signed with the keys of the case ({algorithms})")
_GAP = N_("it does not follow the one before: checkpoints were removed or rewritten")
_END_ALTERED = N_("the end of the line was altered")
_OUT_OF_PLACE = N_("entry {expected} was expected, {found} was found")
_NOT_OPEN = N_("it closes entry {of}, which is not open")
_MISSING = N_("entries were removed: {size} are signed, {entries} are left")
_ONE_OF = N_("one of the entries {first} to {last} was altered after it was signed")
_SET_BACK = N_("the log was set back or rewritten: this machine signed one with {seen} entries")


def _check_names(places: Places, findings: Findings) -> None:
    """Step 1: the ledger's files, and nothing else beside them."""
    found = set()
    for path in sorted(places.folder.rglob("*")):
        name = path.relative_to(places.case).as_posix()
        if path.is_dir() and not path.is_symlink() and name == "ledger/keys":
            continue
        found.add(name)
        if name not in _NAMES or path.is_symlink() or not path.is_file():
            findings.add("file", name, N_("this does not belong to a ledger"))
    for name in sorted(_NAMES - found):
        findings.add("file", name, N_("this file is missing"))


def _read_keys(places: Places, findings: Findings) -> PublicKeys | None:
    """Step 2: the public keys, when they are as they were written."""
    try:
        return PublicKeys.read(places.keys)
    except Damaged as why:
        name = f"ledger/keys/{why.facts['key']}.pem"
        findings.add("file", name, why.message, **why.facts)
        return None


def _check_keys(
    places: Places, length: int, keys: PublicKeys, ring: KeyRing | None, findings: Findings
) -> None:
    """Step 2, further: a key is this machine's, if it holds the keys, and has signed something."""
    first = next((line for _, line in files.lines(places.checkpoints, 0, length)), b"")
    lines = first.removesuffix(b"\n"), files.last_line(places.checkpoints, length)[1]
    try:
        ends = [checkpoints.parse(line) for line in lines]
    except Damaged:
        ends = []
    unused = set.intersection(*(set(mark.faults(keys)) for mark in ends)) if ends else set()
    for name in ALGORITHMS:
        if ring and keys.pems[name] != ring.public.pems[name]:
            findings.add("file", f"ledger/keys/{name}.pem", N_("it is not this machine's key"))
        elif name in unused:
            findings.add("file", f"ledger/keys/{name}.pem", N_("no checkpoint is signed with it"))


def _last_signed(
    places: Places, length: int, keys: PublicKeys | None
) -> tuple[Checkpoint, bytes] | None:
    """The last checkpoint with its line, when both its signatures hold."""
    _, line, _ = files.last_line(places.checkpoints, length)
    try:
        mark = checkpoints.parse(line)
    except Damaged:
        return None
    return (mark, line) if keys and not mark.faults(keys) else None


def _case_id(places: Places) -> str:
    """The case that the last checkpoint names; empty when none can be read."""
    _, line, _ = files.last_line(places.checkpoints, files.length(places.checkpoints))
    try:
        return checkpoints.parse(line).case
    except Damaged:
        return ""


def _ring(case_id: str) -> KeyRing | None:
    """The keys of the case, when this machine holds them whole."""
    try:
        return KeyRing.open(case_id) if ring_folder(case_id).is_dir() else None
    except (CaseError, UsageError):
        return None


def _seen(ring: KeyRing | None, findings: Findings) -> Seen | None:
    """The last checkpoint signed on this machine, when it holds the keys."""
    try:
        return ring.seen() if ring else None
    except CaseError as why:
        findings.add("file", why.facts["path"], why.message, **why.facts)
        return None


def _was_whole(torn: bytes) -> bool:
    """True for a whole line whose end was altered: a write cut short leaves nothing after it."""
    try:
        text = torn.decode("utf-8", "replace")
        return json.JSONDecoder().raw_decode(text)[1] < len(text)
    except ValueError:
        return False

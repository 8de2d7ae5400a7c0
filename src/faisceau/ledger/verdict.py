"""What a verification found: nouns, with their words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from faisceau.ledger.entry import Entry
from faisceau.words import N_, say

_WHERE = {
    "entry": N_("{file}, entry {number} (byte {offset})"),
    "checkpoint": N_("{file}, checkpoint {number} (byte {offset})"),
    "file": N_("{file}"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as the ledger says: where it is, and why.

    ``what`` is ``entry``, ``checkpoint`` or ``file``; ``number`` counts entries or checkpoints
    from 0, ``offset`` bytes within ``file``, a path within the case.
    """

    what: str
    file: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        where = say(_WHERE[self.what], file=self.file, number=self.number, offset=self.offset)
        return f"{where}: {say(self.message, **self.facts)}"

    def to_json(self) -> dict[str, Any]:
        """The problem as a JSON object, with its words in the current language."""
        return {
            "what": self.what,
            "file": self.file,
            "number": self.number,
            "offset": self.offset,
            "text": say(self.message, **self.facts),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a ledger, and the files it accounts for, are as they were written.

    ``ok`` is the answer; ``problems`` why not, the first altered entry before its consequences
    (``problems_left_out`` counts those beyond the first hundred). The rest is no fault:
    ``unsigned`` entries and ``torn`` bytes are what a kill left, for the next writer to mend;
    ``leftovers`` are files of ``open_operations``.
    """

    ok: bool
    case_id: str
    entries: int
    checkpoints: int
    signed_size: int
    """Entries that the last checkpoint covers."""
    root: str
    """Their root, hexadecimal."""
    signed_at: str
    """When the last checkpoint was signed, RFC 3339."""
    fingerprint: str
    """SHA-256 of the public keys, to compare with one obtained elsewhere."""
    known_here: bool
    """True when this machine holds the keys: the log was compared with what it last signed."""
    files: int | None
    """Files whose bytes were checked; None when the log alone was."""
    problems: tuple[Problem, ...]
    problems_left_out: int
    open_operations: tuple[Entry, ...]
    leftovers: tuple[str, ...]
    unsigned: int
    torn: int

    def __str__(self) -> str:
        if self.ok and self.files is not None:
            text = N_("{entries} entries, {checkpoints} checkpoints and {files} files are intact")
        elif self.ok:
            text = N_("{entries} entries and {checkpoints} checkpoints are intact; files not read")
        else:
            text = N_("The case is not as its ledger says: {problems} problems")
        return say(
            text,
            entries=self.entries,
            checkpoints=self.checkpoints,
            files=self.files,
            problems=len(self.problems) + self.problems_left_out,
        )

    def notes(self) -> list[str]:
        """What is no fault but should be known, one sentence each."""
        told = []
        if not self.known_here:
            told.append(
                say(
                    N_(
                        "This machine does not hold the keys of the case: compare the fingerprint "
                        "{fingerprint} with one obtained elsewhere."
                    ),
                    fingerprint=self.fingerprint,
                )
            )
        if self.unsigned or self.torn:
            text = N_(
                "A writer was cut off: {unsigned} entries await their checkpoint, {torn} bytes "
                "are torn. The next writer mends this."
            )
            told.append(say(text, unsigned=self.unsigned, torn=self.torn))
        for entry in self.open_operations:
            text = N_("Operation never closed: entry {number}, {act}, {agent}, {at}")
            told.append(
                say(text, number=entry.number, act=entry.act, agent=entry.agent, at=entry.at)
            )
        told += [say(N_("Left over from it: {path}"), path=path) for path in self.leftovers]
        return told

    def to_json(self) -> dict[str, Any]:
        """The verdict as a JSON object."""
        value = {name: getattr(self, name) for name in Verdict.__dataclass_fields__}
        return value | {
            "problems": [problem.to_json() for problem in self.problems],
            "open_operations": [entry.to_json() for entry in self.open_operations],
            "leftovers": list(self.leftovers),
        }


@dataclass(slots=True)
class Findings:
    """Problems as they are met, the first hundred kept."""

    kept: list[Problem] = field(default_factory=list)
    left_out: int = 0

    def add(
        self,
        what: str,
        file: str,
        message: str,
        /,
        *,
        number: int | None = None,
        offset: int | None = None,
        **facts: Any,
    ) -> None:
        """Note one problem."""
        if len(self.kept) < 100:
            self.kept.append(Problem(what, file, message, facts, number, offset))
        else:
            self.left_out += 1

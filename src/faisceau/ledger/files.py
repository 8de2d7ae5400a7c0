"""Where the ledger lies in a case folder, and how its lines are read: forwards, from the end.

Nothing here writes. A file is read up to a length fixed beforehand, so that a reader is never
confused by a writer at work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faisceau.ledger.entry import MAX_LINE

_BLOCK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Places:
    """The ledger's files within a case folder. The cache stays out of ``ledger/``."""

    case: Path

    @property
    def folder(self) -> Path:
        return self.case / "ledger"

    @property
    def entries(self) -> Path:
        return self.folder / "entries.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints.jsonl"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def index(self) -> Path:
        return self.case / "index"

    @property
    def cache(self) -> Path:
        return self.index / "ledger-frontier.json"


def length(path: Path) -> int:
    """Bytes in a file; 0 when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def snapshot(places: Places) -> tuple[int, int]:
    """Lengths of the entries and of the checkpoints at one moment, though a writer be at work.

    Entries are written before their checkpoint: lengths taken between two equal looks at the
    checkpoints belong together.
    """
    while True:
        before = length(places.checkpoints)
        entries = length(places.entries)
        if length(places.checkpoints) == before:
            return entries, before


def lines(path: Path, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Each line between two offsets with its own offset, line end included.

    The last may lack its end (torn); a line longer than the longest allowed comes in pieces.
    """
    if start >= stop:
        return
    with path.open("rb") as file:
        file.seek(start)
        offset, read = start, file.readline
        while offset < stop:
            line = read(MAX_LINE)
            if not line:
                return
            if offset + len(line) > stop:
                line = line[: stop - offset]
            yield offset, line
            offset += len(line)


def last_line(path: Path, stop: int) -> tuple[int, bytes, int]:
    """The last whole line before ``stop``: its offset, its bytes without the end, where it ends.

    What follows up to ``stop`` is torn. Without a whole line: ``(0, b"", 0)``.
    """
    if stop == 0:
        return 0, b"", 0
    with path.open("rb") as file:
        tail, at = b"", stop
        while at > 0 and tail.count(b"\n") < 2:
            step = min(max(_BLOCK, len(tail)), at)
            at -= step
            file.seek(at)
            tail = file.read(step) + tail
    end = tail.rfind(b"\n")
    if end < 0:
        return 0, b"", 0
    begin = tail.rfind(b"\n", 0, end) + 1
    return at + begin, tail[begin:end], at + end + 1

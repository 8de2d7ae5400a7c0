"""What arrives while one waits: files of a folder as they come, a pipe as it is written.

Each is a member that readers read as any file, a piece at a time.
"""

import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO, cast

from faisceau.errors import BadInput
from faisceau.evidence.containers import shown_name
from faisceau.evidence.reading import HEAD_BYTES, Member
from faisceau.words import N_

PIECE, FILED = 256 << 10, 2 << 20
"""Bytes of a pipe and of a file read at once: what they hold is looked at before more is read, and
the ledger is written once for all its alerts."""
POLL_S = 0.2


def alone(arriving: Path | BinaryIO, stop: Event) -> Iterator[Member]:
    """One file, read to its end; or one pipe, until it is closed or ``stop`` is set."""
    if not isinstance(arriving, Path):
        yield _piped("-", arriving, stop)
    elif arriving.is_file():
        yield _filed(arriving, arriving.stat().st_size)
    else:
        with arriving.open("rb", buffering=0) as stream:
            yield _piped(_name(arriving), cast("BinaryIO", stream), stop)


def coming(
    folder: Path, stop: Event, changed: Callable[[int], None], *, once: bool
) -> Iterator[Member]:
    """The files of a folder, then new ones until ``stop`` is set; ``once``: those there alone.

    One that still grows waits; hidden and partial ones are left. ``changed`` is told how many
    were written to after they were given.
    """
    given: dict[Path, _Stamp] = {}
    before: dict[Path, _Stamp] = {}
    while not stop.is_set():
        there = _stamps(folder)
        moved = {p: s for p, s in there.items() if p in given and given[p] != s}
        given.update(moved)
        if moved:
            changed(len(moved))
        for path, stamp in there.items():
            if path not in given and (once or before.get(path) == stamp):
                given[path] = stamp
                yield _filed(path, stamp[1])
        if once:
            return
        before = there
        stop.wait(POLL_S)


_Stamp = tuple[int, int]


def _stamps(folder: Path) -> dict[Path, _Stamp]:
    """Time and size of each file that holds something, the oldest first."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith((".part", ".tmp")):
                continue
            try:
                said = entry.stat()
            except FileNotFoundError:
                continue  # gone meanwhile
            if entry.is_file() and said.st_size:
                found.append((said.st_mtime_ns, Path(entry.path), said.st_size))
    return {path: (at, size) for at, path, size in sorted(found)}


def _name(path: Path) -> str:
    return shown_name(os.fsencode(path.name))


class _Pieces(io.RawIOBase):
    """A stream whose reads are short: ``more`` gives what is there, nothing at the end."""

    def __init__(
        self, more: Callable[[], bytes], held: bytes = b"", file: BinaryIO | None = None
    ) -> None:
        self._more, self._held, self._file = more, held, file

    def read(self, size: int = -1, /) -> bytes:
        held = self._held or self._more()
        size = len(held) if size < 0 else size
        self._held = held[size:]
        return held[:size]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def _filed(path: Path, size: int) -> Member:
    def opened() -> BinaryIO:
        file = path.open("rb")
        return cast("BinaryIO", _Pieces(lambda: file.read(FILED), file=file))

    return Member(_name(path), size, opened, lambda: path, lambda: "")


@dataclass(slots=True)
class _Pipe:
    """A stream that is read once, though readers open a file anew to recognise it.

    Each opening begins with the same first bytes; the first that reads on gets what follows.
    """

    stream: BinaryIO
    stop: Event
    first: bytes | None = None
    owner: object = None

    def open(self) -> BinaryIO:
        if self.first is None:
            self.first = self._beginning()
        me = object()

        def more() -> bytes:
            self.owner = self.owner or me
            return self._next(None) or b"" if self.owner is me else b""

        return cast("BinaryIO", _Pieces(more, self.first))

    def _beginning(self) -> bytes:
        """A whole line at least, and what comes at once with it."""
        data = b""
        while len(data) < HEAD_BYTES:
            whole = b"\n" in data.lstrip(b"\r\n")
            piece = self._next(POLL_S / 4 if whole else None, HEAD_BYTES - len(data))
            if not piece:
                break
            data += piece
        return data

    def _next(self, patience: float | None, most: int = PIECE) -> bytes | None:
        """What is there; nothing at the end or when stopped, None when patience ends."""
        handle = self.stream.fileno()
        while not self.stop.is_set():
            if select.select([handle], [], [], POLL_S if patience is None else patience)[0]:
                return os.read(handle, most)
            if patience is not None:
                return None
        return b""


def _piped(name: str, stream: BinaryIO, stop: Event) -> Member:
    def local() -> Path:
        raise BadInput(N_("{name} is neither CSV nor JSON Lines"), name=name)

    return Member(name, sys.maxsize, _Pipe(stream, stop).open, local, lambda: "")

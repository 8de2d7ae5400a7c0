"""Scratch: where what is extracted lies for the time of one reading, and how much may lie there."""

import fcntl
import hashlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any, BinaryIO, TypeVar

PART = ".part-"
"""How the name of everything temporary begins."""
BLOCK = 1 << 20
_OPEN_ARCHIVES = 8

Archive = TypeVar("Archive")


@dataclass(frozen=True, slots=True)
class Limits:
    """How far containers are unfolded.

    What comes out of a container, over all depths, is at most ``ratio`` times its own size (but
    ``floor`` bytes are always granted), and ``total`` bytes in ``members`` files for an exhibit.
    """

    depth: int = 3
    ratio: int = 200
    floor: int = 256 << 20
    total: int = 1 << 40
    members: int = 1_000_000

    def granted(self, size: int) -> int:
        """Bytes that a container of ``size`` bytes may give."""
        return min(max(size * self.ratio, self.floor), self.total)


class Overflow(Exception):
    """More bytes than granted."""


@contextmanager
def part_folder(parent: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``, locked while it is in use and removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = parent / f"{PART}{token_hex(8)}"
        folder.mkdir(mode=0o700)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():  # else swept between its making and its locking
            break
        os.close(lock)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep_parts(parent: Path) -> list[Path]:
    """Remove the temporary folders in ``parent`` that no process holds; which they were."""
    swept = []
    for folder in sorted(parent.glob(f"{PART}*")):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            if folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)
            else:
                folder.unlink(missing_ok=True)
            swept.append(folder)
        finally:
            os.close(lock)
    return swept


class Scratch:
    """The folder on disk of one reading, where what is extracted lies, and its limits."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self._folder = folder
        self._numbers = count(1)
        self._archives: OrderedDict[tuple[Path, Any], Any] = OrderedDict()

    def path(self) -> Path:
        """Where a new file may be written: nothing is there yet."""
        return self._folder / str(next(self._numbers))

    def folder(self) -> Path:
        """A new empty folder, for working copies."""
        folder = self.path()
        folder.mkdir(mode=0o700)
        return folder

    def extract(self, stream: BinaryIO, allowed: int) -> tuple[Path, str]:
        """Write a stream to a read-only file: where it lies and its sha256.

        ``allowed``: bytes, at most; ``Overflow`` when there is more.
        """
        path = self.path()
        digest, size = hashlib.sha256(), 0
        try:
            with path.open("xb") as file:
                os.fchmod(file.fileno(), 0o400)
                while block := stream.read(BLOCK):
                    size += len(block)
                    if size > allowed:
                        raise Overflow
                    digest.update(block)
                    file.write(block)
        except BaseException:
            path.unlink(missing_ok=True)  # half a file is none
            raise
        return path, digest.hexdigest()

    def archive(self, path: Path, opener: Callable[[Path], Archive]) -> Archive:
        """The archive at ``path``; a few stay open, for the next of their members."""
        known: Archive | None = self._archives.pop((path, opener), None)
        if known is None:
            known = opener(path)
            if len(self._archives) >= _OPEN_ARCHIVES:
                # members that are being read keep the file open until they are closed
                self._archives.popitem(last=False)[1].close()
        self._archives[path, opener] = known
        return known

    def close(self) -> None:
        """Let the archives go."""
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()


@contextmanager
def scratch_in(parent: Path, limits: Limits | None = None) -> Iterator[Scratch]:
    """A scratch folder for one reading, removed when it ends."""
    with part_folder(parent) as folder:
        scratch = Scratch(folder, limits or Limits())
        try:
            yield scratch
        finally:
            scratch.close()

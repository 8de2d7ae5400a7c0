"""Contents: what a container is found to hold, counted against what it may hold."""

import hashlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from faisceau.errors import BadInput
from faisceau.evidence.broken import BROKEN
from faisceau.evidence.containers.names import shown_name
from faisceau.evidence.containers.scratch import Scratch
from faisceau.evidence.reading import Member, Reject
from faisceau.words import N_

AHEAD = 64 << 10
"""Bytes read ahead in a member: as many as detection wants of it anyway."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an exhibit holds: the files that can be read, and those that cannot, with reasons."""

    members: list[Member]
    rejects: list[Reject]


@dataclass(slots=True)
class Room:
    """Bytes and files that a container may still give."""

    bytes: int
    files: int

    def take(self, container: str, size: int) -> None:
        """Count one file of ``size`` bytes; ``BadInput`` when the room is used up."""
        self.files -= 1
        self.bytes -= size
        if self.bytes < 0:
            raise bomb(container)
        if self.files < 0:
            raise BadInput(N_("{name} holds too many files: refused"), name=container)


def bomb(name: str) -> BadInput:
    """The error for a container that unfolds to more than it may."""
    return BadInput(
        N_("{name} unfolds to far more than its size: refused as a decompression bomb"), name=name
    )


def damaged(name: str, form: str, why: object) -> BadInput:
    """The error for a container, or a member, that is not what its form asks for."""
    return BadInput(
        N_("{name} cannot be opened as {form}: {why}"),
        hint=N_("Nothing was added: ask for the file again, the copy may have failed"),
        name=name,
        form=form,
        why=str(why)[:200],
    )


class _Checked(io.RawIOBase):
    """The bytes of a member, no more and no fewer than promised; damage is ``BadInput``."""

    def __init__(self, name: str, form: str, raw: Any, size: int | None) -> None:
        self._name, self._form, self._raw = name, form, raw
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._raw.read1(len(view))  # what precedes damage is not lost with it
        except BROKEN as error:
            raise damaged(self._name, self._form, error) from error
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (not data and self._left and len(view)):
                raise damaged(self._name, self._form, N_("it is not of the size it promised"))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def checked(name: str, form: str, raw: BinaryIO, size: int | None = None) -> BinaryIO:
    """A stream held to ``size`` bytes, whose damage is ``BadInput``."""
    return io.BufferedReader(_Checked(name, form, raw, size), AHEAD)


class _Slice(io.RawIOBase):
    """A stretch of a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = max(min(len(view), self._size - self._at), 0)
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def stretch(path: Path, start: int, size: int, name: str) -> BinaryIO:
    """``size`` bytes of a file from ``start``; that they are there was checked before."""
    del name
    return io.BufferedReader(_Slice(path.open("rb", buffering=0), start, size), AHEAD)


class _Extracted:
    """What a member of a container gives: a stream, and a file on disk once somebody asks."""

    __slots__ = ("_name", "_path", "_scratch", "_sha256", "_size", "_stream")

    def __init__(
        self, name: str, size: int, stream: Callable[[], BinaryIO], scratch: Scratch
    ) -> None:
        self._name, self._size, self._stream, self._scratch = name, size, stream, scratch
        self._path: Path | None = None
        self._sha256: str | None = None

    def open(self) -> BinaryIO:
        return self._path.open("rb") if self._path is not None else self._stream()

    def local(self) -> Path:
        if self._path is None:
            with self._stream() as stream:
                self._path, self._sha256 = self._scratch.extract(stream, self._size)
        return self._path

    def sha256(self) -> str:
        if self._sha256 is None:
            with self._stream() as stream:
                # a BufferedReader is read as a file is; the type is narrower than it need be
                self._sha256 = hashlib.file_digest(cast("Any", stream), "sha256").hexdigest()
        return self._sha256


def streamed(name: str, size: int, stream: Callable[[], BinaryIO], scratch: Scratch) -> Member:
    """A member whose bytes are a stream that can be opened again and again."""
    inner = _Extracted(name, size, stream, scratch)
    return Member(name, size, inner.open, inner.local, inner.sha256)


def on_disk(name: str, path: Path, sha256: str | None = None) -> Member:
    """A member whose bytes lie in the scratch folder already."""

    def digest() -> str:
        if sha256 is not None:
            return sha256
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return Member(name, path.stat().st_size, lambda: path.open("rb"), lambda: path, digest)


class Listing:
    """The members of one container as they are found; a path that occurs again is numbered."""

    def __init__(self, container: str, prefix: str, room: Room, scratch: Scratch) -> None:
        self.contents = Contents([], [])
        self._container, self._prefix = container, prefix
        self._room, self._scratch = room, scratch
        self._seen: set[str] = set()

    def reject(self, raw: bytes, reason: str, **facts: Any) -> None:
        """A member that cannot be read, and why."""
        self._room.take(self._container, 0)
        self.contents.rejects.append(Reject(self._prefix + shown_name(raw), reason, facts))

    def add(self, raw: bytes, size: int, stream: Callable[[str], BinaryIO]) -> None:
        """A regular file; ``stream`` opens it and is given the name for its complaints."""
        if (name := self._name(raw)) is not None:
            self._room.take(self._container, size)
            opened = partial(stream, name)
            self.contents.members.append(streamed(name, size, opened, self._scratch))

    def place(self, raw: bytes, size: int, made: Callable[[str], Member]) -> None:
        """A regular file that is a member already, but for its name."""
        if (name := self._name(raw)) is not None:
            self._room.take(self._container, size)
            self.contents.members.append(made(name))

    def _name(self, raw: bytes) -> str | None:
        """How the member is called; None when its path is refused, which is then a reject.

        A path from the root (``tar -P`` writes them) is one from the root of the archive.
        """
        if b"\x00" in raw:
            self.reject(raw, N_("its path holds a NUL byte: refused"))
            return None
        path = PurePosixPath(os.fsdecode(raw.lstrip(b"/")))
        if ".." in path.parts or re.match(rb"[A-Za-z]:", raw):
            self.reject(raw, N_("its path leaves the archive: refused"))
            return None
        plain = self._prefix + shown_name(os.fsencode(str(path)))
        name, again = plain, count(2)
        while name in self._seen:
            name = f"{plain}~{next(again)}"
        self._seen.add(name)
        return name

"""7z archives, also encrypted ones (AES-256) with their password, extracted once to scratch.

The members of a solid archive are one stream: each alone would mean reading all before it. What
the archive promises is held against the limits first. Format: the 7-Zip project's 7zFormat.txt.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import py7zr
from py7zr.exceptions import AbsolutePathError, ArchiveError, PasswordRequired
from py7zr.io import MemIO, Py7zIO, WriterFactory

from faisceau.errors import BadInput
from faisceau.evidence.broken import BROKEN
from faisceau.evidence.containers import keys as handed
from faisceau.evidence.containers.contents import (
    Contents,
    Listing,
    Room,
    bomb,
    damaged,
    on_disk,
)
from faisceau.evidence.containers.scratch import Scratch
from faisceau.evidence.reading import Member
from faisceau.words import N_

_MEMORY = 256 << 20
_BROKEN = (
    *BROKEN,
    ArchiveError,
    AbsolutePathError,
    PasswordRequired,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    MemoryError,
)
"""What py7zr raises on archives that are damaged, made to harm, or opened with a wrong key."""
_LZMA, _LZMA2, _PPMD = b"\x03\x01\x01", b"\x21", b"\x03\x04\x01"


def list_7z(
    file: Member, prefix: str, room: Room, scratch: Scratch, keys: Sequence[bytes]
) -> Contents:
    """The members of a 7z archive, extracted.

    Raises ``BadInput`` when it is damaged, over the limits, or no key handed over opens it.
    """
    path = file.local()
    locked = False
    for password in (None, *handed.texts(keys)):
        try:
            with py7zr.SevenZipFile(path, password=password) as archive:
                if password is None and archive.needs_password():
                    locked = True
                    continue
                extraction = _Extraction(file.name, archive, scratch)
                extraction.check(room, scratch.limits.members)
                extraction.run()
                if password is not None and not extraction.opened:
                    extraction.discard()
                    continue
                return extraction.listed(Listing(file.name, prefix, room, scratch))
        except PasswordRequired:
            locked = True
        except _BROKEN as error:
            if password is None:
                raise damaged(file.name, "7z", error) from error
        if not locked:
            break
    raise handed.closed(file.name, keys)


@dataclass
class _Extraction:
    """One archive on its way to scratch: its regular files by number, and how far each came."""

    name: str
    archive: Any
    scratch: Scratch
    sinks: dict[int, "_Sink"] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)

    def check(self, room: Room, files: int) -> None:
        """``BadInput`` when more is promised than granted, or too much memory is asked for."""
        if len(self.archive.files) > files:
            raise BadInput(N_("{name} holds too many files: refused"), name=self.name)
        if sum(f.uncompressed for f in self.archive.files) > room.bytes:
            room.bytes = 0
            raise bomb(self.name)
        for folder in self._folders():
            if (needed := max(map(_dictionary, folder.coders), default=0)) > _MEMORY:
                raise damaged(self.name, "7z", f"{needed >> 20} MiB of memory needed")

    def run(self) -> None:
        """Extract folder by folder; where one is damaged, what precedes in it is kept."""
        worker = self.archive.worker
        regular = {f.id for f in self.archive.files if not f.is_directory and _special(f) is None}
        for file in self.archive.files:
            if file.id in regular:
                sink = self.sinks[file.id] = _Sink(self.scratch.path())
                worker.register_filelike(file.id, MemIO(str(file.id), _Maker(sink)))
            else:
                worker.register_filelike(file.id, None)
        start = worker.src_start
        empty = [file for file in self.archive.files if file.emptystream]
        worker.extract_single(self.archive.fp, empty, None, 0, 0, None)
        for number, folder in enumerate(self._folders()):
            if folder.files is None:
                continue
            ends = self.archive.header.main_streams.packinfo.packpositions
            last = number + 1 if len(self._folders()) > 1 else -1
            stretch = (start + ends[number], start + ends[last])
            try:
                worker.extract_single(self.archive.fp, folder.files, None, *stretch, None)
            except _BROKEN as error:
                self.why |= {f.id: str(error)[:200] for f in folder.files}

    @property
    def opened(self) -> bool:
        """True when at least one file came out whole: only the right key gives its checksum."""
        full = [f.id for f in self.archive.files if not f.emptystream and f.id in self.sinks]
        return not full or any(self.sinks[number].done for number in full)

    def discard(self) -> None:
        """Remove what a wrong key gave."""
        for sink in self.sinks.values():
            sink.path.unlink(missing_ok=True)

    def listed(self, listing: Listing) -> Contents:
        """The files as members, and as rejects those that are none or came to grief."""
        for file in self.archive.files:
            raw = file.filename.encode("utf-8", "surrogatepass")
            if file.is_directory:
                continue
            if (reason := _special(file)) is not None:
                listing.reject(raw, reason)
            elif (sink := self.sinks[file.id]).done:
                listing.place(raw, file.uncompressed, partial(on_disk, path=sink.path))
            else:
                sink.path.unlink(missing_ok=True)
                listing.reject(raw, N_("damaged: {why}"), why=self.why.get(file.id, ""))
        return listing.contents

    def _folders(self) -> list[Any]:
        streams = self.archive.header.main_streams
        return list(streams.unpackinfo.folders) if streams is not None else []


def _special(file: Any) -> str | None:
    """Why an entry is no regular file; None when it is one."""
    if file.is_symlink:
        return N_("it is a symbolic link: not followed")
    if file.is_junction or file.is_socket:
        return N_("it is no regular file: not opened")
    return None


def _dictionary(coder: Any) -> int:
    """Bytes of memory that a coder asks for, by its properties."""
    method, given = coder["method"], coder.get("properties") or b""
    if method in (_LZMA, _PPMD) and len(given) >= 5:
        return int.from_bytes(given[1:5], "little")
    if method == _LZMA2 and given:
        bits = given[0] & 0x3F
        return (2 | bits & 1) << (bits // 2 + 11) if bits <= 40 else 1 << 32
    return 0


class _Sink(Py7zIO):  # type: ignore[misc]
    """Where one file is written; ``done`` once py7zr has found its checksum right."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done = False
        self._file: Any = None

    def open(self) -> "_Sink":
        self._file = self.path.open("xb")
        os.fchmod(self._file.fileno(), 0o400)
        return self

    def write(self, s: bytes | bytearray) -> int:
        return int(self._file.write(s))

    def read(self, size: int | None = None) -> bytes:
        del size
        return b""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        del offset, whence
        return 0

    def flush(self) -> None:
        self._file.flush()

    def size(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        self.done = True


class _Maker(WriterFactory):  # type: ignore[misc]
    def __init__(self, sink: _Sink) -> None:
        self._sink = sink

    def create(self, filename: str) -> _Sink:
        del filename  # a name of the archive is no path here
        return self._sink.open()

"""Containers: archives and compressed files, opened by content, within limits.

Zip, tar (also under gzip, bzip2, xz) and single compressed files are unfolded; office documents,
applications and the like, which are zips inside, are kept whole. A name that an archive gives is
a label and never a path on this machine: what must lie on disk lies in the scratch folder under
a number. A container is listed before anything is extracted, what the list promises is held
against the limits, and a member gives no more bytes than promised.

``outer.zip!/folder/inner.txt`` is how a member of a container is called that is itself a member
or a file of a folder; an exhibit that is a container gives its members under their own paths.

Attacks considered: zip bombs, nested or overlapping (Fifield, WOOT 2019); endless and overlong
tar headers (CVE-2024-6232, CVE-2025-8194: the interpreter in use may not be mended); paths that
leave the archive, links, devices; sizes that lie; dictionaries that eat the memory.
"""

import bz2
import fcntl
import gzip
import hashlib
import io
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from secrets import token_hex
from typing import Any, BinaryIO, Literal, cast

from faisceau.errors import BadInput
from faisceau.evidence.reading import Member, Reject
from faisceau.words import N_

PART = ".part-"
"""How the name of everything temporary begins."""
BLOCK = 1 << 20
SNIFFED = 512
"""Bytes from which a container is recognised: a tar header is as long."""

Form = Literal["zip", "tar", "gzip", "bzip2", "xz"]

_LONGEST_HEADER = 64 << 10
_AHEAD = 64 << 10
"""Bytes read ahead in a member: as many as detection wants of it anyway."""
_DIRECTORY_ENTRY = 128
"""Bytes: about the mean length of an entry in a zip's directory."""
_XZ_MEMORY = 256 << 20
_OPEN_ARCHIVES = 8
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    ValueError,
    OSError,
)
"""What the standard library raises on archives that are damaged or made to harm."""


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


@dataclass(frozen=True, slots=True)
class Contents:
    """What an exhibit holds: the files that can be read, and those that cannot, with reasons."""

    members: list[Member]
    rejects: list[Reject]


def form_of(start: bytes) -> Form | None:
    """The form of container a file has, from its first ``SNIFFED`` bytes; None when it is none."""
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if start.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if re.match(rb"BZh[1-9](1AY&SY|\x17\x72\x45\x38\x50\x90)", start):
        return "bzip2"
    if start.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if len(start) >= SNIFFED and start[0] and _is_tar_header(start[:SNIFFED]):
        return "tar"
    return None


def shown_name(raw: bytes) -> str:
    """A file name as text that every store and ledger can hold; ``raw_name`` gives it back.

    Valid UTF-8 stays as it is; other bytes, control characters and backslashes become ``\\xNN``.
    """
    text = raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")
    return re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\x{ord(m[0]):02x}", text)


def raw_name(shown: str) -> bytes:
    """The bytes of a file name that ``shown_name`` made text of."""
    return re.sub(
        rb"\\x([0-9a-f]{2})",
        lambda m: bytes([int(m[1], 16)]),
        shown.encode("utf-8", "surrogatepass"),
    )


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
        self._archives: OrderedDict[Path, zipfile.ZipFile] = OrderedDict()

    def extract(self, stream: BinaryIO, allowed: int) -> tuple[Path, str]:
        """Write a stream to a read-only file: where it lies and its sha256.

        ``allowed``: bytes, at most; ``_Overflow`` when there is more.
        """
        path = self._folder / str(next(self._numbers))
        digest, size = hashlib.sha256(), 0
        with path.open("xb") as file:
            os.fchmod(file.fileno(), 0o400)
            while block := stream.read(BLOCK):
                size += len(block)
                if size > allowed:
                    file.truncate(0)
                    raise _Overflow
                digest.update(block)
                file.write(block)
        return path, digest.hexdigest()

    def archive(self, path: Path) -> zipfile.ZipFile:
        """The zip archive at ``path``; a few stay open, for the next of their members."""
        if (known := self._archives.pop(path, None)) is None:
            known = zipfile.ZipFile(path)
            if len(self._archives) >= _OPEN_ARCHIVES:
                # members that are being read keep the file open until they are closed
                self._archives.popitem(last=False)[1].close()
        self._archives[path] = known
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


def unfold_file(file: Member, scratch: Scratch) -> Contents:
    """What an exhibit that is one file holds: itself, or the members of the container it is.

    Raises ``BadInput`` when it is a container that is damaged, hostile or over the limits.
    """
    room = _Room(_granted(file.size, scratch.limits), scratch.limits.members)
    unfolded = _unfold(file, "", 1, room, scratch)
    return unfolded if unfolded is not None else Contents([file], [])


def unfold_folder(files: Sequence[Member], scratch: Scratch) -> Contents:
    """What an exhibit that is a folder holds: its files, and the members of its containers.

    A container that cannot be opened is a reject; the other files are given all the same.
    """
    return _unfold_each(files, 1, _Room(scratch.limits.total, scratch.limits.members), scratch)


class _Overflow(Exception):
    """More bytes than granted."""


@dataclass(slots=True)
class _Room:
    """Bytes and files that a container may still give."""

    bytes: int
    files: int

    def take(self, container: str, size: int) -> None:
        """Count one file of ``size`` bytes; ``BadInput`` when the room is used up."""
        self.files -= 1
        self.bytes -= size
        if self.bytes < 0:
            raise _bomb(container)
        if self.files < 0:
            raise BadInput(N_("{name} holds too many files: refused"), name=container)


def _bomb(name: str) -> BadInput:
    return BadInput(
        N_("{name} unfolds to far more than its size: refused as a decompression bomb"), name=name
    )


def _damaged(name: str, form: str, why: object) -> BadInput:
    return BadInput(
        N_("{name} cannot be opened as {form}: {why}"), name=name, form=form, why=str(why)[:200]
    )


def _granted(size: int, limits: Limits) -> int:
    return min(max(size * limits.ratio, limits.floor), limits.total)


def _unfold(
    file: Member, prefix: str, depth: int, room: _Room, scratch: Scratch
) -> Contents | None:
    """The members of a container, at all depths; None when ``file`` is to be kept whole."""
    with file.open() as stream:
        form = form_of(stream.read(SNIFFED))
    if form is None:
        return None
    if depth > scratch.limits.depth:
        raise BadInput(
            N_("{name} is a container inside {depth} others: not opened"),
            name=file.name,
            depth=scratch.limits.depth,
        )
    if form == "zip":
        direct = _list_zip(file, prefix, room, scratch)
    elif form == "tar":
        direct = _list_tar(file.name, file.local(), prefix, room, scratch)
    else:
        direct = _list_compressed(file, form, prefix, room, scratch)
    if direct is None:
        return None
    inner = _unfold_each(direct.members, depth + 1, room, scratch)
    return Contents(inner.members, direct.rejects + inner.rejects)


def _unfold_each(files: Sequence[Member], depth: int, room: _Room, scratch: Scratch) -> Contents:
    """The files, each container among them replaced by its members or by a reject.

    The work that a hostile one costs counts: when the room is used up, no other is opened.
    """
    members: list[Member] = []
    rejects: list[Reject] = []
    for file in files:
        own = _Room(
            max(min(_granted(file.size, scratch.limits), room.bytes), 0), max(room.files, 0)
        )
        before = (own.bytes, own.files)
        try:
            unfolded = _unfold(file, f"{file.name}!/", depth, own, scratch)
        except BadInput as error:
            rejects.append(Reject(file.name, error.message, error.facts))
            unfolded = Contents([], [])
        if unfolded is None:
            members.append(file)
        else:
            members += unfolded.members
            rejects += unfolded.rejects
        room.bytes -= before[0] - max(own.bytes, 0)
        room.files -= before[1] - max(own.files, 0)
    return Contents(members, rejects)


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
        except _BROKEN as error:
            raise _damaged(self._name, self._form, error) from error
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (not data and self._left and len(view)):
                raise _damaged(self._name, self._form, N_("it is not of the size it promised"))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def _checked(name: str, form: str, raw: BinaryIO, size: int | None = None) -> BinaryIO:
    return io.BufferedReader(_Checked(name, form, raw, size), _AHEAD)


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


def _member(name: str, size: int, stream: Callable[[], BinaryIO], scratch: Scratch) -> Member:
    inner = _Extracted(name, size, stream, scratch)
    return Member(name, size, inner.open, inner.local, inner.sha256)


class _Listing:
    """The members of one container as they are found; a path that occurs again is numbered."""

    def __init__(self, container: str, prefix: str, room: _Room, scratch: Scratch) -> None:
        self.contents = Contents([], [])
        self._container, self._prefix = container, prefix
        self._room, self._scratch = room, scratch
        self._seen: set[str] = set()

    def reject(self, raw: bytes, reason: str, **facts: Any) -> None:
        self._room.take(self._container, 0)
        self.contents.rejects.append(Reject(self._prefix + shown_name(raw), reason, facts))

    def add(self, raw: bytes, size: int, stream: Callable[[str], BinaryIO]) -> None:
        """A regular file; ``stream`` opens it and is given the name for its complaints."""
        if b"\x00" in raw:
            self.reject(raw, N_("its path holds a NUL byte: refused"))
            return
        path = PurePosixPath(os.fsdecode(raw))
        if path.is_absolute() or ".." in path.parts or re.match(rb"[A-Za-z]:", raw):
            self.reject(raw, N_("its path leaves the archive: refused"))
            return
        self._room.take(self._container, size)
        plain = self._prefix + shown_name(os.fsencode(str(path)))
        name, again = plain, count(2)
        while name in self._seen:
            name = f"{plain}~{next(again)}"
        self._seen.add(name)
        self.contents.members.append(_member(name, size, partial(stream, name), self._scratch))


def _list_zip(file: Member, prefix: str, room: _Room, scratch: Scratch) -> Contents | None:
    path = file.local()
    try:
        if _zip_directory_size(path) > scratch.limits.members * _DIRECTORY_ENTRY:
            raise BadInput(N_("{name} holds too many files: refused"), name=file.name)
        archive = scratch.archive(path)
    except _BROKEN as error:
        raise _damaged(file.name, "zip", error) from error
    entries = archive.infolist()
    if _is_document(entries):
        return None
    _refuse_overlap(file.name, entries, archive.start_dir)
    listing = _Listing(file.name, prefix, room, scratch)
    for entry in entries:
        raw = _zip_name(entry)
        if raw.endswith(b"/"):
            continue
        if entry.flag_bits & 0x1:
            listing.reject(raw, N_("it is encrypted: not opened"))
        elif stat.S_ISLNK(entry.external_attr >> 16):
            listing.reject(raw, N_("it is a symbolic link: not followed"))
        elif entry.compress_type not in (0, 8, 12, 14):
            listing.reject(
                raw, N_("its compression is not known: {kind}"), kind=entry.compress_type
            )
        else:
            listing.add(raw, entry.file_size, partial(_zip_stream, path, entry, scratch))
    return listing.contents


def _zip_stream(path: Path, entry: zipfile.ZipInfo, scratch: Scratch, name: str) -> BinaryIO:
    try:
        raw = scratch.archive(path).open(entry)
    except _BROKEN as error:
        raise _damaged(name, "zip", error) from error
    return _checked(name, "zip", cast("BinaryIO", raw), entry.file_size)


def _zip_name(entry: zipfile.ZipInfo) -> bytes:
    """The path of a zip member, in UTF-8: many writers use it without saying so."""
    name = entry.orig_filename
    if entry.flag_bits & 0x800:
        raw = name.encode("utf-8")
    else:
        raw = name.encode("cp437")
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raw = name.encode("utf-8")
    return raw.replace(b"\\", b"/")  # the specification knows ``/`` alone; Windows does not


def _zip_directory_size(path: Path) -> int:
    """Bytes of a zip's directory, from its end record (APPNOTE 4.3.14 to 4.3.16); 0 if unfound."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(end - 65_557, 0))
        tail = file.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            return 0
        size = int(struct.unpack_from("<I", tail, at + 12)[0])
        if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":
            file.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], end))
            record = file.read(56)
            if len(record) == 56 and record.startswith(b"PK\x06\x06"):
                return int(struct.unpack_from("<Q", record, 40)[0])
        return size


def _is_document(entries: Sequence[zipfile.ZipInfo]) -> bool:
    """True for a zip that is one document or one application, not a folder of files."""
    if entries and entries[0].filename == "mimetype":  # OpenDocument, EPUB
        return True
    marks = {"[Content_Types].xml", "AndroidManifest.xml", "META-INF/MANIFEST.MF"}
    marks |= {"Index/Document.iwa", "Index.zip"}
    return any(
        entry.filename in marks or re.match(r"Payload/[^/]+\.app/Info\.plist$", entry.filename)
        for entry in entries
    )


def _refuse_overlap(name: str, entries: Sequence[zipfile.ZipInfo], directory: int) -> None:
    """``BadInput`` when two members share bytes, or one reaches into the directory."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise BadInput(N_("{name} has members that overlap: refused as hostile"), name=name)
        # the local header's extra field is unknown here: 30 bytes, the name and the data, at least
        end = entry.header_offset + 30 + entry.compress_size
    if end > directory:
        raise BadInput(N_("{name} has members that overlap: refused as hostile"), name=name)


def _is_tar_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


class _TarHeaders:
    """A tar file as the standard library reads its headers: overlong or malformed ones refused."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._extended = False
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError("header too long")
        data = self._file.read(size)
        if self._extended:
            _check_pax(data)
        self._extended = size == tarfile.BLOCKSIZE and data[156:157] in (b"x", b"g", b"X")
        return data


def _check_pax(data: bytes) -> None:
    """Refuse a pax header (POSIX.1-2001) whose records do not follow one another.

    Before its mending the standard library takes quadratic time over such ones.
    """
    at = 0
    while at < len(data) and data[at]:
        length = re.compile(rb"(\d{1,6}) ").match(data, at)
        end = at + int(length[1]) if length else 0
        if length is None or not length.end() < end <= len(data) or data[end - 1 : end] != b"\n":
            raise tarfile.ReadError("malformed pax header")
        if data.find(b"=", length.end(), end) < 0:
            raise tarfile.ReadError("malformed pax header")
        at = end
    if re.search(rb"\d{1000}", data):
        raise tarfile.ReadError("malformed pax header")


def _list_tar(name: str, path: Path, prefix: str, room: _Room, scratch: Scratch) -> Contents:
    """The regular files of a tar; what cannot be read after a damaged place is one reject."""
    listing = _Listing(name, prefix, room, scratch)
    end = path.stat().st_size
    with path.open("rb") as file:
        last, reached = -1, 0
        try:
            headers = cast("Any", _TarHeaders(file))
            archive = tarfile.TarFile(fileobj=headers, encoding="utf-8", errors="surrogateescape")
            while (entry := archive.next()) is not None:
                if entry.offset <= last or entry.size < 0:
                    raise tarfile.ReadError("members that go backwards")
                last, reached = entry.offset, archive.offset
                cast("Any", archive).members.clear()  # else they pile up, unused
                _tar_member(listing, entry, path, end)
            file.seek(reached)
            if file.read(tarfile.BLOCKSIZE).strip(b"\x00"):
                raise tarfile.ReadError("invalid header")
        except (tarfile.TarError, *_BROKEN) as error:
            if last < 0:
                raise _damaged(name, "tar", error) from error
            reason = N_("damaged at byte {at}: what follows is unread ({why})")
            listing.contents.rejects.append(
                Reject(name, reason, {"at": reached, "why": str(error)[:200]})
            )
    return listing.contents


def _tar_member(listing: _Listing, entry: tarfile.TarInfo, path: Path, end: int) -> None:
    raw = os.fsencode(entry.name)
    if entry.isdir():
        return
    if entry.issym():
        listing.reject(raw, N_("it is a symbolic link: not followed"))
    elif entry.islnk():
        target = shown_name(os.fsencode(entry.linkname))
        listing.reject(raw, N_("it is a second name of {target}"), target=target)
    elif not entry.isreg():
        listing.reject(raw, N_("it is no regular file: not opened"))
    elif entry.issparse():
        listing.reject(raw, N_("it is a sparse file: not opened"))
    elif entry.offset_data + entry.size > end:
        listing.reject(raw, N_("it is cut short: not opened"))
    else:
        listing.add(raw, entry.size, partial(_slice, path, entry.offset_data, entry.size))


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


def _slice(path: Path, start: int, size: int, name: str) -> BinaryIO:
    del name  # lengths were checked when the tar was listed
    return io.BufferedReader(_Slice(path.open("rb", buffering=0), start, size), _AHEAD)


def _list_compressed(
    file: Member, form: Form, prefix: str, room: _Room, scratch: Scratch
) -> Contents:
    """The one file under a compression, or the members of the tar that it is.

    A tar is decompressed to the scratch folder once: its members are wanted in any order. For
    the same reason one that is cut short still gives what comes before the cut.
    """
    path = file.local()
    plain = partial(_plain, path, form)
    with plain(file.name) as stream:
        is_tar = form_of(stream.read(SNIFFED)) == "tar"
    if is_tar:
        return _list_compressed_tar(file, plain, prefix, room, scratch)
    size = 0
    with plain(file.name) as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > room.bytes:
                room.bytes = 0
                raise _bomb(file.name)
    listing = _Listing(file.name, prefix, room, scratch)
    outer = PurePosixPath(file.name).name
    stem = re.sub(r"(?i)(?<=.)\.(gz|bz2|xz)$", "", outer)
    listing.add(raw_name(stem), size, plain)
    return listing.contents


def _list_compressed_tar(
    file: Member, plain: Callable[[str], BinaryIO], prefix: str, room: _Room, scratch: Scratch
) -> Contents:
    cut = _UntilDamage(file.name, plain)
    try:
        with cut:
            path, _ = scratch.extract(cast("BinaryIO", cut), room.bytes)
    except _Overflow as error:
        room.bytes = 0
        raise _bomb(file.name) from error
    contents = _list_tar(file.name, path, prefix, room, scratch)
    if cut.error is not None:
        contents.rejects.append(Reject(file.name, cut.error.message, cut.error.facts))
    return contents


class _UntilDamage:
    """A compressed stream that ends where it is damaged, and keeps what was the matter."""

    def __init__(self, name: str, plain: Callable[[str], BinaryIO]) -> None:
        self._stream = plain(name)
        self.error: BadInput | None = None

    def __enter__(self) -> "_UntilDamage":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        if self.error is not None:
            return b""
        pieces, left = [], size
        try:
            # piece by piece: what was read before the damage is not lost with the piece after it
            while left and (piece := self._stream.read1(min(left, 64 << 10))):  # type: ignore[attr-defined]
                pieces.append(piece)
                left -= len(piece)
        except BadInput as error:
            self.error = error
        return b"".join(pieces)


def _plain(path: Path, form: Form, name: str) -> BinaryIO:
    """What lies under a compression, as a stream."""
    try:
        if form == "xz":
            with path.open("rb") as start:
                # liblzma would grant a dictionary of 4 GiB to a file of a few bytes
                lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY).decompress(start.read(4096), 1)
        opener: Any = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}[form]
        opened: BinaryIO = opener(path)
    except _BROKEN as error:
        raise _damaged(name, form, error) from error
    return _checked(name, form, opened)

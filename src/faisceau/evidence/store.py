"""The store of originals: exhibits kept as they came, under their hash, read-only.

A file lies at ``evidence/<aa>/<sha256>``. It is copied (or cloned, where the file system can) to
a temporary name, hashed in the same pass, made durable, then renamed; a hard link would share
the original's inode and is never made. A folder is the files in it, walked in order, and its
manifest, one line ``sha256  size  path`` per file, whose sha256 is the folder's. With
``in_place`` nothing is copied but the manifest: the original's path is kept, and its hash is
checked, like that of every kept object, before each reading.

An object exists once the catalog lists it: what a killed process left is a temporary folder, or
at worst an object that no exhibit lists; ``sweep`` removes both.
"""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO, Literal

from faisceau.disk import sync
from faisceau.errors import BadInput, CaseError, Damaged, NotFound, UsageError
from faisceau.evidence.containers import (
    BLOCK,
    Contents,
    Limits,
    part_folder,
    raw_name,
    scratch_in,
    shown_name,
    sweep_parts,
    unfold_file,
    unfold_folder,
)
from faisceau.evidence.exhibit import Exhibit, Stored
from faisceau.evidence.reading import Member, Reject
from faisceau.mandate.permit import Permit
from faisceau.words import N_

KEEP = ("add",)
READ = ("add", "reread", "run", "rows", "show", "search", "report", "export", "match")
REMOVE = ("withdraw", "purge")
"""Operations whose permits the store accepts."""

Progress = Callable[[int], None]
"""Told each number of bytes done."""

_FICLONE = 0x40049409
"""``ioctl_ficlone(2)``: five lines here; the packages that wrap it bring a compiler or a core."""
_COMPARED = 1 << 20
"""Bytes; a larger file is hashed before it is copied when one of its size is already kept."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of an exhibit: its path in the folder (its name, alone), hash and bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping an exhibit gave.

    ``size``: bytes of its files. ``objects``: all it rests on; ``files_added``: those of them
    that were not there before; ``in_place``: those that stay where they are.
    """

    sha256: str
    size: int
    kind: Literal["file", "folder"]
    origin: str
    members: list[FileRecord]
    objects: list[Stored]
    files_added: list[dict[str, str | int]]
    in_place: list[dict[str, str | int]]
    skipped: list[Reject]


class EvidenceStore:
    """The originals of one case. Several processes may use it at once."""

    def __init__(self, case_folder: Path, scratch: Path) -> None:
        self._case = case_folder.absolute()
        self._folder = self._case / "evidence"
        self._scratch = scratch
        self._sizes: set[int] | None = None

    def keep(
        self,
        permit: Permit,
        path: Path,
        in_place: bool = False,
        progress: Progress | None = None,
    ) -> Kept:
        """Keep a file or a folder; what is already kept is not kept again.

        Raises ``NotFound`` when there is no such path, ``BadInput`` when it cannot be read or
        changes meanwhile, ``UsageError`` when it holds the case itself. Then nothing is added.
        """
        permit.require(*KEEP)
        origin = _existing(path)
        self._refuse_own(origin)
        with part_folder(self._folder) as folder:
            keeping = _Keeping(self, folder, in_place, progress or _silent)
            kept = keeping.folder(origin) if origin.is_dir() else keeping.single(origin)
            self._put(keeping.parts)
        return kept

    @contextmanager
    def members(
        self,
        permit: Permit,
        exhibit: Exhibit,
        limits: Limits | None = None,
        progress: Progress | None = None,
        keys: Sequence[bytes] = (),
    ) -> Iterator[Contents]:
        """The files of an exhibit, containers unfolded, for as long as the block lasts.

        ``keys``: what was handed over to open encrypted containers. Every object is hashed
        first. Raises ``Damaged`` when one is not what was kept, and ``BadInput`` when the exhibit
        is a container that cannot be opened.
        """
        permit.require(*READ)
        report = progress or _silent
        files = [
            self._whole(exhibit, record, where, report) for record, where in self._files(exhibit)
        ]
        with scratch_in(self._scratch, limits) as scratch:
            if exhibit.kind == "folder":
                yield unfold_folder(files, scratch, keys=keys)
            else:
                yield unfold_file(files[0], scratch, keys=keys)

    def remove(
        self, permit: Permit, hashes: Iterable[str], still_needed: Collection[str] = frozenset()
    ) -> list[dict[str, str | int]]:
        """Erase objects but those that another exhibit rests on; which files went."""
        permit.require(*REMOVE)
        removed: list[dict[str, str | int]] = []
        touched = set()
        for sha256 in sorted(set(hashes).difference(still_needed)):
            where = self._object(sha256)
            try:
                size = where.stat().st_size
                where.unlink()
            except FileNotFoundError:
                continue
            touched.add(where.parent)
            removed.append({"path": self._relative(where), "sha256": sha256, "size": size})
        for folder in touched:
            sync(folder)
        return removed

    def undo(self, permit: Permit, kept: Kept) -> None:
        """Take back what keeping an exhibit added: it could not be read after all."""
        permit.require(*KEEP)
        for file in kept.files_added:
            (self._case / str(file["path"])).unlink(missing_ok=True)

    def sweep(self, listed: Collection[str] | None = None) -> list[str]:
        """Remove what killed processes left; paths relative to the case folder.

        With ``listed``, every hash that the catalog lists, also the objects that it does not:
        only for who holds the case's lock, or another's new objects go too.
        """
        swept = [self._relative(folder) for folder in sweep_parts(self._folder)]
        sweep_parts(self._scratch)
        if listed is not None:
            for where in sorted(self._folder.glob("[0-9a-f][0-9a-f]/*")):
                if where.name not in listed:
                    where.unlink()
                    swept.append(self._relative(where))
        return swept

    def _object(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256

    def _relative(self, where: Path) -> str:
        return where.relative_to(self._case).as_posix()

    def _stored(self, sha256: str, size: int) -> Stored:
        return Stored(self._relative(self._object(sha256)), sha256, size)

    def _refuse_own(self, origin: Path) -> None:
        case = self._case.resolve()
        if case.is_relative_to(origin) or origin.is_relative_to(case / "evidence"):
            raise UsageError(
                N_("{path} holds the case itself, or is part of its evidence"), path=origin
            )

    def _may_hold(self, size: int) -> bool:
        """Whether an object of this size is kept; learnt once, for this process."""
        if self._sizes is None:
            objects = self._folder.glob("[0-9a-f][0-9a-f]/*")
            self._sizes = {where.stat().st_size for where in objects}
        return size in self._sizes

    def _put(self, parts: "dict[str, tuple[Path, int]]") -> None:
        """Make parts durable under their hash: the files, then their folders, then the names."""
        with ThreadPoolExecutor(8) as pool:  # a file system joins the waits of several
            list(pool.map(sync, [part for part, _ in parts.values()]))
        shelves = {self._object(sha256).parent for sha256 in parts}
        for shelf in shelves:
            shelf.mkdir(exist_ok=True)
        for sha256, (part, size) in parts.items():
            part.rename(self._object(sha256))
            if self._sizes is not None:
                self._sizes.add(size)
        for shelf in (*shelves, self._folder):
            sync(shelf)

    def _files(self, exhibit: Exhibit) -> Iterator[tuple[FileRecord, Path]]:
        """The files an exhibit is made of, and where each lies."""
        origin = Path(os.fsdecode(raw_name(exhibit.origin)))
        if exhibit.kind == "file":
            record = FileRecord(shown_name(os.fsencode(origin.name)), exhibit.sha256, exhibit.size)
            yield record, origin if exhibit.in_place else self._object(exhibit.sha256)
            return
        manifest = self._object(exhibit.sha256)
        self._verify(exhibit, manifest.name, manifest, exhibit.sha256, _silent)
        for line in manifest.read_text("utf-8").splitlines():
            sha256, size, path = line.split("  ", 2)
            record = FileRecord(path, sha256, int(size))
            original = origin / os.fsdecode(raw_name(path))
            yield record, original if exhibit.in_place else self._object(sha256)

    def _whole(
        self, exhibit: Exhibit, record: FileRecord, where: Path, progress: Progress
    ) -> Member:
        self._verify(exhibit, record.path, where, record.sha256, progress)
        return Member(
            record.path,
            record.size,
            lambda: where.open("rb"),
            lambda: where,
            lambda: record.sha256,
        )

    @staticmethod
    def _verify(
        exhibit: Exhibit, path: str, where: Path, expected: str, progress: Progress
    ) -> None:
        facts = {"exhibit": exhibit.exhibit_id, "path": path, "where": shown_name(bytes(where))}
        try:
            with _open_original(where) as file:
                found, _ = _hash(file, progress)
        except OSError as error:
            raise Damaged(
                N_("Exhibit {exhibit}: {path} cannot be read any more at {where}: {why}"),
                why=error.strerror or str(error),
                **facts,
            ) from error
        if found != expected:
            raise Damaged(
                N_(
                    "Exhibit {exhibit}: {path} is no longer what was added: "
                    "its sha256 at {where} is {found}, not {expected}"
                ),
                hint=N_("Restore the file from the original; the ledger says when it was added"),
                found=found,
                expected=expected,
                **facts,
            )


@dataclass(slots=True)
class _Keeping:
    """One exhibit on its way in: parts by hash, in a temporary folder."""

    store: EvidenceStore
    part_folder: Path
    in_place: bool
    progress: Progress
    parts: dict[str, tuple[Path, int]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def single(self, origin: Path) -> Kept:
        """An exhibit that is one file. Raises ``BadInput`` when it cannot be read."""
        name = shown_name(os.fsencode(origin.name))
        try:
            sha256, size = self._file(origin)
        except OSError as error:
            raise _unreadable(origin, error) from error
        return self._kept(origin, sha256, size, [FileRecord(name, sha256, size)], [])

    def folder(self, origin: Path) -> Kept:
        """An exhibit that is a folder; what in it cannot be kept is skipped, with the reason."""
        records: list[FileRecord] = []
        skipped: list[Reject] = []
        for path, original in _walk(origin, skipped):
            try:
                sha256, size = self._file(original)
            except OSError as error:
                skipped.append(_skip(path, error))
            else:
                records.append(FileRecord(path, sha256, size))
        records.sort(key=lambda record: record.path.encode())
        manifest = "".join(f"{r.sha256}  {r.size}  {r.path}\n" for r in records).encode()
        sha256 = hashlib.sha256(manifest).hexdigest()
        if not self._has(sha256):
            part = self._new_part()
            with _new_file(part) as file:
                _write(file, manifest)
            self.parts[sha256] = (part, len(manifest))
        kept = self._kept(origin, sha256, sum(r.size for r in records), records, skipped)
        kept.objects.append(self.store._stored(sha256, len(manifest)))
        return kept

    def _kept(
        self,
        origin: Path,
        sha256: str,
        size: int,
        records: list[FileRecord],
        skipped: list[Reject],
    ) -> Kept:
        is_folder = origin.is_dir()
        if self.in_place:
            objects = [
                Stored(self._place(origin, r.path if is_folder else ""), r.sha256, r.size, True)
                for r in records
            ]
        else:
            unique = {r.sha256: r.size for r in records}
            objects = [self.store._stored(*item) for item in unique.items()]
        added = [self.store._stored(sha, size).fixity() for sha, (_, size) in self.parts.items()]
        return Kept(
            sha256=sha256,
            size=size,
            kind="folder" if is_folder else "file",
            origin=shown_name(bytes(origin)),
            members=records,
            objects=objects,
            files_added=added,
            in_place=[stored.fixity() for stored in objects if stored.outside],
            skipped=skipped,
        )

    @staticmethod
    def _place(origin: Path, path: str) -> str:
        return shown_name(bytes(origin)) + (f"/{path}" if path else "")

    def _has(self, sha256: str) -> bool:
        return sha256 in self.parts or self.store._object(sha256).exists()

    def _new_part(self) -> Path:
        return self.part_folder / str(next(self._numbers))

    def _file(self, original: Path) -> tuple[str, int]:
        """Hash a file, and copy it unless it stays in place or is kept already."""
        with _open_original(original) as file:
            before = os.fstat(file.fileno())
            if self.in_place:
                sha256, size = _hash(file, self.progress)
            else:
                sha256, size = self._copy(file, before.st_size)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise BadInput(
                N_("{path} changed while it was being read"),
                hint=N_("Close the program that writes to it, or add a copy of it"),
                path=shown_name(bytes(original)),
            )
        return sha256, size

    def _copy(self, file: BinaryIO, size: int) -> tuple[str, int]:
        if size > _COMPARED and self.store._may_hold(size):
            sha256, size = _hash(file, self.progress)
            if self._has(sha256):
                return sha256, size
            file.seek(0)
            self.progress(-size)  # it is read again
        part = self._new_part()
        with _new_file(part) as copy:
            if _clone(file, copy):
                sha256, size = _hash(copy, self.progress)
            else:
                sha256, size = _hash(file, self.progress, copy)
        if self._has(sha256):
            part.unlink()
        else:
            self.parts[sha256] = (part, size)
        return sha256, size


def _existing(path: Path) -> Path:
    """The absolute path of a file or folder that is there; a link given by hand is followed."""
    try:
        origin = path.resolve(strict=True)
        mode = origin.stat().st_mode
    except FileNotFoundError as error:
        raise NotFound(
            N_("{path} does not exist"),
            hint=N_("Nothing was added: check the path, then add it again"),
            path=shown_name(bytes(path)),
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BadInput(N_("{path} is neither a file nor a folder"), path=shown_name(bytes(path)))
    return origin


def _unreadable(path: Path, error: Exception) -> BadInput:
    why = getattr(error, "strerror", None) or str(error)
    return BadInput(N_("{path} cannot be read: {why}"), path=shown_name(bytes(path)), why=why)


def _skip(path: str, error: OSError) -> Reject:
    return Reject(path, N_("cannot be read: {why}"), {"why": error.strerror or str(error)})


def _walk(top: Path, skipped: list[Reject]) -> Iterator[tuple[str, Path]]:
    """The regular files under a folder with their shown paths; the rest goes to ``skipped``."""
    folders = [top]
    while folders:
        folder = folders.pop()
        inside = shown_name(bytes(folder.relative_to(top))) if folder != top else ""
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            skipped.append(_skip(inside or ".", error))
            continue
        deeper = []
        for entry in entries:
            name = shown_name(os.fsencode(entry.name))
            path = f"{inside}/{name}" if inside else name
            if entry.is_symlink():
                skipped.append(Reject(path, N_("it is a symbolic link: not followed")))
            elif entry.is_dir():
                deeper.append(folder / entry.name)
            elif entry.is_file():
                yield path, folder / entry.name
            else:
                skipped.append(Reject(path, N_("it is no regular file: not opened")))
        folders += reversed(deeper)


def _open_original(path: Path) -> BinaryIO:
    """A file to read: never a link or a pipe, and its time of access is left as it is."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags | os.O_NOATIME)
    except PermissionError:  # its owner alone may ask for that
        handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb", buffering=0)


def _hash(file: BinaryIO, progress: Progress, copy: BinaryIO | None = None) -> tuple[str, int]:
    """The sha256 and bytes of a stream from where it stands, copied meanwhile."""
    digest, size = hashlib.sha256(), 0
    buffer = bytearray(BLOCK)
    view = memoryview(buffer)
    while read := file.readinto(buffer):  # type: ignore[attr-defined]
        digest.update(view[:read])
        if copy is not None:
            _write(copy, view[:read])
        size += read
        progress(read)
    return digest.hexdigest(), size


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file, to be written once. Raises ``CaseError`` when the disk does not take it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    except OSError as error:
        raise _full(error) from error
    with os.fdopen(handle, "rb+", buffering=0) as file:
        yield file


def _write(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write all of ``data``: a failure here is the case folder's, not the exhibit's."""
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise _full(error) from error


def _full(error: OSError) -> CaseError:
    return CaseError(
        N_("The case folder cannot take the exhibit: {why}"),
        hint=N_("Free space in it, or add the exhibit with --in-place"),
        why=error.strerror or str(error),
    )


def _clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Share the source's blocks, copied on write; False where the file system cannot."""
    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        return False
    return True


def _silent(done: int) -> None:
    del done

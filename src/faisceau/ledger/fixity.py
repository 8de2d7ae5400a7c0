"""Fixity: the files under ``tables/`` and ``evidence/`` are exactly those the ledger accounts for.

An entry's data may say what its operation did to files (paths within the case, with ``/``):

- ``files_added``: ``[{"path": "tables/message/0001.parquet", "sha256": "…", "size": 123}]``
- ``files_removed``: ``["tables/message/0001.parquet"]``
- ``in_place`` and ``in_place_removed``: the same for originals kept where they are (full paths)
- ``files_leaving``, in an opening entry: paths that may be gone while the operation is open, so
  that files can be erased before the closing entry says so.
"""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any

from faisceau.ledger.verdict import Findings
from faisceau.words import N_

FOLDERS = ("tables", "evidence")
_KEYS = frozenset({"files_added", "files_removed", "files_leaving", "in_place", "in_place_removed"})


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger says of one file, and the entry that says it."""

    sha256: str
    size: int
    number: int


@dataclass(slots=True)
class Account:
    """The files that should be there, after the entries taken in so far."""

    files: dict[str, Kept] = field(default_factory=dict)
    in_place: dict[str, Kept] = field(default_factory=dict)
    leaving: dict[int, list[str]] = field(default_factory=dict)
    just_removed: dict[str, Kept] = field(default_factory=dict)
    """What the latest entry that removed files removed."""

    def take(self, number: int, value: Mapping[str, Any]) -> None:
        """Take in one entry; ValueError, KeyError or TypeError when it makes no sense."""
        data = value["data"]
        if value["of"] is not None:
            self.leaving.pop(value["of"], None)
        if not data or _KEYS.isdisjoint(data):
            return
        for key, kept in (("files", self.files), ("in_place", self.in_place)):
            removed = data.get(f"{key}_removed", [])
            added = data.get("files_added" if key == "files" else key, [])
            if type(removed) is not list or type(added) is not list:
                raise ValueError(key)
            if removed:
                self.just_removed = {path: kept.pop(path) for path in removed}
            for item in added:
                kept[_path(item["path"], within=key == "files")] = _kept(item, number)
        if value["phase"] == "open":
            self.leaving[number] = [str(path) for path in data.get("files_leaving", [])]


def take(account: Account, number: int, value: Mapping[str, Any]) -> bool:
    """Take one entry into the account; False when what it says of files makes no sense."""
    try:
        account.take(number, value)
    except (ValueError, KeyError, TypeError):
        return False
    return True


def check(
    case: Path, account: Account, findings: Findings, *, working: bool
) -> tuple[int, list[str]]:
    """Compare the files with the account: how many were read, and what is left over.

    ``working``: an operation is open, so that files nobody accounts for may be its own.
    """
    may_be_gone = {path for paths in account.leaving.values() for path in paths}
    wanted = [(path, case / path, kept) for path, kept in account.files.items()]
    wanted += [(path, Path(path), kept) for path, kept in account.in_place.items()]
    read, leftovers = 0, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # hashing lets other threads run
        states = pool.map(_state, (place for _, place, _ in wanted))
        for (path, _, kept), state in zip(wanted, states, strict=True):
            read += state is not None
            if state == (kept.sha256, kept.size):
                continue
            if state is None and path in may_be_gone:
                leftovers.append(path)
            else:
                text = _GONE if state is None else _OTHER
                findings.add("file", path, text, entry=kept.number)
    for path in _found(case):
        if path in account.files:
            continue
        # A kill may fall between the entry that says removed and the removal itself.
        gone = account.just_removed.get(path)
        if working or (gone and _state(case / path) == (gone.sha256, gone.size)):
            leftovers.append(path)
        else:
            findings.add("file", path, N_("no entry of the ledger accounts for this file"))
    return read, leftovers


_GONE = N_("the file that entry {entry} accounts for is not there, or cannot be read")
_OTHER = N_("its bytes are not those that entry {entry} accounts for")


def _state(place: Path) -> tuple[str, int] | None:
    """Hash and size of a regular file; None when it cannot be read as one."""
    try:
        if not S_ISREG(place.lstat().st_mode):
            return None
        with place.open("rb") as file:
            return file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError:
        return None


def _found(case: Path) -> Iterator[str]:
    """Everything but folders under the accounted folders, as paths within the case, sorted."""
    for top in FOLDERS:
        if (case / top).is_symlink() or (case / top).is_file():
            yield top
            continue
        yield from _below(case / top, top)


def _below(folder: Path, name: str) -> Iterator[str]:
    try:
        children = sorted(folder.iterdir())
    except FileNotFoundError:
        return
    for child in children:
        path = f"{name}/{child.name}"
        if child.is_dir() and not child.is_symlink():
            yield from _below(child, path)
        else:
            yield path


def _path(text: Any, *, within: bool) -> str:
    """A path as an entry may give it: within the case, or a full one; ValueError otherwise."""
    path = PurePosixPath(text)
    if within and (path.is_absolute() or ".." in path.parts or str(path) != text):
        raise ValueError(text)
    if not within and not path.is_absolute():
        raise ValueError(text)
    return str(text)


def _kept(item: Mapping[str, Any], number: int) -> Kept:
    sha256, size = item["sha256"], item["size"]
    if type(sha256) is not str or type(size) is not int:
        raise ValueError(item)
    return Kept(sha256, size, number)

"""Tar archives: listed by headers that are checked first, read from where their bytes lie."""

import os
import re
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from faisceau.evidence.broken import BROKEN
from faisceau.evidence.containers.contents import Contents, Listing, Room, damaged, stretch
from faisceau.evidence.containers.names import shown_name
from faisceau.evidence.containers.scratch import Scratch
from faisceau.evidence.reading import Member, Reject
from faisceau.words import N_

_LONGEST_HEADER = 64 << 10


def is_tar_header(block: bytes) -> bool:
    """True when a block of ``tarfile.BLOCKSIZE`` bytes is a member's header."""
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


def list_tar(name: str, path: Path, prefix: str, room: Room, scratch: Scratch) -> Contents:
    """The regular files of a tar; what cannot be read after a damaged place is one reject."""
    listing = Listing(name, prefix, room, scratch)
    links: list[tuple[bytes, str]] = []
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
                if entry.islnk():
                    links.append((os.fsencode(entry.name), entry.linkname))
                else:
                    _tar_member(listing, entry, path, end)
            file.seek(reached)
            if file.read(tarfile.BLOCKSIZE).strip(b"\x00"):
                raise tarfile.ReadError("invalid header")
        except (tarfile.TarError, *BROKEN) as error:
            if last < 0:
                raise damaged(name, "tar", error) from error
            reason = N_("damaged at byte {at}: what follows is unread ({why})")
            listing.contents.rejects.append(
                Reject(name, reason, {"at": reached, "why": str(error)[:200]})
            )
    _follow(links, listing, prefix)
    return listing.contents


def _follow(links: Sequence[tuple[bytes, str]], listing: Listing, prefix: str) -> None:
    """The second names of members of the archive itself, each with its member's bytes."""
    named = {m.name: m for m in listing.contents.members} if links else {}
    for raw, target in links:
        plain = os.fsencode(str(PurePosixPath(target.lstrip("/"))))
        if (member := named.get(prefix + shown_name(plain))) is None:
            reason = N_("it is a second name of {target}, which the archive does not hold")
            listing.reject(raw, reason, target=shown_name(os.fsencode(target)))
        else:
            listing.place(raw, member.size, partial(_renamed, member))
            named.setdefault(listing.contents.members[-1].name, listing.contents.members[-1])


def _renamed(member: Member, name: str) -> Member:
    return replace(member, name=name)


def _tar_member(listing: Listing, entry: tarfile.TarInfo, path: Path, end: int) -> None:
    raw = os.fsencode(entry.name)
    if entry.isdir():
        return
    if entry.issym():
        listing.reject(raw, N_("it is a symbolic link: not followed"))
    elif not entry.isreg():
        listing.reject(raw, N_("it is no regular file: not opened"))
    elif entry.issparse():
        listing.reject(raw, N_("it is a sparse file: not opened"))
    elif entry.offset_data + entry.size > end:
        listing.reject(raw, N_("it is cut short: not opened"))
    else:
        listing.add(raw, entry.size, partial(stretch, path, entry.offset_data, entry.size))

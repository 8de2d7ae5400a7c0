"""Zip archives, also encrypted ones (the old PKWARE cipher, WinZip's AES) with their key."""

import os
import re
import stat
import struct
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyzipper

from faisceau.errors import BadInput
from faisceau.evidence.broken import BROKEN
from faisceau.evidence.containers import keys as handed
from faisceau.evidence.containers.contents import Contents, Listing, Room, checked, damaged
from faisceau.evidence.containers.scratch import BLOCK, Scratch
from faisceau.evidence.reading import Member
from faisceau.words import N_

_DIRECTORY_ENTRY = 128
"""Bytes: about the mean length of an entry in a zip's directory."""
_BROKEN = (*BROKEN, pyzipper.BadZipFile, KeyError, TypeError, AttributeError)
_COMPRESSIONS = (0, 8, 12, 14)


def list_zip(
    file: Member, prefix: str, room: Room, scratch: Scratch, keys: Sequence[bytes]
) -> Contents | None:
    """The members of a zip; None when it is a document, to be kept whole.

    Members that no key opens are rejects; when there are no others, the zip is (``BadInput``).
    """
    path = file.local()
    try:
        if _directory_size(path) > scratch.limits.members * _DIRECTORY_ENTRY:
            raise BadInput(N_("{name} holds too many files: refused"), name=file.name)
        archive = scratch.archive(path, zipfile.ZipFile)
    except BROKEN as error:
        raise damaged(file.name, "zip", error) from error
    entries = archive.infolist()
    if _is_document(entries):
        return None
    _refuse_overlap(file.name, entries, archive.start_dir)
    listing = Listing(file.name, prefix, room, scratch)
    locked = []
    for entry in entries:
        raw = _name(entry)
        if raw.endswith(b"/"):
            continue
        if stat.S_ISLNK(entry.external_attr >> 16):
            listing.reject(raw, N_("it is a symbolic link: not followed"))
        elif entry.flag_bits & 0x1:
            locked.append(entry)
        elif entry.compress_type not in _COMPRESSIONS:
            _reject_compression(listing, raw, entry.compress_type)
        else:
            listing.add(raw, entry.file_size, partial(_stream, path, entry, scratch))
    if locked:
        _list_locked(file.name, path, locked, listing=listing, scratch=scratch, keys=keys)
    return listing.contents


def _reject_compression(listing: Listing, raw: bytes, kind: int) -> None:
    listing.reject(raw, N_("its compression is not known: {kind}"), kind=kind)


def _list_locked(
    name: str,
    path: Path,
    locked: Sequence[zipfile.ZipInfo],
    *,
    listing: Listing,
    scratch: Scratch,
    keys: Sequence[bytes],
) -> None:
    """The encrypted members, if the least of them opens."""
    passwords = handed.passwords(keys)
    at = {entry.header_offset for entry in locked}
    entries: list[Any] = []
    if passwords:
        try:
            archive = scratch.archive(path, pyzipper.AESZipFile)
            entries = [entry for entry in archive.infolist() if entry.header_offset in at]
        except _BROKEN as error:
            raise damaged(name, "zip", error) from error
    known = [entry for entry in entries if _can_decrypt(entry)]
    if not known or not _opens(path, known, passwords, scratch):
        if not listing.contents.members and not listing.contents.rejects:
            raise handed.closed(name, keys)
        for entry in locked:
            listing.reject(_name(entry), handed.WRONG if keys else handed.MISSING)
        return
    for entry in entries:
        raw = _name(entry)
        if entry.flag_bits & 0x40:
            listing.reject(raw, N_("its encryption is not known"))
        elif entry.compress_type not in _COMPRESSIONS:
            _reject_compression(listing, raw, entry.compress_type)
        else:
            opened = partial(_decrypted, path, entry, passwords, scratch)
            listing.add(raw, entry.file_size, opened)


def _can_decrypt(entry: Any) -> bool:
    return not entry.flag_bits & 0x40 and entry.compress_type in _COMPRESSIONS


def _opens(path: Path, entries: Sequence[Any], passwords: list[bytes], scratch: Scratch) -> bool:
    """Whether a password opens the least member that holds anything, to its checksum.

    The check that stands before a member lets one wrong password of 256 pass (PKWARE), or of
    65,536 (AES).
    """
    least = min(entries, key=lambda entry: (not entry.file_size, entry.file_size))
    for password in list(passwords):
        try:
            with scratch.archive(path, pyzipper.AESZipFile).open(least, pwd=password) as stream:
                left = least.file_size
                while left >= 0 and (block := stream.read(BLOCK)):
                    left -= len(block)
        except _BROKEN:
            continue
        passwords.remove(password)
        passwords.insert(0, password)  # tried first on the others too
        return True
    return False


def _decrypted(
    path: Path, entry: Any, passwords: Sequence[bytes], scratch: Scratch, name: str
) -> BinaryIO:
    for password in passwords:
        try:
            raw = scratch.archive(path, pyzipper.AESZipFile).open(entry, pwd=password)
        except RuntimeError:  # what pyzipper raises for a wrong password
            continue
        except _BROKEN as error:
            raise damaged(name, "zip", error) from error
        return checked(name, "zip", cast("BinaryIO", _AsStandard(raw)), entry.file_size)
    raise handed.closed(name, passwords)


class _AsStandard:
    """A stream of pyzipper, whose errors are made the standard library's."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.close = raw.close

    def read1(self, size: int) -> bytes:
        try:
            return bytes(self._raw.read1(size))
        except pyzipper.BadZipFile as error:
            raise zipfile.BadZipFile(str(error)) from error


def _stream(path: Path, entry: zipfile.ZipInfo, scratch: Scratch, name: str) -> BinaryIO:
    try:
        raw = scratch.archive(path, zipfile.ZipFile).open(entry)
    except BROKEN as error:
        raise damaged(name, "zip", error) from error
    return checked(name, "zip", cast("BinaryIO", raw), entry.file_size)


def _name(entry: Any) -> bytes:
    """The path of a zip member, in UTF-8: many writers use it without saying so."""
    name: str = entry.orig_filename
    raw: bytes
    if entry.flag_bits & 0x800:
        raw = name.encode("utf-8")
    else:
        raw = name.encode("cp437")
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError:
            raw = name.encode("utf-8")
    return raw.replace(b"\\", b"/")  # the specification knows ``/`` alone; Windows does not


def _directory_size(path: Path) -> int:
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

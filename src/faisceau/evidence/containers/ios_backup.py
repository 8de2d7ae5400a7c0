"""Finder and iTunes backups (iOS 10 and later): files called as they were on the telephone.

A backup keeps each file under the SHA-1 of its name, ``ab/abcdef…``; ``Manifest.db`` says which
is which (table ``Files``: fileID, domain, relativePath, flags, file). Its files become members
``HomeDomain/Library/SMS/sms.db``, in the folder that holds the backup; the others keep theirs.

An encrypted backup opens with its password alone, handed over. Described by Bédrune and Sigwald
(iPhone data protection in depth, HITB 2011) and by https://github.com/jsharkey13/iphone_backup_decrypt:
``Manifest.plist`` holds a bag of class keys, each wrapped (RFC 3394) by a key that PBKDF2 makes of
the password twice; each file has a key of its own, wrapped by that of its class, and is encrypted
by AES-256-CBC.
"""

import hashlib
import plistlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO, cast

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from faisceau.errors import BadInput
from faisceau.evidence.containers import keys as handed
from faisceau.evidence.containers.contents import (
    Contents,
    Listing,
    Room,
    checked,
    damaged,
    on_disk,
    streamed,
)
from faisceau.evidence.containers.scratch import Overflow, Scratch
from faisceau.evidence.reading import Member, Reject
from faisceau.evidence.sqlite import DAMAGED
from faisceau.words import N_

MANIFEST = "Manifest.db"

_FILE, _FOLDER, _LINK = 1, 2, 4
_BLOCK = 16
_PASSWORD = 2
"""Bit of a class key's ``WRAP``: it is wrapped by the password alone, not by the telephone."""
_ROUNDS = 20_000_000
"""Of PBKDF2, at most; iOS asks for ten million."""
_LONGEST_PLIST = 16 << 20
_MALFORMED = (
    KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError,
    plistlib.InvalidFileException,
)  # fmt: skip
"""What a property list raises that is not what it should be."""


def manifests(files: Sequence[Member]) -> list[Member]:
    """The lists of the backups among these files."""
    return [file for file in files if file.name.rpartition("/")[2] == MANIFEST]


def named(
    files: Sequence[Member], manifest: Member, scratch: Scratch, keys: Sequence[bytes]
) -> Contents:
    """The files, those of one backup under the names they had on the telephone.

    Raises ``BadInput`` when the backup is encrypted and no key handed over opens it, or when its
    list is damaged.
    """
    folder = manifest.name.removesuffix(MANIFEST)
    known = {file.name: file for file in files if file.name.startswith(folder)}
    room = Room(scratch.limits.total, scratch.limits.members)
    listing = Listing(manifest.name, folder, room, scratch)
    vault: _Vault | None = None
    try:
        vault = _vault(known.get(f"{folder}Manifest.plist"), manifest, keys)
    except _Unreadable as error:
        if not _is_sqlite(manifest):
            raise
        listing.contents.rejects.append(
            Reject(str(error.facts["name"]), error.message, error.facts)
        )
    if vault is not None:
        manifest = vault.manifest(manifest, scratch)
    elif not _is_sqlite(manifest):
        return Contents(list(files), [])  # called so, and something else
    taken = {manifest.name}
    for entry in _entries(manifest):
        raw = entry.path.encode("utf-8", "surrogatepass")
        if entry.flags == _FOLDER:
            continue
        stored = known.get(f"{folder}{entry.id[:2]}/{entry.id}") or known.get(folder + entry.id)
        if entry.flags == _LINK:
            listing.reject(raw, N_("it is a symbolic link: not followed"))
        elif stored is None:
            listing.reject(raw, N_("the backup lists it and does not hold it"))
        else:
            taken.add(stored.name)
            _add(listing, raw, stored, entry, vault=vault, scratch=scratch)
    others = [file for file in files if file.name not in taken]
    return Contents([*others, manifest, *listing.contents.members], listing.contents.rejects)


def _add(
    listing: Listing,
    raw: bytes,
    stored: Member,
    entry: "_Entry",
    *,
    vault: "_Vault | None",
    scratch: Scratch,
) -> None:
    """One file under its name, decrypted where the backup is."""
    if vault is None:
        listing.place(raw, 0, lambda name: replace(stored, name=name))
        return
    try:
        key, size = vault.file_key(entry.about), int(entry.about.get("Size", 0))
    except _MALFORMED:
        listing.reject(raw, N_("what the backup says of it is unreadable: not opened"))
        return
    if key is None and stored.size and "EncryptionKey" in entry.about:
        listing.reject(raw, N_("its key is bound to the telephone: not opened"))
    elif key is None:
        listing.place(raw, 0, lambda name: replace(stored, name=name))
    else:
        made = partial(_decrypted, stored, key, size, scratch)
        listing.place(raw, 0, made)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the list; ``about`` is empty where nothing can be read of it."""

    id: str
    path: str
    flags: int
    about: Mapping[str, Any]


def _entries(manifest: Member) -> Iterator[_Entry]:
    uri = f"{manifest.local().absolute().as_uri()}?mode=ro&immutable=1"
    sql = "SELECT fileID, domain, relativePath, flags, file FROM Files ORDER BY rowid"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            for file_id, domain, path, flags, about in db.execute(sql):
                if isinstance(file_id, str):
                    yield _Entry(file_id, f"{domain}/{path}", flags, _Lazy(about))
    except DAMAGED as error:
        raise damaged(manifest.name, "SQLite", error) from error


class _Lazy(dict[str, Any]):
    """What the list says of a file (an archived ``MBFile``), read once somebody asks."""

    def __init__(self, archived: object) -> None:
        super().__init__()
        self._archived = archived

    def _read(self) -> None:
        if isinstance(self._archived, bytes) and len(self._archived) <= _LONGEST_PLIST:
            archived, self._archived = self._archived, None
            self.update(_unarchived(archived))

    def get(self, key: str, default: Any = None) -> Any:
        self._read()
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._read()
        return super().__contains__(key)


def _unarchived(archived: bytes) -> dict[str, Any]:
    """The fields of the root object of an ``NSKeyedArchiver`` property list."""
    plist = plistlib.loads(archived)
    objects = plist["$objects"]

    def resolved(value: Any) -> Any:
        value = objects[value.data] if isinstance(value, plistlib.UID) else value
        return value.get("NS.data", value) if isinstance(value, dict) else value

    root = objects[plist["$top"]["root"].data]
    return {name: resolved(value) for name, value in root.items()}


# What is encrypted.


def _vault(plist: Member | None, manifest: Member, keys: Sequence[bytes]) -> "_Vault | None":
    """The keys of an encrypted backup; None when it is not encrypted."""
    if plist is None or plist.size > _LONGEST_PLIST:
        return None
    try:
        with plist.open() as stream:
            about = plistlib.loads(stream.read())
        if not about.get("IsEncrypted"):
            return None
        bag = _Bag.of(about["BackupKeyBag"])
        wrapped = about.get("ManifestKey")
    except _MALFORMED as error:
        raise _Unreadable(
            N_("{name} cannot be opened as {form}: {why}"),
            name=plist.name,
            form="Manifest.plist",
            why=type(error).__name__,
        ) from error
    for password in handed.passwords(keys):
        if (classes := bag.opened(password)) is not None:
            return _Vault(classes, wrapped)
    raise handed.closed(manifest.name, keys)


class _Unreadable(BadInput):
    """The property list that says how a backup is encrypted is damaged."""


@dataclass(frozen=True, slots=True)
class _Bag:
    """The bag of class keys: tags of four letters, lengths, values; each ``UUID`` begins a key."""

    attributes: Mapping[bytes, bytes]
    classes: Sequence[Mapping[bytes, bytes]]

    @classmethod
    def of(cls, blob: bytes) -> "_Bag":
        attributes: dict[bytes, bytes] = {}
        classes: list[dict[bytes, bytes]] = []
        at = 0
        while at + 8 <= len(blob):
            tag, size = blob[at : at + 4], int.from_bytes(blob[at + 4 : at + 8], "big")
            value = blob[at + 8 : at + 8 + size]
            at += 8 + size
            if tag == b"UUID" and b"UUID" in attributes:
                classes.append({})
            (classes[-1] if classes else attributes)[tag] = value
        bag = cls(attributes, classes)
        if not 0 < bag.number(b"ITER") <= _ROUNDS or bag.number(b"DPIC") > _ROUNDS:
            raise ValueError("rounds")
        if b"SALT" not in attributes or (bag.number(b"DPIC") and b"DPSL" not in attributes):
            raise ValueError("salt")
        return bag

    def number(self, tag: bytes) -> int:
        return int.from_bytes(self.attributes.get(tag, b""), "big")

    def opened(self, password: bytes) -> dict[int, bytes] | None:
        """The keys by class; None when the password is not the right one."""
        key = password
        if self.number(b"DPIC"):  # since iOS 10.2
            salt = self.attributes[b"DPSL"]
            key = hashlib.pbkdf2_hmac("sha256", key, salt, self.number(b"DPIC"), 32)
        salt = self.attributes[b"SALT"]
        key = hashlib.pbkdf2_hmac("sha1", key, salt, self.number(b"ITER"), 32)
        found = {}
        for one in self.classes:
            if one.get(b"WRAP", b"\x00")[-1] & _PASSWORD and b"WPKY" in one:
                try:
                    unwrapped = aes_key_unwrap(key, one[b"WPKY"])
                except (InvalidUnwrap, ValueError):
                    return None
                found[int.from_bytes(one.get(b"CLAS", b""), "big")] = unwrapped
        return found or None


@dataclass(frozen=True, slots=True)
class _Vault:
    """The class keys of one backup, and the wrapped key of its list."""

    classes: Mapping[int, bytes]
    wrapped: bytes | None

    def manifest(self, manifest: Member, scratch: Scratch) -> Member:
        """The list in plain; before iOS 10.2 it was not encrypted."""
        if self.wrapped is None or _is_sqlite(manifest):
            return manifest
        try:
            number = int.from_bytes(self.wrapped[:4], "little")
            key = aes_key_unwrap(self.classes[number], self.wrapped[4:])
        except (InvalidUnwrap, *_MALFORMED) as error:
            raise damaged(manifest.name, "Manifest.db", type(error).__name__) from error
        with _stream(manifest.open, key, manifest.size, manifest.name) as stream:
            try:
                path, sha256 = scratch.extract(stream, manifest.size)
            except Overflow as error:  # pragma: no cover - no more comes out than goes in
                raise damaged(manifest.name, "Manifest.db", "size") from error
        plain = on_disk(manifest.name, path, sha256)
        if not _is_sqlite(plain):
            raise BadInput(N_("{name} is no SQLite database once decrypted"), name=manifest.name)
        return plain

    def file_key(self, about: Mapping[str, Any]) -> bytes | None:
        """The key of a file; None when it has none, or one that this password does not give."""
        wrapped = about.get("EncryptionKey")
        if not isinstance(wrapped, bytes):
            return None
        key = self.classes.get(int(about.get("ProtectionClass", 0)))
        try:
            return None if key is None else aes_key_unwrap(key, wrapped[4:])
        except InvalidUnwrap:
            return None


def _decrypted(stored: Member, key: bytes, size: int, scratch: Scratch, name: str) -> Member:
    """An encrypted file as a member: as many bytes as the list says, where that can be."""
    if not 0 <= stored.size - size <= _BLOCK:
        size = _unpadded(stored, key)
    opened = partial(_stream, stored.open, key, size, name)
    return streamed(name, size, opened, scratch)


def _unpadded(stored: Member, key: bytes) -> int:
    """Bytes without the padding (PKCS #7), which the last block tells."""
    if stored.size < _BLOCK or stored.size % _BLOCK:
        return stored.size
    with stored.local().open("rb") as file:
        file.seek(max(stored.size - 2 * _BLOCK, 0))
        last = file.read()
    before = last[:-_BLOCK] or bytes(_BLOCK)
    plain = Cipher(AES(key), CBC(before)).decryptor().update(last[-_BLOCK:])
    n = plain[-1]
    return stored.size - n if 0 < n <= _BLOCK and plain.endswith(bytes([n]) * n) else stored.size


def _stream(opened: Callable[[], BinaryIO], key: bytes, size: int, name: str) -> BinaryIO:
    raw = cast("BinaryIO", _Decrypting(opened(), key, size))
    return checked(name, "AES", raw, size)


class _Decrypting:
    """The plain bytes of a stream, without what pads them."""

    def __init__(self, stream: BinaryIO, key: bytes, size: int) -> None:
        self._stream, self._left = stream, size
        self._over = b""
        self._cipher = Cipher(AES(key), CBC(bytes(_BLOCK))).decryptor()
        self.close = stream.close

    def read1(self, size: int) -> bytes:
        plain, self._over = self._over, b""
        while self._left and not plain and (data := self._stream.read(max(size, _BLOCK))):
            plain = self._cipher.update(data)
        plain, self._over = plain[:size], plain[size:]
        plain = plain[: self._left]
        self._left -= len(plain)
        return plain


def _is_sqlite(file: Member) -> bool:
    with file.open() as stream:
        return stream.read(16) == b"SQLite format 3\x00"

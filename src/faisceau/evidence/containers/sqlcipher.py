"""SQLCipher databases, decrypted page by page to a plain SQLite file in scratch.

Design: https://www.zetetic.net/sqlcipher/design/. The file begins with a salt; each page is
encrypted by AES-256-CBC and carries its IV and, since version 2, a checksum keyed by the same
secret (HMAC), which tells the right key and shows damage. Pages that the database does not use
any more are decrypted with the others, and so is a write-ahead log: what was deleted stays to be
found, which an export by SQL would lose.

The key is a passphrase, or the raw key as 64 hexadecimal digits (96: with the salt) or 32 bytes.
Versions 4, 3, 2 and 1 are tried with their default settings.
"""

import hashlib
import hmac
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from faisceau.evidence.containers import keys as handed
from faisceau.evidence.containers.contents import Contents, Listing, Room, on_disk
from faisceau.evidence.containers.names import raw_name
from faisceau.evidence.containers.scratch import Scratch
from faisceau.evidence.reading import Member
from faisceau.words import N_

_MAGIC = b"SQLite format 3\x00"
_SALT = _IV = 16
_NAMED = re.compile(r"(?i)\.(db|db3|sqlite|sqlite3|sqlitedb|sqlcipher|storedata)$")
_WAL_HEADER, _FRAME_HEADER = 32, 24
_RANDOM = 180
"""Distinct bytes among 512; random ones have 221 on average, and all but never so few."""


@dataclass(frozen=True, slots=True)
class _Settings:
    """How a version encrypts. Sizes in bytes; ``digest`` empty: pages carry no checksum."""

    page: int
    reserve: int
    rounds: int
    hash: str
    digest: str


_VERSIONS = (
    _Settings(4096, 80, 256_000, "sha512", "sha512"),
    _Settings(1024, 48, 64_000, "sha1", "sha1"),
    _Settings(1024, 48, 4_000, "sha1", "sha1"),
    _Settings(1024, 16, 4_000, "sha1", ""),
)


def looks_encrypted(file: Member, start: bytes, *, alone: bool) -> bool:
    """Whether a file may be an encrypted database: random bytes from the first, whole pages.

    Nothing in it says so: it must be called as databases are, unless it is ``alone``, handed
    over with a key.
    """
    return (
        file.size >= 1024
        and file.size % 512 == 0
        and (alone or _NAMED.search(file.name) is not None)
        and len(set(start)) >= _RANDOM
    )


def list_database(
    file: Member,
    wal: Member | None,
    prefix: str,
    *,
    room: Room,
    scratch: Scratch,
    keys: Sequence[bytes],
) -> Contents:
    """The plain database and, where there is one, its plain log.

    Raises ``BadInput`` when no key handed over opens it.
    """
    with file.open() as stream:
        first = stream.read(max(s.page for s in _VERSIONS))
    if (pages := _opened(first, keys)) is None:
        raise handed.closed(file.name, keys)
    listing = Listing(file.name, prefix, room, scratch)
    name = file.name.rpartition("/")[2]
    path = scratch.path()
    bad = pages.database(file, path)
    listing.place(raw_name(name), file.size, partial(on_disk, path=path))
    if bad:
        reason = N_("{n} pages do not match their checksum: they are left empty")
        listing.reject(raw_name(name), reason, n=bad)
    if wal is not None and wal.size:
        path = scratch.path()
        pages.log(wal, path)
        listing.place(raw_name(f"{name}-wal"), wal.size, partial(on_disk, path=path))
    return listing.contents


def _opened(first: bytes, keys: Sequence[bytes]) -> "_Pages | None":
    for secret in _secrets(keys):
        for settings in _VERSIONS:
            pages = _Pages.of(settings, secret, first[:_SALT])
            if pages.is_right(first[: settings.page]):
                return pages
    return None


@dataclass(frozen=True, slots=True)
class _Secret:
    """A passphrase, or a raw key with the salt that may stand beside it."""

    passphrase: bytes = b""
    raw: bytes = b""
    salt: bytes = b""


def _secrets(keys: Sequence[bytes]) -> Iterator[_Secret]:
    for key in keys:
        if len(key) == 32 and not key.isascii():
            yield _Secret(raw=key)
            continue
        for line in handed.passwords([key]):
            # PRAGMA key = "x'…'" is how the raw key stands in programs
            if digits := re.fullmatch(rb"(?:x')?([0-9A-Fa-f]{64})([0-9A-Fa-f]{32})?'?", line):
                salt = bytes.fromhex((digits[2] or b"").decode())
                yield _Secret(raw=bytes.fromhex(digits[1].decode()), salt=salt)
            else:
                yield _Secret(passphrase=line)


@dataclass(frozen=True, slots=True)
class _Pages:
    """Decrypts the pages of one database."""

    settings: _Settings
    key: bytes
    checksum_key: bytes

    @classmethod
    def of(cls, settings: _Settings, secret: _Secret, salt: bytes) -> "_Pages":
        salt = secret.salt or salt
        key = secret.raw or hashlib.pbkdf2_hmac(
            settings.hash, secret.passphrase, salt, settings.rounds, 32
        )
        masked = bytes(byte ^ 0x3A for byte in salt)
        return cls(settings, key, hashlib.pbkdf2_hmac(settings.hash, key, masked, 2, 32))

    def is_right(self, first: bytes) -> bool:
        """Whether the key is the first page's: by its checksum, else by what must stand in it."""
        if len(first) < self.settings.page:
            return False
        if self.settings.digest:
            return self._is_genuine(1, first[_SALT:])
        plain = self._plain(1, first)
        # the size of a page and its fixed fractions (file format, 1.3)
        fixed = plain[16:18] + plain[21:24]
        return fixed == self.settings.page.to_bytes(2, "big") + bytes([64, 32, 32])

    def page(self, number: int, page: bytes) -> bytes | None:
        """A page in plain; None when it does not match its checksum."""
        if not any(page):
            return page  # one that was never written
        body = page[_SALT:] if number == 1 else page
        if self.settings.digest and not self._is_genuine(number, body):
            return None
        return self._plain(number, page)

    def database(self, file: Member, path: Path) -> int:
        """Write the plain database; how many of its pages are damaged."""
        bad = 0
        with file.open() as stream, path.open("xb") as plain:
            for number, page in enumerate(_pieces(stream, self.settings.page), start=1):
                made = self.page(number, page)
                bad += made is None
                plain.write(made or bytes(self.settings.page))
        return bad

    def log(self, wal: Member, path: Path) -> None:
        """Write the plain write-ahead log: its checksums, over other bytes now, are made anew.

        Frames that did not match theirs, being older or cut, do not match them afterwards.
        """
        with wal.open() as stream, path.open("xb") as plain:
            header = stream.read(_WAL_HEADER)
            plain.write(header)
            if len(header) < _WAL_HEADER:
                return
            order = ">" if header[3] & 1 else "<"
            theirs = ours = struct.unpack_from(">II", header, 24)
            for frame in _pieces(stream, _FRAME_HEADER + self.settings.page):
                head, page = frame[:_FRAME_HEADER], frame[_FRAME_HEADER:]
                number = int.from_bytes(head[:4], "big")
                made = self.page(number, page) or bytes(len(page))
                theirs = _checksum(head[:8] + page, theirs, order)
                ours = _checksum(head[:8] + made, ours, order)
                whole = head[8:16] == header[16:24] and head[16:] == struct.pack(">II", *theirs)
                checksum = struct.pack(">II", *ours) if whole else bytes(8)
                plain.write(head[:16] + checksum + made)

    def _is_genuine(self, number: int, body: bytes) -> bool:
        """Whether a page matches its checksum: over what is encrypted, its IV and its number."""
        end = len(body) - self.settings.reserve + _IV
        size = hashlib.new(self.settings.digest).digest_size
        made = hmac.new(self.checksum_key, body[:end], self.settings.digest)
        made.update(struct.pack("<I", number))
        return hmac.compare_digest(made.digest(), body[end : end + size])

    def _plain(self, number: int, page: bytes) -> bytes:
        end = len(page) - self.settings.reserve
        start = _SALT if number == 1 else 0
        cipher = Cipher(AES256(self.key), CBC(page[end : end + _IV])).decryptor()
        head = _MAGIC if number == 1 else b""
        return head + cipher.update(page[start:end]) + bytes(self.settings.reserve)


def _pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """The stream in pieces of ``size`` bytes; a last one that is cut short is left out."""
    while len(piece := stream.read(size)) == size:
        yield piece


def _checksum(data: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    """SQLite's checksum of a log (file format, 4.2): ``data`` is a multiple of 8 bytes."""
    first, second = before
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second

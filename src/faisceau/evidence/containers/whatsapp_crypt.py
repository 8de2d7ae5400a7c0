"""WhatsApp for Android's backups: ``.crypt12``, ``.crypt14``, ``.crypt15``, opened with their key.

Described by the wa-crypt-tools project (https://github.com/ElDavo/wa-crypt-tools): a header, the
file compressed by zlib and encrypted by AES-256-GCM, its tag, and an MD5 of all before; parts of
a backup of several files have no MD5, and crypt12 ends with two digits of the number.

- crypt12, crypt14: the key is the telephone's file ``key`` (158 bytes, a Java byte array).
- crypt15: the key is a root key of 32 bytes: the file ``encrypted_backup.key`` (a Java byte
  array), or the 64 digits that WhatsApp shows, in groups or not. The key of the file is made of
  it by HMAC-SHA256.

Nothing decrypted is given before the tag was found right.
"""

import hmac
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import BinaryIO, Literal, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from faisceau.errors import BadInput
from faisceau.evidence.containers import keys as handed
from faisceau.evidence.containers.contents import Contents, Listing, Room, bomb, on_disk
from faisceau.evidence.containers.names import raw_name
from faisceau.evidence.containers.scratch import BLOCK, Overflow, Scratch
from faisceau.evidence.reading import Member
from faisceau.words import N_

_TAG = _MD5 = 16
_RAW_HEADER = 67
"""Bytes: crypt12's version (3), salts (32 and 16) and IV (16)."""
_NAMED = re.compile(r"(?i)(?<=[^/])\.crypt(12|14|15)$")
_JAVA_BYTES = bytes.fromhex("aced0005757200025b42acf317f8060854e00200007870")
"""What ``ObjectOutputStream`` writes before the length and the bytes of a ``byte[]``."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the encrypted bytes, ``size`` bytes of it."""

    version: Literal[12, 14, 15]
    iv: bytes
    size: int

    @property
    def end(self) -> int:
        """Bytes after the MD5."""
        return 4 if self.version == 12 else 0


def header_of(name: str, start: bytes) -> Header | None:
    """The header of a backup, from the first bytes of the file; None when it is none.

    A crypt12 header says too little to be told by itself: it is one by its name.
    """
    if start.startswith((b"\x00\x01\x01", b"\x00\x01\x02", b"\x00\x01\x03")):
        named = _NAMED.search(name)
        is_backup = named is not None and named[1] == "12" and len(start) >= _RAW_HEADER
        return Header(12, start[51:67], _RAW_HEADER) if is_backup else None
    try:
        return _newer_header(start)
    except ValueError:
        return None


def _newer_header(start: bytes) -> Header | None:
    """A length, then a protobuf message: key type (1), crypt14 (2) or crypt15 (3), the app (4)."""
    length, at = _varint(start, 0)
    if start[at : at + 1] == b"\x01":  # some writers set a flag there
        at += 1
    size = at + length
    if size > len(start):
        return None
    prefix = dict(_fields(start[at:size]))
    older, newer = dict(_fields(_bytes(prefix, 2))), dict(_fields(_bytes(prefix, 3)))
    dict(_fields(_bytes(prefix, 4)))
    if len(iv := _bytes(newer, 1)) == 16:
        return Header(15, iv, size)
    if len(iv := _bytes(older, 5)) == 16:
        return Header(14, iv, size)
    return None


def list_backup(
    file: Member,
    header: Header,
    prefix: str,
    *,
    room: Room,
    scratch: Scratch,
    keys: Sequence[bytes],
) -> Contents:
    """The one file that was backed up, decrypted to scratch.

    Raises ``BadInput`` when no key handed over opens it, or it is damaged.
    """
    tried = [key for one in keys if (key := _key_for(header, one)) is not None]
    if not tried:
        raise handed.closed(file.name, keys)
    whole = _is_whole(file, header)
    path, sha256 = _decrypted(file, header, tried, room=room, scratch=scratch, whole=whole)
    listing = Listing(file.name, prefix, room, scratch)
    stem = _NAMED.sub("", file.name.rpartition("/")[2])
    made = partial(on_disk, path=path, sha256=sha256)
    listing.place(raw_name(stem), path.stat().st_size, made)
    return listing.contents


def _decrypted(
    file: Member,
    header: Header,
    tried: Sequence[bytes],
    *,
    room: Room,
    scratch: Scratch,
    whole: bool,
) -> tuple[Path, str]:
    trailer = (_TAG + _MD5 if whole else _TAG) + header.end
    for key in tried:
        stream = _Plain(file, header, key, file.size - header.size - trailer)
        try:
            with closing(stream):
                return scratch.extract(cast("BinaryIO", stream), room.bytes)
        except Overflow as error:
            room.bytes = 0
            raise bomb(file.name) from error
        except (InvalidTag, zlib.error):
            continue
    if whole:  # its own checksum is right: not the file is at fault
        raise handed.closed(file.name, tried)
    raise BadInput(
        N_("{name} is encrypted: the key handed over does not open it, or it is damaged"),
        hint=N_("Check which key belongs to it, and whether the copy is whole"),
        name=file.name,
    )


def _is_whole(file: Member, header: Header) -> bool:
    """Whether the file ends with the MD5 of all before it."""
    left = file.size - _MD5 - header.end
    if left < header.size + _TAG:
        return False
    digest = md5(usedforsecurity=False)
    with file.open() as stream:
        while left and (block := stream.read(min(left, BLOCK))):
            digest.update(block)
            left -= len(block)
        return stream.read(_MD5) == digest.digest()


class _Plain:
    """The decrypted and inflated bytes; ``InvalidTag`` at their end when they are not genuine."""

    def __init__(self, file: Member, header: Header, key: bytes, size: int) -> None:
        self._stream = file.open()
        self._left = max(size, 0)
        self._stream.read(header.size)
        self._cipher = Cipher(AES256(key), GCM(header.iv)).decryptor()
        self._pieces = self._inflated()

    def read(self, size: int) -> bytes:
        del size  # blocks come as they come
        return next(self._pieces, b"")

    def close(self) -> None:
        self._stream.close()

    def _inflated(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj()
        first = True
        packed = True
        for block in self._blocks():
            if first:
                # a backup of several files is a zip, which is compressed already
                packed, first = block[:1] == b"\x78", False
            if not packed:
                yield block
                continue
            rest = block
            while rest and not inflate.eof:
                if piece := inflate.decompress(rest, BLOCK):
                    yield piece
                rest = inflate.unconsumed_tail
        if packed and not first and not inflate.eof:
            raise zlib.error("incomplete stream")

    def _blocks(self) -> Iterator[bytes]:
        while self._left and (block := self._stream.read(min(self._left, BLOCK))):
            self._left -= len(block)
            yield self._cipher.update(block)
        tag = self._stream.read(_TAG)
        if self._left or len(tag) != _TAG:
            raise InvalidTag
        self._cipher.finalize_with_tag(tag)


def _key_for(header: Header, key: bytes) -> bytes | None:
    """The AES key that a key file gives for this backup; None when it is for none such."""
    if len(key) > handed.LONGEST:
        return None
    plain = _java_bytes(key)
    if header.version == 15:
        root = plain or key
        if len(root) != 32:
            digits = b"".join(key.split())
            if not re.fullmatch(rb"[0-9A-Fa-f]{64}", digits):
                return None
            root = bytes.fromhex(digits.decode())
        private = hmac.digest(bytes(32), root, "sha256")
        return hmac.digest(private, b"backup encryption\x01", "sha256")
    return plain[99:] if len(plain) == 131 else None


def _java_bytes(key: bytes) -> bytes:
    """What a serialised ``byte[]`` holds; nothing when the file is none."""
    at = len(_JAVA_BYTES) + 4
    if not key.startswith(_JAVA_BYTES) or int.from_bytes(key[at - 4 : at], "big") != len(key) - at:
        return b""
    return key[at:]


def _bytes(fields: Mapping[int, object], number: int) -> bytes:
    value = fields.get(number, b"")
    return value if isinstance(value, bytes) else b""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protobuf message; ``ValueError`` when it is none."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ValueError(tag)
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(kind)
        if at + size > len(message):
            raise ValueError(size)
        yield number, message[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError(at)

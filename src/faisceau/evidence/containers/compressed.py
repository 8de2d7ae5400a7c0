"""Compressed files: gzip, bzip2, xz; the one file inside, or the tar that it is."""

import bz2
import gzip
import lzma
import re
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, cast

from faisceau.errors import BadInput
from faisceau.evidence.broken import BROKEN
from faisceau.evidence.containers.contents import (
    Contents,
    Listing,
    Room,
    bomb,
    checked,
    damaged,
)
from faisceau.evidence.containers.names import raw_name
from faisceau.evidence.containers.scratch import BLOCK, Overflow, Scratch
from faisceau.evidence.containers.tars import is_tar_header, list_tar
from faisceau.evidence.reading import Member, Reject

Compression = Literal["gzip", "bzip2", "xz"]
_XZ_MEMORY = 256 << 20


def list_compressed(
    file: Member, form: Compression, prefix: str, room: Room, scratch: Scratch
) -> Contents:
    """The one file under a compression, or the members of the tar that it is.

    A tar is decompressed to the scratch folder once: its members are wanted in any order. For
    the same reason one that is cut short still gives what comes before the cut.
    """
    path = file.local()
    plain = partial(_plain, path, form)
    with plain(file.name) as stream:
        start = stream.read(tarfile.BLOCKSIZE)
        is_tar = len(start) == tarfile.BLOCKSIZE and start[0] and is_tar_header(start)
    if is_tar:
        return _list_compressed_tar(file, plain, prefix, room, scratch)
    size = 0
    with plain(file.name) as stream:
        while block := stream.read(BLOCK):
            size += len(block)
            if size > room.bytes:
                room.bytes = 0
                raise bomb(file.name)
    listing = Listing(file.name, prefix, room, scratch)
    outer = PurePosixPath(file.name).name
    stem = re.sub(r"(?i)(?<=.)\.(gz|bz2|xz)$", "", outer)
    listing.add(raw_name(stem), size, plain)
    return listing.contents


def _list_compressed_tar(
    file: Member, plain: Callable[[str], BinaryIO], prefix: str, room: Room, scratch: Scratch
) -> Contents:
    cut = _UntilDamage(file.name, plain)
    try:
        with cut:
            path, _ = scratch.extract(cast("BinaryIO", cut), room.bytes)
    except Overflow as error:
        room.bytes = 0
        raise bomb(file.name) from error
    contents = list_tar(file.name, path, prefix, room, scratch)
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


def _plain(path: Path, form: Compression, name: str) -> BinaryIO:
    """What lies under a compression, as a stream."""
    try:
        if form == "xz":
            with path.open("rb") as start:
                # liblzma would grant a dictionary of 4 GiB to a file of a few bytes
                lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY).decompress(start.read(4096), 1)
        opener: Any = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}[form]
        opened: BinaryIO = opener(path)
    except BROKEN as error:
        raise damaged(name, form, error) from error
    return checked(name, form, opened)

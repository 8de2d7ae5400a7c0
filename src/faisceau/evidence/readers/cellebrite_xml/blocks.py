"""The bytes of a report as a strict parser wants them, a block at a time."""

import codecs
import re
from collections.abc import Iterator
from io import BytesIO

from faisceau.evidence.mending import mended_xml, xml_encoding
from faisceau.evidence.reading import Source

BLOCK = 1 << 18
"""Bytes read at a time."""

_FORBIDDEN = bytes(set(range(32)) - {9, 10, 13})
_REFERENCE = re.compile(rb"&#(?!(?:9|1[03]|x[9ADad]|3[2-9]|[4-9]\d|1\d\d);)")
"""A reference to a character that XML may not allow, or that is half of one."""
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")


def blocks(source: Source) -> Iterator[bytes]:
    """The file as valid UTF-8 for a strict parser, in blocks that end before a ``<``."""
    start = source.head.start
    if xml_encoding(start) not in ("utf-8", "utf-8-sig", "ascii"):
        with source.open() as stream:
            mended = mended_xml(stream, start)
            while block := mended.read(BLOCK):
                yield block
        return
    with source.open() as stream:
        held, size = b"", BLOCK
        mark = stream.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while block := mark + stream.read(size):
            block, mark = held + block, b""
            cut = block.rfind(b"<")
            if cut <= 0:  # within one long text
                held, size = block, min(2 * size, 64 * BLOCK)
                continue
            yield _mended(block[:cut])
            held, size = block[cut:], BLOCK
        yield _mended(held)


def _mended(block: bytes) -> bytes:
    """The block itself where it is sound, as nearly all are: mending costs more than parsing."""
    if len(block.translate(None, _FORBIDDEN)) == len(block) and not _REFERENCE.search(block):
        if block.isascii():
            return block
        if not _NO_CHARACTER.search(block) and _is_utf8(block):
            return block
    stream = mended_xml(BytesIO(block), b"<")
    return b"".join(iter(lambda: stream.read(BLOCK), b""))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True

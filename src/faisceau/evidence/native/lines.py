"""Complete lines of a text file as UTF-8, a few megabytes at a time, whatever its encoding.

A line of bytes that are no text, or longer than any record, becomes a reject and leaves an empty
line in its place, so that line numbers stay those of the file.
"""

import codecs
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.encoding import code_page
from faisceau.evidence.reading import LONGEST_LINE, Head, Reject, Source
from faisceau.words import N_

BLOCK = 4 << 20
"""Bytes read at a time: enough for Arrow to be quick, little enough for many files at once."""
_WIDE = ("utf-16", "utf-32")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Lines:
    """Complete lines, each ended by ``\\n`` (the last of the file perhaps not).

    ``first`` is the number, from 1, of the first; ``last`` is True at the end of the file.
    """

    first: int
    data: bytes
    rejects: tuple[Reject, ...]
    last: bool


def text_encoding(head: Head) -> str | None:
    """The encoding of a text in which a few lines may be damaged; None when it is no text.

    ``encoding_of`` reads a flawless beginning. One stray byte there must not turn a whole UTF-8
    file into another code page, so the lines vote.
    """
    found = head.encoding
    if found is not None and found.startswith("utf"):
        return found
    if head.start and b"\0" not in head.start and _is_utf8(head.start, cut=not head.whole):
        return "utf-8"  # messages may hold control characters; programs and pictures hold zeros
    lines = head.start.split(b"\n")
    lines = lines if head.whole else lines[:-1] or lines
    clean = [line for line in lines if not _CONTROL.search(line)]
    if 2 * len(clean) <= len(lines) or not any(clean):
        return None
    spelt = [_is_utf8(line) for line in clean if not line.isascii()]
    if 2 * sum(spelt) >= len(spelt):
        return "utf-8"
    return code_page(b"\n".join(clean))


def line_end(text: str) -> str:
    """``\\r`` for a text that ends its lines so (Mac OS until 2001), else ``\\n``."""
    return "\r" if "\r" in text and "\n" not in text else "\n"


def read_lines(source: Source, encoding: str, end: str = "\n") -> Iterator[Lines]:
    """All lines of ``source``, about ``BLOCK`` bytes at a time; memory stays bounded.

    A file that begins as plain ASCII may still be in a code page: its first other bytes decide.
    """
    page = None if encoding.startswith("utf") else encoding
    undecided = encoding == "utf-8"
    with source.open() as stream:
        for lines in _cut(_blocks(stream, encoding), end.encode()):
            data = lines.data.replace(b"\r", b"\n") if end == "\r" else lines.data
            if undecided and not data.isascii():
                undecided = False
                page = _other_page(data)
            if page is not None:
                data = data.decode(page, "surrogateescape").encode("utf-8", "surrogatepass")
            data, broken = _without_broken(data, lines.first)
            yield Lines(lines.first, data, (*lines.rejects, *broken), lines.last)


def split_lines(data: bytes) -> pa.Array:
    """The lines of ``data`` without their ``\\n``, as a binary array; its bytes are not copied."""
    length = len(data) - data.endswith(b"\n")
    offsets = pa.py_buffer(array("i", [0, length]))
    whole = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, pa.py_buffer(data)])
    return pc.split_pattern(whole, b"\n").flatten()


def _blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The bytes of the file without byte-order mark; UTF-16 and UTF-32 as UTF-8.

    A lone surrogate stays one: it is no valid UTF-8, so its line is found to be broken.
    """
    if not encoding.startswith(_WIDE):
        first = stream.read(BLOCK).removeprefix(codecs.BOM_UTF8)
        while first:
            yield first
            first = stream.read(BLOCK)
        return
    lenient = "surrogatepass" if encoding.startswith("utf-16") else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(lenient)
    while block := stream.read(BLOCK):
        yield decoder.decode(block).encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:  # half a character at the end of the file
        yield "\udcff".encode("utf-8", "surrogatepass")


def _cut(blocks: Iterator[bytes], end: bytes) -> Iterator[Lines]:
    """Whole lines out of blocks; one longer than ``LONGEST_LINE`` is rejected unread."""
    number, held, skipping = 1, b"", False
    rejects: list[Reject] = []
    for block in blocks:
        if skipping:
            at = block.find(end)
            if at < 0:
                continue
            held, skipping = block[at:], False  # its end stays, as an empty line
        else:
            held += block
        cut = held.rfind(end) + 1
        if cut:
            yield Lines(number, held[:cut], tuple(rejects), last=False)
            number, held, rejects = number + held.count(end, 0, cut), held[cut:], []
        if len(held) > LONGEST_LINE:
            raw = held[:2000].decode("utf-8", "replace")[:500]
            reason = N_("A line longer than 16 MiB")
            rejects.append(Reject(f"line {number}", reason, raw=raw))
            held, skipping = b"", True
    yield Lines(number, held, tuple(rejects), last=True)


def _other_page(data: bytes) -> str | None:
    """The code page of lines that are mostly no UTF-8; None where they mostly are."""
    if _is_utf8(data):
        return None
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    wrong = [line for line in lines if not _is_utf8(line)]
    if 2 * len(wrong) <= len(lines):
        return None
    return code_page(b"\n".join(wrong))


def _is_utf8(data: bytes, *, cut: bool = False) -> bool:
    """True for UTF-8; ``cut`` allows half a character at the end."""
    try:
        codecs.utf_8_decode(data, "strict", not cut)
    except UnicodeDecodeError:
        return False
    return True


def _without_broken(data: bytes, first: int) -> tuple[bytes, list[Reject]]:
    """Empty the lines that are no valid UTF-8, and say which they were."""
    if data.isascii():
        return data, []
    view, start, number = memoryview(data), 0, first
    kept: list[bytes] = []
    rejects = []
    taken = 0
    while True:
        try:
            str(view[start:], "utf-8")
        except UnicodeDecodeError as error:
            at = start + error.start
            begin = data.rfind(b"\n", start, at) + 1 or start
            stop = data.find(b"\n", at)
            stop = stop if stop >= 0 else len(data)
            number += data.count(b"\n", start, begin)
            raw = data[begin : begin + 2000].decode("utf-8", "replace")[:500]
            reason = N_("bytes that are no text in this file's encoding")
            rejects.append(Reject(f"line {number}", reason, raw=raw))
            kept.append(data[taken:begin])
            start = taken = stop
        else:
            return (b"".join([*kept, data[taken:]]) if rejects else data), rejects

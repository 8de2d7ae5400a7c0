"""The words of Apple's attributed strings, and the history that goes with an edited message.

``sms.db`` keeps the words of a message as an ``NSAttributedString`` in Apple's typedstream form
(``attributedBody``), often without the plain column. Apple describes neither this form nor
``message_summary_info``; facts from https://github.com/dgelessus/python-typedstream and from
https://github.com/ReagentX/imessage-exporter (``message_types/edited.rs``).
"""

import plistlib
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from typedstream.stream import BeginTypedValues, InvalidTypedStreamError, TypedStreamReader

_USUAL = re.compile(
    rb"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84"
    rb"(?:\x12|\x19NSMutableAttributedString\x00\x84\x84\x12)NSAttributedString\x00"
    rb"\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84"
    rb"(?:\x08|\x0fNSMutableString\x01\x84\x84\x08)NSString\x01[\x94\x95]\x84\x01\+"
)
"""How Messages begins such a string, up to the length of its words: read without a parser."""
_SHORT, _LONG = 0x81, 0x82
"""A length of two or of four bytes follows; below 0x80 the byte is the length itself."""
_EVENTS = 64
"""In another form of string the words come among the first events, or are not sought further."""
_DAMAGE = (
    InvalidTypedStreamError, ValueError, TypeError, KeyError, IndexError, AttributeError,
    EOFError, OverflowError, RecursionError, MemoryError, AssertionError, struct.error,
)  # fmt: skip
_DEEPEST = 1 << 20
"""Bytes; a longer summary is none."""


def attributed_words(archive: bytes) -> str:
    """The words of an archived attributed string. Raises ``ValueError`` where it is none."""
    usual = _USUAL.match(archive)
    if usual is None:
        return _sought(archive)
    start = usual.end()
    length = archive[start] if start < len(archive) else 0x80
    start += 1
    if length in (_SHORT, _LONG):
        width = 2 if length == _SHORT else 4
        length = int.from_bytes(archive[start : start + width], "little")
        start += width
    elif length >= 0x80:
        raise ValueError(length)
    words = archive[start : start + length]
    if len(words) < length:
        raise ValueError(length)
    return words.decode("utf-8", "replace")


def _sought(archive: bytes) -> str:
    """The first string of any typedstream, by the library that reads them all."""
    strings = False
    try:
        for event in islice(TypedStreamReader.from_data(archive), _EVENTS):
            if isinstance(event, BeginTypedValues):
                strings = list(event.encodings) == [b"+"]
            elif strings and isinstance(event, bytes):
                return event.decode("utf-8", "replace")
    except _DAMAGE as error:
        raise ValueError(str(error)) from error
    raise ValueError(archive[:16])


@dataclass(frozen=True, slots=True)
class Version:
    """What a part of a message said before: when it was written (Apple's clock), its words."""

    at: Any
    words: str


@dataclass(frozen=True, slots=True)
class History:
    """What became of a message after it was sent: its earlier versions, and what was unsent."""

    earlier: tuple[Version, ...] = ()
    unsent: bool = False


def message_history(summary: bytes) -> History:
    """The history in ``message_summary_info``. Raises ``ValueError`` where it is unreadable.

    Its key ``ec`` holds the versions of each part, the last being what the message now says;
    ``rp`` the parts that were unsent; without versions the whole message was.
    """
    if len(summary) > _DEEPEST or not summary.startswith(b"bplist00"):
        raise ValueError(summary[:8])
    try:
        info = plistlib.loads(summary, fmt=plistlib.FMT_BINARY)
        unsent = {str(part) for part in info.get("rp") or ()}
        parts = dict(info.get("ec") or {})
        return History(tuple(_versions(parts, unsent)), bool(unsent) or not parts)
    except _DAMAGE as error:
        raise ValueError(str(error)) from error


def _versions(parts: dict[str, Any], unsent: set[str]) -> Iterator[Version]:
    for part, versions in parts.items():
        for version in versions if str(part) in unsent else versions[:-1]:
            yield Version(version.get("d"), attributed_words(version["t"]))

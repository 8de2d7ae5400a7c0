"""The wire format of Protocol Buffers, as far as two columns of WhatsApp for iOS need it.

Format: https://protobuf.dev/programming-guides/encoding/ . What the numbers of the fields mean is
known from the databases and from IPED's and iLEAPP's parsers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_QUOTED, _FORWARDS = 5, 17
_REACTIONS, _POLL = 7, 8
_SECONDS = 100_000_000_000
"""A smaller time counts seconds; a larger one milliseconds."""


def fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field; where the bytes end or make no sense, the reading ends."""
    at, end = 0, len(raw)
    while at < end:
        tag, at = _varint(raw, at)
        number, wire = tag >> 3, tag & 7
        if number < 1 or at > end:
            return
        if wire == 0:
            value, at = _varint(raw, at)
            if at > end:
                return
            yield number, value
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield number, raw[at : at + size]
            at += size
        elif wire == 2:
            size, at = _varint(raw, at)
            if at + size > end:
                return
            yield number, raw[at : at + size]
            at += size
        else:
            return


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number and where the next field begins; behind the end, where the bytes are cut."""
    value = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    return 0, len(raw) + 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What the metadata of a message says: the id of the one it answers, how often forwarded."""

    quoted: str | None = None
    forwards: int = 0


def answer(raw: bytes) -> Answer:
    """Of ``ZWAMEDIAITEM.ZMETADATA``."""
    quoted, forwards = None, 0
    for number, value in fields(raw):
        if number == _QUOTED and isinstance(value, bytes) and value.isascii():
            quoted = value.decode() or None
        elif number == _FORWARDS and isinstance(value, int):
            forwards = value
    return Answer(quoted, forwards)


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji put to a message: by whom (None: the holder), and when, in milliseconds."""

    sender: str | None
    emoji: str
    at: int | None


def receipts(raw: bytes) -> tuple[list[Reaction], list[str]]:
    """Of ``ZWAMESSAGEINFO.ZRECEIPTINFO``: the reactions, and a poll's question and options."""
    reactions: list[Reaction] = []
    poll: list[str] = []
    for number, value in fields(raw):
        if not isinstance(value, bytes):
            continue
        if number == _REACTIONS:
            for kind, one in fields(value):
                if kind in (1, 2) and isinstance(one, bytes):
                    reactions.append(_reaction(one, theirs=kind == 1))
        elif number == _POLL:
            for kind, one in fields(value):
                if kind == 2 and isinstance(one, bytes):
                    poll.insert(0, _text(one))
                elif kind == 3 and isinstance(one, bytes):
                    options = (v for n, v in fields(one) if n == 1 and isinstance(v, bytes))
                    poll.extend(map(_text, options))
    return reactions, poll


def _reaction(raw: bytes, *, theirs: bool) -> Reaction:
    """Of another person: 2 is who, 3 the emoji, 4 the time; of the holder: 2 the emoji, 3 when."""
    found = dict(fields(raw))
    emoji, at = found.get(3 if theirs else 2), found.get(4 if theirs else 3)
    who = found.get(2) if theirs else None
    when = int(at) if isinstance(at, int) or (isinstance(at, bytes) and at.isdigit()) else None
    return Reaction(
        _text(who) if isinstance(who, bytes) else None,
        _text(emoji) if isinstance(emoji, bytes) else "",
        None if when is None else when * 1000 if when < _SECONDS else when,
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")

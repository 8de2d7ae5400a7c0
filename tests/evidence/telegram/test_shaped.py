"""Telegram's messages read many at once: the same as one by one, or not at all."""

import struct
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.telegram.shaped import FEW, shaped
from faisceau.evidence.telegram.tl import decoded

FROM, REPLY, ENTITIES, EDITED, MEDIA = 1 << 8, 1 << 3, 1 << 7, 1 << 15, 1 << 9
USER, CHANNEL = 0x59511722, 0xA2A5371E
BOLD, LINK = 0xBD610BC9, 0x76A6D327


def string(words: bytes) -> bytes:
    """A TL string, padded with zeros."""
    if len(words) < 254:
        said = bytes([len(words)]) + words
    else:
        said = b"\xfe" + len(words).to_bytes(3, "little") + words
    return said + bytes(-len(said) % 4)


def message(flags: int, number: int, words: bytes, peer: int = USER, entities: int = 1) -> bytes:
    """A ``message`` of layer 181 or so (94345242) with what its flags announce."""
    said = struct.pack("<IIIi", 0x94345242, flags, 0, number)
    if flags & FROM:
        said += struct.pack("<Iq", peer, 1000 + number)
    said += struct.pack("<Iq", USER, 5_000_000_000 + number)
    if flags & REPLY:
        said += struct.pack("<IIi", 0xAFBC09DB, 1 << 4, number - 1)
    said += struct.pack("<i", 1_700_000_000 + number) + string(words)
    if flags & ENTITIES:
        said += struct.pack("<II", 0x1CB5C415, entities)
        for n in range(entities):
            said += struct.pack("<Iii", LINK if n else BOLD, 0, 2)
            said += string(b"https://a.example/" + b"x" * (number % 9)) if n else b""
    return said + (struct.pack("<i", 1_800_000_000 + number) if flags & EDITED else b"")


def plain(value: Any, row: int) -> Any:
    """What a field of a shape says of one of its messages."""
    if isinstance(value, dict):
        return {name: plain(one, row) for name, one in value.items()}
    return value[row].item() if hasattr(value, "dtype") else value


def told(blobs: list[Any]) -> dict[int, tuple[dict[str, Any], str]]:
    found = {}
    for group in shaped(blobs):
        texts = group.text.to_pylist()
        assert pa.types.is_string(group.text.type)
        for row, place in enumerate(group.places):
            fields = {n: plain(v, row) for n, v in group.fields.items() if n != "message"}
            found[int(place)] = (fields, texts[row])
    return found


WORDS = st.lists(st.text(max_size=300).map(str.encode), min_size=1, max_size=4)
FLAGS = st.integers(0, 31).map(
    lambda n: sum(bit for k, bit in enumerate((FROM, REPLY, ENTITIES, EDITED)) if n >> k & 1)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(FLAGS, min_size=1, max_size=3), WORDS, st.integers(0, 2))
def test_many_at_once_are_the_same_as_one_by_one(
    shapes: list[int], words: list[bytes], entities: int
) -> None:
    blobs = [
        message(flags, n, words[n % len(words)], CHANNEL if n % 5 == 0 else USER, entities)
        for n in range(1, 6 * FEW)
        for flags in shapes
    ]
    found = told(blobs)
    assert len(found) > len(blobs) // 2
    for place, (fields, text) in found.items():
        alone = decoded(blobs[place], "edit_date").fields
        assert text == alone.pop("message")
        assert {n: v for n, v in alone.items() if n in fields and n != "entities"} == fields
        assert alone.get("edit_date") == fields.get("edit_date")


def test_what_is_rare_damaged_or_carries_media_is_left() -> None:
    usual = [message(FROM, n, b"salut") for n in range(2 * FEW)]
    rare = [message(FROM | REPLY, n, b"oui") for n in range(FEW - 1)]
    cut = [message(FROM, n, b"salut" * 9)[:-8] for n in range(FEW)]
    media = [message(MEDIA, n, b"photo") + struct.pack("<I", 0x3DED6320) for n in range(FEW)]
    bad = [message(FROM | EDITED, n, b"\xff\xfe") for n in range(FEW)]
    other: list[Any] = [None, b"", b"abc", b"\x00" * 64]
    everything = [*rare, *cut, *media, *bad, *other, *usual]
    assert sorted(told(everything)) == list(range(len(everything) - len(usual), len(everything)))
    assert not told([*usual, 7])  # no bytes at all: read one by one


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=12, max_size=80), max_size=8), st.integers(0, 40))
def test_any_bytes_are_survived(tails: list[bytes], cut: int) -> None:
    begin = struct.pack("<III", 0x94345242, FROM | ENTITIES | EDITED, 0)[: cut or 12]
    told([begin + tail for tail in tails for _ in range(FEW)])

"""The elements of a large JSON array, parsed many at a time: where they end, and what they say.

A parser of events builds a value in Python, event by event; orjson builds thousands in one call.
It needs to know where a stretch of whole elements ends: told here from the quotes and brackets.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from faisceau.evidence.mending import mend_json

DEEPEST = 64
"""Values nested deeper are no record of any known format: they are dropped."""

_QUOTE, _OPEN, _CLOSE, _COMMA = 1, 2, 3, 4
_KINDS: Final = bytes(
    {0x22: _QUOTE, 0x7B: _OPEN, 0x5B: _OPEN, 0x7D: _CLOSE, 0x5D: _CLOSE, 0x2C: _COMMA}.get(byte, 0)
    for byte in range(256)
)
_STEPS: Final = np.array([0, 0, 1, -1, 0], np.int32)
_ZEROS: Final = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG: Final = b"0" * 19
"""As many digits may be more than 64 bits hold."""
_LONG_NUMBER = re.compile(rb"[\[:,]\s*-?\d{19}")
_NOT_CHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_JOINT = 16
"""Bytes of the next element that tell the end of an element from what looks like it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the beginning of ``data`` holds: whole elements up to ``end``.

    ``closed``: the bracket at ``end`` closes the array. ``deepest``: how deep they nest.
    ``joint``: how one element ends and the next begins, where that is in ``data``.
    """

    end: int
    closed: bool
    deepest: int
    joint: bytes = b""


def stretch(data: bytes) -> Stretch | None:
    """The whole elements that ``data`` begins with, just inside an array; None: none is whole."""
    plain = data
    if b"\\" in data:
        plain = data.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    kinds = np.frombuffer(plain.translate(_KINDS), np.uint8)
    at = np.flatnonzero(kinds.astype(np.bool_))
    kinds = kinds[at]
    quotes = kinds == _QUOTE
    outside = (np.cumsum(quotes, dtype=np.int32) & 1) == 0
    outside &= ~quotes
    at, kinds = at[outside], kinds[outside]
    depth = np.cumsum(_STEPS[kinds], dtype=np.int32)
    closing = np.flatnonzero(depth < 0)
    if len(closing):
        first = int(closing[0])
        return Stretch(int(at[first]), closed=True, deepest=int(depth[: first + 1].max()))
    commas = np.flatnonzero((kinds == _COMMA) & (depth == 0))
    if not len(commas):
        return None
    last = int(commas[-1])
    end, before = int(at[last]), int(at[max(last - 1, 0)])
    joint = data[before : end + _JOINT] if kinds[max(last - 1, 0)] == _CLOSE else b""
    return Stretch(end, closed=False, deepest=int(depth[: last + 1].max()), joint=joint)


def likely(data: bytes, joint: bytes) -> tuple[list[Any], int] | None:
    """The elements up to the last place that looks like ``joint``, and where their comma is.

    None where there is none, or where what stands before it is no list of whole elements that
    nest little: ``stretch`` tells more.
    """
    at = data.rfind(joint) if joint else -1
    if at < 0:
        return None
    end = at + joint.index(b",")
    found = elements(data[:end])
    if found is None:
        return None
    opened = data.count(b"{", 0, end) + data.count(b"[", 0, end)
    return (found, end) if opened - len(found) < DEEPEST else None


def elements(data: bytes) -> list[Any] | None:
    """The values of elements with commas between them; None for what is no such JSON.

    Mended as ``mended_json`` does, where the strict parser asks for it.
    """
    document = b"[%b]" % data
    if _LONG in document.translate(_ZEROS) and _LONG_NUMBER.search(document):
        return _exactly(document)
    if b"\xef" not in document or not any(mark in document for mark in _NOT_CHARACTERS):
        try:
            return list(orjson.loads(document))
        except orjson.JSONDecodeError:
            pass  # stricter than the programs that write
    try:
        return list(orjson.loads(mend_json(document.decode("utf-8", "replace"))))
    except orjson.JSONDecodeError:
        return None


def _exactly(document: bytes) -> list[Any] | None:
    """Whole numbers of any length: orjson rounds those beyond 64 bits."""
    try:
        text = mend_json(document.decode("utf-8", "replace"))
        return list(json.loads(text, parse_float=_finite, parse_constant=_finite))
    except (ValueError, RecursionError):
        return None


def _finite(text: str) -> float:
    value = float(text)
    if not -float("inf") < value < float("inf"):
        raise ValueError(text)
    return value

"""TL messages of one shape, read together: the same field at each one's own place.

Most messages are words and little else, in few shapes: constructor, flags, kinds of people, number
and kinds of entities. Those of a shape are walked once, with arrays in the place of numbers. What
has another shape than enough others, carries media, or is no message in sound condition, is left
for ``tl.decoded``, one by one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.telegram.messages import EDITED
from faisceau.evidence.telegram.tl import BOOL_TRUE, VECTOR, schema
from faisceau.tables.schemas.schema import STRING

FEW = 24
"""Messages of a shape, at least: of fewer each is as quickly read alone."""
_SHORTEST = 16
"""Bytes of a message, at least."""
_DEEPEST = 6
_MOST = 200
"""Entities of a message that are followed."""

Numbers = Any
"""An array of whole numbers."""


@dataclass(frozen=True, slots=True)
class Shaped:
    """Messages of one shape: their places, and what they say.

    ``fields``: as ``tl.decoded`` gives them, arrays in the place of numbers; objects in it are of
    one constructor. ``text`` is never null.
    """

    places: Numbers
    fields: Mapping[str, Any]
    text: pa.Array


def shaped(blobs: Sequence[Any]) -> Iterator[Shaped]:
    """The messages among ``blobs`` that enough others resemble."""
    try:
        array = pa.array(blobs, pa.binary())
    except (pa.ArrowException, TypeError):
        return  # something else than bytes is among them
    lengths = pc.fill_null(pc.binary_length(array), 0).to_numpy(zero_copy_only=False)
    sound = (lengths >= _SHORTEST) & (lengths % 4 == 0)  # each value begins at a multiple of four
    where = np.flatnonzero(sound)
    if len(where) < FEW:
        return
    array = array if len(where) == len(array) else array.filter(pa.array(sound))
    _, offsets, content = array.buffers()
    cuts = np.frombuffer(offsets, np.int32)[array.offset :][: len(array) + 1].astype(np.int64)
    data = np.frombuffer(content, np.uint8)[cuts[0] : cuts[-1]]
    begins, ends = cuts[:-1] - cuts[0], cuts[1:] - cuts[0]
    words = data.view("<u4")
    waiting = [np.arange(len(where))]
    while waiting:
        group = waiting.pop()
        if len(group) < FEW:
            continue
        walk = _Walk(words, begins[group].copy(), ends[group])
        try:
            fields = walk.message()
            text = _text(data, *fields["message"])
        except _Differ as differ:
            order = np.argsort(differ.by, kind="stable")
            cuts = np.flatnonzero(np.diff(differ.by[order])) + 1
            waiting += [group[part] for part in np.split(order, cuts)]
        except (_Unlike, pa.ArrowInvalid):
            continue
        else:
            yield Shaped(where[group], fields, text)


class _Differ(Exception):
    """The messages are not of one shape: they differ by these values."""

    def __init__(self, by: Numbers) -> None:
        super().__init__()
        self.by = by


class _Unlike(Exception):
    """Nothing that is read here."""


class _Walk:
    """Where the reading of some messages stands."""

    def __init__(self, words: Numbers, at: Numbers, ends: Numbers) -> None:
        self.words, self.at, self.ends = words, at, ends

    def message(self) -> dict[str, Any]:
        """The fields of the messages, as far as they are needed."""
        return self.object(0)

    def object(self, depth: int) -> dict[str, Any]:
        constructor = schema().get(self.same(self.uint()))
        if constructor is None or depth > _DEEPEST or (not depth and constructor.name != "message"):
            raise _Unlike
        found: dict[str, Any] = {"_": constructor.name}
        for field in constructor.fields:
            given = not field.flags or found[field.flags] & field.mask
            if not depth and field.name == "media":
                if given:
                    raise _Unlike
                if not found.get("flags", 0) & EDITED:
                    return found  # nothing that follows is needed
            if not given:
                continue
            if field.vector:
                self.vector(field.kind, depth)
            else:
                found[field.name] = self.value(field.kind, depth)
            if not depth and field.name == "edit_date":
                return found
        if not depth or constructor.cut:
            raise _Unlike  # the end of the message was not met
        return found

    def vector(self, kind: str, depth: int) -> None:
        if self.same(self.uint()) != VECTOR:
            raise _Unlike
        n = self.same(self.uint())
        if n > _MOST:
            raise _Unlike
        for _ in range(n):
            self.value(kind, depth)

    def value(self, kind: str, depth: int) -> Any:
        """A plain value of each message, or an object."""
        read = self.plain.get(kind)
        return self.object(depth + 1) if read is None else read(self)

    def step(self, size: Numbers) -> Numbers:
        """Go on by some bytes; where the reading stood."""
        at, after = self.at, self.at + size
        beyond = after > self.ends
        if beyond.any():
            if beyond.all():
                raise _Unlike
            raise _Differ(beyond)
        self.at = after
        return at

    def uint(self) -> Numbers:
        """Whole numbers without sign."""
        return self.words[self.step(4) >> 2].astype(np.uint64)

    def number(self) -> Numbers:
        """Whole numbers of four bytes."""
        return self.uint().astype(np.int32).astype(np.int64)

    def long(self) -> Numbers:
        """Whole numbers of eight bytes."""
        low, high = self.uint(), self.uint()
        return (low | (high << np.uint64(32))).view(np.int64)

    def text(self) -> tuple[Numbers, Numbers]:
        """Where each text begins, and its length."""
        at = self.at
        first = self.uint().astype(np.int64)
        self.at = at
        short = first & 0xFF
        is_long = short == 254
        start = np.where(is_long, 4, 1)
        length = np.where(is_long, first >> 8, short)
        self.step((start + length + 3) & ~3)
        return at + start, length

    def same(self, values: Numbers) -> Any:
        """The value that all have."""
        if (values != values[0]).any():
            raise _Differ(values)
        return values[0].item()

    plain: ClassVar[Mapping[str, Callable[["_Walk"], Any]]] = {
        "#": lambda walk: walk.same(walk.uint()),
        "int": number,
        "long": long,
        "double": lambda walk: walk.step(8),  # a place, of which nothing is made
        "Bool": lambda walk: walk.same(walk.uint()) == BOOL_TRUE,
        "string": text,
        "bytes": text,
    }
    """How values of a plain type are read."""


def _text(data: Numbers, start: Numbers, length: Numbers) -> pa.Array:
    """Texts that lie in one buffer. Raises ``ArrowInvalid`` where one is no UTF-8."""
    offsets = np.concatenate(([0], np.cumsum(length)))
    places = np.arange(offsets[-1]) + np.repeat(start - offsets[:-1], length)
    raw = np.ascontiguousarray(data[places])
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(raw)]
    return pa.Array.from_buffers(pa.binary(), len(length), buffers).cast(STRING)

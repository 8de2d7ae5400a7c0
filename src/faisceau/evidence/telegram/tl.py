"""TL objects: Telegram's serialisation, read by the constructors of ``layers.tl``.

https://core.telegram.org/mtproto/serialize. An object begins with the number of its constructor;
what the schema does not know ends the reading there, and what stood before it is kept.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Fields = dict[str, Any]
"""The fields of an object by name; ``_`` is its constructor's. Objects in it are the same."""

VECTOR = 0x1CB5C415
BOOL_TRUE = 0x997275B5
_DEEPEST = 24
_LINE = re.compile(r"(\w+)#([0-9a-f,]+)((?: \S+)*)")
_FLAGGED = re.compile(r"(flags2?)\.(\d+)\?(.*)")
_INT, _UINT, _LONG, _DOUBLE = (struct.Struct(f"<{kind}") for kind in "iIqd")


class Unreadable(Exception):
    """What stands here is not in the schema, or is damaged; ``number`` names a constructor."""

    def __init__(self, number: int | None = None) -> None:
        super().__init__(number)
        self.number = number


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object; ``stopped`` says that something in it could not be read, ``number`` at what."""

    fields: Fields
    stopped: bool = False
    number: int | None = None


def decoded(data: bytes, last: str = "") -> Decoded:
    """The object that ``data`` holds, as far as it can be read, but nothing after field ``last``.

    Never raises: an unknown object has no fields.
    """
    found: Fields = {}
    try:
        _object(_Cursor(data), found, 0, last)
    except Unreadable as error:
        return Decoded(found, True, error.number)
    except (struct.error, UnicodeDecodeError):
        return Decoded(found, True)
    return Decoded(found)


def text_after(data: bytes, number: int) -> str | None:
    """The text that follows a known number: where an object cannot be read up to it.

    The first TL string behind it, of strict UTF-8 and padded with zeros; None where none stands
    there or it is empty: a picture sent with the message may well have the same time.
    """
    sign = _INT.pack(number)
    at = data.find(sign, 4)
    while at >= 0:
        cursor = _Cursor(data, at + 4)
        try:
            raw = cursor.bytes()
            padding = data[cursor.at - cursor.padding : cursor.at]
            if len(padding) == cursor.padding and not any(padding):
                return raw.decode() or None
        except (struct.error, Unreadable, UnicodeDecodeError):
            pass
        at = data.find(sign, at + 1)
    return None


class _Cursor:
    """Where the reading stands in the bytes."""

    __slots__ = ("at", "data", "padding")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at
        self.padding = 0

    # each its own lines: a call the less for every number in every message

    def int(self) -> Any:
        (value,) = _INT.unpack_from(self.data, self.at)
        self.at += 4
        return value

    def uint(self) -> Any:
        (value,) = _UINT.unpack_from(self.data, self.at)
        self.at += 4
        return value

    def long(self) -> Any:
        (value,) = _LONG.unpack_from(self.data, self.at)
        self.at += 8
        return value

    def double(self) -> Any:
        (value,) = _DOUBLE.unpack_from(self.data, self.at)
        self.at += 8
        return value

    def bool(self) -> bool:
        return bool(self.uint() == BOOL_TRUE)

    def bytes(self) -> bytes:
        at, data = self.at, self.data
        if at >= len(data):
            raise Unreadable
        size, start = data[at], at + 1
        if size == 254:
            size, start = int.from_bytes(data[start : start + 3], "little"), start + 3
        end = start + size
        self.padding = -(end - at) % 4
        if end > len(data):
            raise Unreadable
        self.at = end + self.padding
        return data[start:end]

    def string(self) -> str:
        return self.bytes().decode("utf-8", "replace")


_PLAIN: dict[str, Callable[[_Cursor], Any]] = {
    "#": _Cursor.uint,
    "int": _Cursor.int,
    "long": _Cursor.long,
    "double": _Cursor.double,
    "string": _Cursor.string,
    "bytes": _Cursor.bytes,
    "Bool": _Cursor.bool,
}


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: where it is flagged, the flags and the bit; its type; how a plain value is read."""

    name: str
    flags: str
    mask: int
    kind: str
    plain: Callable[[_Cursor], Any] | None
    vector: bool


@dataclass(frozen=True, slots=True)
class _Constructor:
    name: str
    fields: tuple[_Field, ...]
    cut: bool
    """More follows that is not in the schema."""


def _object(cursor: _Cursor, found: Fields, depth: int, last: str = "") -> None:
    """Read one object into ``found``, field by field, so that what was read stays."""
    number = cursor.uint()
    constructor = schema().get(number)
    if constructor is None or depth > _DEEPEST:
        raise Unreadable(number)
    found["_"] = constructor.name
    for field in constructor.fields:
        if field.flags and not found[field.flags] & field.mask:
            continue
        if field.vector:
            _vector(cursor, found.setdefault(field.name, []), field.plain, depth)
        elif field.plain is not None:
            found[field.name] = field.plain(cursor)
        else:
            inner: Fields = {}
            found[field.name] = inner
            _object(cursor, inner, depth + 1)
        if field.name == last:
            return
    if constructor.cut and depth:
        raise Unreadable


def _vector(
    cursor: _Cursor, found: list[Any], plain: Callable[[_Cursor], Any] | None, depth: int
) -> None:
    if cursor.uint() != VECTOR:
        raise Unreadable
    for _ in range(cursor.uint()):  # every item takes bytes: a wrong count ends with them
        if plain is not None:
            found.append(plain(cursor))
        else:
            inner: Fields = {}
            found.append(inner)
            _object(cursor, inner, depth + 1)


@cache
def schema() -> dict[int, _Constructor]:
    """Every constructor of ``layers.tl`` by its number."""
    text = (files("faisceau.evidence.telegram") / "layers.tl").read_text("utf-8")
    schema = {}
    for line in text.splitlines():
        if (met := _LINE.fullmatch(line)) is None:
            continue  # a comment, an empty line
        words = met[3].split()
        fields = tuple(_field(word) for word in words if word != "...")
        constructor = _Constructor(met[1], fields, "..." in words)
        for number in met[2].split(","):
            schema[int(number, 16)] = constructor
    return schema


def _field(word: str) -> _Field:
    name, kind = word.split(":")
    flags, mask = "", 0
    if flagged := _FLAGGED.fullmatch(kind):
        flags, mask, kind = flagged[1], 1 << int(flagged[2]), flagged[3]
    vector = kind.startswith("Vector<")
    inner = kind.removeprefix("Vector<").removesuffix(">")
    return _Field(name, flags, mask, inner, _PLAIN.get(inner), vector)

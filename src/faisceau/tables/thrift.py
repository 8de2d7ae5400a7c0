"""Thrift's compact protocol, as far as Parquet's footers and page headers need it.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import struct as packed
from collections.abc import Sequence
from typing import Any, Final

I32: Final = 5
I64: Final = 6
BINARY: Final = 8
LIST: Final = 9
STRUCT: Final = 12
SPAN: Final = 0
"""Key of where a struct stands in its bytes: (first, past the last). No field is numbered 0."""

Struct = dict[int, Any]


def read(data: bytes, at: int = 0) -> tuple[Struct, int]:
    """The struct that begins at ``at``, by field number, with its ``SPAN``; where it ends.

    Raises ``IndexError`` where the bytes end too early, ``ValueError`` for an unknown type.
    """
    found: Struct = {}
    begin, number = at, 0
    while head := data[at]:
        at += 1
        step, kind = head >> 4, head & 15
        if step:
            number += step
        else:
            number, at = _signed(data, at)
        if kind in (I64, I32):  # most fields; most fit a byte
            byte = data[at]
            if byte < 128:
                found[number], at = (byte >> 1) ^ -(byte & 1), at + 1
            else:
                found[number], at = _signed(data, at)
        elif kind < 3:
            found[number] = kind == 1
        else:
            found[number], at = _value(data, at, kind)
    found[SPAN] = (begin, at + 1)
    return found, at + 1


def _value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == STRUCT:
        return read(data, at)
    if kind == BINARY:
        size, at = _varint(data, at)
        return data[at : at + size], at + size
    if 4 <= kind <= I64:
        return _signed(data, at)
    if kind in (LIST, LIST + 1):  # a set is written like a list
        return _list(data, at)
    if kind < 4:
        return data[at], at + 1
    if kind == 7:
        return packed.unpack_from("<d", data, at)[0], at + 8
    raise ValueError(kind)


def _list(data: bytes, at: int) -> tuple[list[Any], int]:
    size, kind, at = data[at] >> 4, data[at] & 15, at + 1
    if size == 15:
        size, at = _varint(data, at)
    if kind < 3:
        return [byte == 1 for byte in data[at : at + size]], at + size
    values = []
    for _ in range(size):
        value, at = _value(data, at, kind)
        values.append(value)
    return values, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while (byte := data[at]) > 127:
        value |= (byte & 127) << shift
        shift += 7
        at += 1
    return value | byte << shift, at + 1


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = _varint(data, at)
    return (value >> 1) ^ -(value & 1), at


def structure(*fields: tuple[int, int, bytes]) -> bytes:
    """A struct of (number, type, value as bytes), numbers rising by 15 at most."""
    made, last = bytearray(), 0
    for number, kind, value in fields:
        made.append((number - last) << 4 | kind)
        made += value
        last = number
    made.append(0)
    return bytes(made)


def integer(value: int) -> bytes:
    """An integer, as ``I32`` and ``I64`` have it."""
    return _unsigned(value << 1 if value >= 0 else (-value << 1) - 1)


def binary(value: bytes) -> bytes:
    """Bytes or text."""
    return _unsigned(len(value)) + value


def listed(kind: int, values: Sequence[bytes]) -> bytes:
    """A list of values of one type, each already written."""
    size = len(values)
    head = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + _unsigned(size)
    return head + b"".join(values)


def _unsigned(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    made.append(value)
    return bytes(made)

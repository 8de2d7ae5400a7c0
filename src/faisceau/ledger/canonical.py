"""The one form that things take in the ledger: canonical JSON (RFC 8785), one value a line.

Two programs that hold the same value write the same bytes, so that a hash of the bytes is a hash
of the value, and a line that is not in this form was not written by the ledger.
"""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

import orjson
import rfc8785

SAFE_INTEGER = 2**53 - 1
"""Largest integer that JSON carries without loss (RFC 8785, appendix D)."""


def dumps(value: Any) -> bytes:
    """``value`` as canonical JSON; ValueError when it is not JSON (NaN, bytes, a lone surrogate).

    orjson writes the same bytes 50 times faster, but for floats, large integers and the order of
    non-ASCII keys: these take the slow road.
    """
    try:
        if _plain(value):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return bytes(rfc8785.dumps(value))
    except (orjson.JSONEncodeError, RecursionError) as error:  # a lone surrogate, or too deep
        raise ValueError(str(error)) from error


def loads(line: bytes) -> Any:
    """The value of a canonical line; ValueError when it is not JSON or not canonical."""
    value = orjson.loads(line)
    if dumps(value) != line:
        raise ValueError("not canonical")
    return value


def to_base64(data: bytes) -> str:
    """Bytes as standard base64 text."""
    return b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Bytes of a base64 text; ValueError unless it is the only text that gives them."""
    data = b64decode(text, validate=True)
    if to_base64(data) != text:  # the last character of a text may hold bits that count for nothing
        raise ValueError("not canonical")
    return data


def stamp(moment: datetime) -> str:
    """A moment as RFC 3339, UTC, six decimals, ``Z``: ``2026-09-01T10:00:00.000000Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_stamp(text: Any) -> bool:
    """True for what :func:`stamp` writes."""
    if type(text) is not str or len(text) != 27 or text[26] != "Z" or text[10] != "T":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text[19] == "." and text.isascii()


def _plain(value: Any) -> bool:
    """True when orjson and RFC 8785 write the same bytes for ``value``.

    Texts, the common case, are told apart before anything is called: this runs on every line.
    """
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                return False
            if type(item) is not str and not _plain(item):
                return False
        return True
    if kind is list:
        return all([type(item) is str or _plain(item) for item in value])  # noqa: C419 - faster
    if kind is int:
        return bool(-SAFE_INTEGER <= value <= SAFE_INTEGER)
    return kind is str or kind is bool or value is None

"""JSON of any size as a stream: walk an object by its keys, build only the values wanted.

Programs that write JSON by hand leave damage that a strict parser stops at: ``\\x1A`` escapes,
bare control characters, bytes that are no UTF-8. It is mended on the way in, so that one bad
character does not cost the rest of the file.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

DEEPEST = 64
"""Values nested deeper are no record of any known format: they are dropped."""
LARGEST = 512
"""Buffers (of 64 KiB) that are read at once, at most, inside a long string."""

_HEX_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_CUT_ESCAPE = re.compile(r"\\+(?:x[0-9A-Fa-f]?)?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Event = tuple[str, Any]
CONTAINERS = ("start_map", "start_array")


class Events:
    """The events of one document, consumed in order by whoever walks it."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._next = events.__next__

    def expect(self, event: str) -> None:
        """Consume one event, which must be ``event``. Raises ``ijson.JSONError`` otherwise."""
        try:
            found, _ = self._next()
        except StopIteration:
            found = "end"
        if found != event:
            raise ijson.JSONError("the root is no object")

    def fields(self) -> Iterator[tuple[str, str, Any]]:
        """Inside an object: each key with the event and value that follow it.

        A container must be consumed (``value``, ``skip``, ``fields``, ``items``) before the next
        key is asked for.
        """
        while (found := self._next())[0] == "map_key":
            event, value = self._next()
            yield found[1], event, value

    def items(self) -> Iterator[Event]:
        """Inside an array: the event and value each item begins with; same rule as ``fields``."""
        while (found := self._next())[0] != "end_array":
            yield found

    def skip(self) -> int:
        """Pass over the container just opened; the number of its own items."""
        depth, items = 1, 0
        while depth:
            event, _ = self._next()
            if event in CONTAINERS:
                items += depth == 1
                depth += 1
            elif event in ("end_map", "end_array"):
                depth -= 1
            else:
                items += depth == 1 and event != "map_key"
        return items

    def value(self, event: str, value: Any) -> Any:
        """The value that begins with this event, whole."""
        if event not in CONTAINERS:
            return value
        top: Any = {} if event == "start_map" else []
        stack: list[Any] = [top]
        key = None
        following = self._next
        while stack:
            event, value = following()
            if event == "map_key":
                key = value
                continue
            if event in ("end_map", "end_array"):
                stack.pop()
                continue
            opened = event in CONTAINERS
            if opened and len(stack) >= DEEPEST:
                self.skip()
                opened, value = False, None
            if opened:
                value = {} if event == "start_map" else []
            holder = stack[-1]
            if isinstance(holder, dict):
                holder[key] = value
            else:
                holder.append(value)
            if opened:
                stack.append(value)
        return top


def json_events(stream: BinaryIO, encoding: str) -> Events:
    """The events of a document. Damage that cannot be mended raises ``ijson.JSONError`` there."""
    return Events(iter(ijson.basic_parse(_Mended(stream, encoding), use_float=True)))


class _Mended:
    """A byte stream as ijson reads it: always UTF-8 without mark, always valid inside strings."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._cut = ""
        self._started = False
        self._stretch = 1

    def read(self, size: int) -> bytes:
        """The next bytes, about ``size``; none at the end of the file only."""
        while size:
            raw = self._stream.read(size * self._stretch)
            text = self._cut + self._decode(raw, final=not raw)
            self._cut = ""
            if not raw:
                return self._mend(text)
            if cut := _CUT_ESCAPE.search(text):
                self._cut = text[cut.start() :]
                text = text[: cut.start()]
            if text:
                # the parser reads a string anew with every piece of it: a long one in few pieces
                self._stretch = 1 if '"' in text else min(2 * self._stretch, LARGEST)
                return self._mend(text)
        return b""  # ijson asks for no bytes, to see their type

    def _mend(self, text: str) -> bytes:
        if not self._started and text:
            self._started = True
            text = text.removeprefix("\ufeff")
        if "\\x" in text:
            text = _HEX_ESCAPE.sub(r"\1\\u00\2", text)
        return _CONTROL.sub("\ufffd", text).encode()

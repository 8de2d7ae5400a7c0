"""JSON of any size as a stream: walk an object by its keys, build only the values wanted.

Events come from ijson, but for the elements of large arrays: see ``Events.blocks``.
"""

from collections.abc import Iterator
from operator import length_hint
from typing import Any, BinaryIO

import ijson

from faisceau.evidence.json_stretches import DEEPEST, elements, likely, stretch
from faisceau.evidence.mending import mended_json

Event = tuple[str, Any]
CONTAINERS = ("start_map", "start_array")
BLOCK = 4096
"""Elements of an array built event by event that are handed over at once."""
FIRST, STRETCH = 1 << 14, 1 << 18
"""Bytes of an array that are parsed at once: at its beginning, and when it goes on."""
LONGEST = 1 << 23
"""Bytes without the end of an element that are searched for it: an odd quote may hide them all."""
PIECE = 1 << 16


class Events:
    """The events of one document, consumed in order by whoever walks it."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._pieces = _Pieces(stream, by_bracket=encoding.startswith("utf-8"))
        self._mended = mended_json(self._pieces, encoding)
        self._waiting: Iterator[Event] = iter(())
        self._next = self._parsed().__next__

    def _parsed(self) -> Iterator[Event]:
        """Every event, those before a damage too; then the damage is raised."""
        met: list[Event] = ijson.sendable_list()
        parser = ijson.basic_parse_coro(met, use_float=True)
        damage: ijson.JSONError | None = None
        while damage is None:
            piece = self._mended.read(PIECE)
            try:
                parser.send(piece) if piece else parser.close()
            except ijson.JSONError as error:
                damage = error
            self._pieces.met(array=bool(met) and met[-1][0] == "start_array")
            self._waiting = iter(met[:])
            del met[:]
            yield from self._waiting
            if not piece and damage is None:
                return
        raise damage

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

        A container must be consumed (``value``, ``skip``, ``fields``, ``items``, ``blocks``)
        before the next key is asked for.
        """
        while (found := self._next())[0] == "map_key":
            event, value = self._next()
            yield found[1], event, value

    def items(self) -> Iterator[Event]:
        """Inside an array: the event and value each item begins with; same rule as ``fields``."""
        while (found := self._next())[0] != "end_array":
            yield found

    def blocks(self) -> Iterator[list[Any]]:
        """Inside an array just opened: its items, whole and in order, some thousand at a time.

        Stretches of them are parsed at once; from where that fails (damage, NaN), event by event.
        """
        if self._enters_array():
            yield from self._stretches()
        block: list[Any] = []
        try:
            for event, value in self.items():
                block.append(self.value(event, value))
                if len(block) == BLOCK:
                    yield block
                    block = []
        except ijson.JSONError:
            if block:
                yield block  # what was read before the damage
            raise
        if block:
            yield block

    def _enters_array(self) -> bool:
        """True when the last event opened an array and the next byte is the first inside it."""
        return self._pieces.at_bracket and not length_hint(self._waiting)

    def _stretches(self) -> Iterator[list[Any]]:
        """Whole elements; what follows them is left to the parser, as if the array began there."""
        pieces, size, data, joint = self._pieces, FIRST, b"", b""
        try:
            while more := pieces.take(max(size, len(data))):  # one element may be longer
                data += more
                if (guessed := likely(data, joint)) is not None:
                    block, end = guessed
                    data, size = data[end + 1 :], min(4 * size, STRETCH)
                    yield block
                    continue
                found = stretch(data)
                if found is None:
                    if len(data) >= LONGEST:
                        return
                    continue
                said = elements(data[: found.end]) if found.deepest < DEEPEST else None
                if said is None:
                    return
                data, size = data[found.end + (not found.closed) :], min(4 * size, STRETCH)
                joint = found.joint if found.deepest == 1 else b""  # flat ones are told sooner
                if said:
                    yield said
                if found.closed:
                    return
        finally:
            pieces.put_back(data)

    def skip(self) -> int:
        """Pass over the container just opened; the number of its own items."""
        depth, items = 1, 0
        if self._enters_array():
            items = sum(map(len, self._stretches()))
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


class _Pieces:
    """A byte stream read in pieces that end where an array may begin.

    So whoever parses them knows, when the last event of a piece is the beginning of an array,
    that the next byte is inside it.
    """

    def __init__(self, stream: BinaryIO, *, by_bracket: bool) -> None:
        self._stream = stream
        self._by_bracket = by_bracket
        self._held = b""
        self._at = 0
        self._past = 0
        self._ended = False
        self.at_bracket = False
        """The last piece ends with a bracket, and has no other."""

    def read(self, size: int) -> bytes:
        """The next bytes, up to an opening bracket, or about ``size``."""
        if not self._by_bracket:
            return self._stream.read(size)
        self._fill(size)
        start = self._at
        end = self._held.find(b"[", start + self._past, start + size) + 1
        self._at = end or min(start + size, len(self._held))
        piece = self._held[start : self._at]
        self._ended = end > 0
        self.at_bracket = self._ended and piece.count(b"[") == 1
        return piece

    def met(self, *, array: bool) -> None:
        """Whether the last piece ended with an array: texts full of brackets end fewer pieces."""
        if self._ended:
            self._past = 0 if array else min(2 * self._past + 1, PIECE)

    def take(self, size: int) -> bytes:
        """At most ``size`` bytes, whatever they are; none at the end of the file only."""
        self._fill(size)
        start = self._at
        self._at = min(start + size, len(self._held))
        return self._held[start : self._at]

    def put_back(self, data: bytes) -> None:
        """The last bytes taken, which are still to be read."""
        if len(data) <= self._at:
            self._at -= len(data)
        else:
            self._held, self._at = data + self._held[self._at :], 0

    def _fill(self, size: int) -> None:
        if self._at == len(self._held):
            self._held, self._at = self._stream.read(max(size, PIECE)), 0


def json_events(stream: BinaryIO, encoding: str) -> Events:
    """The events of a document. Damage that cannot be mended raises ``ijson.JSONError`` there."""
    return Events(stream, encoding)

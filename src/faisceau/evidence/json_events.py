"""JSON of any size as a stream: walk an object by its keys, build only the values wanted."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from faisceau.evidence.mending import mended_json

DEEPEST = 64
"""Values nested deeper are no record of any known format: they are dropped."""

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
    return Events(iter(ijson.basic_parse(mended_json(stream, encoding), use_float=True)))

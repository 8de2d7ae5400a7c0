"""What a JSON file looks like from its beginning: the key paths that a reader recognises it by."""

import io
from typing import Any

import ijson

from faisceau.evidence.mending import mended_json
from faisceau.evidence.reading import Head

Path = tuple[str, ...]
ITEM = "[]"
"""Stands in a path for any item of an array."""
_TOLD = "json_paths"
DEEPEST = 8
"""Keys nested deeper are not looked at."""


def json_paths(head: Head) -> frozenset[Path]:
    """Every key path seen in the first bytes: ``("messages", "[]", "text")``; empty for no JSON.

    Sees what stands before the end of the head, or before the damage, whatever its order.
    """
    if not head.is_json:
        return frozenset()
    known: dict[str, Any] = vars(head)  # each reader asks: told once for all of them
    if _TOLD not in known:
        known[_TOLD] = _paths(head)
    told: frozenset[Path] = known[_TOLD]
    return told


def _paths(head: Head) -> frozenset[Path]:
    found: set[Path] = set()
    at: list[str] = []
    stream = mended_json(io.BytesIO(head.start), head.encoding or "utf-8")
    try:
        for event, value in ijson.basic_parse(stream):
            if event == "map_key":
                at[-1] = value
                if len(at) <= DEEPEST:
                    found.add(tuple(at))
            elif event == "start_map":
                at.append("")
            elif event == "start_array":
                at.append(ITEM)
            elif event in ("end_map", "end_array"):
                at.pop()
    except (ijson.JSONError, ValueError, RecursionError, ArithmeticError):
        pass  # cut by the end of the head, or damaged: what came before is enough
    return frozenset(found)

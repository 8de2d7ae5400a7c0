"""The blocks that pages are made of: the one language that both typesetters speak.

A document is a tree of lists, dicts and strings, already in words and nothing but data. A *run* is
``[style, text]``, styles being those of :data:`STYLES`; a *cell* is a list of runs. A block is a
dict whose ``is`` names it. ``templates/`` has one rule for each, in Typst and in HTML.
"""

from collections.abc import Sequence
from typing import Any

Run = list[str]
Cell = list[Run]
Block = dict[str, Any]

STYLES = ("", "b", "mono", "small", "mark", "muted")


def cell(*runs: str | Run) -> Cell:
    """A cell of runs; a string is plain text, an empty one is left out."""
    return [["", run] if isinstance(run, str) else run for run in runs if run and run[-1]]


def b(text: str) -> Run:
    """Bold."""
    return ["b", text]


def mono(text: str) -> Run:
    """Hashes, identifiers, commands: fixed width."""
    return ["mono", text]


def small(text: str) -> Run:
    """Locators and other notes."""
    return ["small", text]


def muted(text: str) -> Run:
    """What stands beside, greyed."""
    return ["muted", text]


def grouped(digest: str) -> Run:
    """A hash in groups of eight: easy to compare by eye, and broken between groups."""
    return mono(" ".join(digest[i : i + 8] for i in range(0, len(digest), 8)))


def heading(level: int, text: str, anchor: str = "") -> Block:
    """A heading, numbered by the typesetter; ``anchor`` is a name that ``top`` may refer to."""
    return {"is": "heading", "level": level, "text": text, "anchor": anchor}


def paragraph(*runs: str | Run) -> Block:
    """A paragraph."""
    return {"is": "paragraph", "cell": cell(*runs)}


def facts(pairs: Sequence[tuple[str, Cell]]) -> Block:
    """Names and values, one pair a line; those without value are left out."""
    return {"is": "facts", "pairs": [[name, value] for name, value in pairs if value]}


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    widths: Sequence[float],
    numeric: Sequence[int] = (),
    title: str = "",
) -> Block:
    """A table; ``widths`` are shares of the page's width (0: as wide as its content), ``numeric``
    the columns aligned right, ``title`` a sentence that stays above it."""
    return {
        "is": "table",
        "title": title,
        "head": list(head),
        "rows": [list(row) for row in rows],
        "widths": list(widths),
        "numeric": list(numeric),
    }


def note(head: str, text: Cell, *, alert: bool = False) -> Block:
    """Something that must not be overlooked; ``alert`` when it contradicts what it stands by."""
    return {"is": "note", "head": head, "cell": text, "alert": alert}


def bullets(items: Sequence[Cell]) -> Block:
    """A list."""
    return {"is": "bullets", "items": list(items)}


def command(text: str) -> Block:
    """What to type in a terminal."""
    return {"is": "command", "text": text}

"""Where each key of a TOML text stands, so that a complaint can name the line to mend.

``tomllib`` says what a text holds and not where; this module says where and nothing more. It
expects a text that ``tomllib`` has already accepted. Format: https://toml.io/en/v1.0.0
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
"""Keys, and positions in arrays of tables: ``("agents", 0, "roles")``."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\n\[\]{}=]"
    r"|[^\n\[\]{}=\"'\#]+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Statement:
    """One header, or the key of one ``key = value``, and the line (from 1) it starts on."""

    text: str
    line: int


def lines(text: str) -> dict[Path, int]:
    """The line (from 1) of every table header and key; keys of inline tables are left out."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    for statement in _statements(text):
        if not statement.text.startswith("["):
            path = here + _keys(f"{statement.text} = 0")
        elif statement.text.startswith("[["):
            path = _inside(_keys(statement.text), counts, last=False)
            position = counts.get(path, -1) + 1
            counts[path] = position
            path = here = (*path, position)
        else:
            path = here = _inside(_keys(statement.text), counts, last=True)
        for end in range(1, len(path) + 1):
            found.setdefault(path[:end], statement.line)
    return found


def line_of(where: dict[Path, int], path: Path) -> int:
    """The line of ``path`` or, failing that, of the nearest thing that holds it."""
    while path and path not in where:
        path = path[:-1]
    return where.get(path, 1)


def _statements(text: str) -> Iterator[_Statement]:
    """Headers and keys in order. A statement ends at the first line end outside any bracket."""
    line, start, depth = 1, 1, 0
    text = text.replace("\r\n", "\n")
    parts: list[str] = []
    in_value = False
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n" and (in_value is False or depth == 0):
            if not in_value and (key := "".join(parts).strip()):
                yield _Statement(key, start)
            parts, in_value, depth = [], False, 0
        elif in_value:
            depth += (token in "[{") - (token in "]}") if len(token) == 1 else 0
        elif token == "=":
            yield _Statement("".join(parts).strip(), start)
            in_value = True
        elif not token.startswith("#"):
            if not parts:
                start = line
            parts.append(token)
        line += token.count("\n")
    if not in_value and (key := "".join(parts).strip()):
        yield _Statement(key, start)


def _keys(statement: str) -> Path:
    """``[a."b c"]`` or ``a.b = 0`` as ``("a", "b c")`` or ``("a", "b")``."""
    node: Any = tomllib.loads(statement)
    path: list[str] = []
    while isinstance(node, (dict, list)) and node:
        if isinstance(node, list):
            node = node[-1]
            continue
        [(key, node)] = node.items()
        path.append(key)
    return tuple(path)


def _inside(keys: Path, counts: dict[Path, int], *, last: bool) -> Path:
    """``keys`` with the position of the array element they continue put after each array."""
    path: Path = ()
    for number, key in enumerate(keys, start=1):
        path = (*path, key)
        if path in counts and (last or number < len(keys)):
            path = (*path, counts[path])
    return path

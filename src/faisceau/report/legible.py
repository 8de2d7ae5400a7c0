"""Text from the evidence, made fit to print: hostile or odd, it stays text and stays visible.

Nothing is dropped in silence: what no page can show (control characters, lone surrogates, text
direction overrides, what no font at hand draws) is shown by its number, ``‹U+202E›``, or by its
name. Who interprets markup is not our concern here: both typesetters receive strings as data.
"""

import re
import unicodedata
from collections.abc import Container, Iterable
from functools import cache
from typing import Any

LONGEST = 2_000
"""Characters of a message that are printed; the count of the others is."""
MOST_LINES = 40

_AS = dict.fromkeys("\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\n") | {"\t": "    "}
_FORMATS = frozenset(
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Format characters that print nothing and harm nothing: joiners, marks, isolates."""
_TAGS = range(0xE0020, 0xE0080)  # inside flags: England, Scotland, Wales
_VARIANTS = range(0xFE00, 0xFE10)
_UNSEEN = frozenset({"Cc", "Cf", "Co"})
_LONG_RUN = re.compile(r"[!-~\u00a1-\u0dff\u0f00-\u0fff\u10a0-\u167f\u1800-\u1fff]{25,}")
"""Without what may be broken anywhere by itself: Thai, Burmese, Khmer, Chinese, emoji."""
_STEP = 8


class Legible(dict[int, str | int]):
    """A table for ``str.translate``: each character as it can be shown.

    ``drawn`` holds the code points that the fonts at hand draw; None: the reader has fonts.
    """

    def __init__(self, drawn: Container[int] | None = None) -> None:
        super().__init__()
        self._drawn = drawn

    def __missing__(self, code: int) -> str | int:
        self[code] = shown = self._show(code)
        return shown

    def _show(self, code: int) -> str | int:
        char = chr(code)
        if char in _AS:
            return _AS[char]
        if char in _FORMATS or code in _TAGS or code in _VARIANTS:
            return code
        category = unicodedata.category(char)
        if category == "Cs":
            return "\ufffd"
        if category in _UNSEEN or _is_no_character(code):
            return f"‹U+{code:04X}›"
        if self._drawn is None or code in self._drawn or category == "Zs":
            return code
        return f"‹{(category == 'So' and unicodedata.name(char, '').lower()) or f'U+{code:04X}'}›"

    def of(self, text: str) -> str:
        """``text`` as it can be shown; lines end with ``\\n``."""
        if text.isascii() and text.isprintable():
            return text
        return text.replace("\r\n", "\n").replace("\r", "\n").translate(self)

    def everywhere(self, value: Any) -> Any:
        """The same for every string of a tree of lists and dicts; keys are ours."""
        if isinstance(value, str):
            return self.of(value)
        if isinstance(value, list):
            return [self.everywhere(item) for item in value]
        if isinstance(value, dict):
            return {key: self.everywhere(item) for key, item in value.items()}
        return value


class Breakable(Legible):
    """Legible text whose long unbroken runs are marked where they may be broken (U+200B), for a
    typesetter that breaks only where the text lets it."""

    def of(self, text: str) -> str:
        """``text`` as it can be shown, with break points in long runs."""
        return _LONG_RUN.sub(_with_breaks, super().of(text))


def _with_breaks(run: re.Match[str]) -> str:
    """A break point every eight characters or so, never before an accent."""
    out, since = [], 0
    for char in run[0]:
        if since >= _STEP and not unicodedata.category(char).startswith("M"):
            out.append("\u200b")
            since = 0
        out.append(char)
        since += 1
    return "".join(out)


def _is_no_character(code: int) -> bool:
    """True for the 66 code points that Unicode keeps from ever being characters."""
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0


def shorten(text: str, words: Iterable[str] = ()) -> tuple[str, list[tuple[str, bool]], str]:
    """A message cut to what is printed, in pieces: (left out before, pieces, left out after).

    A piece is (text, highlighted). The cut keeps the first highlighted word. What was left out is
    returned whole, so that the caller can count it.
    """
    spans = occurrences(text, words)
    start = 0
    if spans and spans[0][1] > LONGEST:
        start = spans[0][0] - LONGEST // 4
    stop = min(len(text), start + LONGEST)
    lines = text[start:stop].splitlines(keepends=True)
    if len(lines) > MOST_LINES:
        stop = start + sum(map(len, lines[:MOST_LINES]))
    pieces, at = [], start
    for low, high in spans:
        if low >= stop:
            break
        pieces += [(text[at:low], False), (text[low : min(high, stop)], True)]
        at = min(high, stop)
    pieces.append((text[at:stop], False))
    return text[:start], [piece for piece in pieces if piece[0]], text[stop:]


def occurrences(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where ``words`` stand in ``text``, without regard to case and accents, as whole words.

    Spans (start, stop) in characters, in order, those that touch made one.
    """
    wanted = {folded for word in words if (folded := "".join(map(_folded, word)))}
    if not wanted:
        return []
    parts = [_folded(char) for char in text]
    plain = "".join(parts)
    origin = [i for i, part in enumerate(parts) for _ in part]
    found = []
    for word in wanted:
        at = plain.find(word)
        while at >= 0:
            end = at + len(word)
            if _apart(plain, at) and _apart(plain, end):
                found.append((origin[at], origin[end - 1] + 1))
            at = plain.find(word, at + 1)
    spans: list[tuple[int, int]] = []
    for low, high in sorted(found):
        if spans and low <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(high, spans[-1][1]))
        else:
            spans.append((low, high))
    return spans


def _apart(text: str, at: int) -> bool:
    """True when no word runs over the boundary before ``text[at]``."""
    return not (0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum())


@cache
def _folded(char: str) -> str:
    """A character without accent and case; none for an accent alone."""
    plain = unicodedata.normalize("NFKD", char)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()

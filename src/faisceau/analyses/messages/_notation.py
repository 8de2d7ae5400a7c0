"""The lexicon's notation: parsed, put into patterns, and reduced to what the fast scan looks for.

Two patterns come from one form. The exact one is for :mod:`re`, on text folded letter by letter
(lower case, no accents). The fast one is a set of *fragments*, plain pieces of text: every text
that holds the form holds one of them. The exact pattern is tried only where a fragment was found.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from faisceau.errors import BadInput
from faisceau.words import N_

SEPARATOR = "\x1e"
"""Stands between messages in the scanned buffer; no fragment matches it."""

_EXACT = {
    " ": r"[\s'’.,;:!?\-]{1,3}",
    "'": r"['’\- ]?",
    "#": r"[0-9]{1,6}(?:[.,][0-9]{1,3})?",
    "…": r"(?s:.{0,24})",
    "*": r"\w{0,10}",
    "¶": r"(?=\s*(?:[.,;:!?\n]|$))",
}
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "le la les un une des du de en et il elle on tu je ca sa est es ou que qui qu pas plus "
        "tout pour par sur dans avec mon ton son ma ta sa mes tes ses ce cette ces moi toi lui "
        "nous vous ils elles au aux ne ni si me te se bien bon encore deja fait fais va vais ai "
        "as ont a y pr avant apres quand kan mtn stp frr ok oui non the you for and",
    )
)
_BETWEEN = re.compile(r"[\s'’.,;:!?\-]")
"""What ends a word, for the fast scan: what a blank of the notation may be."""
NUMBER = "#"
"""The fragment that stands for any number."""


@dataclass(frozen=True, slots=True, order=True)
class Fragment:
    """Folded text that stands in every message that holds a form.

    ``left``, ``right``: a word begins, or ends, there.
    """

    text: str
    left: bool
    right: bool


Kind = Literal["char", "blank", "other", "number", "alt"]


@dataclass(frozen=True, slots=True)
class _Item:
    kind: Kind
    text: str = ""
    ways: tuple["Sequence[_Item]", ...] = ()
    optional: bool = False


LATIN = range(0xC0, 0x180)
"""The letters that lose their accent: Latin-1 Supplement and Latin Extended-A, two bytes each."""


def _base(code: int) -> str:
    first = unicodedata.normalize("NFD", chr(code))[0].lower()
    return first if first.isascii() and first.isalpha() else ""


BASE = {code: _base(code) for code in LATIN if _base(code)}
"""The letter without accent, by code point; ``œ``, ``æ`` and the like stay as they are."""
_FOLDING = BASE | {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """Lower case without accents, letter by letter, so that offsets stay what they are."""
    return text.translate(_FOLDING)


def exact(form: str, macros: Mapping[str, str]) -> re.Pattern[str]:
    """The pattern of a form on folded text, with the edges of words it needs."""
    text = expand(form, macros)
    out = []
    for sign in re.findall(r"\[[^\]]*\]|.", text, re.DOTALL):
        if sign[0] == "[" or sign in ")|?":
            out.append(sign)
        elif sign == "(":
            out.append("(?:")
        else:
            out.append(_EXACT.get(sign) or re.escape(fold(sign)))
    left = r"(?<!\w)" if _worded(text[0]) else ""
    right = r"(?!\w)" if _worded(text[-1]) else ""
    try:
        return re.compile(f"{left}(?:{''.join(out)}){right}")
    except re.error as error:
        raise BadInput(
            N_("The form {form} cannot be read: {error}"), form=form, error=str(error)
        ) from error


def sought(form: str, macros: Mapping[str, str]) -> "Sought":
    """What every text that holds the form holds in one word, or in two that follow each other."""
    text = expand(form, macros)
    items, rest = _sequence(text, 0)
    if rest != len(text):
        raise BadInput(N_("The form {form} has a bracket too many"), form=form)
    best = _best(items, _worded(text[0]), _worded(text[-1]))
    if best is None:
        raise BadInput(N_("The form {form} holds nothing to look for"), form=form)
    return best


def expand(form: str, macros: Mapping[str, str]) -> str:
    """A form with its macros written out."""
    for _ in range(4):
        if "{" not in form:
            break
        try:
            form = re.sub(r"\{(\w+)\}", lambda m: f"({macros[m[1]]})", form)
        except KeyError as error:
            raise BadInput(
                N_("The form {form} names a macro unknown: {macro}"), form=form, macro=str(error)
            ) from error
    return form.strip()


def _worded(sign: str) -> bool:
    return sign.isascii() and sign not in "$&@%"


def _sequence(text: str, at: int) -> tuple[list[_Item], int]:
    """Items of a sequence up to ``|``, ``)`` or the end, and where it stops."""
    items: list[_Item] = []
    while at < len(text) and text[at] not in "|)":
        sign = text[at]
        if sign == "(":
            item, at = _alternatives(text, at + 1)
        elif sign == "[":
            item, at = _Item("other"), text.index("]", at) + 1
        else:
            item, at = _Item(_kind(sign), fold(sign)), at + 1
        if at < len(text) and text[at] == "?":
            item, at = _Item(item.kind, item.text, item.ways, optional=True), at + 1
        items.append(item)
    return items, at


def _alternatives(text: str, at: int) -> tuple[_Item, int]:
    ways = []
    while True:
        items, at = _sequence(text, at)
        ways.append(items)
        if at >= len(text):
            raise BadInput(N_("The form {form} has a bracket too many"), form=text)
        at += 1
        if text[at - 1] == ")":
            return _Item("alt", ways=tuple(ways), optional=not all(ways)), at


def _kind(sign: str) -> Kind:
    if sign == " ":
        return "blank"
    if sign == "#":
        return "number"
    return "other" if sign in _EXACT else "char"


Pair = tuple[frozenset[Fragment], frozenset[Fragment]]
"""A word that holds one of the first, and next to it one that holds one of the second."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One of ``single`` in a word, or one of ``pairs``; ``worth``: how seldom, roughly."""

    worth: float
    single: frozenset[Fragment]
    pairs: frozenset[Pair]


def _best(items: Sequence[_Item], left: bool, right: bool) -> Sought | None:
    """The rarest thing that a sequence must hold; ``left``, ``right``: a word's edge is there."""
    found: list[Sought] = []
    at = 0
    while at < len(items):
        item = items[at]
        before = left if at == 0 else items[at - 1].kind == "blank" and not items[at - 1].optional
        stop = at + 1
        if item.kind == "char" and not item.optional:
            while stop < len(items) and items[stop].kind == "char" and not items[stop].optional:
                stop += 1
        after = (
            right
            if stop == len(items)
            else (items[stop].kind == "blank" and not items[stop].optional)
        )
        if not item.optional:
            one = (
                _pair(items, at, left, right)
                if item.kind == "blank"
                else _of_item(items[at:stop], before, after)
            )
            if one is not None:
                found.append(one)
        at = stop
    return max(found, key=lambda b: (b.worth, -len(b.single))) if found else None


def _of_item(run: Sequence[_Item], left: bool, right: bool) -> Sought | None:
    first = run[0]
    if first.kind == "number":
        return Sought(2.2, frozenset({Fragment(NUMBER, False, False)}), frozenset())
    if first.kind == "alt":
        every = [_best(way, left, right) for way in first.ways]
        if any(b is None for b in every):
            return None
        known = [b for b in every if b is not None]
        return Sought(
            min(b.worth for b in known),
            frozenset().union(*(b.single for b in known)),
            frozenset().union(*(b.pairs for b in known)),
        )
    if first.kind != "char":
        return None
    parts = _parts("".join(item.text for item in run), left, right)
    if not parts:
        return None
    best = max(parts, key=_worth)
    return Sought(_worth(best), frozenset({best}), frozenset())


def _worth(fragment: Fragment) -> float:
    if fragment.text == NUMBER:
        return 2.2
    edges = 1.0 if fragment.left and fragment.right else 0.8
    return len(fragment.text) * (0.4 if fragment.text in _COMMON else 1.0) * edges


def _parts(text: str, left: bool, right: bool) -> list[Fragment]:
    """The words of a run of letters: a hyphen, a comma … in it ends one and begins another."""
    words = _BETWEEN.split(text)
    last = len(words) - 1
    return [
        Fragment(word, left if n == 0 else True, right if n == last else True)
        for n, word in enumerate(words)
        if word
    ]


def _pair(items: Sequence[_Item], at: int, left: bool, right: bool) -> Sought | None:
    """The last word before a blank and the first one after it."""
    first, second = _last(items[:at], left, True), _first(items[at + 1 :], True, right)
    if not first or not second:
        return None
    worth = min(map(_worth, first)) + min(map(_worth, second))
    return Sought(worth, frozenset(), frozenset({(first, second)}))


def _last(items: Sequence[_Item], left: bool, right: bool) -> frozenset[Fragment] | None:
    """Fragments of which the last word of a sequence holds one; ``None`` when that is not known."""
    if not items:
        return None
    item, rest = items[-1], items[:-1]
    if item.optional:
        return _both(
            _last(rest, left, right), _last([*rest, replace(item, optional=False)], left, right)
        )
    opens = left if not rest else rest[-1].kind == "blank" and not rest[-1].optional
    if item.kind == "alt":
        found: frozenset[Fragment] | None = frozenset()
        for way in item.ways:
            found = _both(found, _last(way, opens, right) if way else _last(rest, left, right))
        if rest and rest[-1].kind == "char" and all(_inside(way) for way in item.ways):
            return _better(found, _last(rest, left, False))  # "prend(s|re)": a word with "prend"
        return found
    if item.text == "*" and item.kind == "other":
        return _last(rest, left, False)
    if item.kind == "number":
        return frozenset({Fragment(NUMBER, False, False)})
    if item.kind != "char":
        return None
    begin = len(items)
    while begin and items[begin - 1].kind == "char" and not items[begin - 1].optional:
        begin -= 1
    opens = (
        left if not begin else items[begin - 1].kind == "blank" and not items[begin - 1].optional
    )
    text = "".join(i.text for i in items[begin:])
    parts = _parts(text, opens, right)
    return frozenset(parts[-1:]) if parts and not _BETWEEN.match(text[-1]) else None


def _first(items: Sequence[_Item], left: bool, right: bool) -> frozenset[Fragment] | None:
    """The same for the first word."""
    if not items:
        return None
    item, rest = items[0], items[1:]
    if item.optional:
        return _both(
            _first(rest, left, right), _first([replace(item, optional=False), *rest], left, right)
        )
    closes = right if not rest else rest[0].kind == "blank" and not rest[0].optional
    if item.kind == "alt":
        found: frozenset[Fragment] | None = frozenset()
        for way in item.ways:
            found = _both(found, _first(way, left, closes) if way else _first(rest, left, right))
        return found
    if item.kind == "number":
        return frozenset({Fragment(NUMBER, False, False)})
    if item.kind != "char":
        return None
    end = 0
    while end < len(items) and items[end].kind == "char" and not items[end].optional:
        end += 1
    closes = right if end == len(items) else items[end].kind == "blank" and not items[end].optional
    text = "".join(i.text for i in items[:end])
    parts = _parts(text, left, closes)
    return frozenset(parts[:1]) if parts and not _BETWEEN.match(text[0]) else None


def _inside(items: Sequence[_Item]) -> bool:
    """Whether a sequence is letters alone, so that it stays within a word."""
    return all(item.kind == "char" and not _BETWEEN.match(item.text) for item in items)


def _better(
    a: frozenset[Fragment] | None, b: frozenset[Fragment] | None
) -> frozenset[Fragment] | None:
    if not a or not b:
        return a or b
    return max(a, b, key=lambda fs: min(map(_worth, fs)))


def _both(
    a: frozenset[Fragment] | None, b: frozenset[Fragment] | None
) -> frozenset[Fragment] | None:
    return None if a is None or b is None else a | b

"""The lexicon's notation: parsed, put into patterns, and reduced to what the fast scan looks for.

Two patterns come from one form. The exact one is for :mod:`re`, on text folded letter by letter
(lower case, no accents). The fast one is a set of *fragments*, plain pieces of text: every text
that holds the form holds one of them. The exact pattern is tried only where a fragment was found.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def fragments(form: str, macros: Mapping[str, str]) -> frozenset[Fragment]:
    """The fragments of which every text that holds the form holds one."""
    text = expand(form, macros)
    items, rest = _sequence(text, 0)
    if rest != len(text):
        raise BadInput(N_("The form {form} has a bracket too many"), form=form)
    best = _best(items, _worded(text[0]), _worded(text[-1]))
    if best is None:
        raise BadInput(N_("The form {form} holds nothing to look for"), form=form)
    return best[1]


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


Best = tuple[float, frozenset[Fragment]]


def _best(items: Sequence[_Item], left: bool, right: bool) -> Best | None:
    """The rarest thing that a sequence must hold; ``left``, ``right``: a word's edge is there."""
    found: list[Best] = []
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
            one = _of_item(items[at:stop], before, after)
            if one is not None:
                found.append(one)
        at = stop
    return max(found, key=lambda b: (b[0], -len(b[1]))) if found else None


def _of_item(run: Sequence[_Item], left: bool, right: bool) -> Best | None:
    first = run[0]
    if first.kind == "number":
        return 2.2, frozenset({Fragment(NUMBER, False, False)})
    if first.kind == "alt":
        every = [_best(way, left, right) for way in first.ways]
        if any(b is None for b in every):
            return None
        known = [b for b in every if b is not None]
        return min(b[0] for b in known), frozenset().union(*(b[1] for b in known))
    if first.kind != "char":
        return None
    text = "".join(item.text for item in run)
    worth = len(text) * (0.4 if text in _COMMON else 1.0) * (1.0 if left and right else 0.8)
    return worth, frozenset({Fragment(text, left, right)})

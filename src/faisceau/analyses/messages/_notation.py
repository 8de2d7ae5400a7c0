"""The lexicon's notation: parsed, and put into patterns.

Two things come from one form. The exact pattern is for :mod:`re`, on text folded letter by letter
(lower case, no accents). What is *sought* (:mod:`_sought`) are *fragments*, plain pieces of words:
every text that holds the form holds one of them. The exact pattern is tried only where one was met.
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
BETWEEN = re.compile(r"[\s'’.,;:!?\-]")
"""What ends a word, for the fast scan: what a blank of the notation may be."""
NUMBER = "#"
"""Stands for any number in a fragment."""


Kind = Literal["char", "blank", "other", "number", "alt"]


@dataclass(frozen=True, slots=True)
class Item:
    """A sign of a form, or alternatives; ``[…]`` that only ends words is a blank."""

    kind: Kind
    text: str = ""
    ways: tuple["Sequence[Item]", ...] = ()
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
    return text.lower() if text.isascii() else text.translate(_FOLDING)


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
    left = r"(?<!\w)" if worded(text[0]) else ""
    right = r"(?!\w)" if worded(text[-1]) else ""
    try:
        return re.compile(f"{left}(?:{''.join(out)}){right}")
    except re.error as error:
        raise BadInput(
            N_("The form {form} cannot be read: {error}"), form=form, error=str(error)
        ) from error


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


def worded(sign: str) -> bool:
    """Whether a word must begin, or end, at a form's first or last sign."""
    return sign.isascii() and sign not in "$&@%"


def sequence(text: str, at: int) -> tuple[list[Item], int]:
    """Items of a sequence up to ``|``, ``)`` or the end, and where it stops."""
    items: list[Item] = []
    while at < len(text) and text[at] not in "|)":
        sign = text[at]
        if sign == "(":
            item, at = _alternatives(text, at + 1)
        elif sign == "[":
            end = text.index("]", at)
            apart = all(map(BETWEEN.match, text[at + 1 : end]))  # "[.,]" ends a word
            item, at = Item("blank" if apart else "other"), end + 1
        else:
            item, at = Item(_kind(sign), fold(sign)), at + 1
        if at < len(text) and text[at] == "?":
            item, at = Item(item.kind, item.text, item.ways, optional=True), at + 1
        items.append(item)
    return items, at


def _alternatives(text: str, at: int) -> tuple[Item, int]:
    ways = []
    while True:
        items, at = sequence(text, at)
        ways.append(items)
        if at >= len(text):
            raise BadInput(N_("The form {form} has a bracket too many"), form=text)
        at += 1
        if text[at - 1] == ")":
            return Item("alt", ways=tuple(ways), optional=not all(ways)), at


def _kind(sign: str) -> Kind:
    if sign == " ":
        return "blank"
    if sign == "#":
        return "number"
    return "other" if sign in _EXACT else "char"

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
"""Stands for any number in a fragment."""


@dataclass(frozen=True, slots=True, order=True)
class Fragment:
    """Folded text that stands in every message that holds a form.

    ``left``, ``right``: a word begins, or ends, there. A text that begins with ``NUMBER`` follows
    a digit.
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


_DIGIT = Fragment(NUMBER, False, False)
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
    found: list[Sought | None] = []
    at = 0
    while at < len(items):
        item, stop = items[at], at + 1
        opens = left if at == 0 else items[at - 1].kind == "blank" and not items[at - 1].optional
        if item.kind == "char" and not item.optional:
            while stop < len(items) and items[stop].kind == "char" and not items[stop].optional:
                stop += 1
        closes = right if stop == len(items) else items[stop].kind == "blank"
        closes = closes and (stop == len(items) or not items[stop].optional)
        if not item.optional:
            if item.kind == "blank":
                found.append(_pair(_grown(items[:at], "", left, True), items[stop:], right))
            elif item.kind == "number":
                found.append(_number(items[stop:], right))
            elif item.kind == "alt":
                found.append(_any([_best(way, opens, closes) for way in item.ways]))
            elif item.kind == "char":
                found.append(_run("".join(i.text for i in items[at:stop]), opens, closes))
        at = stop
    known = [one for one in found if one is not None]
    return max(known, key=lambda b: (b.worth, -len(b.single))) if known else None


def _any(ways: Sequence[Sought | None]) -> Sought | None:
    known = [way for way in ways if way is not None]
    if len(known) < len(ways):
        return None
    return Sought(
        min(way.worth for way in known),
        frozenset().union(*(way.single for way in known)),
        frozenset().union(*(way.pairs for way in known)),
    )


def _run(text: str, left: bool, right: bool) -> Sought | None:
    """Letters: a hyphen, a comma … among them ends one word and begins another."""
    words = _BETWEEN.split(text)
    last = len(words) - 1
    parts = [
        Fragment(word, left if n == 0 else True, right if n == last else True)
        for n, word in enumerate(words)
        if word
    ]
    if not parts:
        return None
    best = max(parts, key=_worth)
    return Sought(_worth(best), frozenset({best}), frozenset())


def _number(rest: Sequence[_Item], right: bool) -> Sought:
    """A number, with what is written to it (``5g``) or as the next word (``5 g``)."""
    alone = frozenset({_DIGIT})
    if rest and (rest[0].text == "'" or (rest[0].kind == "blank" and rest[0].optional)):
        touching = _sprouted(rest[1:], NUMBER, False, right)
        after = _sprouted(rest[1:], "", True, right)
        if touching and after and _DIGIT not in touching:
            worth = min(*map(_worth, touching), _worth(_DIGIT) + min(map(_worth, after)))
            return Sought(worth, touching, frozenset({(alone, after)}))
    elif rest:
        touching = _sprouted(rest, NUMBER, False, right)
        if touching and _DIGIT not in touching:
            return Sought(min(map(_worth, touching)), touching, frozenset())
    return Sought(_worth(_DIGIT), alone, frozenset())


def _pair(first: frozenset[Fragment] | None, rest: Sequence[_Item], right: bool) -> Sought | None:
    """The last word before a blank and the first one after it."""
    second = _sprouted(rest, "", True, right)
    if not first or not second:
        return None
    worth = min(map(_worth, first)) + min(map(_worth, second))
    return Sought(worth, frozenset(), frozenset({(first, second)}))


def _worth(fragment: Fragment) -> float:
    text = fragment.text
    if text[0] == NUMBER:
        return 1.2 + 0.8 * (len(text) - 1)
    if not text.isalnum() or not text.isascii():
        return 2.0 + len(text)  # signs and emoji are rare
    edges = (0.5, 0.8, 1.0)[fragment.left + fragment.right]
    return len(text) * (0.4 if text in _COMMON else 1.0) * edges


def _grown(
    items: Sequence[_Item], run: str, left: bool, right: bool
) -> frozenset[Fragment] | None:
    """Fragments of which the word that ends a sequence, and then goes on with ``run``, holds one.

    ``None`` when no such thing is known.
    """
    if not items:
        return frozenset({Fragment(run, left, right)}) if run else None
    item, rest = items[-1], items[:-1]
    if item.optional:
        must = replace(item, optional=False)
        return _both(_grown(rest, run, left, right), _grown([*rest, must], run, left, right), run)
    if item.kind == "alt":
        found: frozenset[Fragment] | None = frozenset()
        for way in item.ways:
            found = _both(found, _grown([*rest, *way], run, left, right), run)
        return frozenset({Fragment(run, False, right)}) if found is None and run else found
    if item.kind == "number":
        return frozenset({Fragment(NUMBER + run, False, right) if run else _DIGIT})
    if item.kind == "char" and not _BETWEEN.match(item.text):
        return _grown(rest, item.text + run, left, right)
    if item.text == "'":
        apart = frozenset({Fragment(run, True, right)}) if run else None
        joined = _grown(rest, run, left, right or not run)
        return _both(apart, joined, run) if run else joined
    if item.text == "*" and not run:
        return _grown(rest, run, left, False)
    ends = item.kind in ("blank", "char")
    return frozenset({Fragment(run, ends, right)}) if run else None


def _sprouted(
    items: Sequence[_Item], run: str, left: bool, right: bool
) -> frozenset[Fragment] | None:
    """Fragments of which the word that begins with ``run``, and goes on as a sequence, holds one."""
    if not items:
        return frozenset({_fragment(run, left, right)}) if run else None
    item, rest = items[0], items[1:]
    if item.optional:
        must = replace(item, optional=False)
        return _both(
            _sprouted(rest, run, left, right), _sprouted([must, *rest], run, left, right), run
        )
    if item.kind == "alt":
        found: frozenset[Fragment] | None = frozenset()
        for way in item.ways:
            found = _both(found, _sprouted([*way, *rest], run, left, right), run)
        return frozenset({_fragment(run, left, False)}) if found is None and run else found
    if item.kind == "number" and not run:
        return frozenset({_DIGIT})
    if item.kind == "char" and not _BETWEEN.match(item.text):
        return _sprouted(rest, run + item.text, left, right)
    if item.text == "'":
        apart = frozenset({_fragment(run, left, True)}) if run else None
        joined = _sprouted(rest, run, left or not run, right)
        return _both(apart, joined, run) if run else joined
    ends = item.kind in ("blank", "char")
    return frozenset({_fragment(run, left, ends)}) if run else None


def _fragment(run: str, left: bool, right: bool) -> Fragment:
    return _DIGIT if run == NUMBER else Fragment(run, left, right)


MANY = 600
"""Fragments of one form, from which on a shorter piece of the word is looked for instead."""


def _both(
    a: frozenset[Fragment] | None, b: frozenset[Fragment] | None, run: str
) -> frozenset[Fragment] | None:
    if a is None or b is None:
        return None
    return a | b if len(a | b) <= MANY else frozenset({Fragment(run, False, False)}) if run else a | b

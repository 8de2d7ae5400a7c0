"""What is sought of a form by the fast scan: the rarest word, or two words next to each other.

Every text that holds the form holds it. Which part of a form is the rarest is estimated from how
often French speakers use its words, so that few messages are looked at again in vain.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from faisceau.analyses.messages._notation import BETWEEN, NUMBER, Item, expand, sequence, worded
from faisceau.errors import BadInput
from faisceau.words import N_

_FRENCH = """
je de tu la le pas a c et t que les on est un il en j ca pour dans qui une mais me l des moi ce
bien qu ai es toi as si avec s va plus tout fait vous te non oui ok sur faut elle quoi ou d n suis
mdr au y du se mon ton ma ta lui meme comme quand vais peux veux sais dit fais merci voir aussi
encore alors rien jamais temps soir demain apres nous ils sont etre avoir faire dire bon juste
deja ici ont par sa son mes tes ses peut trop vraiment parce maintenant vers jour chez besoin
heure heures min deux avant toujours maison ete travail semaine genre puis mec gars argent voiture
train photo appel message passe viens prends mets dis arrive attends appelle envoie donne reste
laisse garde regarde pense tkt ptn jsp jpp bah nan ouais wesh frr stp mtn cest jai jvais jsuis tas
quel quelle ces cette leur notre the you and to me my it of in is
"""
_COMMON = {word: 0.03 * math.pow(rank + 1, -0.7) for rank, word in enumerate(_FRENCH.split())}
"""Words that everyone uses, with roughly the share of all words that they are."""
_OTHER = {1: 2e-3, 2: 8e-4, 3: 3e-4, 4: 1.5e-4, 5: 1e-4}
"""The same for another word, by its letters; longer ones are rarer."""
_OPEN = {1: 0.1, 2: 5e-3, 3: 1.5e-3, 4: 4e-4, 5: 1e-4}
"""The same for a piece of a word that may go on."""
_RARE = 3e-5


@dataclass(frozen=True, slots=True, order=True)
class Fragment:
    """Folded text that stands in every message that holds a form.

    ``left``, ``right``: a word begins, or ends, there. A ``NUMBER`` at an end of the text
    is a digit.
    """

    text: str
    left: bool
    right: bool


_DIGIT = Fragment(NUMBER, False, False)
Pair = tuple[frozenset[Fragment], frozenset[Fragment]]
"""A word that holds one of the first, and next to it one that holds one of the second."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One of ``single`` in a word, or one of ``pairs``; ``share``: of all words, roughly."""

    share: float
    single: frozenset[Fragment]
    pairs: frozenset[Pair]


def sought(form: str, macros: Mapping[str, str]) -> Sought:
    """What every text that holds the form holds in one word, or in two that follow each other."""
    text = expand(form, macros)
    items, rest = sequence(text, 0)
    if rest != len(text):
        raise BadInput(N_("The form {form} has a bracket too many"), form=form)
    best = _best(items, worded(text[0]), worded(text[-1]))
    if best is None:
        raise BadInput(N_("The form {form} holds nothing to look for"), form=form)
    return best


def _best(items: Sequence[Item], left: bool, right: bool) -> Sought | None:
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
                text = "".join(i.text for i in items[at:stop])
                found.append(_run(text, opens, closes))
                if stop < len(items) and items[stop].kind == "number" and not items[stop].optional:
                    found.append(_run(text + NUMBER, opens, False))  # "c15"
        at = stop
    known = [one for one in found if one is not None]
    return min(known, key=lambda b: b.share) if known else None


def _any(ways: Sequence[Sought | None]) -> Sought | None:
    known = [way for way in ways if way is not None]
    if len(known) < len(ways):
        return None
    return Sought(
        sum(way.share for way in known),
        frozenset().union(*(way.single for way in known)),
        frozenset().union(*(way.pairs for way in known)),
    )


def _run(text: str, left: bool, right: bool) -> Sought | None:
    """Letters: a hyphen, a comma … among them ends one word and begins another."""
    words = BETWEEN.split(text)
    last = len(words) - 1
    parts = [
        Fragment(word, left if n == 0 else True, right if n == last else True)
        for n, word in enumerate(words)
        if word
    ]
    if not parts:
        return None
    best = min(parts, key=_share)
    return Sought(_share(best), frozenset({best}), frozenset())


def _number(rest: Sequence[Item], right: bool) -> Sought:
    """A number, with what is written to it (``5g``) or as the next word (``5 g``)."""
    alone = frozenset({_DIGIT})
    if rest and (rest[0].text == "'" or (rest[0].kind == "blank" and rest[0].optional)):
        touching = _sprouted(rest[1:], NUMBER, False, right)
        after = _sprouted(rest[1:], "", True, right)
        if touching and after and _DIGIT not in touching:
            share = _shares(touching) + _together(alone, after)
            return Sought(share, touching, frozenset({(alone, after)}))
    elif rest:
        touching = _sprouted(rest, NUMBER, False, right)
        if touching and _DIGIT not in touching:
            return Sought(_shares(touching), touching, frozenset())
    return Sought(_share(_DIGIT), alone, frozenset())


def _pair(first: frozenset[Fragment] | None, rest: Sequence[Item], right: bool) -> Sought | None:
    """The last word before a blank and the first one after it."""
    second = _sprouted(rest, "", True, right)
    if not first or not second:
        return None
    return Sought(_together(first, second), frozenset(), frozenset({(first, second)}))


@cache
def _share(fragment: Fragment) -> float:
    """Which share of words holds the fragment, roughly."""
    text, left, right = fragment.text, fragment.left, fragment.right
    if text == NUMBER:
        return 0.03
    if NUMBER in text:
        return 1e-3
    if not text.isalpha() or not text.isascii():
        return _RARE  # signs, emoji, a number of its own
    if left and right:
        return _COMMON.get(text, _OTHER.get(len(text), _RARE))
    held = sum(
        share
        for word, share in _COMMON.items()
        if (word.startswith(text) if left else word.endswith(text) if right else text in word)
    )
    return 2 * held + _OPEN.get(len(text), _RARE)


def _shares(fragments: frozenset[Fragment]) -> float:
    return min(1.0, sum(map(_share, fragments)))


def _together(first: frozenset[Fragment], second: frozenset[Fragment]) -> float:
    """Words that may stand together do so more often than by chance."""
    return 3 * _shares(first) * _shares(second)


def _grown(  # noqa: PLR0911
    items: Sequence[Item], run: str, left: bool, right: bool
) -> frozenset[Fragment] | None:
    """Fragments of which the word that ends a sequence, then goes on with ``run``, holds one.

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
    if item.kind == "char" and not BETWEEN.match(item.text):
        return _grown(rest, item.text + run, left, right)
    if item.text == "'":
        apart = frozenset({Fragment(run, True, right)}) if run else None
        joined = _grown(rest, run, left, right or not run)
        return _both(apart, joined, run) if run else joined
    if item.text == "*" and not run:
        return _grown(rest, run, left, False)
    ends = item.kind in ("blank", "char")
    return frozenset({Fragment(run, ends, right)}) if run else None


def _sprouted(  # noqa: PLR0911
    items: Sequence[Item], run: str, left: bool, right: bool
) -> frozenset[Fragment] | None:
    """Fragments of which the word that begins with ``run``, and then as a sequence, holds one."""
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
    if item.kind == "char" and not BETWEEN.match(item.text):
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
    return (
        a | b if len(a | b) <= MANY else frozenset({Fragment(run, False, False)}) if run else a | b
    )

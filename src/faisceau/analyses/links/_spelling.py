"""Near values: the same trace written otherwise, or copied with one slip.

A skeleton is what is left of a name or address when the ways to write a sound are one: French,
Creole, Portuguese, Sranan and Arabic names in Latin letters. Two values are near when their
skeletons, or their digits, are one slip apart (Damerau: a sign left out, added, replaced, or two
swapped). Candidates are found by the signs that remain when one is left out (Mor and Fraenkel,
"A hash code method for detecting and correcting spelling errors", CACM 25(12), 1982).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa

from faisceau.analyses.links._traits import CLOSE, Ints, Traits
from faisceau.tables.identifiers.names import plain

FEW = 3
"""A value copied wrongly stands in few procedures: of two near values, one is borne by no more."""
CROWD = 24
"""Values that share what remains, at most: a larger crowd is a pattern, not a slip."""
SHORTEST = 6
LONGEST = 10**16
"""Beyond any number that is compared by its digits."""

_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("tch|sch|ch|sh", "x"),
        ("ph", "f"),
        ("gh", "g"),
        ("kh|qu|ck|q", "k"),
        ("c(?=[eiy])", "s"),
        ("c", "k"),
        ("eaux?|aux?", "o"),
        ("ou|oo|w|u", "o"),
        ("ij|y|j", "i"),
        ("z", "s"),
        ("h", ""),
        (r"([^\d])\1+", r"\1"),
    )
]
_WORD = re.compile(r"[^\W_]+")
_NO_DIGIT = re.compile(r"\D+")
_NUMBER = re.compile(r"[0-9]{,16}")


@lru_cache(1 << 18)
def skeleton_of_word(word: str) -> str:
    """What is left of one plain word when the ways to write a sound are one."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


def words_of(text: str) -> list[str]:
    """The plain words of a text, in the order given."""
    return _WORD.findall(plain(text))


def skeleton(text: str) -> str:
    """The skeleton of a name or an address, words in the order given."""
    return " ".join(skeleton_of_word(word) for word in words_of(text))


def unordered(text: str) -> str:
    """The skeleton of a name, words in alphabetical order; a birth date stays where it is."""
    name, bar, born = text.partition("|")
    return " ".join(sorted(skeleton(name).split())) + bar + born


def digits(text: str) -> str:
    """The digits of a number."""
    return _NO_DIGIT.sub("", text)


def _bare(text: str) -> str:
    return text.removeprefix("?")


FORMS: dict[str, Callable[[str], str]] = {
    "phone": digits,
    "imei": digits,
    "email": _bare,
    "handle": _bare,
    "document": _bare,
    "address": skeleton,
    "marking": skeleton,
    "payer": unordered,
    "person": unordered,
}


def one_slip(a: str, b: str) -> bool:
    """True when one sign left out, added, replaced or swapped with its neighbour makes ``b``."""
    if len(a) > len(b):
        a, b = b, a
    if len(b) - len(a) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    rest_a, rest_b = a[start:], b[start:]
    if len(a) < len(b):
        return rest_a == rest_b[1:]
    swapped = rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:]
    return swapped or rest_a[1:] == rest_b[1:]


def differs_in_digits(a: str, b: str) -> bool:
    """True when two near texts differ in their digits, not only in their letters."""
    return digits(a) != digits(b)


def near_values(traits: Traits, most: int) -> Iterator[tuple[int, int]]:
    """Pairs of values (rarer first) that are one trace written in two ways, each pair once."""
    for name in CLOSE:
        if name not in traits.kind_names:
            continue
        of_kind = np.flatnonzero(traits.kinds == traits.kind_names.index(name))
        of_kind = of_kind[traits.held[of_kind] <= most]
        texts = traits.texts.take(pa.array(of_kind)).to_pylist()
        forms = [FORMS[name](text) for text in texts]
        held = traits.held[of_kind]
        for i, j in _near(forms, held):
            rare, other = (i, j) if held[i] <= held[j] else (j, i)
            yield int(of_kind[rare]), int(of_kind[other])


def _near(forms: Sequence[str], held: Ints) -> Iterator[tuple[int, int]]:
    """Positions of forms that are equal or one slip apart, one of each pair borne by few."""
    owner, key = _remains(forms)
    order = np.argsort(key, kind="stable")
    owner, key = owner[order], key[order]
    edges = np.flatnonzero(np.diff(key, prepend=key[:1] - 1, append=key[-1:] + 1))
    sizes = np.diff(edges)
    wanted = (sizes > 1) & (sizes <= CROWD)
    found: set[tuple[int, int]] = set()
    for begin, size in zip(edges[:-1][wanted].tolist(), sizes[wanted].tolist(), strict=True):
        group = sorted(set(owner[begin : begin + size].tolist()))
        for at, i in enumerate(group):
            for j in group[at + 1 :]:
                if min(held[i], held[j]) <= FEW and (i, j) not in found:
                    a, b = forms[i], forms[j]
                    if a == b or one_slip(a, b):
                        found.add((i, j))
    yield from sorted(found)


def _remains(forms: Sequence[str]) -> tuple[Ints, Ints]:
    """Each form and what remains of it when one sign is left out, hashed, with its owner."""
    if all(map(_NUMBER.fullmatch, forms)):
        return _numeric_remains(forms)
    keys: list[int] = []
    counts: list[int] = []
    for form in forms:
        if len(form) < SHORTEST:
            counts.append(0)
            continue
        remains = {form, *(form[:i] + form[i + 1 :] for i in range(len(form)))}
        keys += map(hash, remains)
        counts.append(len(remains))
    return np.repeat(np.arange(len(forms)), counts), np.array(keys, np.int64)


def _numeric_remains(forms: Sequence[str]) -> tuple[Ints, Ints]:
    """The same for numbers, whose hash is the number itself, its length before it."""
    lengths = np.fromiter(map(len, forms), np.int64, len(forms))
    owners, keys = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for length in np.unique(lengths[lengths >= SHORTEST]).tolist():
        mine = np.flatnonzero(lengths == length)
        numbers = np.array([int(forms[i]) for i in mine.tolist()], np.int64)
        powers = 10 ** np.arange(length, dtype=np.int64)
        left = numbers[:, None] // (10 * powers) * powers + numbers[:, None] % powers
        every = np.column_stack([left + (length - 1) * LONGEST, numbers + length * LONGEST])
        every.sort(axis=1)
        fresh = np.column_stack([np.ones(len(mine), bool), every[:, 1:] != every[:, :-1]])
        owners.append(np.repeat(mine, fresh.sum(axis=1)))
        keys.append(every[fresh])
    return np.concatenate(owners), np.concatenate(keys)

"""Near values: the same trace written otherwise, or copied with one slip.

A skeleton is what is left of a name or address when the ways to write a sound are one: French,
Creole, Portuguese, Sranan and Arabic names in Latin letters. Two values are near when their
skeletons, or their digits, are one slip apart (``_near``).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.links._traits import Ints
from faisceau.tables.identifiers.names import plain

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


@dataclass(frozen=True, slots=True)
class Words:
    """The words of many texts, by their skeletons: ``owner`` is the text each comes from, in
    order; ``code`` the word, as a position in ``known`` (in alphabetical order)."""

    owner: Ints
    code: Ints
    known: list[str]
    texts: int

    def joined(self) -> pa.Array:
        """Each text's words, in the order held."""
        ends = np.searchsorted(self.owner, np.arange(self.texts + 1)).astype(np.int32)
        words = pa.array(self.known, pa.string()).take(pa.array(self.code))
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(ends), words), " ")

    def ordered(self) -> "Words":
        """The same, each text's words in alphabetical order."""
        order = np.lexsort((self.code, self.owner))
        return Words(self.owner[order], self.code[order], self.known, self.texts)


def words_in(texts: pa.Array) -> Words:
    """The skeletons of the words of each text; each word is looked at once."""
    split = pc.utf8_split_whitespace(pc.fill_null(texts, ""))
    parts = split.flatten().dictionary_encode()
    owner = pc.list_parent_indices(split).to_numpy().astype(np.int64)
    of_part = [
        [w for w in map(skeleton_of_word, words_of(part)) if w]
        for part in parts.dictionary.to_pylist()
    ]
    known = sorted({word for words in of_part for word in words})
    number = {word: i for i, word in enumerate(known)}
    codes = np.array([number[word] for words in of_part for word in words], np.int64)
    sizes = np.array([len(words) for words in of_part], np.int64)
    begins = np.cumsum(sizes) - sizes
    part = parts.indices.to_numpy().astype(np.int64)
    repeats = sizes[part] if len(part) else part
    inside = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    at = np.repeat(begins[part], repeats) + inside if len(part) else part
    return Words(np.repeat(owner, repeats), codes[at], known, len(texts))


def nameless(texts: pa.Array) -> pa.Array:
    """What follows a name: the bar and the birth date, or nothing."""
    return pc.replace_substring_regex(texts, r"^[^|]*", "")


def named(texts: pa.Array) -> pa.Array:
    """A name without the birth date that follows."""
    return pc.replace_substring_regex(texts, r"\|.*$", "")


def digits(texts: pa.Array) -> pa.Array:
    """The digits of numbers."""
    return pc.replace_substring_regex(texts, r"\D+", "")


def _bare(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"^\?", "")


def _skeletons(texts: pa.Array) -> pa.Array:
    return words_in(texts).joined()


def _unordered(texts: pa.Array) -> pa.Array:
    """Skeletons, words in alphabetical order; a birth date stays where it is."""
    names = words_in(named(texts)).ordered().joined()
    return pc.binary_join_element_wise(names, nameless(texts), "")


FORMS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "phone": digits,
    "imei": digits,
    "email": _bare,
    "handle": _bare,
    "document": _bare,
    "address": _skeletons,
    "marking": _skeletons,
    "payer": _unordered,
    "person": _unordered,
}
"""By kind: what is compared."""

"""Keys of persons and postal addresses: what is left when case, accents and order are not."""

import re
import unicodedata
from datetime import date

_WORD = re.compile(r"[^\W_]+")
_LIGATURES = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i"}
)
_TITLES = frozenset(("m", "mr", "mme", "mlle", "me", "dr", "monsieur", "madame", "mademoiselle"))
_STREETS = {
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "bvd": "boulevard",
    "boul": "boulevard",
    "r": "rue",
    "ch": "chemin",
    "che": "chemin",
    "chem": "chemin",
    "pl": "place",
    "imp": "impasse",
    "all": "allee",
    "rte": "route",
    "sq": "square",
    "res": "residence",
    "bat": "batiment",
    "apt": "appartement",
    "appt": "appartement",
    "app": "appartement",
    "esc": "escalier",
    "fg": "faubourg",
    "fbg": "faubourg",
    "lot": "lotissement",
    "qu": "quai",
    "za": "zone artisanale",
    "zi": "zone industrielle",
    "st": "saint",
    "ste": "sainte",
}
"""Abbreviations of French postal addresses (after norm NF Z10-011)."""


def plain(text: str) -> str:
    """Lower case, without accents or ligatures; compatibility characters in their plain form."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LIGATURES)
    bare = "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
    return bare.casefold()


def person_key(*names: str | None, birth_date: date | str | None = None) -> str | None:
    """The name key of a person: plain words in alphabetical order, then ``|`` and the birth date.

    ``DUPONT Jean-Éric`` and ``jean eric Dupont`` have the same key. None when there is no name.
    """
    words = [w for name in names if name for w in _WORD.findall(plain(name))]
    words = sorted(w for w in words if w not in _TITLES) or sorted(words)
    if not words:
        return None
    return " ".join(words) + (f"|{birth_date}" if birth_date else "")


def address_key(address: str) -> str | None:
    """The key of a postal address: plain words in their order, abbreviations written out."""
    words = _WORD.findall(plain(address))
    return " ".join(_STREETS.get(word, word) for word in words) or None

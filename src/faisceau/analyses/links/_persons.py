"""Persons as records to compare: names without the ways to write them, dates, identifiers.

Names are compared by words: order does not matter (family and given names are swapped often), nor
what marriage, nobility or filiation puts between (``épouse``, ``da``, ``van``, ``ben``, ``el``).
A skeleton (``_spelling``) makes the ways to write a sound one; consonants alone are what is left
of a name of Arabic when its vowels were heard by someone else.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from faisceau.analyses.links._spelling import skeleton_of_word, words_of
from faisceau.tables.identifiers import normalise
from faisceau.tables.identifiers.names import address_key

BETWEEN = frozenset(
    [
        "ep",
        "epouse",
        "epse",
        "nee",
        "ne",
        "veuve",
        "vve",
        "veuf",
        "dit",
        "dite",
        "alias",
        "de",
        "da",
        "do",
        "dos",
        "das",
        "des",
        "du",
        "e",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "ben",
        "bin",
        "ibn",
        "bint",
        "bent",
        "ould",
        "el",
        "al",
        "ul",
        "ait",
        "st",
        "saint",
        "ste",
        "sainte",
        "jr",
        "junior",
    ]
)
"""Words of names that tell marriage, filiation or origin, not which person."""
VOWELS = frozenset("aeio")
UNSEEN = 100
"""Names beside those at hand, as if none of their words were met: in a small set every name looks
common, since the two that are compared make half of its count."""

SCHEMA = pa.schema(
    [
        ("row_id", pa.int64()),
        ("origin", pa.string()),
        ("whole", pa.string()),
        ("sound", pa.string()),
        ("words", pa.list_(pa.string())),
        ("consonants", pa.string()),
        ("first_word", pa.string()),
        ("born", pa.string()),
        ("turned", pa.string()),
        ("year", pa.string()),
        ("document", pa.string()),
        ("phone", pa.string()),
        ("email", pa.string()),
        ("alias", pa.string()),
        ("place", pa.string()),
        ("address", pa.string()),
    ]
)


def records(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Rows of ``person`` as records to compare; what is not known is null."""
    return pa.Table.from_pylist([_record(row) for row in rows], SCHEMA)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    names = [*_names(row["last_name"]), *_names(row["first_names"])]
    sounds = sorted(skeleton_of_word(word) for word in names)
    born = row["birth_date"]
    return {
        "row_id": row["row_id"],
        "origin": f"{row['row_id'] >> 32} {row['procedure'] or ''}",
        "whole": " ".join(sorted(names)) or None,
        "sound": " ".join(sounds) or None,
        "words": sorted(set(sounds)) or None,
        "consonants": " ".join(map(_consonants, sounds)) or None,
        "first_word": next((s for s in map(skeleton_of_word, _names(row["last_name"]))), None),
        "born": born.isoformat() if born else None,
        "turned": _turned(born),
        "year": str(born.year) if born else None,
        "document": _one(normalise("document", row["document_number"] or "")),
        "phone": _one(normalise("phone", row["phone"] or "")),
        "email": _one(normalise("email", row["email"] or "")),
        "alias": " ".join(_names(row["alias"])) or None,
        "place": " ".join(map(skeleton_of_word, _names(row["birth_place"]))) or None,
        "address": address_key(row["address"]) if row["address"] else None,
    }


def _names(text: str | None) -> list[str]:
    """The words of a name that tell a person; all of them where none is left."""
    words = words_of(text or "")
    return [word for word in words if word not in BETWEEN] or words


def _consonants(sound: str) -> str:
    return sound[:1] + "".join(c for c in sound[1:] if c not in VOWELS)


def _turned(born: date | None) -> str | None:
    """The date with day and month swapped, where that is another date."""
    if born is None or born.day > 12 or born.day == born.month:
        return None
    return f"{born.year:04}-{born.day:02}-{born.month:02}"


def _one(identifier: Any) -> str | None:
    return identifier.value if identifier else None


def rarity(people: pa.Table, column: str) -> pa.Table:
    """How often each name is to be expected, from how often each of its words is met.

    A whole name is too rare to count in a small set; its words are not.
    """
    names = [name for name in people[column].to_pylist() if name]
    counts = Counter(word for name in names for word in name.split())
    total = len(names) + UNSEEN
    distinct = sorted(set(names))
    expected = [
        math.prod(max(0.5, counts[word] - 1) / total for word in name.split()) for name in distinct
    ]
    return pa.table({column: distinct, f"tf_{column}": expected})


def pairs_of(linked: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pairs by falling chance, then by their rows, the lower row first."""
    yield from sorted(linked, key=lambda p: (-p["match_probability"], p["row_id_l"], p["row_id_r"]))

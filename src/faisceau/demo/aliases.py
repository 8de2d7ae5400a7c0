"""Invented persons met several times, each time written otherwise, and who is who.

What happens to them happens in procedures: family and given names swapped, a transliteration, a
married or composite name, a second given name left out, a slip, day and month swapped, a birth
date known by its year alone, another document, a nickname. Namesakes stand among them, and
brothers who share a family name, an address and a telephone. Nobody here exists.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from faisceau.demo import courier_names as words

OLDEST = date(1950, 1, 1)
DAYS = 20_000
Cells = dict[str, str]
SOUNDS = (
    ("ou", "u"), ("u", "ou"), ("ch", "sh"), ("kh", "k"), ("y", "i"), ("i", "y"), ("ss", "s"),
    ("mm", "m"), ("c", "k"), ("k", "c"), ("ph", "f"), ("s", "z"), ("e", "é"), ("w", "ou"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Person:
    family: str
    given: tuple[str, ...]
    born: date
    place: str
    document: str
    phone: str
    address: str
    alias: str


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def one(self, items: list[str]) -> str:
        return items[int(self.rng.integers(len(items)))]

    def digits(self, n: int) -> str:
        return "".join(map(str, self.rng.integers(0, 10, n)))

    def person(self) -> _Person:
        community = list(words.FAMILY)[int(self.rng.integers(len(words.FAMILY)))]
        family = self.one(words.FAMILY[community])
        if self.chance(0.5):
            family = "".join(self.one(list(part)) for part in words.RARE_PARTS)
        given = [self.one(words.GIVEN[community]) for _ in range(2 if self.chance(0.4) else 1)]
        code, town = words.TOWNS[int(self.rng.integers(len(words.TOWNS)))]
        return _Person(
            family,
            tuple(given),
            OLDEST + timedelta(days=int(self.rng.integers(DAYS))),
            self.one([t for _, t in words.TOWNS]),
            self.digits(2) + "CV" + self.digits(5),
            "+33609" + self.digits(6),
            f"{int(self.rng.integers(1, 180))} rue {self.one(list(words.STREETS))}, {code} {town}",
            self.one(list(words.NICKNAMES[0])) + " " + self.one(list(words.NICKNAMES[1])),
        )

    def brother(self, person: _Person) -> _Person:
        """Another of the family: the same name, address and line, other given names and birth."""
        other = self.person()
        phone = person.phone if self.chance(0.5) else other.phone
        return replace(other, family=person.family, address=person.address, phone=phone)

    def namesake(self, person: _Person) -> _Person:
        """A stranger of the same names."""
        return replace(self.person(), family=person.family, given=person.given)

    def written(self, person: _Person) -> Cells:
        """The person as one procedure has them."""
        family, given = person.family, " ".join(person.given)
        changes: list[Callable[[str], str]] = [self._slip, self._sounding]
        if self.chance(0.25):
            family = changes[int(self.rng.integers(2))](family)
        if self.chance(0.2):
            given = changes[int(self.rng.integers(2))](given)
        if self.chance(0.25):
            given = person.given[0]
        if self.chance(0.08):
            family = f"{self.one(words.FAMILY['french'])} épouse {family}"
        if self.chance(0.08):
            family, given = given, family
        return {
            "last_name": family.upper() if self.chance(0.7) else family,
            "first_names": given,
            "alias": person.alias if self.chance(0.15) else "",
            "birth_date": self._born(person.born),
            "birth_place": person.place if self.chance(0.6) else "",
            "document_number": self._document(person),
            "phone": person.phone if self.chance(0.35) else "",
            "address": person.address if self.chance(0.4) else "",
        }

    def _born(self, born: date) -> str:
        draw = self.rng.random()
        if draw < 0.1:
            return ""
        if draw < 0.15:
            return f"{born.year:04}-01-01"
        if draw < 0.2 and born.day <= 12:
            return f"{born.year:04}-{born.day:02}-{born.month:02}"
        if draw < 0.25:
            return (born + timedelta(days=1)).isoformat()
        return born.isoformat()

    def _document(self, person: _Person) -> str:
        draw = self.rng.random()
        if draw < 0.55:
            return ""
        return person.document if draw < 0.9 else self.digits(2) + "CV" + self.digits(5)

    def _slip(self, text: str) -> str:
        i = int(self.rng.integers(1, max(2, len(text) - 1)))
        return text[:i] + text[i + 1 :] if self.chance(0.5) else text[:i] + text[i] + text[i:]

    def _sounding(self, text: str) -> str:
        fitting = [(a, b) for a, b in SOUNDS if a in text[1:]]
        if not fitting:
            return self._slip(text)
        old, new = fitting[int(self.rng.integers(len(fitting)))]
        return text[0] + text[1:].replace(old, new, 1)


def aliases(persons: int, seed: int) -> tuple[list[Cells], dict[str, int]]:
    """Rows of ``person`` (one procedure each), and which person each ``ref`` is."""
    maker = _Maker(seed)
    everyone = [maker.person() for _ in range(persons)]
    for i in maker.rng.choice(persons, persons // 8, replace=False).tolist():
        other = maker.brother if maker.chance(0.6) else maker.namesake
        everyone.append(other(everyone[i]))
    who = np.repeat(
        np.arange(len(everyone)), maker.rng.choice([1, 2, 3], len(everyone), p=[0.6, 0.3, 0.1])
    )
    rows, truth = [], {}
    for number, person in enumerate(maker.rng.permutation(who).tolist()):
        ref = f"P{number:06}"
        truth[ref] = person
        cells = maker.written(everyone[person])
        rows.append({"procedure": f"PV-2025-{number:06}", "ref": ref, "role": "courier", **cells})
    return rows, truth

"""A lexicon made ready for the scanner: which form stands for which concept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faisceau.analyses.messages._scan import Ints, Scanner
from faisceau.tables.lexicons import Context, Entry, Form, Lexicon, Manner

Owner = Entry | Context | Manner


@dataclass(frozen=True, slots=True)
class Rules:
    """``scanner`` finds the forms of ``owners[i]`` at number ``i``; ``names`` are its concepts."""

    lexicon: Lexicon
    scanner: Scanner
    owners: tuple[Owner, ...]
    names: tuple[frozenset[str], ...]
    contexts: Mapping[str, Context]


@lru_cache(maxsize=4)
def rules(lexicon: Lexicon) -> Rules:
    """Every form of every entry, context and manner, with what it stands for."""
    forms: list[Form] = []
    owners: list[Owner] = []
    every: tuple[Owner, ...] = (*lexicon.entries, *lexicon.contexts, *lexicon.manners)
    for owner in every:
        forms += owner.forms
        owners += [owner] * len(owner.forms)
    return Rules(
        lexicon=lexicon,
        scanner=Scanner(tuple(forms), tuple(sorted(lexicon.macros.items()))),
        owners=tuple(owners),
        names=tuple(_names(owner) for owner in owners),
        contexts={c.context: c for c in lexicon.contexts},
    )


def _names(owner: Owner) -> frozenset[str]:
    if isinstance(owner, Context):
        return frozenset({owner.context})
    if isinstance(owner, Manner):
        return frozenset({owner.manner})
    return frozenset({owner.concept, *owner.kinds})


ENOUGH = 0.6
"""Traits that weigh less than this, without a scene, are no reason (log-odds)."""


NEXT = 0.7
"""What each further word of a trait is worth, of the word before."""


def more(words: float) -> float:
    """How often the weight of a trait counts for this number of distinct words."""
    return float((1 - NEXT**words) / (1 - NEXT))


@dataclass(frozen=True, slots=True)
class Alarm:
    """The first look: the forms that can fill a scene, and which scenes a set of them could.

    Fragment ``f`` can fill ``slots[begins[f]:begins[f + 1]]``; ``needs[s]`` are the slots of scene
    ``s``; ``count`` is how many slots there are. Traits are slots too: ``weights`` is the most they
    can count for.
    """

    scanner: Scanner
    slots: Ints
    begins: Ints
    needs: tuple[tuple[int, ...], ...]
    weights: npt.NDArray[np.float64]
    count: int


@lru_cache(maxsize=4)
def alarm(lexicon: Lexicon) -> Alarm:
    """Slots that several scenes share are looked for once."""
    ready = rules(lexicon)
    numbers: dict[tuple[str, ...], int] = {}
    needs = []
    for scene in lexicon.scenes:
        needs.append(tuple(numbers.setdefault(slot.any, len(numbers)) for slot in scene.slots))
    for trait in lexicon.traits:
        numbers.setdefault(trait.any, len(numbers))
    weights = np.zeros(len(numbers))
    for trait in lexicon.traits:
        weights[numbers[trait.any]] += more(math.inf) * trait.weight
    forms, slots = [], []
    for form, names in zip(ready.scanner.forms, ready.names, strict=True):
        filled = [n for concepts, n in numbers.items() if names.intersection(concepts)]
        if filled:
            forms.append(form)
            slots.append(filled)
    scanner = Scanner(tuple(forms), ready.scanner.macros)
    flat, begins = scanner.by_fragment(slots)
    return Alarm(scanner, flat, begins, tuple(needs), weights, len(numbers))


def possible(filled: npt.NDArray[np.bool_], first: Alarm) -> npt.NDArray[np.bool_]:
    """Of conversations × slots, those in which a scene has every slot filled, or traits suffice."""
    met: npt.NDArray[np.bool_] = filled @ first.weights >= ENOUGH
    for slots in first.needs:
        met |= filled[:, list(slots)].all(axis=1)
    return met

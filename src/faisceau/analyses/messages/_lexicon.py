"""A lexicon made ready for the scanner: which form stands for which concept."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faisceau.analyses.messages._scan import Scanner
from faisceau.analyses.messages._words import Ints
from faisceau.tables.lexicons import Context, Entry, Form, Lexicon, Manner, Trait

Floats = npt.NDArray[np.float64]
Owner = Entry | Context | Manner


@dataclass(frozen=True, slots=True)
class Rules:
    """``scanner`` finds the forms of ``owners[i]`` at number ``i``; ``names`` are its concepts;
    ``traits`` come by falling weight.
    """

    lexicon: Lexicon
    scanner: Scanner
    owners: tuple[Owner, ...]
    names: tuple[frozenset[str], ...]
    contexts: Mapping[str, Context]
    traits: tuple[Trait, ...]


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
        traits=tuple(sorted(lexicon.traits, key=lambda t: (-t.weight, t.trait))),
    )


def _names(owner: Owner) -> frozenset[str]:
    if isinstance(owner, Context):
        return frozenset({owner.context})
    if isinstance(owner, Manner):
        return frozenset({owner.manner})
    return frozenset({owner.concept, *owner.kinds})


LONG = 30
"""Messages from which on chance meetings of words are discounted."""
ENOUGH = 0.6
"""Scenes and traits that weigh less than this together, once chance is taken off, are no reason
for a finding (log-odds)."""
AGAIN = 0.35
"""What a scene is worth each further time, of the time before."""
MOST = 6
"""Times a scene is counted, at most."""
NEXT = 0.7
"""What each further word of a trait is worth, of the word before."""
CHANCE = 0.45
"""What is taken off for each time that a conversation is e times as long as ``LONG``."""
WORTH = np.cumsum([0.0, *(NEXT**k for k in range(40))])
"""How often the weight of a trait counts, by the number of its distinct words."""


def chance(messages: Ints) -> Floats:
    """What is taken off a long conversation, in which words meet by chance (log-odds)."""
    found: Floats = CHANCE * np.log(np.maximum(1.0, messages / LONG))
    return found


def more(words: Ints) -> Floats:
    """How often the weight of a trait counts for these numbers of distinct words."""
    found: Floats = WORTH[np.minimum(words, len(WORTH) - 1)]
    return found

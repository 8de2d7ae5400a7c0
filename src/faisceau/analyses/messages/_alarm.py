"""The first look: which conversations could hold a scene, for whole batches and without Python.

Each message gets a *mask*: one bit for each set of concepts that fills a slot of a scene, or is a
trait. The forms behind it are suspected, not sure, so that a mask may have a bit too many, never
one too few. A scene needs its slots within so many messages: masks of messages that follow each
other in a conversation are joined, and compared with what the scene needs.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faisceau.analyses.messages._lexicon import ENOUGH, LONG, more, rules
from faisceau.analyses.messages._scan import Scanner, Suspects
from faisceau.tables.lexicons import Lexicon

Masks = npt.NDArray[np.int64]
"""Messages × words of 64 bits."""
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Alarm:
    """``bits``: by form; ``scenes``: what each needs and within how many messages; ``traits``."""

    scanner: Scanner
    bits: Masks
    scenes: tuple[tuple[int, Ints], ...]
    traits: tuple[tuple[float, Ints], ...]

    def masks(self, found: Suspects, messages: int) -> Masks:
        """The mask of each message of a batch."""
        groups = self.scanner.groups
        known = np.array([np.bitwise_or.reduce(self.bits[list(g)], axis=0) for g in groups])
        masks = np.zeros((messages, self.bits.shape[1]), np.int64)
        if len(found.row):
            begins = np.flatnonzero(np.diff(found.row, prepend=-1))
            said = known[found.group]
            masks[found.row[begins]] = np.bitwise_or.reduceat(said, begins, axis=0)
        return masks


@lru_cache(maxsize=4)
def alarm(lexicon: Lexicon) -> Alarm:
    """Slots that several scenes share have one bit."""
    ready = rules(lexicon)
    numbers: dict[tuple[str, ...], int] = {}
    for part in (*(s for scene in lexicon.scenes for s in scene.slots), *lexicon.traits):
        numbers.setdefault(part.any, len(numbers))
    width = -(-len(numbers) // 64)

    def mask(*slots: tuple[str, ...]) -> Ints:
        words = [0] * width
        for slot in slots:
            words[numbers[slot] // 64] |= 1 << numbers[slot] % 64
        return np.array(words, np.uint64).view(np.int64)

    return Alarm(
        scanner=ready.scanner,
        bits=np.array([
            mask(*(slot for slot in numbers if names.intersection(slot))) for names in ready.names
        ]),
        scenes=tuple(
            (scene.within, mask(*(slot.any for slot in scene.slots))) for scene in lexicon.scenes
        ),
        traits=tuple((trait.weight, mask(trait.any)) for trait in lexicon.traits),
    )  # fmt: skip


def possible(first: Alarm, talk: Ints, masks: Masks) -> Ints:
    """Of messages in the order of their conversations, the conversations that need a second look.

    Messages that can be nothing may be left out: what stood further apart then stands closer.
    """
    if not len(talk):
        return talk
    edges = np.flatnonzero(np.diff(talk, prepend=talk[0] - 1, append=talk[-1] + 1))
    begins, sizes = edges[:-1], np.diff(edges)
    met = np.zeros(len(begins), bool)
    near = {1: masks}
    for within, needs in first.scenes:
        window = _window(near, within, talk)
        words = np.flatnonzero(needs)
        full = np.all((window[:, words] & needs[words]) == needs[words], axis=1)
        met |= np.logical_or.reduceat(full, begins)
    every = np.bitwise_or.reduceat(masks, begins, axis=0)
    total = np.zeros(len(begins))
    for weight, mask in first.traits:
        total += np.any(every & mask, axis=1) * weight * more(math.inf)
    met |= total * np.minimum(1.0, LONG / sizes) >= ENOUGH
    return talk[begins[met]]


def _window(near: dict[int, Masks], within: int, talk: Ints) -> Masks:
    """By message, the joined masks of it and of the next ``within - 1`` in its conversation."""
    if within not in near:
        power = 1 << ((within - 1).bit_length() - 1)
        part = _window(near, power, talk)
        step = within - power
        joined = part.copy()
        same = talk[step:] == talk[:-step]
        joined[:-step][same] |= part[step:][same]
        near[within] = joined
    return near[within]

"""The first look: which stretches of which conversations to read, for whole batches, in numpy.

Each message gets a *mask*: one bit for each set of concepts that fills a slot of a scene, makes one
stronger or is a trait. The forms behind it are suspected, not sure, so that a mask may have a bit
too many, never one too few. A long conversation is read in *stretches* that overlap by half. For
each, the masks say what its scenes and traits could weigh at most; only where that is enough for a
finding are messages read with the exact patterns.
"""

from collections.abc import Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from faisceau.analyses.messages._lexicon import AGAIN, ENOUGH, LONG, MOST, chance, more, rules
from faisceau.analyses.messages._scan import Scanner, Suspects
from faisceau.tables.lexicons import OBSERVED, Boost, Lexicon

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
HALF = 30
"""Messages in half a stretch."""
PART = 1 << 16
"""Messages weighed at once, roughly: few enough to stay in the processor's cache."""
TIMES = np.cumsum([0.0, *(AGAIN**k for k in range(MOST))])
"""What a scene met so many times is worth, of one time."""


@dataclass(frozen=True, slots=True)
class Bit:
    """Where in a mask a set of concepts has its bit."""

    word: int
    mask: int

    def on(self, words: list[Ints]) -> Flags:
        """Which masks have it."""
        found: Flags = (words[self.word] & self.mask) != 0
        return found


@dataclass(frozen=True, slots=True)
class Act:
    """A scene: by word of the mask, what it needs; what it weighs, and with what more."""

    within: int
    needs: tuple[tuple[int, int], ...]
    weight: float
    boosts: tuple[tuple[float, Bit], ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """``bits``: mask by form; ``slots``: how many words the slots of scenes fill."""

    scanner: Scanner
    bits: Ints
    slots: int
    acts: tuple[Act, ...]
    traits: tuple[tuple[float, Bit], ...]

    def suspected(self, found: Suspects, messages: int) -> Ints:
        """The mask of each message of a batch, word by word, of what it may hold."""
        groups = self.scanner.groups
        known = np.array(
            [np.bitwise_or.reduce(self.bits[np.array(g, np.int64)], axis=0) for g in groups]
        )
        return _masks(found.row, known[found.group], messages)

    def sure(self, row: Ints, form: Ints, messages: int) -> Ints:
        """The same, of the forms that it holds."""
        return _masks(row, self.bits[form], messages)


def _masks(row: Ints, held: Ints, messages: int) -> Ints:
    masks = np.zeros((held.shape[1], messages), np.int64)
    if len(row):
        begins = np.flatnonzero(np.diff(row, prepend=-1))
        for word, mask in enumerate(masks):
            mask[row[begins]] = np.bitwise_or.reduceat(held[:, word], begins)
    return masks


@lru_cache(maxsize=4)
def alarm(lexicon: Lexicon) -> Alarm:
    """Sets of concepts that several scenes share have one bit; those that fill slots come first."""
    ready = rules(lexicon)
    numbers: dict[tuple[str, ...], int] = {}
    for scene in lexicon.scenes:
        for slot in scene.slots:
            numbers.setdefault(slot.any, len(numbers))
    slots = -(-len(numbers) // 64)
    helping = [boost.any for scene in lexicon.scenes for boost in scene.boosts]
    for concepts in (*helping, *(trait.any for trait in lexicon.traits)):
        numbers.setdefault(concepts, len(numbers))
    made = {names: _mask(names, numbers) for names in dict.fromkeys(ready.names)}

    def bit(concepts: tuple[str, ...]) -> Bit:
        word, place = divmod(numbers[concepts], 64)
        return Bit(word, _signed(1 << place))

    def needs(bits: list[Bit]) -> tuple[tuple[int, int], ...]:
        words = sorted({b.word for b in bits})
        return tuple(
            (word, int(np.bitwise_or.reduce([b.mask for b in bits if b.word == word])))
            for word in words
        )

    return Alarm(
        scanner=ready.scanner,
        bits=np.array([made[names] for names in ready.names], np.int64).reshape(
            len(ready.names), _words(numbers)
        ),
        slots=slots,
        acts=tuple(
            Act(
                scene.within,
                needs([bit(slot.any) for slot in scene.slots]),
                # what no form writes is not in a mask: it may always be there
                scene.weight
                + sum(b.weight for b in scene.boosts if seen_alone(b) and b.weight > 0),
                tuple(
                    (boost.weight, bit(boost.any))
                    for boost in scene.boosts
                    if not seen_alone(boost)
                ),
            )
            for scene in lexicon.scenes
        ),
        traits=tuple((trait.weight, bit(trait.any)) for trait in lexicon.traits),
    )


def seen_alone(boost: Boost) -> bool:
    """True when what makes a scene stronger may be something that the analysis sees."""
    return not OBSERVED.isdisjoint(boost.any)


def _mask(names: frozenset[str], numbers: dict[tuple[str, ...], int]) -> list[int]:
    whole = sum(1 << n for concepts, n in numbers.items() if not names.isdisjoint(concepts))
    words = range(_words(numbers))
    return [_signed(whole >> 64 * word & (1 << 64) - 1) for word in words]


def _words(numbers: Sized) -> int:
    """Words of a mask; one where a lexicon has neither scenes nor traits."""
    return max(1, -(-len(numbers) // 64))


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches to read: positions in the order of conversations, the conversation's length, and
    what its scenes and traits weigh at most.
    """

    begin: Ints
    end: Ints
    size: Ints
    weight: Floats


def stretches(first: Alarm, talk: Ints, words: list[Ints]) -> Stretches:
    """Of messages in the order of their conversations, the stretches that may make a finding."""
    edges = np.flatnonzero(np.diff(talk, prepend=talk[:1] - 1, append=talk[-1:] + 1))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda part: _weighed(first, part, words), _parts(edges)))
    begin, end, size = (np.concatenate([_NONE, *(f[n] for f in found)]) for n in range(3))
    return Stretches(begin, end, size, np.concatenate([_NONE * 0.0, *(f[3] for f in found)]))


_NONE = np.empty(0, np.int64)


def _parts(edges: Ints) -> Iterator[Ints]:
    """Edges of conversations, in parts of so many messages."""
    at = 0
    while at < len(edges) - 1:
        stop = max(at + 1, int(np.searchsorted(edges, edges[at] + PART, side="right")) - 1)
        yield edges[at : stop + 1]
        at = stop


def _weighed(first: Alarm, edges: Ints, every: list[Ints]) -> tuple[Ints, Ints, Ints, Floats]:
    start, stop = int(edges[0]), int(edges[-1])
    words = [word[start:stop] for word in every]
    size = np.diff(edges)
    owner = np.repeat(np.arange(len(size)), size)
    place = np.arange(stop - start) - (edges[:-1] - start)[owner]
    halves = np.flatnonzero(place % HALF == 0)
    own = owner[halves]
    half = np.cumsum(place % HALF == 0) - 1
    goes_on = np.append(own[1:] == own[:-1], False)  # the next half is of the same conversation
    said = [_joined(np.bitwise_or.reduceat(word, halves), goes_on) for word in words]
    total = np.zeros(len(halves))
    windows = {1: words[: first.slots]}
    for act in first.acts:
        window = _window(windows, act.within, owner)
        (word, mask), *others = act.needs
        full = (window[word] & mask) == mask
        for word, mask in others:
            full &= (window[word] & mask) == mask
        at = np.flatnonzero(full)
        if not len(at):
            continue
        times = np.bincount(half[at], minlength=len(halves))
        times[:-1] += times[1:] * goes_on[:-1]
        met = np.flatnonzero(times)
        weight = np.full(len(met), act.weight)
        around = [word[met] for word in said]
        for more_weight, bit in act.boosts:
            weight += bit.on(around) * more_weight
        total[met] += weight * TIMES[np.minimum(times[met], MOST)]
    lengths = np.minimum(2 * HALF, size[own] - place[halves])
    total += _traits(first, words, half, halves, goes_on, lengths)
    # the last half alone is part of the stretch before it, where there is one
    kept = np.flatnonzero((total - chance(size[own]) >= ENOUGH) & ((place[halves] == 0) | goes_on))
    begin = halves[kept] + start
    return begin, begin + lengths[kept], size[own[kept]], total[kept]


def _traits(  # noqa: PLR0917
    first: Alarm, words: list[Ints], half: Ints, halves: Ints, goes_on: Flags, lengths: Ints
) -> Floats:
    """What traits could weigh: as if each message that holds one had two words of it."""
    total = np.zeros(len(halves))
    for weight, bit in first.traits:
        times = np.bincount(half[bit.on(words)], minlength=len(halves))
        times[:-1] += times[1:] * goes_on[:-1]
        total += weight * more(2 * times)
    return total * np.minimum(1.0, LONG / lengths)


def _joined(halves: Ints, goes_on: Flags) -> Ints:
    """Each half with the next one of its conversation."""
    both = halves.copy()
    both[:-1][goes_on[:-1]] |= halves[1:][goes_on[:-1]]
    return both


def _window(known: dict[int, list[Ints]], within: int, owner: Ints) -> list[Ints]:
    """By message, the joined masks of it and of the next ``within - 1`` in its conversation."""
    if within not in known:
        power = 1 << ((within - 1).bit_length() - 1)
        part = _window(known, power, owner)
        step = within - power
        same = np.zeros(len(owner), np.int64)
        same[:-step] = -(owner[step:] == owner[:-step]).astype(np.int64)
        known[within] = [np.append(w[step:], w[:step]) & same | w for w in part]
    return known[within]

"""From hits in one conversation to what people do there, and what speaks for them.

The rules are the lexicon's; this evaluates them. Weights are log-odds that add up. Three rules
keep the sum honest: a scene met again counts less each time; evidence already used by a stronger
scene counts for less in the next; a context (cooking, tickets, care …) takes back a share of the
scenes it explains, where it stands near them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from faisceau.analyses.messages._lexicon import (
    AGAIN,
    ENOUGH,
    LONG,
    MOST,
    WORTH,
    Owner,
    Rules,
    chance,
)
from faisceau.tables.lexicons import Context, Entry, Manner, Scene

BIAS = -4.2
"""Log-odds of a conversation of which nothing is known."""
USED = 0.45
"""What evidence counts that a stronger scene has already used."""
REACH = 8
"""Messages around a scene in which a context explains it."""
DAY = 36 * 3600 * 10**6
"""Messages further apart than this (microseconds) are not one scene."""
PER, SHORT = 25, 15
"""Words in which a manner is expected once; words added, so that one in three is not a habit."""
SPEECH = 1.5
"""How often what they do may be outweighed by how they speak, at most."""
SLIGHT = 0.1
"""A manner that weighs less than this is left out."""
EXPLAINED = 0.3
"""Share of the manners that a context takes back, unless its ``clears`` says ``manner``."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A form found: the concepts it stands for, its message (position in the conversation)."""

    message: int
    start: int
    end: int
    names: frozenset[str]
    word: str
    owner: Owner


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of a conversation in order: who sent each message and when (microseconds; 0 when
    unknown).

    ``words``: how many words its messages have together; ``size``: the conversation's messages.
    """

    senders: Sequence[str]
    times: Sequence[int]
    hits: Sequence[Hit]
    words: int
    size: int


@dataclass(frozen=True, slots=True)
class Clue:
    """A rule that held: for or against, its weight, its words, its messages."""

    code: str
    text: str
    weight: float
    words: tuple[str, ...]
    messages: frozenset[int]


@dataclass(slots=True)
class _Met:
    """One time a scene was met."""

    scene: Scene
    hits: list[Hit]
    weight: float
    cleared: dict[str, float] = field(default_factory=dict)


def read(talk: Talk, ready: Rules) -> tuple[float, list[Clue]]:
    """Log-odds that the conversation is about trafficking, and why: acts, then manners, strongest
    first.

    Where scenes and traits weigh too little there is nothing: an empty list.
    """
    hits = _settled(_distinct(talk.hits), ready)
    said = {name for hit in hits for name in hit.names}
    met = [
        m
        for scene in ready.lexicon.scenes
        if not any(said.isdisjoint(slot.any) for slot in scene.slots)
        for m in _occurrences(scene, hits, talk)
    ]
    traits = _traits(hits, ready, len(talk.senders))
    background = _Background(hits, ready)
    for one in met:
        background.explain(one)
    scenes, taken = _added(met)
    done = sum(clue.weight for clue in (*scenes, *traits))
    if done - _chance(talk.size) < ENOUGH:
        return BIAS, []
    contexts = background.clues(taken, len(talk.senders))
    manners = _bounded(list(_manners(hits, ready, talk, background)), done)
    clues = [*scenes, *traits, *contexts, *manners]
    total = BIAS + sum(c.weight for c in clues) - _chance(talk.size)
    acts = sorted((*scenes, *traits, *contexts), key=lambda c: (-abs(c.weight), c.code))
    return total, [*acts, *sorted(manners, key=lambda c: (-abs(c.weight), c.code))]


def most(done: float, size: int) -> float:
    """The most that log-odds can be, where scenes and traits weigh ``done``: see `_bounded`."""
    return BIAS + (1 + SPEECH) * done - _chance(size)


def _chance(size: int) -> float:
    return float(chance(np.array(size)))


def _bounded(manners: list[Clue], done: float) -> list[Clue]:
    """How they speak weighs ``SPEECH`` times what they do, at most."""
    against = sum(c.weight for c in manners if c.weight > 0)
    if against <= SPEECH * done:
        return manners
    share = SPEECH * done / against
    return [replace(c, weight=round(c.weight * share, 3)) if c.weight > 0 else c for c in manners]


def _manners(
    hits: list[Hit], ready: Rules, talk: Talk, background: "_Background"
) -> Iterator[Clue]:
    """How they speak: by how often, in proportion to how much they say.

    A context takes a share of what speaks against the persons: a coach gives orders too.
    """
    share = background.left(len(talk.senders))
    left = [h for h in hits if isinstance(h.owner, Manner)]
    for manner in sorted(ready.lexicon.manners, key=lambda m: (-abs(m.weight), m.manner)):
        found = [h for h in left if manner.manner in h.names]
        left = _without(left, found)  # a word counts once, for the heaviest manner it belongs to
        times = len(found) if manner.every else len({h.word.casefold() for h in found})
        rate = min(manner.most, times * PER / (talk.words + SHORT))
        weight = manner.weight * rate * (share if manner.weight > 0 else 1.0)
        if abs(weight) >= SLIGHT:
            yield _clue(manner.manner, manner.text, weight, found)


def _traits(hits: list[Hit], ready: Rules, messages: int) -> list[Clue]:
    """What weighs by itself: more with more distinct words, less in long threads.

    A word counts once, for the heaviest trait it belongs to.
    """
    clues = []
    said = {name for hit in hits for name in hit.names}
    traits = [trait for trait in ready.traits if not said.isdisjoint(trait.any)]
    every = {name for trait in traits for name in trait.any}
    left = [h for h in hits if not every.isdisjoint(h.names)]
    for trait in traits:
        found = [h for h in left if not h.names.isdisjoint(trait.any)]
        if found:
            left = _without(left, found)
            words = {h.word.casefold() for h in found}
            worth = float(WORTH[min(len(words), len(WORTH) - 1)])
            weight = trait.weight * worth * min(1.0, LONG / messages)
            clues.append(_clue(trait.trait, trait.text, weight, found))
    return clues


def _without(hits: list[Hit], taken: list[Hit]) -> list[Hit]:
    """The hits that overlap none of those taken."""
    covered: dict[int, list[Hit]] = {}
    for hit in taken:
        covered.setdefault(hit.message, []).append(hit)
    return [h for h in hits if not any(_overlap(h, t) for t in covered.get(h.message, ()))]


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    """Hits of one owner that overlap become the longest."""
    kept: list[Hit] = []
    order = sorted(hits, key=lambda h: (h.message, h.start, -h.end, sorted(h.names)))
    last: dict[tuple[int, frozenset[str]], int] = {}
    for hit in order:
        key = hit.message, hit.names
        if hit.start >= last.get(key, -1):
            kept.append(hit)
            last[key] = hit.end
    return kept


def _settled(hits: list[Hit], ready: Rules) -> list[Hit]:
    """Without the ambiguous hits that nothing confirms or that something clears."""
    near = ready.lexicon.near
    where: dict[str, list[int]] = {}
    for hit in hits:
        for name in hit.names:
            where.setdefault(name, []).append(hit.message)

    def close(names: Iterable[str], message: int, reach: int) -> bool:
        return any(abs(at - message) <= reach for name in names for at in where.get(name, ()))

    def stands(hit: Hit) -> bool:
        owner = hit.owner
        if not isinstance(owner, Entry) or not (owner.confirm or owner.clear):
            return True
        if owner.clear and close(owner.clear, hit.message, near):
            return False
        return not owner.confirm or close(set(owner.confirm) - hit.names, hit.message, near)

    return [hit for hit in hits if stands(hit)]


def _occurrences(scene: Scene, hits: list[Hit], talk: Talk) -> Iterator[_Met]:
    """Each time the slots fill within the window; the next search begins after it."""
    wanted = {name for slot in scene.slots for name in slot.any}
    own = [hit for hit in hits if not wanted.isdisjoint(hit.names)]
    if not own:
        return
    after = -1
    for first, hit in enumerate(own):
        if hit.message <= after or (first and own[first - 1].message == hit.message):
            continue
        window = _window(own, first, scene.within, talk)
        used = _filled(scene, window, talk)
        if used is None or min(u.message for u in used) != hit.message:
            continue
        low, high = hit.message - 2, max(u.message for u in used) + 2
        around = hits[bisect_left(hits, low, key=_at) : bisect_right(hits, high, key=_at)]
        if any(not h.names.isdisjoint(scene.unless) for h in around):
            continue
        weight = scene.weight
        for boost in scene.boosts:
            helping = next((h for h in around if not h.names.isdisjoint(boost.any)), None)
            if helping is not None:
                weight += boost.weight
                used.append(helping)
        yield _Met(scene, used, weight)
        after = high - 2


def _at(hit: Hit) -> int:
    return hit.message


def _window(own: list[Hit], first: int, within: int, talk: Talk) -> list[Hit]:
    begin = own[first].message
    window = []
    for hit in own[first:]:
        if hit.message >= begin + within:
            break
        if talk.times[hit.message] - talk.times[begin] > DAY:
            break
        window.append(hit)
    return window


def _filled(scene: Scene, window: list[Hit], talk: Talk) -> list[Hit] | None:
    """Hits that fill every slot without overlapping, or None."""
    choices = [[h for h in window if not h.names.isdisjoint(slot.any)] for slot in scene.slots]
    if any(len(c) < slot.least for c, slot in zip(choices, scene.slots, strict=True)):
        return None
    used: list[Hit] = []
    lead: str | None = None
    order = (
        range(len(choices))
        if scene.ordered
        else sorted(range(len(choices)), key=lambda i: (len(choices[i]), i))
    )
    for number in order:
        slot, taken = scene.slots[number], 0
        for hit in choices[number]:
            if any(_overlap(hit, u) for u in used):
                continue
            if slot.by != "any" and lead is not None:
                same = talk.senders[hit.message] == lead
                if same != (slot.by == "same"):
                    continue
            used.append(hit)
            taken += 1
            if number == 0 and lead is None:
                lead = talk.senders[hit.message]
            if taken == slot.least:
                break
        if taken < slot.least:
            return None
    return used


def _overlap(a: Hit, b: Hit) -> bool:
    return a.message == b.message and a.start < b.end and b.start < a.end


def _added(met: list[_Met]) -> tuple[list[Clue], dict[str, float]]:
    """One clue a scene, and what each context takes back of them all.

    A scene's times are added with falling worth, the strongest scene comes first.
    """
    groups: list[tuple[float, Scene, list[_Met]]] = []
    for _, times in groupby(met, key=lambda m: m.scene.scene):
        every = sorted(times, key=_net, reverse=True)[:MOST]
        worth = sum(_net(m) * AGAIN**k for k, m in enumerate(every))
        groups.append((worth, every[0].scene, every))
    groups.sort(key=lambda g: (-g[0], g[1].scene))
    seen: set[tuple[int, int]] = set()
    clues, taken = [], dict[str, float]()
    for _, scene, every in groups:
        spots = {(h.message, h.start) for m in every for h in m.hits}
        share = USED + (1 - USED) * len(spots - seen) / len(spots)
        seen |= spots
        weight = 0.0
        for k, one in enumerate(every):
            weight += one.weight * share * AGAIN**k
            for name, part in one.cleared.items():
                taken[name] = taken.get(name, 0.0) + part * share * AGAIN**k
        clues.append(_clue(scene.scene, scene.text, weight, (h for m in every for h in m.hits)))
    return clues, taken


def _net(met: _Met) -> float:
    return met.weight - sum(met.cleared.values())


def _clue(code: str, text: str, weight: float, hits: Iterable[Hit]) -> Clue:
    found = list(hits)
    words = tuple(dict.fromkeys(h.word for h in found))[:10]
    return Clue(code, text, round(weight, 3), words, frozenset(h.message for h in found))


class _Background:
    """The contexts of a conversation: where their words stand, what they explain."""

    def __init__(self, hits: list[Hit], ready: Rules) -> None:
        self.hits: dict[str, list[Hit]] = {}
        self.contexts = ready.contexts
        left = [h for h in hits if isinstance(h.owner, Context)]
        for context in sorted(ready.lexicon.contexts, key=lambda c: (c.weight, c.context)):
            found = [h for h in left if context.context in h.names]
            if found:  # a word counts once, for the heaviest context it belongs to
                self.hits[context.context] = found
                left = _without(left, found)

    def strength(self, name: str, low: int, high: int) -> float:
        """0 to 1: how many distinct words of the context stand between two messages."""
        least = self.contexts[name].least
        words = {h.word.casefold() for h in self.hits[name] if low <= h.message <= high}
        return 0.0 if len(words) < least else 1 - 0.4 ** (len(words) - least + 1)

    def left(self, messages: int) -> float:
        """What the contexts leave of manners that speak against the persons."""
        left = 1.0
        for name in self.hits:
            share = self.contexts[name].clears.get("manner", EXPLAINED)
            left *= 1 - share * self.strength(name, 0, messages)
        return left

    def explain(self, met: _Met) -> None:
        """Take back the share of a scene that the contexts near it explain."""
        low = min(h.message for h in met.hits) - REACH
        high = max(h.message for h in met.hits) + REACH
        left = met.weight
        shares = []
        for name in self.hits:
            clears = self.contexts[name].clears
            share = clears.get(met.scene.family, clears.get("all", 0.0))
            shares.append((share * self.strength(name, low, high), name))
        for share, name in sorted(shares, reverse=True):
            if share > 0:
                met.cleared[name] = left * share
                left -= left * share

    def clues(self, taken: Mapping[str, float], messages: int) -> list[Clue]:
        """One clue a context: its own weight, thinned in long threads, and what it took back."""
        clues = []
        for name, hits in self.hits.items():
            context = self.contexts[name]
            strength = self.strength(name, 0, messages) * min(1.0, LONG / messages)
            weight = strength * context.weight - taken.get(name, 0.0)
            if weight < -0.01:
                clues.append(_clue(name, context.text, weight, hits))
        return clues

"""Where the forms of a lexicon stand in many messages, found by words and pairs of words.

The UTF-8 buffer of a batch is folded in one piece (lower case, accents off, whatever ends a word
made a blank) and cut into words by :mod:`_words`; nothing crosses a message boundary. A form is
suspected where a word holds one of its *fragments* (see :mod:`_notation`), or where two words
that follow each other do. People use few words: each distinct word is looked at once, by
Hyperscan, each distinct pair once, and what they may stand for is remembered. What is left for
every word of every message is to look up numbers in tables, which numpy does for whole batches.
Only messages in which a form is suspected are looked at again, with its exact pattern.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.messages._notation import NUMBER, exact
from faisceau.analyses.messages._sought import sought
from faisceau.analyses.messages._words import Ints, Words, cut, plain
from faisceau.tables.lexicons import Form

Macros = tuple[tuple[str, str], ...]
Span = tuple[int, int, int]
"""A form's number and the characters of the message it covers."""
BLOCK = 1 << 24
"""Bytes cut into words at once, at most: keeps memory bounded."""
REMEMBERED, REMEMBER = 40, 1 << 16
"""Letters of a message up to which, and messages of which, what was found is kept."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """What the words of a batch may stand for.

    ``row``: the message of each word that may stand for something (sorted); ``group``: the number
    of the group of forms that it may stand for, see ``Scanner.groups``.
    """

    row: Ints
    group: Ints


@dataclass(frozen=True, slots=True)
class Found:
    """Where forms stand: the message, the form, the characters it covers; one place an item."""

    row: Ints
    form: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True)
class Scanner:
    """A set of forms, compiled when first used (and again in another process)."""

    forms: tuple[Form, ...]
    macros: Macros = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return Scanner, (self.forms, self.macros)

    @cached_property
    def _plan(self) -> "_Plan":
        with _COMPILING:  # the engine runs batches on several threads: compile once
            if "_made" not in self.__dict__:
                self.__dict__["_made"] = _compiled(self.forms, self.macros)
            made: _Plan = self.__dict__["_made"]
            return made

    def met(self, texts: pa.Array) -> Suspects:
        """Which groups of forms each message of an Arrow string array may hold. Null is empty."""
        texts = pc.fill_null(texts.cast(pa.large_string()), "")
        rows: list[Ints] = [np.empty(0, np.int64)]
        groups: list[Ints] = [np.empty(0, np.int64)]
        first = 0
        while first < len(texts):
            count = _fitting(texts, first)
            row, group = self._plan.words.met(*cut(texts.slice(first, count)))
            rows.append(row + first)
            groups.append(group)
            first += count
        return Suspects(np.concatenate(rows), np.concatenate(groups))

    @property
    def groups(self) -> Sequence[tuple[int, ...]]:
        """The groups of forms known so far, by number; it grows as words are met."""
        return self._plan.words.groups

    def fragments(self) -> list[str]:
        """The plain texts that the fast scan looks for, besides numbers; folded."""
        return [f.text for f in self._plan.words.fragments if NUMBER not in f.text]

    def suspect(self, texts: pa.Array) -> tuple[Ints, Ints]:
        """Distinct (row, form), sorted: the form may stand there, not surely. Never misses one."""
        found = self.met(texts)
        values, begins = flat(self.groups)
        return distinct(*expanded(found.row, found.group, values, begins), len(self.forms))

    def found(self, texts: pa.Array) -> Found:
        """Where forms stand: message by message, in order, of those that begin together the
        longest first.
        """
        rows, forms = self.suspect(texts)
        look, plan = self._plan.look, self._plan
        edges = np.flatnonzero(np.diff(rows, prepend=-1, append=-1))
        held = rows[edges[:-1]]
        said = plain(texts.take(pa.array(held)).cast(pa.large_string()))
        suspects = forms.tolist()
        times, flat_spans = [], list[Span]()
        bounds = zip(said, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        for text, begin, end in bounds:
            spans = plan.seen.get(text)
            if spans is None:
                spans = look(text, suspects[begin:end])
            times.append(len(spans))
            flat_spans += spans
        columns = np.array(flat_spans, np.int64).reshape(-1, 3).T
        return Found(np.repeat(held, times), *columns)

    def spans(self, texts: pa.Array) -> list[list[Span]]:
        """The same as a list for each message."""
        found = self.found(texts)
        spans: list[list[Span]] = [[] for _ in range(len(texts))]
        columns = (found.row, found.form, found.start, found.end)
        for row, *span in zip(*(c.tolist() for c in columns), strict=True):
            spans[row].append((span[0], span[1], span[2]))
        return spans


@dataclass(frozen=True, slots=True)
class _Plan:
    """The words' tables, and the exact patterns.

    ``exact`` fills up with the patterns as they are needed, ``seen`` with what was found in short
    messages, which people send again and again.
    """

    words: Words
    forms: Sequence[Form]
    macros: Mapping[str, str]
    exact: dict[int, re.Pattern[str]] = field(default_factory=dict)
    seen: dict[str, list[Span]] = field(default_factory=dict)

    def look(self, text: str, suspects: Sequence[int]) -> list[Span]:
        """Where the suspected forms stand in one folded message."""
        found: list[Span] = []
        for number in suspects:
            pattern = self.exact.get(number)
            if pattern is None:
                pattern = self.exact[number] = exact(self.forms[number].text, self.macros)
            for match in pattern.finditer(text):
                found.append((number, match.start(), match.end()))
        if len(found) > 1:
            found.sort(key=lambda s: (s[1], -s[2], s[0]))
        if len(text) <= REMEMBERED and len(self.seen) < REMEMBER:
            self.seen[text] = found
        return found


_COMPILING = threading.Lock()


def _compiled(forms: Sequence[Form], macros: Macros) -> _Plan:
    table = dict(macros)
    return _Plan(Words([sought(form.text, table) for form in forms]), forms, table)


def distinct(row: Ints, value: Ints, values: int) -> tuple[Ints, Ints]:
    """Distinct (row, value) pairs, sorted; ``value`` is less than ``values``."""
    keys = np.sort(row * values + value)  # several times faster than numpy.unique
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return keys // values, keys % values


def expanded(row: Ints, key: Ints, values: Ints, begins: Ints) -> tuple[Ints, Ints]:
    """(row, value), where key ``k`` stands for ``values[begins[k]:begins[k + 1]]``."""
    times = begins[key + 1] - begins[key]
    step = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(row, times), values[np.repeat(begins[key], times) + step]


def flat(groups: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Groups one after the other, and where each begins."""
    begins = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    return np.array([n for group in groups for n in group], np.int64), begins


def _fitting(texts: pa.Array, first: int) -> int:
    """How many messages from ``first`` on fit into a block; at least one."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
    last = int(np.searchsorted(offsets, offsets[first] + BLOCK, side="right")) - 1
    return max(1, last - first)

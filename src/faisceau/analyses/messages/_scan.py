"""Where the forms of a lexicon stand in many messages: one Hyperscan call per batch.

The UTF-8 buffer of the batch is scanned as one piece for *fragments* (see :mod:`_notation`), with
a separator between messages that no fragment matches, so that nothing crosses a message boundary.
Accents are taken off the whole buffer at once (an accented letter is two bytes, of which the first
goes and the second becomes its letter), case is in the pattern: fragments stay plain literals,
which compile in a tenth of a second where accents in the patterns took fourteen. Hits come back as
byte offsets, word edges are checked on them, and ``numpy.searchsorted`` says which message they
are in; only messages with a hit are looked at again, with the exact patterns of the forms that
the hit may belong to. Measured by the design (section 8): one call on a joined buffer is twenty
times faster than one call a message.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import hyperscan
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.messages._notation import (
    BASE,
    NUMBER,
    SEPARATOR,
    Fragment,
    exact,
    fold,
    fragments,
)
from faisceau.tables.lexicons import Form

Ints = npt.NDArray[np.int64]
Macros = tuple[tuple[str, str], ...]
Span = tuple[int, int, int]
"""A form's number and the characters of the message it covers."""
Flags = npt.NDArray[np.bool_]
BLOCK = 1 << 24
"""Bytes given to one Hyperscan call, at most: keeps the list of raw hits bounded."""
SHORT = 4
"""Letters up to which a fragment bears its edges in its pattern."""
REMEMBERED, REMEMBER = 40, 1 << 16
"""Letters of a message up to which, and messages of which, what was found is kept."""
LEADS = range(0xC3, 0xC6)
"""First bytes of the letters that may bear an accent (U+00C0 to U+017F)."""


def _letters() -> npt.NDArray[np.uint8]:
    """By first byte and last six bits of the second: the letter without accent, or 0."""
    table = np.zeros((len(LEADS), 64), np.uint8)
    for code, letter in BASE.items():
        table[(code >> 6) - (0xC3 & 0x1F), code & 0x3F] = ord(letter)
    return table


LETTERS = _letters()
WORDS = np.array([bytes([b]).isalnum() or b == ord("_") for b in range(256)])
"""Bytes inside a word, surely: ASCII letters, digits and the underscore."""


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

    def met(self, texts: pa.Array) -> tuple[Ints, Ints]:
        """(row, fragment) of an Arrow string array, as often as met. Null is an empty message."""
        texts = pc.fill_null(texts.cast(pa.large_string()), "")
        rows: list[Ints] = [np.empty(0, np.int64)]
        fragments: list[Ints] = [np.empty(0, np.int64)]
        first = 0
        while first < len(texts):
            count = _fitting(texts, first)
            row, fragment = _fragments_in(texts.slice(first, count), self._plan)
            rows.append(row + first)
            fragments.append(fragment)
            first += count
        return np.concatenate(rows), np.concatenate(fragments)

    def fragments(self) -> list[str]:
        """The plain texts that the fast scan looks for, besides numbers; folded."""
        return [f.text for f in self._plan.fragments if f.text != NUMBER]

    def by_fragment(self, groups: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
        """What the fragments stand for, when form ``i`` stands for ``groups[i]``: values, begins.

        Fragment ``f`` stands for ``values[begins[f]:begins[f + 1]]``.
        """
        plan, found = self._plan, []
        for begin, end in zip(plan.begins[:-1], plan.begins[1:], strict=True):
            forms = plan.forms_of[begin:end].tolist()
            found.append(sorted({value for form in forms for value in groups[form]}))
        return _flat(found)

    def suspect(self, texts: pa.Array) -> tuple[Ints, Ints]:
        """Distinct (row, form), sorted: the form may stand there, not surely. Never misses one."""
        row, fragment = self.met(texts)
        row, fragment = distinct(row, fragment, len(self._plan.length))
        return distinct(
            *expanded(row, fragment, self._plan.forms_of, self._plan.begins), len(self.forms)
        )

    def spans(self, texts: pa.Array) -> list[list[Span]]:
        """For each message, where forms stand: in order, of those that begin together the longest
        first.
        """
        rows, forms = self.suspect(texts)
        plan = self._plan
        found: list[list[Span]] = [[] for _ in range(len(texts))]
        edges = np.flatnonzero(np.diff(rows, prepend=-1, append=-1))
        suspects = forms.tolist()
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            row = int(rows[begin])
            found[row] = plan.look(fold(texts[row].as_py()), suspects[begin:end])
        return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """The compiled database; of each fragment its length and edges, and its forms.

    The forms of fragment ``f`` are ``forms_of[begins[f]:begins[f + 1]]``. ``exact`` fills up with
    the exact patterns as they are needed, ``seen`` with what was found in short messages, which
    people send again and again.
    """

    database: Any
    fragments: tuple[Fragment, ...]
    length: Ints
    left: Flags
    right: Flags
    forms_of: Ints
    begins: Ints
    forms: Sequence[Form]
    macros: Mapping[str, str]
    exact: dict[int, re.Pattern[str]] = field(default_factory=dict)
    seen: dict[str, list[Span]] = field(default_factory=dict)

    def look(self, text: str, suspects: Sequence[int]) -> list[Span]:
        """Where the suspected forms stand in one folded message."""
        known = self.seen.get(text)
        if known is not None:
            return known
        found = []
        for number in suspects:
            pattern = self.exact.get(number)
            if pattern is None:
                pattern = self.exact[number] = exact(self.forms[number].text, self.macros)
            found += [(number, m.start(), m.end()) for m in pattern.finditer(text)]
        found.sort(key=lambda s: (s[1], -s[2], s[0]))
        if len(text) <= REMEMBERED and len(self.seen) < REMEMBER:
            self.seen[text] = found
        return found


def _compiled(forms: Sequence[Form], macros: Macros) -> _Plan:
    table = dict(macros)
    users: dict[Fragment, list[int]] = {}
    for number, form in enumerate(forms):
        for fragment in sorted(fragments(form.text, table)):
            users.setdefault(fragment, []).append(number)
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[_pattern(fragment) for fragment in users],
        ids=list(range(len(users))),
        flags=[hyperscan.HS_FLAG_CASELESS] * len(users),
    )
    forms_of, begins = _flat(list(users.values()))
    return _Plan(
        database=database,
        fragments=tuple(users),
        length=np.array([len(f.text.encode()) for f in users], np.int64),
        left=np.array([f.left and f.text != NUMBER for f in users], bool),
        right=np.array([f.right and f.text != NUMBER for f in users], bool),
        forms_of=forms_of,
        begins=begins,
        forms=forms,
        macros=table,
    )


def _pattern(fragment: Fragment) -> bytes:
    """A literal; a short one with the edges of its word, or it would be met in every word."""
    if fragment.text == NUMBER:
        return b"[0-9][^0-9]"
    text = "".join(f"\\x{byte:02x}" for byte in fragment.text.encode())
    if len(fragment.text) <= SHORT and fragment.text.isascii():
        text = rf"\b{text}" if fragment.left else text
        text = rf"{text}\b" if fragment.right else text
    return text.encode("ascii")


def _fragments_in(texts: pa.Array, plan: _Plan) -> tuple[Ints, Ints]:
    """(row, fragment), as often as met."""
    buffer, starts = folded(*joined(texts))
    raw: list[tuple[int, int]] = []

    def met(fragment: int, _begin: int, end: int, _flags: int, _context: object) -> None:
        raw.append((end, fragment))

    plan.database.scan(buffer, match_event_handler=met, scratch=_scratch(plan))
    pairs = np.array(raw, np.int64).reshape(-1, 2)
    end, fragment = pairs[:, 0], pairs[:, 1]
    data = np.frombuffer(buffer, np.uint8)
    inside = plan.left[fragment] & WORDS[data[np.maximum(end - plan.length[fragment] - 1, 0)]]
    inside |= plan.right[fragment] & WORDS[data[np.minimum(end, len(data) - 1)]]
    row = np.searchsorted(starts, end[~inside] - 1, side="right") - 1
    return row, fragment[~inside]


_ROOM = threading.local()
_COMPILING = threading.Lock()


def _scratch(plan: _Plan) -> Any:
    """This thread's working memory for a database: two scans must not share one."""
    rooms: dict[int, Any] = _ROOM.__dict__.setdefault("rooms", {})
    if id(plan) not in rooms:
        rooms[id(plan)] = plan.database.scratch.clone()
    return rooms[id(plan)]


def folded(buffer: bytes, starts: Ints) -> tuple[bytes, Ints]:
    """The buffer without accents, and where each message starts in it."""
    data = np.frombuffer(buffer, np.uint8)
    lead = np.flatnonzero((data >= LEADS.start) & (data < LEADS.stop))
    if not len(lead):
        return buffer, starts
    letter = LETTERS[data[lead] - LEADS.start, data[lead + 1] & 0x3F]
    lead, letter = lead[letter > 0], letter[letter > 0]
    changed = data.copy()
    changed[lead + 1] = letter
    kept = np.ones(len(data), bool)
    kept[lead] = False
    return changed[kept].tobytes(), starts - np.searchsorted(lead, starts)


def joined(texts: pa.Array) -> tuple[bytes, Ints]:
    """The messages in one buffer, a separator before, between and after; and where each starts.

    ``starts`` has one more item than there are messages: message ``i`` is
    ``buffer[starts[i]:starts[i + 1] - 1]``.
    """
    mark = pa.scalar(SEPARATOR, pa.large_string())
    ended = pc.binary_join_element_wise(texts, pa.scalar("", pa.large_string()), mark)
    offsets = np.frombuffer(ended.buffers()[1], np.int64)[ended.offset :][: len(ended) + 1]
    data = memoryview(ended.buffers()[2] or b"")[offsets[0] : offsets[-1]]
    return SEPARATOR.encode() + data, offsets - offsets[0] + 1


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


def _flat(groups: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Groups one after the other, and where each begins."""
    begins = np.cumsum([0, *map(len, groups)]).astype(np.int64)
    return np.array([n for group in groups for n in group], np.int64), begins


def _fitting(texts: pa.Array, first: int) -> int:
    """How many messages from ``first`` on fit into a block; at least one."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset :][: len(texts) + 1]
    last = int(np.searchsorted(offsets, offsets[first] + BLOCK, side="right")) - 1
    return max(1, last - first)

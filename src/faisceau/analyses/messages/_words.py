"""Messages cut into words, and what words and pairs of words may stand for.

A word ends at whatever a blank of the notation may be: white space, apostrophe, comma and the
like. Accents are taken off the whole buffer at once (an accented letter is two bytes, of which the
first goes and the second becomes its letter). Distinct words go through Hyperscan once, joined by
blanks; case and accents are gone by then, so that fragments are plain literals, which compile in a
tenth of a second where accents in the patterns took fourteen.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import hyperscan
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.messages._notation import BASE, NUMBER, SEPARATOR
from faisceau.analyses.messages._sought import Fragment, Sought

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
SHORT = 1
"""Letters up to which a fragment bears its edges in its pattern: more take long to compile."""
KNOWN = 1 << 20
"""Words remembered, at most; then memory starts afresh."""
BLANK = ord(" ")
LEADS = range(0xC3, 0xC6)
"""First bytes of the letters that may bear an accent (U+00C0 to U+017F)."""


def _letters() -> Bytes:
    """By first byte and last six bits of the second: the letter without accent, or 0."""
    table = np.zeros((len(LEADS), 64), np.uint8)
    for code, letter in BASE.items():
        table[(code >> 6) - (0xC3 & 0x1F), code & 0x3F] = ord(letter)
    return table


def _lowered() -> Bytes:
    """Each byte in lower case; what ends a word becomes a blank."""
    table = np.arange(256, dtype=np.uint8)
    table[ord("A") : ord("Z") + 1] += 32
    table[[*b"\t\n\v\f\r\x1c\x1d\x1e\x1f '.,;:!?-"]] = BLANK
    return table


LETTERS = _letters()
SMALL = np.arange(256, dtype=np.uint8)
"""Each byte in lower case."""
SMALL[ord("A") : ord("Z") + 1] += 32
LOWERED = _lowered()
WORDS = np.array([bytes([b]).isalnum() or b == ord("_") for b in range(256)])
"""Bytes inside a word, surely: ASCII letters, digits and the underscore."""
WIDE = [c for c in map(chr, range(0x80, 0x3001)) if c.isspace() or c == "’"]
"""What else ends a word, beyond ASCII."""
WIDE_LEADS = np.isin(np.arange(256), [c.encode()[0] for c in WIDE])


def cut(texts: pa.Array) -> tuple[pa.Array, Ints]:
    """The folded words of all messages, a blank after each, and where each message begins.

    ``begins`` has one more item than there are messages: the words of message ``i`` are
    ``words[begins[i]:begins[i + 1]]``.
    """
    data, starts = folded(*joined(texts))
    ends = np.flatnonzero(data == BLANK) + 1
    begins = np.searchsorted(ends, starts, side="left")
    offsets = np.empty(len(ends) + 1, np.int64)
    offsets[0], offsets[1:] = 0, ends
    long = np.diff(offsets) > 1
    words = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    kept = np.zeros(len(ends) + 1, np.int64)
    np.cumsum(long, out=kept[1:])
    # message i begins after the separator before it, which ends a word: hence + 1
    return words.filter(pa.array(long)), kept[np.minimum(begins + 1, len(ends))]


def folded(data: Bytes, starts: Ints) -> tuple[Bytes, Ints]:
    """The buffer folded, what ends a word made a blank, and where each message starts in it."""
    lead = np.flatnonzero(data >= 0xC2)
    data = LOWERED[data]
    if not len(lead):
        return data, starts
    wide = lead[WIDE_LEADS[data[lead]]]
    for sign in WIDE:
        code = sign.encode()
        at = wide[data[wide] == code[0]]
        for step, byte in enumerate(code[1:], start=1):
            at = at[data[at + step] == byte]
        for step in range(len(code)):
            data[at + step] = BLANK
    lead = _unaccented(data, lead)
    kept = np.ones(len(data), bool)
    kept[lead] = False
    return data[kept], starts - np.searchsorted(lead, starts)


def _unaccented(data: Bytes, lead: Ints) -> Ints:
    """Put letters without accent, and say which bytes before them must go."""
    lead = lead[(data[lead] >= LEADS.start) & (data[lead] < LEADS.stop)]
    letter = LETTERS[data[lead] - LEADS.start, data[lead + 1] & 0x3F]
    lead, letter = lead[letter > 0], letter[letter > 0]
    data[lead + 1] = letter
    return lead


def plain(texts: pa.Array) -> list[str]:
    """Each text in lower case without accents, as `_notation.fold` makes it, all at once."""
    data, starts = joined(texts)
    ends = starts[1:] - 1
    data = SMALL[data]
    lead = _unaccented(data, np.flatnonzero(data >= LEADS.start))
    gone = np.sort(np.concatenate([[0], ends, lead]))
    kept = np.ones(len(data), bool)
    kept[gone] = False
    offsets = starts - np.searchsorted(gone, starts)
    folded: list[str] = pa.LargeStringArray.from_buffers(
        len(texts), pa.py_buffer(offsets), pa.py_buffer(data[kept])
    ).to_pylist()
    return folded


def joined(texts: pa.Array) -> tuple[Bytes, Ints]:
    """The messages in one buffer, a separator before, between and after; and where each starts.

    ``starts`` has one more item than there are messages: message ``i`` is
    ``buffer[starts[i]:starts[i + 1] - 1]``.
    """
    mark = pa.scalar(SEPARATOR, pa.large_string())
    ended = pc.binary_join_element_wise(texts, pa.scalar("", pa.large_string()), mark)
    offsets = np.frombuffer(ended.buffers()[1], np.int64)[ended.offset :][: len(ended) + 1]
    held = np.frombuffer(ended.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    data = np.empty(len(held) + 1, np.uint8)
    data[0], data[1:] = ord(SEPARATOR), held
    return data, offsets - offsets[0] + 1


@dataclass(slots=True)
class _Memory:
    """Words met, and three numbers for each: its group, its side as a first and a second word.

    A code is given only once ``tables`` has its column.
    """

    codes: dict[bytes, int] = field(default_factory=dict)
    tables: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((3, 1), np.int32))


class Words:
    """What is known of words: groups of forms, by number, that a word or a pair may stand for.

    Filled as words are met, by several threads: tables are replaced or filled under a lock, and
    what they said once they say for good.
    """

    def __init__(self, forms: Sequence[Sought]) -> None:
        self._lock = threading.Lock()
        single: dict[Fragment, list[int]] = {}
        before: dict[Fragment, set[int]] = {}
        after: dict[Fragment, set[int]] = {}
        pairs: dict[Any, int] = {}
        self._of_pair: list[list[int]] = []
        for number, form in enumerate(forms):
            for fragment in form.single:
                single.setdefault(fragment, []).append(number)
            for pair in form.pairs:
                known = pairs.setdefault(pair, len(pairs))
                if known == len(self._of_pair):
                    self._of_pair.append([])
                    for side, at in ((before, 0), (after, 1)):
                        for fragment in pair[at]:
                            side.setdefault(fragment, set()).add(known)
                self._of_pair[known].append(number)
        self.fragments = tuple(sorted({*single, *before, *after}))
        none: frozenset[int] = frozenset()
        self._single = [tuple(single.get(f, ())) for f in self.fragments]
        self._before = [frozenset(before.get(f, none)) for f in self.fragments]
        self._after = [frozenset(after.get(f, none)) for f in self.fragments]
        self._look = _Literals(self.fragments)
        self.groups: list[tuple[int, ...]] = [()]
        self._group: dict[tuple[int, ...], int] = {(): 0}
        self._sides: tuple[list[frozenset[int]], ...] = ([none], [none])
        self._side: tuple[dict[frozenset[int], int], ...] = ({none: 0}, {none: 0})
        self._memory = _Memory()
        self._pairs = np.full((64, 64), -1, np.int32)
        self._pairs[0, :] = self._pairs[:, 0] = 0

    def met(self, words: pa.Array, begins: Ints) -> tuple[Ints, Ints]:
        """(message, group), sorted by message: groups of forms its words may stand for."""
        said = words.dictionary_encode()
        own, first, second = self._learnt(said.dictionary.to_pylist())[
            :, said.indices.to_numpy(zero_copy_only=False)
        ]
        first[begins[1:][begins[1:] > 0] - 1] = 0  # the last word of a message has none after it
        alone = np.flatnonzero(own)
        both = np.flatnonzero(first[:-1].astype(bool) & second[1:].astype(bool))
        group = self._paired(first[both], second[both + 1])
        both, group = both[group > 0], group[group > 0]
        at = np.concatenate([alone, both])
        order = np.argsort(at, kind="stable")
        row = np.searchsorted(begins, at[order], side="right") - 1
        return row, np.concatenate([own[alone], group])[order].astype(np.int64)

    def _learnt(self, words: list[bytes]) -> npt.NDArray[np.int32]:
        """Of distinct words: the group each may stand for, and its numbers as first and second."""
        memory = self._memory
        codes = np.array([memory.codes.get(word, -1) for word in words], np.int64)
        found = memory.tables[:, codes]
        fresh = np.flatnonzero(codes < 0).tolist()
        if fresh:
            with self._lock:
                made = self._classified([words[n] for n in fresh])
                if len(memory.codes) > KNOWN:
                    memory = self._memory = _Memory()
                first = memory.tables.shape[1]
                memory.tables = np.concatenate([memory.tables, made], axis=1)
                memory.codes.update((words[n], first + k) for k, n in enumerate(fresh))
            found[:, fresh] = made
        return found

    def _classified(self, words: list[bytes]) -> npt.NDArray[np.int32]:
        row, fragment = self._look.met(words)
        made = np.zeros((3, len(words)), np.int32)
        edges = np.flatnonzero(np.diff(row, prepend=-1, append=-1))
        for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            held = set(fragment[begin:end].tolist())
            forms = sorted({form for f in held for form in self._single[f]})
            made[0, row[begin]] = self._number(tuple(forms))
            for side, table in enumerate((self._before, self._after)):
                may = frozenset().union(*(table[f] for f in held))
                number = self._side[side].setdefault(may, len(self._sides[side]))
                if number == len(self._sides[side]):
                    self._sides[side].append(may)
                made[side + 1, row[begin]] = number
        return made

    def _number(self, forms: tuple[int, ...]) -> int:
        number = self._group.setdefault(forms, len(self.groups))
        if number == len(self.groups):
            self.groups.append(forms)
        return number

    def _paired(
        self, first: npt.NDArray[np.int32], second: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.int32]:
        """The group of each pair; a pair never met before is worked out once."""
        with self._lock:
            size = max(len(self._sides[0]), len(self._sides[1]))
            if size > len(self._pairs):
                wider = np.full((2 * size, 2 * size), -1, np.int32)
                wider[: len(self._pairs), : len(self._pairs)] = self._pairs
                self._pairs = wider
            table = self._pairs
        group = table[first, second]
        fresh = np.flatnonzero(group < 0)
        if len(fresh):
            with self._lock:
                table = self._pairs
                for a, b in {*zip(first[fresh].tolist(), second[fresh].tolist(), strict=True)}:
                    common = self._sides[0][a] & self._sides[1][b]
                    forms = sorted({form for pair in common for form in self._of_pair[pair]})
                    table[a, b] = self._number(tuple(forms))
            group = table[first, second]
        return group


class _Literals:
    """Which fragments stand in words: one Hyperscan call for many words."""

    def __init__(self, fragments: Sequence[Fragment]) -> None:
        self.length = np.array([len(f.text.encode()) for f in fragments], np.int64)
        self.left = np.array([f.left and f.text != NUMBER for f in fragments], bool)
        self.right = np.array([f.right and f.text != NUMBER for f in fragments], bool)
        if not fragments:  # a lexicon without forms: Hyperscan compiles no empty set
            return
        self.database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self.database.compile(
            expressions=[_pattern(fragment) for fragment in fragments],
            ids=list(range(len(fragments))),
            flags=[0] * len(fragments),
        )

    def met(self, words: Iterable[bytes]) -> tuple[Ints, Ints]:
        """(word, fragment), sorted by word. Words end with a blank."""
        words = list(words)
        buffer = b" " + b"".join(words)
        starts = np.cumsum([1, *map(len, words)])
        raw: list[tuple[int, int]] = []

        def met(fragment: int, _begin: int, end: int, _flags: int, _context: object) -> None:
            raw.append((end, fragment))

        if len(self.length):
            self.database.scan(buffer, match_event_handler=met)
        pairs = np.array(raw, np.int64).reshape(-1, 2)
        end, fragment = pairs[:, 0], pairs[:, 1]
        data = np.frombuffer(buffer, np.uint8)
        inside = self.left[fragment] & WORDS[data[np.maximum(end - self.length[fragment] - 1, 0)]]
        inside |= self.right[fragment] & WORDS[data[np.minimum(end, len(data) - 1)]]
        row = np.searchsorted(starts, end[~inside] - 1, side="right") - 1
        order = np.argsort(row, kind="stable")
        return row[order], fragment[~inside][order]


def _pattern(fragment: Fragment) -> bytes:
    """A literal; a short one with the edges of its word, or it would be met in every word."""
    if fragment.text == NUMBER:
        return b"[0-9][^0-9]"
    text = "".join(
        "[0-9]" if byte == ord(NUMBER) else f"\\x{byte:02x}" for byte in fragment.text.encode()
    )
    if len(fragment.text) <= SHORT and fragment.text.isascii():
        text = rf"\b{text}" if fragment.left else text
        text = rf"{text}\b" if fragment.right else text
    return text.encode("ascii")

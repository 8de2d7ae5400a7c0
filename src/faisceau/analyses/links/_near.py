"""Near values: the same trace written otherwise, or copied with one slip.

A slip (Damerau) leaves a sign out, adds one, replaces one, or swaps two. Candidates are values
that share what remains when one sign is left out (Mor and Fraenkel, "A hash code method for
detecting and correcting spelling errors", CACM 25(12), 1982); remains are hashed, and looked
through part by part, so that memory stays bounded.

Where numbers lie so densely that nearly every one has a neighbour (all mobile numbers of a
country), a near value says nothing. How densely they lie is measured on the first part, and what
can weigh nothing is not looked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.analyses.links._spelling import FORMS, digits
from faisceau.analyses.links._traits import CLOSE, Bools, Floats, Ints, Traits

Keys = npt.NDArray[np.uint64]

BORNE_BY = (2, 3, 5, 9, 17)
"""Where the classes of how many procedures bear a value begin."""
FEW = 3
"""A value copied wrongly stands in few procedures: of two near values, one is borne by no more."""
CROWD = 24
"""Values that share what remains, at most: a larger crowd is a pattern, not a slip."""
SHORTEST = 6
NATIONAL = 7
"""Digits, at least, of a number without the prefix of its country."""
PART = 4_000_000
"""Remains that are looked through at once, about."""
HOPELESS = 0.06
"""Less than this share of true ones among near values, and they are not looked for."""
_BASE, _MIX = 0x9E3779B97F4A7C15, np.uint64(0xD6E8FEB86659FD93)


@dataclass(frozen=True, slots=True)
class Near:
    """``rare``, ``other``: near values; ``digit``: they differ in digits, not in letters alone.

    ``beyond``: by kind, slip and class of how many bear the more common of the two, the share of
    near values beyond what lies near by chance."""

    rare: Ints
    other: Ints
    digit: Bools
    beyond: dict[tuple[str, str, int], float]


def near_values(traits: Traits, most: int) -> Near:
    """Pairs of values that are one trace written in two ways, each pair once."""
    found: list[tuple[Ints, Ints, Bools]] = []
    beyond: dict[tuple[str, str, int], float] = {}
    for name in CLOSE:
        if name not in traits.kind_names:
            continue
        of_kind = np.flatnonzero(traits.kinds == traits.kind_names.index(name))
        bucket = np.searchsorted(BORNE_BY, traits.held[of_kind], "right")
        every = np.bincount(bucket, minlength=len(BORNE_BY) + 1)
        fit = traits.held[of_kind] <= most
        of_kind, bucket = of_kind[fit], bucket[fit]
        search = _Search(traits, name, of_kind, bucket, every)
        i, j, digit = search.all()
        found.append((of_kind[i], of_kind[j], digit))
        if name == "phone":
            i, j = _without_country(search.texts, search.held)
            found.append((of_kind[i], of_kind[j], np.zeros(len(i), bool)))
        for slip, letters in (("letter", 0), ("digit", 1)):
            for at in range(1, len(BORNE_BY) + 1):
                beyond[name, slip, at] = float(search.beyond[letters, at])
    rare, other, digit = (np.concatenate(c) for c in zip(*found, strict=True)) if found else _NONE
    return Near(rare, other, digit, beyond)


def _without_country(phones: pa.Array, held: Ints) -> tuple[Ints, Ints]:
    """Numbers written without the prefix of their country: invalid as they stand, or taken for
    French ones (0694 20 12 34, a mobile of Guyane). The rarer first."""
    whole = digits(phones)
    french = pc.starts_with(phones, "+33")
    bare = pc.if_else(french, pc.utf8_slice_codeunits(whole, 2), pc.utf8_ltrim(whole, "0"))
    short = pc.or_(french, pc.starts_with(phones, "?"))
    short = pc.and_(short, pc.greater_equal(pc.utf8_length(bare), NATIONAL))
    at = np.flatnonzero(short.to_numpy(zero_copy_only=False))
    known = bare.take(pa.array(at))
    abroad = pc.starts_with(phones, "+").to_numpy(zero_copy_only=False)
    pairs = [np.zeros(0, np.int64)]
    for prefix in (2, 3):
        national = pc.utf8_slice_codeunits(whole, prefix)
        met = pc.index_in(national, value_set=known).fill_null(-1).to_numpy()
        full = np.flatnonzero((met >= 0) & abroad)
        cut = at[met[full]]
        low, high = np.minimum(cut, full), np.maximum(cut, full)
        pairs.append((low * len(held) + high)[cut != full])
    i, j = np.divmod(np.unique(np.concatenate(pairs)), max(1, len(held)))
    swap = held[i] > held[j]
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    few = held[i] <= FEW
    return i[few], j[few]


_NONE = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool)


class _Search:
    """Near values of one kind."""

    def __init__(self, traits: Traits, kind: str, values: Ints, bucket: Ints, every: Ints) -> None:
        self.texts = traits.texts.take(pa.array(values))
        self.forms = FORMS[kind](self.texts)
        self.held, self.bucket, self.every = traits.held[values], bucket, every
        self.procedures = len(traits.procedures)
        self.length = pc.binary_length(self.forms).to_numpy().astype(np.int64)
        self.beyond: Floats = np.ones((2, len(BORNE_BY) + 1))

    def all(self) -> tuple[Ints, Ints, Bools]:
        """Positions of the rarer and of the other, and whether digits differ."""
        remains = int((self.length[self.length >= SHORTEST] + 1).sum())
        parts = max(1, -(-remains // PART))
        if parts == 1:
            i, j = self._part(0, 1, None)
            digit = self._in_digits(i, j)
            self._measure(self._met(i, j, digit), 1)
            return i, j, digit
        i, j = self._part(0, parts, None)
        hopeful = self._measure(self._met(i, j, self._in_digits(i, j)), parts)
        if not hopeful.any():
            return _NONE
        pairs = [self._part(part, parts, hopeful) for part in range(parts)]
        i, j = (np.concatenate(c) for c in zip(*pairs, strict=True))
        key = np.unique(i * len(self.held) + j)
        i, j = np.divmod(key, max(1, len(self.held)))
        return i, j, self._in_digits(i, j)

    def _met(self, i: Ints, j: Ints, digit: Bools) -> Floats:
        """How many near values there are, by slip and class of how many bear the other."""
        wide = len(BORNE_BY) + 1
        met = np.bincount(digit * wide + self.bucket[j], minlength=2 * wide)
        return met.reshape(2, wide).astype(np.float64)

    def _measure(self, met: Floats, parts: int) -> Bools:
        """Which classes of the other value are worth looking for. What is near by chance is so
        whether few or many bear a value: values that one procedure alone bears tell how often."""
        met = met * parts
        chance = met[:, :1] / max(1, self.every[0]) * self.every
        share = np.maximum(0.02, (met - chance + 1) / (met + 1))
        self.beyond[:, 1:] = share[:, 1:]
        hopeful: Bools = np.any(self.beyond >= HOPELESS, axis=0)
        hopeful[0] = met[:, 0].sum() <= self.procedures
        return hopeful

    def _in_digits(self, i: Ints, j: Ints) -> Bools:
        one, two = (digits(self.texts.take(pa.array(at))) for at in (i, j))
        other: Bools = pc.not_equal(one, two).to_numpy(zero_copy_only=False).astype(bool)
        return other

    def _part(self, part: int, parts: int, hopeful: Bools | None) -> tuple[Ints, Ints]:
        """Pairs among the remains of one part. Two values that one procedure alone bears, and
        others without hope, are passed over."""
        kept: list[tuple[Ints, Keys]] = []
        if hopeful is not None and not hopeful[0]:
            worth = [k for _, k in self._remains(part, parts, np.flatnonzero(hopeful[self.bucket]))]
            known = np.zeros(1 << 26, bool)
            for keys in worth:
                known[keys >> np.uint64(38)] = True
            for owner, keys in self._remains(part, parts, np.arange(len(self.held))):
                met = known[keys >> np.uint64(38)]
                kept.append((owner[met], keys[met]))
        else:
            kept = [*self._remains(part, parts, np.arange(len(self.held)))]
        if not kept:
            return _NONE[:2]
        owner, key = (np.concatenate(c) for c in zip(*kept, strict=True))
        i, j = self._pairs(owner, key)
        if hopeful is not None:
            fit = hopeful[self.bucket[j]]
            i, j = i[fit], j[fit]
        near = self._one_slip(i, j)
        return i[near], j[near]

    def _pairs(self, owner: Ints, key: Keys) -> tuple[Ints, Ints]:
        """The two of each pair that shares a key, the rarer first."""
        order = np.argsort(key, kind="stable")
        owner, key = owner[order], key[order]
        fresh = np.append(True, (key[1:] != key[:-1]) | (owner[1:] != owner[:-1]))[: len(key)]
        owner, key = owner[fresh], key[fresh]
        edges = np.flatnonzero(np.append(True, key[1:] != key[:-1]))[: len(key)]
        size = np.diff(np.append(edges, len(key)))
        owner = owner[np.repeat((size > 1) & (size <= CROWD), size)]
        size = size[(size > 1) & (size <= CROWD)]
        last = np.repeat(np.cumsum(size), size)
        pairs = [np.zeros(0, np.int64)]
        place, n = np.arange(len(owner)), len(self.held)
        for apart in range(1, CROWD):
            at = np.flatnonzero(place + apart < last)
            if not len(at):
                break
            i, j = owner[at], owner[at + apart]
            i, j = np.minimum(i, j), np.maximum(i, j)
            swap = self.held[i] > self.held[j]
            i, j = np.where(swap, j, i), np.where(swap, i, j)
            pairs.append((i * n + j)[self.held[i] <= FEW])
        i, j = np.divmod(np.unique(np.concatenate(pairs)), max(1, n))
        return i, j

    def _remains(self, part: int, parts: int, which: Ints) -> Iterator[tuple[Ints, Keys]]:
        """Each form and what remains of it when one sign is left out, hashed, with its owner."""
        lengths = self.length[which]
        for length in np.unique(lengths[lengths >= SHORTEST]).tolist():
            mine = which[lengths == length]
            for begin in range(0, len(mine), 1_000_000):
                some = mine[begin : begin + 1_000_000]
                for keys in _left_out(self._signs(some, length)):
                    fit = (keys % np.uint64(parts)) == part if parts > 1 else slice(None)
                    yield some[fit], keys[fit]

    def _signs(self, which: Ints, length: int) -> npt.NDArray[np.uint8]:
        """The bytes of forms, padded with zeros to one length."""
        some = self.forms.take(pa.array(which))
        offsets = np.frombuffer(some.buffers()[1], np.int32)[
            some.offset : some.offset + len(some) + 1
        ]
        data = np.frombuffer(some.buffers()[2] or b"", np.uint8)
        begin, size = offsets[:-1].astype(np.int64), np.diff(offsets)
        at = begin[:, None] + np.arange(length)
        inside = np.arange(length) < size[:, None]
        signs: npt.NDArray[np.uint8] = np.zeros((len(which), length), np.uint8)
        signs[inside] = data[at[inside]]
        return signs

    def _one_slip(self, i: Ints, j: Ints) -> Bools:
        """True where one sign left out, added, replaced or swapped with its neighbour makes one
        of the other, or nothing does."""
        near = np.zeros(len(i), bool)
        for begin in range(0, len(i), 200_000):
            some = slice(begin, begin + 200_000)
            near[some] = self._one_slip_of(i[some], j[some])
        return near

    def _one_slip_of(self, i: Ints, j: Ints) -> Bools:
        swap = self.length[i] > self.length[j]
        i, j = np.where(swap, j, i), np.where(swap, i, j)
        longest = int(self.length[j].max())
        a, b = self._signs(i, longest), self._signs(j, longest)
        rows, other = np.arange(len(i)), a != b
        start = np.where(other.any(axis=1), other.argmax(axis=1), longest)
        count = other.sum(axis=1)
        here, there = np.minimum(start, longest - 1), np.minimum(start + 1, longest - 1)
        swapped = (
            (count == 2)
            & (a[rows, here] == b[rows, there])
            & (a[rows, there] == b[rows, here])
            & other[rows, there]
        )
        shifted = a[:, :-1] != b[:, 1:]
        behind = shifted & (np.arange(longest - 1) >= start[:, None])
        behind &= np.arange(longest - 1) < self.length[i][:, None]
        same = self.length[i] == self.length[j]
        longer = self.length[j] - self.length[i] == 1
        found: Bools = np.where(same, (count <= 1) | swapped, longer & ~behind.any(axis=1))
        return found


def _left_out(signs: npt.NDArray[np.uint8]) -> Iterator[Keys]:
    """The hash of each text, and of each with one sign left out."""
    length = signs.shape[1]
    power = [np.uint64(pow(_BASE, k, 1 << 64)) for k in range(length)]
    before, whole = np.zeros(len(signs), np.uint64), np.zeros(len(signs), np.uint64)
    for k in range(length):
        whole += (signs[:, k] + np.uint64(1)) * power[length - 1 - k]
    yield _mixed(whole, length)
    after = whole
    for k in range(length):
        sign = signs[:, k] + np.uint64(1)
        after = after - sign * power[length - 1 - k]
        yield _mixed(before * power[length - 1 - k] + after, length - 1)
        before = before * power[1] + sign


def _mixed(keys: Keys, length: int) -> Keys:
    keys = (keys + np.uint64(length)) * _MIX
    keys ^= keys >> np.uint64(32)
    keys *= _MIX
    mixed: Keys = keys ^ (keys >> np.uint64(29))
    return mixed

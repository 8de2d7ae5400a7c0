"""Gathered: what the rows of one table say of each row of another, by its number, in columns.

A contact's numbers, a message's files: a side table is read once into arrays sorted by number, and
each batch of the main table takes from them what is its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.tables.schemas.schema import STRING, STRINGS


@dataclass(frozen=True, slots=True)
class Gathered:
    """A value, or a list of values, for each of many numbers, which are sorted."""

    keys: Any
    values: pa.Array

    @classmethod
    def lists(cls, keys: Sequence[pa.Array], values: Sequence[pa.Array]) -> "Gathered":
        """For each number its texts, each once, in the order given; nulls are left out."""
        numbers, texts = _pairs(keys, values)
        known, place = np.unique(numbers, return_inverse=True)
        coded = texts.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        _, first = np.unique(place * (len(coded.dictionary) + 1) + codes, return_index=True)
        first.sort()
        order = first[np.argsort(place[first], kind="stable")]
        counts = np.bincount(place[first], minlength=len(known))
        offsets = pa.array(np.concatenate(([0], np.cumsum(counts))), pa.int32())
        return cls(known, pa.ListArray.from_arrays(offsets, texts.take(order)).cast(STRINGS))

    @classmethod
    def firsts(cls, keys: Sequence[pa.Array], values: Sequence[pa.Array]) -> "Gathered":
        """For each number the first of its texts."""
        numbers, texts = _pairs(keys, values)
        known, first = np.unique(numbers, return_index=True)
        return cls(known, texts.take(pa.array(first)))

    def get(self, keys: pa.Array) -> pa.Array:
        """What there is for each number; null where there is nothing."""
        if not len(self.keys):
            return pa.nulls(len(keys), self.values.type)
        asked = pc.fill_null(keys, -1).to_numpy(zero_copy_only=False)
        places = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
        none = (self.keys[places] != asked) | pc.is_null(keys).to_numpy(zero_copy_only=False)
        return self.values.take(pa.array(places, mask=none))


def _pairs(keys: Sequence[pa.Array], values: Sequence[pa.Array]) -> tuple[Any, pa.Array]:
    """Numbers and texts of the rows that have both."""
    numbers = pa.chunked_array([*keys], pa.int64()).combine_chunks()
    texts = pa.chunked_array([*values], STRING).combine_chunks()
    both = pc.and_(pc.is_valid(numbers), pc.is_valid(texts))
    return numbers.filter(both).to_numpy(zero_copy_only=False), texts.filter(both)


def among(keys: pa.Array, known: Sequence[pa.Array]) -> pa.Array:
    """Which numbers stand in one of the arrays; false for null."""
    values = pa.chunked_array([*known], pa.int64()).combine_chunks().drop_null()
    return pc.and_(pc.is_valid(keys), pc.is_in(keys, value_set=values))

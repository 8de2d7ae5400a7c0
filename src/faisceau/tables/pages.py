"""Single rows out of a Parquet file: a page of each column is read, not a whole group.

No Parquet library for Python reads one page. So the pages wanted are found with the file's page
index, and put, as they are, between the opening and a new footer: a small Parquet file, which
Arrow reads. Format: https://parquet.apache.org/docs/file-format/ and parquet.thrift there.
"""

import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from faisceau.tables.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    SPAN,
    STRUCT,
    Struct,
    binary,
    integer,
    listed,
    read,
    structure,
)

_MAGIC = b"PAR1"
_PLAIN = 0
_DATA = (0, 3)
"""Types of data pages, as statistics of encodings have them."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One column of one row group. ``index``: places (offset, size) of its page indexes."""

    told: tuple[tuple[int, int, bytes], ...]
    """What a footer says of it first: type, encodings, path, codec."""
    nested: bool
    dictionary: bool
    mixed: bool
    """There is a dictionary, and some pages do without it."""
    begins: int
    """Where its first page begins, the dictionary's included."""
    constant: Any
    """The value that every row has, ``_VARIES`` when they differ."""
    offsets: tuple[int, int]
    bounds: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Pages:
    """The data pages of a chunk: where each begins, its bytes, its first row, its rows."""

    offset: Ints
    size: Ints
    first: Ints
    rows: Ints


class PagedFile:
    """A Parquet file that has a page index and never changes; its footer is read once.

    Raises ``ValueError`` for a file without such an index, or that is none.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - 8))
                length, magic = struct.unpack("<I4s", file.read(8))
                file.seek(max(0, size - 8 - length))
                data = file.read(length)
            if magic != _MAGIC:
                raise ValueError(path)
            footer, _ = read(data)
            self._schema = _columns(footer[2], data)
            self._rows = [int(group[3]) for group in footer[4]]
            self._chunks = [_chunks(group[1]) for group in footer[4]]
            bounds = [_bounds_of(group[1], key) for group in footer[4]]
        except (IndexError, KeyError, struct.error) as error:
            raise ValueError(path) from error
        self._least = np.array([low for low, _ in bounds], np.int64)
        self._most = np.array([high for _, high in bounds], np.int64)
        self._pages: dict[tuple[int, str], _Pages] = {}
        self._keys: dict[int, tuple[Ints, Ints]] = {}

    @property
    def columns(self) -> frozenset[str]:
        """The columns that can be taken: those with one value, or one list of values, a row."""
        return frozenset(self._chunks[0]) if self._chunks else frozenset(self._schema)

    def take(self, ids: Ints, columns: Sequence[str]) -> pa.Table:
        """The rows whose key is one of ``ids`` (int64, sorted): the key, then ``columns``."""
        with self._path.open("rb") as file:
            rows = self._found(file.fileno(), ids)
            keys = [key for found in rows.values() for key in found.values()]
            wanted = {group: np.array(list(found), np.int64) for group, found in rows.items()}
            values = [self._values(file.fileno(), name, wanted) for name in columns]
        return pa.table([pa.array(keys, pa.int64()), *values], [self._key, *columns])

    def _found(self, file: int, ids: Ints) -> dict[int, dict[int, int]]:
        """Row number -> key, by row group, of the rows looked for."""
        within = np.searchsorted(ids, self._least) < np.searchsorted(ids, self._most, "right")
        pages = {
            group: self._holding(file, group, ids) for group in np.flatnonzero(within).tolist()
        }
        pages = {group: chosen for group, chosen in pages.items() if len(chosen)}
        found: dict[int, dict[int, int]] = {}
        for group, row, key in zip(
            *self._numbered(file, pages), self._read(file, self._key, pages), strict=True
        ):
            for at in np.flatnonzero(np.isin(key, ids)).tolist():
                found.setdefault(group, {})[int(row[at])] = int(key[at])
        return found

    def _numbered(self, file: int, pages: Mapping[int, Ints]) -> tuple[list[int], list[Ints]]:
        """The groups, and the numbers of the rows that their chosen pages hold."""
        numbers = []
        for group, chosen in pages.items():
            of = self._of(file, group, self._key)
            numbers.append(
                np.concatenate([of.first[p] + np.arange(of.rows[p]) for p in chosen.tolist()])
            )
        return list(pages), numbers

    def _holding(self, file: int, group: int, ids: Ints) -> Ints:
        """The pages of a group whose keys may be among ``ids``."""
        if group not in self._keys:
            offset, size = self._chunks[group][self._key].bounds
            index, _ = read(os.pread(file, size, offset))
            self._keys[group] = (
                np.frombuffer(b"".join(index[2]), "<i8"),
                np.frombuffer(b"".join(index[3]), "<i8"),
            )
        low, high = self._keys[group]
        return np.flatnonzero(np.searchsorted(ids, low) < np.searchsorted(ids, high, "right"))

    def _values(self, file: int, name: str, wanted: Mapping[int, Ints]) -> pa.Array:
        """The values of a column in the rows wanted, group by group."""
        constants = {self._chunks[group][name].constant for group in wanted}
        if len(constants) <= 1 and _VARIES not in constants:
            return pa.array(list(constants) * sum(map(len, wanted.values())))
        pages, places = {}, []
        for group, rows in wanted.items():
            of = self._of(file, group, name)
            page = np.searchsorted(of.first, rows, "right") - 1
            pages[group], at = np.unique(page, return_inverse=True)
            before = np.cumsum(of.rows[pages[group]]) - of.rows[pages[group]]
            places.append(before[at] + rows - of.first[page])
        taken = [
            values.take(pa.array(place))
            for values, place in zip(self._read(file, name, pages), places, strict=True)
        ]
        return pa.concat_arrays(taken)

    def _of(self, file: int, group: int, name: str) -> _Pages:
        known = self._pages.get((group, name))
        if known is None:
            offset, size = self._chunks[group][name].offsets
            listed = read(os.pread(file, size, offset))[0][1]
            first = np.array([page[3] for page in listed], np.int64)
            known = self._pages[group, name] = _Pages(
                np.array([page[1] for page in listed], np.int64),
                np.array([page[2] for page in listed], np.int64),
                first,
                np.diff(first, append=self._rows[group]),
            )
        return known

    def _read(self, file: int, name: str, pages: Mapping[int, Ints]) -> Iterator[pa.Array]:
        """The values of the chosen pages of a column, an array for each group."""
        if not pages:
            return
        made, groups = bytearray(_MAGIC), []
        for group, chosen in pages.items():
            groups.append(self._group(file, group, name, chosen, made))
        rows = [int(self._of(file, g, name).rows[chosen].sum()) for g, chosen in pages.items()]
        footer = structure(
            (1, I32, integer(2)),
            (2, LIST, listed(STRUCT, [_ROOT, *self._schema[name]])),
            (3, I64, integer(sum(rows))),
            (4, LIST, listed(STRUCT, groups)),
        )
        made += footer + struct.pack("<I", len(footer)) + _MAGIC
        with pq.ParquetFile(pa.BufferReader(bytes(made))) as small:
            column = small.read(use_threads=False).column(0).combine_chunks()
        begin = 0
        for n in rows:
            yield column.slice(begin, n)
            begin += n

    def _group(self, file: int, group: int, name: str, chosen: Ints, into: bytearray) -> bytes:
        """Put the chosen pages of a chunk into a small file; what its footer says of them."""
        chunk, of = self._chunks[group][name], self._of(file, group, name)
        values, dictionary = 0, chunk.dictionary and not chunk.mixed
        parts = [os.pread(file, int(of.size[p]), int(of.offset[p])) for p in chosen.tolist()]
        if chunk.nested or chunk.mixed:
            for part in parts:
                header, _ = read(part)
                version = 5 if 5 in header else 8
                values += header[version][1]
                plain = header[version][2 if version == 5 else 4] == _PLAIN
                dictionary = dictionary or not plain
        rows = int(of.rows[chosen].sum())
        begin = len(into)
        if dictionary:
            into += os.pread(file, int(of.offset[0]) - chunk.begins, chunk.begins)
        first = len(into)
        for part in parts:
            into += part
        size = len(into) - begin
        meta = structure(
            *chunk.told,
            (5, I64, integer(values or rows)),
            (6, I64, integer(size)),
            (7, I64, integer(size)),
            (9, I64, integer(first)),
            *([(11, I64, integer(begin))] if dictionary else []),
        )
        column = structure((2, I64, integer(0)), (3, STRUCT, meta))
        return structure(
            (1, LIST, listed(STRUCT, [column])), (2, I64, integer(size)), (3, I64, integer(rows))
        )


_TEXT = 6
_VARIES = object()
_ROOT = structure((4, BINARY, binary(b"schema")), (5, I32, integer(1)))


def _columns(elements: Sequence[Struct], data: bytes) -> dict[str, list[bytes]]:
    """What the schema says of each column, as it stands in the footer."""
    found: dict[str, list[bytes]] = {}
    at = 1
    for _ in range(elements[0][5]):
        name, end = elements[at][4].decode(), _past(elements, at)
        found[name] = [data[slice(*element[SPAN])] for element in elements[at:end]]
        at = end
    return found


def _past(elements: Sequence[Struct], at: int) -> int:
    """The element that follows one and its children."""
    end = at + 1
    for _ in range(elements[at].get(5, 0)):
        end = _past(elements, end)
    return end


def _chunks(columns: Sequence[Struct]) -> dict[str, _Chunk]:
    """The chunks of a row group by column, those of several leaves left out."""
    found: dict[str, _Chunk] = {}
    several = set()
    for column in columns:
        meta: Any = column[3]
        name = meta[3][0].decode()
        if name in found:
            several.add(name)
        if 4 not in column:
            raise ValueError(name)
        found[name] = _Chunk(
            told=(
                (1, I32, integer(meta[1])),
                (2, LIST, listed(I32, [integer(e) for e in meta[2]])),
                (3, LIST, listed(BINARY, [binary(part) for part in meta[3]])),
                (4, I32, integer(meta[4])),
            ),
            nested=len(meta[3]) > 1,
            dictionary=11 in meta,
            mixed=11 in meta and any(e[1] in _DATA and e[2] == _PLAIN for e in meta.get(13, ())),
            begins=min(meta[9], meta.get(11, meta[9])),
            constant=_constant(meta),
            offsets=(column[4], column[5]),
            bounds=(column.get(6, 0), column.get(7, 0)),
        )
    return {name: chunk for name, chunk in found.items() if name not in several}


def _constant(meta: Struct) -> Any:
    """The text, or nothing, that every row of a chunk has, as its statistics tell."""
    told = meta.get(12, {})
    if len(meta[3]) > 1 or 3 not in told:
        return _VARIES
    if told[3] == meta[5]:
        return None
    exact = told.get(7) and told.get(8)
    if meta[1] == _TEXT and exact and told[3] == 0 and told[5] == told[6]:
        return told[5].decode()
    return _VARIES


def _bounds_of(columns: Sequence[Struct], key: str) -> tuple[int, int]:
    """The least and the greatest key of a row group."""
    [meta] = [c[3] for c in columns if c[3][3] == [key.encode()]]
    told = meta[12]
    return struct.unpack("<q", told[6])[0], struct.unpack("<q", told[5])[0]

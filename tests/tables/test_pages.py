"""Rows by pages are the rows that a whole read gives, whatever the file holds."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.tables.pages import PagedFile
from faisceau.tables.thrift import BINARY, I32, LIST, SPAN, binary, integer, listed, read, structure

START = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema(
    {
        "row_id": pa.int64(),
        "text": pa.string(),
        "thread": pa.string(),
        "to": pa.list_(pa.string()),
        "at": pa.timestamp("us", "UTC"),
        "seen": pa.bool_(),
        "x": pa.float64(),
        "exhibit": pa.string(),
        "nothing": pa.string(),
    }
)
_words = st.none() | st.text(alphabet="aé\u0000😀", max_size=5)
_rows = st.tuples(
    _words,
    st.sampled_from([None, "T1", "T2"]),
    st.none() | st.lists(_words, max_size=3),
    st.none() | st.integers(0, 10**9),
    st.none() | st.booleans(),
    st.none() | st.floats(allow_nan=False),
)


def table(rows: list[Any], ids: list[int]) -> pa.Table:
    """Rows of every type that a table of ours holds."""
    text, thread, to, at, seen, x = zip(*rows, strict=True)
    times = [None if a is None else START + timedelta(seconds=a) for a in at]
    same: list[Any] = [["E1"] * len(rows), [None] * len(rows)]
    columns = [ids, text, thread, to, times, seen, x, *same]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], SCHEMA)


def written(path: Path, rows: pa.Table, **options: Any) -> PagedFile:
    shape: dict[str, Any] = {
        "max_rows_per_page": 3,
        "row_group_size": 10,
        "dictionary_pagesize_limit": 8,
        "write_page_index": True,
    }
    pq.write_table(rows, path, compression="zstd", **{**shape, **options})
    return PagedFile(path, "row_id")


def taken(file: PagedFile, ids: list[int]) -> list[dict[str, Any]]:
    wanted = np.array(sorted(set(ids)), np.int64)
    found = file.take(wanted, SCHEMA.names[1:]).cast(SCHEMA)
    return sorted(found.to_pylist(), key=lambda row: int(row["row_id"]))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(_rows, min_size=1, max_size=40),
    chance=st.randoms(use_true_random=False),
    version=st.sampled_from(["1.0", "2.0"]),
    dictionary=st.sampled_from([True, False, ["thread"]]),
)
def test_what_is_taken_is_what_stands_in_the_file(
    rows: list[Any], chance: Any, version: str, dictionary: Any
) -> None:
    ids = chance.sample(range(-50, 100), len(rows))
    whole = table(rows, ids)
    options = {"data_page_version": version, "use_dictionary": dictionary, "write_batch_size": 2}
    wanted = [*chance.sample(ids, chance.randint(0, len(ids))), 1000]
    with TemporaryDirectory() as folder:
        file = written(Path(folder) / "f.parquet", whole, **options)
        kept = whole.filter(pc.is_in(whole["row_id"], value_set=pa.array(wanted)))
        assert taken(file, wanted) == kept.sort_by("row_id").to_pylist()


def test_a_few_pages_are_read_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = table(
        [(f"text {n}" * 50, None, None, n, None, None) for n in range(5000)], [*range(5000)]
    )
    file = written(tmp_path / "f.parquet", rows, max_rows_per_page=50, row_group_size=2000)
    sizes: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        sizes.append(size)
        return pread(descriptor, size, offset)

    monkeypatch.setattr("faisceau.tables.pages.os.pread", counted)
    assert [row["text"] for row in taken(file, [7, 4321])] == ["text 7" * 50, "text 4321" * 50]
    assert sum(sizes) < (tmp_path / "f.parquet").stat().st_size / 10


def test_a_file_without_a_page_index_says_so(tmp_path: Path) -> None:
    rows = table([("a", None, None, 1, None, None)], [1])
    with pytest.raises(ValueError, match="row_id"):
        written(tmp_path / "f.parquet", rows, write_page_index=False)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1\xff\xff\xff\xffPAR1", b"x" * 100])
def test_a_file_that_is_no_parquet_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ValueError):
        PagedFile(tmp_path / "f", "row_id")


@given(
    st.integers(-(2**62), 2**62), st.binary(max_size=300), st.lists(st.integers(0, 9), max_size=40)
)
def test_a_structure_written_is_read_back(number: int, text: bytes, few: list[int]) -> None:
    made = structure(
        (1, I32, integer(number)),
        (4, BINARY, binary(text)),
        (5, LIST, listed(I32, [*map(integer, few)])),
    )
    found, end = read(b"\0" + made, 1)
    assert found == {1: number, 4: text, 5: few, SPAN: (1, 1 + len(made))}
    assert end == 1 + len(made)

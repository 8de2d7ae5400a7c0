"""Native tables from Parquet, told by examples; what is written comes back."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput, FaisceauError
from faisceau.evidence.readers import native_parquet
from faisceau.evidence.reading import Head, Source, Wishes
from faisceau.tables.schemas import TABLES, Batch
from faisceau.tables.schemas.schema import STRINGS, TIME, Schema
from faisceau.testing import member
from faisceau.words import say

TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)

Rows = Callable[[Schema], st.SearchStrategy[list[dict[str, Any]]]]


class Read:
    """What reading some bytes gave: rows, locators, and the tally."""

    def __init__(self, content: bytes, **wishes: Any) -> None:
        self.source = Source(member("x.parquet", content), Wishes(**wishes))
        batches: list[Batch] = list(native_parquet.read(self.source))
        self.rows: list[dict[str, Any]] = [r for b in batches for r in b.columns.to_pylist()]
        self.locators: list[str] = [at for b in batches for at in b.locators.to_pylist()]
        self.tally = self.source.tally
        for batch in batches:
            batch.columns.validate(full=True)

    def column(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.rows]

    @property
    def rejects(self) -> dict[str, str]:
        return {r.locator: say(r.reason, **r.facts) for r in self.tally.rejects}


def written(columns: dict[str, Any], **options: Any) -> bytes:
    sink = BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def detected(content: bytes, **wishes: Any) -> bool:
    return native_parquet.detect(Head.of(member("x.parquet", content), Wishes(**wishes)))


def test_columns_of_the_native_types() -> None:
    content = written(
        {
            "sent_at": pa.array([TEN, TEN, None], TIME),
            "text": ["a", "b", "c"],
            "recipients": pa.array([["x"], None, []], STRINGS),
            "row_id": [1, 2, 3],
            "mood": [0, 0, 0],
        }
    )
    assert detected(content)
    read = Read(content)
    assert read.column("sent_at") == [TEN, TEN]
    assert read.column("recipients") == [["x"], None]
    assert read.locators == ["row 1", "row 2"]
    assert read.rejects == {"row 3": "no sent_at"}
    assert read.tally.unknown == {"mood": 3}
    assert read.tally.left == {"row_id": 3}


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1772359200]),
        pa.array([1772359200000]),
        pa.array([1772359200000000000]),
        pa.array([1772359200.0]),
        pa.array([1772359200], pa.uint32()),
        pa.array(["2026-03-01 11:00"]),
        pa.array(["2026-03-01T10:00:00Z"]).dictionary_encode(),
        pa.array([b"01/03/2026 11:00"]),
        pa.array(["2026-03-01T10:00:00Z"], pa.large_string()),
        pa.array([TEN], pa.timestamp("ms", "America/Cayenne")),
        pa.array([TEN], pa.timestamp("ns", "UTC")),
        pa.array([datetime.fromisoformat("2026-03-01T11:00")], pa.timestamp("us")),
        pa.array([datetime.fromisoformat("2026-03-01T11:00")], pa.timestamp("s")),
    ],
    ids=lambda column: str(column.type),
)
def test_times_of_any_type(column: pa.Array) -> None:
    assert Read(written({"sent_at": column})).column("sent_at") == [TEN]


def test_the_zone_of_a_column_is_kept() -> None:
    cayenne = pa.array([TEN], pa.timestamp("us", "America/Cayenne"))
    assert Read(written({"sent_at": cayenne})).column("zone") == ["America/Cayenne"]
    bare = pa.array([datetime.fromisoformat("2026-03-01T11:00")], pa.timestamp("us"))
    read = Read(written({"sent_at": bare}))
    assert read.column("zone") == ["Europe/Paris"]
    assert read.tally.assumed == {"Europe/Paris": 1}


def test_values_of_other_types_are_cast_or_unread() -> None:
    content = written(
        {
            "sent_at": [1772359200] * 2,
            "sender_id": [33612345678.0, None],
            "latitude": ["50,63", "x"],
            "deleted": [1, 5],
            "attachment_sha256": pa.array([b"\x01" * 32, None], pa.binary(32)),
            "thread_id": pa.array([7, 8], pa.int8()),
        }
    )
    read = Read(content)
    assert read.column("sender_id") == ["33612345678", None]
    assert read.column("latitude") == [50.63, None]
    assert read.column("deleted") == [True, None]
    assert read.column("attachment_sha256") == ["01" * 32, None]
    assert read.column("thread_id") == ["7", "8"]
    assert read.tally.unread == {"message.latitude": 1, "message.deleted": 1}


def test_foreign_and_dotted_headers() -> None:
    content = written({"Plaque": ["a"], "caméra": ["b"], "t.read": [1772359200]})
    assert not detected(content)
    read = Read(content, as_table="plate_read", columns={"read_at": "t.read"})
    assert read.column("read_at") == [TEN]


def test_text_that_is_no_text_is_mended() -> None:
    broken = pa.array([b"caf\xe9"]).view(pa.string())
    read = Read(written({"sent_at": [1772359200], "text": broken}))
    assert read.column("text") == ["caf\N{REPLACEMENT CHARACTER}"]


def test_damaged_files_are_refused_in_one_line() -> None:
    content = written({"sent_at": [1772359200] * 1000, "text": [str(n) for n in range(1000)]})
    for damaged in (b"PAR1", content[:-20], content[: len(content) // 2]):
        assert not detected(damaged)
        with pytest.raises(BadInput, match="is damaged Parquet"):
            Read(damaged, as_table="message")
    with pytest.raises(BadInput, match="do not tell which table"):
        Read(written({"a": [1]}))


def test_rows_before_the_damage_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_parquet, "ROWS", 100)
    content = bytearray(
        written(
            {"sent_at": [1772359200] * 300, "text": [f"{n}" * 50 for n in range(300)]},
            row_group_size=100,
            compression="zstd",
        )
    )
    third = pq.ParquetFile(BytesIO(content)).metadata.row_group(2).column(1)
    start = third.dictionary_page_offset
    content[start : start + third.total_compressed_size] = bytes(third.total_compressed_size)
    source = Source(member("x.parquet", bytes(content)))
    batches = native_parquet.read(source)
    assert [next(batches).columns.num_rows for _ in range(2)] == [100, 100]
    with pytest.raises(BadInput, match="is damaged Parquet"):
        next(batches)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_no_flipped_byte_is_a_traceback(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(written({"sent_at": [1772359200] * 50, "text": ["abc"] * 50}))
    content[chance.randrange(4, len(content))] ^= 1 << chance.randrange(8)
    with suppress(FaisceauError):
        read = Read(bytes(content), as_table="message")
        assert len(read.rows) + len(read.rejects) <= 50


@pytest.mark.parametrize("schema", TABLES.values(), ids=list(TABLES))
def test_what_is_written_comes_back(schema: Schema, valid_rows: Rows) -> None:
    names = list(schema.fillable)

    @settings(max_examples=15, deadline=None)
    @given(valid_rows(schema))
    def comes_back(rows: list[dict[str, Any]]) -> None:
        sink = BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema.arrow), sink)
        read = Read(sink.getvalue(), as_table=schema.name)
        expected = [{"app": "native", "count": 1} | row for row in rows]
        assert [{n: row.get(n) for n in names} for row in read.rows] == [
            {n: row.get(n) for n in names} for row in expected
        ]
        assert not read.rejects
        assert not read.tally.unread

    comes_back()

"""Segments are written whole or not at all, hashed as they are written, opened under a permit."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from faisceau.errors import Confined
from faisceau.mandate.permit import Permit
from faisceau.tables import lake as lake_module
from faisceau.tables.lake import (
    ROW_GROUP,
    SORTED,
    STORED,
    Lake,
    Segment,
    create,
    holding,
    not_of,
    register,
    segments,
    sweep,
    unregister,
)

from .conftest import FILLED, MESSAGES, PermitFor, batch, end, write

MESSAGE = STORED["message"]
FIVE = batch(MESSAGE, MESSAGES)


@pytest.fixture
def catalog() -> sa.Engine:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        create(connection)
    return engine


def files(lake: Lake) -> list[str]:
    """Every file under ``tables/``, as a path in the case."""
    found = (lake.case / "tables").rglob("*")
    return sorted(p.relative_to(lake.case).as_posix() for p in found if p.is_file())


# ---- writing ----


def test_what_is_written_is_read_back_with_its_types(lake: Lake, listed: list[Segment]) -> None:
    assert sorted(s.table for s in listed) == sorted(FILLED)
    for segment in listed:
        table = pq.read_table(lake.case / segment.path, schema=STORED[segment.table].arrow)
        expected = pa.Table.from_batches([batch(STORED[segment.table], FILLED[segment.table])])
        if segment.table in SORTED:
            expected = expected.sort_by(SORTED[segment.table])
        assert table.equals(expected)
        assert segment.rows == table.num_rows


def test_a_segment_s_hash_and_size_are_those_of_its_file(lake: Lake, listed: list[Segment]) -> None:
    for segment in listed:
        content = (lake.case / segment.path).read_bytes()
        assert segment.sha256 == hashlib.sha256(content).hexdigest()
        assert segment.size == len(content)
        assert segment.fixity() == {
            "path": segment.path,
            "sha256": segment.sha256,
            "size": segment.size,
        }


def test_the_same_rows_make_the_same_file(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    again = write(lake, permit_for("add"), FILLED, "1-again")
    assert {s.table: s.sha256 for s in again} == {s.table: s.sha256 for s in listed}


def test_a_segment_names_its_exhibits(listed: list[Segment]) -> None:
    assert {(s.first_exhibit, s.last_exhibit) for s in listed} == {(1, 3)}
    assert holding(listed, 2) == listed
    assert holding(listed, 4) == []


def test_many_small_batches_become_full_groups(lake: Lake, permit_for: PermitFor) -> None:
    many = pa.Table.from_batches([FIVE] * 200).combine_chunks().to_batches()[0]  # 1,000 rows
    with lake.writing(permit_for("add"), "0-many") as writer:
        writer.exhibit(1)
        for _ in range(130):
            writer.append(MESSAGE, many)
        assert writer.rows == 130_000
        [segment] = writer.finish()
    with pq.ParquetFile(lake.case / segment.path) as file:
        assert file.metadata.num_row_groups == 2
        assert file.metadata.row_group(0).num_rows == ROW_GROUP


def test_no_row_makes_no_segment(lake: Lake, permit_for: PermitFor) -> None:
    with lake.writing(permit_for("add"), "0-none") as writer:
        writer.exhibit(1)
        writer.append(MESSAGE, FIVE.slice(0, 0))
        assert writer.finish() == []
    assert files(lake) == []


def test_nothing_has_its_name_before_it_is_finished(lake: Lake, permit_for: PermitFor) -> None:
    with lake.writing(permit_for("add"), "0-slow") as writer:
        writer.exhibit(1)
        writer.append(MESSAGE, FIVE)
        assert files(lake) == ["tables/message/.part-0-slow.parquet"]
        writer.finish()
        assert files(lake) == ["tables/message/0-slow.parquet"]


REJECT = STORED["reject"]
REFUSED = batch(REJECT, [{"reason": "x"}])


def add(lake: Lake, permit: Permit, *, failure: type[BaseException] | None = None) -> None:
    """Write two tables; fail before they are finished, when told to."""
    with lake.writing(permit, "0-two") as writer:
        writer.exhibit(1)
        writer.append(MESSAGE, FIVE)
        writer.append(REJECT, REFUSED)
        if failure is not None:
            raise failure
        writer.finish()


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failure_while_writing_leaves_nothing(
    lake: Lake, permit_for: PermitFor, failure: type[BaseException]
) -> None:
    with pytest.raises(failure):
        add(lake, permit_for("add"), failure=failure)
    assert files(lake) == []


def test_a_failure_after_some_segments_have_their_names_leaves_nothing(
    lake: Lake, permit_for: PermitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        if folder.name == "reject":
            raise OSError("no space left on device")

    monkeypatch.setattr(lake_module, "sync", full)
    with pytest.raises(OSError, match="no space"):
        add(lake, permit_for("add"))
    assert files(lake) == []


def test_what_is_not_finished_is_not_left_either(lake: Lake, permit_for: PermitFor) -> None:
    with lake.writing(permit_for("add"), "0-unfinished") as writer:
        writer.append(MESSAGE, FIVE)
    assert files(lake) == []


def test_a_batch_of_another_shape_is_refused(lake: Lake, permit_for: PermitFor) -> None:
    def misshapen() -> None:
        with lake.writing(permit_for("add"), "0-wrong") as writer:
            writer.exhibit(1)
            writer.append(MESSAGE, pa.RecordBatch.from_pydict({"row_id": [1]}))
            writer.finish()

    with pytest.raises((pa.ArrowException, ValueError)):
        misshapen()
    assert files(lake) == []


def test_two_writers_may_not_share_a_token(lake: Lake, permit_for: PermitFor) -> None:
    permit = permit_for("add")
    with lake.writing(permit, "0-same") as writer:
        writer.exhibit(1)
        writer.append(MESSAGE, FIVE)
        with pytest.raises(FileExistsError), lake.writing(permit, "0-same") as other:
            other.append(MESSAGE, FIVE)
        [segment] = writer.finish()
    assert files(lake) == [segment.path]  # the first one's file is whole
    assert pq.read_table(lake.case / segment.path).num_rows == 5


# ---- the catalog ----


def test_a_segment_exists_once_the_catalog_lists_it(
    catalog: sa.Engine, listed: list[Segment]
) -> None:
    with catalog.begin() as connection:
        register(connection, listed)
        register(connection, [])
    with catalog.connect() as connection:
        assert segments(connection) == sorted(listed, key=lambda s: s.path)
        assert [s.table for s in segments(connection, "message")] == ["message"]
        assert segments(connection, "call") == []


def test_unregistered_segments_are_swept_with_what_a_killed_writer_left(
    lake: Lake, catalog: sa.Engine, listed: list[Segment]
) -> None:
    gone = next(s for s in listed if s.table == "mention")
    killed = lake.case / "tables" / "message" / ".part-9-killed.parquet"
    killed.write_bytes(b"PAR1")
    with catalog.begin() as connection:
        register(connection, listed)
        unregister(connection, [gone.path])
        known = segments(connection)
    swept = sweep(lake.case, known)
    assert swept == [gone.path, killed.relative_to(lake.case).as_posix()]
    assert files(lake) == [s.path for s in known]
    assert sweep(lake.case, known) == []


# ---- writing anew ----


def test_the_rows_of_one_exhibit_go_and_the_others_stay(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    chosen = [s for s in listed if s.table in {"message", "plate_read"}]
    done = lake.rewritten(permit_for("withdraw"), chosen, not_of(2), "1-without")
    [new] = done.added  # plate_read has rows of E1 alone: it stays as it is
    assert (new.table, new.rows, done.dropped) == ("message", 3, 2)
    assert done.replaced == [s.path for s in chosen if s.table == "message"]
    kept = pq.read_table(lake.case / new.path)
    assert kept["exhibit_id"].to_pylist() == ["E1", "E1", "E3"]
    assert new.sha256 == hashlib.sha256((lake.case / new.path).read_bytes()).hexdigest()
    assert (lake.case / done.replaced[0]).exists()  # until the catalog says otherwise
    lake.discard(permit_for("withdraw"), done.replaced)
    assert not (lake.case / done.replaced[0]).exists()
    lake.discard(permit_for("withdraw"), done.replaced)  # gone already: as well


def test_a_segment_that_loses_every_row_gets_no_successor(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    chosen = [s for s in listed if s.table == "plate_read"]
    done = lake.rewritten(permit_for("purge"), chosen, not_of(1), "1-none")
    assert (done.added, done.replaced, done.dropped) == ([], [chosen[0].path], 5)
    assert files(lake) == sorted(s.path for s in listed)


def test_a_failure_while_writing_anew_leaves_what_was(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    chosen = [s for s in listed if s.table in {"coin_transfer", "message"}]
    damaged = chosen[-1]
    (lake.case / damaged.path).write_bytes(b"PAR1 cut short")
    with pytest.raises(pa.ArrowException):
        lake.rewritten(permit_for("withdraw"), chosen, not_of(1), "1-bad")
    assert files(lake) == sorted(s.path for s in listed)


# ---- the permit ----


@pytest.mark.parametrize("operation", ["run", "rows", "report", "verify"])
def test_reading_acts_write_nothing(
    lake: Lake, permit_for: PermitFor, listed: list[Segment], operation: str
) -> None:
    permit = permit_for(operation)
    with (
        pytest.raises(Confined, match=f"A permit for {operation} does not cover add"),
        lake.writing(permit, "1-no"),
    ):
        pytest.fail("the writer opened")
    with pytest.raises(Confined):
        lake.rewritten(permit, listed, not_of(1), "1-no")
    with pytest.raises(Confined):
        lake.discard(permit, [s.path for s in listed])
    assert files(lake) == sorted(s.path for s in listed)


def test_a_dead_permit_opens_nothing(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    permit = permit_for("add")
    end(permit)
    with pytest.raises(Confined, match="No permit is in force"), lake.writing(permit, "1-dead"):
        pytest.fail("the writer opened")
    with pytest.raises(Confined, match="No permit is in force"):
        lake.rewritten(permit, listed, not_of(1), "1-dead")
    with pytest.raises(Confined, match="No permit is in force"):
        lake.discard(permit, [s.path for s in listed])
    with pytest.raises(Confined, match="No permit is in force"):
        lake.files(permit, "message", listed)
    assert files(lake) == sorted(s.path for s in listed)


def test_the_files_of_a_table_need_a_permit_for_it(
    lake: Lake, permit_for: PermitFor, listed: list[Segment]
) -> None:
    permit = permit_for("run", {"message": frozenset({"app"})})
    [path] = lake.files(permit, "message", listed)
    assert path.parent == lake.case / "tables" / "message"
    with pytest.raises(Confined, match="table mention"):
        lake.files(permit, "mention", listed)

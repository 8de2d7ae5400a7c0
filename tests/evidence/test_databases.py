"""Databases of phones: what is asked of a SQLite file, and what columns come of it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence import databases
from faisceau.evidence.clocks import epoch_ms, epoch_s, epoch_us, plausible
from faisceau.evidence.databases import (
    Cells,
    Links,
    Times,
    cocoa_times,
    epoch_times,
    looked_up,
    message_batches,
    opened,
    shared_lists,
)
from faisceau.evidence.reading import Member, Source
from faisceau.tables.schemas import MESSAGE


def source_of(path: Path) -> Source:
    return Source(
        Member(
            path.name,
            path.stat().st_size,
            lambda: path.open("rb"),
            lambda: path,
            lambda: sha256(path.read_bytes()).hexdigest(),
        )
    )


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def make(script: str) -> Path:
        path = tmp_path / "a.db"
        with closing(sqlite3.connect(path)) as db:
            db.executescript(script)
        return path

    return make


def cells(*values: Any) -> Cells:
    return Cells("message", {"x": list(values)}, len(values))


# Values.


def test_names_of_tables_and_columns_are_in_lower_case(file: Callable[[str], Path]) -> None:
    with opened(source_of(file("CREATE TABLE Talk (ID INTEGER, Words); INSERT INTO Talk "
                               "VALUES (1, 'oui'), (2, X'C3');"))) as database:  # fmt: skip
        assert database.has("talk", "id", "words")
        assert not database.has("talk", "absent")
        assert database.pick("talk", "id", "absent", prefix="t.") == ["t.id", "NULL"]
        [piece] = database.cells("talk", {"id": "t.id", "words": "t.words"}, "t ORDER BY id")
    assert piece.texts("words").to_pylist() == ["oui", "\ufffd"]
    assert piece.texts("absent").to_pylist() == [None, None]
    assert piece.locators("id").to_pylist() == ["talk 1", "talk 2"]


def test_numbers_keep_their_fractions_and_text_that_is_a_number_is_one() -> None:
    mixed = cells(1, 2.5, b"3", b"quatre", None)
    assert mixed.numbers("x").to_pylist() == [1.0, 2.5, 3.0, None, None]
    assert mixed.integers("x").to_pylist() == [1, 2, 3, None, None]
    assert cells(None, None).integers("x").to_pylist() == [None, None]
    assert cells((1 << 63) - 1).numbers("x").to_pylist() == [float((1 << 63) - 1)]


def test_every_row_comes_however_many_are_fetched_at_once(
    file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "ROWS", 3)
    rows = ", ".join(f"({n}, 'x')" for n in range(7))
    with opened(source_of(file(f"CREATE TABLE t (n, x); INSERT INTO t VALUES {rows};"))) as db:
        assert [row[0] for row in db.rows("SELECT n FROM t")] == list(range(7))
        pieces = list(db.cells("t", {"n": "n", "x": "x"}))
    assert [piece.n for piece in pieces] == [3, 3, 1]
    assert [n for piece in pieces for n in piece.integers("n").to_pylist()] == list(range(7))


# Clocks: the same as one value at a time.

MOMENTS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.integers(0, 5_000_000_000),
    st.integers(0, 5_000_000_000_000),
    st.floats(-1e12, 1e19),
    st.floats(0, 5e9),
)


def alone(convert: Callable[[Any], datetime], value: Any) -> datetime | None:
    try:
        return convert(value)
    except (ValueError, OverflowError):
        return None


def cocoa_time(value: Any) -> datetime:
    """Seconds, or since iOS 11 nanoseconds, since 2001 (Apple's absolute time), one alone."""
    first = datetime(2001, 1, 1, tzinfo=UTC)
    if abs(float(value)) > 4_102_444_800:
        return plausible(first + timedelta(microseconds=int(value) // 1000))
    return plausible(first + timedelta(seconds=float(value)))


def close(times: Times, expected: datetime | None) -> None:
    [found] = times.at.to_pylist()
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert abs((found - expected).total_seconds()) < 1e-3


@given(MOMENTS)
def test_clocks_of_columns_are_the_clocks_of_evidence(value: float) -> None:
    if value in (0, -1):
        return
    close(epoch_times(cells(value), "x"), alone(epoch_s, value))
    close(cocoa_times(cells(value), "x"), alone(cocoa_time, value))


@given(st.integers(1, 1 << 62))
def test_parts_of_seconds_are_exact(value: int) -> None:
    assert epoch_times(cells(value), "x", 1_000).at.to_pylist() == [alone(epoch_ms, value)]
    assert epoch_times(cells(value), "x", 1_000_000).at.to_pylist() == [alone(epoch_us, value)]


def test_no_time_and_a_bad_time_are_told_apart(file: Callable[[str], Path]) -> None:
    times = epoch_times(cells(0, None, -1, 1 << 50, b"hier", 1_600_000_000), "x")
    reasons = times.reasons
    assert reasons is not None
    assert reasons.to_pylist() == [
        databases.NO_TIME, databases.NO_TIME, databases.NO_TIME, databases.OUTSIDE,
        databases.OUTSIDE, None,
    ]  # fmt: skip
    source = source_of(file("CREATE TABLE t (n);"))
    times.counted(source, "message.edited_at")
    assert source.tally.unread == {"message.edited_at": 2}


# Columns.


def test_links_find_the_first_of_several(file: Callable[[str], Path]) -> None:
    script = "CREATE TABLE l (a, b); INSERT INTO l VALUES (5, 50), (3, 30), (5, 51), (NULL, 1);"
    with opened(source_of(file(script))) as database:
        links = Links.of(database, "SELECT a, b FROM l ORDER BY rowid")
        none = Links.of(database, "SELECT a, b FROM l WHERE 0")
    asked = pa.array([3, 4, 5, None, 99])
    assert links.get(asked).to_pylist() == [30, None, 50, None, None]
    assert none.get(asked).to_pylist() == [None] * 5


def test_lists_are_made_once_for_each_key_and_leave_in_batches_that_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(databases, "LISTED", 4)
    thread, sender = pa.array(["g\0", "g\0", "g\0", None]), pa.array(["a", "a", "b", "c"])
    met: list[tuple[str, str]] = []

    def listed(where: str, who: str) -> list[str]:
        met.append((where, who))
        return [name for name in "abc" if name != who] if where else []

    lists = shared_lists([thread, sender], listed, pa.array([False, False, False, True]))
    assert met == [("g\0", "a"), ("g\0", "b")]
    where = pa.array(["1", "2", "3", "4"])
    batches = list(message_batches(MESSAGE, {"thread_id": thread}, where, None, lists))
    assert [len(batch.locators) for batch in batches] == [2, 2]
    said = [one for batch in batches for one in batch.columns.column("recipients").to_pylist()]
    assert said == [["b", "c"], ["b", "c"], ["a", "c"], None]


def test_keys_that_no_table_knows_are_null() -> None:
    assert looked_up(pa.array([1, 2, None]), {2: "deux"}).to_pylist() == [None, "deux", None]
    assert looked_up(pa.array([1]), {}).to_pylist() == [None]


# Damage, and what was not read.


def damaged(path: Path, *marks: bytes) -> Path:
    """With each page on which one of the marks stands made unreadable."""
    raw = bytearray(path.read_bytes())
    for mark in marks:
        page = raw.index(mark) // 4096 * 4096
        raw[page : page + 8] = b"\xff" * 8
    path.write_bytes(raw)
    return path


def test_rows_before_and_behind_the_damage_come_and_the_damage_is_counted(
    file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "ROWS", 7)
    rows = ", ".join(f"({n}, '{n} {'x' * 900}')" for n in range(1, 201))
    path = file(f"CREATE TABLE t (n INTEGER PRIMARY KEY, x); INSERT INTO t VALUES {rows};")
    source = source_of(damaged(path, b"50 xxx", b"150 xxx"))
    with opened(source) as database:
        pieces = list(database.cells("t", {"n": "n", "x": "x"}, "ORDER BY n"))
    found = [n for piece in pieces for n in piece.integers("n").to_pylist()]
    assert (found[0], found[-1]) == (1, 200)
    assert found == sorted(set(found))
    gone = sorted(set(range(1, 201)) - set(found))
    assert {50, 150} <= set(gone)
    assert [(reject.facts["first"], reject.facts["last"]) for reject in source.tally.rejects] == [
        (part[0], part[-1]) for part in (gone[: len(gone) // 2], gone[len(gone) // 2 :])
    ]


def test_a_query_without_an_order_gives_each_row_once_past_the_damage(
    file: Callable[[str], Path],
) -> None:
    said = [(n, f"{n * 7 % 200:03} {'x' * 300}", "y" * 900) for n in range(1, 200)]
    path = file(
        "CREATE TABLE t (n INTEGER PRIMARY KEY, x, y); CREATE INDEX i ON t (x);"
        f"INSERT INTO t VALUES {', '.join(map(str, said))};"
    )
    with closing(sqlite3.connect(path)) as db:
        first = [x for (x,) in db.execute("SELECT x FROM t")]
        assert first == sorted(first)  # by the index: another order than that of the table
        pages = dict(db.execute("SELECT name, rootpage FROM sqlite_schema"))
    raw = bytearray(path.read_bytes())
    at = (pages["i"] - 1) * 4096 + 12 + 20  # a cell pointer in the middle of the index's root
    raw[at : at + 2] = b"\xff\xff"
    path.write_bytes(raw)
    source = source_of(path)
    with opened(source) as database:
        found = [x for (x,) in database.rows("SELECT x FROM t")]
    assert sorted(found) == [x.encode() for x in first]


def test_a_table_without_numbers_is_read_up_to_the_damage(file: Callable[[str], Path]) -> None:
    rows = ", ".join(f"({n}, '{n} {'x' * 900}')" for n in range(200))
    path = file(
        "CREATE TABLE t (n, x, PRIMARY KEY (n)) WITHOUT ROWID; CREATE TABLE other (a);"
        f"INSERT INTO t VALUES {rows};"
    )
    source = source_of(damaged(path, b"100 xxx"))
    with opened(source) as database:
        found = [n for (n,) in database.rows("SELECT n FROM t ORDER BY n")]
    assert 50 < len(found) < 101
    assert found == list(range(len(found)))
    [reject] = source.tally.rejects
    assert "damaged pages" in reject.reason


def test_what_is_not_read_is_left_or_unknown(file: Callable[[str], Path]) -> None:
    script = """
    CREATE TABLE t (taken, known, strange); INSERT INTO t VALUES (1, 2, 3);
    CREATE TABLE other (a); INSERT INTO other VALUES (1);
    CREATE TABLE hollow (a);
    CREATE TABLE Z_METADATA (a); INSERT INTO Z_METADATA VALUES (1);
    """
    source = source_of(file(script))
    with opened(source) as database:
        database.settle({"t": "taken"}, {"t": "known missing"})
    assert source.tally.unknown == {"t.strange": 1}
    assert source.tally.left == {"columns of t that no table here holds": 1, "table other": 1}

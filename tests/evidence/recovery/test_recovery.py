"""Rows that were deleted, found again: in free pages, freed blocks, logs and journals."""

import random
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from dissect.database.sqlite3 import SQLite3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faisceau.evidence.recovery import Recovered, Recovery
from faisceau.evidence.sqlite import open_sqlite

MESSAGES = (
    "CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT, thread TEXT NOT NULL,"
    " mine INTEGER, body TEXT, at INTEGER, media BLOB)"
)
INSERT = "INSERT INTO message (thread, mine, body, at, media) VALUES (?, ?, ?, ?, ?)"


def messages(n: int) -> Iterator[tuple[Any, ...]]:
    made = random.Random(7)
    for k in range(n):
        words = "rendez-vous à 18 h " * made.randint(1, 12)
        media = None if k % 3 else made.randbytes(20)
        yield (
            f"33612{k % 50:06d}@s.whatsapp.net",
            k % 2,
            f"{words}{k}",
            1_600_000_000_000 + k,
            media,
        )


def written(path: Path, n: int = 1000, *, journal: str = "DELETE") -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute("PRAGMA secure_delete = OFF").fetchall()
    db.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    db.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    db.execute(MESSAGES)
    db.execute("CREATE TABLE receipt (_id INTEGER PRIMARY KEY, message INTEGER, at INTEGER)")
    db.execute("CREATE TABLE contact (jid TEXT, name TEXT)")
    db.executemany(INSERT, messages(n))
    db.executemany("INSERT INTO receipt (message, at) VALUES (?, ?)", [(k, k) for k in range(n)])
    db.executemany(
        "INSERT INTO contact VALUES (?, ?)", [(f"{k}@w", f"N{k}") for k in range(n // 9)]
    )
    db.commit()
    return db


def rows(db: sqlite3.Connection, where: str = "1") -> set[tuple[Any, ...]]:
    return set(db.execute(f"SELECT * FROM message WHERE {where}"))


def recovered(path: Path, *beside: Path, live: Path | None = None) -> list[Recovered]:
    journals = {one.name.removeprefix(path.name): one for one in beside}
    return list(Recovery(live or path, path, journals).rows("message"))


def without_number(found: Sequence[Recovered]) -> set[tuple[Any, ...]]:
    return {tuple(row.values())[1:] for row in found}


@pytest.mark.parametrize(
    ("deleted", "at_least"),
    [
        ("_id IN (5, 6, 7, 500, 999)", 5),
        ("_id % 17 = 0", 55),
        ("_id BETWEEN 300 AND 700", 370),
        ("thread LIKE '336120000_7@%'", 75),
        ("1", 990),
    ],
)
def test_deleted_rows_are_found_and_no_others(deleted: str, at_least: int, tmp_path: Path) -> None:
    with closing(written(tmp_path / "chat.db")) as db:
        gone = rows(db, deleted)
        db.execute(f"DELETE FROM message WHERE {deleted}")
        db.commit()
    found = recovered(tmp_path / "chat.db")
    assert without_number(found) <= {row[1:] for row in gone}
    assert len(found) >= at_least
    assert len(found) == len(without_number(found))
    assert all(tuple(row.values()) in gone for row in found if row.rowid is not None)
    assert all(list(row) == ["_id", "thread", "mine", "body", "at", "media"] for row in found)
    assert not any(row.replaced for row in found)


def test_rows_on_free_pages_keep_their_number(tmp_path: Path) -> None:
    with closing(written(tmp_path / "chat.db")) as db:
        gone = rows(db)
        db.execute("DELETE FROM message")
        db.commit()
    found = recovered(tmp_path / "chat.db")
    assert {tuple(row.values()) for row in found} <= gone
    assert {row.rowid for row in found} == {row["_id"] for row in found}
    assert sum(row.where.startswith("free page ") for row in found) > 900


def test_long_texts_are_followed_over_their_pages(tmp_path: Path) -> None:
    text = "à quai, vingt heures; " * 900
    with closing(written(tmp_path / "chat.db", 100)) as db:
        db.executemany(INSERT, [("long@w", 1, f"{k} {text}", k, None) for k in range(30)])
        db.commit()
        db.execute("DELETE FROM message WHERE thread = 'long@w' AND mine = 1 AND at < 20")
        db.commit()
    found = [row for row in recovered(tmp_path / "chat.db") if row["thread"] == "long@w"]
    assert len(found) >= 5
    assert all(row["body"] == f"{row['at']} {text}" for row in found)


def test_nothing_is_found_where_nothing_was_deleted(tmp_path: Path) -> None:
    with closing(written(tmp_path / "chat.db")) as db:
        assert recovered(tmp_path / "chat.db") == []
        db.execute("PRAGMA secure_delete = ON").fetchall()
        db.execute("DELETE FROM message WHERE _id % 7 = 0")
        db.commit()
    assert recovered(tmp_path / "chat.db") == []
    with closing(written(tmp_path / "vacuumed.db")) as db:
        db.execute("DELETE FROM message WHERE _id % 7 = 0")
        db.commit()
        db.execute("VACUUM")
    assert recovered(tmp_path / "vacuumed.db") == []


def test_rows_of_other_tables_are_none_of_this_one(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with closing(written(path)) as db:
        db.execute("DELETE FROM receipt")
        db.execute("DELETE FROM contact WHERE jid LIKE '1%'")
        db.commit()
    assert recovered(path) == []
    recovery = Recovery(path, path, {})
    assert len(list(recovery.rows("receipt"))) > 900
    assert list(recovery.rows("no such table")) == []


def test_pages_that_fit_two_tables_are_given_to_neither(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF").fetchall()
        for table, columns in {"call": "a, b, c", "chat": "x, y, z", "twin": "a, b, c"}.items():
            db.execute(f"CREATE TABLE {table} ({columns})")
        db.executemany("INSERT INTO call VALUES (?, 'word', 1)", [(k,) for k in range(900)])
        db.commit()
        db.execute("DELETE FROM call")
        db.commit()
        found = Recovery(path, path, {}).rows("call")
        assert [row for row in found if row.where.startswith("free page")] == []
        db.execute("DROP TABLE chat")
        db.commit()
    # what remains are tables with the same columns: the rows are given for each
    assert len(list(Recovery(path, path, {}).rows("call"))) > 800
    assert len(list(Recovery(path, path, {}).rows("twin"))) > 800


def test_columns_added_later_have_their_default(tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with closing(written(path)) as db:
        db.execute("ALTER TABLE message ADD COLUMN starred INTEGER DEFAULT 3")
        db.execute("ALTER TABLE message ADD COLUMN kind TEXT DEFAULT 'it''s'")
        db.execute("DELETE FROM message WHERE _id IN (10, 20)")
        db.commit()
    found = recovered(path)
    assert [(row["starred"], row["kind"]) for row in found] == [(3, "it's")] * 2


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("size", [512, 1024, 65536])
def test_every_encoding_and_size_of_page(encoding: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "chat.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA encoding = '{encoding}'").fetchall()
        db.execute(f"PRAGMA page_size = {size}").fetchall()
        db.execute("PRAGMA secure_delete = OFF").fetchall()
        db.execute(MESSAGES)
        db.executemany(INSERT, messages(300))
        db.commit()
        gone = rows(db, "_id % 10 = 0")
        db.execute("DELETE FROM message WHERE _id % 10 = 0")
        db.commit()
    found = without_number(recovered(path))
    assert found <= {row[1:] for row in gone}
    assert len(found) >= 8 if size == 512 else len(found) >= 25


# The log, and the state before it.


@pytest.fixture
def logged(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The database, its log, and the database with the log replayed.

    In the log: 10 messages deleted, 5 changed, 5 added of which 2 are deleted in a second
    transaction; a third one that was never committed.
    """
    path = tmp_path / "chat.db"
    with closing(written(path, journal="WAL")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        db.execute("DELETE FROM message WHERE _id BETWEEN 101 AND 110")
        db.execute("UPDATE message SET body = 'changed' WHERE _id BETWEEN 201 AND 205")
        db.executemany(INSERT, [("new@w", 0, f"short-lived {k}", k, None) for k in range(5)])
        db.commit()
        db.execute("DELETE FROM message WHERE body IN ('short-lived 1', 'short-lived 3')")
        db.commit()
        seized = tmp_path / "seized"
        seized.mkdir()
        shutil.copyfile(path, seized / "chat.db")
        shutil.copyfile(f"{path}-wal", seized / "chat.db-wal")
    live = seized / "live"
    shutil.copyfile(seized / "chat.db", live)
    shutil.copyfile(seized / "chat.db-wal", seized / "live-wal")
    with closing(sqlite3.connect(live)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return seized / "chat.db", seized / "chat.db-wal", live


def test_what_the_log_deletes_or_changes_is_found(logged: tuple[Path, Path, Path]) -> None:
    path, log, live = logged
    found = {row.rowid: row for row in recovered(path, log, live=live) if row.rowid is not None}
    assert {*range(101, 111), *range(201, 206), 1002, 1004} == set(found)
    assert {number for number, row in found.items() if row.replaced} == set(range(201, 206))
    assert "rendez-vous" in found[201]["body"]
    assert found[1002]["body"] == "short-lived 1"
    assert found[1002].where.startswith("log page ")
    assert found[105].where.endswith(" as it stands")


def test_another_program_sees_the_same_states(logged: tuple[Path, Path, Path]) -> None:
    """dissect.database reads the file with and without its log: what the states differ in is
    what was found, besides what came and went inside the log."""
    path, log, live = logged

    def state(*wal: Path) -> set[tuple[Any, ...]]:
        alone = path.with_name("alone.db")  # it finds a log that lies beside by itself
        shutil.copyfile(path, alone)
        with SQLite3(alone, *wal) as database:
            table = database.table("message")
            assert table is not None
            return {tuple(value for _, value in row) for row in table.rows()}

    before, after = state(), state(log)
    found = {tuple(row.values()) for row in recovered(path, log, live=live) if row.rowid}
    short_lived = {row for row in found if row[3].startswith("short-lived")}
    assert found - short_lived == before - after
    assert len(short_lived) == 2


def test_pages_of_a_journal_that_was_kept(tmp_path: Path) -> None:
    """With ``journal_mode = PERSIST`` the header is emptied and the old pages stay."""
    path = tmp_path / "chat.db"
    with closing(written(path, journal="PERSIST")) as db:
        gone = rows(db, "_id BETWEEN 11 AND 15")
        db.execute("PRAGMA secure_delete = ON").fetchall()
        db.execute("DELETE FROM message WHERE _id BETWEEN 11 AND 15")
        db.commit()
    assert recovered(path) == []
    found = recovered(path, tmp_path / "chat.db-journal")
    assert {tuple(row.values()) for row in found} == gone
    assert {row.where.partition(" page")[0] for row in found} == {"journal"}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(data=st.data())
def test_no_file_however_damaged_stops_it(data: st.DataObject, tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    if not whole.exists():
        with closing(written(whole, 150)) as db:
            db.execute("DELETE FROM message WHERE _id % 3 = 0")
            db.commit()
    broken = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 40))):
        at = data.draw(st.integers(0, len(broken) - 1) | st.integers(0, 200))
        broken[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "broken.db"
    path.write_bytes(broken[: data.draw(st.integers(0, len(broken)) | st.just(len(broken)))])
    for row in Recovery(path, path, {"-wal": path, "-journal": whole}).rows("message"):
        with closing(open_sqlite(path)) as db:  # damage may lie in the names of the columns
            assert list(row) == [info[1] for info in db.execute("PRAGMA table_info(message)")]

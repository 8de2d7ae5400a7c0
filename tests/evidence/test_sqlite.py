"""SQLite as evidence: nothing written, logs replayed on a copy, damage passed."""

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence import sqlite
from faisceau.evidence.containers import scratch_in, unfold_folder
from faisceau.evidence.reading import Head, Member, Source

MESSAGES = "CREATE TABLE message (_id INTEGER PRIMARY KEY, body TEXT, at INTEGER)"


def member(path: Path) -> Member:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    opened = lambda: path.open("rb")  # noqa: E731
    return Member(path.name, path.stat().st_size, opened, lambda: path, lambda: sha256)


def source(*paths: Path) -> Source:
    files = {path.name: member(path) for path in paths}
    return Source(files[paths[0].name], siblings=files)


def written(path: Path, n: int = 100, journal: str = "DELETE") -> sqlite3.Connection:
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA journal_mode = {journal}").fetchall()
    db.execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    db.execute("PRAGMA secure_delete = OFF").fetchall()
    db.execute(MESSAGES)
    db.executemany(
        "INSERT INTO message (body, at) VALUES (?, ?)",
        [(f"rendez-vous numéro {k} au quai", 1_600_000_000_000 + k) for k in range(n)],
    )
    db.commit()
    return db


def seized(folder: Path, db: sqlite3.Connection, name: str, *suffixes: str) -> list[Path]:
    """The database and what lies beside it, copied while the application still runs."""
    target = folder / "seized"
    target.mkdir()
    paths = []
    for suffix in ("", *suffixes):
        shutil.copyfile(folder / f"{name}{suffix}", target / f"{name}{suffix}")
        (target / f"{name}{suffix}").chmod(0o444)
        paths.append(target / f"{name}{suffix}")
    db.close()
    return paths


@pytest.fixture
def logged(tmp_path: Path) -> list[Path]:
    """A database of 100 messages, and a log that adds 10, deletes 5 and adds a table."""
    db = written(tmp_path / "chat.db", journal="WAL")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.executemany("INSERT INTO message (body, at) VALUES (?, 5)", [("only in the log",)] * 10)
    db.execute("DELETE FROM message WHERE _id <= 5")
    db.execute("CREATE TABLE added (a)")
    db.execute("INSERT INTO added VALUES (1)")
    db.commit()
    return seized(tmp_path, db, "chat.db", "-wal")


def count(db: sqlite3.Connection, table: str = "message") -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_log_is_replayed_on_a_copy_and_both_states_are_kept(logged: list[Path]) -> None:
    before = [path.read_bytes() for path in logged]
    chat = source(*logged)
    with closing(chat.sqlite()) as db:
        assert count(db) == 105
        assert count(db, "added") == 1
    with closing(chat.sqlite(replayed=False)) as db:
        assert count(db) == 100
    assert [path.read_bytes() for path in logged] == before
    assert sorted(path.name for path in logged[0].parent.iterdir()) == ["chat.db", "chat.db-wal"]


def test_unfolded_files_know_their_logs_when_they_are_recognised(
    logged: list[Path], tmp_path: Path
) -> None:
    with scratch_in(tmp_path / "scratch") as scratch:
        contents = unfold_folder([member(path) for path in logged], scratch)
        [chat, log] = contents.members
        assert set(Head.of(chat).sqlite_tables) == {"message", "added"}
        assert Head.of(log).sqlite_tables == {}
        with closing(Source(chat).sqlite()) as db:
            assert count(db) == 105
        # the copy lies in the scratch folder, which goes when the reading ends
        assert list((tmp_path / "scratch").rglob("database"))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_database_that_is_all_in_its_log(tmp_path: Path) -> None:
    """The application had not yet written a page of it."""
    written(tmp_path / "chat.db", journal="WAL")
    paths = [tmp_path / "chat.db", tmp_path / "chat.db-wal"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "chat.db").write_bytes(b"")
    shutil.copyfile(paths[1], tmp_path / "empty" / "chat.db-wal")
    chat = source(tmp_path / "empty" / "chat.db", tmp_path / "empty" / "chat.db-wal")
    if paths[0].stat().st_size:  # the first page was written when the mode was set
        shutil.copyfile(paths[0], tmp_path / "empty" / "chat.db")
        chat = source(tmp_path / "empty" / "chat.db", tmp_path / "empty" / "chat.db-wal")
    assert set(chat.head.sqlite_tables) == {"message"}
    with closing(chat.sqlite()) as db:
        assert count(db) == 100


def test_a_transaction_that_did_not_end_is_taken_back(tmp_path: Path) -> None:
    """Its journal lies beside the database: so does the application when it opens it again."""
    db = written(tmp_path / "chat.db", n=2000)
    db.execute("PRAGMA cache_size = 2").fetchall()  # pages go to disk before the end
    db.execute("UPDATE message SET body = 'half done'")
    paths = seized(tmp_path, db, "chat.db", "-journal")
    chat = source(*paths)
    half = "SELECT count(*) FROM message WHERE body = 'half done'"
    with closing(chat.sqlite()) as db, closing(chat.sqlite(replayed=False)) as as_it_stands:
        assert db.execute(half).fetchone()[0] == 0
        with suppress(sqlite3.DatabaseError):
            assert as_it_stands.execute(half).fetchone()[0] > 0


@pytest.mark.parametrize("log", [b"", b"\x00" * 4096, b"nonsense" * 500])
def test_a_log_of_nonsense_is_no_log(log: bytes, tmp_path: Path) -> None:
    written(tmp_path / "chat.db").close()
    (tmp_path / "chat.db-wal").write_bytes(log)
    with closing(source(tmp_path / "chat.db", tmp_path / "chat.db-wal").sqlite()) as db:
        assert count(db) == 100


def test_no_copy_is_made_for_a_log_that_holds_nothing(tmp_path: Path) -> None:
    db = written(tmp_path / "chat.db", journal="PERSIST")
    paths = seized(tmp_path, db, "chat.db", "-journal")
    chat = source(*paths)
    with closing(chat.sqlite()) as opened:
        assert opened.path == paths[0]
        assert count(opened) == 100


def test_a_log_that_asks_for_pages_without_end_is_not_replayed(
    logged: list[Path], tmp_path: Path
) -> None:
    """Its checksums are right: a program that harms can make them so."""
    data = bytearray(logged[1].read_bytes())
    order = "big" if data[3] & 1 else "little"

    def checksum(piece: bytes, first: int, second: int) -> tuple[int, int]:
        for at in range(0, len(piece), 8):
            first = first + int.from_bytes(piece[at : at + 4], order) + second & 0xFFFFFFFF  # type: ignore[arg-type]
            second = second + int.from_bytes(piece[at + 4 : at + 8], order) + first & 0xFFFFFFFF  # type: ignore[arg-type]
        return first, second

    data[32:36] = (300_000).to_bytes(4, "big")
    sums = (int.from_bytes(data[24:28], "big"), int.from_bytes(data[28:32], "big"))
    frame, size = 24 + 4096, len(data)
    for at in range(32, size - frame + 1, frame):
        if data[at + 4 : at + 8] != b"\x00" * 4:
            data[at + 4 : at + 8] = (400_000).to_bytes(4, "big")
        sums = checksum(bytes(data[at : at + 8] + data[at + 24 : at + frame]), *sums)
        data[at + 16 : at + 24] = sums[0].to_bytes(4, "big") + sums[1].to_bytes(4, "big")
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    shutil.copyfile(logged[0], hostile / "chat.db")
    (hostile / "chat.db-wal").write_bytes(data)
    chat = source(hostile / "chat.db", hostile / "chat.db-wal")
    with closing(chat.sqlite()) as db:
        assert count(db) == 100
    [reject] = chat.tally.rejects
    assert "cannot be replayed" in reject.reason


def test_what_the_log_takes_out_is_found_again(logged: list[Path], tmp_path: Path) -> None:
    with scratch_in(tmp_path / "scratch") as scratch:
        members = unfold_folder([member(path) for path in logged], scratch).members
        chat = Source(members[0], siblings={one.name: one for one in members})
        found = {row.rowid: row["body"] for row in chat.recovered("message")}
    assert found == {k + 1: f"rendez-vous numéro {k} au quai" for k in range(5)}
    assert chat.tally.tables_read == set()


# Damage.


def damaged(path: Path, *, n: int = 3000, pages: tuple[int, ...] = (), tail: int = 0) -> list[int]:
    """A database some of whose pages are overwritten, or whose end is cut; the rows left."""
    written(path, n).close()
    data = bytearray(path.read_bytes())
    for page in pages:
        data[(page - 1) * 4096 : page * 4096] = os.urandom(4096)
        data[(page - 1) * 4096] = 0xEE
    path.write_bytes(data[: len(data) - tail])
    lost = []
    with closing(sqlite.open_sqlite(path)) as db:
        for rowid in range(1, n + 1):
            try:
                db.execute("SELECT * FROM message WHERE _id = ?", (rowid,)).fetchone()
            except sqlite3.DatabaseError:
                lost.append(rowid)
    assert lost
    return [rowid for rowid in range(1, n + 1) if rowid not in set(lost)]


@pytest.mark.parametrize(
    ("pages", "tail"), [((5,), 0), ((4, 5, 6, 20, 30), 0), ((), 8192), ((7,), 4096)]
)
def test_rows_behind_damaged_pages_are_read(
    pages: tuple[int, ...], tail: int, tmp_path: Path
) -> None:
    left = damaged(tmp_path / "chat.db", pages=pages, tail=tail)
    chat = source(tmp_path / "chat.db")
    with closing(chat.sqlite()) as db:
        given = [
            row[0]
            for rows in sqlite.chunks(db, "SELECT _id, body FROM message", 500)
            for row in rows
        ]
    assert given == left
    reason = "damaged pages: rows from {first} to {last} may be lost ({why})"
    assert {reject.reason for reject in chat.tally.rejects} == {reason}
    assert chat.tally.records == len(chat.tally.rejects) >= 1
    first = chat.tally.rejects[0].facts["first"]
    assert first not in left
    assert first - 1 in left


def test_a_value_on_a_damaged_page_costs_its_row_alone(tmp_path: Path) -> None:
    """Long texts go on over pages of their own."""
    db = written(tmp_path / "chat.db", n=5)
    db.execute("INSERT INTO message (body) VALUES (?)", ("long " * 5000,))
    db.executemany("INSERT INTO message (body) VALUES (?)", [("after",)] * 5)
    db.commit()
    db.close()
    data = bytearray((tmp_path / "chat.db").read_bytes())
    at = data.index(b"long long", len(data) // 2) // 4096 * 4096
    data[at : at + 4] = b"\xff" * 4
    (tmp_path / "chat.db").write_bytes(data)
    chat = source(tmp_path / "chat.db")
    with closing(chat.sqlite()) as db:
        given = [
            row[0] for rows in sqlite.chunks(db, "SELECT _id, body FROM message") for row in rows
        ]
    assert given == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    [reject] = chat.tally.rejects
    assert (reject.facts["first"], reject.facts["last"]) == (6, 6)


def test_a_wrong_statement_is_no_damage(tmp_path: Path) -> None:
    written(tmp_path / "chat.db").close()
    with closing(source(tmp_path / "chat.db").sqlite()) as db:
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            list(sqlite.chunks(db, "SELECT absent FROM message"))
        assert sum(len(rows) for rows in sqlite.chunks(db, "SELECT * FROM message", 7)) == 100


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(data=st.data())
def test_whatever_is_damaged_the_readable_rows_are_given_once(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "whole.db"
    if not path.exists():
        written(path, n=600).close()
    broken = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        broken[data.draw(st.integers(100, len(broken) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "chat.db").write_bytes(broken)
    chat = source(tmp_path / "chat.db")
    with suppress(BadInput, sqlite3.DatabaseError), closing(chat.sqlite()) as db:
        given = [
            row[0]
            for rows in sqlite.chunks(db, "SELECT _id FROM message NOT INDEXED")
            for row in rows
        ]
        assert len(given) <= 700
        list(chat.recovered("message"))


# Which tables were read.


@pytest.fixture
def several(tmp_path: Path) -> Source:
    with closing(written(tmp_path / "chat.db")) as db:
        db.execute("CREATE TABLE call (a, b)")
        db.executemany("INSERT INTO call VALUES (?, 1)", [(k,) for k in range(7)])
        db.execute("CREATE TABLE empty (a)")
        db.execute("CREATE VIRTUAL TABLE search USING fts4 (body)")
        db.execute("INSERT INTO search VALUES ('quai')")
        db.execute("CREATE TABLE chat (a)")
        db.execute("INSERT INTO chat VALUES (1)")
        db.commit()
    return source(tmp_path / "chat.db")


def test_tables_that_nobody_read_are_known_when_the_database_is_closed(several: Source) -> None:
    with closing(several.sqlite()) as db:
        db.execute("SELECT body FROM message LIMIT 1").fetchall()
        db.execute("SELECT count(*) FROM call").fetchone()  # counting is not reading
        db.execute("SELECT 1 FROM call LIMIT 1").fetchone()
        db.execute("PRAGMA table_info(chat)").fetchall()
    assert several.tally.tables_read == {"message"}
    assert several.tally.tables_unread == {"call": 7, "chat": 1}


def test_several_connections_are_one_reading(several: Source) -> None:
    for table in ("message", "call"):
        with closing(several.sqlite()) as db:
            db.execute(f"SELECT * FROM {table}").fetchone()
    assert several.tally.tables_unread == {"chat": 1}
    with closing(several.sqlite()) as db:
        db.execute("SELECT m.body FROM message m JOIN chat c ON c.a = m._id").fetchall()
    assert several.tally.tables_unread == {}


def test_more_rows_than_are_counted(several: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "COUNTED", 5)
    several.sqlite().close()
    assert several.tally.tables_unread["call"] == 5
    monkeypatch.setattr(sqlite, "COUNTING_S", -1.0)
    several.sqlite().close()
    assert several.tally.tables_unread["message"] >= 1

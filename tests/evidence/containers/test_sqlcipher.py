"""SQLCipher databases, written by SQLCipher itself, become plain ones with the key handed over."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlcipher3

from faisceau.errors import BadInput
from faisceau.evidence.containers import Limits, Scratch, scratch_in, unfold_file, unfold_folder
from faisceau.evidence.reading import Member

WORDS = "rendez-vous à 18 h, quai 3, "
RAW = bytes(range(200, 232))


@pytest.fixture
def scratch(tmp_path: Path) -> Any:
    with scratch_in(tmp_path / "scratch", Limits()) as opened:
        yield opened


def member(path: Path) -> Member:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    opened = lambda: path.open("rb")  # noqa: E731
    return Member(path.name, path.stat().st_size, opened, lambda: path, lambda: sha256)


def written(path: Path, key: str, *settings: str, log: bool = False) -> list[Path]:
    """A database of 300 messages, of which 100 were deleted; with ``log``, 5 more in the log."""
    work = path.with_name("work.db")
    db = sqlcipher3.connect(str(work))
    db.execute(f'PRAGMA key = "{key}"')
    for setting in (*settings, "secure_delete = OFF"):
        db.execute(f"PRAGMA {setting}").fetchall()
    db.execute("CREATE TABLE message (_id INTEGER PRIMARY KEY, body TEXT)")
    db.executemany(
        "INSERT INTO message (body) VALUES (?)", [(WORDS * 3 + str(n),) for n in range(300)]
    )
    db.commit()
    db.execute("DELETE FROM message WHERE _id BETWEEN 101 AND 200")
    db.commit()
    if log:
        db.execute("PRAGMA journal_mode = WAL")
        db.executemany("INSERT INTO message (body) VALUES (?)", [("in the log",)] * 5)
        db.commit()
        shutil.copy(f"{work}-wal", f"{path}-wal")
    shutil.copy(work, path)
    db.close()
    return [path, path.with_name(f"{path.name}-wal")] if log else [path]


def rows(path: Path, sql: str = "SELECT count(*) FROM message") -> Any:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute(sql).fetchone()[0]


VERSIONS = {4: (), 3: ("cipher_compatibility = 3",), 2: ("cipher_compatibility = 2",),
            1: ("cipher_compatibility = 1",)}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_passphrase_opens_every_version(version: int, tmp_path: Path, scratch: Scratch) -> None:
    [path] = written(tmp_path / "chat.db", "Marguerite 1927", *VERSIONS[version])
    contents = unfold_file(member(path), scratch, keys=[b"other", b"Marguerite 1927\n"])
    [plain] = contents.members
    assert plain.name == "chat.db"
    assert rows(plain.local()) == 200
    assert contents.rejects == []


@pytest.mark.parametrize(
    "key",
    [RAW, RAW.hex().encode(), RAW.hex().upper().encode() + b"\n", b"x'%s'" % RAW.hex().encode()],
)
def test_a_raw_key_is_digits_or_bytes(key: bytes, tmp_path: Path, scratch: Scratch) -> None:
    [path] = written(tmp_path / "chat.db", f"x'{RAW.hex()}'")
    contents = unfold_folder([member(path)], scratch, keys=[key])
    assert [one.name for one in contents.members] == ["chat.db!/chat.db"]
    assert rows(contents.members[0].local()) == 200


def test_a_raw_key_may_bring_its_salt(tmp_path: Path, scratch: Scratch) -> None:
    digits = RAW.hex() + bytes(range(16)).hex()
    [path] = written(tmp_path / "chat.db", f"x'{digits}'")
    [plain] = unfold_file(member(path), scratch, keys=[digits.encode()]).members
    assert rows(plain.local()) == 200


def test_what_was_deleted_is_still_in_the_plain_file(tmp_path: Path, scratch: Scratch) -> None:
    """An export by SQL would have left it behind."""
    [path] = written(tmp_path / "chat.db", "k")
    [plain] = unfold_file(member(path), scratch, keys=[b"k"]).members
    data = plain.local().read_bytes()
    deleted = [n for n in range(100, 200) if f"{WORDS * 3}{n}".encode() in data]
    assert len(deleted) > 30
    assert rows(plain.local(), "SELECT count(*) FROM message WHERE _id BETWEEN 101 AND 200") == 0


@pytest.mark.parametrize("version", [4, 3])
def test_the_log_beside_it_is_decrypted_too(version: int, tmp_path: Path, scratch: Scratch) -> None:
    paths = written(tmp_path / "chat.db", "k", *VERSIONS[version], log=True)
    contents = unfold_folder([member(path) for path in paths], scratch, keys=[b"k"])
    found = {one.name: one.local() for one in contents.members}
    assert set(found) == {"chat.db!/chat.db", "chat.db!/chat.db-wal", "chat.db-wal"}
    both = tmp_path / "both"
    both.mkdir()
    shutil.copyfile(found["chat.db!/chat.db"], both / "chat.db")
    assert rows(both / "chat.db") == 200
    shutil.copyfile(found["chat.db!/chat.db-wal"], both / "chat.db-wal")
    assert rows(both / "chat.db") == 205


def says(keys: Sequence[bytes], path: Path, scratch: Scratch) -> str:
    with pytest.raises(BadInput) as caught:
        unfold_file(member(path), scratch, keys=keys)
    return str(caught.value)


def test_a_wrong_or_missing_key_says_so(tmp_path: Path, scratch: Scratch) -> None:
    [path] = written(tmp_path / "chat.db", "Marguerite")
    assert says([], path, scratch) == "chat.db is encrypted and no key was handed over"
    wrong = [b"marguerite", RAW]
    for keys in ([one] for one in wrong):
        said = "chat.db is encrypted and the key handed over does not open it"
        assert says(keys, path, scratch) == said


def test_pages_that_were_changed_are_left_empty_and_counted(
    tmp_path: Path, scratch: Scratch
) -> None:
    [path] = written(tmp_path / "chat.db", "k")
    data = bytearray(path.read_bytes())
    data[3 * 4096 + 99] ^= 1
    path.write_bytes(data)
    contents = unfold_file(member(path), scratch, keys=[b"k"])
    [reject] = contents.rejects
    said = "1 pages do not match their checksum: they are left empty"
    assert reject.reason.format_map(reject.facts) == said
    [plain] = contents.members
    assert plain.local().read_bytes()[3 * 4096 : 4 * 4096] == bytes(4096)


def test_other_files_are_left_as_they_are(tmp_path: Path, scratch: Scratch) -> None:
    with closing(sqlite3.connect(tmp_path / "plain.db")) as db:
        db.execute("CREATE TABLE t (a)")
    (tmp_path / "random.bin").write_bytes(os.urandom(4096))
    (tmp_path / "odd.db").write_bytes(os.urandom(4095))
    (tmp_path / "small.db").write_bytes(b"text" * 1024)
    files = [member(path) for path in sorted(tmp_path.glob("*.*"))]
    contents = unfold_folder(files, scratch, keys=[b"k"])
    assert contents.rejects == []
    assert [one.name for one in contents.members] == [
        "odd.db",
        "plain.db",
        "random.bin",
        "small.db",
    ]

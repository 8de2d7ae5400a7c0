"""What an iPhone is signed in with, and what is installed on it."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from faisceau.errors import BadInput
from faisceau.evidence.readers import ios_handset
from faisceau.evidence.reading import Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

ACCOUNTS = """
CREATE TABLE ZACCOUNTTYPE (Z_PK INTEGER PRIMARY KEY, ZIDENTIFIER VARCHAR,
    ZACCOUNTTYPEDESCRIPTION VARCHAR);
CREATE TABLE ZACCOUNT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZACTIVE INTEGER,
    ZACCOUNTTYPE INTEGER, ZDATE TIMESTAMP, ZACCOUNTDESCRIPTION VARCHAR, ZIDENTIFIER VARCHAR,
    ZOWNINGBUNDLEID VARCHAR, ZUSERNAME VARCHAR);
INSERT INTO ZACCOUNTTYPE VALUES (1, 'com.apple.account.AppleAccount', 'iCloud');
INSERT INTO ZACCOUNT (Z_PK, ZACCOUNTTYPE, ZUSERNAME) VALUES (1, 1, 'momo@example.org'),
    (2, 1, 'momo@example.org'), (3, 1, NULL), (4, 1, '+33698000000');
"""
APPS = """
CREATE TABLE application_identifier_tab (id INTEGER PRIMARY KEY, application_identifier TEXT);
CREATE TABLE key_tab (id INTEGER PRIMARY KEY, key TEXT);
CREATE TABLE kvs (id INTEGER PRIMARY KEY, application_identifier INTEGER, key INTEGER, value BLOB);
INSERT INTO application_identifier_tab VALUES (1, 'com.apple.mobilesafari'),
    (2, 'org.whispersystems.signal');
INSERT INTO kvs VALUES (1, 1, 1, X'00');
"""


def file(folder: Path, script: str) -> Path:
    path = folder / "a.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
    return path


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


def test_accounts_stand_once_and_one_without_a_name_is_left(tmp_path: Path) -> None:
    source = source_of(file(tmp_path, ACCOUNTS))
    [(batch, _)] = list(read_rows(ios_handset, source))
    assert isinstance(batch, Batch)
    assert batch.columns.to_pylist() == [{"accounts": ["momo@example.org", "+33698000000"]}]
    assert source.tally.left["rows of zaccount without a name"] == 1
    assert not source.tally.unknown


def test_applications_are_their_bundle_identifiers(desk: Desk, tmp_path: Path) -> None:
    exhibit = desk.add(file(tmp_path, APPS)).exhibit
    assert exhibit is not None
    assert exhibit.reader == "ios_handset"
    [row] = desk.rows("handset")
    assert row["apps"] == ["com.apple.mobilesafari", "org.whispersystems.signal"]
    assert not exhibit.unknown


def test_a_list_of_nothing_is_no_row(tmp_path: Path) -> None:
    empty = file(tmp_path, ACCOUNTS + "DELETE FROM ZACCOUNT;")
    assert list(read_rows(ios_handset, source_of(empty))) == []


def test_another_database_is_not_claimed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lists no accounts"):
        list(read_rows(ios_handset, source_of(file(tmp_path, "CREATE TABLE t (a);"))))


def test_it_conforms() -> None:
    check_reader(ios_handset)

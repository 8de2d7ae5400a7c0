"""What an iPhone's address book says, by databases made from the published schema."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from faisceau.errors import BadInput
from faisceau.evidence.readers import ios_contacts
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

IOS_6 = """
CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT,
    Middle TEXT, FirstPhonetic TEXT, MiddlePhonetic TEXT, LastPhonetic TEXT, Organization TEXT,
    Department TEXT, Note TEXT, Kind INTEGER, Birthday TEXT, JobTitle TEXT, Nickname TEXT,
    Prefix TEXT, Suffix TEXT, FirstSort TEXT, LastSort TEXT, CreationDate INTEGER,
    ModificationDate INTEGER, CompositeNameFallback TEXT, ExternalIdentifier TEXT,
    StoreID INTEGER, DisplayName TEXT, ExternalRepresentation BLOB, PersonLink INTEGER DEFAULT -1);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER,
    identifier INTEGER, label INTEGER, value TEXT);
CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT,
    UNIQUE(parent_id, key));
CREATE TABLE ABMultiValueEntryKey (value TEXT, UNIQUE(value));
CREATE TABLE ABMultiValueLabel (value TEXT, UNIQUE(value));
CREATE TABLE ABGroup (ROWID INTEGER PRIMARY KEY, Name TEXT);
INSERT INTO ABMultiValueEntryKey VALUES ('Street'), ('username'), ('service');
INSERT INTO ABMultiValueLabel VALUES ('_$!<Mobile>!$_');
"""
PEOPLE = """
INSERT INTO ABPerson (ROWID, Prefix, First, Middle, Last, Nickname, Organization) VALUES
    (1, 'M.', 'Mohamed', 'Ali', 'T.', 'Momo', 'Garage du Port'),
    (2, NULL, NULL, NULL, NULL, NULL, 'Pizza Bella'),
    (3, NULL, NULL, NULL, NULL, 'Lili', NULL),
    (4, NULL, 'Alice', NULL, '', NULL, NULL),
    (5, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO ABMultiValue (UID, record_id, property, label, value) VALUES
    (1, 1, 3, 1, '+33 6 12 00 00 01'), (2, 1, 3, 1, '+33 6 12 00 00 01'),
    (3, 1, 4, NULL, 'momo@example.org'), (4, 1, 5, NULL, NULL), (5, 1, 46, NULL, NULL),
    (6, 4, 3, 1, '0612000002'), (7, 99, 3, 1, '0612000003'), (8, 4, 22, NULL, 'http://a.example');
INSERT INTO ABMultiValueEntry VALUES (4, 1, '1 quai de l''Ouest'), (5, 2, 'momo59'),
    (5, 3, 'snapchat');
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "AddressBook.sqlitedb"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(IOS_6 + PEOPLE)
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


def rows_of(source: Source) -> Iterator[dict[str, Any]]:
    for batch, _ in read_rows(ios_contacts, source):
        assert isinstance(batch, Batch)
        yield from batch.columns.to_pylist()


def test_a_person_is_shown_with_nickname_and_organisation(book: Path) -> None:
    momo, pizza, lili, alice, nobody = rows_of(source_of(book))
    assert momo["name"] == 'M. Mohamed Ali T. "Momo" (Garage du Port)'
    assert (pizza["name"], lili["name"], alice["name"]) == ("Pizza Bella", "Lili", "Alice")
    assert nobody["name"] is None


def test_numbers_addresses_and_names_in_services_stand_once(book: Path) -> None:
    momo, _, _, alice, _ = rows_of(source_of(book))
    assert momo["identifiers"] == ["+33 6 12 00 00 01", "momo@example.org", "momo59"]
    assert alice["identifiers"] == ["0612000002"]


def test_what_no_column_holds_is_counted(desk: Desk, book: Path) -> None:
    exhibit = desk.add(book).exhibit
    assert exhibit is not None
    assert exhibit.reader == "ios_contacts"
    assert exhibit.tables == {"contact": {"rows": 4, "rejected": 1}}
    assert exhibit.left["numbers and addresses of persons who are gone"] == 1
    assert exhibit.left["postal addresses, dates, links and relations of contacts"] == 2
    assert not exhibit.unknown


def test_a_small_old_book_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "AddressBook.sqlitedb"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY, First TEXT, Last TEXT);"
            "CREATE TABLE ABMultiValue (record_id INTEGER, property INTEGER, value TEXT);"
            "INSERT INTO ABPerson VALUES (1, 'Alice', 'D.');"
            "INSERT INTO ABMultiValue VALUES (1, 3, '0612000002');"
        )
    [alice] = rows_of(source_of(path))
    assert (alice["name"], alice["identifiers"]) == ("Alice D.", ["0612000002"])


def test_another_database_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE ABPerson (name TEXT)")
    assert not ios_contacts.detect(Head.of(source_of(path).member))
    with pytest.raises(BadInput, match="no address book"):
        list(rows_of(source_of(path)))


def test_it_conforms() -> None:
    check_reader(ios_contacts)

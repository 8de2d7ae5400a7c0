"""What is read of Android's address book, told by examples; its tables as AOSP makes them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from faisceau.evidence.readers import android_contacts
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

SCHEMA = """
CREATE TABLE accounts (_id INTEGER PRIMARY KEY AUTOINCREMENT, account_name TEXT,
    account_type TEXT, data_set TEXT);
CREATE TABLE contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, name_raw_contact_id INTEGER,
    lookup TEXT);
CREATE TABLE raw_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER,
    sourceid TEXT, version INTEGER NOT NULL DEFAULT 1, dirty INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0, contact_id INTEGER, starred INTEGER NOT NULL DEFAULT 0,
    display_name TEXT, display_name_alt TEXT);
CREATE TABLE mimetypes (_id INTEGER PRIMARY KEY AUTOINCREMENT, mimetype TEXT NOT NULL);
CREATE TABLE data (_id INTEGER PRIMARY KEY AUTOINCREMENT, mimetype_id INTEGER NOT NULL,
    raw_contact_id INTEGER NOT NULL, is_primary INTEGER NOT NULL DEFAULT 0, data1 TEXT,
    data2 TEXT, data3 TEXT, data4 TEXT, data15 TEXT);
CREATE TABLE deleted_contacts (contact_id INTEGER PRIMARY KEY,
    contact_deleted_timestamp INTEGER NOT NULL DEFAULT 0);
INSERT INTO accounts (account_name, account_type) VALUES
    ('lea.martin@gmail.com', 'com.google'), ('Phone', 'vnd.sec.contact.phone'),
    ('WhatsApp', 'com.whatsapp');
INSERT INTO mimetypes VALUES
    (1, 'vnd.android.cursor.item/name'), (2, 'vnd.android.cursor.item/phone_v2'),
    (3, 'vnd.android.cursor.item/email_v2'), (4, 'vnd.android.cursor.item/note'),
    (5, 'vnd.android.cursor.item/vnd.com.whatsapp.profile'),
    (6, 'vnd.android.cursor.item/vnd.org.telegram.messenger.android.profile'),
    (7, 'vnd.android.cursor.item/vnd.com.whatsapp.video.call');
"""
NAME, PHONE, MAIL, NOTE, WHATSAPP, TELEGRAM, VIDEO = range(1, 8)


def database(path: Path, script: str = "", **tables: list[dict[str, Any]]) -> Source:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA + script)
        for table, rows in tables.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])
        db.commit()
    return Source(member(path.name, path.read_bytes()))


def item(contact: int, kind: int, *values: str | None) -> dict[str, Any]:
    data = {f"data{n}": value for n, value in enumerate(values, 1)}
    return {"raw_contact_id": contact, "mimetype_id": kind, **data}


def rows_of(source: Source, table: str = "contact") -> list[dict[str, Any]]:
    assert android_contacts.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(android_contacts, source):
        assert isinstance(batch, Batch)
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), strict=True)
        if batch.schema.name == table:
            found += [{**row, "at": at} for row, at in rows]
    return found


def test_a_contact_gathers_its_numbers_and_addresses(tmp_path: Path) -> None:
    source = database(
        tmp_path / "contacts2.db",
        raw_contacts=[{"account_id": 1, "display_name": "Sacha G."}],
        data=[
            item(1, NAME, "Sacha Garnier", "Sacha", "Garnier"),
            item(1, PHONE, "06 12 00 00 01", "2", None, "+33612000001"),
            item(1, PHONE, None, "2", None, "+33612000002"),
            item(1, MAIL, "sacha@example.org"),
            item(1, NOTE, "rdv quai"),
        ],
    )
    [row] = rows_of(source)
    assert row["identifiers"] == ["06 12 00 00 01", "+33612000002", "sacha@example.org"]
    assert (row["name"], row["account"]) == ("Sacha G.", "lea.martin@gmail.com")
    assert (row["ref"], row["at"]) == ("1", "raw_contacts 1")
    left = "contact data of type vnd.android.cursor.item/note"
    assert source.tally.left[left] == 1


def test_what_applications_keep_of_a_contact_identifies_it(tmp_path: Path) -> None:
    source = database(
        tmp_path / "contacts2.db",
        raw_contacts=[{"account_id": 3}],
        data=[
            item(1, NAME, None, "Hugo", "Petit"),
            item(1, WHATSAPP, "33612000003@s.whatsapp.net", "WhatsApp"),
            item(1, VIDEO, "33612000003@s.whatsapp.net", "WhatsApp"),
            item(1, TELEGRAM, "777000", "Telegram Profile"),
        ],
    )
    [row] = rows_of(source)
    assert row["identifiers"] == ["33612000003@s.whatsapp.net", "user777000"]
    assert (row["name"], row["account"]) == ("Hugo Petit", None)  # WhatsApp names nobody


def test_deleted_empty_and_lost_contacts_are_accounted_for(tmp_path: Path) -> None:
    source = database(
        tmp_path / "contacts2.db",
        raw_contacts=[{"deleted": 1, "display_name": "Ancien"}, {"deleted": 0}],
        data=[item(9, PHONE, "0612000009")],
        deleted_contacts=[{"contact_id": 4}],
    )
    assert [row["name"] for row in rows_of(source)] == ["Ancien"]
    assert source.tally.left["marks that a contact was deleted"] == 1
    assert source.tally.left["contacts without name or number"] == 1
    assert source.tally.left["table deleted_contacts"] == 1
    [lost] = source.tally.rejects
    assert (lost.locator, lost.raw) == ("data 1", "0612000009")


def test_a_database_from_before_android_4_names_the_account_in_the_contact(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            CREATE TABLE raw_contacts (_id INTEGER PRIMARY KEY, account_name TEXT,
                account_type TEXT, deleted INTEGER, display_name TEXT);
            CREATE TABLE mimetypes (_id INTEGER PRIMARY KEY, mimetype TEXT);
            CREATE TABLE data (_id INTEGER PRIMARY KEY, mimetype_id INTEGER,
                raw_contact_id INTEGER, data1 TEXT);
            CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER,
                duration INTEGER, type INTEGER, new INTEGER, name TEXT, numbertype INTEGER);
            INSERT INTO raw_contacts VALUES (1, 'lea@example.org', 'com.google', 0, 'Lea');
            INSERT INTO mimetypes VALUES (1, 'vnd.android.cursor.item/phone_v2');
            INSERT INTO data VALUES (1, 1, 1, '0612000001');
            INSERT INTO calls VALUES (1, '0612000001', 1293840000000, 5, 2, 0, 'Lea', 1);
            """
        )
    source = Source(member("contacts2.db", path.read_bytes()))
    [contact] = rows_of(source)
    assert (contact["account"], contact["identifiers"]) == ("lea@example.org", ["0612000001"])
    [call] = rows_of(source, "call")
    assert (call["callee"], call["direction"]) == ("0612000001", "out")


def test_it_conforms() -> None:
    check_reader(android_contacts)

"""Every row of WhatsApp's address book is a contact, under the best name that it has."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import whatsapp_contacts
from faisceau.evidence.reading import Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

# The columns of versions of 2014 and of 2026, from ``sqlite_master``.
FIRST = """CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL,
    is_whatsapp_user BOOLEAN NOT NULL, status TEXT, status_timestamp INTEGER, number TEXT,
    raw_contact_id INTEGER, display_name TEXT, phone_type INTEGER, phone_label TEXT,
    unseen_msg_count INTEGER, photo_ts INTEGER, thumb_ts INTEGER, photo_id_timestamp INTEGER,
    given_name TEXT, family_name TEXT, wa_name TEXT, sort_name TEXT);"""
LATEST = """
CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL,
    is_whatsapp_user BOOLEAN NOT NULL DEFAULT 1, number TEXT, raw_contact_id INTEGER,
    display_name TEXT, given_name TEXT, family_name TEXT, wa_name TEXT, sort_name TEXT,
    nickname TEXT, company TEXT, sync_policy INTEGER, brand_new INTEGER);
CREATE TABLE wa_vnames (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL,
    serial INTEGER NOT NULL DEFAULT 0, verified_name TEXT NOT NULL);
CREATE TABLE wa_group_descriptions (_id INTEGER PRIMARY KEY AUTOINCREMENT, jid TEXT NOT NULL,
    description TEXT NOT NULL);
CREATE TABLE android_metadata (locale TEXT);
INSERT INTO android_metadata VALUES ('fr_FR');
"""
ALICE, BOB = "33612000001@s.whatsapp.net", "33612000002@s.whatsapp.net"


def book(path: Path, script: str, **tables: list[dict[str, Any]]) -> Source:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
        for table, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
                db.execute(sql, tuple(row.values()))
        db.commit()
    return Source(
        Member(
            path.name,
            path.stat().st_size,
            lambda: path.open("rb"),
            lambda: path,
            lambda: sha256(path.read_bytes()).hexdigest(),
        )
    )


def contacts(source: Source) -> list[dict[str, Any]]:
    found = []
    for batch, _ in read_rows(whatsapp_contacts, source):
        assert isinstance(batch, Batch)
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), strict=True)
        found += [{**row, "at": at} for row, at in rows]
    return found


def test_it_conforms() -> None:
    check_reader(whatsapp_contacts)


def test_every_row_is_a_contact_groups_and_people_without_a_name_too(tmp_path: Path) -> None:
    source = book(
        tmp_path / "wa.db",
        FIRST,
        wa_contacts=[
            {"jid": ALICE, "is_whatsapp_user": 1, "number": "+33612000001", "display_name": "Al"},
            {"jid": BOB, "is_whatsapp_user": 0},
            {"jid": "33612-146@g.us", "is_whatsapp_user": 0, "display_name": "Lar"},
            {"jid": "status@broadcast", "is_whatsapp_user": 0},
        ],
    )
    assert whatsapp_contacts.detect(Head.of(source.member))
    assert [(c["at"], c["ref"], c["name"], c["identifiers"]) for c in contacts(source)] == [
        ("wa_contacts 1", ALICE, "Al", ["+33612000001"]),
        ("wa_contacts 2", BOB, None, ["+33612000002"]),
        ("wa_contacts 3", "33612-146@g.us", "Lar", ["33612-146@g.us"]),
        ("wa_contacts 4", "status@broadcast", None, ["status@broadcast"]),
    ]
    assert not source.tally.unknown


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({"display_name": "Maman", "wa_name": "~Sylvie"}, "Maman"),
        ({"given_name": "Sylvie", "family_name": "M.", "wa_name": "~Sylvie"}, "Sylvie M."),
        ({"display_name": " ", "wa_name": "~Sylvie", "nickname": "Syl"}, "~Sylvie"),
        ({"nickname": "Syl"}, "Syl"),
        ({}, None),
    ],
)
def test_the_name_is_the_one_kept_before_the_one_chosen(
    tmp_path: Path, names: dict[str, str], name: str | None
) -> None:
    source = book(tmp_path / "wa.db", LATEST, wa_contacts=[{"jid": ALICE, **names}])
    assert [c["name"] for c in contacts(source)] == [name]


def test_a_verified_business_is_named_and_one_without_a_row_is_a_contact(tmp_path: Path) -> None:
    source = book(
        tmp_path / "wa.db",
        LATEST,
        wa_contacts=[{"jid": ALICE}, {"jid": BOB, "number": "06 13 99 99 99"}],
        wa_vnames=[
            {"jid": ALICE, "verified_name": "Pizza du Port"},
            {"jid": "33800@s.whatsapp.net", "verified_name": "Livraison"},
        ],
        wa_group_descriptions=[{"jid": "1@g.us", "description": "on se retrouve là"}],
    )
    assert [(c["at"], c["name"], c["identifiers"]) for c in contacts(source)] == [
        ("wa_contacts 1", "Pizza du Port", ["+33612000001"]),
        ("wa_contacts 2", None, ["+33612000002", "06 13 99 99 99"]),
        ("wa_vnames 2", "Livraison", ["+33800"]),
    ]
    assert source.tally.tables_unread["wa_group_descriptions"] == 1
    assert source.tally.left["wa_contacts.company"] == 1
    assert source.tally.unknown == {"wa_contacts.brand_new": 1}


def test_the_desk_takes_it_in(desk: Desk) -> None:
    source = book(desk.files / "wa.db", LATEST, wa_contacts=[{"jid": ALICE, "wa_name": "Al"}])
    added = desk.add(desk.files / source.name)
    assert added.exhibit is not None
    assert added.exhibit.tables == {"contact": {"rows": 1, "rejected": 0}}
    [mention] = desk.rows("mention")
    assert (mention["kind"], mention["value"]) == ("phone", "+33612000001")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), max_size=9))
def test_as_many_contacts_as_rows(
    tmp_path_factory: pytest.TempPathFactory, jids: list[str]
) -> None:
    path = tmp_path_factory.mktemp("book") / "wa.db"
    source = book(path, LATEST, wa_contacts=[{"jid": jid} for jid in jids])
    assert [c["ref"] for c in contacts(source)] == [jid or None for jid in jids]

"""Rows that a database does not hold any more, read as its own rows are: deleted, told once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from faisceau.evidence.databases import opened
from faisceau.evidence.lost import LEFT
from faisceau.evidence.readers import (
    android_calls,
    android_contacts,
    android_sms,
    ios_calls,
    ios_contacts,
    ios_sms,
    signal_android,
    signal_desktop,
    skype,
    telegram_android,
)
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import member

N = 40
"""Rows of each table; those from 11 to 13 are deleted."""
GONE = (11, 12, 13)
MS = 1_767_265_200_000
"""2026-01-01 11:00 UTC, in milliseconds."""


def written(path: Path, script: str, *rows: str, journal: str = "DELETE") -> Path:
    """A database of a script, and ``N`` rows of each insertion, whose value is ``:n``."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.executescript(script)
        for sql in rows:
            db.executemany(sql, [{"n": n, "ms": MS + n * 1000} for n in range(1, N + 1)])
        db.commit()
    return path


def changed(path: Path, *sql: str) -> Source:
    """The database after statements, read without what lies beside it."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        for one in sql:
            db.execute(one)
        db.commit()
    return Source(member(path.name, path.read_bytes()))


def rows_of(reader: ModuleType, source: Source, table: str) -> Iterator[dict[str, Any]]:
    assert reader.detect(source.head)
    for batch, _ in read_rows(reader, source):
        assert isinstance(batch, Batch)
        if batch.schema.name == table and batch.reasons is None:
            places = batch.locators.to_pylist()
            for row, at in zip(batch.columns.to_pylist(), places, strict=True):
                yield {**row, "at": at}


def lost_of(reader: ModuleType, source: Source, table: str) -> list[dict[str, Any]]:
    """The rows found again; every row is told once, the others are all there."""
    rows = list(rows_of(reader, source, table))
    lost = [row for row in rows if "(deleted, " in row["at"]]
    assert len(rows) - len(lost) == N - len(GONE)
    assert all(row["deleted"] for row in lost)
    assert not any(row.get("deleted") for row in rows if row not in lost)
    return lost


# The readers.

MMSSMS = """
CREATE TABLE canonical_addresses (_id INTEGER PRIMARY KEY, address TEXT);
CREATE TABLE threads (_id INTEGER PRIMARY KEY, recipient_ids TEXT);
CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT, date INTEGER,
    read INTEGER DEFAULT 0, type INTEGER, body TEXT);
CREATE TABLE pdu (_id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER, date INTEGER,
    msg_box INTEGER, sub TEXT, m_type INTEGER, tr_id TEXT);
CREATE TABLE part (_id INTEGER PRIMARY KEY AUTOINCREMENT, mid INTEGER, seq INTEGER, ct TEXT,
    cl TEXT, text TEXT);
CREATE TABLE addr (_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);
INSERT INTO canonical_addresses VALUES (1, '+33612000001'); INSERT INTO threads VALUES (1, '1');
"""
SMS = "INSERT INTO sms VALUES (:n, 1, '+33612000001', :ms, 0, 1, 'rendez-vous ' || :n)"


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_text_messages_are_found_again(tmp_path: Path, journal: str) -> None:
    path = written(tmp_path / "mmssms.db", MMSSMS, SMS, journal=journal)
    source = changed(path, f"DELETE FROM sms WHERE _id IN {GONE}")
    lost = lost_of(android_sms, source, "message")
    assert {row["text"] for row in lost} == {f"rendez-vous {n}" for n in GONE}
    assert {(row["sender_id"], row["thread_id"]) for row in lost} == {("+33612000001", "1")}
    assert {row["sent_at"].timestamp() * 1000 for row in lost} == {MS + n * 1000 for n in GONE}
    assert all(row["at"].endswith("page 4)") for row in lost)


def test_what_the_log_alone_holds_is_found_again(tmp_path: Path) -> None:
    path = written(tmp_path / "mmssms.db", MMSSMS, SMS, journal="WAL")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute(f"DELETE FROM sms WHERE _id IN {GONE}")
        db.commit()
        log = path.with_name("mmssms.db-wal").read_bytes()
        content = path.read_bytes()
    beside = {"mmssms.db-wal": member("mmssms.db-wal", log)}
    source = Source(member("mmssms.db", content), siblings=beside)
    lost = lost_of(android_sms, source, "message")
    assert sorted(row["text"] for row in lost) == [f"rendez-vous {n}" for n in GONE]
    assert [row["at"] for row in lost] == [f"sms {n} (deleted, page 4 as it stands)" for n in GONE]
    assert [row["ref"] for row in lost] == [str(n) for n in GONE]


def test_an_earlier_state_of_a_row_is_not_told_again(tmp_path: Path) -> None:
    path = written(tmp_path / "mmssms.db", MMSSMS, SMS)
    source = changed(
        path,
        "UPDATE sms SET read = 3000000000, thread_id = 100000 WHERE _id % 3 = 0",
        f"DELETE FROM sms WHERE _id IN {GONE}",
    )
    lost = lost_of(android_sms, source, "message")
    assert len(lost) == len({row["text"] for row in lost})
    assert {row["text"] for row in lost} <= {f"rendez-vous {n}" for n in GONE}
    assert source.tally.left[LEFT] > 0


def test_a_multimedia_message_gets_its_words_back(tmp_path: Path) -> None:
    path = written(
        tmp_path / "mmssms.db",
        MMSSMS,
        "INSERT INTO pdu VALUES (:n, 1, :ms / 1000, 1, NULL, 132, 'T' || :n)",
        "INSERT INTO part VALUES (:n, :n, 0, 'text/plain', 'text' || :n, 'regarde ' || :n)",
        "INSERT INTO addr VALUES (:n, :n, '+33612000001', 137)",
    )
    gone = [f"DELETE FROM {t} WHERE {c} IN {GONE}" for t, c in
            (("pdu", "_id"), ("part", "mid"), ("addr", "msg_id"))]  # fmt: skip
    source = changed(path, *gone)
    lost = lost_of(android_sms, source, "message")
    assert len(lost) == 3
    numbered = [row for row in lost if row["ref"]]
    assert all(row["text"] == f"regarde {row['ref']}" for row in numbered)
    words = {row["text"] for row in lost} | {reject.raw for reject in source.tally.rejects}
    assert words - {None} == {f"regarde {n}" for n in GONE}


def test_calls_of_android_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "calllog.db",
        "CREATE TABLE calls (_id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT, date INTEGER,"
        " duration INTEGER, type INTEGER, name TEXT, numbertype INTEGER)",
        "INSERT INTO calls VALUES (:n, '+336120000' || (:n + 10), :ms, :n, 2, NULL, 0)",
    )
    source = changed(path, f"DELETE FROM calls WHERE _id IN {GONE}")
    lost = lost_of(android_calls, source, "call")
    assert {(row["callee"], row["duration_s"]) for row in lost} == {
        (f"+336120000{n + 10}", float(n)) for n in GONE
    }


def test_contacts_of_android_are_found_again_with_their_numbers(tmp_path: Path) -> None:
    path = written(
        tmp_path / "contacts2.db",
        "CREATE TABLE raw_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, account_name TEXT,"
        " deleted INTEGER, display_name TEXT);"
        "CREATE TABLE mimetypes (_id INTEGER PRIMARY KEY, mimetype TEXT);"
        "CREATE TABLE data (_id INTEGER PRIMARY KEY AUTOINCREMENT, mimetype_id INTEGER,"
        " raw_contact_id INTEGER, data1 TEXT, data2 TEXT);"
        "INSERT INTO mimetypes VALUES (1, 'vnd.android.cursor.item/phone_v2');",
        "INSERT INTO raw_contacts VALUES (:n, 'lea@example.org', 0, 'Personne ' || :n)",
        "INSERT INTO data VALUES (:n, 1, :n, '+336120000' || (:n + 10), NULL)",
    )
    source = changed(
        path,
        f"DELETE FROM data WHERE raw_contact_id IN {GONE}",
        f"DELETE FROM raw_contacts WHERE _id IN {GONE}",
    )
    lost = lost_of(android_contacts, source, "contact")
    assert {row["name"] for row in lost} == {f"Personne {n}" for n in GONE}
    numbered = {row["name"]: row["identifiers"] for row in lost if row["ref"]}
    assert all(ids == [f"+336120000{int(name[9:]) + 10}"] for name, ids in numbered.items())
    told = {one for row in lost for one in row["identifiers"] or ()}
    told |= {reject.raw for reject in source.tally.rejects}
    assert told == {f"+336120000{n + 10}" for n in GONE}


def test_a_contact_marked_deleted_gets_its_numbers_back(tmp_path: Path) -> None:
    path = written(
        tmp_path / "contacts2.db",
        "CREATE TABLE raw_contacts (_id INTEGER PRIMARY KEY AUTOINCREMENT, account_name TEXT,"
        " deleted INTEGER, display_name TEXT);"
        "CREATE TABLE mimetypes (_id INTEGER PRIMARY KEY, mimetype TEXT);"
        "CREATE TABLE data (_id INTEGER PRIMARY KEY AUTOINCREMENT, mimetype_id INTEGER,"
        " raw_contact_id INTEGER, data1 TEXT, data2 TEXT);"
        "INSERT INTO mimetypes VALUES (1, 'vnd.android.cursor.item/phone_v2');",
        "INSERT INTO raw_contacts VALUES (:n, 'lea@example.org', 0, 'Personne ' || :n)",
        "INSERT INTO data VALUES (:n, 1, :n, '+336120000' || (:n + 10), NULL)",
    )
    source = changed(
        path,
        "UPDATE raw_contacts SET deleted = 1 WHERE _id = 12",
        "DELETE FROM data WHERE raw_contact_id IN (12, 20)",
    )
    rows = {row["name"]: row["identifiers"] for row in rows_of(android_contacts, source, "contact")}
    assert rows["Personne 12"] == ["+33612000022"]
    assert rows["Personne 20"] is None
    assert source.tally.left[LEFT] >= 1
    assert not source.tally.rejects


def test_messages_of_an_iphone_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "sms.db",
        "CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,"
        " text TEXT, handle_id INTEGER, service TEXT, date INTEGER, is_from_me INTEGER);"
        "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT NOT NULL);"
        "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);"
        "INSERT INTO handle VALUES (1, '+33612000001');",
        "INSERT INTO message VALUES (:n, 'G' || :n, 'rendez-vous ' || :n, 1, 'SMS',"
        " :ms / 1000 - 978307200, 0)",
    )
    source = changed(path, f"DELETE FROM message WHERE ROWID IN {GONE}")
    lost = lost_of(ios_sms, source, "message")
    assert {(row["ref"], row["text"], row["sender_id"]) for row in lost} == {
        (f"G{n}", f"rendez-vous {n}", "+33612000001") for n in GONE
    }


def test_calls_of_an_iphone_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "CallHistory.storedata",
        "CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZORIGINATED INTEGER,"
        " ZDATE TIMESTAMP, ZDURATION FLOAT, ZUNIQUE_ID VARCHAR, ZADDRESS VARCHAR)",
        "INSERT INTO ZCALLRECORD VALUES (:n, 2, 0, :ms / 1000 - 978307200, :n + 0.5,"
        " 'unique-' || :n, '+336120000' || (:n + 10))",
    )
    source = changed(path, f"DELETE FROM ZCALLRECORD WHERE Z_PK IN {GONE}")
    lost = lost_of(ios_calls, source, "call")
    assert {(row["ref"], row["caller"], row["duration_s"]) for row in lost} == {
        (f"unique-{n}", f"+336120000{n + 10}", n + 0.5) for n in GONE
    }


def test_persons_of_an_iphone_are_found_again_with_their_numbers(tmp_path: Path) -> None:
    path = written(
        tmp_path / "AddressBook.sqlitedb",
        "CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT,"
        " Organization TEXT);"
        "CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER,"
        " identifier INTEGER, value TEXT);",
        "INSERT INTO ABPerson VALUES (:n, 'Personne', 'numéro ' || :n, NULL)",
        "INSERT INTO ABMultiValue VALUES (:n, :n, 3, 0, '+336120000' || (:n + 10))",
    )
    source = changed(
        path,
        f"DELETE FROM ABMultiValue WHERE record_id IN {GONE}",
        f"DELETE FROM ABPerson WHERE ROWID IN {GONE}",
    )
    lost = lost_of(ios_contacts, source, "contact")
    assert {row["name"] for row in lost} == {f"Personne numéro {n}" for n in GONE}
    for row in lost:
        if not row["at"].startswith("abperson ?"):
            assert row["identifiers"] == [f"+336120000{int(row['name'][16:]) + 10}"]


def test_messages_calls_and_contacts_of_skype_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "main.db",
        "CREATE TABLE Accounts (id INTEGER PRIMARY KEY, skypename TEXT);"
        "CREATE TABLE Contacts (id INTEGER NOT NULL PRIMARY KEY, skypename TEXT, fullname TEXT,"
        " pstnnumber TEXT);"
        "CREATE TABLE Messages (id INTEGER NOT NULL PRIMARY KEY, timestamp INTEGER, author TEXT,"
        " dialog_partner TEXT, body_xml TEXT, guid BLOB, type INTEGER, edited_timestamp INTEGER);"
        "CREATE TABLE Calls (id INTEGER NOT NULL PRIMARY KEY, begin_timestamp INTEGER,"
        " host_identity TEXT, duration INTEGER, name TEXT, is_incoming INTEGER,"
        " conv_dbid INTEGER);"
        "INSERT INTO Accounts VALUES (1, 'momo.59');",
        "INSERT INTO Contacts VALUES (:n, 'personne.' || :n, 'Personne ' || :n, NULL)",
        "INSERT INTO Messages VALUES (:n, :ms / 1000, 'alice', 'alice', 'salut ' || :n,"
        " CAST('guid' || :n AS BLOB), 61, NULL)",
        "INSERT INTO Calls VALUES (:n, :ms / 1000, 'alice', :n, 'call-' || :n, 1, 1)",
    )
    gone = [
        f"DELETE FROM {table} WHERE id IN {GONE}" for table in ("Contacts", "Messages", "Calls")
    ]
    source = changed(path, *gone)
    said = lost_of(skype, source, "message")
    assert {(row["text"], row["sender_id"]) for row in said} == {
        (f"salut {n}", "alice") for n in GONE
    }
    calls = lost_of(skype, Source(source.member), "call")
    assert {(row["ref"], row["caller"]) for row in calls} == {(f"call-{n}", "alice") for n in GONE}
    contacts = lost_of(skype, Source(source.member), "contact")
    assert {row["name"] for row in contacts} == {f"Personne {n}" for n in GONE}


def test_messages_of_telegram_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "cache4.db",
        "CREATE TABLE messages_v2 (mid INTEGER, uid INTEGER, read_state INTEGER, date INTEGER,"
        " data BLOB, out INTEGER, PRIMARY KEY(mid, uid));"
        "CREATE TABLE media_v4 (mid INTEGER, uid INTEGER, date INTEGER, type INTEGER, data BLOB,"
        " PRIMARY KEY(mid, uid, type));"
        "CREATE TABLE users (uid INTEGER PRIMARY KEY, name TEXT, status INTEGER, data BLOB);"
        "CREATE TABLE dialogs (did INTEGER PRIMARY KEY, date INTEGER);",
    )
    with closing(sqlite3.connect(path)) as db:
        for n in range(1, N + 1):
            text = b"salut %02d" % n  # a message#94345242 without flags but a sender
            data = bytes.fromhex("425234940001000000000000") + n.to_bytes(4, "little")
            peer = bytes.fromhex("22175159") + (1001).to_bytes(8, "little")
            data += peer + peer + (MS // 1000 + n).to_bytes(4, "little")
            data += bytes([len(text)]) + text + bytes(-(len(text) + 1) % 4)
            db.execute(
                "INSERT INTO messages_v2 (rowid, mid, uid, date, data, out)"
                " VALUES (?, ?, 1001, ?, ?, 0)",
                (1000 + n, n, MS // 1000 + n, data),
            )
            if n in GONE:
                db.execute(
                    "INSERT INTO media_v4 VALUES (?, 1001, ?, 0, ?)", (n, MS // 1000 + n, data)
                )
        db.commit()
    source = changed(
        path, f"DELETE FROM messages_v2 WHERE mid IN {GONE}", "DELETE FROM media_v4 WHERE mid < 13"
    )
    rows = {row["text"]: row for row in rows_of(telegram_android, source, "message")}
    assert len(rows) == N
    lost = {text for text, row in rows.items() if row["deleted"]}
    assert lost == {"salut 11", "salut 12"}  # the third is there, among the shared media
    assert {rows[text]["sender_id"] for text in lost} == {"user1001"}


def test_a_message_of_telegram_under_way_is_not_deleted(tmp_path: Path) -> None:
    path = written(
        tmp_path / "cache4.db",
        "CREATE TABLE messages_v2 (mid INTEGER, uid INTEGER, read_state INTEGER, date INTEGER,"
        " data BLOB, out INTEGER, PRIMARY KEY(mid, uid));"
        "CREATE TABLE users (uid INTEGER PRIMARY KEY, name TEXT, status INTEGER, data BLOB);"
        "CREATE TABLE dialogs (did INTEGER PRIMARY KEY, date INTEGER);",
        "INSERT INTO messages_v2 (rowid, mid, uid, date, out)"
        " VALUES (1000 + :n, -:n - 200000, 7000000001, :ms / 1000, 1)",
    )
    source = changed(path, "UPDATE messages_v2 SET mid = -mid + 5000000000 WHERE rowid % 9 = 0")
    assert source.head.sqlite_tables
    rows = list(rows_of(telegram_android, source, "message"))
    assert len(rows) == N
    assert source.tally.left["states of a message before it was sent"] > 0


SIGNAL = """
CREATE TABLE recipient (_id INTEGER PRIMARY KEY, e164 TEXT, aci TEXT, group_id TEXT);
CREATE TABLE thread (_id INTEGER PRIMARY KEY, date INTEGER, recipient_id INTEGER);
CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT, date_sent INTEGER NOT NULL,
    thread_id INTEGER NOT NULL, from_recipient_id INTEGER NOT NULL, type INTEGER NOT NULL,
    body TEXT, expires_in INTEGER, remote_deleted INTEGER DEFAULT 0);
CREATE TABLE call (_id INTEGER PRIMARY KEY, call_id INTEGER, message_id INTEGER, peer INTEGER,
    direction INTEGER, event INTEGER, timestamp INTEGER);
INSERT INTO recipient VALUES (2, '+33612000002', NULL, NULL); INSERT INTO thread VALUES (1, 0, 2);
"""


def test_messages_and_calls_of_signal_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "database.sqlite",
        SIGNAL,
        "INSERT INTO message VALUES (:n, :ms, 1, 2, 10485780, 'salut ' || :n, 0, 0)",
        "INSERT INTO call VALUES (:n, :n + 500000, NULL, 2, 1, 1, :ms)",
    )
    gone = [f"DELETE FROM {table} WHERE _id IN {GONE}" for table in ("message", "call")]
    source = changed(path, *gone)
    lost = lost_of(signal_android, source, "message")
    assert {(row["text"], row["sender_id"]) for row in lost} == {
        (f"salut {n}", "+33612000002") for n in GONE
    }
    calls = lost_of(signal_android, Source(source.member), "call")
    assert {row["started_at"].timestamp() * 1000 for row in calls} == {MS + n * 1000 for n in GONE}


def test_messages_of_signal_on_computers_are_found_again(tmp_path: Path) -> None:
    path = written(
        tmp_path / "db.sqlite",
        "CREATE TABLE messages (rowid INTEGER PRIMARY KEY, id STRING UNIQUE, json TEXT,"
        " sent_at INTEGER, conversationId STRING, type STRING, body TEXT);"
        "CREATE TABLE conversations (id STRING PRIMARY KEY, json TEXT, type STRING, e164 TEXT);"
        "INSERT INTO conversations VALUES ('c-1', '{}', 'private', '+33612000001');",
        """INSERT INTO messages VALUES (:n, 'm-' || :n, '{"id": "m-' || :n || '"}', :ms, 'c-1',"""
        " 'incoming', 'salut ' || :n)",
    )
    source = changed(path, f"DELETE FROM messages WHERE rowid IN {GONE}")
    lost = lost_of(signal_desktop, source, "message")
    assert {(row["ref"], row["text"], row["sender_id"]) for row in lost} == {
        (f"m-{n}", f"salut {n}", "+33612000001") for n in GONE
    }


# The mechanism.


def test_a_record_that_moved_to_another_table_is_not_lost(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, n INTEGER, x TEXT);"
        "CREATE TABLE other (word TEXT, y TEXT);",
        "INSERT INTO t VALUES (:n, 'mot ' || :n, :n, 'x')",
    )
    source = changed(
        path,
        "INSERT INTO other SELECT word, 'y' FROM t WHERE id = 12",
        f"DELETE FROM t WHERE id IN {GONE}",
    )
    with opened(source) as database:
        fields = {"n": "n + 1", "word": "word"}
        pieces = list(database.cells("t", fields, "WHERE n > 11 ORDER BY n", "word", ["other"]))
        again = [p for p in database.cells("t", fields, "", "word", ["other"]) if p.lost]
    assert [piece.lost for piece in pieces] == [False, True]
    assert pieces[1].integers("n").to_pylist() == [14]
    assert pieces[1].texts("word").to_pylist() == ["mot 13"]
    assert again == []  # told once


def test_nothing_of_the_file_changes(tmp_path: Path) -> None:
    path = written(tmp_path / "mmssms.db", MMSSMS, SMS)
    source = changed(path, f"DELETE FROM sms WHERE _id IN {GONE}")
    before = source.path().read_bytes()
    list(rows_of(android_sms, source, "message"))
    assert source.path().read_bytes() == before
    assert source.tally.tables_read == {"sms", "canonical_addresses", "threads"}

"""What is read of Signal's Android database, told by examples; its tables as the app makes them.

``database/`` of https://github.com/signalapp/Signal-Android, in a version of 2024 and one of 2020.
"""

import sqlite3
from base64 import b64encode
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from faisceau.evidence.readers import signal_android
from faisceau.evidence.reading import Source, read_rows
from faisceau.evidence.signal.types import event
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

NEW = """
CREATE TABLE recipient (_id INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER DEFAULT 0, e164 TEXT,
    aci TEXT, pni TEXT, username TEXT, email TEXT, group_id TEXT, system_joined_name TEXT,
    profile_joined_name TEXT, blocked INTEGER DEFAULT 0);
CREATE TABLE groups (_id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, recipient_id INTEGER,
    title TEXT, active INTEGER);
CREATE TABLE group_membership (_id INTEGER PRIMARY KEY, group_id TEXT, recipient_id INTEGER);
CREATE TABLE thread (_id INTEGER PRIMARY KEY, date INTEGER, recipient_id INTEGER, snippet TEXT);
CREATE TABLE message (_id INTEGER PRIMARY KEY AUTOINCREMENT, date_sent INTEGER NOT NULL,
    date_received INTEGER, thread_id INTEGER NOT NULL, from_recipient_id INTEGER NOT NULL,
    to_recipient_id INTEGER NOT NULL, type INTEGER NOT NULL, body TEXT, expires_in INTEGER,
    quote_id INTEGER DEFAULT 0, quote_author INTEGER DEFAULT 0, remote_deleted INTEGER DEFAULT 0,
    latest_revision_id INTEGER, original_message_id INTEGER, revision_number INTEGER);
CREATE TABLE attachment (_id INTEGER PRIMARY KEY, message_id INTEGER, content_type TEXT,
    voice_note INTEGER DEFAULT 0, quote INTEGER DEFAULT 0, data_hash_start TEXT,
    data_hash_end TEXT, file_name TEXT);
CREATE TABLE reaction (_id INTEGER PRIMARY KEY, message_id INTEGER, author_id INTEGER, emoji TEXT,
    date_sent INTEGER, date_received INTEGER);
CREATE TABLE call (_id INTEGER PRIMARY KEY, call_id INTEGER, message_id INTEGER, peer INTEGER,
    type INTEGER, direction INTEGER, event INTEGER, timestamp INTEGER, ringer INTEGER);
CREATE TABLE drafts (_id INTEGER PRIMARY KEY, thread_id INTEGER, type TEXT, value TEXT);
INSERT INTO recipient (_id, e164, aci, group_id, system_joined_name, profile_joined_name) VALUES
    (1, '+33699000001', 'aci-me', NULL, NULL, 'Moi'),
    (2, '+33612000002', 'aci-2', NULL, 'Sacha', 'S.'), (3, NULL, 'aci-3', NULL, NULL, 'Hugo'),
    (4, NULL, NULL, '__signal_group__v2__!ab', NULL, NULL);
INSERT INTO groups (group_id, recipient_id, title) VALUES ('__signal_group__v2__!ab', 4, 'Quai');
INSERT INTO group_membership (group_id, recipient_id) VALUES
    ('__signal_group__v2__!ab', 1), ('__signal_group__v2__!ab', 2), ('__signal_group__v2__!ab', 3);
INSERT INTO thread (_id, recipient_id) VALUES (10, 2), (11, 4);
"""
OLD = """
CREATE TABLE recipient (_id INTEGER PRIMARY KEY, uuid TEXT, phone TEXT, group_id TEXT,
    system_display_name TEXT, signal_profile_name TEXT);
CREATE TABLE groups (_id INTEGER PRIMARY KEY, group_id TEXT, title TEXT, members TEXT);
CREATE TABLE thread (_id INTEGER PRIMARY KEY, recipient_ids TEXT);
CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT, date INTEGER,
    date_sent INTEGER, type INTEGER, body TEXT, expires_in INTEGER, remote_deleted INTEGER);
CREATE TABLE mms (_id INTEGER PRIMARY KEY, thread_id INTEGER, date INTEGER,
    date_received INTEGER, msg_box INTEGER, body TEXT, address TEXT, quote_id INTEGER,
    expires_in INTEGER);
CREATE TABLE part (_id INTEGER PRIMARY KEY, mid INTEGER, ct TEXT, voice_note INTEGER, quote INTEGER,
    unique_id INTEGER, data_hash TEXT);
CREATE TABLE reaction (_id INTEGER PRIMARY KEY, message_id INTEGER, is_mms INTEGER,
    author_id INTEGER, emoji TEXT, date_sent INTEGER, date_received INTEGER);
INSERT INTO recipient VALUES (2, 'aci-2', '+33612000002', NULL, 'Sacha', 'S.'),
    (3, NULL, '+33612000003', NULL, NULL, 'Hugo'), (4, NULL, NULL, '__textsecure_group__!cd', NULL,
    NULL);
INSERT INTO groups VALUES (1, '__textsecure_group__!cd', 'Quai', '2,3');
INSERT INTO thread VALUES (10, '2'), (11, '4');
"""
NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC
AT = datetime(2026, 1, 1, 11, tzinfo=UTC)
SECURE = 0xA00000
RECEIVED, SENT = SECURE | 20, SECURE | 23


def database(
    path: Path,
    script: str = NEW,
    beside: dict[str, bytes] | None = None,
    **tables: list[dict[str, Any]],
) -> Source:
    file = path / "database.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.executescript(script)
        for table, rows in tables.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])
        db.commit()
    siblings = {name: member(name, content) for name, content in (beside or {}).items()}
    return Source(member("database.sqlite", file.read_bytes()), siblings=siblings)


def message(n: int, **values: Any) -> dict[str, Any]:
    """A row of ``message``; without more said, received from Sacha."""
    plain = {"date_sent": NOON, "thread_id": 10, "from_recipient_id": 2, "to_recipient_id": 1}
    return {"_id": n, **plain, "type": RECEIVED, "body": "salut", **values}


def sent(n: int, **values: Any) -> dict[str, Any]:
    return message(n, **{"from_recipient_id": 1, "to_recipient_id": 2, "type": SENT, **values})


def rows_of(source: Source, table: str = "message") -> list[dict[str, Any]]:
    assert signal_android.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(signal_android, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            found += [{**row, "at": at, "why": reason} for row, at, reason in rows]
    return found


def test_who_wrote_to_whom(tmp_path: Path) -> None:
    group = {"thread_id": 11, "body": "rdv"}
    source = database(
        tmp_path,
        message=[message(1), sent(2), message(3, from_recipient_id=3, **group), sent(4, **group)],
    )
    received, out, heard, said = rows_of(source)
    assert (received["sender_id"], received["recipients"]) == ("+33612000002", ["+33699000001"])
    assert (received["account"], received["sender_name"]) == ("+33699000001", "Sacha")
    assert (received["sent_at"], received["thread_name"]) == (AT, "Sacha")
    assert (out["sender_id"], out["recipients"]) == ("+33699000001", ["+33612000002"])
    assert (heard["sender_id"], heard["thread_name"]) == ("aci-3", "Quai")
    assert heard["recipients"] == ["+33699000001", "+33612000002"]
    assert said["recipients"] == ["+33612000002", "aci-3"]
    assert (said["ref"], said["at"], said["thread_id"]) == ("4", "message 4", "11")
    assert not source.tally.unknown


def test_answers_deletions_and_revisions(tmp_path: Path) -> None:
    later = NOON + 60_000
    source = database(
        tmp_path,
        message=[
            message(1),
            sent(2, quote_id=NOON, quote_author=2, date_sent=NOON + 1000),
            message(3, remote_deleted=1, body=None),
            message(4, latest_revision_id=5, body="18h"),
            message(5, original_message_id=4, revision_number=1, body="19h", date_sent=later),
        ],
    )
    _, answer, deleted, first, last = rows_of(source)
    assert answer["reply_to"] == "1"
    assert (deleted["deleted"], deleted["text"]) == (True, None)
    assert (first["text"], first["edited_at"]) == ("18h", None)
    assert (last["text"], last["sent_at"]) == ("19h", AT)
    assert last["edited_at"] == datetime(2026, 1, 1, 11, 1, tzinfo=UTC)


def test_attachments_and_the_rest_of_a_long_text(tmp_path: Path) -> None:
    digest = sha256(b"picture").digest()
    source = database(
        tmp_path,
        beside={"Attachment_4_-1.bin": b"un long texte, en entier"},
        message=[message(1, body=None), message(2, body=None), message(3, body="un long")],
        attachment=[
            {"_id": 1, "message_id": 1, "content_type": "image/jpeg",
             "data_hash_end": b64encode(digest).decode()},
            {"_id": 2, "message_id": 1, "content_type": "image/png"},
            {"_id": 3, "message_id": 2, "content_type": "audio/aac", "voice_note": 1,
             "data_hash_end": "no hash"},
            {"_id": 4, "message_id": 3, "content_type": "text/x-signal-plain"},
        ],
    )  # fmt: skip
    picture, voice, long = rows_of(source)
    assert (picture["kind"], picture["attachment_sha256"]) == ("image", digest.hex())
    assert (voice["kind"], voice["attachment_sha256"]) == ("voice", None)
    assert (long["text"], long["kind"]) == ("un long texte, en entier", "text")
    assert source.tally.left["attachments of a message after its first"] == 1
    assert source.tally.unread == {"message.attachment_sha256": 1}


def test_reactions_answer_the_message(tmp_path: Path) -> None:
    reaction = {"message_id": 1, "author_id": 1, "emoji": "👍", "date_sent": NOON}
    source = database(tmp_path, message=[sent(1)], reaction=[reaction])
    _, row = rows_of(source)
    assert (row["text"], row["reply_to"], row["thread_id"]) == ("👍", "1", "10")
    assert (row["sender_id"], row["recipients"]) == ("+33699000001", ["+33612000002"])
    assert row["at"] == "reaction 1"


def test_calls_come_from_their_table_or_from_the_messages_that_tell_them(tmp_path: Path) -> None:
    call = {"message_id": 2, "peer": 2, "type": 0, "event": 1, "timestamp": NOON}
    source = database(
        tmp_path,
        message=[sent(1), sent(2, type=2, body=None), message(3, type=3, body=None)],
        call=[{"direction": 1, **call}, {**call, "message_id": None, "direction": 0, "event": 3}],
    )
    told, out, missed = rows_of(source, "call")
    assert (out["caller"], out["callee"], out["direction"]) == (
        "+33699000001", "+33612000002", "out",
    )  # fmt: skip
    assert (missed["caller"], missed["direction"]) == ("+33612000002", "missed")
    assert (told["at"], told["caller"], told["direction"]) == (
        "message 3", "+33612000002", "missed",
    )  # fmt: skip
    assert [row["ref"] for row in rows_of(source)] == ["1"]
    assert source.tally.left["messages of calls that table call holds"] == 2  # read twice


def test_events_are_named_and_drafts_rejected(tmp_path: Path) -> None:
    source = database(
        tmp_path,
        message=[
            message(1, type=RECEIVED | 0x10000 | 0x80000, body="CgYKBA=="),
            message(2, type=4, body=None),
            sent(3, type=SECURE | 27),
        ],
        drafts=[{"thread_id": 10, "type": "text", "value": "je pense que"}],
    )
    updated, joined, draft = rows_of(source)
    assert (updated["text"], updated["kind"]) == ("[group updated]", "system")
    assert joined["text"] == "[contact joined Signal]"
    assert draft["why"] == signal_android.DRAFT
    [reject] = source.tally.rejects
    assert (reject.locator, reject.raw) == ("drafts 1", "je pense que")


def test_recipients_are_contacts(tmp_path: Path) -> None:
    source = database(tmp_path, message=[sent(1)])
    contacts = rows_of(source, "contact")
    assert [row["name"] for row in contacts] == ["Moi", "Sacha", "Hugo"]
    assert contacts[1]["identifiers"] == ["+33612000002", "aci-2"]
    assert source.tally.left["recipients that are groups"] == 1


def test_a_database_of_2020_holds_two_tables_of_messages(tmp_path: Path) -> None:
    text = {
        "thread_id": 10,
        "address": "2",
        "date": NOON + 9000,
        "date_sent": NOON,
        "type": RECEIVED,
    }
    source = database(
        tmp_path,
        OLD,
        sms=[{"_id": 1, "body": "salut", **text}, {"_id": 2, "body": "ok", **text, "type": SENT}],
        mms=[
            {"_id": 1, "thread_id": 11, "date": NOON, "msg_box": RECEIVED, "address": "3"},
            {"_id": 2, "thread_id": 10, "date": NOON, "msg_box": SENT, "address": "2"},
        ],
        part=[{"mid": 1, "ct": "video/mp4"}],
        reaction=[{"message_id": 1, "is_mms": 0, "author_id": 2, "emoji": "👍", "date_sent": NOON}],
    )
    video, sent_mms, received, sent_sms, liked = rows_of(source)
    assert (video["kind"], video["ref"], video["sender_id"]) == ("video", "mms/1", "+33612000003")
    assert (video["thread_name"], video["recipients"]) == ("Quai", ["+33612000002"])
    assert (sent_mms["sender_id"], sent_mms["recipients"]) == ("owner", ["+33612000002"])
    assert (received["ref"], received["kind"], received["sent_at"]) == ("sms/1", "text", AT)
    assert (sent_sms["sender_id"], sent_sms["account"]) == ("owner", None)
    assert (liked["reply_to"], liked["thread_id"]) == ("sms/1", "10")


@pytest.mark.parametrize(
    ("kind", "said"),
    [(RECEIVED, None), (SENT, None), (5, "[unsupported message]"), (19, "[event 19]"),
     (RECEIVED | 0x20000 | 0x80000, "[left the group]"), (SENT | 0x40000,
     "[disappearing messages changed]"), (SENT | 0x300000000, "[payment]")],
)  # fmt: skip
def test_what_a_type_means(kind: int, said: str | None) -> None:
    assert event(kind) == said


def test_it_conforms() -> None:
    check_reader(signal_android)

"""What is read of Signal Desktop's database, told by examples; its tables as the app makes them.

``ts/sql/migrations`` of https://github.com/signalapp/Signal-Desktop: a version of 2021, whose
messages stand in JSON, and one of 2025, with columns and tables beside it.
"""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import signal_desktop
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

OLD = """
CREATE TABLE messages (id STRING PRIMARY KEY ASC, json TEXT, unread INTEGER, sent_at INTEGER,
    conversationId STRING, received_at INTEGER, source STRING, type STRING, body TEXT,
    sourceUuid TEXT);
CREATE TABLE conversations (id STRING PRIMARY KEY ASC, json TEXT, active_at INTEGER, type STRING,
    members TEXT, name TEXT, profileName TEXT, e164 TEXT, uuid TEXT, groupId TEXT);
CREATE TABLE items (id STRING PRIMARY KEY ASC, json TEXT);
"""
NEW = """
CREATE TABLE messages (rowid INTEGER PRIMARY KEY ASC, id STRING UNIQUE, json TEXT,
    sent_at INTEGER, conversationId STRING, received_at INTEGER, source STRING, type STRING,
    body TEXT, sourceServiceId TEXT, seenStatus NUMBER DEFAULT 0) STRICT_;
CREATE TABLE conversations (id STRING PRIMARY KEY ASC, json TEXT, active_at INTEGER, type STRING,
    members TEXT, name TEXT, profileName TEXT, profileFullName TEXT, e164 TEXT, serviceId TEXT,
    groupId TEXT);
CREATE TABLE items (id STRING PRIMARY KEY ASC, json TEXT);
CREATE TABLE callsHistory (callId TEXT PRIMARY KEY, peerId TEXT NOT NULL, ringerId TEXT,
    mode TEXT NOT NULL, type TEXT NOT NULL, direction TEXT NOT NULL, status TEXT NOT NULL,
    timestamp INTEGER NOT NULL, startedById TEXT, endedTimestamp INTEGER);
CREATE TABLE message_attachments (messageId TEXT NOT NULL, editHistoryIndex INTEGER NOT NULL,
    attachmentType TEXT NOT NULL, orderInMessage INTEGER NOT NULL, contentType TEXT,
    plaintextHash TEXT, flags INTEGER,
    PRIMARY KEY (messageId, editHistoryIndex, attachmentType, orderInMessage)) WITHOUT ROWID;
""".replace(" STRICT_", "")
NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC
AT = datetime(2026, 1, 1, 11, tzinfo=UTC)
HASH = "ab" * 32


def database(path: Path, script: str = NEW, **tables: list[dict[str, Any]]) -> Source:
    service = "serviceId" if script == NEW else "uuid"
    people: dict[str, list[dict[str, Any]]] = {
        "conversations": [
            {"id": "c-me", "type": "private", "e164": "+33699000001", service: "aci-me",
             "name": "Moi", "json": "{}"},
            {"id": "c-2", "type": "private", "e164": "+33612000002", service: "aci-2",
             "name": "Sacha", "json": "{}"},
            {"id": "c-3", "type": "private", service: "aci-3", "profileName": "Hugo",
             "json": '{"username": "hugo.42"}'},
            {"id": "c-g", "type": "group", "groupId": "R1==", "name": "Quai", "json": "{}",
             "members": "aci-me aci-2 aci-3"},
        ],
        "items": [
            {"id": "number_id", "json": '{"id": "number_id", "value": "+33699000001.2"}'},
            {"id": "uuid_id", "json": '{"id": "uuid_id", "value": "aci-me.2"}'},
        ],
    }  # fmt: skip
    file = path / "db.sqlite"
    with closing(sqlite3.connect(file)) as db:
        db.executescript(script)
        for table, rows in (people | tables).items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])
        db.commit()
    return Source(member("db.sqlite", file.read_bytes()))


def message(key: str, said: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """A row of ``messages`` of 2025; without more said, received from Sacha."""
    plain = {"sent_at": NOON, "conversationId": "c-2", "type": "incoming", "body": "salut",
        "sourceServiceId": "aci-2"}  # fmt: skip
    return {"id": key, "json": json.dumps(said or {}), **plain, **values}


def sent(key: str, said: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    return message(key, said, **{"type": "outgoing", "sourceServiceId": None, **values})


def rows_of(source: Source, table: str = "message") -> list[dict[str, Any]]:
    assert signal_desktop.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(signal_desktop, source):
        assert isinstance(batch, Batch)
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), strict=True)
        if batch.schema.name == table:
            found += [{**row, "at": at} for row, at in rows]
    return found


def test_who_wrote_to_whom(tmp_path: Path) -> None:
    group: dict[str, Any] = {"conversationId": "c-g"}
    source = database(
        tmp_path,
        messages=[
            message("m1"),
            sent("m2", {"quote": {"id": NOON}}, sent_at=NOON + 1000),
            message("m3", sourceServiceId="aci-3", **group),
            sent("m4", **group),
        ],
    )
    received, out, heard, said = rows_of(source)
    assert (received["sender_id"], received["recipients"]) == ("+33612000002", ["+33699000001"])
    assert (received["sender_name"], received["thread_name"]) == ("Sacha", "Sacha")
    assert (received["sent_at"], received["account"]) == (AT, "+33699000001")
    assert (received["ref"], received["at"]) == ("m1", "messages 1")
    assert (out["sender_id"], out["recipients"]) == ("+33699000001", ["+33612000002"])
    assert out["reply_to"] == "m1"  # the first that was sent at that time
    assert (heard["sender_id"], heard["sender_name"]) == ("aci-3", "Hugo")
    assert heard["recipients"] == ["+33699000001", "+33612000002"]
    assert (said["thread_name"], said["recipients"]) == ("Quai", ["+33612000002", "aci-3"])
    assert not source.tally.unknown


def test_edits_reactions_deletions_and_events(tmp_path: Path) -> None:
    said = {
        "editMessageTimestamp": NOON + 60_000,
        "editHistory": [
            {"body": "19h", "timestamp": NOON + 60_000},
            {"body": "18h", "timestamp": NOON},
        ],
        "reactions": [{"emoji": "👍", "fromId": "c-2", "timestamp": NOON + 5000}],
    }
    source = database(
        tmp_path,
        messages=[
            sent("m1", said, body="19h"),
            message("m2", {"deletedForEveryone": True}, body=None),
            message("m3", type="timer-notification", body=None),
        ],
    )
    last, first, liked, deleted, timer = rows_of(source)
    assert (last["text"], last["sent_at"]) == ("19h", AT)
    assert last["edited_at"] == datetime(2026, 1, 1, 11, 1, tzinfo=UTC)
    assert (first["text"], first["edited_at"], first["ref"]) == ("18h", None, "m1/edit 1")
    assert (liked["text"], liked["reply_to"], liked["sender_id"]) == ("👍", "m1", "+33612000002")
    assert (deleted["deleted"], deleted["text"]) == (True, None)
    assert (timer["text"], timer["kind"]) == ("[timer notification]", "system")


def test_attachments_of_the_json_and_of_their_table(tmp_path: Path) -> None:
    files = [{"contentType": "image/jpeg", "plaintextHash": HASH}, {"contentType": "image/png"}]
    contact = {"name": {"givenName": "Léa"}, "number": [{"value": "+33612000009"}]}
    source = database(
        tmp_path,
        messages=[
            message("m1", {"attachments": files}, body=None),
            message("m2", body=None),
            message("m3", {"contact": [contact]}, body=None),
        ],
        message_attachments=[
            {"messageId": "m2", "editHistoryIndex": -1, "attachmentType": "attachment",
             "orderInMessage": 0, "contentType": "audio/aac", "plaintextHash": HASH, "flags": 1},
            {"messageId": "m2", "editHistoryIndex": -1, "attachmentType": "preview",
             "orderInMessage": 0, "contentType": "image/jpeg"},
        ],
    )  # fmt: skip
    picture, voice, card = rows_of(source)
    assert (picture["kind"], picture["attachment_sha256"]) == ("image", HASH)
    assert (voice["kind"], voice["attachment_sha256"]) == ("voice", HASH)
    assert card["text"] == "Léa +33612000009"
    assert source.tally.left["attachments of a message after its first"] == 1


def test_calls_of_their_table(tmp_path: Path) -> None:
    call = {"peerId": "aci-2", "mode": "Direct", "type": "Audio", "timestamp": NOON}
    ended = {"status": "Accepted", "endedTimestamp": NOON + 42_000}
    source = database(
        tmp_path,
        messages=[message("m1", {"callId": "1"}, type="call-history", body=None)],
        callsHistory=[
            {"callId": "1", "direction": "Outgoing", **call, **ended},
            {"callId": "2", "direction": "Incoming", "status": "Missed", **call},
            {"callId": "3", "direction": "Incoming", "status": "Accepted", **call,
             "peerId": "R1==", "ringerId": "aci-3", "mode": "Group"},
        ],
    )  # fmt: skip
    out, missed, group = rows_of(source, "call")
    assert (out["caller"], out["callee"]) == ("+33699000001", "+33612000002")
    assert (out["direction"], out["duration_s"]) == ("out", 42.0)
    assert (missed["direction"], missed["duration_s"]) == ("missed", None)
    assert group["caller"] == "aci-3"
    assert source.tally.left["messages of calls that callsHistory holds"] == 1


def test_a_database_of_2021_keeps_everything_in_json(tmp_path: Path) -> None:
    def old(key: str, said: dict[str, Any], **values: Any) -> dict[str, Any]:
        whole = {"id": key, "conversationId": "c-2", "sent_at": NOON, **said}
        return {"id": key, "json": json.dumps(whole), "conversationId": "c-2", **values}

    details = {"wasIncoming": True, "acceptedTime": NOON, "endedTime": NOON + 3000}
    source = database(
        tmp_path,
        OLD,
        messages=[
            old("m1", {"type": "incoming", "body": "salut", "sourceUuid": "ACI-2"}),
            old("m2", {"type": "outgoing", "body": "ok"}, sent_at=NOON),
            old("m3", {"type": "call-history", "callHistoryDetails": details}),
        ],
    )
    received, out = rows_of(source)
    assert (received["text"], received["sender_id"]) == ("salut", "+33612000002")
    assert received["sent_at"] == AT
    assert (out["sender_id"], out["recipients"]) == ("+33699000001", ["+33612000002"])
    [call] = rows_of(source, "call")
    assert (call["caller"], call["duration_s"], call["direction"]) == ("+33612000002", 3.0, "in")


def test_conversations_are_contacts(tmp_path: Path) -> None:
    source = database(tmp_path, messages=[sent("m1")])
    contacts = {row["name"]: row["identifiers"] for row in rows_of(source, "contact")}
    assert contacts["Sacha"] == ["+33612000002", "aci-2"]
    assert contacts["Hugo"] == ["aci-3", "hugo.42"]
    assert source.tally.left["conversations that are groups"] == 1


def test_json_that_is_none_keeps_its_row(tmp_path: Path) -> None:
    source = database(tmp_path, messages=[message("m1", json="{broken")])
    [row] = rows_of(source)
    assert (row["text"], row["sender_id"]) == ("salut", "+33612000002")
    assert source.tally.unread == {"message.json": 1}


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=5,
)
FIELDS = (
    "body", "sent_at", "attachments", "quote", "editHistory", "reactions", "contact", "poll",
    "sticker", "type", "conversationId", "callHistoryDetails", "source", "editMessageTimestamp",
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ANY))
def test_whatever_stands_in_the_json_a_row_is_a_row(
    tmp_path_factory: pytest.TempPathFactory, said: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any")
    source = database(path, messages=[message("m1", said, body=None, sent_at=None)])
    assert len(rows_of(source)) >= 1


def test_it_conforms() -> None:
    check_reader(signal_desktop)

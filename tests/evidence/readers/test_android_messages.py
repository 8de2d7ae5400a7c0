"""What is read of Google Messages' ``bugle_db``, told by examples; its tables as AOSP makes them.

``DatabaseHelper`` of https://android.googlesource.com/platform/packages/apps/Messaging.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faisceau.evidence.readers import android_messages
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

SCHEMA = """
CREATE TABLE conversations(_id INTEGER PRIMARY KEY AUTOINCREMENT, sms_thread_id INT DEFAULT(0),
    name TEXT, latest_message_id INT, snippet_text TEXT);
CREATE TABLE messages (_id INTEGER PRIMARY KEY AUTOINCREMENT, conversation_id INT, sender_id INT,
    sent_timestamp INT DEFAULT(0), received_timestamp INT DEFAULT(0),
    message_protocol INT DEFAULT(0), message_status INT DEFAULT(0), seen INT DEFAULT(0),
    read INT DEFAULT(0), mms_subject TEXT, self_id INT);
CREATE TABLE parts(_id INTEGER PRIMARY KEY AUTOINCREMENT, message_id INT, text TEXT, uri TEXT,
    content_type TEXT, width INT, height INT, timestamp INT,
    conversation_id INT NOT NULL DEFAULT 0);
CREATE TABLE participants(_id INTEGER PRIMARY KEY AUTOINCREMENT, sub_id INT DEFAULT(-2),
    normalized_destination TEXT, send_destination TEXT, display_destination TEXT, full_name TEXT,
    first_name TEXT, contact_id INT DEFAULT(-1));
CREATE TABLE conversation_participants(_id INTEGER PRIMARY KEY AUTOINCREMENT, conversation_id INT,
    participant_id INT);
INSERT INTO participants (_id, sub_id, normalized_destination, full_name) VALUES
    (1, 1, NULL, NULL), (2, -2, '+33612000002', 'Sacha'), (3, -2, '+33612000003', NULL);
INSERT INTO conversations (_id, name) VALUES (10, 'Sacha'), (11, 'Sacha, 06 12 00 00 03');
INSERT INTO conversation_participants (conversation_id, participant_id) VALUES
    (10, 2), (11, 2), (11, 3);
"""
NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC


def database(path: Path, script: str = "", **tables: list[dict[str, Any]]) -> Source:
    with closing(sqlite3.connect(path / "bugle_db")) as db:
        db.executescript(SCHEMA + script)
        for table, rows in tables.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])
        db.commit()
    return Source(member("bugle_db", (path / "bugle_db").read_bytes()))


def message(n: int, **values: Any) -> dict[str, Any]:
    """A row of ``messages``; without more said, received from Sacha."""
    plain = {"conversation_id": 10, "sender_id": 2, "received_timestamp": NOON}
    return {"_id": n, **plain, "message_status": 100, **values}


def part(n: int, words: str | None, kind: str = "text/plain") -> dict[str, Any]:
    return {"message_id": n, "text": words, "content_type": kind}


def rows_of(source: Source, table: str = "message") -> list[dict[str, Any]]:
    assert android_messages.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(android_messages, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            found += [{**row, "at": at, "why": reason} for row, at, reason in rows]
    return found


def test_who_wrote_to_whom_and_by_what(tmp_path: Path) -> None:
    source = database(
        tmp_path,
        messages=[
            message(1),
            message(2, sender_id=1, message_status=1, message_protocol=3),
            message(3, conversation_id=11, sender_id=3, message_protocol=1),
        ],
        parts=[part(1, "salut"), part(2, "ok"), part(3, "regarde"), part(3, None, "image/jpeg"),
            part(3, None, "video/mp4")],
    )  # fmt: skip
    received, sent, group = rows_of(source)
    assert (received["text"], received["app"]) == ("salut", "sms")
    assert (received["sender_id"], received["recipients"]) == ("+33612000002", ["owner"])
    assert (received["sender_name"], received["thread_name"]) == ("Sacha", "Sacha")
    assert received["sent_at"] == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert (sent["sender_id"], sent["recipients"], sent["app"]) == (
        "owner", ["+33612000002"], "rcs",
    )  # fmt: skip
    assert (group["sender_id"], group["kind"]) == ("+33612000003", "image")
    assert group["recipients"] == ["+33612000002", "owner"]
    assert source.tally.left["attachments of a message after its first"] == 1
    assert not source.tally.unknown


def test_the_holders_own_number_is_the_account(tmp_path: Path) -> None:
    script = "UPDATE participants SET normalized_destination = '+33699000001' WHERE _id = 1;"
    source = database(tmp_path, script, messages=[message(1, sender_id=1, message_status=2)])
    [row] = rows_of(source)
    assert (row["sender_id"], row["account"]) == ("+33699000001", "+33699000001")


def test_drafts_are_rejected_and_events_are_of_nobody(tmp_path: Path) -> None:
    source = database(
        tmp_path,
        messages=[message(1, sender_id=1, message_status=3), message(2, message_status=210)],
        parts=[part(1, "je pense que"), part(9, "perdu")],
    )
    draft, event = rows_of(source)
    assert (draft["why"], draft["text"]) == (android_messages.DRAFT, "je pense que")
    assert (event["text"], event["kind"], event["recipients"]) == ("[event 210]", "system", None)
    [lost] = source.tally.rejects
    assert (lost.locator, lost.raw) == ("parts of message 9", "perdu")


def test_participants_are_contacts_but_for_the_holder(tmp_path: Path) -> None:
    source = database(tmp_path, messages=[message(1)])
    contacts = rows_of(source, "contact")
    assert [row["identifiers"] for row in contacts] == [["+33612000002"], ["+33612000003"]]


def test_it_conforms() -> None:
    check_reader(android_messages)

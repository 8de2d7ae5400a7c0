"""The demo's WhatsApp for Android database: ``msgstore.db`` in its newer schema.

The tables and columns that matter of ``message``, ``chat`` and ``jid``, as databases of the app
hold them; WhatsApp publishes no description (see the reader).
"""

import sqlite3
from base64 import b64encode
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from faisceau.demo.people import HOLDER, PEOPLE
from faisceau.demo.script import Conversation, Line, conversations, picture

_SCHEMA = """
CREATE TABLE props (_id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, value TEXT);
CREATE TABLE jid (
  _id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT NOT NULL, server TEXT NOT NULL,
  agent INTEGER, device INTEGER, type INTEGER, raw_string TEXT);
CREATE UNIQUE INDEX jid_raw_string_index ON jid (raw_string);
CREATE TABLE chat (
  _id INTEGER PRIMARY KEY AUTOINCREMENT, jid_row_id INTEGER UNIQUE, hidden INTEGER, subject TEXT,
  created_timestamp INTEGER, last_message_row_id INTEGER, archived INTEGER,
  sort_timestamp INTEGER);
CREATE TABLE message (
  _id INTEGER PRIMARY KEY AUTOINCREMENT, chat_row_id INTEGER NOT NULL, from_me INTEGER NOT NULL,
  key_id TEXT NOT NULL, sender_jid_row_id INTEGER, status INTEGER, broadcast INTEGER,
  recipient_count INTEGER, participant_hash TEXT, origination_flags INTEGER, origin INTEGER,
  timestamp INTEGER, received_timestamp INTEGER, receipt_server_timestamp INTEGER,
  message_type INTEGER, text_data TEXT, starred INTEGER, lookup_tables INTEGER,
  message_add_on_flags INTEGER, view_mode INTEGER, sort_id INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX message_key_index
  ON message (chat_row_id, from_me, key_id, sender_jid_row_id);
CREATE TABLE message_system (message_row_id INTEGER PRIMARY KEY, action_type INTEGER NOT NULL);
CREATE TABLE message_media (
  message_row_id INTEGER PRIMARY KEY, chat_row_id INTEGER, file_path TEXT, file_size INTEGER,
  mime_type TEXT, file_length INTEGER, media_name TEXT, file_hash TEXT, media_caption TEXT);
CREATE TABLE group_participant_user (
  _id INTEGER PRIMARY KEY AUTOINCREMENT, group_jid_row_id INTEGER NOT NULL,
  user_jid_row_id INTEGER NOT NULL, rank INTEGER, pending INTEGER);
CREATE TABLE call_log (
  _id INTEGER PRIMARY KEY AUTOINCREMENT, jid_row_id INTEGER, from_me INTEGER, call_id TEXT,
  transaction_id INTEGER, timestamp INTEGER, video_call INTEGER, duration INTEGER,
  call_result INTEGER, bytes_transferred INTEGER, group_jid_row_id INTEGER NOT NULL DEFAULT 0);
"""
_TEXT, _IMAGE, _NOTICE = 0, 1, 7
_ENCRYPTED, _GROUP_MADE = 67, 11
_RECEIVED, _READ, _SYSTEM = 0, 13, 6
_ANSWERED, _MISSED = 5, 2
_CALLED = {"mathis": 9, "lorenzo": 5, "sacha": 4, "maman": 6, "hugo": 2}


def write(path: Path) -> None:
    """Write the database to ``path``, which does not exist."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(_SCHEMA)
        db.execute("INSERT INTO props (key, value) VALUES ('main_key_store_ready', '2')")
        # The app's own placeholder row, which every real database begins with.
        db.execute(
            "INSERT INTO message (_id, chat_row_id, from_me, key_id, status, timestamp,"
            " message_type, sort_id) VALUES (1, -1, 0, '-1', -1, 0, -1, 1)"
        )
        rows = {key: _jid(db, person.jid, 0) for key, person in PEOPLE.items() if person.number}
        chats = conversations("whatsapp")
        numbered = [(_chat(db, chat, rows), chat) for chat in chats]
        lines = [(line, number, chat) for number, chat in numbered for line in _all(chat)]
        for line, number, chat in sorted(lines, key=lambda found: found[0].at):
            sent_by = rows[line.sender] if chat.kind == "group" and line.sender in rows else 0
            _message(db, number, chat, line, sent_by)
        db.execute(
            "UPDATE chat SET last_message_row_id ="
            " (SELECT max(_id) FROM message WHERE chat_row_id = chat._id)"
        )
        _calls(db, rows)


def _jid(db: sqlite3.Connection, raw: str, kind: int) -> int:
    user, server = raw.split("@")
    cursor = db.execute(
        "INSERT INTO jid (user, server, agent, device, type, raw_string) VALUES (?, ?, 0, 0, ?, ?)",
        (user, server, kind, raw),
    )
    return int(cursor.lastrowid or 0)


def _chat(db: sqlite3.Connection, chat: Conversation, rows: dict[str, int]) -> int:
    group = chat.kind == "group"
    jid = _jid(db, f"{_digits(chat.name)}@g.us", 1) if group else rows[chat.who]
    cursor = db.execute(
        "INSERT INTO chat (jid_row_id, hidden, subject, created_timestamp, archived,"
        " sort_timestamp) VALUES (?, 0, ?, ?, 0, ?)",
        (jid, chat.name if group else None, _ms(chat.lines[0]), _ms(chat.lines[-1])),
    )
    for member in (HOLDER, *chat.members) if group else ():
        db.execute(
            "INSERT INTO group_participant_user (group_jid_row_id, user_jid_row_id, rank, pending)"
            " VALUES (?, ?, ?, 0)",
            (jid, rows[member], 2 if member == HOLDER else 0),
        )
    return int(cursor.lastrowid or 0)


def _all(chat: Conversation) -> list[Line]:
    """The lines with the notice that opens a conversation in the app."""
    return [Line(chat.lines[0].at - timedelta(seconds=1), "notice", ""), *chat.lines]


def _message(
    db: sqlite3.Connection, number: int, chat: Conversation, line: Line, sent_by: int
) -> None:
    notice, mine, at = line.sender == "notice", line.sender == "", _ms(line)
    row = int(db.execute("SELECT max(_id) + 1 FROM message").fetchone()[0])
    key = sha256(f"{number} {row}".encode()).hexdigest()[:20].upper()
    kind = _NOTICE if notice else _IMAGE if line.picture else _TEXT
    status = _SYSTEM if notice else _READ if mine else _RECEIVED
    words = None if notice or line.picture else line.text
    db.execute(
        "INSERT INTO message (_id, chat_row_id, from_me, key_id, sender_jid_row_id, status,"
        " broadcast, recipient_count, origination_flags, origin, timestamp, received_timestamp,"
        " receipt_server_timestamp, message_type, text_data, starred, lookup_tables,"
        " message_add_on_flags, view_mode, sort_id)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, 0, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)",
        (row, number, int(mine or notice), key, sent_by, status, len(chat.members) * mine, at,
         at + 400, at + 300 if mine else -1, kind, words, row),
    )  # fmt: skip
    if notice:
        action = _GROUP_MADE if chat.kind == "group" else _ENCRYPTED
        db.execute("INSERT INTO message_system VALUES (?, ?)", (row, action))
    elif line.picture:
        content = picture()
        name = f"IMG-{line.at:%Y%m%d}-WA0003.jpg"
        db.execute(
            "INSERT INTO message_media VALUES (?, ?, ?, ?, 'image/jpeg', ?, ?, ?, ?)",
            (row, number, f"Media/WhatsApp Images/Sent/{name}", len(content), len(content), name,
             b64encode(sha256(content).digest()).decode(), line.text),
        )  # fmt: skip


def _calls(db: sqlite3.Connection, rows: dict[str, int]) -> None:
    chance = Random("calls")
    first = conversations("whatsapp")[0].lines[0].at
    made = []
    for key, times in _CALLED.items():
        for _ in range(times):
            at = first + timedelta(minutes=chance.randint(0, 25 * 24 * 60))
            missed = chance.random() < 0.25
            seconds = 0 if missed else chance.randint(8, 240)
            made.append((at, key, chance.randint(0, 1), seconds, _MISSED if missed else _ANSWERED))
    for number, (at, key, mine, seconds, result) in enumerate(sorted(made), 1):
        db.execute(
            "INSERT INTO call_log (jid_row_id, from_me, call_id, transaction_id, timestamp,"
            " video_call, duration, call_result, bytes_transferred)"
            " VALUES (?, ?, ?, -1, ?, 0, ?, ?, ?)",
            (rows[key], mine, f"call:{sha256(str(number).encode()).hexdigest()[:32].upper()}",
             int(at.timestamp() * 1000), seconds, result, seconds * 4000),
        )  # fmt: skip


def _digits(name: str) -> int:
    return 120363000000000000 + int.from_bytes(sha256(name.encode()).digest()[:6], "big") % 10**12


def _ms(line: Line) -> int:
    return int(line.at.timestamp() * 1000)

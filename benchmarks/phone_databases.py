"""Databases of phones, written from the published schemas for ``phones.py``, and their peers.

Only the columns that matter; where each schema is published stands in the reader's docstring.
"""

import json
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.phone_talk import PEOPLE, ms, number, texts

APPLE = datetime(2001, 1, 1, tzinfo=UTC)
"""Where Apple's seconds begin."""


def filled(path: Path, script: str, insert: str, rows: Iterator[tuple[object, ...]]) -> None:
    """A SQLite database: its schema, then rows."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
        db.executemany(insert, rows)
        db.commit()


def more(path: Path, insert: str, rows: Iterator[tuple[object, ...]]) -> None:
    """Further rows of a database."""
    with closing(sqlite3.connect(path)) as db:
        db.executemany(insert, rows)
        db.commit()


def fetched(query: str) -> Callable[[Path], int]:
    """A peer that fetches every row of a query."""

    def read(path: Path) -> int:
        with closing(sqlite3.connect(path)) as db:
            return len(db.execute(query).fetchall())

    return read


def msgstore(path: Path, n: int) -> None:
    """WhatsApp for Android, the newer schema."""
    script = (
        "CREATE TABLE jid (_id INTEGER PRIMARY KEY, raw_string TEXT);"
        "CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);"
        "CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,"
        " key_id TEXT, sender_jid_row_id INTEGER, timestamp INTEGER, message_type INTEGER,"
        " text_data TEXT);"
    ) + "".join(
        f"INSERT INTO jid VALUES ({p + 1}, '3363998{p:04}@s.whatsapp.net');"
        f"INSERT INTO chat VALUES ({p + 1}, {p + 1}, NULL);"
        for p in range(PEOPLE)
    )
    rows = ((p + 1, k & 1, f"{k:032X}", ms(at), text) for k, p, at, text in texts(n))
    filled(
        path,
        script,
        "INSERT INTO message (chat_row_id, from_me, key_id, sender_jid_row_id, timestamp,"
        " message_type, text_data) VALUES (?, ?, ?, 0, ?, 0, ?)",
        iter(rows),
    )


def mmssms(path: Path, n: int) -> None:
    """Text messages of Android."""
    script = (
        "CREATE TABLE canonical_addresses (_id INTEGER PRIMARY KEY, address TEXT);"
        "CREATE TABLE threads (_id INTEGER PRIMARY KEY, date INTEGER, recipient_ids TEXT);"
        "CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT,"
        " date INTEGER, date_sent INTEGER, protocol INTEGER, read INTEGER, status INTEGER,"
        " type INTEGER, subject TEXT, body TEXT, service_center TEXT);"
        "CREATE TABLE pdu (_id INTEGER PRIMARY KEY, thread_id INTEGER, date INTEGER,"
        " msg_box INTEGER, m_id TEXT, sub TEXT, m_type INTEGER);"
        "CREATE TABLE part (_id INTEGER PRIMARY KEY, mid INTEGER, seq INTEGER, ct TEXT,"
        " _data TEXT, text TEXT);"
        "CREATE TABLE addr (_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);"
    ) + "".join(
        f"INSERT INTO canonical_addresses VALUES ({p + 1}, '{number(p)}');"
        f"INSERT INTO threads VALUES ({p + 1}, 0, '{p + 1}');"
        for p in range(PEOPLE)
    )
    rows = ((p + 1, number(p), ms(at), 1 + (k & 1), text) for k, p, at, text in texts(n))
    filled(
        path,
        script,
        "INSERT INTO sms (thread_id, address, date, type, body) VALUES (?, ?, ?, ?, ?)",
        iter(rows),
    )


def sms_db(path: Path, n: int) -> None:
    """Messages of an iPhone."""
    script = (
        "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT,"
        " handle_id INTEGER, attributedBody BLOB, service TEXT, account TEXT, date INTEGER,"
        " is_from_me INTEGER);"
        "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT, service TEXT);"
        "CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT);"
        "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER,"
        " PRIMARY KEY (chat_id, message_id));"
        "CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);"
        "CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, filename TEXT);"
        "CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);"
    ) + "".join(
        f"INSERT INTO handle VALUES ({p + 1}, '{number(p)}', 'iMessage');"
        f"INSERT INTO chat VALUES ({p + 1}, 'iMessage;-;{number(p)}', '{number(p)}');"
        f"INSERT INTO chat_handle_join VALUES ({p + 1}, {p + 1});"
        for p in range(PEOPLE)
    )
    rows = (
        (f"G{k}", text, p + 1, int((at - APPLE).total_seconds()) * 10**9, k & 1)
        for k, p, at, text in texts(n)
    )
    filled(
        path,
        script,
        "INSERT INTO message (guid, text, handle_id, service, date, is_from_me)"
        " VALUES (?, ?, ?, 'iMessage', ?, ?)",
        iter(rows),
    )
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO chat_message_join SELECT handle_id, ROWID FROM message")
        db.commit()


def bugle(path: Path, n: int) -> None:
    """Google Messages."""
    script = (
        "CREATE TABLE conversations (_id INTEGER PRIMARY KEY, sms_thread_id INT, name TEXT);"
        "CREATE TABLE messages (_id INTEGER PRIMARY KEY, conversation_id INT, sender_id INT,"
        " sent_timestamp INT, received_timestamp INT, message_protocol INT, message_status INT,"
        " mms_subject TEXT, self_id INT);"
        "CREATE TABLE parts (_id INTEGER PRIMARY KEY, message_id INT, text TEXT, uri TEXT,"
        " content_type TEXT);"
        "CREATE TABLE participants (_id INTEGER PRIMARY KEY, sub_id INT DEFAULT(-2),"
        " normalized_destination TEXT, send_destination TEXT, full_name TEXT);"
        "CREATE TABLE conversation_participants (_id INTEGER PRIMARY KEY, conversation_id INT,"
        " participant_id INT);"
        "INSERT INTO participants (_id, sub_id) VALUES (9999, 1);"
    ) + "".join(
        f"INSERT INTO participants (_id, normalized_destination) VALUES ({p + 1}, '{number(p)}');"
        f"INSERT INTO conversations VALUES ({p + 1}, 0, 'Personne {p}');"
        f"INSERT INTO conversation_participants VALUES ({p + 1}, {p + 1}, {p + 1});"
        for p in range(PEOPLE)
    )
    rows = ((k + 1, p + 1, p + 1, ms(at)) for k, p, at, _ in texts(n))
    filled(
        path,
        script,
        "INSERT INTO messages (_id, conversation_id, sender_id, received_timestamp,"
        " message_protocol, message_status) VALUES (?, ?, ?, ?, 0, 100)",
        rows,
    )
    more(
        path,
        "INSERT INTO parts (message_id, text, content_type) VALUES (?, ?, 'text/plain')",
        ((k + 1, text) for k, _, _, text in texts(n)),
    )


def calllog(path: Path, n: int) -> None:
    """Android's call log."""
    filled(
        path,
        "CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, presentation INTEGER DEFAULT 1,"
        " date INTEGER, duration INTEGER, type INTEGER, features INTEGER DEFAULT 0,"
        " phone_account_address TEXT, name TEXT, numbertype INTEGER);",
        "INSERT INTO calls (number, date, duration, type) VALUES (?, ?, ?, ?)",
        ((number(p), ms(at), k % 300, 1 + k % 3) for k, p, at, _ in texts(n)),
    )


def contacts2(path: Path, n: int) -> None:
    """Android's address book."""
    filled(
        path,
        "CREATE TABLE accounts (_id INTEGER PRIMARY KEY, account_name TEXT, account_type TEXT);"
        "CREATE TABLE raw_contacts (_id INTEGER PRIMARY KEY, account_id INTEGER,"
        " deleted INTEGER DEFAULT 0, contact_id INTEGER, display_name TEXT);"
        "CREATE TABLE mimetypes (_id INTEGER PRIMARY KEY, mimetype TEXT NOT NULL);"
        "CREATE TABLE data (_id INTEGER PRIMARY KEY, mimetype_id INTEGER, raw_contact_id INTEGER,"
        " data1 TEXT, data2 TEXT, data3 TEXT, data4 TEXT);"
        "INSERT INTO accounts VALUES (1, 'lea@example.org', 'com.google');"
        "INSERT INTO mimetypes VALUES (2, 'vnd.android.cursor.item/phone_v2');",
        "INSERT INTO raw_contacts (_id, account_id, display_name) VALUES (?, 1, ?)",
        ((k + 1, f"Personne {k}") for k in range(n)),
    )
    more(
        path,
        "INSERT INTO data (mimetype_id, raw_contact_id, data1) VALUES (2, ?, ?)",
        ((k + 1, f"+336{k:08}") for k in range(n)),
    )


def call_history(path: Path, n: int) -> None:
    """Calls of an iPhone."""
    filled(
        path,
        "CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,"
        " ZANSWERED INTEGER, ZCALLTYPE INTEGER, ZORIGINATED INTEGER, ZDATE TIMESTAMP,"
        " ZDURATION FLOAT, ZNAME VARCHAR, ZUNIQUE_ID VARCHAR UNIQUE, ZADDRESS BLOB);",
        "INSERT INTO ZCALLRECORD (ZANSWERED, ZORIGINATED, ZDATE, ZDURATION, ZUNIQUE_ID, ZADDRESS)"
        " VALUES (1, ?, ?, ?, ?, ?)",
        (
            (k & 1, (at - APPLE).total_seconds(), k % 300 + 0.5, f"U{k}", number(p).encode())
            for k, p, at, _ in texts(n)
        ),
    )


def address_book(path: Path, n: int) -> None:
    """The address book of an iPhone."""
    filled(
        path,
        "CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY, First TEXT, Last TEXT, Middle TEXT,"
        " Organization TEXT, Nickname TEXT, Prefix TEXT, Suffix TEXT);"
        "CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER,"
        " identifier INTEGER, label INTEGER, value TEXT);"
        "CREATE TABLE ABMultiValueEntry (parent_id INTEGER, key INTEGER, value TEXT);"
        "CREATE TABLE ABMultiValueEntryKey (value TEXT);"
        "CREATE TABLE ABMultiValueLabel (value TEXT);",
        "INSERT INTO ABPerson (ROWID, First, Last) VALUES (?, 'Personne', ?)",
        ((k + 1, str(k)) for k in range(n)),
    )
    more(
        path,
        "INSERT INTO ABMultiValue (record_id, property, value) VALUES (?, 3, ?)",
        ((k + 1, f"+336{k:08}") for k in range(n)),
    )


def signal_android(path: Path, n: int) -> None:
    """Signal for Android, the newer schema."""
    script = (
        "CREATE TABLE recipient (_id INTEGER PRIMARY KEY, type INTEGER DEFAULT 0, e164 TEXT,"
        " aci TEXT, username TEXT, email TEXT, group_id TEXT, system_joined_name TEXT,"
        " profile_joined_name TEXT);"
        "CREATE TABLE groups (_id INTEGER PRIMARY KEY, group_id TEXT, recipient_id INTEGER,"
        " title TEXT);"
        "CREATE TABLE group_membership (_id INTEGER PRIMARY KEY, group_id TEXT,"
        " recipient_id INTEGER);"
        "CREATE TABLE thread (_id INTEGER PRIMARY KEY, date INTEGER, recipient_id INTEGER);"
        "CREATE TABLE message (_id INTEGER PRIMARY KEY, date_sent INTEGER, date_received INTEGER,"
        " thread_id INTEGER, from_recipient_id INTEGER, to_recipient_id INTEGER, type INTEGER,"
        " body TEXT, expires_in INTEGER, quote_id INTEGER DEFAULT 0,"
        " remote_deleted INTEGER DEFAULT 0,"
        " latest_revision_id INTEGER, original_message_id INTEGER, revision_number INTEGER);"
        "CREATE TABLE attachment (_id INTEGER PRIMARY KEY, message_id INTEGER, content_type TEXT,"
        " voice_note INTEGER, quote INTEGER, data_hash_end TEXT, file_name TEXT);"
        "CREATE TABLE reaction (_id INTEGER PRIMARY KEY, message_id INTEGER, author_id INTEGER,"
        " emoji TEXT, date_sent INTEGER);"
        "CREATE TABLE call (_id INTEGER PRIMARY KEY, call_id INTEGER, message_id INTEGER,"
        " peer INTEGER, type INTEGER, direction INTEGER, event INTEGER, timestamp INTEGER);"
        "INSERT INTO recipient (_id, e164) VALUES (9999, '+33699000001');"
    ) + "".join(
        f"INSERT INTO recipient (_id, e164, aci) VALUES ({p + 1}, '{number(p)}', 'aci-{p}');"
        f"INSERT INTO thread VALUES ({p + 1}, 0, {p + 1});"
        for p in range(PEOPLE)
    )
    filled(
        path,
        script,
        "INSERT INTO message (date_sent, thread_id, from_recipient_id, to_recipient_id, type, body)"
        " VALUES (?, ?, ?, 9999, 10485780, ?)",  # secure, received
        ((ms(at), p + 1, p + 1, text) for _, p, at, text in texts(n)),
    )


def signal_desktop(path: Path, n: int) -> None:
    """Signal Desktop, as of 2021: messages in JSON."""
    script = (
        "CREATE TABLE messages (id STRING PRIMARY KEY, json TEXT, sent_at INTEGER,"
        " conversationId STRING, received_at INTEGER, source STRING, type STRING, body TEXT,"
        " sourceUuid TEXT);"
        "CREATE TABLE conversations (id STRING PRIMARY KEY, json TEXT, active_at INTEGER,"
        " type STRING, members TEXT, name TEXT, profileName TEXT, e164 TEXT, uuid TEXT,"
        " groupId TEXT);"
        "CREATE TABLE items (id STRING PRIMARY KEY, json TEXT);"
    ) + "".join(
        "INSERT INTO conversations (id, json, type, e164, uuid) VALUES"
        f" ('c-{p}', '{{}}', 'private', '{number(p)}', 'aci-{p}');"
        for p in range(PEOPLE)
    )
    filled(
        path,
        script,
        "INSERT INTO messages (id, json, sent_at, conversationId, source, type, body)"
        " VALUES (?, ?, ?, ?, ?, 'incoming', ?)",
        (
            (
                f"m{k}",
                json.dumps({"id": f"m{k}", "body": text, "sent_at": ms(at), "type": "incoming"}),
                *(ms(at), f"c-{p}", number(p), text),
            )
            for k, p, at, text in texts(n)
        ),
    )


def skype(path: Path, n: int) -> None:
    """Skype 7."""
    script = (
        "CREATE TABLE Accounts (id INTEGER PRIMARY KEY, skypename TEXT, fullname TEXT);"
        "CREATE TABLE Contacts (id INTEGER PRIMARY KEY, skypename TEXT, fullname TEXT);"
        "CREATE TABLE Conversations (id INTEGER PRIMARY KEY, identity TEXT, type INTEGER,"
        " displayname TEXT);"
        "CREATE TABLE Participants (id INTEGER PRIMARY KEY, convo_id INTEGER, identity TEXT);"
        "CREATE TABLE Messages (id INTEGER PRIMARY KEY, chatname TEXT, timestamp INTEGER,"
        " author TEXT, from_dispname TEXT, identities TEXT, body_xml TEXT, edited_by TEXT,"
        " edited_timestamp INTEGER, guid BLOB, convo_id INTEGER, type INTEGER);"
        "INSERT INTO Accounts VALUES (1, 'momo.59', 'M.');"
    ) + "".join(
        f"INSERT INTO Conversations VALUES ({p + 1}, 'p{p}', 1, 'Personne {p}');"
        f"INSERT INTO Participants (convo_id, identity) VALUES ({p + 1}, 'p{p}'),"
        f" ({p + 1}, 'momo.59');"
        for p in range(PEOPLE)
    )
    filled(
        path,
        script,
        "INSERT INTO Messages (timestamp, author, from_dispname, body_xml, convo_id, type)"
        " VALUES (?, ?, ?, ?, ?, 61)",
        ((ms(at) // 1000, f"p{p}", f"Personne {p}", text, p + 1) for _, p, at, text in texts(n)),
    )


def wa_contacts(path: Path, n: int) -> None:
    """WhatsApp's address book on Android."""
    filled(
        path,
        "CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY, jid TEXT NOT NULL,"
        " is_whatsapp_user BOOLEAN, number TEXT, display_name TEXT, given_name TEXT,"
        " family_name TEXT, wa_name TEXT, sort_name TEXT, nickname TEXT, company TEXT);",
        "INSERT INTO wa_contacts (jid, is_whatsapp_user, number, display_name, wa_name)"
        " VALUES (?, 1, ?, ?, ?)",
        ((f"336{k:08}@s.whatsapp.net", f"+336{k:08}", f"Personne {k}", f"p{k}") for k in range(n)),
    )


def chat_storage(path: Path, n: int) -> None:
    """WhatsApp for iOS."""
    script = (
        "CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZSESSIONTYPE INTEGER,"
        " ZREMOVED INTEGER, ZGROUPINFO INTEGER, ZCONTACTJID VARCHAR, ZPARTNERNAME VARCHAR);"
        "CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, ZISACTIVE INTEGER,"
        " ZCHATSESSION INTEGER, ZMEMBERJID VARCHAR, ZCONTACTNAME VARCHAR);"
        "CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZFLAGS INTEGER,"
        " ZGROUPEVENTTYPE INTEGER, ZISFROMME INTEGER, ZMESSAGETYPE INTEGER, ZCHATSESSION INTEGER,"
        " ZGROUPMEMBER INTEGER, ZMEDIAITEM INTEGER, ZMESSAGEINFO INTEGER, ZMESSAGEDATE TIMESTAMP,"
        " ZSENTDATE TIMESTAMP, ZFROMJID VARCHAR, ZPUSHNAME VARCHAR, ZSTANZAID VARCHAR,"
        " ZTEXT VARCHAR, ZTOJID VARCHAR);"
        "CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZMESSAGE INTEGER, ZLATITUDE FLOAT,"
        " ZLONGITUDE FLOAT, ZMEDIALOCALPATH VARCHAR, ZTITLE VARCHAR, ZMETADATA BLOB);"
    ) + "".join(
        f"INSERT INTO ZWACHATSESSION VALUES ({p + 1}, 0, 0, NULL, '3363998{p:04}@s.whatsapp.net',"
        f" 'Personne {p}');"
        for p in range(PEOPLE)
    )
    filled(
        path,
        script,
        "INSERT INTO ZWAMESSAGE (ZISFROMME, ZMESSAGETYPE, ZCHATSESSION, ZMESSAGEDATE, ZFROMJID,"
        " ZSTANZAID, ZTEXT) VALUES (0, 0, ?, ?, ?, ?, ?)",
        (
            (p + 1, (at - APPLE).total_seconds(), f"3363998{p:04}@s.whatsapp.net", f"K{k}", text)
            for k, p, at, text in texts(n)
        ),
    )


TL_BEGIN = bytes.fromhex("425234948081000000000000")
TL_PEER = bytes.fromhex("22175159")
TL_END = bytes.fromhex("15c4b51c01000000c90b61bd0000000005000000ec535669")
"""A ``message`` of layer 181: constructor and flags, a user, then bold words and an edit."""


def tl_message(ref: int, person: int, seconds: int, text: str) -> bytes:
    """A message as the published schema serialises it (strings under 254 bytes)."""
    said = text.encode()
    said = bytes([len(said)]) + said
    said += bytes(-len(said) % 4)
    peer = TL_PEER + struct.pack("<q", person)
    return TL_BEGIN + struct.pack("<i", ref) + peer * 2 + struct.pack("<i", seconds) + said + TL_END


def cache4(path: Path, n: int) -> None:
    """Telegram for Android: messages serialised as of layer 181."""
    rows = ((k, 1001 + p, ms(at) // 1000, text) for k, p, at, text in texts(n))
    filled(
        path,
        "CREATE TABLE messages_v2 (mid INTEGER, uid INTEGER, read_state INTEGER,"
        " send_state INTEGER, date INTEGER, data BLOB, out INTEGER, ttl INTEGER, media INTEGER,"
        " replydata BLOB, imp INTEGER, mention INTEGER, PRIMARY KEY(mid, uid));"
        "CREATE TABLE users (uid INTEGER PRIMARY KEY, name TEXT, status INTEGER, data BLOB);"
        "CREATE TABLE chats (uid INTEGER PRIMARY KEY, name TEXT, data BLOB);"
        "CREATE TABLE enc_chats (uid INTEGER PRIMARY KEY, user INTEGER, name TEXT, data BLOB);"
        "CREATE TABLE dialogs (did INTEGER PRIMARY KEY, date INTEGER);",
        "INSERT INTO messages_v2 (mid, uid, date, out, data) VALUES (?, ?, ?, 0, ?)",
        ((k + 1, uid, at, tl_message(k + 1, uid, at, text)) for k, uid, at, text in rows),
    )


MSGSTORE = (
    "SELECT m._id, j.raw_string, from_me, key_id, timestamp, message_type, text_data FROM message m"
    " JOIN chat c ON c._id = chat_row_id JOIN jid j ON j._id = c.jid_row_id"
)
SMS_DB = (
    "SELECT m.ROWID, guid, text, m.service, date, is_from_me, h.id, j.chat_id FROM message m"
    " LEFT JOIN handle h ON h.ROWID = handle_id"
    " LEFT JOIN chat_message_join j ON j.message_id = m.ROWID"
)
BUGLE = (
    "SELECT m._id, conversation_id, received_timestamp, message_status, text, content_type,"
    " normalized_destination FROM messages m JOIN parts ON message_id = m._id"
    " JOIN participants p ON p._id = sender_id"
)
CONTACTS2 = (
    "SELECT r._id, display_name, account_name, mimetype_id, data1 FROM raw_contacts r"
    " JOIN accounts a ON a._id = account_id JOIN data d ON raw_contact_id = r._id"
)
ADDRESS_BOOK = "SELECT p.*, property, value FROM ABPerson p JOIN ABMultiValue ON record_id = ROWID"
SIGNAL = (
    "SELECT m.*, e164, aci FROM message m JOIN recipient r ON r._id = from_recipient_id"
    " JOIN thread t ON t._id = thread_id"
)
SIGNAL_DESKTOP = (
    "SELECT m.*, e164, uuid FROM messages m JOIN conversations c ON c.id = conversationId"
)
SKYPE = "SELECT m.*, identity FROM Messages m JOIN Conversations c ON c.id = convo_id"
CHAT_STORAGE = (
    "SELECT m.*, ZCONTACTJID, ZPARTNERNAME FROM ZWAMESSAGE m"
    " JOIN ZWACHATSESSION s ON s.Z_PK = ZCHATSESSION"
)

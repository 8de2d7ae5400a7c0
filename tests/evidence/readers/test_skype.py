"""What Skype's ``main.db`` says, by databases made from the published schema."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.databases import NO_TIME
from faisceau.evidence.readers import skype
from faisceau.evidence.reading import OWNER, Head, Member, Source, read_rows
from faisceau.evidence.skype.body import Body, read_body
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

NOON = 1_400_000_000  # 2014-05-13T16:53:20Z

VERSION_7 = """
CREATE TABLE Accounts (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, status INTEGER,
    liveid_membername TEXT, signin_name TEXT, skypename TEXT, fullname TEXT, emails TEXT,
    phone_mobile TEXT, skypein_numbers TEXT);
CREATE TABLE Contacts (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, type INTEGER,
    skypename TEXT, pstnnumber TEXT, fullname TEXT, birthday INTEGER, phone_home TEXT,
    phone_office TEXT, phone_mobile TEXT, emails TEXT, displayname TEXT, given_displayname TEXT,
    assigned_phone1 TEXT);
CREATE TABLE Conversations (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, identity TEXT,
    type INTEGER, given_displayname TEXT, displayname TEXT, meta_topic TEXT);
CREATE TABLE Participants (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER,
    convo_id INTEGER, identity TEXT, rank INTEGER);
CREATE TABLE Messages (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, chatname TEXT,
    timestamp INTEGER, author TEXT, from_dispname TEXT, chatmsg_type INTEGER, identities TEXT,
    leavereason INTEGER, body_xml TEXT, chatmsg_status INTEGER, edited_by TEXT,
    edited_timestamp INTEGER, dialog_partner TEXT, guid BLOB, convo_id INTEGER, type INTEGER,
    sending_status INTEGER);
CREATE TABLE Transfers (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, type INTEGER,
    partner_handle TEXT, partner_dispname TEXT, status INTEGER, starttime INTEGER,
    finishtime INTEGER, filepath TEXT, filename TEXT, filesize TEXT, chatmsg_guid BLOB,
    chatmsg_index INTEGER, convo_id INTEGER);
CREATE TABLE Calls (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER,
    begin_timestamp INTEGER, topic TEXT, host_identity TEXT, duration INTEGER, name TEXT,
    is_incoming INTEGER, conv_dbid INTEGER);
CREATE TABLE CallMembers (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, identity TEXT,
    dispname TEXT, call_duration INTEGER, guid TEXT, call_db_id INTEGER);
CREATE TABLE SMSes (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, type INTEGER,
    status INTEGER, target_numbers TEXT, body TEXT, timestamp INTEGER, reply_to_number TEXT,
    chatmsg_id INTEGER);
CREATE TABLE Voicemails (id INTEGER NOT NULL PRIMARY KEY, is_permanent INTEGER, type INTEGER,
    partner_handle TEXT, partner_dispname TEXT, timestamp INTEGER, duration INTEGER,
    convo_id INTEGER, chatmsg_guid BLOB, path TEXT);
CREATE TABLE Alerts (id INTEGER NOT NULL PRIMARY KEY, message_content TEXT);
INSERT INTO Accounts (id, skypename, liveid_membername, fullname, emails, phone_mobile)
    VALUES (1, 'momo.59', 'momo@example.org', 'Mohamed T.', 'momo@example.org m@example.org',
    '+33698000000');
INSERT INTO Conversations VALUES (1, 1, 'alice', 1, NULL, 'Alice D.', NULL),
    (2, 1, '19:abc@thread.skype', 2, NULL, 'alice, bob', 'Les quais');
INSERT INTO Participants VALUES (1, 1, 1, 'momo.59', 1), (2, 1, 1, 'alice', 1),
    (3, 1, 2, 'momo.59', 1), (4, 1, 2, '8:alice', 1), (5, 1, 2, 'bob', 1);
"""
VERSION_3 = """
CREATE TABLE Contacts (id INTEGER NOT NULL PRIMARY KEY, skypename TEXT, fullname TEXT);
CREATE TABLE Chats (id INTEGER NOT NULL PRIMARY KEY, name TEXT, topic TEXT, friendlyname TEXT,
    participants TEXT, dialog_partner TEXT);
CREATE TABLE Messages (id INTEGER NOT NULL PRIMARY KEY, chatname TEXT, timestamp INTEGER,
    author TEXT, from_dispname TEXT, chatmsg_type INTEGER, identities TEXT, body_xml TEXT);
INSERT INTO Chats VALUES (1, '#momo.59/$alice;77', NULL, 'Alice D.', 'alice momo.59', 'alice');
"""

Database = Callable[..., Path]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    def make(schema: str, **tables: list[dict[str, Any]]) -> Path:
        path = tmp_path / "main.db"
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(schema)
            for table, rows in tables.items():
                for row in rows:
                    names, marks = ", ".join(row), ", ".join("?" * len(row))
                    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
                    db.execute(sql, tuple(row.values()))
            db.commit()
        return path

    return make


def message(n: int = 1, **values: Any) -> dict[str, Any]:
    """Received from Alice, without more said."""
    plain = {"id": n, "timestamp": NOON, "author": "alice", "from_dispname": "Alice D."}
    return {**plain, "body_xml": "salut", "type": 61, "convo_id": 1, **values}


def source_of(path: Path, owner: str | None = None) -> Source:
    member = Member(
        path.name,
        path.stat().st_size,
        lambda: path.open("rb"),
        lambda: path,
        lambda: sha256(path.read_bytes()).hexdigest(),
    )
    return Source(member, owner=owner)


def rows_of(source: Source, table: str = "message") -> Iterator[dict[str, Any]]:
    """The rows of a table, with ``at``: where each stands, and ``why`` it is rejected."""
    for batch, _ in read_rows(skype, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 100_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            yield from ({**row, "at": at, "why": reason} for row, at, reason in rows)


def one(path: Path, table: str = "message") -> dict[str, Any]:
    [row] = rows_of(source_of(path), table)
    return row


# Messages.


def test_a_message_is_between_the_account_and_its_partner(database: Database) -> None:
    path = database(
        VERSION_7,
        Messages=[message(1, guid=b"\xab\xcd"), message(2, author="momo.59", body_xml="oui")],
    )
    received, sent = rows_of(source_of(path))
    assert (received["sender_id"], received["sender_name"]) == ("alice", "Alice D.")
    assert received["recipients"] == ["momo.59"]
    assert received["sent_at"] == datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)
    assert (received["thread_id"], received["thread_name"]) == ("alice", "Alice D.")
    assert (received["app"], received["account"], received["ref"]) == ("skype", "momo.59", "abcd")
    assert (sent["sender_id"], sent["recipients"]) == ("momo.59", ["alice"])
    assert sent["at"] == "messages 2"


def test_in_a_group_everyone_else_is_a_recipient_with_or_without_prefix(
    database: Database,
) -> None:
    row = one(database(VERSION_7, Messages=[message(author="8:alice", convo_id=2)]))
    assert (row["thread_id"], row["thread_name"]) == ("19:abc@thread.skype", "Les quais")
    assert (row["sender_id"], row["recipients"]) == ("alice", ["momo.59", "bob"])


def test_an_old_version_has_chats_and_no_account(database: Database) -> None:
    chat = {"chatname": "#momo.59/$alice;77", "timestamp": NOON, "chatmsg_type": 3}
    path = database(
        VERSION_3,
        Messages=[
            {"id": 1, **chat, "author": "alice", "body_xml": "salut"},
            {"id": 2, **chat, "author": "alice", "chatmsg_type": 5, "body_xml": "Quais"},
        ],
    )
    words, topic = rows_of(source_of(path, owner="momo.59"))
    assert (words["thread_id"], words["thread_name"]) == ("#momo.59/$alice;77", "Alice D.")
    assert words["recipients"] == ["momo.59"]
    assert (topic["text"], topic["kind"]) == ("[subject changed] Quais", "system")
    [unknown, _] = rows_of(source_of(path))
    assert unknown["recipients"] == ["momo.59", OWNER]


def test_an_edited_message_says_when_and_a_removed_one_is_deleted(database: Database) -> None:
    edits = {"edited_by": "alice", "edited_timestamp": NOON + 60}
    path = database(VERSION_7, Messages=[message(1, **edits), message(2, body_xml="", **edits)])
    edited, removed = rows_of(source_of(path))
    assert edited["edited_at"] == datetime(2014, 5, 13, 16, 54, 20, tzinfo=UTC)
    assert (edited["deleted"], removed["deleted"]) == (False, True)
    assert removed["text"] is None


def test_a_message_without_a_time_is_rejected(database: Database) -> None:
    assert one(database(VERSION_7, Messages=[message(timestamp=0)]))["why"] == NO_TIME


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("system", {"type": 10, "identities": "bob carol"}, "[participant added] bob carol salut"),
        ("system", {"type": 13, "body_xml": None}, "[participant left]"),
        ("text", {"type": 50, "identities": "momo.59"}, "[contact request] momo.59 salut"),
        ("text", {"type": 60, "body_xml": "danse"}, "danse"),
        ("voice", {"type": 67, "body_xml": None}, None),
        (
            "system",
            {
                "type": 39,
                "body_xml": '<partlist alt=""><part identity="alice"><name>A</name>'
                "<duration>73</duration></part></partlist>",
            },
            "[call ended] alice 73 s",
        ),
        (
            "image",
            {"type": 201, "body_xml": '<URIObject type="Picture.1"><OriginalName v="a.jpg"/>'
             "</URIObject>"},
            "a.jpg",
        ),
        ("file", {"type": 68, "body_xml": "<files><file size='1'>plan.pdf</file></files>"},
         "plan.pdf"),
    ],
)  # fmt: skip
def test_types_of_message(
    database: Database, kind: str, values: dict[str, Any], text: str | None
) -> None:
    row = one(database(VERSION_7, Messages=[message(**values)]))
    assert (row["kind"], row["text"]) == (kind, text)
    assert (row["recipients"] is None) == (kind == "system")


def test_an_unknown_type_is_a_text_and_counted(database: Database) -> None:
    source = source_of(database(VERSION_7, Messages=[message(type=4711)]))
    [row] = rows_of(source)
    assert (row["kind"], row["text"]) == ("text", "salut")
    assert source.tally.unknown == {"Messages of type 4711": 1}


# Bodies.


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("rdv 18h &amp; pas avant &lt;3", "rdv 18h & pas avant <3"),
        ('ok <ss type="smile">:)</ss>', "ok :)"),
        ('<a href="http://example.org/">http://example.org</a>', "http://example.org"),
        ('<a href="http://example.org/x">ici</a>', "ici (http://example.org/x)"),
        ('<b raw_pre="*" raw_post="*">non</b> et <at id="8:bob">Bob</at>', "non et Bob"),
        ('quai 15<e_m ts="1400000000" a="alice" t="61"/>', "quai 15"),
        (
            '<quote author="bob" authorname="Bob" timestamp="1">quai 12</quote>non',
            "Bob: quai 12\n\n<<< non",
        ),
        (
            "<quote author='bob'><legacyquote>[12:00] Bob: </legacyquote>quai 12"
            "<legacyquote>\n\n&lt;&lt;&lt; </legacyquote></quote>non",
            "[12:00] Bob: quai 12\n\n<<< non",
        ),
        (
            '<contacts alt="x"><c t="s" s="bob" f="Bob B."/><c t="p" p="+33612"/></contacts>',
            "Bob B. (bob)\n+33612",
        ),
        (
            '<sms alt="x"><body><chunk id="1">jour</chunk><chunk id="0">bon</chunk></body></sms>',
            "bonjour",
        ),
        (
            "<pictureupdate><eventtime>14</eventtime><value>URL@x</value></pictureupdate>",
            "14 URL@x",
        ),
        ("un <3 deux <b>trois</b> &eacute;", "un <3 deux trois é"),
    ],
)
def test_bodies_are_made_plain(body: str, text: str) -> None:
    assert read_body(body).text == text


def test_a_place_has_degrees_and_a_quotation_names_its_message() -> None:
    place = read_body('<location latitude="50629250" longitude="3057256">Lille</location>')
    assert place == Body("Lille", "location", None, 50.62925, 3.057256)
    assert read_body('<location latitude="999000000" longitude="1">x</location>').latitude is None
    assert read_body('<quote author="bob" guid="xABCD">a</quote>').reply_to == "abcd"


@given(st.text())
def test_plain_words_survive_whatever_they_are(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = read_body(escaped).text
    if words.isprintable():
        assert shown == words.strip()


def test_an_entity_bomb_is_text() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>&a;'
    assert read_body(bomb).text == bomb


# Files, voices, text messages.


def test_transfers_and_voice_messages_answer_what_announces_them(database: Database) -> None:
    file = {"partner_handle": "alice", "partner_dispname": "Alice D.", "filename": "plan.pdf"}
    path = database(
        VERSION_7,
        Messages=[message(1, type=68, guid=b"\x01")],
        Transfers=[
            {"id": 1, **file, "type": 1, "status": 8, "starttime": NOON, "chatmsg_guid": b"\x01",
             "filepath": "C:\\plan.pdf", "convo_id": 1},
            {"id": 2, **file, "type": 2, "status": 9, "starttime": 0, "finishtime": NOON},
            {"id": 3, **file, "type": 2, "status": 7},
        ],
        Voicemails=[{"id": 1, "type": 1, "partner_handle": "bob", "timestamp": NOON,
                     "duration": 12}],
    )  # fmt: skip
    _, came, went, timeless, voice = rows_of(source_of(path))
    assert came["text"] == "[file transfer: completed] plan.pdf\nC:\\plan.pdf"
    assert (came["kind"], came["reply_to"], came["sender_id"]) == ("file", "01", "alice")
    assert came["recipients"] == ["momo.59"]
    assert (went["sender_id"], went["recipients"], went["why"]) == ("momo.59", ["alice"], None)
    assert timeless["why"] == NO_TIME
    assert (voice["kind"], voice["text"]) == ("voice", "[voice message: 12 s]")


def test_a_text_message_stands_once(database: Database) -> None:
    sms = {"target_numbers": "+33612000001, +33612000002", "timestamp": NOON, "body": "rdv"}
    path = database(
        VERSION_7,
        Messages=[message(7, type=64, author="momo.59", body_xml="rdv")],
        SMSes=[
            {"id": 1, **sms, "type": 1, "chatmsg_id": 7},
            {"id": 2, **sms, "type": 1},
            {"id": 3, "target_numbers": "+33612000001", "timestamp": NOON, "type": 2},
        ],
    )
    source = source_of(path)
    told, alone, came = rows_of(source)
    assert told["recipients"] == alone["recipients"] == ["+33612000001", "+33612000002"]
    assert (alone["text"], alone["sender_id"]) == ("rdv", "momo.59")
    assert (came["sender_id"], came["recipients"]) == ("+33612000001", ["momo.59"])
    assert source.tally.left["text messages that Messages holds too"] == 1


# Calls, contacts, the account.


def test_calls_are_one_row_for_each_person_called(database: Database) -> None:
    call = {"begin_timestamp": NOON, "conv_dbid": 1, "host_identity": "momo.59"}
    path = database(
        VERSION_7,
        Calls=[
            {"id": 1, **call, "is_incoming": 0, "duration": 73, "name": "1-2"},
            {"id": 2, **call, "is_incoming": 1, "host_identity": "alice", "duration": 5},
            {"id": 3, **call, "is_incoming": 1, "host_identity": "alice"},
            {"id": 4, **call, "is_incoming": 0, "conv_dbid": 2},
            {"id": 5, **call, "is_incoming": 0, "conv_dbid": None},
        ],
        CallMembers=[
            {"id": 1, "identity": "alice", "call_duration": 70, "call_db_id": 1},
            {"id": 2, "identity": "+33612000001", "call_db_id": 1},
            {"id": 3, "identity": "alice", "call_db_id": 2},
            {"id": 4, "identity": "bob", "call_db_id": 99},
        ],
    )
    source = source_of(path)
    calls = list(rows_of(source, "call"))
    legs = [(c["caller"], c["callee"], c["duration_s"], c["direction"]) for c in calls]
    assert legs == [
        ("momo.59", "alice", 70, "out"),
        ("momo.59", "+33612000001", 73, "out"),
        ("alice", "momo.59", 5, "in"),
        ("alice", "momo.59", None, "missed"),
        ("momo.59", "19:abc@thread.skype", None, "out"),
        ("momo.59", None, None, "out"),
    ]
    assert calls[0]["started_at"] == datetime(2014, 5, 13, 16, 53, 20, tzinfo=UTC)
    assert (calls[0]["ref"], calls[1]["at"]) == ("1-2", "calls 1")
    assert source.tally.left["members of calls that are gone"] == 1


def test_contacts_have_their_skype_name_numbers_and_addresses(database: Database) -> None:
    path = database(
        VERSION_7,
        Contacts=[
            {"id": 1, "skypename": "alice", "displayname": "Alice", "given_displayname": "Lili",
             "phone_mobile": "+33612000001", "assigned_phone1": "+33612000001",
             "emails": "a@example.org b@example.org"},
            {"id": 2, "pstnnumber": "+33612000002", "fullname": "Bob"},
            {"id": 3},
        ],
    )  # fmt: skip
    lili, bob, nobody = rows_of(source_of(path), "contact")
    assert (lili["name"], lili["account"]) == ("Lili", "momo.59")
    assert lili["identifiers"] == ["alice", "+33612000001", "a@example.org", "b@example.org"]
    assert (bob["name"], bob["identifiers"]) == ("Bob", ["+33612000002"])
    assert (nobody["name"], nobody["identifiers"]) == (None, None)


def test_the_account_is_what_the_device_was_signed_in_with(database: Database) -> None:
    row = one(database(VERSION_7), "handset")
    assert row["apps"] == ["Skype"]
    assert row["accounts"] == ["momo.59", "momo@example.org", "+33698000000", "m@example.org"]


# Nothing is lost.


def test_a_case_takes_every_row(desk: Desk, database: Database) -> None:
    path = database(
        VERSION_7 + "INSERT INTO Alerts VALUES (1, 'x');",
        Messages=[message(n) for n in range(1, 30)] + [message(30, timestamp=None)],
        Contacts=[{"id": 1, "skypename": "alice"}, {"id": 2}],
        Transfers=[{"id": 1, "starttime": NOON, "partner_handle": "alice"}],
        Calls=[{"id": 1, "is_incoming": 0}],
    )
    exhibit = desk.add(path).exhibit
    assert exhibit is not None
    assert exhibit.reader == "skype"
    assert exhibit.tables == {
        "message": {"rows": 30, "rejected": 1},
        "contact": {"rows": 2, "rejected": 0},
        "call": {"rows": 0, "rejected": 1},
        "handset": {"rows": 1, "rejected": 0},
    }
    assert exhibit.left["table alerts"] == 1
    assert exhibit.left["conversations without a message"] == 1


def test_unknown_columns_are_counted(database: Database) -> None:
    more = "ALTER TABLE Messages ADD COLUMN brand_new TEXT;"
    source = source_of(database(VERSION_7 + more, Messages=[message()]))
    assert len(list(rows_of(source))) == 1
    assert source.tally.unknown == {"messages.brand_new": 1}


def test_another_database_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "main.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE messages (id INTEGER, body TEXT)")
    assert not skype.detect(Head.of(source_of(path).member))
    with pytest.raises(BadInput, match="no Skype database"):
        list(rows_of(source_of(path)))


def test_it_conforms() -> None:
    check_reader(skype)

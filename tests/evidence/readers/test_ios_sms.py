"""What an iPhone's ``sms.db`` says, by databases made from the published schemas."""

import plistlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typedstream import unarchive_from_data

from faisceau.errors import BadInput
from faisceau.evidence.databases import NO_TIME, OUTSIDE
from faisceau.evidence.iphone.attributed_text import attributed_words
from faisceau.evidence.readers import ios_sms
from faisceau.evidence.reading import OWNER, Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

ALICE, BOB, ME = "+33612000001", "bob@example.org", "+33698000000"
NOON = 700_000_000  # 2023-03-08T20:26:40Z in Apple's seconds
NANO = 1_000_000_000

IOS_6 = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    text TEXT, replace INTEGER DEFAULT 0, service_center TEXT, handle_id INTEGER DEFAULT 0,
    subject TEXT, country TEXT, attributedBody BLOB, version INTEGER DEFAULT 0, type INTEGER
    DEFAULT 0, service TEXT, account TEXT, account_guid TEXT, error INTEGER DEFAULT 0, date INTEGER,
    date_read INTEGER, date_delivered INTEGER, is_from_me INTEGER DEFAULT 0,
    cache_has_attachments INTEGER DEFAULT 0, cache_roomnames TEXT);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    style INTEGER, state INTEGER, account_id TEXT, properties BLOB, chat_identifier TEXT,
    service_name TEXT, room_name TEXT, account_login TEXT, is_archived INTEGER DEFAULT 0,
    last_addressed_handle TEXT);
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL,
    created_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT, transfer_name TEXT,
    total_bytes INTEGER DEFAULT 0);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, id TEXT NOT NULL,
    country TEXT, service TEXT NOT NULL, uncanonicalized_id TEXT, UNIQUE (id, service));
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER,
    UNIQUE(message_id, attachment_id));
CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER, UNIQUE(chat_id, handle_id));
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER,
    PRIMARY KEY (chat_id, message_id));
INSERT INTO handle (ROWID, id, service) VALUES (1, '+33612000001', 'iMessage'),
    (2, 'bob@example.org', 'iMessage');
INSERT INTO chat (ROWID, guid, style, chat_identifier, service_name, account_login) VALUES
    (1, 'iMessage;-;+33612000001', 45, '+33612000001', 'iMessage', 'P:+33698000000'),
    (2, 'iMessage;+;chat77', 43, 'chat77', 'iMessage', 'E:');
INSERT INTO chat_handle_join VALUES (1, 1), (2, 1), (2, 2);
"""
IOS_17 = (
    IOS_6
    + """
ALTER TABLE message ADD COLUMN is_audio_message INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN item_type INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN other_handle INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN group_title TEXT;
ALTER TABLE message ADD COLUMN group_action_type INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN share_status INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN associated_message_guid TEXT;
ALTER TABLE message ADD COLUMN associated_message_type INTEGER DEFAULT 0;
ALTER TABLE message ADD COLUMN balloon_bundle_id TEXT;
ALTER TABLE message ADD COLUMN destination_caller_id TEXT;
ALTER TABLE message ADD COLUMN message_summary_info BLOB;
ALTER TABLE message ADD COLUMN reply_to_guid TEXT;
ALTER TABLE message ADD COLUMN thread_originator_guid TEXT;
ALTER TABLE message ADD COLUMN date_retracted INTEGER;
ALTER TABLE message ADD COLUMN date_edited INTEGER;
ALTER TABLE message ADD COLUMN associated_message_emoji TEXT;
ALTER TABLE chat ADD COLUMN display_name TEXT;
ALTER TABLE attachment ADD COLUMN is_sticker INTEGER DEFAULT 0;
ALTER TABLE attachment ADD COLUMN hide_attachment INTEGER DEFAULT 0;
UPDATE chat SET display_name = 'Les quais' WHERE ROWID = 2;
CREATE TABLE deleted_messages (ROWID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, guid TEXT NOT NULL);
CREATE TABLE chat_recoverable_message_join (chat_id INTEGER, message_id INTEGER,
    delete_date INTEGER, ck_sync_state INTEGER DEFAULT 0, PRIMARY KEY (chat_id, message_id),
    CHECK (delete_date != 0));
CREATE TABLE recoverable_message_part (chat_id INTEGER, message_id INTEGER, part_index INTEGER,
    delete_date INTEGER, part_text BLOB NOT NULL, ck_sync_state INTEGER DEFAULT 0,
    PRIMARY KEY (chat_id, message_id, part_index), CHECK (delete_date != 0));
"""
)

Database = Callable[..., Path]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    def make(schema: str, *messages: Mapping[str, Any], **tables: list[tuple[Any, ...]]) -> Path:
        path = tmp_path / "sms.db"
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA synchronous = OFF")
            db.executescript(schema)
            for message in messages:
                names, marks = ", ".join(message), ", ".join("?" * len(message))
                db.execute(
                    f"INSERT INTO message ({names}) VALUES ({marks})", tuple(message.values())
                )
            for table, rows in tables.items():
                for row in rows:
                    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            db.commit()
        return path

    return make


def message(n: int = 1, **values: Any) -> dict[str, Any]:
    """Received from Alice at noon, without more said."""
    plain = {"guid": f"G{n}", "text": "salut", "handle_id": 1, "service": "iMessage"}
    return {"ROWID": n, **plain, "date": NOON * NANO, "is_from_me": 0, **values}


def source_of(
    path: Path, owner: str | None = None, siblings: Mapping[str, Path] | None = None
) -> Source:
    def member(path: Path, name: str) -> Member:
        return Member(
            name,
            path.stat().st_size,
            lambda: path.open("rb"),
            lambda: path,
            lambda: sha256(path.read_bytes()).hexdigest(),
        )

    beside = {name: member(file, name) for name, file in (siblings or {}).items()}
    return Source(member(path, "Library/SMS/sms.db"), siblings=beside, owner=owner)


def rows_of(source: Source) -> Iterator[dict[str, Any]]:
    """The rows, with ``at``: where each stands, and ``why`` it is rejected."""
    for batch, _ in read_rows(ios_sms, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 100_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        yield from ({**row, "at": at, "why": reason} for row, at, reason in rows)


def one(source: Source) -> dict[str, Any]:
    [row] = rows_of(source)
    return row


def length(n: int) -> bytes:
    """A whole number as a typedstream has it."""
    if n < 0x80:
        return bytes([n])
    return b"\x81" + n.to_bytes(2, "little") if n < 0x8000 else b"\x82" + n.to_bytes(4, "little")


def archived(words: str, mutable: bool = False) -> bytes:
    """An attributed string as Messages archives it: no attributes but one empty dictionary."""
    raw = words.encode()
    head = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84"
    plain = b"\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92\x84\x84\x84"
    if mutable:
        head += b"\x19NSMutableAttributedString\x00\x84\x84"
        string = b"\x0fNSMutableString\x01\x84\x84\x08NSString\x01\x95"
    else:
        string = b"\x08NSString\x01\x94"
    attributes = b"\x84\x02iI\x01" + length(len(words)) + b"\x92\x84\x84\x84\x0cNSDictionary\x00"
    end = attributes + (b"\x95" if mutable else b"\x94") + b"\x84\x01i\x00\x86\x86"
    return head + plain + string + b"\x84\x01+" + length(len(raw)) + raw + b"\x86" + end


# Who wrote to whom, when.


def test_a_received_message_is_the_peers_and_a_sent_one_the_holders(database: Database) -> None:
    path = database(
        IOS_6,
        message(1),
        message(2, is_from_me=1, text="oui", account="p:+33698000000"),
        chat_message_join=[(1, 1), (1, 2)],
    )
    received, sent = rows_of(source_of(path))
    assert received["sender_id"] == ALICE
    assert received["recipients"] == [ME]
    assert received["thread_id"] == sent["thread_id"] == ALICE
    assert (sent["sender_id"], sent["recipients"]) == (ME, [ALICE])
    assert sent["account"] == ME
    assert (sent["app"], sent["ref"], sent["at"]) == ("imessage", "G2", "message 2")


def test_without_an_account_the_holder_is_the_owner(database: Database) -> None:
    path = database(IOS_6, message(service="SMS", is_from_me=1))
    row = one(source_of(path))
    assert (row["app"], row["account"], row["sender_id"]) == ("sms", None, OWNER)
    assert row["recipients"] == [ALICE]
    assert one(source_of(path, owner=ME))["sender_id"] == ME


@pytest.mark.parametrize("date", [NOON, NOON * NANO, float(NOON)])
def test_seconds_and_nanoseconds_are_the_same_moment(database: Database, date: float) -> None:
    row = one(source_of(database(IOS_6, message(date=date))))
    assert row["sent_at"] == datetime(2023, 3, 8, 20, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "why"), [(0, NO_TIME), (None, NO_TIME), ("hier", OUTSIDE), (1 << 62, OUTSIDE)]
)
def test_a_message_without_a_time_is_rejected(database: Database, date: Any, why: str) -> None:
    assert one(source_of(database(IOS_6, message(date=date))))["why"] == why


def test_in_a_group_all_members_are_recipients(database: Database) -> None:
    path = database(
        IOS_17,
        message(1, handle_id=2, destination_caller_id=ME),
        message(2, is_from_me=1, handle_id=0),
        chat_message_join=[(2, 1), (2, 2)],
    )
    received, sent = rows_of(source_of(path))
    assert (received["thread_id"], received["thread_name"]) == ("chat77", "Les quais")
    assert (received["sender_id"], received["recipients"]) == (BOB, [ALICE, ME])
    assert (sent["sender_id"], sent["recipients"]) == (OWNER, [ALICE, BOB])


# The words.


@pytest.mark.parametrize("mutable", [False, True])
def test_without_text_the_words_come_from_the_attributed_body(
    database: Database, mutable: bool
) -> None:
    body = archived("rendez-vous à 18 h 🚗", mutable)
    row = one(source_of(database(IOS_17, message(text=None, attributedBody=body))))
    assert row["text"] == "rendez-vous à 18 h 🚗"


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.booleans())
def test_words_are_those_that_the_library_reads(words: str, mutable: bool) -> None:
    body = archived(words, mutable)
    if not mutable:  # the library knows no class of this name, and gives its parts
        assert unarchive_from_data(body).contents[0].values[0].value == words
    assert attributed_words(body) == words


@pytest.mark.parametrize("length_of", [127, 128, 40_000])
def test_long_words_are_read_whole(length_of: int) -> None:
    assert attributed_words(archived("a" * length_of)) == "a" * length_of


def test_another_form_of_archive_is_read_by_the_library() -> None:
    plain = b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x08NSString\x01"
    plain += b"\x84\x84\x08NSObject\x00\x85\x84\x01+\x05salut\x86"
    assert attributed_words(plain) == "salut"


@settings(max_examples=300)
@given(st.binary(max_size=80), st.integers(0, 200), st.integers(0, 255))
def test_damaged_archives_are_unreadable_and_no_more(tail: bytes, at: int, byte: int) -> None:
    whole = bytearray(archived("rendez-vous"))
    whole[at % len(whole)] = byte
    for archive in (bytes(whole), bytes(whole[: at % len(whole)]) + tail, tail):
        try:
            attributed_words(archive)
        except ValueError:
            continue


def test_a_damaged_body_is_counted_and_costs_no_row(database: Database) -> None:
    source = source_of(database(IOS_17, message(text=None, attributedBody=b"\x04\x0bstream")))
    assert one(source)["text"] is None
    assert source.tally.unread["message.text"] == 1


# Reactions, notices, edits, deletions.


def test_a_reaction_answers_the_message_it_is_about(database: Database) -> None:
    about = {"associated_message_guid": "p:0/G1"}
    path = database(
        IOS_17,
        message(1),
        message(2, text="A aimé « salut »", associated_message_type=2001, **about),
        message(3, text="-", associated_message_type=3000, associated_message_guid="bp:G1"),
        message(4, text=None, associated_message_type=2006, associated_message_emoji="🔥", **about),
        message(5, text="?", associated_message_type=4711, **about),
    )
    source = source_of(path)
    plain, *others = rows_of(source)
    assert plain["reply_to"] is None
    assert [row["reply_to"] for row in others] == ["G1"] * 4
    assert [row["text"] for row in others] == [
        "[liked] A aimé « salut »",
        "[no longer loved] -",
        "[reacted] 🔥",
        "[associated_message_type 4711] ?",
    ]
    assert source.tally.unknown == {"message of associated_message_type 4711": 1}


def test_a_threaded_reply_names_what_it_answers(database: Database) -> None:
    row = one(source_of(database(IOS_17, message(thread_originator_guid="G0"))))
    assert row["reply_to"] == "G0"


def test_notices_are_system_lines_that_name_whom_they_are_about(database: Database) -> None:
    path = database(
        IOS_17,
        message(1, text=None, item_type=1, group_action_type=0, other_handle=2),
        message(2, text=None, item_type=2, group_title="Les quais"),
        message(3, text=None, item_type=3, handle_id=0),
        message(4, text=None, item_type=99),
    )
    rows = list(rows_of(source_of(path)))
    assert [row["text"] for row in rows] == [
        f"[participant added] {BOB}",
        "[subject changed] Les quais",
        "[participant left]",
        "[item_type 99]",
    ]
    assert {row["kind"] for row in rows} == {"system"}
    assert [row["sender_id"] for row in rows] == [ALICE, ALICE, None, ALICE]
    assert [row["recipients"] for row in rows] == [None] * 4


def test_an_edited_message_keeps_what_it_said_before(database: Database) -> None:
    versions = [
        {"d": NOON, "t": archived("quai 12")},
        {"d": NOON + 60, "t": archived("quai 14")},
        {"d": NOON + 90, "t": archived("quai 15")},
    ]
    info = plistlib.dumps({"ec": {"0": versions}}, fmt=plistlib.FMT_BINARY)
    edited: dict[str, Any] = {"date_edited": (NOON + 90) * NANO, "message_summary_info": info}
    now, first, second = rows_of(source_of(database(IOS_17, message(text="quai 15", **edited))))
    assert (now["text"], now["deleted"]) == ("quai 15", False)
    assert now["edited_at"] == datetime(2023, 3, 8, 20, 28, 10, tzinfo=UTC)
    assert (first["text"], first["ref"], first["deleted"]) == ("quai 12", "G1", True)
    assert first["sent_at"] == datetime(2023, 3, 8, 20, 26, 40, tzinfo=UTC)
    assert (second["text"], second["at"]) == ("quai 14", "message 1 version 2")
    assert second["sent_at"] == datetime(2023, 3, 8, 20, 27, 40, tzinfo=UTC)
    assert second["sender_id"] == ALICE


def test_an_unsent_message_is_deleted(database: Database) -> None:
    info = plistlib.dumps({"rp": [0], "ust": True}, fmt=plistlib.FMT_BINARY)
    unsent: dict[str, Any] = {
        "text": None,
        "date_edited": NOON * NANO,
        "message_summary_info": info,
    }
    path = database(IOS_17, message(1, **unsent), message(2, date_retracted=NOON * NANO))
    rows = list(rows_of(source_of(path)))
    assert [row["deleted"] for row in rows] == [True, True]
    assert [row["text"] for row in rows] == [None, "salut"]


@pytest.mark.parametrize("info", [b"bplist00", b"no list", plistlib.dumps({})])
def test_a_damaged_history_costs_no_row(database: Database, info: bytes) -> None:
    edited: dict[str, Any] = {"date_edited": NOON * NANO, "message_summary_info": info}
    source = source_of(database(IOS_17, message(**edited)))
    assert one(source)["text"] == "salut"
    assert source.tally.unread["message.text"] == 1


def test_recently_deleted_messages_and_parts_are_deleted_rows(database: Database) -> None:
    path = database(
        IOS_17,
        message(1, text="caché"),
        message(2),
        chat_message_join=[(1, 2)],
        chat_recoverable_message_join=[(1, 1, NOON * NANO, 0)],
        recoverable_message_part=[
            (1, 2, 1, NOON * NANO, archived("une partie"), 0),
            (1, 99, 0, NOON * NANO, archived("sans message"), 0),
        ],
        deleted_messages=[(1, "GONE"), (2, "ALSO GONE")],
    )
    source = source_of(path)
    hidden, kept, part = rows_of(source)
    assert (hidden["text"], hidden["deleted"], hidden["thread_id"]) == ("caché", True, ALICE)
    assert kept["deleted"] is False
    assert (part["text"], part["deleted"], part["ref"]) == ("une partie", True, "G2")
    assert source.tally.left["deleted_messages: identifiers of messages that are gone"] == 2
    assert source.tally.left["parts of messages that are gone"] == 1


# Attachments.


def test_attachments_give_kind_name_and_the_hash_of_a_file_that_is_there(
    database: Database, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.heic"
    photo.write_bytes(b"a photo")
    folder = "~/Library/SMS/Attachments/ab/11"
    attachment = "INSERT INTO attachment (ROWID, guid, filename, mime_type, transfer_name) VALUES"
    path = database(
        IOS_17
        + f"{attachment} (1, 'A', '{folder}/IMG_1.HEIC', 'image/heic', 'IMG_1.HEIC'),"
        + f"(2, 'B', '{folder}/plan.pdf', 'application/pdf', 'plan.pdf'),"
        + f"(3, 'C', '{folder}/x{'.pluginPayloadAttachment'}', NULL, NULL);",
        message(1, text="\ufffc"),
        message(2, text="https://example.org"),
        message(3, text=None, is_audio_message=1),
        message_attachment_join=[(1, 1), (1, 2), (2, 3), (3, 2)],
    )
    there = {"Library/SMS/Attachments/ab/11/IMG_1.HEIC": photo}
    first, link, voice, second = rows_of(source_of(path, siblings=there))
    assert (first["kind"], first["text"]) == ("image", "IMG_1.HEIC\nplan.pdf")
    assert first["attachment_sha256"] == sha256(b"a photo").hexdigest()
    assert (link["kind"], link["text"]) == ("text", "https://example.org")
    assert voice["kind"] == "voice"
    assert (second["at"], second["kind"]) == ("message 1 attachment 2", "file")
    assert (second["text"], second["ref"]) == ("plan.pdf", "G1")


# Nothing is lost.


def test_columns_and_tables_that_nobody_knows_are_counted(database: Database) -> None:
    more = "ALTER TABLE message ADD COLUMN brand_new TEXT; CREATE TABLE odd (a); "
    source = source_of(database(IOS_17 + more + "INSERT INTO odd VALUES (1);", message()))
    assert len(list(rows_of(source))) == 1
    assert source.tally.unknown == {"message.brand_new": 1}
    assert source.tally.left["table odd"] == 1
    assert source.tally.left["columns of message that no table here holds"] > 5


def test_a_case_takes_every_message(desk: Desk, database: Database) -> None:
    path = database(IOS_17, *(message(n) for n in range(1, 30)), message(30, date=None))
    added = desk.add(path)
    assert added.exhibit is not None
    assert added.exhibit.tables == {"message": {"rows": 29, "rejected": 1}}
    assert added.exhibit.reader == "ios_sms"


def test_a_cut_file_gives_what_it_holds_and_says_so(database: Database) -> None:
    path = database(IOS_17, *(message(n, text="a" * 500) for n in range(1, 400)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = source_of(path)
    rows = list(rows_of(source))
    assert 50 < len(rows) < 399
    assert len({row["ref"] for row in rows}) == len(rows)
    assert "damaged pages" in source.tally.rejects[0].reason


def test_another_database_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE message (_id INTEGER, text TEXT)")
    assert not ios_sms.detect(Head.of(source_of(path).member))
    with pytest.raises(BadInput, match="no message database"):
        list(rows_of(source_of(path)))


def test_it_conforms() -> None:
    check_reader(ios_sms)

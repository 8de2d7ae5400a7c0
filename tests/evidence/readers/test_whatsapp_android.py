"""What WhatsApp's Android databases say, told by the published one and by small ones."""

import os
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.databases import NO_TIME, OUTSIDE
from faisceau.evidence.readers import whatsapp_android
from faisceau.evidence.readers.whatsapp_android import detect
from faisceau.evidence.reading import OWNER, Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch

SHARED = Path(
    os.environ.get("FAISCEAU_SHARED", Path(__file__).parents[3].parent / "shared" / "data")
)
ALICE, BOB, CAROL = (f"3361200000{n}@s.whatsapp.net" for n in (1, 2, 3))
GROUP = "33612000001-1461964508@g.us"
NOON = 1_600_000_000_000  # 2020-09-13T12:26:40Z

NEWER = """
CREATE TABLE jid (_id INTEGER PRIMARY KEY, user TEXT, server TEXT, raw_string TEXT);
CREATE TABLE jid_map (lid_row_id INTEGER PRIMARY KEY, jid_row_id INTEGER);
CREATE TABLE chat (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, subject TEXT);
CREATE TABLE message (_id INTEGER PRIMARY KEY, chat_row_id INTEGER NOT NULL, from_me INTEGER,
    key_id TEXT, sender_jid_row_id INTEGER, origination_flags INTEGER, timestamp INTEGER,
    message_type INTEGER, text_data TEXT, brand_new INTEGER);
CREATE TABLE message_system (message_row_id INTEGER PRIMARY KEY, action_type INTEGER);
CREATE TABLE message_system_chat_participant (message_row_id INTEGER, user_jid_row_id INTEGER);
CREATE TABLE message_media (message_row_id INTEGER PRIMARY KEY, mime_type TEXT, media_name TEXT,
    media_caption TEXT, file_hash TEXT);
CREATE TABLE message_location (message_row_id INTEGER PRIMARY KEY, latitude REAL, longitude REAL,
    place_name TEXT, place_address TEXT);
CREATE TABLE message_quoted (message_row_id INTEGER PRIMARY KEY, key_id TEXT);
CREATE TABLE message_edit_info (message_row_id INTEGER PRIMARY KEY, edited_timestamp INTEGER);
CREATE TABLE message_revoked (message_row_id INTEGER PRIMARY KEY, revoked_key_id TEXT);
CREATE TABLE message_forwarded (message_row_id INTEGER PRIMARY KEY, forward_score INTEGER);
CREATE TABLE message_vcard (_id INTEGER PRIMARY KEY, message_row_id INTEGER, vcard TEXT);
CREATE TABLE message_poll_option (_id INTEGER PRIMARY KEY, message_row_id INTEGER,
    option_name TEXT);
CREATE TABLE message_add_on (_id INTEGER PRIMARY KEY, chat_row_id INTEGER, from_me INTEGER,
    key_id TEXT, sender_jid_row_id INTEGER, parent_message_row_id INTEGER, timestamp INTEGER,
    message_add_on_type INTEGER);
CREATE TABLE message_add_on_reaction (message_add_on_row_id INTEGER PRIMARY KEY, reaction TEXT);
CREATE TABLE group_participant_user (_id INTEGER PRIMARY KEY, group_jid_row_id INTEGER,
    user_jid_row_id INTEGER);
CREATE TABLE call_log (_id INTEGER PRIMARY KEY, jid_row_id INTEGER, from_me INTEGER, call_id TEXT,
    timestamp INTEGER, video_call INTEGER, duration INTEGER, call_result INTEGER,
    group_jid_row_id INTEGER DEFAULT 0);
CREATE TABLE call_log_participant_v2 (_id INTEGER PRIMARY KEY, call_log_row_id INTEGER,
    jid_row_id INTEGER, call_result INTEGER);
INSERT INTO message (_id, chat_row_id, from_me, key_id) VALUES (1, -1, 0, '-1');
INSERT INTO jid VALUES
    (1, '33612000001', 's.whatsapp.net', '33612000001@s.whatsapp.net'),
    (2, '33612000002', 's.whatsapp.net', '33612000002@s.whatsapp.net'),
    (3, '33612000003', 's.whatsapp.net', '33612000003@s.whatsapp.net'),
    (4, '777', 'lid', '777@lid'),
    (5, '33612000001-1461964508', 'g.us', '33612000001-1461964508@g.us'),
    (6, '', 'status_me', 'status_me');
INSERT INTO jid_map VALUES (4, 2);
INSERT INTO chat VALUES (1, 1, NULL), (2, 5, 'Lar'), (3, 4, NULL);
INSERT INTO group_participant_user VALUES (1, 5, 1), (2, 5, 4), (3, 5, 6);
"""
VOTES = """
CREATE TABLE message_add_on_poll_vote (message_add_on_row_id INTEGER PRIMARY KEY,
    sender_timestamp INTEGER);
CREATE TABLE message_add_on_poll_vote_selected_option (_id INTEGER PRIMARY KEY,
    message_add_on_row_id INTEGER, message_poll_option_id INTEGER);
"""
OLDER = """
CREATE TABLE messages (_id INTEGER PRIMARY KEY, key_remote_jid TEXT, key_from_me INTEGER,
    key_id TEXT, status INTEGER, data TEXT, timestamp INTEGER, media_wa_type TEXT,
    media_size INTEGER, thumb_image TEXT, media_name TEXT, media_caption TEXT,
    media_mime_type TEXT, media_hash TEXT, latitude REAL, longitude REAL, remote_resource TEXT,
    quoted_row_id INTEGER, forwarded INTEGER);
CREATE TABLE messages_quotes (_id INTEGER PRIMARY KEY, key_id TEXT);
CREATE TABLE chat_list (_id INTEGER PRIMARY KEY, key_remote_jid TEXT, subject TEXT);
CREATE TABLE group_participants (_id INTEGER PRIMARY KEY, gjid TEXT, jid TEXT);
"""

Database = Callable[..., Path]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    def make(*scripts: str, **tables: list[dict[str, Any]]) -> Path:
        path = tmp_path / "msgstore.db"
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA synchronous = OFF")
            for script in scripts:
                db.executescript(script)
            for table, rows in tables.items():
                for row in rows:
                    names, marks = ", ".join(row), ", ".join("?" * len(row))
                    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
                    db.execute(sql, tuple(row.values()))
            db.commit()
        return path

    return make


def member_of(path: Path) -> Member:
    return Member(
        path.name,
        path.stat().st_size,
        lambda: path.open("rb"),
        lambda: path,
        lambda: sha256(path.read_bytes()).hexdigest(),
    )


def source_of(path: Path, owner: str | None = None) -> Source:
    """The database, with what lies beside it."""
    beside = {other.name: member_of(other) for other in path.parent.iterdir()}
    return Source(member_of(path), siblings=beside, owner=owner)


def rows_of(source: Source, table: str = "message") -> Iterator[dict[str, Any]]:
    """The rows kept, with ``at``: where each stands."""
    for batch, _ in read_rows(whatsapp_android, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            yield from ({**row, "at": at} for row, at, reason in rows if reason is None)


def reasons_of(source: Source) -> dict[str, str]:
    return {
        at: why
        for batch, _ in read_rows(whatsapp_android, source)
        if isinstance(batch, Batch) and batch.reasons is not None
        for at, why in zip(batch.locators.to_pylist(), batch.reasons.to_pylist(), strict=True)
        if why
    }


def newer(n: int = 2, **values: Any) -> dict[str, Any]:
    """A row of the newer ``message``; without more said, received from Alice."""
    plain = {"chat_row_id": 1, "from_me": 0, "key_id": f"K{n}", "timestamp": NOON}
    return {"_id": n, **plain, "message_type": 0, "text_data": "salut", **values}


def older(n: int = 2, **values: Any) -> dict[str, Any]:
    plain = {"key_remote_jid": ALICE, "key_from_me": 0, "key_id": f"K{n}", "timestamp": NOON}
    return {"_id": n, **plain, "media_wa_type": "0", "data": "salut", "status": 0, **values}


# The published database.


@pytest.fixture
def published() -> Source:
    path = SHARED / "phones" / "msgstore.db"
    if not path.exists():
        pytest.skip("the published WhatsApp database is not beside the checkout")
    return source_of(path)


def test_the_published_database_holds_74_messages_in_29_chats(published: Source) -> None:
    rows = list(rows_of(published))
    assert len(rows) == 74
    assert len({row["thread_id"] for row in rows}) == 29
    assert published.tally.rejects == []
    assert not published.tally.unknown
    # 75 rows of messages and 1 of message: the app's two placeholders make up the difference.
    assert published.tally.left["placeholder row of messages"] == 1
    assert published.tally.left["placeholder row of message"] == 1
    # The thirtieth chat, status@broadcast, holds nothing.
    assert published.tally.left["chats without a message"] == 1


def test_the_published_database_tells_what_its_publisher_asserts(published: Source) -> None:
    peer = "556183125151@s.whatsapp.net"
    chat = sorted(
        (r["sent_at"].replace(microsecond=0), r["text"], r["sender_id"])
        for r in rows_of(published)
        if r["thread_id"] == peer
    )
    assert chat == [
        (at(2021, 6, 14, 18, 55, 54), "This is a test for the IPED Whatsapp Parser.", OWNER),
        (at(2021, 6, 14, 18, 55, 54), "[messages are end-to-end encrypted]", None),
        (at(2021, 6, 14, 19, 2, 25), "Would you still say you love me", OWNER),
        (at(2021, 6, 14, 19, 2, 33), "The game is over", OWNER),
        (at(2021, 6, 16, 17, 1, 34), "Teste", peer),
    ]


def test_the_published_group_is_named_and_tells_of_its_member(published: Source) -> None:
    lar = [r for r in rows_of(published) if r["thread_name"] == "Lar"]
    assert {r["thread_id"] for r in lar} == {"556185747642-1461964508@g.us"}
    [added] = [r for r in lar if r["text"] == "[participant added]"]
    assert added["sent_at"] == at(2016, 4, 29, 21, 15, 8)
    assert added["sender_id"] == "556186143035@s.whatsapp.net"
    assert {r["kind"] for r in lar} == {"system"}


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type,misc]


# Who wrote to whom.


def test_a_received_message_comes_from_the_peer(database: Database) -> None:
    [row] = rows_of(source_of(database(NEWER, message=[newer()])))
    assert row["sender_id"] == row["thread_id"] == ALICE
    assert row["recipients"] == [OWNER]
    assert (row["app"], row["account"], row["ref"]) == ("whatsapp", None, "K2")
    assert (row["text"], row["kind"], row["at"]) == ("salut", "text", "message 2")
    assert row["sent_at"] == datetime.fromtimestamp(NOON / 1000, UTC)


def test_the_holder_is_named_by_the_account_when_it_is_known(database: Database) -> None:
    path = database(NEWER, message=[newer(from_me=1), newer(3)])
    sent, received = rows_of(source_of(path, owner=CAROL))
    assert (sent["account"], sent["sender_id"], sent["recipients"]) == (CAROL, CAROL, [ALICE])
    assert (received["sender_id"], received["recipients"]) == (ALICE, [CAROL])


def test_a_group_message_goes_to_the_other_members(database: Database) -> None:
    path = database(
        NEWER,
        message=[
            newer(chat_row_id=2, sender_jid_row_id=1),
            newer(3, chat_row_id=2, from_me=1, sender_jid_row_id=0),
        ],
    )
    received, sent = rows_of(source_of(path))
    assert (received["thread_name"], received["sender_id"]) == ("Lar", ALICE)
    assert received["recipients"] == [BOB, OWNER]
    assert (sent["sender_id"], sent["recipients"]) == (OWNER, [ALICE, BOB])


def test_a_hidden_identifier_becomes_the_number_that_the_database_gives(database: Database) -> None:
    path = database(
        NEWER, message=[newer(chat_row_id=3), newer(3, chat_row_id=2, sender_jid_row_id=4)]
    )
    direct, in_group = rows_of(source_of(path))
    assert (direct["thread_id"], direct["sender_id"]) == ("777@lid", BOB)
    assert in_group["sender_id"] == BOB


# What a message carries.


@pytest.mark.parametrize(
    ("number", "kind"),
    [(1, "image"), (2, "voice"), (3, "video"), (5, "location"), (9, "file"), (13, "video"),
     (20, "image"), (42, "image"), (82, "voice"), (90, "system")],
)  # fmt: skip
def test_kinds(database: Database, number: int, kind: str) -> None:
    [row] = rows_of(source_of(database(NEWER, message=[newer(message_type=number)])))
    assert row["kind"] == kind


def test_an_unknown_type_is_counted_and_judged_by_its_media(database: Database) -> None:
    path = database(
        NEWER,
        message=[newer(message_type=999), newer(3, message_type=999, text_data=None)],
        message_media=[{"message_row_id": 3, "mime_type": "video/mp4"}],
    )
    source = source_of(path)
    assert [row["kind"] for row in rows_of(source)] == ["text", "video"]
    assert source.tally.unknown["message of type 999"] == 2
    assert source.tally.unknown["message.brand_new"] == 1


def test_an_attachment_keeps_its_hash_and_caption(database: Database) -> None:
    digest = sha256(b"picture").digest()
    path = database(
        NEWER,
        message=[newer(message_type=1, text_data=None), newer(3, message_type=9, text_data="")],
        message_media=[
            {
                "message_row_id": 2,
                "media_caption": "regarde",
                "file_hash": b64encode(digest).decode(),
            },
            {"message_row_id": 3, "media_name": "tarifs.pdf", "file_hash": "not Base64"},
        ],
    )
    source = source_of(path)
    picture, document = rows_of(source)
    assert (picture["text"], picture["attachment_sha256"]) == ("regarde", digest.hex())
    assert (document["text"], document["attachment_sha256"]) == ("tarifs.pdf", None)
    assert source.tally.unread["message.attachment_sha256"] == 1


def test_answers_edits_forwards_and_deletions(database: Database) -> None:
    path = database(
        NEWER,
        message=[
            newer(2),
            newer(3, origination_flags=1),
            newer(4),
            newer(5, message_type=15, text_data=None),
        ],
        message_quoted=[{"message_row_id": 2, "key_id": "K1"}],
        message_edit_info=[
            {"message_row_id": 2, "edited_timestamp": NOON + 60_000},
            {"message_row_id": 3, "edited_timestamp": 253_402_300_799_000},  # 9999
        ],
        message_forwarded=[{"message_row_id": 4, "forward_score": 5}],
    )
    source = source_of(path)
    answer, forwarded, scored, deleted = rows_of(source)
    assert answer["reply_to"] == "K1"
    assert answer["edited_at"] == datetime.fromtimestamp(NOON / 1000 + 60, UTC)
    assert (answer["forwarded"], forwarded["forwarded"], scored["forwarded"]) == (False, True, True)
    assert (answer["deleted"], deleted["deleted"]) == (False, True)
    assert source.tally.unread["message.edited_at"] == 1


def test_a_location_has_its_place(database: Database) -> None:
    place = {"latitude": 50.63, "longitude": 3.06, "place_name": "Gare", "place_address": "Lille"}
    path = database(
        NEWER,
        message=[newer(message_type=5, text_data=None), newer(3, message_type=5), newer(4)],
        message_location=[
            {"message_row_id": 2, **place},
            {"message_row_id": 3, "latitude": 500.0, "longitude": 3.06},
        ],
    )
    source = source_of(path)
    good, off_earth, text = rows_of(source)
    assert (good["latitude"], good["longitude"], good["text"]) == (50.63, 3.06, "Gare\nLille")
    assert off_earth["latitude"] is text["latitude"] is None
    assert source.tally.unread["message.latitude"] == 1


def test_a_notice_says_what_happened_to_whom(database: Database) -> None:
    notice = {"chat_row_id": 2, "message_type": 7, "from_me": 1, "text_data": None}
    path = database(
        NEWER,
        message=[
            newer(2, **notice, sender_jid_row_id=1),
            newer(3, **{**notice, "text_data": "Maison"}),
            newer(4, **notice),
        ],
        message_system=[
            {"message_row_id": 2, "action_type": 12},
            {"message_row_id": 3, "action_type": 1},
            {"message_row_id": 4, "action_type": 5000},
        ],
        message_system_chat_participant=[{"message_row_id": 2, "user_jid_row_id": 3}],
    )
    rows = list(rows_of(source_of(path)))
    assert [row["text"] for row in rows] == [
        f"[participant added] {CAROL}",
        "[subject changed] Maison",
        "[notice 5000]",
    ]
    assert [row["sender_id"] for row in rows] == [ALICE, None, None]
    assert {(row["kind"], row["recipients"]) for row in rows} == {("system", None)}


def test_words_kept_in_other_tables_are_read(database: Database) -> None:
    path = database(
        NEWER,
        message=[newer(message_type=4, text_data=None), newer(3, message_type=66, text_data="?")],
        message_vcard=[{"message_row_id": 2, "vcard": "BEGIN:VCARD"}],
        message_poll_option=[
            {"message_row_id": 3, "option_name": "oui"},
            {"message_row_id": 3, "option_name": "non"},
        ],
    )
    assert [row["text"] for row in rows_of(source_of(path))] == ["BEGIN:VCARD", "?\noui\nnon"]


def test_a_reaction_answers_its_message_and_a_vote_is_left(database: Database) -> None:
    add_on = {"chat_row_id": 1, "parent_message_row_id": 2, "timestamp": NOON, "from_me": 0}
    path = database(
        NEWER,
        message=[newer()],
        message_add_on=[
            {"_id": n, "key_id": f"R{n}", "message_add_on_type": kind, **add_on}
            for n, kind in ((1, 56), (2, 56), (3, 67))
        ],
        message_add_on_reaction=[
            {"message_add_on_row_id": 1, "reaction": "🍁"},
            {"message_add_on_row_id": 2, "reaction": ""},  # taken back
        ],
    )
    source = source_of(path)
    _, reaction, back = rows_of(source)
    assert (reaction["text"], reaction["reply_to"], reaction["sender_id"]) == ("🍁", "K2", ALICE)
    assert (reaction["kind"], reaction["at"]) == ("system", "message_add_on 1")
    assert (back["text"], back["deleted"]) == (None, True)
    assert source.tally.left["additions to messages that are no reactions"] == 1


def test_votes_in_a_poll_are_rows_that_answer(database: Database) -> None:
    vote = {"chat_row_id": 1, "parent_message_row_id": 2, "timestamp": NOON, "from_me": 0}
    path = database(
        NEWER,
        VOTES,
        message=[newer(message_type=66, text_data="Quand ?")],
        message_poll_option=[
            {"_id": 1, "message_row_id": 2, "option_name": "lundi"},
            {"_id": 2, "message_row_id": 2, "option_name": "mardi"},
        ],
        message_add_on=[{"_id": 1, **vote}, {"_id": 2, **vote}],
        message_add_on_poll_vote=[{"message_add_on_row_id": 1}, {"message_add_on_row_id": 2}],
        message_add_on_poll_vote_selected_option=[
            {"message_add_on_row_id": 1, "message_poll_option_id": 1},
            {"message_add_on_row_id": 1, "message_poll_option_id": 2},
        ],
    )
    poll, both, none = rows_of(source_of(path))
    assert poll["text"] == "Quand ?\nlundi\nmardi"
    assert both["text"] == "[vote] lundi, mardi"
    assert (both["reply_to"], both["kind"]) == ("K2", "system")
    assert none["text"] == "[vote]"


def test_the_address_book_beside_names_people_and_conversations(database: Database) -> None:
    path = database(
        NEWER,
        message=[
            newer(chat_row_id=3),
            newer(3, chat_row_id=2, sender_jid_row_id=3),
            newer(4, chat_row_id=2, message_type=7, text_data=None, from_me=1),
        ],
        message_system=[{"message_row_id": 4, "action_type": 12}],
        message_system_chat_participant=[{"message_row_id": 4, "user_jid_row_id": 4}],
    )
    with closing(sqlite3.connect(path.with_name("wa.db"))) as db:
        db.executescript(
            f"""CREATE TABLE wa_contacts (_id INTEGER PRIMARY KEY, jid TEXT, display_name TEXT,
            wa_name TEXT, number TEXT);
            INSERT INTO wa_contacts (jid, display_name, wa_name) VALUES
            ('{BOB}', 'Bob le Grand', 'bob'), ('{CAROL}', NULL, '~carol');"""
        )
    direct, in_group, notice = rows_of(source_of(path))
    assert (direct["thread_id"], direct["thread_name"]) == ("777@lid", "Bob le Grand")
    assert direct["sender_name"] == "Bob le Grand"
    assert (in_group["thread_name"], in_group["sender_name"]) == ("Lar", "~carol")
    assert notice["text"] == f"[participant added] Bob le Grand ({BOB})"


def test_a_damaged_address_book_costs_its_names_alone(database: Database) -> None:
    path = database(NEWER, message=[newer()])
    path.with_name("wa.db").write_bytes(b"SQLite format 3\x00" + b"x" * 5000)
    [row] = rows_of(source_of(path))
    assert (row["sender_id"], row["sender_name"]) == (ALICE, None)


def test_messages_of_an_erased_chat_are_deleted_until_the_app_clears_them(
    database: Database,
) -> None:
    path = database(
        NEWER,
        "ALTER TABLE message ADD COLUMN starred INTEGER;"
        "CREATE TABLE deleted_chat_job (_id INTEGER PRIMARY KEY, chat_row_id INTEGER,"
        " deleted_message_row_id INTEGER, deleted_starred_message_row_id INTEGER);",
        message=[newer(2), newer(3, starred=1), newer(4, chat_row_id=2), newer(5)],
        deleted_chat_job=[{"chat_row_id": 1, "deleted_message_row_id": 4}],
    )
    source = source_of(path)
    assert [row["deleted"] for row in rows_of(source)] == [True, False, False, False]
    assert source.tally.left["mark of a starred message"] == 1


def test_a_media_without_words_has_its_path(database: Database) -> None:
    path = database(
        NEWER,
        "ALTER TABLE message_media ADD COLUMN file_path TEXT;",
        message=[newer(message_type=2, text_data=None)],
        message_media=[{"message_row_id": 2, "file_path": "Media/WhatsApp Voice Notes/a.opus"}],
    )
    [row] = rows_of(source_of(path))
    assert (row["kind"], row["text"]) == ("voice", "[Media/WhatsApp Voice Notes/a.opus]")


def test_what_is_read_of_no_column_is_counted_by_row(database: Database) -> None:
    path = database(
        NEWER,
        "CREATE TABLE message_view_once_media (message_row_id INTEGER PRIMARY KEY, state INTEGER);"
        "CREATE TABLE message_mentions (_id INTEGER PRIMARY KEY, message_row_id INTEGER);",
        message=[newer(message_type=42, text_data=None)],
        message_view_once_media=[{"message_row_id": 2, "state": 1}],
        message_mentions=[{"message_row_id": 2}, {"message_row_id": 2}],
        message_quoted=[{"message_row_id": 2, "key_id": "K1"}],
    )
    source = source_of(path)
    [row] = rows_of(source)
    assert row["kind"] == "image"
    assert source.tally.left["mark of a media shown once"] == 1
    assert source.tally.left["copy of a quoted message"] == 1
    assert source.tally.tables_unread == {"message_mentions": 2}


# Calls.


def test_the_calls_of_older_versions(database: Database) -> None:
    path = database(
        OLDER,
        "CREATE TABLE call_logs (_id INTEGER PRIMARY KEY, key_remote_jid TEXT, key_from_me INTEGER,"
        " key_id TEXT, timestamp INTEGER, video_call INTEGER, duration INTEGER,"
        " call_result INTEGER);"
        "CREATE TABLE call_log_participant (_id INTEGER PRIMARY KEY, call_logs_row_id INTEGER,"
        " jid TEXT);",
        messages=[older()],
        call_logs=[
            {"_id": 1, "key_remote_jid": ALICE, "key_from_me": 1, "key_id": "C1",
             "timestamp": NOON, "duration": 65, "call_result": 5},
        ],
        call_log_participant=[{"call_logs_row_id": 1, "jid": BOB}],
    )  # fmt: skip
    calls = list(rows_of(source_of(path), "call"))
    assert [(c["caller"], c["callee"], c["at"]) for c in calls] == [
        (OWNER, ALICE, "call_logs 1"),
        (OWNER, BOB, "call_logs 1"),
    ]


def test_calls_say_who_called_and_what_came_of_it(database: Database) -> None:
    call = {"timestamp": NOON, "duration": 65, "jid_row_id": 1}
    path = database(
        NEWER,
        message=[newer()],
        call_log=[
            {"call_id": "C1", "from_me": 1, "call_result": 5, **call},
            {"call_id": "C2", "from_me": 0, "call_result": 5, **call},
            {"call_id": "C3", "from_me": 0, "call_result": 2, **call},
        ],
    )
    calls = [
        (r["ref"], r["caller"], r["callee"], r["direction"], r["duration_s"])
        for r in rows_of(source_of(path), "call")
    ]
    assert calls == [
        ("C1", OWNER, ALICE, "out", 65.0),
        ("C2", ALICE, OWNER, "in", 65.0),
        ("C3", ALICE, OWNER, "missed", 65.0),
    ]


def test_each_further_person_of_a_group_call_has_a_row(database: Database) -> None:
    path = database(
        NEWER,
        message=[newer()],
        call_log=[{"_id": 1, "jid_row_id": 1, "from_me": 1, "timestamp": NOON}],
        call_log_participant_v2=[
            {"call_log_row_id": 1, "jid_row_id": 1},
            {"call_log_row_id": 1, "jid_row_id": 3},
        ],
    )
    calls = list(rows_of(source_of(path), "call"))
    assert [(c["caller"], c["callee"]) for c in calls] == [(OWNER, ALICE), (OWNER, CAROL)]
    assert {c["at"] for c in calls} == {"call_log 1"}


# The old schema, and both at once.


def test_the_old_schema(database: Database) -> None:
    path = database(
        OLDER,
        messages=[
            {"_id": 1, "key_remote_jid": "-1", "key_from_me": 0, "key_id": "-1", "status": -1},
            older(2, quoted_row_id=1, forwarded=1),
            older(3, key_remote_jid=GROUP, remote_resource=BOB),
            older(4, key_remote_jid=GROUP, key_from_me=1),
            older(5, media_wa_type="1", data=b"\xff\xd8thumbnail", media_caption="voilà"),
            older(6, key_from_me=1, status=6, media_size=46, media_name="Pizza", data=None),
            older(7, media_wa_type="5", data=None, latitude=50.63, longitude=3.06),
        ],
        messages_quotes=[{"_id": 1, "key_id": "K0"}],
        chat_list=[{"key_remote_jid": GROUP, "subject": "Lar"}],
        group_participants=[
            {"gjid": GROUP, "jid": ALICE},
            {"gjid": GROUP, "jid": BOB},
            {"gjid": GROUP, "jid": ""},
        ],
    )
    answer, in_group, to_group, picture, notice, place = rows_of(source_of(path))
    assert (answer["reply_to"], answer["forwarded"]) == ("K0", True)
    assert (in_group["sender_id"], in_group["recipients"]) == (BOB, [ALICE, OWNER])
    assert (to_group["thread_name"], to_group["recipients"]) == ("Lar", [ALICE, BOB])
    assert (picture["kind"], picture["text"]) == ("image", "voilà")
    assert (notice["kind"], notice["text"]) == ("system", "[business account] Pizza")
    assert (place["latitude"], place["longitude"], place["at"]) == (50.63, 3.06, "messages 7")


def test_a_notice_of_the_old_schema_lists_members_as_java_writes_them(database: Database) -> None:
    # The stream of java.util.ArrayList ("Object Serialization Stream Protocol"), two strings.
    listed = bytes.fromhex(
        "aced0005737200136a6176612e7574696c2e41727261794c6973747881d21d99c7619d03000149000473697a"
        "65787000000002770400000002"
    ) + b"".join(b"t" + len(jid).to_bytes(2) + jid.encode() for jid in (ALICE, BOB))
    notice = older(2, key_remote_jid=GROUP, key_from_me=1, status=6, media_size=12, data=None)
    path = database(
        OLDER, messages=[{**notice, "remote_resource": CAROL, "thumb_image": listed + b"x"}]
    )
    [row] = rows_of(source_of(path))
    assert (row["sender_id"], row["kind"]) == (CAROL, "system")
    assert row["text"] == f"[participant added] {ALICE}\n{BOB}"


def test_a_message_in_both_schemas_is_read_once(database: Database) -> None:
    path = database(
        NEWER, OLDER, message=[newer(2)], messages=[older(2), older(3, data="only here")]
    )
    source = source_of(path)
    assert [(r["at"], r["text"]) for r in rows_of(source)] == [
        ("message 2", "salut"),
        ("messages 3", "only here"),
    ]
    assert source.tally.left["messages that table message holds too"] == 1


# Bad input.


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (None, NO_TIME),
        (0, NO_TIME),
        (-1, NO_TIME),
        (-11_644_473_600_000, OUTSIDE),  # 1601
        (253_402_300_799_000, OUTSIDE),  # 9999
        (2**63 - 1, OUTSIDE),
        ("hier", OUTSIDE),
    ],
)
def test_a_message_without_a_likely_time_is_rejected_alone(
    database: Database, timestamp: Any, reason: str
) -> None:
    path = database(NEWER, message=[newer(2, timestamp=timestamp), newer(3)])
    assert [row["at"] for row in rows_of(source_of(path))] == ["message 3"]
    assert reasons_of(source_of(path)) == {"message 2": reason}


def test_bytes_that_are_no_unicode_do_not_lose_the_row(database: Database) -> None:
    path = database(NEWER, message=[newer()])
    with closing(sqlite3.connect(path)) as db:  # a lone surrogate, as UTF-8 would spell it
        db.execute("UPDATE message SET text_data = CAST(x'61eda08062' AS TEXT)")
        db.commit()
    [row] = rows_of(source_of(path))
    assert row["text"].startswith("a�")
    assert row["text"].endswith("b")


def test_rows_before_a_damaged_page_are_kept(database: Database) -> None:
    words = "x" * 900
    path = database(NEWER, message=[newer(n, text_data=words) for n in range(2, 402)])
    page = 4096
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // page // 2 * page])
    source = source_of(path)
    assert detect(Head.of(source.member))
    kept = [row["at"] for row in rows_of(source)]
    assert 50 < len(kept) < 400
    assert kept == [f"message {n}" for n in range(2, 2 + len(kept))]
    assert "damaged pages" in source.tally.rejects[0].reason


def _damaged(path: Path, marks: list[bytes]) -> Path:
    """With the page on which each mark stands made unreadable."""
    raw = bytearray(path.read_bytes())
    for mark in marks:
        page = raw.index(mark) // 4096 * 4096
        raw[page : page + 8] = b"\xff" * 8
    path.write_bytes(raw)
    return path


def test_rows_behind_damaged_pages_are_kept(database: Database) -> None:
    words = "x" * 900
    path = database(NEWER, message=[newer(n, text_data=words) for n in range(2, 402)])
    source = source_of(_damaged(path, [b"K100", b"K300"]))
    kept = [row["at"] for row in rows_of(source)]
    assert 385 <= len(kept) == len(set(kept)) < 400
    assert (kept[0], kept[-1]) == ("message 2", "message 401")
    assert [reject.locator.split()[0] for reject in source.tally.rejects] == ["message"] * 2


def test_a_damaged_side_table_costs_no_message(database: Database) -> None:
    path = database(
        NEWER,
        message=[newer(n) for n in range(2, 402)],
        message_media=[
            {"message_row_id": n, "media_caption": f"caption {n} " + "x" * 500}
            for n in range(2, 402)
        ],
    )
    source = source_of(_damaged(path, [b"caption 200 "]))
    read = list(rows_of(source))
    assert [row["at"] for row in read] == [f"message {n}" for n in range(2, 402)]
    captions = sum(row["text"].startswith("salut") for row in read)
    assert captions == 400
    assert [reject.locator.split()[0] for reject in source.tally.rejects] == ["message_media"]


def test_a_message_that_free_pages_alone_hold_is_deleted(database: Database) -> None:
    path = database(NEWER, message=[newer(n, text_data=f"message {n}") for n in range(2, 200)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("DELETE FROM message WHERE _id BETWEEN 50 AND 150")
        db.commit()
    rows = list(rows_of(source_of(path)))
    found = {row["ref"]: row for row in rows if "page" in row["at"]}
    assert len(rows) - len(found) == 198 - 101
    assert len(found) > 10
    assert {row["text"] for row in found.values()} == {f"message {ref[1:]}" for ref in found}
    assert {(row["sender_id"], row["deleted"]) for row in found.values()} == {(ALICE, True)}
    assert not any(row["deleted"] for row in rows if row["ref"] not in found)


def test_a_lost_notice_of_the_old_schema_is_read_as_one_that_is_there(database: Database) -> None:
    notice = {"status": 6, "media_size": 11, "data": "quai", "media_wa_type": 0}
    path = database(OLDER, messages=[older(n, **notice) for n in range(2, 200)])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("DELETE FROM messages WHERE _id BETWEEN 50 AND 150")
        db.commit()
    rows = list(rows_of(source_of(path)))
    lost = [row for row in rows if "(deleted, " in row["at"]]
    assert len(lost) > 10
    assert {(row["kind"], row["text"], row["deleted"]) for row in lost} == {
        ("system", rows[0]["text"], True)
    }
    assert rows[0]["text"].startswith("[group created]")


def test_a_message_that_moved_to_the_newer_schema_is_not_lost(database: Database) -> None:
    both = [older(n, data=f"message {n}") for n in range(2, 100)]
    path = database(NEWER, OLDER, messages=both)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute(
            "INSERT INTO message (_id, chat_row_id, from_me, key_id, timestamp, message_type,"
            " text_data) SELECT _id, 1, 0, key_id, timestamp, 0, data FROM messages WHERE _id > 9"
        )
        db.execute("DELETE FROM messages")
        db.commit()
    assert not any(row["deleted"] for row in rows_of(source_of(path)))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_other_bytes_are_not_claimed(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("raw") / "msgstore.db"
    path.write_bytes(b"SQLite format 3\x00" + raw)
    assert not detect(Head.of(source_of(path).member))
    with pytest.raises(BadInput):
        list(rows_of(source_of(path)))


def test_another_apps_tables_are_not_claimed(database: Database) -> None:
    path = database("CREATE TABLE messages (_id INTEGER, data TEXT); CREATE TABLE chat (_id)")
    assert not detect(Head.of(source_of(path).member))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1),
            st.booleans(),
            st.integers(1, 4_102_444_799_999),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, bool, int]]
) -> None:
    path = tmp_path_factory.mktemp("round") / "msgstore.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(NEWER)
        db.executemany(
            "INSERT INTO message (_id, chat_row_id, text_data, from_me, timestamp, message_type)"
            " VALUES (?, 1, ?, ?, ?, 0)",
            [(n, *values) for n, values in enumerate(said, 2)],
        )
        db.commit()
    read = [
        (row["text"], row["sender_id"] == OWNER, round(row["sent_at"].timestamp() * 1000))
        for row in rows_of(source_of(path))
    ]
    assert read == said

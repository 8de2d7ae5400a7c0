"""What is read of Telegram's ``cache4.db``, told by examples.

Tables as Telegram for Android makes them (``MessagesStorage``). The objects in them stand in
``tests/data/telegram_objects.json``: Telethon serialised them, in versions of five layers.
"""

import json
import sqlite3
import struct
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import telegram_android
from faisceau.evidence.reading import Source, read_rows
from faisceau.evidence.telegram.tl import decoded, text_after
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

OBJECTS = {
    layer: {name: bytes.fromhex(said) for name, said in objects.items() if name != "telethon"}
    for layer, objects in json.loads(
        (Path(__file__).parents[2] / "data" / "telegram_objects.json").read_text("utf-8")
    ).items()
}
NEWEST = OBJECTS["214"]
NOON = 1_767_265_200  # 2026-01-01 11:00 UTC, the time in every object
SCHEMA = """
CREATE TABLE messages_v2(mid INTEGER, uid INTEGER, read_state INTEGER, send_state INTEGER,
    date INTEGER, data BLOB, out INTEGER, ttl INTEGER, media INTEGER, replydata BLOB, imp INTEGER,
    mention INTEGER, PRIMARY KEY(mid, uid));
CREATE TABLE users(uid INTEGER PRIMARY KEY, name TEXT, status INTEGER, data BLOB);
CREATE TABLE chats(uid INTEGER PRIMARY KEY, name TEXT, data BLOB);
CREATE TABLE enc_chats(uid INTEGER PRIMARY KEY, user INTEGER, name TEXT, data BLOB);
CREATE TABLE dialogs(did INTEGER PRIMARY KEY, date INTEGER, unread_count INTEGER);
CREATE TABLE media_v4(mid INTEGER, uid INTEGER, date INTEGER, type INTEGER, data BLOB,
    PRIMARY KEY(mid, uid, type));
CREATE TABLE scheduled_messages_v2(mid INTEGER, uid INTEGER, send_state INTEGER, date INTEGER,
    data BLOB, ttl INTEGER, replydata BLOB, PRIMARY KEY(mid, uid));
CREATE TABLE user_contacts_v7(key TEXT PRIMARY KEY, uid INTEGER, fname TEXT, sname TEXT,
    imported INTEGER);
CREATE TABLE user_phones_v7(key TEXT, phone TEXT, sphone TEXT, deleted INTEGER,
    PRIMARY KEY (key, phone));
"""


def database(
    path: Path, objects: dict[str, bytes] = NEWEST, **tables: list[dict[str, Any]]
) -> Source:
    people = {
        "users": [
            {"uid": 1001, "name": "sacha garnier;;;sachag", "data": objects["user"]},
            {"uid": 42, "name": "moi", "data": objects["self"]},
        ],
        "chats": [
            {"uid": 77, "name": "le quai", "data": objects["chat"]},
            {"uid": 88, "name": "infos", "data": objects["channel"]},
        ],
    }
    with closing(sqlite3.connect(path / "cache4.db")) as db:
        db.executescript(SCHEMA)
        for table, rows in (people | tables).items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                db.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()]
                )
        db.commit()
    return Source(member("files/cache4.db", (path / "cache4.db").read_bytes()))


def message(mid: int, data: bytes | None, uid: int = 1001, **values: Any) -> dict[str, Any]:
    return {"mid": mid, "uid": uid, "date": NOON, "out": 0, "data": data, **values}


def rows_of(source: Source, table: str = "message") -> list[dict[str, Any]]:
    assert telegram_android.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(telegram_android, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            found += [{**row, "at": at, "why": reason} for row, at, reason in rows]
    return found


@pytest.mark.parametrize("layer", OBJECTS)
def test_messages_of_every_layer_say_who_when_and_what(tmp_path: Path, layer: str) -> None:
    said = OBJECTS[layer]
    names = ("text", "reply", "photo", "voice", "geo", "contact", "poll", "added")
    dialogs = {"photo": -77, "added": -77, "voice": -88}
    source = database(
        tmp_path,
        said,
        messages_v2=[
            message(n, said[name], dialogs.get(name, 1001), out=int(name == "reply"))
            for n, name in enumerate(names, 1)
        ],
    )
    rows = dict(zip(names, rows_of(source), strict=True))
    text, reply, photo, voice = (rows[name] for name in ("text", "reply", "photo", "voice"))
    assert (text["text"], text["sender_id"], text["recipients"]) == (
        "salut",
        "user1001",
        ["user42"],
    )
    assert (text["sender_name"], text["thread_name"]) == ("Sacha Garnier", "Sacha Garnier")
    assert text["sent_at"] == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert text["edited_at"] == datetime(2026, 1, 1, 11, 1, tzinfo=UTC)
    assert (text["account"], text["thread_id"], text["at"]) == (
        "user42", "1001", "messages_v2 1001/1",
    )  # fmt: skip
    assert (reply["text"], reply["sender_id"], reply["reply_to"]) == ("ok 👍 demain", "user42", "3")
    assert reply["recipients"] == ["user1001"]
    assert (photo["kind"], photo["forwarded"], photo["thread_name"]) == ("image", True, "Le Quai")
    assert (photo["sender_id"], photo["recipients"]) == ("user1001", None)
    assert (voice["kind"], voice["sender_id"], voice["sender_name"]) == (
        "voice", "channel88", "Infos",
    )  # fmt: skip
    assert (rows["geo"]["kind"], rows["geo"]["latitude"]) == ("location", 48.85)
    assert rows["contact"]["text"] == "Léa Roux 33612000009"
    assert rows["poll"]["text"] == "Où ?\nquai\ngare"
    assert (rows["added"]["text"], rows["added"]["kind"]) == ("[chat add user] user1002", "system")
    assert not source.tally.unread


def test_a_call_is_a_call(tmp_path: Path) -> None:
    source = database(tmp_path, messages_v2=[message(1, NEWEST["call"])])
    [call] = rows_of(source, "call")
    assert (call["caller"], call["callee"], call["direction"]) == ("user1001", "user42", "missed")
    assert rows_of(source) == []


def test_users_and_the_imported_book_are_contacts(tmp_path: Path) -> None:
    source = database(
        tmp_path,
        user_contacts_v7=[{"key": "a1", "uid": 1001, "fname": "Sacha", "sname": "boulot"}],
        user_phones_v7=[
            {"key": "a1", "phone": "+33612000001", "sphone": "12000001"},
            {"key": "zz", "phone": "+33612000002", "sphone": "12000002"},
        ],
    )
    me, sacha, book = rows_of(source, "contact")
    assert sacha["identifiers"] == ["user1001", "+33612000001", "@sachag"]
    assert (sacha["name"], me["identifiers"]) == ("Sacha Garnier", ["user42", "+33699000001"])
    assert (book["name"], book["identifiers"]) == ("Sacha boulot", ["+33612000001", "user1001"])
    assert source.tally.left["numbers of no imported contact"] == 1


def test_an_object_of_a_later_layer_keeps_its_row_and_often_its_words(tmp_path: Path) -> None:
    strange = struct.pack("<I", 0x0BADCAFE) + NEWEST["text"][4:]
    silent = struct.pack("<I", 0x0BADCAFE) + NEWEST["voice"][4:]
    source = database(
        tmp_path, messages_v2=[message(1, strange, out=1), message(2, silent), message(3, None)]
    )
    found, silent_row, empty = rows_of(source)
    assert (found["text"], found["sender_id"]) == ("salut", "user42")
    assert (silent_row["text"], silent_row["kind"], silent_row["sender_id"]) == (
        None, None, "user1001",
    )  # fmt: skip
    assert empty["sent_at"] == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert source.tally.unknown["constructor 0badcafe"] == 2
    assert source.tally.unread["message.text"] == 2


def test_a_message_of_a_secret_chat(tmp_path: Path) -> None:
    said = "à l'abri".encode()
    held = bytes([len(said)]) + said + bytes(-(len(said) + 1) % 4)
    data = (
        struct.pack("<IIiii", 0x555555FA, 0, 5, 30, 1001)
        + struct.pack("<Ii", 0x9DB1BC6D, 42)  # peerUser
        + struct.pack("<i", NOON) + held
        + struct.pack("<III", 0x3DED6320, 0x1CB5C415, 0)  # no media, no entities
    )  # fmt: skip
    new, old = 0x4000000000000000 | 9, 9 << 32
    source = database(
        tmp_path,
        messages_v2=[message(1, data, new), message(2, data, old, out=1)],
        enc_chats=[{"uid": 9, "user": 1001, "name": "sacha"}],
    )
    received, sent = rows_of(source)
    assert (received["text"], received["sender_id"], received["recipients"]) == (
        "à l'abri", "user1001", ["user42"],
    )  # fmt: skip
    assert (received["thread_name"], received["kind"]) == ("Sacha Garnier", "text")
    assert (sent["sender_id"], sent["recipients"]) == ("user42", ["user1001"])


def test_copies_are_left_what_stands_beside_alone_is_read_and_scheduled_rejected(
    tmp_path: Path,
) -> None:
    copy = {"mid": 1, "uid": 1001, "date": NOON, "type": 0, "data": NEWEST["photo"]}
    source = database(
        tmp_path,
        messages_v2=[message(1, NEWEST["text"])],
        media_v4=[copy, {**copy, "mid": 2}],
        scheduled_messages_v2=[{"mid": 3, "uid": 1001, "date": NOON, "data": NEWEST["text"]}],
        dialogs=[{"did": 1001}, {"did": 5555}],
    )
    main, beside, scheduled = rows_of(source)
    assert (main["at"], beside["at"]) == ("messages_v2 1001/1", "media_v4 1001/2")
    assert (main["why"], beside["why"]) == (None, None)
    assert scheduled["why"] == telegram_android.SCHEDULED
    assert source.tally.left["messages of media_v4 that another table holds too"] == 1
    assert source.tally.left["conversations without a message"] == 1


def test_a_time_that_is_not_the_rows_own_is_not_believed(tmp_path: Path) -> None:
    source = database(tmp_path, messages_v2=[message(1, NEWEST["text"], date=NOON + 7)])
    [row] = rows_of(source)
    assert (row["text"], row["sender_id"]) == (None, "user1001")
    assert source.tally.unread == {"message.text": 1}


@settings(deadline=None)
@given(st.sampled_from(sorted(NEWEST)), st.data())
def test_no_damage_stops_the_reading_of_an_object(name: str, data: st.DataObject) -> None:
    whole = bytearray(NEWEST[name])
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    decoded(cut)
    text_after(cut, NOON)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_nor_does_what_is_no_object(data: bytes) -> None:
    assert decoded(data).fields.get("_") is None or len(data) >= 4


def test_it_conforms() -> None:
    check_reader(telegram_android)

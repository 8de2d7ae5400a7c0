"""What WhatsApp's databases on iOS say: messages, contacts and calls."""

import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import whatsapp_ios
from faisceau.evidence.readers.whatsapp_ios import detect
from faisceau.evidence.reading import OWNER, Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

ALICE, BOB, ME = (f"3361200000{n}@s.whatsapp.net" for n in (1, 2, 9))
HIDDEN, GROUP = "777@lid", "33612000001-1461964508@g.us"
NOON = 621_692_800.5  # seconds since 2001: 2020-09-13T12:26:40.5Z

# The columns that matter, as Core Data names and types them in databases of 2019 to 2025.
CHATS = """
CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZSESSIONTYPE INTEGER, ZREMOVED INTEGER, ZGROUPINFO INTEGER, ZCONTACTJID VARCHAR,
    ZPARTNERNAME VARCHAR);
CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZISACTIVE INTEGER, ZISADMIN INTEGER, ZCHATSESSION INTEGER, ZMEMBERJID VARCHAR,
    ZCONTACTNAME VARCHAR, ZFIRSTNAME VARCHAR);
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZFLAGS INTEGER, ZGROUPEVENTTYPE INTEGER, ZISFROMME INTEGER, ZMESSAGESTATUS INTEGER,
    ZMESSAGETYPE INTEGER, ZSORT INTEGER, ZSTARRED INTEGER, ZCHATSESSION INTEGER,
    ZGROUPMEMBER INTEGER, ZMEDIAITEM INTEGER, ZMESSAGEINFO INTEGER, ZMESSAGEDATE TIMESTAMP,
    ZSENTDATE TIMESTAMP, ZFROMJID VARCHAR, ZPUSHNAME VARCHAR, ZSTANZAID VARCHAR, ZTEXT VARCHAR,
    ZTOJID VARCHAR);
CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZFILESIZE INTEGER, ZMOVIEDURATION INTEGER, ZMESSAGE INTEGER, ZLATITUDE FLOAT,
    ZLONGITUDE FLOAT, ZMEDIALOCALPATH VARCHAR, ZTITLE VARCHAR, ZVCARDNAME VARCHAR,
    ZVCARDSTRING VARCHAR, ZMETADATA BLOB);
CREATE TABLE ZWAMESSAGEINFO (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZMESSAGE INTEGER, ZRECEIPTINFO BLOB);
CREATE TABLE ZWAPROFILEPUSHNAME (Z_PK INTEGER PRIMARY KEY, ZJID VARCHAR, ZPUSHNAME VARCHAR);
CREATE TABLE Z_METADATA (Z_VERSION INTEGER PRIMARY KEY, Z_UUID VARCHAR, Z_PLIST BLOB);
INSERT INTO ZWACHATSESSION (Z_PK, ZSESSIONTYPE, ZCONTACTJID, ZPARTNERNAME) VALUES
    (1, 0, '33612000001@s.whatsapp.net', 'Alice'), (2, 1, '33612000001-1461964508@g.us', 'Lar'),
    (3, 0, '777@lid', NULL), (4, 3, 'status@broadcast', NULL);
INSERT INTO ZWAGROUPMEMBER (Z_PK, ZISACTIVE, ZCHATSESSION, ZMEMBERJID, ZCONTACTNAME) VALUES
    (1, 1, 2, '33612000001@s.whatsapp.net', 'Alice'), (2, 1, 2, '777@lid', 'Bobby'),
    (3, 0, 2, '33612000003@s.whatsapp.net', 'Carol');
"""
BOOK = """
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, ZWHATSAPPID VARCHAR, ZLID VARCHAR,
    ZPHONENUMBER VARCHAR, ZFULLNAME VARCHAR, ZGIVENNAME VARCHAR, ZLASTNAME VARCHAR,
    ZHIGHLIGHTEDNAME VARCHAR, ZNICKNAME VARCHAR, ZABOUTTEXT VARCHAR);
INSERT INTO ZWAADDRESSBOOKCONTACT (ZWHATSAPPID, ZLID, ZPHONENUMBER, ZFULLNAME, ZGIVENNAME) VALUES
    ('33612000002@s.whatsapp.net', '777@lid', '+33 6 12 00 00 02', 'Bob le Grand', 'Bob'),
    ('33612000004', NULL, NULL, NULL, 'Dan'), (NULL, NULL, '+33 1 00 00 00 00', 'Bureau', NULL);
"""
CALLS = """
CREATE TABLE ZWAAGGREGATECALLEVENT (Z_PK INTEGER PRIMARY KEY, ZINCOMING INTEGER, ZMISSED INTEGER);
CREATE TABLE ZWACDCALLEVENT (Z_PK INTEGER PRIMARY KEY, ZOUTCOME INTEGER, Z1CALLEVENTS INTEGER,
    ZDATE TIMESTAMP, ZDURATION FLOAT, ZCALLIDSTRING VARCHAR,
    ZGROUPCALLCREATORUSERJIDSTRING VARCHAR);
CREATE TABLE ZWACDCALLEVENTPARTICIPANT (Z_PK INTEGER PRIMARY KEY, Z1PARTICIPANTS INTEGER,
    ZJIDSTRING VARCHAR);
"""

Database = Callable[..., Source]


def member(path: Path) -> Member:
    raw = path.read_bytes()

    def opened() -> BinaryIO:
        return BytesIO(raw)

    return Member(path.name, len(raw), opened, lambda: path, lambda: sha256(raw).hexdigest())


def written(path: Path, script: str, **tables: list[dict[str, Any]]) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(script)
        for table, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
                db.execute(sql, tuple(row.values()))
        db.commit()
    return path


@pytest.fixture
def chats(tmp_path: Path) -> Database:
    def make(book: bool = False, **tables: list[dict[str, Any]]) -> Source:
        path = written(tmp_path / "ChatStorage.sqlite", CHATS, **tables)
        beside = [written(tmp_path / "ContactsV2.sqlite", BOOK)] if book else []
        return Source(member(path), siblings={p.name: member(p) for p in beside})

    return make


def batches(source: Source) -> Iterator[Batch]:
    for batch, _ in read_rows(whatsapp_ios, source):
        assert isinstance(batch, Batch)
        yield batch


def rows(source: Source, table: str = "message") -> list[dict[str, Any]]:
    found = []
    for batch in batches(source):
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000_000
        every = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            found += [{**row, "at": at} for row, at, reason in every if reason is None]
    return found


def message(n: int = 1, **values: Any) -> dict[str, Any]:
    """A text received from Alice, unless more is said."""
    plain = {"ZCHATSESSION": 1, "ZISFROMME": 0, "ZFROMJID": ALICE, "ZSTANZAID": f"K{n}"}
    return {"Z_PK": n, **plain, "ZMESSAGETYPE": 0, "ZMESSAGEDATE": NOON, "ZTEXT": "salut", **values}


def wire(number: int, value: int | str | bytes) -> bytes:
    """One field as the specification of Protocol Buffers encodes it; numbers below 2^35."""

    def varint(n: int) -> bytes:
        more = []
        while n > 0x7F:
            more.append(n & 0x7F | 0x80)
            n >>= 7
        return bytes([*more, n])

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def test_it_conforms() -> None:
    check_reader(whatsapp_ios)


# Messages.


def test_who_wrote_to_whom_and_when(chats: Database) -> None:
    source = chats(
        ZWAMESSAGE=[
            message(1, ZTOJID=ME),
            message(2, ZISFROMME=1, ZFROMJID=None, ZTOJID=ALICE),
            message(3, ZCHATSESSION=2, ZGROUPMEMBER=1, ZFROMJID=GROUP),
        ]
    )
    assert detect(Head.of(source.member))
    received, sent, in_group = rows(source)
    assert (received["sender_id"], received["recipients"]) == (ALICE, [ME])
    assert (received["sender_name"], received["thread_name"]) == ("Alice", "Alice")
    assert received["sent_at"] == datetime(2020, 9, 13, 12, 26, 40, 500_000, UTC)
    assert (received["app"], received["ref"], received["at"]) == ("whatsapp", "K1", "ZWAMESSAGE 1")
    assert (sent["account"], sent["sender_id"], sent["recipients"]) == (ME, ME, [ALICE])
    assert (in_group["thread_id"], in_group["thread_name"]) == (GROUP, "Lar")
    assert (in_group["sender_id"], in_group["recipients"]) == (ALICE, [HIDDEN])


def test_without_a_single_addressee_the_holder_is_owner(chats: Database) -> None:
    sent, _, _ = rows(
        chats(ZWAMESSAGE=[message(1, ZISFROMME=1), message(2, ZTOJID=ME), message(3, ZTOJID=BOB)])
    )
    assert (sent["account"], sent["sender_id"]) == (None, OWNER)


def test_the_address_book_beside_gives_names_and_numbers(chats: Database) -> None:
    source = chats(
        book=True,
        ZWAMESSAGE=[
            message(1, ZCHATSESSION=3, ZFROMJID=HIDDEN),
            message(2, ZCHATSESSION=2, ZGROUPMEMBER=2, ZFROMJID=GROUP),
        ],
    )
    direct, in_group = rows(source)
    assert (direct["thread_id"], direct["thread_name"]) == (HIDDEN, "Bob le Grand")
    assert direct["sender_id"] == in_group["sender_id"] == BOB
    assert in_group["sender_name"] == "Bob le Grand"


def test_numbers_of_hidden_identifiers_lie_beside_too(tmp_path: Path) -> None:
    path = written(tmp_path / "ChatStorage.sqlite", CHATS, ZWAMESSAGE=[message(1, ZCHATSESSION=3)])
    pairs = written(
        tmp_path / "LID.sqlite",
        "CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, ZPHONENUMBER VARCHAR,"
        " ZLID VARCHAR);",
        ZWAPHONENUMBERLIDPAIR=[{"ZPHONENUMBER": "+33612000002", "ZLID": "777"}],
    )
    [row] = rows(Source(member(path), siblings={pairs.name: member(pairs)}))
    assert (row["thread_id"], row["sender_id"]) == (HIDDEN, BOB)
    damaged = tmp_path / "odd"
    damaged.write_bytes(b"SQLite format 3\x00" + b"x" * 5000)
    source = Source(member(path), siblings={pairs.name: member(damaged)})
    assert rows(source)[0]["sender_id"] == HIDDEN
    assert source.tally.left["LID.sqlite beside it, which cannot be opened"] == 1


@pytest.mark.parametrize(
    ("stored", "name"), [("Léo 🌴", "Léo 🌴"), ("Benjamin", "Benjamin"), ("CgVBbGljZQ==", None)]
)
def test_the_name_that_the_sender_chose_unless_it_is_a_record(
    chats: Database, stored: str, name: str | None
) -> None:
    received = message(1, ZCHATSESSION=4, ZFROMJID=BOB, ZPUSHNAME=stored)
    [row] = rows(chats(ZWAMESSAGE=[received]))
    assert (row["sender_id"], row["sender_name"]) == (BOB, name)


def test_media_keep_hash_caption_and_path(chats: Database) -> None:
    digest = sha256(b"picture").digest()
    source = chats(
        ZWAMESSAGE=[
            message(1, ZMESSAGETYPE=1, ZTEXT=None, ZMEDIAITEM=7),
            message(2, ZMESSAGETYPE=3, ZTEXT=None, ZMEDIAITEM=8),
            message(3, ZMESSAGETYPE=4, ZTEXT="Max", ZMEDIAITEM=9),
        ],
        ZWAMEDIAITEM=[
            {"Z_PK": 7, "ZTITLE": "regarde", "ZVCARDNAME": b64encode(digest).decode(),
             "ZVCARDSTRING": "image/jpeg", "ZMEDIALOCALPATH": "Media/a.jpg"},
            {"Z_PK": 8, "ZMEDIALOCALPATH": "Media/b.opus"},
            {"Z_PK": 9, "ZVCARDSTRING": "BEGIN:VCARD\nFN:Max\nEND:VCARD"},
        ],
    )  # fmt: skip
    picture, voice, card = rows(source)
    assert (picture["kind"], picture["text"]) == ("image", "regarde")
    assert picture["attachment_sha256"] == digest.hex()
    assert (voice["kind"], voice["text"]) == ("voice", "[Media/b.opus]")
    assert card["text"] == "Max\nBEGIN:VCARD\nFN:Max\nEND:VCARD"


def test_a_file_that_lies_there_gives_the_hash_that_the_database_lacks(tmp_path: Path) -> None:
    path = written(
        tmp_path / "ChatStorage.sqlite",
        CHATS,
        ZWAMESSAGE=[message(1, ZMESSAGETYPE=2, ZTEXT=None, ZMEDIAITEM=7)],
        ZWAMEDIAITEM=[{"Z_PK": 7, "ZMEDIALOCALPATH": "Media/v.mp4"}],
    )
    video = tmp_path / "v.mp4"
    video.write_bytes(b"moving")
    source = Source(member(path), siblings={"Message/Media/v.mp4": member(video)})
    assert rows(source)[0]["attachment_sha256"] == sha256(b"moving").hexdigest()


def test_a_place(chats: Database) -> None:
    place = {"ZLATITUDE": 50.63, "ZLONGITUDE": 3.06, "ZTITLE": "Gare", "ZVCARDNAME": "1 rue, Lille"}
    [row] = rows(
        chats(
            ZWAMESSAGE=[message(1, ZMESSAGETYPE=5, ZTEXT=None, ZMEDIAITEM=7)],
            ZWAMEDIAITEM=[{"Z_PK": 7, **place}],
        )
    )
    assert (row["kind"], row["latitude"], row["longitude"]) == ("location", 50.63, 3.06)
    assert row["text"] == "Gare\n1 rue, Lille"


def test_answers_forwards_and_deletions(chats: Database) -> None:
    source = chats(
        ZWAMESSAGE=[
            message(1, ZMEDIAITEM=7),
            message(2, ZFLAGS=1 << 7 | 1),
            message(3, ZMEDIAITEM=8),
            message(4, ZMESSAGETYPE=14, ZTEXT=None),
        ],
        ZWAMEDIAITEM=[
            {"Z_PK": 7, "ZMETADATA": wire(2, 9) + wire(5, "K0") + wire(19, wire(1, "vu"))},
            {"Z_PK": 8, "ZMETADATA": wire(17, 4)},
        ],
    )
    answer, forwarded, often, deleted = rows(source)
    assert (answer["reply_to"], answer["forwarded"], answer["deleted"]) == ("K0", False, False)
    assert (forwarded["forwarded"], often["forwarded"]) == (True, True)
    assert (deleted["deleted"], deleted["text"]) == (True, None)


def test_reactions_are_rows_that_answer_and_a_poll_is_its_question_and_options(
    chats: Database,
) -> None:
    theirs = wire(1, wire(1, "X") + wire(2, ALICE) + wire(3, "🍁") + wire(4, 1_600_000_060_000))
    mine = wire(2, wire(2, "👍") + wire(3, 1_600_000_120_000))
    poll = wire(2, "Quand ?") + wire(3, wire(1, "lundi")) + wire(3, wire(1, "mardi"))
    source = chats(
        ZWAMESSAGE=[
            message(1, ZISFROMME=1, ZMESSAGEINFO=5),
            message(2, ZMESSAGETYPE=46, ZTEXT=None, ZMESSAGEINFO=6),
        ],
        ZWAMESSAGEINFO=[
            {"Z_PK": 5, "ZRECEIPTINFO": wire(1, b"\x0a\x02") + wire(7, theirs + mine)},
            {"Z_PK": 6, "ZRECEIPTINFO": wire(8, poll)},
        ],
    )
    _, asked, maple, thumb = rows(source)
    assert asked["text"] == "Quand ?\nlundi\nmardi"
    assert (maple["text"], maple["kind"], maple["reply_to"]) == ("🍁", "system", "K1")
    assert (maple["sender_id"], maple["at"]) == (ALICE, "ZWAMESSAGE 1 reaction")
    assert maple["sent_at"] == datetime(2020, 9, 13, 12, 27, 40, tzinfo=UTC)
    assert (thumb["text"], thumb["sender_id"], thumb["recipients"]) == ("👍", OWNER, [ALICE])


def test_a_notice_says_who_did_what_to_whom(chats: Database) -> None:
    notice = {"ZMESSAGETYPE": 6, "ZCHATSESSION": 2, "ZFROMJID": GROUP, "ZTEXT": None}
    source = chats(
        book=True,
        ZWAMESSAGE=[
            message(1, **{**notice, "ZTEXT": f"{ALICE};{BOB},33612000003@s.whatsapp.net"},
                    ZGROUPEVENTTYPE=2),
            message(2, **notice, ZGROUPEVENTTYPE=7, ZGROUPMEMBER=1),
            message(3, **notice, ZGROUPEVENTTYPE=3, ZGROUPMEMBER=2),
            message(4, **{**notice, "ZTEXT": "Maison"}, ZGROUPEVENTTYPE=1, ZGROUPMEMBER=1),
            message(5, ZMESSAGETYPE=10, ZGROUPEVENTTYPE=2, ZTEXT=None),
            message(6, ZMESSAGETYPE=10, ZGROUPEVENTTYPE=99, ZTEXT=None),
        ],
    )  # fmt: skip
    said = [(row["sender_id"], row["text"], row["kind"], row["recipients"]) for row in rows(source)]
    carol = "Carol (33612000003@s.whatsapp.net)"
    assert said == [
        (ALICE, f"[participant added] Bob le Grand ({BOB}), {carol}", "system", None),
        (OWNER, f"[participant removed] Alice ({ALICE})", "system", None),
        (BOB, "[participant left]", "system", None),
        (ALICE, "[subject changed] Maison", "system", None),
        (None, "[messages are end-to-end encrypted]", "system", None),
        (None, "[notice 10/99]", "system", None),
    ]


def test_an_unknown_type_is_counted_and_a_time_that_is_none_rejected(chats: Database) -> None:
    source = chats(
        ZWAMESSAGE=[
            message(1, ZMESSAGETYPE=999),
            message(2, ZMESSAGEDATE=None),
            message(3, ZMESSAGEDATE=-1e30),
            message(4, ZSTARRED=1),
        ]
    )
    assert [row["at"] for row in rows(source)] == ["ZWAMESSAGE 1", "ZWAMESSAGE 4"]
    assert source.tally.unknown == {"ZWAMESSAGE of type 999": 1}
    assert source.tally.left["mark of a starred message"] == 1
    assert source.tally.left["chats without a message"] == 3


def test_a_version_without_the_newer_columns(tmp_path: Path) -> None:
    old = """CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER,
        ZISFROMME INTEGER, ZMESSAGEDATE TIMESTAMP, ZTEXT VARCHAR);
        CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, ZCONTACTJID VARCHAR);
        INSERT INTO ZWACHATSESSION VALUES (1, '33612000001@s.whatsapp.net');
        INSERT INTO ZWAMESSAGE VALUES (1, 1, 0, 400000000, 'salut');"""
    source = Source(member(written(tmp_path / "ChatStorage.sqlite", old)))
    [row] = rows(source)
    assert (row["sender_id"], row["text"], row["kind"]) == (ALICE, "salut", "text")


# Contacts.


def test_contacts(tmp_path: Path) -> None:
    source = Source(member(written(tmp_path / "ContactsV2.sqlite", BOOK)))
    assert detect(Head.of(source.member))
    assert [(c["name"], c["identifiers"]) for c in rows(source, "contact")] == [
        ("Bob le Grand", ["+33612000002", HIDDEN]),
        ("Dan", ["+33612000004"]),
        ("Bureau", ["+33 1 00 00 00 00"]),
    ]


def test_contacts_of_the_first_versions(tmp_path: Path) -> None:
    first = """CREATE TABLE ZWACONTACT (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR,
        ZFIRSTNAME VARCHAR);
        CREATE TABLE ZWAPHONE (Z_PK INTEGER PRIMARY KEY, ZCONTACT INTEGER, ZPHONE VARCHAR,
        ZWHATSAPPID VARCHAR);
        INSERT INTO ZWACONTACT VALUES (1, 'Alice', 'Al');
        INSERT INTO ZWAPHONE VALUES (1, 1, '06 12 00 00 01', '33612000001');"""
    source = Source(member(written(tmp_path / "Contacts.sqlite", first)))
    [contact] = rows(source, "contact")
    assert contact["name"] == "Alice"
    assert contact["identifiers"] == ["+33612000001", "06 12 00 00 01"]


# Calls.


def test_calls_say_who_called_and_what_came_of_it(tmp_path: Path) -> None:
    call = {"ZDATE": NOON, "ZDURATION": 65.0}
    path = written(
        tmp_path / "CallHistory.sqlite",
        CALLS,
        ZWAAGGREGATECALLEVENT=[
            {"Z_PK": 1, "ZINCOMING": 0}, {"Z_PK": 2, "ZINCOMING": 1}, {"Z_PK": 3, "ZINCOMING": 1},
        ],
        ZWACDCALLEVENT=[
            {"Z_PK": 1, "Z1CALLEVENTS": 1, "ZOUTCOME": 0, "ZCALLIDSTRING": "C1", **call},
            {"Z_PK": 2, "Z1CALLEVENTS": 2, "ZOUTCOME": 0, "ZCALLIDSTRING": "C2", **call},
            {"Z_PK": 3, "Z1CALLEVENTS": 3, "ZOUTCOME": 1, "ZCALLIDSTRING": "C3", **call},
        ],
        ZWACDCALLEVENTPARTICIPANT=[
            {"Z1PARTICIPANTS": n, "ZJIDSTRING": ALICE} for n in (1, 2, 3)
        ],
    )  # fmt: skip
    source = Source(member(path), owner=ME)
    calls = [
        (c["ref"], c["caller"], c["callee"], c["direction"], c["duration_s"])
        for c in rows(source, "call")
    ]
    assert calls == [
        ("C1", ME, ALICE, "out", 65.0),
        ("C2", ALICE, ME, "in", 65.0),
        ("C3", ALICE, ME, "missed", 65.0),
    ]


# A whole folder, and bad input.


def test_the_desk_reads_a_folder_of_them(desk: Desk) -> None:
    folder = desk.files / "phone"
    folder.mkdir()
    written(folder / "ChatStorage.sqlite", CHATS, ZWAMESSAGE=[message(1, ZCHATSESSION=3)])
    written(folder / "ContactsV2.sqlite", BOOK)
    added = desk.add(folder)
    assert added.exhibit is not None
    assert added.exhibit.tables == {
        "contact": {"rows": 3, "rejected": 0},
        "message": {"rows": 1, "rejected": 0},
    }
    assert desk.rows("message")[0]["sender_name"] == "Bob le Grand"


def test_rows_behind_a_damaged_page_are_read_too(tmp_path: Path) -> None:
    many = [message(n, ZTEXT="x" * 900) for n in range(1, 401)]
    path = written(tmp_path / "ChatStorage.sqlite", CHATS, ZWAMESSAGE=many)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"K200") // 4096 * 4096
    raw[at : at + 8] = b"\xff" * 8
    path.write_bytes(raw)
    source = Source(member(path))
    kept = [row["at"] for row in rows(source)]
    assert 390 <= len(kept) == len(set(kept)) < 400
    assert (kept[0], kept[-1]) == ("ZWAMESSAGE 1", "ZWAMESSAGE 400")
    assert "damaged pages" in source.tally.rejects[0].reason


def test_a_message_that_free_pages_alone_hold_is_deleted(tmp_path: Path) -> None:
    many = [message(n, ZTEXT=f"message {n}") for n in range(1, 200)]
    path = written(tmp_path / "ChatStorage.sqlite", CHATS, ZWAMESSAGE=many)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA secure_delete = OFF")
        db.execute("DELETE FROM ZWAMESSAGE WHERE Z_PK BETWEEN 50 AND 150")
        db.commit()
    read = rows(Source(member(path)))
    found = {row["ref"]: row for row in read if "page" in row["at"]}
    assert len(read) - len(found) == 199 - 101
    assert found
    assert {row["text"] for row in found.values()} == {f"message {ref[1:]}" for ref in found}
    assert all(row["deleted"] for row in found.values())


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=60))
def test_metadata_that_makes_no_sense_loses_no_message(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = written(
        tmp_path_factory.mktemp("odd") / "ChatStorage.sqlite",
        CHATS,
        ZWAMESSAGE=[message(1, ZMEDIAITEM=7, ZMESSAGEINFO=5)],
        ZWAMEDIAITEM=[{"Z_PK": 7, "ZMETADATA": raw}],
        ZWAMESSAGEINFO=[{"Z_PK": 5, "ZRECEIPTINFO": b"\x3a" + raw}],
    )
    assert [r["text"] for r in rows(Source(member(path))) if r["kind"] == "text"] == ["salut"]

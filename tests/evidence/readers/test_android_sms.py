"""What is read of Android's ``mmssms.db``, told by examples; its tables as AOSP makes them.

``MmsSmsDatabaseHelper``, https://android.googlesource.com/platform/packages/providers/TelephonyProvider
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.readers import android_sms
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

SCHEMA = """
CREATE TABLE canonical_addresses (_id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT);
CREATE TABLE threads (_id INTEGER PRIMARY KEY AUTOINCREMENT, date INTEGER DEFAULT 0,
    message_count INTEGER DEFAULT 0, recipient_ids TEXT, snippet TEXT, snippet_cs INTEGER,
    read INTEGER DEFAULT 1, type INTEGER DEFAULT 0, error INTEGER DEFAULT 0,
    has_attachment INTEGER DEFAULT 0);
CREATE TABLE sms (_id INTEGER PRIMARY KEY, thread_id INTEGER, address TEXT, person INTEGER,
    date INTEGER, date_sent INTEGER DEFAULT 0, protocol INTEGER, read INTEGER DEFAULT 0,
    status INTEGER DEFAULT -1, type INTEGER, reply_path_present INTEGER, subject TEXT, body TEXT,
    service_center TEXT, locked INTEGER DEFAULT 0, sub_id INTEGER DEFAULT -1,
    error_code INTEGER DEFAULT 0, creator TEXT, seen INTEGER DEFAULT 0);
CREATE TABLE pdu (_id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER, date INTEGER,
    date_sent INTEGER DEFAULT 0, msg_box INTEGER, read INTEGER DEFAULT 0, m_id TEXT, sub TEXT,
    sub_cs INTEGER, ct_t TEXT, m_type INTEGER, v INTEGER, text_only INTEGER DEFAULT 0);
CREATE TABLE part (_id INTEGER PRIMARY KEY AUTOINCREMENT, mid INTEGER, seq INTEGER DEFAULT 0,
    ct TEXT, name TEXT, chset INTEGER, cl TEXT, _data TEXT, text TEXT);
CREATE TABLE addr (_id INTEGER PRIMARY KEY, msg_id INTEGER, contact_id INTEGER, address TEXT,
    type INTEGER, charset INTEGER);
INSERT INTO canonical_addresses VALUES (1, '+33612000001'), (2, '+33612000002');
INSERT INTO threads (_id, recipient_ids) VALUES (1, '1'), (2, '1 2'), (3, '2');
"""
NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC
AT = datetime(2026, 1, 1, 11, tzinfo=UTC)


def make(path: Path, script: str = "", **tables: list[dict[str, Any]]) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA + script)
        for table, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" * len(row))
                db.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
                )
        db.commit()
    return path


def sms(n: int, **values: Any) -> dict[str, Any]:
    """One row of ``sms``; without more said, received from Alice."""
    plain = {"thread_id": 1, "address": "+33612000001", "date": NOON, "type": 1, "body": "salut"}
    return {"_id": n, **plain, **values}


def source_of(path: Path, siblings: dict[str, Path] | None = None) -> Source:
    beside = {name: member(name, file.read_bytes()) for name, file in (siblings or {}).items()}
    return Source(member(path.name, path.read_bytes()), siblings=beside)


def rows_of(source: Source) -> list[dict[str, Any]]:
    """Every row, ``why`` it is rejected or None, and ``at``: where it stands."""
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(android_sms, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        found += [{**row, "at": at, "why": reason} for row, at, reason in rows]
    return found


def test_who_wrote_to_whom_follows_from_the_type(tmp_path: Path) -> None:
    path = make(tmp_path / "mmssms.db", sms=[sms(1), sms(2, type=2, body="ok", date=NOON + 1000)])
    received, sent = rows_of(source_of(path))
    assert (received["sender_id"], received["recipients"]) == ("+33612000001", ["owner"])
    assert (sent["sender_id"], sent["recipients"]) == ("owner", ["+33612000001"])
    assert received["sent_at"] == AT
    assert received["thread_id"] == "1"
    assert received["thread_name"] == "+33612000001"
    assert received["at"] == "sms 1"


def test_a_draft_is_rejected_and_a_failed_one_is_kept(tmp_path: Path) -> None:
    path = make(
        tmp_path / "mmssms.db",
        sms=[sms(1, type=3, body="je pense que", address=None), sms(2, type=5)],
    )
    draft, failed = rows_of(source_of(path))
    assert draft["why"] == android_sms.DRAFT
    assert (failed["why"], failed["sender_id"]) == (None, "owner")


def test_the_time_sent_stands_in_for_a_missing_one(tmp_path: Path) -> None:
    path = make(
        tmp_path / "mmssms.db",
        sms=[sms(1, date=0, date_sent=NOON), sms(2, date=None), sms(3, date=1 << 60)],
    )
    dated, none, far = rows_of(source_of(path))
    assert dated["sent_at"] == AT
    assert "no time" in none["why"]
    assert "outside 1970" in far["why"]


def test_an_unknown_type_has_no_direction_and_is_counted(tmp_path: Path) -> None:
    source = source_of(make(tmp_path / "mmssms.db", sms=[sms(1, type=42)]))
    [row] = rows_of(source)
    assert (row["sender_id"], row["recipients"], row["text"]) == (None, None, "salut")
    assert source.tally.unknown["sms of type 42"] == 1


def mms(n: int, **values: Any) -> dict[str, Any]:
    plain = {"thread_id": 2, "date": NOON // 1000, "msg_box": 1, "m_type": 132}
    return {"_id": n, **plain, **values}


def test_an_mms_gathers_its_parts_and_people(tmp_path: Path) -> None:
    picture = tmp_path / "PART_1.jpg"
    picture.write_bytes(b"\xff\xd8\xff picture")
    path = make(
        tmp_path / "mmssms.db",
        pdu=[mms(1, sub="Ã©tÃ©", sub_cs=106)],
        part=[
            {"mid": 1, "seq": -1, "ct": "application/smil", "text": "<smil/>"},
            {"mid": 1, "seq": 0, "ct": "image/jpeg", "_data": "/data/x/app_parts/PART_1.jpg"},
            {"mid": 1, "seq": 1, "ct": "text/plain", "text": "regarde"},
            {"mid": 1, "seq": 2, "ct": "image/png", "_data": "/data/x/app_parts/PART_2.png"},
        ],
        addr=[
            {"msg_id": 1, "address": "+33612000001", "type": 137},
            {"msg_id": 1, "address": "+33612000009", "type": 151},
            {"msg_id": 1, "address": "+33612000002", "type": 151},
        ],
    )
    source = source_of(path, {"app_parts/PART_1.jpg": picture})
    [row] = rows_of(source)
    assert row["app"] == "mms"
    assert (row["sender_id"], row["text"], row["kind"]) == ("+33612000001", "regarde", "image")
    assert row["recipients"] == ["+33612000009", "+33612000002"]
    assert row["thread_name"] == "+33612000001, +33612000002"
    assert (row["sent_at"], row["subject"]) == (AT, "été")
    assert row["attachment_sha256"] == sha256(picture.read_bytes()).hexdigest()
    assert source.tally.left["attachments of an MMS after its first"] == 1


def test_a_sent_mms_names_the_handset_itself_by_a_token(tmp_path: Path) -> None:
    path = make(
        tmp_path / "mmssms.db",
        pdu=[mms(1, msg_box=2, m_type=128), mms(2, m_type=130, thread_id=1)],
        addr=[
            {"msg_id": 1, "address": "insert-address-token", "type": 137},
            {"msg_id": 1, "address": "+33612000001", "type": 151},
        ],
    )
    sent, announced = rows_of(source_of(path))
    assert (sent["sender_id"], sent["recipients"]) == ("owner", ["+33612000001"])
    assert (announced["sender_id"], announced["kind"]) == ("+33612000001", None)


def test_reports_are_left_and_parts_without_message_are_rejects(tmp_path: Path) -> None:
    path = make(
        tmp_path / "mmssms.db",
        pdu=[mms(1), mms(2, m_type=134)],
        part=[{"_id": 7, "mid": 99, "ct": "text/plain", "text": "à effacer"}],
    )
    source = source_of(path)
    assert [row["at"] for row in rows_of(source)] == ["pdu 1"]
    assert source.tally.left["delivery and read reports of MMS"] == 1
    [lost] = source.tally.rejects
    assert (lost.locator, lost.reason, lost.raw) == ("part 7", android_sms.ORPHAN, "à effacer")


def test_columns_and_tables_of_makers_are_counted(tmp_path: Path) -> None:
    script = """
    ALTER TABLE sms ADD COLUMN deleted INTEGER DEFAULT 0;
    ALTER TABLE sms ADD COLUMN made_up TEXT;
    CREATE TABLE raw (_id INTEGER PRIMARY KEY, pdu TEXT);
    INSERT INTO raw VALUES (1, '00'), (2, '01');
    """
    source = source_of(make(tmp_path / "mmssms.db", script, sms=[sms(1, deleted=1)]))
    [row] = rows_of(source)
    assert row["deleted"] is True
    assert source.tally.unknown == {"sms.made_up": 1}
    assert source.tally.left["table raw"] == 1
    assert source.tally.left["conversations without a message"] == 2


def test_spam_and_rcs_tables_of_samsung_are_read(tmp_path: Path) -> None:
    script = """
    CREATE TABLE spam_sms AS SELECT * FROM sms;
    CREATE TABLE im AS SELECT * FROM sms;
    """
    path = make(tmp_path / "mmssms.db", script, spam_sms=[sms(1)], im=[sms(1)])
    assert [row["app"] for row in rows_of(source_of(path))] == ["sms", "rcs"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers() | st.text() | st.binary() | st.none() | st.floats(), max_size=6))
def test_whatever_stands_in_a_cell_a_row_is_a_row(tmp_path_factory: Any, values: Any) -> None:
    path = tmp_path_factory.mktemp("any") / "mmssms.db"
    whole = [v for v in values if not isinstance(v, int) or abs(v) < 1 << 63]
    rows = [
        sms(n, date=value, type=value, address=value, thread_id=value)
        for n, value in enumerate(whole)
    ]
    make(path, sms=[{k: _storable(v) for k, v in row.items()} for row in rows])
    assert len(rows_of(source_of(path))) == len(whole)


def _storable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def test_a_signal_database_is_not_one(tmp_path: Path) -> None:
    path = tmp_path / "signal.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE sms (_id, thread_id, address, address_device_id, date, type, body)"
        )
        db.execute("CREATE TABLE canonical_addresses (_id, address)")
    assert not android_sms.detect(source_of(path).head)


@pytest.mark.parametrize("cut", [0.5, 0.9])
def test_a_cut_file_gives_what_is_left_and_tells_of_the_cut(tmp_path: Path, cut: float) -> None:
    path = make(tmp_path / "mmssms.db", sms=[sms(n, body="x" * 100) for n in range(1, 500)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut)])
    source = source_of(path)
    rows = [row for row in rows_of(source) if row["why"] is None]
    assert 100 < len(rows) < 499
    assert len({row["ref"] for row in rows}) == len(rows)
    assert "damaged pages" in source.tally.rejects[0].reason


def test_it_conforms() -> None:
    check_reader(android_sms)

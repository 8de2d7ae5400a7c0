"""What is read of Android's call log, told by examples; its table as AOSP makes it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faisceau.evidence.readers import android_calls
from faisceau.evidence.reading import Source, read_rows
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.tables.schemas.schema import Batch
from faisceau.testing import check_reader, member

SCHEMA = """
CREATE TABLE calls (_id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT,
    presentation INTEGER NOT NULL DEFAULT 1, post_dial_digits TEXT NOT NULL DEFAULT '',
    via_number TEXT NOT NULL DEFAULT '', date INTEGER, duration INTEGER, data_usage INTEGER,
    type INTEGER, features INTEGER NOT NULL DEFAULT 0, subscription_component_name TEXT,
    subscription_id TEXT, phone_account_address TEXT, new INTEGER, name TEXT, numbertype INTEGER,
    numberlabel TEXT, countryiso TEXT, is_read INTEGER, geocoded_location TEXT);
"""
OLD = "CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER, duration INTEGER,\
    type INTEGER, new INTEGER, name TEXT, numbertype INTEGER, numberlabel TEXT);"
SAMSUNG = """
CREATE TABLE logs (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER, duration INTEGER,
    type INTEGER, new INTEGER, name TEXT, numbertype INTEGER, numberlabel TEXT, messageid INTEGER,
    logtype INTEGER, m_subject TEXT, m_content TEXT);
"""
NOON = 1_767_265_200_000  # 2026-01-01 11:00 UTC


def database(path: Path, script: str, *rows: dict[str, Any], table: str = "calls") -> Source:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
        for row in rows:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", [*row.values()])
        db.commit()
    return Source(member(path.name, path.read_bytes()))


def call(**values: Any) -> dict[str, Any]:
    """One row; without more said, Alice called and it was answered."""
    return {"number": "+33612000001", "date": NOON, "duration": 42, "type": 1, **values}


def rows_of(source: Source, table: str = "call") -> list[dict[str, Any]]:
    assert android_calls.detect(source.head)
    found: list[dict[str, Any]] = []
    for batch, _ in read_rows(android_calls, source):
        assert isinstance(batch, Batch)
        assert batch.schema in (CALL, MESSAGE)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 1_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        if batch.schema.name == table:
            found += [{**row, "at": at, "why": reason} for row, at, reason in rows]
    return found


def test_who_called_follows_from_the_type(tmp_path: Path) -> None:
    given = [call(), call(type=2), call(type=3, duration=0), call(type=5), call(type=7)]
    rows = rows_of(database(tmp_path / "calllog.db", SCHEMA, *given))
    assert [row["direction"] for row in rows] == ["in", "out", "missed", "missed", "in"]
    assert (rows[0]["caller"], rows[0]["callee"]) == ("+33612000001", "owner")
    assert (rows[1]["caller"], rows[1]["callee"]) == ("owner", "+33612000001")
    assert rows[0]["started_at"] == datetime(2026, 1, 1, 11, tzinfo=UTC)
    assert (rows[0]["duration_s"], rows[0]["kind"], rows[0]["count"]) == (42.0, "voice", 1)
    assert rows[4]["at"] == "calls 5"


def test_a_withheld_number_does_not_cost_the_call(tmp_path: Path) -> None:
    given = [
        call(number="", presentation=2),
        call(number=None, presentation=3),
        call(number="", presentation=1),
    ]
    rows = rows_of(database(tmp_path / "calllog.db", SCHEMA, *given))
    assert [row["caller"] for row in rows] == ["private", "unknown", "unknown"]
    old = database(tmp_path / "old.db", OLD, call(number="-2"), call(number="-1"))
    assert [row["caller"] for row in rows_of(old)] == ["private", "unknown"]


def test_the_line_is_the_holder_where_it_is_a_number(tmp_path: Path) -> None:
    given = [
        call(phone_account_address="+33699000001"),
        call(phone_account_address="8933000000000000001"),  # the serial number of a SIM card
        call(phone_account_address="E8a1"),
    ]
    rows = rows_of(database(tmp_path / "calllog.db", SCHEMA, *given))
    assert [row["callee"] for row in rows] == ["+33699000001", "owner", "owner"]


def test_what_is_no_time_or_no_length_is_counted_and_the_call_kept(tmp_path: Path) -> None:
    given = [call(date=1 << 60), call(date=0), call(duration=-1)]
    source = database(tmp_path / "calllog.db", SCHEMA, *given)
    rows = rows_of(source)
    assert [row["started_at"] is None for row in rows] == [True, True, False]
    assert rows[2]["duration_s"] is None
    assert source.tally.unread == {"call.started_at": 1, "call.duration_s": 1}


def test_a_type_that_tells_no_direction_is_rejected_and_counted(tmp_path: Path) -> None:
    source = database(tmp_path / "calllog.db", SCHEMA, call(type=1000))
    [row] = rows_of(source)
    assert "does not tell who called" in row["why"]
    assert source.tally.unknown["calls of type 1000"] == 1


def test_texts_in_samsungs_log_are_messages(tmp_path: Path) -> None:
    given = [
        call(logtype=100),
        call(logtype=300, m_content="ok demain", type=2),
        call(logtype=200, m_content="photo"),
    ]
    source = database(tmp_path / "logs.db", SAMSUNG, *given, table="logs")
    assert len(rows_of(source)) == 1
    sent, received = rows_of(source, "message")
    assert (sent["sender_id"], sent["recipients"]) == ("owner", ["+33612000001"])
    assert (sent["text"], sent["thread_id"]) == ("ok demain", "+33612000001")
    assert (received["sender_id"], received["recipients"]) == ("+33612000001", ["owner"])


def test_an_unknown_column_is_counted(tmp_path: Path) -> None:
    script = f"{SCHEMA} ALTER TABLE calls ADD COLUMN made_up TEXT;"
    source = database(tmp_path / "calllog.db", script, call())
    assert len(rows_of(source)) == 1
    assert source.tally.unknown == {"calls.made_up": 1}


def test_an_address_book_with_calls_is_left_to_its_own_reader(tmp_path: Path) -> None:
    script = f"{SCHEMA} CREATE TABLE raw_contacts (_id INTEGER);"
    assert not android_calls.detect(database(tmp_path / "contacts2.db", script).head)


def test_another_applications_calls_are_not_claimed(tmp_path: Path) -> None:
    viber = "CREATE TABLE calls (_id, call_id, number, date, duration, type, viber_call_type);"
    assert not android_calls.detect(database(tmp_path / "viber_data", viber).head)


def test_it_conforms() -> None:
    check_reader(android_calls)

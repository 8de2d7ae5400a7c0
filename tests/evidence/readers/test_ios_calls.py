"""What an iPhone's call history says, by databases made from the published schemas."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from faisceau.errors import BadInput
from faisceau.evidence.readers import ios_calls
from faisceau.evidence.readers.ios_calls import NOBODY
from faisceau.evidence.reading import OWNER, Head, Member, Source, read_rows
from faisceau.tables.schemas import Batch
from faisceau.testing import Desk, check_reader

ALICE, BOB, CAROL, ME = (f"+3361200000{n}" for n in range(1, 5))
NOON = 700_000_000.25  # 2023-03-08T20:26:40.25Z in Apple's seconds

IOS_11 = """
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER,
    ZANSWERED INTEGER, ZCALL_CATEGORY INTEGER, ZCALLTYPE INTEGER, ZDISCONNECTED_CAUSE INTEGER,
    ZFACE_TIME_DATA INTEGER, ZHANDLE_TYPE INTEGER, ZNUMBER_AVAILABILITY INTEGER,
    ZORIGINATED INTEGER, ZREAD INTEGER, ZDATE TIMESTAMP, ZDURATION FLOAT, ZDEVICE_ID VARCHAR,
    ZISO_COUNTRY_CODE VARCHAR, ZLOCATION VARCHAR, ZNAME VARCHAR, ZSERVICE_PROVIDER VARCHAR,
    ZUNIQUE_ID VARCHAR UNIQUE, ZADDRESS BLOB);
CREATE TABLE Z_PRIMARYKEY (Z_ENT INTEGER PRIMARY KEY, Z_NAME VARCHAR, Z_SUPER INTEGER,
    Z_MAX INTEGER);
INSERT INTO Z_PRIMARYKEY VALUES (2, 'CallRecord', 0, 1);
"""
IOS_17 = (
    IOS_11
    + """
ALTER TABLE ZCALLRECORD ADD COLUMN ZINITIATOR INTEGER;
CREATE TABLE ZHANDLE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZTYPE INTEGER,
    ZNORMALIZEDVALUE VARCHAR, ZVALUE VARCHAR);
CREATE TABLE Z_2REMOTEPARTICIPANTHANDLES (Z_2REMOTEPARTICIPANTCALLS INTEGER,
    Z_4REMOTEPARTICIPANTHANDLES INTEGER,
    PRIMARY KEY (Z_2REMOTEPARTICIPANTCALLS, Z_4REMOTEPARTICIPANTHANDLES));
INSERT INTO ZHANDLE (Z_PK, ZVALUE) VALUES (1, '+33612000001'), (2, '+33612000002'),
    (3, '+33612000003');
"""
)
IOS_6 = """
CREATE TABLE call (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT, date INTEGER,
    duration INTEGER, flags INTEGER, id INTEGER, name TEXT, country_code TEXT, network_code TEXT,
    read INTEGER, assisted INTEGER, face_time_data BLOB, originalAddress TEXT);
CREATE TABLE data (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, pdp_ip INTEGER, bytes_rcvd REAL);
"""

Database = Callable[..., Path]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    def make(schema: str, **tables: list[dict[str, Any]]) -> Path:
        path = tmp_path / "CallHistory.storedata"
        with closing(sqlite3.connect(path)) as db:
            db.executescript(schema)
            for table, rows in tables.items():
                for row in rows:
                    names, marks = ", ".join(row), ", ".join("?" * len(row))
                    sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"
                    db.execute(sql, tuple(row.values()))
            db.commit()
        return path

    return make


def call(n: int = 1, **values: Any) -> dict[str, Any]:
    """Alice called and was answered, without more said."""
    plain = {"Z_PK": n, "ZADDRESS": ALICE.encode(), "ZDATE": NOON, "ZDURATION": 12.5}
    return {**plain, "ZORIGINATED": 0, "ZANSWERED": 1, **values}


def source_of(path: Path, owner: str | None = None) -> Source:
    member = Member(
        path.name,
        path.stat().st_size,
        lambda: path.open("rb"),
        lambda: path,
        lambda: sha256(path.read_bytes()).hexdigest(),
    )
    return Source(member, owner=owner)


def rows_of(source: Source) -> Iterator[dict[str, Any]]:
    """The rows, with ``at``: where each stands, and ``why`` it is rejected."""
    for batch, _ in read_rows(ios_calls, source):
        assert isinstance(batch, Batch)
        why = batch.reasons.to_pylist() if batch.reasons is not None else [None] * 100_000
        rows = zip(batch.columns.to_pylist(), batch.locators.to_pylist(), why, strict=False)
        yield from ({**row, "at": at, "why": reason} for row, at, reason in rows)


def legs(path: Path) -> list[tuple[Any, ...]]:
    return [(r["caller"], r["callee"], r["direction"]) for r in rows_of(source_of(path))]


def test_a_call_is_from_the_peer_or_from_the_holder(database: Database) -> None:
    path = database(
        IOS_11,
        ZCALLRECORD=[
            call(1, ZUNIQUE_ID="U1"),
            call(2, ZORIGINATED=1, ZANSWERED=0),
            call(3, ZANSWERED=0, ZDURATION=0),
        ],
    )
    received, made, missed = rows_of(source_of(path))
    assert (received["caller"], received["callee"]) == (ALICE, OWNER)
    assert received["started_at"] == datetime(2023, 3, 8, 20, 26, 40, 250_000, tzinfo=UTC)
    assert (received["duration_s"], received["ref"]) == (12.5, "U1")
    assert (received["kind"], received["count"]) == ("voice", 1)
    assert (made["caller"], made["callee"], made["direction"]) == (OWNER, ALICE, "out")
    assert (missed["direction"], missed["at"]) == ("missed", "zcallrecord 3")
    assert next(rows_of(source_of(path, owner=ME)))["callee"] == ME


def test_a_call_of_several_is_one_row_each(database: Database) -> None:
    path = database(
        IOS_17,
        ZCALLRECORD=[
            call(1, ZORIGINATED=1, ZADDRESS=None),
            call(2, ZADDRESS=b"0612000001"),
            call(3, ZINITIATOR=2, ZADDRESS=None),
            call(4, ZADDRESS=None),
        ],
        Z_2REMOTEPARTICIPANTHANDLES=[
            {"Z_2REMOTEPARTICIPANTCALLS": one, "Z_4REMOTEPARTICIPANTHANDLES": handle}
            for one, handle in ((1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (4, 3))
        ],
    )
    assert legs(path) == [
        (OWNER, ALICE, "out"),
        ("0612000001", OWNER, "in"),
        (BOB, OWNER, "in"),
        (CAROL, OWNER, "in"),
        (OWNER, BOB, "out"),
        (OWNER, CAROL, "out"),
        (BOB, ALICE, "in"),
    ]


def test_the_older_history_has_its_direction_in_the_flags(database: Database) -> None:
    old = {"address": ALICE, "date": 1_349_000_000, "duration": 60}
    path = database(
        IOS_6, call=[{**old, "flags": 4}, {**old, "flags": 5}, {**old, "flags": 4, "duration": 0}]
    )
    assert legs(path) == [(ALICE, OWNER, "in"), (OWNER, ALICE, "out"), (ALICE, OWNER, "missed")]
    first = next(rows_of(source_of(path)))
    assert first["started_at"] == datetime(2012, 9, 30, 10, 13, 20, tzinfo=UTC)


def test_a_withheld_number_is_a_reject_with_this_reason(desk: Desk, database: Database) -> None:
    path = database(IOS_11, ZCALLRECORD=[call(1), call(2, ZADDRESS=None), call(3, ZDATE="hier")])
    assert [row["why"] for row in rows_of(source_of(path))] == [None, NOBODY, None]
    exhibit = desk.add(path).exhibit
    assert exhibit is not None
    assert exhibit.reader == "ios_calls"
    assert exhibit.tables == {"call": {"rows": 2, "rejected": 1}}
    assert exhibit.unread == {"call.started_at": 1}
    assert not exhibit.unknown


def test_unknown_columns_and_other_tables_are_counted(database: Database) -> None:
    more = "ALTER TABLE ZCALLRECORD ADD COLUMN ZBRANDNEW; INSERT INTO ZDATA VALUES (1);"
    source = source_of(database("CREATE TABLE ZDATA (a);" + IOS_17 + more, ZCALLRECORD=[call()]))
    assert len(list(rows_of(source))) == 1
    assert source.tally.unknown == {"zcallrecord.zbrandnew": 1}
    assert source.tally.left["table zdata"] == 1


def test_another_database_is_not_claimed(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE call (_id INTEGER, number TEXT)")
    assert not ios_calls.detect(Head.of(source_of(path).member))
    with pytest.raises(BadInput, match="no call history"):
        list(rows_of(source_of(path)))


def test_it_conforms() -> None:
    check_reader(ios_calls)

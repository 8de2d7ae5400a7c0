"""Calls of an Android database: ``call_log`` and, until 2019, ``call_logs``.

One row a call, and one for each further person called in it. Video calls are ``voice``, as the
table knows no other kind.
"""

from collections.abc import Iterator
from typing import Any

from faisceau.evidence.databases import Cells, epoch_times, text
from faisceau.evidence.reading import Source
from faisceau.evidence.whatsapp.android_people import Book
from faisceau.evidence.whatsapp.columns import call_batch
from faisceau.evidence.whatsapp.database import ROWS, Database
from faisceau.tables.schemas.schema import Batch

_UNANSWERED = (2, 3, 4)  # missed, unavailable, refused
_NEW = (
    "_id", "jid_row_id", "from_me", "call_id", "timestamp", "duration", "call_result",
    "group_jid_row_id",
)  # fmt: skip
_OLD = ("_id", "key_remote_jid", "key_from_me", "key_id", "timestamp", "duration", "call_result")
LEFT_COLUMNS = frozenset(
    {
        "transaction_id", "video_call", "bytes_transferred", "is_joinable_group_call",
        "call_creator_device_jid_row_id", "call_random_id", "call_type", "call_link_row_id",
        "offer_silence_reason", "scheduled_id", "joinable_video_call",
    }
)  # fmt: skip


def calls(db: Database, book: Book) -> Iterator[Batch]:
    """Every call, in the order of its table."""
    if db.filled("call_log", "_id", "jid_row_id", "timestamp"):
        sql = _new(db)
        yield from _read(db, sql, "call_log", book)
    if db.filled("call_logs", "_id", "key_remote_jid", "timestamp"):
        columns = ", ".join(f"c.{n}" if db.has("call_logs", n) else "NULL" for n in _OLD)
        sql = f"SELECT {columns}, NULL, NULL FROM call_logs c"
        if db.filled("call_log_participant", "call_logs_row_id", "jid"):
            sql += (
                f" UNION ALL SELECT {columns}, NULL, p.jid FROM call_logs c"
                " JOIN call_log_participant p ON p.call_logs_row_id = c._id"
                " WHERE p.jid IS NOT c.key_remote_jid"
            )
        yield from _read(db, sql, "call_logs", book)
    for table in ("call_log", "call_logs"):
        for column in sorted(db.tables.get(table, frozenset()) - {*_NEW, *_OLD}):
            if db.filled(table):
                known = column in LEFT_COLUMNS
                counter = db.source.tally.left if known else db.source.tally.unknown
                counter[f"{table}.{column}"] += 1


def _new(db: Database) -> str:
    columns = ", ".join(f"c.{n}" if db.has("call_log", n) else "NULL" for n in _NEW)
    sql = f"SELECT {columns}, NULL FROM call_log c"
    if db.filled("call_log_participant_v2", "call_log_row_id", "jid_row_id"):
        sql += (
            f" UNION ALL SELECT {columns}, p.jid_row_id FROM call_log c"
            " JOIN call_log_participant_v2 p ON p.call_log_row_id = c._id"
            " WHERE p.jid_row_id IS NOT c.jid_row_id"
        )
    return sql


def _read(db: Database, sql: str, table: str, book: Book) -> Iterator[Batch]:
    waiting: list[Any] = []
    for row in db.rows(sql):
        waiting.append(row)
        if len(waiting) == ROWS:
            yield _batch(waiting, table, book, db.source)
            waiting = []
    if waiting:
        yield _batch(waiting, table, book, db.source)


def _batch(rows: list[Any], table: str, book: Book, source: Source) -> Batch:
    callers: list[str | None] = []
    callees: list[str | None] = []
    directions: list[str] = []
    for _, peer, from_me, _, _, _, result, group, further in rows:
        other = _person(peer, book)
        shared = book.jids.get(group) if group else None
        mine = from_me == 1
        callers.append(book.me if mine else other)
        if further is not None:
            callees.append(_person(further, book))
        else:
            callees.append((shared or other) if mine else book.me)
        directions.append("out" if mine else "missed" if result in _UNANSWERED else "in")
    ids, _, _, refs, times, durations, *_ = zip(*rows, strict=True)
    given = Cells(table, {"id": ids, "ref": refs, "time": times, "for": durations}, len(rows))
    started = epoch_times(given, "time", 1000)
    return call_batch(given, started, callers, callees, directions)


def _person(value: Any, book: Book) -> str | None:
    """A person, by the row of its jid or by the jid itself."""
    return book.person(value) if isinstance(value, int) else text(value)

"""Signal for Android, decrypted: ``database.sqlite`` as signalbackup-tools writes it.

Tables: the application's own (https://github.com/signalapp/Signal-Android, ``database/``) of every
version since recipients have numbers: ``sms`` and ``mms``, or ``message``. What the versions call
their columns: https://github.com/bepaald/signalbackup-tools.

- A person is the telephone number, else the ACI, user name or mail address; a group its
  ``group_id``. ``thread_id`` is the number of the thread. The holder is whom outgoing messages
  come from, where the version tells; else ``source.owner``, else ``owner``.
- ``ref`` is the message's number, with its table before it where there are two.
- Every revision of an edited message is a row; a later one has the time of the first as
  ``sent_at`` and its own as ``edited_at``. A reaction is a message that answers another.
- Calls come from ``call``; in older versions from the messages that stand for them.
- Events have their meaning in brackets; drafts are rejected.
- Messages and calls that free pages or the log alone hold are rows too, messages marked
  ``deleted``: their ``source`` says so, and where.
"""

from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import batch, only, present, rejecting
from faisceau.evidence.databases import (
    Cells,
    Database,
    count_unread,
    epoch_times,
    looked_up,
    message_batches,
    opened,
    shared_lists,
    table_columns,
    text,
    true,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.evidence.signal import types
from faisceau.evidence.signal.android_tables import FIELDS, LEFT, MESSAGES, TAKEN
from faisceau.evidence.signal.people import People, people
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT]

DRAFT = N_("a draft: it was never sent")

_SAME_MESSAGE = "date_sent date from_recipient_id recipient_id address"
"""Columns that name a message, in whatever state its row is; versions have some of them."""
_KINDS = {"image": "image", "video": "video", "audio": "file"}
_LONG_TEXT = "text/x-signal-plain"
"""Type of the attachment that holds what a message's body has no place for."""


def detect(head: Head) -> bool:
    """True for a SQLite file with Signal's threads, recipients and messages."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return (
        "_id" in tables.get("thread", none)
        and "recipient" in tables
        and any("thread_id" in tables.get(t, none) and "expires_in" in tables[t] for t in MESSAGES)
    )


def read(source: Source) -> Iterator[Batch]:
    """Messages by the order of their tables, reactions, calls, then recipients as contacts."""
    with opened(source) as database:
        book = _Book(database, people(database, source.owner or OWNER))
        for table in MESSAGES:
            if database.has(table, "_id", "thread_id"):
                yield from _table(book, table)
        yield from _reactions(book)
        yield from _calls(book)
        yield from _contacts(book)
        _drafts(database)
        database.settle(TAKEN, LEFT)


@dataclass(slots=True)
class _Attached:
    """What is attached to one message."""

    kind: str | None = None
    sha256: str | None = None
    more: int = 0
    long_text: list[str] = field(default_factory=list)
    """Names under which the rest of the body may lie beside the database."""


class _Book:
    """The database with its people, and what stands beside its messages."""

    def __init__(self, database: Database, who: People) -> None:
        self.database = database
        self.who = who
        self.single = not database.filled("sms")
        """One table of messages: their numbers alone name them."""
        self.names = {n: who.names.get(r) or who.called.get(r) for n, r in who.threads.items()}
        self.shown = {who.called[n]: name for n, name in who.names.items() if n in who.called}
        self.calls: set[int] = set()
        if database.has("call", "message_id"):
            rows = database.rows("SELECT message_id FROM call WHERE message_id NOTNULL")
            self.calls = {number for (number,) in rows if isinstance(number, int)}
        self.attached = self._attachments()

    def ref(self, table: str, ids: pa.Array) -> pa.Array:
        numbers = ids.cast(STRING)
        if self.single:
            return numbers
        return pc.binary_join_element_wise(table, numbers, "/")

    def _attachments(self) -> dict[int, _Attached]:
        found: dict[int, _Attached] = defaultdict(_Attached)
        table = next((t for t in ("attachment", "part") if self.database.filled(t)), None)
        if table is None:
            return found
        wanted = {"message": "message_id mid", "type": "content_type ct", "quote": "quote",
            "voice": "voice_note", "hash": "data_hash_end data_hash", "id": "_id",
            "unique": "unique_id"}  # fmt: skip
        fields = present(self.database, table, wanted)
        for cells in self.database.cells(table, fields, "ORDER BY rowid"):
            for number, kind, quoted, voice, digest, own, unique in zip(
                *map(cells.raw, wanted), strict=True
            ):
                if quoted == 1:
                    continue  # the picture of a message that this one answers
                mime, one = text(kind) or "", found[number]
                if mime == _LONG_TEXT:
                    one.long_text.append(f"Attachment_{own}_{-1 if unique is None else unique}.bin")
                elif one.kind is None:
                    family = mime.partition("/")[0]
                    one.kind = "voice" if voice == 1 else _KINDS.get(family, "file")
                    one.sha256 = _sha256(self.database.source, digest)
                else:
                    one.more += 1
        return found


def _sha256(source: Source, stored: Any) -> str | None:
    """The hash of an attached file, which the database keeps in Base64."""
    word = text(stored)
    if not word:
        return None
    try:
        digest = b64decode(word, validate=True)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        count_unread(source, "message.attachment_sha256", 1)
        return None
    return digest.hex()


def _table(book: _Book, table: str) -> Iterator[Batch]:
    database = book.database
    fields = present(database, table, FIELDS)
    quoted = _quoted(database, table, fields)
    firsts = _firsts(database, table, fields)
    for cells in database.cells(table, fields, "ORDER BY rowid", _SAME_MESSAGE):
        base = pc.bit_wise_and(pc.fill_null(cells.integers("type"), 0), types.BASE)
        called = pc.is_in(base, value_set=pa.array(types.CALLS))
        if not true(called):
            yield from _messages(book, cells, quoted, firsts)
            continue
        yield from (
            only(part, pc.invert(mask))
            for part, mask in _aligned(_messages(book, cells, quoted, firsts), called)
        )
        told = pc.is_in(cells.integers("_id"), value_set=pa.array([*book.calls], pa.int64()))
        database.leave("messages of calls that table call holds", true(pc.and_(called, told)))
        yield only(_message_calls(book, cells, base), pc.and_(called, pc.invert(told)))


def _aligned(batches: Iterator[Batch], mask: pa.Array) -> Iterator[tuple[Batch, pa.Array]]:
    """Each batch with its own part of a mask over the rows of them all."""
    start = 0
    for part in batches:
        length = part.columns.num_rows
        yield part, mask.slice(start, length)
        start += length


def _quoted(database: Database, table: str, fields: dict[str, str]) -> dict[tuple[int, int], int]:
    """The message of a thread by the time it was sent, for those that another answers."""
    if not {"quote", "at", "thread"} <= fields.keys():
        return {}
    at, thread, quote = fields["at"], fields["thread"], fields["quote"]
    rows = database.rows(
        f"SELECT {thread}, {at}, _id FROM {table} WHERE {at} IN"
        f" (SELECT {quote} FROM {table} WHERE {quote} > 0) ORDER BY _id DESC"  # the first stays
    )
    return {(thread, sent): number for thread, sent, number in rows}


def _firsts(database: Database, table: str, fields: dict[str, str]) -> dict[int, int]:
    """When each message that was edited had first been sent."""
    if not {"first", "at"} <= fields.keys():
        return {}
    first, at = fields["first"], fields["at"]
    return dict(
        database.rows(f"SELECT _id, {at} FROM {table} WHERE _id IN (SELECT {first} FROM {table})")
    )


def _messages(
    book: _Book,
    cells: Cells,
    quoted: dict[tuple[int, int], int],
    firsts: dict[int, int],
) -> Iterator[Batch]:
    source, who = book.database.source, book.who
    kinds = pc.fill_null(cells.integers("type"), 0)
    base = pc.bit_wise_and(kinds, types.BASE)
    out = pc.is_in(base, value_set=pa.array([*types.OUTGOING, types.DRAFT]))
    thread, ids = cells.integers("thread"), cells.integers("_id")
    sender = pc.if_else(out, pa.scalar(who.me), looked_up(cells.integers("sender"), who.called))
    threads = thread.cast(STRING)
    events = {k: said for k in pc.unique(kinds).to_pylist() if (said := types.event(k))}
    event = looked_up(kinds, events)
    edits = [firsts.get(n) if n is not None else None for n in cells.raw("first")]
    own = cells.raw("at")
    times = Cells(cells.table, {
        "at": [own[n] if first is None else first for n, first in enumerate(edits)],
        "edited": [None if first is None else own[n] for n, first in enumerate(edits)],
    }, cells.n)  # fmt: skip
    at = epoch_times(times, "at", 1000)
    asked = ids.to_pylist() if cells.table != "sms" else []  # numbers of mms are its own
    attached = {n: book.attached.pop(n) for n in asked if n in book.attached}
    more = sum(one.more for one in attached.values())
    book.database.leave("attachments of a message after its first", more)
    has = {n: one.kind for n, one in attached.items() if one.kind}
    hashes = {n: one.sha256 for n, one in attached.items() if one.sha256}
    columns = {
        "app": pa.repeat("signal", cells.n),
        "account": pa.repeat(pa.scalar(who.account or source.owner, STRING), cells.n),
        "ref": book.ref(cells.table, ids),
        "thread_id": threads,
        "thread_name": looked_up(thread, book.names),
        "sender_id": sender,
        "sender_name": looked_up(sender, book.shown),
        "sent_at": at.at,
        "text": pc.coalesce(event, _bodies(source, cells, ids, attached)),
        "kind": pc.if_else(pc.is_valid(event), "system", pc.coalesce(looked_up(ids, has), "text")),
        "edited_at": epoch_times(times, "edited", 1000).counted(source, "message.edited_at"),
        "deleted": cells.deleted(pc.equal(pc.fill_null(cells.integers("removed"), 0), 1)),
        "reply_to": _replies(book, cells, quoted),
        "attachment_sha256": looked_up(ids, hashes),
    }
    reasons = rejecting(pc.equal(base, types.DRAFT), DRAFT, at.reasons)
    lists = shared_lists([threads, sender], who.recipients, pc.is_null(sender))
    yield from message_batches(MESSAGE, columns, cells.locators("_id"), reasons, lists)


def _bodies(
    source: Source, cells: Cells, ids: pa.Array, attached: dict[int, _Attached]
) -> pa.Array:
    """The words; those of a long message from the file that holds them, where it is there."""
    bodies = cells.texts("body")
    whole: dict[int, str | None] = {}
    for number, one in attached.items():
        for name in one.long_text:
            member = source.attached(name)
            if member is None:
                source.leave("files with the rest of a long text, not beside the database")
                continue
            with member.open() as stream:
                whole[number] = stream.read().decode("utf-8", "replace")
    return pc.coalesce(looked_up(ids, whole), bodies) if whole else bodies


def _replies(book: _Book, cells: Cells, quoted: dict[tuple[int, int], int]) -> pa.Array:
    pairs = zip(cells.raw("thread"), cells.raw("quote"), strict=True)
    return book.ref(cells.table, pa.array([quoted.get(pair) for pair in pairs], pa.int64()))


def _message_calls(book: _Book, cells: Cells, base: pa.Array) -> Batch:
    """Calls as messages tell them: who and when."""
    who = book.who
    other = looked_up(cells.integers("thread"), {
        n: who.called.get(r) for n, r in who.threads.items()
    })  # fmt: skip
    out = pc.is_in(base, value_set=pa.array(types.CALLS_OUT))
    missed = pc.is_in(base, value_set=pa.array(types.CALLS_MISSED))
    return _call_batch(book, cells, other, out, missed)


def _calls(book: _Book) -> Iterator[Batch]:
    database, who = book.database, book.who
    if not database.has("call", "_id", "peer", "direction", "timestamp"):
        return
    names = ("peer", "direction", "event", "ringer")
    wanted = {**{name: name for name in names}, "_id": "_id", "at": "timestamp"}
    fields = present(database, "call", wanted)
    for cells in database.cells("call", fields, "ORDER BY rowid", "call_id peer timestamp"):
        peer = looked_up(cells.integers("peer"), who.called)
        out = pc.equal(pc.fill_null(cells.integers("direction"), 0), 1)
        ringer = looked_up(cells.integers("ringer"), who.called)
        other = pc.if_else(out, peer, pc.coalesce(ringer, peer))
        unanswered = pc.is_in(cells.integers("event"), value_set=pa.array([2, 3, 8, 10]))
        yield _call_batch(book, cells, other, out, unanswered)


def _call_batch(
    book: _Book, cells: Cells, other: pa.Array, out: pa.Array, missed: pa.Array
) -> Batch:
    me, source = pa.scalar(book.who.me), book.database.source
    columns = {
        "ref": book.ref(cells.table, cells.integers("_id")),
        "caller": pc.if_else(out, me, other),
        "callee": pc.if_else(out, other, me),
        "started_at": epoch_times(cells, "at", 1000).counted(source, "call.started_at"),
        "count": pa.repeat(1, cells.n).cast(pa.int64()),
        "kind": "voice",
        "direction": pc.if_else(out, "out", pc.if_else(missed, "missed", "in")),
        **cells.marks(),
    }
    return batch(CALL, columns, cells.locators("_id"))


def _reactions(book: _Book) -> Iterator[Batch]:
    """Reactions, as messages of whoever reacted in the thread of the message reacted to."""
    database, who = book.database, book.who
    if not database.has("reaction", "message_id", "author_id", "emoji"):
        return
    old = "is_mms" in database.tables["reaction"]
    main = "mms" if database.filled("mms") else "message"
    threads = {
        table: dict(database.rows(f"SELECT _id, CAST(thread_id AS INTEGER) FROM {table}"))
        for table in {main, "sms"}
        if database.filled(table)
    }
    wanted = {"_id": "_id", "message": "message_id", "mms": "is_mms", "author": "author_id",
        "emoji": "emoji", "at": "date_sent"}  # fmt: skip
    for cells in database.cells(
        "reaction", present(database, "reaction", wanted), "ORDER BY rowid"
    ):
        of = [main if not old or mms else "sms" for mms in cells.raw("mms")]
        each = list(zip(of, cells.raw("message"), strict=True))
        thread = pa.array([threads.get(t, {}).get(n) for t, n in each], pa.int64())
        answers = [str(n) if book.single else f"{t}/{n}" for t, n in each]
        author = looked_up(cells.integers("author"), who.called)
        at = epoch_times(cells, "at", 1000)
        threads_ = thread.cast(STRING)
        columns = {
            "app": pa.repeat("signal", cells.n),
            "account": pa.repeat(pa.scalar(who.account or database.source.owner, STRING), cells.n),
            "thread_id": threads_,
            "thread_name": looked_up(thread, book.names),
            "sender_id": author,
            "sender_name": looked_up(author, book.shown),
            "sent_at": at.at,
            "text": cells.texts("emoji"),
            "kind": pa.repeat("text", cells.n),
            "reply_to": pa.array(answers, STRING),
        }
        lists = shared_lists([threads_, author], who.recipients, pc.is_null(author))
        locators = cells.locators("_id")
        yield from message_batches(MESSAGE, columns, locators, at.reasons, lists)


def _contacts(book: _Book) -> Iterator[Batch]:
    """Everyone whom the database calls by a number, an ACI, a user name or a mail address."""
    who = book.who
    numbers = [*who.identifiers]
    book.database.leave("recipients that are groups", len(who.groups))
    nameless = who.called.keys() - who.identifiers.keys() - who.groups.keys()
    book.database.leave("recipients without number or address", len(nameless))
    if numbers:
        columns: dict[str, Any] = {
            "account": who.account,
            "ref": [str(n) for n in numbers],
            "name": [who.names.get(n) for n in numbers],
            "identifiers": [who.identifiers[n] for n in numbers],
        }
        locators = pa.array([f"recipient {n}" for n in numbers], STRING)
        yield batch(CONTACT, columns, locators)


def _drafts(database: Database) -> None:
    if database.has("drafts", "_id", "value"):
        for number, value in database.rows("SELECT _id, value FROM drafts"):
            words = text(value) or ""
            database.source.reject(f"drafts {number}", DRAFT, schema=MESSAGE, raw=words)

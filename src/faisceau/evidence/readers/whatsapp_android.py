"""WhatsApp for Android: ``msgstore.db``, the old ``messages`` and the newer ``message`` schema.

WhatsApp publishes no description. What the columns mean is known from the databases themselves,
their views and the open forensic tools that read them (IPED, ALEAPP). A database under migration
holds both schemas; a message that stands in both is read once, from the newer.

- ``thread_id`` and every other identifier is the jid as stored. A sender known by a hidden
  identifier (``@lid``) gets the number that the database's own ``jid_map`` gives for it.
- ``msgstore.db`` does not name its own account. Where nothing else tells it (``source.owner``),
  ``account`` is null and the holder of the phone is ``owner``.
- The recipients of a group message are the members listed when the database was taken.
- A notice (encryption, member added …) is stored as a number. Its text is the meaning in
  brackets, then what is stored with it; it is sent by nobody but whom the database names.
- Reactions are messages that answer another. Calls go to ``call``, one row a person called.
"""

import sqlite3
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.tables.schemas.schema import (
    EARLIEST,
    LATEST,
    NUMBER,
    STRING,
    STRINGS,
    TIME,
    Batch,
)
from faisceau.words import N_

FILLS = [MESSAGE, CALL]
ROWS = 50_000
"""Rows fetched at once; fewer leave in one batch where long recipient lists would fill memory."""
LISTED = 1_000_000
"""Recipients in one batch, at most."""

NO_TIME = N_("no time stands with it")
OUTSIDE = N_("its time is outside 1970 to 2100")

_OLD = frozenset(
    {"_id", "key_remote_jid", "key_from_me", "key_id", "status", "data", "timestamp",
     "media_wa_type"}
)  # fmt: skip
_NEW = frozenset({"_id", "chat_row_id", "from_me", "key_id", "timestamp"})
_REACTION = frozenset({"_id", "chat_row_id", "parent_message_row_id", "timestamp"})

_NOTICE = 7
_KINDS = {
    0: "text", 1: "image", 2: "voice", 3: "video", 4: "text", 5: "location", 7: "system",
    8: "system", 9: "file", 10: "system", 11: "system", 13: "video", 14: "text", 15: "text",
    16: "location", 20: "image", 23: "text", 24: "text", 25: "text", 26: "text", 27: "text",
    28: "text", 32: "text", 36: "system", 42: "image", 43: "video", 44: "text", 45: "text",
    46: "text", 49: "text", 55: "text", 56: "system", 57: "text", 64: "text", 66: "text",
    82: "voice", 90: "system", 106: "text",
}  # fmt: skip
_BY_MIME = frozenset({81, 103})  # known types that say what they carry by their media type alone
_MIMES = {"image/": "image", "video/": "video", "audio/": "voice"}
_TITLED = pa.array([4, 7, 9, 14])  # contacts, notices, documents: their title is words
_REVOKED = pa.array([15, 64])  # by its sender; by an administrator of the group
_LABELS = {
    8: "[call]", 10: "[missed call]", 11: "[waiting for this message]", 90: "[call]",
    36: "[disappearing messages changed]", 56: "[disappearing messages changed]",
}  # fmt: skip
_NOTICES = {
    1: "subject changed", 4: "participant added", 5: "participant left",
    6: "group picture changed", 7: "participant removed", 10: "number changed",
    11: "group created", 12: "participant added", 13: "participant left",
    14: "participant removed", 15: "became administrator", 16: "no longer administrator",
    18: "security code changed", 19: "messages are end-to-end encrypted",
    20: "participant joined by link", 21: "group link reset", 27: "group description changed",
    28: "number changed", 29: "only administrators edit the group",
    30: "all members edit the group", 31: "only administrators send messages",
    32: "all members send messages", 33: "only administrators send messages",
    46: "business account", 47: "official business account", 50: "no longer a business account",
    52: "participant joined by invitation", 56: "disappearing messages changed",
    57: "device changed", 58: "contact blocked or unblocked",
    59: "disappearing messages changed", 67: "messages are end-to-end encrypted",
    68: "disappearing messages by default", 69: "messages are end-to-end encrypted",
    75: "group added to a community", 78: "group removed from a community",
    79: "participant joined from the community", 80: "message kept",
    81: "community administrator", 90: "participant added to the community",
    91: "all members add participants", 92: "only administrators add participants",
    99: "privacy of the chat changed", 118: "message pinned",
    120: "asked to add a participant", 129: "sender is in the contacts",
    132: "channel created", 136: "contact joined WhatsApp",
}  # fmt: skip

_NULL = pa.scalar(None, STRING)
_Field = tuple[str, str, str]
"""Table, column, and the SQL made of it (``{}`` is the column)."""


def _plain(table: str, **columns: str) -> dict[str, _Field]:
    return {name: (table, column, "{}") for name, column in columns.items()}


_OLD_FIELDS: Mapping[str, _Field] = {
    **_plain(
        "messages",
        id="_id", thread="key_remote_jid", sender="remote_resource", mine="key_from_me",
        key="key_id", time="timestamp", flags="forwarded", caption="media_caption",
        title="media_name", mime="media_mime_type", hash="media_hash", latitude="latitude",
        longitude="longitude",
    ),
    # Old versions put thumbnails in the column of the words.
    "text": ("messages", "data", "CASE WHEN typeof({0}) = 'text' THEN {0} END"),
    # The app's own view reads a text of status 6 as a notice, whose number is the size.
    "type": (
        "messages",
        "media_wa_type",
        "CASE WHEN {0} = 0 AND messages.status = 6 THEN 7 ELSE CAST({0} AS INTEGER) END",
    ),
    "action": ("messages", "media_size", "CASE WHEN messages.status = 6 THEN {} END"),
    **_plain("messages_quotes", reply="key_id"),
    **_plain("message_edit_info", edited="edited_timestamp"),
    **_plain("message_revoked", revoked="message_row_id"),
    **_plain("message_forwarded", forwarded="forward_score"),
}  # fmt: skip
_NEW_FIELDS: Mapping[str, _Field] = {
    **_plain(
        "message",
        id="_id", chat="chat_row_id", sender_row="sender_jid_row_id", mine="from_me", key="key_id",
        time="timestamp", type="message_type", text="text_data", flags="origination_flags",
    ),
    **_plain("message_system", action="action_type"),
    **_plain(
        "message_media",
        caption="media_caption", title="media_name", mime="mime_type", hash="file_hash",
    ),
    **_plain("message_location", latitude="latitude", longitude="longitude"),
    **_plain("message_quoted", reply="key_id"),
    **_plain("message_edit_info", edited="edited_timestamp"),
    **_plain("message_revoked", revoked="message_row_id"),
    **_plain("message_forwarded", forwarded="forward_score"),
}  # fmt: skip
_REACTION_FIELDS: Mapping[str, _Field] = {
    **_plain(
        "message_add_on",
        id="_id", chat="chat_row_id", sender_row="sender_jid_row_id", mine="from_me", key="key_id",
        time="timestamp",
    ),
    **_plain("message_add_on_reaction", text="reaction"),
    "revoked": ("message_add_on_reaction", "reaction", "CASE WHEN {} = '' THEN 1 END"),
    **_plain("message", reply="key_id"),
}  # fmt: skip
_JOINS = {
    "messages_quotes": ("_id", "messages.quoted_row_id"),
    "message_add_on_reaction": ("message_add_on_row_id", "message_add_on._id"),
    "message": ("_id", "message_add_on.parent_message_row_id"),
}
"""Tables not joined by ``message_row_id``: their key, and what it equals."""

_NOTES = {
    "message_system_chat_participant": ("user_jid_row_id",),
    "message_system_number_change": ("old_jid_row_id", "new_jid_row_id"),
    "message_system_value_change": ("old_data",),
    "message_vcard": ("vcard",),
    "message_poll_option": ("option_name",),
    "message_template": ("content_text_data", "footer_text_data"),
    "message_group_invite": ("group_name",),
    "message_product": ("title", "description"),
    "message_order": ("order_title", "message"),
    "message_location": ("place_name", "place_address"),
}
"""Words that stand beside a message, in tables of their own: columns by table."""

_READ = frozenset(
    {
        *(t for f in (_OLD_FIELDS, _NEW_FIELDS, _REACTION_FIELDS) for t, _, _ in f.values()),
        *_NOTES, "chat", "chat_list", "jid", "jid_map", "group_participants",
        "group_participant_user", "call_log", "call_log_participant_v2", "sqlite_sequence",
    }
)  # fmt: skip
_LEFT_COLUMNS = frozenset(
    {
        "broadcast", "edit_version", "lookup_tables", "media_duration", "media_enc_hash",
        "media_url", "mentioned_jids", "message_add_on_flags", "multicast_id", "needs_push",
        "origin", "participant_hash", "payment_transaction_id", "played_device_timestamp",
        "preview_type", "raw_data", "read_device_timestamp", "receipt_device_timestamp",
        "receipt_server_timestamp", "received_timestamp", "recipient_count", "send_count",
        "send_timestamp", "sort_id", "starred", "status", "thumb_image", "translated_text",
        "view_mode", "view_replies_thread_id",
    }
)  # fmt: skip


def detect(head: Head) -> bool:
    """True for a SQLite file with WhatsApp's ``messages``, or its ``message``, chat and jid."""
    tables = head.sqlite_tables
    none: frozenset[str] = frozenset()
    newer = tables.get("message", none) >= _NEW and "jid_row_id" in tables.get("chat", none)
    return tables.get("messages", none) >= _OLD or (newer and "jid" in tables)


def read(source: Source) -> Iterator[Batch]:
    """Messages, reactions and calls, in batches by the order of their table.

    Set aside and counted as left: the app's placeholder row, messages that the newer table holds
    too, chats without a message. Raises ``BadInput`` at the end when pages are damaged: the rows
    before the damage were given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no WhatsApp database"), name=source.name)
    with closing(source.sqlite()) as db:
        db.row_factory = None
        db.text_factory = bytes  # decoded by column: a call for each value doubles the time
        reading = _Reading(source, db, source.head.sqlite_tables)
        yield from reading.everything()
    if reading.damage:
        raise BadInput(
            N_("{name} is damaged: {why}; what stood before the damage was read"),
            name=source.name,
            why=reading.damage[0],
        )


@dataclass
class _Reading:
    """One database being read: who is who in it, and the damage met."""

    source: Source
    db: sqlite3.Connection
    tables: Mapping[str, frozenset[str]]
    damage: list[sqlite3.DatabaseError] = field(default_factory=list)

    def everything(self) -> Iterator[Batch]:
        me = self.source.owner or OWNER
        book = _Book(me, self.jids(), self.mapped())
        self.fill(book)
        newer = self.has("message", _NEW)
        if newer:
            self.set_aside("message", "chat_row_id = -1")
            where = "message.chat_row_id IS NOT -1"
            yield from self.messages("message", _NEW_FIELDS, book, where)
        if self.has("messages", _OLD):
            self.set_aside("messages", "key_remote_jid = '-1'")
            where = "messages.key_remote_jid IS NOT '-1'"
            if newer:
                same = "message._id = messages._id AND message.key_id = messages.key_id"
                both = f"SELECT count(*) FROM messages JOIN message ON {same} WHERE {where}"
                self.leave("messages that table message holds too", self.one(both))
                where += f" AND NOT EXISTS (SELECT 1 FROM message WHERE {same})"
            yield from self.messages("messages", _OLD_FIELDS, book, where)
        if self.has("message_add_on", _REACTION):
            yield from self.reactions(book)
        if self.filled("call_log"):
            yield from self.calls(book)
        self.account_for_the_rest(book)

    # Who is who.

    def jids(self) -> dict[int, str]:
        """The jid of each row of ``jid``; the phone's own pseudo-jid counts as any other."""
        have = self.tables.get("jid", frozenset())
        raw = "raw_string" if "raw_string" in have else "NULL"
        made = "user || '@' || server" if have >= {"user", "server"} else "NULL"
        if "_id" not in have:
            return {}
        rows = self.rows(f"SELECT _id, COALESCE({raw}, {made}) FROM jid")
        return {row: text for row, name in rows if (text := _text(name)) is not None}

    def mapped(self) -> dict[int, int]:
        """For the row of a hidden identifier, the row of the number it stands for."""
        if not self.tables.get("jid_map", frozenset()) >= {"lid_row_id", "jid_row_id"}:
            return {}
        return dict(self.rows("SELECT lid_row_id, jid_row_id FROM jid_map"))

    def fill(self, book: "_Book") -> None:
        """The book's chats, their names, the groups' members and the words beside messages."""
        if "jid_row_id" in self.tables.get("chat", ()):
            subject = "subject" if "subject" in self.tables["chat"] else "NULL"
            for row, jid, name in self.rows(f"SELECT _id, jid_row_id, {subject} FROM chat"):
                book.chat(row, jid, _text(name))
        if self.tables.get("chat_list", frozenset()) >= {"key_remote_jid", "subject"}:
            for thread, name in self.rows("SELECT key_remote_jid, subject FROM chat_list"):
                book.name(_text(thread), _text(name))
        if self.tables.get("group_participants", frozenset()) >= {"gjid", "jid"}:
            for group, member in self.rows("SELECT gjid, jid FROM group_participants"):
                book.member(_text(group), _text(member) or book.me)
        pair = {"group_jid_row_id", "user_jid_row_id"}
        if self.tables.get("group_participant_user", frozenset()) >= pair:
            for group, member in self.rows(
                "SELECT group_jid_row_id, user_jid_row_id FROM group_participant_user"
            ):
                book.member(book.jids.get(group), book.person(member))
        for table, columns in _NOTES.items():
            known = [c for c in columns if c in self.tables.get(table, ())]
            if known and "message_row_id" in self.tables[table]:
                sql = f"SELECT message_row_id, {', '.join(known)} FROM {table} ORDER BY rowid"
                for row, *words in self.rows(sql):
                    for column, word in zip(known, words, strict=True):
                        jid = column.endswith("_jid_row_id")
                        book.note(row, book.person(word) if jid else _text(word))

    # Reading, and what damage does to it.

    def chunks(self, sql: str) -> Iterator[list[Any]]:
        """The rows of a query, ``ROWS`` at a time, up to where the file is damaged."""
        try:
            cursor = iter(self.db.execute(sql))
        except sqlite3.DatabaseError as error:
            self.damage.append(error)
            return
        whole = True
        while whole:
            rows: list[Any] = []
            try:
                rows.extend(islice(cursor, ROWS))  # keeps what came before an error
            except sqlite3.DatabaseError as error:
                self.damage.append(error)
            whole = len(rows) == ROWS
            if rows:
                yield rows

    def rows(self, sql: str) -> Iterator[Any]:
        for chunk in self.chunks(sql):
            yield from chunk

    def one(self, sql: str) -> int:
        return int(next((row[0] for row in self.rows(sql)), 0))

    def filled(self, table: str) -> bool:
        return table in self.tables and bool(self.one(f'SELECT 1 FROM "{table}" LIMIT 1'))

    def has(self, table: str, columns: frozenset[str]) -> bool:
        return self.tables.get(table, frozenset()) >= columns and self.filled(table)

    def leave(self, what: str, n: int) -> None:
        if n:
            self.source.leave(what, n)

    def set_aside(self, table: str, placeholder: str) -> None:
        n = self.one(f"SELECT count(*) FROM {table} WHERE {placeholder}")
        self.leave(f"placeholder row of {table}", n)

    def select(self, main: str, fields: Mapping[str, _Field], where: str) -> tuple[list[str], str]:
        """The fields that this database has and the one query that reads them."""
        used = {table for table, _, _ in fields.values() if table == main or self.joinable(table)}
        present = {
            name: made.format(f"{table}.{column}")
            for name, (table, column, made) in fields.items()
            if table in used and column in self.tables[table]
        }
        used = {table for table in used if any(f"{table}." in made for made in present.values())}
        joins = "".join(self.join(main, table) for table in sorted(used - {main}))
        columns = ", ".join(present.values())
        sql = f"SELECT {columns} FROM {main}{joins} WHERE {where} ORDER BY {main}._id"
        return list(present), sql

    def joinable(self, table: str) -> bool:
        key, _ = _JOINS.get(table, ("message_row_id", ""))
        return self.has(table, frozenset({key}))

    def join(self, main: str, table: str) -> str:
        key, equal = _JOINS.get(table, ("message_row_id", f"{main}._id"))
        info = f"SELECT count(*) FROM pragma_table_info('{table}')"
        single = self.one(f"{info} WHERE pk > 0 AND name = '{key}'")
        # A table without that key could hold two rows for a message, and double it.
        rows = table if single else f"(SELECT * FROM {table} GROUP BY {key}) {table}"
        return f" LEFT JOIN {rows} ON {table}.{key} = {equal}"

    # Messages.

    def messages(
        self, table: str, fields: Mapping[str, _Field], book: "_Book", where: str
    ) -> Iterator[Batch]:
        names, sql = self.select(table, fields, where)
        for rows in self.chunks(sql):
            given = dict(zip(names, zip(*rows, strict=True), strict=True))
            yield from _batches(_Given(table, given, len(rows)), book, self.source)

    def reactions(self, book: "_Book") -> Iterator[Batch]:
        """Reactions answer a message; the other additions (votes, pins …) are left."""
        every = self.one("SELECT count(*) FROM message_add_on")
        read = 0
        if self.has("message_add_on_reaction", frozenset({"message_add_on_row_id", "reaction"})):
            where = "message_add_on_reaction.reaction NOTNULL"
            for batch in self.messages("message_add_on", _REACTION_FIELDS, book, where):
                read += batch.columns.num_rows
                yield batch
        self.leave("additions to messages that are no reactions", every - read)

    def calls(self, book: "_Book") -> Iterator[Batch]:
        """One row a call, and one for each further person called in it."""
        have = self.tables["call_log"]
        names = (
            "_id", "jid_row_id", "from_me", "call_id", "timestamp", "duration", "call_result",
            "group_jid_row_id",
        )  # fmt: skip
        columns = ", ".join(f"c.{n}" if n in have else "NULL" for n in names)
        sql = f"SELECT {columns}, NULL FROM call_log c"
        if self.filled("call_log_participant_v2"):
            sql += (
                f" UNION ALL SELECT {columns}, p.jid_row_id FROM call_log c"
                " JOIN call_log_participant_v2 p ON p.call_log_row_id = c._id"
                " WHERE p.jid_row_id IS NOT c.jid_row_id"
            )
        for rows in self.chunks(sql):
            yield _calls(rows, book)

    # What is not read.

    def account_for_the_rest(self, book: "_Book") -> None:
        """Every other column and filled table: left on purpose where known, else unknown."""
        chats = sum(1 for thread in book.threads.values() if thread not in book.spoken)
        self.leave("chats without a message", chats)
        taken = {(t, c) for f in (_OLD_FIELDS, _NEW_FIELDS) for t, c, _ in f.values()}
        taken |= {("messages", "status"), ("messages", "quoted_row_id")}
        for table in ("messages", "message"):
            if self.filled(table):
                for column in sorted(self.tables[table] - {c for t, c in taken if t == table}):
                    known = column in _LEFT_COLUMNS
                    counter = self.source.tally.left if known else self.source.tally.unknown
                    counter[f"{table}.{column}"] += 1
        for table in sorted(self.tables.keys() - _READ):
            if not _is_machinery(table) and self.filled(table):
                self.source.leave(f"table {table}")
        wal = self.source.sibling(f"{self.source.name.rpartition('/')[2]}-wal")
        if wal is not None and wal.member.size:
            self.source.leave("write-ahead log beside the database")


def _is_machinery(table: str) -> bool:
    """Search indexes and SQLite's own tables repeat what is read elsewhere."""
    return "_fts" in table or table.startswith("sqlite_")


class _Book:
    """Who is who: jids, chats and their names, members of groups, words beside messages."""

    def __init__(self, me: str, jids: dict[int, str], mapped: dict[int, int]) -> None:
        self.me = me
        self.jids = jids
        self.threads: dict[int, str] = {}
        self.names: dict[str, str] = {}
        self.members: dict[str, dict[str, None]] = {}
        self.notes: dict[int, str] = {}
        self.spoken: set[str] = set()
        self._people = {
            row: jids.get(mapped[row], name) if row in mapped else name
            for row, name in jids.items()
        }
        self._numbers = {jids[row]: name for row, name in self._people.items() if row in mapped}

    def person(self, row: Any) -> str | None:
        """The jid of a person, by its number where it is known; the phone's own is ``me``."""
        name = self._people.get(row)
        return self.me if name == "status_me" else name

    def number(self, thread: str) -> str:
        """The person a conversation is with, by its number where it is known."""
        return self._numbers.get(thread, thread)

    def chat(self, row: int, jid: int, name: str | None) -> None:
        thread = self.jids.get(jid)
        if thread is not None:
            self.threads[row] = thread
            self.name(thread, name)

    def name(self, thread: str | None, name: str | None) -> None:
        if thread and name:
            self.names.setdefault(thread, name)

    def member(self, group: str | None, member: str | None) -> None:
        if group and member:
            self.members.setdefault(group, {})[member] = None

    def note(self, row: Any, words: str | None) -> None:
        if words and isinstance(row, int):
            known = self.notes.get(row)
            self.notes[row] = f"{known}\n{words}" if known else words

    def recipients(self, thread: str, sender: str) -> list[str]:
        """Whom ``sender`` wrote to in ``thread``."""
        if thread in self.members:
            return [member for member in self.members[thread] if member != sender]
        if _is_shared(thread):
            return [thread]
        return [self.number(thread) if sender == self.me else self.me]


def _is_shared(thread: str) -> bool:
    """True for a group, a broadcast or a channel: a jid that is no one person."""
    return thread.endswith(("@g.us", "@broadcast", "@newsletter"))


@dataclass(frozen=True, slots=True)
class _Given:
    """The rows of one query by field; a field that the database lacks is all null."""

    table: str
    columns: Mapping[str, Sequence[Any]]
    n: int

    def texts(self, name: str) -> pa.Array:
        """As UTF-8; bytes that are none become U+FFFD, the empty text null."""
        values = self.columns.get(name)
        if values is None:
            return pa.nulls(self.n, STRING)
        try:
            array = pa.array(values, pa.binary()).cast(STRING)
        except (pa.ArrowException, TypeError):
            array = pa.array([_text(value) for value in values], STRING)
        return pc.if_else(pc.equal(array, ""), _NULL, array)

    def integers(self, name: str) -> pa.Array:
        return self._numbers(name, pa.int64(), int)

    def numbers(self, name: str) -> pa.Array:
        return self._numbers(name, NUMBER, float)

    def _numbers(self, name: str, kind: pa.DataType, convert: Callable[[Any], Any]) -> pa.Array:
        values = self.columns.get(name)
        if values is None:
            return pa.nulls(self.n, kind)
        try:
            return pa.array(values, kind)
        except (pa.ArrowException, TypeError, OverflowError):
            return pa.array([_number(value, convert) for value in values], kind)


def _batches(given: _Given, book: _Book, source: Source) -> Iterator[Batch]:
    """The rows of one query as messages."""
    ids, kinds = given.integers("id"), pc.fill_null(given.integers("type"), 0)
    notice = pc.equal(kinds, _NOTICE)
    mine = pc.and_(pc.equal(pc.fill_null(given.integers("mine"), 0), 1), pc.invert(notice))
    thread = _threads(given, book)
    book.spoken.update(t for t in pc.unique(thread).to_pylist() if t)
    sender = _senders(given, book, thread, mine, notice)
    sent_at, reasons = _times(given.integers("time"))
    edited, late = _times(given.integers("edited"), known=True)
    latitude, longitude, nowhere = _place(given, kinds)
    text = _words(given, book, ids, kinds)
    _count(source, "message.edited_at", late)
    _count(source, "message.latitude", nowhere)
    columns = {
        "app": pa.repeat("whatsapp", given.n),
        "account": pa.repeat(pa.scalar(source.owner, STRING), given.n),
        "ref": given.texts("key"),
        "thread_id": thread,
        "thread_name": _looked_up(thread, book.names),
        "sender_id": sender,
        "sent_at": sent_at,
        "text": text,
        "kind": _kinds(given, kinds, text, source),
        "forwarded": pc.or_(
            pc.equal(pc.bit_wise_and(pc.fill_null(given.integers("flags"), 0), 1), 1),
            pc.is_valid(given.integers("forwarded")),
        ),
        "edited_at": edited,
        "deleted": pc.or_(
            pc.is_in(kinds, value_set=_REVOKED), pc.is_valid(given.integers("revoked"))
        ),
        "reply_to": given.texts("reply"),
        "attachment_sha256": _hashes(given, source),
        "latitude": latitude,
        "longitude": longitude,
    }
    locators = pc.binary_join_element_wise(given.table, ids.cast(STRING), " ")
    everyone, which = _recipients(thread, sender, notice, book)
    whole = pa.RecordBatch.from_pydict(columns)
    for start, length in _slices(everyone, which):
        part = whole.slice(start, length).append_column(
            pa.field("recipients", STRINGS), everyone.take(which.slice(start, length))
        )
        said = None if reasons is None else reasons.slice(start, length)
        yield Batch(MESSAGE, part, locators.slice(start, length), said)


def _threads(given: _Given, book: _Book) -> pa.Array:
    if "chat" in given.columns:
        return _looked_up(given.integers("chat"), book.threads)
    return given.texts("thread")


def _senders(
    given: _Given, book: _Book, thread: pa.Array, mine: pa.Array, notice: pa.Array
) -> pa.Array:
    """Who sent: the holder, the one peer, or in a shared chat the member that is named."""
    if "sender_row" in given.columns:
        rows = given.integers("sender_row")
        people = {row: book.person(row) for row in pc.unique(rows).to_pylist() if row}
        named = _looked_up(rows, people)
    else:
        named = given.texts("sender")
    threads = [t for t in pc.unique(thread).to_pylist() if t]
    peer = _looked_up(thread, {t: book.number(t) for t in threads if not _is_shared(t)})
    channel = _looked_up(thread, {t: t for t in threads if t.endswith("@newsletter")})
    received = pc.coalesce(peer, named, channel)
    return pc.if_else(notice, named, pc.if_else(mine, pa.scalar(book.me), received))


def _times(millis: pa.Array, known: bool = False) -> tuple[pa.Array, Any]:
    """UTC times of milliseconds since 1970 with, where any is none, the reasons to reject.

    ``known``: instead of reasons, how many values stand there and are no time.
    """
    first, last = (int(t.timestamp() * 1000) for t in (EARLIEST, LATEST))
    inside = pc.fill_null(pc.and_(pc.greater(millis, first), pc.less(millis, last)), False)
    times = (
        pc.if_else(inside, millis, pa.scalar(None, pa.int64()))
        .cast(pa.timestamp("ms", "UTC"))
        .cast(TIME)
    )
    absent = pc.fill_null(pc.is_in(millis, value_set=pa.array([0, -1])), False)
    absent = pc.or_(absent, pc.is_null(millis))
    if known:
        return times, _true(pc.invert(pc.or_(inside, absent)))
    if _true(inside) == len(millis):
        return times, None
    reasons = pc.if_else(absent, NO_TIME, OUTSIDE)
    return times, pc.if_else(inside, _NULL, reasons)


def _place(given: _Given, kinds: pa.Array) -> tuple[pa.Array, pa.Array, int]:
    """Where a location message points, and how many point nowhere on Earth."""
    latitude, longitude = given.numbers("latitude"), given.numbers("longitude")
    if latitude.null_count == given.n:
        return latitude, longitude, 0
    placed = pc.is_in(kinds, value_set=pa.array([5, 16]))
    on_earth = pc.and_(
        pc.less_equal(pc.abs(latitude), 90.0), pc.less_equal(pc.abs(longitude), 180.0)
    )
    good = pc.fill_null(pc.and_(placed, on_earth), False)
    nowhere = _true(pc.and_(placed, pc.invert(pc.fill_null(on_earth, True))))
    nothing = pa.scalar(None, NUMBER)
    return pc.if_else(good, latitude, nothing), pc.if_else(good, longitude, nothing), nowhere


def _words(given: _Given, book: _Book, ids: pa.Array, kinds: pa.Array) -> pa.Array:
    """The words of each message, with those that stand beside it in tables of their own."""
    text = pc.coalesce(given.texts("text"), given.texts("caption"))
    if given.table != "message_add_on" and book.notes:
        beside = _looked_up(ids, book.notes)
        beside = pc.if_else(pc.fill_null(pc.equal(text, beside), False), _NULL, beside)
        text = _joined(text, beside, "\n")
    titled = pc.is_in(kinds, value_set=_TITLED)
    text = pc.coalesce(text, pc.if_else(titled, given.texts("title"), _NULL))
    labelled = pc.is_in(kinds, value_set=pa.array([_NOTICE, *_LABELS]))
    if not _true(labelled):
        return text
    actions = given.integers("action")
    notices = {
        action: f"[{_NOTICES.get(action, f'notice {action}')}]"
        for action in pc.unique(actions).to_pylist()
        if action is not None
    }
    label = pc.if_else(
        pc.equal(kinds, _NOTICE),
        pc.fill_null(_looked_up(actions, notices), "[notice]"),
        _looked_up(kinds, _LABELS),
    )
    return pc.if_else(labelled, _joined(label, text, " "), text)


def _joined(left: pa.Array, right: pa.Array, between: str) -> pa.Array:
    """Both texts, or the one that is there."""
    if right.null_count == len(right):
        return left
    return pc.coalesce(pc.binary_join_element_wise(left, right, between), left, right)


def _kinds(given: _Given, kinds: pa.Array, text: pa.Array, source: Source) -> pa.Array:
    """What each message carries; an unknown type is counted and judged by its media type."""
    known = _looked_up(kinds, _KINDS)
    if not known.null_count:
        return known
    for met in pc.value_counts(kinds.filter(pc.is_null(known))).to_pylist():
        if met["values"] not in _BY_MIME:
            source.tally.unknown[f"{given.table} of type {met['values']}"] += met["counts"]
    mime = given.texts("mime")
    by_mime = [pc.if_else(pc.starts_with(mime, m), k, _NULL) for m, k in _MIMES.items()]
    other = pc.if_else(pc.is_valid(mime), "file", pc.if_else(pc.is_valid(text), "text", _NULL))
    return pc.coalesce(known, *by_mime, other)


def _hashes(given: _Given, source: Source) -> pa.Array:
    """SHA-256 of the attached file in hexadecimal; the database keeps it in Base64."""
    stored = given.texts("hash")
    if stored.null_count == given.n:
        return stored
    bad = 0
    hashes: dict[str, str] = {}
    for value in stored.drop_null().to_pylist():
        try:
            raw = b64decode(value, validate=True)
        except ValueError:
            raw = b""
        if len(raw) == 32:
            hashes[value] = raw.hex()
        else:
            bad += 1
    _count(source, "message.attachment_sha256", bad)
    return _looked_up(stored, hashes)


def _recipients(
    thread: pa.Array, sender: pa.Array, notice: pa.Array, book: _Book
) -> tuple[pa.Array, pa.Array]:
    """The distinct recipient lists and, for each row, which one is its own (null: none)."""
    pairs = pc.binary_join_element_wise(thread, pc.fill_null(sender, ""), "\x00")
    encoded = pc.if_else(notice, _NULL, pairs).dictionary_encode()
    split = [pair.rpartition("\x00") for pair in encoded.dictionary.to_pylist()]
    lists = [book.recipients(where, who) for where, _, who in split]
    return pa.array(lists, STRINGS), encoded.indices


def _slices(everyone: pa.Array, which: pa.Array) -> Iterator[tuple[int, int]]:
    """Start and length of parts whose recipients, together, fit in memory."""
    lengths = pc.fill_null(pc.list_value_length(everyone).take(which), 0)
    total = pc.sum(lengths).as_py() or 0
    step = max(1, len(which) // (total // LISTED + 1))
    for start in range(0, len(which), step):
        yield start, min(step, len(which) - start)


def _calls(rows: list[Any], book: _Book) -> Batch:
    """Rows of ``call_log`` as calls. Video calls are ``voice``, as the table knows no other."""
    callers: list[str | None] = []
    callees: list[str | None] = []
    directions: list[str] = []
    for _, peer, from_me, _, _, _, result, group, further in rows:
        other = book.person(peer)
        shared = book.jids.get(group) if group else None
        callers.append(book.me if from_me == 1 else other)
        if further is not None:
            callees.append(book.person(further))
        else:
            callees.append((shared or other) if from_me == 1 else book.me)
        unanswered = result in (2, 3, 4)  # missed, unavailable, refused
        directions.append("out" if from_me == 1 else "missed" if unanswered else "in")
    ids, _, _, refs, times, durations, *_ = zip(*rows, strict=True)
    fields = {"id": ids, "ref": refs, "time": times, "duration": durations}
    given = _Given("call_log", fields, len(rows))
    started_at, reasons = _times(given.integers("time"))
    columns = {
        "ref": given.texts("ref"),
        "caller": pa.array(callers, STRING),
        "callee": pa.array(callees, STRING),
        "started_at": started_at,
        "duration_s": given.numbers("duration"),
        "count": pa.repeat(1, len(rows)).cast(pa.int64()),
        "kind": pa.repeat("voice", len(rows)),
        "direction": pa.array(directions, STRING),
    }
    locators = pc.binary_join_element_wise("call_log", given.integers("id").cast(STRING), " ")
    return Batch(CALL, pa.RecordBatch.from_pydict(columns), locators, reasons)


def _looked_up(keys: pa.Array, table: Mapping[Any, str | None]) -> pa.Array:
    """For each key its value in ``table``, null where it has none."""
    if not table:
        return pa.nulls(len(keys), STRING)
    known = pa.array(list(table.keys()), keys.type)
    return pa.array(list(table.values()), STRING).take(pc.index_in(keys, value_set=known))


def _true(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)


def _count(source: Source, column: str, n: int) -> None:
    if n:
        source.tally.unread[column] += n


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _number(value: Any, convert: Callable[[Any], Any]) -> Any:
    """A number, also where the database holds it as text; null where it is none."""
    try:
        number = convert(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return number if abs(number) < 1 << 63 else None

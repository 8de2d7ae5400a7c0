"""WhatsApp for Android: ``msgstore.db``, the old ``messages`` and the newer ``message`` schema.

WhatsApp publishes no description. What the columns mean is known from the databases themselves,
their views and the open forensic tools that read them (IPED, ALEAPP). A database under migration
holds both schemas; a message that stands in both is read once, from the newer.

- ``thread_id`` and every other identifier is the jid as stored. A sender known by a hidden
  identifier (``@lid``) gets the number that the database's own ``jid_map`` gives for it.
- Names come from the ``wa.db`` that lies beside the database, where there is one.
- ``msgstore.db`` does not name its own account. Where nothing else tells it (``source.owner``),
  ``account`` is null and the holder of the phone is ``owner``.
- The recipients of a group message are the members listed when the database was taken.
- Words in square brackets are the reader's: the meaning of a notice (encryption, member added …),
  stored as a number, before what is stored with it; the path of a media without words. A notice
  is sent by nobody but whom the database names. A poll is its question and options, a line each.
- A reaction, and a vote in a poll, is a row of its own: ``system``, answering its message
  (``reply_to``), the emoji or the option as text; taken back, it is ``deleted``.
- ``deleted``: revoked by its sender or an administrator, in a chat that the holder erased, or
  found in free pages and the log alone (``source`` says where).
- Calls go to ``call``, one row a person called.
"""

from collections.abc import Iterator
from contextlib import closing

from faisceau.errors import BadInput
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.evidence.whatsapp.android_calls import calls
from faisceau.evidence.whatsapp.android_fields import (
    ADD_ON_COLUMNS,
    JOINS,
    LEFT_COLUMNS,
    NEW_COLUMNS,
    NEW_FIELDS,
    OLD_COLUMNS,
    OLD_FIELDS,
    REACTION_FIELDS,
)
from faisceau.evidence.whatsapp.android_messages import batches
from faisceau.evidence.whatsapp.android_people import Book, book_of
from faisceau.evidence.whatsapp.database import Database, Query
from faisceau.evidence.whatsapp.names import android_names
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.tables.schemas.schema import Batch
from faisceau.words import N_

FILLS = [MESSAGE, CALL]

_MARKS = {
    "message_ephemeral": "mark of a message that disappears by itself",
    "message_view_once_media": "mark of a media shown once",
    "message_quoted": "copy of a quoted message",
    "messages_quotes": "copy of a quoted message",
}
"""Tables that say of a message what no column holds: counted by row."""


def detect(head: Head) -> bool:
    """True for a SQLite file with WhatsApp's ``messages``, or its ``message``, chat and jid."""
    tables = head.sqlite_tables
    none: frozenset[str] = frozenset()
    newer = tables.get("message", none).issuperset(NEW_COLUMNS)
    newer = newer and "jid_row_id" in tables.get("chat", none) and "jid" in tables
    return newer or tables.get("messages", none).issuperset(OLD_COLUMNS)


def read(source: Source) -> Iterator[Batch]:
    """Messages, reactions and calls, in batches by the order of their table.

    Set aside and counted as left: the app's placeholder row, messages that the newer table holds
    too, chats without a message. Raises ``BadInput`` at the end when pages are damaged: what
    could be read was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no WhatsApp database"), name=source.name)
    with closing(source.sqlite()) as connection:
        db = Database(source, connection, source.head.sqlite_tables)
        book = book_of(db, source.owner or OWNER, android_names(source))
        yield from _messages(db, book)
        yield from _additions(db, book)
        yield from calls(db, book)
        _account_for_the_rest(db, book)
    db.raise_damage()


def _messages(db: Database, book: Book) -> Iterator[Batch]:
    newer = db.filled("message", *NEW_COLUMNS)
    if newer:
        db.leave("placeholder row of message", db.count("message", "chat_row_id = -1"))
        where = "message.chat_row_id IS NOT -1"
        yield from _read(db, book, Query("message", "_id", NEW_FIELDS, JOINS["message"], where))
    if db.filled("messages", *OLD_COLUMNS):
        db.leave("placeholder row of messages", db.count("messages", "key_remote_jid = '-1'"))
        where = "messages.key_remote_jid IS NOT '-1'"
        if newer:
            same = "message._id = messages._id AND message.key_id = messages.key_id"
            both = f"SELECT count(*) FROM messages JOIN message ON {same} WHERE {where}"
            db.leave("messages that table message holds too", db.one(both))
            where += f" AND NOT EXISTS (SELECT 1 FROM message WHERE {same})"
        yield from _read(db, book, Query("messages", "_id", OLD_FIELDS, JOINS["messages"], where))


def _read(db: Database, book: Book, query: Query) -> Iterator[Batch]:
    starred = 0
    for given in db.read(query):
        starred += sum(1 for mark in given.raw("starred") if mark == 1)
        yield from batches(given, book, db.source)
    for given in db.lost(query, "key_id", "message", "messages"):
        yield from batches(given, book, db.source)
    db.leave("mark of a starred message", starred)


def _additions(db: Database, book: Book) -> Iterator[Batch]:
    """Reactions and votes answer a message; the other additions (pins, edits …) are left."""
    if not db.filled("message_add_on", *ADD_ON_COLUMNS):
        return
    wanted = []
    if db.filled("message_add_on_reaction", "message_add_on_row_id", "reaction"):
        wanted.append("message_add_on_reaction.reaction NOTNULL")
    if db.filled("message_add_on_poll_vote", "message_add_on_row_id"):
        wanted.append("message_add_on_poll_vote.message_add_on_row_id NOTNULL")
    read = 0
    if wanted:
        where = f"({' OR '.join(wanted)})"
        query = Query("message_add_on", "_id", REACTION_FIELDS, JOINS["message_add_on"], where)
        for given in db.read(query):
            read += given.n
            yield from batches(given, book, db.source)
    db.leave("additions to messages that are no reactions", db.count("message_add_on") - read)


def _account_for_the_rest(db: Database, book: Book) -> None:
    """Every other column and filled table: left on purpose where known, else unknown."""
    chats = sum(1 for thread in book.threads.values() if thread not in book.spoken)
    db.leave("chats without a message", chats)
    taken = {(f.table, f.column) for fs in (OLD_FIELDS, NEW_FIELDS) for f in fs.values()}
    taken |= {("messages", "status"), ("messages", "quoted_row_id")}
    for table in ("messages", "message"):
        if db.filled(table):
            for column in sorted(db.tables[table] - {c for t, c in taken if t == table}):
                known = column in LEFT_COLUMNS
                counter = db.source.tally.left if known else db.source.tally.unknown
                counter[f"{table}.{column}"] += 1
    for table, what in _MARKS.items():
        db.leave(what, db.count(table))
        db.mark_read(table)

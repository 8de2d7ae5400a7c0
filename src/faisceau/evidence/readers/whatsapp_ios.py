"""WhatsApp for iOS: ``ChatStorage.sqlite``, ``ContactsV2.sqlite`` and ``CallHistory.sqlite``.

Core Data databases (tables ``ZWA…``, times in seconds since 2001). WhatsApp publishes no
description; what the columns mean is known from databases and from IPED's and iLEAPP's parsers.

- ``thread_id`` is the jid as stored. A person known by a hidden identifier (``@lid``) gets the
  number that ``ContactsV2.sqlite`` beside the messages gives for it; names come from there too,
  then from what the conversation and its members are called.
- ``account`` is the jid that every received message went to, where the version keeps it; without
  it the holder of the phone is ``owner``.
- Words in square brackets are the reader's: the meaning of a notice (two numbers) before whom it
  is about, the path of a media without words. A poll is its question and options, a line each.
- A reaction is a row of its own: ``system``, answering its message (``reply_to``), the emoji as
  text. Quotes and reactions are stored as Protocol Buffers.
- ``deleted``: revoked, or found in free pages and the log alone (``source`` says where).
- Contacts and calls go to ``contact`` and ``call``. A call of which the database does not say who
  made it has no direction, and the person stands as its caller.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import islice

from faisceau.errors import BadInput
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.whatsapp import ios_calls
from faisceau.evidence.whatsapp.database import ROWS, Database
from faisceau.evidence.whatsapp.ios_messages import FIELDS, batches, query
from faisceau.evidence.whatsapp.ios_people import sessions_of
from faisceau.evidence.whatsapp.names import contact_batch, ios_entries, ios_names, is_ios_book
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import Batch
from faisceau.words import N_

FILLS = [MESSAGE, CONTACT, CALL]

_LEFT_COLUMNS = frozenset(
    {
        "Z_ENT", "Z_OPT", "ZCHILDMESSAGESDELIVEREDCOUNT", "ZCHILDMESSAGESPLAYEDCOUNT",
        "ZCHILDMESSAGESREADCOUNT", "ZDATAITEMVERSION", "ZDOCID", "ZENCRETRYCOUNT",
        "ZFILTEREDRECIPIENTCOUNT", "ZMESSAGEERRORSTATUS", "ZMESSAGESTATUS", "ZSORT",
        "ZSPOTLIGHTSTATUS", "ZLASTSESSION", "ZMEDIAITEM", "ZMESSAGEINFO", "ZPARENTMESSAGE",
        "ZSENTDATE", "ZMEDIASECTIONID", "ZPHASH", "ZTOJID", "ZSTARRED",
    }
)  # fmt: skip


def detect(head: Head) -> bool:
    """True for a SQLite file with the messages, contacts or calls of WhatsApp for iOS."""
    tables = head.sqlite_tables
    return _is_chats(tables) or is_ios_book(tables) or _is_calls(tables)


def read(source: Source) -> Iterator[Batch]:
    """Messages and reactions, contacts, or calls. Raises ``BadInput`` at the end when damaged."""
    tables = source.head.sqlite_tables
    if not detect(source.head):
        raise BadInput(N_("{name} is no database of WhatsApp for iOS"), name=source.name)
    with closing(source.sqlite()) as connection:
        db = Database(source, connection, tables)
        if _is_chats(tables):
            yield from _messages(db)
        if is_ios_book(tables):
            entries = ios_entries(db)
            while some := list(islice(entries, ROWS)):
                yield contact_batch(some, source.owner)
        if _is_calls(tables):
            yield from ios_calls.calls(db, ios_names(source))
    db.raise_damage()


def _is_chats(tables: Mapping[str, frozenset[str]]) -> bool:
    wanted = {"Z_PK", "ZCHATSESSION", "ZMESSAGEDATE", "ZTEXT"}
    return tables.get("ZWAMESSAGE", frozenset()) >= wanted and "ZWACHATSESSION" in tables


def _is_calls(tables: Mapping[str, frozenset[str]]) -> bool:
    return tables.get(ios_calls.EVENT, frozenset()) >= {"Z_PK", "ZDATE"}


def _messages(db: Database) -> Iterator[Batch]:
    who = sessions_of(db, db.source.owner, ios_names(db.source))
    starred = 0
    wanted = query(db)
    for given in db.read(wanted):
        starred += sum(1 for mark in given.raw("starred") if mark == 1)
        yield from batches(given, who, db.source)
    for given in db.lost(wanted, "ZSTANZAID"):
        yield from batches(given, who, db.source)
    db.leave("mark of a starred message", starred)
    chats = sum(1 for thread in who.threads.values() if thread not in who.spoken)
    db.leave("chats without a message", chats)
    taken = {one.column for one in FIELDS.values() if one.table == "ZWAMESSAGE"}
    for column in sorted(db.tables["ZWAMESSAGE"] - taken):
        known = column in _LEFT_COLUMNS
        counter = db.source.tally.left if known else db.source.tally.unknown
        counter[f"ZWAMESSAGE.{column}"] += 1

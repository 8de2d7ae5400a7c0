"""Skype: ``main.db``, the database of versions 3 to 7 on computers and phones.

Skype publishes no description. The tables and the numbers of types are known from
https://github.com/suurjaak/Skyperious (``skypedata.py``) and from the interface that Skype gave
to developers (SkypeKit: the ``TYPE`` and ``STATUS`` of Message, Transfer, Sms and Voicemail).

- Identifiers are Skype names, without the prefix (``8:``) of newer versions; ``thread_id`` is the
  conversation's identity as stored, in old versions the name of the chat.
- ``text`` is the body made plain. A notice is its meaning in brackets, then whom it names.
- A message that was removed keeps its row: edited, empty, ``deleted``. What free pages or the log
  alone hold (messages, calls, contacts) is a row too: ``source`` says so, and where.
- Each file transfer, voice message and video message is a message of its own that answers, by
  ``reply_to``, the one that announces it. A text message (SMS) stands once.
- Calls go to ``call``, one row a person called; the account to ``handset``; every row of
  ``Contacts`` to ``contact``, those that Skype merely met in a conversation included.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    epoch_times,
    joined,
    looked_up,
    message_batches,
    opened,
    shared_lists,
    table_columns,
    text,
)
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.skype.body import read_body
from faisceau.evidence.skype.book import SkypeBook, person
from faisceau.evidence.skype.calls import call_batches
from faisceau.evidence.skype.columns import LEFT, TAKEN
from faisceau.tables.schemas import CALL, CONTACT, HANDSET, MESSAGE
from faisceau.tables.schemas.schema import NUMBER, STRING, STRINGS, Batch
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT, HANDSET]

_SMS = 64
_KINDS = {
    2: "system", 4: "system", 8: "system", 9: "system", 10: "system", 11: "system", 12: "system",
    13: "system", 21: "system", 30: "system", 39: "system", 50: "text", 51: "system",
    53: "system", 60: "text", 61: "text", 63: "text", _SMS: "text", 65: "system", 67: "voice",
    68: "file", 70: "video", 100: "system", 110: "system", 201: "image", 253: "video",
    254: "file", 255: "text",
}  # fmt: skip
_LABELS = {
    2: "subject changed", 4: "group created", 8: "can take part now", 9: "needs a newer Skype",
    10: "participant added", 11: "participant asked for", 12: "participant removed",
    13: "participant left", 21: "role changed", 30: "call", 39: "call ended",
    50: "contact request", 51: "contact details shared", 53: "contact blocked",
    63: "contacts sent", 65: "alert", 100: "file transfer", 110: "birthday",
}  # fmt: skip
_OLDER = {1: 10, 2: 10, 3: 61, 4: 13, 5: 2, 7: 60, 8: 63, 11: 12, 15: 2, 18: 30}
"""``chatmsg_type``, where ``type`` is not there, as the type it stands for."""
_NAMES_WHOM = (4, 10, 11, 12, 50, 51, 53)
"""Types whose ``identities`` are the persons they are about."""

_TRANSFERS = {
    0: "new", 1: "connecting", 2: "waiting", 3: "under way", 4: "under way", 5: "paused",
    6: "paused", 7: "cancelled", 8: "completed", 9: "failed", 10: "placeholder",
    11: "offered elsewhere", 12: "cancelled by the other",
}  # fmt: skip
_INCOMING = 1
"""The type of what came in: transfers, voice messages."""
_SMS_INCOMING = 2

_PHONES = (
    "pstnnumber", "phone_home", "phone_office", "phone_mobile", "main_phone", "assigned_phone1",
    "assigned_phone2", "assigned_phone3",
)  # fmt: skip


def detect(head: Head) -> bool:
    """True for a SQLite file with Skype's ``Messages`` and ``Contacts``."""
    tables = table_columns(head)
    return (
        tables.get("messages", frozenset()) >= {"id", "author", "timestamp", "body_xml"}
        and "skypename" in tables.get("contacts", ())
    )  # fmt: skip


def read(source: Source) -> Iterator[Batch]:
    """Messages, transfers, calls, contacts and the account, in batches.

    Raises ``BadInput`` at the end where damage could not be passed: the rest was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no Skype database"), name=source.name)
    with opened(source) as database:
        book = SkypeBook.of(database, source.owner)
        yield from _messages(database, book)
        yield from _texts(database, book)
        yield from _things(database, book)
        yield from call_batches(database, book)
        yield from _contacts(database, book)
        yield from _accounts(database)
        silent = sum(1 for thread in book.threads.values() if not book.spoken[thread])
        database.leave("conversations without a message", silent)
        database.settle(TAKEN, LEFT)


# Messages.


def _messages(database: Database, book: SkypeBook) -> Iterator[Batch]:
    have = database.tables["messages"]
    fields = {name: f"m.{name}" for name in TAKEN["messages"].split() if name in have}
    if "guid" in have:
        fields["guid"] = "lower(hex(m.guid))"
    numbers: dict[int, str] = {}
    if database.has("smses", "chatmsg_id", "target_numbers"):
        rows = database.rows("SELECT chatmsg_id, target_numbers FROM smses")
        numbers = {row: to for row, value in rows if row and (to := text(value))}
    same = "guid" if "guid" in have else "author timestamp body_xml"
    for cells in database.cells("messages", fields, "m ORDER BY m.rowid", same):
        yield from _message_batches(cells, book, numbers, database.source)


def _message_batches(
    cells: Cells, book: SkypeBook, numbers: Mapping[int, str], source: Source
) -> Iterator[Batch]:
    types = _types(cells)
    thread = pc.coalesce(
        looked_up(cells.integers("convo_id"), book.threads),
        cells.texts("chatname"),
        cells.texts("dialog_partner"),
    )
    book.spoken.update(t for t in pc.unique(thread).to_pylist() if t)
    sender = _people(cells.texts("author"))
    times = epoch_times(cells, "timestamp")
    edited = epoch_times(cells, "edited_timestamp").counted(source, "message.edited_at")
    bodies = cells.texts("body_xml")
    text_, kind, reply_to, latitude, longitude = _plain(cells, bodies)
    kinds = _known_kinds(types, source)
    kind = pc.if_else(pc.is_in(kinds, value_set=pa.array(["system"])), kinds, kind)
    columns = {
        "ref": cells.texts("guid"),
        "app": pa.repeat("skype", cells.n),
        "account": pa.repeat(pa.scalar(book.account, STRING), cells.n),
        "thread_id": thread,
        "thread_name": looked_up(thread, book.names),
        "sender_id": sender,
        "sender_name": cells.texts("from_dispname"),
        "sent_at": times.at,
        "text": _labelled(cells, types, text_),
        "kind": pc.coalesce(kind, kinds),
        "edited_at": edited,
        "deleted": cells.deleted(pc.and_(pc.is_valid(edited), pc.is_null(bodies))),
        "reply_to": reply_to,
        "latitude": latitude,
        "longitude": longitude,
    }
    notice = pc.equal(columns["kind"], "system")
    partner = _people(cells.texts("dialog_partner"))
    sms = pc.if_else(pc.equal(types, _SMS), looked_up(cells.integers("id"), numbers), NULL)
    lists = shared_lists([thread, sender, partner, sms], book.recipients, notice)
    yield from message_batches(MESSAGE, columns, cells.locators("id"), times.reasons, lists)


def _types(cells: Cells) -> pa.Array:
    """The type of each message; old versions have ``chatmsg_type`` alone."""
    older = cells.integers("chatmsg_type")
    met = pc.unique(older).to_pylist()
    as_newer = {old: str(_OLDER.get(old, 61)) for old in met if old is not None}
    types = pc.coalesce(cells.integers("type"), looked_up(older, as_newer).cast(pa.int64()))
    return pc.fill_null(types, 61)


def _people(names: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(names, r"^\d{1,2}:", "")


def _known_kinds(types: pa.Array, source: Source) -> pa.Array:
    """What each type carries; an unknown one is counted, and is what its body carries, or text."""
    for met in pc.value_counts(types).to_pylist():
        if met["values"] not in _KINDS:
            source.tally.unknown[f"Messages of type {met['values']}"] += met["counts"]
    return pc.fill_null(looked_up(types, _KINDS), "text")


def _plain(cells: Cells, bodies: pa.Array) -> tuple[pa.Array, ...]:
    """Text, kind, answered message and place of each body; most have no markup to undo."""
    marked = pc.fill_null(pc.match_substring_regex(bodies, "[<&]"), False)
    places = pc.indices_nonzero(marked)
    read = [read_body(body) for body in bodies.take(places).to_pylist()]

    back = pc.index_in(pa.array(range(cells.n), pa.uint64()), value_set=places)

    def spread(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
        return pa.array(values, kind).take(back)

    words = spread([body.text or None for body in read], STRING)
    return (
        pc.if_else(marked, words, bodies),
        *(spread([getattr(body, name) for body in read], kind) for name, kind in _BESIDE.items()),
    )


_BESIDE = {"kind": STRING, "reply_to": STRING, "latitude": NUMBER, "longitude": NUMBER}


def _labelled(cells: Cells, types: pa.Array, words: pa.Array) -> pa.Array:
    """The words, after their meaning in brackets where they are a notice."""
    label = looked_up(types, {number: f"[{meaning}]" for number, meaning in _LABELS.items()})
    if label.null_count == cells.n:
        return words
    whom = pc.if_else(
        pc.is_in(types, value_set=pa.array(_NAMES_WHOM)), cells.texts("identities"), NULL
    )
    said = joined(joined(label, whom, " "), words, " ")
    return pc.if_else(pc.is_valid(label), said, words)


# What is sent beside: text messages to phones, files, voices, videos.


def _texts(database: Database, book: SkypeBook) -> Iterator[Batch]:
    """Text messages to and from phones that no row of ``Messages`` tells of."""
    if not database.filled("smses"):
        return
    where = ""
    if database.has("smses", "chatmsg_id"):
        told = "EXISTS (SELECT 1 FROM messages m WHERE m.id = s.chatmsg_id)"
        n = database.one(f"SELECT count(*) FROM smses s WHERE {told}")
        database.leave("text messages that Messages holds too", n)
        where = f"WHERE NOT {told}"
    names = TAKEN["smses"].split()
    fields = dict(zip(names, database.pick("smses", *names, prefix="s."), strict=True))
    same = "target_numbers timestamp body"
    for cells in database.cells("smses", fields, f"s {where} ORDER BY s.rowid", same):
        came = pc.equal(pc.fill_null(cells.integers("type"), 0), _SMS_INCOMING)
        numbers = cells.texts("target_numbers")
        peer = pc.coalesce(cells.texts("reply_to_number"), numbers)
        me = pa.repeat(book.me, cells.n)
        times = epoch_times(cells, "timestamp")
        columns = {
            **_common(cells, book),
            "thread_id": pc.coalesce(cells.texts("convo_name"), numbers),
            "sender_id": pc.if_else(came, peer, me),
            "sent_at": times.at,
            "text": cells.texts("body"),
            "kind": pa.repeat("text", cells.n),
            "deleted": cells.deleted(),
        }
        to = pc.if_else(came, me, numbers)
        lists = shared_lists([to], lambda numbers: book.recipients("", "", "", numbers))
        yield from message_batches(MESSAGE, columns, cells.locators("id"), times.reasons, lists)


def _things(database: Database, book: SkypeBook) -> Iterator[Batch]:
    """File transfers, voice messages and video messages, each as a message."""
    moments = ("starttime", "accepttime", "finishtime", "last_activity")
    yield from _sent(database, book, "transfers", "file", moments)
    yield from _sent(database, book, "voicemails", "voice", ("timestamp",))
    yield from _sent(database, book, "videomessages", "video", ("creation_timestamp",))


def _sent(
    database: Database, book: SkypeBook, table: str, kind: str, moments: Sequence[str]
) -> Iterator[Batch]:
    if not database.filled(table):
        return
    have = database.tables[table]
    fields = {name: name for name in TAKEN[table].split() if name in have}
    known = [f"NULLIF({name}, 0)" for name in moments if name in have]
    fields["at"] = f"COALESCE({', '.join([*known, 'NULL', 'NULL'])})"
    if "chatmsg_guid" in have:
        fields["chatmsg_guid"] = "lower(hex(chatmsg_guid))"
    for cells in database.cells(table, fields, "ORDER BY rowid"):
        partner = _people(pc.coalesce(cells.texts("partner_handle"), cells.texts("author")))
        came = pc.equal(pc.fill_null(cells.integers("type"), 0), _INCOMING)
        if table == "videomessages":
            came = pc.fill_null(pc.not_equal(partner, book.me), True)
        me = pa.repeat(book.me, cells.n)
        thread = pc.coalesce(looked_up(cells.integers("convo_id"), book.threads), partner)
        book.spoken.update(t for t in pc.unique(thread).to_pylist() if t)
        times = epoch_times(cells, "at")
        columns = {
            **_common(cells, book),
            "thread_id": thread,
            "thread_name": looked_up(thread, book.names),
            "sender_id": pc.if_else(came, partner, me),
            "sender_name": pc.if_else(came, cells.texts("partner_dispname"), NULL),
            "sent_at": times.at,
            "text": _described(cells, table),
            "kind": pa.repeat(kind, cells.n),
            "reply_to": cells.texts("chatmsg_guid"),
        }
        to = pc.if_else(came, me, partner)
        lists = shared_lists([to], lambda who: [who] if who else [])
        yield from message_batches(MESSAGE, columns, cells.locators("id"), times.reasons, lists)


def _common(cells: Cells, book: SkypeBook) -> dict[str, pa.Array]:
    return {
        "app": pa.repeat("skype", cells.n),
        "account": pa.repeat(pa.scalar(book.account, STRING), cells.n),
    }


def _described(cells: Cells, table: str) -> pa.Array:
    """What a transfer, voice or video message is: how it went, names, where it lies or lay."""
    if table == "transfers":
        states = {n: f"[file transfer: {word}]" for n, word in _TRANSFERS.items()}
        what = pc.fill_null(looked_up(cells.integers("status"), states), "[file transfer]")
        return joined(joined(what, cells.texts("filename"), " "), cells.texts("filepath"), "\n")
    if table == "voicemails":
        seconds = cells.integers("duration").cast(STRING)
        timed = pc.binary_join_element_wise("[voice message: ", seconds, " s]", "")
        return joined(pc.fill_null(timed, "[voice message]"), cells.texts("path"), "\n")
    what = joined(pa.repeat("[video message]", cells.n), cells.texts("title"), " ")
    for name in ("description", "public_link", "local_path"):
        what = joined(what, cells.texts(name), "\n")
    return what


# Who is in the address book, and whose it is.


def _contacts(database: Database, book: SkypeBook) -> Iterator[Batch]:
    names = TAKEN["contacts"].split()
    fields = dict(zip(names, database.pick("contacts", *names), strict=True))
    for cells in database.cells("contacts", fields, "ORDER BY rowid", "skypename pstnnumber"):
        shown = [cells.texts(n) for n in ("given_displayname", "displayname", "fullname")]
        columns = {
            "account": pa.repeat(pa.scalar(book.account, STRING), cells.n),
            "name": pc.coalesce(*shown),
            "identifiers": _identifiers(cells, ("skypename", *_PHONES, "emails")),
            **cells.marks(),
        }
        yield Batch(CONTACT, pa.RecordBatch.from_pydict(columns), cells.locators("id"))


def _accounts(database: Database) -> Iterator[Batch]:
    if not database.filled("accounts"):
        return
    names = TAKEN["accounts"].split()
    fields = dict(zip(names, database.pick("accounts", *names), strict=True))
    own = ("skypename", "liveid_membername", "signin_name", *_PHONES, "skypein_numbers", "emails")
    for cells in database.cells("accounts", fields, "ORDER BY rowid"):
        columns = {
            "apps": pa.array([["Skype"]] * cells.n, STRINGS),
            "accounts": _identifiers(cells, own),
        }
        yield Batch(HANDSET, pa.RecordBatch.from_pydict(columns), cells.locators("id"))


def _identifiers(cells: Cells, names: Sequence[str]) -> pa.Array:
    """The names, numbers and addresses of each row, each once; null where there is none."""
    everything = []
    for values in zip(*(cells.raw(name) for name in names), strict=True):
        found: dict[str, None] = {}
        for name, value in zip(names, values, strict=True):
            whole = text(value) or ""
            for one in whole.split() if name in ("emails", "skypein_numbers") else [whole]:
                if one.strip():
                    found[person(one.strip()) or one] = None
        everything.append(list(found) or None)
    return pa.array(everything, STRINGS)

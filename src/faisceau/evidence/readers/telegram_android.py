"""Telegram for Android: ``cache4.db``, its messages, calls, users and imported contacts.

Tables: ``MessagesStorage`` of https://github.com/DrKLO/Telegram. Messages, users and chats stand in
them as TL objects (see ``evidence.telegram``): layers 16 to 225 of the published schema are read.

- People are ``user…``, ``channel…``, ``chat…``, as in Telegram's own exports; ``thread_id`` is the
  application's dialog: a user's number, minus that of a group, a large one for a secret chat.
- The holder is the user whose record says ``self``; else ``source.owner``, else ``owner``.
- An object that cannot be read, or whose time is not its row's, costs its words, not its row:
  dialog, time and direction have columns of their own. Then the words are what stands behind the
  row's own time in the object, where that is whole text. What was not found is counted
  ``unread``, unknown constructors by number.
- Messages known from the tables of shared media or of topics alone are read from there. Scheduled
  ones were not sent: they are rejected.
- Messages, calls and imported contacts that free pages or the log alone hold are rows too, messages
  marked ``deleted``: their ``source`` says so, and where.
- Calls become ``call`` rows. What users and the book of the handset are called becomes ``contact``.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import Part, batch, in_order, present, rejecting
from faisceau.evidence.databases import (
    Cells,
    Database,
    epoch_times,
    opened,
    table_columns,
    text,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.evidence.telegram import messages as tg
from faisceau.evidence.telegram.alike import Some, alike
from faisceau.evidence.telegram.book import Book, is_secret, sides
from faisceau.evidence.telegram.tl import Decoded, Fields, decoded, text_after
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import Batch
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT]

SCHEDULED = N_("scheduled: it had not been sent")

_MAIN = ("messages_v2", "messages")
_BESIDE = ("messages_topics", "media_v4", "media_v3", "media_v2", "media")
"""Tables that hold copies of messages, and some that stand nowhere else."""
_SCHEDULED = ("scheduled_messages_v2", "scheduled_messages")
_SELF = 1 << 10
"""Bit of a user's flags."""
_SAID = ("ref", "thread_id", "thread_name", "sender_id", "sender_name", "recipients", "text",
    "kind", "forwarded", "reply_to", "latitude", "longitude")  # fmt: skip


_TAKEN = {
    "message": "mid uid date out data",
    "users": "uid name data",
    "chats": "uid name data",
    "enc_chats": "uid user name",
    "dialogs": "did",
    "user_contacts_v7": "key uid fname sname",
    "user_phones_v7": "key phone sphone",
}
_LEFT = {
    "message": """read_state send_state ttl media replydata imp mention forwards replies_data
        thread_reply_id is_channel reply_to_message_id custom_params group_id reply_to_story_id
        topic_id type""",
    "users": "status",
    "enc_chats": """data g authkey ttl layer seq_in seq_out use_count exchange_id key_date fprint
        fauthkey khash in_seq_no admin_id mtproto_seq""",
    "dialogs": """date unread_count last_mid inbox_max outbox_max last_mid_i unread_count_i pts
        date_i pinned flags folder_id data unread_reactions last_mid_group ttl_period""",
    "user_contacts_v7": "imported",
    "user_phones_v7": "deleted",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with Telegram's messages, users and dialogs."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return (
        any(tables.get(main, none) >= {"mid", "uid", "data", "out"} for main in _MAIN)
        and tables.get("users", none) >= {"uid", "name", "data"}
        and "did" in tables.get("dialogs", none)
    )


def read(source: Source) -> Iterator[Batch]:
    """Messages and calls by the order of their tables, then users and imported contacts."""
    with opened(source) as database:
        book = Book(source.owner or OWNER)
        contacts = list(_users(database, book))
        _chats(database, book)
        main = [table for table in _MAIN if database.has(table, "mid", "uid")]
        for n, table in enumerate(main):
            yield from _table(database, table, book, main[:n])
        for table in _BESIDE:
            if database.has(table, "mid", "uid", "data"):
                yield from _table(database, table, book, main)
                main.append(table)
        for table in _SCHEDULED:
            if database.has(table, "mid", "uid", "data"):
                yield from _table(database, table, book, [], SCHEDULED)
                main.append(table)
        yield from contacts
        yield from _imported(database, book)
        _account_for_the_rest(database, book, main)


def _account_for_the_rest(database: Database, book: Book, read: list[str]) -> None:
    if database.has("dialogs", "did"):
        dialogs = {did for (did,) in database.rows("SELECT did FROM dialogs")}
        database.leave("conversations without a message", len(dialogs - book.spoken))
    taken, left = dict(_TAKEN), dict(_LEFT)
    for table in read:
        taken[table], left[table] = taken["message"], left["message"]
    del taken["message"], left["message"]
    database.settle(taken, left)


# Who is who.


def _users(database: Database, book: Book) -> Iterator[Batch]:
    """The users that the application met, and which is the holder."""
    fields = present(database, "users", {"uid": "uid", "name": "name", "data": "data"})
    for cells in database.cells("users", fields, "ORDER BY uid"):
        names: list[str | None] = []
        listed: list[list[str]] = []
        for uid, stored, data in zip(*map(cells.raw, ("uid", "name", "data")), strict=True):
            found = decoded(data).fields if isinstance(data, bytes) else {}
            shown, _, handle = (text(stored) or "").partition(";;;")  # in small letters
            said = [str(found.get(n) or "") for n in ("first_name", "last_name")]
            name = " ".join(" ".join(said).split()) or shown.strip() or None
            handle, phone = str(found.get("username") or handle), str(found.get("phone") or "")
            ids = [f"user{uid}", f"+{phone.lstrip('+')}" if phone else "", handle and f"@{handle}"]
            if found.get("flags", 0) & _SELF and found.get("_") == "user":
                book.account = book.me = f"user{uid}"
            if name and isinstance(uid, int):
                book.users[uid] = name
            names.append(name)
            listed.append([i for i in ids if i])
        columns = {"ref": cells.texts("uid"), "name": names, "identifiers": listed}
        yield batch(CONTACT, {"account": book.account, **columns}, cells.locators("uid"))


def _chats(database: Database, book: Book) -> None:
    if database.has("chats", "uid", "name", "data"):
        for uid, stored, data in database.rows("SELECT uid, name, data FROM chats"):
            found = decoded(data).fields if isinstance(data, bytes) else {}
            book.chats[uid] = str(found.get("title") or text(stored) or "")
            if str(found.get("_")).startswith("channel"):
                book.channels.add(uid)
    if database.has("enc_chats", "uid", "user"):
        book.secret |= dict(database.rows("SELECT uid, user FROM enc_chats"))


def _imported(database: Database, book: Book) -> Iterator[Batch]:
    """The book of the handset as it was sent to Telegram: names with their numbers."""
    if not database.has("user_contacts_v7", "key"):
        return
    phones: dict[Any, list[str]] = defaultdict(list)
    if database.has("user_phones_v7", "key", "phone"):
        for key, phone in database.rows("SELECT key, phone FROM user_phones_v7"):
            if number := text(phone):
                phones[key].append(number)
    wanted = {"key": "key", "uid": "uid", "first": "fname", "last": "sname"}
    fields = present(database, "user_contacts_v7", wanted)
    fields["row"] = "rowid"
    same = "key uid fname sname"
    for cells in database.cells("user_contacts_v7", fields, "ORDER BY rowid", same):
        each = zip(*map(cells.raw, ("key", "uid", "first", "last")), strict=True)
        names, listed = [], []
        for key, uid, first, last in each:
            names.append(" ".join(n for n in (text(first), text(last)) if n) or None)
            listed.append([*dict.fromkeys(phones.pop(key, ())), *([f"user{uid}"] if uid else [])])
        columns = {"account": book.account, "ref": cells.texts("key"), "name": names}
        columns |= {"identifiers": listed, **cells.marks()}
        yield batch(CONTACT, columns, cells.locators("row"))
    database.leave("numbers of no imported contact", sum(map(len, phones.values())))


# Messages.


def _table(
    database: Database, table: str, book: Book, known: list[str], why: str | None = None
) -> Iterator[Batch]:
    """The messages of one table that stand in none of those ``known``; all rejected for ``why``."""
    same = [
        f"EXISTS (SELECT 1 FROM {other} m WHERE m.mid = {table}.mid AND m.uid = {table}.uid)"
        for other in known
    ]
    where = f" WHERE NOT ({' OR '.join(same)})" if same else ""
    names = ("mid", "uid", "date", "out", "data")
    rest = f"{where} ORDER BY {table}.rowid"
    wanted = present(database, table, {name: name for name in names})
    fields = {name: f"{table}.{column}" for name, column in wanted.items()}
    kept = 0
    beside = [t for t in (*_MAIN, *_BESIDE) if database.has(t, "mid", "uid")]
    for cells in database.cells(table, fields, rest, "" if why else "mid uid", beside):
        if cells.lost:
            yield from _messages(database, _once_sent(database, cells), book, why)
        else:
            kept += cells.n
            yield from _messages(database, cells, book, why)
    if same:
        copies = database.one(f"SELECT count(*) FROM {table}") - kept
        database.leave(f"messages of {table} that another table holds too", copies)


def _once_sent(database: Database, cells: Cells) -> Cells:
    """Lost rows but those of messages under way, whose number was one of the application's own."""
    keys = zip(cells.raw("mid"), cells.raw("uid"), strict=True)
    sent = [
        n
        for n, (mid, uid) in enumerate(keys)
        if not (isinstance(mid, int) and mid < 0 and isinstance(uid, int) and not is_secret(uid))
    ]
    database.leave("states of a message before it was sent", cells.n - len(sent))
    values = {name: [column[n] for n in sent] for name, column in cells.values.items()}
    return Cells(cells.table, values, len(sent))


@dataclass(slots=True)
class _Rows:
    """Rows of one table being made from those of a chunk; ``at``: which ones they come from."""

    at: list[int] = field(default_factory=list)
    columns: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def add(self, row: int, **values: Any) -> None:
        self.at.append(row)
        for name, value in values.items():
            self.columns[name].append(value)


def _messages(database: Database, cells: Cells, book: Book, why: str | None) -> Iterator[Batch]:
    """The rows of one chunk, as messages and as calls."""
    parts = list(alike(cells, book))
    told = {row for part in parts for row in part.places.to_pylist()}
    messages, calls = _Rows(), _Rows()
    dates = list(cells.raw("date"))
    names = ("mid", "uid", "date", "out", "data")
    each = enumerate(zip(*map(cells.raw, names), strict=True)) if len(told) < cells.n else ()
    for row, (mid, uid, date, out, data) in each:
        if row in told:
            continue
        found = _decoded(database, data, date)
        dates[row] = found.fields.get("date") if date is None else date
        dialog = uid if isinstance(uid, int) else 0
        book.spoken.add(dialog)
        sender, other, mine = sides(found.fields, dialog, out, book)
        action = found.fields.get("action") or {}
        if action.get("_") == "messageActionPhoneCall" and other and not why:
            calls.add(row, ref=str(mid), **_call(action, other, mine=mine, me=book.me))
            continue
        messages.add(
            row,
            ref=str(mid),
            thread_id=str(uid),
            thread_name=book.thread(dialog) or None,
            sender_id=sender,
            sender_name=book.name(sender),
            recipients=None if other is None else [other if mine else book.me],
            text=_words(database, found, data, dates[row]),
            **_said(found.fields),
        )
    at = epoch_times(Cells(cells.table, {"date": dates}, cells.n), "date")
    locators = _locators(cells)
    reasons = at.reasons
    if why is not None:
        reasons = rejecting(pa.repeat(True, cells.n), why, reasons)
    if messages.at:
        parts.append(Some(pa.array(messages.at, pa.int64()), messages.columns))
    made = []
    for part in parts:
        rows, columns = part.places, part.columns
        edited = epoch_times(Cells(cells.table, {"at": columns["edited_at"]}, len(rows)), "at")
        said = {
            **{name: columns[name] for name in _SAID},
            "app": "telegram",
            "account": book.account,
            "sent_at": at.at.take(rows),
            "edited_at": edited.counted(database.source, "message.edited_at"),
            "deleted": cells.deleted().take(rows),
        }
        refused = None if reasons is None else reasons.take(rows)
        made.append(Part(batch(MESSAGE, said, locators.take(rows), refused), rows))
    if made:
        yield in_order(made)
    if calls.at:
        rows = pa.array(calls.at, pa.int64())
        started = at.at.take(rows)
        marks = {name: marked.take(rows) for name, marked in cells.marks().items()}
        yield batch(CALL, {**calls.columns, "started_at": started, **marks}, locators.take(rows))


def _said(said: Fields) -> dict[str, Any]:
    """The columns that the object of a message alone fills."""
    if not said:
        return dict.fromkeys(
            ("kind", "forwarded", "edited_at", "reply_to", "latitude", "longitude")
        )
    flags = said.get("flags", 0)
    latitude, longitude = tg.place(said)
    return {
        "kind": "system" if said.get("action") else tg.kind(said),
        "forwarded": bool(flags & tg.FORWARDED),
        "edited_at": None if flags & tg.EDIT_HIDDEN else said.get("edit_date"),
        "reply_to": tg.reply(said),
        "latitude": latitude,
        "longitude": longitude,
    }


def _words(database: Database, found: Decoded, data: Any, date: Any) -> str | None:
    """The words of a message; those of one that could not be read stand behind its time."""
    said = found.fields
    if action := said.get("action"):
        return tg.event(action)
    if "message" in said:
        return tg.words(said)
    if said.get("_") == "messageEmpty":
        return None
    words = text_after(data, date) if isinstance(data, bytes) and _int32(date) else None
    if words is None:
        database.source.tally.unread["message.text"] += 1
    return words


def _locators(cells: Cells) -> pa.Array:
    """Where each message stands: table, dialog and number, which are its key."""
    dialog, number = (pc.fill_null(cells.texts(name), "?") for name in ("uid", "mid"))
    return cells.located(pc.binary_join_element_wise(dialog, number, "/"))


def _decoded(database: Database, data: Any, date: Any) -> Decoded:
    """The object; what follows the media is read where it holds when the message was edited."""
    if not isinstance(data, bytes):
        return Decoded({}, True)
    found = decoded(data, "media")
    if found.number is not None:
        database.source.tally.unknown[f"constructor {found.number:08x}"] += 1
    told = found.fields.get("date", date)
    if date is not None and told != date:
        return Decoded({}, True)
    edited = found.fields.get("flags", 0) & tg.EDITED and not found.stopped
    return decoded(data, "edit_date") if edited else found


def _call(action: Fields, other: str, *, mine: bool, me: str) -> dict[str, Any]:
    missed = (action.get("reason") or {}).get("_") == "phoneCallDiscardReasonMissed"
    return {
        "caller": me if mine else other,
        "callee": other if mine else me,
        "duration_s": float(action.get("duration") or 0),
        "count": 1,
        "kind": "voice",
        "direction": "out" if mine else "missed" if missed else "in",
    }


def _int32(value: Any) -> bool:
    return isinstance(value, int) and 0 < value < 1 << 31

"""Rows of an Android database as messages, in Arrow columns."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.databases import (
    NULL,
    Cells,
    count_unread,
    epoch_times,
    joined,
    looked_up,
    true,
)
from faisceau.evidence.reading import Source
from faisceau.evidence.whatsapp.android_notices import (
    BY_MIME,
    KINDS,
    LABELS,
    LOCATIONS,
    NOTICE,
    NOTICES,
    REVOKED,
    TITLED,
)
from faisceau.evidence.whatsapp.android_people import Book
from faisceau.evidence.whatsapp.columns import carried, hashes, places
from faisceau.evidence.whatsapp.jids import JID, is_shared
from faisceau.evidence.whatsapp.recipients import recipient_lists, with_recipients
from faisceau.tables.schemas.schema import STRING, Batch


def batches(given: Cells, book: Book, source: Source) -> Iterator[Batch]:
    """The rows of one query as messages."""
    ids, kinds = given.integers("id"), pc.fill_null(given.integers("type"), 0)
    added = given.table == "message_add_on"
    notice = pc.equal(kinds, NOTICE)
    mine = pc.and_(pc.equal(pc.fill_null(given.integers("mine"), 0), 1), pc.invert(notice))
    thread = _threads(given, book)
    threads = [t for t in pc.unique(thread).to_pylist() if t]
    book.spoken.update(threads)
    sender = _senders(given, book, thread, mine=mine, notice=notice)
    times = epoch_times(given, "time", 1000)
    edited = epoch_times(given, "edited", 1000).counted(source, "message.edited_at")
    placed = pc.is_in(kinds, value_set=pa.array(LOCATIONS))
    latitude, longitude, nowhere = places(
        given.numbers("latitude"), given.numbers("longitude"), placed
    )
    text = _words(given, book, ids, kinds)
    attached, bad = hashes(given.texts("hash"))
    count_unread(source, "message.latitude", nowhere)
    count_unread(source, "message.attachment_sha256", bad)
    columns = {
        "app": pa.repeat("whatsapp", given.n),
        "account": pa.repeat(pa.scalar(source.owner, STRING), given.n),
        "ref": given.texts("key"),
        "thread_id": thread,
        "thread_name": looked_up(thread, {t: book.title(t) for t in threads}),
        "sender_id": sender,
        "sender_name": looked_up(sender, book.names),
        "sent_at": times.at,
        "text": text,
        "kind": pa.repeat("system", given.n) if added else _kinds(given, kinds, text, source),
        "forwarded": pc.or_(
            pc.equal(pc.bit_wise_and(pc.fill_null(given.integers("flags"), 0), 1), 1),
            pc.greater(pc.fill_null(given.integers("forwarded"), 0), 0),
        ),
        "edited_at": edited,
        "deleted": _deleted(given, book, ids, kinds, thread=thread),
        "reply_to": given.texts("reply"),
        "attachment_sha256": attached,
        "latitude": latitude,
        "longitude": longitude,
    }
    locators = given.located(ids)
    everyone, which = recipient_lists(thread, sender, notice, book.recipients)
    yield from with_recipients(columns, everyone, which, locators=locators, reasons=times.reasons)


def _threads(given: Cells, book: Book) -> pa.Array:
    if "chat" in given.values:
        return looked_up(given.integers("chat"), book.threads)
    return given.texts("thread")


def _senders(
    given: Cells, book: Book, thread: pa.Array, *, mine: pa.Array, notice: pa.Array
) -> pa.Array:
    """Who sent: the holder, the one peer, or in a shared chat the member that is named."""
    if "sender_row" in given.values:
        rows = given.integers("sender_row")
        people = {row: book.person(row) for row in pc.unique(rows).to_pylist() if row}
        named = looked_up(rows, people)
    else:
        named = given.texts("sender")
    threads = [t for t in pc.unique(thread).to_pylist() if t]
    peer = looked_up(thread, {t: book.number(t) for t in threads if not is_shared(t)})
    channel = looked_up(thread, {t: t for t in threads if t.endswith("@newsletter")})
    received = pc.coalesce(peer, named, channel)
    return pc.if_else(notice, named, pc.if_else(mine, pa.scalar(book.me), received))


def _deleted(
    given: Cells, book: Book, ids: pa.Array, kinds: pa.Array, *, thread: pa.Array
) -> pa.Array:
    """Revoked, lost, or of a chat that the holder erased and the app has not cleared away yet."""
    if given.lost:
        return given.deleted()
    gone = pc.or_(
        pc.is_in(kinds, value_set=pa.array(REVOKED)), pc.is_valid(given.integers("revoked"))
    )
    if not book.erased or given.table == "message_add_on":
        return gone
    starred = pc.equal(pc.fill_null(given.integers("starred"), 0), 1)
    for where, (last, last_starred) in book.erased.items():
        until = pc.if_else(starred, last_starred, last)
        erased = pc.and_(pc.equal(thread, where), pc.less_equal(ids, until))
        gone = pc.or_(gone, pc.fill_null(erased, False))
    return gone


def _words(given: Cells, book: Book, ids: pa.Array, kinds: pa.Array) -> pa.Array:
    """The words of each message, with those that stand beside it in tables of their own."""
    text = pc.coalesce(given.texts("text"), given.texts("caption"))
    if given.table == "message_add_on":
        return pc.coalesce(text, looked_up(ids, book.votes))
    if book.notes:
        beside = looked_up(ids, book.notes)
        beside = pc.if_else(pc.fill_null(pc.equal(text, beside), False), NULL, beside)
        text = joined(text, beside, "\n")
    text = joined(text, _members(given, book), "\n")
    titled = pc.is_in(kinds, value_set=pa.array(TITLED))
    text = pc.coalesce(text, pc.if_else(titled, given.texts("title"), NULL))
    path = given.texts("path")
    text = pc.coalesce(text, pc.binary_join_element_wise("[", path, "]", ""))
    labelled = pc.is_in(kinds, value_set=pa.array([NOTICE, *LABELS]))
    if not true(labelled):
        return text
    actions = given.integers("action")
    notices = {
        action: f"[{NOTICES.get(action, f'notice {action}')}]"
        for action in pc.unique(actions).to_pylist()
        if action is not None
    }
    label = pc.if_else(
        pc.equal(kinds, NOTICE),
        pc.fill_null(looked_up(actions, notices), "[notice]"),
        looked_up(kinds, LABELS),
    )
    return pc.if_else(labelled, joined(label, text, " "), text)


def _members(given: Cells, book: Book) -> pa.Array:
    """The members that a notice of the old schema is about."""
    stored = given.raw("people")
    if not any(stored):
        return pa.nulls(given.n, STRING)
    return pa.array([_jids(value, book) for value in stored], STRING)


def _jids(value: object, book: Book) -> str | None:
    raw = value.decode("latin-1") if isinstance(value, bytes) else ""
    found = dict.fromkeys(JID.findall(raw))
    return "\n".join(book.shown(jid) or jid for jid in found) or None


def _kinds(given: Cells, kinds: pa.Array, text: pa.Array, source: Source) -> pa.Array:
    """What each message carries; of an unknown type a file where it has a media type."""
    mime = given.texts("mime")
    other = pc.if_else(pc.is_valid(mime), "file", pc.if_else(pc.is_valid(text), "text", NULL))
    return pc.coalesce(carried(given, kinds, KINDS, BY_MIME, source), other)

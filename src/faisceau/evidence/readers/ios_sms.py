"""Messages of an iPhone: ``sms.db`` (iMessage, SMS, RCS) since iOS 6, and ``chat.db`` of macOS.

Apple publishes no description. The schemas of iOS 6 to 11 stand in
https://github.com/richinfante/iphonebackuptools (``schemas/messages``); what later columns mean
is known from https://github.com/ReagentX/imessage-exporter (``docs/tables``).

- ``app`` is the service: ``imessage``, ``sms``, ``rcs``. ``account`` is the number or address of
  the phone's own that the message names; where it names none the holder is ``owner``.
- ``text`` null: the words are read from ``attributedBody``; with none, the attachments' names.
- A reaction ("tapback") is a message that answers another: its text is the meaning in brackets,
  then what is stored with it. So are notices, which are sent by nobody but whom the row names.
- An edited message says what it says now; each earlier version, each part deleted since and each
  further attachment is a row of its own with the same ``ref``, the first two ``deleted``.
- Messages unsent by their sender and those "recently deleted" are ``deleted``, and so are those
  that free pages or the log alone hold (``source`` says where). The list of those deleted for good
  holds identifiers alone: counted as left.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.databases import (
    Cells,
    cocoa_times,
    count_unread,
    joined,
    looked_up,
    message_batches,
    opened,
    shared_lists,
    table_columns,
    true,
)
from faisceau.evidence.iphone.attributed_text import attributed_words, message_history
from faisceau.evidence.iphone.message_book import MessageBook
from faisceau.evidence.iphone.sms_columns import LEFT, TAKEN
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [MESSAGE]

_NEEDED = frozenset({"rowid", "guid", "text", "handle_id", "date", "is_from_me", "service"})
_FIELDS = (
    "rowid", "guid", "text", "handle_id", "subject", "service", "account", "date", "is_from_me",
    "is_audio_message", "item_type", "other_handle", "group_title", "group_action_type",
    "share_status", "associated_message_guid", "associated_message_type",
    "associated_message_emoji", "balloon_bundle_id", "destination_caller_id", "date_edited",
    "date_retracted", "thread_originator_guid", "cache_roomnames",
)  # fmt: skip
_BLOBS = {
    "attributedbody": "CASE WHEN COALESCE(m.text, '') = '' THEN m.attributedbody END",
    "message_summary_info": "CASE WHEN m.date_edited <> 0 THEN m.message_summary_info END",
}
"""Fetched where they tell more than the other columns do."""
_IDS_ALONE = ("deleted_messages", "sync_deleted_messages")

_NOTICES = {
    (1, 0): "participant added", (1, 1): "participant removed", (2, 0): "subject changed",
    (3, 0): "participant left", (3, 1): "group picture changed", (3, 2): "group picture removed",
    (4, 0): "location sharing started", (4, 1): "location sharing stopped",
    (5, 0): "audio message kept", (6, 0): "SharePlay",
}  # fmt: skip
"""By ``item_type`` and, for 1 and 3, ``group_action_type``, for 4 ``share_status``."""
_REACTIONS = {
    1000: "sticker", 2000: "loved", 2001: "liked", 2002: "disliked", 2003: "laughed",
    2004: "emphasised", 2005: "questioned", 2006: "reacted", 2007: "reacted with a sticker",
}  # fmt: skip
_REACTIONS |= {n + 1000: f"no longer {word}" for n, word in _REACTIONS.items() if n >= 2000}
_OF_AN_APP = (0, 2, 3)
"""``associated_message_type`` of a message that is none but itself."""

_BLANK = "\ufffc\ufffd \n\u200b"
"""What stands in the text where an attachment is shown."""


def detect(head: Head) -> bool:
    """True for a SQLite file with Apple's ``message``, ``handle`` and ``chat_message_join``."""
    tables = table_columns(head)
    return (
        tables.get("message", frozenset()) >= _NEEDED
        and "id" in tables.get("handle", ())
        and tables.get("chat_message_join", frozenset()) >= {"chat_id", "message_id"}
    )


def read(source: Source) -> Iterator[Batch]:
    """Every message, in batches by the order of its table.

    Raises ``BadInput`` at the end where damage could not be passed: the rest was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no message database of an iPhone"), name=source.name)
    with opened(source) as database:
        book = MessageBook.of(database)
        have = database.tables["message"]
        fields = {name: f"m.{name}" for name in _FIELDS if name in have}
        fields |= {
            name: sql
            for name, sql in _BLOBS.items()
            if name in have and (name != "message_summary_info" or "date_edited" in have)
        }
        for cells in database.cells("message", fields, "m ORDER BY m.rowid", "guid"):
            yield from _batches(cells, book, source)
        for table in _IDS_ALONE:
            n = database.one(f"SELECT count(*) FROM {table}") if database.filled(table) else 0
            database.leave(f"{table}: identifiers of messages that are gone", n)
        database.leave("parts of messages that are gone", book.parts_left())
        database.settle({**TAKEN, "message": " ".join((*_FIELDS, *_BLOBS))}, LEFT)


def _batches(cells: Cells, book: MessageBook, source: Source) -> Iterator[Batch]:
    """The rows of ``message`` as messages, then the rows that stand beside them."""
    chat, trashed = _chats(cells, book)
    notice = pc.not_equal(pc.fill_null(cells.integers("item_type"), 0), 0)
    peer = looked_up(cells.integers("handle_id"), book.handles)
    thread = pc.coalesce(looked_up(chat, book.threads), cells.texts("cache_roomnames"), peer)
    account = pc.coalesce(
        cells.texts("destination_caller_id"),
        _own(cells.texts("account")),
        _own(looked_up(chat, book.logins)),
        pa.scalar(source.owner, STRING),
    )
    me = pc.fill_null(account, OWNER)
    mine = pc.equal(pc.fill_null(cells.integers("is_from_me"), 0), 1)
    sender = pc.if_else(mine, me, peer)
    times = cocoa_times(cells, "date")
    edited = cocoa_times(cells, "date_edited").counted(source, "message.edited_at")
    retracted = cocoa_times(cells, "date_retracted").at
    words = _Words.of(cells, book, source)
    service = pc.coalesce(cells.texts("service"), looked_up(chat, book.services))
    columns = {
        "ref": cells.texts("guid"),
        "app": pc.fill_null(pc.utf8_lower(service), "sms"),
        "account": account,
        "thread_id": thread,
        "thread_name": looked_up(chat, book.names),
        "sender_id": sender,
        "sent_at": times.at,
        "text": words.text,
        "kind": words.kind,
        "subject": cells.texts("subject"),
        "edited_at": pc.coalesce(edited, retracted),
        "deleted": cells.deleted(pc.or_(pc.or_(trashed, pc.is_valid(retracted)), words.unsent)),
        "reply_to": pc.coalesce(
            pc.if_else(pc.equal(words.reaction, ""), pa.scalar(None, STRING), _target(cells)),
            cells.texts("thread_originator_guid"),
        ),
        "attachment_sha256": words.sha256,
    }
    lists = shared_lists([thread, sender, me, peer], book.recipients, notice)
    locators = cells.locators("rowid")
    yield from message_batches(MESSAGE, columns, locators, times.reasons, lists)
    yield from words.beside(columns, locators, lists)


def _chats(cells: Cells, book: MessageBook) -> tuple[pa.Array, pa.Array]:
    """The chat of each message, and whether it was deleted from there."""
    ids = cells.integers("rowid")
    chat = book.chats.get(ids) if book.chats else pa.nulls(cells.n, pa.int64())
    if book.deleted_from is None:
        return chat, pa.repeat(False, cells.n)
    was = book.deleted_from.get(ids)
    return pc.coalesce(chat, was), pc.is_valid(was)


def _own(logins: pa.Array) -> pa.Array:
    """An account as its number or address: ``P:+33…`` and ``E:…@…`` say which of them it is."""
    plain = pc.replace_substring_regex(logins, r"^[EePp]:", "")
    return pc.if_else(pc.equal(plain, ""), pa.scalar(None, STRING), plain)


def _target(cells: Cells) -> pa.Array:
    """The message that another one is about, of ``p:0/GUID`` (a part of it) or ``bp:GUID``."""
    return pc.replace_substring_regex(
        cells.texts("associated_message_guid"), r"^(?:p:\d+/|bp:)", ""
    )


@dataclass
class _Words:
    """What each message of a piece says and carries, and the rows that stand beside it."""

    text: pa.Array
    kind: pa.Array
    reaction: pa.Array
    """The meaning in brackets; empty where it is none."""
    sha256: pa.Array
    unsent: pa.Array
    further: list[tuple[int, str, Mapping[str, Any]]] = field(default_factory=list)
    """Place of the message, what is appended to its locator, the columns that differ."""

    @classmethod
    def of(cls, cells: Cells, book: MessageBook, source: Source) -> "_Words":
        stored = _stored(cells, source)
        notices = _labels(cells, source, _notice, "item_type")
        reactions = _labels(cells, source, _reaction, "associated_message_type")
        emoji = cells.texts("associated_message_emoji")
        told = joined(_null_if_empty(reactions), pc.coalesce(emoji, stored), " ")
        about = pc.coalesce(
            looked_up(cells.integers("other_handle"), book.handles), cells.texts("group_title")
        )
        said = joined(_null_if_empty(notices), pc.coalesce(stored, about), " ")
        words = pc.if_else(pc.equal(reactions, ""), stored, told)
        words = pc.if_else(pc.equal(notices, ""), words, said)
        kind = pc.if_else(pc.equal(notices, ""), "text", "system")
        nothing = pa.nulls(cells.n, STRING)
        made = cls(words, kind, reactions, nothing, pa.repeat(False, cells.n))
        made._attach(cells, book, source)
        made._remember(cells, book, source)
        balloon = pc.binary_join_element_wise("[", cells.texts("balloon_bundle_id"), "]", "")
        made.text = pc.coalesce(made.text, pc.if_else(made.unsent, None, balloon))
        return made

    def _attach(self, cells: Cells, book: MessageBook, source: Source) -> None:
        """Kind and hash of the first attachment; a row of its own for each further one."""
        if not book.attachments:
            return
        voices = cells.raw("is_audio_message")
        texts: list[str | None] = [None] * cells.n
        carried, known = texts.copy(), texts.copy()
        for place, row in enumerate(cells.raw("rowid")):
            files = book.attachments.get(row)
            if not files:
                continue
            texts[place] = "\n".join(one.name for one in files if one.name) or None
            carried[place] = "voice" if voices[place] == 1 else files[0].kind
            known[place] = files[0].sha256(source)
            for number, one in enumerate(files[1:], start=2):
                other = {"text": one.name or None, "kind": one.kind}
                other["attachment_sha256"] = one.sha256(source)
                self.further.append((place, f"attachment {number}", other))
        self.text = pc.coalesce(self.text, pa.array(texts, STRING))
        system = pc.equal(self.kind, "system")
        kind = pc.if_else(system, pa.scalar(None, STRING), pa.array(carried, STRING))
        self.kind = pc.coalesce(kind, self.kind)
        self.sha256 = pa.array(known, STRING)

    def _remember(self, cells: Cells, book: MessageBook, source: Source) -> None:
        """Earlier versions and deleted parts, as rows of their own; what was unsent."""
        gone = {"deleted": True, "edited_at": None, "attachment_sha256": None, "kind": "text"}
        bad = 0
        if book.parts:
            for place, row in enumerate(cells.raw("rowid")):
                for number, archive in enumerate(book.parts.pop(row, ())):
                    try:
                        part = {**gone, "text": attributed_words(archive)}
                    except (ValueError, TypeError):
                        part, bad = {**gone, "text": None}, bad + 1
                    self.further.append((place, f"deleted part {number}", part))
        unsent = set()
        for place, summary in enumerate(cells.raw("message_summary_info")):
            if summary is None:
                continue
            try:
                history = message_history(summary)
            except (ValueError, TypeError, AttributeError):
                bad += 1
                continue
            if history.unsent and self.text[place].as_py() is None:
                unsent.add(place)
            for number, version in enumerate(history.earlier, start=1):
                before = {**gone, "text": version.words, "sent_at": version.at}
                self.further.append((place, f"version {number}", before))
        if unsent:
            self.unsent = pa.array([place in unsent for place in range(cells.n)])
        count_unread(source, "message.text", bad)

    def beside(
        self,
        columns: Mapping[str, pa.Array],
        locators: pa.Array,
        lists: tuple[pa.Array, pa.Array],
    ) -> Iterator[Batch]:
        """The further rows: as the message they belong to, but for the columns that differ."""
        if not self.further:
            return
        places = pa.array([place for place, _, _ in self.further])
        whole = {name: array.take(places) for name, array in columns.items()}
        for name in ("text", "kind", "deleted", "edited_at", "attachment_sha256"):
            before = whole[name].to_pylist()
            after = [
                other.get(name, own)
                for (_, _, other), own in zip(self.further, before, strict=True)
            ]
            whole[name] = pa.array(after, whole[name].type)
        moments = [other.get("sent_at") for _, _, other in self.further]
        own_times = Cells("message", {"at": moments}, len(moments))
        whole["sent_at"] = pc.coalesce(cocoa_times(own_times, "at").at, whole["sent_at"])
        what = pa.array([what for _, what, _ in self.further])
        where = pc.binary_join_element_wise(locators.take(places), what, " ")
        yield from message_batches(MESSAGE, whole, where, None, (lists[0], lists[1].take(places)))


def _stored(cells: Cells, source: Source) -> pa.Array:
    """The words of each message as stored; the marks of attachments alone are none."""
    words = cells.texts("text")
    archives = cells.values.get("attributedbody")
    if archives is not None and words.null_count:
        found: list[str | None] = [None] * cells.n
        bad = 0
        for place, archive in enumerate(archives):
            if archive is not None:
                try:
                    found[place] = attributed_words(archive) or None
                except (ValueError, TypeError):
                    bad += 1
        count_unread(source, "message.text", bad)
        words = pc.coalesce(words, pa.array(found, STRING))
    marks = pc.equal(pc.utf8_trim(words, _BLANK), "")
    return pc.if_else(pc.fill_null(marks, False), pa.scalar(None, STRING), words)


def _labels(
    cells: Cells, source: Source, label: Callable[[Cells, int, int], str | None], column: str
) -> pa.Array:
    """What a number in ``column`` means, in brackets; empty where it means nothing of its own."""
    values = pc.fill_null(cells.integers(column), 0)
    if not true(pc.not_equal(values, 0)):
        return pa.repeat("", cells.n)
    labels = []
    for place, value in enumerate(values.to_pylist()):
        meaning = label(cells, place, value) if value else ""
        if meaning is None:
            source.tally.unknown[f"message of {column} {value}"] += 1
            meaning = f"{column} {value}"
        labels.append(f"[{meaning}]" if meaning else "")
    return pa.array(labels, STRING)


def _notice(cells: Cells, place: int, value: int) -> str | None:
    by = {1: "group_action_type", 3: "group_action_type", 4: "share_status"}.get(value)
    more = cells.raw(by)[place] if by else 0
    return _NOTICES.get((value, more or 0))


def _reaction(_cells: Cells, _place: int, value: int) -> str | None:
    return "" if value in _OF_AN_APP else _REACTIONS.get(value)


def _null_if_empty(labels: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(labels, ""), pa.scalar(None, STRING), labels)

"""Signal Desktop, decrypted: ``db.sqlite``, messages, calls and conversations.

Tables and the JSON in them: ``ts/sql`` of https://github.com/signalapp/Signal-Desktop, and what
https://github.com/bepaald/signalbackup-tools reads of them. Newer versions moved fields out of the
JSON into columns: a field is read from its column, else from the JSON.

- A person is the telephone number, else the ACI; a group its ``groupId``. ``thread_id`` is the
  conversation's id, ``ref`` the message's. The holder is who ``items`` says, else
  ``source.owner``, else ``owner``.
- Earlier wordings of an edited message, and reactions, are rows of their own.
- A message that free pages or the log alone hold is ``deleted``: ``source`` says where it was.
- Calls come from ``callsHistory``; before it existed, from the messages that tell of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import Part, batch, in_order, present
from faisceau.evidence.databases import (
    Cells,
    Database,
    Links,
    epoch_times,
    looked_up,
    opened,
    shared_lists,
    table_columns,
    text,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.evidence.signal.conversations import Conversations, conversations
from faisceau.evidence.signal.desktop_plain import told_by_columns
from faisceau.evidence.signal.stored_json import Object, inner, listed, loaded
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import STRING, TIME, Batch

FILLS = [MESSAGE, CALL, CONTACT]

_OF_PERSONS = frozenset({"incoming", "outgoing", "story"})
_CALL = "call-history"
_VOICE = 1
"""Flag of an attachment that was recorded in the application."""
_MISSED = frozenset({"Missed", "Declined", "MissedNotificationProfile"})
_FIELDS = {
    "row": "rowid", "id": "id", "json": "json", "at": "sent_at", "thread": "conversationid",
    "type": "type", "body": "body", "source": "source",
    "service": "sourceserviceid sourceuuid",
}  # fmt: skip
_BESIDE = ("edited_at", "reply_to", "attachment_sha256")
"""Columns of a message that its JSON alone tells."""
_COLUMNS = ("ref", "thread_id", "thread_name", "sender_id", "sender_name", "recipients", "text",
    "kind", "sent_at", "deleted", *_BESIDE)  # fmt: skip
_TAKEN = {
    "messages": "id json sent_at conversationid type body source sourceserviceid sourceuuid rowid",
    "conversations": """id json type members name profilename profilefullname e164 serviceid uuid
        groupid""",
    "callshistory": "callid peerid ringerid direction status timestamp endedtimestamp",
    "items": "id json",
    "message_attachments": """messageid edithistoryindex attachmenttype orderinmessage contenttype
        plaintexthash flags""",
}
_LEFT = {
    "messages": """readstatus expires_at schemaversion received_at received_at_ms hasattachments
        hasfileattachments hasvisualmediaattachments expiretimer expirationstarttimestamp
        messagetimer messagetimerstart messagetimerexpiresat iserased isviewonce sourcedevice
        serverguid storyid isstory seenstatus ischangecreatedbyus isgroupleaveevent callmode
        callid shouldaffectactivity shouldaffectpreview isuserinitiatedmessage mentionsme
        isgroupleaveeventfromother serverreceivedatcounter servertimestamp timestamp
        unidentifieddeliveryreceived haspreviews hascontacts isaddressablemessage
        expirestarttimestamp""",
    "conversations": """active_at profilefamilyname profilelastfetchedat expiretimerversion""",
    "callshistory": "mode type startedbyid",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with Signal Desktop's messages and conversations."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return tables.get("messages", none) >= {"json", "conversationid", "sent_at"} and tables.get(
        "conversations", none
    ) >= {"id", "json", "type"}


def read(source: Source) -> Iterator[Batch]:
    """Messages by the order of their table, calls, then conversations as contacts."""
    with opened(source) as database:
        book = conversations(database, source.owner or OWNER)
        attached = _attached(database)
        fields = {**present(database, "messages", _FIELDS), "row": "rowid"}
        for cells in database.cells("messages", fields, "ORDER BY rowid", "id"):
            yield from _Chunk(database, cells, book, attached).batches()
        yield from _calls(database, book)
        yield from _contacts(database, book)
        database.settle(_TAKEN, _LEFT)


# Messages.


def _attached(database: Database) -> dict[str, list[Object]]:
    """Attachments by message: since 2025 in a table of their own."""
    found: dict[str, list[Object]] = {}
    if not database.has("message_attachments", "messageid", "contenttype"):
        return found
    columns = ("messageid", "attachmenttype", "edithistoryindex", "contenttype", "plaintexthash",
        "flags")  # fmt: skip
    picked = ", ".join(database.pick("message_attachments", *columns))
    order = ", ".join(database.pick("message_attachments", "messageid", "orderinmessage"))
    for message, kind, edit, mime, digest, flags in database.rows(
        f"SELECT {picked} FROM message_attachments ORDER BY {order}"
    ):
        if text(kind) in ("attachment", None) and edit in (-1, None):
            one = {"contentType": text(mime), "plaintextHash": text(digest), "flags": flags}
            found.setdefault(text(message) or "", []).append(one)
    return found


class _Chunk:
    """Rows of ``messages`` being made into messages and calls."""

    def __init__(
        self,
        database: Database,
        cells: Cells,
        book: Conversations,
        attached: dict[str, list[Object]],
    ) -> None:
        self.database, self.cells, self.book = database, cells, book
        self.attached = attached
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.told = database.filled("callshistory")
        self.place = 0
        """Of the row at hand in the chunk."""

    def batches(self) -> Iterator[Batch]:
        """Everything that the rows say: by columns where these alone tell it, else row by row."""
        cells = self.cells
        plain = told_by_columns(cells, [*self.attached])
        names, others = [*_FIELDS], pc.indices_nonzero(pc.invert(plain)).to_pylist()
        columns = [cells.raw(name) for name in names]
        located = cells.locators("row")
        for self.place in others:
            row = {name: column[self.place] for name, column in zip(names, columns, strict=True)}
            row["row"] = located[self.place].as_py()
            said = loaded(row["json"])
            if not said and row["json"]:
                self.database.source.tally.unread["message.json"] += 1
            self.take(row, said)
        parts = [self.by_columns(plain)] if len(others) < cells.n else []
        parts += [self.made()] if self.messages else []
        if parts:
            yield in_order(parts)
        if self.calls:
            yield _call_batch(self.database, cells.table, self.calls)

    def by_columns(self, plain: pa.Array) -> Part:
        """The messages whose JSON tells nothing beside the columns."""
        book, cells = self.book, self.cells
        wanted = ("id", "thread", "type", "body", "service", "source")
        key, thread, kind, body, service, origin = (
            cells.texts(name).filter(plain) for name in wanted
        )
        times = epoch_times(cells, "at", 1000)
        named = pc.coalesce(service, origin)
        people = {who: book.person(who) for who in pc.unique(named).to_pylist() if who}
        mine = pc.equal(kind, "outgoing")
        sender = pc.if_else(mine, pa.scalar(book.me, STRING), looked_up(named, people))
        titles = {t: book.title(t) for t in pc.unique(thread).to_pylist()}
        everyone, which = shared_lists([thread, sender], book.recipients)
        columns = {
            "ref": key,
            "thread_id": thread,
            "thread_name": looked_up(thread, titles),
            "sender_id": sender,
            "sender_name": looked_up(sender, book.names),
            "recipients": everyone.take(which),
            "text": body,
            "kind": "text",
            "sent_at": times.at.filter(plain),
            "deleted": cells.deleted().filter(plain),
            "edited_at": pa.nulls(len(key), TIME),
        }
        locators = cells.locators("row").filter(plain)
        reasons = None if times.reasons is None else times.reasons.filter(plain)
        made = self.batch({**dict.fromkeys(_BESIDE), **columns}, locators, reasons)
        return Part(made, pc.indices_nonzero(plain))

    def batch(
        self, columns: Mapping[str, Any], locators: pa.Array, reasons: pa.Array | None
    ) -> Batch:
        account = self.book.account or self.database.source.owner
        whole = {name: columns[name] for name in _COLUMNS} | {"app": "signal", "account": account}
        return batch(MESSAGE, whole, locators, reasons)

    def take(self, row: dict[str, Any], said: Object) -> None:
        book, thread = self.book, text(row["thread"]) or text(said.get("conversationId"))
        kind = text(row["type"]) or text(said.get("type")) or "incoming"
        if kind == _CALL and self.told:
            self.database.leave("messages of calls that callsHistory holds", 1)
            return
        details = inner(said, "callHistoryDetails")
        if kind == _CALL and details:
            self.calls.append(self.call(row, details, thread))
            return
        key = text(row["id"]) or text(said.get("id"))
        at = said.get("sent_at") if row["at"] is None else row["at"]
        sender = self.sender(row, said, kind, thread)
        one = {
            "at": row["row"],
            "place": self.place,
            "ref": key,
            "thread_id": thread,
            "thread_name": book.title(thread),
            "sender_id": sender,
            "sender_name": book.names.get(sender or ""),
            "recipients": book.recipients(thread, sender),
            "sent_at": at,
            "deleted": self.cells.lost or said.get("deletedForEveryone") is True,
        }
        body = text(row["body"]) or text(said.get("body"))
        files = listed(said, "attachments") or self.attached.get(key or "", [])
        self.database.leave("attachments of a message after its first", max(len(files) - 1, 0))
        system = kind not in _OF_PERSONS
        edited = said.get("editMessageTimestamp")
        self.messages.append({
            **one,
            "text": f"[{kind.replace('-', ' ')}]" if system else body or _carried(said),
            "kind": "system" if system else _kind(files),
            "attachment_sha256": _digest(files),
            "edited_at": edited,
            "quoted": inner(said, "quote").get("id"),
        })  # fmt: skip
        self.earlier(one, said, at if edited is None else edited)
        self.reactions(one, said)

    def sender(
        self, row: dict[str, Any], said: Object, kind: str, thread: str | None
    ) -> str | None:
        if kind == "outgoing":
            return self.book.me
        named = self.book.person(row["service"]) or self.book.person(
            said.get("sourceServiceId"), said.get("sourceUuid"), row["source"], said.get("source")
        )
        if named is None and kind == "incoming" and thread not in self.book.members:
            return self.book.person(thread)
        return named

    def earlier(self, one: dict[str, Any], said: Object, last: Any) -> None:
        """The wordings before the last, which the message keeps."""
        for n, edit in enumerate(listed(said, "editHistory")):
            if edit.get("timestamp") != last:
                first = edit.get("timestamp") == one["sent_at"]
                self.messages.append({
                    **one,
                    "at": f"{one['at']}/edit {n}",
                    "ref": f"{one['ref']}/edit {n}",
                    "text": text(edit.get("body")),
                    "kind": "text",
                    "edited_at": None if first else edit.get("timestamp"),
                })  # fmt: skip

    def reactions(self, one: dict[str, Any], said: Object) -> None:
        for n, reaction in enumerate(listed(said, "reactions")):
            sender = self.book.person(reaction.get("fromId"))
            self.messages.append({
                **one,
                "at": f"{one['at']}/reaction {n}",
                "ref": None,
                "sender_id": sender,
                "sender_name": self.book.names.get(sender or ""),
                "recipients": self.book.recipients(one["thread_id"], sender),
                "sent_at": reaction.get("timestamp") or reaction.get("targetTimestamp"),
                "deleted": self.cells.lost,
                "text": text(reaction.get("emoji")),
                "kind": "text",
                "reply_to": one["ref"],
            })  # fmt: skip

    def call(self, row: dict[str, Any], details: Object, thread: str | None) -> dict[str, Any]:
        """A call of a version that kept calls with the messages."""
        accepted, ended = details.get("acceptedTime"), details.get("endedTime")
        return {
            "at": row["row"],
            "ref": text(row["id"]),
            "other": self.book.person(thread),
            "out": details.get("wasIncoming") is False,
            "missed": accepted is None,
            "started_at": accepted or row["at"],
            "seconds": _seconds(accepted, ended),
            "me": self.book.me,
        }

    def made(self) -> Part:
        """The messages made row by row; those answered are found by the time they were sent."""
        rows, table = self.messages, self.cells.table
        quoted = pa.array([_whole(row.get("quoted")) for row in rows], pa.int64())
        answered: list[int | None] = [None] * len(rows)
        if quoted.null_count < len(rows):
            sql = "SELECT sent_at, rowid FROM messages WHERE sent_at IN ({}) ORDER BY rowid"
            answered = _found(self.database, sql, quoted).get(quoted).to_pylist()
        wanted = sorted({n for n in answered if n is not None})
        refs: dict[int, str | None] = {}
        for start in range(0, len(wanted), 500):
            some = ", ".join(map(str, wanted[start : start + 500]))
            found = self.database.rows(f"SELECT rowid, id FROM messages WHERE rowid IN ({some})")
            refs |= {number: text(key) for number, key in found}
        at = epoch_times(_times(table, rows, "sent_at"), "at", 1000)
        edited = epoch_times(_times(table, rows, "edited_at"), "at", 1000)
        names = ("ref", "thread_id", "thread_name", "sender_id", "sender_name", "recipients",
            "text", "kind", "deleted", "attachment_sha256")  # fmt: skip
        columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in names}
        columns |= {
            "sent_at": at.at,
            "edited_at": edited.counted(self.database.source, "message.edited_at"),
            "reply_to": [
                row.get("reply_to") or (refs.get(n) if n is not None else None)
                for row, n in zip(rows, answered, strict=True)
            ],
        }
        locators = pa.array([row["at"] for row in rows], STRING)
        places = pa.array([row["place"] for row in rows], pa.uint64())
        return Part(self.batch(columns, locators, at.reasons), places)


def _found(database: Database, sql: str, numbers: pa.Array) -> Links:
    """The links of a query that is asked for some numbers, a few hundred at a time."""
    wanted = pc.unique(numbers).drop_null().to_pylist()
    parts = [
        Links.of(database, sql.format(", ".join(map(str, wanted[start : start + 500]))))
        for start in range(0, len(wanted), 500)
    ]
    return Links(np.concatenate([p.keys for p in parts]), np.concatenate([p.values for p in parts]))


def _times(table: str, rows: list[dict[str, Any]], name: str) -> Cells:
    return Cells(table, {"at": [_whole(row.get(name)) for row in rows]}, len(rows))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and abs(value) < 1 << 63 else None


def _carried(said: Object) -> str | None:
    """What stands in the place of words: a contact, a poll, the emoji of a sticker."""
    cards = "\n".join(_card(card) for card in listed(said, "contact"))
    poll = inner(said, "poll")
    options = poll.get("options")
    asked = [poll.get("question"), *(options if isinstance(options, list) else ())]
    return (
        cards
        or "\n".join(str(line) for line in asked if line)
        or text(inner(said, "sticker").get("emoji"))
    )


def _card(card: Object) -> str:
    name = inner(card, "name")
    words = [name.get("displayName") or name.get("nickname") or name.get("givenName")]
    words += [one.get("value") for key in ("number", "email") for one in listed(card, key)]
    return " ".join(str(word) for word in words if word)


def _kind(files: Sequence[Object]) -> str:
    if not files:
        return "text"
    family = str(files[0].get("contentType") or "").partition("/")[0]
    if family == "audio":
        flags = files[0].get("flags")
        return "voice" if isinstance(flags, int) and flags & _VOICE else "file"
    return family if family in ("image", "video") else "file"


def _digest(files: Sequence[Object]) -> str | None:
    """SHA-256 of the first file as it was before Signal encrypted it."""
    stored = text(files[0].get("plaintextHash")) if files else None
    return stored.lower() if stored and re.fullmatch(r"[0-9A-Fa-f]{64}", stored) else None


# Calls and contacts.


def _calls(database: Database, book: Conversations) -> Iterator[Batch]:
    if not database.has("callshistory", "callid", "peerid", "direction", "timestamp"):
        return
    wanted = {"id": "callid", "peer": "peerid", "ringer": "ringerid",
        "direction": "direction", "status": "status", "at": "timestamp",
        "ended": "endedtimestamp"}  # fmt: skip
    fields = present(database, "callshistory", wanted)
    for cells in database.cells("callshistory", fields, "ORDER BY timestamp, callid"):
        calls = []
        for key, peer, ringer, direction, status, at, ended in zip(
            *map(cells.raw, wanted), strict=True
        ):
            out, how = text(direction) == "Outgoing", text(status)
            calls.append({
                "at": f"callsHistory {text(key)}",
                "ref": text(key),
                "other": book.person(peer) if out else book.person(ringer, peer),
                "out": out,
                "missed": how in _MISSED,
                "started_at": at,
                "seconds": _seconds(at, ended) if how == "Accepted" else None,
                "me": book.me,
            })  # fmt: skip
        yield _call_batch(database, cells.table, calls)


def _call_batch(database: Database, table: str, calls: list[dict[str, Any]]) -> Batch:
    started = epoch_times(_times(table, calls, "started_at"), "at", 1000)
    columns: dict[str, Any] = {
        "ref": [call["ref"] for call in calls],
        "caller": [call["me" if call["out"] else "other"] for call in calls],
        "callee": [call["other" if call["out"] else "me"] for call in calls],
        "started_at": started.counted(database.source, "call.started_at"),
        "duration_s": [call["seconds"] for call in calls],
        "count": [1] * len(calls),
        "kind": "voice",
        "direction": [
            "out" if call["out"] else "missed" if call["missed"] else "in" for call in calls
        ],
    }
    return batch(CALL, columns, pa.array([call["at"] for call in calls], STRING))


def _seconds(start: Any, end: Any) -> float | None:
    """How long, of two times in milliseconds."""
    if _whole(start) is None or _whole(end) is None or end < start:
        return None
    return float(end - start) / 1000


def _contacts(database: Database, book: Conversations) -> Iterator[Batch]:
    """Every conversation with a person of whom a number or an id is known."""
    keys = [key for key, ids in book.identifiers.items() if ids]
    database.leave("conversations that are groups", len(book.members))
    database.leave("conversations without number or id", len(book.identifiers) - len(keys))
    if keys:
        columns: dict[str, Any] = {
            "account": book.account,
            "ref": keys,
            "name": [book.names.get(book.called[key.lower()]) for key in keys],
            "identifiers": [book.identifiers[key] for key in keys],
        }
        yield batch(CONTACT, columns, pa.array([f"conversations {key}" for key in keys], STRING))

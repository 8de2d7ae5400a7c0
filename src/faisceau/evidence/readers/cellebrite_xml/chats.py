"""Chats, and the plain messages in them: nearly all there are, taken by columns.

A message is plain when it says who, when and what, and holds no model but its sender and those
it was sent to: no attachment, no place, no answer. The others are read one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import batch
from faisceau.evidence.readers.cellebrite_xml.model import (
    ALWAYS,
    DELETED,
    identifier,
    inside,
    is_owner,
    locator,
    times,
    word,
)
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.readers.cellebrite_xml.seen import Seen
from faisceau.evidence.reading import Source
from faisceau.tables.schemas import MESSAGE, Batch
from faisceau.tables.schemas.schema import STRING, STRINGS

TOGETHER = 16_384
"""Messages that make one batch."""
MOST = 1 << 23
"""Characters that make one batch; a recipient counts as 16."""

_PLAIN = frozenset(ALWAYS) - {"@carries", "@targets", "JumpTargetId", "Labels", "@file_id"} | {
    *("@deleted_state", "Source", "From", "To", "Body", "Subject", "TimeStamp", "Identifier"),
    *("SourceApplication", "Status", "Platform", "Priority", "SelfDestructDuration", "Type"),
    *("IsLocationSharing", "DateDelivered", "DateRead", "DatePlayed", "DateDeleted", "ActivityLog"),
    *("Folder", "ChatId", "SMSC", "AllTimeStamps", "DeletionReason", "FromIsOwner", "Id"),
}
"""Fields that a plain message may have."""
_NOBODY: Said = {}
_WIDTH = 11


@dataclass(slots=True)
class Chat:
    """What a chat says of itself before its messages, and which of them have passed."""

    said: Said
    account: str | None
    thread_id: str
    name: str | None
    app: str | None
    people: list[str | None]
    seen: Seen = field(default_factory=Seen)

    @classmethod
    def of(cls, source: Source, said: Said) -> "Chat":
        """The header of a chat whose messages are about to come."""
        people = inside(said, "Participants")
        owners = [o for p in people if is_owner(p) and (o := word(p, "Identifier"))]
        return cls(
            said,
            word(said, "Account") or next(iter(owners), source.owner),
            word(said, "Id") or said["@id"],
            word(said, "Name"),
            word(said, "Source"),
            [identifier(p) for p in people],
        )


class PlainMessages:
    """Plain messages of one chat after the other, waiting to become columns."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._clear()

    def _clear(self) -> None:
        self._chats: list[Chat] = []
        self._values: list[Any] = []
        """One flat list: the collector of garbage looks at every list there is, again and again."""
        self._lists: list[list[str] | None] = []
        self._known: dict[tuple[Any, ...], int] = {}
        self._held = 0

    @property
    def full(self) -> bool:
        """True when it is time to make columns of them."""
        return len(self._values) >= TOGETHER * _WIDTH or self._held > MOST

    def take(self, said: Said, chat: Chat) -> bool:
        """Take a message; False when it is not plain."""
        get = said.get
        people = get("From")
        if not said.keys() <= _PLAIN or said["@type"] != "InstantMessage":
            return False
        if people is None:
            sender = _NOBODY
        elif len(people) == 1 and isinstance(people, list) and "@carries" not in people[0]:
            sender = people[0]
        else:
            return False
        if not self._chats or self._chats[-1] is not chat:
            self._chats.append(chat)
        who, body, at = identifier(sender), get("Body"), len(self._chats) - 1
        to = tuple(identifier(p) for p in inside(said, "To")) if "To" in said else ()
        key = (at, who, *to)
        if (listed := self._known.get(key)) is None:
            everyone = to or [p for p in chat.people if p != who]
            listed = self._known[key] = len(self._lists)
            self._lists.append([p for p in everyone if p] or None)
        self._held += (len(body) if body else 0) + 16 * len(self._lists[listed] or ())
        chat.seen.add(said["@id"], get("Identifier"))
        self._values += (
            *(locator(said), said["@id"], get("TimeStamp"), body, get("Subject")),
            *(get("@deleted_state"), get("Source"), who, sender.get("Name"), at, listed),
        )
        return True

    def rows(self) -> Iterator[Batch]:
        """The messages that wait, as a batch; none waits any more."""
        if not self._values:
            return
        where, ref, at, body, subject, state, app, who, name, chat, to = (
            self._values[k::_WIDTH] for k in range(_WIDTH)
        )
        sent_at, zone = times(self._source, at)
        apps = {a: a.lower() for a in {*app, *(c.app for c in self._chats)} if a}
        chats = pa.array(chat)

        def of_chat(values: list[str | None]) -> pa.Array:
            return pa.array(values, STRING).take(chats)

        columns = {
            "ref": [r or None for r in ref],
            "app": pc.coalesce(
                pa.array([apps.get(a) for a in app], STRING),
                of_chat([apps.get(c.app) for c in self._chats]),
            ),
            "account": of_chat([c.account for c in self._chats]),
            "thread_id": of_chat([c.thread_id for c in self._chats]),
            "thread_name": of_chat([c.name for c in self._chats]),
            "sender_id": who,
            "sender_name": name,
            "recipients": pa.array(self._lists, STRINGS).take(pa.array(to)),
            "sent_at": sent_at,
            "zone": zone,
            "text": body,
            "subject": subject,
            "kind": "text",
            "forwarded": pa.repeat(pa.scalar(value=False), len(ref)),
            "deleted": [DELETED.get(s) for s in state],
        }
        yield batch(MESSAGE, columns, pa.array(where, STRING))
        self._clear()

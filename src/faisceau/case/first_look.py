"""The first look at an exhibit (``add --first``): who is in it, what was last said, what is known.

Custody counts hours: contacts, the last thirty days and identifiers already known in the case are
shown as soon as the files that readers know were read; the rest is read after.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import ibis
from ibis import _

from faisceau.case.cards import conversation
from faisceau.case.door import Door
from faisceau.case.masking import Mask
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.tables.engines import LakeEngine
from faisceau.tables.schemas import CONTACT, MENTION, MESSAGE
from faisceau.tables.schemas.schema import Selection

DAYS = 30
MOST = 20
"""Lines of a list."""
KNOWN_KINDS = ("phone", "email", "handle", "imei", "imsi", "iban", "plate", "coin_address")
OWN = [
    Selection(CONTACT, ("exhibit_id", "name", "identifiers", "procedure")),
    Selection(
        MESSAGE,
        (
            "exhibit_id",
            "procedure",
            "account",
            "thread_id",
            "thread_name",
            "sender_id",
            "recipients",
            "sent_at",
        ),
    ),
]
"""What is read of the exhibit itself."""
SHARED = [Selection(MENTION, ("exhibit_id", "procedure", "kind", "value", "table", "role", "n"))]
"""What is read of the whole case to tell which identifiers are known: a matching."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation of the last days: its name or people, its messages, the last of them."""

    name: str
    messages: int
    last: datetime


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """An identifier of the exhibit that other exhibits hold too."""

    kind: str
    value: str
    exhibits: Sequence[str]


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What one exhibit shows first. ``since``: from when its last days are counted.

    ``known`` is None where the mandate does not let exhibits be brought together.
    """

    exhibit_id: str
    contacts: int
    messages: int
    since: datetime | None
    talks: Sequence[Talk]
    known: Sequence[KnownIdentifier] | None = None


def seen_first(door: Door, exhibit_id: str) -> FirstLook:
    """The first look at an exhibit; what others hold too, where the mandate lets it be asked."""
    own = [s for s in OWN if s.schema.name in door.covered]
    tables = frozenset(s.schema.name for s in own)
    with door.reading(Act("rows", tables=tables), own) as (_permit, closing, engine):
        found = look(exhibit_id, engine, door.mask())
        closing.data["rows"] = found.contacts + found.messages
    act = Act("run", kind=str(Kind.MATCHING), tables=frozenset({MENTION.name}))
    if not door.gate.judge(act).allowed:
        return found
    with door.reading(act, SHARED, kind=Kind.MATCHING) as (_permit, closing, engine):
        known = known_identifiers(exhibit_id, engine)
        closing.data["identifiers"] = len(known)
    return replace(found, known=known)


def look(exhibit_id: str, engine: LakeEngine, mask: Mask) -> FirstLook:
    """The contacts and the last days of one exhibit; thirty days before its last message."""
    contacts = messages = 0
    since: datetime | None = None
    talks: list[Talk] = []
    if CONTACT.name in engine.tables:
        own = engine.tables[CONTACT.name].filter(_.exhibit_id == exhibit_id)
        [row] = engine.rows(own.aggregate(n=own.count()))
        contacts = int(row["n"])
    if MESSAGE.name in engine.tables:
        own = engine.tables[MESSAGE.name].filter(_.exhibit_id == exhibit_id)
        [row] = engine.rows(own.aggregate(n=own.count(), last=own.sent_at.max()))
        messages = int(row["n"])
        if row["last"] is not None:
            recent = own.filter(_.sent_at > ibis.literal(row["last"]) - ibis.interval(days=DAYS))
            [first] = engine.rows(recent.aggregate(first=recent.sent_at.min()))
            since = first["first"]
            talks = _talks(recent, engine, mask)
    return FirstLook(exhibit_id, contacts, messages, since, talks)


def _talks(recent: Any, engine: LakeEngine, mask: Mask) -> list[Talk]:
    """The conversations of these messages, the longest first."""
    keyed = recent.mutate(conversation=conversation(recent))
    grouped = keyed.group_by("conversation").aggregate(
        thread_name=_.thread_name.max(),
        thread_id=_.thread_id.max(),
        sender_id=_.sender_id.max(),
        procedure=_.procedure.max(),
        n=_.count(),
        last=_.sent_at.max(),
    )
    ordered = grouped.order_by(_.n.desc(), _.last.desc(), "conversation").limit(MOST)
    found = []
    for row in engine.rows(ordered):
        shown = mask.values(MESSAGE, {k: row[k] for k in MESSAGE.columns if k in row})
        name = shown["thread_name"] or shown["thread_id"] or shown["sender_id"] or ""
        found.append(Talk(str(name), int(row["n"]), row["last"]))
    return found


def known_identifiers(exhibit_id: str, engine: LakeEngine) -> list[KnownIdentifier]:
    """The identifiers of the exhibit that other exhibits hold, those of most exhibits first."""
    mention = engine.tables[MENTION.name].filter(_.kind.isin(KNOWN_KINDS), ~_.value.startswith("?"))
    own = mention.filter(_.exhibit_id == exhibit_id).select("kind", "value").distinct()
    others = mention.filter(_.exhibit_id != exhibit_id).semi_join(own, ["kind", "value"])
    grouped = others.group_by("kind", "value").aggregate(
        exhibits=_.exhibit_id.collect(distinct=True), n=_.exhibit_id.nunique()
    )
    ordered = grouped.order_by(_.n.desc(), "kind", "value").limit(MOST)
    return [
        KnownIdentifier(row["kind"], row["value"], sorted(row["exhibits"], key=_number))
        for row in engine.rows(ordered)
    ]


def _number(exhibit_id: str) -> int:
    return int(exhibit_id[1:])

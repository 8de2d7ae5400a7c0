"""Chats, instant messages, SMS, MMS, mails and voicemails: rows of ``message``."""

from collections.abc import Iterator
from typing import Any

from faisceau.evidence.readers.cellebrite_xml.chats import Chat
from faisceau.evidence.readers.cellebrite_xml.files import TaggedFiles, attachments
from faisceau.evidence.readers.cellebrite_xml.model import (
    ALWAYS,
    DELETED,
    coordinates,
    first,
    identifier,
    inside,
    locator,
    of_role,
    time_of,
    word,
)
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.readers.cellebrite_xml.people import contact_row
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.tables.schemas import MESSAGE, Row

_SENT_FOLDERS = ("sent", "outbox", "drafts")
_KNOWN = (
    *ALWAYS,
    *("SourceApplication", "Status", "Platform", "Priority", "SelfDestructDuration", "Type"),
    *("IsLocationSharing", "DateDelivered", "DateRead", "DatePlayed", "DateDeleted", "ActivityLog"),
    *("Folder", "Label", "ChatId", "Identifier", "SMSC", "AllTimeStamps", "Snippet", "Abstract"),
    *("EmailHeader", "MessageId", "MessageExtraData", "EmbeddedInstantMessage", "DeletionReason"),
    *("StarredMessage", "PositionAddress", "Erased", "FromIsOwner", "Id", "Attachment"),
    *("Attachments", "Account", "Recipients"),
)
"""Fields that no column holds, or that a rule below has looked at."""


def instant_message(
    source: Source, files: TaggedFiles, said: Said, chat: Chat | None
) -> Iterator[Row]:
    """One message of a chat, or one that stands alone; the contacts that it shares."""
    with source.record(said, locator(said)) as record:
        if quoted := _quoted(said):
            source.leave("InstantMessage quoted in another", quoted)
        sender = first(inside(said, "From"))
        who = identifier(sender)
        to = [identifier(p) for p in inside(said, "To")]
        if not to and chat is not None:
            to = [p for p in chat.people if p != who]
        reply_to = _answered(said, chat)
        if chat is not None:
            chat.seen.add(said["@id"], word(said, "Identifier"))
        app = record.maybe("Source") or (chat.app if chat is not None else None)
        for card in inside(said, "SharedContacts"):
            yield contact_row(source.record(card, locator(card)), card)
        record.leave("From", "To", "SharedContacts")
        yield MESSAGE.row(
            app=app and app.lower(),
            account=chat.account if chat is not None else word(said, "Account") or source.owner,
            thread_id=chat.thread_id if chat is not None else word(said, "ChatId"),
            thread_name=chat.name if chat is not None else None,
            sender_id=who,
            sender_name=word(sender, "Name"),
            recipients=[t for t in to if t] or None,
            reply_to=reply_to,
            **_common(source, files, record, said),
        )


def text_message(source: Source, files: TaggedFiles, said: Said) -> Iterator[Row]:
    """An SMS or MMS: only the other side is named, the folder says who wrote."""
    with source.record(said, locator(said)) as record:
        record.leave("From", "To", "Cc", "Bcc", "Parties")
        people = inside(said, "Parties")
        sender = first(inside(said, "From") or of_role(people, "From"))
        copies = [p for name in ("Cc", "Bcc") for p in inside(said, name) or of_role(people, name)]
        to = [*(inside(said, "To") or of_role(people, "To")), *copies]
        folder = f"{said.get('Folder', '')} {said.get('Status', '')}".lower()
        sent = not sender and (bool(to) or any(name in folder for name in _SENT_FOLDERS))
        if not sender and not sent:
            sender = first(people)
        me = word(said, "Account") or source.owner or OWNER
        writer = me if sent else identifier(sender)
        recipients = [identifier(p) for p in to or (people if sent else ())] or [me]
        peers = {p for p in (writer, *recipients) if p and p != me}
        yield MESSAGE.row(
            app=(record.maybe("Source") or said["@type"]).lower(),
            account=word(said, "Account") or source.owner,
            thread_id=", ".join(sorted(peers)) or None,
            sender_id=writer,
            sender_name=word(sender, "Name"),
            recipients=[r for r in recipients if r] or None,
            **_common(source, files, record, said),
        )


def email(source: Source, files: TaggedFiles, said: Said) -> Iterator[Row]:
    """A mail; copies are recipients too."""
    with source.record(said, locator(said)) as record:
        record.leave("From", "To", "Cc", "Bcc")
        sender = first(inside(said, "From"))
        to = [identifier(p) for name in ("To", "Cc", "Bcc") for p in inside(said, name)]
        yield MESSAGE.row(
            app=(record.maybe("Source") or "email").lower(),
            account=record.maybe("Account") or source.owner,
            sender_id=identifier(sender),
            sender_name=word(sender, "Name"),
            recipients=[t for t in to if t] or None,
            **_common(source, files, record, said),
        )


def voicemail(source: Source, files: TaggedFiles, said: Said) -> Iterator[Row]:
    """A message left on the answering machine: who spoke, and when."""
    with source.record(said, locator(said)) as record:
        record.leave("From", "Name", "Duration", "WasPlayed", "LastModified")
        sender = first(inside(said, "From"))
        common = _common(source, files, record, said)
        yield MESSAGE.row(
            app=(record.maybe("Source") or "voicemail").lower(),
            account=source.owner,
            sender_id=identifier(sender),
            sender_name=word(sender, "Name"),
            **{**common, "kind": "voice"},
        )


def _common(source: Source, files: TaggedFiles, record: Record, said: Said) -> dict[str, Any]:
    """The columns that every kind of message fills alike."""
    record.leave(*_KNOWN)
    sent_at, zone = time_of(source, record, "TimeStamp", "Timestamp")
    carried = attachments(said)
    hashes = [files.sha256(a, said.get("@targets", [])) for a in carried]
    if len(carried) > 1:
        source.leave("further attachment of a message", len(carried) - 1)
    latitude, longitude = record.maybe("Position", coordinates) or (None, None)
    labels = _labels(said)
    return {
        "ref": said["@id"] or None,
        "sent_at": sent_at,
        "zone": zone,
        "text": record.maybe("Body") or word(said, "Snippet"),
        "subject": record.maybe("Subject"),
        "kind": _kind(labels, carried, located=latitude is not None),
        "forwarded": "Forwarded" in labels,
        "deleted": record.maybe("@deleted_state", DELETED.get),
        "attachment_sha256": next((h for h in hashes if h), None),
        "latitude": latitude,
        "longitude": longitude,
    }


def _quoted(said: Said) -> int:
    """How many other messages this one carries with it, quoted or forwarded."""
    within = [m for e in inside(said, "MessageExtraData") for m in inside(e, "InstantMessage")]
    carried = [*inside(said, "EmbeddedInstantMessage"), *within]
    return len(carried) + sum(map(_quoted, carried))


def _answered(said: Said, chat: Chat | None) -> str | None:
    """``ref`` of the message that this one answers: its model id where it has been met.

    A reply says whom it answers by the application's own id, by a reference to the model, or by
    a jump to it.
    """
    seen = chat.seen.get if chat is not None else _nothing
    for extra in inside(said, "MessageExtraData"):
        if extra["@type"] == "ReplyMessageData" or word(extra, "Label") == "Reply":
            own = word(extra, "OriginalMessageID") or word(extra, "ReferenceId")
            quoted = first(inside(extra, "InstantMessage")).get("@id")
            jumps = [t for t, is_model in said.get("@targets", ()) if is_model and seen(t)]
            known = next((found for i in (own, quoted, *jumps) if (found := seen(i))), None)
            return known or own or quoted
    if "Reply" in _labels(said):
        jumped = [*(t for t, _ in said.get("@targets", ())), *_jumps(said)]
        return next((found for t in jumped if (found := seen(t))), None)
    return None


def _nothing(_: str | None) -> str | None:
    return None


def _jumps(said: Said) -> list[str]:
    return (word(said, "JumpTargetId") or "").split()


def _labels(said: Said) -> set[str]:
    own = {word(said, "Label"), *(word(said, "Labels") or "").split()}
    extra = {word(e, "Label") for e in inside(said, "MessageExtraData")}
    return {label for label in own | extra if label}


def _kind(labels: set[str], carried: list[Said], *, located: bool) -> str:
    if "System" in labels:
        return "system"
    if located:
        return "location"
    if not carried:
        return "text"
    name = str(carried[0].get("Filename", "")).upper()
    family = str(carried[0].get("ContentType", "")).lower().partition("/")[0]
    if family == "audio":
        return "voice" if name.startswith(("PTT", "AUD")) or name.endswith(".OPUS") else "file"
    return family if family in ("image", "video") else "file"

"""Google Chat: the messages of one conversation, the conversation, the account."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import ijson

from faisceau.evidence.clocks import epoch_us, iso_time
from faisceau.evidence.json_events import CONTAINERS, Events, json_events
from faisceau.evidence.json_outline import ITEM, Path
from faisceau.evidence.reading import Record, Source
from faisceau.evidence.worded_dates import worded_date
from faisceau.tables.schemas import CONTACT, MESSAGE, Row
from faisceau.words import N_

WORDS = ('"creator"', '"membership_info"', '"members"')

_MESSAGE = {("messages", ITEM, "creator"), ("messages", ITEM, "message_id")}
_GROUP = {("members", ITEM, "user_type"), ("members", ITEM, "name")}
_ACCOUNT = {("user", "user_type"), ("membership_info",)}
_PLAIN = ("topic_id", "annotations", "quoted_message_metadata", "is_edited", "message_state")
_KINDS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "heic"), "image"),
    **dict.fromkeys(("mp4", "mov", "3gp", "webm"), "video"),
    **dict.fromkeys(("m4a", "ogg", "opus", "wav", "mp3", "aac"), "voice"),
}
_NOT_ONE = N_("not a message")


def recognise(paths: frozenset[Path]) -> bool:
    """True for ``messages.json``, ``group_info.json`` or ``user_info.json``."""
    return any(keys <= paths for keys in (_MESSAGE, _GROUP, _ACCOUNT))


def read(source: Source) -> Iterator[Row]:
    """One message a message; the members of a conversation, the account, as contacts."""
    with source.open() as stream:
        events = json_events(stream, source.head.encoding or "utf-8")
        events.expect("start_map")
        for key, event, value in events.fields():
            if key == "messages" and event == "start_array":
                yield from _messages(source, events)
            elif key in ("members", "user"):
                yield from _people(source, key, events.value(event, value))
            elif event in CONTAINERS:
                source.leave(key, events.skip())


class _Conversation:
    """The conversation, as ``group_info.json`` beside the messages tells it."""

    def __init__(self, source: Source) -> None:
        said = _beside(source)
        people = said.get("members")
        listed = people if isinstance(people, list) else []
        found = [_identity(person) for person in listed if isinstance(person, dict)]
        self.people = [one for one in found if one]
        self.ref = PurePosixPath(source.name).parent.name or None
        self.name = said.get("name") if isinstance(said.get("name"), str) else None


def _beside(source: Source) -> dict[str, Any]:
    info = source.sibling("group_info.json")
    if info is None:
        return {}
    try:
        with info.open() as stream:
            events = json_events(stream, info.head.encoding or "utf-8")
            events.expect("start_map")
            return {key: events.value(event, value) for key, event, value in events.fields()}
    except ijson.JSONError:
        return {}  # damaged: reading that file will say so


def _messages(source: Source, events: Events) -> Iterator[Row]:
    thread = _Conversation(source)
    for number, (event, value) in enumerate(events.items(), 1):
        said = events.value(event, value)
        if not isinstance(said, dict):
            source.reject(f"message {number}", _NOT_ONE, raw=str(said))
            continue
        with source.record(said, str(said.get("message_id") or f"message {number}")) as record:
            yield _message(source, thread, record)


def _message(source: Source, thread: _Conversation, record: Record) -> Row:
    record.leave(*_PLAIN)
    if reacted := record.maybe("reactions", _number):
        source.leave("reactions to messages", reacted)
    creator = record.maybe("creator", dict) or {}
    sender = _identity(creator)
    ref = record.maybe("message_id")
    kind, sha256 = _attachment(source, record)
    others = [one for one in thread.people if one != sender]
    at, zone = _created(source, record, "created_date")
    deleted = record.maybe("deletion_metadata", bool)
    return MESSAGE.row(
        app="google_chat",
        ref=ref,
        account=source.owner,
        thread_id=thread.ref or (ref or "").partition("/")[0] or None,
        thread_name=thread.name,
        sender_id=sender,
        sender_name=_word(creator.get("name")),
        recipients=others or None,
        sent_at=at,
        zone=zone,
        text=record.maybe("text"),
        kind=kind,
        edited_at=_created(source, record, "updated_date")[0],
        deleted=True if deleted else None,
        reply_to=record.maybe("quoted_message_id"),
        attachment_sha256=sha256,
    )


def _created(source: Source, record: Record, name: str) -> tuple[datetime | None, str | None]:
    """A time in words (``Thursday, November 3, 2016 at 11:59:50 AM UTC``), or ISO, or counted."""

    def moment(said: Any) -> tuple[datetime, bool]:
        if isinstance(said, dict):
            return epoch_us(said["usec"]), True
        if str(said)[:4].isdigit():
            return iso_time(said), True
        return worded_date(str(said), source.timezone)

    found = record.maybe(name, moment)
    if found is None:
        return None, None
    at, stated = found
    if not stated:
        source.tally.assumed[source.timezone.key] += 1
    return at, None if stated else source.timezone.key


def _attachment(source: Source, record: Record) -> tuple[str, str | None]:
    """Kind of the message, and hash of its first file that lies beside the messages."""
    names = record.maybe("attached_files", _names) or []
    if not names:
        return "text", None
    if len(names) > 1:
        source.leave("further attachments of a message", len(names) - 1)
    member = None
    for name in names:
        member = member or source.attached(name) or source.attached(name.replace("?", "_"))
    ending = PurePosixPath(names[0]).suffix.lower().removeprefix(".")
    return _KINDS.get(ending, "file"), None if member is None else member.sha256()


def _names(files: Any) -> list[str]:
    return [str(one.get("export_name") or one["original_name"]) for one in files]


def _number(reactions: Any) -> int:
    return sum(len(one.get("reactor_emails") or [None]) for one in reactions)


def _people(source: Source, key: str, said: Any) -> Iterator[Row]:
    """Members of a conversation, or the account itself."""
    people = said if isinstance(said, list) else [said]
    for number, person in enumerate(people, 1):
        values = person if isinstance(person, dict) else {}
        with source.record(values, f"{key}/{number}") as record:
            record.leave("user_type")
            email = record.maybe("email")
            if key == "user":
                source.owner = source.owner or email
            name = record.maybe("name")
            if email is None and name is None:
                record.set_aside("members without name or address")
                continue
            yield CONTACT.row(
                account=source.owner, name=name, identifiers=[email] if email else None
            )


def _identity(person: dict[str, Any]) -> str | None:
    """The address of a person; of one without, the name."""
    return _word(person.get("email")) or _word(person.get("name"))


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None

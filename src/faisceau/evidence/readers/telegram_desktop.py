"""Telegram Desktop: the JSON export of an account or of one chat (``result.json``).

Format, as Telegram Desktop's own exporter writes it:
https://github.com/telegramdesktop/tdesktop/blob/dev/Telegram/SourceFiles/export/output/export_output_json.cpp
and https://core.telegram.org/import-export. Exports of several gigabytes are streamed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ijson
import pyarrow.compute as pc

from faisceau.errors import BadInput, FieldError
from faisceau.evidence.clocks import epoch_s, iso_time
from faisceau.evidence.json_blocks import Alike, Blocks, plain_batch
from faisceau.evidence.json_columns import lists
from faisceau.evidence.json_events import CONTAINERS, Event, Events, json_events
from faisceau.evidence.reading import OWNER, Head, Record, Source
from faisceau.evidence.telegram.plain_messages import (
    MEDIA,
    MORE,
    PLAIN,
    exported,
    peer,
    plain_form,
    plain_times,
    plain_words,
    zone_of,
)
from faisceau.evidence.telegram_words import (
    card,
    event_words,
    joined,
    message_words,
    reactions,
    together,
)
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, Batch, Row
from faisceau.tables.schemas.schema import INTEGER
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT]

_CHAT = re.compile(
    r'\A\s*\{[^{}\[\]]*?"type"\s*:\s*"(?:saved_messages|replies|verification_codes|personal_chat'
    r"|bot_chat|private_group|(?:private|public)_supergroup|(?:private|public)_channel"
    r')"[^{}\[\]]*?"messages"\s*:\s*\['
)
_ACCOUNT = re.compile(
    r'\A\s*\{\s*"about"\s*:.*?"(?:personal_information|profile_pictures|stories|contacts'
    r'|frequent_contacts|sessions|web_sessions|chats|left_chats|other_data)"\s*:',
    re.DOTALL,
)
_PEER = re.compile(r'"(?:from|actor)_id"\s*:\s*"user(\d+)"')

_LISTS = ("chats", "left_chats")
_ONE_TO_ONE = ("personal_chat", "bot_chat")
_NOT_EXPORTED = N_("Telegram did not export the content of this message")


def detect(head: Head) -> bool:
    """True for the exporter's root object: of an account, or of one chat with its Telegram type."""
    return bool(_CHAT.match(head.text) or _ACCOUNT.match(head.text))


def read(source: Source) -> Iterator[Row | Batch]:
    """Messages, calls and contacts. A damaged file raises ``BadInput`` after its readable part."""
    chat = _Chat(owner=source.owner)
    try:
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            yield from _document(source, chat, events)
    except ijson.JSONError as error:
        raise BadInput(
            N_("{name} is damaged JSON: {why}"),
            name=source.name,
            why=_why(error),
        ) from error


@dataclass(slots=True)
class _Chat:
    """The conversation being read, and whose export it is."""

    owner: str | None
    where: str = ""
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def one_to_one(self) -> bool:
        return self.said.get("type") in _ONE_TO_ONE

    @property
    def thread_id(self) -> str | None:
        number = self.said.get("id")
        return None if number is None else str(number)

    @property
    def thread_name(self) -> str | None:
        name = self.said.get("name") or self.said.get("type")
        return None if name is None else str(name)

    @property
    def peer(self) -> str | None:
        return f"user{self.thread_id}" if self.one_to_one and self.thread_id else None

    def other_side(self, sender: str | None) -> str | None:
        """Who is at the other end of ``sender``; None in groups, whose members are not named."""
        if self.peer is None:
            return None
        return (self.owner or OWNER) if sender == self.peer else self.peer

    def learn(self, sender: str | None) -> None:
        """In a chat of two, a user who is not the peer is the owner of the export."""
        if self.owner is None and self.peer and sender and sender.startswith("user"):
            self.owner = sender if sender != self.peer else None


def _document(source: Source, chat: _Chat, events: Events) -> Iterator[Row | Batch]:
    events.expect("start_map")
    for key, event, value in events.fields():
        if key == "messages" and event == "start_array":
            _learn_from_head(source, chat)
            yield from _messages(source, chat, events)
        elif key in _LISTS and event == "start_map":
            yield from _chats(source, chat, key, events)
        elif key == "personal_information":
            yield from _owner(source, chat, events.value(event, value))
        elif key == "contacts" and event == "start_map":
            yield from _contacts(source, chat, events)
        elif event in CONTAINERS:
            source.leave(key, events.skip())
        else:
            chat.said[key] = value


def _listed(events: Events) -> Iterator[Event]:
    """The items of one of the exporter's ``{about, list}`` objects."""
    for name, event, _ in events.fields():
        if name == "list" and event == "start_array":
            yield from events.items()
        elif event in CONTAINERS:
            events.skip()


def _chats(source: Source, chat: _Chat, key: str, events: Events) -> Iterator[Row | Batch]:
    for opened, _ in _listed(events):
        if opened != "start_map":
            source.leave(key, events.skip() if opened in CONTAINERS else 1)
            continue
        chat.said, chat.where = {}, f"{key}/"
        for name, event, value in events.fields():
            if name == "messages" and event == "start_array":
                yield from _messages(source, chat, events)
            elif event in CONTAINERS:
                source.leave(name, events.skip())
            else:
                chat.said[name] = value


def _messages(source: Source, chat: _Chat, events: Events) -> Iterator[Row | Batch]:
    chat.where = f"{chat.where}{chat.thread_id or ''}"
    number, blocks = 1, Blocks(source, plain_form(source.timezone))

    def alone(number: int, message: Any) -> Iterator[Row]:
        if not isinstance(message, dict):
            source.reject(f"{chat.where}#{number}", N_("not a message"), raw=str(message))
            return
        with source.record(message, f"{chat.where}/{message.get('id', f'#{number}')}") as record:
            if message.get("type") == "unsupported":
                raise FieldError(_NOT_EXPORTED)
            yield from _message(source, chat, record, message)

    for block in events.blocks():
        for some in _by_owner(chat, block):
            yield from blocks.read(some, number, alone, lambda alike: _plain(source, chat, alike))
            number += len(some)


def _by_owner(chat: _Chat, block: list[Any]) -> Iterator[list[Any]]:
    """The messages before the one that tells whose export it is, then the others."""
    start = 0
    if chat.owner is None and chat.peer:
        for place, message in enumerate(block):
            chat.learn(_sender(message))
            if chat.owner is not None:
                owner, chat.owner = chat.owner, None
                yield block[:place]
                chat.owner, start = owner, place
                break
    yield block[start:] if start else block


def _sender(message: Any) -> str | None:
    """Who sent a message; None where that is not told plainly."""
    if not isinstance(message, dict) or message.get("type") == "unsupported":
        return None
    said = message.get("actor_id" if message.get("type") == "service" else "from_id")
    return None if said is None or said == "" else peer(said)


def _plain(source: Source, chat: _Chat, alike: Alike) -> Batch:
    """Messages of words or with a file: no event of the chat."""
    times = plain_times(source, alike)
    if reacted := pc.sum(alike.of("reactions", INTEGER)).as_py():
        source.leave("reactions to messages", reacted)
    forwarded: Any = False
    if "forwarded_from" in alike.fields:
        forwarded = alike.having("forwarded_from")
    words = plain_words(source, alike)
    columns = {
        "app": "telegram",
        "ref": alike["id"],
        "account": chat.owner,
        "thread_id": chat.thread_id,
        "thread_name": chat.thread_name,
        "sender_id": alike["from_id"],
        "sender_name": alike["from"],
        "recipients": lists(alike["from_id"], lambda one: _listed_or_none(chat.other_side(one))),
        "sent_at": times.sent_at,
        "zone": times.zone,
        "text": words.text,
        "kind": words.kind,
        "attachment_sha256": words.attachment_sha256,
        "forwarded": forwarded,
        "edited_at": times.edited_at,
        "reply_to": alike["reply_to_message_id"],
    }
    where = pc.binary_join_element_wise(f"{chat.where}/", alike["id"], "")
    return plain_batch(MESSAGE, columns, where)


def _listed_or_none(one: str | None) -> list[str] | None:
    return None if one is None else [one]


def _message(
    source: Source, chat: _Chat, record: Record, message: Mapping[str, Any]
) -> Iterator[Row]:
    record.leave(*PLAIN)
    if reacted := record.maybe("reactions", reactions):
        source.leave("reactions to messages", reacted)
    sent_at, zone = _time(source, record, "date")
    service = message.get("type") == "service"
    name = record.maybe("actor" if service else "from")
    sender = record.maybe("actor_id" if service else "from_id", peer)
    chat.learn(sender)
    other = chat.other_side(sender)
    if service and message.get("action") == "phone_call" and other and sender:
        yield CALL.row(
            caller=sender,
            callee=other,
            started_at=sent_at,
            zone=zone,
            direction=_direction(record, incoming=sender == chat.peer),
            **_call(record),
        )
        return
    said: dict[str, Any] = {}
    if service:
        said = {
            "text": event_words(record, message),
            "kind": "system",
            "attachment_sha256": _attachment(source, record),
        }
    elif message.keys() & MORE:
        yield from _shared_contact(chat, record)
        said = _media(source, record, message)
    else:
        said = {"text": record.maybe("text", joined) or None, "kind": "text"}
    yield MESSAGE.row(
        app="telegram",
        ref=record.maybe("id"),
        account=chat.owner,
        thread_id=chat.thread_id,
        thread_name=chat.thread_name,
        sender_id=sender,
        sender_name=name,
        recipients=None if other is None else [other],
        sent_at=sent_at,
        zone=zone,
        forwarded=record.maybe("forwarded_from") is not None or "forwarded_from" in message,
        edited_at=_time(source, record, "edited")[0] if "edited" in message else None,
        reply_to=_answered(record),
        **said,
    )


def _answered(record: Record) -> str | None:
    """The message answered, or the one that a service message is about (pinned, paid)."""
    named = [record.maybe(f"{word}message_id") for word in ("reply_to_", "", "game_", "invoice_")]
    return next((ref for ref in named if ref), None)


def _call(record: Record) -> dict[str, Any]:
    record.leave("action", "text", "duration")
    return {
        "ref": record.maybe("id"),
        "duration_s": record.maybe("duration_seconds", float) or 0.0,
        "kind": "voice",
    }


def _direction(record: Record, *, incoming: bool) -> str:
    missed = record.maybe("discard_reason") == "missed"
    return ("missed" if missed else "in") if incoming else "out"


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _time(source: Source, record: Record, name: str) -> tuple[datetime | None, str | None]:
    """A time and its zone: seconds since 1970, else the local time of the exporting computer.

    Where both are given, their difference is that computer's offset from UTC.
    """
    at = record.maybe(f"{name}_unixtime", epoch_s)
    if at is None:
        at = record.maybe(name, lambda local: iso_time(local, source.timezone))
        if at is None:
            return None, None
        source.tally.assumed[source.timezone.key] += 1
        return at, source.timezone.key
    local = record.maybe(name, _local)
    if local is None:
        return at, None
    return at, zone_of(local - at.replace(tzinfo=None))


def _kind(record: Record, message: Mapping[str, Any]) -> str:
    mime = record.maybe("mime_type") or ""
    media = MEDIA.get(record.maybe("media_type") or "")
    if "location_information" in message or "place_name" in message:
        return "location"
    if media is not None:
        return media
    if "photo" in message or mime.startswith("image/"):
        return "image"
    if mime.startswith("video/"):
        return "video"
    return "file" if "file" in message else "text"


def _media(source: Source, record: Record, message: Mapping[str, Any]) -> dict[str, Any]:
    place = record.maybe("location_information", _coordinates)
    return {
        "text": message_words(record, message),
        "kind": _kind(record, message),
        "attachment_sha256": _attachment(source, record),
        "latitude": place and place[0],
        "longitude": place and place[1],
    }


def _coordinates(place: Any) -> tuple[float, float]:
    return float(place["latitude"]), float(place["longitude"])


def _shared_contact(chat: _Chat, record: Record) -> Iterator[Row]:
    shown = record.maybe("contact_information", card)
    if shown:
        *names, phone = shown
        yield CONTACT.row(
            ref=record.maybe("id"),
            account=chat.owner,
            name=together(names) or None,
            identifiers=[phone] if phone else None,
        )


def _attachment(source: Source, record: Record) -> str | None:
    """Hash of the file the export put beside itself; None where it says it left it out."""
    path = record.maybe("file") or record.maybe("photo")
    record.leave("file_name", "photo")
    return exported(source, path)


def _owner(source: Source, chat: _Chat, said: Any) -> Iterator[Row]:
    with source.record(said if isinstance(said, dict) else {}, "personal_information") as record:
        record.leave("bio")
        user = record.maybe("user_id", peer)
        phone = record.maybe("phone_number")
        chat.owner = user or phone or chat.owner
        yield _contact(chat, record, [user, phone, record.maybe("username")])


def _contacts(source: Source, chat: _Chat, events: Events) -> Iterator[Row]:
    for number, (event, value) in enumerate(_listed(events), 1):
        said = events.value(event, value)
        values = said if isinstance(said, dict) else {}
        with source.record(values, f"contacts/{number}") as record:
            record.leave("date", "date_unixtime")
            if not values.keys() - {"date", "date_unixtime"}:
                record.set_aside("contacts without name or number")
                continue
            ids = [record.maybe("user_id", peer), record.maybe("phone_number")]
            yield _contact(chat, record, ids)


def _contact(chat: _Chat, record: Record, ids: list[str | None]) -> Row:
    names = [record.maybe("first_name"), record.maybe("last_name")]
    return CONTACT.row(
        account=chat.owner,
        name=together(names) or None,
        identifiers=[i for i in ids if i] or None,
    )


def _learn_from_head(source: Source, chat: _Chat) -> None:
    """The owner of a single chat may write first much later: look for them in the head."""
    for number in _PEER.findall(source.head.text) if chat.one_to_one else ():
        chat.learn(f"user{number}")


def _why(error: Exception) -> str:
    """The parser's own words, without the excerpt it prints beneath."""
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text.partition("\n")[0].strip()

"""Google Hangouts: every conversation of an account in one file, which is streamed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from faisceau.evidence.clocks import epoch_us
from faisceau.evidence.json_events import CONTAINERS, Events, json_events
from faisceau.evidence.json_outline import ITEM, Path
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, Row
from faisceau.words import N_

WORDS = ('"conversation_id"', '"conversation_state"')

_LISTS = ("conversations", "conversation_state")
_PLAIN = (
    "conversation_id",
    "self_event_state",
    "advances_sort_timestamp",
    "event_otr",
    "delivery_medium",
    "event_version",
    "client_generated_id",
)
_NOT_ONE = N_("not an event")
_LASTING = "END_HANGOUT"


def recognise(paths: frozenset[Path]) -> bool:
    """True for the list of conversations, each with its events."""
    return any(
        (name, ITEM, "conversation", "conversation_id") in paths
        or (name, ITEM, "conversation_id", "id") in paths
        for name in _LISTS
    )


def read(source: Source) -> Iterator[Row]:
    """Messages, calls between two, and the participants as contacts."""
    account = _Account(source.owner)
    with source.open() as stream:
        events = json_events(stream, source.head.encoding or "utf-8")
        events.expect("start_map")
        for key, event, value in events.fields():
            if key in _LISTS and event == "start_array":
                for number, (opened, _) in enumerate(events.items(), 1):
                    if opened == "start_map":
                        yield from _conversation(source, account, events, number)
                    else:
                        source.reject(f"{key}/{number}", _NOT_ONE)
                        if opened in CONTAINERS:
                            events.skip()
            elif event in CONTAINERS:
                source.leave(key, events.skip())
            else:
                events.value(event, value)


@dataclass(slots=True)
class _Account:
    """Whose archive it is, and whom it has named so far."""

    owner: str | None
    met: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Thread:
    """One conversation: who takes part, under which name."""

    ref: str
    name: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)

    def others(self, sender: str | None) -> list[str]:
        return [one for one in self.people if one != sender]


def _conversation(source: Source, account: _Account, events: Events, number: int) -> Iterator[Row]:
    """The conversation's own fields stand before its events."""
    thread = _Thread(str(number))
    for key, event, value in events.fields():
        if key == "events" and event == "start_array":
            yield from _events(source, account, thread, events, "events")
        elif key in ("event", "conversation_state") and event == "start_array":
            yield from _events(source, account, thread, events, key)
        elif key == "conversation_id":
            thread.ref = _id(events.value(event, value)) or thread.ref
        elif event == "start_map":
            yield from _learn(source, account, thread, events.value(event, value))
        elif event in CONTAINERS:
            source.leave(key, events.skip())


def _learn(source: Source, account: _Account, thread: _Thread, said: Any) -> Iterator[Row]:
    """Who takes part. In older files the events stand inside the conversation."""
    thread.ref = _id(said.get("conversation_id")) or _id(said.get("id")) or thread.ref
    inner = said.get("conversation")
    if not isinstance(inner, Mapping):
        inner = said
    name = inner.get("name")
    thread.name = name if isinstance(name, str) else thread.name
    own = _of(_of(inner.get("self_conversation_state")).get("self_read_state"))
    account.owner = account.owner or _who(own.get("participant_id"))
    people = inner.get("participant_data")
    for person in people if isinstance(people, list) else []:
        if isinstance(person, Mapping):
            yield from _participant(source, account, thread, person)
    older = said.get("event")
    for number, event in enumerate(older if isinstance(older, list) else [], 1):
        yield from _event(source, account, thread, number, event)


def _participant(
    source: Source, account: _Account, thread: _Thread, person: Mapping[str, Any]
) -> Iterator[Row]:
    who = _who(person.get("id"))
    name = person.get("fallback_name")
    if who is None:
        return
    thread.people.append(who)
    if isinstance(name, str):
        thread.names[who] = name
    phone = _of(person.get("phone_number")).get("e164")
    if who in account.met:
        return
    account.met.add(who)
    with source.record({"id": who, "name": name, "phone": phone}, f"participant {who}") as record:
        ids: list[str | None] = [record.maybe("id"), record.maybe("phone")]
        yield CONTACT.row(
            account=account.owner,
            name=record.maybe("name"),
            identifiers=[i for i in ids if i] or None,
        )


def _events(
    source: Source, account: _Account, thread: _Thread, events: Events, key: str
) -> Iterator[Row]:
    for number, (event, value) in enumerate(events.items(), 1):
        said = events.value(event, value)
        yield from _event(source, account, thread, number, said)


def _event(
    source: Source, account: _Account, thread: _Thread, number: int, said: Any
) -> Iterator[Row]:
    where = f"{thread.ref}/{number}"
    if not isinstance(said, Mapping):
        source.reject(where, _NOT_ONE, raw=str(said))
        return
    with source.record(said, where) as record:
        yield _row(source, account, thread, record)


def _row(source: Source, account: _Account, thread: _Thread, record: Record) -> Row:
    record.leave(*_PLAIN)
    sender = record.maybe("sender_id", _who)
    at = record.maybe("timestamp", epoch_us)
    ref = record.maybe("event_id")
    what = record.maybe("event_type")
    call = record.maybe("hangout_event", _of)
    others = thread.others(sender)
    lasted = str(_of(call).get("hangout_duration_secs"))
    seconds = float(lasted) if lasted.isdecimal() else 0.0
    if call and call.get("event_type") == _LASTING and sender and len(others) == 1:
        return CALL.row(
            ref=ref,
            caller=sender,
            callee=others[0],
            started_at=at and at - timedelta(seconds=seconds),  # the event is of its end
            duration_s=seconds,
            kind="voice",
        )
    message = record.maybe("chat_message", _content)
    changed = [record.maybe(n, _changed) for n in ("conversation_rename", "membership_change")]
    text, files = message or (None, 0)
    if files:
        source.leave("pictures and places that Hangouts kept online", files)
    words = " ".join(str(w) for w in (what, _of(call).get("event_type"), *changed) if w)
    return MESSAGE.row(
        app="hangouts",
        ref=ref,
        account=account.owner,
        thread_id=thread.ref,
        thread_name=thread.name,
        sender_id=sender,
        sender_name=thread.names.get(sender or ""),
        recipients=others or None,
        sent_at=at,
        text=text if message else words or None,
        kind=("image" if files and not text else "text") if message else "system",
    )


def _content(said: Any) -> tuple[str | None, int]:
    """The words, and how many attachments; those are addresses at Google's, no files."""
    content = said["message_content"]
    parts = [_segment(one) for one in content.get("segment") or []]
    attached = content.get("attachment") or []
    addresses = [address for one in attached for address in _addresses(one.get("embed_item"))]
    return "\n".join(filter(None, ["".join(parts), *addresses])) or None, len(attached)


def _segment(one: Mapping[str, Any]) -> str:
    return "\n" if one.get("type") == "LINE_BREAK" else str(one.get("text") or "")


def _addresses(item: Any) -> list[str]:
    photo = _of(_of(item).get("plus_photo"))
    url = photo.get("url") or _of(photo.get("thumbnail")).get("image_url")
    return [url] if isinstance(url, str) else []


def _changed(said: Any) -> str:
    """A new name, or who came and went."""
    if "new_name" in said:
        return str(said["new_name"])
    people = [_who(one) for one in said.get("participant_id") or []]
    return " ".join([str(said.get("type") or ""), *(one for one in people if one)]).strip()


def _who(said: Any) -> str | None:
    """A participant's number at Google."""
    number = _of(said).get("gaia_id") or _of(said).get("chat_id")
    return str(number) if number else None


def _id(said: Any) -> str | None:
    inner = _of(said).get("id")
    return str(inner) if isinstance(inner, (str, int)) else None


def _of(said: Any) -> Mapping[str, Any]:
    """An object, or an empty one where there is none."""
    return said if isinstance(said, Mapping) else {}

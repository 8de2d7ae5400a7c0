"""Messenger and Instagram messages from "Download your information": the JSON form.

Two forms, neither published by Meta; both known from many archives. ``message_1.json`` in
``inbox/<thread>/``: ``participants``, ``messages`` (at most 10,000 a file, the newest first),
``title``, ``thread_path``; every text mis-encoded, and mended here (``meta_text``). And the
download of end-to-end encrypted chats: ``participants``, ``threadName``, ``messages`` with
``senderName``, ``timestamp``, ``text``, ``media``, well encoded.

- Accounts are named and not numbered: a name is ``sender_id``.
- A message holds one attachment here: of several, the first that lies in the exhibit; the others
  are counted. A call between two is a row of ``call``. Reactions and addresses are counted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ijson

from faisceau.errors import BadInput
from faisceau.evidence.clocks import epoch_ms
from faisceau.evidence.json_events import CONTAINERS, Events, json_events
from faisceau.evidence.json_outline import ITEM, json_paths
from faisceau.evidence.meta_text import app_of, attachment, kind_of, mended_tree
from faisceau.evidence.reading import Head, Record, Source
from faisceau.tables.schemas import CALL, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, CALL]

_ATTACHED = ("photos", "videos", "audio_files", "gifs", "files", "sticker", "media")
_KINDS = {
    "photos": "image",
    "gifs": "image",
    "sticker": "image",
    "videos": "video",
    "audio_files": "voice",
    "files": "file",
}
_EVENTS = ("Subscribe", "Unsubscribe")
_PLAIN = (
    "type",
    "is_geoblocked_for_viewer",
    "is_taken_down",
    "is_unsent_image_by_messenger_kid_parent",
    "bumped_message_metadata",
)
"""Fields of a message that no column holds."""
_COUNTED = {"reactions": "reactions to messages", "ip": "addresses (IP) of senders"}
"""Fields without a column whose content is counted."""
_HEADER = (
    "is_still_participant",
    "joinable_mode",
    "magic_words",
    "image",
    "thread_type",
    "consistent_thread_identifier",
)
_NOT_ONE = N_("not a message")


def detect(head: Head) -> bool:
    """True when the messages of one root object have the keys of either form."""
    if '"sender_name"' not in head.text and '"senderName"' not in head.text:
        return False
    paths = json_paths(head)
    old = {("participants",), ("messages", ITEM, "sender_name"), ("messages", ITEM, "timestamp_ms")}
    new = {("messages", ITEM, "senderName"), ("messages", ITEM, "timestamp")}
    return old <= paths or (
        new <= paths and bool({("threadName",), ("messages", ITEM, "isUnsent")} & paths)
    )


def read(source: Source) -> Iterator[Row]:
    """Messages and calls. A damaged file raises ``BadInput`` after its readable part."""
    try:
        thread = _thread(source)
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            events.expect("start_map")
            for key, event, value in events.fields():
                if key == "messages" and event == "start_array":
                    yield from _messages(source, thread, events)
                else:
                    events.value(event, value)
    except ijson.JSONError as error:
        raise BadInput(
            N_("{name} is damaged JSON: {why}"), name=source.name, why=str(error).partition("\n")[0]
        ) from error


@dataclass(slots=True)
class _Thread:
    """What the file says of its conversation."""

    ref: str | None = None
    name: str | None = None
    people: list[str] = field(default_factory=list)
    app: str = "messenger"

    def others(self, sender: str | None) -> list[str]:
        """The participants but for ``sender``."""
        return [name for name in self.people if name != sender]


def _thread(source: Source) -> _Thread:
    """The thread's own fields: most stand after the messages, which are passed over here."""
    said: dict[str, Any] = {}
    try:
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            events.expect("start_map")
            for key, event, value in events.fields():
                if key == "messages" and event in CONTAINERS:
                    events.skip()
                else:
                    said[key] = mended_tree(events.value(event, value))
    except ijson.JSONError:
        pass  # damaged: reading the messages will say so, after what can be read
    for key in said.keys() - {"participants", "title", "thread_path", "threadName", *_HEADER}:
        source.tally.unknown[key] += 1
    path = said.get("thread_path") or said.get("threadName") or _folder(source)
    name = said.get("title") or said.get("threadName")
    return _Thread(
        ref=None if path is None else str(path),
        name=None if name is None else str(name),
        people=_names(said.get("participants")),
        app=app_of(source),
    )


def _folder(source: Source) -> str | None:
    """``inbox/<thread>`` of the file's own path: what ``thread_path`` says where it is written."""
    folders = source.name.split("/")[-3:-1]
    return "/".join(folders) if len(folders) == 2 else None


def _names(people: Any) -> list[str]:
    """Participants: objects with a name, or names."""
    listed = people if isinstance(people, list) else []
    names = [p.get("name") if isinstance(p, dict) else p for p in listed]
    return [name for name in names if isinstance(name, str) and name]


def _messages(source: Source, thread: _Thread, events: Events) -> Iterator[Row]:
    for number, (event, value) in enumerate(events.items(), 1):
        message = mended_tree(events.value(event, value))
        if not isinstance(message, dict):
            source.reject(f"message {number}", _NOT_ONE, raw=str(message))
            continue
        with source.record(message, f"message {number}") as record:
            yield _message(source, thread, record, message)


def _message(source: Source, thread: _Thread, record: Record, said: Mapping[str, Any]) -> Row:
    record.leave(*_PLAIN, *_COUNTED)
    _count(source, said)
    sender = record.maybe("senderName" if "senderName" in said else "sender_name")
    at = record.maybe("timestamp" if "timestamp" in said else "timestamp_ms", epoch_ms)
    others = thread.others(sender)
    if sender and len(thread.people) == 2 and others and _is_call(said):
        record.leave("content", "share")
        return CALL.row(
            caller=sender,
            callee=others[0],
            started_at=at,
            duration_s=record.maybe("call_duration", float) or 0.0,
            kind="voice",
            direction="missed" if record.maybe("missed", bool) else None,
        )
    kind, sha256 = _attachment(source, record, said)
    if said.get("type") in _EVENTS or _is_call(said):
        kind = "system"
    return MESSAGE.row(
        app=thread.app,
        account=source.owner,
        thread_id=thread.ref,
        thread_name=thread.name,
        sender_id=sender,
        sender_name=sender,
        recipients=others or None,
        sent_at=at,
        text=_text(record, said),
        kind=kind,
        deleted=_unsent(record, said),
        attachment_sha256=sha256,
    )


def _is_call(said: Mapping[str, Any]) -> bool:
    return said.get("type") == "Call" or "call_duration" in said


def _unsent(record: Record, said: Mapping[str, Any]) -> bool | None:
    """True for a message its sender took back."""
    names = [name for name in ("is_unsent", "isUnsent") if name in said]
    return True if True in [record.maybe(name, bool) for name in names] else None


def _text(record: Record, message: Mapping[str, Any]) -> str | None:
    """The words, then the address and words of what was shared with them, a line each."""
    record.leave("call_duration", "missed")
    parts = [record.maybe(name) for name in ("content", "text") if name in message]
    shared = record.maybe("share", _shared) if "share" in message else None
    users = record.maybe("users", _joined) if "users" in message else None
    said: list[str] = []
    for part in (*parts, *(shared or ()), *(users or ())):
        if part and not any(part in earlier for earlier in said):
            said.append(part)
    return "\n".join(said) or None


def _shared(share: Any) -> list[str]:
    return [str(share[key]) for key in ("link", "share_text") if share.get(key)]


def _joined(users: Any) -> list[str]:
    """Who joined or left a group, by name."""
    return [", ".join(_names(users))]


def _attachment(source: Source, record: Record, said: Mapping[str, Any]) -> tuple[str, str | None]:
    """Kind of the message, and hash of its first attachment that lies in the exhibit."""
    found = [
        (uri, _KINDS.get(name) or kind_of(uri))
        for name in _ATTACHED
        if name in said
        for uri in record.maybe(name, _uris) or ()
    ]
    if not found:
        return "text", None
    if len(found) > 1:
        source.leave("further attachments of a message", len(found) - 1)
    members = (attachment(source, uri) for uri, _ in found)
    member = next((m for m in members if m is not None), None)
    return found[0][1], None if member is None else member.sha256()


def _uris(said: Any) -> list[str]:
    """Paths of attachments: of one object or of several."""
    listed = said if isinstance(said, list) else [said]
    return [str(item["uri"]) for item in listed if item.get("uri")]


def _count(source: Source, said: Mapping[str, Any]) -> None:
    for name, what in _COUNTED.items():
        if value := said.get(name):
            source.leave(what, len(value) if isinstance(value, list) else 1)

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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import ijson
import pyarrow as pa

from faisceau.errors import BadInput
from faisceau.evidence.clocks import epoch_ms
from faisceau.evidence.json_blocks import Alike, Blocks, Form, plain_batch
from faisceau.evidence.json_columns import but, converted, lists, moments, texts, unset
from faisceau.evidence.json_events import CONTAINERS, json_events
from faisceau.evidence.json_outline import ITEM, json_paths
from faisceau.evidence.meta_text import app_of, attachment, kind_of, mended, mended_tree
from faisceau.evidence.reading import Head, Record, Source
from faisceau.tables.schemas import CALL, MESSAGE, Batch, Row
from faisceau.tables.schemas.schema import STRING, STRINGS
from faisceau.words import N_

FILLS = [MESSAGE, CALL]
FROM_HANDSET = False

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
WAITING = 64
"""Blocks of messages, of a quarter of a megabyte each, that wait for the end of their file."""
_OLD = ("sender_name", "timestamp_ms", "content")
_NEW = ("senderName", "timestamp", "text")
"""Who, when and what, in both forms."""


def _form(sender: str, time: str, words: str) -> Form:
    """A message with the names of one form; calls, events and another form's are read alone."""
    takes = {
        sender: mended(texts),
        time: moments(1000),
        words: mended(texts),
        "type": but("Call", *_EVENTS),
        "is_unsent": unset,
        "isUnsent": unset,
        "share": converted(lambda share: _shared(mended_tree(share)), STRINGS),
        **dict.fromkeys(_ATTACHED, converted(lambda one: _uris(mended_tree(one)), STRINGS)),
    }
    others = {*_OLD, *_NEW, "users", "call_duration", "missed"} - takes.keys()
    return Form(takes, frozenset((*_PLAIN, *_COUNTED)), frozenset(others))


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


def read(source: Source) -> Iterator[Row | Batch]:
    """Messages and calls. A damaged file raises ``BadInput`` after its readable part."""
    reading, said = _Messages(source), dict[str, Any]()
    try:
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            events.expect("start_map")
            for key, event, value in events.fields():
                if key == "messages" and event == "start_array":
                    for block in events.blocks():
                        yield from reading.take(block)
                else:
                    said[key] = mended_tree(events.value(event, value))
        yield from reading.finish(said)
    except ijson.JSONError as error:
        yield from reading.finish(said)
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


def _ahead(source: Source) -> dict[str, Any]:
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
    return said


def _thread(source: Source, said: Mapping[str, Any]) -> _Thread:
    """The thread, of its own fields."""
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


class _Messages:
    """The messages of a file. They wait for its end, which tells their thread, if they are few."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._names = _NEW if '"senderName"' in source.head.text else _OLD
        self._blocks = Blocks(source, _form(*self._names))
        self._waiting: list[list[Any]] = []
        self._thread: _Thread | None = None
        self._number = 1

    def take(self, block: list[Any]) -> Iterator[Row | Batch]:
        """Messages as they are read; rows come once the thread is known."""
        self._waiting.append(block)
        if self._thread is not None:
            yield from self._rows(self._thread)
        elif len(self._waiting) > WAITING:
            yield from self.finish(_ahead(self._source))

    def finish(self, said: Mapping[str, Any]) -> Iterator[Row | Batch]:
        """The rows of what still waits, now that the thread's fields are known."""
        if self._thread is None:
            self._thread = _thread(self._source, said)
        yield from self._rows(self._thread)

    def _rows(self, thread: _Thread) -> Iterator[Row | Batch]:
        for block in self._waiting:
            first, self._number = self._number, self._number + len(block)
            yield from self._blocks.read(
                block,
                first,
                lambda number, said: self._alone(thread, number, said),
                lambda alike: _plain(self._source, thread, alike, self._names),
            )
        self._waiting = []

    def _alone(self, thread: _Thread, number: int, said: Any) -> Iterator[Row]:
        message = mended_tree(said)
        if not isinstance(message, dict):
            self._source.reject(f"message {number}", _NOT_ONE, raw=str(message))
            return
        with self._source.record(message, f"message {number}") as record:
            yield _message(self._source, thread, record, message)


def _plain(source: Source, thread: _Thread, alike: Alike, names: tuple[str, str, str]) -> Batch:
    """What people said and sent: no call, no event."""
    for name, what in _COUNTED.items():
        if name in alike.fields and (n := sum(_counted(one.get(name)) for one in alike.said)):
            source.leave(what, n)
    sender, time, words = names
    kind, sha256 = _files(source, alike)
    columns = {
        "app": thread.app,
        "account": source.owner,
        "thread_id": thread.ref,
        "thread_name": thread.name,
        "sender_id": alike[sender],
        "sender_name": alike[sender],
        "recipients": lists(alike[sender], lambda one: thread.others(one) or None),
        "sent_at": alike[time],
        "text": _words(alike, words),
        "kind": kind,
        "attachment_sha256": sha256,
    }
    return plain_batch(MESSAGE, columns, alike.where("message "))


def _words(alike: Alike, name: str) -> pa.Array:
    """What is said, and below it what is shared."""
    said = alike[name]
    if "share" not in alike.fields:
        return said
    shared = alike.of("share", STRINGS).to_pylist()
    merged = [
        _merged((one, *more)) if more else one
        for one, more in zip(said.to_pylist(), shared, strict=True)
    ]
    return pa.array(merged, STRING)


def _files(source: Source, alike: Alike) -> tuple[pa.Array | str, pa.Array | None]:
    """Kinds, and hashes of the files that lie in the exhibit."""
    names = [name for name in _ATTACHED if name in alike.fields]
    if not names:
        return "text", None
    uris = [alike.of(name, STRINGS).to_pylist() for name in names]
    found = [
        _first(
            source,
            [
                (uri, _KINDS.get(name) or kind_of(uri))
                for name, some in zip(names, carried, strict=True)
                for uri in some or ()
            ],
        )
        for carried in zip(*uris, strict=True)
    ]
    return pa.array([k for k, _ in found], STRING), pa.array([h for _, h in found], STRING)


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
    return _merged((*parts, *(shared or ()), *(users or ())))


def _merged(parts: Iterable[str | None]) -> str | None:
    """The parts, a line each, but those that an earlier one holds."""
    said: list[str] = []
    for part in parts:
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
    return _first(source, found)


def _first(source: Source, found: list[tuple[str, str]]) -> tuple[str, str | None]:
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
        if n := _counted(said.get(name)):
            source.leave(what, n)


def _counted(value: Any) -> int:
    return len(value) if isinstance(value, list) else bool(value)

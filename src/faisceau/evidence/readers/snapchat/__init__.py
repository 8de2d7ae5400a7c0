"""Snapchat's "My Data" archive: chats, snaps, friends, account and memories, in JSON and HTML.

Snap publishes no description of the files; the forms are known from archives (2018 on):
``chat_history`` and ``snap_history`` by conversation (``From``, ``Media Type``, ``Created``,
``Content``, ``IsSender``, ``Media IDs``) or, until 2022, by direction (``Received Saved Chat
History`` …); ``friends``, ``account`` and ``memories_history``.

- A snap leaves no content, only that it was sent: its row has no text.
- ``Created(microseconds)`` holds milliseconds, and is read as what it holds.
- A message holds one attachment here: of several, the first in the exhibit; the others are counted.
"""

import re
from collections.abc import Iterator
from typing import Any

import ijson

from faisceau.errors import BadInput
from faisceau.evidence.json_events import json_events
from faisceau.evidence.json_outline import ITEM, json_paths
from faisceau.evidence.readers.snapchat.archive import Archive
from faisceau.evidence.readers.snapchat.pages import page_records
from faisceau.evidence.readers.snapchat.plain import section_rows
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CONTACT, HANDSET, MESSAGE, POSITION, Batch, Row
from faisceau.words import N_

FILLS = [MESSAGE, CONTACT, HANDSET, POSITION]
FROM_HANDSET = False

_FRIENDS = frozenset(
    ("Friend Requests Sent", "Blocked Users", "Deleted Friends", "Hidden Friend Suggestions")
)
_HEADER = re.compile(r"<th\b[^<>]*>\s*(?:<b>)?\s*([^<>]{1,40}?)\s*<")
_SENDER = re.compile(r"<h4\b[^<>]*>[^<>]{1,60}</h4>")
_TIME = re.compile(r">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</h6>")
_TABLES = (
    frozenset(("From", "Media Type", "Created")),
    frozenset(("To", "Media Type", "Created")),
    frozenset(("Username", "Display Name", "Creation Timestamp")),
    frozenset(("Make", "Model", "Start Time")),
)
"""Columns of the tables of its pages."""


def detect(head: Head) -> bool:
    """True for the sections of an archive's JSON, or for a page with its tables or cards."""
    if not head.is_json:
        return "<html" in head.text[:2048].lower() and _is_page(head.text)
    if not any(word in head.text for word in ('"Media Type"', '"Username"', '"Friends"')):
        return False
    paths = json_paths(head)
    first = {path[0] for path in paths}
    messages = {path[:-1] for path in paths if path[-1] == "Created" and path[-2:-1] == (ITEM,)}
    return (
        any((*at, "Media Type") in paths for at in messages if len(at) in (2, 3))
        or ("Friends" in first and bool(first & _FRIENDS))
        or {("Basic Information", "Username"), ("Basic Information", "Creation Date")} <= paths
        or {("Saved Media", ITEM, "Media Type"), ("Saved Media", ITEM, "Date")} <= paths
    )


def _is_page(text: str) -> bool:
    """True for a page with one of the archive's tables, or with a card of a conversation."""
    columns = set(_HEADER.findall(text))
    if any(table <= columns for table in _TABLES):
        return True
    return bool(_SENDER.search(text) and _TIME.search(text))


def read(source: Source) -> Iterator[Row | Batch]:
    """Messages, contacts, the account and its devices, places of memories."""
    archive = Archive(source)
    if not source.head.is_json:
        for section, number, values in page_records(source):
            yield from archive.item(section, number, values)
        return
    try:
        with source.open() as stream:
            events = json_events(stream, source.head.encoding or "utf-8")
            events.expect("start_map")
            for section, event, value in events.fields():
                if event == "start_array":
                    yield from section_rows(source, archive, section, events)
                elif event == "start_map":
                    yield from _object(archive, section, events.value(event, value))
                elif value not in (None, ""):
                    source.tally.unknown[section] += 1
    except ijson.JSONError as error:
        raise BadInput(
            N_("{name} is damaged JSON: {why}"), name=source.name, why=str(error).partition("\n")[0]
        ) from error


def _object(archive: Archive, section: str, said: dict[str, Any]) -> Iterator[Row]:
    """A section that is no list: one record, or lists by conversation."""
    lists = {name: value for name, value in said.items() if isinstance(value, list)}
    if not lists or len(lists) < len(said):
        yield from archive.item(section, 1, said)
        return
    for name, items in lists.items():
        for number, item in enumerate(items, 1):
            yield from archive.item(name, number, item)

"""Google Takeout: Chat, Hangouts, Voice and Location History (contacts are vCards, read as such).

Google publishes no description of these files; the forms are known from archives, and those of
Location History from https://locationhistoryformat.com. One module a service:

- ``chat``: ``messages.json``, with ``group_info.json`` beside it for the conversation's name and
  members; ``user_info.json`` for the account.
- ``hangouts``: ``Hangouts.json``, the service that ended in 2022.
- ``locations``: ``Records.json``, ``Semantic Location History``, and the timeline that phones
  export since 2024 (Android's ``semanticSegments``, the array of iOS).
- ``voice``: the pages of calls, voicemails and texts (hCard and hAudio microformats).
"""

from collections.abc import Callable, Iterator

import ijson

from faisceau.errors import BadInput
from faisceau.evidence.json_outline import json_paths
from faisceau.evidence.readers.google_takeout import chat, hangouts, locations, voice
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, POSITION, Batch, Row
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT, POSITION]
FROM_HANDSET = False


_JSON = (chat, hangouts, locations)
_Read = Callable[[Source], Iterator[Row | Batch]]


def detect(head: Head) -> bool:
    """True for a file of one of the services, by its own keys or microformats."""
    return _service(head) is not None


def read(source: Source) -> Iterator[Row | Batch]:
    """Messages, calls, contacts and positions, as the file holds them."""
    rows = _service(source.head)
    if rows is None:
        raise BadInput(N_("{name} is no file of Google Takeout"), name=source.name)
    try:
        yield from rows(source)
    except ijson.JSONError as error:
        raise BadInput(
            N_("{name} is damaged JSON: {why}"), name=source.name, why=str(error).partition("\n")[0]
        ) from error


def _service(head: Head) -> _Read | None:
    """What reads the files of the service that wrote this one."""
    if not head.is_json:
        return voice.read if voice.recognise(head.text) else None
    if not any(word in head.text for module in _JSON for word in module.WORDS):
        return None
    paths = json_paths(head)
    return next((module.read for module in _JSON if module.recognise(paths)), None)

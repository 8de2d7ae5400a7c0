"""Cellebrite UFED reports: ``report.xml`` of a ``.ufdr``, or one model of it.

Format: namespace ``http://pa.cellebrite.com/report/2.0``; the maker publishes no schema. What
the reader knows of it: real models, the field lists of https://github.com/SEilers/UFEDLib, and the
elements that https://github.com/casework/CASE-Implementation-UFED-XML and IPED's UfedXmlReader
name. A report of several gigabytes, or a chat of 100,000 messages, passes in bounded memory.
"""

from collections.abc import Callable, Iterator
from functools import partial

from faisceau.errors import BadInput
from faisceau.evidence.readers.cellebrite_xml import device, messages, people, places
from faisceau.evidence.readers.cellebrite_xml.chats import Chat, PlainMessages
from faisceau.evidence.readers.cellebrite_xml.files import TaggedFiles
from faisceau.evidence.readers.cellebrite_xml.parsing import Part, Said, parts
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.report_sheets.handset import Handset
from faisceau.evidence.report_sheets.secrets import CREDENTIALS
from faisceau.tables.schemas import CALL, CONTACT, HANDSET, MEDIA, MESSAGE, POSITION, Batch, Row

FILLS = [MESSAGE, CALL, CONTACT, HANDSET, POSITION, MEDIA]

_REPORT = "cellebrite.com/report"
_OF_CARD = frozenset(["SIMData", "DeviceInfoEntry"])
_LEFT = {"Password": CREDENTIALS}
"""What a model is called among those left, where its type does not say it."""


def detect(head: Head) -> bool:
    """True for a ``project`` in Cellebrite's namespace, or for models with fields."""
    if head.xml_root == "project":
        return _REPORT in head.text[:8192]
    return head.xml_root in ("model", "modelType", "decodedData") and "ield name=" in head.text


def read(source: Source) -> Iterator[Row | Batch]:
    """Messages, calls, contacts, positions, files, and the device with its cards and accounts.

    Models of other types are counted as left. A damaged report raises ``BadInput`` after its
    readable part.
    """
    handset, files, plain = Handset(), TaggedFiles(source), PlainMessages(source)
    chat: Chat | None = None
    damage: BadInput | None = None
    found = parts(source, _WANTED)
    while True:
        try:
            part = next(found, None)
        except BadInput as error:
            damage = error
            break
        if part is None:
            break
        if part.kind == "messages":
            if chat is None or chat.said is not part.said:
                chat = Chat.of(source, part.said)
            for said in part.messages:
                if not plain.take(said, chat):
                    yield from messages.instant_message(source, files, said, chat)
            if plain.full:
                yield from plain.rows()
        elif part.kind == "model":
            yield from _model(source, part.said, handset, files)
        else:
            yield from _other(source, part, handset, files)
    yield from plain.rows()
    yield from handset.rows(source)
    if damage is not None:
        raise damage


def _other(source: Source, part: Part, handset: Handset, files: TaggedFiles) -> Iterator[Row]:
    if part.kind == "file":
        yield from files.rows(part.said)
    elif part.kind == "item":
        for name, value in part.said.items():
            handset.item(source, name, value, among="metadata item")
    else:
        kind = str(part.said["@type"])
        source.leave(_LEFT.get(kind) or kind or "model without type")


def _model(source: Source, said: Said, handset: Handset, files: TaggedFiles) -> Iterator[Row]:
    """The rows of one model that stands by itself in the report."""
    kind = said["@type"]
    if kind == "Chat":
        if not said.get("@messages"):
            source.leave("Chat")  # its messages, if it had any, have been read
        if log := said.get("ActivityLog"):
            source.leave("ChatActivity", len(log))
    elif kind in _WITH_FILES:
        yield from _WITH_FILES[kind](source, files, said)
    elif kind in _PLACES:
        yield from _PLACES[kind](source, said, handset.name)
    elif kind == "Call":
        yield from people.call(source, said)
    elif kind == "Contact":
        yield from people.contact(source, said)
    elif kind == "UserAccount":
        yield from people.account(source, said, handset)
    elif kind == "InstalledApplication":
        device.application(handset, said)
    else:
        device.line(handset, source, said)


_WITH_FILES: dict[str, Callable[[Source, TaggedFiles, Said], Iterator[Row]]] = {
    "InstantMessage": partial(messages.instant_message, chat=None),
    "SMS": messages.text_message,
    "MMS": messages.text_message,
    "Email": messages.email,
    "Voicemail": messages.voicemail,
    "VoiceMail": messages.voicemail,
}
_PLACES = {
    "Location": places.location,
    "Journey": places.journey,
    "CellTower": places.beacon,
    "WirelessNetwork": places.beacon,
}
_WANTED = frozenset(["Chat", "Call", "Contact", "UserAccount", "InstalledApplication"]).union(
    _WITH_FILES, _PLACES, _OF_CARD
)

"""Cellebrite's Excel and CSV reports: a sheet, or a file, for each kind of thing.

Format: the maker publishes none. Known from https://github.com/facelessg00n/pythonForensics and
the columns that other open programs name: a title (``Chats (74)``), then a header that begins
with ``#``; chats carry their own columns in their first row alone; ``Timestamp: Time`` holds the
day too, and its zone in brackets. ``Timeline`` repeats the other sheets and is left.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from faisceau.evidence.folding import folded
from faisceau.evidence.reading import Head, Record, Source
from faisceau.evidence.report_sheets import filling
from faisceau.evidence.report_sheets.filling import Cells, Columns
from faisceau.evidence.report_sheets.handset import Handset
from faisceau.evidence.report_sheets.secrets import CREDENTIALS, is_secret
from faisceau.evidence.report_sheets.workbook import (
    Cells as Line,
)
from faisceau.evidence.report_sheets.workbook import (
    Lines,
    Table,
    first_rows,
    header_of,
    is_workbook,
    mapped,
    sheet_names,
    sheets,
    table,
    tasted,
    text_head,
    text_rows,
)
from faisceau.tables.schemas import CALL, CONTACT, HANDSET, MESSAGE, POSITION, Row

FILLS = [MESSAGE, CALL, CONTACT, HANDSET, POSITION]

_ATTACHMENTS = (
    *("attachments", "piecesjointes"),
    *(f"{word}{n or ''}" for word in ("attachment", "piecejointe") for n in range(100)),
)
_NAMES: filling.Names = {
    "chat": ("chat", "discussion"),
    "thread": ("identifier", "chatidentifier", "threadid", "identifiant", "chatid"),
    "thread_name": ("chatname", "nomdeladiscussion"),
    "name": ("name", "nom", "displayname", "contactname"),
    "app": ("source", "application", "sourceapplication"),
    "service": ("servicetype", "service", "serviceidentifier"),
    "account": ("account", "owneraccount", "compte"),
    "username": ("username", "userid", "nomdutilisateur"),
    "participants": ("participants",),
    "parties": ("parties", "party", "intervenants"),
    "from": ("from", "de", "sender", "expediteur"),
    "to": ("to", "a", "recipients", "recipient", "destinataires"),
    "cc": ("cc",),
    "bcc": ("bcc", "cci"),
    "number": ("number", "phonenumber", "numero"),
    "email": ("email", "emailaddress"),
    "text": ("body", "message", "text", "content", "corps", "texte", "snippet"),
    "subject": ("subject", "objet"),
    "direction": ("direction", "sens"),
    "type": ("type", "calltype"),
    "folder": ("folder", "dossier"),
    "status": ("status", "statut", "etat"),
    "label": ("label", "labels", "libelle"),
    "deleted": (
        *("deletedinstantmessage", "deletedmessage", "deletedsms", "deletedmms", "deletedemail"),
        *("deletedcall", "deletedcontact", "deletedstate", "deleted", "supprime"),
    ),
    "attachment": _ATTACHMENTS,
    "day": ("timestampdate", "date", "horodatagedate"),
    "time": (
        *("timestamptime", "timestamp", "datetime", "time", "horodatageheure", "horodatage"),
        *("heure", "starttime"),
    ),
    "duration": ("duration", "duree"),
    "entries": ("entries", "entry", "entrees", "phones", "emails"),
    "position": ("location", "position", "coordinates"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "accuracy": ("precision", "horizontalaccuracy", "accuracy"),
    "category": ("category", "categorie"),
}
_NAMES_OF_CHATS = {**_NAMES, "thread_name": (*_NAMES["thread_name"], "name", "nom"), "name": ()}
_IGNORED = re.compile(
    r"^$|^tag|^carved$|^manuallydecoded|decoded$|^messagecarved|^sourcefile|^sourceinfo|^extraction"
    r"|^numberof|^participantphoto|photo|^priority|^platform|^smsc|^starred|^delivered|^read(?:date"
    r"|time)?$|^played|^starttime|^lastactivity|^deletedchat|details?$|^description|^instantmessage"
    r"|^chattype|^networkc|^networkn|^country|^videocall|^notes?$|^address|^organi|^interaction"
    r"|^created|^modified|^lasttime|^times?contacted|^group|^serveraddress|^confidence|^map"
    r"|^endtime|^aggregated|^origin|^participantstimestamps|^usertags|^additionalinfo|^uid$|^row$"
)
_KINDS = {
    "message": "chats chat instantmessages discussions conversations messagesinstantanes",
    "sms": "smsmessages sms messagessms messages textmessages",
    "mms": "mmsmessages mms messagesmms",
    "email": "emails email courriels",
    "call": "calllog calls calllogs journaldappels journaldesappels appels",
    "contact": "contacts contact",
    "account": "useraccounts useraccount accounts comptesutilisateur comptesdutilisateur",
    "device": "deviceinfo deviceinformation simdata informationsappareil infoappareil donneessim",
    "app": "installedapplications applications applicationsinstallees",
    "position": "devicelocations locations emplacements localisations",
    CREDENTIALS: "passwords password motsdepasse",
}
_BY_TITLE = {title: kind for kind, titles in _KINDS.items() for title in titles.split()}
_CHAT_LEVEL = ("chat", "thread", "thread_name", "participants", "app", "account")
_MARKS = re.compile(
    r"^(?:instantmessage|timestamptime|timestampdate|deleted\w+|tagnote\w*|manuallydecoded|carved"
    r"|sourcefileinformation|entries|interactionstatuses|starredmessage|servicetype"
    r"|numberofattachments|lastactivitytime|horodatageheure)$"
)
"""Folded headers by which a CSV file shows whose it is."""
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)


def detect(head: Head) -> bool:
    """True for a workbook with two of Cellebrite's sheets, or a CSV file with its marks."""
    if mapped(head):
        return False
    if is_workbook(head):
        names = sheet_names(head)
        ours = [name for name in names if _kind_by_title(name)]
        if len(ours) < min(2, len(names)):
            return False
        return any(_numbered_header(first_rows(head, name)) for name in ours[:3])
    if head.xml_root is not None or head.is_json:
        return False
    return _numbered_header(text_head(head))


def read(source: Source) -> Iterator[Row]:
    """The rows of every sheet that holds messages, calls, contacts, accounts or places.

    Other sheets are counted as left, row by row.
    """
    handset = Handset()
    if is_workbook(source.head):
        for name, lines in sheets(source):
            yield from _sheet(source, name, lines, handset)
    else:
        stem = PurePosixPath(source.name).stem
        yield from _sheet(source, stem, text_rows(source), handset)
    yield from handset.rows(source)


def _sheet(source: Source, name: str, lines: Lines, handset: Handset) -> Iterator[Row]:
    some, lines = tasted(lines)
    found = table(name, iter(some), _is_known)
    kind = _kind_by_title(name) or (_kind_of(found) if found is not None else None)
    if found is None or kind is None or kind == CREDENTIALS:
        source.leave(kind or name, _counted(lines))
        return
    whole = table(name, lines, _is_known) or found
    names = _NAMES_OF_CHATS if kind == "message" else _NAMES
    columns = Columns.of(whole.headers, names, _IGNORED, rows=[cells for _, cells in some])
    chat: dict[str, Any] = {}
    for number, line in whole.records():
        said = {header: cell for header, cell in line.items() if not is_secret(header)}
        if len(said) < len(line):
            source.leave(CREDENTIALS, len(line) - len(said))
        if kind == "message":
            chat = _chat(chat, said, columns)
            said = {**chat, **said}
        if kind in ("device", "app"):
            _device(source, kind, said, handset)
            continue
        record = source.record(said, f"{name} {number}")
        yield from _rows(kind, record, Cells.of(source, record, said, columns), handset)


def _rows(kind: str, record: Record, cells: Cells, handset: Handset) -> Iterator[Row]:
    """The rows of one line of a sheet."""
    with record:
        if kind == "call":
            yield from filling.calls(cells)
        elif kind in ("contact", "account"):
            if kind == "account":
                _account(cells, handset)
            yield filling.contact(cells)
        elif kind == "position":
            if cells.place()[0] is None:
                record.set_aside("Location without coordinates")
            else:
                yield filling.position(cells, handset.name)
        elif kind == "message" and not _says(cells):
            record.set_aside("Chat")
        else:
            yield filling.message(cells, app="chat" if kind == "message" else kind)


def _counted(lines: Lines) -> int:
    """How many things a sheet lists, without its title and header."""
    every = header = 0
    for _, cells in lines:
        every += 1
        if any(str(cell).strip() == "#" for cell in cells[:2]):
            header = every
    return every - header


def _says(cells: Cells) -> bool:
    """True for a line of a message; a chat may have a line of its own."""
    own = ("from", "text", "time", "attachment")
    return any(cells.every(name) for name in own)


def _chat(before: dict[str, Any], said: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """What a chat says of itself, carried to the lines of it where it stands no more."""
    number = next((h for h in columns.headers.get("chat", ()) if h in said), None)
    if number is None or before.get(number) == said[number]:
        return before
    level = (header for name in _CHAT_LEVEL for header in columns.headers.get(name, ()))
    return {header: said[header] for header in level if header in said}


def _device(source: Source, kind: str, said: Mapping[str, Any], handset: Handset) -> None:
    """A line about the device: a name and the value beside it; or an application."""
    if kind == "app":
        by_name = {folded(header): str(cell) for header, cell in said.items()}
        handset.add("apps", by_name.get("identifier") or by_name.get("name"))
        return
    texts = [str(cell).strip() for header, cell in said.items() if folded(header) != "source"]
    if not any(handset.named(name, value) for name, value in pairwise(texts)):
        secret = any(map(is_secret, texts))
        source.leave(CREDENTIALS if secret else "line about the device")


def _account(cells: Cells, handset: Handset) -> None:
    for value in filling.contact(cells).values["identifiers"] or ():
        handset.add("accounts", value)
    handset.add("apps", cells.text("service", "app"))


def _kind_by_title(title: str) -> str | None:
    return _BY_TITLE.get(folded(re.sub(r"\(\d+\)|\d+$", "", title)))


def _kind_of(found: Table) -> str | None:
    """What the rows of a table are by its title, or else by its headers."""
    if kind := _kind_by_title(found.title):
        return kind
    headers = {folded(header) for header in found.headers}
    if "instantmessage" in headers:
        return "message"
    if headers & {"body", "message", "corps"}:
        return "message" if "chat" in headers else "sms"
    for kind, marks in (
        ("account", {"username"}),
        ("call", {"duration", "duree"}),
        ("position", {"latitude"}),
        ("contact", {"entries", "entrees"}),
    ):
        if headers & marks:
            return kind
    return None


def _is_known(header: str) -> bool:
    plain = folded(header)
    return header.strip() == "#" or plain in _KNOWN or bool(plain and _MARKS.match(plain))


def _numbered_header(lines: list[tuple[int, Line]]) -> bool:
    """True where a header that begins with ``#`` holds one of Cellebrite's marks."""
    for number, cells in lines:
        if header_of([(number, cells)], _is_known) is None:
            continue
        named = [str(cell).strip() for cell in cells if cell not in (None, "")]
        if "#" not in named[:2]:
            continue
        titled = any(_kind_by_title(str(c)) for _, row in lines for c in row[:2] if c is not None)
        return titled or any(_MARKS.match(folded(name)) for name in named)
    return False

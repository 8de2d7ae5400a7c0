"""Oxygen Forensic Detective: its exports as Excel, CSV and XML.

Format: the maker publishes none. The columns of its sheets are known from open programs that
read them (``Direction``, ``Source``, ``Type``, ``Time stamp (UTC 0)``, ``Text``, ``From``, ``To``,
``Details``, ``Thread id``, ``Attachment``; ``Phones & Emails`` for contacts). In XML the same
names are looked for in flat records, since no schema is public; other records are counted.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from faisceau.errors import BadInput
from faisceau.evidence.folding import folded
from faisceau.evidence.reading import Head, Source
from faisceau.evidence.report_sheets import filling
from faisceau.evidence.report_sheets.filling import Cells, Columns
from faisceau.evidence.report_sheets.handset import Handset
from faisceau.evidence.report_sheets.leaves import leaves
from faisceau.evidence.report_sheets.secrets import CREDENTIALS, is_secret
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

_NAMES: filling.Names = {
    "direction": ("direction",),
    "app": ("source", "application", "app"),
    "kind": ("type", "messagetype"),
    "time": ("timestamp", "datetime", "date", "time", "starttime", "messagetimestamp"),
    "text": ("text", "message", "messagetext", "body"),
    "subject": ("subject",),
    "from": ("from", "sender"),
    "to": ("to", "recipient", "recipients"),
    "cc": ("cc",),
    "bcc": ("bcc",),
    "participants": ("participants",),
    "number": ("remotepartyphonenumber", "remotepartyid", "phonenumber", "number"),
    "name": ("remoteparty", "contact", "name", "fullname", "displayname"),
    "account": ("account", "owner", "accountid"),
    "username": ("username", "userid", "login"),
    "thread": ("threadid", "chatid", "thread"),
    "thread_name": ("chatname", "groupname", "conversation"),
    "ref": ("messageid", "callid", "contactid", "uid", "guid", "id"),
    "attachment": ("attachment", "attachments", "attachedfile"),
    "deleted": ("deleted", "isdeleted", "deletedstate"),
    "duration": ("duration", "callduration"),
    "entries": ("phonesemails", "phones", "emails", "phone", "email", "internet", "mobile"),
    "position": ("geoposition", "coordinates", "geodata"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "accuracy": ("accuracy", "precision"),
    "category": ("category",),
}
_IGNORED = re.compile(r"^$|^details$|^index$|^other$|^messages$|^rowid$|^devicename|^status$|^note")
_KINDS = {
    "message": "messages message sms mms chats chat emails email privatemessages",
    "call": "calls call calllog eventlog phonecalls",
    "contact": "contacts contact phonebook",
    "account": "accounts account useraccounts",
    "device": "deviceinformation deviceinfo device extractioninformation generalinformation",
    "position": "locations location geodata geoevents",
    "app": "applications installedapplications",
    CREDENTIALS: "accountsandpasswords passwords password",
}
_BY_TITLE = {title: kind for kind, titles in _KINDS.items() for title in titles.split()}
_DETAILS = (
    *("Message ID", "Chat ID", "Remote party", "Remote party ID", "Remote party phone number"),
    *("Deleted", "Chat name", "Group name", "Owner", "Account"),
)
"""Lines of ``Details`` that a column holds."""
_DETAIL = re.compile(r"^\s*([^:\n]{2,40}):\s*(.+?)\s*$", re.MULTILINE)
_MAKER = re.compile(r"oxygen\W{0,3}(?:forensic|software)", re.IGNORECASE)
_TIME_STAMP = re.compile(r"^time stamp\s*\(", re.IGNORECASE)
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)


def detect(head: Head) -> bool:
    """True for XML that names its maker, or for tables with the columns of Oxygen's."""
    if mapped(head):
        return False
    if is_workbook(head):
        names = [name for name in sheet_names(head) if folded(name) in _BY_TITLE]
        return any(_is_ours(first_rows(head, name)) for name in names[:4])
    if head.xml_root is not None:
        told = _MAKER.search(head.text[:8192]) or "oxygen" in head.xml_root.lower()
        return bool(told) and head.xml_root.lower() != "html"
    if head.is_json:
        return False
    return _is_ours(text_head(head))


def read(source: Source) -> Iterator[Row]:
    """The rows of messages, calls, contacts, accounts and places; others are counted as left."""
    handset = Handset()
    damage: BadInput | None = None
    try:
        if is_workbook(source.head):
            for name, lines in sheets(source):
                yield from _sheet(source, name, lines, handset)
        elif source.head.xml_root is not None:
            yield from _xml(source, handset)
        else:
            stem = PurePosixPath(source.name).stem
            yield from _sheet(source, stem, text_rows(source), handset)
    except BadInput as error:
        damage = error
    yield from handset.rows(source)
    if damage is not None:
        raise damage


def _sheet(source: Source, name: str, lines: Lines, handset: Handset) -> Iterator[Row]:
    some, lines = tasted(lines)
    found = table(name, iter(some), _is_known)
    kind = _BY_TITLE.get(folded(name))
    if kind is None and found is not None:
        kind = _kind_of({_plain(header) for header in found.headers})
    if kind == "device":
        for _, cells in lines:
            said = {str(n): cell for n, cell in enumerate(cells) if cell not in (None, "")}
            if [str(cell).strip().lower() for cell in said.values()] != ["name", "value"]:
                _device(source, said, handset)
        return
    if found is None or kind is None or kind == CREDENTIALS:
        source.leave(kind or name.strip(), sum(1 for _ in lines))
        return
    whole = table(name, lines, _is_known) or found
    columns = _columns(whole, [cells for _, cells in some])
    for number, said in whole.records():
        yield from _record(source, kind, f"{name} {number}", said, handset, columns=columns)


def _columns(found: Table, some: list[Any]) -> Columns:
    virtual = [name for name in _DETAILS if name not in found.headers]
    return Columns.of([*found.headers, *virtual], _NAMES, _IGNORED, rows=some)


def _xml(source: Source, handset: Handset) -> Iterator[Row]:
    """Flat records, each with columns of its own; their sections say what they are."""
    columns: dict[tuple[str, ...], Columns] = {}
    for leaf in leaves(source):
        names = tuple(leaf.said)
        plain = {_plain(name) for name in names}
        titles = (_BY_TITLE.get(folded(section)) for section in reversed(leaf.sections))
        kind = next(filter(None, titles), None) or _kind_of(plain)
        if kind is None or kind == CREDENTIALS or (kind != "device" and not plain & _KNOWN):
            source.leave(kind or leaf.called)
            continue
        if names not in columns:
            columns[names] = Columns.of([*names, *_DETAILS], _NAMES, _IGNORED)
        locator = f"line {leaf.line}"
        yield from _record(source, kind, locator, leaf.said, handset, columns=columns[names])


def _record(
    source: Source,
    kind: str,
    locator: str,
    line: Mapping[str, Any],
    handset: Handset,
    *,
    columns: Columns,
) -> Iterator[Row]:
    """The rows of one record."""
    said = {header: cell for header, cell in line.items() if not is_secret(header)}
    if len(said) < len(line):
        source.leave(CREDENTIALS, len(line) - len(said))
    if kind == "device":
        _device(source, said, handset)
        return
    if kind == "app":
        by_name = {folded(header): str(cell) for header, cell in said.items()}
        handset.add("apps", by_name.get("package") or by_name.get("name"))
        return
    for name, value in _DETAIL.findall(str(said.get("Details", ""))):
        said.setdefault(next((d for d in _DETAILS if d.lower() == name.lower()), "Details"), value)
    with source.record(said, locator) as record:
        cells = Cells.of(source, record, said, columns)
        if kind == "call":
            cells.every("kind")
            yield from filling.calls(cells)
        elif kind in ("contact", "account"):
            cells.every("kind")
            row = filling.contact(cells)
            for value in row.values["identifiers"] or () if kind == "account" else ():
                handset.add("accounts", value)
            yield row
        elif kind == "position":
            if cells.place()[0] is None:
                record.set_aside("Location without coordinates")
            else:
                yield filling.position(cells, handset.name)
        else:
            yield filling.message(cells, app="oxygen")


def _device(source: Source, said: Mapping[str, Any], handset: Handset) -> None:
    """A line about the device: a name and the value beside it, or several by name."""
    texts = [str(cell).strip() for cell in said.values()]
    pairs = [*((str(name), str(cell)) for name, cell in said.items()), *pairwise(texts)]
    if not [True for name, value in pairs if handset.named(name, value)]:
        secret = any(is_secret(name) for name, _ in pairs)
        source.leave(CREDENTIALS if secret else "line about the device")


def _kind_of(headers: set[str]) -> str | None:
    """What records with these names are."""
    if headers & {"phonesemails", "phones"}:
        return "contact"
    if "duration" in headers and headers & {"from", "to", "remoteparty", "direction"}:
        return "call"
    if headers & {"text", "messagetext", "body"} and headers & {"timestamp", "datetime", "date"}:
        return "message"
    if {"latitude", "longitude"} <= headers:
        return "position"
    return None


def _plain(header: str) -> str:
    return folded(re.sub(r"\(.*?\)", "", header))


def _is_known(header: str) -> bool:
    return _plain(header) in _KNOWN


def _is_ours(lines: list[tuple[int, Any]]) -> bool:
    """True where a header holds Oxygen's time stamp, or its column of phones and mails."""
    for number, cells in lines:
        if header_of([(number, cells)], _is_known) is not None:
            named = [str(cell).strip() for cell in cells if cell not in (None, "")]
            stamped = any(_TIME_STAMP.match(name) for name in named)
            plain = {_plain(name) for name in named}
            return (stamped and "source" in plain) or "phonesemails" in plain
    return False

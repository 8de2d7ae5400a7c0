"""MSAB XRY: its exports as text, CSV, Excel and XML.

Format of the text export, one file a kind of thing: ``XRY Export``, five lines of header of which
the third says the kind (``Calls``, ``Messages/SMS``), then entities of ``Key:<tab>value`` lines
under a numbered title, blank lines between; ``From``, ``To`` and ``Participant`` stand alone
before what they hold. Known from Autopsy's XRY data source processor
(https://github.com/sleuthkit/autopsy). CSV and Excel have the same keys as columns; in XML, whose
schema is not public, they are looked for in flat records.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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

_ENDS = frozenset(["from", "to", "participant", "cc", "bcc", "sender", "recipient"])
_NUMBERS = ("tel", "number", "email", "account", "unique id")
_NAMES: filling.Names = {
    "app": ("relatedapplication", "application", "source"),
    "account": ("accountname", "relatedaccount", "account"),
    "from": ("from", "fromtel", "sender"),
    "to": ("to", "totel", "recipient"),
    "cc": ("cc",),
    "bcc": ("bcc",),
    "participants": ("participant", "participants", "participanttel"),
    "number": ("tel", "number", "mobile", "home", "work", "phone", "identifier", "uniqueuserid"),
    "name": ("namematched", "name", "fullname"),
    "email": ("email", "emailhome", "emailwork", "emailaddress"),
    "entries": ("facebookid", "skypeid", "snapchatid", "whatsappid", "userid", "username"),
    "text": ("text", "message", "body", "content"),
    "subject": ("subject",),
    "time": ("time", "date", "datetime", "created", "timestamp", "sent"),
    "direction": ("direction", "calltype"),
    "type": ("type", "messagetype"),
    "folder": ("folder",),
    "status": ("status",),
    "deleted": ("deleted", "isdeleted"),
    "duration": ("duration",),
    "thread": ("threadid", "chatid", "conversationid", "thread"),
    "thread_name": ("chatname", "threadname", "conversation", "groupname"),
    "ref": ("uniqueid", "messageid", "uid"),
    "attachment": ("attachment", "attachments", "filename", "picture"),
    "position": ("coordinates", "position", "location"),
    "latitude": ("latitude",),
    "longitude": ("longitude",),
    "accuracy": ("accuracy", "horizontalaccuracy"),
    "category": ("category",),
}
_IGNORED = re.compile(
    r"^$|^storage|^index|^servicecent|^referencenumber|^segment|^networktype|^country|^address"
    r"|^other$|^note|^delivered|^received$|^read$|^priority|^protocol|^hash|^source(?:path|file)"
    r"|^importance|^recovery|^id$|^no$|^subtype|^modified|^smsc|^starred"
)
_KINDS = {
    "call": "calls call calllog",
    "message": "messages message messagessms sms mms chat chats email emails messageschat",
    "contact": "contacts contact contactscontacts phonebook",
    "account": "accounts account contactsaccounts useraccounts",
    "device": "device generalinformation devicegeneralinformation deviceinformation casedata",
    "position": "locations location locationshistory",
    "app": "applications installedapplications devicinstalledapps deviceinstalledapps",
    CREDENTIALS: "passwords accountpasswords securitypasswords",
}
_BY_TITLE = {title: kind for kind, titles in _KINDS.items() for title in titles.split()}
_KNOWN = frozenset(name for names in _NAMES.values() for name in names)
_MARKS = frozenset(["relatedapplication", "namematched", "calltype", "fromtel", "totel"])
"""Columns by which a CSV or Excel file shows whose it is."""
_EXPORT = re.compile(r"\s*XRY Export\s*$", re.IGNORECASE | re.MULTILINE)
_MAKER = re.compile(r"\b(?:XRY|MSAB|Micro Systemation)\b")
_TITLE = re.compile(r"^(?P<what>.{1,60}?)\s*#\s*(?P<number>\d+)\s*$")
_PAIR = re.compile(r"^(?P<key>[^:\t]{1,60}?)\s*:(?:\s+(?P<value>.*))?$")
_LINES_OF_HEADER = 5
_LONGEST_ENTITY = 100_000
"""Lines."""


@dataclass
class _Exported:
    """What the reading of one export gathers."""

    source: Source
    handset: Handset = field(default_factory=Handset)
    columns: dict[tuple[str, ...], Columns] = field(default_factory=dict)
    day_first: bool = True

    def of(self, names: tuple[str, ...]) -> Columns:
        """What these names mean; remembered, since records of one kind have the same."""
        if names not in self.columns:
            found = Columns.of(names, _NAMES, _IGNORED)
            self.columns[names] = Columns(found.headers, self.day_first, found.zone, found.known)
        return self.columns[names]


def detect(head: Head) -> bool:
    """True for ``XRY Export``, for XML that names its maker, for tables with XRY's columns."""
    if mapped(head):
        return False
    if is_workbook(head):
        return any(_is_ours(first_rows(head, name)) for name in sheet_names(head)[:4])
    if head.xml_root is not None:
        root = head.xml_root.lower()
        told = root.startswith("xry") or _MAKER.search(head.text[:4096])
        return bool(told) and root not in ("html", "project", "model")
    if head.is_json:
        return False
    return _EXPORT.match(head.text[:2048]) is not None or _is_ours(text_head(head))


def read(source: Source) -> Iterator[Row]:
    """The rows of messages, calls, contacts, accounts and places; others are counted as left."""
    exported = _Exported(source)
    damage: BadInput | None = None
    try:
        if is_workbook(source.head):
            for name, lines in sheets(source):
                yield from _sheet(exported, name, lines)
        elif source.head.xml_root is not None:
            yield from _xml(exported)
        elif _EXPORT.match(source.head.text[:2048]):
            yield from _text(exported)
        else:
            yield from _sheet(exported, PurePosixPath(source.name).stem, text_rows(source))
    except BadInput as error:
        damage = error
    yield from exported.handset.rows(source)
    if damage is not None:
        raise damage


def _text(exported: _Exported) -> Iterator[Row]:
    """The entities of a text export; parts of one long message are joined."""
    times = re.findall(r"(?m)^\s*Time\s*:\s*(.+)$", exported.source.head.text)
    shown = Columns.of(["Time"], _NAMES, _IGNORED, rows=[[time.strip()] for time in times])
    exported.day_first = shown.day_first
    kind: str | None = None
    waiting: tuple[str, dict[str, str]] | None = None
    for what, number, said in _entities(exported.source):
        kind = _kind(what) or _kind_of({folded(name) for name in said})
        if waiting is not None and _continues(waiting[1], said):
            waiting[1]["Text"] = _words(waiting[1]) + _words(said)
            exported.source.leave("further part of a message")
            continue
        if waiting is not None:
            yield from _record(exported, "message", *waiting)
        waiting = (f"{what} {number}", said) if kind == "message" else None
        if waiting is None:
            yield from _record(exported, kind, f"{what} {number}", said)
    if waiting is not None:
        yield from _record(exported, "message", *waiting)


def _continues(before: Mapping[str, str], said: Mapping[str, str]) -> bool:
    """True for the next part of a message that was sent in several."""
    number = said.get("Reference Number")
    return bool(number) and number == before.get("Reference Number") and "Segment Number" in said


def _words(said: Mapping[str, str]) -> str:
    return said.get("Text") or said.get("Message") or ""


def _entities(source: Source) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Kind, number and texts of each entity. A blank line may also stand within a text."""
    kind = title = number = ""
    begun: int | None = None
    lines: list[str] = []
    for n, line in source.lines():
        if begun is None:
            begun = n if _EXPORT.match(line) else None
        elif n < begun + _LINES_OF_HEADER:
            kind = line.strip() if n == begun + 2 else kind
        elif found := _TITLE.match(line):
            if title:
                yield kind or title, number, _texts(lines)
            title, number, lines = found["what"].strip(), found["number"], []
        elif title and len(lines) < _LONGEST_ENTITY:
            lines.append(line)
    if title:
        yield kind or title, number, _texts(lines)


def _texts(lines: list[str]) -> dict[str, str]:
    """Texts by key; the ends of a message as one text each, ``Bob <+33611>``."""
    said: dict[str, str] = {}
    ends: list[tuple[str, dict[str, str]]] = []
    key = ""
    for line in lines:
        if folded(line) in _ENDS and ":" not in line:
            ends.append((line.strip(), {}))
            key = ""
        elif (pair := _PAIR.match(line)) and _is_key(pair["key"], key):
            key = pair["key"].strip()
            value = (pair["value"] or "").strip()
            own = ends[-1][1] if ends and _is_of_end(key) else said
            own[key] = f"{own[key]}\n{value}" if key in own else value
        elif key:
            own = ends[-1][1] if ends and _is_of_end(key) else said
            own[key] = f"{own[key]}\n{line.strip()}"
    for name, inside in ends:
        by_key = {k.lower(): v for k, v in inside.items()}
        party = next((by_key[k] for k in _NUMBERS if by_key.get(k)), None)
        label = next((v for k, v in by_key.items() if k.startswith("name") and v), None)
        both = f"{label} <{party}>" if label and party else party or label
        if both:
            said[name] = f"{said[name]}\n{both}" if name in said else both
    return {name: value.strip("\n") for name, value in said.items() if value.strip()}


def _is_key(key: str, before: str) -> bool:
    """True for a key, and not for a line of a text that has a colon in it."""
    if folded(before) not in ("text", "message", "body", "content"):
        return True
    plain = folded(key)
    return plain in _KNOWN or plain in _ENDS or bool(plain and _IGNORED.match(plain))


def _is_of_end(key: str) -> bool:
    return key.lower() in _NUMBERS or key.lower().startswith("name")


def _sheet(exported: _Exported, name: str, lines: Lines) -> Iterator[Row]:
    some, lines = tasted(lines)
    found = table(name, iter(some), _is_known)
    plain = {_plain(header) for header in found.headers} if found is not None else set()
    kind = _kind(name) or _kind_of(plain)
    if kind == "device":
        for _, cells in lines:
            yield from _record(exported, kind, name, {str(n): c for n, c in enumerate(cells) if c})
        return
    if found is None or kind is None or kind == CREDENTIALS:
        exported.source.leave(kind or name, sum(1 for _ in lines))
        return
    whole = table(name, lines, _is_known) or found
    rows = [cells for _, cells in some]
    columns = Columns.of(whole.headers, _NAMES, _IGNORED, rows=rows)
    for number, said in whole.records():
        yield from _record(exported, kind, f"{name} {number}", said, columns)


def _xml(exported: _Exported) -> Iterator[Row]:
    for leaf in leaves(exported.source):
        plain = {_plain(name) for name in leaf.said}
        titles = (_kind(section) for section in reversed(leaf.sections))
        kind = next(filter(None, titles), None) or _kind_of(plain)
        if kind is None or (kind not in ("device", CREDENTIALS) and not plain & _KNOWN):
            exported.source.leave(leaf.called)
        else:
            yield from _record(exported, kind, f"line {leaf.line}", leaf.said)


def _record(
    exported: _Exported,
    kind: str | None,
    locator: str,
    line: Mapping[str, Any],
    columns: Columns | None = None,
) -> Iterator[Row]:
    """The rows of one record."""
    source, handset = exported.source, exported.handset
    said = {header: cell for header, cell in line.items() if not is_secret(header)}
    if len(said) < len(line):
        source.leave(CREDENTIALS, len(line) - len(said))
    if kind is None or kind == CREDENTIALS:
        source.leave(kind or locator.rpartition(" ")[0])
    elif kind == "device":
        _device(source, said, handset)
    elif kind == "app":
        by_name = {_plain(header): str(cell) for header, cell in said.items()}
        handset.add("apps", by_name.get("packagename") or by_name.get("name"))
    else:
        with source.record(said, locator) as record:
            cells = Cells.of(source, record, said, columns or exported.of(tuple(said)))
            if kind == "position" and cells.place()[0] is None:
                record.set_aside("Location without coordinates")
            else:
                yield from _rows(kind, cells, handset)


def _rows(kind: str, cells: Cells, handset: Handset) -> Iterator[Row]:
    if kind == "call":
        yield from filling.calls(cells)
    elif kind == "position":
        yield filling.position(cells, handset.name)
    elif kind in ("contact", "account"):
        row = filling.contact(cells)
        for value in row.values["identifiers"] or () if kind == "account" else ():
            handset.add("accounts", value)
        yield row
    else:
        yield filling.message(cells, app="sms" if cells.every("folder") else "xry")


def _device(source: Source, said: Mapping[str, Any], handset: Handset) -> None:
    """``Attribute: IMEI`` and ``Data: …`` in turn, or a name and the value beside it."""
    values = [line.strip() for cell in said.values() for line in str(cell).split("\n")]
    pairs = [*((str(name), str(cell)) for name, cell in said.items())]
    if {"Attribute", "Data"} <= said.keys():
        names, data = str(said["Attribute"]).split("\n"), str(said["Data"]).split("\n")
        pairs = list(zip(names, data, strict=False))
    elif len(values) == 2:
        pairs.append((values[0], values[1]))
    for name, value in pairs:
        handset.item(source, name, value, among="line about the device")


def _kind(title: str) -> str | None:
    """What a report, sheet or section holds, by its name: ``Messages/SMS``, ``Calls``."""
    plain = folded(title)
    first = folded(re.split(r"[/\\-]", title)[0])
    return _BY_TITLE.get(plain) or _BY_TITLE.get(first)


def _kind_of(names: set[str]) -> str | None:
    """What records with these names are."""
    if "calltype" in names or ("duration" in names and names & {"from", "to", "tel", "number"}):
        return "call"
    if names & {"text", "message", "body"} and names & {"time", "date", "datetime"}:
        return "message"
    if {"latitude", "longitude"} <= names:
        return "position"
    if "name" in names and names & {"tel", "mobile", "home", "emailhome"}:
        return "contact"
    return None


def _plain(header: str) -> str:
    return folded(re.sub(r"\((?!matched).*?\)", "", header, flags=re.IGNORECASE))


def _is_known(header: str) -> bool:
    return _plain(header) in _KNOWN


def _is_ours(lines: list[tuple[int, Any]]) -> bool:
    """True where a header holds one of XRY's own columns beside others that it has."""
    for number, cells in lines:
        if header_of([(number, cells)], _is_known) is not None:
            named = {_plain(str(cell)) for cell in cells if cell not in (None, "")}
            return len(named & _MARKS) > 1 or bool(named & _MARKS and "storage" in named)
    return False

"""Outlook's single items: ``.msg``.

Format: MS-OXMSG (a compound file, MS-CFB, of properties, MS-OXPROPS), opened by python-oxmsg. What
the internet header of a mail says is read as in other mails; where there is none, as in what was
never sent through the internet, the properties say it. A mail attached to one is a message too.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

from olefile import OleFileIO  # type: ignore[import-untyped]
from oxmsg.properties import Properties
from oxmsg.storage import Storage

from faisceau.errors import BadInput
from faisceau.evidence.mail.charsets import codec_of, words
from faisceau.evidence.mail.headers import Headers, read_headers
from faisceau.evidence.mail.mime import Attached, Body
from faisceau.evidence.mail.plain import plain
from faisceau.evidence.mail.rows import DEEPEST, Mail, mail_rows
from faisceau.evidence.mail.rtf import decompressed, text_of
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import MEDIA, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, MEDIA]
FROM_HANDSET = False
LARGEST = 512 << 20
"""Bytes: the library holds an item whole."""
SHARED = 4
"""Streams of a compound file take up at most so many times its size: else they share sectors."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NAMED = "__nameid_version1.0"
_BROKEN = (
    OSError,
    ValueError,
    LookupError,
    struct.error,
    AssertionError,
    TypeError,
    RecursionError,
)
"""What the libraries raise on damage."""
_ROOT, _EMBEDDED, _OTHER = 32, 24, 8
"""Bytes before the first property: of an item, of one inside another, of the rest."""
_SUBJECT, _BODY, _HTML, _RTF, _HEADERS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D
_SENT, _DELIVERED, _CREATED = 0x0039, 0x0E06, 0x3007
_NO_MAIL = ("ipm.contact", "ipm.distlist")

T = TypeVar("T")


def detect(head: Head) -> bool:
    """True for a compound file with Outlook's list of named properties, or a message class."""
    if not head.start.startswith(_OLE):
        return False
    try:
        with _compound(head.member.local()) as file:
            names = {path[0].lower() for path in file.listdir(streams=True, storages=True)}
    except _BROKEN:
        return False
    return _NAMED in names or any(name.startswith("__substg1.0_001a") for name in names)


def read(source: Source) -> Iterator[Row]:
    """The message, its attachments, and the messages among these."""
    if source.member.size > LARGEST:
        raise BadInput(N_("{name} is larger than any mail"), name=source.name)
    try:
        with _compound(source.path()) as file:
            storage = Storage.from_ole(file)
    except _BROKEN as error:
        why = str(error)[:200] or type(error).__name__
        raise BadInput(N_("{name} is damaged: {why}"), name=source.name, why=why) from error
    item = _Item(storage, _ROOT)
    kind = (item.text(0x001A) or "").lower()
    if kind.startswith(_NO_MAIL):
        source.reject("", N_("an Outlook item that is no message: {kind}"), kind=kind)
        return
    yield from mail_rows(source, _mail(source, item, 0), "")


@contextmanager
def _compound(path: Path) -> Iterator[OleFileIO]:
    """A compound file that promises no more than it has. Raises ``OSError``.

    The library believes what the header and the directory say (MS-CFB 2.2, 2.6): a damaged sector
    size, or a stream larger than the file, would have it fill the memory.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        header = stream.read(76)
    if len(header) < 76:
        raise OSError("cut short")
    version, order, sector, mini = struct.unpack_from("<HHHH", header, 26)
    if order != 0xFFFE or (version, sector) not in ((3, 9), (4, 12)) or mini != 6:
        raise OSError("sectors of no known size")
    tables = struct.unpack_from("<I", header, 44) + struct.unpack_from("<I", header, 64)
    difat = struct.unpack_from("<I", header, 72)
    if sum(tables + difat) << sector > size:
        raise OSError("tables larger than the file")
    with OleFileIO(str(path)) as file:
        sizes = [entry.size for entry in file.direntries if entry is not None]
        if any(one > size for one in sizes) or sum(sizes) > SHARED * size:
            raise OSError("streams larger than the file")
        yield file


class _Item:
    """The properties of an item, an attachment or a recipient; what is damaged is absent."""

    def __init__(self, storage: Storage, offset: int) -> None:
        self.storage = storage
        self._properties = Properties(storage, properties_header_offset=offset)
        self._streams = {stream.name.upper(): stream.bytes_ for stream in storage.streams}

    def text(self, pid: int) -> str | None:
        """A text; 8-bit ones in the code page that the item names, or look like."""
        wide = self._streams.get(f"__SUBSTG1.0_{pid:04X}001F")
        if wide is not None:
            return wide.decode("utf-16-le", "replace").rstrip("\0") or None
        narrow = self._streams.get(f"__SUBSTG1.0_{pid:04X}001E")
        if narrow is not None:
            return words(narrow, self._page(0x3FFD)).rstrip("\0") or None
        return None

    def data(self, pid: int) -> bytes | None:
        """Bytes."""
        return self._streams.get(f"__SUBSTG1.0_{pid:04X}0102")

    def time(self, pid: int) -> datetime | None:
        """A time in UTC."""
        found = _tried(lambda: self._properties.date_prop_value(pid))
        return found if isinstance(found, datetime) else None

    def number(self, pid: int) -> int | None:
        """A whole number."""
        return _tried(lambda: self._properties.int_prop_value(pid))

    def html(self) -> str | None:
        """The HTML of the body."""
        if (raw := self.data(_HTML)) is not None:
            return words(raw, self._page(0x3FDE))
        return self.text(_HTML)

    def _page(self, pid: int) -> str | None:
        number = self.number(pid)
        named = {65001: "utf-8", 20127: "us-ascii", 28591: "iso-8859-1", 50220: "iso-2022-jp"}
        return codec_of(named.get(number, f"cp{number}")) if number else None


def _tried(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except _BROKEN:
        return None


def _mail(source: Source, item: _Item, depth: int) -> Mail:
    raw = (item.text(_HEADERS) or "").replace("\r\n", "\n").encode("utf-8", "replace")
    headers, _ = read_headers(raw.lstrip())
    body = Body(text=_body(item))
    inside = []
    for storage in item.storage.iter_attachment_storages():
        file = _Item(storage, _OTHER)
        held = [s for s in storage.storages if s.name.upper() == "__SUBSTG1.0_3701000D"]
        data = file.data(0x3701)
        if data is not None:
            name = file.text(0x3707) or file.text(0x3704) or file.text(0x3001)
            body.files.append(
                Attached(name, file.text(0x370E) or "", file.text(0x3712) is not None, data)
            )
        elif held and file.number(0x3705) == 5 and depth < DEEPEST:
            inside.append(_mail(source, _Item(held[0], _EMBEDDED), depth + 1))
        else:  # an OLE object, or a file that stood elsewhere
            source.leave("attachment without a file")
    return Mail(_completed(headers, item), body, inside=tuple(inside))


def _body(item: _Item) -> str | None:
    """The plain text; else what HTML or RTF say."""
    text = (item.text(_BODY) or "").replace("\r\n", "\n").strip("\n").rstrip()
    if not text and (html := item.html()):
        text = plain(html)
    if not text and (rtf := item.data(_RTF)):
        text = _tried(lambda: text_of(decompressed(rtf))) or ""
    return text or None


def _completed(headers: Headers, item: _Item) -> Headers:
    """The header, with what the properties say where it says nothing."""
    values = dict(headers.values)
    said = {
        "from": _sender(item),
        "to": _recipients(item),
        "subject": item.text(_SUBJECT),
        "message-id": item.text(0x1035),
        "in-reply-to": item.text(0x1042),
        "references": item.text(0x1039),
    }
    for name, value in said.items():
        if value and not values.get(name, ("",))[0]:
            values[name] = (value,)
    if subject := said["subject"]:
        values["subject"] = (subject,)  # the property is decoded already
    if "to" in headers.values and (everyone := said["to"]):  # Bcc stands in no header
        values["bcc"] = (*values.get("bcc", ()), everyone)
    times = (item.time(pid) for pid in (_SENT, _DELIVERED, _CREATED))
    if at := next(filter(None, times), None):
        if "date" not in values:
            values["date"] = (format_datetime(at),)
        else:
            values["delivery-date"] = (format_datetime(at),)
    return Headers(values)


def _sender(item: _Item) -> str | None:
    name = item.text(0x0C1A) or item.text(0x0042)
    found = (item.text(pid) for pid in (0x5D01, 0x5D02, 0x0C1F, 0x0065))
    return _mailbox(name, next((a for a in found if a and "@" in a), None))


def _recipients(item: _Item) -> str | None:
    boxes = []
    for storage in item.storage.iter_recipient_storages():
        one = _Item(storage, _OTHER)
        found = (one.text(pid) for pid in (0x39FE, 0x3003, 0x3001))
        address = next((a for a in found if a and "@" in a), None)
        boxes.append(_mailbox(one.text(0x3001), address))
    if not boxes:
        boxes = [item.text(pid) for pid in (0x0E04, 0x0E03, 0x0E02)]
        return "; ".join(filter(None, boxes)) or None
    return ", ".join(filter(None, boxes)) or None


def _mailbox(name: str | None, address: str | None) -> str | None:
    """A mailbox as a header writes it."""
    quoted = '"' + name.replace("\\", "").replace('"', "'") + '"' if name else ""
    return f"{quoted} <{address}>".strip() if address else quoted or None

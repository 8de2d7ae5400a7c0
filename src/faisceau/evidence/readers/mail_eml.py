"""Single mails: ``.eml``, and Apple Mail's ``.emlx``.

Format: RFC 5322 with MIME (RFC 2045 to 2049). An ``.emlx`` is the number of bytes of the mail on a
line, the mail, then a property list of Apple Mail's own. What becomes of the headers is told in
``evidence.mail.rows``.
"""

import plistlib
import re
from collections.abc import Iterator
from dataclasses import replace

from faisceau.evidence.mail.headers import read_headers
from faisceau.evidence.mail.rows import LONGEST_MAIL, mail_rows, read_mail
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import MEDIA, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, MEDIA]
FROM_HANDSET = False
_LENGTH = re.compile(rb"\A\s*(\d{1,10})[ \t]*\r?\n")
_BOM = b"\xef\xbb\xbf"
_SENT = frozenset({"from", "sender", "return-path", "received", "x-mozilla-status", "x-gm-thrid"})
_ABOUT = frozenset({"date", "to", "cc", "subject", "message-id", "received", "delivered-to"})
_SAVED_PAGE = re.compile(r"(?i)<Saved by |Snapshot-Content-Location")
_DELETED = 1 << 1
"""Apple Mail's flag of a deleted mail, in the property list."""


def detect(head: Head) -> bool:
    """True when the file begins with the header of a mail: from someone, about something."""
    start = _start(head.start)
    headers, end = read_headers(head.start, start)
    names = headers.values.keys()
    if end == start or not (names & _SENT and len(names & (_SENT | _ABOUT)) >= 2):
        return False
    if head.start[start : start + 5] == b"From ":
        return False  # a mailbox
    return not _SAVED_PAGE.search(headers.raw("from") or "")  # a web page (MHTML)


def read(source: Source) -> Iterator[Row]:
    """The message, its attachments, and the messages among these."""
    with source.open() as stream:
        data = stream.read(LONGEST_MAIL)
        rest = len(stream.read(1))
    start = _start(data)
    length = _LENGTH.match(data)
    end = length.end() + int(length[1]) if length else len(data)
    mail = read_mail(data[start:end])
    if end < len(data):
        mail = replace(mail, deleted=_deleted(data[end:]))
    yield from mail_rows(source, mail, "")
    if rest:
        source.reject("end", N_("continues a mail longer than any: the rest is unread"))


def _start(data: bytes) -> int:
    """Where the header begins: after a byte-order mark, blank lines, the length of an emlx."""
    if length := _LENGTH.match(data):
        return length.end()
    start = len(_BOM) if data.startswith(_BOM) else 0
    blank = re.compile(rb"\s*").match(data, start)
    return blank.end() if blank else start


def _deleted(tail: bytes) -> bool | None:
    try:
        flags = plistlib.loads(tail.strip()).get("flags", 0)
        return True if int(flags) & _DELETED else None
    except Exception:  # the property list is a bonus; its parser raises anything on damage
        return None

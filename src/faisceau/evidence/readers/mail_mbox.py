"""Mailboxes (mbox): one file, one mail after the other, streamed whatever its size.

Format: RFC 4155, and the variants that its appendix names. A mail begins at a line ``From …``; one
that stands in a text is written ``>From`` (mboxo) or with one more ``>`` (mboxrd), which is undone.
A mailbox that quotes nothing (mboxcl2) says in ``Content-Length`` where a mail ends; the length is
believed where a mail does end there. Google Takeout and Thunderbird write mbox.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from typing import BinaryIO

from faisceau.evidence.mail import rows as of_mail
from faisceau.evidence.mail.headers import Moment, moment, read_headers
from faisceau.evidence.mail.rows import mail_rows, read_mail
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import MEDIA, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, MEDIA]
FROM_HANDSET = False
BLOCK = 4 << 20
LONGEST_MAIL = of_mail.LONGEST_MAIL
_FIRST = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?=From )")
_CANDIDATE = re.compile(rb"\nFrom [^\n]{0,2000}\n")
_DATED = re.compile(rb"\b\d{1,2}:\d\d\b")
_YEAR = re.compile(rb"\b(?:19|20)\d\d\b")
_STRICT = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +"
    rb"(?:[A-Z][a-z]{2} +\d{1,2}|\d{1,2} +[A-Z][a-z]{2}) .*\d:\d\d"
)
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:|>?From ")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,12})[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_DATE_AT = re.compile(r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b.*")
_KNOWN = frozenset(
    (
        "from", "date", "received", "return-path", "delivered-to", "message-id", "subject", "to",
        "x-mozilla-status", "x-gm-thrid", "x-gmail-labels", "status", "x-status", "content-type",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Boxed:
    """One mail of a mailbox: its ``From`` line, its bytes, how many more were too many."""

    line: str
    data: bytes
    beyond: int = 0


def detect(head: Head) -> bool:
    """True when the first line is ``From …`` and a mail's header follows."""
    first = _FIRST.match(head.start)
    if first is None:
        return False
    line_end = head.start.find(b"\n", first.end()) + 1
    headers, _ = read_headers(head.start, line_end)
    return bool(line_end) and bool(headers.values.keys() & _KNOWN)


def read(source: Source) -> Iterator[Row]:
    """One message a mail, with its attachments and the mails among these."""
    with source.open() as stream:
        for number, boxed in enumerate(mails(stream), 1):
            locator = f"message {number}"
            mail = read_mail(boxed.data)
            sender, envelope = _envelope(boxed.line)
            mail = replace(mail, envelope=envelope, envelope_from=sender)
            yield from mail_rows(source, mail, locator)
            if boxed.beyond:
                reason = N_("continues a mail longer than any: {n} bytes are unread")
                source.reject(locator, reason, n=boxed.beyond)


def mails(stream: BinaryIO) -> Iterator[Boxed]:
    """The mails of a mailbox, one in memory at a time."""
    window = _Window(stream)
    first = _FIRST.match(window.data)
    start = first.end() if first else 0
    while True:
        end, last, beyond = window.end_of(start)
        raw = bytes(window.data[start:end])
        line, _, rest = raw.partition(b"\n")
        if line.strip() or rest.strip():
            beyond += max(len(rest) - LONGEST_MAIL, 0)
            text = line.decode("utf-8", "replace").strip()
            yield Boxed(text, _unquoted(rest[:LONGEST_MAIL]), beyond)
        if last:
            return
        start = window.drop(end)


class _Window:
    """The part of the file that is in memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.data = bytearray(stream.read(BLOCK))
        self.ended = len(self.data) < BLOCK

    def drop(self, end: int) -> int:
        """Forget what is settled, now and then; where ``end`` is afterwards."""
        if end < BLOCK:
            return end
        del self.data[:end]
        return 0

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        if not self.ended:
            block = self._stream.read(BLOCK)
            self.data += block
            self.ended = not block
        return not self.ended

    def end_of(self, start: int) -> tuple[int, bool, int]:
        """Where the mail that starts at ``start`` ends, whether it is the last, bytes skipped."""
        if (told := self._told(start)) is not None:
            return told, self.ended and told >= len(self.data), 0
        at, beyond = start + 5, 0
        while True:
            found = _CANDIDATE.search(self.data, at)
            if found is not None:
                if not (self._complete(found.end()) or not self.more()):
                    continue
                if self._begins(found.start() + 1, found.end()):
                    return found.start() + 1, False, beyond
                at = found.end() - 1
                continue
            at = max(at, len(self.data) - 2_010)
            over = len(self.data) - start - LONGEST_MAIL
            if over > 0:  # keep its beginning and the place the search has come to
                cut = start + LONGEST_MAIL
                gone = max(at - cut, 0)
                del self.data[cut : cut + gone]
                beyond, at = beyond + gone, at - gone
            if not self.more():
                return len(self.data), True, beyond

    def _complete(self, at: int) -> bool:
        """True when the line at ``at`` is there in full, or as far as it matters."""
        return self.ended or self.data.find(b"\n", at) >= 0 or len(self.data) - at > 1000

    def _begins(self, at: int, end: int) -> bool:
        """True when the ``From`` line at ``at`` begins a mail: it is dated, and what stands
        around it is what stands around a mail."""
        line = bytes(self.data[at:end])
        before = bytes(self.data[max(at - 4, 0) : at])
        after_blank = before.endswith((b"\n\n", b"\n\r\n"))
        header = bool(_HEADER.match(self.data, end))
        if _STRICT.search(line):
            return after_blank or header
        return after_blank and header and bool(_DATED.search(line) and _YEAR.search(line))

    def _told(self, start: int) -> int | None:
        """Where ``Content-Length`` says the mail ends, if one does end there."""
        blank = re.compile(rb"\n\r?\n")
        header_end = blank.search(self.data, start)
        while header_end is None and len(self.data) - start < BLOCK and self.more():
            header_end = blank.search(self.data, start)
        if header_end is None:
            return None
        told = _LENGTH.search(self.data, start, header_end.start() + 1)
        if told is None or int(told[1]) > LONGEST_MAIL:
            return None
        end = header_end.end() + int(told[1])
        while len(self.data) < end + 64 and self.more():
            pass
        here = re.compile(rb"\s{0,4}(?:(?=From )|\Z)").match(self.data, end)
        if here is None or end > len(self.data) or not self._ends_line(here.end()):
            return None
        return here.end()

    def _ends_line(self, at: int) -> bool:
        return at >= len(self.data) or self.data[at - 1 : at] == b"\n"


def _unquoted(data: bytes) -> bytes:
    return _QUOTED.sub(rb"\1", data) if b">From " in data else data


def _envelope(line: str) -> tuple[str | None, Moment | None]:
    """The sender and the time that a ``From`` line states; the time is in UTC (RFC 4155)."""
    parts = line.split(maxsplit=2)
    sender = parts[1] if len(parts) > 1 and "@" in parts[1] and parts[1][-4:] != "@xxx" else None
    dated = _DATE_AT.search(line)
    found = moment(dated[0], UTC) if dated else None
    return sender, replace(found, bare=False) if found else None

"""The body of a mail: its text, its attachments, the mails attached to it.

Format: RFC 2045 and 2046 (MIME), read as bytes and never copied whole: a part is decoded when it
is wanted. What is damaged is read as far as it goes: a part without its last boundary ends where
the mail does, a multipart without any boundary is text.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message

from faisceau.evidence.mail.charsets import words
from faisceau.evidence.mail.headers import Headers, base64_bytes, decoded, read_headers
from faisceau.evidence.mail.plain import plain

DEEPEST = 24
"""Parts nested deeper are attachments, unopened."""
MOST_PARTS = 5_000
"""Parts of one mail; what follows is one attachment."""
_MESSAGES = ("message/rfc822", "message/global", "message/news")
_TEXTS = (
    "text/plain",
    "text/html",
    "text/enriched",
    "text/richtext",
    "message/delivery-status",
    "message/disposition-notification",
    "text/rfc822-headers",
)


@dataclass(frozen=True, slots=True)
class Attached:
    """A file in a mail: its name and declared type, whether the text shows it, its bytes."""

    name: str | None
    content_type: str
    inline: bool
    content: bytes


@dataclass(slots=True)
class Body:
    """What a mail holds besides its header."""

    text: str | None = None
    files: list[Attached] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """One part: its header, and where its body lies in the bytes of the mail."""

    data: bytes
    headers: Headers
    start: int
    end: int
    about: Message

    @property
    def type(self) -> str:
        return self.about.get_content_type()

    @property
    def name(self) -> str | None:
        try:
            found = self.about.get_filename()
        except (ValueError, TypeError, LookupError):
            return None
        return decoded(found).strip() or None if found else None

    @property
    def disposition(self) -> str:
        return (self.headers.raw("content-disposition") or "").split(";")[0].strip().lower()

    def content(self) -> bytes:
        """The bytes, their transfer encoding undone."""
        raw = self.data[self.start : self.end]
        encoding = (self.headers.raw("content-transfer-encoding") or "").strip().lower()
        if encoding == "base64":
            return base64_bytes(raw)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(raw)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return _from_uu(raw)
        return raw

    def words(self) -> str:
        """The content as text, its line ends ``\\n``."""
        try:
            charset = self.about.get_content_charset()
        except (ValueError, TypeError, LookupError):
            charset = None
        text = words(self.content(), charset)
        return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def read_body(data: bytes, headers: Headers, start: int) -> Body:
    """The body of the mail whose header ended at ``start``."""
    body = Body()
    budget = [MOST_PARTS]
    text = _read(_part(data, headers, start, len(data)), body, 0, budget)
    body.text = text.strip("\n").rstrip() or None
    return body


def _part(data: bytes, headers: Headers, start: int, end: int, default: str = "") -> _Part:
    about = Message()
    for name in ("content-type", "content-disposition"):
        raw = headers.raw(name)
        if raw is not None:
            about[name] = raw
    if default:
        about.set_default_type(default)
    return _Part(data, headers, start, end, about)


def _read(part: _Part, body: Body, depth: int, budget: list[int]) -> str:
    """The text a person reads of a part; its files and mails go to ``body``."""
    kind = part.type
    budget[0] -= 1
    if kind.startswith("multipart/") and depth < DEEPEST and budget[0] > 0:
        parts = list(_parts(part))
        # a boundary that occurs nowhere: what is there is text
        return _several(parts, part, body, depth, budget) if parts else part.words()
    if kind in _MESSAGES and depth < DEEPEST:
        body.mails.append(part.content())
        return ""
    if _is_shown(part, depth):
        if kind == "text/html":
            return plain(part.words())
        return re.sub(r"<[^<>]{1,40}>", "", part.words()) if "rich" in kind else part.words()
    if budget[0] > -MOST_PARTS:
        inline = part.disposition == "inline" or part.headers.raw("content-id") is not None
        body.files.append(Attached(part.name, kind, inline, part.content()))
    return ""


def _is_shown(part: _Part, depth: int) -> bool:
    """True for a part that is text of the mail, not a file beside it."""
    if part.disposition == "attachment" or part.type not in _TEXTS:
        return False
    named = part.name is not None and part.disposition != "inline"
    return not named or depth == 0 or part.type == "text/html"


def _several(parts: list[_Part], whole: _Part, body: Body, depth: int, budget: list[int]) -> str:
    """The texts of all parts; of alternatives the plain one that says something, else the last."""
    if whole.type != "multipart/alternative":
        found = (_read(inner, body, depth + 1, budget).strip("\n") for inner in parts)
        return "\n\n".join(filter(None, found))
    texts = [(inner.type, _read(inner, body, depth + 1, budget)) for inner in parts]
    said = [(kind, text) for kind, text in texts if text.strip()]
    return next((text for kind, text in said if kind == "text/plain"), said[-1][1] if said else "")


def _parts(part: _Part) -> Iterator[_Part]:
    """The parts of a multipart, in their order; preamble and epilogue are for old programs."""
    try:
        boundary = part.about.get_boundary()
    except (ValueError, TypeError, LookupError):
        boundary = None
    if not boundary:
        return
    mark = re.escape(boundary.encode("utf-8", "surrogateescape"))
    lines = re.compile(rb"^--" + mark + rb"(--)?[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
    default = "message/rfc822" if part.type == "multipart/digest" else ""
    start: int | None = None
    for line in lines.finditer(part.data, part.start, part.end):
        if start is not None:
            yield _inner(
                part.data, start, _without_line_end(part.data, start, line.start()), default
            )
        start = None if line[1] else line.end()
    if start is not None and start < part.end:  # its last boundary is missing
        yield _inner(part.data, start, part.end, default)


def _inner(data: bytes, start: int, end: int, default: str) -> _Part:
    headers, body = read_headers(data, start, end)
    return _part(data, headers, min(body, end), end, default)


def _without_line_end(data: bytes, start: int, end: int) -> int:
    """The line end before a boundary belongs to the boundary."""
    if end > start and data[end - 1 : end] == b"\n":
        end -= 1
        if end > start and data[end - 1 : end] == b"\r":
            end -= 1
    return end


def _from_uu(raw: bytes) -> bytes:
    out = []
    for line in raw.splitlines():
        if not line or line.startswith((b"begin ", b"end", b"`")):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            size = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:size]))
            except binascii.Error:
                continue
    return b"".join(out)

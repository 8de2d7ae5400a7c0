"""Media: what a file is that no reader claims, by its content, and its row in ``media``.

Recognised by the rules of ``file(1)`` (pure-magic, a rewrite of libmagic that brings its rules
with it), and by a few beginnings that these rules miss.
"""

from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from pure_magic_rs import MagicDb

from faisceau.evidence.media_facts import Kind, media_facts
from faisceau.evidence.reading import Member
from faisceau.tables.schemas import MEDIA, Row

UNKNOWN = "application/octet-stream"
MISSED = (
    (b"ID3", "audio/mpeg"),
    (b"caff\x00\x01", "audio/x-caf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # Word, Excel to 2003
)
"""Beginnings known here, for what the rules leave ``UNKNOWN``."""
WEAK = frozenset({"image/x-tga", "image/g3fax"})
"""Formats without a signature of their own: their rules take chance bytes for a picture."""
REGISTERED = {
    "audio/x-m4a": "audio/mp4",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/x-wav": "audio/vnd.wave",
    "video/x-m4v": "video/mp4",
    "video/x-matroska": "video/matroska",
    "text/rtf": "application/rtf",
}
"""Names that ``file(1)`` made up -> the name registered with IANA."""
DOCUMENTS = (
    "application/pdf",
    "application/rtf",
    "application/epub+zip",
    "application/postscript",
    "application/msword",
    "application/x-ole-storage",
    "application/vnd.ms-",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "text/html",
)
"""How the types of documents begin: files made to be shown to a person, page by page.

Plain text, CSV, JSON and the like are none: a reader that knew their columns would read them, so
they are counted as unknown and not passed off as understood.
"""


@dataclass(frozen=True, slots=True)
class Media:
    """What a file is: its kind and its media type (RFC 6838)."""

    kind: Kind
    media_type: str


def media_type(start: bytes) -> str:
    """The media type of a file from its first bytes (64 KiB are enough), lower case."""
    found = str(_rules().best_magic_buffer(start).mime_type).lower() if start else UNKNOWN
    if found == UNKNOWN or found in WEAK:
        found = next((name for mark, name in MISSED if start.startswith(mark)), UNKNOWN)
    return REGISTERED.get(found, found)


def media_of(start: bytes) -> Media | None:
    """What a file is from its first bytes; None when it is no sound, picture or document."""
    name = media_type(start)
    family = name.partition("/")[0]
    if family == "audio":
        return Media("audio", name)
    if family == "video":
        return Media("video", name)
    if family == "image":
        return Media("image", name)
    return Media("document", name) if name.startswith(DOCUMENTS) else None


def media_row(member: Member, media: Media, zone: ZoneInfo) -> Row:
    """The ``media`` row of a file: its hash, and what it says of itself (``media_facts``).

    ``container`` is the archive it lies in, as the member's name tells.
    """
    return MEDIA.row(
        kind=media.kind,
        path=member.name,
        sha256=member.sha256(),
        size=member.size,
        media_type=media.media_type,
        container=member.name.rpartition("!/")[0] or None,
        **media_facts(member, media.kind, zone),
    )


@cache
def _rules() -> MagicDb:
    return MagicDb()

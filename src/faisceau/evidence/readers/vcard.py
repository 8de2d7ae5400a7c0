"""Address books as vCards (``.vcf``): versions 2.1, 3.0 and 4.0, several cards in a file.

Format: vCard 2.1 (versit, 1996), RFC 2426 (3.0), RFC 6350 (4.0); lines are parsed by vobject, cards
are told apart here, so that a damaged one costs its neighbours nothing. A line that is none is
counted ``unread`` and the rest of its card is read; a card that names nobody is one reject.

``identifiers`` holds telephone numbers, mail addresses, messaging handles and URLs, in the order of
the card. A picture in a card is a row of ``media``.
"""

import binascii
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from faisceau.evidence.mail.charsets import words
from faisceau.evidence.mail.headers import base64_bytes
from faisceau.evidence.media import media_of, media_type
from faisceau.evidence.reading import LONGEST_LINE, Head, Record, Source
from faisceau.tables.schemas import CONTACT, MEDIA, Row
from faisceau.words import N_

FILLS = [CONTACT, MEDIA]
FROM_HANDSET = False
LONGEST_CARD = 32 << 20
"""Characters; further lines of a card are left unread, and it is said."""

_BEGIN = re.compile(r"\s*(?:[\w-]+\.)?BEGIN\s*:\s*VCARD\s*$", re.IGNORECASE)
_END = re.compile(r"\s*(?:[\w-]+\.)?END\s*:\s*VCARD\s*$", re.IGNORECASE)
_RAW = re.compile("[\ud800-\udfff]")
_CHARSET = re.compile(r"(?i)^[^:]*;CHARSET=\"?([\w.-]+)")
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]+={0,2}\s*$")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_FIELDS = re.compile(r"((?:[^\\;]|\\.)*+)(?:;|$)", re.DOTALL)
_SCHEME = re.compile(r"(?i)^(?:tel|mailto|x-apple):")
_HANDLES = (
    "IMPP", "URL", "X-SKYPE", "X-SKYPE-USERNAME", "X-JABBER", "X-AIM", "X-ICQ", "X-MSN", "X-YAHOO",
    "X-GTALK", "X-GOOGLE-TALK", "X-GOOGLE TALK", "X-QQ", "X-SIP", "X-SOCIALPROFILE", "X-TELEGRAM",
    "X-WHATSAPP", "X-SIGNAL", "X-TWITTER", "X-FACEBOOK", "X-INSTAGRAM", "X-SNAPCHAT", "X-WECHAT",
    "X-LINE", "X-VIBER", "X-KIK", "X-MS-IMADDRESS", "X-EVOLUTION-VIDEO-URL", "SOCIALPROFILE",
    "CONTACT-URI", "X-GADUGADU", "X-GROUPWISE", "X-THREEMA", "X-SESSION",
)  # fmt: skip
_IDENTIFIERS = ("TEL", "EMAIL", *_HANDLES)
_NAMES = ("FN", "N", "ORG", "NICKNAME", "UID")
_FORM = ("BEGIN", "END", "VERSION", "PRODID", "REV", "X-ABLABEL", "X-ABUID", "SOURCE", "NAME")
_LEFT = (
    "ADR", "LABEL", "BDAY", "DEATHDATE", "ANNIVERSARY", "GENDER", "NOTE", "TITLE", "ROLE", "GEO",
    "TZ", "CATEGORIES", "RELATED", "MEMBER", "KIND", "LANG", "LOGO", "SOUND", "KEY", "AGENT",
    "CALURI", "CALADRURI", "FBURL", "MAILER", "CLASS", "SORT-STRING", "PROFILE", "CLIENTPIDMAP",
    "XML", "EXPERTISE", "HOBBY", "INTEREST", "ORG-DIRECTORY", "BIRTHPLACE", "DEATHPLACE",
    "X-PHONETIC-FIRST-NAME", "X-PHONETIC-MIDDLE-NAME", "X-PHONETIC-LAST-NAME", "X-ABADR",
    "X-ABDATE", "X-ABRELATEDNAMES", "X-ABSHOWAS", "X-ANDROID-CUSTOM", "X-GENDER", "X-WA-BIZ-NAME",
    "X-WA-BIZ-DESCRIPTION", "X-IMAGETYPE", "X-SHARED-PHOTO-DISPLAY-PREF", "X-MAIDENNAME",
    "X-ANNIVERSARY", "X-SPOUSE", "X-MANAGER", "X-ASSISTANT", "X-TIMES_CONTACTED",
    "X-LAST_TIME_CONTACTED", "X-PHONETIC-ORG", "X-MOZILLA-HTML", "X-ACCOUNT",
)  # fmt: skip
"""Properties known, for which ``contact`` has no column: counted as left."""


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a card: its value decoded, escapes kept; ``data`` where it was base64."""

    name: str
    value: str
    params: tuple[tuple[str, ...], ...]
    data: bytes | None = None


@dataclass(slots=True)
class Card:
    """One card as it stands in the file."""

    properties: list[Property] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    size: int = 0


def detect(head: Head) -> bool:
    """True when the first line of text begins a card."""
    text = head.text or head.start[:4096].decode("utf-8", "replace")
    first = next((line for line in text.splitlines() if line.strip("\ufeff \t")), "")
    return bool(_BEGIN.match(first.lstrip("\ufeff")))


def read(source: Source) -> Iterator[Row]:
    """One contact a card; its picture, where the card holds one."""
    for number, card in enumerate(cards(source), 1):
        values: dict[str, list[str]] = {}
        for one in card.properties:
            values.setdefault(one.name, []).append("(bytes)" if one.data else one.value)
        if card.unread:
            values["(unreadable)"] = card.unread
        with source.record(values, f"card {number}") as record:
            yield from _rows(source, card, record)


def _rows(source: Source, card: Card, record: Record) -> Iterator[Row]:
    record.leave(*_IDENTIFIERS, *_NAMES, *_FORM, *_LEFT, "PHOTO", "(unreadable)")
    source.tally.unread["contact.line"] += len(card.unread)
    if not source.tally.unread["contact.line"]:
        del source.tally.unread["contact.line"]
    known = {one.name for one in card.properties}
    name, identifiers = _name(card), _identifiers(card)
    if name is None and not identifiers:
        raise ValueError(N_("a card without name, number or address"))
    yield CONTACT.row(ref=_first(card, "UID"), name=name, identifiers=identifiers or None)
    for what in known & set(_LEFT):
        source.leave(what)
    pictures = [one.data for one in card.properties if one.name == "PHOTO" and one.data]
    for n, data in enumerate(pictures, 1):
        yield _picture(source, record.locator, data, n)


def cards(source: Source) -> Iterator[Card]:
    """The cards of a file, one in memory at a time; one in another (``AGENT``) stands alone."""
    open_cards: list[Card] = []
    for line in chain(_logical_lines(source), ["END:VCARD"] * 8):
        if _BEGIN.match(line):
            agent = open_cards and _ends_with_agent(open_cards[-1])
            if open_cards and not agent:
                yield open_cards.pop()  # its end is missing
            open_cards.append(Card())
        elif _END.match(line):
            if open_cards:
                yield open_cards.pop()
        elif not open_cards:
            if line.strip():
                source.reject("", N_("stands outside any card"), raw=line)
        elif line.strip():
            _take(open_cards[-1], line)


def _ends_with_agent(card: Card) -> bool:
    return bool(card.properties) and card.properties[-1].name == "AGENT"


def _take(card: Card, line: str) -> None:
    from vobject.base import ParseError, parseLine  # slow to import

    card.size += len(line)
    try:
        if card.size > LONGEST_CARD:
            raise ValueError(line)
        name, params, value, _ = parseLine(line.strip())
        card.properties.append(_property(name.upper(), params, value))
    except (ParseError, ValueError, LookupError):
        card.unread.append(line[:200])


def _property(name: str, params: list[list[str]], value: str) -> Property:
    said = tuple(tuple(part for part in param) for param in params)
    encodings = {
        word.upper() for param in said for word in (param[1:] if len(param) > 1 else param)
    }
    if "QUOTED-PRINTABLE" in encodings:
        charset = next((p[1] for p in said if len(p) > 1 and p[0].upper() == "CHARSET"), None)
        value = words(binascii.a2b_qp(value.encode("utf-8")), charset or "utf-8")
        return Property(name, value.replace("\r\n", "\n"), said)
    inline = re.match(r"data:[\w/+.-]*;base64,", value)
    if inline:
        return Property(name, "", said, base64_bytes(value[inline.end() :].encode()))
    if encodings & {"B", "BASE64"}:
        data = base64_bytes(re.sub(r"\s", "", value).encode())
        return Property(name, "" if name in _PICTURES else words(data), said, data)
    return Property(name, value, said)


_PICTURES = ("PHOTO", "LOGO", "SOUND", "KEY")


def _logical_lines(source: Source) -> Iterator[str]:
    """Lines with what was folded joined: by a space, by ``=`` in quoted-printable, by base64."""
    held: list[str] = []
    quoted = base64 = False
    for line in _lines(source):
        if held and quoted and held[-1].endswith("="):
            held[-1] = held[-1][:-1]
            held.append(line.lstrip(" \t") if line[:1] in " \t" else line)
            continue
        if held and line[:1] in (" ", "\t") and line.strip():
            held.append(line.strip() if base64 else line[1:])
            continue
        if held and base64 and _BASE64_LINE.match(line):
            held.append(line.strip())
            continue
        if held:
            yield _decoded(source, "".join(held))
        held = [line]
        before = line.partition(":")[0].upper()
        quoted = "QUOTED-PRINTABLE" in before
        base64 = "BASE64" in before or "ENCODING=B" in before or "DATA:" in line[:300].upper()
    if held:
        yield _decoded(source, "".join(held))


def _decoded(source: Source, line: str) -> str:
    """A line in the charset it names, else in UTF-8, else in that of the file."""
    if not _RAW.search(line):
        return line
    named = _CHARSET.search(line)
    charset = named[1] if named else source.head.encoding
    return words(line.encode("utf-8", "surrogateescape"), charset)


def _lines(source: Source) -> Iterator[str]:
    """The lines of the file; bytes that are no UTF-8 as surrogates, since folding cuts letters."""
    page = source.head.encoding or ""
    wide = page.startswith(("utf-16", "utf-32"))
    encoding, errors = (page, "replace") if wide else ("utf-8-sig", "surrogateescape")
    with source.open() as raw, io.TextIOWrapper(raw, encoding, errors, newline=None) as text:
        while line := text.readline(LONGEST_LINE):
            yield line.rstrip("\n").replace("\0", "")


def _first(card: Card, name: str) -> str | None:
    found = (_plain(one.value) for one in card.properties if one.name == name)
    return next(filter(None, found), None)


def _name(card: Card) -> str | None:
    """The name shown; else that of the person, the organisation, the nickname."""
    if shown := _first(card, "FN"):
        return shown
    for one in card.properties:
        if one.name == "N":
            family, given, more, prefix, suffix = ([*_fields(one.value), *[""] * 5])[:5]
            if said := " ".join(filter(None, (prefix, given, more, family, suffix))):
                return said
    for name in ("ORG", "NICKNAME"):
        for one in card.properties:
            if one.name == name and (said := ", ".join(filter(None, _fields(one.value)))):
                return said
    return None


def _identifiers(card: Card) -> list[str]:
    """Numbers, addresses and handles, each once."""
    found: dict[str, None] = {}
    for one in card.properties:
        if one.name not in _IDENTIFIERS:
            continue
        value = _SCHEME.sub("", _plain(one.value))
        if one.name == "TEL":
            value = value.partition(";ext=")[0] if one.value[:4].lower() == "tel:" else value
        elif one.name == "X-SOCIALPROFILE" and not value.strip():
            value = next((p[1] for p in one.params if p[0].upper() == "X-USER" and p[1:]), "")
        if value.strip():
            found.setdefault(value.strip())
    return list(found)


def _fields(value: str) -> list[str]:
    """The parts of a structured value: ``Family;Given;…``."""
    return [_plain(part) for part in _FIELDS.findall(value)]


def _plain(value: str) -> str:
    """A value without its escapes (RFC 6350, 3.4)."""
    return _ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], value).strip()


def _picture(source: Source, locator: str, data: bytes, number: int) -> Row:
    what = media_of(data[:65_536])
    where = f"{source.name}#{locator}"
    return MEDIA.row(
        kind=what.kind if what is not None else None,
        path=f"{where}/picture {number}",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        media_type=what.media_type if what is not None else media_type(data[:65_536]),
        container=where,
    )

"""Header lines of a mail: folding, encoded words, addresses, message ids, dates.

Format: RFC 5322, RFC 2047 (encoded words), as mailers write them: encoded words inside quotes,
raw 8-bit letters, names with commas and no quotes, dates with the names of zones.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from faisceau.evidence.clocks import plausible
from faisceau.evidence.encoding import code_page
from faisceau.evidence.mail.charsets import words

LONGEST_BLOCK = 4 << 20
"""Bytes; the header of a mail is far smaller."""
_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)|>?From [^\n]*(?:\n|\Z)")
_FOLD = re.compile(r"\r?\n[ \t]+|\r?\n")
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|\((?:[^()\\]|\\.)*+\)|<[^<>]*+>|[^"(<,;:]++|.', re.DOTALL)
_ID = re.compile(r"<\s*([^<>\s][^<>]*?)\s*>")
_ZONES = {"CET": 1, "MEZ": 1, "WEST": 1, "BST": 1, "IST": 5.5, "CEST": 2, "MESZ": 2, "EET": 2}
_ZONES |= {"EEST": 3, "MSK": 3, "WET": 0, "WAT": 1, "JST": 9, "KST": 9, "BRT": -3, "ART": -3}
_ZONE = re.compile(r"(?<=[\s\d])[+-]\d{4}\b|\b(?:UT|UTC|GMT|Z|[ECMP][SD]T)\b")
_NAMED_ZONE = re.compile(r"\b(" + "|".join(_ZONES) + r")\b")


@dataclass(frozen=True, slots=True)
class Headers:
    """The header of one mail or part: raw values by lower-case name, in their order."""

    values: Mapping[str, tuple[str, ...]]

    def raw(self, name: str) -> str | None:
        """The first value, unfolded and not decoded; bytes that are no text as surrogates."""
        found = self.values.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """The first value decoded; None when absent or empty."""
        raw = self.raw(name)
        return (decoded(raw).strip() or None) if raw is not None else None


def read_headers(data: bytes, start: int = 0, end: int | None = None) -> tuple[Headers, int]:
    """The header at ``start`` and where the body begins; a line that is none ends the header."""
    end = len(data) if end is None else end
    limit = min(end, start + LONGEST_BLOCK)
    values: dict[str, list[str]] = {}
    at = start
    while at < limit and (line := _LINE.match(data, at, limit)):
        if line[1] is not None:
            value = line[2].decode("utf-8", "surrogateescape")
            values.setdefault(line[1].decode("ascii").lower(), []).append(
                _FOLD.sub(" ", value).strip()
            )
        at = line.end()
    blank = re.compile(rb"[ \t]*\r?\n").match(data, at, end)
    at = blank.end() if blank else at
    return Headers({name: tuple(found) for name, found in values.items()}), at


def decoded(raw: str) -> str:
    """A header value with its encoded words and its raw 8-bit letters as text."""
    value = _from_raw_bytes(raw)
    if "=?" not in value:
        return value
    value = _BETWEEN.sub(r"\1", value)
    out: list[str] = []
    at, held, charset = 0, b"", ""
    for word in _ENCODED.finditer(value):
        named = word[1].partition("*")[0]  # RFC 2231 adds a language
        data = _word(word[2], word[3])
        if held and word.start() == at and named.casefold() == charset.casefold():
            held += data  # a letter may be cut between two words
        else:
            out.append(words(held, charset) if held else "")
            out.append(value[at : word.start()])
            held, charset = data, named
        at = word.end()
    out.append(words(held, charset) if held else "")
    return "".join([*out, value[at:]])


def _word(encoding: str, text: str) -> bytes:
    if encoding in "qQ":
        spaced = text.replace("_", " ").encode("utf-8", "surrogateescape")
        return binascii.a2b_qp(spaced.replace(b"\n", b""))
    return base64_bytes(text.encode("ascii", "ignore"))


def base64_bytes(data: bytes) -> bytes:
    """Base64 as far as it goes: foreign characters ignored, missing padding added."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        kept = kept[: len(kept) - (len(kept) % 4 == 1)]
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def _from_raw_bytes(raw: str) -> str:
    """Bytes that were no UTF-8, in the code page that they look like."""
    try:
        raw.encode()
    except UnicodeEncodeError:
        data = raw.encode("utf-8", "surrogateescape")
        return data.decode(code_page(data), "replace")
    return raw


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: the name shown, the address; either may be empty."""

    name: str
    address: str


def addresses(raw: str) -> list[Address]:
    """The mailboxes of an address list (RFC 5322, 3.4), forgiving; group names are dropped."""
    return list(_addresses(raw))


def _addresses(raw: str) -> Iterator[Address]:
    phrase: list[str] = []
    comment, angle, waiting = "", "", ""
    for token in [*_TOKEN.findall(raw), ","]:
        if token in (",", ";"):
            said = " ".join("".join(phrase).split())
            if angle or "@" in said:
                name, address = _split(said, angle)
                name = f"{waiting}, {name}" if waiting and name else name or waiting or comment
                yield Address(decoded(name).strip(), address)
                waiting = ""
            elif said:  # "Doe, John <j@example.org>": the name goes on after the comma
                waiting = f"{waiting}, {said}" if waiting else said
            phrase, comment, angle = [], "", ""
            if token == ";" and waiting:
                yield Address(decoded(waiting), "")
                waiting = ""
        elif token == ":" and not angle:
            phrase = []  # the name of a group
        elif token[0] == "<" and len(token) > 1:
            angle = token[1:-1].strip()
        elif token[0] == "(" and len(token) > 1:
            comment = token[1:-1].strip()
        elif token[0] == '"' and len(token) > 1:
            phrase.append(re.sub(r"\\(.)", r"\1", token[1:-1]))
        else:
            phrase.append(token)
    if waiting:
        for name in waiting.split(", "):
            yield Address(decoded(name), "")


def _split(said: str, angle: str) -> tuple[str, str]:
    if angle:
        return said, _plain_address(angle)
    *name, address = said.split(" ")
    if "@" not in address:  # "john@example.org via list"
        at = next(n for n, part in enumerate(said.split(" ")) if "@" in part)
        parts = said.split(" ")
        return " ".join(parts[:at] + parts[at + 1 :]), _plain_address(parts[at])
    return " ".join(name), _plain_address(address)


def _plain_address(text: str) -> str:
    """An address without ``mailto:`` and the marks that some mailers put around it."""
    text = re.sub(r"(?i)^(?:mailto|smtp):", "", text.strip().strip("'\"<>[] "))
    return _from_raw_bytes(text)


def message_ids(raw: str | None) -> list[str]:
    """Message ids without their angle brackets, which are no part of them (RFC 5322, 3.6.4)."""
    if not raw:
        return []
    found: list[str] = [re.sub(r"\s+", "", one) for one in _ID.findall(raw)]
    if found:
        return found
    return [part for part in raw.split() if "@" in part]


def message_id(raw: str | None) -> str | None:
    """The id of ``Message-ID``; one without brackets or ``@`` as it stands."""
    found = message_ids(raw)
    return found[0] if found else ((raw or "").strip("<> \t") or None)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC, the offset stated (None for UTC), and whether none was stated."""

    at: datetime
    offset: str | None
    bare: bool


def moment(raw: str | None, zone: timezone | object) -> Moment | None:
    """The time a header states; without a zone it is in ``zone``; None when unreadable."""
    if not raw:
        return None
    text = re.sub(r"[\udc80-\udcff]", "", raw).strip()
    try:
        parts = parsedate_tz(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        parts = None
    try:
        if parts is None:
            return _iso_moment(text, zone)
        # a leap second is no datetime
        local = datetime(*parts[:5], min(parts[5], 59))  # noqa: DTZ001 - its zone is told below
        seconds = parts[9] or 0  # the library has 0 for no zone, too
        if named := _NAMED_ZONE.search(text):
            seconds = int(_ZONES[named[1]] * 3600)
        elif not _ZONE.search(text):
            return Moment(plausible(local.replace(tzinfo=zone)), None, True)  # type: ignore[arg-type]
        offset = timezone(timedelta(seconds=seconds))
        return Moment(plausible(local.replace(tzinfo=offset)), _shown(seconds), False)
    except (ValueError, OverflowError):
        return None


def _iso_moment(text: str, zone: timezone | object) -> Moment:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        return Moment(plausible(at.replace(tzinfo=zone)), None, True)  # type: ignore[arg-type]
    offset = at.utcoffset() or timedelta()
    return Moment(plausible(at.astimezone(UTC)), _shown(int(offset.total_seconds())), False)


def _shown(seconds: int) -> str | None:
    """``+02:00``; None for UTC."""
    if not seconds:
        return None
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"

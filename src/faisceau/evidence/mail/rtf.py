"""RTF in Outlook's mails: decompressed, and its words taken; HTML that was wrapped in it unwrapped.

Formats: MS-OXRTFCP (compression), MS-OXRTFEX (HTML in RTF), RTF 1.9.1. Fonts, pictures and the rest
of the layout are skipped.
"""

import re
import struct
from dataclasses import dataclass, field

from faisceau.evidence.mail.charsets import words
from faisceau.evidence.mail.plain import plain

LARGEST = 64 << 20
"""Bytes that a compressed text may unfold to."""
_KNOWN = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the dictionary of the compression begins with (MS-OXRTFCP, 2.1.2.1)."""
_TOKEN = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])"
    rb"|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"themedata", b"header", b"footer",
     b"listtable", b"listoverridetable", b"rsidtbl", b"generator", b"datastore", b"latentstyles")
)  # fmt: skip
_SIGNS = {
    b"par": b"\n", b"line": b"\n", b"tab": b"\t", b"cell": b"\t", b"row": b"\n",
    b"lquote": b"'", b"rquote": b"'", b"ldblquote": b'"', b"rdblquote": b'"', b"bullet": b"-",
    b"endash": b"-", b"emdash": b"-",
}  # fmt: skip


def decompressed(data: bytes) -> bytes:
    """The RTF in a PidTagRtfCompressed; ``ValueError`` where it is none."""
    if len(data) < 16:
        raise ValueError("too short")
    size, raw_size, kind = struct.unpack_from("<II4s", data)
    body = data[16 : size + 4]
    if kind == b"MELA":
        return body[:raw_size]
    if kind != b"LZFu":
        raise ValueError(kind)
    known = bytearray(_KNOWN.ljust(4096, b"\0"))
    at, out = len(_KNOWN), bytearray()
    where = 0
    while where < len(body) and len(out) < min(raw_size, LARGEST):
        control, where = body[where], where + 1
        for bit in range(8):
            if where >= len(body):
                break
            if not control >> bit & 1:
                piece, where = body[where : where + 1], where + 1
            else:
                if where + 2 > len(body):
                    return bytes(out)
                reference = int.from_bytes(body[where : where + 2], "big")
                where += 2
                offset, length = reference >> 4, (reference & 15) + 2
                if offset == at:
                    return bytes(out)
                piece = b""
                for n in range(length):  # it may reach into what it writes
                    letter = known[(offset + n) % 4096]
                    known[(at + n) % 4096] = letter
                    piece += bytes((letter,))
                out += piece
                at = (at + length) % 4096
                continue
            out += piece
            known[at] = piece[0]
            at = (at + 1) % 4096
    return bytes(out)


@dataclass(slots=True)
class _State:
    """What holds inside one group."""

    skipped: bool = False
    tag: bool = False
    rtf_only: bool = False
    letters: int = 1


@dataclass(slots=True)
class _Words:
    """The words as they come: 8-bit ones wait until their code page is applied."""

    page: str = "cp1252"
    out: list[str] = field(default_factory=list)
    held: bytearray = field(default_factory=bytearray)

    def add(self, text: str) -> None:
        self.flush()
        self.out.append(text)

    def flush(self) -> None:
        if self.held:
            self.out.append(bytes(self.held).decode(self.page, "replace"))
            self.held.clear()


def text_of(rtf: bytes) -> str:
    """The words of an RTF document; those of the HTML, where it wraps one."""
    html = b"\\fromhtml1" in rtf[:2048]
    state, outer = _State(), list[_State]()
    found = _Words()
    starred = False
    replaced = 0
    for token in _TOKEN.finditer(rtf):
        octet, word, number, sign, brace, letters = token.groups()
        if brace == b"{":
            outer.append(state)
            state = _State(state.skipped, state.tag, state.rtf_only, state.letters)
        elif brace == b"}":
            state = outer.pop() if outer else _State()
        elif sign == b"*":
            starred = True
            continue
        elif word is not None:
            replaced = _control(word, number, state, found, starred=starred, html=html) or replaced
        elif not (state.skipped or state.rtf_only) and (not html or state.tag or outer):
            if octet is not None:
                letter = bytes((int(octet, 16),))
            else:
                letter = letters or {b"~": b" ", b"_": b"-"}.get(sign, sign or b"")
            letter, replaced = letter[replaced:], max(replaced - len(letter), 0)
            found.held += letter
        starred = False
    found.flush()
    text = "".join(found.out)
    return plain(text) if html else text.strip()


def _control(
    word: bytes, number: bytes | None, state: _State, found: _Words, *, starred: bool, html: bool
) -> int:
    """Apply a control word; how many letters that follow it are its older spelling."""
    if word == b"htmltag" and html:
        state.tag, state.skipped = True, False
    elif starred or word in _SKIPPED:
        state.skipped = True
    elif word == b"htmlrtf":
        state.rtf_only = number != b"0"
    elif word == b"ansicpg" and number is not None:
        found.page = _page(number.decode())
    elif word == b"uc" and number is not None:
        state.letters = max(int(number), 0)
    elif word == b"u" and number is not None and not (state.skipped or state.rtf_only):
        found.add(chr(int(number) % 65_536))
        return state.letters
    elif word in _SIGNS and not (state.skipped or state.rtf_only):
        found.held += _SIGNS[word]
    return 0


def _page(number: str) -> str:
    name = {"65001": "utf-8", "0": "cp1252", "10000": "mac_roman"}.get(number, f"cp{number}")
    try:
        words(b"\xe9", name)
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name

"""Text formats as strict parsers want them: one bad character must not cost the rest of a file.

Bytes that are no text become U+FFFD, and so do characters that the format forbids. What programs
write by hand is mended: ``\\x1A`` and half surrogate pairs in JSON strings, emoji as two surrogate
references in XML.
"""

import codecs
import re
from collections.abc import Callable
from typing import BinaryIO, Protocol

from faisceau.evidence.encoding import encoding_of, mended

LARGEST = 512
"""Times the asked size that is read at once, at most, inside a long token."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_HEX_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_HALF = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u[dD]"
    r"(?:([89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2})|[89a-fA-F][0-9A-Fa-f]{2})"
)
_CUT_ESCAPE = re.compile(
    r"\\+(?:x[0-9A-Fa-f]?|u[0-9A-Fa-f]{0,3}"
    r"|u[dD][89abAB][0-9A-Fa-f]{2}(?:\\(?:u[0-9A-Fa-f]{0,3})?)?)?\Z"
)
_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]{1,8})|([0-9]{1,9}));")
_CUT_REFERENCE = re.compile(
    r"(?:&#[xX]?[0-9A-Fa-f]{1,9};)?&(?:#[xX]?[0-9A-Fa-f]{0,9})?\Z|&#[^;&]{1,9};\Z"
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


class Bytes(Protocol):
    """What bytes are read from, in order."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, about ``size``; none at the end only."""
        ...


class Mended:
    """A byte stream: UTF-8 without byte-order mark, mended piece by piece.

    ``cut`` finds what must not be torn apart at the end of a piece; ``quote`` ends a long token.
    """

    def __init__(
        self,
        stream: Bytes,
        encoding: str,
        mend: Callable[[str], str],
        *,
        cut: re.Pattern[str],
        quote: str,
    ) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder(encoding)("replace").decode
        self._mend, self._cut, self._quote = mend, cut, quote
        self._held = ""
        self._started = False
        self._stretch = 1

    def read(self, size: int = 65_536) -> bytes:
        """The next bytes, about ``size``; none at the end of the file only."""
        while size:
            raw = self._stream.read(size * self._stretch)
            text = self._held + self._decode(raw, final=not raw)
            self._held = ""
            if raw and (torn := self._cut.search(text, max(len(text) - 64, 0))):
                self._held = text[torn.start() :]
                text = text[: torn.start()]
            if not self._started and text:
                self._started = True
                text = text.removeprefix("\ufeff")
            if text or not raw:
                # a parser may read a token anew with every piece of it: a long one in few pieces
                self._stretch = 1 if self._quote in text else min(2 * self._stretch, LARGEST)
                return self._mend(text).encode()
        return b""  # some parsers ask for no bytes, to see their type


def mended_json(stream: Bytes, encoding: str) -> Mended:
    """JSON for a strict parser."""
    return Mended(stream, encoding, mend_json, cut=_CUT_ESCAPE, quote='"')


def mended_xml(stream: BinaryIO, start: bytes) -> Mended:
    """XML for a strict parser, to be told that it is UTF-8; ``start`` is how the file begins."""
    return Mended(stream, xml_encoding(start), _xml, cut=_CUT_REFERENCE, quote="<")


def xml_encoding(start: bytes) -> str:
    """The encoding of an XML file: by its mark or zero bytes, as declared, or UTF-8."""
    found = encoding_of(start)
    if found is not None and found.startswith("utf-") and found != "utf-8":
        return found
    if declared := _DECLARED.match(start):
        try:
            return codecs.lookup(declared[1].decode()).name
        except LookupError:
            return "utf-8"
    return "utf-8"


def mend_json(text: str) -> str:
    """Characters and escapes that JSON forbids, as characters that it allows."""
    if "\\x" in text:
        text = _HEX_ESCAPE.sub(r"\1\\u00\2", text)
    if "\\ud" in text or "\\uD" in text:
        text = _HALF.sub(lambda m: m[0] if m[2] else m[1] + "\\ufffd", text)
    return _CONTROL.sub("\ufffd", text)


def _xml(text: str) -> str:
    if "&#" in text:
        text = _REFERENCE.sub(_character, text)
        text = mended(text)
    return _CONTROL.sub("\ufffd", text)


def _character(reference: re.Match[str]) -> str:
    """A reference that XML allows as it is, a surrogate as itself, for its pair to find it."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    if 0xD800 <= code < 0xE000:
        return chr(code)
    allowed = code in (9, 10, 13) or 32 <= code < 0xFFFE or 0x10000 <= code < 0x110000
    return reference[0] if allowed else "\ufffd"

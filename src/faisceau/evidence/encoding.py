"""How the bytes of a text file spell characters."""

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

_PAGES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1256"]
_ASCII_LETTERS = [bytes([c]) for c in range(128) if chr(c).isalpha()]
_HIGH, _C1 = bytes(range(0x80, 0x100)), bytes(range(0x80, 0xA0))
_IN_WORDS = re.compile(rb"[\x80-\xff](?=[a-z])|(?<=[a-z])[\x80-\xff]")
_MAC = [bytes([c]) for c in "éèàêçù".encode("mac_roman")]
_DOS = [bytes([c]) for c in "éèàêçù".encode("cp850")]


def encoding_of(start: bytes) -> str | None:
    """The encoding of a text from its first bytes; ``None`` when these are no text.

    A byte-order mark decides; then UTF-16 by its zero bytes; then UTF-8, a few bad bytes allowed
    where its own accented characters outnumber them; then a code page.
    """
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = max(len(start) // 2, 1)
    if max(even, odd) > 0.3 * half and min(even, odd) < 0.05 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    if _CONTROL.search(start):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        text = start.decode("utf-8", "replace")
        foreign = sum(not character.isascii() for character in text)
        if foreign > 2 * text.count("\ufffd"):  # code pages hardly ever look like UTF-8
            return "utf-8"
        return code_page(start)
    return "utf-8"


def code_page(data: bytes) -> str:
    """The code page of a text that is no Unicode: cp1252 for Latin letters, as Windows writes.

    Latin text has few bytes above ASCII. Guessing by letter frequencies takes short French for
    Polish, so it is left to other alphabets. Mac OS and DOS put their accents where cp1252 has
    signs that words do not hold.
    """
    letters = sum(map(data.count, _ASCII_LETTERS))
    high = len(data) - len(data.translate(None, _HIGH))
    if high > max(letters, 4):
        best = from_bytes(data[:16384], cp_isolation=_PAGES).best()
        return best.encoding if best is not None else "cp1252"
    inside = b"".join(_IN_WORDS.findall(data))
    low = len(inside) - len(inside.translate(None, _C1))
    if 2 * low <= len(inside):
        return "cp1252"
    return "mac_roman" if sum(map(inside.count, _MAC)) > sum(map(inside.count, _DOS)) else "cp850"


def mended(text: str) -> str:
    """Valid Unicode: pairs of surrogates become their character, lone ones U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text

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


def encoding_of(start: bytes) -> str | None:
    """The encoding of a text from its first bytes; ``None`` when these are no text.

    A byte-order mark decides; then UTF-16 by its zero bytes; then UTF-8, a few bad bytes allowed
    where its own accented characters far outnumber them; then the best
    guess of charset-normalizer among the code pages met in Europe, cp1252 before the others.
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
        bad = text.count("\ufffd")
        if sum(not character.isascii() for character in text) > 10 * bad:
            return "utf-8"
        pages = ["cp1252", "cp1250", "cp1251", "cp1254", "mac_roman"]
        best = from_bytes(start[:16384], cp_isolation=pages).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8"

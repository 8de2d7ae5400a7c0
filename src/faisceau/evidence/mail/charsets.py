"""Bytes of a mail as words: charset names as mailers write them, wrong and missing ones mended."""

import codecs
from functools import cache

from faisceau.evidence.encoding import encoding_of

_MEANT = {
    # what mailers call it -> the superset that their text is really in (WHATWG Encoding Standard)
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "cp-850": "cp850",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
}


def words(data: bytes, charset: str | None = None) -> str:
    """``data`` as text. A declared charset that does not fit gives way to what the bytes say.

    Text that is valid UTF-8 is UTF-8, whatever was declared: no other charset looks like it.
    """
    if data.isascii() and not _shifts(charset):
        return data.decode("ascii")
    if not _shifts(charset):
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            pass
    text = _as_declared(data, codec_of(charset))
    if text is None:
        # the space ends a letter that the end of the bytes cuts: it would pass for one that goes on
        found = encoding_of(data[:65_536] + b" ") or "cp1252"
        text = data.decode(found, "replace").removeprefix("\ufeff")
    return text


def _as_declared(data: bytes, codec: str | None) -> str | None:
    """``data`` in the codec that was declared, damaged or not; None where it is in another."""
    if codec is None:
        return None
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, ValueError):
        pass
    if codec == "cp1252":
        return data.decode("latin-1")  # cp1252 leaves five bytes undefined
    text = data.decode(codec, "replace")
    broken = text.count("\ufffd")
    if codec == "utf-8" and sum(not c.isascii() for c in text) < 2 * broken:
        return None
    return text


@cache
def codec_of(charset: str | None) -> str | None:
    """Python's name of a charset; None where it names none that is known, or no text codec."""
    if not charset:
        return None
    name = charset.strip().strip("'\"").casefold()
    name = _MEANT.get(name, name)
    try:
        info = codecs.lookup(name)
        "".encode(info.name)  # base64, rot13 and the like are no charsets
    except (LookupError, ValueError, UnicodeError):
        return None
    return info.name


def _shifts(charset: str | None) -> bool:
    """True for charsets that spell other letters in ASCII bytes."""
    return (codec_of(charset) or "").startswith(("iso2022", "utf-7", "hz", "utf-16", "utf-32"))

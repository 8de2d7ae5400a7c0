"""What the readers of Meta's archives share: their mis-encoded text, and where attachments lie.

The JSON of "Download your information" (Facebook, Instagram) writes each byte of its UTF-8 as a
character of its own (``\\u00c3\\u00a9`` for ``é``): known since 2018 and never said by Meta.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from faisceau.evidence.json_columns import Cells, Column
from faisceau.evidence.reading import Member, Source

_CUT = re.compile("(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\\Z")
"""The beginning of a character whose other bytes are missing: Meta cuts long texts by bytes."""
_INSTAGRAM = re.compile(r'"(?:\./|/)?your_instagram_activity/')

_KINDS = {
    "photos": "image",
    "gifs": "image",
    "stickers_used": "image",
    "videos": "video",
    "audio": "voice",
    "files": "file",
}
_EXTENSIONS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "heic"), "image"),
    **dict.fromkeys(("mp4", "mov", "3gp", "webm"), "video"),
    **dict.fromkeys(("aac", "m4a", "ogg", "opus", "wav", "mp3"), "voice"),
}


def mend(text: str) -> str:
    """The text that was meant: its characters, taken as bytes, are UTF-8.

    A text that is not so encoded is returned as it is, so that newer archives, which encode well,
    pass unharmed. ``mend(text).encode().decode("latin-1")`` gives a mended text back.
    """
    if text.isascii():
        return text
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        return text
    try:
        return raw.decode()
    except UnicodeDecodeError:
        cut = _CUT.search(text)
        whole = text if cut is None else text[: cut.start()]
    try:
        return raw[: len(whole)].decode() + text[len(whole) :] if not whole.isascii() else text
    except UnicodeDecodeError:
        return text


def mended_tree(value: Any) -> Any:
    """A JSON value with every text in it mended, keys included."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else mend(value)
    if kind is list:
        return [mended_tree(item) for item in value]
    if kind is dict:
        return {
            key if key.isascii() else mend(key): mended_tree(item) for key, item in value.items()
        }
    return value


def mended(column: Column) -> Column:
    """A column of texts mended before they are read."""

    def read(values: Sequence[Any]) -> Cells:
        return column([v if type(v) is not str or v.isascii() else mend(v) for v in values])

    return read


def attachment(source: Source, uri: str) -> Member | None:
    """The file that ``uri`` names, relative to the archive's root, to the thread or to the file."""
    parts = [part for part in PurePosixPath(uri.replace("\\", "/")).parts if part not in (".", "/")]
    for start in range(len(parts)):
        member = source.attached("/".join(parts[start:]))
        if member is not None:
            return member
    for up in range(1, len(PurePosixPath(source.name).parts)):
        member = source.attached("../" * up + "/".join(parts))
        if member is not None:
            return member
    return None


def kind_of(uri: str) -> str:
    """What a message carries, by the folder or the ending of its attachment."""
    path = PurePosixPath(uri.partition("?")[0])
    for part in reversed(path.parts[:-1]):
        if part in _KINDS:
            return _KINDS[part]
    return _EXTENSIONS.get(path.suffix.lower().removeprefix("."), "file")


def app_of(source: Source) -> str:
    """``instagram`` where the file's path or those of its attachments say so, or ``messenger``."""
    if "instagram" in source.name.casefold() or _INSTAGRAM.search(source.head.text):
        return "instagram"
    return "messenger"

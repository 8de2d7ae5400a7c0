"""The bodies of Skype messages (``body_xml``): words in a little XML, made plain.

Skype publishes no description. The elements are known from databases and from
https://github.com/suurjaak/Skyperious (``MessageParser``). What is no well-formed XML is text:
its known tags go, everything else stays as it stands.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree

_KINDS = {
    "picture": "image", "video": "video", "audio": "voice", "file": "file", "swift": "text",
}  # fmt: skip
"""By the beginning of a ``URIObject``'s type."""
_CARRIED = {"files": "file", "videomessage": "video", "location": "location"}
_PLAIN = re.compile(
    r"</?(?:at|b|blink|center|flag|font|i|legacyquote|pre|s|span|ss|u)(?:\s[^<>]*)?/?>"
    r"|<e_m(?:\s[^<>]*)?/>(?:</e_m>)?",
    re.IGNORECASE,
)
"""Tags that are undone by leaving them out; ``e_m`` marks an edit."""
_KNOWN = re.compile(r"</?(?:a|contacts|files|quote|sms|URIObject)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|\w{2,10});")
_SCALE = 1_000_000
"""Skype keeps degrees as whole millionths."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a body says and carries; ``reply_to`` is the ``guid`` of the message it quotes."""

    text: str
    kind: str | None = None
    reply_to: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def read_body(body: str) -> Body:
    """A body as plain words.

    Emoticons, bold and mentions become what is shown; a link says where it leads when its words
    do not; a quotation stays before the answer as ``author: words <<<``.
    """
    bare = _PLAIN.sub("", body)
    if "<" not in bare:
        return Body(_unescaped(bare).strip())
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(f"<body>{body}</body>", parser)
    except (etree.XMLSyntaxError, ValueError):
        return Body(_unescaped(_KNOWN.sub("", bare)).strip())
    kind = reply_to = None
    latitude = longitude = None
    for node in root.iter():
        tag = _tag(node)
        if tag == "uriobject":
            kind = kind or _KINDS.get(str(node.get("type", "")).lower().partition(".")[0], "file")
        elif tag == "quote":
            reply_to = reply_to or (node.get("guid") or "").removeprefix("x").lower() or None
        elif tag in _CARRIED:
            kind = kind or _CARRIED[tag]
        if tag == "location":
            latitude, longitude = _degrees(node, "latitude", 90), _degrees(node, "longitude", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Body(_inside(root).strip(), kind, reply_to, latitude, longitude)


def _unescaped(words: str) -> str:
    """References as their characters; an ampersand that begins none stays."""
    return _REFERENCE.sub(lambda found: unescape(found[0]), words)


def _tag(node: Any) -> str:
    return node.tag.lower() if isinstance(node.tag, str) else ""


def _degrees(node: Any, name: str, most: int) -> float | None:
    try:
        degrees = int(node.get(name, "")) / _SCALE
    except ValueError:
        return None
    return degrees if abs(degrees) <= most else None


def _inside(node: Any) -> str:
    """The words of an element, those of its children as they are shown."""
    parts = [node.text or ""]
    for child in node:
        parts.append(_shown(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _shown(node: Any) -> str:
    tag = _tag(node)
    if tag in _SHOWN:
        return "\n".join(part for part in _SHOWN[tag](node) if part)
    if tag in ("", "e_m"):  # a comment; the mark of an edit
        return ""
    if tag == "br":
        return "\n"
    if len(node) and not (node.text or "").strip() and tag.endswith(("update", "member")):
        return " ".join(words for piece in node.itertext() if (words := piece.strip()))
    return _inside(node)


def _link(node: Any) -> Iterator[str]:
    words, target = _inside(node).strip(), (node.get("href") or "").strip()
    bare = re.sub(r"^(?:https?://|mailto:|tel:)|/$", "", target)
    yield words if not bare or bare in words else f"{words} ({target})" if words else target


def _quote(node: Any) -> Iterator[str]:
    author = node.get("authorname") or node.get("author") or ""
    words = _inside(node)
    if any(_tag(child) == "legacyquote" for child in node):
        yield words  # its own legacyquotes say who and when, and where it ends
    else:
        yield f"{author}: {words}\n\n<<< " if author else f"{words}\n\n<<< "


def _files(node: Any) -> Iterator[str]:
    for file in node.iter("file"):
        yield (file.text or "").strip()


def _parts(node: Any) -> Iterator[str]:
    people = []
    for part in node.iter("part"):
        who = part.get("identity") or part.findtext("name") or ""
        seconds = (part.findtext("duration") or "").strip()
        people.append(f"{who} {seconds} s" if seconds else who)
    yield ", ".join(person for person in people if person)


def _sms(node: Any) -> Iterator[str]:
    chunks = [chunk.text or "" for chunk in sorted(node.iter("chunk"), key=_number)]
    whole = node.find(".//encoded_body")
    yield "".join(chunks) or ("" if whole is None else _inside(whole)) or node.get("alt") or ""


def _number(node: Any) -> int:
    return int(node.get("id")) if str(node.get("id", "")).isdigit() else 0


def _contacts(node: Any) -> Iterator[str]:
    for contact in node.iter("c"):
        name, handle = contact.get("f") or "", contact.get("s") or contact.get("p") or ""
        yield f"{name} ({handle})" if name and handle and name != handle else name or handle


def _object(node: Any) -> Iterator[str]:
    """What a shared picture, sound or file says of itself: its name, and where it was put."""
    for child in node.iter():
        if _tag(child) == "originalname":
            yield child.get("v") or ""
    yield " ".join(_inside(node).split())


_SHOWN = {
    "a": _link, "quote": _quote, "files": _files, "partlist": _parts, "sms": _sms,
    "contacts": _contacts, "uriobject": _object,
}  # fmt: skip

"""Messenger and Instagram messages from "Download your information": the HTML form.

``message_1.html`` in ``inbox/<thread>/``, made to be read in a browser; Meta publishes no
description, the class names change with the years and the order of the parts does not: a card of
a message holds the sender, the body (words, files, reactions), and the date.

- Accounts are named and not numbered: a name is ``sender_id``.
- The date is in words, of the language and zone of the account, and states no zone: it is read in
  ``--timezone``, which ``zone`` keeps.
- A message holds one attachment here: of several, the first that lies in the exhibit; the others
  are counted, and so are reactions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.html_blocks import classes, html_blocks, text_in
from faisceau.evidence.meta_text import app_of, attachment, kind_of
from faisceau.evidence.reading import Head, Record, Source
from faisceau.evidence.worded_dates import worded_date
from faisceau.tables.schemas import MESSAGE, Row

FILLS = [MESSAGE]
FROM_HANDSET = False

LOOKED_AT = 1 << 20
"""Bytes of a page that recognition looks at: a style sheet of any length may stand first."""
_CARD = frozenset(("pam", "uiBoxWhite", "noborder"))
_PAGE = re.compile(r'class="pam [^"]*uiBoxWhite noborder"')
_BODY = re.compile(r'class="[^"]*\b(?:_a6-p|_2let)"[^>]*>\s*<div>\s*<div>\s*</div>\s*<div>')
"""The body of a message: empty boxes around its words. Posts and comments have none."""
_REACTIONS = frozenset(("_a6-q", "_tqp"))
_FILES = ("img", "video", "audio")
_PEOPLE = re.compile(
    r"(?:Participants?|Participantes|Partecipanti|Teilnehmer(?:/innen|innen)?|Deelnemers)\s?:\s*(.+)",
    re.DOTALL,
)
_BETWEEN = re.compile(r",\s+|\s+(?:and|et|und|y|e|en)\s+")


def detect(head: Head) -> bool:
    """True for a page with the cards of messages: Meta's card, with the boxes of a body in it."""
    if "<style" not in head.text[:4096] and "uiBoxWhite" not in head.text:
        return False
    text = head.text
    if not _PAGE.search(text) and not head.whole and "_3-95" in text:
        with head.member.open() as stream:
            text = stream.read(LOOKED_AT).decode("utf-8", "replace")
    return bool(_PAGE.search(text) and _BODY.search(text))


def read(source: Source) -> Iterator[Row]:
    """One message a card; cards that head the page are counted as such."""
    thread = _Thread(app_of(source), _folder(source))
    for number, block in enumerate(html_blocks(source, _wanted)):
        if block.tag == "title":
            thread.name = text_in(block) or None
            continue
        with source.record(_parts(block), f"message {number}") as record:
            people = record.maybe("heading", _people)
            if people is not None:
                thread.people = people
                record.set_aside("cards that name the participants")
                continue
            yield _message(source, thread, record)


@dataclass(slots=True)
class _Thread:
    """What the page says of its conversation."""

    app: str
    folder: str | None
    name: str | None = None
    people: list[str] = field(default_factory=list)


def _wanted(element: Any) -> bool:
    return element.tag == "title" or classes(element) >= _CARD


def _folder(source: Source) -> str | None:
    folders = source.name.split("/")[-3:-1]
    return "/".join(folders) if len(folders) == 2 else None


def _parts(card: Any) -> dict[str, Any]:
    """The parts of a card: its children in order, inside ``section`` and the like."""
    children = [child for child in card if isinstance(child.tag, str)]
    while len(children) == 1 and len(children[0]):
        children = [child for child in children[0] if isinstance(child.tag, str)]
    if len(children) < 3:
        words = "\n".join(filter(None, map(text_in, children))) or text_in(card)
        if _PEOPLE.match(words):
            return {"heading": words}
    named: dict[str, Any] = {}
    if children and _is_date(children[-1]):
        named["date"] = text_in(children.pop())
    if len(children) > 1:
        named["sender"] = text_in(children.pop(0))
    for place, child in enumerate(children):
        named["body" if not place else f"part {place}"] = child
    return named


def _is_date(part: Any) -> bool:
    return bool(classes(part) & {"_3-94", "_a6-o", "_2lem"}) or part.tag == "footer"


def _people(words: str) -> list[str]:
    found = _PEOPLE.match(words)
    return [name.strip() for name in _BETWEEN.split(found[1])] if found else []


def _message(source: Source, thread: _Thread, record: Record) -> Row:
    at, zone = None, None
    said = record.maybe("date", lambda text: worded_date(text, source.timezone))
    if said is not None:
        at, stated = said
        zone = None if stated else source.timezone.key
        source.tally.assumed[source.timezone.key] += not stated
    sender = record.maybe("sender")
    body = record.maybe("body", lambda element: element)
    kind, sha256 = _attachment(source, body)
    others = [name for name in thread.people if name != sender]
    return MESSAGE.row(
        app=thread.app,
        account=source.owner,
        thread_id=thread.folder or thread.name,
        thread_name=thread.name,
        sender_id=sender,
        sender_name=sender,
        recipients=others or None,
        sent_at=at,
        zone=zone,
        text=_words(source, body),
        kind=kind,
        attachment_sha256=sha256,
    )


def _words(source: Source, body: Any) -> str | None:
    """The words of a body: reactions are counted, the legend of a file's link is left out."""
    if body is None:
        return None
    for part in body.iter("ul"):
        if classes(part) & _REACTIONS:
            source.leave("reactions to messages", len(part))
    return text_in(body, _no_words) or None


def _no_words(part: Any) -> bool:
    if part.tag == "ul":
        return bool(classes(part) & _REACTIONS)
    return part.tag in _FILES or (part.tag == "a" and _local(part.get("href")))


def _local(path: str | None) -> bool:
    """True for a path inside the archive."""
    return bool(path) and not re.match(r"[a-z][a-z0-9+.-]*:|#|//", str(path), re.IGNORECASE)


def _attachment(source: Source, body: Any) -> tuple[str, str | None]:
    """Kind of the message, and hash of its first file that lies in the exhibit."""
    paths: dict[str, str] = {}
    for part in body.iter("img", "video", "audio", "a") if body is not None else ():
        path = part.get("href" if part.tag == "a" else "src")
        if _local(path):
            by_tag = {"video": "video", "audio": "voice"}.get(part.tag)
            paths.setdefault(path, by_tag or kind_of(path))
    if not paths:
        return "text", None
    if len(paths) > 1:
        source.leave("further attachments of a message", len(paths) - 1)
    members = (attachment(source, path) for path in paths)
    member = next((m for m in members if m is not None), None)
    return next(iter(paths.values())), None if member is None else member.sha256()

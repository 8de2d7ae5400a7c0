"""Telegram Desktop: the HTML export of an account or of one chat (``messages.html`` and on).

Format, as Telegram Desktop's own exporter writes it:
https://github.com/telegramdesktop/tdesktop/blob/dev/Telegram/SourceFiles/export/output/export_output_html.cpp

- Users have names here and no numbers: a name is ``sender_id``. A message that follows another of
  its sender closely does not repeat the name: it is the earlier one's.
- A time states its offset from UTC since 2021 (version 3); before, it is read in ``--timezone``.
- A line of the service (a group created, a member invited) bears no time: it is given that of the
  message before it, or the day's first minute; their number is counted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from faisceau.errors import FieldError
from faisceau.evidence.clocks import plausible
from faisceau.evidence.html_blocks import classes, having, html_blocks, text_in
from faisceau.evidence.reading import Head, Record, Source
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT]

_MADE_BY = re.compile(r"<title>\s*Exported Data\s*</title>")
_CHAT = re.compile(r'class="page_body chat_page"|class="message (?:service|default clearfix)')
_OWNER = re.compile(r'class="personal_info clearfix"')
_CONTACTS = re.compile(r'class="text bold">\s*(?:Contacts|Frequent contacts)\s*</div>')
_DATE = re.compile(
    r"(\d{2})\.(\d{2})\.(\d{4}) (\d{2}):(\d{2}):(\d{2})(?: UTC([+-])(\d{2}):(\d{2}))?"
)
_DAY = re.compile(r"(\d{1,2}) ([A-Z][a-z]+) (\d{4})")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_ANSWERED = re.compile(r"#go_to_message(-?\d+)")
_MAP = re.compile(r"[?&]q=(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)")
_LASTED = re.compile(r"\((\d+) seconds?\)")
_CHAT_FOLDER = re.compile(r"chat_\d+")
_KINDS = {
    "media_voice_message": "voice",
    "media_video": "video",
    "video_file_wrap": "video",
    "animated_wrap": "video",
    "media_photo": "image",
    "photo_wrap": "image",
    "sticker_wrap": "image",
    "media_file": "file",
    "media_audio_file": "file",
    "media_location": "location",
    "media_live_location": "location",
    "media_venue": "location",
}
"""Kind of a message by the class of its media block."""
_NAMED = ("media_file", "media_audio_file", "media_venue", "media_game", "media_invoice")
"""Media blocks whose title says what no other word of the message does."""
_NOT_SHOWN = N_("Telegram did not export the content of this message")
_NO_TIME = "service lines that state no time: given that of the message before"


def detect(head: Head) -> bool:
    """True for a page of the exporter that holds messages, or persons with their numbers."""
    if not _MADE_BY.search(head.text[:2048]):
        return False
    people = _CONTACTS.search(head.text) and 'class="entry' in head.text
    return bool(_CHAT.search(head.text) or people or _OWNER.search(head.text))


def read(source: Source) -> Iterator[Row]:
    """Messages and calls of a chat's page; contacts, the owner's first, of the others."""
    page = _Page(source)
    for block in html_blocks(source, _wanted):
        names = classes(block)
        if "page_header" in names:
            page.title = text_in(block) or None
        elif "message" in names:
            yield from page.message(block)
        else:
            yield from _person(source, block, page)


def _wanted(element: Any) -> bool:
    names = classes(element)
    return (
        "page_header" in names
        or ("message" in names and bool({"service", "default"} & names))
        or {"personal_info", "clearfix"} <= names
        or {"entry", "clearfix"} <= names
    )


@dataclass(slots=True)
class _Page:
    """The page being read, and what its last message said that the next does not repeat."""

    source: Source
    title: str | None = None
    sender: str | None = None
    forwarded: bool = False
    at: datetime | None = None
    zone: str | None = None
    count: int = 0

    @property
    def thread(self) -> str | None:
        """The chat's folder in an account's export; the chat's name where there is but one."""
        folder = self.source.name.rpartition("/")[0].rpartition("/")[2]
        return folder if _CHAT_FOLDER.fullmatch(folder) else self.title

    def message(self, block: Any) -> Iterator[Row]:
        """One message, call or line of the service."""
        self.count += 1
        ref = (block.get("id") or "").removeprefix("message")
        service = "service" in classes(block)
        parts = _service(block) if service else _parts(block)
        with self.source.record({"id": ref, **parts}, ref or f"#{self.count}") as record:
            if service:
                yield from self._line(record, ref)
            else:
                yield from self._said(record, joined="joined" in classes(block))

    def _line(self, record: Record, ref: str) -> Iterator[Row]:
        words = record.maybe("words")
        day = _day(words or "", self.source.timezone)
        if ref.startswith("-") and day is not None:
            self.at, self.zone = day, self.source.timezone.key
            record.set_aside("lines that name a day")
            return
        if ref.startswith("-") and words == "No exported messages":
            record.set_aside("chats without messages")
            return
        if words and words.startswith("This message is not supported by this version"):
            raise FieldError(_NOT_SHOWN)
        self.source.leave(_NO_TIME)
        self.sender = None
        yield self._row(record, text=words, kind="system", sender_id=None, sender_name=None)

    def _said(self, record: Record, *, joined: bool) -> Iterator[Row]:
        record.leave("userpic", "signature")
        at = record.maybe("date", self._clock)
        if at is not None:
            self.at, self.zone = at
        name = record.maybe("from_name")
        if not joined or name is not None:
            self.sender = name
        forwarded = record.maybe("forwarded", bool) or False
        media = record.maybe("media", lambda element: element)
        carried, block = _media(media)
        if carried == "media_call" and self.sender:
            yield self._call(record, block)
            return
        if carried == "media_contact":
            yield from self._shared(record, block)
        reactions = record.maybe("reactions", _number)
        if reactions:
            self.source.leave("reactions to messages", reactions)
        place = _place(block)
        yield self._row(
            record,
            sender_id=self.sender,
            sender_name=self.sender,
            text=record.maybe("text") or _instead(carried, block) or None,
            kind=_KINDS.get(carried or "", "text"),
            forwarded=forwarded,
            reply_to=record.maybe("reply_to"),
            attachment_sha256=self._attached(block),
            latitude=place and place[0],
            longitude=place and place[1],
        )

    def _row(self, record: Record, **said: Any) -> Row:
        return MESSAGE.row(
            app="telegram",
            ref=record.maybe("id"),
            account=self.source.owner,
            thread_id=self.thread,
            thread_name=self.title,
            sent_at=self.at,
            zone=self.zone,
            **said,
        )

    def _clock(self, said: str) -> tuple[datetime, str | None]:
        """The moment and its zone. Counts a time that states none."""
        found = _DATE.fullmatch(said.strip())
        if found is None:
            raise ValueError(said)
        day, month, year, hour, minute, second = map(int, found.groups()[:6])
        zone: tzinfo = self.source.timezone
        key = self.source.timezone.key
        if found[7]:
            ahead = timedelta(hours=int(found[8]), minutes=int(found[9]))
            zone = timezone(-ahead if found[7] == "-" else ahead)
            key = found[0][-6:]
        at = plausible(datetime(year, month, day, hour, minute, second, tzinfo=zone))
        self.source.tally.assumed[key] += not found[7]
        return at, key

    def _call(self, record: Record, block: Any) -> Row:
        record.leave("text")
        status = text_in(having(block, "status"))
        lasted = _LASTED.search(status)
        outgoing = status.startswith(("Outgoing", "Cancelled"))
        missed = status.startswith(("Missed", "Declined"))
        return CALL.row(
            ref=record.maybe("id"),
            caller=self.sender,
            callee=text_in(having(block, "title", "bold")) or None,
            started_at=self.at,
            zone=self.zone,
            duration_s=float(lasted[1]) if lasted else 0.0,
            kind="voice",
            direction="out" if outgoing else "missed" if missed else "in",
        )

    def _shared(self, record: Record, block: Any) -> Iterator[Row]:
        phone = text_in(having(block, "status")).partition(" - ")[0]
        yield CONTACT.row(
            ref=record.maybe("id"),
            account=self.source.owner,
            name=text_in(having(block, "title", "bold")) or None,
            identifiers=[phone] if phone else None,
        )

    def _attached(self, block: Any) -> str | None:
        """Hash of the file beside the page; pages of an account's export name it from the root."""
        path = block.get("href") if block is not None else None
        if not path or "://" in path:
            return None
        parts = [part for part in path.split("/") if part != ".."]
        tried = (self.source.attached("/".join(parts[start:])) for start in range(len(parts)))
        member = self.source.attached(path) or next((m for m in tried if m is not None), None)
        return None if member is None else member.sha256()


def _service(block: Any) -> dict[str, Any]:
    return {"words": text_in(having(block, "body")) or None}


def _parts(block: Any) -> dict[str, Any]:
    """The parts of a message by what they are; of a forwarded one, those inside it."""
    parts: dict[str, Any] = {}
    for child in block:
        if "body" in classes(child):
            _take(child, parts)
        elif "userpic_wrap" not in classes(child):
            parts[_unknown(child)] = True
    return parts


def _take(body: Any, parts: dict[str, Any]) -> None:
    for child in body:
        names = classes(child)
        if "forwarded" in names and "body" in names:
            parts["forwarded"] = True
            inside: dict[str, Any] = {}
            _take(child, inside)
            inside.pop("from_name", None)  # who wrote it first: no column holds it
            parts.update(inside)
        elif "userpic_wrap" in names:
            continue
        elif "date" in names:
            parts["date"] = child.get("title")
        elif "from_name" in names:
            parts["from_name"] = _name(child)
        elif "reply_to" in names:
            parts["reply_to"] = _answered(child)
        elif "media_wrap" in names:
            parts["media"] = child
        elif "text" in names:
            parts["text"] = text_in(child)
        elif "reactions" in names:
            parts["reactions"] = child
        elif "signature" in names:
            parts["signature"] = True
        else:
            parts[_unknown(child)] = True


def _unknown(element: Any) -> str:
    return " ".join(sorted(classes(element))) or str(element.tag)


def _name(element: Any) -> str:
    """The sender's name, without the bot it was written through."""
    return text_in(element, lambda e: "details" in classes(e)).partition(" via @")[0].strip()


def _answered(element: Any) -> str | None:
    """``ref`` of the message answered; None where it lies in another chat."""
    links = (link.get("href") or "" for link in element.iter("a"))
    found = next((m for link in links if (m := _ANSWERED.search(link))), None)
    return found[1] if found else None


def _media(wrap: Any) -> tuple[str | None, Any]:
    """The class that names a media block, and the block."""
    if wrap is None:
        return None, None
    for element in wrap.iter("*"):
        for name in classes(element):
            if name in _KINDS or (name.startswith("media_") and name != "media_wrap"):
                return name, element
    return None, wrap


def _instead(carried: str | None, block: Any) -> str:
    """The words that stand in a media block: a file's name, a card, a question with its answers."""
    if block is None or carried is None:
        return ""
    if carried == "media_poll":
        said = [text_in(having(block, "question"))]
        said += [text_in(e).removeprefix("- ") for e in block.iter("*") if "answer" in classes(e)]
        return "\n".join(filter(None, said))
    said = [text_in(having(block, "title", "bold"))]
    if carried == "media_contact":
        said.append(text_in(having(block, "status")).partition(" - ")[0])
        return " ".join(filter(None, said))
    if carried not in _NAMED:
        return ""
    if carried != "media_file":
        said.append(text_in(having(block, "description")))
    return "\n".join(filter(None, said))


def _place(block: Any) -> tuple[float, float] | None:
    found = _MAP.search((block.get("href") or "") if block is not None else "")
    return (float(found[1]), float(found[2])) if found else None


def _number(reactions: Any) -> int:
    """How many reacted: a figure, else the pictures of those who did."""
    total = 0
    for one in (e for e in reactions.iter("*") if "reaction" in classes(e)):
        figure = text_in(having(one, "count"))
        pictures = sum("userpic" in classes(e) for e in one.iter("*"))
        total += int(figure) if figure.isdigit() else max(pictures, 1)
    return total


def _day(words: str, zone: tzinfo) -> datetime | None:
    found = _DAY.fullmatch(words)
    if found is None or found[2] not in _MONTHS:
        return None
    try:
        month = _MONTHS.index(found[2]) + 1
        return plausible(datetime(int(found[3]), month, int(found[1]), tzinfo=zone))
    except ValueError:
        return None


def _person(source: Source, block: Any, page: _Page) -> Iterator[Row]:
    """The owner, or one entry of the list of contacts; entries of other lists are counted."""
    if "personal_info" in classes(block):
        yield from _owner(source, block)
        return
    page.count += 1
    if page.title not in ("Contacts", "Frequent contacts"):
        source.leave("entries of other lists")
        return
    name = text_in(having(block, "name", "bold")) or None
    said = [text_in(e) for e in block.iter("*") if "details_entry" in classes(e)]
    said = [detail for detail in said if detail and not detail.startswith("Rating:")]
    with source.record({"name": name, "details": said or None}, f"entry {page.count}") as record:
        phones = record.maybe("details", list)
        yield CONTACT.row(
            account=source.owner, name=record.maybe("name"), identifiers=phones or None
        )


def _owner(source: Source, block: Any) -> Iterator[Row]:
    rows = {
        text_in(having(row, "label")): text_in(having(row, "value"))
        for row in block.iter("*")
        if "row" in classes(row)
    }
    with source.record(rows, "personal information") as record:
        record.leave("Bio")
        names: list[str | None] = [record.maybe("First name"), record.maybe("Last name")]
        ids: list[str | None] = [record.maybe("Phone number"), record.maybe("Username")]
        source.owner = source.owner or ids[0] or ids[1]
        yield CONTACT.row(
            account=source.owner,
            name=" ".join(n for n in names if n) or None,
            identifiers=[i for i in ids if i] or None,
        )

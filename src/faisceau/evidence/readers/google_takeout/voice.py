"""Google Voice: pages of calls, voicemails and texts, in the hCard and hAudio microformats.

What a page is stands in its labels (``rel="tag"``), whose addresses no language changes. Times
state their offset. The account's own number stands in texts alone; in calls it is the owner.
"""

import re
from collections.abc import Iterator
from typing import Any

from faisceau.evidence.clocks import iso_time
from faisceau.evidence.html_blocks import classes, having, html_blocks, text_in
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.tables.schemas import CALL, MESSAGE, Row

_TEXTS = re.compile(r'class="[^"]*\bhChatLog\b')
_MESSAGE = re.compile(r'class="(?:sender vcard|dt)"')
_CALL = re.compile(r'class="[^"]*\bhaudio\b')
_TAG = re.compile(r"google\.com/voice\b")
_OFFSET = re.compile(r"[+-]\d\d:\d\d$")
_LASTED = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_CALLS = {"placed": "out", "received": "in", "missed": "missed"}
_VOICEMAIL = ("voicemail", "recorded")


def recognise(text: str) -> bool:
    """True for a page of texts, or of one call, of Google Voice."""
    if "<" not in text[:512] or not _TAG.search(text):
        return bool(_TEXTS.search(text) and _MESSAGE.search(text) and 'href="tel:' in text)
    return bool(_CALL.search(text) or _TEXTS.search(text))


def read(source: Source) -> Iterator[Row]:
    """One message a text; one call, or one message of a voicemail, a page of hAudio."""
    page = _Page(source)
    for block in html_blocks(source, _wanted):
        names = classes(block)
        if "participants" in names:
            page.people = [_number(cite) or _name(cite) or "" for cite in block.iter("cite")]
        elif "message" in names:
            page.waiting.append(_parts(block))
        elif "haudio" in names:
            yield from _audio(source, block)
    yield from page.messages()


def _wanted(element: Any) -> bool:
    names = classes(element)
    return bool(names & {"message", "haudio", "participants"})


class _Page:
    """A page of texts. Who the others are is known at its end: they are few."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.people: list[str] = []
        self.waiting: list[dict[str, Any]] = []

    def messages(self) -> Iterator[Row]:
        """Every text of the page."""
        own = next((m["number"] for m in self.waiting if m["me"] and m["number"]), None)
        own = own or self.source.owner or OWNER
        met = [m["number"] or m["name"] for m in self.waiting if not m["me"]]
        people = list(dict.fromkeys(one for one in (*self.people, *met) if one and one != own))
        for number, parts in enumerate(self.waiting, 1):
            with self.source.record(parts, f"message {number}") as record:
                yield self._message(record, own, people)

    def _message(self, record: Record, own: str, people: list[str]) -> Row:
        mine = record.maybe("me", bool)
        named = record.maybe("number") or record.maybe("name")
        record.leave("name")
        sender = own if mine else named
        paths = record.maybe("files", list) or []
        if len(paths) > 1:
            self.source.leave("further attachments of a message", len(paths) - 1)
        members = (_file(self.source, path) for path, _ in paths)
        member = next((m for m in members if m is not None), None)
        at = record.maybe("at", _stated)
        account = None if own == OWNER else own
        return MESSAGE.row(
            app="google_voice",
            account=account,
            thread_id=", ".join(sorted(people)) or None,
            sender_id=sender,
            sender_name=None if mine else record.maybe("name"),
            recipients=[one for one in (*people, own) if one != sender] or None,
            sent_at=at and at[0],
            zone=at and at[1],
            text=record.maybe("text"),
            kind=paths[0][1] if paths else "text",
            attachment_sha256=None if member is None else member.sha256(),
        )


def _parts(block: Any) -> dict[str, Any]:
    cite = next(block.iter("cite"), None)
    stamp = having(block, "dt")
    kinds = {"img": "image", "video": "video", "audio": "voice"}
    files = [(part.get("src"), kinds[part.tag]) for part in block.iter(*kinds) if part.get("src")]
    fn = having(cite, "fn") if cite is not None else None
    return {
        "at": stamp.get("title") if stamp is not None else None,
        "number": _number(cite),
        "name": _name(cite),
        "me": fn is not None and fn.tag == "abbr",
        "text": "\n".join(filter(None, map(text_in, block.iter("q")))) or None,
        "files": files or None,
    }


def _number(card: Any) -> str | None:
    """The number of an hCard: of its ``tel:`` link."""
    for link in card.iter("a") if card is not None else ():
        href = link.get("href") or ""
        if href.startswith("tel:") and href != "tel:":
            return href.removeprefix("tel:")
    return None


def _name(card: Any) -> str | None:
    return text_in(having(card, "fn")) or None if card is not None else None


def _audio(source: Source, block: Any) -> Iterator[Row]:
    """A call, or a voicemail with what was made of its words."""
    card = having(block, "contributor") if having(block, "contributor") is not None else block
    labels = {
        (tag.get("href") or "").rpartition("#")[2].lower()
        for tag in block.iter("a")
        if tag.get("rel") == "tag"
    }
    stamp, lasted = having(block, "published"), having(block, "duration")
    values = {
        "at": stamp.get("title") if stamp is not None else None,
        "duration": lasted.get("title") if lasted is not None else None,
        "number": _number(card),
        "name": _name(card),
        "text": text_in(having(block, "full-text")) or None,
        "audio": next((a.get("src") for a in block.iter("audio") if a.get("src")), None),
    }
    with source.record(values, "call") as record:
        peer = record.maybe("number") or record.maybe("name") or "unknown"
        record.leave("name")
        at = record.maybe("at", _stated)
        seconds = record.maybe("duration", _seconds)
        own = source.owner or OWNER
        if labels & set(_VOICEMAIL) or record.maybe("audio"):
            member = _file(source, str(record.maybe("audio") or ""))
            yield MESSAGE.row(
                app="google_voice",
                account=source.owner,
                thread_id=peer,
                sender_id=peer,
                sender_name=record.maybe("name"),
                recipients=[own],
                sent_at=at and at[0],
                zone=at and at[1],
                text=record.maybe("text"),
                kind="voice",
                attachment_sha256=None if member is None else member.sha256(),
            )
            return
        record.leave("text", "audio")
        direction = next((_CALLS[label] for label in _CALLS if label in labels), None)
        out = direction == "out"
        yield CALL.row(
            caller=own if out else peer,
            callee=peer if out else own,
            started_at=at and at[0],
            zone=at and at[1],
            duration_s=seconds or 0.0,
            kind="voice",
            direction=direction,
        )


def _stated(text: Any) -> tuple[Any, str | None]:
    """A time and the offset it states."""
    said = str(text).strip()
    return iso_time(said), said[-6:] if _OFFSET.search(said) else None


def _seconds(text: Any) -> float:
    """Seconds of an ISO 8601 duration."""
    found = _LASTED.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float((hours * 60 + minutes) * 60 + seconds)


def _file(source: Source, path: str) -> Any:
    """The file a page names; pictures are named without their ending."""
    if not path:
        return None
    for ending in ("", ".jpg", ".png", ".gif", ".mp4", ".3gp", ".mp3", ".amr"):
        member = source.attached(path + ending)
        if member is not None:
            return member
    return None

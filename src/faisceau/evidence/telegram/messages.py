"""What a Telegram message says: its decoded object as words, kind and people.

People are called as Telegram's own exports call them: ``user…``, ``chat…``, ``channel…``.
"""

import re
from collections.abc import Mapping
from typing import Any

from faisceau.evidence.telegram.tl import Fields

OUT, FORWARDED, EDITED, EDIT_HIDDEN, POST = 1 << 1, 1 << 2, 1 << 15, 1 << 21, 1 << 14
"""Bits of a message's ``flags``."""

_VOICE = 1 << 10
"""Bit of ``documentAttributeAudio``: recorded, no piece of music."""
_KINDS = {
    "messageMediaPhoto": "image",
    "messageMediaGeo": "location",
    "messageMediaGeoLive": "location",
    "messageMediaVenue": "location",
    "messageMediaVideoStream": "video",
}
_TEXTUAL = frozenset(
    {
        "messageMediaEmpty",
        "messageMediaWebPage",
        "messageMediaContact",
        "messageMediaPoll",
        "messageMediaGame",
        "messageMediaDice",
        "messageMediaInvoice",
        "messageMediaToDo",
        "messageMediaGiveaway",
        "messageMediaGiveawayResults",
        "messageMediaStory",
        "messageMediaPaidMedia",
    }
)
_WORDS = ("title", "message", "text", "emoticon", "domain", "currency", "slug")
_COUNTED = ("total_amount", "amount", "months", "period", "score", "distance", "boosts", "stars")
_PEOPLE = {"user_id": "user", "inviter_id": "user", "chat_id": "chat", "channel_id": "channel"}


def peer(said: Any) -> str | None:
    """A peer, or the bare number of a user, as ``user…``, ``chat…`` or ``channel…``."""
    if isinstance(said, int):
        return f"user{said}" if said > 0 else None
    if isinstance(said, Mapping):
        for name, kind in _PEOPLE.items():
            if isinstance(said.get(name), int):
                return f"{kind}{said[name]}"
    return None


def words(said: Fields) -> str | None:
    """The words of a message: its text, else the caption, card, question … that it carries."""
    media = said.get("media") or {}
    return said.get("message") or media.get("caption") or _carried(media) or None


def _carried(media: Fields) -> str:
    poll = media.get("poll") or media.get("todo") or {}
    if poll:
        listed = poll.get("answers") or poll.get("list") or []
        lines = [
            poll.get("question") or poll.get("title"),
            *(a.get("text") or a.get("title") for a in listed),
        ]
        return "\n".join(text for line in lines if (text := _plain(line)))
    held = media.get("game") or media
    names = ("title", "address", "description", "first_name", "last_name", "phone_number")
    parts = [held.get(name) for name in (*names, "emoticon")]
    return " ".join(part for part in parts if isinstance(part, str) and part)


def _plain(text: Any) -> str:
    """A text with or without entities."""
    return str(text.get("text", "")) if isinstance(text, Mapping) else str(text or "")


def kind(said: Fields) -> str | None:
    """What a message carries; None where that is not known."""
    media = said.get("media")
    if media is None:
        return "text"
    name = media.get("_")
    if name == "messageMediaDocument":
        return _document(media.get("document") or {})
    return _KINDS.get(name) or ("text" if name in _TEXTUAL else None)


def _document(document: Fields) -> str:
    family = str(document.get("mime_type", "")).partition("/")[0]
    for attribute in document.get("attributes", ()):
        match attribute.get("_"):
            case "documentAttributeAudio":
                return "voice" if attribute.get("flags", 0) & _VOICE else "file"
            case "documentAttributeSticker" | "documentAttributeCustomEmoji":
                return "image"
            case "documentAttributeVideo":
                return "video"
    return family if family in ("image", "video") else "file"


def place(said: Fields) -> tuple[float | None, float | None]:
    """Latitude and longitude of a shared place."""
    geo = (said.get("media") or {}).get("geo") or {}
    latitude, longitude = geo.get("lat"), geo.get("long")
    if latitude is None or longitude is None:
        return None, None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return None, None
    return latitude, longitude


def reply(said: Fields) -> str | None:
    """The number of the message that this one answers."""
    header = said.get("reply_to") or said
    number = header.get("reply_to_msg_id")
    return str(number) if number else None


def event(action: Fields) -> str:
    """What happened in a conversation: the action in brackets, then its particulars."""
    name = str(action.get("_", "")).removeprefix("messageAction")
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower() or "unknown"
    said = [str(action[word]) for word in _WORDS if action.get(word)]
    said += [f"{word} {action[word]}" for word in _COUNTED if action.get(word)]
    said += [f"{of}{action[word]}" for word, of in _PEOPLE.items() if action.get(word)]
    said += [f"user{user}" for user in action.get("users", ()) if isinstance(user, int)]
    said += [who for word in ("from_id", "to_id", "peer") if (who := peer(action.get(word)))]
    return " ".join([f"[{label}]", *said])

"""The words of a Telegram export in JSON: what a message says, what an event of a chat was."""

from collections.abc import Iterable, Mapping
from typing import Any

from faisceau.evidence.reading import Record

_SAID = ("information_text", "title", "new_title", "inviter", "amount", "currency")
_COUNTED = (
    "duration",
    "period",
    "schedule_date",
    "score",
    "distance",
    "cost",
    "months",
    "boosts",
    "emoticon",
    "to",
    "reason_domain",
    "reason_app_name",
)
"""Particulars that mean nothing without their name."""
_LISTED = ("members", "values")
_PLAIN = (
    "width",
    "height",
    "actor",
    "actor_id",
    "from",
    "from_id",
    "to_id",
    "recurring",
    "reason_app_id",
    "new_icon_emoji_id",
    "button_id",
    "peer_id",
)
"""Fields of an event that no column holds, or that its message has taken."""


def event_words(record: Record, message: Mapping[str, Any]) -> str:
    """What a service message says, in the exporter's own words: action, then its particulars."""
    record.leave("action", "text", *_SAID, *_COUNTED, *_LISTED, *_PLAIN)
    said: list[Any] = [message.get("action"), *(message.get(name) for name in _SAID)]
    for name in _LISTED:
        listed = message.get(name)
        said += listed if isinstance(listed, list) else []
    said += [f"{name} {message[name]}" for name in _COUNTED if message.get(name)]
    said.append(record.maybe("text", joined))
    return " ".join(str(word) for word in said if word)


def message_words(record: Record, message: Mapping[str, Any]) -> str | None:
    """The text, else what stands in its place: question, card, venue, game, bill, title, emoji."""
    text = record.maybe("text", joined)
    emoji, asked = record.maybe("sticker_emoji"), record.maybe("poll", poll)
    game = together(record.maybe(n) for n in ("game_title", "game_description", "game_link"))
    venue = together(record.maybe(n) for n in ("place_name", "address"))
    shown = together(card(message.get("contact_information")))
    bill = record.maybe("invoice_information", invoice)
    title = record.maybe("title")
    return text or asked or shown or venue or game or bill or title or emoji


def joined(text: Any) -> str:
    """The words of a ``text``: a string, or a list of strings and entities."""
    if isinstance(text, str):
        return text
    parts = text if isinstance(text, list) else [text]
    return "".join(part if isinstance(part, str) else str(part["text"]) for part in parts)


def poll(said: Any) -> str:
    """A question and its answers, a line each."""
    return "\n".join([joined(said["question"]), *(joined(a["text"]) for a in said["answers"])])


def invoice(said: Any) -> str:
    """Title and description of a bill."""
    return f"{said['title']} {said['description']}".strip()


def card(said: Any) -> list[str]:
    """First name, last name and number of a shared contact."""
    if not isinstance(said, Mapping):
        return []
    return [str(said.get(k) or "") for k in ("first_name", "last_name", "phone_number")]


def together(parts: Iterable[str | None]) -> str:
    """The parts that are there, with spaces."""
    return " ".join(part for part in parts if part)


def reactions(said: Any) -> int:
    """How many reacted, over all emoji."""
    return sum(int(one.get("count", 1)) for one in said)

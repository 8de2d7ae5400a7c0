"""The demo's Telegram account: ``result.json`` as Telegram Desktop exports it.

https://core.telegram.org/import-export describes what an export holds.
"""

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from faisceau.demo.people import HOLDER, PEOPLE
from faisceau.demo.script import PARIS, Conversation, conversations

_TYPES = {
    "chat": "personal_chat",
    "group": "private_supergroup",
    "channel": "private_channel",
    "saved": "saved_messages",
    "bot": "bot_chat",
}
_FIRST_ID = 2001


def write(path: Path) -> None:
    """Write the export of the account to ``path``."""
    holder = PEOPLE[HOLDER]
    export = {
        "about": "Here is the data you requested.",
        "personal_information": {
            "user_id": holder.user,
            "first_name": holder.name,
            "last_name": "",
            "phone_number": _spaced(holder.number),
            "username": "@girouette_demo",
            "bio": "",
        },
        "contacts": {
            "about": "If you allow access, your contacts are synced with Telegram.",
            "list": [
                {
                    "first_name": PEOPLE[key].name,
                    "last_name": "",
                    "phone_number": _spaced(PEOPLE[key].number),
                    **_time("date", datetime(2026, 2, 20, 18, n, tzinfo=PARIS)),
                }
                for n, key in enumerate(("mathis", "lorenzo", "sacha", "maman"))
            ],
        },
        "chats": {
            "about": "This page lists all chats from this export.",
            "list": [_chat(chat) for chat in conversations("telegram")],
        },
    }
    text = json.dumps(export, ensure_ascii=False, indent=1)
    path.write_text(text, "utf-8")


def _chat(chat: Conversation) -> dict[str, Any]:
    number = _number(chat)
    name = {} if chat.kind == "saved" else {"name": chat.name}
    messages = [
        {
            "id": _FIRST_ID + n,
            "type": "message",
            **_time("date", line.at),
            **_from(chat, line.sender, number),
            "text": line.text,
            "text_entities": [{"type": "plain", "text": line.text}],
        }
        for n, line in enumerate(chat.lines)
    ]
    return {**name, "type": _TYPES[chat.kind], "id": number, "messages": messages}


def _from(chat: Conversation, sender: str, number: int) -> dict[str, str]:
    if chat.kind == "channel":
        return {"from": chat.name, "from_id": f"channel{number}"}
    if chat.kind == "bot" and sender:
        return {"from": chat.name, "from_id": f"user{number}"}
    person = PEOPLE[sender or HOLDER]
    return {"from": person.name, "from_id": f"user{person.user}"}


def _number(chat: Conversation) -> int:
    if chat.kind == "chat":
        return PEOPLE[chat.who].user
    if chat.kind == "saved":
        return PEOPLE[HOLDER].user
    return 99100000000 + int.from_bytes(sha256(chat.name.encode()).digest()[:4], "big") % 10**8


def _time(name: str, at: datetime) -> dict[str, str]:
    """A time as the exporting computer's clock shows it, and in seconds since 1970."""
    return {name: f"{at:%Y-%m-%dT%H:%M:%S}", f"{name}_unixtime": str(int(at.timestamp()))}


def _spaced(number: str) -> str:
    rest = number.removeprefix("+33")
    return f"+33 {rest[0]} " + " ".join(rest[n : n + 2] for n in range(1, len(rest), 2))

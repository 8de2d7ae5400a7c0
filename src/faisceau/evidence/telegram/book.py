"""Who is who in a database of Telegram for Android: users, chats, and the sides of a dialog."""

import re
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.telegram import messages as tg
from faisceau.evidence.telegram.tl import Fields

_SECRET = 1 << 62
"""Dialogs of secret chats; before 2021 the chat's number stood in the upper half."""

_PERSON = re.compile(r"([a-z]+)([0-9]{1,19})")


@dataclass
class Book:
    """Users, chats and secret chats: their names, and which user is the holder."""

    me: str
    account: str | None = None
    users: dict[int, str] = field(default_factory=dict)
    chats: dict[int, str] = field(default_factory=dict)
    channels: set[int] = field(default_factory=set)
    secret: dict[int, int] = field(default_factory=dict)
    """The user at the other end, by number of the secret chat."""
    spoken: set[int] = field(default_factory=set)

    def name(self, who: str | None) -> str | None:
        """What a person or a group is called."""
        met = _PERSON.fullmatch(who or "")
        if met is None:
            return None
        return (self.users if met[1] == "user" else self.chats).get(int(met[2])) or None

    def other(self, dialog: int) -> str | None:
        """The person at the other end of a dialog of two."""
        if dialog <= 0:
            return None
        if is_secret(dialog):
            chat = dialog & 0xFFFFFFFF or dialog >> 32
            user = self.secret.get(chat - (1 << 32) if chat >= 1 << 31 else chat)
            return f"user{user}" if user else None
        return f"user{dialog}"

    def thread(self, dialog: int) -> str | None:
        """The name shown for a dialog."""
        return self.name(self.other(dialog)) if dialog > 0 else self.chats.get(-dialog)


def is_secret(dialog: int) -> bool:
    """True for the dialog of a secret chat."""
    return dialog > 0 and bool(dialog & _SECRET or (dialog >> 32 and not dialog & 0xFFFFFFFF))


def sides(said: Fields, dialog: int, out: Any, book: Book) -> tuple[str | None, str | None, bool]:
    """Who sent, who is at the other end of a dialog of two, and whether the holder sent."""
    other = book.other(dialog)
    flags = said.get("flags", 0)
    mine = out == 1 if out is not None else bool(flags & tg.OUT or said.get("out"))
    sender = tg.peer(said.get("from_id"))
    if mine and not (sender or "").startswith(("channel", "chat")):
        sender = book.me
    elif sender is None:
        group = f"channel{-dialog}" if -dialog in book.channels or flags & tg.POST else None
        sender = other or group
    if other is not None and other == book.account:
        return sender, other, True  # messages to oneself
    return sender, other, mine

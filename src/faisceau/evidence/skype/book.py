"""Who is who in a Skype database: its account, its conversations and who takes part in them."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.databases import Database, text
from faisceau.evidence.reading import OWNER

_PREFIX = re.compile(r"^\d{1,2}:")
"""``8:`` a person, ``4:`` a number, ``28:`` a machine: newer versions put it before the name."""
_GROUP = re.compile(r"^19:|@thread\.|#.*/\$")
_SINGLE = 1
"""``Conversations.type`` of a talk of two; a conference is 4, a group 2."""


def person(identity: Any) -> str | None:
    """The name of a person without the prefix that newer versions put before it."""
    name = text(identity)
    return _PREFIX.sub("", name) if name else None


def is_group(identity: str) -> bool:
    """True for the identity of a conversation that is no one person."""
    return bool(_GROUP.search(identity))


@dataclass
class SkypeBook:
    """The account of the database, its conversations by ``convo_id`` and older chats by name."""

    account: str | None = None
    threads: dict[int, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    spoken: Counter[str] = field(default_factory=Counter)

    @property
    def me(self) -> str:
        """The holder: the account's name, or ``owner``."""
        return self.account or OWNER

    @classmethod
    def of(cls, database: Database, owner: str | None) -> "SkypeBook":
        """Read it from its tables, as far as this version has them."""
        book = cls(owner)
        if database.has("accounts", "skypename"):
            names = (person(name) for (name,) in database.rows("SELECT skypename FROM accounts"))
            book.account = next((name for name in names if name), owner)
        if database.has("conversations", "id", "identity"):
            book._fill_conversations(database)
        if database.has("chats", "name"):
            book._fill_chats(database)
        for table, thread in (("participants", "convo_id"), ("chatmembers", "chatname")):
            if database.has(table, thread, "identity"):
                for where, who in database.rows(f"SELECT {thread}, identity FROM {table}"):
                    known = book.threads.get(where) if table == "participants" else text(where)
                    book.member(known, person(who))
        return book

    def _fill_conversations(self, database: Database) -> None:
        columns = ("given_displayname", "meta_topic", "displayname", "type")
        picked = ", ".join(database.pick("conversations", *columns))
        for row, identity, *names, kind in database.rows(
            f"SELECT id, identity, {picked} FROM conversations"
        ):
            thread = text(identity)
            if not thread:
                continue
            self.threads[row] = thread
            name = next((name for value in names if (name := text(value))), None)
            if name:
                self.names[thread] = name
            if kind == _SINGLE or (kind is None and not is_group(thread)):
                self.member(thread, person(thread))
                self.member(thread, self.me)

    def _fill_chats(self, database: Database) -> None:
        columns = ("topic", "friendlyname", "participants", "dialog_partner")
        picked = ", ".join(database.pick("chats", *columns))
        for chat, topic, friendly, people, partner in database.rows(
            f"SELECT name, {picked} FROM chats"
        ):
            thread, name = text(chat), text(topic) or text(friendly)
            if not thread:
                continue
            if name:
                self.names.setdefault(thread, name)
            for who in (text(people) or text(partner) or "").split():
                self.member(thread, person(who))

    def member(self, thread: str | None, who: str | None) -> None:
        """Someone takes part in a conversation."""
        if thread and who:
            self.members.setdefault(thread, {})[who] = None

    def recipients(self, thread: str, sender: str, partner: str, numbers: str) -> list[str]:
        """Whom ``sender`` wrote to: the numbers of a text message, or the others who take part."""
        if numbers:
            return [number for number in re.split(r"[\s,;]+", numbers) if number]
        members = self.members.get(thread, {})
        others = [who for who in members if who != sender]
        if sender != self.me:
            return others if self.me in members else [*others, self.me]
        if others:
            return others
        return [name for name in (partner or person(thread),) if name and name != sender]

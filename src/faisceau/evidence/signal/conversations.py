"""Who is who in a database of Signal Desktop: its conversations, and the holder."""

import re
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.databases import Database, text
from faisceau.evidence.signal.stored_json import listed, loaded


@dataclass
class Conversations:
    """Conversations by id, and whom each service id stands for."""

    me: str
    account: str | None = None
    called: dict[str, str] = field(default_factory=dict)
    """By id of the conversation, service id, group id or number: what it is called."""
    names: dict[str, str] = field(default_factory=dict)
    """The name shown for whoever is called so."""
    identifiers: dict[str, list[str]] = field(default_factory=dict)
    """Of the conversations that are persons, by id."""
    members: dict[str, list[str]] = field(default_factory=dict)
    """Of those that are groups, by id: what their members are called."""

    def person(self, *given: Any) -> str | None:
        """Whoever the first of these stands for."""
        for value in given:
            if value and (known := text(value)):
                return self.called.get(known.lower(), known)
        return None

    def title(self, thread: str | None) -> str | None:
        """The name shown for a conversation."""
        return self.names.get(self.called.get((thread or "").lower(), ""))

    def recipients(self, thread: str | None, sender: str | None) -> list[str] | None:
        if thread is None or sender is None:
            return None
        if thread in self.members:
            others = [m for m in self.members[thread] if m != sender]
            return others or [self.called[thread.lower()]]
        other = self.called.get(thread.lower())
        return ([other] if other else None) if sender == self.me else [self.me]


def conversations(database: Database, owner: str) -> Conversations:
    """Everyone that the database names; ``owner`` is the holder where it does not tell."""
    book = Conversations(owner)
    own = _own(database)
    if own:
        book.account = book.me = own[0]
        book.called |= dict.fromkeys((word.lower() for word in own), own[0])
    columns = ("id", "type", "name", "profilefullname", "profilename", "e164", "serviceid", "uuid",
        "groupid", "members", "json")  # fmt: skip
    picked = ", ".join(database.pick("conversations", *columns))
    waiting: dict[str, list[str]] = {}
    for row in database.rows(f"SELECT {picked} FROM conversations ORDER BY id"):
        number, kind, name, full, profile, e164, service, uuid, group, members = map(text, row[:-1])
        said = loaded(row[-1])
        if not number:
            continue
        shown = name or full or profile or text(said.get("profileName"))
        if kind == "group":
            ids = [group or number]
            waiting[number] = (members or "").split() or [
                str(m.get("aci") or m.get("uuid")) for m in listed(said, "membersV2")
            ]
        else:
            ids = [i for i in (e164, service or uuid, text(said.get("username"))) if i]
            book.identifiers[number] = ids
        called = next((book.called[i.lower()] for i in ids if i.lower() in book.called), None)
        called = called or (ids[0] if ids else number)
        for word in (number, *ids):
            book.called[word.lower()] = called
        if shown:
            book.names[called] = shown
    for number, members_ in waiting.items():
        book.members[number] = [book.called.get(m.lower(), m) for m in members_]
    return book


def _own(database: Database) -> list[str]:
    """The holder's number and service id, as the application keeps them for itself."""
    found: dict[str, str] = {}
    if database.has("items", "id", "json"):
        for key, stored in database.rows("SELECT id, json FROM items"):
            if (name := text(key)) in ("number_id", "uuid_id"):
                value = text(loaded(stored).get("value")) or ""
                found[str(name)] = re.sub(r"\.[0-9]+$", "", value)
    return [found[n] for n in ("number_id", "uuid_id") if found.get(n)]

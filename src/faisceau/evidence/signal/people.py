"""Who is who in a database of Signal for Android: recipients, groups, threads and the holder."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from faisceau.evidence.databases import Database, text
from faisceau.evidence.signal.types import OUTGOING

_IDENTIFIERS = ("e164", "phone", "aci", "uuid", "username", "email", "pni")
_NAMES = (
    "nickname_joined_name", "system_joined_name", "system_display_name", "profile_joined_name",
    "profile_given_name", "signal_profile_name",
)  # fmt: skip


@dataclass
class People:
    """Recipients by number; a group is a recipient too, called by its ``group_id``."""

    me: str
    own: int | None = None
    called: dict[int, str] = field(default_factory=dict)
    """By number of the recipient: telephone number, else ACI, user name, mail, or group id."""
    names: dict[int, str] = field(default_factory=dict)
    identifiers: dict[int, list[str]] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    """Group id of the recipients that are groups."""
    members: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    threads: dict[int, int] = field(default_factory=dict)
    """The recipient that each thread is with."""

    @property
    def account(self) -> str | None:
        """What the holder is called; None while that is not known."""
        return None if self.own is None else self.called.get(self.own)

    def recipients(self, thread: str, sender: str) -> list[str]:
        """Whom ``sender`` wrote to in a thread (its number): the members of a group, or the one."""
        other = self.threads.get(int(thread)) if thread else None
        if other is None:
            return []
        if group := self.groups.get(other):
            listed = [self.called[m] for m in self.members[group] if m in self.called]
            return [m for m in dict.fromkeys(listed) if m != sender] or [group]
        return [self.called.get(other, self.me)] if sender == self.me else [self.me]


def people(database: Database, owner: str) -> People:
    """Everyone that the database names."""
    found = People(owner)
    _recipients(database, found)
    _groups(database, found)
    column = next(
        (c for c in ("recipient_id", "thread_recipient_id", "recipient_ids")
         if c in database.tables.get("thread", ())), None,
    )  # fmt: skip
    if column:
        for thread, other in database.rows(f"SELECT _id, {column} FROM thread"):
            if (number := whole(other)) is not None:
                found.threads[thread] = number
    if (own := _own(database)) is not None:
        found.own = own
        found.me = found.called[own] = found.called.get(own, owner)
    return found


def _recipients(database: Database, found: People) -> None:
    columns = ("_id", "group_id", *_IDENTIFIERS, *_NAMES)
    if not database.has("recipient", "_id"):
        return
    picked = ", ".join(database.pick("recipient", *columns))
    for number, group, *rest in database.rows(f"SELECT {picked} FROM recipient"):
        words = [text(value) or "" for value in rest]
        known = [word for word in words[: len(_IDENTIFIERS)] if word]
        name = next((word for word in words[len(_IDENTIFIERS) :] if word), "")
        if group_id := text(group):
            found.groups[number] = group_id
        elif known:
            found.identifiers[number] = list(dict.fromkeys(known))
        found.called[number] = group_id or next(iter(known), f"recipient {number}")
        if name:
            found.names[number] = name


def _groups(database: Database, found: People) -> None:
    """Titles and members: listed in the group, or since 2023 in a table of their own."""
    if not database.has("groups", "group_id"):
        return
    numbers = {group: number for number, group in found.groups.items()}
    columns = ", ".join(database.pick("groups", "group_id", "title", "members"))
    for group, title, members in database.rows(f"SELECT {columns} FROM groups"):
        if (group_id := text(group)) is None:
            continue
        listed = [whole(m) for m in (text(members) or "").split(",")]
        found.members[group_id] += [m for m in listed if m is not None]
        if (name := text(title)) and group_id in numbers:
            found.names[numbers[group_id]] = name
    if database.has("group_membership", "group_id", "recipient_id"):
        for group, member in database.rows("SELECT group_id, recipient_id FROM group_membership"):
            if group_id := text(group):
                found.members[group_id].append(member)


def _own(database: Database) -> int | None:
    """The recipient that is the holder: since 2023 the one who sends what goes out."""
    if not database.has("message", "from_recipient_id", "type"):
        return None
    sent = ", ".join(map(str, OUTGOING))
    own = database.one(
        f"SELECT CAST(from_recipient_id AS INTEGER) FROM message WHERE (type & 31) IN ({sent})"
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    return own or None


def whole(value: Any) -> int | None:
    """A number of a recipient, also where it stands as text."""
    word = text(value)
    return int(word) if word and word.isascii() and word.isdigit() else None

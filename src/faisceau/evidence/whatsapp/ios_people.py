"""Who is who in ``ChatStorage.sqlite``: conversations, members, names, the holder."""

from dataclasses import dataclass, field

from faisceau.evidence.databases import text
from faisceau.evidence.reading import OWNER
from faisceau.evidence.whatsapp.database import Database
from faisceau.evidence.whatsapp.jids import is_shared, plain
from faisceau.evidence.whatsapp.names import IosNames


@dataclass
class Sessions:
    """Conversations by their row, members by theirs, and what people are called."""

    account: str | None
    numbers: dict[str, str]
    """The jid with the number, by hidden identifier."""
    names: dict[str, str]
    threads: dict[int, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    members: dict[int, str] = field(default_factory=dict)
    listed: dict[str, dict[str, None]] = field(default_factory=dict)
    spoken: set[str] = field(default_factory=set)

    @property
    def me(self) -> str:
        """The holder of the phone."""
        return self.account or OWNER

    def person(self, jid: str | None) -> str | None:
        """A person by the number, where it is known."""
        return None if jid is None else self.numbers.get(plain(jid), plain(jid))

    def shown(self, jid: str) -> str:
        """A person as a notice names one: the name, if there is one, and the jid."""
        known = self.person(jid) or jid
        name = self.names.get(known)
        return f"{name} ({known})" if name else known

    def title(self, thread: str) -> str | None:
        """The name shown for a conversation."""
        named = self.names.get(self.person(thread) or "") if not is_shared(thread) else None
        return self.titles.get(thread) or named

    def recipients(self, thread: str, sender: str) -> list[str]:
        """Whom ``sender`` wrote to in ``thread``."""
        if thread in self.listed:
            return [member for member in self.listed[thread] if member != sender]
        if is_shared(thread):
            return [thread]
        return [self.person(thread) or thread] if sender == self.me else [self.me]


def sessions_of(db: Database, owner: str | None, book: IosNames) -> Sessions:
    """Everything the database says of who is who, after the address book beside it."""
    found = Sessions(owner or _account(db), dict(book.numbers), dict(book.names))
    columns = ("Z_PK", "ZCONTACTJID")
    if db.has("ZWACHATSESSION", *columns):
        partner = "ZPARTNERNAME" if db.has("ZWACHATSESSION", "ZPARTNERNAME") else "NULL"
        for row, raw, name in db.rows(f"SELECT Z_PK, ZCONTACTJID, {partner} FROM ZWACHATSESSION"):
            thread, called = text(raw), text(name)
            if not thread:
                continue
            found.threads[row] = thread
            if called:
                found.titles[thread] = called
                if not is_shared(thread):
                    found.names.setdefault(found.person(thread) or thread, called)
    _members(db, found)
    if db.has("ZWAPROFILEPUSHNAME", "ZJID", "ZPUSHNAME"):
        for raw, name in db.rows("SELECT ZJID, ZPUSHNAME FROM ZWAPROFILEPUSHNAME"):
            person, called = found.person(text(raw)), text(name)
            if person and called:
                found.names.setdefault(person, called)
    return found


def _members(db: Database, found: Sessions) -> None:
    if not db.has("ZWAGROUPMEMBER", "Z_PK", "ZMEMBERJID"):
        return
    have = db.tables["ZWAGROUPMEMBER"]
    wanted = ("Z_PK", "ZMEMBERJID", "ZCHATSESSION", "ZISACTIVE", "ZCONTACTNAME", "ZFIRSTNAME")
    columns = ", ".join(name if name in have else "NULL" for name in wanted)
    for row, raw, chat, active, name, first in db.rows(f"SELECT {columns} FROM ZWAGROUPMEMBER"):
        member = found.person(text(raw))
        if not member:
            continue
        found.members[row] = member
        called = text(name) or text(first)
        if called:
            found.names.setdefault(member, called)
        thread = found.threads.get(chat)
        if thread and active != 0:
            found.listed.setdefault(thread, {})[member] = None


def _account(db: Database) -> str | None:
    """The holder's own jid: the one that every message received in a chat of two went to."""
    if not db.has("ZWAMESSAGE", "ZISFROMME", "ZTOJID"):
        return None
    found = db.rows(
        "SELECT DISTINCT ZTOJID FROM ZWAMESSAGE"
        " WHERE ZISFROMME = 0 AND ZTOJID LIKE '%@s.whatsapp.net' LIMIT 2"
    )
    known = {plain(jid) for (raw,) in found if (jid := text(raw))}
    return known.pop() if len(known) == 1 else None

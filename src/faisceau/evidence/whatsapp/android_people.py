"""Who is who in an Android database: jids, chats and their names, members, words beside."""

from typing import Any

from faisceau.evidence.databases import text
from faisceau.evidence.whatsapp.android_fields import NOTES
from faisceau.evidence.whatsapp.database import Database
from faisceau.evidence.whatsapp.jids import is_shared


class Book:
    """Who is who, with the names that the address book beside the database gives (``names``)."""

    def __init__(
        self, me: str, jids: dict[int, str], mapped: dict[int, int], names: dict[str, str]
    ) -> None:
        self.me = me
        self.jids = jids
        self.names = names
        self.threads: dict[int, str] = {}
        self.members: dict[str, dict[str, None]] = {}
        self.notes: dict[int, str] = {}
        self.votes: dict[int, str] = {}
        """What was voted for in a poll, by the row of the vote."""
        self.spoken: set[str] = set()
        self.erased: dict[str, tuple[int, int]] = {}
        """By thread: the last message, and the last starred one, of a chat that was erased."""
        self._subjects: dict[str, str] = {}
        self._people = {
            row: jids.get(mapped[row], name) if row in mapped else name
            for row, name in jids.items()
        }
        self._numbers = {jids[row]: name for row, name in self._people.items() if row in mapped}

    def person(self, row: Any) -> str | None:
        """The jid of a person, by its number where it is known; the phone's own is ``me``."""
        name = self._people.get(row)
        return self.me if name == "status_me" else name

    def number(self, thread: str) -> str:
        """The person a conversation is with, by its number where it is known."""
        return self._numbers.get(thread, thread)

    def shown(self, jid: str | None) -> str | None:
        """A person as a notice names one: the name, if there is one, and the jid."""
        name = self.names.get(jid) if jid else None
        return f"{name} ({jid})" if name else jid

    def title(self, thread: str) -> str | None:
        """The name shown for a conversation: its own, or that of the person."""
        named = self._subjects.get(thread) or self.names.get(thread)
        return named or self.names.get(self.number(thread))

    def chat(self, row: int, jid: int, name: str | None) -> None:
        """A conversation, by its row."""
        thread = self.jids.get(jid)
        if thread is not None:
            self.threads[row] = thread
            self.subject(thread, name)

    def subject(self, thread: str | None, name: str | None) -> None:
        """The name that a conversation has of its own."""
        if thread and name:
            self._subjects.setdefault(thread, name)

    def member(self, group: str | None, member: str | None) -> None:
        """A member of a group or of a broadcast list."""
        if group and member:
            self.members.setdefault(group, {})[member] = None

    def note(self, row: Any, words: str | None) -> None:
        """Words that stand beside the message of that row."""
        if words and isinstance(row, int):
            known = self.notes.get(row)
            self.notes[row] = f"{known}\n{words}" if known else words

    def recipients(self, thread: str, sender: str) -> list[str]:
        """Whom ``sender`` wrote to in ``thread``."""
        if thread in self.members:
            return [member for member in self.members[thread] if member != sender]
        if is_shared(thread):
            return [thread]
        return [self.number(thread) if sender == self.me else self.me]


def book_of(db: Database, me: str, names: dict[str, str]) -> Book:
    """Everything a database says of who is who; what it lacks or cannot give stays empty."""
    book = Book(me, _jids(db), _mapped(db), names)
    if db.has("lid_display_name", "lid_row_id", "display_name"):
        for row, name in db.rows("SELECT lid_row_id, display_name FROM lid_display_name"):
            person, known = book.person(row), text(name)
            if person and known:
                names.setdefault(person, known)
    _chats(db, book)
    _members(db, book)
    _votes(db, book)
    for table, made in NOTES.items():
        _notes(db, book, table, made)
    return book


def _jids(db: Database) -> dict[int, str]:
    """The jid of each row of ``jid``; the phone's own pseudo-jid counts as any other."""
    have = db.tables.get("jid", frozenset())
    raw = "raw_string" if "raw_string" in have else "NULL"
    made = "user || '@' || server" if have >= {"user", "server"} else "NULL"
    if "_id" not in have:
        return {}
    rows = db.rows(f"SELECT _id, COALESCE({raw}, {made}) FROM jid")
    return {row: jid for row, name in rows if (jid := text(name)) is not None}


def _mapped(db: Database) -> dict[int, int]:
    """For the row of a hidden identifier, the row of the number it stands for."""
    if not db.has("jid_map", "lid_row_id", "jid_row_id"):
        return {}
    return dict(db.rows("SELECT lid_row_id, jid_row_id FROM jid_map"))


def _chats(db: Database, book: Book) -> None:
    if db.has("chat", "_id", "jid_row_id"):
        subject = "subject" if "subject" in db.tables["chat"] else "NULL"
        for row, jid, name in db.rows(f"SELECT _id, jid_row_id, {subject} FROM chat"):
            book.chat(row, jid, text(name))
    if db.has("chat_list", "key_remote_jid", "subject"):
        for thread, name in db.rows("SELECT key_remote_jid, subject FROM chat_list"):
            book.subject(text(thread), text(name))
    if db.has("deleted_chat_job", "chat_row_id", "deleted_message_row_id"):
        starred = "deleted_starred_message_row_id"
        starred = starred if starred in db.tables["deleted_chat_job"] else "NULL"
        sql = f"SELECT chat_row_id, deleted_message_row_id, {starred} FROM deleted_chat_job"
        for row, last, last_starred in db.rows(sql):
            if row in book.threads:
                book.erased[book.threads[row]] = (_row(last), _row(last_starred))


def _members(db: Database, book: Book) -> None:
    if db.has("group_participants", "gjid", "jid"):
        for group, member in db.rows("SELECT gjid, jid FROM group_participants"):
            book.member(text(group), text(member) or book.me)
    if db.has("group_participant_user", "group_jid_row_id", "user_jid_row_id"):
        sql = "SELECT group_jid_row_id, user_jid_row_id FROM group_participant_user"
        for group, member in db.rows(sql):
            book.member(book.jids.get(group), book.person(member))


def _votes(db: Database, book: Book) -> None:
    if not db.filled("message_add_on_poll_vote", "message_add_on_row_id"):
        return
    voted: dict[int, list[str]] = {}
    for (row,) in db.rows("SELECT message_add_on_row_id FROM message_add_on_poll_vote"):
        voted[row] = []
    chosen, option = "message_add_on_poll_vote_selected_option", "message_poll_option"
    known = db.filled(chosen, "message_add_on_row_id", "message_poll_option_id")
    if known and db.filled(option, "_id", "option_name"):
        sql = (
            f"SELECT c.message_add_on_row_id, o.option_name FROM {chosen} c"
            f" JOIN {option} o ON o._id = c.message_poll_option_id ORDER BY o._id"
        )
        for row, name in db.rows(sql):
            voted.setdefault(row, []).append(text(name) or "")
    book.votes = {row: f"[vote] {', '.join(names)}".rstrip() for row, names in voted.items()}


def _notes(db: Database, book: Book, table: str, made: Any) -> None:
    known = [column for column in made if column in db.tables.get(table, ())]
    if not known or not db.has(table, "message_row_id"):
        return
    columns = ", ".join(made[column].format(column) for column in known)
    for row, *words in db.rows(f"SELECT message_row_id, {columns} FROM {table} ORDER BY rowid"):
        for column, word in zip(known, words, strict=True):
            jid = column.endswith("_jid_row_id")
            book.note(row, book.shown(book.person(word)) if jid else text(word))


def _row(value: Any) -> int:
    return value if isinstance(value, int) else 0

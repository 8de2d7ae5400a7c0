"""Who and what the rows of ``message`` in ``sms.db`` point at: handles, chats, attachments."""

from dataclasses import dataclass, field

from faisceau.evidence.databases import Database, Links, text
from faisceau.evidence.reading import Source

_FAMILIES = {"image": "image", "video": "video", "audio": "voice"}
_PLACE = "text/x-vlocation"
_PREVIEW = ".pluginPayloadAttachment"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    path: str
    mime: str
    sticker: bool

    @property
    def kind(self) -> str:
        """As ``message.kind`` has it."""
        if self.mime == _PLACE:
            return "location"
        return "image" if self.sticker else _FAMILIES.get(self.mime.partition("/")[0], "file")

    def sha256(self, source: Source) -> str | None:
        """Hash of the file where it lies beside the database, as on the phone."""
        _, found, tail = self.path.partition("/Attachments/")
        member = source.attached(f"Attachments/{tail}") if found else None
        return None if member is None else member.sha256()


@dataclass
class MessageBook:
    """Who and what the rows of ``message`` point at."""

    handles: dict[int, str] = field(default_factory=dict)
    threads: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    services: dict[int, str] = field(default_factory=dict)
    logins: dict[int, str] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)
    chats: Links | None = None
    deleted_from: Links | None = None
    attachments: dict[int, list[Attachment]] = field(default_factory=dict)
    parts: dict[int, list[bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, database: Database) -> "MessageBook":
        """Read it from its tables, as far as this version has them."""
        book = cls()
        handles = database.rows("SELECT rowid, id FROM handle")
        book.handles = {row: name for row, value in handles if (name := text(value))}
        if database.has("chat", "rowid"):
            book._fill_chats(database)
        book.chats = Links.of(database, "SELECT message_id, chat_id FROM chat_message_join")
        if database.has("chat_recoverable_message_join", "message_id", "chat_id"):
            book.deleted_from = Links.of(
                database, "SELECT message_id, chat_id FROM chat_recoverable_message_join"
            )
        if database.has("recoverable_message_part", "message_id", "part_text"):
            for row, words in database.rows(
                "SELECT message_id, part_text FROM recoverable_message_part"
            ):
                book.parts.setdefault(row, []).append(words)
        if database.has("message_attachment_join", "message_id", "attachment_id"):
            book._fill_attachments(database)
        return book

    def _fill_chats(self, database: Database) -> None:
        columns = ("rowid", "chat_identifier", "guid", "display_name", "service_name")
        picked = ", ".join(database.pick("chat", *columns, "account_login"))
        for row, *values in database.rows(f"SELECT {picked} FROM chat"):
            identifier, guid, name, service, login = map(text, values)
            kept = (
                (self.threads, identifier or guid),
                (self.names, name),
                (self.services, service),
                (self.logins, login),
            )
            for table, value in kept:
                if value:
                    table[row] = value
        if database.has("chat_handle_join", "chat_id", "handle_id"):
            for chat, handle in database.rows("SELECT chat_id, handle_id FROM chat_handle_join"):
                thread, person = self.threads.get(chat), self.handles.get(handle)
                if thread and person:
                    self.members.setdefault(thread, {})[person] = None

    def _fill_attachments(self, database: Database) -> None:
        columns = ("transfer_name", "filename", "mime_type", "is_sticker", "hide_attachment")
        picked = ", ".join(database.pick("attachment", *columns, prefix="a."))
        for message, *values, sticker, hidden in database.rows(
            f"SELECT j.message_id, {picked} FROM message_attachment_join j"
            " JOIN attachment a ON a.rowid = j.attachment_id ORDER BY j.rowid"
        ):
            given, path, mime = (text(value) or "" for value in values)
            name = given or path.rpartition("/")[2]
            if hidden or name.endswith(_PREVIEW):  # what Messages keeps to draw a link
                continue
            one = Attachment(name, path, mime, bool(sticker))
            self.attachments.setdefault(message, []).append(one)

    def recipients(self, thread: str, sender: str, me: str, peer: str) -> list[str]:
        """Whom ``sender`` wrote to in ``thread``."""
        others = [m for m in self.members.get(thread, ()) if m != sender]
        if sender == me:
            return others or [name for name in (peer or thread,) if name]
        return [*others, me] if others else [me]

    def parts_left(self) -> int:
        """How many deleted parts belong to no message that was met."""
        return sum(map(len, self.parts.values()))

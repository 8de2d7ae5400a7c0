"""Google Messages and AOSP Messaging (Android): ``bugle_db``, SMS, MMS and RCS.

Schema and constants: ``DatabaseHelper``, ``MessageData`` and ``ParticipantData`` of AOSP's
packages/apps/Messaging; Google's application adds columns to it. The same SMS and MMS stand in
``mmssms.db``; RCS stands here alone.

- A participant with a SIM of its own (``sub_id`` other than -2) is the holder. The account is the
  number of that SIM where it is known, else ``source.owner``; without either the holder is
  ``owner``.
- ``sent_at`` is when the handset sent or received, as in ``mmssms.db``.
- A part of a message is no row of its own: texts are joined, the first file is attached.
- A draft is rejected. Events of a conversation (someone joined …) have no words here: their status
  stands in brackets.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import batch, positive, present, rejecting
from faisceau.evidence.databases import (
    Cells,
    Database,
    epoch_times,
    looked_up,
    message_batches,
    opened,
    shared_lists,
    table_columns,
    text,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.tables.schemas import CONTACT, MESSAGE
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [MESSAGE, CONTACT]

DRAFT = N_("a draft: it was never sent")
ORPHAN = N_("parts of a message that is gone")

_NOT_SELF = -2
"""``sub_id`` of a participant other than the holder."""
_DRAFT, _OUT, _EVENTS = 3, range(1, 100), range(200, 300)
"""``message_status``: 1 to 99 outgoing, 100 to 199 incoming, from 200 events."""
_APPS = {0: "sms", 1: "mms", 2: "mms", 3: "rcs"}
"""``message_protocol``; 2 is an MMS that was announced and not downloaded."""
_KINDS = {"image": "image", "video": "video", "audio": "voice"}

_TAKEN = {
    "messages": """_id conversation_id sender_id sent_timestamp received_timestamp message_status
        message_protocol mms_subject""",
    "parts": "_id message_id text uri content_type timestamp local_cache_path file_name",
    "participants": """_id sub_id normalized_destination send_destination display_destination
        full_name first_name""",
    "conversations": "_id name",
    "conversation_participants": "conversation_id participant_id",
}
_LEFT = {
    "messages": """seen read sms_message_uri sms_priority sms_message_size mms_transaction_id
        mms_content_location mms_expiry raw_status self_id retry_start_timestamp rcs_message_id
        rcs_message_id_with_original_case_to_remove rcs_remote_instance rcs_expiry
        sms_error_code sms_error_desc_map_name message_report_status original_rcs_message_id
        rcs_ft_session_id queue_insert_timestamp cloud_sync_id usage_stats_logging_id
        web_id result_code custom_delivery_receipt_mime_type
        custom_delivery_receipt_content cms_id cms_life_cycle cms_last_modified_timestamp
        rcs_file_transfer_session_id was_rcs reply_to_message_id tombstone_protocol""",
    "parts": """width height conversation_id sticker_set_id sticker_id file_size_bytes
        target_file_size_bytes source media_modified_timestamp local_cache_path_compressed
        preview_content_type preview_content_uri output_uri duration blob_id
        compressed_blob_id compression_text_color target_size animation storage_uri
        cloud_sync_storage_uri trim_start_ms trim_end_ms""",
    "participants": """sim_slot_id profile_photo_uri contact_id lookup_key subscription_color
        subscription_name contact_destination blocked participant_type color_type
        color_palette_index extended_color alias comparable_destination country_code is_spam
        is_spam_source latest_verification_status profile_photo_blob_id profile_photo_encryption_key
        cms_id cms_life_cycle color directory_id""",
    "conversations": """sms_thread_id latest_message_id snippet_text subject_text preview_uri
        preview_content_type show_draft draft_subject draft_snippet_text draft_preview_uri
        draft_preview_content_type archive_status sort_timestamp last_read_timestamp icon
        participant_contact_id participant_lookup_key participant_normalized_destination
        current_self_id participant_count notification_enabled notification_sound_uri
        notification_vibration include_email_addr sms_service_center is_enterprise participant_list
        rcs_session_id join_state conv_type send_mode IS_ENTERPRISE""".lower(),
    "conversation_participants": "_id",
}  # fmt: skip


def detect(head: Head) -> bool:
    """True for a SQLite file with the application's messages, parts and participants."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return (
        tables.get("messages", none) >= {"conversation_id", "sender_id", "message_status"}
        and tables.get("parts", none) >= {"message_id", "content_type", "text"}
        and tables.get("participants", none) >= {"_id", "sub_id"}
    )


def read(source: Source) -> Iterator[Batch]:
    """Messages by the order of their table, then participants as contacts."""
    with opened(source) as database:
        people = _people(database, source.owner or OWNER)
        contents = _contents(database)
        wanted = {"_id": "_id", "thread": "conversation_id", "sender": "sender_id",
            "sent": "sent_timestamp", "received": "received_timestamp",
            "status": "message_status", "protocol": "message_protocol",
            "subject": "mms_subject"}  # fmt: skip
        fields = present(database, "messages", wanted)
        for cells in database.cells("messages", fields, "ORDER BY rowid"):
            yield from _messages(database, cells, people, contents)
        for number in sorted(contents.words.keys() | contents.kinds.keys(), key=str):
            lost = [text(contents.words.get(number)), *contents.kinds.get(number, ())]
            words = "\n".join(word for word in lost if word)
            source.reject(f"parts of message {number}", ORPHAN, schema=MESSAGE, raw=words)
        yield from people.contacts()
        database.settle(_TAKEN, _LEFT)


@dataclass
class _People:
    """Participants by number, conversations with their names and participants."""

    me: str
    own: set[int] = field(default_factory=set)
    account: str | None = None
    called: dict[int, str] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    threads: dict[int, str] = field(default_factory=dict)
    members: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))

    def recipients(self, thread: str, sender: str) -> list[str]:
        listed = [
            self.called[m] for m in self.members.get(int(thread or 0), ()) if m in self.called
        ]
        everyone = dict.fromkeys([*listed, self.me])
        return [who for who in everyone if who != sender]

    def contacts(self) -> Iterator[Batch]:
        """Everyone but the holder, by the number they write from."""
        numbers = [n for n in self.called if n not in self.own]
        if numbers:
            columns: dict[str, Any] = {
                "account": self.account,
                "ref": [str(n) for n in numbers],
                "name": [self.names.get(n) for n in numbers],
                "identifiers": [[self.called[n]] for n in numbers],
            }
            yield batch(CONTACT, columns, pa.array([f"participants {n}" for n in numbers], STRING))


def _people(database: Database, owner: str) -> _People:
    found = _People(owner)
    columns = ("_id", "sub_id", "normalized_destination", "send_destination",
        "display_destination", "full_name", "first_name")  # fmt: skip
    picked = ", ".join(database.pick("participants", *columns))
    for number, sub, *rest in database.rows(f"SELECT {picked} FROM participants"):
        normal, send, shown, full, first = (text(value) or None for value in rest)
        if sub is not None and sub != _NOT_SELF:
            found.own.add(number)
            found.account = found.account or normal or send
            continue
        if called := normal or send or shown:
            found.called[number] = called
        if name := full or first:
            found.names[number] = name
    if found.account is not None:
        found.me = found.account
    found.called |= dict.fromkeys(found.own, found.me)
    if database.has("conversations", "_id", "name"):
        for number, name in database.rows("SELECT _id, name FROM conversations"):
            found.threads[number] = text(name) or ""
    if database.has("conversation_participants", "conversation_id", "participant_id"):
        for thread, number in database.rows(
            "SELECT conversation_id, participant_id FROM conversation_participants"
        ):
            found.members[thread].append(number)
    return found


@dataclass(slots=True)
class _Contents:
    """What the parts of messages hold, by number of the message."""

    words: dict[int, Any] = field(default_factory=dict)
    """As stored: most messages have one text."""
    kinds: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    hashes: dict[int, str] = field(default_factory=dict)


def _contents(database: Database) -> _Contents:
    found = _Contents()
    columns = ("message_id", "text", "content_type", "local_cache_path", "uri")
    picked = ", ".join(database.pick("parts", *columns))
    all_words = found.words
    for message, words, kind, *paths in database.rows(f"SELECT {picked} FROM parts ORDER BY rowid"):
        if words:
            known = all_words.get(message)
            all_words[message] = words if known is None else f"{text(known)}\n{text(words)}"
        if kind and kind != b"text/plain":
            found.kinds[message].append((text(kind) or "").lower())
            if message not in found.hashes and (digest := _hash(database.source, *paths)):
                found.hashes[message] = digest
    return found


def _hash(source: Source, *paths: Any) -> str | None:
    """Hash of the file of a part, where it lies in the extraction as the application kept it."""
    for path in paths:
        name = (text(path) or "").rpartition("/")[2]
        for place in ("../files", "../cache", "."):
            member = source.attached(f"{place}/{name}") if name else None
            if member is not None:
                return member.sha256()
    return None


def _messages(
    database: Database, cells: Cells, people: _People, contents: _Contents
) -> Iterator[Batch]:
    status = pc.fill_null(cells.integers("status"), 0)
    event = pc.is_in(status, value_set=pa.array([*_EVENTS]))
    out = pc.is_in(status, value_set=pa.array([*_OUT]))
    thread, ids = cells.integers("thread"), cells.integers("_id")
    named = looked_up(cells.integers("sender"), people.called)
    sender = pc.if_else(out, pa.scalar(people.me), named)
    numbers = ids.to_pylist()
    listed = {n: contents.kinds.pop(n) for n in numbers if n in contents.kinds}
    database.leave(
        "attachments of a message after its first", sum(len(k) - 1 for k in listed.values())
    )
    said = Cells(cells.table, {"words": [contents.words.pop(n, None) for n in numbers]}, cells.n)
    words = said.texts("words")
    kinds = {n: _KINDS.get(k[0].partition("/")[0], "file") for n, k in listed.items()}
    hashes = {n: contents.hashes[n] for n in listed if n in contents.hashes}
    sent, received = cells.integers("sent"), cells.integers("received")
    when = pc.if_else(positive(received), received, sent)
    at = epoch_times(Cells(cells.table, {"at": when.to_pylist()}, cells.n), "at", 1000)
    label = pc.binary_join_element_wise("[event ", status.cast(STRING), "]", "")
    columns = {
        "app": pc.coalesce(looked_up(cells.integers("protocol"), _APPS), "sms"),
        "account": pa.repeat(pa.scalar(people.account or database.source.owner, STRING), cells.n),
        "ref": ids.cast(STRING),
        "thread_id": thread.cast(STRING),
        "thread_name": looked_up(thread, {n: name for n, name in people.threads.items() if name}),
        "sender_id": sender,
        "sender_name": looked_up(cells.integers("sender"), people.names),
        "sent_at": at.at,
        "text": pc.if_else(event, pc.coalesce(words, label), words),
        "kind": pc.if_else(event, "system", pc.coalesce(looked_up(ids, kinds), "text")),
        "subject": cells.texts("subject"),
        "attachment_sha256": looked_up(ids, hashes),
    }
    reasons = rejecting(pc.equal(status, _DRAFT), DRAFT, at.reasons)
    lists = shared_lists([thread.cast(STRING), sender], people.recipients, event)
    yield from message_batches(MESSAGE, columns, cells.locators("_id"), reasons, lists)

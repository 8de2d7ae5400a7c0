"""Android's own text messages: ``mmssms.db``, SMS and MMS.

Schema: ``MmsSmsDatabaseHelper`` of AOSP's TelephonyProvider and the constants of
https://developer.android.com/reference/android/provider/Telephony; makers add columns and tables
(``spam_sms``, ``im``).

- ``thread_id`` is the provider's; ``thread_name`` the numbers that the thread is with.
- ``sent_at`` is ``date``: when the handset sent or received. Where it is missing, ``date_sent``.
- The holder is ``source.owner``, else ``owner``: an SMS names the other side alone.
- A draft was never sent: it is rejected, its words kept with the reject. Delivery and read
  reports are left. A part of an MMS whose message is gone is a reject that holds its words.
- ``deleted``: marked so by the handset, or found in free pages and the log alone (``source`` says
  where).
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import alone, batch, only, positive, present, rejecting
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    epoch_times,
    looked_up,
    opened,
    table_columns,
    text,
    true,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [MESSAGE]

DRAFT = N_("a draft: it was never sent")
ORPHAN = N_("part of an MMS whose message is gone")

_SMS = ("_id", "thread_id", "address", "date", "type", "body")
_APPS = {"sms": "sms", "spam_sms": "sms", "im": "rcs"}
"""Tables of the shape of ``sms``, and the app that their rows are of."""
_MMS = (("pdu", "part", "addr"), ("spam_pdu", "spam_part", "spam_addr"))

_IN, _OUT, _DRAFTS = (1, 7, 19), (2, 4, 5, 6), (3, 8)
"""``type``. LG's own: 7 blocked, 8 scheduled, 19 broadcast alert."""
_FROM, _TO = 137, (151, 130, 129)  # PduHeaders: To, Cc, Bcc
_SELF = "insert-address-token"
"""Stands for the handset itself where the network fills in the sender."""
_REPORTS = (134, 135, 136, 131, 133)
"""``m_type``: delivery and read reports, acknowledgements."""
_NOTIFICATION = 130
"""``m_type`` of an MMS that was announced and not downloaded."""
_MILLISECONDS = 100_000_000_000
"""A ``date`` of ``pdu`` is in seconds; a larger one is a maker's, in milliseconds."""

_SAME_SMS, _SAME_MMS = "address date body", "thread_id date tr_id"
_SAME_PART = "mid seq ct name cl _data text"
"""Columns that name a message, and a part of one, in whatever state its row is."""

_TAKEN = {
    "sms": "_id thread_id address date date_sent type body subject deleted",
    "pdu": "_id thread_id date date_sent msg_box sub m_type deleted",
    "part": "_id mid seq ct text _data cl name",
    "addr": "msg_id address type",
    "threads": "_id recipient_ids",
    "addresses": "_id address",
}
_LEFT = {
    "sms": """person protocol read status reply_path_present service_center locked sub_id error_code
        creator seen priority phone_id sim_id sim_slot sim_imsi deletable hidden group_id
        group_type delivery_date app_id msg_id callback_number reserved pri teleservice_id link_url
        svc_cmd svc_cmd_content roam_pending spam_report secret_mode safe_message favorite
        d_rpt_cnt using_mode correlation_tag cmc_prop from_address bin_info device_name object_id
        sync_state marker source bind_id mx_status mx_id out_time account block_type advanced_seen
        network_type ipmsg_id ref_id total_len rec_len lgesiid dirty""",
    "pdu": """read m_id ct_t ct_l exp m_cls v m_size pri rr rpt_a resp_st st tr_id retr_st retr_txt
        retr_txt_cs sub_cs read_status ct_cls resp_txt d_tm d_rpt locked sub_id seen creator
        text_only phone_id sim_id sim_slot sim_imsi hidden app_id msg_id callback_set reserved
        from_address spam_report secret_mode safe_message favorite using_mode deletable priority
        error_code sync_state marker source bind_id mx_status mx_id out_time account block_type
        advanced_seen service_center device_name cmc_prop correlation_tag object_id bin_info
        dirty""",
    "part": "chset cd fn cid ctt_s ctt_t",
    "addr": "_id contact_id charset",
    "threads": "date message_count snippet snippet_cs read archived type error has_attachment",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with the provider's ``sms`` beside its MMS or its threads."""
    tables = table_columns(head)
    sms = tables.get("sms", frozenset())
    beside = {"pdu", "canonical_addresses"} & tables.keys()
    return sms.issuperset(_SMS) and bool(beside) and "address_device_id" not in sms


def read(source: Source) -> Iterator[Batch]:
    """Messages, SMS first, in the order of their tables."""
    with opened(source) as database:
        provider = _Provider(database, source.owner or OWNER, _threads(database))
        like = {"threads": "threads", "canonical_addresses": "addresses"}
        for table, app in _APPS.items():
            if database.has(table, *_SMS):
                yield from _texts(provider, table, app)
                like[table] = "sms"
        for pdu, part, addr in _MMS:
            if database.has(pdu, "_id", "date", "msg_box"):
                yield from _multimedia(provider, pdu, part, addr)
                like |= {pdu: "pdu", part: "part", addr: "addr"}
        silent = len(provider.threads.keys() - provider.met)
        database.leave("conversations without a message", silent)
        database.settle(
            {table: _TAKEN[of] for table, of in like.items()},
            {table: _LEFT.get(of, "") for table, of in like.items()},
        )


@dataclass(frozen=True, slots=True)
class _Provider:
    """The database being read, its holder, its threads, and those that had a message."""

    database: Database
    me: str
    threads: Mapping[int, str]
    met: set[int] = field(default_factory=set)

    def named(self, numbers: pa.Array) -> pa.Array:
        """The name of each thread; every one is met now."""
        wanted = pc.unique(numbers).drop_null().to_pylist()
        self.met.update(wanted)
        return looked_up(numbers, {n: name for n in wanted if (name := self.threads.get(n))})


def _threads(database: Database) -> dict[int, str]:
    """The numbers that each thread is with; ``recipient_ids`` are numbers of addresses."""
    addresses: dict[int, str] = {}
    if database.has("canonical_addresses", "_id", "address"):
        rows = database.rows("SELECT _id, address FROM canonical_addresses")
        addresses = {number: text(address) or "" for number, address in rows}
    if not database.has("threads", "_id", "recipient_ids"):
        return {}
    found = {}
    for number, ids in database.rows("SELECT _id, recipient_ids FROM threads"):
        known = [addresses.get(int(i)) for i in (text(ids) or "").split() if i.isdigit()]
        found[number] = ", ".join(name for name in known if name)
    return found


# SMS.


def _texts(provider: _Provider, table: str, app: str) -> Iterator[Batch]:
    database, me = provider.database, pa.scalar(provider.me)
    wanted = ("_id", "thread_id", "address", "type", "body", "subject", "deleted")
    fields = present(database, table, {name: name for name in wanted})
    fields["at"] = _at(database, table)
    for cells in database.cells(table, fields, "ORDER BY rowid", _SAME_SMS, [*_APPS]):
        types = pc.fill_null(cells.integers("type"), 0)
        incoming, outgoing, drafts = (
            pc.is_in(types, value_set=pa.array(some)) for some in (_IN, _OUT, _DRAFTS)
        )
        for met in pc.value_counts(types).to_pylist():
            if met["values"] not in (*_IN, *_OUT, *_DRAFTS):
                unknown = f"{table} of type {met['values']}"
                database.source.tally.unknown[unknown] += met["counts"]
        address, numbers = cells.texts("address"), cells.integers("thread_id")
        at = epoch_times(cells, "at", 1000)
        columns = {
            "app": app,
            "account": database.source.owner,
            "ref": cells.texts("_id"),
            "thread_id": pc.if_else(positive(numbers), numbers.cast(STRING), address),
            "thread_name": provider.named(numbers),
            "sender_id": pc.if_else(incoming, address, pc.if_else(outgoing, me, NULL)),
            "recipients": alone(pc.if_else(incoming, me, pc.if_else(outgoing, address, NULL))),
            "sent_at": at.at,
            "text": cells.texts("body"),
            "subject": cells.texts("subject"),
            "kind": "text",
            "deleted": _deleted(cells),
        }
        yield batch(MESSAGE, columns, cells.locators("_id"), rejecting(drafts, DRAFT, at.reasons))


def _at(database: Database, table: str) -> str:
    """SQL for when a message was sent or received, by the handset's clock where it says so."""
    if "date_sent" not in database.tables[table]:
        return "date"
    return "CASE WHEN date > 0 THEN date ELSE date_sent END"


def _deleted(cells: Cells) -> pa.Array:
    """True for what is lost or the handset marked; null where its maker has no such mark."""
    return cells.deleted(pc.equal(cells.integers("deleted"), 1))


# MMS.


@dataclass(slots=True)
class _Content:
    """What the parts of one MMS hold."""

    words: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    parts: list[tuple[Any, str]] = field(default_factory=list)
    """Id and words, or name, of each part, for when its message is not there."""


def _multimedia(provider: _Provider, pdu: str, part: str, addr: str) -> Iterator[Batch]:
    database = provider.database
    there = {number for (number,) in database.rows(f"SELECT _id FROM {pdu}")}
    contents = _contents(database, part, there)
    people: dict[int, list[tuple[int, str]]] = defaultdict(list)
    if database.has(addr, "msg_id", "address", "type"):
        columns = "msg_id, address, type"
        lost = database.lost(addr, columns, "msg_id address type", "ORDER BY rowid")
        for message, address, role in chain(
            database.rows(f"SELECT {columns} FROM {addr}"),
            (row for row in lost if row[0] not in there),
        ):
            if who := text(address):
                people[message].append((role, who))
    wanted = ("_id", "thread_id", "msg_box", "sub", "m_type", "deleted")
    fields = present(database, pdu, {name: name for name in wanted})
    fields["at"] = f"{_at(database, pdu)} / CASE WHEN date > {_MILLISECONDS} THEN 1000 ELSE 1 END"
    for cells in database.cells(pdu, fields, "ORDER BY rowid", _SAME_MMS):
        ids = cells.raw("_id")
        exchange = _Exchange(provider, [people.pop(n, []) for n in ids])
        yield _messages(cells, exchange, [contents.pop(n, None) for n in ids])
    for content in contents.values():
        for number, words in content.parts:
            at = "?" if number is None else number
            database.source.reject(f"{part} {at}", ORPHAN, schema=MESSAGE, raw=words)
    database.leave("addresses of an MMS whose message is gone", sum(map(len, people.values())))


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Who the messages of one chunk are between; ``people``: role and address, by message."""

    provider: _Provider
    people: list[list[tuple[int, str]]]

    def sides(self, row: int, box: int, thread: Any) -> tuple[str | None, list[str] | None]:
        """Sender and recipients of the message at ``row``."""
        people = self.people[row]
        sender = next((who for role, who in people if role == _FROM), None)
        to = list(dict.fromkeys(who for role, who in people if role in _TO and who != _SELF))
        me, other = self.provider.me, self.provider.threads.get(thread) or None
        if box in _OUT:
            return me, to or (other.split(", ") if other else None)
        return (sender if sender != _SELF else None) or other, to or [me]


def _messages(cells: Cells, exchange: _Exchange, contents: list[_Content | None]) -> Batch:
    provider, database = exchange.provider, exchange.provider.database
    kinds, numbers = cells.integers("m_type"), cells.integers("thread_id")
    boxes = pc.fill_null(cells.integers("msg_box"), 0)
    each = enumerate(zip(boxes.to_pylist(), numbers.to_pylist(), strict=True))
    sides = [exchange.sides(row, box, thread) for row, (box, thread) in each]
    peers = pa.array([_peers(provider.me, *both) for both in sides], STRING)
    reports = pc.fill_null(pc.is_in(kinds, value_set=pa.array(_REPORTS)), False)
    database.leave("delivery and read reports of MMS", true(reports))
    drafts = pc.is_in(boxes, value_set=pa.array(_DRAFTS))
    at = epoch_times(cells, "at")
    columns = {
        "app": "mms",
        "account": database.source.owner,
        "ref": cells.texts("_id"),
        "thread_id": pc.if_else(positive(numbers), numbers.cast(STRING), peers),
        "thread_name": provider.named(numbers),
        "sender_id": [sender for sender, _ in sides],
        "recipients": [to for _, to in sides],
        "sent_at": at.at,
        "text": ["\n".join(c.words) or None if c else None for c in contents],
        "subject": [_subject(value) for value in cells.raw("sub")],
        "kind": list(map(_kind, contents, kinds.to_pylist())),
        "attachment_sha256": [_attachment(database, content) for content in contents],
        "deleted": _deleted(cells),
    }
    reasons = rejecting(drafts, DRAFT, at.reasons)
    return only(batch(MESSAGE, columns, cells.locators("_id"), reasons), pc.invert(reports))


def _contents(database: Database, part: str, there: Container[Any]) -> dict[int, _Content]:
    """What each MMS carries, by its number; lost parts, of those alone that are not ``there``."""
    found: dict[int, _Content] = defaultdict(_Content)
    if not database.has(part, "_id", "mid", "ct"):
        return found
    columns = ", ".join(database.pick(part, "_id", "mid", "ct", "text", "_data", "cl", "name"))
    order = "mid, seq, rowid" if database.has(part, "seq") else "rowid"
    lost = database.lost(part, columns, _SAME_PART, f"ORDER BY {order}")
    for number, message, ct, *rest in chain(
        database.rows(f"SELECT {columns} FROM {part} ORDER BY {order}"),
        (row for row in lost if row[1] not in there),
    ):
        content, kind = found[message], (text(ct) or "").lower()
        words, path, place, name = (text(value) or "" for value in rest)
        content.parts.append((number, words or name or place or kind))
        if kind == "application/smil":
            continue  # how the parts are laid out on the screen
        if kind == "text/plain" and words:
            content.words.append(words)
            continue
        content.types.append(kind)
        if path:
            content.files.append(path)
    return found


def _attachment(database: Database, content: _Content | None) -> str | None:
    """Hash of the first attached file that lies in the extraction; others are counted."""
    if content is None:
        return None
    if len(content.types) > 1:
        database.leave("attachments of an MMS after its first", len(content.types) - 1)
    for path in content.files:
        name = path.rpartition("/")[2]
        for place in ("../app_parts", "../parts", "app_parts", "parts", "."):
            member = database.source.attached(f"{place}/{name}")
            if member is not None:
                return member.sha256()
    return None


def _kind(content: _Content | None, message: int | None) -> str | None:
    """What an MMS carries: its first attachment, else words; unknown while not downloaded."""
    if content is not None and content.types:
        family = content.types[0].partition("/")[0]
        return {"image": "image", "video": "video", "audio": "voice"}.get(family, "file")
    if content is not None and content.words:
        return "text"
    return None if message == _NOTIFICATION else "text"


def _subject(value: Any) -> str | None:
    """The subject; the provider keeps its UTF-8 bytes as Latin-1 characters."""
    said = text(value) or None
    if said is None or said.isascii():
        return said
    try:
        return said.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return said


def _peers(me: str, sender: str | None, recipients: list[str] | None) -> str | None:
    others = sorted({who for who in (sender, *(recipients or ())) if who and who != me})
    return ", ".join(others) or None

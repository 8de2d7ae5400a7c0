"""SMS Backup & Restore (Android): the app's XML copies of text messages and of the call log.

Format: https://synctech.com.au/sms-backup-restore/fields-in-xml-backup-files/. The app writes
emoji as two surrogate references, which no XML is: they are mended. Files of several gigabytes
are streamed; memory holds one message with its attachments.

- A backup knows no threads: ``thread_id`` is the other side's address, those of a group as the
  app joins them (``~``). The holder is ``source.owner``, else ``owner``.
- A draft was never sent: it is rejected. Delivery and read reports are set aside.
- Attachments become ``media`` rows; the message points to its first.
- Text messages are taken by columns, those with the same attributes together; one whose type or
  date is odd is read by itself.
"""

import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput, FieldError
from faisceau.evidence.batches import alone, batch, only
from faisceau.evidence.clocks import epoch_ms
from faisceau.evidence.media import media_of
from faisceau.evidence.reading import OWNER, Head, Record, Source
from faisceau.tables.schemas import CALL, MEDIA, MESSAGE, Batch, Row
from faisceau.tables.schemas.schema import BOOLEAN, LATEST, STRING, TIME
from faisceau.words import N_

FILLS = [MESSAGE, CALL, MEDIA]

DRAFT = N_("a draft: it was never sent")

_ROOT = re.compile(
    r"\A\s*(?:<\?xml[^>]*\?>)?(?:\s|<!--.*?-->|<\?.*?\?>)*<(smses|calls)(?=[\s/>])", re.DOTALL
)
_SENT = {"1": False, "2": True, "4": True, "5": True, "6": True}
"""Type of an SMS, box of an MMS; 3 is a draft."""
_DIRECTIONS = {"1": "in", "2": "out", "3": "missed", "4": "missed", "5": "missed", "6": "missed",
    "7": "in"}  # fmt: skip
_NOBODY = {"": "unknown", "-1": "unknown", "-2": "private", "-3": "unknown"}
_WITHHELD = "2"
"""``presentation`` of a call whose number was withheld."""
_REPORTS = ("131", "133", "134", "135", "136")
"""``m_type``: delivery and read reports, acknowledgements."""
_FROM, _TO = "137", ("151", "130", "129")
_SELF = "insert-address-token"
_NULL, _UNNAMED = "null", "(Unknown)"
"""What the app writes for no value, and for a number that the address book does not name."""
_LATEST_MS = int(LATEST.timestamp() * 1000)
_TOGETHER, _CHARACTERS = 16_384, 1 << 24
"""Text messages, and their characters, that are held at a time."""
_KINDS = {"image": "image", "video": "video", "audio": "voice"}

_TAKEN = frozenset(["type", "date", "address", "body", "contact_name"])
_SMS = """protocol toa sc_toa service_center read status locked date_sent sub_id readable_date
    sc_address""".split()  # noqa: SIM905 - a list of words
_MMS = """ct_t rr read_status m_id read m_size retr_st sim_slot readable_date d_tm d_rpt exp v
    m_cls pri rpt_a resp_st st tr_id ct_l locked seen sub_cs sub_id text_only creator date_sent
    retr_txt retr_txt_cs resp_txt ct_cls phone_id callback_set spam_report secret_mode
    safe_message favorite hidden app_id msg_id reserved from_address deletable using_mode
    """.split()  # noqa: SIM905 - a list of words
_CALL = """readable_date contact_name subscription_id post_dial_digits subscription_component_name
    """.split()  # noqa: SIM905 - a list of words


def detect(head: Head) -> bool:
    """True when the root element is the app's: ``smses``, or ``calls`` with its calls."""
    found = _ROOT.match(head.text[:16_384])
    if found is None:
        return False
    return found[1] == "smses" or "<call " in head.text or "backup_set=" in head.text


@dataclass(slots=True)
class _Alike:
    """Text messages with the same attributes: where each stands, and its values in their order.

    One flat list: the collector of garbage looks at every list there is, again and again.
    """

    lines: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


_Waiting = defaultdict[tuple[str, ...], _Alike]


def read(source: Source) -> Iterator[Row | Batch]:
    """One row for each ``sms``, ``mms`` and ``call``; a bad field rejects that element alone.

    A damaged file raises ``BadInput`` after its readable part.
    """
    waiting: _Waiting = defaultdict(_Alike)
    held = characters = 0
    damage: BadInput | None = None
    try:
        for element in source.elements():
            if element.tag != "sms":
                yield from _other(source, element)
                continue
            values = element.values()
            alike = waiting[tuple(element.keys())]
            alike.lines.append(element.sourceline)
            alike.values += values
            held += 1
            characters += sum(map(len, values))
            if held == _TOGETHER or characters > _CHARACTERS:
                yield from _texts(source, waiting)
                held = characters = 0
    except BadInput as error:
        damage = error
    yield from _texts(source, waiting)
    if damage is not None:
        raise damage


def _other(source: Source, element: Any) -> Iterator[Row]:
    """The rows of an element that is no text message."""
    values = {name: value for name, value in element.attrib.items() if value != _NULL}
    kind = str(element.tag)
    with source.record(values, f"line {element.sourceline}") as record:
        if kind == "mms":
            yield from _mms(source, record, element)
        elif kind == "call":
            yield _call(source, record)
        else:
            raise FieldError(N_("not a message or a call but a {found}"), found=kind)


def _texts(source: Source, waiting: _Waiting) -> Iterator[Row | Batch]:
    """What waits, those with the same attributes as one batch; none waits any more."""
    for names, alike in waiting.items():
        yield from _alike(source, names, alike)
    waiting.clear()


def _alike(source: Source, names: tuple[str, ...], alike: _Alike) -> Iterator[Row | Batch]:
    """Text messages as one batch; those whose type or date is odd, each as a record."""
    n, lines, width = len(alike.lines), alike.lines, len(names)
    said = {name: alike.values[k::width] for k, name in enumerate(names)}

    def texts(name: str, *none: str) -> pa.Array:
        column, nothing = said.get(name, ()), {"", _NULL, *none}
        return pa.array([None if v in nothing else v for v in column] or [None] * n, STRING)

    sent = pa.array([_SENT.get(each) for each in said.get("type", ())] or [None] * n, BOOLEAN)
    sent_at = _moments(texts("date"))
    plain = pc.and_(pc.is_valid(sent), pc.is_valid(sent_at))
    peer, name, me = texts("address"), texts("contact_name", _UNNAMED), source.owner or OWNER
    columns = {
        "app": "sms",
        "account": source.owner,
        "thread_id": peer,
        "thread_name": name,
        "sender_id": pc.if_else(sent, me, peer),
        "sender_name": pc.if_else(sent, pa.scalar(None, STRING), name),
        "recipients": alone(pc.if_else(sent, peer, me)),
        "sent_at": sent_at,
        "kind": "text",
        "text": texts("body"),
    }
    where = pc.binary_join_element_wise("line", pa.array(lines).cast(STRING), " ")
    if pc.any(plain).as_py():
        yield only(batch(MESSAGE, columns, where), plain)
    odd = np.flatnonzero(pc.invert(plain).to_numpy(zero_copy_only=False)).tolist()
    for unknown in said.keys() - _TAKEN - {*_SMS}:
        column = said[unknown]
        count = n - column.count(_NULL) - sum(column[k] != _NULL for k in odd)
        if count:
            source.tally.unknown[unknown] += count
    for k in odd:
        given = {name: column[k] for name, column in said.items() if column[k] != _NULL}
        with source.record(given, f"line {lines[k]}") as record:
            yield _sms(source, record)


def _moments(texts: pa.Array) -> pa.Array:
    """UTC times of milliseconds since 1970; null for what is none, or no date."""
    digits = pc.match_substring_regex(texts, r"^[0-9]{1,15}$")
    count = pc.if_else(digits, texts, pa.scalar(None, STRING)).cast(pa.int64())
    count = pc.if_else(pc.less(count, _LATEST_MS), count, pa.scalar(None, pa.int64()))
    return count.cast(pa.timestamp("ms", "UTC")).cast(TIME)


def _sent(record: Record, field: str) -> bool:
    """True when the holder wrote it; a draft, or a type that tells neither, is rejected."""
    if record.maybe(field) == "3":
        raise FieldError(DRAFT)
    return record.take(field, _SENT.__getitem__)


def _sms(source: Source, record: Record) -> Row:
    record.leave(*_SMS)
    me, peer = source.owner or OWNER, record.maybe("address")
    sent = _sent(record, "type")
    return MESSAGE.row(
        app="sms",
        account=source.owner,
        thread_id=peer,
        sender_id=me if sent else peer,
        recipients=[peer] if sent and peer else None if sent else [me],
        kind="text",
        text=record.maybe("body"),
        **_common(record, sent=sent),
    )


def _common(record: Record, *, sent: bool) -> dict[str, Any]:
    """What SMS and MMS say alike."""
    name = record.maybe("contact_name")
    known = None if name == _UNNAMED else name
    return {
        "thread_name": known,
        "sender_name": None if sent else known,
        "sent_at": record.take("date", epoch_ms),
    }


def _mms(source: Source, record: Record, element: Any) -> Iterator[Row]:
    record.leave(*_MMS)
    if record.maybe("m_type") in _REPORTS:
        record.set_aside("delivery and read reports of MMS")
        return
    sent = _sent(record, "msg_box")
    me, address = source.owner or OWNER, record.maybe("address")
    people = [
        (who, addr.get("type")) for addr in element.iter("addr") if (who := addr.get("address"))
    ]
    sender = next((who for who, role in people if role == _FROM and who != _SELF), None)
    to = list(dict.fromkeys(who for who, role in people if role in _TO and who != _SELF))
    others: list[str] = address.split("~") if address else []
    words: list[str] = []
    files: list[Row] = []
    kinds: list[str] = []
    for part in element.iter("part"):
        kind = (part.get("ct") or "").lower()
        said = part.get("text")
        if kind == "application/smil":
            continue  # how the parts are laid out on the screen
        if kind == "text/plain" and said not in (None, "null"):
            words.append(said)
            continue
        kinds.append(kind)
        if (row := _file(source, record, part)) is not None:
            files.append(row)
    yield MESSAGE.row(
        app="mms",
        account=source.owner,
        thread_id=address or sender,
        sender_id=me if sent else sender or (others[0] if len(others) == 1 else None),
        recipients=(to or others or None) if sent else (to or [me]),
        subject=record.maybe("sub"),
        kind=_KINDS.get(kinds[0].partition("/")[0], "file") if kinds else "text",
        text="\n".join(words) or None,
        attachment_sha256=files[0].values["sha256"] if files else None,
        **_common(record, sent=sent),
    )
    yield from files


def _file(source: Source, record: Record, part: Any) -> Row | None:
    """The file that a part holds, as media; what is no Base64 is counted unread."""
    data = part.get("data")
    if data in (None, "null"):
        return None
    try:
        content = b64decode(data)
    except ValueError:
        source.tally.unread["message.attachment_sha256"] += 1
        return None
    found = media_of(content[:65_536])
    names = (part.get(name) for name in ("cl", "name", "fn", "cid"))
    name = next((n for n in names if n and n != "null"), f"part {part.get('seq')}")
    return MEDIA.row(
        kind=found.kind if found else None,
        path=f"{source.name}#{record.locator}/{name}",
        sha256=sha256(content).hexdigest(),
        size=len(content),
        media_type=found.media_type if found else part.get("ct"),
        container=f"{source.name}#{record.locator}",
    )


def _call(source: Source, record: Record) -> Row:
    record.leave(*_CALL)
    me, number = source.owner or OWNER, record.maybe("number") or ""
    withheld = record.maybe("presentation") == _WITHHELD
    other = "private" if withheld and not number else _NOBODY.get(number, number)
    direction = record.take("type", _DIRECTIONS.__getitem__)
    return CALL.row(
        caller=me if direction == "out" else other,
        callee=other if direction == "out" else me,
        started_at=record.maybe("date", epoch_ms),
        duration_s=record.maybe("duration", float),
        count=1,
        kind="voice",
        direction=direction,
    )

"""Cellebrite UFED reports: ``report.xml`` of a ``.ufdr``, or one model of it.

Format: namespace ``http://pa.cellebrite.com/report/2.0``; the maker publishes no schema. What
the reader knows of it: real models, and the field lists of https://github.com/SEilers/UFEDLib.
A report of several gigabytes, or a chat of 100,000 messages, passes in bounded memory.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from faisceau.errors import BadInput
from faisceau.evidence.clocks import iso_time
from faisceau.evidence.mending import mended_xml
from faisceau.evidence.reading import OWNER, Head, Record, Source
from faisceau.tables.schemas import CALL, CONTACT, HANDSET, MESSAGE, Row
from faisceau.words import N_

FILLS = [MESSAGE, CALL, CONTACT, HANDSET]

_REPORT = "cellebrite.com/report"
_INNER = ("modelField", "multiModelField")
_FREED = ("model", "metadata", "file", "extraInfo", "image", "caseInformation")
"""Elements after whose end everything before them is done with."""

_DEVICE = (
    ("imei", re.compile(r"imei\d?$")),
    ("imsi", re.compile(r"imsi\d?$")),
    ("iccid", re.compile(r"iccid\d?$")),
    ("msisdn", re.compile(r"(msisdn|phonenumber)\d?$")),
    ("make", re.compile(r"((selected|detected)?manufacturer|vendor)$")),
    ("model", re.compile(r"(detected(phone)?model|selecteddevicename|devicemodel|model)$")),
    ("os", re.compile(r"(osversion|ostype)$")),
)
_CLOCK = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)")
_DEEPEST = 16
_ONCE_PER_CARD = ("imei", "imsi", "iccid", "msisdn")

_DIRECTIONS = {"incoming": "in", "outgoing": "out", "missed": "missed"}
_DELETED = {"Deleted": True, "Trash": True, "Intact": False}
_SENT_FOLDERS = ("sent", "outbox", "drafts")
_IDENTIFIERS = ("PhoneNumber", "EmailAddress", "UserID")
_PLAIN = """@id @type UserMapping ServiceIdentifier SourceApplication Status Platform Priority
    SelfDestructDuration IsLocationSharing DateDelivered DateRead DatePlayed DateDeleted
    ActivityLog Folder Label Labels ChatId Identifier SMSC AllTimeStamps CountryCode NetworkCode
    NetworkName DisconnectionCause VideoCall Snippet Abstract EmailHeader MessageId Type
    MessageExtraData EmbeddedInstantMessage JumpTargetId StarredMessage DeletionReason
    PositionAddress Erased FromIsOwner UserTags""".split()  # noqa: SIM905 - a list of words
"""Fields of messages and calls that no column holds, or that a rule below has looked at."""
_CONTACT = """@id @type @deleted_state UserMapping ServiceIdentifier Source Name Account Entries
    Group Type Notes Photos Addresses Organizations InteractionStatuses TimeContacted TimeCreated
    TimeModified TimesContacted UserTags JumpTargetId""".split()  # noqa: SIM905 - a list of words


def detect(head: Head) -> bool:
    """True for a ``project`` in Cellebrite's namespace, or for a root ``model`` with fields."""
    if head.xml_root == "project":
        return _REPORT in head.text[:8192]
    return head.xml_root == "model" and "ield name=" in head.text


def read(source: Source) -> Iterator[Row]:
    """Messages, calls, contacts, and the device with its accounts and applications.

    Models of other types are counted as left. A damaged report raises ``BadInput`` after its
    readable part.
    """
    device = _Device()
    chat: _Chat | None = None
    try:
        for element in _ends(source):
            kind = _local(element)
            holder = element.getparent()
            inner = holder is not None and _local(holder) in _INNER
            if kind == "metadata":
                if holder is None or holder.getparent() is not None:
                    continue  # of a file, not of the report
                device.note(source, element)
            elif kind == "model" and inner:
                owner = holder.getparent()
                if holder.get("name") != "Messages" or owner.get("type") != "Chat":
                    continue  # complete only with the model that it is part of
                if chat is None or chat.element is not owner:
                    chat = _Chat.of(source, owner)
                yield from _instant_message(source, _plain(element), chat)
            elif kind == "model":
                yield from _model(source, _plain(element), device)
            _free(element)
    except etree.XMLSyntaxError as error:
        yield from device.rows(source)
        raise BadInput(
            N_("{name} is damaged XML: {why}"), name=source.name, why=error.msg
        ) from error
    yield from device.rows(source)


def _ends(source: Source) -> Iterator[Any]:
    """Each element of ``_FREED`` at its end. Raises ``BadInput`` for a document with entities."""
    start = source.head.start
    hostile = BadInput(N_("{name} declares XML entities: refused as hostile"), name=source.name)
    if b"<!ENTITY" in start or "<!ENTITY" in source.head.text:
        raise hostile
    with source.open() as stream:
        events = etree.iterparse(
            mended_xml(stream, start),
            events=("end",),
            tag=[f"{{*}}{name}" for name in _FREED],
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
            huge_tree=True,
        )
        for number, (_, element) in enumerate(events):
            dtd = None if number else element.getroottree().docinfo.internalDTD
            if dtd is not None and next(dtd.iterentities(), None) is not None:
                raise hostile
            yield element


def _free(element: Any) -> None:
    """Give back an element and what stands before it under the same parent."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    if parent is None or _local(parent) == "model":
        return
    while element.getprevious() is not None:
        del parent[0]


@dataclass(slots=True)
class _Chat:
    """What a chat says of itself before its messages."""

    element: Any
    account: str | None
    thread_id: str
    name: str | None
    app: str | None
    people: list[Mapping[str, Any]]
    seen: dict[str, str] = field(default_factory=dict)
    """Model id by the application's own id of each message met."""

    @classmethod
    def of(cls, source: Source, element: Any) -> "_Chat":
        """The header of a chat whose messages are about to come."""
        said = _plain(element, without="Messages")
        people = _inside(said, "Participants")
        owners = [o for p in people if _is_owner(p) and (o := _word(p, "Identifier"))]
        account = _word(said, "Account") or next(iter(owners), source.owner)
        thread_id = _word(said, "Id") or said["@id"]
        return cls(element, account, thread_id, _word(said, "Name"), _word(said, "Source"), people)


def _model(source: Source, said: dict[str, Any], device: "_Device") -> Iterator[Row]:
    """The rows of one model that stands by itself in the report."""
    kind = said["@type"]
    if kind == "Chat":
        if not said.get("Messages"):
            source.leave("Chat")  # its messages, if it had any, have been read
    elif kind == "InstantMessage":
        yield from _instant_message(source, said, None)
    elif kind in ("SMS", "MMS"):
        yield from _text_message(source, said)
    elif kind == "Email":
        yield from _email(source, said)
    elif kind == "Call":
        yield from _call(source, said)
    elif kind == "Contact":
        with source.record(said, f"Contact {said['@id']}") as record:
            record.leave(*_CONTACT)
            yield _contact(said)
    elif kind in ("UserAccount", "InstalledApplication", "SIMData"):
        device.take(said)
    else:
        source.leave(kind)


def _instant_message(source: Source, said: dict[str, Any], chat: _Chat | None) -> Iterator[Row]:
    with source.record(said, f"InstantMessage {said['@id']}") as record:
        if quoted := _quoted(said):
            source.leave("InstantMessage quoted in another", quoted)
        sender = _first(_inside(said, "From"))
        to = [_identifier(p) for p in _inside(said, "To")]
        if not to and chat is not None:
            to = [_identifier(p) for p in chat.people if _identifier(p) != _identifier(sender)]
        if chat is not None and (own := _word(said, "Identifier")):
            chat.seen[own] = said["@id"]
        app = record.maybe("Source") or (chat.app if chat is not None else None)
        for card in _inside(said, "SharedContacts"):
            yield _contact(card)
        record.leave("From", "To", "SharedContacts")
        yield MESSAGE.row(
            app=app and app.lower(),
            account=chat.account if chat is not None else source.owner,
            thread_id=chat.thread_id if chat is not None else _word(said, "ChatId"),
            thread_name=chat.name if chat is not None else None,
            sender_id=_identifier(sender),
            sender_name=_word(sender, "Name"),
            recipients=[t for t in to if t] or None,
            reply_to=_answered(said, chat),
            **_message(source, record, said),
        )


def _text_message(source: Source, said: dict[str, Any]) -> Iterator[Row]:
    """An SMS or MMS: only the other side is named, the folder says who wrote."""
    with source.record(said, f"{said['@type']} {said['@id']}") as record:
        record.leave("From", "To", "Parties")
        people = _inside(said, "Parties")
        sender = _first(_inside(said, "From") or _of_role(people, "From"))
        to = _inside(said, "To") or _of_role(people, "To")
        folder = f"{said.get('Folder', '')} {said.get('Status', '')}".lower()
        sent = not sender and (bool(to) or any(name in folder for name in _SENT_FOLDERS))
        if not sender and not sent:
            sender = _first(people)
        me = source.owner or OWNER
        writer = me if sent else _identifier(sender)
        recipients = [_identifier(p) for p in to or (people if sent else ())] or [me]
        peers = {p for p in (writer, *recipients) if p and p != me}
        yield MESSAGE.row(
            app=(record.maybe("Source") or said["@type"]).lower(),
            account=source.owner,
            thread_id=", ".join(sorted(peers)) or None,
            sender_id=writer,
            sender_name=_word(sender, "Name"),
            recipients=[r for r in recipients if r] or None,
            **_message(source, record, said),
        )


def _email(source: Source, said: dict[str, Any]) -> Iterator[Row]:
    with source.record(said, f"Email {said['@id']}") as record:
        record.leave("From", "To", "Cc", "Bcc")
        sender = _first(_inside(said, "From"))
        to = [_identifier(p) for name in ("To", "Cc", "Bcc") for p in _inside(said, name)]
        yield MESSAGE.row(
            app=(record.maybe("Source") or "email").lower(),
            account=record.maybe("Account") or source.owner,
            sender_id=_identifier(sender),
            sender_name=_word(sender, "Name"),
            recipients=[t for t in to if t] or None,
            **_message(source, record, said),
        )


def _message(source: Source, record: Record, said: dict[str, Any]) -> dict[str, Any]:
    """The columns that every kind of message fills alike."""
    record.leave(*_PLAIN, "Attachment", "Attachments")
    sent_at, zone = _time(source, record)
    attachments = [*_inside(said, "Attachment"), *_inside(said, "Attachments")]
    latitude, longitude = record.maybe("Position", _coordinates) or (None, None)
    labels = _labels(said)
    return {
        "ref": said["@id"],
        "sent_at": sent_at,
        "zone": zone,
        "text": record.maybe("Body"),
        "subject": record.maybe("Subject"),
        "kind": _kind(labels, attachments, located=latitude is not None),
        "forwarded": "Forwarded" in labels,
        "deleted": record.maybe("@deleted_state", _DELETED.get),
        "attachment_sha256": _attachment(source, attachments),
        "latitude": latitude,
        "longitude": longitude,
    }


def _call(source: Source, said: dict[str, Any]) -> Iterator[Row]:
    with source.record(said, f"Call {said['@id']}") as record:
        record.leave(*_PLAIN, "@deleted_state", "Source", "Parties", "Party")
        people = _inside(said, "Parties") or _inside(said, "Party")
        me = record.maybe("Account") or source.owner or OWNER
        words = [str(record.maybe("Direction")).lower(), str(said.get("Type")).lower()]
        direction = next((_DIRECTIONS[word] for word in words if word in _DIRECTIONS), None)
        if "missed" in words and direction != "out":
            direction = "missed"
        caller, callee = _of_role(people, "From"), _of_role(people, "To")
        if not caller and not callee:
            others = [p for p in people if not _is_owner(p)]
            caller, callee = ([], others) if direction == "out" else (others, [])
        started_at, zone = _time(source, record)
        yield CALL.row(
            ref=said["@id"],
            caller=_identifier(caller[0]) if caller else me,
            callee=_identifier(callee[0]) if callee else me,
            started_at=started_at,
            zone=zone,
            duration_s=record.maybe("Duration", _seconds),
            kind="voice",
            direction=direction,
        )


def _contact(said: Mapping[str, Any]) -> Row:
    entries = [e for e in _inside(said, "Entries") if e["@type"] in _IDENTIFIERS]
    values = [value for e in entries if (value := _word(e, "Value"))]
    return CONTACT.row(
        ref=said["@id"],
        account=_word(said, "Account"),
        name=_word(said, "Name"),
        identifiers=list(dict.fromkeys(values)) or None,
    )


@dataclass(slots=True)
class _Device:
    """What the report says of the handset, gathered over the whole of it."""

    said: dict[str, dict[str, None]] = field(default_factory=dict)
    """Values by column, each once, in the order met."""

    def note(self, source: Source, metadata: Any) -> None:
        """Take the items of a ``metadata`` section that identify the device."""
        for item in metadata:
            if not self._add_named(item.get("name", ""), (item.text or "").strip()):
                source.leave("metadata item")

    def take(self, said: Mapping[str, Any]) -> None:
        """Take an account, an application, or a line of a SIM card."""
        if said["@type"] == "SIMData":
            self._add_named(_word(said, "Name") or "", _word(said, "Value") or "")
        elif said["@type"] == "InstalledApplication":
            self._add("apps", _word(said, "Identifier") or _word(said, "Name"))
        else:
            entries = [e for e in _inside(said, "Entries") if e["@type"] in _IDENTIFIERS]
            for value in (_word(said, "Username"), *(_word(e, "Value") for e in entries)):
                self._add("accounts", value)

    def rows(self, source: Source) -> Iterator[Row]:
        """One row per card or device number; make, model, accounts and applications on each."""
        if not self.said:
            return
        alike = {
            "make": self._first("make"),
            "model": self._first("model"),
            "os": " ".join(self.said.get("os", ())) or None,
            "apps": [*self.said.get("apps", ())] or None,
            "accounts": [*self.said.get("accounts", ())] or None,
        }
        numbers = [[*self.said.get(name, ())] for name in _ONCE_PER_CARD]
        with source.record(self.said, "device") as record:
            record.leave(*self.said)
            for n in range(max(1, *map(len, numbers))):
                each = zip(_ONCE_PER_CARD, numbers, strict=True)
                yield HANDSET.row(**alike, **{k: v[n] for k, v in each if n < len(v)})

    def _first(self, name: str) -> str | None:
        return next(iter(self.said.get(name, ())), None)

    def _add_named(self, name: str, value: str) -> bool:
        plain = re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("deviceinfo")
        for column, pattern in _DEVICE:
            if pattern.match(plain) and value.upper() not in ("", "N/A", "UNKNOWN", "SIM"):
                self._add(column, value)
                return True
        return False

    def _add(self, column: str, value: str | None) -> None:
        if value:
            self.said.setdefault(column, {})[value] = None


def _plain(model: Any, without: str = "", depth: int = 0) -> dict[str, Any]:
    """A model as a dict: text by field name, a list of dicts by name of a field of models."""
    said: dict[str, Any] = {"@id": model.get("id") or "", "@type": model.get("type") or ""}
    if state := model.get("deleted_state"):
        said["@deleted_state"] = state
    for child in model:
        name = child.get("name") or ""
        kind = _local(child)
        if kind == "field":
            if value := _value(child):
                said[name] = value
        elif kind in _INNER and name != without and depth < _DEEPEST:
            models = [_plain(m, "", depth + 1) for m in child if _local(m) == "model"]
            if models:
                before = said.get(name)
                said[name] = [*before, *models] if isinstance(before, list) else models
        elif kind == "multiField" and (values := [v.text for v in child if v.text]):
            said[name] = " ".join(values)
    return said


def _word(said: Mapping[str, Any], name: str) -> str | None:
    """The text of a field; None where there is none, or models stand in its place."""
    value = said.get(name)
    return value if isinstance(value, str) else None


def _inside(said: Mapping[str, Any], name: str) -> list[Any]:
    """The models of a field; some versions give the identifier of a party alone, as text."""
    value = said.get(name)
    if isinstance(value, str):
        return [{"@id": "", "@type": "", "Identifier": value}]
    return value or []


def _first(models: list[Any]) -> Mapping[str, Any]:
    return next(iter(models), {})


def _value(element: Any) -> str | None:
    """The text of its ``value``; None for ``empty``."""
    return next((text for child in element if (text := child.text)), None)


def _local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _of_role(parties: list[Any], role: str) -> list[Any]:
    return [p for p in parties if p.get("Role") == role]


def _is_owner(party: Mapping[str, Any]) -> bool:
    return str(party.get("IsPhoneOwner", "")).lower() == "true"


def _identifier(party: Mapping[str, Any]) -> str | None:
    """Its number, handle or address; ``OWNER`` for a holder of whom none is given."""
    return _word(party, "Identifier") or (OWNER if _is_owner(party) else None)


def _quoted(said: Mapping[str, Any]) -> int:
    """How many other messages this one carries with it, quoted or forwarded."""
    inside = [m for e in _inside(said, "MessageExtraData") for m in _inside(e, "InstantMessage")]
    carried = [*_inside(said, "EmbeddedInstantMessage"), *inside]
    return len(carried) + sum(map(_quoted, carried))


def _answered(said: Mapping[str, Any], chat: _Chat | None) -> str | None:
    """``ref`` of the message that this one answers: its model id where it has been met."""
    for extra in _inside(said, "MessageExtraData"):
        if extra["@type"] == "ReplyMessageData":
            own = _word(extra, "OriginalMessageID")
            met = chat.seen.get(own) if chat is not None and own else None
            return met or own or _first(_inside(extra, "InstantMessage")).get("@id")
    return None


def _labels(said: Mapping[str, Any]) -> set[str]:
    own = {_word(said, "Label"), *(_word(said, "Labels") or "").split()}
    extra = {_word(e, "Label") for e in _inside(said, "MessageExtraData")}
    return {label for label in own | extra if label}


def _kind(labels: set[str], attachments: list[Any], *, located: bool) -> str:
    if "System" in labels:
        return "system"
    if located:
        return "location"
    if not attachments:
        return "text"
    name = str(attachments[0].get("Filename", "")).upper()
    family = str(attachments[0].get("ContentType", "")).lower().partition("/")[0]
    if family == "audio":
        return "voice" if name.startswith(("PTT", "AUD")) or name.endswith(".OPUS") else "file"
    return family if family in ("image", "video") else "file"


def _attachment(source: Source, attachments: list[Any]) -> str | None:
    """Hash of the first attachment that lies beside the report."""
    for attachment in attachments:
        path = _word(attachment, "attachment_extracted_path")
        member = source.attached(path) if path else None
        if member is not None:
            return member.sha256()
    return None


def _coordinates(position: list[Any]) -> tuple[float, float]:
    return float(position[0]["Latitude"]), float(position[0]["Longitude"])


def _time(source: Source, record: Record) -> tuple[datetime | None, str | None]:
    """The time and the zone it was written in; one that states none is in the source's zone."""
    text = record.maybe("TimeStamp") or ""
    at = record.maybe("TimeStamp", lambda value: iso_time(value, source.timezone))
    if at is None:
        return None, None
    offset = datetime.fromisoformat(text.strip()).utcoffset()
    if offset is None:
        source.tally.assumed[source.timezone.key] += 1
        return at, source.timezone.key
    return at, text.strip()[-6:] if offset else None


def _seconds(duration: Any) -> float:
    """Seconds of ``hh:mm:ss`` or ``d.hh:mm:ss``, fractions allowed, or of a bare number."""
    if clock := _CLOCK.fullmatch(str(duration).strip()):
        days, hours, minutes, seconds = clock.groups(default="0")
        return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(seconds)
    return float(duration)

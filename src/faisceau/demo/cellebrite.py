"""The demo's Cellebrite report: ``report.xml``, models of chats, SMS, calls and contacts.

Cellebrite publishes no schema of it; the models and fields are those that open tools read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from lxml import etree

from faisceau.demo.people import COURIER, PEOPLE
from faisceau.demo.script import Conversation, Line, conversations

_NAMESPACE = "http://pa.cellebrite.com/report/2.0"
_STARTED = datetime(2026, 4, 2, 9, 12, tzinfo=UTC)
_DEVICE = {
    "DeviceInfoDetectedManufacturer": "Modelo",
    "DeviceInfoDetectedModel": "M-12",
    "DeviceInfoRevision": "14 build 2026.02",
    "DeviceInfoOSType": "Android",
    "DeviceInfoOSVersion": "14",
    "IMEI": "004999010640026",
    "IMSI": "001010640200212",
    "ICCID": "8933019900000002125",
    "MSISDN": PEOPLE[COURIER].number,
}
_CALLED = {"nolan": 9, "odile": 3, "jade": 2, "mere": 4}
_CONTACTS = ("nolan", "odile", "lorenzo", "sacha", "theo", "jade", "karim", "mere", "ines2")


@dataclass
class _Report:
    """The document being written, with ids drawn always alike."""

    chance: Random = field(default_factory=lambda: Random("cellebrite"))

    def element(self, parent: etree._Element | None, tag: str, **said: str) -> etree._Element:
        if parent is None:
            return etree.Element(f"{{{_NAMESPACE}}}{tag}", said, nsmap={None: _NAMESPACE})
        return etree.SubElement(parent, f"{{{_NAMESPACE}}}{tag}", said)

    def model(self, parent: etree._Element, kind: str) -> etree._Element:
        return self.element(
            parent,
            "model",
            type=kind,
            id=str(UUID(int=self.chance.getrandbits(128), version=4)),
            deleted_state="Intact",
            decoding_confidence="High",
            isrelated="False",
            source_index=str(self.chance.randint(1000, 99000)),
            extractionId="0",
        )

    def field(self, parent: etree._Element, name: str, value: str, kind: str = "String") -> None:
        """One field; without a value it is ``empty``."""
        element = self.element(parent, "field", name=name, type=kind)
        if value:
            self.element(element, "value", type=kind).text = etree.CDATA(value)
        else:
            self.element(element, "empty")

    def time(self, parent: etree._Element, name: str, at: datetime) -> None:
        element = self.element(parent, "field", name=name, type="TimeStamp")
        value = self.element(
            element,
            "value",
            type="TimeStamp",
            format="TimeStampKnown",
            formattedTimestamp=at.astimezone(UTC).isoformat(timespec="seconds"),
        )
        value.text = at.astimezone(UTC).isoformat(timespec="milliseconds")

    def party(self, parent: etree._Element, who: str, name: str, role: str, holder: bool) -> None:
        party = self.model(parent, "Party")
        self.field(party, "Identifier", who)
        self.field(party, "Role", role, "PartyRole")
        self.field(party, "Name", name)
        self.field(party, "IsPhoneOwner", str(holder), "Boolean")

    def holder_or(self, parent: etree._Element, sender: str, role: str) -> None:
        who, name = _identity(sender or COURIER)
        self.party(parent, who, name, role, not sender)


def write(path: Path) -> None:
    """Write the report to ``path``."""
    report = _Report()
    root = report.element(
        None,
        "project",
        id=str(UUID(int=report.chance.getrandbits(128), version=4)),
        name="Rapport demo",
        reportVersion="5.2.0.0",
        licenseID="",
        containsGarbage="False",
        extractionType="Logical",
    )
    extractions = report.element(root, "sourceExtractions")
    report.element(
        extractions,
        "extractionInfo",
        id="0",
        name="Logical",
        isCustomName="False",
        type="Logical",
        deviceName="Modelo M-12",
        fullName="Modelo M-12",
        index="0",
        IsPartialData="False",
    )
    device = report.element(root, "metadata", section="Device Info")
    for name, value in _DEVICE.items():
        item = report.element(device, "item", name=name, sourceExtraction="0")
        item.text = etree.CDATA(value)
    decoded = report.element(root, "decodedData")
    found = conversations("handset")
    calls = report.element(decoded, "modelType", type="Call")
    _calls(report, calls)
    chats = report.element(decoded, "modelType", type="Chat")
    for chat in found:
        if chat.kind != "SMS":
            _chat(report, chats, chat)
    contacts = report.element(decoded, "modelType", type="Contact")
    for key in _CONTACTS:
        _contact(report, contacts, key)
    texts = report.element(decoded, "modelType", type="SMS")
    for chat in found:
        for line in chat.lines if chat.kind == "SMS" else ():
            _sms(report, texts, chat, line)
    etree.ElementTree(root).write(
        str(path), encoding="utf-8", xml_declaration=True, pretty_print=True
    )


def _chat(report: _Report, parent: etree._Element, chat: Conversation) -> None:
    model = report.model(parent, "Chat")
    report.field(model, "Source", chat.kind)
    report.field(model, "Id", f"{chat.kind.lower()}-{_identity(chat.who)[0].lstrip('+')}")
    report.field(model, "Name", "")
    report.time(model, "StartTime", chat.lines[0].at)
    report.time(model, "LastActivity", chat.lines[-1].at)
    parties = report.element(model, "multiModelField", name="Participants", type="Party")
    for who in (chat.who, ""):
        report.holder_or(parties, who, "General")
    messages = report.element(model, "multiModelField", name="Messages", type="InstantMessage")
    for line in chat.lines:
        message = report.model(messages, "InstantMessage")
        report.field(message, "Source", chat.kind)
        sender = report.element(message, "modelField", name="From", type="Party")
        report.holder_or(sender, line.sender, "From")
        report.element(message, "multiModelField", name="To", type="Party")
        report.field(message, "Body", line.text)
        report.field(message, "Identifier", f"{report.chance.getrandbits(64):016X}")
        report.time(message, "TimeStamp", line.at)
        report.field(message, "Status", "Read" if line.sender else "Sent", "MessageStatus")
        report.field(message, "Type", "AppMessage", "InstantMessageType")
        report.field(message, "SourceApplication", chat.kind)


def _sms(report: _Report, parent: etree._Element, chat: Conversation, line: Line) -> None:
    model = report.model(parent, "SMS")
    who, name = _identity(chat.who)
    report.field(model, "Source", "")
    report.field(model, "Body", line.text)
    report.field(model, "Folder", "Inbox" if line.sender else "Sent")
    report.field(model, "Status", "Read" if line.sender else "Sent", "MessageStatus")
    report.time(model, "TimeStamp", line.at)
    parties = report.element(model, "multiModelField", name="Parties", type="Party")
    report.party(parties, who, name, "From" if line.sender else "To", False)


def _contact(report: _Report, parent: etree._Element, key: str) -> None:
    model = report.model(parent, "Contact")
    report.field(model, "Source", "Phone")
    report.field(model, "Name", PEOPLE[key].name)
    entries = report.element(model, "multiModelField", name="Entries", type="ContactEntry")
    entry = report.model(entries, "PhoneNumber")
    report.field(entry, "Category", "Mobile")
    report.field(entry, "Value", PEOPLE[key].number)


def _calls(report: _Report, parent: etree._Element) -> None:
    for at, key, kind, seconds in _made(report.chance):
        model = report.model(parent, "Call")
        report.field(model, "Source", "")
        report.field(model, "Type", kind, "CallType")
        report.time(model, "TimeStamp", at)
        report.field(model, "Duration", f"{timedelta(seconds=seconds)!s:0>8}", "TimeSpan")
        parties = report.element(model, "multiModelField", name="Parties", type="Party")
        who, name = _identity(key)
        report.party(parties, who, name, "To" if kind == "Outgoing" else "From", False)


def _made(chance: Random) -> Iterable[tuple[datetime, str, str, int]]:
    made = []
    for key, times in _CALLED.items():
        for _ in range(times):
            at = _STARTED - timedelta(minutes=chance.randint(600, 30 * 24 * 60))
            kind = chance.choice(("Outgoing", "Incoming", "Missed"))
            made.append((at, key, kind, 0 if kind == "Missed" else chance.randint(5, 200)))
    return sorted(made)


def _identity(who: str) -> tuple[str, str]:
    """The number and the name of a key of ``PEOPLE``; a number is its own."""
    person = PEOPLE.get(who)
    return (person.number, person.name) if person else (who, "")

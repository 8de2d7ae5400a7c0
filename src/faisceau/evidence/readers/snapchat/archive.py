"""The records of a Snapchat archive, whichever file and form they come from, as rows."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import ijson

from faisceau.evidence.clocks import epoch_ms, epoch_us, iso_time
from faisceau.evidence.json_events import json_events
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.tables.schemas import CONTACT, HANDSET, MESSAGE, POSITION, Row
from faisceau.words import N_

KINDS = {
    "TEXT": "text",
    "IMAGE": "image",
    "PHOTO": "image",
    "STICKER": "image",
    "VIDEO": "video",
    "NOTE": "voice",
    "AUDIO": "voice",
    "VOICE": "voice",
    "LOCATION": "location",
    "SHARE": "text",
}
_ENDINGS = {
    "jpg": "image",
    "png": "image",
    "webp": "image",
    "gif": "image",
    "heif": "image",
    "mp4": "video",
    "mov": "video",
    "m4a": "voice",
    "unknown": "file",
}
"""How files of ``chat_media`` end, and what they are."""
MICROSECONDS = 10**14
GROUP = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PLACE = re.compile(r"(-?\d+(?:\.\d+)?),\s*(-?\d+(?:\.\d+)?)\s*$")
_NO_RECORD = N_("not a record")


class Archive:
    """Whose archive it is, and what each of its records becomes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.owner = source.owner or _owner(source)

    def item(self, section: str, number: int, values: Any) -> Iterator[Row]:
        """The rows of one record of a section; what no table holds is counted by section."""
        where = f"{section}/{number}"
        if not isinstance(values, Mapping):
            if values not in (None, ""):
                self._source.reject(where, _NO_RECORD, raw=str(values))
            return
        keys = values.keys()
        if {"Media Type", "Created"} <= keys:
            reading = self._message(section, where, values)
        elif {"Media Type", "Date"} <= keys:
            reading = self._memory(where, values)
        elif "Username" in keys and ("Creation Date" in keys or "Country" in keys):
            reading = self._account(where, values)
        elif "Username" in keys:
            reading = self._friend(where, values)
        elif "Make" in keys:
            reading = self._device(where, values)
        else:
            self._source.leave(section)
            return
        yield from reading

    def _message(self, section: str, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        with self._source.record(values, where) as record:
            record.leave("IsSaved", "Saved")
            sender, other = self._ends(section, record)
            title = record.maybe("Conversation Title")
            by_direction = section.startswith(("Sent ", "Received "))
            group = title is not None or GROUP.fullmatch(section) is not None
            said = str(record.take("Media Type")).upper()
            kind, sha256 = self._attachment(record, said)
            text = record.maybe("Content") or record.maybe("Text", _unescaped)
            system = said.startswith("STATUS")
            yield MESSAGE.row(
                app="snapchat",
                account=self.owner,
                thread_id=other if by_direction else section,
                thread_name=title or (None if by_direction or group else section),
                sender_id=sender,
                recipients=None
                if group or other is None
                else [other if _sent(values, section) else self.owner or OWNER],
                sent_at=_moment(record),
                text=text or (said if system else None),
                kind="system" if system else kind,
                deleted=True if said.startswith("STATUSERASED") else None,
                attachment_sha256=sha256,
            )

    def _ends(self, section: str, record: Record) -> tuple[str | None, str | None]:
        """Who sent, and the other end where it is one person."""
        writer, reader = record.maybe("From"), record.maybe("To")
        sent = record.maybe("IsSender", bool)
        if section.startswith("Sent "):
            return self.owner or OWNER, reader or writer
        if section.startswith("Received "):
            return writer, writer
        if sent and writer:
            self.owner = self.owner or writer
        return writer or (self.owner or OWNER if sent else None), reader or section

    def _attachment(self, record: Record, said: str) -> tuple[str, str | None]:
        """Kind of the message, and hash of its first file that lies in the exhibit."""
        return self.files(
            said, str(record.maybe("Media IDs") or ""), str(record.maybe("Created") or "")
        )

    def files(self, said: str, named: str, created: str) -> tuple[str, str | None]:
        """Kind of a message with these files, and hash of the first that lies in the exhibit."""
        ids = [one.strip() for one in named.split(" | ") if one.strip()]
        kind = KINDS.get(said) or ("file" if ids or said == "MEDIA" else "text")
        if len(ids) > 1:
            self._source.leave("further attachments of a message", len(ids) - 1)
        for one in ids:
            for ending, means in _ENDINGS.items():
                for folder in ("../chat_media", "chat_media"):
                    member = self._source.attached(f"{folder}/{created[:10]}_{one}.{ending}")
                    if member is not None:
                        return means if kind == "file" else kind, member.sha256()
        return kind, None

    def _memory(self, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        """The place of a picture kept, where it has one; the picture is a file of its own."""
        with self._source.record(values, where) as record:
            record.leave("Media Type", "Download Link", "Media Download Url")
            place = record.maybe("Location", _place)
            if place is None or place == (0.0, 0.0):
                record.set_aside("memories without a place")
                return
            yield POSITION.row(
                device=self.owner,
                at=record.maybe("Date", utc_moment),
                latitude=place[0],
                longitude=place[1],
            )

    def _account(self, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        with self._source.record(values, where) as record:
            record.leave("Creation Date", "Country", "Last Active")
            if record.maybe("Registration IP"):
                self._source.leave("addresses (IP) of the account")
            name = record.maybe("Username")
            self.owner = self.owner or name
            ids: list[str | None] = [name, record.maybe("Email"), record.maybe("Phone Number")]
            yield CONTACT.row(
                account=self.owner,
                name=record.maybe("Name"),
                identifiers=[i for i in ids if i] or None,
            )

    def _friend(self, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        with self._source.record(values, where) as record:
            record.leave("Creation Timestamp", "Last Modified Timestamp", "Source")
            name = record.maybe("Username")
            yield CONTACT.row(
                account=self.owner,
                name=record.maybe("Display Name"),
                identifiers=[name] if name else None,
            )

    def _device(self, where: str, values: Mapping[str, Any]) -> Iterator[Row]:
        with self._source.record(values, where) as record:
            record.leave("Language", "Connection Type", "Start Time", "Device Type", "User Agent")
            name, number = record.maybe("Model Name"), record.maybe("Model ID")
            system: list[str | None] = [record.maybe("OS Type"), record.maybe("OS Version")]
            yield HANDSET.row(
                make=record.maybe("Make"),
                model=record.maybe("Model") or name or number,
                os=" ".join(s for s in system if s) or None,
                apps=["snapchat"],
                accounts=[self.owner] if self.owner else None,
            )


def _owner(source: Source) -> str | None:
    """The account's name, from ``account.json`` beside the file."""
    beside = source.sibling("account.json") if source.head.is_json else None
    if beside is None:
        return None
    try:
        with beside.open() as stream:
            events = json_events(stream, beside.head.encoding or "utf-8")
            events.expect("start_map")
            for section, event, value in events.fields():
                said = events.value(event, value)
                if section == "Basic Information" and isinstance(said, dict):
                    name = said.get("Username")
                    return str(name) if name else None
    except ijson.JSONError:
        pass  # damaged: reading that file will say so
    return None


def _sent(values: Mapping[str, Any], section: str) -> bool:
    return section.startswith("Sent ") or values.get("IsSender") is True


def _moment(record: Record) -> datetime | None:
    """The exact count where there is one, else the second."""
    exact = record.maybe("Created(microseconds)", _exact)
    return exact or record.maybe("Created", utc_moment)


def _exact(value: Any) -> datetime | None:
    count = int(value)
    if not count:
        return None
    return epoch_us(count) if abs(count) >= MICROSECONDS else epoch_ms(count)


def utc_moment(text: Any) -> datetime:
    return iso_time(str(text).strip().removesuffix("UTC").strip())


def _unescaped(text: Any) -> str:
    """Words of archives by direction, which escape them as HTML."""
    return html.unescape(str(text))


def _place(text: Any) -> tuple[float, float]:
    """Degrees of ``Latitude, Longitude: 48.85, 2.35``."""
    found = _PLACE.search(str(text))
    if found is None:
        raise ValueError(text)
    return float(found[1]), float(found[2])

"""What a report says of the handset, gathered over the whole of it: rows of ``handset``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faisceau.evidence.readers.cellebrite_xml.model import word
from faisceau.evidence.readers.cellebrite_xml.parsing import SECRET, Said
from faisceau.evidence.readers.cellebrite_xml.people import account_identifiers
from faisceau.evidence.reading import Source
from faisceau.tables.schemas import HANDSET, Row

_NAMED = (
    ("imei", re.compile(r"(imei(meid)?|mobileidimei)\d?$")),
    ("imsi", re.compile(r"(lastused)?imsi\d?$")),
    ("iccid", re.compile(r"(lastused)?iccid\d?$")),
    ("msisdn", re.compile(r"(lastused)?(msisdn|phonenumber)\d?$")),
    ("make", re.compile(r"(selected|detected)?(phone)?(manufacturer|vendor)$")),
    ("model", re.compile(r"(detected(phone)?model|selecteddevicename|devicemodel|model)$")),
    ("os", re.compile(r"(osversion|ostype)$")),
    ("accounts", re.compile(r"appleid$")),
)
_ONCE_PER_CARD = ("imei", "imsi", "iccid", "msisdn")
_NOTHING = frozenset(["", "N/A", "UNKNOWN", "SIM"])


@dataclass(slots=True)
class Device:
    """Values by column, each once, in the order met."""

    said: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """What positions call the device: its IMEI, or else its number."""
        return self._first("imei") or self._first("msisdn")

    def item(self, source: Source, name: str, value: str) -> None:
        """Take an item of the report's metadata that identifies the device."""
        if self._add_named(name, value):
            return
        source.leave("credentials" if SECRET.search(name) else "metadata item")

    def line(self, source: Source, said: Said) -> None:
        """Take a line about the device or one of its SIM cards."""
        name = word(said, "Name") or word(said, "EntryName") or ""
        value = word(said, "Value") or word(said, "EntryValue") or ""
        if not self._add_named(name, value):
            source.leave(said["@type"])

    def application(self, said: Said) -> None:
        """Take an installed application."""
        self._add("apps", word(said, "Identifier") or word(said, "Name"))

    def account(self, said: Said) -> None:
        """Take an account of the holder, and the service that it is of as an application."""
        for value in account_identifiers(said):
            self._add("accounts", value)
        self._add("apps", word(said, "ServiceType") or word(said, "Source"))

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
        for column, pattern in _NAMED:
            if pattern.match(plain) and value.upper() not in _NOTHING:
                self._add(column, value)
                return True
        return False

    def _add(self, column: str, value: str | None) -> None:
        if value:
            self.said.setdefault(column, {})[value] = None

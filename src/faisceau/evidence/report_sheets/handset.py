"""What a report says of the handset, gathered over the whole of it: rows of ``handset``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faisceau.evidence.folding import folded
from faisceau.evidence.reading import Source
from faisceau.evidence.report_sheets.secrets import CREDENTIALS, is_secret
from faisceau.tables.schemas import HANDSET, Row

_NAMED = (
    ("imei", re.compile(r"(imei(meid)?|mobileidimei|deviceimei)\d?$")),
    ("imsi", re.compile(r"(lastused)?(imsi|subscriberidimsi|simimsi)\d?$")),
    ("iccid", re.compile(r"(lastused)?(iccid|simididiccid|simidiccid|simcardid)\d?$")),
    ("msisdn", re.compile(r"(lastused)?(msisdn|(own)?phonenumber|simmsisdn|subscribernumber)\d?$")),
    ("make", re.compile(r"(selected|detected|device)?(phone)?(manufacturer|vendor|make)$")),
    (
        "model",
        re.compile(r"(detected(phone)?model|selecteddevicename|(device|phone)?model(name)?)$"),
    ),
    ("os", re.compile(r"(os|system|android|ios|software|firmware)?(osversion|ostype)$")),
    ("os", re.compile(r"(os|operatingsystem|androidversion|iosversion|softwareversion)$")),
    ("accounts", re.compile(r"appleid$")),
)
_ONCE_PER_CARD = ("imei", "imsi", "iccid", "msisdn")
_NOTHING = frozenset(["", "N/A", "UNKNOWN", "SIM", "-"])


@dataclass(slots=True)
class Handset:
    """Values by column of ``handset``, each once, in the order met."""

    said: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def name(self) -> str | None:
        """What positions call the device: its IMEI, or else its number."""
        return self._first("imei") or self._first("msisdn")

    def item(self, source: Source, name: str, value: str, *, among: str) -> None:
        """Take a named line about the device or its cards; others are left, as ``among``."""
        if not self.named(name, value):
            source.leave(CREDENTIALS if is_secret(name) else among)

    def named(self, name: str, value: str) -> bool:
        """Take a value by the name it has in the report; False when no column holds it."""
        plain = folded(name).removeprefix("deviceinfo")
        for column, pattern in _NAMED:
            if pattern.match(plain) and value.strip().upper() not in _NOTHING:
                self.add(column, value.strip())
                return True
        return False

    def add(self, column: str, value: str | None) -> None:
        """Take a value of a column."""
        if value:
            self.said.setdefault(column, {})[value] = None

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

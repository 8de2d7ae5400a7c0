"""Locations, journeys, cells and wireless networks: rows of ``position``."""

import re
from collections.abc import Iterator

from faisceau.evidence.readers.cellebrite_xml.model import (
    ALWAYS,
    coordinates,
    inside,
    locator,
    time_of,
    word,
)
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas import POSITION, Row

_KNOWN = (
    *ALWAYS,
    *("@deleted_state", "Account", "AccountLocationAffiliation", "AggregatedLocationsCount"),
    *("Category", "Confidence", "Description", "DeviceLocationAffiliation", "LocationOrigin"),
    *("Map", "Name", "Origin", "PositionAddress", "ServiceName", "Source", "Type", "Address"),
    *("StartTime", "EndTime", "TimeStamp", "Precision", "FromPoint", "ToPoint", "WayPoints"),
    *("BID", "CID", "LAC", "MCC", "MNC", "NID", "SID", "Package", "BSSId", "SSId"),
    *("NWConnectionType", "SecurityMode", "LastConnection", "LastAutoConnection"),
)
"""Fields that no column holds, or that a rule below has looked at."""
_CELL = re.compile(r"cell|gsm|tower|lte", re.I)
_WIFI = re.compile(r"wi-?\s?fi|wireless|wlan|bssid", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def location(source: Source, said: Said, device: str | None) -> Iterator[Row]:
    """Where the device was; a place that somebody sent or searched for is set aside."""
    with source.record(said, locator(said)) as record:
        record.leave(*_KNOWN)
        if word(said, "Origin") == "External" or word(said, "LocationOrigin") == "External":
            record.set_aside("Location elsewhere than the device")
        elif not inside(said, "Position"):
            record.set_aside("Location without coordinates")
        else:
            yield _row(source, record, said, device)


def journey(source: Source, said: Said, device: str | None) -> Iterator[Row]:
    """A way: its start, its points and its end, each a position."""
    with source.record(said, locator(said)) as record:
        record.leave(*_KNOWN)
        ends = {"FromPoint": "StartTime", "WayPoints": "", "ToPoint": "EndTime"}
        points = [
            {**point, "TimeStamp": time} if time and "TimeStamp" not in point else point
            for name, clock in ends.items()
            for point in inside(said, name)
            if inside(point, "Position")
            for time in [said.get(clock)]
        ]
        if not points:
            record.set_aside("Journey without coordinates")
        for point in points:
            with_own = source.record(point, locator(point))
            with_own.leave(*_KNOWN)
            yield _row(source, with_own, point, device)


def beacon(source: Source, said: Said, device: str | None) -> Iterator[Row]:
    """A cell or a wireless network that the device met at a known time or place."""
    with source.record(said, locator(said)) as record:
        record.leave(*_KNOWN)
        cell = said["@type"] == "CellTower"
        names = ("MCC", "MNC", "LAC", "CID") if cell else ("BSSId",)
        ids = [value for name in names if (value := word(said, name))]
        times = ("TimeStamp", "LastConnection", "LastAutoConnection")
        if not ids or not (inside(said, "Position") or any(map(said.get, times))):
            record.set_aside(said["@type"])
            return
        at, zone = time_of(source, record, *times)
        latitude, longitude = record.maybe("Position", coordinates) or (None, None)
        yield POSITION.row(
            ref=said["@id"] or None,
            device=device,
            at=at,
            zone=zone,
            latitude=latitude,
            longitude=longitude,
            kind="cell" if cell else "wifi",
            observed=["-".join(ids)],
        )


def _row(source: Source, record: Record, said: Said, device: str | None) -> Row:
    at, zone = time_of(source, record, "TimeStamp", "StartTime", "EndTime")
    latitude, longitude = record.take("Position", coordinates)
    how = " ".join(filter(None, (word(said, n) for n in ("Category", "Type", "Source", "Name"))))
    kind = "cell" if _CELL.search(how) else "wifi" if _WIFI.search(how) else None
    accuracy = record.maybe("GpsHorizontalAccuracy", _metres) or record.maybe("Precision", _metres)
    return POSITION.row(
        ref=said["@id"] or None,
        device=device,
        at=at,
        zone=zone,
        latitude=latitude,
        longitude=longitude,
        accuracy_m=accuracy,
        kind=kind or ("gps" if accuracy is not None or "gps" in how.lower() else None),
    )


def _metres(text: str) -> float:
    found = _NUMBER.search(text)
    if found is None:
        raise ValueError(text)
    return float(found[0].replace(",", "."))

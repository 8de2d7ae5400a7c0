"""What models of a report have in common: parties, times, attachments, coordinates."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.clocks import iso_time
from faisceau.evidence.readers.cellebrite_xml.parsing import Said
from faisceau.evidence.reading import OWNER, Record, Source
from faisceau.evidence.report_sheets.moments import moment
from faisceau.tables.schemas.schema import EARLIEST, LATEST, STRING, TIME

IDENTIFIERS = frozenset(["PhoneNumber", "EmailAddress", "UserID"])
"""Types of the entries of a contact or account that identify someone."""
KNOWN_BY = (
    *("Username", "UserName", "UserID", "UserId", "PhoneNumber", "Phone"),
    *("EmailAddress", "Email"),
)
"""Fields that identify someone, where a version writes no entry for it."""
ALWAYS = (
    *("@id", "@type", "@line", "@file_id", "@targets", "@messages", "UserMapping"),
    *("ServiceIdentifier", "UserTags", "JumpTargetId", "ArtifactFamily", "Extraction", "Labels"),
    "@carries",
)
"""Fields of any model that no column holds, or that a rule elsewhere looks at."""
DELETED = {"Deleted": True, "Trash": True, "Intact": False}
"""What a report says of the state of a model; others are not known."""

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
"""What the reading of a time may raise."""

_FIRST, _LAST = pa.scalar(EARLIEST, TIME), pa.scalar(LATEST, TIME)
_CLOCK = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)")
_ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
_IDENTIFYING = re.compile(r"phone|mobile|tel|fax|mail|user|\bid\b|home|work|general", re.I)
_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")


def word(said: Mapping[str, Any], name: str) -> str | None:
    """The text of a field; None where there is none, or models stand in its place."""
    value = said.get(name)
    return value if isinstance(value, str) else None


def inside(said: Mapping[str, Any], name: str) -> list[Said]:
    """The models of a field; some versions give the identifier of a party alone, as text."""
    value = said.get(name)
    if isinstance(value, str):
        return [{"@id": "", "@type": "", "Identifier": value}]
    return value or []


def first(models: list[Said]) -> Said:
    """The first of some models; an empty one where there is none."""
    return models[0] if models else {}


def locator(said: Said) -> str:
    """Where a model stands: its type and id, or the line where it begins."""
    return f"{said['@type']} {said['@id']}" if said["@id"] else f"line {said.get('@line', 0)}"


def of_role(parties: list[Said], role: str) -> list[Said]:
    """The parties that have a role: ``From``, ``To``, ``General``."""
    return [party for party in parties if party.get("Role") == role]


def is_owner(party: Mapping[str, Any]) -> bool:
    """True for the holder of the handset."""
    return str(party.get("IsPhoneOwner", "")).lower() == "true"


def identifier(party: Mapping[str, Any]) -> str | None:
    """Its number, handle or address; ``OWNER`` for a holder of whom none is given."""
    return word(party, "Identifier") or (OWNER if is_owner(party) else None)


def known_as(party: Mapping[str, Any]) -> str:
    """Its identifier, or its name; ``unknown`` for a number that the network withheld."""
    return identifier(party) or word(party, "Name") or "unknown"


def entries(record: Record, said: Mapping[str, Any]) -> list[str]:
    """What a contact or account is known by: numbers, addresses and handles, each once.

    Versions differ in where they put them: in ``Entries``, in a field of their own as models, or
    as text; older entries have but a category.
    """
    values = [value for name in KNOWN_BY if (value := word(said, name))]
    record.leave(*KNOWN_BY)
    for name, models in said.items():
        if not isinstance(models, list) or name.startswith("@"):
            continue
        named = [entry for entry in models if _identifies(entry)]
        values += [value for entry in named if (value := word(entry, "Value"))]
        if len(named) == len(models):
            record.leave(name)
    return list(dict.fromkeys(values))


def _identifies(entry: Said) -> bool:
    if entry["@type"] == "ContactEntry":
        return _IDENTIFYING.search(word(entry, "Category") or "") is not None
    return entry["@type"] in IDENTIFIERS


def coordinates(position: list[Said]) -> tuple[float, float]:
    """Latitude and longitude of a ``Coordinate``; ``ValueError`` for none on this globe."""
    latitude = float(position[0]["Latitude"].replace(",", "."))
    longitude = float(position[0]["Longitude"].replace(",", "."))
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180) or latitude == longitude == 0:
        raise ValueError(position)
    return latitude, longitude


def time_of(source: Source, record: Record, *names: str) -> tuple[datetime | None, str | None]:
    """The first time among fields, and the zone it was written in.

    One that states no zone is in the source's. ``yyyy-mm-ddThh:mm:ss.sss+hh:mm`` as a rule; older
    versions write ``dd/mm/yyyy hh:mm:ss(UTC+h)``.
    """
    for name in names:
        if (found := record.maybe(name, lambda text: _time(source, str(text)))) is not None:
            return found
    return None, None


def _time(source: Source, text: str) -> tuple[datetime, str | None]:
    text = text.strip()
    if not text[:5].endswith("-"):
        found = moment(text, source.timezone)
        if found.assumed:
            source.tally.assumed[source.timezone.key] += 1
        return found.at, found.zone
    at = iso_time(text, source.timezone)
    if (stated := _OFFSET.search(text)) is None:
        source.tally.assumed[source.timezone.key] += 1
        return at, source.timezone.key
    return at, _shown(stated[0])


@cache
def _shown(zone: str) -> str | None:
    """The zone of a time; None for UTC. ``zone`` may stand behind other characters."""
    return None if zone.endswith("Z") or not zone[1:].strip("0:") else zone


def times(source: Source, texts: list[str | None]) -> tuple[pa.Array, pa.Array]:
    """Times and zones of many fields at once; an unreadable one is null and counted."""
    column = pa.array(texts, STRING)
    if pc.all(pc.match_substring_regex(column, _ISO)).as_py():
        try:
            at = column.cast(TIME)
        except pa.ArrowInvalid:
            pass  # the 31st of February
        else:
            if pc.all(pc.and_(pc.greater_equal(at, _FIRST), pc.less(at, _LAST))).as_py():
                zones = [None if text is None else _shown(text[-6:]) for text in texts]
                return at, pa.array(zones, STRING)
    found: list[tuple[datetime | None, str | None]] = []
    for text in texts:
        try:
            found.append(_time(source, text) if text else (None, None))
        except UNREADABLE:
            source.tally.unread["TimeStamp"] += 1
            found.append((None, None))
    return pa.array([at for at, _ in found], TIME), pa.array([zone for _, zone in found], STRING)


def seconds(duration: Any) -> float:
    """Seconds of ``hh:mm:ss`` or ``d.hh:mm:ss``, fractions allowed, or of a bare number."""
    if clock := _CLOCK.fullmatch(str(duration).strip()):
        days, hours, minutes, rest = clock.groups(default="0")
        return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)
    return float(duration)

"""What a picture, a sound or a film says of itself: when and where it was made, how long it is.

Pictures: EXIF (CIPA DC-008), by Pillow, header only: nothing is decoded. Sounds and films: their
containers' own tags, by MediaInfo. A file says what its clock and its maker said: no more is
claimed. What cannot be read is left empty; the file is kept all the same.
"""

import contextlib
import re
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image
from pymediainfo import MediaInfo

from faisceau.evidence.clocks import plausible
from faisceau.evidence.reading import Member

_EXIF_TIME = "%Y:%m:%d %H:%M:%S"
_ISO_6709 = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")
_DATES = ("recorded_date", "encoded_date", "tagged_date")
_PLACES = ("comapplequicktimelocationiso6709", "xyz", "recorded_location")


Kind = Literal["audio", "video", "image", "document"]


def media_facts(member: Member, kind: Kind, zone: ZoneInfo) -> dict[str, Any]:
    """Columns of ``media`` that the file itself tells: ``recorded_at``, ``zone``, ``latitude``,
    ``longitude``, ``duration_s``. A time without an offset is read in ``zone``."""
    try:
        if kind == "image":
            return _picture(member, zone)
        if kind in ("audio", "video"):
            return _recording(member)
    except Exception:  # parsers of hostile files raise anything; these facts are never vital
        return {}
    return {}


def _picture(member: Member, zone: ZoneInfo) -> dict[str, Any]:
    with member.open() as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(stream) as image:
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
            position = exif.get_ifd(ExifTags.IFD.GPSInfo)
    return _exif_time(dict(exif), details, zone) | _exif_position(position)


def _exif_time(
    exif: Mapping[int, Any], details: Mapping[int, Any], zone: ZoneInfo
) -> dict[str, Any]:
    base = ExifTags.Base
    for values, when, where in (
        (details, base.DateTimeOriginal, base.OffsetTimeOriginal),
        (details, base.DateTimeDigitized, base.OffsetTimeDigitized),
        (exif, base.DateTime, base.OffsetTime),
    ):
        offset = str(details.get(where, "")).strip("\x00 ")
        text = str(values.get(when, "")).strip("\x00 ")
        with contextlib.suppress(ValueError, OverflowError):
            naive = datetime.strptime(text, _EXIF_TIME)  # noqa: DTZ007 - its zone comes next
            if re.fullmatch(r"[+-]\d\d:\d\d", offset):
                return {
                    "recorded_at": plausible(
                        datetime.fromisoformat(f"{naive.isoformat()}{offset}")
                    ),
                    "zone": offset,
                }
            return {"recorded_at": plausible(naive.replace(tzinfo=zone)), "zone": zone.key}
    return {}


def _exif_position(position: Mapping[int, Any]) -> dict[str, Any]:
    gps = ExifTags.GPS
    try:
        latitude = _degrees(position[gps.GPSLatitude], position.get(gps.GPSLatitudeRef) == "S")
        longitude = _degrees(position[gps.GPSLongitude], position.get(gps.GPSLongitudeRef) == "W")
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return {}
    return _place(latitude, longitude)


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    size = degrees + minutes / 60 + seconds / 3600
    return -size if negative else size


def _place(latitude: float, longitude: float) -> dict[str, Any]:
    """A position on Earth; 0, 0 is what a receiver without a fix writes."""
    if not (abs(latitude) <= 90 and abs(longitude) <= 180) or latitude == longitude == 0:
        return {}
    return {"latitude": round(latitude, 7), "longitude": round(longitude, 7)}


def _recording(member: Member) -> dict[str, Any]:
    found = MediaInfo.parse(str(member.local()), parse_speed=0)
    [general] = found.general_tracks[:1] or [None]
    if general is None:
        return {}
    values = general.to_data()
    facts: dict[str, Any] = {}
    if values.get("duration"):
        facts["duration_s"] = float(values["duration"]) / 1000
    facts |= next((read for name in _DATES if (read := _tag_time(values.get(name)))), {})
    for name in _PLACES:
        if match := _ISO_6709.match(str(values.get(name) or "")):
            return facts | _place(float(match[1]), float(match[2]))
    return facts


def _tag_time(text: Any) -> dict[str, Any]:
    """A container's time, which its standard has in UTC (ISO/IEC 14496-12)."""
    plain = str(text or "").replace("UTC", "").strip().replace(" ", "T", 1)
    with contextlib.suppress(ValueError):
        at = datetime.fromisoformat(plain)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return {"recorded_at": plausible(at), "zone": "UTC"}
    return {}

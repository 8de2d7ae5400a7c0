"""Telegram Desktop's usual messages, read column by column: their fields, files and times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.json_blocks import Alike, Form
from faisceau.evidence.json_columns import (
    Cells,
    Column,
    converted,
    each,
    either,
    moments,
    named,
    only,
    present,
    texts,
)
from faisceau.evidence.native.times import in_zone
from faisceau.evidence.reading import Source
from faisceau.evidence.telegram_words import joined, reactions
from faisceau.tables.schemas.schema import EARLIEST, INTEGER, LATEST, STRING, TIME

PLAIN = (
    "type",
    "text_entities",
    "author",
    "saved_from",
    "via_bot",
    "reply_to_peer_id",
    "thumbnail",
    "width",
    "height",
    "duration_seconds",
    "self_destruct_period_seconds",
    "live_location_period_seconds",
    "inline_bot_buttons",
    "photo_file_size",
    "file_size",
    "thumbnail_file_size",
    "media_spoiler",
    "performer",
    "contact_vcard",
    "contact_vcard_file_size",
)
"""Fields of a message that no column holds."""
MORE = frozenset(
    (
        "photo",
        "file",
        "file_name",
        "media_type",
        "mime_type",
        "sticker_emoji",
        "poll",
        "game_title",
        "game_description",
        "game_link",
        "place_name",
        "address",
        "contact_information",
        "invoice_information",
        "location_information",
        "title",
    )
)
"""Fields of a message that carries more than words."""
_FILES = frozenset(
    ("photo", "file", "file_name", "media_type", "mime_type", "sticker_emoji", "title")
)
"""Those of a message with a file."""
MEDIA = {
    "voice_message": "voice",
    "video_message": "video",
    "video_file": "video",
    "animation": "video",
    "sticker": "image",
    "audio_file": "file",
}
_OTHERS = ("message_id", "game_message_id", "invoice_message_id")
"""Answers of another kind."""
_NAIVE = pa.timestamp("us")
_DAY = timedelta(days=1)
_FIRST, _LAST = pa.scalar(EARLIEST, TIME), pa.scalar(LATEST, TIME)
_SAFE = [at.replace(tzinfo=None) for at in (EARLIEST + _DAY, LATEST - _DAY)]
"""Between these the zone does not matter for whether a time is plausible."""


@dataclass(frozen=True, slots=True)
class Times:
    """When messages were sent, in which zone, and edited."""

    sent_at: pa.Array
    zone: pa.Array
    edited_at: pa.Array


def plain_form(zone: ZoneInfo) -> Form:
    """The fields of a message of words, or with a file."""
    return Form(
        takes={
            "type": only("message"),
            "id": present(named),
            "from": texts,
            "from_id": _peers,
            "text": converted(joined),
            "reactions": converted(reactions, INTEGER),
            "reply_to_message_id": named,
            "forwarded_from": texts,
            **dict.fromkeys(_FILES - {"file_name"}, texts),
            **{name: _local_times(zone) for name in ("date", "edited")},
            **{f"{name}_unixtime": moments(1) for name in ("date", "edited")},
        },
        leaves=frozenset((*PLAIN, "file_name")),
        apart=(MORE - _FILES).union(_OTHERS),
        needs=frozenset(("id",)),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What messages say and carry."""

    text: pa.Array
    kind: pa.Array | str
    attachment_sha256: pa.Array | None


def plain_words(source: Source, alike: Alike) -> Said:
    """Words, else the title or the emoji of the file; its kind; its hash where it was exported."""
    text = pc.if_else(pc.equal(alike["text"], ""), pa.scalar(None, STRING), alike["text"])
    if alike.fields.isdisjoint(_FILES):
        return Said(text, "text", None)
    mime = pc.fill_null(alike["mime_type"], "")
    kind = pc.if_else(alike.having("file"), "file", "text")
    kind = pc.if_else(pc.starts_with(mime, "video/"), "video", kind)
    kind = pc.if_else(pc.or_(alike.having("photo"), pc.starts_with(mime, "image/")), "image", kind)
    kind = pc.coalesce(each(alike["media_type"], MEDIA.get), kind)
    paths = pc.coalesce(alike["file"], alike["photo"]).to_pylist()
    return Said(
        pc.coalesce(text, alike["title"], alike["sticker_emoji"]),
        kind,
        pa.array([exported(source, path) for path in paths], STRING),
    )


def exported(source: Source, path: str | None) -> str | None:
    """Hash of the file the export put beside itself; None where it says it left it out."""
    member = None if path is None or path.startswith("(") else source.attached(path)
    return None if member is None else member.sha256()


def plain_times(source: Source, alike: Alike) -> Times:
    """Seconds since 1970, else the local time of the exporting computer; see the reader."""
    zone = source.timezone
    exact, local = alike.of("date_unixtime", TIME), alike.of("date", _NAIVE)
    offsets = pc.subtract(local.cast(pa.int64()), exact.cast(pa.int64()))
    zones = each(offsets, lambda offset: None if offset is None else _offset(offset))
    bare = pc.and_(pc.is_null(exact), pc.is_valid(local))
    if assumed := pc.sum(bare).as_py():
        source.tally.assumed[zone.key] += assumed
        exact = pc.coalesce(exact, in_zone(local, zone.key))
        zones = pc.if_else(bare, zone.key, zones)
    edited, edited_local = alike.of("edited_unixtime", TIME), alike.of("edited", _NAIVE)
    bare = pc.and_(pc.is_null(edited), pc.is_valid(edited_local))
    if assumed := pc.sum(bare).as_py():
        source.tally.assumed[zone.key] += assumed
        edited = pc.coalesce(edited, in_zone(edited_local, zone.key))
    return Times(exact, zones, edited)


def peer(value: Any) -> str:
    """``user…``, ``chat…``, ``channel…``; exports before 2021 gave a user's bare number."""
    return f"user{value}" if isinstance(value, int) else str(value)


def zone_of(offset: timedelta) -> str | None:
    """``+02:00`` for a difference between two clocks; None for one that no zone has."""
    if abs(offset) > timedelta(hours=15) or offset % timedelta(minutes=15):
        return None
    sign, minutes = "-" if offset < timedelta(0) else "+", abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def _offset(microseconds: int) -> str | None:
    return zone_of(timedelta(microseconds=microseconds))


def _peers(values: Sequence[Any]) -> Cells:
    if int in set(map(type, values)):
        values = [peer(value) if type(value) is int else value for value in values]
    return texts(values)


def _local_times(zone: ZoneInfo) -> Column:
    """What a clock in this zone showed, at a plausible time; with an offset it is odd."""

    def read(values: Sequence[Any]) -> Cells:
        written, odd = texts(values)
        try:
            local = written.cast(_NAIVE)
        except pa.ArrowInvalid:
            local, odd = converted(_naive, _NAIVE)(values)
        least, most = pc.min_max(local).values()
        if least.is_valid and not (_SAFE[0] <= least.as_py() and most.as_py() < _SAFE[1]):
            at = in_zone(local, zone.key)
            inside = pc.and_(pc.greater_equal(at, _FIRST), pc.less(at, _LAST))
            odd = either(odd, pc.invert(pc.fill_null(inside, True)))
        return local, odd

    return read


def _naive(text: Any) -> datetime:
    at = datetime.fromisoformat(str(text).strip())
    if at.tzinfo is not None:
        raise ValueError(text)
    return at

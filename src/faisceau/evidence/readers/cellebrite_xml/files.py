"""Tagged files of a report: their hashes, for the messages that carry them, and rows of media."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from faisceau.evidence.clocks import iso_time
from faisceau.evidence.readers.cellebrite_xml.model import inside, word
from faisceau.evidence.readers.cellebrite_xml.parsing import Said, tagged_files
from faisceau.evidence.reading import Record, Source
from faisceau.tables.schemas import MEDIA, Row

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_KINDS = {"image": "image", "photo": "image", "video": "video", "audio": "audio"}
_KINDS |= {"document": "document", "text": "document", "pdf": "document"}
_DEGREES = re.compile(r"(-?\d+(?:[.,]\d+)?)\D+(\d+(?:[.,]\d+)?)\D+(\d+(?:[.,]\d+)?)\D*")
_TAKEN = (
    "ExifEnumDateTimeOriginal",
    "ExifEnumDateTimeDigitized",
    "Capture Time",
    "EXIFCaptureTime",
)


class TaggedFiles:
    """SHA-256 by the id of a file, kept on disk: a report may name millions of files.

    They stand before the models as a rule. Where they stand after, they are looked up ahead, once,
    when the first attachment asks.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._looked = False
        self._waiting: list[tuple[str, bytes]] = []
        self._db = sqlite3.connect("")  # temporary, on disk as soon as it grows
        self._db.execute("PRAGMA cache_size = -16000")
        self._db.execute("CREATE TABLE hash (id TEXT PRIMARY KEY, sha256 BLOB) WITHOUT ROWID")

    def rows(self, said: Said) -> Iterator[Row]:
        """Keep the hash of one file; its row in ``media``, unless the file lies beside."""
        self._looked = True
        self._keep(said)
        kind = _KINDS.get(str(said.get("Tags", "")).split(",")[0].strip().lower())
        sha256 = _sha256(said)
        if kind is None or sha256 is None or self._is_beside(said):
            self._source.leave("tagged file")
            return
        with self._source.record(said, f"file {said.get('@id', '')}") as record:
            record.leave(*said)
            taken = next((name for name in _TAKEN if name in said), "")
            latitude, longitude = _place(record)
            yield MEDIA.row(
                ref=word(said, "@id"),
                kind=kind,
                path=word(said, "@path"),
                sha256=sha256,
                size=record.maybe("@size", int),
                recorded_at=record.maybe(taken, lambda text: _taken(self._source, text)),
                latitude=latitude,
                longitude=longitude,
            )

    def _is_beside(self, said: Said) -> bool:
        """True for a file that lies beside the report: the desk sees it itself."""
        local = word(said, "Local Path")
        return local is not None and self._source.attached(local) is not None

    def sha256(self, attachment: Said, targets: list[tuple[str, bool]]) -> str | None:
        """Hash of an attached file: of its bytes beside the report, or as the report says."""
        path = word(attachment, "attachment_extracted_path")
        member = self._source.attached(path) if path else None
        if member is not None:
            return member.sha256()
        ids = [attachment.get("@file_id"), *(t for t, is_model in targets if not is_model)]
        return next((found for i in ids if i and (found := self._known(i))), None)

    def _known(self, file_id: str) -> str | None:
        if not self._looked:
            self._looked = True
            for said in tagged_files(self._source):
                self._keep(said)
        self._flush()
        row = self._db.execute("SELECT sha256 FROM hash WHERE id = ?", (file_id,)).fetchone()
        return None if row is None else bytes(row[0]).hex()

    def _keep(self, said: Said) -> None:
        if (sha256 := _sha256(said)) and (file_id := word(said, "@id")):
            self._waiting.append((file_id, bytes.fromhex(sha256)))
            if len(self._waiting) >= 4096:
                self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._db.executemany("INSERT OR REPLACE INTO hash VALUES (?, ?)", self._waiting)
            self._waiting.clear()


def attachments(said: Said) -> list[Said]:
    """The files that a message carries."""
    return [*inside(said, "Attachment"), *inside(said, "Attachments")]


def _sha256(said: Said) -> str | None:
    text = word(said, "SHA256") or ""
    return text.lower() if _SHA256.fullmatch(text) else None


def _taken(source: Source, text: str) -> datetime:
    """When a picture was taken: EXIF writes ``yyyy:mm:dd hh:mm:ss``, without zone."""
    return iso_time(re.sub(r"^(\d{4}):(\d\d):", r"\1-\2-", text.strip()), source.timezone)


def _place(record: Record) -> tuple[float | None, float | None]:
    ends = []
    for name, minus in (("Latitude", "S"), ("Longitude", "W")):
        value = record.maybe(f"ExifEnumGPS{name}", _degrees)
        south_or_west = record.maybe(f"ExifEnumGPS{name}Ref") or ""
        ends.append(-value if value and south_or_west.upper().startswith(minus) else value)
    return (ends[0], ends[1]) if None not in ends else (None, None)


def _degrees(text: str) -> float:
    """Degrees of ``48.85``, or of degrees, minutes and seconds."""
    if parts := _DEGREES.fullmatch(text.strip()):
        degrees, minutes, seconds = (float(p.replace(",", ".")) for p in parts.groups())
        return degrees + minutes / 60 + seconds / 3600
    return float(text.replace(",", "."))

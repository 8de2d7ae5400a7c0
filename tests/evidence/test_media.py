"""What a file is that no reader claims."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.media import Media, media_of, media_row, media_type
from faisceau.evidence.reading import Member


def boxed(brand: bytes) -> bytes:
    """The beginning of an ISO base media file (ISO 14496-12) of this brand."""
    box = struct.pack(">I4s4sI8s", 24, b"ftyp", brand, 512, brand + b"isom")
    return box + b"\x00\x00\x00\x08free"


def ogg(first_packet: bytes) -> bytes:
    """The first page of an Ogg stream (RFC 3533)."""
    head = b"OggS\x00\x02" + bytes(8) + b"\x01\x00\x00\x00" + bytes(8) + b"\x01"
    return head + bytes([len(first_packet)]) + first_packet


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return buffer.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\x00\x00")
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


FILES = {
    "a photo of a phone": (b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + bytes(99), "image/jpeg"),
    "a screenshot": (png(), "image/png"),
    "a sticker": (b"RIFF\x24\x10\x00\x00WEBPVP8X" + bytes(99), "image/webp"),
    "an iPhone photo": (boxed(b"heic"), "image/heic"),
    "a WhatsApp voice note": (ogg(b"OpusHead\x01\x01" + bytes(9)), "audio/ogg"),
    "an iPhone voice note": (boxed(b"M4A "), "audio/mp4"),
    "an old voice note": (b"#!AMR\n<" + bytes(99), "audio/amr"),
    "a song": (b"ID3\x03\x00\x00\x00\x00\x0f\x76TIT2" + bytes(99), "audio/mpeg"),
    "a sound": (b"RIFF\x24\x10\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00", "audio/vnd.wave"),
    "a film": (boxed(b"isom"), "video/mp4"),
    "an iPhone film": (boxed(b"qt  "), "video/quicktime"),
    "a film of an old phone": (boxed(b"3gp4"), "video/3gpp"),
    "an animation": (b"GIF89a\x01\x00\x01\x00" + bytes(20), "image/gif"),
    "a PDF": (b"%PDF-1.4\n1 0 obj\n", "application/pdf"),
    "an old Word file": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "application/x-ole-storage",
    ),
    "a Word file": (
        zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "an Excel file": (
        zipped("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_what_its_content_says(what: str) -> None:
    start, expected = FILES[what]
    found = media_of(start)
    assert found is not None
    assert found.media_type == expected
    family = expected.partition("/")[0]
    assert found.kind == ("document" if family == "application" else family)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"bonjour, rdv demain\n",
        b"BM est venu hier\n",
        b"plate,camera_id\nAB-123-CD,A6\n",
        b'{"a": 1}',
        b"SQLite format 3\x00" + bytes(99),
        b"\x7fELF\x02\x01\x01" + bytes(99),
        b"PK\x05\x06" + bytes(18),
        bytes(4096),
    ],
)
def test_text_data_and_programs_are_no_media(start: bytes) -> None:
    assert media_of(start) is None


@given(st.sampled_from([start for start, _ in FILES.values()]), st.integers(0, 60), st.binary())
def test_no_file_stops_the_recognition(start: bytes, at: int, noise: bytes) -> None:
    name = media_type(start[:at] + noise + start[at:])
    assert name == name.lower()
    assert "/" in name


def test_a_media_row_says_what_where_and_in_what(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(png())
    name = "phone.zip!/album.zip!/DCIM/1.png"
    member = Member(name, 67, lambda: path.open("rb"), lambda: path, lambda: "f" * 64)
    row = media_row(member, Media("image", "image/png"), ZoneInfo("Europe/Paris"))
    assert row.values == {
        "kind": "image",
        "path": name,
        "sha256": "f" * 64,
        "size": 67,
        "media_type": "image/png",
        "container": "phone.zip!/album.zip",
    }
    assert media_of(png()) == Media("image", "image/png")

"""What pictures and recordings say of themselves, in files that their own libraries write."""

import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from faisceau.evidence.media_facts import Kind, media_facts
from faisceau.evidence.reading import Member

PARIS = ZoneInfo("Europe/Paris")


def facts(path: Path, kind: Kind) -> dict[str, Any]:
    member = Member(
        path.name, path.stat().st_size, lambda: path.open("rb"), lambda: path, lambda: "0" * 64
    )
    return media_facts(member, kind, PARIS)


def photo(
    path: Path, when: str, offset: str | None = None, ref: tuple[str, str] = ("S", "W")
) -> Path:
    exif = Image.Exif()
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = when
    if offset is not None:
        details[ExifTags.Base.OffsetTimeOriginal] = offset
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef] = ref
    gps[ExifTags.GPS.GPSLatitude] = (4.0, 56.0, 15.0)
    gps[ExifTags.GPS.GPSLongitude] = (52.0, 19.0, 48.0)
    Image.new("RGB", (2, 2)).save(path, exif=exif)
    return path


def test_a_photo_says_when_and_where(tmp_path: Path) -> None:
    assert facts(photo(tmp_path / "a.jpg", "2026:07:01 14:00:00", "-03:00"), "image") == {
        "recorded_at": datetime(2026, 7, 1, 17, tzinfo=UTC),
        "zone": "-03:00",
        "latitude": -4.9375,
        "longitude": -52.33,
    }


@pytest.mark.parametrize(
    ("local", "utc"), [("2026:01:15 12:00:00", 11), ("2026:07:15 12:00:00", 10)]
)
def test_a_time_without_offset_is_in_the_zone_of_the_exhibit(
    tmp_path: Path, local: str, utc: int
) -> None:
    found = facts(photo(tmp_path / "a.jpg", local), "image")
    assert (found["recorded_at"].hour, found["zone"]) == (utc, "Europe/Paris")


def test_a_clock_that_was_never_set_is_no_date(tmp_path: Path) -> None:
    found = facts(photo(tmp_path / "a.jpg", "0000:00:00 00:00:00"), "image")
    assert "recorded_at" not in found


def test_a_recording_says_how_long_it_is(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * 8000 * 3))
    assert facts(path, "audio")["duration_s"] == pytest.approx(3)


@given(st.binary(max_size=300), st.sampled_from(["image", "audio", "video", "document"]))
def test_no_bytes_stop_it(tmp_path_factory: Any, noise: bytes, kind: Kind) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(b"\xff\xd8\xff\xe1" + noise)
    assert facts(path, kind).keys() <= {
        "recorded_at",
        "zone",
        "latitude",
        "longitude",
        "duration_s",
    }

"""Files that are known and set aside: by content, each with its reason."""

import plistlib
import sqlite3
from pathlib import Path

import pytest

from faisceau.evidence.reading import Head, Member
from faisceau.evidence.recognised import KNOWN, recognise

PREFERENCES = "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<map>\n{}\n</map>\n"
WHATSAPP = PREFERENCES.format(
    '<string name="registration_jid">33612345678</string><int name="registration_state" value="3"/>'
)
TELEGRAM = PREFERENCES.format(
    '<boolean name="registeredForPush" value="true" /><int name="loginTime" value="1" />'
)


def head(path: Path, content: bytes) -> Head:
    path.write_bytes(content)
    return Head.of(
        Member(path.name, len(content), lambda: path.open("rb"), lambda: path, lambda: "")
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (WHATSAPP.encode(), "WhatsApp preferences"),
        (TELEGRAM.encode(), "Telegram preferences"),
        (PREFERENCES.format("").encode(), "preferences of an Android application"),
        (plistlib.dumps({"a": 1}), "a property list"),
        (plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY), "a property list"),
        (plistlib.dumps({"IsFullBackup": True}), "the description of an iTunes backup"),
        (b"\x7fELF\x02\x01", "an application"),
        (b"\x37\x7f\x06\x82" + bytes(28), "the journal of a SQLite database"),
        (b"", "an empty file"),
    ],
)
def test_a_file_is_known_by_its_content(tmp_path: Path, content: bytes, what: str) -> None:
    known = recognise(head(tmp_path / "x", content))
    assert known is not None
    assert known.what == what
    assert known.why


@pytest.mark.parametrize("content", [b"hello", b"<html/>", b"\x00" * 40, b"bplis", b"<map"])
def test_the_rest_is_unknown(tmp_path: Path, content: bytes) -> None:
    assert recognise(head(tmp_path / "x", content)) is None


def test_a_database_of_keys_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "axolotl.db"
    db = sqlite3.connect(path)
    for table in ("identities", "prekeys", "sessions"):
        db.execute(f"CREATE TABLE {table} (a)")
    db.commit()
    db.close()
    known = recognise(head(path, path.read_bytes()))
    assert known is not None
    assert known.what == "WhatsApp encryption keys"


def test_every_kind_has_its_reason() -> None:
    assert all(known.what and known.why for known in KNOWN)

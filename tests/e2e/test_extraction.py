"""A whole extraction, in every form it comes in: read completely, and what is left is named."""

import hashlib
import io
import plistlib
import re
import shutil
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import py7zr
import pytest

from faisceau.demo import telegram, whatsapp_android, whatsapp_export
from faisceau.demo.script import picture

from .conftest import Shell

PREFERENCES = "<map><string name='registration_jid'>33612345678</string></map>"
CALLS = """
CREATE TABLE calls (_id INTEGER PRIMARY KEY, number TEXT, date INTEGER, duration INTEGER,
    type INTEGER, name TEXT, numbertype INTEGER);
INSERT INTO calls VALUES (1, '+33612345678', 1788257400000, 5, 1, 'Kim', 2);
CREATE TABLE voicemail_status (a);
INSERT INTO voicemail_status VALUES (1);
"""
KEYS = "CREATE TABLE identities (a); CREATE TABLE prekeys (a); CREATE TABLE sessions (a);"
WHATSAPP = "data/data/com.whatsapp"


def database(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    """The file system of an Android phone, as far as it matters here."""
    root = tmp_path / "phone"
    for name in (
        f"{WHATSAPP}/databases",
        f"{WHATSAPP}/shared_prefs",
        "sdcard/DCIM",
        "sdcard/Telegram",
    ):
        (root / name).mkdir(parents=True)
    whatsapp_android.write(root / WHATSAPP / "databases/msgstore.db")
    database(root / WHATSAPP / "databases/axolotl.db", KEYS)
    (root / WHATSAPP / "shared_prefs/com.whatsapp_preferences.xml").write_text(PREFERENCES)
    database(root / "data/data/com.android.providers.contacts/databases/calllog.db", CALLS)
    telegram.write(root / "sdcard/Telegram/result.json")
    whatsapp_export.write(root / "sdcard/WhatsApp Chat with Max.zip")
    (root / "sdcard/DCIM/IMG_1.jpg").write_bytes(picture())
    (root / "sdcard/DCIM/.nomedia").touch()
    (root / "sdcard/strange.bin").write_bytes(bytes(range(1, 256)) * 4)
    return root


def as_zip(phone: Path, out: Path) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(phone.rglob("*")):
            archive.write(path, path.relative_to(phone).as_posix())
    return out


def as_tar(phone: Path, out: Path, *, root: str = "", mode: str = "w") -> Path:
    with tarfile.open(out, mode) as archive:  # type: ignore[call-overload]
        for path in sorted(p for p in phone.rglob("*") if p.is_file()):
            info = archive.gettarinfo(path, path.relative_to(phone).as_posix())
            info.name = root + info.name  # ``tar -P``: what the standard library strips
            archive.addfile(info, io.BytesIO(path.read_bytes()))
    return out


def as_7z(phone: Path, out: Path) -> Path:
    with py7zr.SevenZipFile(out, "w", password="secret") as archive:
        for path in sorted(p for p in phone.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(phone).as_posix())
    return out


FORMS: dict[str, Callable[[Path, Path], Path]] = {
    "folder": lambda phone, _: phone,
    "zip": lambda phone, folder: as_zip(phone, folder / "phone.zip"),
    "ufdr": lambda phone, folder: as_zip(phone, folder / "phone.ufdr"),
    "tar": lambda phone, folder: as_tar(phone, folder / "phone.tar"),
    "tar from the root": lambda phone, folder: as_tar(phone, folder / "p.tar", root="/"),
    "tar.gz": lambda phone, folder: as_tar(phone, folder / "phone.tar.gz", mode="w:gz"),
    "7z": lambda phone, folder: as_7z(phone, folder / "phone.7z"),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_extraction_is_read_completely_in_every_form(
    shell: Shell, case: Path, phone: Path, tmp_path: Path, form: str
) -> None:
    path = FORMS[form](phone, tmp_path)
    key = tmp_path / "key.txt"
    key.write_text("secret\n")
    options = ["--key-file", key] if form == "7z" else []
    [added] = shell("--format", "json", "add", case, path, *options).json
    exhibit = added["exhibit"]
    assert added["error"] is None
    assert exhibit["files"] == {"read": 4, "recognised": 3, "media": 2, "unknown": 1}
    assert exhibit["aside"] == {
        "WhatsApp preferences": 1,
        "WhatsApp encryption keys": 1,
        "an empty file": 1,
    }
    unread = {Path(name).name: tables for name, tables in exhibit["unread_tables"].items()}
    assert unread == {"calllog.db": {"voicemail_status": 1}, "msgstore.db": {"props": 1}}
    assert all(count["rejected"] == 0 for count in exhibit["tables"].values())
    rows = shell("--format", "json", "rows", case, "message").json
    assert len(rows) == exhibit["tables"]["message"]["rows"]
    assert {row["app"] for row in rows} == {"whatsapp", "telegram"}
    status = shell("status", case).out
    assert "strange.bin" in status
    assert "voicemail_status (1)" in status
    assert shell("ledger", "verify", case).code == 0


def test_the_report_says_what_was_not_looked_at(
    shell: Shell, case: Path, phone: Path, tmp_path: Path
) -> None:
    shell("add", case, phone)
    report = tmp_path / "report.html"
    assert shell("report", case, "-o", report).code == 0
    text = report.read_text()
    for said in ("strange.bin", "WhatsApp preferences", "voicemail_status"):
        assert said in text


def backup(folder: Path) -> Path:
    """A backup as Finder makes one: files under the hash of their domain and path."""
    folder.mkdir()
    source = folder.parent / "sms.db"
    moment = int(
        (datetime(2026, 9, 1, tzinfo=UTC) - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
    )
    database(
        source,
        "CREATE TABLE message (ROWID INTEGER PRIMARY KEY, guid TEXT, text TEXT, handle_id INTEGER,"
        " service TEXT, date INTEGER, is_from_me INTEGER);"
        "CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT, service TEXT);"
        "CREATE TABLE chat (ROWID INTEGER PRIMARY KEY, guid TEXT, chat_identifier TEXT);"
        "CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);"
        "CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);"
        "CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY, filename TEXT);"
        "CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER);"
        "INSERT INTO handle VALUES (1, '+33612345678', 'iMessage');"
        f"INSERT INTO message VALUES (1, 'G1', 'hello', 1, 'iMessage', {moment}000000000, 0);"
        "INSERT INTO chat VALUES (1, 'iMessage;-;+33612345678', '+33612345678');"
        "INSERT INTO chat_message_join VALUES (1, 1);",
    )
    name = "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    (folder / "3d").mkdir()
    (folder / "3d" / name).write_bytes(source.read_bytes())
    record: dict[str, Any] = {
        "$version": 100000,
        "$archiver": "NSKeyedArchiver",
        "$top": {"root": plistlib.UID(1)},
        "$objects": ["$null", {"Size": source.stat().st_size, "Mode": 33188}],
    }
    with closing(sqlite3.connect(folder / "Manifest.db")) as db:
        db.execute(
            "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, "
            "flags INTEGER, file BLOB)"
        )
        db.execute("CREATE TABLE Properties (key TEXT PRIMARY KEY, value BLOB)")
        blob = plistlib.dumps(record, fmt=plistlib.FMT_BINARY)
        values = (name, "HomeDomain", "Library/SMS/sms.db", 1, blob)
        db.execute("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", values)
        db.commit()
    (folder / "Manifest.plist").write_bytes(
        plistlib.dumps({"IsEncrypted": False, "Version": "10.0"})
    )
    (folder / "Info.plist").write_bytes(plistlib.dumps({"Device Name": "iPhone", "IMEI": "1"}))
    return folder


def test_a_backup_of_an_iphone_is_read_under_the_names_it_had_there(
    shell: Shell, case: Path, tmp_path: Path
) -> None:
    assert shell("add", case, backup(tmp_path / "backup")).code == 0
    [row] = shell("--format", "json", "rows", case, "message").json
    assert row["text"] == "hello"
    assert "Library/SMS/sms.db" in row["source"]


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read-a-phone.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_is_followed_as_written(
    shell: Shell, case: Path, phone: Path, tmp_path: Path
) -> None:
    """Each command of the page works, and the lines under it are among those it prints."""
    as_zip(phone, tmp_path / "phone.ufdr")
    as_tar(phone, tmp_path / "phone.tar.gz", mode="w:gz")
    backup(tmp_path / "backup")
    as_7z(phone, tmp_path / "locked.7z")
    (tmp_path / "key.txt").write_text("secret\n")
    (tmp_path / "dump.csv").write_text("Sender;Recipient;Time;Text\nloup;ours;2026-03-01 10:00;x\n")
    for number, name in enumerate(("hurried", "late", "abroad", "listed")):
        shutil.copytree(phone, tmp_path / name)
        (tmp_path / name / "note.txt").write_text(f"another exhibit: {number}")
    wanted = picture() + b"another"
    (tmp_path / "listed/sdcard/DCIM/IMG_2.jpg").write_bytes(wanted)
    for name, content in (("known.csv", picture()), ("wanted.csv", wanted)):
        (tmp_path / name).write_text(f"md5\n{hashlib.md5(content).hexdigest()}\n")
    followed = 0
    for block in CONSOLE.findall(PAGE.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ faisceau "):
                words = line.removeprefix("$ faisceau ").split()
                there = [str(tmp_path / w) if (tmp_path / w).exists() else w for w in words]
                answer = shell(*there)
                assert answer.code == 0, (line, answer.err)
                followed += 1
            else:
                assert line in answer.out, answer.out
    assert followed == 12
    assert "times put forward by 5400 seconds" in shell("status", case).out

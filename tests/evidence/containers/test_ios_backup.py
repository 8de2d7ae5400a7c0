"""Backups of iPhones, plain and encrypted, built here by the published recipe.

The encrypted one was read once by ``iphone_backup_decrypt`` too: a test does so again.
"""

import hashlib
import io
import os
import plistlib
import sqlite3
import struct
import zipfile
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iphone_backup_decrypt import EncryptedBackup

from faisceau.errors import BadInput
from faisceau.evidence.containers import Contents, Scratch, scratch_in, unfold_file, unfold_folder
from faisceau.evidence.reading import Member

PASSWORD = b"Marguerite 1927"
ROUNDS = 500
SMS = "HomeDomain/Library/SMS/sms.db"
PHOTO = "CameraRollDomain/Media/DCIM/100APPLE/IMG_0001.JPG"
FILES = {
    SMS: b"SQLite format 3\x00" + bytes(6000),
    PHOTO: b"\xff\xd8\xff" + b"\x00" * 1021,
    "HomeDomain/empty": b"",
}
LOCKED_CLASS, OPEN_CLASS = 5, 3


def file_id(name: str) -> str:
    domain, _, path = name.partition("/")
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()


def archived(fields: dict[str, Any]) -> bytes:
    """As ``NSKeyedArchiver`` writes an ``MBFile``."""
    objects: list[Any] = ["$null", {**fields, "$class": plistlib.UID(2)}, {"$classname": "MBFile"}]
    if (key := fields.get("EncryptionKey")) is not None:
        objects[1]["EncryptionKey"] = plistlib.UID(3)
        objects += [{"NS.data": key, "$class": plistlib.UID(4)}, {"$classname": "NSMutableData"}]
    plist = {"$archiver": "NSKeyedArchiver", "$objects": objects, "$version": 100000,
             "$top": {"root": plistlib.UID(1)}}  # fmt: skip
    return plistlib.dumps(plist, fmt=plistlib.FMT_BINARY)


def encrypted(data: bytes, key: bytes) -> bytes:
    pad = 16 - len(data) % 16
    return Cipher(AES(key), CBC(bytes(16))).encryptor().update(data + bytes([pad]) * pad)


class Keys:
    """The key bag of an encrypted backup: one class that the password opens, one it does not."""

    def __init__(self) -> None:
        self.classes = {OPEN_CLASS: os.urandom(32), LOCKED_CLASS: os.urandom(32)}
        salts = {b"SALT": os.urandom(20), b"DPSL": os.urandom(20)}
        first = hashlib.pbkdf2_hmac("sha256", PASSWORD, salts[b"DPSL"], ROUNDS, 32)
        key = hashlib.pbkdf2_hmac("sha1", first, salts[b"SALT"], ROUNDS, 32)
        numbers = {b"VERS": 4, b"TYPE": 1}
        bag = self._tags({name: struct.pack(">I", n) for name, n in numbers.items()})
        rounds = {b"ITER": struct.pack(">I", ROUNDS), b"DPWT": struct.pack(">I", 1),
                  b"DPIC": struct.pack(">I", ROUNDS)}  # fmt: skip
        head = {b"UUID": os.urandom(16), b"HMCK": os.urandom(40), b"WRAP": struct.pack(">I", 1)}
        bag += self._tags({**head, **salts, **rounds})
        for number, wraps in {OPEN_CLASS: 2, LOCKED_CLASS: 1}.items():
            wrapped = aes_key_wrap(key if wraps == 2 else os.urandom(32), self.classes[number])
            bag += self._tags(
                {
                    b"UUID": os.urandom(16),
                    b"CLAS": struct.pack(">I", number),
                    b"WRAP": struct.pack(">I", wraps),
                    b"KTYP": struct.pack(">I", 0),
                    b"WPKY": wrapped,
                }
            )
        self.bag = bag

    @staticmethod
    def _tags(tags: dict[bytes, bytes]) -> bytes:
        return b"".join(t + struct.pack(">I", len(value)) + value for t, value in tags.items())

    def wrapped(self, key: bytes, number: int) -> bytes:
        return struct.pack("<I", number) + aes_key_wrap(self.classes[number], key)


def backup(folder: Path, keys: Keys | None = None, locked: Sequence[str] = ()) -> Path:
    """``locked``: files whose class the password does not open."""
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "Manifest.db")) as db:
        db.execute(
            "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT,"
            " flags INTEGER, file BLOB)"
        )
        for name, data in FILES.items():
            fields: dict[str, Any] = {"Size": len(data), "Mode": 33188, "ProtectionClass": 3}
            stored = data
            if keys is not None and data:
                number = LOCKED_CLASS if name in locked else OPEN_CLASS
                key = os.urandom(32)
                fields |= {"EncryptionKey": keys.wrapped(key, number), "ProtectionClass": number}
                stored = encrypted(data, key)
            domain, _, path = name.partition("/")
            line = (file_id(name), domain, path, 1, archived(fields))
            db.execute("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", line)
            where = folder / file_id(name)[:2] / file_id(name)
            where.parent.mkdir(exist_ok=True)
            where.write_bytes(stored)
        nothing = archived({"Size": 0})
        more = [
            ("0" * 40, "HomeDomain", "Library", 2, nothing),
            ("1" * 40, "HomeDomain", "gone", 1, nothing),
            ("2" * 40, "HomeDomain", "link", 4, nothing),
            ("3" * 40, "HomeDomain", "../out", 1, nothing),
        ]
        db.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", more)
        db.commit()
    (folder / "33").mkdir(exist_ok=True)
    (folder / "33" / ("3" * 40)).write_bytes(b"out")
    about: dict[str, Any] = {"IsEncrypted": keys is not None, "Version": "10.0"}
    if keys is not None:
        key = os.urandom(32)
        plain = (folder / "Manifest.db").read_bytes()
        (folder / "Manifest.db").write_bytes(encrypted(plain, key))
        about |= {"BackupKeyBag": keys.bag, "ManifestKey": keys.wrapped(key, OPEN_CLASS)}
    (folder / "Manifest.plist").write_bytes(plistlib.dumps(about, fmt=plistlib.FMT_BINARY))
    (folder / "Info.plist").write_bytes(plistlib.dumps({"IMEI": "490154203237518"}))
    return folder


def kept(top: Path, path: Path) -> Member:
    """A file of a folder as the store gives it."""
    return Member(
        path.relative_to(top).as_posix(),
        path.stat().st_size,
        lambda: path.open("rb"),
        lambda: path,
        lambda: hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def members(top: Path) -> list[Member]:
    return [kept(top, path) for path in sorted(top.rglob("*")) if path.is_file()]


def read(contents: Contents) -> dict[str, bytes]:
    found = {}
    for one in contents.members:
        with one.open() as stream:
            found[one.name] = stream.read()
        assert len(found[one.name]) == one.size
        assert hashlib.sha256(found[one.name]).hexdigest() == one.sha256()
        assert one.local().read_bytes() == found[one.name]
    return found


REJECTS = {
    "HomeDomain/gone": "the backup lists it and does not hold it",
    "HomeDomain/link": "it is a symbolic link: not followed",
    "HomeDomain/../out": "its path leaves the archive: refused",
}


@pytest.mark.parametrize("keys", [None, Keys()], ids=["plain", "encrypted"])
def test_files_are_called_as_they_were_on_the_telephone(
    keys: Keys | None, tmp_path: Path, scratch: Scratch
) -> None:
    top = backup(tmp_path / "backup", keys)
    contents = unfold_folder(members(top), scratch, keys=[PASSWORD + b"\n"])
    found = read(contents)
    assert {name: found.pop(name) for name in FILES} == FILES
    assert set(found) == {"Info.plist", "Manifest.db", "Manifest.plist"}
    assert found["Manifest.db"].startswith(b"SQLite format 3\x00")
    assert {reject.locator: reject.reason for reject in contents.rejects} == REJECTS


def test_a_backup_in_a_folder_or_an_archive(tmp_path: Path, scratch: Scratch) -> None:
    backup(tmp_path / "all" / "00008101-X")
    (tmp_path / "all" / "readme.txt").write_bytes(b"hello")
    found = read(unfold_folder(members(tmp_path / "all"), scratch))
    assert found[f"00008101-X/{SMS}"] == FILES[SMS]
    assert found["readme.txt"] == b"hello"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in members(tmp_path / "all"):
            archive.write(one.local(), one.name)
    (tmp_path / "zipped").mkdir()
    (tmp_path / "zipped" / "a.zip").write_bytes(buffer.getvalue())
    [zipped] = members(tmp_path / "zipped")
    assert read(unfold_file(zipped, scratch))[f"00008101-X/{SMS}"] == FILES[SMS]
    assert read(unfold_folder([zipped], scratch))[f"a.zip!/00008101-X/{SMS}"] == FILES[SMS]


def test_a_wrong_or_missing_password_says_so(tmp_path: Path, scratch: Scratch) -> None:
    top = backup(tmp_path / "all" / "backup", Keys())
    with pytest.raises(BadInput, match=r"Manifest.db is encrypted and no key was handed over"):
        unfold_folder(members(top), scratch)
    with pytest.raises(BadInput, match="the key handed over does not open it"):
        unfold_folder(members(top), scratch, keys=[PASSWORD.lower(), b""])
    (tmp_path / "all" / "readme.txt").write_bytes(b"hello")
    contents = unfold_folder(members(tmp_path / "all"), scratch, keys=[b"wrong"])
    [reject] = contents.rejects
    assert reject.locator == "backup/Manifest.db"
    assert reject.reason == "{name} is encrypted and the key handed over does not open it"
    assert read(contents)["readme.txt"] == b"hello"


def test_what_the_telephone_alone_can_open_is_a_reject(tmp_path: Path, scratch: Scratch) -> None:
    top = backup(tmp_path / "backup", Keys(), locked=[PHOTO])
    contents = unfold_folder(members(top), scratch, keys=[PASSWORD])
    assert PHOTO not in read(contents)
    said = {reject.locator: reject.reason for reject in contents.rejects}
    assert said[PHOTO] == "its key is bound to the telephone: not opened"


def test_a_size_that_lies_is_not_believed(tmp_path: Path, scratch: Scratch) -> None:
    """A database that grew while it was backed up: the padding says where it ends."""
    keys = Keys()
    top = backup(tmp_path / "backup", keys)
    grown = os.urandom(9000)
    key = os.urandom(32)
    stored = top / file_id(SMS)[:2] / file_id(SMS)
    stored.write_bytes(encrypted(grown, key))
    about = plistlib.loads((top / "Manifest.plist").read_bytes())
    db_key = os.urandom(32)
    plain = tmp_path / "plain.db"
    plain.write_bytes(read(unfold_folder(members(top), scratch, keys=[PASSWORD]))["Manifest.db"])
    with closing(sqlite3.connect(plain)) as db:
        fields = {
            "Size": 6016,
            "ProtectionClass": 3,
            "EncryptionKey": keys.wrapped(key, OPEN_CLASS),
        }
        db.execute("UPDATE Files SET file = ? WHERE fileID = ?", (archived(fields), file_id(SMS)))
        db.commit()
    (top / "Manifest.db").write_bytes(encrypted(plain.read_bytes(), db_key))
    about["ManifestKey"] = keys.wrapped(db_key, OPEN_CLASS)
    (top / "Manifest.plist").write_bytes(plistlib.dumps(about))
    assert read(unfold_folder(members(top), scratch, keys=[PASSWORD]))[SMS] == grown


def test_the_recipe_is_that_of_other_programs(tmp_path: Path) -> None:
    top = backup(tmp_path / "backup", Keys())
    theirs = EncryptedBackup(backup_directory=str(top), passphrase=PASSWORD.decode())
    assert theirs.extract_file_as_bytes("Library/SMS/sms.db") == FILES[SMS]


def test_rounds_without_end_and_bags_of_nonsense_are_refused(
    tmp_path: Path, scratch: Scratch
) -> None:
    top = backup(tmp_path / "backup", Keys())
    about = plistlib.loads((top / "Manifest.plist").read_bytes())
    bag = about["BackupKeyBag"]
    at = bag.index(b"ITER") + 8
    for nonsense in (bag[:at] + b"\xff\xff\xff\xff" + bag[at + 4 :], b"", b"TYPE", 7):
        about["BackupKeyBag"] = nonsense
        (top / "Manifest.plist").write_bytes(plistlib.dumps(about))
        with pytest.raises(BadInput):
            unfold_folder(members(top), scratch, keys=[PASSWORD])


def test_a_file_that_is_only_called_so_is_left_alone(tmp_path: Path, scratch: Scratch) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "Manifest.db").write_bytes(b"hello")
    assert read(unfold_folder(members(tmp_path / "x"), scratch)) == {"Manifest.db": b"hello"}


def test_a_plain_backup_whose_property_list_is_damaged(tmp_path: Path, scratch: Scratch) -> None:
    top = backup(tmp_path / "backup")
    (top / "Manifest.plist").write_bytes(b"bplist00 nonsense")
    contents = unfold_folder(members(top), scratch)
    assert read(contents)[SMS] == FILES[SMS]
    assert contents.rejects[0].locator == "Manifest.plist"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(data=st.data())
def test_lists_with_flipped_bytes_are_read_in_part_or_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    top = tmp_path / "backup"
    if not top.exists():
        backup(top, Keys())
    name = data.draw(st.sampled_from(["Manifest.db", "Manifest.plist"]))
    whole = (top / name).read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 10))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (top / name).write_bytes(broken)
    try:
        with scratch_in(tmp_path / "scratch") as scratch, suppress(BadInput):
            for one in unfold_folder(members(top), scratch, keys=[PASSWORD]).members:
                with suppress(BadInput):
                    assert len(one.local().read_bytes()) == one.size
    finally:
        (top / name).write_bytes(whole)

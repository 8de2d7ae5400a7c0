"""WhatsApp's encrypted backups, written here by the published recipe.

The recipe: https://github.com/ElDavo/wa-crypt-tools. What it writes itself was read with this
code once, for each of the three versions; nothing of it is needed to run these tests.
"""

import hashlib
import hmac
import io
import sqlite3
import zipfile
import zlib
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from faisceau.errors import BadInput
from faisceau.evidence.containers import Contents, Scratch, unfold_file, unfold_folder
from faisceau.evidence.containers.whatsapp_crypt import header_of
from faisceau.evidence.reading import Member

JAVA = bytes.fromhex("aced0005757200025b42acf317f8060854e00200007870")
SERVER_SALT, GOOGLE_SALT = b"S" * 32, b"G" * 16
AES, ROOT, IV = bytes(range(32)), bytes(range(100, 132)), b"initialisation.."
Version = Literal[12, 14, 15]


def java_array(data: bytes) -> bytes:
    return JAVA + len(data).to_bytes(4, "big") + data


def phone_key(aes: bytes = AES) -> bytes:
    """The file ``key`` of the telephone."""
    google = GOOGLE_SALT + hashlib.sha256(GOOGLE_SALT).digest()
    key = java_array(b"\x00\x01\x02" + SERVER_SALT + google + bytes(16) + aes)
    assert len(key) == 158
    return key


KEYS: dict[Version, bytes] = {12: phone_key(), 14: phone_key(), 15: java_array(ROOT)}


def field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2, len(value)]) + value


def header(version: Version) -> bytes:
    if version == 12:
        return b"\x00\x01\x02" + SERVER_SALT + GOOGLE_SALT + IV
    app = field(4, field(1, b"2.22.5.13") + field(3, b"42") + b"\x28\x01\x30\x01" * 20)
    cipher = field(3, field(1, IV))
    if version == 14:
        salts = field(3, SERVER_SALT) + field(4, GOOGLE_SALT)
        cipher = field(2, field(1, b"\x00\x01") + field(2, b"2") + salts + field(5, IV))
    message = b"\x08\x01" + cipher + app
    # from 128 on, the length is two bytes
    length = [len(message)] if len(message) < 128 else [len(message) & 127 | 128, 1]
    return bytes(length) + message


def backup(version: Version, data: bytes, *, several: bool = False, packed: bool = True) -> bytes:
    """``several``: as a part of a backup of several files, which has no checksum."""
    key = AES
    if version == 15:
        private = hmac.new(bytes(32), ROOT, "sha256").digest()
        key = hmac.new(private, b"backup encryption" + b"\x01", "sha256").digest()
    plain = zlib.compress(data, 1) if packed else data
    done = header(version) + AESGCM(key).encrypt(IV, plain, None)
    if not several:
        done += hashlib.md5(done).digest()
    return done + (b"--42" if version == 12 else b"")


def database(folder: Path) -> bytes:
    path = folder / "plain.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE message (_id INTEGER PRIMARY KEY, text_data TEXT)")
    db.executemany(
        "INSERT INTO message (text_data) VALUES (?)", [(f"rdv {n}",) for n in range(900)]
    )
    db.commit()
    db.close()
    return path.read_bytes()


def member(folder: Path, name: str, data: bytes) -> Member:
    path = folder / name
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return Member(name, len(data), lambda: path.open("rb"), lambda: path, lambda: sha256)


def read(contents: Contents) -> dict[str, bytes]:
    assert contents.rejects == []
    found = {}
    for one in contents.members:
        with one.open() as stream:
            found[one.name] = stream.read()
        assert len(found[one.name]) == one.size
        assert hashlib.sha256(found[one.name]).hexdigest() == one.sha256()
    return found


VERSIONS: list[Version] = [12, 14, 15]


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_the_database_inside_becomes_a_member(
    version: Version, several: bool, tmp_path: Path, scratch: Scratch
) -> None:
    plain = database(tmp_path)
    name = f"msgstore.db.crypt{version}"
    file = member(tmp_path, name, backup(version, plain, several=several))
    assert read(unfold_file(file, scratch, keys=[KEYS[version]])) == {"msgstore.db": plain}
    folder = unfold_folder([file], scratch, keys=[b"for another", KEYS[version]])
    assert read(folder) == {f"{name}!/msgstore.db": plain}


@pytest.mark.parametrize(
    "key",
    [
        ROOT,
        ROOT.hex().encode(),
        ROOT.hex().upper().encode() + b"\r\n",
        b" ".join(ROOT.hex().encode()[at : at + 4] for at in range(0, 64, 4)),
    ],
)
def test_the_root_key_may_be_the_digits_that_whatsapp_shows(
    key: bytes, tmp_path: Path, scratch: Scratch
) -> None:
    file = member(tmp_path, "wa.db.crypt15", backup(15, b"contacts" * 99))
    assert read(unfold_file(file, scratch, keys=[key])) == {"wa.db": b"contacts" * 99}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_or_missing_key_says_so(version: Version, tmp_path: Path, scratch: Scratch) -> None:
    name = f"msgstore.db.crypt{version}"
    file = member(tmp_path, name, backup(version, b"x" * 5000))
    with pytest.raises(BadInput, match=f"{name} is encrypted and no key was handed over"):
        unfold_file(file, scratch)
    wrong = [phone_key(ROOT), java_array(AES), AES, b"a password", AES.hex().encode()]
    with pytest.raises(BadInput, match="the key handed over does not open it"):
        unfold_file(file, scratch, keys=wrong)
    # nothing that a wrong key gave is left on disk
    assert [p for p in (tmp_path / "scratch").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_one_changed_byte_and_nothing_is_given(
    version: Version, tmp_path: Path, scratch: Scratch
) -> None:
    data = bytearray(backup(version, bytes(range(256)) * 90))
    data[-60] ^= 1
    file = member(tmp_path, f"msgstore.db.crypt{version}", bytes(data))
    with pytest.raises(BadInput, match="does not open it, or it is damaged"):
        unfold_file(file, scratch, keys=[KEYS[version]])
    cut = member(tmp_path, f"msgstore.db.crypt{version}", bytes(data[:200]))
    with pytest.raises(BadInput):
        unfold_file(cut, scratch, keys=[KEYS[version]])


def test_a_backup_of_several_files_is_a_zip(tmp_path: Path, scratch: Scratch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("wallpaper.jpg", b"\xff\xd8\xff")
    data = backup(15, buffer.getvalue(), several=True, packed=False)
    file = member(tmp_path, "wallpapers.backup.crypt15", data)
    assert read(unfold_folder([file], scratch, keys=[ROOT])) == {
        "wallpapers.backup.crypt15!/wallpapers.backup!/wallpaper.jpg": b"\xff\xd8\xff"
    }


def test_a_bomb_under_encryption_is_refused(tmp_path: Path, scratch: Scratch) -> None:
    file = member(tmp_path, "msgstore.db.crypt15", backup(15, bytes(2_000_000)))
    with pytest.raises(BadInput, match="refused as a decompression bomb"):
        unfold_file(file, scratch, keys=[ROOT])


@pytest.mark.parametrize("version", [14, 15])
def test_it_is_told_by_its_header_whatever_its_name(
    version: Version, tmp_path: Path, scratch: Scratch
) -> None:
    file = member(tmp_path, "backup.bin", backup(version, b"x" * 500))
    assert read(unfold_file(file, scratch, keys=[KEYS[version]])) == {"backup.bin": b"x" * 500}


@pytest.mark.parametrize(
    "start", [b"", b"\x00", b"\x9d\x01", b"\xff" * 512, b"Hello, world" * 40, b"\x12" * 300]
)
def test_other_files_are_no_backup(start: bytes) -> None:
    assert header_of("msgstore.db.crypt12", start) is None
    assert header_of("msgstore.db.crypt15", start) is None

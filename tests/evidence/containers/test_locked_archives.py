"""Encrypted zip and 7z: opened with the key handed over, else refused in so many words."""

import hashlib
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

import py7zr
import pytest
import pyzipper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.containers import (
    Contents,
    Limits,
    Scratch,
    scratch_in,
    unfold_file,
    unfold_folder,
)
from faisceau.evidence.reading import Member

FILES = {"chats/_chat.txt": b"12/01/2026, 10:00 - A: rdv 18h", "photo.jpg": bytes(range(256)) * 40}
KEY = b"Marguerite 1927"


def member(path: Path) -> Member:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    opened = lambda: path.open("rb")  # noqa: E731
    return Member(path.name, path.stat().st_size, opened, lambda: path, lambda: sha256)


def aes_zip(path: Path, files: dict[str, bytes] = FILES, how: int = pyzipper.ZIP_DEFLATED) -> Path:
    with pyzipper.AESZipFile(path, "w", how, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(KEY)
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def seven_zip(path: Path, files: dict[str, bytes] = FILES, *, hidden: bool = False) -> Path:
    password = KEY.decode()
    with py7zr.SevenZipFile(path, "w", password=password, header_encryption=hidden) as archive:
        for name, data in files.items():
            archive.writestr(data, arcname=name)
    return path


def old_zip(path: Path) -> Path:
    """Written by Info-ZIP, with the cipher of 1990 that it alone knows."""
    if (program := shutil.which("zip")) is None:
        pytest.skip("Info-ZIP's zip is not on this machine")
    for name, data in FILES.items():
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_bytes(data)
    options = ["-q", "-P", KEY.decode(), path.name, *FILES]
    subprocess.run([program, *options], cwd=path.parent, check=True)
    return path


def read(contents: Contents) -> dict[str, bytes]:
    found = {}
    for one in contents.members:
        with one.open() as stream:
            found[one.name] = stream.read()
        assert len(found[one.name]) == one.size
        assert hashlib.sha256(found[one.name]).hexdigest() == one.sha256()
        assert one.local().read_bytes() == found[one.name]
    return found


WRITERS: dict[str, Callable[[Path], Path]] = {
    "aes.zip": aes_zip,
    "lzma.zip": lambda path: aes_zip(path, how=pyzipper.ZIP_LZMA),
    "old.zip": old_zip,
    "solid.7z": seven_zip,
    "hidden.7z": lambda path: seven_zip(path, hidden=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_key_handed_over_opens_it(name: str, tmp_path: Path, scratch: Scratch) -> None:
    """A text file ends with a line end that is no part of the password."""
    archive = member(WRITERS[name](tmp_path / name))
    for key in (KEY, KEY + b"\n", KEY + b"\r\n"):
        contents = unfold_file(archive, scratch, keys=[key])
        assert read(contents) == FILES
        assert contents.rejects == []


@pytest.mark.parametrize("name", WRITERS)
def test_a_wrong_or_missing_key_says_so(name: str, tmp_path: Path, scratch: Scratch) -> None:
    archive = member(WRITERS[name](tmp_path / name))
    with pytest.raises(BadInput, match=f"{name} is encrypted and no key was handed over") as none:
        unfold_file(archive, scratch)
    assert "--key-file" in none.value.hint
    for wrong in (KEY.lower(), KEY + b" ", KEY + b"\n\n", b"\xff\xfe", b""):
        with pytest.raises(BadInput, match="the key handed over does not open it"):
            unfold_file(archive, scratch, keys=[wrong])


@pytest.mark.parametrize("name", WRITERS)
def test_each_container_finds_its_own_key(name: str, tmp_path: Path, scratch: Scratch) -> None:
    archive = member(WRITERS[name](tmp_path / name))
    assert read(unfold_file(archive, scratch, keys=[b"for another\n", KEY])) == FILES


def test_in_a_folder_a_closed_archive_is_a_reject(tmp_path: Path, scratch: Scratch) -> None:
    (tmp_path / "notes.txt").write_bytes(b"rdv 18h")
    files = [member(aes_zip(tmp_path / "a.zip")), member(tmp_path / "notes.txt")]
    contents = unfold_folder(files, scratch, keys=[b"wrong"])
    assert [one.name for one in contents.members] == ["notes.txt"]
    [reject] = contents.rejects
    assert reject.locator == "a.zip"
    said = "a.zip is encrypted and the key handed over does not open it"
    assert reject.reason.format_map(reject.facts) == said


def test_what_is_not_encrypted_is_read_without_the_key(tmp_path: Path, scratch: Scratch) -> None:
    path = aes_zip(tmp_path / "a.zip", {"secret.txt": b"s"})
    with pyzipper.AESZipFile(path, "a") as archive:
        archive.writestr("plain.txt", b"p")
    contents = unfold_file(member(path), scratch, keys=[b"wrong"])
    assert read(contents) == {"plain.txt": b"p"}
    [reject] = contents.rejects
    assert (reject.locator, reject.reason) == (
        "secret.txt",
        "it is encrypted and the key handed over does not open it",
    )
    assert read(unfold_file(member(path), scratch, keys=[KEY])) == {
        "plain.txt": b"p",
        "secret.txt": b"s",
    }


def test_members_with_passwords_of_their_own(tmp_path: Path, scratch: Scratch) -> None:
    path = aes_zip(tmp_path / "a.zip", {"first.txt": b"1"})
    with pyzipper.AESZipFile(path, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(b"other")
        archive.writestr("second.txt", b"22")
    both = unfold_file(member(path), scratch, keys=[b"other", KEY])
    assert read(both) == {"first.txt": b"1", "second.txt": b"22"}
    one = unfold_file(member(path), scratch, keys=[KEY])
    assert read(one) == {"first.txt": b"1"}
    [reject] = one.rejects
    assert reject.locator == "second.txt"
    assert reject.reason == "{name} is encrypted and the key handed over does not open it"


def test_bytes_changed_under_aes_are_found_out(tmp_path: Path, scratch: Scratch) -> None:
    path = aes_zip(tmp_path / "a.zip", {"x": b"", "y": os.urandom(3000)})
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadInput):
        read(unfold_file(member(path), scratch, keys=[KEY]))


def test_a_7z_without_password_is_read(tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(b"", "empty.txt")
        for name, data in {**FILES, "data/été.txt": b"x"}.items():
            archive.writestr(data, name)
    contents = unfold_file(member(path), scratch)
    expected = {**FILES, "empty.txt": b"", "data/été.txt": b"x"}
    assert read(contents) == expected
    folder = unfold_folder([member(path)], scratch)
    assert set(read(folder)) == {f"a.7z!/{name}" for name in expected}


def test_a_7z_that_promises_too_much_is_refused(tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.writestr(bytes(400_000), "zeros")
    with pytest.raises(BadInput, match=r"a.7z unfolds to far more than its size"):
        unfold_file(member(path), scratch)
    with py7zr.SevenZipFile(path, "w") as archive:
        for number in range(51):
            archive.writestr(b"", f"{number}.txt")
    with pytest.raises(BadInput, match="holds too many files"):
        unfold_file(member(path), scratch)


def test_a_7z_dictionary_made_to_eat_the_memory_is_refused(
    tmp_path: Path, scratch: Scratch
) -> None:
    path = tmp_path / "a.7z"
    filters = [{"id": py7zr.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    with py7zr.SevenZipFile(path, "w", filters=filters) as archive:
        archive.writestr(b"x", "x")
    with pytest.raises(BadInput, match="MiB of memory"):
        unfold_file(member(path), scratch)


def test_links_in_a_7z_are_rejects(tmp_path: Path, scratch: Scratch) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "file").write_bytes(b"x")
    path = tmp_path / "a.7z"
    with py7zr.SevenZipFile(path, "w") as archive:
        archive.write(tmp_path / "link", "link")
        archive.write(tmp_path / "file", "file")
    contents = unfold_file(member(path), scratch)
    assert read(contents) == {"file": b"x"}
    assert contents.rejects[0].reason == "it is a symbolic link: not followed"


def test_a_damaged_7z_is_refused_or_read_in_part(tmp_path: Path, scratch: Scratch) -> None:
    path = seven_zip(tmp_path / "a.7z", {f"{n}": os.urandom(3000) for n in range(5)})
    whole = path.read_bytes()
    for at in range(997, len(whole), 2500):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            contents = unfold_file(member(path), scratch, keys=[KEY])
        except BadInput:
            continue
        assert len(contents.members) + len(contents.rejects) == 5
    path.write_bytes(whole[:100])
    with pytest.raises(BadInput):
        unfold_file(member(path), scratch, keys=[KEY])


def test_a_key_derivation_without_end_is_refused(tmp_path: Path, scratch: Scratch) -> None:
    """The number of rounds is the archive's own: 2 to the power of 62 would take for ever."""
    path = seven_zip(tmp_path / "a.7z", hidden=True)
    data = bytearray(path.read_bytes())
    (offset,) = struct.unpack_from("<Q", data, 12)
    at = data.index(b"\x06\xf1\x07\x01", 32 + offset) + 5
    data[at] = data[at] & 0xC0 | 62
    struct.pack_into("<I", data, 28, crc32(data[32 + offset :]))
    struct.pack_into("<I", data, 8, crc32(data[12:32]))
    path.write_bytes(data)
    with pytest.raises(BadInput):
        unfold_file(member(path), scratch, keys=[KEY])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.data())
def test_an_encrypted_zip_with_flipped_bytes_is_read_in_part_or_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    whole = aes_zip(tmp_path / "a.zip").read_bytes()
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(whole) - 1) | st.integers(1, 300).map(lambda n: -n))
        broken[at] = data.draw(st.integers(0, 255))
    (tmp_path / "b.zip").write_bytes(broken)
    with scratch_in(tmp_path / "scratch", Limits(floor=300_000)) as opened, suppress(BadInput):
        for one in unfold_file(member(tmp_path / "b.zip"), opened, keys=[KEY]).members:
            with suppress(BadInput):
                assert len(one.local().read_bytes()) == one.size

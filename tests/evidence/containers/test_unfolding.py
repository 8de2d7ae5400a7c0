"""How containers open, and what those do that were made to harm."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.containers import (
    Contents,
    Limits,
    Scratch,
    form_of,
    raw_name,
    scratch_in,
    shown_name,
    sweep_parts,
    unfold_file,
    unfold_folder,
)
from faisceau.evidence.reading import Member

SMALL = Limits(depth=3, ratio=20, floor=100_000, total=10_000_000, members=50)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with scratch_in(tmp_path / "scratch", SMALL) as opened:
        yield opened


def member(folder: Path, name: str, data: bytes) -> Member:
    """A file on disk as the store gives it."""
    path = folder / name
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return Member(name, len(data), lambda: path.open("rb"), lambda: path, lambda: sha256)


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def read(contents: Contents) -> dict[str, bytes]:
    """All members' bytes, each checked against its size, its hash and its file on disk."""
    found = {}
    for one in contents.members:
        with one.open() as stream:
            data = stream.read()
        assert len(data) == one.size
        assert hashlib.sha256(data).hexdigest() == one.sha256()
        assert one.local().read_bytes() == data
        found[one.name] = data
    return found


def writable(name: str) -> bool:
    """Whether the standard library writes a file of that name: it cuts names at a NUL."""
    before = name.partition("\x00")[0]
    return before != "" and not before.endswith("/")


def reasons(contents: Contents) -> dict[str, str]:
    return {reject.locator: reject.reason.format_map(reject.facts) for reject in contents.rejects}


def test_a_zip_gives_its_members_under_their_own_paths(tmp_path: Path, scratch: Scratch) -> None:
    files = {"_chat.txt": b"12/01/2026, 10:00 - A: salut", "media/IMG-1.jpg": b"\xff\xd8\xff"}
    contents = unfold_file(member(tmp_path, "WhatsApp.zip", zipped(files)), scratch)
    assert read(contents) == files
    assert contents.rejects == []


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_one_container_whatever_compresses_it(
    mode: str, tmp_path: Path, scratch: Scratch
) -> None:
    files = {"data/a.txt": b"a" * 5000, "data/émoi.txt": b"b"}
    contents = unfold_file(member(tmp_path, "dump", tarred(files, mode)), scratch)
    assert read(contents) == files


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("reads.csv.gz", gzip.compress(b"plate\nAB-123-CD\n" * 9, mtime=0)),
        ("reads.csv.bz2", bz2.compress(b"plate\nAB-123-CD\n" * 9)),
        ("reads.csv.xz", lzma.compress(b"plate\nAB-123-CD\n" * 9)),
        (
            "reads.csv.GZ",
            gzip.compress(b"plate\n", mtime=0) + gzip.compress(b"AB-123-CD\n" * 9, mtime=0),
        ),
    ],
)
def test_a_compressed_file_is_the_file_inside(
    name: str, data: bytes, tmp_path: Path, scratch: Scratch
) -> None:
    [(inner, text)] = read(unfold_file(member(tmp_path, name, data), scratch)).items()
    assert inner == "reads.csv"
    assert text.startswith(b"plate\n")


def test_a_container_in_a_container_is_named_by_both(tmp_path: Path, scratch: Scratch) -> None:
    inner = tarred({"notes.txt": b"rdv 18h"}, "w:gz")
    outer = zipped({"phone/backup.tar.gz": inner, "readme.txt": b"hello"}, zipfile.ZIP_STORED)
    contents = unfold_folder([member(tmp_path, "outer.zip", outer)], scratch)
    assert read(contents) == {
        "outer.zip!/readme.txt": b"hello",
        "outer.zip!/phone/backup.tar.gz!/notes.txt": b"rdv 18h",
    }


def test_what_is_no_container_is_itself(tmp_path: Path, scratch: Scratch) -> None:
    for data in (b"", b"PK", b"hello", b"BZh9 is what I call my boat", b"\x00" * 2048):
        contents = unfold_file(member(tmp_path, "file", data), scratch)
        assert read(contents) == {"file": data}


@pytest.mark.parametrize(
    "inside",
    [
        {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"},
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<o/>"},
        {"AndroidManifest.xml": b"", "classes.dex": b"dex"},
        {"Payload/App.app/Info.plist": b"", "x": b""},
    ],
)
def test_documents_and_applications_are_kept_whole(
    inside: dict[str, bytes], tmp_path: Path, scratch: Scratch
) -> None:
    data = zipped(inside)
    assert read(unfold_file(member(tmp_path, "a.zip", data), scratch)) == {"a.zip": data}
    within = unfold_file(member(tmp_path, "b.zip", zipped({"a.docx": data})), scratch)
    assert read(within) == {"a.docx": data}


def test_a_bomb_is_refused_in_one_line(tmp_path: Path, scratch: Scratch) -> None:
    zeros = b"\x00" * 300_000
    for name, data in {
        "bomb.zip": zipped({"zeros": zeros}),
        "bomb.gz": gzip.compress(zeros, mtime=0),
        "bomb.bz2": bz2.compress(zeros),
        "bomb.xz": lzma.compress(zeros),
        "bomb.tgz": tarred({"zeros": zeros}, "w:gz"),
    }.items():
        with pytest.raises(BadInput, match=f"{name} unfolds to far more than its size") as caught:
            unfold_file(member(tmp_path, name, data), scratch)
        assert "\n" not in str(caught.value)


def test_a_nested_bomb_is_refused_and_its_neighbours_are_read(
    tmp_path: Path, scratch: Scratch
) -> None:
    bomb = zipped({f"{n}": b"\x00" * 90_000 for n in range(5)})
    outer = zipped({"bomb.zip": bomb, "notes.txt": b"rdv 18h"}, zipfile.ZIP_STORED)
    contents = unfold_file(member(tmp_path, "outer.zip", outer), scratch)
    assert read(contents) == {"notes.txt": b"rdv 18h"}
    assert "refused as a decompression bomb" in reasons(contents)["bomb.zip"]


def test_bombs_side_by_side_share_the_room_of_what_holds_them(
    tmp_path: Path, scratch: Scratch
) -> None:
    """42.zip in small: each part is modest, their sum is not."""
    part = zipped({"zeros": b"\x00" * 60_000})
    outer = zipped({f"{n}.zip": part for n in range(10)})
    contents = unfold_file(member(tmp_path, "outer.zip", outer), scratch)
    assert sum(one.size for one in contents.members) <= SMALL.floor
    assert len(contents.members) + len(contents.rejects) == 10
    assert contents.rejects


def test_containers_are_opened_to_a_depth(tmp_path: Path, scratch: Scratch) -> None:
    data = b"deep"
    for _ in range(5):
        data = zipped({"in.zip": data})
    contents = unfold_file(member(tmp_path, "out.zip", data), scratch)
    assert contents.members == []
    assert reasons(contents) == {
        "in.zip!/in.zip!/in.zip": (
            "in.zip!/in.zip!/in.zip is a container inside 3 others: not opened"
        )
    }


def test_too_many_members_are_refused(tmp_path: Path, scratch: Scratch) -> None:
    many = {f"{n}.txt": b"" for n in range(SMALL.members + 1)}
    for name, data in {"many.zip": zipped(many), "many.tar": tarred(many)}.items():
        with pytest.raises(BadInput, match=f"{name} holds too many files"):
            unfold_file(member(tmp_path, name, data), scratch)


def test_a_directory_that_would_fill_the_memory_is_not_loaded(
    tmp_path: Path, scratch: Scratch
) -> None:
    data = bytearray(zipped({"a": b"a"}))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 0x7FFF_FFFF)
    with pytest.raises(BadInput, match="holds too many files"):
        unfold_file(member(tmp_path, "a.zip", bytes(data)), scratch)


def test_members_that_overlap_are_refused(tmp_path: Path, scratch: Scratch) -> None:
    """Fifield's quoted overlap in small: two entries of the directory, one stretch of bytes."""
    data = zipped({"a": b"x" * 1000}, zipfile.ZIP_STORED)
    start, end = data.find(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    entry = data[start:end]
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    with pytest.raises(BadInput, match="overlap"):
        unfold_file(member(tmp_path, "a.zip", data[:start] + entry * 2 + tail), scratch)


ESCAPES = ["../../etc/passwd", "/../etc/passwd", "a/../../b", "C:\\Windows\\x", "..\\x"]


@pytest.mark.parametrize("name", ESCAPES)
def test_a_path_that_leaves_the_archive_is_a_reject(
    name: str, tmp_path: Path, scratch: Scratch
) -> None:
    files = {name: b"owned", "good.txt": b"good"}
    contents = unfold_file(member(tmp_path, "a.zip", zipped(files)), scratch)
    assert read(contents) == {"good.txt": b"good"}
    assert list(reasons(contents).values()) == ["its path leaves the archive: refused"]
    if "\\" not in name or name.startswith("C:"):  # a backslash is a letter like another in a tar
        contents = unfold_file(member(tmp_path, "a.tar", tarred(files)), scratch)
        assert read(contents) == {"good.txt": b"good"}
        assert len(contents.rejects) == 1


def test_a_path_from_the_root_is_one_from_the_root_of_the_archive(
    tmp_path: Path, scratch: Scratch
) -> None:
    """As ``tar -P`` writes them, of the ``/data`` of a telephone."""
    files = {"/data/data/com.whatsapp/databases/msgstore.db": b"SQLite", "//etc/passwd": b"x"}
    for name, data in {"a.zip": zipped(files), "a.tar": tarred(files)}.items():
        contents = unfold_file(member(tmp_path, name, data), scratch)
        assert read(contents) == {
            "data/data/com.whatsapp/databases/msgstore.db": b"SQLite",
            "etc/passwd": b"x",
        }
        assert contents.rejects == []


def test_a_nul_in_a_name_is_a_reject(tmp_path: Path, scratch: Scratch) -> None:
    data = zipped({"a.jpgX.exe": b"x", "b": b"y"}).replace(b"a.jpgX.exe", b"a.jpg\x00.exe")
    contents = unfold_file(member(tmp_path, "a.zip", data), scratch)
    assert read(contents) == {"b": b"y"}
    assert reasons(contents) == {"a.jpg\\x00.exe": "its path holds a NUL byte: refused"}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@example(names=["\x30\x00"])
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
        | st.lists(st.sampled_from(["..", ".", "a", "C:", "", "\\"]), min_size=1).map("/".join),
        min_size=1,
        max_size=5,
        unique=True,
    )
)
def test_whatever_its_name_a_member_is_read_or_rejected_and_touches_nothing_else(
    names: list[str], tmp_path: Path
) -> None:
    files = {name: os.urandom(8) for name in names if writable(name)}
    tar = {name: data for name, data in files.items() if "\x00" not in name}
    before = {path for path in tmp_path.rglob("*") if path.suffix != ".bin"}
    # without a member, a tar is blocks of zeros that nothing tells from others
    for data in (zipped(files), *([tarred(tar)] if tar else [])):
        with scratch_in(tmp_path / "scratch", SMALL) as scratch:
            contents = unfold_file(member(tmp_path, "a.bin", data), scratch)
            found = read(contents)
            assert len(found) == len(contents.members)
            assert not files or set(found.values()) <= set(files.values())
    assert {p for p in tmp_path.rglob("*") if p.suffix != ".bin"} - before <= {tmp_path / "scratch"}


@example("fin de ligne\x85 ou\u2028".encode())
@given(st.binary(max_size=40))
def test_a_name_shown_can_be_stored_and_says_its_bytes(raw: bytes) -> None:
    shown = shown_name(raw)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert raw_name(shown) == raw


def test_the_second_name_of_a_member_is_that_member_again(tmp_path: Path, scratch: Scratch) -> None:
    """GNU tar writes a file once, whatever the number of its names."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_bytes(b"rdv 18h")
    os.link(tmp_path / "data/a.txt", tmp_path / "data/b.txt")
    os.link(tmp_path / "data/a.txt", tmp_path / "data/c.txt")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("a.txt", "b.txt", "c.txt"):
            archive.add(tmp_path / "data" / name, f"/data/{name}")
    assert buffer.getvalue().count(b"rdv 18h") == 1
    contents = unfold_file(member(tmp_path, "a.tar", buffer.getvalue()), scratch)
    assert read(contents) == {f"data/{name}.txt": b"rdv 18h" for name in "abc"}
    assert contents.rejects == []


def test_second_names_count_against_the_limits(tmp_path: Path, scratch: Scratch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a")
        info.size = 50_000
        archive.addfile(info, io.BytesIO(bytes(50_000)))
        for number in range(40):
            info = tarfile.TarInfo(f"again-{number}")
            info.type, info.linkname = tarfile.LNKTYPE, "a"
            archive.addfile(info)
    with pytest.raises(BadInput, match="refused as a decompression bomb"):
        unfold_file(member(tmp_path, "a.tar", buffer.getvalue()), scratch)


def test_links_devices_and_pipes_in_a_tar_are_rejects(tmp_path: Path, scratch: Scratch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in {
            "sym": tarfile.SYMTYPE,
            "hard": tarfile.LNKTYPE,
            "fifo": tarfile.FIFOTYPE,
            "dev": tarfile.BLKTYPE,
            "folder": tarfile.DIRTYPE,
        }.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    contents = unfold_file(member(tmp_path, "a.tar", buffer.getvalue()), scratch)
    assert contents.members == []
    assert reasons(contents) == {
        "sym": "it is a symbolic link: not followed",
        "hard": "it is a second name of /etc/passwd, which the archive does not hold",
        "fifo": "it is no regular file: not opened",
        "dev": "it is no regular file: not opened",
    }


def test_a_link_in_a_zip_is_a_reject(tmp_path: Path, scratch: Scratch) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    contents = unfold_file(member(tmp_path, "a.zip", buffer.getvalue()), scratch)
    assert reasons(contents) == {"link": "it is a symbolic link: not followed"}


def test_an_encrypted_member_is_a_reject(tmp_path: Path, scratch: Scratch) -> None:
    data = bytearray(zipped({"secret.txt": b"s", "plain.txt": b"p"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + at] |= 1
    contents = unfold_file(member(tmp_path, "a.zip", bytes(data)), scratch)
    assert read(contents) == {"plain.txt": b"p"}
    assert reasons(contents) == {"secret.txt": "it is encrypted and no key was handed over"}


def test_a_name_without_flag_is_utf8_where_it_can_be(tmp_path: Path, scratch: Scratch) -> None:
    data = bytearray(zipped({"été.txt": b"x"}))
    for mark, at in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        data[data.find(mark) + at] &= ~0x08  # the flag that says UTF-8
    assert read(unfold_file(member(tmp_path, "a.zip", bytes(data)), scratch)) == {"été.txt": b"x"}


def test_a_path_that_occurs_twice_is_kept_twice(tmp_path: Path, scratch: Scratch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for data in (b"old", b"new"):
            info = tarfile.TarInfo("./a.txt")
            info.size = 3
            archive.addfile(info, io.BytesIO(data))
    contents = unfold_file(member(tmp_path, "a.tar", buffer.getvalue()), scratch)
    assert read(contents) == {"a.txt": b"old", "a.txt~2": b"new"}


def test_a_truncated_archive_says_so(tmp_path: Path, scratch: Scratch) -> None:
    with pytest.raises(BadInput, match=r"a.zip cannot be opened as zip"):
        unfold_file(member(tmp_path, "a.zip", zipped({"a": os.urandom(900)})[:-40]), scratch)
    for name, data in {
        "a.gz": gzip.compress(os.urandom(900)),
        "a.bz2": bz2.compress(os.urandom(900)),
        "a.xz": lzma.compress(os.urandom(900)),
    }.items():
        with pytest.raises(BadInput, match=f"{name} cannot be opened as"):
            unfold_file(member(tmp_path, name, data[:-100]), scratch)


@pytest.mark.parametrize("mode", ["w:", "w:gz"])
def test_what_precedes_the_cut_of_a_tar_is_read(
    mode: str, tmp_path: Path, scratch: Scratch
) -> None:
    data = tarred({"first": os.urandom(20_000), "second": os.urandom(20_000)}, mode)[:30_000]
    contents = unfold_file(member(tmp_path, "a.tar", data), scratch)
    assert [one.name for one in contents.members] == ["first"]
    assert reasons(contents)["second"] == "it is cut short: not opened"


def test_what_follows_a_damaged_header_of_a_tar_is_said_to_be_unread(
    tmp_path: Path, scratch: Scratch
) -> None:
    data = bytearray(tarred({"first": b"1", "second": b"2"}))
    data[1024:1100] = b"\xff" * 76
    contents = unfold_file(member(tmp_path, "a.tar", bytes(data)), scratch)
    assert read(contents) == {"first": b"1"}
    assert "damaged at byte 1024: what follows is unread" in reasons(contents)["a.tar"]


def test_bytes_that_do_not_match_their_checksum_are_an_error_when_read(
    tmp_path: Path, scratch: Scratch
) -> None:
    data = zipped({"a": b"x" * 90_000}, zipfile.ZIP_STORED).replace(b"xxxx", b"xxyx", 1)
    contents = unfold_file(member(tmp_path, "a.zip", data), scratch)
    with contents.members[0].open() as stream, pytest.raises(BadInput, match="a cannot be opened"):
        stream.read()


def test_a_member_gives_no_more_than_it_promised(tmp_path: Path, scratch: Scratch) -> None:
    data = bytearray(zipped({"a": b"a" * 1000}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.find(mark) + at, 2000)
    contents = unfold_file(member(tmp_path, "a.zip", bytes(data)), scratch)
    with pytest.raises(BadInput):
        contents.members[0].local()


def pax(records: bytes) -> bytes:
    """A tar whose first header is a pax header with these records."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(records)
    padded = records + b"\x00" * (-len(records) % 512)
    return info.tobuf(tarfile.USTAR_FORMAT) + padded + tarred({"a": b"a"})


@pytest.mark.parametrize(
    "records",
    [
        b"9" * 60_000,
        b"3 " * 30_000 + b"=",
        b"1050 c=" + b"7" * 1042 + b"\n",
        b"x" * 100_000,
    ],
)
def test_headers_made_to_take_for_ever_are_refused_at_once(
    records: bytes, tmp_path: Path, scratch: Scratch
) -> None:
    with pytest.raises(BadInput, match="cannot be opened as tar"):
        unfold_file(member(tmp_path, "a.tar", pax(records)), scratch)


def test_a_long_name_of_a_tar_is_read(tmp_path: Path, scratch: Scratch) -> None:
    name = "/".join(["dossier"] * 40) + "/é.txt"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
            archive.addfile(tarfile.TarInfo(name))
        assert read(unfold_file(member(tmp_path, "a.tar", buffer.getvalue()), scratch)) == {
            name: b""
        }


def test_headers_without_end_are_refused(tmp_path: Path, scratch: Scratch) -> None:
    info = tarfile.TarInfo("x")
    info.type = tarfile.GNUTYPE_LONGNAME
    data = info.tobuf(tarfile.GNU_FORMAT) * 5000
    with pytest.raises(BadInput, match="cannot be opened as tar"):
        unfold_file(member(tmp_path, "a.tar", data), scratch)


def test_members_of_a_tar_that_go_backwards_are_refused(tmp_path: Path, scratch: Scratch) -> None:
    header = bytearray(tarfile.TarInfo("loop").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = b"\xff" * 10 + b"\xfc\x00"  # a size of -1024, base 256
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    data = tarred({"a": b"a"})[:1024] + bytes(header) + b"\x00" * 1024
    contents = unfold_file(member(tmp_path, "a.tar", data), scratch)
    assert "damaged at byte" in reasons(contents)["a.tar"]


def test_a_dictionary_made_to_eat_the_memory_is_refused(tmp_path: Path, scratch: Scratch) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 30}]
    data = lzma.compress(b"x", filters=filters)
    with pytest.raises(BadInput, match="emory"):
        unfold_file(member(tmp_path, "a.xz", data), scratch)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(data=st.data())
def test_an_archive_with_flipped_bytes_is_read_in_part_or_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    files = {"a.txt": b"a" * 600, "b/c.txt": bytes(range(256))}
    whole = data.draw(
        st.sampled_from(
            [zipped(files), tarred(files), tarred(files, "w:gz"), tarred(files, "w:xz")]
        )
    )
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with scratch_in(tmp_path / "scratch", SMALL) as scratch:
        try:
            contents = unfold_file(member(tmp_path, "a.bin", bytes(broken)), scratch)
        except BadInput:
            return
        for one in contents.members:
            with suppress(BadInput):
                assert len(one.local().read_bytes()) == one.size


def test_many_archives_need_few_open_files(tmp_path: Path, scratch: Scratch) -> None:
    files = [member(tmp_path, f"{n}.zip", zipped({"a": bytes([n])})) for n in range(40)]
    contents = unfold_folder(files, scratch)
    streams = [one.open() for one in contents.members]
    assert [stream.read() for stream in streams] == [bytes([n]) for n in range(40)]
    for stream in streams:
        stream.close()
    assert len(scratch._archives) <= 8


def test_what_was_extracted_goes_when_the_reading_ends(tmp_path: Path) -> None:
    with scratch_in(tmp_path / "scratch") as scratch:
        [inner] = unfold_file(member(tmp_path, "a.zip", zipped({"a": b"a"})), scratch).members
        path = inner.local()
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        assert sweep_parts(tmp_path / "scratch") == []  # in use
    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_scratch_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    left = tmp_path / ".part-0123"
    left.mkdir()
    (left / "1").write_bytes(b"secret")
    assert sweep_parts(tmp_path) == [left]
    assert not left.exists()


def test_a_form_is_told_by_content() -> None:
    assert form_of(zipped({})) == "zip"
    assert form_of(tarred({"a": b""})[:512]) == "tar"
    assert form_of(gzip.compress(b"", mtime=0)) == "gzip"
    assert form_of(bz2.compress(b"")) == "bzip2"
    assert form_of(lzma.compress(b"")) == "xz"
    assert form_of(b"a.zip") is None

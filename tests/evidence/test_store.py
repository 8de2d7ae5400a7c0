"""How originals are kept, opened again, and taken out."""

import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faisceau.errors import BadInput, CaseError, Confined, Damaged, NotFound, UsageError
from faisceau.evidence import store as store_module
from faisceau.evidence.exhibit import Exhibit
from faisceau.evidence.store import EvidenceStore, Kept
from faisceau.mandate.permit import Permit


def permit(operation: str) -> Permit:
    """A permit in force, as the gate makes it."""
    made = Permit(operation, "A1", "test", 1)
    made._live = True
    return made


ADD, RUN, WITHDRAW = permit("add"), permit("run"), permit("withdraw")


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    (tmp_path / "case").mkdir()
    return EvidenceStore(tmp_path / "case", tmp_path / "scratch")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def exhibit(kept: Kept, *, in_place: bool = False) -> Exhibit:
    """The exhibit that the desk makes of what was kept."""
    return Exhibit(
        number=1,
        label="phone",
        sha256=kept.sha256,
        size=kept.size,
        kind=kept.kind,
        origin=kept.origin,
        added_at=datetime(2026, 9, 1, tzinfo=UTC),
        added_by="A1",
        in_place=in_place,
    )


def contents(store: EvidenceStore, of: Exhibit) -> dict[str, bytes]:
    with store.members(RUN, of) as found:
        return {member.name: member.local().read_bytes() for member in found.members}


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def phone(tmp_path: Path) -> Path:
    """A small folder as an extraction leaves it."""
    folder = tmp_path / "phone"
    (folder / "media").mkdir(parents=True)
    (folder / "notes.txt").write_bytes(b"rdv 18h")
    (folder / "media" / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "media" / "copy.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


def test_a_file_is_kept_under_its_hash_read_only(store: EvidenceStore, tmp_path: Path) -> None:
    original = tmp_path / "chat.txt"
    original.write_bytes(b"salut")
    kept = store.keep(ADD, original)
    where = f"evidence/{sha(b'salut')[:2]}/{sha(b'salut')}"
    assert kept.files_added == [{"path": where, "sha256": sha(b"salut"), "size": 5}]
    copy = tmp_path / "case" / where
    assert copy.read_bytes() == b"salut"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o444
    assert copy.stat().st_ino != original.stat().st_ino
    assert copy.stat().st_nlink == original.stat().st_nlink == 1
    assert contents(store, exhibit(kept)) == {"chat.txt": b"salut"}


def test_the_original_is_left_as_it_was(store: EvidenceStore, tmp_path: Path) -> None:
    original = tmp_path / "chat.txt"
    original.write_bytes(b"salut")
    os.utime(original, (1_000_000_000, 1_000_000_001))
    before = original.stat()
    store.keep(ADD, original)
    after = original.stat()
    assert (after.st_atime_ns, after.st_mtime_ns) == (before.st_atime_ns, before.st_mtime_ns)


@pytest.mark.parametrize("size", [0, 5, 3 << 20])
def test_the_same_bytes_again_add_nothing(size: int, store: EvidenceStore, tmp_path: Path) -> None:
    data = bytes(i % 251 for i in range(size))
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(data)
    (tmp_path / "same size").write_bytes(data[::-1])
    first = store.keep(ADD, tmp_path / "a")
    before = files(tmp_path / "case")
    again = store.keep(ADD, tmp_path / "b")
    assert (again.sha256, again.files_added) == (first.sha256, [])
    assert files(tmp_path / "case") == before
    if size:
        assert len(store.keep(ADD, tmp_path / "same size").files_added) == 1


def test_progress_tells_the_bytes_done(store: EvidenceStore, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * (3 << 20))
    (tmp_path / "b").write_bytes(b"y" * (3 << 20))
    for name in ("a", "b"):
        done: list[int] = []
        store.keep(ADD, tmp_path / name, progress=done.append)
        assert sum(done) == 3 << 20


def test_a_folder_is_its_files_and_their_manifest(store: EvidenceStore, tmp_path: Path) -> None:
    kept = store.keep(ADD, phone(tmp_path))
    photo, notes = sha(b"\xff\xd8\xff"), sha(b"rdv 18h")
    manifest = (
        f"{photo}  3  media/a.jpg\n{photo}  3  media/copy.jpg\n{notes}  7  notes.txt\n"
    ).encode()
    assert (kept.kind, kept.sha256, kept.size) == ("folder", sha(manifest), 13)
    added = {str(added["sha256"]) for added in kept.files_added}
    assert added == {sha(manifest), photo, notes}
    assert {stored.sha256 for stored in kept.objects} == added
    assert contents(store, exhibit(kept)) == files(tmp_path / "phone")


def test_a_folder_without_files_is_kept(store: EvidenceStore, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    kept = store.keep(ADD, tmp_path / "empty")
    assert kept.members == []
    assert contents(store, exhibit(kept)) == {}


def test_links_and_special_files_are_skipped_and_said(store: EvidenceStore, tmp_path: Path) -> None:
    folder = phone(tmp_path)
    (folder / "link").symlink_to("/etc")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    kept = store.keep(ADD, folder)
    assert [record.path for record in kept.members] == [
        "media/a.jpg",
        "media/copy.jpg",
        "notes.txt",
    ]
    assert {reject.locator: reject.reason for reject in kept.skipped} == {
        "link": "it is a symbolic link: not followed",
        "loop": "it is a symbolic link: not followed",
        "pipe": "it is no regular file: not opened",
    }


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(
    names=st.sets(
        st.binary(min_size=1, max_size=30).filter(
            lambda raw: not set(raw) & set(b"\x00/") and raw not in (b".", b"..")
        ),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.parametrize("in_place", [False, True])
def test_any_name_of_a_file_is_kept_and_found_again(
    names: set[bytes], in_place: bool, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    store = EvidenceStore(tmp_path / "case", tmp_path / "scratch")
    for raw in names:
        (folder / os.fsdecode(raw)).write_bytes(b"named " + raw)
    kept = store.keep(ADD, folder, in_place)
    found = contents(store, exhibit(kept, in_place=in_place))
    assert set(found.values()) == {b"named " + raw for raw in names}
    "".join(found).encode("utf-8")


def test_in_place_copies_nothing(store: EvidenceStore, tmp_path: Path) -> None:
    original = tmp_path / "big.bin"
    original.write_bytes(b"big")
    kept = store.keep(ADD, original, in_place=True)
    assert (kept.files_added, files(tmp_path / "case")) == ([], {})
    assert kept.in_place == [{"path": str(original), "sha256": sha(b"big"), "size": 3}]
    assert contents(store, exhibit(kept, in_place=True)) == {"big.bin": b"big"}


def test_a_folder_in_place_keeps_its_manifest_alone(store: EvidenceStore, tmp_path: Path) -> None:
    folder = phone(tmp_path)
    kept = store.keep(ADD, folder, in_place=True)
    assert [added["sha256"] for added in kept.files_added] == [kept.sha256]
    assert [place["path"] for place in kept.in_place] == [
        f"{folder}/{name}" for name in ("media/a.jpg", "media/copy.jpg", "notes.txt")
    ]
    assert contents(store, exhibit(kept, in_place=True)) == files(folder)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_byte_that_changed_is_found_before_anything_is_read(
    in_place: bool, store: EvidenceStore, tmp_path: Path
) -> None:
    folder = phone(tmp_path)
    kept = store.keep(ADD, folder, in_place)
    stored = tmp_path / "case" / "evidence" / sha(b"rdv 18h")[:2] / sha(b"rdv 18h")
    flipped = folder / "notes.txt" if in_place else stored
    flipped.chmod(0o644)
    flipped.write_bytes(b"rdv 19h")
    with (
        pytest.raises(Damaged, match=r"Exhibit E1: notes.txt is no longer what was added"),
        store.members(RUN, exhibit(kept, in_place=in_place)),
    ):
        pass
    flipped.unlink()
    with (
        pytest.raises(Damaged, match=r"Exhibit E1: notes.txt cannot be read any more"),
        store.members(RUN, exhibit(kept, in_place=in_place)),
    ):
        pass


def test_a_changed_manifest_is_found(store: EvidenceStore, tmp_path: Path) -> None:
    kept = store.keep(ADD, phone(tmp_path))
    manifest = tmp_path / "case" / "evidence" / kept.sha256[:2] / kept.sha256
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b"notes", b"lines"))
    with pytest.raises(Damaged, match="no longer what was added"):
        contents(store, exhibit(kept))


def test_an_archive_opens_and_a_hostile_one_in_a_folder_is_a_reject(
    store: EvidenceStore, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("_chat.txt", "salut")
    folder = phone(tmp_path)
    (folder / "chat.zip").write_bytes(buffer.getvalue())
    (folder / "torn.zip").write_bytes(buffer.getvalue()[:50])
    (folder / "link.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    alone = store.keep(ADD, folder / "chat.zip")
    assert contents(store, exhibit(alone)) == {"_chat.txt": b"salut"}
    kept = store.keep(ADD, folder)
    with store.members(RUN, exhibit(kept)) as found:
        assert "chat.zip!/_chat.txt" in {member.name for member in found.members}
        assert [reject.locator for reject in found.rejects] == ["torn.zip"]
    torn = store.keep(ADD, folder / "torn.zip")
    with pytest.raises(BadInput, match=r"torn.zip cannot be opened as zip"):
        contents(store, exhibit(torn))


def test_what_is_not_there_or_no_file_is_refused(store: EvidenceStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotFound, match="nowhere does not exist"):
        store.keep(ADD, tmp_path / "nowhere")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        store.keep(ADD, tmp_path / "pipe")
    with pytest.raises(UsageError, match="holds the case itself"):
        store.keep(ADD, tmp_path)
    assert files(tmp_path / "case") == {}


def test_a_file_that_changes_meanwhile_is_refused(store: EvidenceStore, tmp_path: Path) -> None:
    original = tmp_path / "log"
    original.write_bytes(b"1\n")

    def append(done: int) -> None:
        with original.open("ab") as file:
            file.write(b"more\n" if done > 0 else b"")
        os.utime(original, (1, original.stat().st_size))

    with pytest.raises(BadInput, match="changed while it was being read"):
        store.keep(ADD, _sized(original, 2 << 20), progress=_once(append))
    assert files(tmp_path / "case") == {}


def _sized(path: Path, size: int) -> Path:
    path.write_bytes(b"x" * size)
    return path


def _once(act: "store_module.Progress") -> "store_module.Progress":
    done: list[int] = []

    def progress(n: int) -> None:
        if not done:
            done.append(n)
            act(n)

    return progress


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_the_cases_trouble_not_the_exhibits() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(CaseError, match="cannot take the exhibit"),
    ):
        store_module._write(full, b"x")


def test_what_another_exhibit_needs_stays(store: EvidenceStore, tmp_path: Path) -> None:
    folder = phone(tmp_path)
    alone = store.keep(ADD, folder / "notes.txt")
    kept = store.keep(ADD, folder)
    hashes = {stored.sha256 for stored in kept.objects}
    removed = store.remove(WITHDRAW, hashes, still_needed={alone.sha256})
    assert {str(gone["sha256"]) for gone in removed} == hashes - {alone.sha256}
    assert contents(store, exhibit(alone)) == {"notes.txt": b"rdv 18h"}
    assert store.remove(WITHDRAW, hashes, still_needed={alone.sha256}) == []


def test_no_permit_no_store(store: EvidenceStore, tmp_path: Path) -> None:
    kept = store.keep(ADD, phone(tmp_path))
    dead = Permit("add", "A1", "test", 1)
    for wrong in (dead, RUN):
        with pytest.raises(Confined):
            store.keep(wrong, tmp_path / "phone")
    for wrong in (dead, WITHDRAW):
        with pytest.raises(Confined), store.members(wrong, exhibit(kept)):
            pass
    for wrong in (dead, ADD):
        with pytest.raises(Confined):
            store.remove(wrong, [kept.sha256])


KILLED = """
import sys
from pathlib import Path
from faisceau.evidence.store import EvidenceStore
from faisceau.mandate.permit import Permit
permit = Permit("add", "A1", "test", 1)
permit._live = True
case = Path(sys.argv[1])
total = 0
def progress(n):
    global total
    total += n
    if total > 2_000_000:
        print("there", flush=True)
        sys.stdin.read()
EvidenceStore(case, case / "scratch").keep(permit, Path(sys.argv[2]), progress=progress)
"""


def test_a_kill_leaves_temporary_names_alone(store: EvidenceStore, tmp_path: Path) -> None:
    folder = phone(tmp_path)
    _sized(folder / "z.bin", 4 << 20)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, tmp_path / "case", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        assert store.sweep() == []  # somebody is at work there
        process.send_signal(signal.SIGKILL)
        process.wait()
    [left] = (tmp_path / "case" / "evidence").iterdir()
    assert left.name.startswith(".part-")
    assert store.sweep() == [f"evidence/{left.name}"]
    assert files(tmp_path / "case") == {}


def test_objects_that_no_exhibit_lists_are_swept(store: EvidenceStore, tmp_path: Path) -> None:
    folder = phone(tmp_path)
    alone = store.keep(ADD, folder / "notes.txt")
    kept = store.keep(ADD, folder)
    swept = store.sweep({alone.sha256})
    assert len(swept) == len(kept.files_added)
    assert contents(store, exhibit(alone)) == {"notes.txt": b"rdv 18h"}


def test_a_clone_is_the_originals_bytes_in_a_file_of_its_own(tmp_path: Path) -> None:
    original = _sized(tmp_path / "original", 1 << 20)
    with original.open("rb") as source, (tmp_path / "clone").open("xb+") as target:
        if not store_module._clone(source, target):
            pytest.skip("the file system of the tests cannot clone")
    assert (tmp_path / "clone").read_bytes() == original.read_bytes()
    assert (tmp_path / "clone").stat().st_ino != original.stat().st_ino


def test_two_processes_keep_the_same_folder_at_once(tmp_path: Path) -> None:
    folder = phone(tmp_path)
    for n in range(100):
        (folder / f"{n}.txt").write_text(str(n))
    script = KILLED.replace("2_000_000", "10**9")
    command = [sys.executable, "-c", script, str(tmp_path / "case"), str(folder)]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    store = EvidenceStore(tmp_path / "case", tmp_path / "scratch")
    kept = store.keep(ADD, folder)
    assert kept.files_added == []
    assert contents(store, replace(exhibit(kept))) == files(folder)

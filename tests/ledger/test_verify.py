"""Verification: every byte counts, the first altered entry is named, nothing is written."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faisceau.ledger import Draft, KeyRing, Ledger, verify
from faisceau.ledger import checkpoint as checkpoints
from faisceau.ledger.files import Places
from faisceau.words import speaking

CASE = "case-1"
RELEASED = Path(__file__).parent / "released"
ADD = Draft("collection", "open", "add", "A1", reason="PR/2026/0417")


def keep(case: Path, path: str, data: bytes) -> dict[str, object]:
    """Put a file into the case and tell it as an entry does."""
    (case / path).parent.mkdir(parents=True, exist_ok=True)
    (case / path).write_bytes(data)
    return {"path": path, "sha256": sha256(data).hexdigest(), "size": len(data)}


@pytest.fixture
def filled(busy: Ledger, case: Path) -> Ledger:
    """A ledger that accounts for one table and one exhibit."""
    [opening] = busy.append(ADD)
    added = [
        keep(case, "tables/message/0001.parquet", b"PAR1 rows PAR1"),
        keep(case, "evidence/ab/abcd", b"a phone's bytes"),
    ]
    busy.append(
        replace(ADD, phase="close", of=opening.number, outcome="done", data={"files_added": added})
    )
    return busy


def test_an_untouched_case_verifies_and_says_so(filled: Ledger, case: Path) -> None:
    verdict = verify(case)
    assert verdict.ok
    assert str(verdict) == "9 entries, 6 checkpoints and 2 files are intact"
    assert verdict.notes() == []
    assert (verdict.case_id, verdict.signed_size, verdict.known_here) == (CASE, 9, True)
    assert verdict.root == filled.checkpoint.root
    log = verify(case, log_only=True)
    assert (log.ok, log.files) == (True, None)
    assert json.loads(json.dumps(verdict.to_json()))["ok"] is True
    with speaking("fr"):
        assert str(verdict)


def test_verify_needs_the_case_folder_alone_and_writes_nothing(
    filled: Ledger, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("FAISCEAU_HOME", str(elsewhere))
    copy = tmp_path / "copy"
    shutil.copytree(case, copy, ignore=shutil.ignore_patterns("index"))
    before = {path: path.stat().st_mtime_ns for path in sorted(copy.rglob("*"))}
    verdict = verify(copy)
    assert (verdict.ok, verdict.known_here) == (True, False)
    assert verdict.fingerprint in verdict.notes()[0]
    assert {path: path.stat().st_mtime_ns for path in sorted(copy.rglob("*"))} == before
    assert not elsewhere.exists()


def flipped(path: Path, place: int, mask: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= mask
    path.write_bytes(bytes(data))


def every_flip_is_found(case: Path, places: Callable[[int], range]) -> None:
    for path in sorted(path for path in (case / "ledger").rglob("*") if path.is_file()):
        good = path.read_bytes()
        for place in places(len(good)):
            flipped(path, place, 1 << place % 8)
            verdict = verify(case, log_only=True)
            assert not verdict.ok, (path, place)
            first = verdict.problems[0]
            assert first.file == path.relative_to(case).as_posix(), (path, place, str(first))
            if path.name == "entries.jsonl":
                assert first.number == good[:place].count(b"\n"), (place, str(first))
            path.write_bytes(good)


def test_a_flipped_byte_of_the_log_is_found_and_named(filled: Ledger, case: Path) -> None:
    every_flip_is_found(case, lambda size: range(size - 1, -1, -37))


@pytest.mark.slow
def test_every_flipped_byte_of_the_log_is_found_and_named(filled: Ledger, case: Path) -> None:
    every_flip_is_found(case, range)


def test_an_altered_key_is_named_where_nobody_holds_the_others(
    filled: Ledger, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path / "elsewhere"))
    for name, place in (("ed25519", 66), ("ml-dsa-65", 900), ("ml-dsa-65", 5)):
        path = case / "ledger" / "keys" / f"{name}.pem"
        good = path.read_bytes()
        flipped(path, place, 4)
        assert verify(case).problems[0].file == f"ledger/keys/{name}.pem"
        path.write_bytes(good)


def test_the_end_of_each_line_counts(filled: Ledger, case: Path) -> None:
    for path in (Places(case).entries, Places(case).checkpoints):
        good = path.read_bytes()
        for place in [n for n, byte in enumerate(good) if byte == 10]:
            flipped(path, place, 0x2A)  # to a space
            verdict = verify(case)
            assert not verdict.ok, place
            path.write_bytes(good)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_change_of_any_file_is_found(filled: Ledger, case: Path, data: st.DataObject) -> None:
    accounted = [path for path in sorted(case.rglob("*")) if path.is_file()]
    accounted = [path for path in accounted if path.parent.name != "index"]
    path = data.draw(st.sampled_from(accounted))
    good = path.read_bytes()
    place = data.draw(st.integers(0, len(good) - 1))
    flipped(path, place, data.draw(st.integers(1, 255)))
    try:
        verdict = verify(case)
    finally:
        path.write_bytes(good)
    assert not verdict.ok
    assert verdict.problems[0].file == path.relative_to(case).as_posix()
    assert str(verdict.problems[0])


@pytest.mark.parametrize("number", range(9))
def test_an_entry_that_still_parses_is_named_exactly(
    filled: Ledger, case: Path, number: int
) -> None:
    path = Places(case).entries
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = lines[number].replace(b'"agent":"A1"', b'"agent":"A2"')
    path.write_bytes(b"".join(lines))
    [problem] = verify(case).problems
    assert (problem.what, problem.number) == ("entry", number)
    assert problem.offset == sum(map(len, lines[:number]))
    assert str(problem) == (
        f"ledger/entries.jsonl, entry {number} (byte {problem.offset}): "
        "it was altered after it was signed"
    )


def test_when_the_checkpoint_before_is_altered_too_the_batch_is_named(
    busy: Ledger, case: Path
) -> None:
    places = Places(case)
    lines = places.entries.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b'"agent":"A1"', b'"agent":"A2"')
    places.entries.write_bytes(b"".join(lines))
    marks = places.checkpoints.read_bytes().splitlines(keepends=True)
    marks[2] = marks[2].replace(b'"size":3', b'"size":2')
    places.checkpoints.write_bytes(b"".join(marks))
    altered, entries = verify(case).problems
    assert (altered.what, altered.number) == ("checkpoint", 2)
    assert "one of the entries 1 to 6" in str(entries)


@pytest.mark.parametrize("number", range(6))
def test_an_altered_checkpoint_is_named(filled: Ledger, case: Path, number: int) -> None:
    path = Places(case).checkpoints
    marks = [checkpoints.parse(line) for line in path.read_bytes().splitlines()]
    marks[number] = replace(marks[number], root="0" * 64)
    path.write_bytes(b"".join(mark.line() + b"\n" for mark in marks))
    problems = verify(case).problems
    assert [(p.what, p.number) for p in problems if p.what == "checkpoint"] == [
        ("checkpoint", number)
    ]
    assert not any(p.what == "entry" for p in problems)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_removed_checkpoint_is_noticed(filled: Ledger, case: Path, number: int) -> None:
    path = Places(case).checkpoints
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
    [problem] = verify(case).problems
    assert problem.number == number
    assert "does not follow" in str(problem)


def test_removed_swapped_and_doubled_entries_are_noticed(filled: Ledger, case: Path) -> None:
    path = Places(case).entries
    lines = path.read_bytes().splitlines(keepends=True)
    changes = [
        (lines[:2] + lines[3:], 2),
        ([*lines[:2], lines[3], lines[2], *lines[4:]], 2),
        (lines[:3] + lines[2:], 3),
        (lines[:-1], 8),
        ([], 0),
    ]
    for changed, first in changes:
        path.write_bytes(b"".join(changed))
        verdict = verify(case)
        assert not verdict.ok
        assert verdict.problems[0].number == first


def test_a_truncated_log_is_noticed_at_any_length(busy: Ledger, case: Path) -> None:
    path = Places(case).entries
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        verdict = verify(case)
        assert not verdict.ok
        assert verdict.problems[0].number == whole[:length].count(b"\n")


def test_what_does_not_belong_to_a_ledger_is_named(filled: Ledger, case: Path) -> None:
    (case / "ledger" / "notes.txt").write_text("mine")
    (case / "ledger" / "keys" / "old").mkdir()
    Places(case).checkpoints.rename(case / "real")
    Places(case).checkpoints.symlink_to(case / "real")
    assert [problem.file for problem in verify(case).problems] == [
        "ledger/checkpoints.jsonl",
        "ledger/keys/old",
        "ledger/notes.txt",
    ]


@pytest.mark.parametrize("gone", ["entries.jsonl", "checkpoints.jsonl", "keys/ed25519.pem", ""])
def test_a_missing_file_is_told_not_raised(filled: Ledger, case: Path, gone: str) -> None:
    path = case / "ledger" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert not verify(case).ok


def test_a_ledger_signed_anew_with_other_keys_is_noticed_where_the_keys_are(
    filled: Ledger, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys_home: Path
) -> None:
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path / "forger"))
    forged = tmp_path / "forged"
    forged.mkdir()
    Ledger.create(forged, CASE).append(ADD)
    assert verify(forged).ok
    monkeypatch.setenv("FAISCEAU_HOME", str(keys_home))
    texts = [str(problem) for problem in verify(forged).problems]
    assert any("not this machine's key" in text for text in texts)
    assert any("set back or rewritten" in text for text in texts)


def test_a_note_of_this_machine_that_cannot_be_read_is_told(filled: Ledger, case: Path) -> None:
    (KeyRing.open(CASE).folder / "last-seen.json").write_text("?")
    assert "cannot be read" in str(verify(case).problems[0])


# Fixity.


def test_an_altered_table_or_exhibit_is_named_with_its_entry(filled: Ledger, case: Path) -> None:
    for path in ("tables/message/0001.parquet", "evidence/ab/abcd"):
        good = (case / path).read_bytes()
        for place in range(len(good)):
            flipped(case / path, place, 1)
            [problem] = verify(case).problems
            assert problem.file == path
            assert str(problem) == f"{path}: its bytes are not those that entry 8 accounts for"
            (case / path).write_bytes(good)
        (case / path).unlink()
        assert "is not there" in str(verify(case).problems[0])
        (case / path).symlink_to("/etc/hostname")
        assert "is not there" in str(verify(case).problems[0])
        (case / path).unlink()
        (case / path).write_bytes(good)
    assert verify(case).ok


def test_a_stray_file_is_tampering_unless_an_operation_is_open(filled: Ledger, case: Path) -> None:
    (case / "tables/message/0002.parquet").write_bytes(b"rows")
    (case / "evidence/.tmp-1").mkdir()
    (case / "evidence/.tmp-1/part").write_bytes(b"half")
    strays = ["tables/message/0002.parquet", "evidence/.tmp-1/part"]
    assert [problem.file for problem in verify(case).problems] == strays
    filled.append(ADD)
    verdict = verify(case)
    assert (verdict.ok, verdict.leftovers) == (True, tuple(strays))
    assert [entry.number for entry in verdict.open_operations] == [9]
    assert len(verdict.notes()) == 3


def test_erasing_a_file_may_be_cut_off_before_or_after_its_entry(
    filled: Ledger, case: Path
) -> None:
    path = "tables/message/0001.parquet"
    erase = Draft("erasure", "open", "purge", "A1", data={"files_leaving": [path]})
    [opening] = filled.append(erase)
    data = (case / path).read_bytes()
    (case / path).unlink()
    verdict = verify(case)
    assert (verdict.ok, verdict.leftovers) == (True, (path,))
    done = replace(erase, phase="close", of=opening.number, outcome="done")
    filled.append(replace(done, data={"files_removed": [path]}))
    assert verify(case).leftovers == ()
    (case / path).write_bytes(data)  # as if not removed yet
    verdict = verify(case)
    assert (verdict.ok, verdict.leftovers) == (True, (path,))
    (case / path).write_bytes(b"other")
    assert not verify(case).ok


def test_an_original_kept_in_place_is_checked_where_it_is(
    busy: Ledger, case: Path, tmp_path: Path
) -> None:
    original = tmp_path / "phone.zip"
    original.write_bytes(b"a phone")
    kept = {"path": str(original), "sha256": sha256(b"a phone").hexdigest(), "size": 7}
    add = replace(ADD, phase="only", outcome="done")
    busy.append(replace(add, data={"in_place": [kept]}))
    assert verify(case).files == 1
    original.write_bytes(b"another")
    assert [problem.file for problem in verify(case).problems] == [str(original)]
    busy.append(replace(add, operation="erasure", data={"in_place_removed": [str(original)]}))
    assert verify(case).ok


@pytest.mark.parametrize(
    "data",
    [
        {"files_added": [{"path": "../up", "sha256": "", "size": 1}]},
        {"files_added": [{"path": "/etc/hostname", "sha256": "", "size": 1}]},
        {"files_added": [{"path": "tables//x", "sha256": "", "size": 1}]},
        {"files_added": [{"path": "tables/x", "size": 1}]},
        {"files_added": {"path": "tables/x"}},
        {"files_removed": ["tables/never"]},
        {"in_place": [{"path": "near", "sha256": "", "size": 1}]},
        {"files_added": [{"path": "tables/x", "sha256": 3, "size": 1}]},
    ],
    ids=repr,
)
def test_an_entry_that_says_nonsense_of_files_is_named(
    busy: Ledger, case: Path, data: dict[str, object]
) -> None:
    busy.append(replace(ADD, phase="only", data=data))
    problem = verify(case).problems[0]
    assert (problem.what, problem.number) == ("entry", 7)


def test_files_of_an_entry_that_was_not_answered_do_not_count(filled: Ledger, case: Path) -> None:
    """A kill between the closing entry and its checkpoint: the operation is still open."""
    [opening] = filled.append(ADD)
    places = Places(case)
    length = places.checkpoints.stat().st_size
    added = [keep(case, "tables/message/0002.parquet", b"rows")]
    filled.append(
        replace(ADD, phase="close", of=opening.number, outcome="done", data={"files_added": added})
    )
    with places.checkpoints.open("r+b") as file:
        file.truncate(length)
    (KeyRing.open(CASE).folder / "last-seen.json").unlink()
    verdict = verify(case)
    assert (verdict.ok, verdict.unsigned) == (True, 1)
    assert verdict.leftovers == ("tables/message/0002.parquet",)


@pytest.mark.parametrize(
    "release", sorted(path.parent.name for path in RELEASED.glob("*/known.json"))
)
def test_the_ledger_of_each_release_still_verifies(release: str) -> None:
    verdict = verify(RELEASED / release)
    assert verdict.ok, [str(problem) for problem in verdict.problems]
    known = json.loads((RELEASED / release / "known.json").read_text())
    assert (verdict.entries, verdict.root) == (known["entries"], known["root"])
    assert verdict.fingerprint == known["fingerprint"]
    assert verdict.files == known["files"]

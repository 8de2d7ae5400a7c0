"""Any byte of the case flipped, cut off, taken away or added: ``ledger verify`` names the file."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from faisceau.case.proving import verify
from faisceau.errors import FaisceauError
from faisceau.testing import Desk

from .conftest import Shell

MESSAGES = "thread_id,sender_id,sent_at,text\n" + "".join(
    f"T{n % 7},+3363998{n:04},2026-09-{1 + n % 28:02}T10:00:00Z,message {n}\n" for n in range(40)
)
CALLS = "caller,callee,started_at\n+33639980001,+33639980002,2026-09-10T10:00:00Z\nx,,y\n"


@pytest.fixture
def full(desk: Desk) -> Desk:
    """A case with each kind of file that is verified."""
    desk.add("messages.csv", MESSAGES)
    desk.add("calls.csv", CALLS)
    desk.file("folder/a.txt", "nothing known")
    desk.file("folder/b.bin", bytes(range(256)))
    desk.add(desk.files / "folder")
    desk.rows("message")
    return desk


def files(case: Path) -> dict[str, Path]:
    """Every file that verification answers for, by its path in the case."""
    return {
        path.relative_to(case).as_posix(): path
        for room in ("ledger", "tables", "evidence")
        for path in sorted((case / room).rglob("*"))
        if path.is_file()
    }


def named(case: Path) -> set[str]:
    """The files that verification names."""
    verdict = verify(case)
    assert verdict.ok == (not verdict.problems)
    return {problem.file for problem in verdict.problems}


def altered(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """Change a file in place, read-only or not; its bytes before."""
    before = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(change(before))
    return before


def flip(at: int, mask: int) -> Callable[[bytes], bytes]:
    return lambda old: old[:at] + bytes([old[at] ^ mask]) + old[at + 1 :]


def test_every_kind_of_file_is_there(full: Desk) -> None:
    kinds = {name.rsplit("/", 1)[0] for name in files(full.case)}
    assert {
        "ledger",
        "ledger/keys",
        "evidence/mandates",
        "tables/message",
        "tables/call",
        "tables/reject",
        "tables/mention",
    } <= kinds
    assert len([k for k in kinds if k.startswith("evidence/") and k != "evidence/mandates"]) >= 4
    assert named(full.case) == set()


def test_any_byte_flipped_is_found_and_its_file_named(full: Desk) -> None:
    chance = random.Random(7)
    for name, path in files(full.case).items():
        size = path.stat().st_size
        places = {0, size - 1, *(chance.randrange(size) for _ in range(4))}
        for at in sorted(places):
            before = altered(path, flip(at, 1 << chance.randrange(8)))
            assert name in named(full.case), f"byte {at} of {name}"
            path.write_bytes(before)
    assert named(full.case) == set()


@pytest.mark.slow
def test_hundreds_of_bytes_flipped(full: Desk) -> None:
    chance = random.Random(8)
    for name, path in files(full.case).items():
        for _ in range(100):
            at = chance.randrange(path.stat().st_size)
            before = altered(path, flip(at, chance.randrange(1, 256)))
            assert name in named(full.case), f"byte {at} of {name}"
            path.write_bytes(before)


def test_a_file_cut_short_or_grown_or_emptied_is_named(full: Desk) -> None:
    for name, path in files(full.case).items():
        for change in (
            lambda old: old[:-1],
            lambda old: old[: len(old) // 2],
            lambda old: b"",
            lambda old: old + b"\n",
            lambda old: old + b"x",
        ):
            before = altered(path, change)
            if not _only_torn(name, before, path.read_bytes()):
                assert name in named(full.case), name
            path.write_bytes(before)


def _only_torn(name: str, before: bytes, after: bytes) -> bool:
    """Bytes after the last whole line of the log are what a kill may leave: noted, no fault."""
    return name.endswith(".jsonl") and after.startswith(before) and not after.endswith(b"\n")


def test_a_missing_file_is_named(full: Desk) -> None:
    for name, path in files(full.case).items():
        before = path.read_bytes()
        path.unlink()
        assert name in named(full.case), name
        path.write_bytes(before)
    assert named(full.case) == set()


@pytest.mark.parametrize(
    "name",
    [
        "tables/message/000000099.parquet",
        "tables/extra.parquet",
        "tables/message/.part-x.parquet",
        "evidence/ab/" + "ab" * 32,
        "evidence/note.txt",
        "evidence/mandates/002.toml",
        "ledger/entries.jsonl.bak",
        "ledger/keys/other.pem",
    ],
)
def test_a_file_that_nobody_added_is_named(full: Desk, name: str) -> None:
    path = full.case / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    assert name in named(full.case)


def test_a_link_in_the_place_of_a_file_is_named(full: Desk, tmp_path: Path) -> None:
    for name, path in files(full.case).items():
        if name.startswith("ledger/keys"):
            continue
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(elsewhere)
        assert name in named(full.case), name
        path.unlink()
        path.write_bytes(elsewhere.read_bytes())


def test_two_exhibits_exchanged_are_both_named(full: Desk) -> None:
    one, two, *_ = [n for n in files(full.case) if n.startswith("evidence/") and "mand" not in n]
    paths = full.case / one, full.case / two
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, reversed(contents), strict=True):
        path.chmod(0o600)
        path.write_bytes(content)
    assert {one, two} <= named(full.case)


def test_the_command_exits_1_and_says_which(full: Desk, shell: Shell) -> None:
    assert shell("ledger", "verify", full.case).code == 0
    name, path = next(item for item in files(full.case).items() if "tables/message" in item[0])
    altered(path, flip(path.stat().st_size // 2, 1))
    for lang in ("en", "fr"):
        answer = shell("ledger", "verify", full.case, "--lang", lang)
        assert answer.code == 1
        assert name in answer.out + answer.err
        assert "Traceback" not in answer.err
    answer = shell("ledger", "verify", full.case, "--format", "json")
    assert answer.code == 1
    assert [problem["file"] for problem in answer.json["problems"]] == [name]


# ---- what reading does with an altered case ----


def test_an_altered_exhibit_is_not_read(full: Desk) -> None:
    path = next(p for p in files(full.case).values() if p.read_bytes() == MESSAGES.encode())
    altered(path, flip(50, 1))
    with pytest.raises(FaisceauError, match="no longer what was added"):
        full.add(full.files / "messages.csv", again=True)
    assert len(full.rows("message")) == 40, "the rows of before are kept"


def test_an_altered_mandate_opens_nothing(full: Desk, shell: Shell) -> None:
    path = full.case / "evidence" / "mandates" / "001.toml"
    altered(path, lambda old: old.replace(b'"message", ', b""))
    answer = shell("status", full.case)
    assert answer.code == 1
    assert "is not the one that was put in force" in answer.one_line()


def test_an_altered_table_never_crashes_a_reader(full: Desk, shell: Shell) -> None:
    """Rows are read without hashing their segment each time; ``verify`` is what tells.

    Where the format itself notices the damage, that is one line.
    """
    _, path = next(item for item in files(full.case).items() if "tables/message" in item[0])
    chance = random.Random(9)
    for at in (0, 4, *(chance.randrange(path.stat().st_size) for _ in range(6)), -8):
        before = altered(path, flip(at % path.stat().st_size, 0xFF))
        answer = shell("rows", full.case, "message", "--format", "json")
        assert answer.code in (0, 1)
        if answer.code:
            answer.one_line()
        path.write_bytes(before)


def test_an_altered_catalog_is_one_line(full: Desk, shell: Shell) -> None:
    path = full.case / "catalog.sqlite"
    for change in (lambda old: b"", lambda old: old[:5000], lambda old: bytes(8192)):
        before = altered(path, change)
        for command in ("status", "findings"):
            answer = shell(command, full.case)
            assert answer.code == 1
            answer.one_line()
        path.write_bytes(before)


def test_a_ledger_whose_end_was_altered_takes_no_further_entry(full: Desk, shell: Shell) -> None:
    for name in ("entries", "checkpoints"):
        path = full.case / "ledger" / f"{name}.jsonl"
        before = altered(path, flip(path.stat().st_size - 40, 1))
        (full.case / "index" / "ledger-frontier.json").unlink(missing_ok=True)  # may be absent
        answer = shell("rows", full.case, "message")
        assert answer.code == 1, name
        answer.one_line()
        path.write_bytes(before)
    assert shell("rows", full.case, "message").code == 0


def test_what_was_altered_further_back_stays_found(full: Desk, shell: Shell) -> None:
    """Entries before the last checkpoint are not read again by each writer; ``verify`` does."""
    altered(full.case / "ledger" / "entries.jsonl", flip(200, 1))
    assert shell("rows", full.case, "message").code in (0, 1)
    assert "ledger/entries.jsonl" in named(full.case)

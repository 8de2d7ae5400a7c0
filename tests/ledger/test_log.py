"""Writing: durable, in order, by several at once, and after a kill."""

import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from faisceau.errors import CaseError, Damaged, NotFound, UsageError
from faisceau.ledger import Draft, KeyRing, Ledger, home, verify
from faisceau.ledger.files import Places
from faisceau.ledger.keys import PublicKeys

CASE = "case-1"
LOOK = Draft("consultation", "only", "show message", "A1", reason="PR/2026/0417")
RUN = Draft("alteration", "open", "run messages.triage", "A1", data={"tables": ["message"]})

APPENDING = """
import sys
from pathlib import Path
from faisceau.ledger import Draft, Ledger
folder, name, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = Ledger.open(folder, "case-1")
for n in range(times):
    ledger.append(Draft("consultation", "only", "show", name, data={"n": n}))
"""

APPENDING_WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from faisceau.errors import CaseError
from faisceau.ledger import Draft, Ledger
ledger = Ledger.open(Path(sys.argv[1]), "case-1")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    ledger.append(Draft("consultation", "only", "show", "A1"))
except CaseError as error:
    print(error)
"""


def test_entries_are_numbered_timed_and_read_back(ledger: Ledger) -> None:
    first, second = ledger.append(LOOK, RUN)
    assert (first.number, second.number) == (0, 1)
    assert first.at == "2026-09-01T10:00:02.000000Z"  # the first second went to the creation
    assert list(ledger.entries()) == [first, second]
    assert list(ledger.entries(start=1)) == [second]
    assert ledger.size == 2
    assert ledger.append() == []


def test_a_checkpoint_covers_the_entry_before_the_answer(ledger: Ledger, case: Path) -> None:
    for size in range(1, 4):
        ledger.append(LOOK)
        checkpoint = Ledger.open(case, CASE).checkpoint
        assert checkpoint.size == size
        assert checkpoint.faults(PublicKeys.read(case / "ledger" / "keys")) == []
        assert ledger.checkpoint_covering(size - 1) == checkpoint
    assert ledger.checkpoint_covering(0).size == 1
    with pytest.raises(NotFound):
        ledger.checkpoint_covering(3)


def test_the_checkpoint_that_covers_an_entry_is_found_among_many(ledger: Ledger) -> None:
    for batch in (1, 5, 2, 9, 1, 1, 30, 4):
        ledger.append(*[LOOK] * batch)
    ends = [1, 6, 8, 17, 18, 19, 49, 53]
    for number in range(53):
        expected = next(end for end in ends if end > number)
        assert ledger.checkpoint_covering(number).size == expected


def test_operations_stay_open_until_they_are_closed(ledger: Ledger, case: Path) -> None:
    first, second = ledger.append(RUN, RUN)
    close = replace(RUN, phase="close", of=first.number, outcome="done", data={"findings": 3})
    ledger.append(LOOK, close)
    assert ledger.open_operations() == [second]
    assert Ledger.open(case, CASE).open_operations() == [second]
    with pytest.raises(UsageError, match="Entry 0 is not an operation left open"):
        ledger.append(LOOK, close)
    twice = replace(close, of=second.number)
    with pytest.raises(UsageError):
        ledger.append(twice, twice)
    assert ledger.size == 4


def test_open_operations_need_neither_keys_nor_cache(
    ledger: Ledger, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [entry] = ledger.append(RUN)
    Places(case).cache.unlink()
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path / "elsewhere"))
    assert Ledger.open(case, CASE).open_operations() == [entry]


def test_threads_share_checkpoints_and_lose_nothing(ledger: Ledger, case: Path) -> None:
    def work(name: str) -> None:
        for n in range(10):
            [entry] = ledger.append(replace(LOOK, agent=name, data={"n": n}))
            assert (entry.agent, entry.data["n"]) == (name, n)

    threads = [threading.Thread(target=work, args=(f"A{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = [(entry.agent, entry.data["n"]) for entry in ledger.entries()]
    assert sorted(written) == [(f"A{a}", n) for a in range(8) for n in range(10)]
    verdict = verify(case)
    assert verdict.ok
    assert verdict.checkpoints < 80  # grouped


def test_a_bad_draft_fails_its_own_caller_alone(ledger: Ledger) -> None:
    errors = []

    def close_nothing() -> None:
        try:
            ledger.append(replace(RUN, phase="close", of=0, outcome="done"))
        except UsageError as error:
            errors.append(error)

    threads = [threading.Thread(target=close_nothing) for _ in range(4)]
    threads += [threading.Thread(target=ledger.append, args=(LOOK,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 4
    assert [entry.act for entry in ledger.entries()] == ["show message"] * 4


def test_three_processes_at_once_lose_nothing(ledger: Ledger, case: Path) -> None:
    command = [sys.executable, "-c", APPENDING, str(case)]
    workers = [subprocess.Popen([*command, name, "15"]) for name in ("A1", "A2", "A3")]
    ledger.append(LOOK)
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    for name in ("A1", "A2", "A3"):
        mine = [e.data["n"] for e in ledger.entries() if e.act == "show" and e.agent == name]
        assert mine == list(range(15))
    ledger.append(LOOK)
    verdict = verify(case)
    assert (verdict.ok, verdict.entries, verdict.signed_size) == (True, 47, 47)


# What a kill leaves behind, and who mends it.


def test_a_torn_line_is_mended_by_the_next_writer_alone(busy: Ledger, case: Path) -> None:
    places = Places(case)
    with places.entries.open("ab") as file:
        file.write(b'{"act":"sho')
    with places.checkpoints.open("ab") as file:
        file.write(b'{"at":"2026')
    torn = places.entries.read_bytes(), places.checkpoints.read_bytes()

    verdict = verify(case)
    assert (verdict.ok, verdict.torn, verdict.entries) == (True, 22, 7)
    assert len(list(busy.entries())) == 7
    assert (places.entries.read_bytes(), places.checkpoints.read_bytes()) == torn

    Ledger.open(case, CASE).append(LOOK)
    *_, mended, look = busy.entries()
    assert (mended.operation, mended.agent) == ("recovery", "faisceau")
    assert mended.data["torn_bytes"] == {"entries": 11, "checkpoints": 11}
    assert look.number == 8
    verdict = verify(case)
    assert (verdict.ok, verdict.torn, verdict.signed_size) == (True, 0, 9)


def test_entries_without_a_checkpoint_stay_and_get_covered(busy: Ledger, case: Path) -> None:
    places = Places(case)
    lines = places.checkpoints.read_bytes().splitlines(keepends=True)
    places.checkpoints.write_bytes(b"".join(lines[:-1]))  # the kill came before the fourth
    (home() / "keys" / CASE / "last-seen.json").unlink()  # it never knew of the fourth

    verdict = verify(case)
    assert (verdict.ok, verdict.entries, verdict.signed_size, verdict.unsigned) == (True, 7, 3, 4)
    Ledger.open(case, CASE).append(LOOK)
    *_, mended, _ = busy.entries()
    assert mended.data["entries_uncovered"] == [3, 7]
    verdict = verify(case)
    assert (verdict.ok, verdict.signed_size, verdict.unsigned) == (True, 9, 0)


def test_an_entry_that_somebody_else_added_is_refused(busy: Ledger, case: Path) -> None:
    *_, last = busy.entries()
    forged = replace(last, number=7, agent="A2")
    with Places(case).entries.open("ab") as file:
        file.write(forged.line() + b"\n")
    verdict = verify(case)
    assert not verdict.ok
    assert (verdict.problems[0].what, verdict.problems[0].number) == ("entry", 7)
    with pytest.raises(Damaged, match=r"Entry 7 .* was not written by Faisceau"):
        Ledger.open(case, CASE).append(LOOK)


def test_a_full_disk_leaves_the_ledger_as_it_was(busy: Ledger, case: Path) -> None:
    places = Places(case)
    before = places.entries.read_bytes(), places.checkpoints.read_bytes()
    room = len(before[1]) + 100  # for the entry, and for the beginning of its checkpoint
    found = subprocess.run(
        [sys.executable, "-c", APPENDING_WITHOUT_ROOM, str(case), str(room)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "cannot be written: File too large" in found.stdout
    assert (places.entries.read_bytes(), places.checkpoints.read_bytes()) == before
    busy.append(LOOK)
    assert verify(case).ok


# The cache serves speed alone.


def test_the_cache_spares_reading_and_is_never_trusted_over_the_log(
    busy: Ledger, case: Path
) -> None:
    cache = Places(case).cache
    good = cache.read_bytes()
    for spoilt in (b"", good[:-2], good.replace(b'"size":7', b'"size":6'), None):
        cache.unlink()
        if spoilt is not None:
            cache.write_bytes(spoilt)
        Ledger.open(case, CASE).append(LOOK)
        assert verify(case).ok
    cache.write_bytes(good)  # an old one, genuine: what came since is read
    Ledger.open(case, CASE).append(LOOK)
    assert verify(case).ok


def test_a_writer_without_cache_notices_altered_entries(busy: Ledger, case: Path) -> None:
    places = Places(case)
    places.cache.unlink()
    text = places.entries.read_bytes()
    places.entries.write_bytes(text.replace(b'"A1"', b'"A2"', 1))
    with pytest.raises(Damaged, match="not those that were signed"):
        Ledger.open(case, CASE).append(LOOK)


# Keys, and the memory of this machine.


def test_keys_are_for_their_owner_alone_and_outside_the_case(ledger: Ledger, case: Path) -> None:
    folder = home() / "keys" / CASE
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    secret = KeyRing.open(CASE).secret
    assert len(secret) == 32
    held = [path.read_bytes() for path in case.rglob("*") if path.is_file()]
    assert not any(secret in data or b"PRIVATE" in data for data in held)
    assert "secret" not in repr(KeyRing.open(CASE))


def test_without_keys_a_ledger_is_read_and_not_continued(
    busy: Ledger, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path / "elsewhere"))
    ledger = Ledger.open(case, CASE)
    assert len(list(ledger.entries())) == 7
    with pytest.raises(CaseError) as caught:
        ledger.append(LOOK)
    assert str(tmp_path / "elsewhere") in caught.value.hint


def test_a_case_has_one_ledger_and_a_fit_name(ledger: Ledger, case: Path, tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="already is a ledger"):
        Ledger.create(case, "case-2")
    (tmp_path / "other").mkdir()
    with pytest.raises(CaseError, match="already holds keys"):
        Ledger.create(tmp_path / "other", CASE)
    for name in ("", "../up", "a/b", ".hidden"):
        with pytest.raises(UsageError):
            KeyRing.create(name)
    with pytest.raises(NotFound):
        Ledger.open(tmp_path / "other", CASE)


def test_a_ledger_set_back_is_noticed_by_the_machine_that_signed(busy: Ledger, case: Path) -> None:
    places = Places(case)
    old = places.entries.read_bytes(), places.checkpoints.read_bytes()
    busy.append(LOOK)
    places.entries.write_bytes(old[0])
    places.checkpoints.write_bytes(old[1])
    verdict = verify(case)
    assert not verdict.ok
    assert "set back" in str(verdict.problems[0])
    with pytest.raises(Damaged, match="it ends at 7 entries") as caught:
        Ledger.open(case, CASE).append(LOOK)
    assert "last-seen.json" in caught.value.hint


def test_two_copies_of_a_case_cannot_both_go_on(busy: Ledger, case: Path) -> None:
    places = Places(case)
    old = places.entries.read_bytes(), places.checkpoints.read_bytes()
    busy.append(LOOK)
    places.entries.write_bytes(old[0])
    places.checkpoints.write_bytes(old[1])
    with pytest.raises(Damaged):
        busy.append(LOOK)

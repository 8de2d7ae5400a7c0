"""Kill -9 at any moment: what was answered is there, the rest is whole or absent."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faisceau.ledger import Draft, Ledger, verify

CASE = "case-1"
APPENDING = """
import sys
from pathlib import Path
from faisceau.ledger import Draft, Ledger
ledger = Ledger.open(Path(sys.argv[1]), "case-1")
print("ready", flush=True)
while True:
    [opening] = ledger.append(Draft("alteration", "open", "run", "A1"))
    print(opening.number, flush=True)
    [closing] = ledger.append(
        Draft("alteration", "close", "run", "A1", of=opening.number, outcome="done"),
        *[Draft("consultation", "only", "show", "A1", data={"text": "x" * 2000})] * 20,
    )[:1]
    print(closing.number, flush=True)
"""


def kill_at_random(case: Path, times: int, seed: int) -> None:
    moments = random.Random(seed)
    for _ in range(times):
        worker = subprocess.Popen(
            [sys.executable, "-c", APPENDING, str(case)], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0, 0.05))
        worker.kill()
        answered = [int(line) for line in worker.stdout.read().splitlines()]
        worker.wait()

        verdict = verify(case)
        assert verdict.ok, [str(problem) for problem in verdict.problems]
        assert verdict.signed_size > max(answered, default=-1)
        ledger = Ledger.open(case, CASE)
        opened = ledger.open_operations()
        assert len(opened) <= 1
        if opened:
            cut = Draft("recovery", "close", "run", "A1", of=opened[0].number, outcome="failed")
            ledger.append(cut)
            assert ledger.open_operations() == []
    assert verify(case).ok


def test_a_killed_writer_leaves_a_ledger_that_verifies_and_goes_on(
    ledger: Ledger, case: Path
) -> None:
    kill_at_random(case, times=5, seed=3)


@pytest.mark.slow
def test_a_hundred_kills(ledger: Ledger, case: Path) -> None:
    kill_at_random(case, times=100, seed=4)
    assert ledger.size > 100


@pytest.mark.parametrize("keep", [0, 1, 7, 150, 290, 291, 292, 400])
def test_wherever_a_write_is_cut_the_ledger_goes_on(busy: Ledger, case: Path, keep: int) -> None:
    """As a kill may do within one write: some bytes of a batch, and no checkpoint."""
    entries, checkpoints = case / "ledger/entries.jsonl", case / "ledger/checkpoints.jsonl"
    lengths = entries.stat().st_size, checkpoints.stat().st_size
    note = (next(Path(case.parent, "home", "keys").iterdir()) / "last-seen.json").read_bytes()
    busy.append(Draft("alteration", "open", "run", "A1"), Draft("review", "only", "see", "A1"))
    batch = entries.read_bytes()[lengths[0] :]
    with entries.open("r+b") as file:
        file.truncate(lengths[0] + min(keep, len(batch)))
    with checkpoints.open("r+b") as file:
        file.truncate(lengths[1])
    (next(Path(case.parent, "home", "keys").iterdir()) / "last-seen.json").write_bytes(note)

    assert verify(case).ok
    Ledger.open(case, CASE).append(Draft("consultation", "only", "show", "A1"))
    verdict = verify(case)
    assert (verdict.ok, verdict.torn, verdict.unsigned) == (True, 0, 0)
    assert verdict.entries == 7 + batch[:keep].count(b"\n") + (keep > 0) + 1

"""Many exhibits at once: the same as one after the other, whatever goes wrong."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from faisceau.case import adding
from faisceau.errors import BadInput, NotFound, Refused
from faisceau.testing import Desk, mandate

LINE = "app,sender_id,recipients,sent_at,text\nx,a,b,2026-09-01T10:00:{n:02d}Z,hello {n}\n"


def files(desk: Desk, n: int) -> list[Path]:
    return [desk.file(f"m{i:02d}.csv", LINE.format(n=i)) for i in range(n)]


def state(desk: Desk) -> list[tuple[str, str, str]]:
    rows = desk.rows("message")
    return sorted((row["exhibit_id"], row["source"], row["text"]) for row in rows)


def test_the_crew_gives_what_one_process_gives(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files(desk, 12)
    together = list(desk.workspace().add(paths))
    monkeypatch.setattr(adding, "CREW_FROM", 1000)
    alone = Desk(tmp_path / "alone", mandate())
    in_turn = list(alone.workspace().add(paths))
    assert [a.exhibit.tables for a in together if a.exhibit] == [
        a.exhibit.tables for a in in_turn if a.exhibit
    ]
    assert state(desk) == state(alone)
    assert len(state(desk)) == 12
    assert desk.verify().ok


def test_each_path_stands_alone_and_answers_in_order(desk: Desk) -> None:
    paths = files(desk, 9)
    paths[2:2] = [desk.file("empty.csv", ""), desk.files / "missing.csv"]
    paths.append(desk.file("twin.csv", LINE.format(n=0)))
    results = list(desk.workspace().add(paths))
    assert [r.path for r in results] == paths
    assert [type(r.error) for r in results[2:4]] == [BadInput, NotFound]
    assert results[-1].already
    assert results[0].exhibit is not None
    assert results[-1].exhibit is not None
    assert results[-1].exhibit.exhibit_id == results[0].exhibit.exhibit_id
    assert len(state(desk)) == 9
    assert desk.verify().ok


def test_a_file_outside_the_mandate_is_refused_in_the_ledger(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "narrow", mandate(data=["message"]))
    reads = "plate,camera_id,read_at\nAB-123-CD,C1,2026-09-01T10:00:00Z\n"
    paths = [*files(desk, 9), desk.file("reads.csv", reads)]
    results = list(desk.workspace().add(paths))
    assert isinstance(results[-1].error, Refused)
    assert [e.phase for e in desk.ledger if e.operation == "refusal"] == ["only"]
    assert len(state(desk)) == 9
    assert desk.verify().ok


def test_what_a_failed_exhibit_shared_stays_with_the_other(desk: Desk) -> None:
    paths = files(desk, 8)
    paths += [desk.file("same.bin.csv", ""), desk.file("folder/empty.csv", "").parent]
    results = list(desk.workspace().add(paths))
    assert isinstance(results[-2].error, BadInput)
    assert results[-1].exhibit is not None
    assert desk.verify().ok


def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    script = (
        "import multiprocessing, os, time\n"
        "from faisceau.case import crew\n"
        "def work():\n"
        "    crew.die_with(multiprocessing.parent_process().pid)\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(60)\n"
        "multiprocessing.get_context('fork').Process(target=work).start()\n"
        "time.sleep(60)\n"
    )
    path = tmp_path / "parent.py"
    path.write_text(script)
    parent = subprocess.Popen([sys.executable, str(path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 10
    while _runs(worker) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    """True for a process that is neither gone nor waiting to be buried."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"

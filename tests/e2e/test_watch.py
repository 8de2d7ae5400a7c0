"""``faisceau watch`` as a person runs it: alerts while reads arrive, counts when it ends."""

import json
import os
import select
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from faisceau.case.workspace import Workspace

from .conftest import mandate_today

COMMAND = "import sys; from faisceau.cli import main; main()"
NOW = datetime.now(UTC).replace(microsecond=0)
HEADER = "read_at,camera_id,plate,direction\n"
"""Reads are of this hour: older ones of no procedure are not looked at."""


def read(minutes: int, camera: str, plate: str) -> str:
    return f"{(NOW - timedelta(minutes=minutes)).isoformat()},{camera},{plate},north\n"


READS = HEADER + read(30, "A6", "AB-123-CD") + "broken\n" + read(10, "A7", "ZZ-999-ZZ")


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    path = tmp_path / "wanted.csv"
    path.write_text("plate,reason\nAB-123-CD,stolen\n")
    return path


def start(*args: object) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    words = [os.fspath(a) if isinstance(a, Path) else str(a) for a in args]
    command = [sys.executable, "-c", COMMAND, *words, "--lang", "en"]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)


def watch(*args: object, stdin: str = "") -> tuple[int, str, str]:
    process = start("watch", *args)
    out, err = process.communicate(stdin.encode(), timeout=60)
    return process.returncode, out.decode(), err.decode()


def entries(case: Path) -> list[Any]:
    return list(Workspace.open(case).ledger.entries())


def test_a_file_gives_its_alerts_and_says_what_was_left_out(
    case: Path, wanted: Path, tmp_path: Path
) -> None:
    reads = tmp_path / "reads.csv"
    reads.write_text(READS)
    code, out, err = watch(case, wanted, "--from", reads, "--timezone", "Europe/Paris")
    assert code == 0, err
    [line] = out.splitlines()
    assert ": AB-123-CD at A6; heading north; wanted: stolen" in line
    assert line.split(": ")[0].endswith(("CET", "CEST"))
    assert err.splitlines()[0] == "2 reads, 1 alerts"
    assert "1 bad lines were left out" in err
    assert "1 hits were added to the case" in err
    assert [e.act for e in entries(case)].count("watch alert") == 1


def test_standard_input_is_told_within_a_second_as_json_lines(case: Path, wanted: Path) -> None:
    process = start("watch", case, wanted, "--from", "-", "--format", "jsonl")
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write((HEADER + read(30, "A6", "AB-123-CD")).encode())
    process.stdin.flush()
    assert select.select([process.stdout], [], [], 60)[0]
    first = json.loads(process.stdout.readline())
    assert (first["plate"], first["exact"], first["source"]) == ("AB-123-CD", True, "-#line 2")
    assert first["at"] == (NOW - timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
    assert datetime.fromisoformat(first["local"]) == NOW - timedelta(minutes=30)
    began = monotonic()
    process.stdin.write(read(20, "A7", "A8-123-CD").encode())
    process.stdin.flush()
    second = json.loads(process.stdout.readline())
    assert monotonic() - began < 1
    assert (second["read"], second["exact"], second["camera_id"]) == ("A8-123-CD", False, "A7")
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    closing = next(e for e in entries(case) if e.act == "watch" and e.phase == "close")
    assert (closing.outcome, closing.data["alerts"]) == ("done", 2)


def test_a_folder_is_read_once(case: Path, wanted: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(READS)
    code, out, _err = watch(case, wanted, "--from", folder, "--once", "--format", "json")
    assert code == 0
    assert [json.loads(line)["source"] for line in out.splitlines()] == ["a.csv#line 2"]


def test_a_mandate_without_plates_refuses(tmp_path: Path, wanted: Path) -> None:
    case = tmp_path / "other"
    Workspace.create(case, mandate_today(data=["message"]))
    code, out, err = watch(case, wanted, "--from", "-", stdin=READS)
    assert (code, out) == (3, "")
    assert err.startswith("Refused: ")
    assert "Traceback" not in err


def test_a_list_that_is_not_there_is_an_error_on_one_line(case: Path, tmp_path: Path) -> None:
    code, _out, err = watch(case, tmp_path / "none.txt", "--from", "-")
    assert code == 1
    assert len(err.splitlines()) == 1

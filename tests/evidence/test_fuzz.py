"""Ten thousand damaged files for every reader: no traceback, no hang, no flood, nothing lost.

The files that the readers' own tests read are the seeds, recorded while those tests run
(``FAISCEAU_SAMPLES``, see ``readers/conftest.py``); each is damaged at random, from a fixed seed.
"""

import contextlib
import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from faisceau.case.examining import FAILURES
from faisceau.case.plugins import plugins
from faisceau.errors import BadInput
from faisceau.evidence.reading import Head, Member, Reader, Source, read_rows
from faisceau.tables.schemas import Batch

FILES = int(os.environ.get("FAISCEAU_FUZZ", "10000"))
LONGEST_S = 10
MOST_BYTES = 1 << 30
LARGEST_SEED = 200_000
ASKED = {"call_matrix"}
"""Readers that claim no file by themselves: a person names them."""
TESTS = Path(__file__).parent / "readers"

STRANGE = (
    b"\x00", b"\xff" * 8, b"\xed\xa0\x80", b"-1", b"9" * 40, b"1e400", b"NaN", b"null", b"{}",
    b"[]", b'"', b"<", b"&#0;", b"&#xD83D;", b"\r", b"\n\n", b"\xe2\x80\xae", b"0000-00-00",
    b"99/99/9999", b"\x7f" + b"\xff" * 7, b"\x80" + b"\x00" * 7, b"%s", b"../../x",
)  # fmt: skip


def damaged(seed: bytes, other: bytes, chance: random.Random) -> bytes:
    """A seed with one to four things done to it."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        span = chance.randint(1, max(1, min(len(data) // 4, 4096)))
        what = chance.randrange(8)
        if what == 0:
            for place in range(at, min(at + chance.randint(1, 8), len(data))):
                data[place] = chance.randrange(256)
        elif what == 1:
            del data[at : at + span]
        elif what == 2:
            data[at:at] = data[at : at + span]
        elif what == 3:
            del data[at:]
        elif what == 4:
            data[at:at] = chance.choice(STRANGE)
        elif what == 5:
            start = chance.randrange(len(other) + 1)
            data[at : at + span] = other[start : start + span]
        elif what == 6:
            digits = [n for n in range(at, min(at + 200, len(data))) if 48 <= data[n] <= 57]
            for place in digits:
                data[place] = chance.randrange(48, 58)
        else:
            data[at : at + span] = bytes(span)
    return bytes(data)


def test_damage_is_the_same_from_run_to_run() -> None:
    made = [[damaged(b"abc" * 50, b"xyz", random.Random(n)) for n in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 40


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Seeds by reader: what its tests read. Recorded once, whatever the number of workers."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    folder, done = shared / "seeds", shared / "seeds-recorded"
    with (shared / "seeds-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            # CI: no deadlines. Whether these tests pass is told elsewhere.
            environment = {**os.environ, "FAISCEAU_SAMPLES": str(folder), "CI": "true"}
            command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
            command += ["-p", "no:xdist", str(TESTS)]
            subprocess.run(command, env=environment, capture_output=True, check=False)
            done.touch()
    found: dict[str, list[Path]] = {name: [] for name in plugins().readers}
    for path in sorted(folder.iterdir()):
        head = Head.of(_member(path))
        for name, reader in plugins().readers.items():
            if _reads(reader, path) if name in ASKED else reader.detect(head):
                found[name].append(path)
    return found


def _reads(reader: Reader, path: Path) -> bool:
    """True for a file that gives rows."""
    with contextlib.suppress(BadInput, *FAILURES):
        return any(True for _ in read_rows(reader, Source(_member(path))))
    return False


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(plugins().readers))
def test_no_damaged_file_stops_a_reader(
    name: str, seeds: dict[str, list[Path]], tmp_path: Path
) -> None:
    assert seeds[name], "its tests read no file of its format"
    listed = tmp_path / "seeds.json"
    listed.write_text(json.dumps([str(path) for path in seeds[name]]))
    command = [sys.executable, __file__, name, str(FILES), str(listed), str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["files"] == FILES
    assert said["read"] > 0
    assert said["peak_bytes"] < MOST_BYTES, said


def _member(path: Path) -> Member:
    return Member(
        path.name.partition("~")[2] or path.name,
        path.stat().st_size,
        lambda: path.open("rb"),
        lambda: path,
        lambda: "0" * 64,
    )


def _read(name: str, path: Path) -> bool:
    """Read one file as adding does; False when the reader does not claim it."""
    member, reader = _member(path), plugins().readers[name]
    if name not in ASKED and not reader.detect(Head.of(member)):
        return False
    source = Source(member)
    rows = 0
    with contextlib.suppress(BadInput, *FAILURES):
        for item, _ in read_rows(reader, source):
            rows += item.columns.num_rows if isinstance(item, Batch) else 1
    tally = source.tally
    settled = rows + len(tally.rejects) + sum(tally.left.values())
    assert settled >= tally.records, (rows, len(tally.rejects), tally.left, tally.records)
    return True


def _alarm(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {LONGEST_S} s")


def _cases(seeds: list[Path], files: int) -> Iterator[tuple[int, bytes]]:
    contents = [path.read_bytes() for path in seeds]
    small = [content for content in contents if 0 < len(content) <= LARGEST_SEED] or contents
    for n in range(files):
        chance = random.Random(n)
        yield n, damaged(chance.choice(small), chance.choice(small), chance)


def _fuzz(name: str, files: int, listed: Path, where: Path) -> int:
    seeds = [Path(path) for path in json.loads(listed.read_text())]
    suffix = seeds[0].name.partition("~")[2]
    where = where.with_name(f"x~{suffix}")
    signal.signal(signal.SIGALRM, _alarm)
    read = 0
    for n, content in _cases(seeds, files):
        where.write_bytes(content)
        signal.alarm(LONGEST_S)
        try:
            read += _read(name, where)
        except BaseException:
            traceback.print_exc()
            shutil.copy(where, where.with_name(f"failed-{n}"))
            print(f"file {n} of {name}: {where.with_name(f'failed-{n}')}")
            return 1
        finally:
            signal.alarm(0)
    print(json.dumps({"reader": name, "files": files, "read": read, "peak_bytes": _peak()}))
    return 0


def _peak() -> int:
    """Bytes of memory at most. ``ru_maxrss`` would start from that of the process that forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(_fuzz(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])))

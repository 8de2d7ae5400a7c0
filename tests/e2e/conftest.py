"""What the end-to-end tests stand on: the command line as processes of their own, and a case."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from faisceau.case.workspace import Workspace
from faisceau.testing import mandate

TODAY = datetime.now(UTC).date()
HANG = 30.0
"""Seconds after which a command hangs."""


def mandate_today(**changes: Any) -> bytes:
    """A mandate in force today: these tests run on the machine's own clock."""
    dates = {
        "authorised_on": TODAY - timedelta(days=30),
        "expires_on": TODAY + timedelta(days=150),
        "until": TODAY + timedelta(days=300),
    }
    return mandate(**{**dates, **changes})


@dataclass(frozen=True)
class Answer:
    """What one command answered."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)

    def one_line(self) -> str:
        """The error as a person sees it: one line, perhaps a hint under it; never a traceback."""
        assert "Traceback" not in self.err, self.err
        lines = self.err.splitlines()
        assert lines, "an error says what happened"
        assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("  → ")), self.err
        return lines[0]


@dataclass
class Running:
    """A command at work."""

    shell: "Shell"
    pid: int
    args: tuple[str, ...]
    out: Path
    err: Path

    def kill(self) -> None:
        """Kill -9; nothing happens when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = HANG) -> Answer:
        """Its answer; fails when it hangs."""
        code = self.shell.code(self.pid, timeout)
        if code is None:
            self.kill()
            pytest.fail(f"hangs after {timeout} s: {self.args}")
        text = [p.read_text(errors="surrogateescape") for p in (self.out, self.err)]
        return Answer(self.args, code, *text)


class Shell:
    """Calls the command line: each call is a process (see ``server.py``)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls = 0
        self._codes: dict[int, int] = {}
        self._heard = b""
        self._server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("server.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._next(120) == {}

    def __call__(self, *args: object, timeout: float = HANG, **env: str) -> Answer:
        return self.start(*args, **env).wait(timeout)

    def start(self, *args: object, **env: str) -> Running:
        """Start a command and go on; ``env``: further variables."""
        self._calls += 1
        out, err = (self._folder / f"{self._calls}.{name}" for name in ("out", "err"))
        text = tuple(os.fspath(a) if isinstance(a, Path) else str(a) for a in args)
        request = {
            "args": [os.fsencode(a).hex() for a in text],
            "env": {**os.environ, **env},
            "out": str(out),
            "err": str(err),
        }
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(request).encode() + b"\n")
        self._server.stdin.flush()
        while "started" not in (answer := self._next(60)):
            self._codes[answer["ended"]] = answer["code"]
        return Running(self, answer["started"], text, out, err)

    def code(self, pid: int, timeout: float) -> int | None:
        """The exit code of a call (minus the signal that killed it); None when it hangs."""
        until = monotonic() + timeout
        while pid not in self._codes:
            answer = self._next(until - monotonic())
            if answer is None:
                return None
            self._codes[answer["ended"]] = answer["code"]
        return self._codes.pop(pid)

    def _next(self, timeout: float) -> Any:
        pipe = self._server.stdout
        assert pipe is not None
        while b"\n" not in self._heard:
            if not select.select([pipe], [], [], max(timeout, 0))[0]:
                return None
            heard = os.read(pipe.fileno(), 65536)
            assert heard, "the server of the command line has died"
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        return json.loads(line)

    def close(self) -> None:
        """Let the server go."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(60)


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The command line, for the whole session."""
    made = Shell(tmp_path_factory.mktemp("shell"))
    yield made
    made.close()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case under a preliminary-inquiry mandate, in force today, that covers every table."""
    folder = tmp_path / "case"
    Workspace.create(folder, mandate_today())
    return folder


def install(folder: Path, package: str, source: str, *names: str) -> str:
    """Install a third party's analyses as any package is; what to set PYTHONPATH to."""
    module = folder / package
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    (module / "tools.py").write_text(source)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    points = "".join(f"{name} = {package}.tools:{name}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[faisceau.analyses]\n{points}")
    return str(folder)

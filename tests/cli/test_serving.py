"""``faisceau serve``: what it says when it cannot serve; a real server is started in tests/web."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from faisceau.case.workspace import Workspace
from faisceau.cli import run
from faisceau.testing import in_force


@pytest.fixture
def case(tmp_path: Path) -> Path:
    Workspace.create(tmp_path / "case", in_force())
    return tmp_path / "case"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(["serve", *arguments, "--no-browser", "--lang", "en"])
    return code, capsys.readouterr().err


def test_a_folder_without_case_is_not_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("nicegui")
    code, text = told(capsys, str(tmp_path))
    assert code == 1
    assert "is no case, and holds none" in text


def test_an_agent_whom_no_mandate_designates_is_told_at_once(
    case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("nicegui")
    code, text = told(capsys, str(case), "--agent", "A9")
    assert code == 1
    assert "No mandate here designates A9" in text


def test_a_port_that_is_taken_is_told(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("nicegui")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, text = told(capsys, str(case), "--port", str(port))
    assert code == 1
    assert f"Port {port} of 127.0.0.1 cannot be had" in text
    assert "--port" in text


def test_without_the_extra_it_says_what_to_install(case: Path) -> None:
    script = (
        "import sys\n"
        "sys.modules['nicegui'] = None\n"
        "from faisceau.cli import run\n"
        f"sys.exit(run(['serve', {str(case)!r}, '--lang', 'en']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "The web workspace is not installed",
        "  → pip install 'faisceau[web]'",
    ]

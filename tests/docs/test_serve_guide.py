"""The guide to serving is followed: its program runs, its settings are settings."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("nicegui")

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force
from faisceau.web.settings import configured

from ..web.conftest import started, stopped

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "serve.md").read_text("utf-8")
TOML = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
[PROGRAM] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MESSAGES = """\
app,thread_id,sender_id,sent_at,text
Signal,t1,Zoé,2026-03-01T10:00:00Z,20 g de beuh demain
Signal,t1,Max,2026-03-01T10:01:00Z,ok demain devant le hall
"""


def test_its_program_runs(tmp_path: Path) -> None:
    Workspace.create(tmp_path / "case", in_force())
    (tmp_path / "messages.csv").write_text(MESSAGES)
    (tmp_path / "triage.py").write_text(PROGRAM)
    served = started(tmp_path / "case")
    try:
        command = [sys.executable, "triage.py", served.link, "messages.csv"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        stopped(served)
    assert done.returncode == 0, done.stderr
    assert "done {'message': {'rows': 2, 'rejected': 0}}" in done.stdout
    assert "2 messages answer" in done.stdout
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_its_settings_are_settings(tmp_path: Path) -> None:
    (tmp_path / "client-secret").write_text("x")
    assert len(TOML) == 2
    for text in TOML:
        (tmp_path / "serve.toml").write_text(text)
        assert configured(tmp_path / "serve.toml")["public"] == "https://faisceau.example"

"""The guide to links is followed as written: what it says is printed is what is printed."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.testing import in_force

from .following import HOW_TO, steps, write_files

pytest.importorskip("splink")

PAGE = (HOW_TO / "links.md").read_text("utf-8")
SERIES = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROLES = {"A1": ["investigator", "analyst", "lead"], "P1": ["authority"]}


def test_the_guide_is_followed_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAISCEAU_AGENT", "A1")
    monkeypatch.setenv("COLUMNS", "300")
    write_files(PAGE)
    [series] = SERIES.findall(PAGE)
    today = datetime.now(UTC).date()
    series = series.replace("2026-09-02", str(today))
    series = series.replace("2027-03-01", str(today + timedelta(days=365)))
    Path("mandate.toml").write_bytes(in_force(more=series, roles=ROLES))
    assert len(steps(PAGE)) == 9
    found = ""
    for command, lines in steps(PAGE):
        if "FINDING" in command:
            assert run(["findings", "case", "--format", "json"]) == 0
            found = json.loads(capsys.readouterr().out)[0]["finding_id"]
        code = run([found if word == "FINDING" else word for word in shlex.split(command)])
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        for line in lines:
            assert line in printed.out, (command, printed.out)

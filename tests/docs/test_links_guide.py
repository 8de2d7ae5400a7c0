"""The guide to links is followed as written: what it says is printed is what is printed."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.testing import mandate

pytest.importorskip("splink")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "links.md"
FILE = re.compile(r"^`([\w./-]+)`:\n\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERIES = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROLES = {"A1": ["investigator", "analyst", "lead"], "P1": ["authority"]}


def steps() -> list[tuple[str, list[str]]]:
    """Each command of the page, and the lines under it, which it prints among others."""
    found: list[tuple[str, list[str]]] = []
    for block in CONSOLE.findall(PAGE.read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ faisceau "):
                found.append((line.removeprefix("$ faisceau "), []))
            else:
                found[-1][1].append(line)
    return found


def in_force(series: str) -> bytes:
    """A mandate of today: the page is followed on the machine's own clock."""
    today, year = datetime.now(UTC).date(), timedelta(days=365)
    series = series.replace("2026-09-02", str(today)).replace("2027-03-01", str(today + year))
    return mandate(
        more=series,
        roles=ROLES,
        authorised_on=today,
        expires_on=today + year,
        until=today + 2 * year,
    )


def test_the_guide_is_followed_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAISCEAU_AGENT", "A1")
    monkeypatch.setenv("COLUMNS", "300")
    page = PAGE.read_text("utf-8")
    Path("procedures").mkdir()
    for name, content in FILE.findall(page):
        Path(name).write_text(content, "utf-8")
    [series] = SERIES.findall(page)
    Path("mandate.toml").write_bytes(in_force(series))
    assert len(steps()) == 9
    found = ""
    for command, lines in steps():
        if "FINDING" in command:
            assert run(["findings", "case", "--format", "json"]) == 0
            found = json.loads(capsys.readouterr().out)[0]["finding_id"]
        code = run([found if word == "FINDING" else word for word in shlex.split(command)])
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        for line in lines:
            assert line in printed.out, (command, printed.out)

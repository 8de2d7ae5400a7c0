"""The guide to profiles is followed as written: what it says is printed is what is printed."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.cli.commands import faisceau
from faisceau.cli.profiles import save
from faisceau.testing import mandate

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "save-a-profile.md"
FILE = re.compile(r"^`([\w.-]+)`:\n\n```csv\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


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


def in_force() -> bytes:
    """A mandate of today: the page is followed on the machine's own clock."""
    today, year = datetime.now(UTC).date(), timedelta(days=365)
    return mandate(
        data=["message"], authorised_on=today, expires_on=today + year, until=today + 2 * year
    )


def test_the_guide_is_followed_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in FILE.findall(PAGE.read_text("utf-8")):
        Path(name).write_text(content, "utf-8")
    Path("mandate.toml").write_bytes(in_force())
    assert run(["new", "case", "--mandate", "mandate.toml"]) == 0
    capsys.readouterr()
    assert len(steps()) == 11
    for command, lines in steps():
        code = run(shlex.split(command))
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        for line in lines:
            assert line in printed.out, (command, printed.out)


def test_every_option_of_saving_is_told() -> None:
    page = PAGE.read_text("utf-8")
    options = {name for option in save.params for name in option.opts if name.startswith("--")}
    everywhere = {name for option in faisceau.params for name in option.opts}
    assert sorted(name for name in options - everywhere if name not in page) == []

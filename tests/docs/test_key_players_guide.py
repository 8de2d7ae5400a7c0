"""The guide to key players is followed as written: what it says is printed is what is printed."""

import re
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faisceau.analyses.links.keyplayers import KeyplayersParams
from faisceau.cli import run
from faisceau.testing import mandate

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "key-players.md"
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
    matching = f'[authorisations.matching]\nreference = "PR/2026/0417-R"\ndate = {today}\n'
    return mandate(
        data=["call"],
        authorised_on=today,
        expires_on=today + year,
        until=today + 2 * year,
        more=matching,
    )


def test_the_guide_is_followed_as_written(
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, content in FILE.findall(PAGE.read_text("utf-8")):
        Path(name).write_text(content, "utf-8")
    shutil.copy(shared / "networks" / "morselli_caviar.csv", "morselli_caviar.csv")
    Path("mandate.toml").write_bytes(in_force())
    assert len(steps()) == 8
    for command, lines in steps():
        code = run(shlex.split(command))
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        places = [printed.out.find(line) for line in lines]
        assert min(places, default=0) >= 0, (command, printed.out)
        assert "json" in command or places == sorted(places), (command, printed.out)


def test_the_guide_names_every_way_to_ask() -> None:
    page = PAGE.read_text("utf-8")
    names = set(KeyplayersParams.model_fields) - {"most"}
    assert sorted(name for name in names if name not in page) == []

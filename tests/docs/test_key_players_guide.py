"""The guide to key players is followed as written: what it says is printed is what is printed."""

import shlex
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faisceau.analyses.links.keyplayers import KeyplayersParams
from faisceau.cli import run
from faisceau.testing import in_force

from .following import HOW_TO, steps, write_files

PAGE = (HOW_TO / "key-players.md").read_text("utf-8")


def test_the_guide_is_followed_as_written(
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    write_files(PAGE)
    shutil.copy(shared / "networks" / "morselli_caviar.csv", "morselli_caviar.csv")
    today = datetime.now(UTC).date()
    matching = f'[authorisations.matching]\nreference = "PR/2026/0417-R"\ndate = {today}\n'
    Path("mandate.toml").write_bytes(in_force(data=["call"], more=matching))
    assert len(steps(PAGE)) == 8
    for command, lines in steps(PAGE):
        code = run(shlex.split(command))
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        places = [printed.out.find(line) for line in lines]
        assert min(places, default=0) >= 0, (command, printed.out)
        assert "json" in command or places == sorted(places), (command, printed.out)


def test_the_guide_names_every_way_to_ask() -> None:
    names = set(KeyplayersParams.model_fields) - {"most"}
    assert sorted(name for name in names if name not in PAGE) == []

"""The guide to profiles is followed as written: what it says is printed is what is printed."""

import shlex
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.cli.commands import faisceau
from faisceau.cli.profiles import save
from faisceau.testing import in_force

from .following import HOW_TO, steps, write_files

PAGE = (HOW_TO / "save-a-profile.md").read_text("utf-8")


def test_the_guide_is_followed_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(PAGE)
    Path("mandate.toml").write_bytes(in_force(data=["message"]))
    assert run(["new", "case", "--mandate", "mandate.toml"]) == 0
    capsys.readouterr()
    assert len(steps(PAGE)) == 11
    for command, lines in steps(PAGE):
        code = run(shlex.split(command))
        printed = capsys.readouterr()
        assert code == 0, (command, printed.err)
        for line in lines:
            assert line in printed.out, (command, printed.out)


def test_every_option_of_saving_is_told() -> None:
    options = {name for option in save.params for name in option.opts if name.startswith("--")}
    everywhere = {name for option in faisceau.params for name in option.opts}
    assert sorted(name for name in options - everywhere if name not in PAGE) == []

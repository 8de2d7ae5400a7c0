"""``faisceau profiles`` as a person types it."""

import json
from pathlib import Path

import pytest

import faisceau.cli.profiles  # noqa: F401 - declares the command
from faisceau.cli import run
from faisceau.evidence.profiles import read_profile

SAVED = ["profiles", "save", "mon-dump", "--as", "message", "--map", "sent_at=Quand"]


def test_the_list_names_those_shipped_and_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SAVED, "--title", "Le dump"]) == 0
    assert run(["profiles"]) == 0
    printed = capsys.readouterr().out
    assert "encrochat" in printed
    assert "Le dump" in printed
    assert run(["profiles", "--format", "json"]) == 0
    found = {p["profile"]: p for p in json.loads(capsys.readouterr().out)}
    assert found["mon-dump"]["headers"] == {"sent_at": ["Quand"]}
    assert (found["mon-dump"]["shipped"], found["fadet-line"]["shipped"]) == (False, True)


def test_what_is_saved_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--map", "sent_at=Le", "--optional", "text=Quoi", "--value", "app=EncroChat"]
    assert run([*SAVED, *more, "--separator", ";", "--skip", "2", "--timezone", "UTC"]) == 0
    capsys.readouterr()
    assert run(["profiles", "show", "mon-dump"]) == 0
    file = tmp_path / "x.toml"
    file.write_text(capsys.readouterr().out)
    profile = read_profile(file)
    assert profile.columns == {"sent_at": ("Quand", "Le")}
    assert (profile.fixed, profile.skip, profile.separator) == ({"app": "EncroChat"}, 2, ";")
    assert run(["profiles", "show", "mon-dump", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["table"] == "message"


def test_what_cannot_be_saved(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SAVED) == 0
    assert run(SAVED) == 2
    assert "already" in capsys.readouterr().err
    assert run([*SAVED, "--over"]) == 0
    for wrong, said in (
        (["--map", "plate=x"], "message has no column plate"),
        (["--map", "text"], "--map wants NATIVE=THEIRS"),
        (["--timezone", "Lune"], "no time zone"),
        (["--as", "massage"], "no table massage"),
    ):
        assert run([*SAVED, "--over", *wrong]) == 2
        assert said in capsys.readouterr().err
    assert run(["profiles", "show", "rien"]) == 1
    assert "There is no profile rien" in capsys.readouterr().err

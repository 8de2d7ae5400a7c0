"""``faisceau demo``: from nothing to a report and a proof, and never over what is not a demo."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from faisceau.case.folder import find
from faisceau.cli import run
from faisceau.demo.people import PEOPLE
from faisceau.demo.script import conversations

FAISCEAU = Path(sys.executable).with_name("faisceau")
EVERYDAY = {
    "recipe", "football", "school", "sneakers", "pharmacy", "plumber", "landlord", "skitrip",
    "fooddelivery", "tickets", "garden", "hair", "garage", "mother", "job", "gaming", "vet",
    "bakery", "hiking", "bookclub", "weather", "guitar", "family", "delivery", "bank",
}  # fmt: skip


@dataclass
class Place:
    """A folder with its own keys, where the command is run."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        home = str(self.folder / "home")
        environment = {**os.environ, "FAISCEAU_HOME": home, "LANG": "C.UTF-8"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiled once, not at each command
        return subprocess.run(
            [str(FAISCEAU), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=environment,
            check=False,
        )

    def keys(self) -> list[str]:
        return [path.name for path in (self.folder / "home" / "keys").iterdir()]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place where ``faisceau demo`` was run once."""
    made = Place(tmp_path_factory.mktemp("demo"))
    done = made.run("demo", "--no-serve")
    assert done.returncode == 0, done.stderr
    (made.folder / "printed.txt").write_text(done.stdout, "utf-8")
    return made


def printed(place: Place) -> str:
    return (place.folder / "printed.txt").read_text("utf-8")


def test_it_tells_each_step_from_the_exhibits_to_what_to_type_next(place: Place) -> None:
    text = printed(place)
    for words in ("E1", "E5", "whatsapp_android", "whatsapp_export", "telegram_desktop"):
        assert words in text
    assert "message: 464 rows, 0 rejected" in text
    assert "CPP 15-5" in text  # an agent who is not designated was refused
    assert "are intact" in text
    assert "faisceau show demo/case" in text
    assert "faisceau mandate explain demo/case" in text


def test_reports_are_written_and_the_ledger_verifies(place: Place) -> None:
    assert (place.folder / "demo" / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert "<html" in (place.folder / "demo" / "report.html").read_text("utf-8")
    assert place.run("ledger", "verify", "demo/case").returncode == 0


def stories() -> dict[str, str]:
    """The story of each conversation, by the thread that the readers give it."""
    found = {}
    for name in ("whatsapp", "telegram", "handset"):
        for chat in conversations(name):
            person = PEOPLE.get(chat.who)
            if name == "whatsapp" and person is not None:
                found[person.jid] = chat.story
            elif name == "telegram" and person is not None:
                found[str(person.user)] = chat.story
            elif name == "handset":
                number = person.number if person else chat.who
                app = chat.kind.lower()
                thread = number if app == "sms" else f"{app}-{number.lstrip('+')}"
                found[thread] = chat.story
    return found


def test_the_strongest_findings_are_the_case_and_not_everyday_life(place: Place) -> None:
    done = place.run("findings", "demo/case", "--format", "json")
    findings = json.loads(done.stdout)
    told = stories()
    ranked = [told.get(f["subjects"][0]["value"], "team") for f in findings]
    assert len(ranked) >= 15
    assert not EVERYDAY & set(ranked[:10]), ranked


@pytest.mark.slow
def test_a_second_demo_replaces_the_first_and_its_keys_and_leaves_other_files(
    place: Place,
) -> None:
    mine = place.folder / "demo" / "my notes.txt"
    mine.write_text("mine", "utf-8")
    first = find(place.folder / "demo" / "case").case_id
    done = place.run("demo", "--format", "json", "--lang", "fr")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [one["exhibit"]["exhibit_id"] for one in told["exhibits"]] == [
        "E1", "E2", "E3", "E4", "E5"
    ]  # fmt: skip
    assert told["ledger"]["ok"] is True
    assert len(told["findings"]) == 10
    second = find(place.folder / "demo" / "case").case_id
    assert second != first
    assert place.keys() == [second]
    assert mine.read_text("utf-8") == "mine"
    mine.unlink()


@pytest.mark.parametrize("there", ["a file", "another folder", "another case"])
def test_what_is_not_a_demo_is_refused_and_not_touched(
    tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "demo"
    if there == "a file":
        into.write_text("mine", "utf-8")
    else:
        (into / "files").mkdir(parents=True)
        (into / "files" / "kept.txt").write_text("mine", "utf-8")
    if there == "another case":
        (into / "DEMO.txt").write_text("Made by: faisceau demo", "utf-8")
        mandates = into / "case" / "evidence" / "mandates"
        mandates.mkdir(parents=True)
        (mandates / "001.toml").write_text('reference = "PR/2026/0001"', "utf-8")
    before = sorted(tmp_path.rglob("*"))
    assert run(["demo", "--lang", "en", "--into", str(into)]) == 2
    assert "not a demo" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before

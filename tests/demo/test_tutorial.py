"""The tutorial is followed as it is written: its commands run, and print what it says."""

import re
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-case.md"
REFUSED = {"rows first payment": 3, "status first --agent A9": 3}
"""Commands that the page says are refused, and their exit codes; every other ends with 0."""


def blocks() -> list[str]:
    return re.findall(r"^```console\n(.*?)^```", TUTORIAL.read_text("utf-8"), re.M | re.S)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each command of the page, with the lines that the page says it prints."""
    for block in blocks():
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *printed = part.replace("\\\n", "").splitlines()
            yield command, printed


def assert_printed(said: list[str], text: str, command: str) -> None:
    """Everything between the ellipses stands in ``text``, in this order."""
    place = 0
    for fragment in (f for line in said for f in line.split("…") if f.strip()):
        found = text.find(fragment.strip(), place)
        assert found >= 0, f"{command} does not print {fragment!r} there:\n{text}"
        place = found + len(fragment.strip())


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAISCEAU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FAISCEAU_LANG", "en")
    monkeypatch.delenv("FAISCEAU_AGENT", raising=False)
    [script] = entry_points(group="console_scripts", name="faisceau")
    faisceau = script.load()

    def run(command: str) -> tuple[int, str]:
        """Exit code and all that is printed; the script is called as it is installed, without
        starting Python anew each time, which takes longer than most commands."""
        program, *arguments = shlex.split(command)
        if program == "ls":
            return 0, "\n".join(sorted(path.name for path in Path(arguments[0]).iterdir()))
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as ended:
            faisceau()
        printed = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, printed.out + printed.err

    finding = ""
    for command, said in commands():
        code, printed = run(command.replace(" ID", f" {finding}"))
        expected = REFUSED.get(command.removeprefix("faisceau "), 0)
        assert code == expected, f"{command}:\n{printed}"
        assert_printed(said, printed, command)
        if command.startswith("faisceau findings"):
            finding = printed.splitlines()[1].split()[0]  # first column, first row
    assert (tmp_path / "first.pdf").read_bytes().startswith(b"%PDF-")


def test_every_command_of_the_page_is_followed() -> None:
    told = [command for command, _ in commands()]
    for verb in ("demo", "new", "add", "status", "run", "findings", "show", "review", "report"):
        assert any(c.startswith(f"faisceau {verb} ") for c in told), verb
    assert set(REFUSED) <= {c.removeprefix("faisceau ") for c in told}

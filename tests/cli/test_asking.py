"""What the command line asks a person, at a real terminal (a pseudo-terminal)."""

import os
import pty
import re
import select
import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from faisceau.cli import asking, run
from faisceau.errors import BadInput, NotFound, UsageError
from faisceau.mandate.questions import QUESTIONS
from faisceau.mandate.vocabulary import REGIMES

FAISCEAU = Path(sys.executable).with_name("faisceau")
PATIENCE_S = 60
ANSWERS = {
    "regime": "judicial-preliminary",
    "reference": "PR/2026/0417",
    "authority": "Procureur de la République, tribunal judiciaire de Lille",
    "dates": "2020-01-01 2099-12-31",
    "purposes": "",
    "data": "message, call",
    "offence": "CP 222-37, 10",
    "agent": "A1; Camille Durand; OFAST",
}


class Terminal:
    """A command at a pseudo-terminal: wait for words, type a line."""

    def __init__(self, folder: Path, *arguments: str, **more: str) -> None:
        left = {"CI", "PYTHONDONTWRITEBYTECODE"}  # compiled once, not at each command
        kept = {name: value for name, value in os.environ.items() if name not in left}
        environment = {**kept, "FAISCEAU_HOME": str(folder / "home"), "LANG": "C.UTF-8", **more}
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            [str(FAISCEAU), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            close_fds=True,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""
        self._read_to = 0

    def wait_for(self, words: str) -> None:
        """Until ``words`` appear after what was already waited for."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.seen.find(words, self._read_to)) < 0:
            assert time.monotonic() < deadline, f"{words!r} never came after:\n{self.seen}"
            if not self._more(deadline):
                raise AssertionError(f"ended without {words!r}:\n{self.seen}")
        self._read_to = found + len(words)

    def type(self, line: str, *, after: str = "  >") -> None:
        """Wait for a prompt, then type a line and Enter."""
        self.wait_for(after)
        os.write(self._master, f"{line}\n".encode())

    def exit_code(self) -> int:
        deadline = time.monotonic() + PATIENCE_S
        while self._more(deadline):
            pass
        os.close(self._master)
        return self._process.wait(PATIENCE_S)

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        with suppress(OSError):  # the other end is closed
            if data := os.read(self._master, 65536):
                self.seen += data.decode("utf-8", "replace").replace("\r\n", "\n")
                return True
        return False


def answer_all(terminal: Terminal, answers: Mapping[str, str]) -> None:
    for answer in answers.values():
        terminal.type(answer)


def kept_mandate(case: Path) -> dict[str, Any]:
    return tomllib.loads((case / "evidence" / "mandates" / "001.toml").read_text("utf-8"))


# ---- the eight questions ----


def test_eight_answers_open_a_case_under_the_mandate_that_they_make(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "new", "case")
    answer_all(terminal, ANSWERS)
    terminal.type("2", after="Open the case under it?")  # the reference was not right
    terminal.type("PR/2026/9999")
    terminal.type("y", after="Open the case under it?")
    assert terminal.exit_code() == 0, terminal.seen
    mandate = kept_mandate(tmp_path / "case")
    assert mandate["reference"] == "PR/2026/9999"
    assert mandate["authority"] == ANSWERS["authority"]
    assert mandate["data"] == ["message", "call"]
    assert mandate["purposes"] == ["narcotics-trafficking"]
    assert mandate["agents"] == [
        {
            "id": "A1",
            "name": "Camille Durand",
            "service": "OFAST",
            "roles": ["investigator", "lead"],
        }
    ]
    for question in QUESTIONS:
        assert question.text in terminal.seen
        assert question.example in terminal.seen


def test_a_wrong_answer_is_told_and_its_question_asked_again(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "new", "case", "--regime", "customs")
    terminal.type("")
    terminal.wait_for("This question needs an answer")
    terminal.type("DR/2026/12")
    terminal.type("Directeur des douanes")
    terminal.type("1 March to 3 April")
    terminal.wait_for("These are not two dates")
    terminal.type("2099-12-31 2020-01-01")
    terminal.wait_for("is before the first")
    terminal.type("2020-01-01 2099-12-31")
    terminal.type("")
    terminal.type("messages")
    terminal.wait_for("messages is none of those known")
    terminal.type("1, 2")  # by their numbers
    terminal.type("")
    terminal.type(";no identifier")
    terminal.wait_for("The agent has no identifier")
    terminal.type("D7")
    terminal.type("y", after="Open the case under it?")
    assert terminal.exit_code() == 0, terminal.seen
    mandate = kept_mandate(tmp_path / "case")
    assert mandate["regime"] == "customs"
    assert mandate["data"] == ["message", "call"]
    assert QUESTIONS[0].text not in terminal.seen.partition("D7")[0]
    assert "1/7" in terminal.seen


def test_no_at_the_end_opens_nothing_and_says_what_else_to_do(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "new", "case")
    answer_all(terminal, ANSWERS)
    terminal.type("n", after="Open the case under it?")
    assert terminal.exit_code() == 2
    assert "faisceau mandate template judicial-preliminary" in terminal.seen
    assert not (tmp_path / "case").exists()


def test_the_end_of_input_leaves_without_a_trace(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "new", "case")
    terminal.type("judicial-preliminary")
    terminal.wait_for("2/8")
    terminal.type("\x04")  # the end of input, as control-D types it
    assert terminal.exit_code() == 130
    assert not (tmp_path / "case").exists()
    assert "Traceback" not in terminal.seen


def test_in_continuous_integration_nobody_is_asked(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "new", "case", CI="true")
    assert terminal.exit_code() == 2
    assert "--mandate FILE" in terminal.seen


def test_without_a_terminal_nobody_is_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = str(tmp_path / "case")
    assert run(["new", where, "--regime", "fiscal", "--lang", "en"]) == 2
    printed = capsys.readouterr()
    assert "faisceau mandate template fiscal" in printed.err
    assert not printed.out
    assert not (tmp_path / "case").exists()


def test_an_unknown_regime_lists_those_there_are() -> None:
    with pytest.raises(UsageError) as told:
        asking.ask_for_mandate("judicial")
    assert all(regime in told.value.hint for regime in REGIMES)


# ---- templates and files ----


def test_the_template_of_a_regime_is_printed_and_an_unknown_one_told() -> None:
    assert 'regime = "intelligence"' in asking.template("intelligence")
    with pytest.raises(UsageError, match="No regime is called police"):
        asking.template("police")


def test_a_file_is_read_and_what_is_none_is_told(tmp_path: Path) -> None:
    good, empty = tmp_path / "mandate.toml", tmp_path / "empty.toml"
    good.write_bytes(b"reference = 'x'")
    empty.touch()
    assert asking.read_file(good) == b"reference = 'x'"
    with pytest.raises(NotFound, match="There is no file"):
        asking.read_file(tmp_path / "absent.toml")
    with pytest.raises(BadInput, match="folder"):
        asking.read_file(tmp_path)
    with pytest.raises(BadInput, match="empty"):
        asking.read_file(empty)
    with pytest.raises(BadInput, match="cannot be read"):
        asking.read_file(good / "inside a file")


def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LARGEST", 1 << 20)
    with pytest.raises(BadInput, match="larger than 1 MiB"):
        asking.read_file(Path("/dev/zero"))


# ---- several readers ----


@pytest.mark.parametrize(
    ("typed", "chosen"),
    [("2\n", "b"), ("a\n", "a"), ("\n", None), ("9\nzebra\n1\n", "a")],
)
def test_a_person_chooses_among_readers_by_number_name_or_none(
    typed: str, chosen: str | None
) -> None:
    answers: list[str | None] = []
    command = click.Command("ask", callback=lambda: answers.append(choose()))

    def choose() -> str | None:
        return asking.choose_reader("export.json", ["a", "b"])

    result = CliRunner().invoke(command, input=typed)
    assert result.exit_code == 0
    assert answers == [chosen]
    assert result.stdout == ""  # asked on standard error
    assert re.search(r"1 +a\n", result.stderr)

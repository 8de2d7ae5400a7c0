"""The guides to messages are followed as written: what they say is printed is what is printed."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from faisceau.cli import run
from faisceau.testing import in_force

from .following import HOW_TO, steps, write_files

REVIEW = (HOW_TO / "review-conversations.md").read_text("utf-8")
LEXICON = (HOW_TO / "keep-a-lexicon.md").read_text("utf-8")
CLAUSES = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CNCTR = '[authorisations.cnctr]\nreference = "CNCTR/2026/12"\ndate = {day}\n'
ROLES = {"A1": ["investigator", "analyst", "lead"], "J1": ["authority"]}

Console = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAISCEAU_AGENT", "A1")
    monkeypatch.setenv("COLUMNS", "300")


def follow(page: str, console: Console, names: Mapping[str, str]) -> int:
    """Type each command; ``names``: the pattern of the threads that a word in it stands for."""
    typed = steps(page)
    for command, lines in typed:
        words = shlex.split(command)
        meant = [word for word in words if word in names]
        for finding in findings(words, names[meant[0]], console) if meant else [""]:
            code = run([finding if word in names else word for word in words])
            printed = console.readouterr()
            assert code == 0, (command, printed.err)
            for line in lines:
                assert line in printed.out + printed.err, (command, printed.out, printed.err)
    return len(typed)


def findings(words: Sequence[str], pattern: str, console: Console) -> list[str]:
    """The findings of the case on threads that match, the strongest first."""
    case = next(word for word in words if Path(word).is_dir())
    assert run(["findings", case, "--format", "json"]) == 0
    told: list[dict[str, Any]] = json.loads(console.readouterr().out)
    return [
        f["finding_id"]
        for f in told
        if f["subjects"][0]["type"] == "thread" and re.fullmatch(pattern, f["subjects"][0]["value"])
    ]


def test_conversations_are_reviewed_as_the_guide_says(capsys: Console) -> None:
    write_files(REVIEW)
    [protected] = CLAUSES.findall(REVIEW)
    Path("mandate.toml").write_bytes(in_force(more=protected, roles=ROLES))
    more = CNCTR.format(day=datetime.now(UTC).date())
    Path("service.toml").write_bytes(in_force(regime="intelligence", more=more, roles=ROLES))
    assert follow(REVIEW, capsys, {"FINDING": "T1"}) == 24
    assert run(["ledger", "verify", "case"]) == 0


def test_a_lexicon_is_kept_up_to_date_as_the_guide_says(capsys: Console) -> None:
    write_files(LEXICON)
    [cnctr] = CLAUSES.findall(LEXICON)
    cnctr = cnctr.replace("2026-09-02", str(datetime.now(UTC).date()))
    Path("mandate.toml").write_bytes(in_force(regime="intelligence", more=cnctr))
    assert follow(LEXICON, capsys, {"SELLS": "T0[1-6]", "OTHERS": "T0[7-9]|T1."}) == 10

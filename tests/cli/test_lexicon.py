"""``faisceau lexicon`` as a person types it."""

import json
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.testing import Desk, mandate

LEXICON = """\
version: 1
sources: {usage: "Usage"}
entries:
- concept: resin
  kinds: [product]
  meaning: {fr: résine, en: resin}
  terms: teuch
  source: usage
  date: 2026-11-24
traits: []
scenes: []
contexts: []
"""
TALK = "thread_id,sent_at,text\nT1,2026-09-01T10:00:00Z,de la teuch\n"
CNCTR = '[authorisations.cnctr]\nreference = "CNCTR/2026/12"\ndate = 2026-09-02\n'


def test_what_is_tested_and_suggested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path / "desk", mandate(regime="intelligence", more=CNCTR))
    monkeypatch.setattr("faisceau.case.workspace.utc_now", desk.clock)
    desk.add("talk.csv", TALK)
    (tmp_path / "l.yaml").write_text(LEXICON)
    case = [str(desk.case), "--lexicon", str(tmp_path / "l.yaml")]
    assert run(["lexicon", "test", *case, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["forms"] == []
    assert run(["lexicon", "suggest", *case]) == 0
    assert "No word stands out" in capsys.readouterr().err
    accept = ["lexicon", "accept", *case, "teuch", "--kind", "product", "--why", "w", "-o"]
    assert run([*accept, str(tmp_path / "n.yaml")]) == 2
    assert not (tmp_path / "n.yaml").exists()
    assert run([*accept, str(tmp_path)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert run(["lexicon", "suggest", "--help"]) == 0
    assert "a case under a judicial mandate may not run it" in " ".join(
        capsys.readouterr().out.split()
    )

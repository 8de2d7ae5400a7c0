"""A case from mandate to report, typed as an investigator types it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faisceau.testing import mandate

Run = Callable[..., "subprocess.CompletedProcess[str]"]

CHAT = """\
thread_id,sender_id,sent_at,text
33639980002,33639980001,2026-09-10T20:00:00Z,wsh t dispo ?
33639980002,33639980002,2026-09-10T20:01:00Z,oui frr tu veux quoi
33639980002,33639980001,2026-09-10T20:01:30Z,10g de beuh c combien
33639980002,33639980002,2026-09-10T20:02:00Z,80 balles le 10g de la bonne
33639980002,33639980001,2026-09-10T20:03:00Z,ok je passe au hall dans 20 min
33639980003,33639980001,2026-09-11T10:00:00Z,tu prends du pain ce soir ?
33639980003,33639980003,2026-09-11T10:01:00Z,oui et des herbes pour la salade
"""


@pytest.fixture
def typed(tmp_path: Path) -> Run:
    env = {**os.environ, "FAISCEAU_HOME": str(tmp_path / "home"), "CI": "true"}
    faisceau = str(Path(sys.executable).parent / "faisceau")

    def run(*words: str, code: int = 0, lang: str = "en") -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [faisceau, "--lang", lang, *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    (tmp_path / "mandate.toml").write_bytes(mandate(data=["message", "call"]))
    (tmp_path / "chat.csv").write_text(CHAT)
    run("new", "case", "--mandate", "mandate.toml")
    return run


def of(done: "subprocess.CompletedProcess[str]") -> Any:
    return json.loads(done.stdout)


def test_from_a_mandate_to_a_report_that_verifies(typed: Run, tmp_path: Path) -> None:
    [added] = of(typed("add", "case", "chat.csv", "--format", "json"))
    assert added["exhibit"]["tables"] == {"message": {"rows": 7, "rejected": 0}}

    status = of(typed("status", "case", "--format", "json"))
    [exhibit] = status["exhibits"]
    assert (exhibit["exhibit_id"], exhibit["label"], exhibit["size"]) == (
        "E1",
        "chat.csv",
        len(CHAT.encode()),
    )

    ran = of(typed("--format", "json", "run", "case"))
    every = [f"messages.{name}" for name in ("digest", "languages", "templates", "triage")]
    assert [r["analysis"] for r in ran["ran"]] == every

    findings = of(typed("findings", "case", "--format", "json"))
    first = findings[0]
    assert first["subjects"][0]["value"] == "33639980002"
    assert [f["subjects"][0]["value"] for f in findings if f["score"] >= 0.5] == ["33639980002"]
    cited = {e["source"] for reason in first["reasons"] for e in reason["evidence"]}
    assert "chat.csv#line 5" in cited
    assert set(first) == {
        "finding_id",
        "analysis",
        "version",
        "kind",
        "title",
        "score",
        "status",
        "subjects",
        "reasons",
        "params",
        "limits",
        "created_at",
    }

    shown = typed("show", "case", first["finding_id"][:6]).stdout
    assert "80 balles le 10g" in shown
    typed("review", "case", first["finding_id"], "confirmed", "--note", "lu")
    assert of(typed("findings", "case", "--format", "json"))[0]["status"] == "confirmed"

    typed("report", "case", "-o", "a.html", "--recipient", "TJ Lille", lang="fr")
    typed("report", "case", "-o", "b.html", "--recipient", "TJ Lille", lang="fr")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    page = re.sub(r"</?mark[^>]*>", "", (tmp_path / "a.html").read_text())
    assert "80 balles le 10g" in page

    assert of(typed("ledger", "verify", "case", "--format", "json"))["ok"] is True
    entries = of(typed("ledger", "show", "case", "--format", "json"))
    assert {e["operation"] for e in entries} >= {
        "collection",
        "consultation",
        "review",
        "disclosure",
    }
    proof = tmp_path / "proof.json"
    proof.write_text(typed("ledger", "prove", "case").stdout)
    typed("ledger", "check", "proof.json")


def test_rows_stream_as_json_lines(typed: Run) -> None:
    typed("add", "case", "chat.csv")
    lines = typed("rows", "case", "message", "--format", "jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [r["sent_at"] for r in rows[:2]] == ["2026-09-10T20:00:00Z", "2026-09-10T20:01:00Z"]
    some = of(typed("rows", "case", "message", "--where", "text LIKE '%pain%'", "--format", "json"))
    assert [r["source"] for r in some] == ["chat.csv#line 7"]
    assert "cannot be" in typed("rows", "case", "message", "--where", "1; DROP", code=2).stderr
    reach = "text IN (SELECT content FROM read_text('/etc/hostname'))"
    assert typed("rows", "case", "message", "--where", reach, code=1).stdout == ""


def test_what_is_asked_wrongly_exits_2_and_says_what_there_is(typed: Run) -> None:
    assert "messages.triage" in typed("run", "case", "messages.triaje", code=2).stderr
    assert "There are" in typed("rows", "case", "mesage", code=2).stderr
    assert "faisceau findings" in typed("findings", "case", "--top", "no", code=2).stderr
    typed("frobnicate", code=2)


def test_every_command_explains_itself_in_both_languages(typed: Run) -> None:
    english, french = (typed("--help", lang=lang).stdout for lang in ("en", "fr"))
    assert "Write the report" in english
    assert "rapport" in french
    for command in ("new", "add", "run", "rows", "findings", "show", "review", "report"):
        assert "Usage:" in typed(command, "--help").stdout


def test_the_mandate_explains_itself(typed: Run) -> None:
    acts = of(typed("mandate", "explain", "case", "--format", "json"))["acts"]
    allowed = {(a["act"], tuple(a["tables"])) for a in acts if a["allowed"]}
    assert ("add", ("message",)) in allowed
    [plates] = [a for a in acts if a["act"] == "add" and a["tables"] == ["plate_read"]]
    assert not plates["allowed"]
    assert "LIL" in plates["rules"][0]["source"]
    assert plates["unlocked_by"]

"""What the mandate does not allow: exit 3, the legal source said, the refusal in the ledger.

And what is no refusal: bad usage exits 2, errors exit 1, both without a traceback.
"""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from faisceau.case.workspace import Workspace
from faisceau.errors import Refused
from faisceau.ledger.entry import Entry
from faisceau.testing import Desk

from .conftest import TODAY, Answer, Shell, install, mandate_today

MESSAGES = """\
thread_id,sender_id,sent_at,text
T1,+33639980001,2026-09-10T10:00:00Z,garde le sac chez toi
T1,+33639980002,2026-09-10T10:01:00Z,ok
"""
CALLS = """\
caller,callee,started_at
+33639980001,+33639980002,2026-09-10T10:00:00Z
"""

PLUG_INS = '''
from faisceau.analyses import Params, analysis
from faisceau.findings.model import Kind
from faisceau.tables.schemas import MESSAGE


class Nothing(Params):
    """Takes no parameter."""


@analysis(reads=[MESSAGE["text"]], kind=Kind.AI, version=1)
def oracle(message, params: Nothing, engine):
    """Ranks conversations by a learnt model."""
    raise AssertionError("never reached")


@analysis(reads=[MESSAGE["text"]], kind=Kind.QUERY, version=1)
def plain(message, params: Nothing, engine):
    """Finds nothing."""
    return iter(())


@analysis(reads=[MESSAGE["attachment_sha256"]], kind="biometric", version=1)
def faces(message, params: Nothing, engine):
    """Recognises faces in the pictures sent."""
    raise AssertionError("never reached")
'''


@pytest.fixture
def plug_ins(tmp_path: Path) -> str:
    """A third party's package with its entry points: its folder, for PYTHONPATH."""
    return install(tmp_path / "site", "thirdparty", PLUG_INS, "oracle", "plain", "faces")


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "messages.csv"
    path.write_text(MESSAGES)
    return path


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_text(CALLS)
    return path


def new_case(folder: Path, **mandate: object) -> Path:
    Workspace.create(folder, mandate_today(**mandate))
    return folder


def last_entries(case: Path, n: int = 1) -> list[Entry]:
    """The last entries, read from the folder itself: reading them adds none."""
    lines = (case / "ledger" / "entries.jsonl").read_bytes().splitlines()
    return [Entry(**json.loads(line)) for line in lines[-n:]]


def assert_refused(answer: Answer, case: Path, *, act: str, source: str, agent: str = "A1") -> None:
    assert answer.code == 3
    assert source in answer.one_line()
    refusal = next(e for e in reversed(last_entries(case, 2)) if e.phase == "only")
    assert (refusal.operation, refusal.act, refusal.agent) == ("refusal", act, agent)
    assert source in str(refusal.data["sources"])


# ---- kinds ----


def test_ai_in_a_judicial_regime_is_refused(
    shell: Shell, case: Path, messages: Path, plug_ins: str
) -> None:
    shell("add", case, messages)
    answer = shell("run", case, "thirdparty.oracle", PYTHONPATH=plug_ins)
    source = "Senate report 2024, part D"
    assert_refused(answer, case, act="run thirdparty.oracle", source=source)
    assert shell("findings", case, "--format", "json").json == []


def test_what_is_refused_does_not_stop_what_is_allowed(
    shell: Shell, case: Path, messages: Path, plug_ins: str
) -> None:
    shell("add", case, messages)
    named = ("thirdparty.oracle", "thirdparty.plain")
    answer = shell("run", case, *named, "--format", "json", PYTHONPATH=plug_ins)
    assert answer.code == 3, "a named analysis was refused"
    assert [ran["analysis"] for ran in answer.json["ran"]] == ["thirdparty.plain"]
    assert [(n["analysis"], n["refused"]) for n in answer.json["not_run"]] == [
        ("thirdparty.oracle", True)
    ]
    unnamed = shell("run", case, "--format", "json", PYTHONPATH=plug_ins)
    assert unnamed.code == 0, "nobody asked for the refused one"
    assert "thirdparty.plain" in [ran["analysis"] for ran in unnamed.json["ran"]]
    refused = {n["analysis"]: n["why"] for n in unnamed.json["not_run"] if n["refused"]}
    assert "Senate report 2024, part D" in refused["thirdparty.oracle"]


def test_a_biometric_kind_is_not_even_registered(
    shell: Shell, case: Path, messages: Path, plug_ins: str
) -> None:
    shell("add", case, messages)
    answer = shell("run", case, "thirdparty.faces", PYTHONPATH=plug_ins)
    assert answer.code == 2
    assert "thirdparty.faces" in answer.one_line()
    listed = shell("analyses", "--format", "json", PYTHONPATH=plug_ins).json
    [failed] = listed["failed"]
    assert failed["name"] == "faces"
    assert "AI Act art. 5" in failed["why"]
    assert "thirdparty.faces" not in [a["analysis"] for a in listed["analyses"]]


# ---- persons and dates ----


@pytest.mark.parametrize("command", ["add", "run", "rows", "status", "findings", "report"])
def test_an_undesignated_agent_does_nothing(
    shell: Shell, case: Path, messages: Path, tmp_path: Path, command: str
) -> None:
    shell("add", case, messages)
    rest: dict[str, list[object]] = {
        "add": [tmp_path / "messages.csv"],
        "rows": ["message"],
        "report": ["-o", tmp_path / "report.html"],
        "run": ["messages.triage"],
    }
    answer = shell(command, case, *rest.get(command, []), "--agent", "X")
    act = "run messages.triage" if command == "run" else command
    assert_refused(answer, case, act=act, source="CPP 15-5", agent="X")


def test_an_agent_past_the_habilitation_does_nothing(
    shell: Shell, tmp_path: Path, messages: Path
) -> None:
    text = mandate_today(roles={"A1": ["investigator"], "A2": ["investigator"]}).decode()
    head, _, tail = text.rpartition("until = ")
    past = f"{head}until = {TODAY - timedelta(days=1)}{tail[10:]}"
    case = tmp_path / "case"
    Workspace.create(case, past.encode(), agent="A1")
    answer = shell("add", case, messages, "--agent", "A2")
    assert_refused(answer, case, act="add", source="CPP 15-5", agent="A2")
    assert shell("add", case, messages, "--agent", "A1").code == 0


def test_after_the_mandate_nothing_is_added_or_run(
    shell: Shell, case: Path, messages: Path, tmp_path: Path
) -> None:
    shell("add", case, messages)
    ended = tmp_path / "ended.toml"
    ended.write_bytes(mandate_today(expires_on=TODAY - timedelta(days=1)))
    assert shell("mandate", "replace", case, ended).code == 0
    more = tmp_path / "more.csv"
    more.write_text(MESSAGES.replace("T1", "T2"))
    assert_refused(shell("add", case, more), case, act="add", source="CPP 230-22")
    answer = shell("run", case, "messages.triage")
    assert_refused(answer, case, act="run messages.triage", source="CPP 230-22")
    assert shell("status", case, "--format", "json").code == 0
    assert shell("report", case, "-o", tmp_path / "report.html").code == 0
    assert shell("ledger", "verify", case).code == 0
    assert shell("mandate", "explain", case).code == 0
    assert shell("mandate", "replace", case, _in_force(tmp_path)).code == 0
    assert shell("add", case, more).code == 0


def _in_force(folder: Path) -> Path:
    path = folder / "in-force.toml"
    path.write_bytes(mandate_today())
    return path


def test_time_alone_ends_a_mandate(desk: Desk) -> None:
    desk.add("messages.csv", MESSAGES)
    desk.clock.forward(days=400)
    with pytest.raises(Refused, match=r"CPP 230-22|CPP 15-5"):
        desk.add("more.csv", MESSAGES.replace("T1", "T2"))
    assert desk.ledger[-1].operation == "refusal"
    assert desk.verify().ok


def test_no_case_opens_under_an_ended_mandate(shell: Shell, tmp_path: Path) -> None:
    ended = tmp_path / "ended.toml"
    ended.write_bytes(mandate_today(expires_on=TODAY - timedelta(days=1)))
    answer = shell("new", tmp_path / "case", "--mandate", ended)
    assert answer.code == 3
    assert "CPP 230-22" in answer.one_line()
    assert not (tmp_path / "case").exists()


# ---- data ----


def test_a_table_outside_the_mandate_is_neither_added_nor_read(
    shell: Shell, tmp_path: Path, messages: Path, calls: Path
) -> None:
    case = new_case(tmp_path / "case", data=["message"])
    answer = shell("add", case, calls, "--as", "call")
    assert_refused(answer, case, act="add", source="LIL art. 4")
    answer = shell("add", case, calls)
    assert_refused(answer, case, act="add", source="LIL art. 4")
    assert shell("status", case, "--format", "json").json["exhibits"] == []
    answer = shell("rows", case, "call")
    assert_refused(answer, case, act="rows", source="LIL art. 4")
    assert shell("add", case, messages).code == 0
    left = [p for p in (case / "evidence").rglob("*") if p.is_file()]
    assert len(left) == 2, f"the mandate and one exhibit, nothing of the refused: {left}"
    assert shell("ledger", "verify", case).code == 0


def test_each_path_stands_alone_when_one_is_refused(
    shell: Shell, tmp_path: Path, messages: Path, calls: Path
) -> None:
    case = new_case(tmp_path / "case", data=["message"])
    answer = shell("add", case, calls, messages, "--format", "json")
    assert answer.code == 3
    refused, added = answer.json
    assert "LIL art. 4" in refused["error"]
    assert (refused["exhibit"], added["exhibit"]["exhibit_id"]) == (None, "E1")
    assert added["exhibit"]["tables"]["message"]["rows"] == 2
    verdict = shell("ledger", "verify", case, "--format", "json")
    assert (verdict.code, verdict.json["open_operations"]) == (0, [])


def test_a_seal_is_lifted_by_the_authority_alone(
    shell: Shell, tmp_path: Path, messages: Path
) -> None:
    sealed = '[[protected]]\nname = "Me X"\nquality = "lawyer"\nidentifiers = ["+33639980002"]\n'
    case = new_case(tmp_path / "case", more=sealed)
    assert shell("add", case, messages).code == 0
    [seal] = shell("seal", "list", case, "--format", "json").json
    assert (seal["seal_id"], seal["quality"]) == ("S1", "lawyer")
    answer = shell("seal", "lift", case, "S1", "--act", "ordonnance")
    assert answer.code == 3
    [refusal] = last_entries(case)
    assert (refusal.operation, refusal.act) == ("refusal", "lift_seal")


# ---- what is no refusal ----


@pytest.mark.parametrize(
    "args",
    [
        ["frobnicate"],
        ["add"],
        ["add", "{case}"],
        ["add", "{case}", "{file}", "--as", "nonsense"],
        ["add", "{case}", "{file}", "--timezone", "Mars/Olympus"],
        ["add", "{case}", "{file}", "--map", "sent_at"],
        ["rows", "{case}", "nonsense"],
        ["rows", "{case}", "message", "--where", "sent_at >"],
        ["rows", "{case}", "message", "--limit", "many"],
        ["run", "{case}", "messages.nonsense"],
        ["run", "{case}", "messages.triage", "--set", "nonsense=1"],
        ["run", "{case}", "messages.triage", "--set", "nonsense"],
        ["review", "{case}", "abc", "perhaps"],
        ["report", "{case}", "-o", "{file}"],
        ["status", "{case}", "--format", "yaml"],
    ],
    ids=" ".join,
)
def test_bad_usage_exits_2(shell: Shell, case: Path, messages: Path, args: list[str]) -> None:
    for lang in ("en", "fr"):
        answer = shell("--lang", lang, *[a.format(case=case, file=messages) for a in args])
        assert answer.code == 2, answer.err
        answer.one_line()
        assert answer.out == ""


@pytest.mark.parametrize(
    "args",
    [
        ["status", "{folder}/no case"],
        ["status", "{folder}"],
        ["new", "{case}", "--mandate", "{mandate}"],
        ["new", "{folder}/x", "--mandate", "{file}"],
        ["new", "{folder}/x", "--mandate", "{folder}/absent.toml"],
        ["add", "{case}", "{folder}/absent.csv"],
        ["add", "{case}", "{file}", "--reader", "nonsense"],
        ["show", "{case}", "0123"],
        ["review", "{case}", "0123", "confirmed"],
        ["report", "{case}", "-o", "{folder}/absent/report.html"],
        ["mandate", "replace", "{case}", "{file}"],
        ["withdraw", "{case}", "E9", "--decision", "x"],
        ["ledger", "check", "{file}"],
    ],
    ids=" ".join,
)
def test_errors_exit_1_on_one_line(
    shell: Shell, case: Path, messages: Path, tmp_path: Path, args: list[str]
) -> None:
    facts = {"case": case, "file": messages, "folder": tmp_path, "mandate": _in_force(tmp_path)}
    for lang in ("en", "fr"):
        answer = shell("--lang", lang, *[a.format(**facts) for a in args])
        assert answer.code == 1, answer.err
        answer.one_line()


def test_the_installed_command_answers_alike(case: Path, messages: Path) -> None:
    command = Path(sys.executable).with_name("faisceau")
    run = subprocess.run(
        [command, "add", case, messages, "--agent", "X"],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    assert run.returncode == 3
    assert "CPP 15-5" in run.stderr
    assert "Traceback" not in run.stderr
    assert last_entries(case)[0].operation == "refusal"

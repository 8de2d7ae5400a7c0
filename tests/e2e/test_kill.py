"""Kill -9 of ``add`` and ``run`` at random moments: the case is as before the act or as after it.

See ``docs/decisions/0005-durability.md`` for what is promised and how it is kept.
"""

import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from faisceau.case.workspace import Workspace

from .conftest import Running, Shell, install, mandate_today

LINES = 60_000
ANALYSIS = "killed.conversations"
PLUG_IN = """
from faisceau.analyses import Params, analysis
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import MESSAGE


class Salt(Params):
    salt: int = 0
    \"""Another one makes other findings.\"""


@analysis(reads=[MESSAGE["thread_id", "text"]], kind=Kind.QUERY, version=1)
def conversations(message, params: Salt, engine):
    \"""One finding a conversation.\"""
    threads = message.group_by("thread_id").agg(rows=message.row_id.collect())
    for row in engine.rows(threads):
        reason = Reason("there", "is there", {}, 1.0, {MESSAGE: row["rows"][:9]})
        yield Lead("A conversation", [Subject("thread", row["thread_id"])], 0.5, [reason])
"""


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Enough that a kill falls into every part of the work: one long file, and small ones."""
    return make_material(tmp_path_factory.mktemp("material"), LINES)


def make_material(folder: Path, lines: int) -> list[Path]:
    """A dozen small files with a long one between them."""
    words = ["ok", "demain 18h", "passe au four", "j'ai 2 tickets à 30", "la coke est là", "lol"]
    chance = random.Random(5)
    big = folder / "big.jsonl"
    with big.open("w", encoding="utf-8") as stream:
        for n in range(lines):
            line = {
                "thread_id": f"T{n % 997}",
                "sender_id": f"+3363998{chance.randrange(10_000):04}",
                "sent_at": f"2026-09-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00Z",
                "text": " ".join(chance.choices(words, k=6)),
            }
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    small = []
    for n in range(12):
        path = folder / f"small-{n}.csv"
        path.write_text(
            "thread_id,sender_id,sent_at,text\n"
            + f"S{n},+33639980001,2026-09-10T10:00:00Z,la coke est au four {n}\n" * 50
        )
        small.append(path)
    return [*small[:6], big, *small[6:]]


def assert_whole(case: Path, shell: Shell) -> dict[str, Any]:
    """Nothing is half there: what the catalog lists is complete, and the ledger verifies."""
    verdict = shell("ledger", "verify", case, "--format", "json")
    assert verdict.code == 0, verdict.out
    status = shell("status", case, "--format", "json")
    assert status.code == 0, status.err
    claimed: Counter[tuple[str, str]] = Counter()
    for exhibit in status.json["exhibits"]:
        for table, count in exhibit["tables"].items():
            claimed[exhibit["exhibit_id"], table] = count["rows"]
    assert claimed == stored(case)
    return dict(status.json)


def stored(case: Path) -> Counter[tuple[str, str]]:
    """Rows by exhibit and table in the segments that the catalog lists."""
    with closing(sqlite3.connect(f"file:{case}/catalog.sqlite?mode=ro", uri=True)) as db:
        listed = db.execute('SELECT path, "table", rows FROM segment').fetchall()
    found: Counter[tuple[str, str]] = Counter()
    for path, table, rows in listed:
        column = pq.read_table(case / path, columns=["exhibit_id"]).column(0)
        assert len(column) == rows, path
        if table not in ("mention", "reject"):
            for pair in column.value_counts().to_pylist():
                found[pair["values"], table] += pair["counts"]
    return found


def assert_tidy(case: Path) -> None:
    """No file that the catalog does not list: nothing is left of what was killed."""
    with closing(sqlite3.connect(f"file:{case}/catalog.sqlite?mode=ro", uri=True)) as db:
        segments = {path for (path,) in db.execute("SELECT path FROM segment")}
        mandates = {path for (path,) in db.execute("SELECT path FROM mandate")}
        own = "exhibit_object o JOIN exhibit USING (number) WHERE status = 'kept'"
        kept = f"SELECT o.sha256 FROM {own}"
        hashes = {sha for (sha,) in db.execute(kept)}
        assert db.execute("SELECT count(*) FROM act").fetchone() == (0,)
    objects = {f"evidence/{sha[:2]}/{sha}" for sha in hashes}
    there = {
        path.relative_to(case).as_posix()
        for room in ("evidence", "tables")
        for path in (case / room).rglob("*")
        if path.is_file()
    }
    assert there == segments | mandates | objects
    assert not list((case / "evidence").glob(".part-*"))
    assert not list((case / "index").glob("scratch/.part-*"))
    assert not list((case / "index" / "acts").iterdir())


def kill_after(running: Running, seconds: float) -> bool:
    """Kill a command after a while; whether it was still at work."""
    time.sleep(seconds)
    running.kill()
    return running.wait().code == -9


def open_operations(case: Path, shell: Shell) -> list[dict[str, Any]]:
    return list(shell("ledger", "verify", case, "--format", "json").json["open_operations"])


def kill_adding(shell: Shell, tmp_path: Path, material: list[Path], times: int, seed: int) -> None:
    chance = random.Random(seed)
    case = tmp_path / "case-0"
    Workspace.create(case, mandate_today())
    began = time.monotonic()
    assert shell("add", case, *material, timeout=120).code == 0
    lasts = time.monotonic() - began
    killed = 0
    for n in range(1, times + 1):
        case = tmp_path / f"case-{n}"
        Workspace.create(case, mandate_today())
        waits = chance.uniform(0.05, lasts)
        if kill_after(shell.start("add", case, *material), waits):
            killed += 1
        else:
            lasts = waits  # the first was slower than those that follow
        exhibits = assert_whole(case, shell)["exhibits"]
        assert len(exhibits) in (0, len(material))
        cut = open_operations(case, shell)

        after = shell("add", case, material[0], "--format", "json")
        assert after.code == 0, after.err
        assert after.json[0]["already"] == bool(exhibits)
        assert open_operations(case, shell) == [], "the interrupted act was closed"
        if cut:
            entries = shell("ledger", "show", case, "--format", "json").json
            [end] = [e for e in entries if e["of"] == cut[0]["number"]]
            assert end["data"]["recovered"] is True
            assert end["outcome"] == ("done" if exhibits else "failed")
        assert_whole(case, shell)
        assert_tidy(case)
    assert killed > times / 3, "kills fell into the work"


def kill_running(shell: Shell, case: Path, material: list[Path], times: int, seed: int) -> None:
    chance = random.Random(seed)
    plug_in = install(case.parent / "site", "killed", PLUG_IN, "conversations")
    assert shell("add", case, *material, timeout=120).code == 0
    began = time.monotonic()
    assert shell("run", case, ANALYSIS, PYTHONPATH=plug_in).code == 0
    lasts = time.monotonic() - began
    each = len(findings(case, shell))
    assert each > 900
    killed = 0  # while at work
    for n in range(1, times + 1):
        # Another salt is another question: what an earlier run found, this one does not keep.
        salt = f"salt={n}"
        running = shell.start("run", case, ANALYSIS, "--set", salt, PYTHONPATH=plug_in)
        waits = chance.uniform(0.05, lasts)
        if kill_after(running, waits):
            killed += 1
        else:
            lasts = waits  # the first was slower than those that follow
        assert_whole(case, shell)
        salts = Counter(f["params"]["salt"] for f in findings(case, shell))
        assert set(salts.values()) == {each}, "all of a run, or nothing"
        assert shell("add", case, material[0]).code == 0  # a writer: it settles what was cut
        assert open_operations(case, shell) == []
        assert_tidy(case)
    assert killed > times / 3, "kills fell into the work"


def findings(case: Path, shell: Shell) -> list[dict[str, Any]]:
    return list(shell("findings", case, "--format", "json").json)


def test_a_killed_add_leaves_the_case_as_before_or_as_after(
    shell: Shell, tmp_path: Path, material: list[Path]
) -> None:
    kill_adding(shell, tmp_path, material, times=5, seed=1)


def test_a_killed_run_leaves_all_its_findings_or_none(
    shell: Shell, case: Path, material: list[Path]
) -> None:
    kill_running(shell, case, material, times=5, seed=2)


def test_a_killed_new_leaves_a_case_or_none(shell: Shell, tmp_path: Path) -> None:
    text = tmp_path / "mandate.toml"
    text.write_bytes(mandate_today())
    chance = random.Random(6)
    for n in range(8):
        folder = tmp_path / f"case-{n}"
        kill_after(shell.start("new", folder, "--mandate", text), chance.uniform(0.02, 0.3))
        answer = shell("status", folder, "--format", "json")
        if answer.code == 0:
            assert shell("ledger", "verify", folder).code == 0
        else:
            assert (answer.code, json.loads(answer.one_line())["error"]) == (1, "CaseError")


OLD = "thread_id,sender_id,sent_at,text\nT1,+33639980001,2026-09-10T10:00:00Z,old\n"
ACTS = {
    "add": ["add", "{case}", "{files}/new.csv", "{files}/folder"],
    "again": ["add", "{case}", "{files}/old.csv", "{files}/new.csv", "--again"],
    "withdraw": ["withdraw", "{case}", "E1", "--decision", "X"],
    "replace": ["mandate", "replace", "{case}", "{files}/mandate.toml"],
    "run": ["run", "{case}", ANALYSIS],
    "rows": ["rows", "{case}", "message"],
}


def kill_at_steps(shell: Shell, tmp_path: Path, act: str, stride: int) -> int:
    """Kill an act before each of its steps on disk in turn; how many steps it has."""
    files = tmp_path / "files"
    (files / "folder").mkdir(parents=True)
    (files / "mandate.toml").write_bytes(mandate_today(reference="PR/2026/0418"))
    for path, text in (("old.csv", "old"), ("new.csv", "new"), ("folder/a.csv", "a")):
        (files / path).write_text(OLD.replace("old", text))
    (files / "folder" / "unknown.txt").write_text("unknown")
    plug_in = install(tmp_path / "site", "killed", PLUG_IN, "conversations")
    first, home = tmp_path / "first", tmp_path / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAISCEAU_HOME", str(home))
        Workspace.create(first, mandate_today())
        assert shell("add", first, files / "old.csv").code == 0

        for step in range(0, 1000, stride):
            case, keys = tmp_path / f"case-{step}", tmp_path / f"home-{step}"
            shutil.copytree(first, case)
            shutil.copytree(home, keys)
            patch.setenv("FAISCEAU_HOME", str(keys))
            args = [part.format(case=case, files=files) for part in ACTS[act]]
            answer = shell(*args, DIES_AT=str(step), PYTHONPATH=plug_in)
            assert_whole(case, shell)
            writer = shell("add", case, files / "folder" / "a.csv")
            assert writer.code == 0, writer.err
            assert open_operations(case, shell) == [], step
            assert_whole(case, shell)
            assert_tidy(case)
            if answer.code == 0:
                return step
            assert answer.code == -9, answer.err
    raise AssertionError(act)


@pytest.mark.parametrize("act", ACTS)
def test_killed_before_some_of_its_steps(shell: Shell, tmp_path: Path, act: str) -> None:
    kill_at_steps(shell, tmp_path, act, stride=9)


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_killed_before_any_of_its_steps(shell: Shell, tmp_path: Path, act: str) -> None:
    assert kill_at_steps(shell, tmp_path, act, stride=1) > 5


@pytest.mark.slow
def test_fifty_killed_adds(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    kill_adding(shell, tmp_path, make_material(tmp_path / "more", 200_000), times=50, seed=3)


@pytest.mark.slow
def test_fifty_killed_runs(shell: Shell, case: Path, material: list[Path]) -> None:
    kill_running(shell, case, material, times=50, seed=4)


def test_two_processes_may_add_at_once(shell: Shell, case: Path, material: list[Path]) -> None:
    small = [path for path in material if path.suffix == ".csv"]
    halves = [shell.start("add", case, *half) for half in (small[:6], small[6:], small[:6])]
    assert [running.wait(60).code for running in halves] == [0, 0, 0]
    exhibits = assert_whole(case, shell)["exhibits"]
    assert [e["exhibit_id"] for e in exhibits] == [f"E{n}" for n in range(1, 13)]
    assert {e["label"] for e in exhibits} == {path.name for path in small}
    assert len(shell("rows", case, "message", "--format", "json").json) == 12 * 50
    assert_tidy(case)


def test_reading_goes_on_while_another_adds(shell: Shell, case: Path, material: list[Path]) -> None:
    assert shell("add", case, material[0]).code == 0
    adding = shell.start("add", case, *material[1:])
    seen = [
        len(shell("rows", case, "message", "--format", "json", "--limit", 51).json)
        for _ in range(3)
    ]
    assert adding.wait(120).code == 0
    assert set(seen) <= {50, 51}, "the rows from before, or those from after"
    assert_whole(case, shell)

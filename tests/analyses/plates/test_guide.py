"""The guide page on plates is followed as written, on the reads it speaks of."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faisceau.testing import mandate

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "plates.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARRIVING = """\
plate,camera_id,read_at
20154722114730-650,entrance1,2016-06-01T08:00:00Z
20151101121151-1,entrance1,2016-06-01T08:00:30Z
20154722114730-650,entrance1,2016-06-01T08:00:40Z
"""
FAISCEAU = [str(Path(sys.executable).with_name("faisceau"))]


@pytest.fixture(scope="module")
def followed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where every command of the page was run, in order."""
    folder = tmp_path_factory.mktemp("guide")
    name = "lekagul-sensor-data.csv.gz"
    shutil.copy(shared / "plates" / name, folder / name)
    today = datetime.now(UTC).date()  # the commands run on the machine's own clock
    text = mandate(
        data=["plate_read"],
        authorised_on=today - timedelta(days=30),
        expires_on=today + timedelta(days=150),
        until=today + timedelta(days=300),
    )
    (folder / "mandate.toml").write_bytes(text)
    (folder / "wanted.csv").write_text("plate,reason\n20154722114730-650,stolen\n")
    (folder / "arriving.csv").write_text(ARRIVING)
    for block in BLOCK.findall(PAGE.read_text("utf-8")):
        for line in block.splitlines():
            done = run(folder, line.removeprefix("faisceau "))
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    return folder


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    import shlex

    return subprocess.run(
        [*FAISCEAU, *shlex.split(line)],
        cwd=folder,
        env={**os.environ, "FAISCEAU_HOME": str(folder / "home"), "FAISCEAU_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
    )


def findings(folder: Path, analysis: str) -> list[dict[str, Any]]:
    said = run(folder, f"findings reserve --analysis {analysis} --format json").stdout
    found: list[dict[str, Any]] = json.loads(said)
    return found


def test_23_vehicles_pass_restricted_gates_138_times(followed: Path) -> None:
    found = [f for f in findings(followed, "plates.search") if f["params"]["where"]]
    assert len(found) == 23
    assert sum(len(f["reasons"][0]["evidence"]) for f in found) == 138


def test_over_a_hundred_groups_travel_together(followed: Path) -> None:
    found = [f for f in findings(followed, "plates.convoy") if f["params"]["trips"] == 1]
    groups = [{s["value"] for s in f["subjects"]} for f in found]
    assert {"20154722114730-650", "20155123015147-690"} in groups
    assert len(found) > 100


def test_four_vehicles_stay_for_weeks(followed: Path) -> None:
    found = findings(followed, "plates.pattern")
    assert found[0]["subjects"][0]["value"] == "20154519024544-322"
    assert "stays 108 days" in found[0]["title"]
    assert len(found) == 4


def test_the_watch_keeps_the_read_that_it_told_and_no_other(followed: Path) -> None:
    since = "read_at > '2016-06-01'"
    rows = json.loads(
        run(followed, f'rows reserve plate_read --where "{since}" --format json').stdout
    )
    assert [(row["plate"], row["ref"]) for row in rows] == [
        ("20154722114730-650", "arriving.csv#line 2")
    ]
    said = run(
        followed,
        "watch reserve wanted.csv --from arriving.csv --procedure PR/2026/0417 --format jsonl",
    )
    [alert] = [json.loads(line) for line in said.stdout.splitlines()]
    assert (alert["plate"], alert["reason"], alert["exact"]) == (
        "20154722114730-650",
        "stolen",
        True,
    )
    assert sum(onward["share"] for onward in alert["next"]) <= 1
    assert alert["next"]

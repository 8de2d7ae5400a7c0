"""Adjacency matrices as calls: real networks added from the command line, and what is refused."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from faisceau.cli import run
from faisceau.errors import BadInput, UsageError
from faisceau.testing import Desk, in_force

MATRIX = """\
;N1;N3;N12
N1;;52;3
N3;40;;
N12;1;x;
"""


def test_rows_point_at_their_cells(desk: Desk) -> None:
    desk.add("network.csv", MATRIX, as_table="call", layout="matrix")
    calls = {r["source"]: (r["caller"], r["callee"], r["count"]) for r in desk.rows("call")}
    assert calls == {
        "network.csv#line 2 column 3": ("N1", "N3", 52),
        "network.csv#line 2 column 4": ("N1", "N12", 3),
        "network.csv#line 3 column 2": ("N3", "N1", 40),
        "network.csv#line 4 column 2": ("N12", "N1", 1),
    }
    [reject] = desk.rows("reject")
    assert (reject["source"], reject["raw"]) == ("network.csv#line 4 column 3", "x")


def test_windows_1252_and_carriage_returns_are_no_obstacle(desk: Desk) -> None:
    text = ",Zoé,Éric\r\nZoé,0,2\r\nÉric,0,0\r\n"
    desk.add("network.csv", text.encode("cp1252"), layout="matrix")
    assert [(r["caller"], r["callee"], r["count"]) for r in desk.rows("call")] == [
        ("Zoé", "Éric", 2)
    ]


def test_without_the_word_of_a_person_no_file_is_a_matrix(desk: Desk) -> None:
    added = desk.add("network.csv", MATRIX)
    assert added.exhibit is not None
    assert added.exhibit.reader == ""


def test_a_list_of_calls_is_no_matrix(desk: Desk) -> None:
    with pytest.raises(BadInput, match="no adjacency matrix"):
        desk.add("calls.csv", "caller,callee\n0639980001,0639980002\n", layout="matrix")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "list"}, "There is no layout list"),
        ({"layout": "matrix", "as_table": "message"}, "reads rows of call"),
        ({"layout": "matrix", "reader": "native_csv"}, "reads rows of call"),
    ],
)
def test_wishes_that_contradict_are_refused(
    desk: Desk, options: dict[str, str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        desk.add("network.csv", MATRIX, **options)


@pytest.mark.parametrize("name", ["morselli_caviar.csv", "luciaetal_montagna.csv"])
def test_real_networks_from_the_command_line(
    name: str,
    shared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mandate.toml").write_bytes(in_force(data=["call"]))
    shutil.copy(shared / "networks" / name, name)
    assert run(["new", "case", "--mandate", "mandate.toml"]) == 0
    assert run(["add", "case", name, "--as", "call", "--layout", "matrix"]) == 0
    capsys.readouterr()
    assert run(["rows", "case", "call", "--format", "json"]) == 0
    calls = json.loads(capsys.readouterr().out)
    with Path(name).open(encoding="utf-8-sig") as stream:
        [labels, *lines] = list(csv.reader(stream))
    cells = Counter(
        {
            (line[0], label): int(cell)
            for line in lines
            for label, cell in zip(labels[1:], line[1:], strict=True)
            if cell != "0"
        }
    )
    if all(cells[b, a] == n for (a, b), n in cells.items()):
        assert 2 * sum(call["count"] for call in calls) == cells.total()
    else:
        read = Counter({(call["caller"], call["callee"]): call["count"] for call in calls})
        assert read == cells

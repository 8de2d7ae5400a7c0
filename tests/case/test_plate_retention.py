"""How long plate reads are seen and kept, told by examples: fifteen days, a month for a hit."""

import json
from pathlib import Path

from faisceau.testing import Desk, mandate

READS = """\
plate,camera_id,read_at,procedure
AA-123-AA,C1,2026-09-25T10:00:00Z,
BB-123-BB,C1,2026-09-25T10:00:00Z,PR/2026/0417
"""
OF_NONE = """\
plate,camera_id,read_at
AA-123-AA,C1,2026-09-25T10:00:00Z
CC-123-CC,C1,2026-10-01T06:00:00Z
DD-123-DD,C1,2026-09-01T10:00:00Z
"""
PRECISE = "plate <> '' AND camera_id = 'C1' AND read_at > '2026-01-01'"
LAPI = '[authorisations.lapi_scan]\nreference = "PR/1"\ndate = 2026-09-01\n'


def plates(desk: Desk) -> list[str]:
    return [row["plate"] for row in desk.rows("plate_read", PRECISE)]


def holding(desk: Desk, text: str) -> list[Path]:
    """Files of the case in which a text stands as it is."""
    files = [path for path in desk.case.rglob("*") if path.is_file()]
    return [path for path in files if text.encode() in path.read_bytes()]


def watch(desk: Desk, reads: str) -> int:
    listed = desk.file("list.txt", "AA-123-AA\n")
    watching = desk.workspace().watch(listed, desk.file("arriving.csv", reads))
    return len(list(watching.alerts()))


def test_what_is_past_its_period_is_seen_by_no_query_though_it_is_still_there(desk: Desk) -> None:
    desk.add("reads.csv", READS)
    assert plates(desk) == ["AA-123-AA", "BB-123-BB"]
    desk.clock.forward(days=10)
    assert plates(desk) == ["BB-123-BB"]
    [segment] = (desk.case / "tables" / "plate_read").iterdir()
    assert b"AA-123-AA" in segment.read_bytes()


def test_an_analysis_does_not_see_it_either(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "scanning", mandate(more=LAPI))
    desk.add("reads.csv", READS)
    assert len(desk.run("plates.search", camera="C1")) == 2
    desk.clock.forward(days=10)
    [left] = desk.run("plates.search", camera="C1")
    assert left.subjects[0].value == "BB-123-BB"


def test_reads_of_no_procedure_are_in_no_index_and_a_late_one_in_no_reject(desk: Desk) -> None:
    desk.add("reads.csv", OF_NONE)
    assert desk.rows("mention") == []
    [reject] = desk.rows("reject")
    assert "DD-123-DD" not in str(reject)
    desk.add("more.csv", READS)
    assert [row["value"] for row in desk.rows("mention")] == ["BB123BB"]


def test_when_every_read_of_an_exhibit_is_due_its_file_goes_too(desk: Desk) -> None:
    added = desk.add("reads.csv", OF_NONE)
    assert added.exhibit is not None
    desk.clock.forward(days=12)
    assert [e.n for e in desk.workspace().purge().erased] == [1]
    assert plates(desk) == ["CC-123-CC"]
    assert holding(desk, "CC-123-CC")
    desk.clock.forward(days=4)
    gone = desk.workspace().purge()
    assert ([e.n for e in gone.erased], gone.exhibits) == ([1], ("reads.csv",))
    for plate in ("AA-123-AA", "CC-123-CC", "DD-123-DD"):
        assert holding(desk, plate) == []
    assert desk.rows("reject") == []
    assert desk.verify().ok
    assert desk.workspace().purge().erased == ()


def test_a_file_that_holds_reads_of_a_procedure_stays(desk: Desk) -> None:
    desk.add("reads.csv", READS)
    desk.clock.forward(days=20)
    gone = desk.workspace().purge()
    assert ([e.n for e in gone.erased], gone.exhibits) == ([1], ())
    assert plates(desk) == ["BB-123-BB"]
    assert desk.verify().ok


def test_hits_are_kept_a_month_from_the_hit(desk: Desk) -> None:
    assert watch(desk, OF_NONE) == 1
    desk.clock.forward(days=29)
    assert desk.workspace().purge().erased == ()
    assert plates(desk) == ["AA-123-AA"]
    desk.clock.forward(days=2)
    assert plates(desk) == [], "out of sight before any purge"
    [erased] = desk.workspace().purge().erased
    assert (erased.n, erased.period.rule.id) == (1, "plates-hit")
    assert holding(desk, "AA-123-AA") == [], "the exhibit of the hits goes with them"
    assert desk.verify().ok


def test_columns_of_photographs_are_dropped_and_counted(desk: Desk) -> None:
    header = "plate,camera_id,read_at,photo_occupants,image véhicule\n"
    reads = header + "AA-123-AA,C1,2026-10-01T06:00:00Z,aGVsbG8=,d29ybGQ=\n"
    added = desk.add("reads.csv", reads, procedure="PR/2026/0417")
    assert added.exhibit is not None
    assert added.exhibit.left == {"photo_occupants": 1, "image véhicule": 1}
    assert added.exhibit.unknown == {}
    [(_text, facts)] = [note for note in added.notes if "photographs" in note[0]]
    assert facts == {"n": 2, "names": ["image véhicule", "photo_occupants"]}
    [row] = desk.rows("plate_read")
    assert "aGVsbG8=" not in str(row)
    read = {"plate": "AA-123-AA", "camera_id": "C1", "read_at": "2026-10-01T06:00:00Z"}
    line = json.dumps({**read, "photo": "eHl6"})
    added = desk.add("reads.jsonl", line + "\n", procedure="PR/2026/0417")
    assert added.exhibit is not None
    assert added.exhibit.left == {"photo": 1}


def test_a_watch_keeps_no_photograph_of_a_hit(desk: Desk) -> None:
    header = "plate,camera_id,read_at,photo_occupants\n"
    assert watch(desk, header + "AA-123-AA,C1,2026-10-01T06:00:00Z,aGVsbG8=\n") == 1
    assert plates(desk) == ["AA-123-AA"]
    assert holding(desk, "aGVsbG8=") == []

"""What a watch tells, keeps and records, told by examples."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from faisceau.case.watching import Told, Watch, read_wanted
from faisceau.errors import BadInput, NotFound, Refused, UsageError
from faisceau.testing import START, Desk, mandate

LIST = "plate,reason\nAB-123-CD,stolen\nEF-456-GH,\n"
HEADER = "read_at,camera_id,plate,direction,latitude,longitude\n"
READS = (
    HEADER
    + """\
2026-10-01T07:00:00Z,A6,AB-123-CD,north,48.5,2.3
2026-10-01T07:00:20Z,A6,AB-123-CD,north,48.5,2.3
2026-10-01T07:01:00Z,A6,ZZ-999-ZZ,north,48.5,2.3
never,A6,AB-123-CD,north,48.5,2.3
2026-10-01T07:20:00Z,A7,A8-123-CD,north,48.9,2.4
"""
)


def watching(desk: Desk, arriving: Any, wanted: str = LIST, **options: Any) -> Watch:
    return desk.workspace().watch(desk.file("list.csv", wanted), arriving, **options)


def watched(desk: Desk, reads: str, **options: Any) -> tuple[list[Told], Watch]:
    watch = watching(desk, desk.file("reads.csv", reads), **options)
    return list(watch.alerts()), watch


def test_a_wanted_plate_is_told_once_with_where_it_was_read(desk: Desk) -> None:
    [first, second], watch = watched(desk, READS)
    assert (first.alert.wanted, first.alert.exact, first.line, first.reason) == (
        "AB-123-CD",
        True,
        2,
        "stolen",
    )
    assert (first.alert.camera, first.alert.direction) == ("A6", "north")
    assert (first.alert.latitude, first.alert.longitude) == (48.5, 2.3)
    assert first.source == "reads.csv#line 2"
    assert (second.alert.read, second.alert.exact, second.source) == (
        "A8-123-CD",
        False,
        "reads.csv#line 6",
    )
    assert (watch.counted.reads, watch.counted.alerts, watch.counted.bad) == (4, 2, 1)
    [(name, reject)] = watch.counted.examples
    assert (name, reject.locator) == ("reads.csv", "line 5")


def test_exact_leaves_misreads(desk: Desk) -> None:
    alerts, _watch = watched(desk, READS, exact=True)
    assert [told.alert.read for told in alerts] == ["AB-123-CD"]


def test_each_alert_is_an_entry_that_holds_no_plate(desk: Desk) -> None:
    alerts, _watch = watched(desk, READS)
    [opening] = [e for e in desk.ledger if e.act == "watch" and e.phase == "open"]
    entries = [e for e in desk.ledger if e.act == "watch alert"]
    assert [e.number for e in entries] == [told.entry for told in alerts]
    assert {e.operation for e in [opening, *entries]} == {"combination"}
    assert entries[0].data == {
        "watch": opening.number,
        "line": 2,
        "exact": True,
        "read": "reads.csv#line 2",
    }
    [closing] = [e for e in desk.ledger if e.of == opening.number]
    counts = {name: closing.data[name] for name in ("reads", "alerts", "bad", "kept")}
    assert (closing.outcome, counts) == ("done", {"reads": 4, "alerts": 2, "bad": 1, "kept": 2})
    assert "123-CD" not in json.dumps([entry.to_json() for entry in desk.ledger])
    assert desk.verify().ok


def test_the_ledger_has_an_alert_before_it_is_told(desk: Desk) -> None:
    watch = watching(desk, desk.file("reads.csv", READS))
    told = next(alerts := watch.alerts())
    assert desk.ledger[told.entry].act == "watch alert"
    assert len(list(alerts)) == 1


def test_hits_become_an_exhibit_and_other_reads_are_stored_nowhere(desk: Desk) -> None:
    _alerts, watch = watched(desk, READS)
    precise = "plate <> '' AND camera_id <> '' AND read_at > '2026-01-01'"
    rows = desk.rows("plate_read", precise)
    assert [(row["plate"], row["ref"]) for row in rows] == [
        ("AB-123-CD", "reads.csv#line 2"),
        ("A8-123-CD", "reads.csv#line 6"),
    ]
    assert rows[0]["read_at"] == datetime(2026, 10, 1, 7, tzinfo=UTC)
    assert (rows[0]["camera_id"], rows[0]["latitude"]) == ("A6", 48.5)
    assert watch.counted.kept == 2
    assert not any(
        b"ZZ-999" in path.read_bytes() for path in desk.case.rglob("*") if path.is_file()
    )


def test_the_reads_of_the_case_say_what_comes_next(desk: Desk) -> None:
    past = HEADER + "".join(
        f"2026-09-30T1{n}:{20 * k:02}:00Z,{camera},P{n}-100-PP,,,\n"
        for n in range(9)
        for k, camera in enumerate(("A6", "A7"))
    )
    desk.add("past.csv", past, procedure="PR/2026/0417")
    [first, _], watch = watched(desk, READS)
    assert [(o.camera, o.share, o.usual_s) for o in first.alert.onward] == [("A7", 1.0, 1200)]
    assert watch.notes == []
    [learning] = [e for e in desk.ledger if e.act == "rows" and e.phase == "close"]
    assert learning.data["rows"] == 18


def test_without_leave_to_scan_nothing_is_learnt_and_it_is_said(desk: Desk) -> None:
    desk.add("past.csv", READS.replace("never", "2026-10-01T07:05:00Z"))
    [first, _], watch = watched(desk, READS)
    assert first.alert.onward == ()
    assert "lapi_scan" in str(watch.notes[0][1]["why"])


def test_reads_past_their_period_are_not_looked_at(desk: Desk) -> None:
    old = HEADER + "2026-09-10T07:00:00Z,A6,AB-123-CD,,,\n"
    alerts, watch = watched(desk, old)
    assert (alerts, watch.counted.expired, watch.counted.reads) == ([], 1, 0)
    [told], _watch = watched(desk, old, procedure="PR/2026/0417")
    assert told.alert.wanted == "AB-123-CD"
    assert [row["procedure"] for row in desk.rows("plate_read")] == ["PR/2026/0417"]


def test_scope_keeps_reads_out_of_sight(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "d", mandate(more="[scope]\nfrom = 2026-10-02\n"))
    alerts, watch = watched(desk, READS)
    assert (alerts, watch.counted.outside) == ([], 4)
    other = Desk(tmp_path / "e", mandate(more='[scope]\nexhibits = ["E1"]\n'))
    with pytest.raises(UsageError, match="scope"):
        watched(other, READS)


def test_a_mandate_that_ends_ends_the_watch(desk: Desk) -> None:
    receiving, writing = os.pipe()
    with os.fdopen(receiving, "rb") as arriving, os.fdopen(writing, "wb", 0) as sender:
        lines = READS.splitlines(keepends=True)
        sender.write("".join(lines[:2]).encode())
        alerts = watching(desk, arriving).alerts()
        assert next(alerts).alert.camera == "A6"
        desk.clock.forward(days=400)
        sender.write(lines[-1].encode())
        with pytest.raises(Refused):
            next(alerts)
    assert desk.ledger[-1].outcome == "failed"


def test_without_plate_reads_in_the_mandate_the_watch_is_refused(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(data=["message"]))
    with pytest.raises(Refused):
        watched(desk, READS)
    assert desk.ledger[-1].operation == "refusal"


def test_a_pipe_is_told_while_it_is_written(desk: Desk) -> None:
    receiving, writing = os.pipe()
    with os.fdopen(receiving, "rb") as arriving, os.fdopen(writing, "wb", 0) as sender:
        alerts = watching(desk, arriving).alerts()
        lines = READS.splitlines(keepends=True)
        sender.write("".join(lines[:2]).encode())
        assert next(alerts).source == "-#line 2"
        sender.write(lines[-1][:20].encode())  # a line may come in two parts

        def finish() -> None:
            sleep(0.1)
            sender.write(lines[-1][20:].encode())

        rest = Thread(target=finish)
        rest.start()
        began = monotonic()
        assert next(alerts).source == "-#line 3"
        assert monotonic() - began < 1
        rest.join()
        sender.close()
        assert list(alerts) == []


def test_json_lines_and_french_headers_are_read(desk: Desk) -> None:
    read = {"plate": "AB123CD", "camera_id": "A6", "read_at": "2026-10-01T07:00:00Z"}
    watch = watching(desk, desk.file("reads.jsonl", json.dumps(read) + "\n{\n"))
    [told] = watch.alerts()
    assert (told.alert.wanted, told.source, watch.counted.bad) == (
        "AB-123-CD",
        "reads.jsonl#line 1",
        1,
    )
    french = "Plaque;Caméra;Horodatage\nEF-456-GH;A6;01/10/2026 09:00:00\n"
    [told], watch = watched(desk, french)
    assert told.alert.at == datetime(2026, 10, 1, 7, tzinfo=UTC)
    assert watch.counted.assumed == {"Europe/Paris": 1}


def test_new_files_of_a_folder_are_read_as_they_come(desk: Desk) -> None:
    folder = desk.file("in/a.csv", READS).parent
    (folder / ".hidden.csv").write_text(READS)
    (folder / "bad.csv").write_text("a,b\n1,2\n")
    stop = Event()
    watch = watching(desk, folder, stop=stop)
    alerts = watch.alerts()
    assert [next(alerts).source for _ in range(2)] == ["a.csv#line 2", "a.csv#line 6"]
    late = "2026-10-01T07:40:00Z,A8,EF-456-GH,,,\n"
    (folder / "b.csv").write_text(HEADER + late)
    began = monotonic()
    assert next(alerts).source == "b.csv#line 2"
    assert monotonic() - began < 1
    stop.set()
    assert list(alerts) == []
    assert [name for name, _error in watch.counted.failed] == ["bad.csv"]
    assert desk.ledger[-1].outcome == "done"


def test_once_ends_with_the_files_that_are_there(desk: Desk) -> None:
    folder = desk.file("in/a.csv", READS).parent
    assert len(list(watching(desk, folder, once=True).alerts())) == 2


def test_what_is_no_table_of_reads_is_an_error(desk: Desk) -> None:
    with pytest.raises(BadInput, match="plate"):
        watched(desk, "a,b\n1,2\n")
    with pytest.raises(NotFound):
        watching(desk, desk.files / "missing.csv")
    with pytest.raises(UsageError, match="Mars"):
        watched(desk, READS, timezone="Mars/North")
    assert desk.ledger[-1].outcome == "failed"


def test_a_list_is_plates_or_a_table(desk: Desk) -> None:
    plain = read_wanted(desk.file("l.txt", "AB-123-CD\n\n---\nEF 456 GH\nAB-123-CD\n"))
    assert dict(plain.plates) == {"AB-123-CD": (1, ""), "EF 456 GH": (4, "")}
    assert plain.bad == (3,)
    table = read_wanted(desk.file("l.csv", "Motif;Immatriculation\nvol;AB-123-CD\n"))
    assert dict(table.plates) == {"AB-123-CD": (2, "vol")}
    for text in ("", "plate\n", "AB-123-CD;stolen\n"):
        with pytest.raises(BadInput):
            read_wanted(desk.file("bad.csv", text))


def test_a_watch_that_is_left_is_closed_in_the_ledger(desk: Desk) -> None:
    desk.clock.at = START + timedelta(hours=1)
    alerts = watching(desk, desk.file("reads.csv", READS)).alerts()
    next(alerts)
    alerts.close()  # type: ignore[attr-defined]
    assert desk.workspace().ledger.open_operations() == []
    assert desk.verify().ok

"""Where it happened: spots on a grid, boxes, times, and the way of a vehicle."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from faisceau.case.pictures import Box, Part
from faisceau.errors import UsageError
from faisceau.testing import Desk, mandate

READS = """\
plate,camera_id,read_at,latitude,longitude,procedure
AB-123-CD,A1,2026-09-01T10:00:00Z,50.63,3.06,PR/2026/0417
ab 123 cd,A2,2026-09-01T11:00:00Z,49.44,1.10,PR/2026/0417
EF-456-GH,A1,2026-09-01T12:00:00Z,50.63,3.06,PR/2026/0417
AB-123-CD,A3,2026-09-02T10:00:00Z,,,PR/2026/0417
"""
POSITIONS = """\
device,at,latitude,longitude
tracker,2026-09-05T10:00:00Z,43.30,5.37
tracker,2026-09-05T11:00:00Z,0,0
"""


def test_rows_are_gathered_into_spots_by_table(desk: Desk) -> None:
    desk.add("reads.csv", READS)
    desk.add("positions.csv", POSITIONS, as_table="position")
    told = desk.workspace().pictures.places()
    assert told.totals == {"plate_read": 3, "position": 1}
    first = told.spots[0]
    assert (first.table, first.n, first.label) == ("plate_read", 2, "A1")
    assert told.box == Box(43.30, 1.10, 50.63, 5.37)


def test_a_box_and_a_time_are_told_alone(desk: Desk) -> None:
    desk.add("reads.csv", READS)
    pictures = desk.workspace().pictures
    near_lille = pictures.places(Part(Box(50, 2, 51, 4)))
    assert near_lille.totals == {"plate_read": 2}
    [spot] = near_lille.spots
    rows = pictures.moments("plate_read", Part(spot.cell)).rows
    assert [row["plate"] for row in rows] == ["AB-123-CD", "EF-456-GH"]
    later = pictures.places(Part(since=datetime(2026, 9, 1, 11, 30, tzinfo=UTC)))
    assert later.totals == {"plate_read": 1}


def test_the_way_of_a_vehicle_is_in_order_however_its_plate_is_written(desk: Desk) -> None:
    desk.add("reads.csv", READS)
    way = desk.workspace().pictures.way("plate", "AB123CD")
    assert [step.place for step in way.steps] == ["A1", "A2", "A3"]
    assert way.steps[2].latitude is None
    assert way.total == 3


def test_reads_of_no_procedure_are_followed_only_for_a_plate_a_zone_and_dates(desk: Desk) -> None:
    desk.add("reads.csv", READS.replace(",PR/2026/0417", ",").replace("2026-09-0", "2026-09-2"))
    pictures = desk.workspace().pictures
    assert [u.table for u in pictures.places().untold] == ["plate_read"]
    assert pictures.way("plate", "AB-123-CD").steps == ()
    since, until = datetime(2026, 9, 20, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC)
    asked = pictures.way("plate", "AB-123-CD", Part(Box(40, 0, 51, 6), since, until))
    assert [step.place for step in asked.steps] == ["A1", "A2"]


def test_what_the_mandate_covers_alone_is_drawn(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", mandate(data=["message"]))
    desk.add("talk.csv", "app,sender_id,sent_at,latitude,longitude\nsms,A,2026-09-01,48.8,2.3\n")
    assert desk.workspace().pictures.places().totals == {"message": 1}


def test_what_has_no_way_is_told(desk: Desk) -> None:
    with pytest.raises(UsageError, match="horse"):
        desk.workspace().pictures.way("horse", "Bucephalus")

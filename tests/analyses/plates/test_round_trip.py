"""There and straight back, told by examples."""

from datetime import UTC, datetime, timedelta

from faisceau.testing import Desk

OWN = "PR/2026/0417"
HEADER = "plate,camera_id,read_at,latitude,longitude"
ROAD = [("N1", 50.6), ("N2", 50.2), ("N3", 49.8), ("N4", 49.4), ("N5", 49.0)]


def drive(plate: str, at: datetime, *, back: bool = False) -> list[str]:
    """Down the road, some 45 km from camera to camera in 22 minutes."""
    road = ROAD[::-1] if back else ROAD
    return [
        f"{plate},{camera},{(at + timedelta(minutes=22 * n)).isoformat()},{latitude},2.5"
        for n, (camera, latitude) in enumerate(road)
    ]


def given(desk: Desk, lines: list[str]) -> None:
    desk.add("reads.csv", "\n".join([HEADER, *lines]) + "\n", procedure=OWN)


def runs(plate: str, hour: int, stay_h: float) -> list[str]:
    lines = []
    for day in (1, 6, 9):
        out = datetime(2026, 9, day, hour, 7 * day % 60, tzinfo=UTC)
        lines += drive(plate, out)
        lines += drive(plate, out + timedelta(minutes=88, hours=stay_h), back=True)
    return lines


def test_three_nights_there_and_back_are_a_finding(desk: Desk) -> None:
    given(desk, runs("GO-FAS-TT", 21, 0.75))
    [finding] = desk.run("plates.round_trip")
    assert finding.subjects[0].value == "GO-FAS-TT"
    assert finding.title == "GO-FAS-TT goes to N5 and straight back, 3 times"
    assert any("3 of 3 round trips at night" in r.in_words() for r in finding.reasons)


def test_a_working_day_there_is_no_round_trip(desk: Desk) -> None:
    given(desk, runs("WO-111-RK", 5, 8.5))
    assert desk.run("plates.round_trip") == []


def test_a_zone_says_where_they_turn(desk: Desk) -> None:
    given(desk, runs("GO-FAS-TT", 21, 0.75))
    assert len(desk.run("plates.round_trip", zone="49.0,2.5,10")) == 1
    assert len(desk.run("plates.round_trip", zone="N5")) == 2  # both questions' findings stay
    assert len(desk.run("plates.round_trip", zone="43.6,1.4,10")) == 2

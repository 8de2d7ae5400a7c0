"""When two vehicles bear one plate, told by examples."""

from datetime import UTC, datetime, timedelta

from faisceau.testing import Desk

OWN = "PR/2026/0417"
HEADER = "plate,camera_id,read_at,latitude,longitude,sensor_kind,vehicle_kind"
NORTH = [("N1", 50.6, 3.0), ("N2", 50.4, 3.0), ("N3", 50.2, 3.0), ("N4", 50.0, 3.0)]
SOUTH = [("S1", 43.4, 5.4), ("S2", 43.6, 5.4), ("S3", 43.8, 5.4), ("S4", 44.0, 5.4)]
Road = list[tuple[str, float, float]]


def drive(
    plate: str, at: datetime, road: Road, sensor: str = "fixed", kind: str = "car"
) -> list[str]:
    return [
        f"{plate},{name},{(at + timedelta(minutes=20 * n)).isoformat()},{lat},{lon},{sensor},{kind}"
        for n, (name, lat, lon) in enumerate(road)
    ]


def day(n: int, hour: int) -> datetime:
    return datetime(2026, 9, n, hour, 0, tzinfo=UTC)


def given(desk: Desk, lines: list[str]) -> None:
    desk.add("reads.csv", "\n".join([HEADER, *lines]) + "\n", procedure=OWN)


def test_lille_and_marseille_within_the_hour_are_two_vehicles(desk: Desk) -> None:
    lines = []
    for n in (1, 4, 8):
        lines += drive("AA-111-AA", day(n, 8), NORTH) + drive("AA-111-AA", day(n, 9), SOUTH)
    given(desk, lines)
    [finding] = desk.run("plates.clone")
    assert finding.subjects[0].value == "AA-111-AA"
    assert any("km/h in a straight line" in r.in_words() for r in finding.reasons)


def test_a_single_read_far_away_is_a_misread(desk: Desk) -> None:
    lines = drive("AA-111-AA", day(1, 8), NORTH) + drive("AA-111-AA", day(2, 8), NORTH)
    given(desk, [*lines, *drive("AA-111-AA", day(1, 8), SOUTH[:1])])
    assert desk.run("plates.clone") == []


def test_a_moving_sensor_makes_no_clone(desk: Desk) -> None:
    lines = []
    for n in (1, 4, 8):
        lines += drive("AA-111-AA", day(n, 8), NORTH)
        lines += drive("AA-111-AA", day(n, 9), SOUTH, "on_board")
    given(desk, lines)
    assert desk.run("plates.clone") == []


def test_a_car_on_some_days_and_a_lorry_on_others(desk: Desk) -> None:
    lines = []
    for n in range(1, 7):
        kind = "lorry" if n % 2 else "car"
        lines += drive("AA-111-AA", day(n, 8), NORTH, kind=kind)
        lines += drive(f"BB-{n:03d}-BB", day(n, 8), NORTH) + drive(
            f"BB-{n:03d}-BB", day(n, 9), NORTH
        )
    given(desk, lines)
    [finding] = desk.run("plates.clone")
    assert "Read as" in finding.reasons[0].in_words()

"""What a convoy is, told by examples."""

from datetime import UTC, datetime, timedelta

from faisceau.testing import Desk

OWN = "PR/2026/0417"
START = datetime(2026, 9, 5, 20, 0, tzinfo=UTC)
ROAD = ["A1", "A2", "A3", "A4", "A5", "A6", "A7"]


def drive(
    plate: str, at: datetime, behind_s: float = 0, road: list[str] = ROAD, minutes: float = 10
) -> list[str]:
    """Past every camera of a road, ten minutes from one to the next."""
    return [
        f"{plate},{camera},{(at + timedelta(minutes=minutes * n, seconds=behind_s)).isoformat()}"
        for n, camera in enumerate(road)
    ]


def traffic() -> list[str]:
    """Strangers on that road all day, each at a speed of its own."""
    lines = []
    for n in range(400):
        at = START - timedelta(hours=12) + timedelta(minutes=7.3 * n % 1440, days=n % 9)
        for k, camera in enumerate(ROAD):
            passed = at + timedelta(minutes=(8 + n % 5) * k)
            lines.append(f"ST-{n:03d}-RR,{camera},{passed.isoformat()}")
    return lines


def given(desk: Desk, lines: list[str]) -> None:
    desk.add("reads.csv", "\n".join(["plate,camera_id,read_at", *lines]) + "\n", procedure=OWN)


def test_scout_and_carrier_on_two_trips_are_one_finding(desk: Desk) -> None:
    later = START + timedelta(days=3, hours=5)
    back = ROAD[::-1]
    pair = drive("AB-123-CD", START) + drive("EF-456-GH", START, 95)
    pair += drive("EF-456-GH", later, 0, back) + drive("AB-123-CD", later, 130, back)
    given(desk, traffic() + pair)
    [finding] = desk.run("plates.convoy")
    assert [s.value for s in finding.subjects] == ["AB-123-CD", "EF-456-GH"]
    trips = [r for r in finding.reasons if r.code == "trip"]
    assert (
        "AB-123-CD, EF-456-GH passed 7 cameras together, in this order, 95" in trips[0].in_words()
    )
    assert "EF-456-GH, AB-123-CD passed 7 cameras together, in this order, 130" in (
        trips[1].in_words()
    )
    assert sorted(desk.cited(finding)) == sorted(pair)


def test_a_missed_camera_and_a_misread_plate_do_not_break_it(desk: Desk) -> None:
    later = START + timedelta(days=3, hours=5)
    first = drive("AB-123-CD", START) + drive("EF-456-GH", START, 95)
    second = drive("AB-123-CD", later) + drive("EF-456-GH", later, 40)
    lost = [line for line in first if not line.startswith("EF-456-GH,A3")]
    wrong = [line.replace("EF-456-GH,A5", "EF-4S6-GH,A5") for line in second]
    given(desk, traffic() + lost + wrong)
    [finding] = desk.run("plates.convoy")
    assert [s.value for s in finding.subjects] == ["AB-123-CD", "EF-456-GH"]
    [misread] = [r for r in finding.reasons if r.code == "misread"]
    assert "EF-456-GH was read as EF-4S6-GH" in misread.in_words()


def test_a_third_vehicle_behind_now_one_now_the_other_belongs_to_the_group(desk: Desk) -> None:
    later, last = START + timedelta(days=3, hours=5), START + timedelta(days=6, hours=9)
    lines = []
    for at, order in ((START, "ABC"), (later, "ABC"), (last, "CAB")):
        for n, who in enumerate(order):
            lines += drive(f"{who}{who}-111-{who}{who}", at, 150 * n)
    given(desk, traffic() + lines)
    [finding] = desk.run("plates.convoy")
    assert [s.value for s in finding.subjects] == ["AA-111-AA", "BB-111-BB", "CC-111-CC"]


def test_beyond_the_gap_there_is_no_convoy(desk: Desk) -> None:
    later = START + timedelta(days=3, hours=5)
    lines = []
    for at in (START, later):
        lines += drive("AB-123-CD", at) + drive("EF-456-GH", at, 170)
    given(desk, traffic() + lines)
    assert desk.run("plates.convoy", gap_s=60) == []
    assert len(desk.run("plates.convoy")) == 1


def test_colleagues_who_leave_together_are_no_convoy(desk: Desk) -> None:
    lines = []
    for day in range(20):
        at = START + timedelta(days=day) - timedelta(hours=3)
        lines += drive("CO-111-LL", at, 37 * day % 110, minutes=9 + 0.5 * (day % 5))
        lines += drive("CO-222-LL", at, 53 * day % 130, minutes=9.2 + 0.7 * (day % 4))
        lines += drive("CO-111-LL", at + timedelta(hours=13, minutes=day), 0, ROAD[::-1])
        lines += drive("CO-222-LL", at + timedelta(hours=14, minutes=3 * day), 0, ROAD[::-1])
    given(desk, traffic() + lines)
    assert desk.run("plates.convoy") == []


def test_around_a_plate_others_are_left_aside(desk: Desk) -> None:
    later = START + timedelta(days=3, hours=5)
    lines = []
    for at in (START, later):
        lines += drive("AB-123-CD", at) + drive("EF-456-GH", at, 95)
        early = at - timedelta(hours=4)
        lines += drive("KK-777-KK", early) + drive("LL-888-LL", early, 60)
    given(desk, traffic() + lines)
    assert len(desk.run("plates.convoy")) == 2
    [finding] = [f for f in desk.run("plates.convoy", plates="ef456gh") if f.params["plates"]]
    assert [s.value for s in finding.subjects] == ["AB-123-CD", "EF-456-GH"]


def test_one_trip_is_enough_where_nobody_else_drives(desk: Desk) -> None:
    given(desk, drive("AB-123-CD", START) + drive("EF-456-GH", START, 95))
    [finding] = desk.run("plates.convoy")
    assert [s.value for s in finding.subjects] == ["AB-123-CD", "EF-456-GH"]

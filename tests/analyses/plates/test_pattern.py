"""How a plate lives, told by examples."""

from datetime import UTC, datetime, timedelta

from faisceau.testing import Desk

OWN = "PR/2026/0417"


def given(desk: Desk, lines: list[str]) -> None:
    desk.add("reads.csv", "\n".join(["plate,camera_id,read_at", *lines]) + "\n", procedure=OWN)


def at(day: int, hour: int, minute: int = 0) -> str:
    return (datetime(2026, 9, 1, hour, minute, tzinfo=UTC) + timedelta(days=day - 1)).isoformat()


def test_usual_places_weekly_returns_and_breaks(desk: Desk) -> None:
    lines = []
    for day in range(1, 29):
        lines += [f"AA-111-AA,HOME,{at(day, 6)}", f"AA-111-AA,HOME,{at(day, 18)}"]
        if day % 7 == 5:  # Saturdays
            lines.append(f"AA-111-AA,MARKET,{at(day, 12)}")
    given(desk, [*lines, f"AA-111-AA,FAR,{at(27, 12)}"])
    [finding] = desk.run("plates.pattern", plates="AA-111-AA")
    said = {reason.code: reason.in_words() for reason in finding.reasons}
    assert said["places"] == "Usual places: HOME (56), MARKET (4), FAR (1)"
    assert said["weekly"] == "Each Saturday at MARKET: 4 weeks of 4"
    assert "at HOME" in said["home"]
    assert "2026-09-27: FAR for the first time in 26 days" in said["break"]


def test_long_stays_are_found_without_a_plate(desk: Desk) -> None:
    stay = [f"LO-222-NG,GATE,{at(day, 9)}" for day in range(1, 24, 3)]
    visits = [f"SH-333-RT,GATE,{at(day, 9)}" for day in (1, 2, 24, 25)]
    given(desk, stay + visits)
    [finding] = desk.run("plates.pattern", stay_days=14)
    assert finding.title == "LO-222-NG stays 21 days, from 2026-09-01 to 2026-09-22"


def test_where_plates_of_interest_meet(desk: Desk) -> None:
    given(
        desk,
        [
            f"AA-111-AA,CAFE,{at(2, 9)}",
            f"BB-222-BB,CAFE,{at(2, 9, 20)}",
            f"AA-111-AA,CAFE,{at(5, 9)}",
            f"BB-222-BB,CAFE,{at(6, 9)}",
        ],
    )
    found = desk.run("plates.pattern", plates="AA-111-AA,BB-222-BB")
    [meeting] = [f for f in found if f.subjects[0].type == "place"]
    assert meeting.title == "Plates of interest meet at CAFE: AA-111-AA, BB-222-BB"
    assert len(desk.cited(meeting)) == 2

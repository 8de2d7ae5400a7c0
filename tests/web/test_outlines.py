"""The outlines that ship: departments by code, communes within a box, towns by size."""

import json

from faisceau.web import outlines


def test_every_department_has_an_outline_and_a_name() -> None:
    told = json.loads(outlines.DEPARTMENTS.read_text("utf-8"))
    named = {f["properties"]["code"]: f["properties"]["name"] for f in told["features"]}
    assert (named["59"], named["2A"], named["974"]) == ("Nord", "Corse-du-Sud", "La Réunion")
    assert len(named) == 101
    assert all(f["geometry"]["coordinates"] for f in told["features"])


def test_communes_are_outlined_within_a_box_and_not_over_the_whole_country() -> None:
    lines = outlines.borders(50.5, 2.9, 50.8, 3.3)
    assert len(lines) > 100
    for line in lines:
        assert len(line) > 1
        assert all(41 < lat < 52 and -6 < lon < 10 for lat, lon in line)
    assert outlines.borders(41, -6, 52, 10) == []


def test_the_largest_towns_come_first() -> None:
    [lille, *others] = outlines.seats(50.5, 2.9, 50.8, 3.3, most=5)
    assert lille.name == "Lille"
    assert [lille.people, *(t.people for t in others)] == sorted(
        (t.people for t in [lille, *others]), reverse=True
    )

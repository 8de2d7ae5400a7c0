"""The invented traffic is such as vehicles make it."""

import numpy as np

from faisceau.analyses.plates._distance import great_circle
from faisceau.demo.traffic import Plan, simulate


def test_an_honest_vehicle_is_never_faster_than_vehicles_are() -> None:
    plan = Plan(reads=60_000, cameras=150, convoys=5, round_trips=5, clones=0, misread=0, seed=8)
    rows = simulate(plan).table.sort_by([("plate", "ascending"), ("read_at", "ascending")])
    plate = np.array(rows["plate"].to_pylist())
    at = rows["read_at"].to_numpy().astype("datetime64[us]").astype(np.int64) / 3.6e9
    lat, lon = rows["latitude"].to_numpy(), rows["longitude"].to_numpy()
    km = great_circle(lat[:-1], lon[:-1], lat[1:], lon[1:])
    hours = np.diff(at)
    same = (plate[1:] == plate[:-1]) & (km > 5)
    speed = km[same] / np.maximum(hours[same], 1e-6)
    assert np.quantile(speed, 0.999) < 200
    assert 40 < np.median(speed[hours[same] < 0.5]) < 120


def test_one_seed_gives_one_traffic() -> None:
    plan = Plan(reads=20_000, cameras=100, convoys=5, round_trips=5, clones=5)
    assert simulate(plan).table.equals(simulate(plan).table)

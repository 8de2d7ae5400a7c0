"""When and by which way each courier travelled: weak evidence, told by the data themselves.

Two couriers of one network often take one route in one season; so do many strangers. How much
this weighs is measured: how often it is so among pairs that traces link, against chance pairs.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from ibis import Table

from faisceau.analyses import Engine
from faisceau.analyses.links._traits import Floats, Ints

GAPS = (31, 92, 183, 366)
"""Days between two journeys, where the classes begin."""
UNKNOWN = len(GAPS) + 1
CELLS = 3 * (len(GAPS) + 2)
PRIOR = 15.0
"""Cases that count as no evidence at all."""
DRAWN, SEED = 20_000, 12
"""Pairs that tell how often each cell is met by chance."""
MOST = 2.5
"""A context alone weighs no more, either way."""

_READ = pa.schema(
    [
        ("procedure", pa.string()),
        ("row_id", pa.int64()),
        ("route", pa.string()),
        ("at", pa.int64()),
        ("from", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Context:
    """Of each procedure: ``route`` (a number, -1 unknown), ``day`` (-1 unknown), the ``row`` that
    says so and its ``table``; ``routes``: what the numbers stand for."""

    route: Ints
    day: Ints
    row: Ints
    table: list[str]
    routes: list[str]

    def cells(self, a: Ints, b: Ints) -> Ints:
        """The cell of each pair: same route, other or unknown; how many days lie between."""
        known = (self.route[a] >= 0) & (self.route[b] >= 0)
        way = np.where(known, np.where(self.route[a] == self.route[b], 0, 1), 2)
        apart = np.searchsorted(GAPS, np.abs(self.day[a] - self.day[b]), "right")
        dated = (self.day[a] >= 0) & (self.day[b] >= 0)
        return way * (len(GAPS) + 2) + np.where(dated, apart, UNKNOWN)


def context(trip: Table, seizure: Table, procedures: list[str], engine: Engine) -> Context:
    """The first journey of each procedure; without one, its first seizure."""
    way = trip.origin.upper().strip() + " → " + trip.destination.upper().strip()
    trips = trip.select(
        procedure=trip.procedure.fill_null(""),
        row_id=trip.row_id,
        route=way,
        at=trip.departed_at.epoch_seconds().cast("int64"),
        **{"from": ibis.literal("trip")},
    )
    goods = seizure.select(
        procedure=seizure.procedure.fill_null(""),
        row_id=seizure.row_id,
        route=ibis.null("string"),
        at=seizure.seized_at.epoch_seconds().cast("int64"),
        **{"from": ibis.literal("seizure")},
    )
    batches = engine.batches(ibis.union(trips, goods, distinct=False))
    read = pa.Table.from_batches((b.cast(_READ) for b in batches), _READ)
    order = [("procedure", "ascending"), ("from", "descending"), ("at", "ascending")]
    read = read.sort_by([*order, ("row_id", "ascending")])
    return _first(read, procedures)


def _first(read: pa.Table, procedures: list[str]) -> Context:
    n = len(procedures)
    route, day, row = np.full(n, -1), np.full(n, -1), np.full(n, -1)
    table, number = [""] * n, {ref: i for i, ref in enumerate(procedures)}
    routes = sorted({r for r in read["route"].to_pylist() if r})
    code = {r: i for i, r in enumerate(routes)}
    for batch in read.to_batches():
        columns = (batch[name].to_pylist() for name in _READ.names)
        for procedure, row_id, way, at, source in zip(*columns, strict=True):
            i = number[procedure]
            if row[i] < 0:
                row[i], table[i] = row_id, source
            if way and route[i] < 0:
                route[i] = code[way]
            if at is not None and day[i] < 0:
                day[i] = at // 86_400
    return Context(route, day, row, table, routes)


def drawn(context: Context) -> Floats:
    """How often each cell is met among pairs drawn at random."""
    n = len(context.route)
    rng = np.random.default_rng(SEED)
    a = rng.integers(0, max(1, n), DRAWN if n > 1 else 0)
    b = (a + rng.integers(1, max(2, n), len(a))) % max(1, n)
    return np.bincount(context.cells(a, b), minlength=CELLS).astype(np.float64)


def worth(cells: Ints, true: Floats, chance: Floats) -> Floats:
    """The weight of each cell; ``true``: of each pair, how sure its traces make it; ``chance``: how
    often each cell is met by chance (``drawn``)."""
    sure = np.bincount(cells, np.where(true > 0.9, true, 0), CELLS)
    usual = (sure + chance) / max(1.0, float((sure + chance).sum()))
    yes = (sure + PRIOR * usual) / (sure.sum() + PRIOR)
    no = (chance + PRIOR * usual) / (chance.sum() + PRIOR)
    ratio = np.log(np.maximum(yes, 1e-9) / np.maximum(no, 1e-9))
    clipped: Floats = np.clip(ratio, -MOST, MOST)
    return clipped

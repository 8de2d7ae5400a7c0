"""Who passed with whom, told by arithmetic on sorted integers as by comparing each with each."""

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.analyses.plates._driven import Driven, leg
from faisceau.analyses.plates._neighbours import (
    LEG_S,
    RUNS,
    SLACK,
    SPELL_S,
    Meetings,
    meetings,
    repeated,
)
from faisceau.analyses.plates._passages import Ints, Reads, by_vehicle, mixed

GAP_S = 180
START = 1_780_000_000 // SPELL_S * SPELL_S
PASSAGES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 3 * SPELL_S // 60)),
    max_size=60,
)


def block(passages: list[tuple[int, int, int]]) -> tuple[Reads, Ints]:
    """Reads by vehicle and time from (vehicle, place, minute)."""
    rows = np.array(sorted(set(passages)), np.int64).reshape(-1, 3)
    plate = mixed(rows[:, 0].astype(np.uint64) + np.uint64(1))
    return by_vehicle(Reads(plate, rows[:, 1], START + 60 * rows[:, 2], np.arange(len(rows))))


def compared(reads: Reads, vehicle: Ints, until: int, length: int) -> Counter[tuple[int, ...]]:
    """By pair of plates and spell: equal runs near at both ends, each compared with each."""
    runs = []
    for skips in RUNS[length]:
        for i in range(len(reads)):
            at = [i, *(i + skip for skip in skips)]
            if at[-1] >= len(reads) or len({int(vehicle[k]) for k in at}) > 1:
                continue
            steps = list(pairwise(at))
            if any(reads.at[b] - reads.at[a] > LEG_S for a, b in steps):
                continue
            if any(reads.place[a] == reads.place[b] for a, b in steps):
                continue
            places = tuple(int(reads.place[k]) for k in at)
            runs.append((places, int(reads.at[i]), int(reads.at[at[-1]]), int(reads.plate[i])))
    found: Counter[tuple[int, ...]] = Counter()
    slack, part = SLACK[length]
    for one, two in combinations(sorted(runs, key=lambda run: run[1]), 2):
        apart, late = two[1] - one[1], two[2] - one[2]
        if one[0] != two[0] or one[3] == two[3] or one[1] >= until:
            continue
        near = apart <= GAP_S and abs(late) <= GAP_S
        if near and abs(late - apart) <= slack + (one[2] - one[1]) // part:
            found[(*sorted((one[3], two[3])), one[1] // SPELL_S)] += 1
    return Counter({key: n for key, n in found.items() if n > 1 or length < 3})


@pytest.mark.parametrize("length", [1, 2, 3])
@settings(max_examples=60, deadline=None)
@given(passages=PASSAGES, spells=st.integers(1, 3))
def test_the_same_pairs_as_comparing_each_with_each(
    length: int, passages: list[tuple[int, int, int]], spells: int
) -> None:
    reads, vehicle = block(passages)
    until = START + spells * SPELL_S
    found = meetings(reads, vehicle, until, GAP_S, length)
    keys = zip(found.first, found.second, found.start // SPELL_S, strict=True)
    told = {
        (int(a), int(b), int(spell)): int(n)
        for (a, b, spell), n in zip(keys, found.runs, strict=True)
    }
    wanted = compared(reads, vehicle, until, length)
    if equal_starts(reads):  # which of two that begin together is first is not told
        assert {k[:2] for k in told} == {k[:2] for k in wanted}
    else:
        assert told == wanted


def equal_starts(reads: Reads) -> bool:
    return len(set(zip(reads.place.tolist(), reads.at.tolist(), strict=True))) < len(reads)


def test_a_leg_is_counted_as_often_as_it_was_driven_or_more() -> None:
    drives = [
        (v, place, 10 * place + 300 * n) for v in range(4) for n in range(5) for place in (0, 1)
    ]
    reads, vehicle = block(drives)
    driven = Driven(len(reads))
    driven.add(reads, vehicle, START + 10**9)
    plates = np.unique(reads.plate)
    there = leg(np.zeros(4, np.int64), np.ones(4, np.int64))
    assert (driven.times(plates, there) >= 5).all()
    assert (driven.times(plates, leg(np.full(4, 3), np.full(4, 4))) == 0).all()


def test_who_drives_the_road_alone_day_after_day_is_no_candidate() -> None:
    """Two commuters who meet on two days of twenty, and a convoy that drives on two days alone."""
    day = 86_400 // 60
    road = list(enumerate(range(4)))
    drives = [
        (who, p, 20 * k + 5 * who + day * n) for who in (0, 1) for n in range(20) for k, p in road
    ]
    drives += [
        (who, p, 600 + 20 * k + who - 2 + day * n)
        for who in (2, 3)
        for n in (3, 7)
        for k, p in road
    ]
    drives += [(1, p, 300 + 20 * k + day * n) for n in (4, 9) for k, p in road]
    drives += [(0, p, 301 + 20 * k + day * n) for n in (4, 9) for k, p in road]
    reads, vehicle = block(drives)
    until = START + 30 * 86_400
    driven = Driven(len(reads))
    driven.add(reads, vehicle, until)
    met: list[Meetings] = [meetings(reads, vehicle, until, GAP_S, 2)]
    found = repeated(met, driven, 2, 4)
    plates = mixed(np.arange(1, 5, dtype=np.uint64))
    assert {
        frozenset(pair) for pair in zip(found.first.tolist(), found.second.tolist(), strict=True)
    } == {frozenset(plates[2:].tolist())}

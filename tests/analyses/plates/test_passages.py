"""Reads as arrays: plates hashed as the engine would write them, a sieve that loses none."""

import ibis
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.analyses.plates._passages import among, compact, compacted, hashed

PLATES = st.lists(
    st.text(st.sampled_from("ABZ019abz-_ .·/\tÄßéЖ"), max_size=12), min_size=1, max_size=20
)


@settings(deadline=None)  # the first call loads what is needed
@given(PLATES, st.integers(0, 3))
def test_a_plate_is_hashed_as_its_letters_and_digits(texts: list[str], skipped: int) -> None:
    whole = pa.array(texts, pa.string())
    part = whole.slice(min(skipped, len(texts) - 1))
    assert hashed(part, compact=True).tolist() == hashed(compacted(part)).tolist()


def test_letters_and_digits_are_the_same_here_and_in_the_engine() -> None:
    texts = ["AB-123-CD", "ab 123 cd", "AB·123/cd", "A_B.1\t2", "", "-", "WÄ-K 12", "12+34*"]
    table = ibis.memtable(pa.table({"plate": pa.array(texts, pa.string())}))
    engine = table.select(plate=compact(table.plate)).to_pyarrow()["plate"].to_pylist()
    assert compacted(pa.array(texts, pa.string())).to_pylist() == engine


def test_plates_that_differ_have_hashes_that_differ() -> None:
    texts = pa.array([f"{a}{n:03d}{b}" for a in ("AA", "AB") for n in range(1000) for b in "XYZ"])
    assert len(np.unique(hashed(texts, compact=True))) == len(texts)


@settings(deadline=None)
@given(st.sets(st.integers(0, 2**64 - 1)), st.lists(st.integers(0, 2**64 - 1)))
def test_the_sieve_tells_what_a_set_tells(known: set[int], asked: list[int]) -> None:
    test = among(np.array(sorted(known), np.uint64))
    every = [*asked, *known]
    assert test(np.array(every, np.uint64)).tolist() == [one in known for one in every]

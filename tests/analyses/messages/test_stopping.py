"""The stopping rule: what the published law says, and that it keeps its word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom  # type: ignore[import-untyped]

from faisceau.analyses.messages._stopping import least, needed


@given(
    relevant=st.integers(1, 200),
    target=st.floats(0.5, 0.99),
    confidence=st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)
def test_as_many_as_the_binomial_law_asks_for(
    relevant: int, target: float, confidence: float
) -> None:
    j = needed(relevant, target, confidence)
    if relevant < least(target, confidence):
        assert j is None
    elif j is not None:  # at the very border, rounding decides
        assert binom.cdf(j - 1, relevant, target) >= confidence - 1e-9
        assert j == 1 or binom.cdf(j - 2, relevant, target) < confidence + 1e-9
    else:
        assert target**relevant == pytest.approx(1 - confidence)


def test_the_smallest_samples_are_those_of_the_paper() -> None:
    assert least(0.80, 0.95) == 14
    assert needed(14, 0.80, 0.95) == 14
    assert needed(13, 0.80, 0.95) is None


def test_a_sample_drawn_by_chance_keeps_the_promise() -> None:
    """Of 2,000 reviews of 400 relevant items, 14 of them sampled: 95 % reach a recall of 0.8."""
    chance = np.random.default_rng(7)
    places = np.array([chance.choice(400, 14, replace=False) for _ in range(2000)])
    reached = np.sort(places, axis=1)[:, (needed(14, 0.80, 0.95) or 0) - 1] + 1
    assert (reached / 400 >= 0.80).mean() >= 0.94

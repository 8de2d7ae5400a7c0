"""When a review may stop: recall bounded from below by a random control sample.

The quantile rule of Lewis, Yang and Frieder (2021, arXiv 2108.12746, CIKM). Some relevant items
are known by chance alone, before the ranking meets them. Each falls into the first ``t`` of all
relevant items with probability ``t``, whatever the ranking does. So when the ranking has met the
``j``-th of ``r`` of them, recall is at least ``t`` unless ``j`` or more fell into that part, which
a binomial law tells. The ranking must not know which items are in the sample, nor learn from one
before it has met it.
"""

import math


def least(target: float, confidence: float) -> int:
    """Relevant items that the sample must hold, at least: below, meeting all of them proves less.

    >>> least(0.80, 0.95), least(0.95, 0.95)
    (14, 59)
    """
    return math.ceil(math.log(1 - confidence) / math.log(target))


def needed(relevant: int, target: float, confidence: float) -> int | None:
    """How many of ``relevant`` sampled ones must be met; None when no number suffices.

    The smallest ``j`` for which a binomial of ``relevant`` trials at ``target`` stays below ``j``
    with probability ``confidence``.
    """
    below = 0.0
    for j in range(1, relevant + 1):
        k = j - 1
        below += math.exp(
            math.lgamma(relevant + 1)
            - math.lgamma(k + 1)
            - math.lgamma(relevant - k + 1)
            + k * math.log(target)
            + (relevant - k) * math.log1p(-target)
        )
        if below >= confidence:
            return j
    return None

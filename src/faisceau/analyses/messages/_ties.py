"""Ties: who takes part in a conversation that is strong by itself.

Only within one exhibit: bringing exhibits together is another kind of work (``matching``). The
owner of the account and whoever takes part in many conversations tie nothing: they are
everywhere.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

STRONG = 0.9
"""Score from which on a conversation lends weight."""
EVERYWHERE = 6
"""Conversations from which on a participant says nothing any more."""
WORTH = 0.5
"""Log-odds that a tie adds."""


def ties(
    people: Mapping[str, frozenset[str]],
    exhibits: Mapping[str, str],
    scores: Mapping[str, float],
) -> dict[str, Sequence[tuple[str, str]]]:
    """By conversation: the participants it shares with a strong one, and which (key) that is.

    ``people``: participants by conversation, owner left out.
    """
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in sorted(people):
        for person in people[key]:
            where[exhibits[key], person].append(key)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for (_, person), talks in sorted(where.items()):
        if not 1 < len(talks) <= EVERYWHERE:
            continue
        strong = [key for key in talks if scores[key] >= STRONG]
        for key in talks:
            other = next((s for s in strong if s != key), None)
            if other is not None:
                found[key].append((person, other))
    return dict(found)

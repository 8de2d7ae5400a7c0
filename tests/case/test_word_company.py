"""Which words are used alike, on a few lines written by rule."""

import random

from faisceau.case.word_company import neighbours

KNOWN, NEW, FOOD, OTHER = 0, 1, 2, 3
DEAL, TABLE = (10, 11, 12, 13), (20, 21, 22, 23)


def lines() -> list[list[int]]:
    """``KNOWN`` and ``NEW`` stand among words of dealing, ``FOOD`` and ``OTHER`` at table."""
    draw = random.Random(1)
    made = []
    for _ in range(400):
        for words, company in (((KNOWN, NEW), DEAL), ((FOOD, OTHER), TABLE)):
            first, last = draw.sample(company, 2), draw.sample(company, 2)
            made.append([*first, draw.choice(words), *last])
    return made


def test_words_that_keep_the_same_company_are_neighbours() -> None:
    every = [KNOWN, NEW, FOOD, OTHER, *DEAL, *TABLE]
    found = {one.word: one for one in neighbours(lines(), every, [KNOWN])}
    assert found[NEW].near == (KNOWN,)
    assert found[NEW].likeness > 0.5
    assert not {FOOD, OTHER, KNOWN} & found.keys()
    again = neighbours(lines(), every[::-1], [KNOWN])
    assert again == list(found.values())


def test_nothing_is_near_where_nothing_is_known_or_said() -> None:
    assert neighbours(lines(), [KNOWN, NEW, *DEAL], []) == []
    assert neighbours([], [1, 2, 3, 4, 5], [1]) == []
    assert neighbours([[1]], [1], [1]) == []

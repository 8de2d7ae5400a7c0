"""Adjacency matrices as calls."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import BadInput
from faisceau.evidence.native.matrix import Refused, Tie, read_matrix


def ties(*rows: Sequence[str]) -> list[tuple[str, str, int]]:
    read = read_matrix(list(enumerate(rows, 1)), "m")
    return [(t.caller, t.callee, t.count) for t in read if isinstance(t, Tie)]


def refused(*rows: Sequence[str]) -> list[tuple[int, int | None]]:
    read = read_matrix(list(enumerate(rows, 1)), "m")
    return [(r.line, r.column) for r in read if isinstance(r, Refused)]


def test_a_cell_is_a_number_of_calls_from_its_line_to_its_column() -> None:
    rows = ["", "N1", "N3"], ["N1", "0", "5"], ["N3", "2", ""]
    assert ties(*rows) == [("N1", "N3", 5), ("N3", "N1", 2)]


def test_a_symmetric_matrix_is_read_once_whatever_the_order_of_its_lines() -> None:
    rows = ["", "a", "b", "c"], ["b", "4", "0", "1"], ["a", "7", "4", "0"], ["c", "0", "1", "0"]
    assert ties(*rows) == [("b", "a", 4), ("b", "c", 1), ("a", "a", 7)]


def test_one_illegible_cell_does_not_make_every_tie_count_twice() -> None:
    rows = ["", "a", "b", "c"], ["a", "0", "4", "2"], ["b", "?", "0", "1"], ["c", "2", "1", "0"]
    assert ties(*rows) == [("a", "b", 4), ("a", "c", 2), ("b", "c", 1)]
    assert refused(*rows) == [(3, 2)]


def test_the_first_line_may_lack_the_cell_above_the_labels() -> None:
    assert ties(["a", "b"], ["a", "0", "3"], ["b", "0", "0"]) == [("a", "b", 3)]


def test_what_cannot_be_read_is_refused_alone() -> None:
    rows = ["", "a", "b"], ["a", "x", "1"], ["c", "0", "0"], ["b", "1"], ["a", "0", "9"]
    assert refused(*rows) == [(2, 2), (3, None), (4, None), (5, None)]
    assert ties(*rows) == [("a", "b", 1)]


@pytest.mark.parametrize("count", ["9" * 40, "1e400", "nan", "-1", "1.5"])
def test_a_cell_that_is_no_count_is_refused(count: str) -> None:
    assert refused(["", "a", "b"], ["a", "0", count], ["b", "0", "0"]) == [(2, 3)]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [["", ""]],
        [["", "a", "a"], ["a", "0", "1"]],
        [["caller", "callee"], ["0639980001", "0639980002"]],
    ],
)
def test_a_file_without_labels_is_no_matrix(rows: list[list[str]]) -> None:
    with pytest.raises(BadInput):
        list(read_matrix(enumerate(rows, 1), "m"))


@given(st.integers(2, 6).flatmap(lambda n: st.lists(
    st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n)))  # fmt: skip
def test_nothing_is_lost(cells: list[list[int]]) -> None:
    n = len(cells)
    labels = [f"p{i}" for i in range(n)]
    rows = [["", *labels], *([labels[i], *map(str, cells[i])] for i in range(n))]
    symmetric = all(cells[i][j] == cells[j][i] for i in range(n) for j in range(n))
    once = sum(cells[i][j] for i in range(n) for j in range(i, n))
    assert sum(n for _, _, n in ties(*rows)) == (once if symmetric else sum(map(sum, cells)))

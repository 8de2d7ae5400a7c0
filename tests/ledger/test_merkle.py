"""The tree, against the published vectors and against the RFC's own recursive definition."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.ledger.merkle import (
    Frontier,
    consistency_ranges,
    extends,
    includes,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_roots,
    root_of,
)

# Test data of Certificate Transparency (transparency-dev/merkle, testonly): inputs and roots.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
INPUTS += ["606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = {
    (0, 1): [],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}

SIZES = st.integers(1, 70)


def tree(size: int) -> list[bytes]:
    return [leaf_hash(bytes([n])) for n in range(size)]


def half(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def mth(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = half(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1, word for word."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = half(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_roots_are_the_published_ones(size: int, root: str) -> None:
    assert root_of(LEAVES[:size]).hex() == root


@pytest.mark.parametrize(("number", "size"), PATHS)
def test_inclusion_paths_are_the_published_ones(number: int, size: int) -> None:
    found = range_roots(inclusion_ranges(number, size), LEAVES)
    assert [step.hex() for step in found] == PATHS[number, size]
    assert includes(LEAVES[number], number, size, found, bytes.fromhex(ROOTS[size]))


@given(SIZES)
def test_the_frontier_has_the_root_of_the_definition(size: int) -> None:
    leaves, frontier = tree(size), Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    assert frontier.root() == mth(leaves)
    assert Frontier(size, frontier.hashes).root() == mth(leaves)


@given(SIZES, st.data())
def test_inclusion_is_that_of_the_definition_and_of_that_leaf_alone(
    size: int, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, size - 1))
    leaves = tree(size)
    found = range_roots(inclusion_ranges(number, size), leaves)
    assert found == path(number, leaves)
    holding = [n for n in range(size) if includes(leaves[n], n, size, found, mth(leaves))]
    assert holding == [number]
    assert not includes(leaves[number], number, size, [*found, leaves[0]], mth(leaves))
    if found:
        assert not includes(leaves[number], number, size, found[1:], mth(leaves))


@given(SIZES, st.data())
def test_consistency_is_that_of_the_definition_and_fails_for_another_past(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new))
    leaves = tree(new)
    found = range_roots(consistency_ranges(old, new), leaves)
    assert found == subproof(old, leaves, True)
    roots = mth(leaves[:old]), mth(leaves)
    assert extends(old, new, *roots, found)
    other = mth([leaf_hash(b"other"), *leaves[1:old]])
    assert not extends(old, new, other, roots[1], found)
    assert not extends(old, new, *roots, [*found, leaves[0]])


def test_there_is_no_proof_for_what_is_not_in_the_tree() -> None:
    with pytest.raises(ValueError, match="8"):
        inclusion_ranges(8, 8)
    with pytest.raises(ValueError, match="0"):
        consistency_ranges(0, 8)
    assert not includes(LEAVES[0], 9, 8, [], bytes.fromhex(ROOTS[8]))
    assert not extends(5, 3, LEAVES[0], LEAVES[0], [])
    with pytest.raises(ValueError, match="3"):
        Frontier(3, LEAVES[:1])

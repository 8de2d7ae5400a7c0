"""A large network is laid out in bounded time, within the square."""

from faisceau.case.pictures.drawing import SIDE, laid_out
from faisceau.case.pictures.network import Edge, Network, Node


def test_two_thousand_nodes_are_laid_out_within_the_square() -> None:
    nodes = [Node("phone", f"+336{n:08}", "", 1) for n in range(2000)]
    edges = [
        Edge(min(a, b), max(a, b), {"call": 1})
        for n in range(1, 2000)
        for a, b in [(nodes[n].key, nodes[n // 7].key)]
    ]
    places = laid_out(Network(nodes, edges))
    assert len(places) == 2000
    assert all(0 <= x <= SIDE and 0 <= y <= SIDE for x, y in places.values())
    assert len(set(places.values())) > 1990

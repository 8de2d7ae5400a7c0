"""A network laid out on a plane, and written for other programs (GraphML)."""

import random
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

import igraph

from faisceau.case.pictures.network import Network

Point = tuple[float, float]
SIDE = 1000.0
SEED = 1
FINE = 150
"""Up to so many nodes, every distance counts; beyond, forces alone."""
_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def laid_out(network: Network, pinned: Mapping[str, Point] | None = None) -> dict[str, Point]:
    """Where each node stands, by key: between 0 and ``SIDE`` each way, pinned ones where they are.

    Springs after Kamada and Kawai (Information Processing Letters 31(1), 1989) for small networks,
    forces after Fruchterman and Reingold (Software: Practice and Experience 21(11), 1991) for
    large ones and where something is pinned; the same network gives the same drawing.
    """
    nodes, pinned = network.nodes, pinned or {}
    if not nodes:
        return {}
    if len(nodes) == 1:
        return {nodes[0].key: pinned.get(nodes[0].key, (SIDE / 2, SIDE / 2))}
    place = {node.key: number for number, node in enumerate(nodes)}
    graph = igraph.Graph(
        n=len(nodes), edges=[(place[e.a], place[e.b]) for e in network.edges], directed=False
    )
    chance = random.Random(SEED)  # the same drawing each time
    igraph.set_random_number_generator(chance)
    box = _box(network, pinned)
    start = [
        pinned.get(node.key) or (chance.uniform(0, SIDE), chance.uniform(0, SIDE)) for node in nodes
    ]
    if len(nodes) <= FINE and not pinned:
        layout = graph.layout_kamada_kawai(seed=start)
    else:
        layout = graph.layout_fruchterman_reingold(
            seed=start, niter=120, start_temp=SIDE / 10, grid="auto", **box
        )
    return _fitted({node.key: tuple(layout[n]) for n, node in enumerate(nodes)}, pinned)


def graphml(network: Network) -> bytes:
    """The network as GraphML (http://graphml.graphdrawing.org/specification.html)."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'<key id="{name}" for="{on}" attr.name="{name}" attr.type="{of}"/>'
            for on, name, of in (
                ("node", "type", "string"),
                ("node", "value", "string"),
                ("node", "label", "string"),
                ("node", "ties", "int"),
                ("node", "members", "int"),
                ("edge", "kinds", "string"),
                ("edge", "strength", "double"),
                ("edge", "first", "string"),
                ("edge", "last", "string"),
            )
        ),
        '<graph id="G" edgedefault="undirected">',
    ]
    number = {node.key: f"n{n}" for n, node in enumerate(network.nodes)}
    for node in network.nodes:
        told = {
            "type": node.kind,
            "value": node.value,
            "label": node.label,
            "ties": str(node.ties),
            "members": str(node.members),
        }
        lines.append(f"<node id={quoteattr(number[node.key])}>{_data(told)}</node>")
    for edge in network.edges:
        told = {
            "kinds": ", ".join(f"{kind}: {n}" for kind, n in edge.kinds.items()),
            "strength": str(edge.n),
            "first": edge.first.isoformat() if edge.first else "",
            "last": edge.last.isoformat() if edge.last else "",
        }
        ends = f'source="{number[edge.a]}" target="{number[edge.b]}"'
        lines.append(f"<edge {ends}>{_data(told)}</edge>")
    return "\n".join([*lines, "</graph>", "</graphml>", ""]).encode()


def _data(told: Mapping[str, str]) -> str:
    return "".join(
        f'<data key="{name}">{escape(_FOREIGN.sub(chr(0xFFFD), value))}</data>'
        for name, value in told.items()
        if value
    )


def _box(network: Network, pinned: Mapping[str, Point]) -> dict[str, list[float]]:
    """Bounds that hold pinned nodes where they are."""
    if not pinned:
        return {}
    wide = 4 * SIDE
    spots = [pinned.get(node.key) for node in network.nodes]
    return {
        "minx": [-wide if s is None else s[0] for s in spots],
        "maxx": [wide if s is None else s[0] for s in spots],
        "miny": [-wide if s is None else s[1] for s in spots],
        "maxy": [wide if s is None else s[1] for s in spots],
    }


def _fitted(places: dict[str, Point], pinned: Mapping[str, Point]) -> dict[str, Point]:
    """Into the square, unless something pinned holds the drawing where it is."""
    if any(key in pinned for key in places):
        return {key: (round(x, 1), round(y, 1)) for key, (x, y) in places.items()}
    xs, ys = zip(*places.values(), strict=True)
    size = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    return {
        key: (
            round((x - min(xs)) * SIDE / size, 1),
            round((y - min(ys)) * SIDE / size, 1),
        )
        for key, (x, y) in places.items()
    }

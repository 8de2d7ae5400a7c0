"""A network as ECharts draws it: nodes where they were laid out, ties as wide as they are strong."""

import math
from collections.abc import Mapping
from typing import Any

from faisceau.case.pictures.drawing import Point
from faisceau.case.pictures.network import PART, Network, Node
from faisceau.web.pages import _drawn
from faisceau.words import N_

NAMES = {
    "mention": N_("in several exhibits"),
    "finding": N_("findings"),
    "phone": N_("telephone number"),
    "email": N_("mail address"),
    "handle": N_("account"),
    "label": N_("account"),
    "account": N_("account"),
    "owner": N_("owner of an exhibit"),
    "thread": N_("conversation"),
    "plate": N_("number plate"),
    "imei": N_("device"),
    "iban": N_("bank account"),
    "coin_address": N_("coin address"),
    "person": N_("person"),
    "document": N_("document"),
    "exhibit": N_("exhibit"),
    "community": N_("community"),
    "procedure": N_("procedure"),
    "place": N_("place"),
}
COLOURS = {
    "phone": "#3b82c4",
    "email": "#3aa3a8",
    "handle": "#2f9e77",
    "label": "#2f9e77",
    "account": "#2f9e77",
    "owner": "#c23b30",
    "thread": "#8e6bc9",
    "plate": "#c2517f",
    "imei": "#64748b",
    "iban": "#b8901f",
    "coin_address": "#7d6a55",
    "person": "#b5654a",
    "document": "#9a5f9f",
    "exhibit": "#d9822b",
    "community": "#3b82c4",
}
SHAPES = {"person": "roundRect", "exhibit": "rect", "thread": "diamond", "imei": "triangle"}
FEW = 400
"""Beyond so many nodes, neighbours are not lit up under the pointer."""
NAMED = 60
"""Nodes that bear their name, where they are many; others show it under the pointer."""
LONGEST = 34


def drawing(
    network: Network,
    places: Mapping[str, Point],
    pinned: Mapping[str, Point],
    chosen: str,
    dark: bool,
) -> dict[str, Any]:
    """The options of the chart: one node and one link per node and tie, in their order."""
    many = len(network.nodes) > FEW
    ranked = sorted(network.nodes, key=lambda n: -n.ties * n.members)
    named = {node.key for node in ranked[:NAMED]} if many else {n.key for n in network.nodes}
    kinds = sorted({node.kind for node in network.nodes})
    number = {node.key: n for n, node in enumerate(network.nodes)}
    emphasis: dict[str, Any] = {"label": {"show": True}}
    if not many:
        emphasis |= {"focus": "adjacency", "lineStyle": {"opacity": 0.9}}
    series = {
        "type": "graph",
        "layout": "none",
        "roam": True,
        "draggable": not many,
        "scaleLimit": {"min": 0.2, "max": 20},
        "left": 24,
        "right": 24,
        "top": 24,
        "bottom": 24,
        "data": [
            _node(node, places, pinned, chosen, node.key in named, dark) for node in network.nodes
        ],
        "links": [
            {
                "source": number[e.a],
                "target": number[e.b],
                "value": e.n,
                "lineStyle": {"width": round(min(7.0, 0.8 + math.log1p(e.n) * 0.7), 1)},
            }
            for e in network.edges
        ],
        "lineStyle": {
            "color": _drawn.SOFT[dark],
            "opacity": 0.25 if many else 0.45,
            "curveness": 0,
        },
        "emphasis": emphasis,
        "labelLayout": {"hideOverlap": True},
        "label": {"position": "right", "color": _drawn.INK[dark], "fontSize": 12},
        "categories": [
            {"name": kind, "itemStyle": {"color": COLOURS.get(kind, _drawn.OTHER)}}
            for kind in kinds
        ],
    }
    return {
        "animation": False,
        "tooltip": {**_drawn.tooltip(dark), "show": True},
        "series": [series],
    }


def _node(
    node: Node,
    places: Mapping[str, Point],
    pinned: Mapping[str, Point],
    chosen: str,
    named: bool,
    dark: bool,
) -> dict[str, Any]:
    x, y = places[node.key]
    size = 8 + 4 * math.log1p(node.ties)
    if node.kind == PART:
        size = 14 + 6 * math.log1p(node.members)
    label = node.label if len(node.label) <= LONGEST else f"{node.label[:LONGEST]}…"
    shown = {
        "name": node.label,
        "x": x,
        "y": y,
        "value": node.members if node.kind == PART else node.ties,
        "category": node.kind,
        "symbol": SHAPES.get(node.kind, "circle"),
        "symbolSize": round(min(size, 64), 1),
        "label": {"show": named, "formatter": label.replace("{", "(").replace("}", ")")},
        "itemStyle": {"color": COLOURS.get(node.kind, _drawn.OTHER)},
    }
    if node.key in pinned or node.key == chosen:
        shown["itemStyle"] |= {"borderColor": _drawn.INK[dark], "borderWidth": 2.5}
    return shown

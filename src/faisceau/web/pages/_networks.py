"""A network as ECharts draws it: nodes where they were laid out, ties by their strength."""

import math
from collections.abc import Mapping
from typing import Any

from faisceau.case.pictures.drawing import Point
from faisceau.case.pictures.network import PART, Network, Node
from faisceau.web.pages import _drawn
from faisceau.words import N_, say

TIES = {"mention": N_("in several exhibits"), "finding": N_("findings"), "person": N_("persons")}
NAMES = {
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
CROWDED = 120
"""Beyond so many, nodes are smaller and few bear their names."""
NAMED = 40
"""Nodes that bear their name, where they are many; others show it under the pointer."""
LONGEST = 34


def label(node: Node) -> str:
    """What a node is called, to a person."""
    if node.kind == "owner":
        return say(N_("owner of {exhibit}"), exhibit=node.value)
    if node.kind == PART and node.members > 1:
        first = node.label.partition(", ")[0]
        return say(N_("{first} and {n} others"), first=first, n=node.members - 1)
    return node.label


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
    crowded = len(network.nodes) > CROWDED
    named = {node.key for node in ranked[: NAMED if crowded else None]}
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
        "right": 150,
        "top": 24,
        "bottom": 24,
        "data": [
            _node(node, places[node.key], named=node.key in named, crowded=crowded)
            | _ring(lit=node.key in pinned or node.key == chosen, kind=node.kind, dark=dark)
            for node in network.nodes
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
        "label": {
            "position": "right",
            "color": _drawn.INK[dark],
            "fontSize": 11,
            "textBorderColor": _drawn.SURFACE[dark],
            "textBorderWidth": 2,
        },
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


def _ring(*, lit: bool, kind: str, dark: bool) -> dict[str, Any]:
    """The colour of a node; what is pinned or chosen bears a ring."""
    style: dict[str, Any] = {"color": COLOURS.get(kind, _drawn.OTHER)}
    if lit:
        style |= {"borderColor": _drawn.INK[dark], "borderWidth": 2.5}
    return {"itemStyle": style}


def _node(node: Node, at: Point, *, named: bool, crowded: bool) -> dict[str, Any]:
    x, y = at
    size = (5 + 2 * math.log1p(node.ties)) if crowded else (8 + 4 * math.log1p(node.ties))
    if node.kind == PART:
        size = 14 + 6 * math.log1p(node.members)
    said = label(node)
    short = said if len(said) <= LONGEST else f"{said[:LONGEST]}…"
    return {
        "name": said,
        "x": x,
        "y": y,
        "value": node.members if node.kind == PART else node.ties,
        "category": node.kind,
        "symbol": SHAPES.get(node.kind, "circle"),
        "symbolSize": round(min(size, 64), 1),
        "label": {"show": named, "formatter": short.replace("{", "(").replace("}", ")")},
    }

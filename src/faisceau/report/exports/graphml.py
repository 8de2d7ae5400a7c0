"""GraphML (http://graphml.graphdrawing.org/specification.html): read by Gephi, yEd, igraph.

Nodes and edges of :mod:`graph`, each with its provenance; all attributes are strings but
``strength``. A character that XML 1.0 cannot hold becomes U+FFFD.
"""

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from faisceau.report.exports.graph import PROVENANCE, attribute_names, edges, nodes
from faisceau.report.exports.model import ExportData, Members, joined
from faisceau.report.exports.tabular import whole

_HEAD = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns \
http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""
_FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def graphml(data: ExportData) -> Members:
    """One directed graph."""
    yield ".graphml", joined(piece.encode() for piece in _document(data))


def _document(data: ExportData) -> Iterator[str]:
    yield _HEAD
    facts = dict(whole(data))
    keys = _Keys()
    for name in facts:
        yield keys.declare("graph", name)
    for name in ("type", "label", *PROVENANCE, *attribute_names(data)):
        yield keys.declare("node", name)
    for name in ("link_id", "type", "date", *PROVENANCE):  # igraph misreads the id of an edge
        yield keys.declare("edge", name)
    yield keys.declare("edge", "strength", "double")
    yield '<graph id="G" edgedefault="directed">\n'
    yield keys.data("graph", facts) + "\n"
    for node in nodes(data):
        attributes = {"type": node.type, "label": node.label, **node.provenance}
        stated = keys.data("node", {**attributes, **_apart(node.attributes, attributes)})
        yield f'<node id="n{node.key}">{stated}</node>\n'
    for edge in edges(data):
        facts = {"link_id": edge.key, "type": edge.type, "date": edge.at}
        stated = keys.data("edge", {**facts, **edge.provenance})
        if edge.strength is not None:
            stated += keys.data("edge", {"strength": f"{edge.strength:.6g}"})
        ends = f'source="n{edge.source}" target="n{edge.target}"'
        yield f'<edge id="e{edge.key}" {ends}>{stated}</edge>\n'
    yield "</graph>\n</graphml>\n"


def _apart(attributes: Mapping[str, str], taken: Mapping[str, str]) -> dict[str, str]:
    """Columns that are named like what every node has (a scan's ``label``) under another name."""
    return {f"{n}_" if n in taken else n: value for n, value in attributes.items()}


class _Keys:
    """The attributes declared so far: GraphML names them ``d0``, ``d1`` …"""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}

    def declare(self, on: str, name: str, of: str = "string") -> str:
        while (on, name) in self._ids:
            name += "_"
        key = self._ids[on, name] = f"d{len(self._ids)}"
        return f'<key id="{key}" for="{on}" attr.name="{name}" attr.type="{of}"/>\n'

    def data(self, on: str, values: Mapping[str, str]) -> str:
        return "".join(
            f'<data key="{self._ids[on, name]}">{_text(value)}</data>'
            for name, value in values.items()
            if value
        )


def _text(value: str) -> str:
    return escape(_FOREIGN.sub("\ufffd", value), {"\r": "&#13;"})

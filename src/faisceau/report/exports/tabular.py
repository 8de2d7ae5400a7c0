"""CSV for link charts (i2 Analyst's Notebook and its like): entities, links, provenance.

Three files: ``entities.csv`` (id, type, label, provenance, attributes), ``links.csv`` (id, from,
to, type, date, strength, source) and ``provenance.csv`` (what the whole rests on). UTF-8 with a
byte-order mark, as spreadsheets ask for; RFC 4180, lines ended by CRLF. Cells are as the source
has them: import them as text, for one may begin with a sign that a spreadsheet takes for a formula.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from faisceau.report.exports.graph import PROVENANCE, attribute_names, edges, nodes
from faisceau.report.exports.model import ExportData, Members, iso, joined

ENTITY = ("entity_id", "type", "label", *PROVENANCE)
LINK = ("link_id", "from", "to", "type", "date", "strength", *PROVENANCE)


def tabular(data: ExportData) -> Members:
    """The three files of the export."""
    yield "entities.csv", _csv(_entities(data))
    yield "links.csv", _csv(_links(data))
    yield "provenance.csv", _csv(_whole(data))


def _entities(data: ExportData) -> Iterator[Sequence[str]]:
    names = attribute_names(data)
    yield (*ENTITY, *(f"{n}_" if n in ENTITY else n for n in names))
    for node in nodes(data):
        stands = (node.provenance.get(name, "") for name in PROVENANCE)
        yield (
            node.key,
            node.type,
            node.label,
            *stands,
            *(node.attributes.get(name, "") for name in names),
        )


def _links(data: ExportData) -> Iterator[Sequence[str]]:
    yield LINK
    for edge in edges(data):
        strength = "" if edge.strength is None else f"{edge.strength:.6g}"
        stands = (edge.provenance.get(name, "") for name in PROVENANCE)
        yield (edge.key, edge.source, edge.target, edge.type, edge.at, strength, *stands)


def _whole(data: ExportData) -> Iterator[Sequence[str]]:
    yield ("fact", "value")
    yield from whole(data)


def whole(data: ExportData) -> Iterator[tuple[str, str]]:
    """What the export as a whole rests on: software, mandate, ledger, what was held back."""
    yield "software", data.software.name
    yield "software_version", data.software.version
    yield "mandate", data.reference
    yield "case_id", data.key("case")
    yield "checkpoint_size", str(data.proof.size)
    yield "checkpoint_root", data.proof.root
    yield "checkpoint_at", iso(data.proof.at)
    for name, value in sorted(data.proof.fingerprints.items()):
        yield f"key {name}", value
    yield "findings", str(len(data.findings))
    yield "findings_held_back", str(data.held_back)


def _csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    return joined(_lines(rows))


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow(row)
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()

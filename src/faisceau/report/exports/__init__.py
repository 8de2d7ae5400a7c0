"""Exports: findings and the rows they rest on, in the formats other programs read.

Nouns in, bytes out. Ids are keyed by the case: they are the same from one export of a case to the
next, and link no two cases. The same case gives the same bytes.
"""

from collections.abc import Callable

from faisceau.report.exports.case_uco import case_uco
from faisceau.report.exports.followthemoney import followthemoney
from faisceau.report.exports.graphml import graphml
from faisceau.report.exports.model import ExportData, Members
from faisceau.report.exports.tabular import tabular

FORMATS: dict[str, Callable[[ExportData], Members]] = {
    "case": case_uco,
    "ftm": followthemoney,
    "graphml": graphml,
    "csv": tabular,
}
"""Formats by their word on the command line."""

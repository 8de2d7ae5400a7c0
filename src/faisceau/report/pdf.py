"""The report as a PDF, set by Typst: archivable (PDF/A-2a) and accessible (PDF/UA-1).

The same data give the same bytes: the document's date is that of the ledger's checkpoint, no font
of the machine is used, and nothing is random.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from faisceau.report import fonts
from faisceau.report.legible import Breakable
from faisceau.report.model import ReportData
from faisceau.report.pages import document
from faisceau.words import speaking

STANDARDS = ["a-2a", "ua-1"]


def render_pdf(data: ReportData, lang: str) -> bytes:
    """The report in ``lang`` (``en`` or ``fr``; else ``ValueError``) as the bytes of a PDF."""
    with speaking(lang):
        tree = document(data)
    text = json.dumps(Breakable(fonts.drawn()).everywhere(tree), ensure_ascii=False)
    try:
        return _compiled(text, STANDARDS)
    except typst.TypstError:
        # An odd sequence of characters can lack a glyph that each of them has; the archive
        # standard forbids that, and a report that cannot be printed would be worse.
        return _compiled(text, [])


def _compiled(data: str, standards: list[str]) -> bytes:
    template = (files("faisceau.report") / "templates" / "report.typ").read_bytes()
    pdf: bytes = typst.compile(
        template,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": data, "fonts": json.dumps(_fonts().families())},
        pdf_standards=standards,
    )
    return pdf


@cache
def _fonts() -> Any:
    paths = [str(folder) for folder in fonts.folders()]
    return typst.Fonts(include_system_fonts=False, font_paths=paths)

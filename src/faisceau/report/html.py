"""The report as one HTML file: inline style, no script, nothing fetched; escaped throughout."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from faisceau.report.legible import Legible
from faisceau.report.model import ReportData
from faisceau.report.pages import document
from faisceau.words import speaking


def render_html(data: ReportData, lang: str) -> bytes:
    """The report in ``lang`` (``en`` or ``fr``; else ``ValueError``) as UTF-8 bytes."""
    with speaking(lang):
        tree = document(data)
    tree = Legible().everywhere(tree)
    page = _template().render(**tree, numbers=_numbers(tree["body"]), style=_file("report.css"))
    return page.encode()


def _numbers(blocks: list[dict[str, Any]]) -> list[str]:
    """The number of each heading (``3``, ``3.1``), empty for other blocks."""
    first = second = 0
    numbers = []
    for block in blocks:
        number = ""
        if block["is"] == "heading" and block["level"] == 1:
            first, second = first + 1, 0
            number = f"{first}"
        elif block["is"] == "heading":
            second += 1
            number = f"{first}.{second}"
        numbers.append(number)
    return numbers


def _file(name: str) -> str:
    return (files("faisceau.report") / "templates" / name).read_text("utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_file("report.html.j2"))

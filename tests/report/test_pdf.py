"""The PDF: same case, same bytes; an archive that anyone can read; text that stays text."""

import json
from dataclasses import replace
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest
import typst
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faisceau.report import fonts
from faisceau.report.legible import Breakable
from faisceau.report.pages import document
from faisceau.report.pdf import render_pdf
from faisceau.words import LANGUAGES, speaking

HOSTILE = '#eval("1") $x^2$ \\ *b* _i_ `c` @ref <lab> // [x] #{\u202elive \ud800 \x00 السلام'
ANY = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=60)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_case_gives_the_same_bytes(sample: ModuleType, lang: str) -> None:
    once = render_pdf(sample.report(), lang)
    assert once.startswith(b"%PDF-1.7")
    assert once == render_pdf(sample.report(), lang)


def test_it_is_an_archive_and_accessible(sample: ModuleType) -> None:
    made = render_pdf(sample.report(), "fr")
    assert b"<pdfaid:part>2</pdfaid:part>" in made
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


def test_a_language_nobody_speaks_is_refused(sample: ModuleType) -> None:
    with pytest.raises(ValueError, match="de"):
        render_pdf(sample.report(), "de")


def test_an_empty_case_is_printed(sample: ModuleType) -> None:
    bare = replace(sample.report(()), exhibits=(), methods=(), refusals=(), rejects=(), found=0)
    assert b"pdfaid" in render_pdf(replace(bare, unexamined=()), "en")


def marked(data: Any, selector: str) -> list[Any]:
    """What Typst understood the elements of a report to be."""
    with speaking("en"):
        tree = Breakable(fonts.drawn()).everywhere(document(data))
    template = (files("faisceau.report") / "templates" / "report.typ").read_bytes()
    compiler = typst.Compiler(
        template,
        font_paths=typst.Fonts(
            include_system_fonts=False, font_paths=list(map(str, fonts.folders()))
        ),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(tree), "fonts": "[]"},
    )
    found: list[Any] = json.loads(compiler.query(selector, field="body"))
    return found


def plain(body: Any) -> str:
    """The text of an element made of text, line ends and break points; else what it is."""
    if body["func"] == "linebreak":
        return "\n"
    if body["func"] == "sequence":
        return "".join(map(plain, body["children"]))
    if body["func"] == "box":
        return ""
    return str(body["text"]) if body["func"] == "text" else f"<{body['func']}>"


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(HOSTILE)
@given(ANY)
def test_hostile_text_is_printed_as_text_and_nothing_else(sample: ModuleType, text: str) -> None:
    card = sample.card(1, n=2)
    first, *others = card.excerpts[0].lines
    lines = (replace(first, text=text, sender=text), *others)
    lead = replace(card.finding.lead, title="{t}", facts={"t": text})
    hostile = replace(
        card,
        finding=replace(card.finding, lead=lead),
        excerpts=(replace(card.excerpts[0], lines=lines, title=text),),
    )
    data = sample.report((hostile,))
    shown = Breakable(fonts.drawn()).of(text).replace("\u200b", "")
    assert shown in [plain(body) for body in marked(data, "heading.where(level: 2)")]
    assert shown in [plain(body) for body in marked(data, "strong")]
    assert render_pdf(data, "en").startswith(b"%PDF")


def test_a_report_that_the_archive_standard_refuses_is_printed_all_the_same(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the fonts had less than they say: U+4F60 passes, and no glyph is found for it.
    monkeypatch.setattr(fonts, "drawn", lambda: range(0x110000))
    card = sample.card(1, n=1)
    title = replace(card.excerpts[0], title="你")
    made = render_pdf(sample.report((replace(card, excerpts=(title,)),)), "en")
    assert made.startswith(b"%PDF")
    assert (b"pdfaid" in made) == (len(fonts.folders()) > 1)  # the CJK package draws it


def test_thirty_findings_of_twenty_lines_are_printed(sample: ModuleType) -> None:
    cards = tuple(sample.card(i % 15 + 1, n=20) for i in range(30))
    assert len(render_pdf(sample.report(cards), "en")) > 500_000

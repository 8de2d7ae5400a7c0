"""The HTML: one file, nothing fetched, nothing run; text that stays text."""

from dataclasses import replace
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import html

from faisceau.report.html import render_html
from faisceau.report.legible import Legible
from faisceau.words import LANGUAGES

ANY = st.text(st.characters(codec=None, exclude_categories=()), min_size=1, max_size=60)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_case_gives_the_same_bytes(sample: ModuleType, lang: str) -> None:
    once = render_html(sample.report(), lang)
    assert once == render_html(sample.report(), lang)
    assert html.fromstring(once).get("lang") == lang


def test_nothing_is_run_and_nothing_is_fetched(sample: ModuleType) -> None:
    page = html.fromstring(render_html(sample.report(), "fr"))
    assert not page.xpath("//script | //link | //img | //iframe | //object | //form")
    assert not page.xpath("//@src | //@onclick | //@style")
    assert all(href.startswith("#") for href in page.xpath("//@href"))
    [style] = page.xpath("//style/text()")
    assert "url(" not in style
    assert "@import" not in style


def test_it_can_be_read_without_seeing(sample: ModuleType) -> None:
    page = html.fromstring(render_html(sample.report(), "en"))
    levels = [int(element.tag[1]) for element in page.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in page.xpath("//table"):
        assert table.xpath("./thead/tr/th[@scope='col']")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.xpath("//@href")} <= set(ids)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example("<script>alert(1)</script>")
@example("</style><b onclick='x'>\"'&amp;{{ 7*7 }}")
@example("\ud800\x00\u202e")
@given(ANY)
def test_hostile_text_is_shown_as_text_and_nothing_else(sample: ModuleType, text: str) -> None:
    card = sample.card(1, n=2)
    line = replace(card.excerpts[0].lines[0], text=text, sender=text, note="")
    data = sample.report((replace(card, excerpts=(replace(card.excerpts[0], lines=(line,)),)),))
    page = html.fromstring(render_html(data, "en"))
    [said] = page.xpath("//div[@class='said']")
    assert said.text_content() == Legible().of(text)
    assert not page.xpath("//script | //b | //@onclick")

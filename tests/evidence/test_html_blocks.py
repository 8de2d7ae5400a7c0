"""HTML as a stream of blocks, and the words a browser would show."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.html_blocks import classes, having, html_blocks, text_in
from faisceau.evidence.reading import Source
from faisceau.testing import member


def cards(content: bytes) -> list[Any]:
    source = Source(member("x", content))
    return [text_in(block) for block in html_blocks(source, lambda e: "card" in classes(e))]


def words(inside: str) -> str:
    source = Source(member("x", f'<html><body><div class="card">{inside}</div>'.encode()))
    [block] = [text_in(b) for b in html_blocks(source, lambda e: "card" in classes(e))]
    return block


@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        ("a<br>b", "a\nb"),
        ("  a\n  b  ", "a b"),
        ("a<br><br>b", "a\n\nb"),
        ("<div>a</div><div></div><div>b</div>", "a\nb"),
        ("un <b>deux</b> trois", "un deux trois"),
        ("a<script>x</script>b", "ab"),
        ("18\u00a0h &amp; plus &lt;3", "18\u00a0h & plus <3"),
        ("&#xD83C;&#xDF3F;", "🌿"),
        ("<p>a</p>\n<blockquote>b</blockquote>", "a\nb"),
    ],
)
def test_words_are_as_a_browser_shows_them(inside: str, shown: str) -> None:
    assert words(inside) == shown


def test_blocks_come_in_order_and_inner_ones_belong_to_the_outer() -> None:
    page = b'<body><div class="card">a<div class="card">b</div></div><p><span class="card">c</span>'
    assert cards(page) == ["a\nb", "c"]


def test_a_part_may_be_left_out_and_found_by_its_classes() -> None:
    source = Source(member("x", b'<div class="card">a<i class="x y">b</i>c</div>'))
    for block in html_blocks(source, lambda e: e.tag == "div"):
        assert text_in(block, lambda e: e.tag == "i") == "ac"
        assert text_in(having(block, "y", "x")) == "b"
        assert having(block, "z") is None


def test_a_page_nested_without_end_is_read() -> None:
    page = b'<div class="card">a</div>' + b"<div>" * 100_000 + b'<div class="card">b</div>'
    assert cards(page)[0] == "a"


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reading(noise: bytes) -> None:
    cards(b"<html><body>" + noise + b'<div class="card">a</div>')

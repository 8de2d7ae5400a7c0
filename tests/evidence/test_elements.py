"""The elements of an XML file as a source streams them: mended, of any length, never hostile."""

from typing import Any

import pytest

from faisceau.errors import BadInput
from faisceau.evidence.reading import Source
from faisceau.testing import member


def texts(content: bytes, *tags: str) -> list[Any]:
    source = Source(member("x.xml", content))
    return [element.text for element in source.elements(*tags)]


def test_characters_that_xml_forbids_are_mended() -> None:
    content = b"<a><b>&#55357;&#56832;</b><b>\x01</b><b>\xe9</b><b>&#0;</b></a>"
    assert texts(content) == ["😀", "\ufffd", "\ufffd", "\ufffd"]


def test_a_text_may_be_longer_than_parsers_allow() -> None:
    [text] = texts(b"<a><b>" + b"x" * 12_000_000 + b"</b></a>", "b")
    assert len(text) == 12_000_000


def test_any_encoding_that_is_declared_is_read() -> None:
    content = "<?xml version='1.0' encoding='iso-8859-1'?><a><b>é</b></a>"
    assert texts(content.encode("latin-1")) == ["é"]
    assert texts("<a><b>é</b></a>".encode("utf-16")) == ["é"]


@pytest.mark.parametrize("padding", [b"", b"<!--" + b"x" * 70_000 + b"-->"])
def test_entities_are_refused_wherever_they_are_declared(padding: bytes) -> None:
    content = padding + b'<!DOCTYPE a [<!ENTITY b "c">]><a><b>&b;</b></a>'
    with pytest.raises(BadInput, match="entities"):
        texts(content)


def test_what_stands_before_the_damage_is_given_first() -> None:
    elements = Source(member("x.xml", b"<a><b>1</b><b>2</b><c></a>")).elements("b")
    assert [next(elements).text, next(elements).text] == ["1", "2"]
    with pytest.raises(BadInput, match="damaged XML"):
        next(elements)

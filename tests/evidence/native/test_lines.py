"""Lines of text files in any encoding, whole and damaged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.encoding import code_page
from faisceau.evidence.native import lines as module
from faisceau.evidence.native.lines import (
    line_end,
    read_lines,
    split_lines,
    text_encoding,
)
from faisceau.evidence.reading import Head, Source
from faisceau.testing import member


def encoding(content: bytes) -> str | None:
    return text_encoding(Head(member("x", content), content))


def read(content: bytes, encoding: str, end: str = "\n") -> tuple[list[str], list[str]]:
    """The lines, and where the rejected ones stand."""
    text, where = b"", []
    for lines in read_lines(Source(member("x", content)), encoding, end):
        assert lines.first == text.count(b"\n") + 1
        text += lines.data
        where += [reject.locator for reject in lines.rejects]
    return text.decode().split("\n"), where


@pytest.mark.parametrize(
    "name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_unicode_encoding(name: str) -> None:
    content = "é;\N{GRINNING FACE}\nœ\n".encode(name)
    assert read(content, name) == (["é;\N{GRINNING FACE}", "œ", ""], [])


@settings(deadline=None)
@given(st.text(), st.integers(1, 9))
def test_no_cut_between_blocks_harms_a_text(text: str, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        found, where = read(f"x\n{text}".encode("utf-16-le"), "utf-16-le")
    assert (found, where) == (["x", *text.split("\n")], [])


def test_a_broken_line_is_named_and_its_neighbours_are_kept() -> None:
    assert read(b"a\xc3\xa9\nb\xff\n\n\xc3\xa9\nc\xe9\n", "utf-8") == (
        ["aé", "", "", "é", "", ""],
        ["line 2", "line 5"],
    )
    assert read("a\nb\ud800\nc".encode("utf-16-le", "surrogatepass"), "utf-16-le") == (
        ["a", "", "c"],
        ["line 2"],
    )
    assert read(b"a\nb\x81\n", "cp1252") == (["a", "", ""], ["line 2"])
    assert read("a\nb".encode("utf-16-le")[:-1], "utf-16-le") == (["a", ""], ["line 2"])


def test_a_line_without_end_is_rejected_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 100)
    monkeypatch.setattr(module, "BLOCK", 64)
    assert read(b"a\n" + b"x" * 500 + b"\nb\n", "utf-8") == (["a", "", "b", ""], ["line 2"])
    assert read(b"a\n" + b"x" * 500, "utf-8") == (["a", ""], ["line 2"])


def test_one_stray_byte_makes_no_code_page() -> None:
    good = "é,è\n" * 50
    assert encoding(good.encode() + b"caf\xe9\n") == "utf-8"
    assert encoding(b"a,b\n" * 50 + b"\x00\x01\xff\n") == "utf-8"
    assert encoding("appelé;été;à\n".encode("cp1252") * 50) == "cp1252"
    assert encoding("été\n".encode("cp1252") * 50 + b"\x00\x01\n") == "cp1252"
    assert encoding(bytes(range(32)) * 20) is None
    assert encoding(b"") is None


@pytest.mark.parametrize("text", ["été", "Durée;Appelé\n1;2", "déjà, où ça ?", "12 €;Zoé"])
@pytest.mark.parametrize("page", ["cp1252", "mac_roman", "cp850"])
def test_french_on_windows_old_macs_and_dos(text: str, page: str) -> None:
    if "€" not in text or page == "cp1252":
        assert code_page(text.encode(page)) == page


def test_other_alphabets_are_guessed() -> None:
    assert code_page("привет, как дела? завтра приедет груз".encode("cp1251")) == "cp1251"


def test_a_code_page_that_shows_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 16)
    late = b"ascii\n" * 20 + "été, déjà vu à Noël\n".encode("cp1252") * 20
    found, where = read(late, "utf-8")
    assert (found[-2], where) == ("été, déjà vu à Noël", [])
    found, where = read(b"ascii\n" * 20 + "été\n".encode() * 20 + b"\xe9t\xe9\n", "utf-8")
    assert (found[-3:], where) == (["été", "", ""], ["line 41"])


def test_line_ends_of_old_macs() -> None:
    assert line_end("a\rb") == "\r"
    assert line_end("a\r\nb") == "\n"
    assert read(b"a\rb\r", "utf-8", "\r") == (["a", "b", ""], [])


def test_lines_without_a_copy() -> None:
    assert split_lines(b"a\n\nb\n").to_pylist() == [b"a", b"", b"b"]
    assert split_lines(b"").to_pylist() == [b""]

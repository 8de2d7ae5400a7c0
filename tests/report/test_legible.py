"""Text from the evidence stays text, and stays visible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.report.legible import LONGEST, Breakable, Legible, occurrences, shorten

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("20g de 🍫", "20g de 🍫"),
        ("a\r\nb\rc\u2028d\x0be", "a\nb\nc\nd\ne"),
        ("bell\x07", "bell‹U+0007›"),
        ("\ud83c alone", "\ufffd alone"),
        ("invoice\u202egpj.exe", "invoice‹U+202E›gpj.exe"),
        ("\ue000", "‹U+E000›"),
        ("\U0001fffe", "‹U+1FFFE›"),
        ("👨\u200d👩\u200d👧 ❄\ufe0f \u200fשלום", "👨\u200d👩\u200d👧 ❄\ufe0f \u200fשלום"),
        ("$x #let <script> \\ {{ a }}", "$x #let <script> \\ {{ a }}"),
    ],
)
def test_what_cannot_be_printed_is_shown_by_its_number(raw: str, shown: str) -> None:
    assert Legible().of(raw) == shown


def test_what_no_font_draws_is_named() -> None:
    latin = Legible(range(0x20, 0x180))
    assert latin.of("été 🐀 你") == "été ‹rat› ‹U+4F60›"


@given(ANY)
def test_legible_text_can_be_written_and_stays_as_it_is_when_read_again(text: str) -> None:
    shown = Legible().of(text)
    shown.encode()
    assert Legible().of(shown) == shown


def test_a_long_run_may_be_broken_and_loses_nothing() -> None:
    shown = Breakable().of("a" * 100)
    assert "\u200b" in shown
    assert shown.replace("\u200b", "") == "a" * 100
    assert Breakable().of("court " * 30) == "court " * 30


def test_every_string_of_a_tree_is_made_legible() -> None:
    tree = {"is": "p", "cell": [["", "\x00"], ["b", "ok"]], "level": 1}
    assert Legible().everywhere(tree) == {"is": "p", "cell": [["", "‹U+0000›"], ["b", "ok"]]} | {
        "level": 1
    }


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("La PLAQUETTE est là", ["plaquette"], ["PLAQUETTE"]),
        ("de la résine, RESINE", ["resine"], ["résine", "RESINE"]),
        ("cocaïne", ["coca"], []),  # a part of a word is not the word
        ("20g à 140€", ["20g", "140€"], ["20g", "140€"]),
        ("🍫🍫 ok", ["🍫"], ["🍫🍫"]),
        ("le four est chaud", ["four est", "est chaud"], ["four est chaud"]),
        ("rien", [""], []),
    ],
)
def test_words_are_found_whole_without_case_or_accent(
    text: str, words: list[str], found: list[str]
) -> None:
    assert [text[low:high] for low, high in occurrences(text, words)] == found


@given(ANY, st.lists(st.text(max_size=5), max_size=3))
def test_a_short_message_is_whole_in_its_pieces(text: str, words: list[str]) -> None:
    before, pieces, after = shorten(text, words)
    assert before + "".join(piece for piece, _ in pieces) + after == text


def test_a_long_message_is_cut_around_its_first_word_and_the_rest_is_counted() -> None:
    text = "x " * 5_000 + "plaquette" + " y" * 5_000
    before, pieces, after = shorten(text, ["plaquette"])
    assert ("plaquette", True) in pieces
    assert sum(len(piece) for piece, _ in pieces) == LONGEST
    assert before + "".join(piece for piece, _ in pieces) + after == text


def test_a_message_of_many_lines_is_cut() -> None:
    _, pieces, after = shorten("\n" * 500)
    assert sum(piece.count("\n") for piece, _ in pieces) == 40
    assert after == "\n" * 460

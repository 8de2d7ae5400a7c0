"""Every character said to be drawn is: PDF/A refuses a character without glyph."""

import json
import unicodedata

import typst

from faisceau.report import fonts
from faisceau.report.legible import Legible

PAGE = b"""
#set document(title: "x", date: datetime(year: 2026, month: 1, day: 1))
#set text(font: ("Libertinus Serif", "Noto Sans", ..json(bytes(sys.inputs.fonts))))
#text(json(bytes(sys.inputs.data)))
"""


def test_emoji_and_arabic_are_drawn() -> None:
    assert {ord(char) for char in "🍫🐀❄€→✓السلام"} <= fonts.drawn()


def test_what_is_said_to_be_drawn_is() -> None:
    legible = Legible(fonts.drawn())
    # A mark is drawn over a letter, in the letter's font: alone it says nothing. (Cn: too new for
    # this Python to know that it is one.)
    marks = {"Mn", "Mc", "Me", "Cn"}
    every = "\n".join(
        legible.of(chr(code))
        for code in sorted(fonts.drawn())
        if code >= 0x1F000 or unicodedata.category(chr(code)) not in marks
    )
    at_hand = typst.Fonts(include_system_fonts=False, font_paths=list(map(str, fonts.folders())))
    made = typst.compile(
        PAGE,
        font_paths=at_hand,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(every), "fonts": json.dumps(at_hand.families())},
        pdf_standards=["a-2a"],
    )
    assert made.startswith(b"%PDF")


def test_without_the_package_of_fonts_nothing_is_claimed() -> None:
    assert fonts.drawn() >= {ord("é")}
    assert 0x4F60 not in fonts.drawn() or len(fonts.folders()) > 1

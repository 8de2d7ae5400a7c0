"""The fonts of a printed report, and which characters they draw.

Typst brings Libertinus and DejaVu Sans Mono in its wheel; Noto for messages (emoji, Arabic, Hebrew,
Ethiopic, Indic ...) comes from a package of fonts (SIL OFL). Fonts of the machine are not used:
the same case must give the same bytes everywhere.

Format of ``cmap``: OpenType specification, "cmap - Character to Glyph Index Mapping Table".
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from struct import unpack_from

PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""The second, for Chinese, Japanese and Korean, is used where it is installed."""
TYPST_DRAWS = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x2010, 0x2027),
    (0x202F, 0x203A),
    (0x2190, 0x23FF),
    (0x2500, 0x2606),
    (0x2609, 0x262F),
    (0x2638, 0x268B),
    (0x2701, 0x275E),
    (0x2761, 0x2BFF),
    (0x1D400, 0x1D7FF),
)
"""Blocks that Typst's own fonts and Noto draw together: Latin, arrows, signs, letters used as
ornament (first and last code points; found by setting each under PDF/A, which refuses a character
without glyph)."""


@cache
def folders() -> tuple[Path, ...]:
    """Folders of the font packages installed."""
    found = []
    for package in PACKAGES:
        try:
            with as_file(files(package)) as folder:
                found.append(folder)
        except ModuleNotFoundError:
            continue
    return tuple(found)


@cache
def drawn() -> frozenset[int]:
    """Code points that these fonts draw, with the blocks that Typst's own draw."""
    covered = {0xFFFD}
    for first, last in TYPST_DRAWS:
        covered.update(c for c in range(first, last + 1) if unicodedata.category(chr(c)) != "Cn")
    for folder in folders():
        for file in sorted(folder.glob("*.[ot]tf")):
            covered.update(code_points(file.read_bytes()))
    return frozenset(covered)


def code_points(font: bytes) -> Iterator[int]:
    """Code points of a TrueType or OpenType font's Unicode subtables (formats 4 and 12)."""
    (tables,) = unpack_from(">H", font, 4)
    for i in range(tables):
        tag, _, start, _ = unpack_from(">4s3L", font, 12 + 16 * i)
        if tag == b"cmap":
            (subtables,) = unpack_from(">H", font, start + 2)
            for j in range(subtables):
                platform, _, offset = unpack_from(">2HL", font, start + 4 + 8 * j)
                if platform in (0, 3):
                    yield from _subtable(font, start + offset)


def _subtable(font: bytes, at: int) -> Iterator[int]:
    (form,) = unpack_from(">H", font, at)
    if form == 12:
        (groups,) = unpack_from(">L", font, at + 12)
        for i in range(groups):
            first, last, _ = unpack_from(">3L", font, at + 16 + 12 * i)
            yield from range(first, last + 1)
    if form == 4:
        (double,) = unpack_from(">H", font, at + 6)
        count = double // 2
        lasts = unpack_from(f">{count}H", font, at + 14)
        firsts = unpack_from(f">{count}H", font, at + 16 + double)
        for first, last in zip(firsts, lasts, strict=True):
            if first != 0xFFFF:
                yield from range(first, last + 1)

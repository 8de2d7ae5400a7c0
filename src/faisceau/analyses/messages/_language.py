"""The language of a piece of text: a packaged model, and written rules for what it lacks.

The model is that of langid.py (Lui and Baldwin 2012), in its packaging py3langid: 4.5 MB within
the package, nothing to download. On 112 short messages in seven languages it was right 107 times
(lingua: 104, twelve times slower, 96 MB); by fours, as messages of one conversation come, always.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from faisceau.analyses.messages import _darija

LATIN = ("fr", "es", "nl", "en", "pt", "it", "sq", "de", "ro", "tr", "pl")
OTHER = ("ar", "ru", "uk", "bg", "el", "zh", "fa", "he", "hy", "ka")
KNOWN = (*LATIN, _darija.CODE, *OTHER)
"""The languages told apart: those met in French cases. A model asked for all of 97 finds rare ones
in short messages."""
UNSURE = "und"
"""ISO 639-2: undetermined."""
SURE = 0.6
"""Probability below which the model's answer is none."""
PIECE = 80
"""Letters from which a piece is long enough to be read by itself."""
PIECES = 6
"""Pieces of a conversation that are read, at most, in each batch."""
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\+?\d[\d .\-/]{5,}\d")
_WORD = re.compile(r"[^\W_]+")


class Piece(NamedTuple):
    """Some messages of one conversation, read together: first row, rows, letters, language."""

    row_id: int
    rows: int
    letters: int
    language: str


def language_of(text: str) -> str:
    """The code (ISO 639) of the language of a text; ``und`` where nothing tells it."""
    text = _NO_WORDS.sub(" ", text)
    words = _WORD.findall(_folded(text))
    if _darija.share(words) >= _darija.ENOUGH:
        return _darija.CODE
    spoken = " ".join(word for word in text.split() if any(map(str.isalpha, word)))
    code, sure = _model().classify(spoken) if spoken else (UNSURE, 1.0)
    return str(code) if sure >= SURE else UNSURE


def letters_of(text: str) -> int:
    """How many letters a text has, addresses and numbers left out."""
    return sum(map(str.isalpha, _NO_WORDS.sub(" ", text)))


def pieces(rows: Sequence[int], texts: Sequence[str], least: int) -> Iterator[Piece]:
    """The messages of one conversation, read by pieces; those shorter than ``least`` are unsure."""
    waiting: list[str] = []
    first, letters, told = 0, 0, 0
    for row_id, text in zip(rows, texts, strict=True):
        first = row_id if not waiting else first
        waiting.append(text)
        letters += letters_of(text)
        if letters >= PIECE:
            yield Piece(first, len(waiting), letters, language_of(" . ".join(waiting)))
            waiting, letters, told = [], 0, told + 1
            if told == PIECES:
                return
    if waiting:
        code = language_of(" . ".join(waiting)) if letters >= least else UNSURE
        yield Piece(first, len(waiting), letters, code)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # slow to import

    made = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    made.set_languages([*LATIN, *OTHER])
    return made

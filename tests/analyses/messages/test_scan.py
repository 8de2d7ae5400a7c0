"""The scanner agrees with plain ``re``, message by message, whatever the text."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.analyses.messages import _scan
from faisceau.analyses.messages._notation import exact, fold
from faisceau.analyses.messages._scan import Scanner
from faisceau.analyses.messages._words import cut, joined, plain
from faisceau.tables.lexicons import Form

FORMS = tuple(
    Form(text, "terms")
    for text in (
        "été",
        "t'es la",
        "un #",
        "#'?g",
        "(deux|2) (sacs?|paquets?)",
        "garde … ca",
        "livr*",
        "la meme",
        "🍫",
        "cb",
        "j'arrive",
        "(je |on )?passe",
        "[a-c] dispo",
        "#€",
        "(t|tu|t'es) (es )?(ou|en route)",
        "(si|s') (on|ya)",
        "prend(s|re)? #'?g",
        "(mets|met) ?(m'en|moi)( juste| pour)? (un|#)",
        "la (…)?(cb|#'?g)",
        "(de )?(#|midi) ?h? ?(a|-) ?(12|#h|#'?h) (la|#)",
        "on la-bas la",
        "# ?(e|€|sacs?)",
        "(les|l'|mes) (#|sacs) (je |j')?*(passe|ai)*",
        "c'? ?(est )?#'?(e|€)?",
        "(un|deux)¶",
        "0[.,]#",
    )
)
SCANNER = Scanner(FORMS)
PIECES = st.sampled_from(
    [
        "été",
        "ete",
        "ÉTÉ",
        "Été",
        "t'es",
        "la",
        "t’es",
        "là",
        "un",
        "12",
        "5g",
        "10,5",
        "g",
        "deux",
        "sacs",
        "2",
        "paquet",
        "garde",
        "moi",
        "ça",
        "livreur",
        "livré",
        "la",
        "même",
        "lamême",
        "🍫",
        "x🍫",
        "cb",
        "écb",
        "cbé",
        "j'arrive",
        "jarrive",
        "on",
        "passe",
        "passé",
        "b",
        "dispo",
        "50€",
        "œ",
        "ß",
        "İ",
        "\x1e",
        "\n",
        ",",
        "'",
        "é",
        "é",
        "ﬁ",
        "ǆ",
        "s",
        "si",
        "ya",
        "m'en",
        "mets",
        "juste",
        "prends",
        "0.5",
        "es",
        "ou",
        "-",
        ".",
        "\u2003",
        "les",
        "mes",
        "#",
        "h",
        "midi",
        "a",
        "c",
        "\xa0",
    ]
)
TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.lists(PIECES, max_size=8).map(" ".join),
        st.lists(PIECES, max_size=8).map("".join),
        st.text(max_size=30),
    ),
    max_size=12,
)


def oracle(texts: list[str | None]) -> list[set[tuple[int, int, int]]]:
    """What ``re`` finds: form, start, end, for each message."""
    return [
        {
            (number, match.start(), match.end())
            for number, form in enumerate(FORMS)
            for match in exact(form.text, {}).finditer(fold(text or ""))
        }
        for text in texts
    ]


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_it_finds_what_re_finds_and_nothing_else(texts: list[str | None]) -> None:
    found = SCANNER.spans(pa.array(texts, pa.string()))
    assert [set(spans) for spans in found] == oracle(texts)


def test_nothing_crosses_a_message_boundary_and_nothing_is_lost_at_one() -> None:
    texts = ["la", "meme", "la même", "la même", "", None, "été"]
    found = SCANNER.spans(pa.array(texts, pa.string()))
    assert [[FORMS[f].text for f, _, _ in spans] for spans in found] == [
        [], [], ["la meme"], ["la meme"], [], [], ["été"],
    ]  # fmt: skip


def test_blocks_give_what_one_scan_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array(["on passe", "t'es là", "50€", "é" * 30 + " cb"] * 7)
    whole = SCANNER.suspect(texts)
    monkeypatch.setattr(_scan, "BLOCK", 16)
    parts = SCANNER.suspect(texts)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_a_slice_of_an_array_is_scanned_from_its_own_start() -> None:
    texts = pa.array(["on passe", "t'es là", "cb"]).slice(1)
    assert [len(spans) for spans in SCANNER.spans(texts)] == [1, 1]


def test_a_scanner_travels_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(SCANNER)) == SCANNER


def test_the_buffer_says_where_each_message_is() -> None:
    buffer, starts = joined(pa.array(["ab", "", "é"], pa.large_string()))
    assert [bytes(buffer[starts[i] : starts[i + 1] - 1]) for i in range(3)] == [
        b"ab", b"", "é".encode(),
    ]  # fmt: skip


def test_words_are_cut_at_what_a_blank_may_be_and_folded() -> None:
    words, begins = cut(pa.array(["J'arrive, là-bas", "", "ÉTÉ\xa0’ok’", "!"], pa.large_string()))
    assert [words[begins[i] : begins[i + 1]].to_pylist() for i in range(4)] == [
        [b"j ", b"arrive ", b"la ", b"bas "], [], [b"ete ", b"ok "], [],
    ]  # fmt: skip


@given(st.lists(st.text(max_size=20), max_size=6))
def test_texts_are_folded_all_at_once_as_one_by_one(texts: list[str]) -> None:
    assert plain(pa.array(texts, pa.large_string())) == [fold(text) for text in texts]

"""How cells become values, told by examples."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faisceau.evidence.encoding import mended
from faisceau.evidence.native.values import Separators, plain, present, read_values, texts
from faisceau.tables.schemas import CALL, COIN_TRANSFER, MESSAGE, PAYMENT, PLATE_READ, TABLES
from faisceau.tables.schemas.schema import Column

AMOUNT, DURATION, COUNT = (
    PAYMENT.columns["amount"],
    CALL.columns["duration_s"],
    CALL.columns["count"],
)
RECIPIENTS, INPUTS = MESSAGE.columns["recipients"], COIN_TRANSFER.columns["inputs"]


def read(column: Column, *cells: Any) -> list[Any]:
    array = plain(pa.array(cells))
    return read_values(array, column, Separators.of(array)).to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.5", 12.5),
        ("12,5", 12.5),
        (" -3 ", -3.0),
        ("1 234,56", 1234.56),
        ("1\N{NO-BREAK SPACE}234,56 €", 1234.56),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1,234", 1.234),
        ("1.234", 1.234),
        ("1.234.567", 1234567.0),
        ("1e3", 1000.0),
        ("nan", None),
        ("inf", None),
        ("douze", None),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(text: str, number: float | None) -> None:
    assert read(AMOUNT, text) == [number]


def test_a_column_tells_what_its_comma_means() -> None:
    assert read(AMOUNT, "1,234", "2,500.00", "x") == [1234.0, 2500.0, None]
    assert read(AMOUNT, "1.234", "2.500,75", "x") == [1234.0, 2500.75, None]


def test_durations_as_clocks() -> None:
    assert read(DURATION, "1:02:03", "02:05", "75", "1:2:3:4") == [3723.0, 125.0, 75.0, None]


def test_whole_numbers() -> None:
    assert read(COUNT, "3", "+4", "5.0", "5.5", "1 000") == [3, 4, 5, None, 1000]
    assert read(COUNT, 3.0, 3.5, None) == [3, None, None]
    assert read(COUNT, 2**62) == [2**62]


def test_truth_in_two_languages() -> None:
    words = ["oui", "NON", "vrai", "faux", "1", "0", "True", "peut-être"]
    expected = [True, False, True, False, True, False, True, None]
    assert read(MESSAGE.columns["deleted"], *words) == expected
    assert read(MESSAGE.columns["deleted"], 1, 0, 2) == [True, False, None]
    assert read(MESSAGE.columns["deleted"], True, None) == [True, None]


def test_closed_words_have_synonyms_and_no_others() -> None:
    assert read(CALL.columns["kind"], "SMS", "Appel", "voix", "DATA", "fax") == [
        "sms",
        "voice",
        "voice",
        "data",
        None,
    ]
    assert read(MESSAGE.columns["kind"], "Vidéo", "photo", "audio") == ["video", "image", "voice"]
    assert read(PLATE_READ.columns["sensor_kind"], "On-board", "embarqué") == ["on_board"] * 2


def test_directions_are_understood_and_headings_kept() -> None:
    assert read(CALL.columns["direction"], "Sortant", "MANQUÉ", "N") == ["out", "missed", "N"]
    assert read(PLATE_READ.columns["direction"], "Lille", "") == ["Lille", None]


def test_lists() -> None:
    cells = ["a;b", "a | b ;", "Bob, the second", '["a;b","c"]', "[broken", ";", "[]", None]
    assert read(RECIPIENTS, *cells) == [
        ["a", "b"],
        ["a", "b"],
        ["Bob, the second"],
        ["a;b", "c"],
        None,
        None,
        [],
        None,
    ]
    assert read(RECIPIENTS, ["a", "b"], [], None) == [["a", "b"], [], None]
    assert read(RECIPIENTS, [33612345678]) == [["33612345678"]]
    assert read(RECIPIENTS, 33612345678) == [["33612345678"]]


def test_coins() -> None:
    coin = {"address": "bc1q", "value": 0.5}
    alone = {"address": "bc1q", "value": None}
    cells = ['[{"address":"bc1q","value":0.5}]', "bc1q:0.5", "bc1q", "bc1q;bc1q:0.5", "[1]"]
    assert read(INPUTS, *cells) == [[coin], [coin], [alone], [alone, coin], None]
    assert read(INPUTS, [{"address": "bc1q", "value": "0.5", "n": 3}]) == [[coin]]
    assert read(INPUTS, ["bc1q"]) == [[alone]]


def test_any_value_as_text() -> None:
    def shown(*cells: Any) -> list[str | None]:
        return texts(plain(pa.array(cells))).to_pylist()  # type: ignore[no-any-return]

    assert shown(33612345678.0, 1.5) == ["33612345678", "1.5"]
    assert shown(33612345678, None) == ["33612345678", None]
    assert shown({"a": 1}) == ['{"a":1}']
    assert shown(b"caf\xe9") == ["caf\N{REPLACEMENT CHARACTER}"]
    assert texts(plain(pa.array(["a", "b", "a"]).dictionary_encode())).to_pylist() == [
        "a",
        "b",
        "a",
    ]
    assert plain(pa.array([b"\x01\xff"], pa.binary(2))).to_pylist() == ["01ff"]


def test_blank_is_nothing() -> None:
    assert present(pa.array(["a", " ", "", None, "\t"])).to_pylist() == [True, *[False] * 4]


def test_surrogates_are_mended() -> None:
    assert mended("a\ud83d\ude00b\ud800") == "a\N{GRINNING FACE}b\N{REPLACEMENT CHARACTER}"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text() | st.none(), min_size=1, max_size=4))
def test_no_text_makes_a_column_fail(cells: list[str | None]) -> None:
    array = pa.array(cells, pa.string())
    for schema in TABLES.values():
        for column in schema.own:
            if pa.types.is_temporal(column.type):
                continue
            values = read_values(array, column, Separators.of(array))
            assert values.type == column.type
            assert len(values) == len(cells)

"""A stream of JSON: the same values whether it is parsed event by event or a stretch at a time."""

import io
import json
from typing import Any

import ijson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence import json_events as events_module
from faisceau.evidence.json_events import json_events
from faisceau.evidence.json_stretches import DEEPEST, elements, stretch

TEXTS = st.text(st.characters(exclude_characters="\ufffe\uffff", codec="utf-8"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
VALUES = st.recursive(
    SCALARS | st.sampled_from(['[{"]', '\\"', "\\\\", "}],", "\\u005b", "é🙂"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def walked(document: bytes, encoding: str = "utf-8") -> tuple[dict[str, Any], bool]:
    """What an object of arrays and values holds, and whether its end was reached."""
    events = json_events(io.BytesIO(document), encoding)
    found: dict[str, Any] = {}
    try:
        events.expect("start_map")
        for key, event, value in events.fields():
            if event == "start_array":
                found[key] = []
                for block in events.blocks():
                    found[key] += block
            else:
                found[key] = events.value(event, value)
    except ijson.JSONError:
        return found, False
    return found, True


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.sampled_from([None, 1]))
def test_what_was_written_is_read(said: dict[str, Any], indent: int | None) -> None:
    for ascii_only in (True, False):
        text = json.dumps(said, indent=indent, ensure_ascii=ascii_only)
        assert walked(text.encode()) == (said, True)


@pytest.mark.parametrize("first", [16, 64, 1 << 14])
def test_elements_of_any_length_around_the_edge_of_a_stretch(
    monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    monkeypatch.setattr(events_module, "FIRST", first)
    monkeypatch.setattr(events_module, "STRETCH", 4 * first)
    said = {"name": "[a]", "list": [{"n": n, "t": "x[" * (n % 90)} for n in range(400)], "z": [1]}
    assert walked(json.dumps(said).encode()) == (said, True)


def test_what_stands_before_a_damage_is_read() -> None:
    good = ", ".join(json.dumps({"n": n}) for n in range(5000))
    for bad in ("{nope}", '{"n": ', "NaN", "", "]"):
        found, whole = walked(f'{{"list": [{good}, {bad}'.encode())
        assert not whole
        assert found["list"][:5000] == [{"n": n} for n in range(5000)]


def test_bytes_and_escapes_that_strict_parsers_refuse_are_mended() -> None:
    document = (
        b'{"list": [' + b'"\xff", "\\ud83d", "a\\x41", "\x01", "\xef\xbf\xbf", ' * 50 + b"1]}"
    )
    [*texts, last] = walked(document)[0]["list"]
    assert last == 1
    assert set(texts) == {"\ufffd", "aA"}


def test_whole_numbers_of_any_length_keep_their_digits() -> None:
    number = 123456789012345678901234567890
    assert walked(f'{{"list": [{number}, -{number}, 1]}}'.encode()) == (
        {"list": [number, -number, 1]},
        True,
    )


def test_values_nested_too_deep_are_dropped_and_their_neighbours_kept() -> None:
    deep = "[" * (DEEPEST + 5) + "]" * (DEEPEST + 5)
    found, whole = walked(f'{{"list": [1, {deep}, 2]}}'.encode())
    assert whole
    assert found["list"][::2] == [1, 2]
    assert str(found["list"][1]).count("[") == DEEPEST


def test_an_odd_quote_does_not_bring_the_rest_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "LONGEST", 1 << 15)
    taken: list[int] = []
    monkeypatch.setattr(events_module, "stretch", lambda data: taken.append(len(data)))
    said = {"list": [{"n": n} for n in range(50_000)]}
    assert walked(json.dumps(said).encode()) == (said, True)
    assert max(taken) < 1 << 17


def test_texts_full_of_brackets_cost_no_more_than_others() -> None:
    said = {"name": "[" * 1_000_000, "list": [1, 2], "after": [3]}
    found, whole = walked(json.dumps(said).encode())
    assert whole
    assert found == said


@pytest.mark.parametrize("encoding", ["utf-16-le", "cp1252", "utf-8-sig"])
def test_other_encodings(encoding: str) -> None:
    said = {"list": [{"texte": "à"}] * 3, "fin": "é"}
    text = json.dumps(said, ensure_ascii=False)
    assert walked(text.encode(encoding), encoding) == (said, True)


def test_a_stretch_ends_where_an_element_does() -> None:
    assert stretch(b'{"a": "]"') is None
    found = stretch(b'{"a": ["],", 1]}, 2, [3')
    assert found is not None
    assert (found.end, found.closed, found.deepest) == (19, False, 2)
    assert elements(b'{"a": ["],", 1]}, 2') == [{"a": ["],", 1]}, 2]

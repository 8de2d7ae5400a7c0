"""The outline of a JSON file: which keys its beginning holds, and where."""

import json

from hypothesis import given
from hypothesis import strategies as st

from faisceau.evidence.json_outline import ITEM, json_paths
from faisceau.evidence.reading import Head
from faisceau.testing import member


def paths(content: bytes) -> frozenset[tuple[str, ...]]:
    return json_paths(Head.of(member("x", content)))


def test_keys_are_told_by_their_path_in_whatever_order() -> None:
    content = json.dumps({"b": [{"c": 1}, {"d": {"e": 10**40}}], "a": [[{"f": 1}]]}).encode()
    assert paths(content) == {
        ("b",),
        ("b", ITEM, "c"),
        ("b", ITEM, "d"),
        ("b", ITEM, "d", "e"),
        ("a",),
        ("a", ITEM, ITEM, "f"),
    }


def test_numbers_of_any_size_do_not_stop_it() -> None:
    assert paths(b'{"a": 1e' + b"9" * 40 + b', "b": 2}') >= {("a",)}


def test_a_cut_or_damaged_file_tells_what_stands_before() -> None:
    assert paths(b'{"a": [{"b": "c') == {("a",), ("a", ITEM, "b")}
    assert paths(b'{"a": 1} {"b": 2}') >= {("a",)}
    assert paths(b"<html>") == frozenset()
    assert paths(b"[" * 60_000) == frozenset()


@given(st.binary(max_size=200))
def test_no_bytes_stop_it(noise: bytes) -> None:
    paths(b'{"a": ' + noise)

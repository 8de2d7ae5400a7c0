"""Where a key stands in a TOML text."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from faisceau.mandate.lines import Path, line_of, lines

TEXT = '''\
# a comment with [brackets] and = signs
reference = "PR"   # line 2
purposes = [
    "a = b",       # not a key
    "[c]",
]
long = """
[not.a.header]
key = 1
"""

[authorisations.matching]
date = 2026-09-02

[[agents]]
id = "A1"

[[agents]]
"id" = "A2"
inline = { a = 1 }

[agents.more]
x = 1
'''


def test_each_key_has_its_line() -> None:
    where = lines(TEXT)
    assert where["reference",] == 2
    assert where["purposes",] == 3
    assert where["long",] == 7
    assert where["authorisations", "matching", "date"] == 13
    assert where["agents", 0, "id"] == 16
    assert where["agents", 1, "id"] == 19
    assert where["agents", 1, "more", "x"] == 23


def test_text_inside_values_is_no_key() -> None:
    assert not {("key",), ("a",), ("not",), ("c",)} & set(lines(TEXT))


def test_what_has_no_line_of_its_own_takes_that_of_what_holds_it() -> None:
    where = lines(TEXT)
    assert line_of(where, ("agents", 1, "inline", "a")) == 20
    assert line_of(where, ("agents", 0, "roles")) == 15
    assert line_of(where, ("absent",)) == 1


def test_windows_line_ends_count_once() -> None:
    assert lines("a = 1\r\n\r\nb = 2\r\n")["b",] == 3


_words = st.text("ab'\"=[]#{} \\\n", max_size=6)
_values = st.one_of(
    _words.map(lambda word: '"""' + word.replace("\\", "").replace('"', "") + '"""'),
    _words.map(lambda word: "'" + word.replace("'", "").replace("\n", "") + "'"),
    st.just("[1, # ] one\n 2]"),
    st.just("{ x = 1 }"),
)
_keys = st.sampled_from(["a", '"b c"', "d.e", "'='", '"[x]"', "# only a comment"])
_statements = st.one_of(
    st.tuples(_keys, _values).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.sampled_from(["[t]", "[[s]]", "[s.u]", "[t.v]", "", "# note = [", "[ 'q' . w ] # end ]"]),
)


@given(st.lists(_statements, max_size=8))
def test_every_key_of_any_text_is_found(statements: list[str]) -> None:
    text = "\n".join(statements)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a text that is not TOML has no keys to find
    where = lines(text)
    rows = text.split("\n")
    for path in _paths(values, ()):
        assert path in where
        assert 1 <= where[path] <= len(rows)


def _paths(values: dict[str, Any], base: Path) -> list[Path]:
    """The paths of every key outside inline tables, which have no line of their own."""
    found: list[Path] = []
    for key, value in values.items():
        here: Path = (*base, key)
        found.append(here)
        if isinstance(value, dict) and value != {"x": 1}:
            found += _paths(value, here)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, element in enumerate(value):
                found += _paths(element, (*here, number))
    return found

"""The search language, by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.errors import UsageError
from faisceau.tables.search_query import All, Between, Exact, Node, OneOf, Query, Words, parse

EXAMPLES: dict[str, Node] = {
    "coke": Words(("coke",)),
    "Été": Words(("ete",)),
    "l'herbe": Words(("l", "herbe")),
    '"ce soir"': Words(("ce", "soir")),
    '"ce soir"~2': Words(("ce", "soir"), slop=2),
    "meth*": Words(("meth",), prefix=True),
    "mot~": Words(("mot",), fuzzy=1),
    "mot~2": Words(("mot",), fuzzy=2),
    "a b": All((Words(("a",)), Words(("b",)))),
    "a AND b": All((Words(("a",)), Words(("b",)))),
    "a -b": All((Words(("a",)),), (Words(("b",)),)),
    "a SAUF b": All((Words(("a",)),), (Words(("b",)),)),
    "-b": All((), (Words(("b",)),)),
    "a OR b OU c": OneOf((Words(("a",)), Words(("b",)), Words(("c",)))),
    "(a OR b) c": All((OneOf((Words(("a",)), Words(("b",)))), Words(("c",)))),
    "sender:33612*": Words(("33612",), "sender", prefix=True),
    'thread:"T 1"': Exact("thread", "T 1"),
    "app:WhatsApp": Exact("app", "whatsapp"),
    "exhibit:e1": Exact("exhibit", "E1"),
    "has:phone": Exact("has", "phone"),
    "from:2026-01-01": Between(since=1767222000),
    "to:02/01/2026": Between(until=1767308400),
    "14:30": Words(("14", "30")),
    "http://a.fr": Words(("http", "a", "fr")),
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_question_is_read(text: str) -> None:
    assert parse(text) == Query(EXAMPLES[text])


def test_a_pattern_stands_beside_words() -> None:
    assert parse(r"coke /gr?a(m|mme)s?\/h/") == Query(Words(("coke",)), (r"gr?a(m|mme)s?\/h",))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        '""',
        "(a",
        "a)",
        "a OR",
        "-",
        "/(/",
        "from:yesterday",
        "x" * 5000,
        "(" * 30 + "a" + ")" * 30,
        "(/a/)",
    ],
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_question_or_a_clear_error(text: str) -> None:
    try:
        found: object = parse(text)
    except UsageError as error:
        found = str(error)
    assert found

"""How a form is written and what it finds, told by examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faisceau.analyses.messages._notation import exact, fold
from faisceau.analyses.messages._sought import sought
from faisceau.errors import BadInput

MACROS = {"je": "je |j'|on "}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("deja efface", "DÉJÀ effacé"),
        ("t'es dispo", "t es dispo ?"),
        ("t'es dispo", "t’es dispo"),
        ("t'es dispo", "tes dispo"),
        ("pas ici", "pas, ici"),
        ("# euros", "12,50 euros"),
        ("livr*", "on livre partout"),
        ("garde … sac", "garde bien le sac"),
        ("(deux|2) grammes?", "mets 2 gramme"),
        ("{je}prends", "jprends la même"),
        ("🍫", "dispo🍫🍫"),
    ],
)
def test_a_form_finds(form: str, text: str) -> None:
    assert exact(form, MACROS).search(fold(text))


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("coke", "cokerie"),
        ("coke", "écoke"),
        ("shit", "shité"),
        ("pas ici", "pas plus ici"),
        ("#", "a1b"),
        ("garde … sac", "garde " + "x" * 40 + " sac"),
    ],
)
def test_a_form_leaves(form: str, text: str) -> None:
    assert not exact(form, MACROS).search(fold(text))


def test_a_form_is_looked_for_by_its_rarest_word_or_by_two_that_follow_each_other() -> None:
    [(first, second)] = sought("(tu|t') (bouges|tournes)", MACROS).pairs
    assert {f.text for f in first} == {"tu", "t"}
    assert {f.text for f in second} == {"bouges", "tournes"}
    assert {f.text for f in sought("garde … magnifique", MACROS).single} == {"magnifique"}


def test_a_number_is_looked_for_with_what_is_written_to_it() -> None:
    found = sought("#'?(g|grammes)", MACROS)
    assert {f.text for f in found.single} == {"#g", "#grammes"}
    assert [{f.text for f in word} for pair in found.pairs for word in pair] == [
        {"#"}, {"g", "grammes"},
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["{unknown} dispo", "(dispo", "dispo)", "( )?"])
def test_a_form_that_cannot_be_read_is_refused(form: str) -> None:
    with pytest.raises(BadInput):
        _ = sought(form, MACROS), exact(form, MACROS)


@given(st.text())
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(fold(text)) == len(text)

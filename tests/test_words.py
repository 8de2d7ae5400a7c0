"""Every text in both languages: nothing without French, nothing lost in it."""

import re
from string import Formatter

import pytest

from faisceau.words import LANGUAGES, say, speaking
from faisceau.words_catalogue import (
    MO,
    PO,
    compiled,
    templates,
    translations,
    untranslated,
)


def test_every_text_has_its_french() -> None:
    assert len(templates()) > 900
    assert untranslated() == []


def test_no_translation_outlives_its_text() -> None:
    assert translations().keys() - templates().keys() == set()


def test_the_mo_file_is_what_the_po_file_compiles_to() -> None:
    assert compiled(PO.read_bytes()) == MO.read_bytes()


def test_the_catalogue_tells_neither_date_nor_version() -> None:
    head = PO.read_text("utf-8").partition("\n\n")[0]
    assert "Date" not in head
    assert "Babel" not in head


def fields(template: str) -> list[tuple[str, str, str]]:
    """Names, formats and conversions, in alphabetical order: French may say them in another."""
    parts = Formatter().parse(template)
    return sorted((name, form or "", how or "") for _, name, form, how in parts if name is not None)


def filled(template: str) -> bool:
    """False for texts said as they are, in which a brace means nothing."""
    try:
        return bool(fields(template))
    except ValueError:
        return False


def test_the_french_has_the_same_fields() -> None:
    facts = {en: fr for en, fr in translations().items() if filled(en)}
    assert len(facts) > 200
    assert {en: fr for en, fr in facts.items() if fields(en) != fields(fr)} == {}


def test_the_french_begins_and_ends_with_the_same_blanks() -> None:
    def blanks(text: str) -> tuple[int, int]:
        return len(text) - len(text.lstrip()), len(text) - len(text.rstrip())

    odd = {en: fr for en, fr in translations().items() if blanks(en) != blanks(fr)}
    assert odd == {}


def test_signs_that_french_sets_apart_never_begin_a_line() -> None:
    loose = [fr for fr in translations().values() if re.search(r" [:;!?»](?!\S)|«(?!\xa0)", fr)]
    assert loose == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "There is no exhibit E9"), ("fr", "Il n’y a pas de pièce E9")],
)
def test_a_text_is_said_in_the_language_asked_for(lang: str, said: str) -> None:
    with speaking(lang):
        assert say("There is no exhibit {name}", name="E9") == said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_text_unknown_to_the_catalogue_is_said_in_english(lang: str) -> None:
    with speaking(lang):
        assert say("{n} unicorns, which no page knows", n=3) == "3 unicorns, which no page knows"


def test_a_language_nobody_speaks_here_is_refused() -> None:
    with pytest.raises(ValueError, match="de"), speaking("de"):
        pass


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "Gives orders of secrecy: “efface”, “chut”"),
        ("fr", "Donne des consignes de secret : « efface », « chut »"),
    ],
)
def test_each_of_several_quoted_words_stands_in_the_quotation_marks_of_its_language(
    lang: str, said: str
) -> None:
    template = "Gives orders of secrecy: “{words}”"
    with speaking(lang):
        assert (
            say(template, words=["efface", "chut"]).replace("\u00a0", " ").replace("\u202f", " ")
            == said
        )

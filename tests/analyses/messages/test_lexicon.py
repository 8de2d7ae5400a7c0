"""The lexicon holds together, and says what is wrong when it does not."""

from pathlib import Path

import pytest

from faisceau.analyses.messages._notation import exact
from faisceau.analyses.messages._sought import sought
from faisceau.analyses.messages.triage import TriageParams
from faisceau.errors import BadInput, NotFound
from faisceau.tables.lexicons import Lexicon, load_lexicon

SMALL = """\
version: 3
sources: {usage: told by the test}
entries:
- {concept: order, meaning: {fr: commande, en: order}, terms: "mets men #; j'en prends #",
   source: usage, date: 2026-11-24}
traits: []
scenes:
- {scene: order, family: retail, text: "Orders: “{words}”", weight: 4, slots: [{any: [order]}]}
contexts: []
"""


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return load_lexicon("stupefiants")


def test_every_form_can_be_read(lexicon: Lexicon) -> None:
    macros = dict(lexicon.macros)
    every = [f for e in lexicon.entries for f in e.forms]
    every += [f for c in lexicon.contexts for f in c.forms]
    assert len(every) > 4000
    for form in every:
        assert exact(form.text, macros)
        assert sought(form.text, macros)


def test_no_form_finds_the_empty_text(lexicon: Lexicon) -> None:
    macros = dict(lexicon.macros)
    every = [f for e in lexicon.entries for f in e.forms]
    every += [f for c in lexicon.contexts for f in c.forms]
    assert [f.text for f in every if exact(f.text, macros).search("")] == []


def test_every_entry_says_what_it_means_in_two_languages_and_where_it_is_from(
    lexicon: Lexicon,
) -> None:
    for entry in lexicon.entries:
        assert set(entry.meaning) == {"fr", "en"}
        assert entry.source
        assert entry.date >= "2018"


def test_products_are_known_in_the_languages_met_in_france(lexicon: Lexicon) -> None:
    ways = {f.way for e in lexicon.entries if "product" in e.kinds for f in e.forms}
    assert ways >= {"terms", "verlan", "sms", "emoji", "es", "nl", "en", "it", "pt", "sq", "ary"}


def test_texts_have_a_place_for_the_words(lexicon: Lexicon) -> None:
    told = [t.text for t in lexicon.traits] + [s.text for s in lexicon.scenes]
    told += [c.text for c in lexicon.contexts]
    assert [text for text in told if "{words}" not in text] == []
    assert all(c.weight < 0 for c in lexicon.contexts)


def test_a_lexicon_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL)
    params = TriageParams.model_validate({"lexicon": str(path)})
    assert params.lexicon.version == "3"
    assert params.model_dump()["lexicon"] == str(load_lexicon(path))


def test_what_a_finding_records_tells_one_lexicon_from_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(SMALL)
    before = load_lexicon(path)
    path.write_text(SMALL.replace("weight: 4", "weight: 5"))
    assert load_lexicon(path) != before
    assert str(load_lexicon(path)) != str(before)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (SMALL.replace("any: [order]", "any: [ordre]"), "ordre"),
        (SMALL.replace("source: usage,", "source: nowhere,"), "nowhere"),
        ("version: [", "cannot be read"),
        ("version: 1", "cannot be read"),
    ],
)
def test_a_lexicon_that_does_not_hold_together_is_refused(
    tmp_path: Path, wrong: str, said: str
) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(wrong)
    with pytest.raises(BadInput, match=said):
        load_lexicon(path)


def test_an_unknown_lexicon_is_not_found() -> None:
    with pytest.raises(NotFound, match="armes"):
        load_lexicon("armes")

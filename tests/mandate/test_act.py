"""An act and the words of its decision."""

from datetime import datetime

import pytest

from faisceau.errors import Refused
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.decide import decide
from faisceau.mandate.model import Mandate
from faisceau.words import speaking


def test_an_operation_that_does_not_exist_is_no_act() -> None:
    with pytest.raises(ValueError, match="destroy"):
        Act("destroy")


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (Act("add"), "collection"),
        (Act("rows"), "consultation"),
        (Act("run", "query"), "consultation"),
        (Act("run", "matching"), "combination"),
        (Act("match"), "combination"),
        (Act("report"), "disclosure"),
        (Act("replace"), "alteration"),
        (Act("withdraw"), "erasure"),
        (Act("review"), "review"),
    ],
)
def test_each_act_has_its_word_in_the_ledger(act: Act, word: str) -> None:
    assert act.ledger == word


def test_a_comparison_is_matching_by_itself() -> None:
    assert Act("match").judged_kind == "matching"
    assert Act("run").judged_kind == "query"


@pytest.fixture
def refused(mandate: Mandate, now: datetime) -> Decision:
    return decide(mandate, Act("add", tables=frozenset({"trip"})), "A1", now)


def test_a_refusal_quotes_the_rule_its_source_and_the_way_out(refused: Decision) -> None:
    assert refused.text() == (
        "Refused: add an exhibit (trip). The mandate does not cover: trip "
        "(LIL art. 4 (minimisation); rule data-outside). "
        "What would unlock it: trip among the data of the mandate."
    )


def test_a_refusal_speaks_the_language_of_whoever_reads_it(refused: Decision) -> None:
    error = refused.refusal()
    assert isinstance(error, Refused)
    assert "The mandate does not cover: trip" in str(error)
    assert error.hint == "What would unlock it: trip among the data of the mandate."
    with speaking("fr"):
        assert "Le mandat ne couvre pas : trip" in str(error)


def test_what_nothing_permits_names_who_may(mandate: Mandate, now: datetime) -> None:
    text = decide(mandate, Act("lift_seal"), "A1", now).text()
    assert "No rule permits it here" in text
    assert "The authority reads, lifts seals and masks" in text


def test_what_is_allowed_names_the_rule_that_allows(mandate: Mandate, now: datetime) -> None:
    allowed = decide(mandate, Act("search"), "A1", now)
    assert allowed.text().startswith("Allowed: search. Investigators, analysts and leads")
    assert allowed.way_out() == ""

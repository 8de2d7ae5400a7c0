"""From eight answers to a mandate, and the templates it is made from."""

from datetime import date

import pytest

from faisceau.errors import MandateError, UsageError
from faisceau.mandate.model import Offence
from faisceau.mandate.questions import QUESTIONS, mandate_from_answers
from faisceau.mandate.reading import read_mandate
from faisceau.mandate.templates import template
from faisceau.mandate.vocabulary import KEYS, REGIMES

ANSWERS = {
    "regime": "judicial-preliminary",
    "reference": "PR/2026/0417",
    "authority": "Procureur de la République de Lille",
    "dates": "du 2026-09-01 au 2027-03-01",
    "purposes": "",
    "data": "message, call; handset",
    "offence": "CP 222-37, 10 ans, bande organisée",
    "agent": "A1; Camille Durand; OFAST; investigator, lead",
}


def test_there_are_eight_questions_each_with_an_example_that_does() -> None:
    assert [question.key for question in QUESTIONS] == list(ANSWERS)
    examples = {question.key: question.example for question in QUESTIONS}
    mandate = read_mandate(mandate_from_answers(examples), "mandate.toml")
    assert mandate.regime == "judicial-preliminary"


def test_the_answers_are_what_the_mandate_says() -> None:
    text = mandate_from_answers(ANSWERS)
    mandate = read_mandate(text, "mandate.toml")
    assert mandate.reference == "PR/2026/0417"
    assert (mandate.authorised_on, mandate.expires_on) == (date(2026, 9, 1), date(2027, 3, 1))
    assert mandate.purposes == ("narcotics-trafficking",)
    assert mandate.data == {"message", "call", "handset"}
    assert mandate.offence == Offence("CP 222-37", 10, True)
    [agent] = mandate.agents
    assert (agent.id, agent.name, agent.service) == ("A1", "Camille Durand", "OFAST")
    assert agent.roles == {"investigator", "lead"}
    assert "# Les agents désignés." in text


@pytest.mark.parametrize("regime", REGIMES)
def test_the_template_of_each_regime_loads_once_filled(regime: str) -> None:
    answers = {**ANSWERS, "regime": regime, "data": "", "agent": "A1"}
    mandate = read_mandate(mandate_from_answers(answers), "mandate.toml")
    assert mandate.regime == regime
    assert mandate.data
    assert mandate.offence is not None
    assert mandate.agents[0].roles == {"investigator", "lead"}


@pytest.mark.parametrize("regime", REGIMES)
def test_a_template_not_filled_says_where_to_begin(regime: str) -> None:
    with pytest.raises(MandateError, match="reference is empty") as error:
        read_mandate(template(regime), "mandate.toml")
    assert error.value.hint.startswith("Write reference = ")
    line = error.value.facts["line"]
    assert template(regime).splitlines()[line - 1].startswith("reference = ")


@pytest.mark.parametrize("regime", REGIMES)
def test_every_section_that_a_template_proposes_is_one_that_is_read(regime: str) -> None:
    # Take the # off every optional section: its keys must be those of the contract.
    lines = []
    optional = False
    for line in template(regime).splitlines():
        optional = line.startswith("# [") or (optional and line.startswith("# "))
        bare = line.removeprefix("# ") if optional else line
        lines.append(bare.replace('""', '"x"'))
    text = "\n".join(lines)
    text = text.replace('authorised_on = "x"', "authorised_on = 2026-09-01")
    text = text.replace('expires_on = "x"', "expires_on = 2027-03-01")
    text = text.replace("roles = []", 'roles = ["lead"]')
    mandate = read_mandate(text, "mandate.toml")
    for section in KEYS[""][7:]:
        assert getattr(mandate, section), section


def test_an_unknown_regime_has_no_template() -> None:
    with pytest.raises(UsageError, match="No regime is called martial"):
        template("martial")


@pytest.mark.parametrize(
    ("key", "answer", "message"),
    [
        ("regime", "judicial", "judicial is none of those known"),
        ("reference", "  ", "needs an answer"),
        ("dates", "2026-09-01", "not two dates"),
        ("dates", "2026-09-01 2026-13-01", "not two dates"),
        ("dates", "2027-03-01 2026-09-01", "is before the first"),
        ("data", "messages", "messages is none of those known"),
        ("offence", "CP 222-37", "not an article and a penalty"),
        ("agent", "; Camille", "no identifier"),
        ("agent", "A1; Camille; OFAST; chief", "chief is none of those known"),
    ],
)
def test_an_answer_that_does_not_do_says_what_would(key: str, answer: str, message: str) -> None:
    question = next(question for question in QUESTIONS if question.key == key)
    with pytest.raises(UsageError, match=message) as error:
        question.check(answer)
    assert error.value.hint

"""The eight questions that make a first mandate, and the mandate that their answers make.

Pure: who asks (a terminal, a page) puts the questions in order, and keeps each answer that
:meth:`Question.check` accepts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import tomlkit

from faisceau.errors import UsageError
from faisceau.mandate.templates import template
from faisceau.mandate.vocabulary import DERIVED, REGIMES, ROLES, TABLES
from faisceau.words import N_

FIRST_ROLES = ("investigator", "lead")
"""What the first agent is, unless the answer says otherwise."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``text`` and ``example`` are templates; ``optional``: may stay unanswered."""

    key: str
    text: str
    example: str
    parse: Callable[[str], Any]
    choices: tuple[str, ...] = ()
    optional: bool = False

    def check(self, answer: str) -> Any:
        """The answer as a value (``None`` when left out); ``UsageError`` with what to answer."""
        answer = answer.strip()
        if not answer and self.optional:
            return None
        if not answer:
            raise UsageError(
                N_("This question needs an answer"),
                hint=N_("For example: {example}"),
                example=self.example,
            )
        return self.parse(answer)


def _text(answer: str) -> str:
    return answer


def _regime(answer: str) -> str:
    return _one_of(answer, REGIMES)


def _dates(answer: str) -> tuple[date, date]:
    found = re.findall(r"\d{4}-\d\d-\d\d", answer)
    try:
        first, last = map(date.fromisoformat, found)
    except ValueError as error:
        raise UsageError(
            N_("These are not two dates: {answer}"),
            hint=N_("Write the first and the last day: 2026-09-01 2027-03-01"),
            answer=answer,
        ) from error
    if last < first:
        raise UsageError(
            N_("The last day, {last}, is before the first, {first}"),
            hint=N_("Write the first day, then the last"),
            first=first,
            last=last,
        )
    return first, last


def _words(answer: str) -> list[str]:
    return [word.strip() for word in re.split("[,;]", answer) if word.strip()]


def _tables(answer: str) -> list[str]:
    return [_one_of(name, TABLES) for name in _words(answer) if name not in DERIVED]


def _offence(answer: str) -> tuple[str, int, bool]:
    match = re.fullmatch(r"([^,]+),\s*(\d{1,2})\b[^,]*(?:,\s*(.+))?", answer)
    if not match:
        raise UsageError(
            N_("This is not an article and a penalty: {answer}"),
            hint=N_("Write the article and the years: CP 222-37, 10 (then: , organised)"),
            answer=answer,
        )
    organised = (match[3] or "").casefold().startswith(("organi", "bande"))
    return match[1].strip(), int(match[2]), organised


def _agent(answer: str) -> tuple[str, str, str, list[str]]:
    parts = [part.strip() for part in answer.split(";")]
    agent_id, name, service, roles = [*parts, "", "", ""][:4]
    return (
        _one_id(agent_id),
        name,
        service,
        [_one_of(role, ROLES) for role in _words(roles)] or list(FIRST_ROLES),
    )


def _one_id(agent_id: str) -> str:
    if agent_id:
        return agent_id
    raise UsageError(
        N_("The agent has no identifier"), hint=N_("Write it first: A1; name; service; roles")
    )


def _one_of(word: str, allowed: tuple[str, ...]) -> str:
    if word in allowed:
        return word
    raise UsageError(
        N_("{word} is none of those known"),
        hint=N_("Choose among: {allowed}"),
        word=word,
        allowed=list(allowed),
    )


QUESTIONS = (
    Question(
        "regime",
        N_("Under which regime do you act?"),
        "judicial-preliminary",
        _regime,
        choices=REGIMES,
    ),
    Question("reference", N_("What is the reference of the procedure?"), "PR/2026/0417", _text),
    Question(
        "authority",
        N_("Which authority gives the mandate?"),
        "Procureur de la République, tribunal judiciaire de Lille",
        _text,
    ),
    Question(
        "dates",
        N_("From which day and until which day, both included?"),
        "2026-09-01 2027-03-01",
        _dates,
    ),
    Question(
        "purposes",
        N_("For what purposes? (nothing: narcotics-trafficking)"),
        "narcotics-trafficking",
        _words,
        optional=True,
    ),
    Question(
        "data",
        N_("Which tables does it cover? (nothing: those usual in this regime)"),
        "message, call, contact, handset",
        _tables,
        choices=TABLES,
        optional=True,
    ),
    Question(
        "offence",
        N_("Which offence, punished by how many years? (nothing: none)"),
        "CP 222-37, 10",
        _offence,
        optional=True,
    ),
    Question(
        "agent",
        N_("Who is the first agent: identifier; name; service; roles?"),
        "A1; Camille Durand; OFAST; investigator, lead",
        _agent,
    ),
)
"""In the order they are put; answers bear their keys."""


def mandate_from_answers(answers: Mapping[str, str]) -> str:
    """A ``mandate.toml`` with its comments, from the answers to :data:`QUESTIONS` by key.

    Raises ``UsageError`` for an answer that does not do, or that is missing.
    """
    value = {question.key: question.check(answers.get(question.key, "")) for question in QUESTIONS}
    page = tomlkit.parse(template(value["regime"]))
    page["reference"] = value["reference"]
    page["authority"] = value["authority"]
    page["authorised_on"], page["expires_on"] = value["dates"]
    for key in ("purposes", "data"):
        if value[key]:
            page[key] = value[key]
    if value["offence"]:
        names = ("article", "penalty_years", "organised")
        _fill(page, "offence", dict(zip(names, value["offence"], strict=True)))
    agent: Any = page["agents"]
    for key, given in zip(("id", "name", "service", "roles"), value["agent"], strict=True):
        agent[0][key] = given
    return tomlkit.dumps(page)


def _fill(page: tomlkit.TOMLDocument, key: str, values: Mapping[str, Any]) -> None:
    if key not in page:
        page[key] = tomlkit.table()
    section: Any = page[key]
    for name, value in values.items():
        section[name] = value

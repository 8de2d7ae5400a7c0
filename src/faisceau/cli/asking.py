"""What the command line asks: a file, the eight questions of a mandate, which of several readers.

Questions go to standard error, so that standard output stays for answers.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import click

from faisceau.cli.base import interactive, one_line
from faisceau.errors import BadInput, MandateError, NotFound, UsageError
from faisceau.mandate.questions import QUESTIONS, Question, mandate_from_answers
from faisceau.mandate.reading import read_mandate
from faisceau.mandate.templates import template
from faisceau.words import N_, say

__all__ = ["ask_for_mandate", "choose_reader", "clock_offset_s", "read_file", "template"]

LARGEST = 1 << 26
"""Bytes of the largest file read whole (64 MiB): mandates and proofs are far below."""

_LONGEST_OFFSET_S = 3653 * 86_400
_YES = frozenset({"y", "yes", "o", "oui"})
_NO = frozenset({"n", "no", "non"})


def read_file(path: Path) -> bytes:
    """The content of a small file that the command names.

    Raises ``NotFound`` when it is absent, ``BadInput`` when it is a folder, empty, too large or
    unreadable.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise NotFound(N_("There is no file {path}"), path=path) from error
    except IsADirectoryError as error:
        raise BadInput(
            N_("{path} is a folder, not a file"), hint=N_("Name the file inside it"), path=path
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can bear
        why = getattr(error, "strerror", None) or error
        raise BadInput(N_("{path} cannot be read: {why}"), path=path, why=why) from error
    if not content:
        raise BadInput(N_("{path} is empty"), path=path)
    if len(content) > LARGEST:
        raise BadInput(N_("{path} is larger than {limit} MiB"), path=path, limit=LARGEST >> 20)
    return content


def clock_offset_s(text: str) -> int:
    """Seconds by which a clock was ahead, from ``90``, ``1:30``, ``1:00:00``, ``-1:30``, ``2d``.

    Raises ``UsageError`` for another form, and for more than ten years.
    """
    match = re.fullmatch(r"([+-]?)(?:(\d{1,4})d)?(?:(?:(?:(\d+):)?(\d+):)?(\d+))?", text.strip())
    if match is None or not any(match.groups()[1:]):
        raise UsageError(
            N_("{text} is no offset of a clock"),
            hint=N_("Write seconds, MM:SS, H:MM:SS or days as 2d; minus for a clock that was late"),
            text=text,
        )
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    offset = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    if offset > _LONGEST_OFFSET_S:
        raise UsageError(N_("A clock that is more than ten years off is not corrected"))
    return -offset if match[1] == "-" else offset


def ask_for_mandate(regime: str | None = None) -> bytes:
    """The text of a mandate, from the answers given on the terminal to the eight questions.

    With ``regime`` its question is skipped. Raises ``UsageError`` for an unknown regime, where
    nobody can be asked, and when the person says no at the end.
    """
    answers: dict[str, str] = {}
    if regime is not None:
        template(regime)  # a UsageError that lists the regimes, before anything is asked
        answers["regime"] = regime
    if not interactive():
        raise UsageError(
            N_("A case needs a mandate, and nobody is at the terminal to be asked for it"),
            hint=N_("Give it with --mandate FILE; a template: faisceau mandate template {regime}"),
            regime=regime or "REGIME",
        )
    asked = [question for question in QUESTIONS if question.key not in answers]
    _tell(
        N_("{n} questions make the mandate of this case. Ctrl+C leaves without a trace."),
        n=len(asked),
    )
    for number, question in enumerate(asked, 1):
        answers[question.key] = _ask(question, number, len(asked))
    return _confirmed(answers)


def _ask(question: Question, number: int, of: int) -> str:
    """The answer to one question, asked again until it does."""
    _tell("")
    _tell("{number}/{of}  {question}", number=number, of=of, question=say(question.text))
    if question.choices:
        for n, choice in enumerate(question.choices, 1):
            _tell("     {n:>2}  {choice}", n=n, choice=choice)
    _tell(N_("     For example: {example}"), example=question.example)
    while True:
        answer = _prompt("  >")
        try:
            answer.encode("utf-8")
            answer = _by_number(question, answer)
            question.check(answer)
        except UnicodeEncodeError:
            _tell(N_("     This is not text that can be kept: write it again"))
        except UsageError as error:
            _tell("     {message}", message=one_line(str(error)))
            if error.hint:
                _tell("     → {hint}", hint=one_line(error.hint))
        else:
            return answer


def _by_number(question: Question, answer: str) -> str:
    """Choices may be named by their numbers, several separated by commas."""
    words = [word.strip() for word in answer.split(",")]
    if not question.choices or not all(word.isdecimal() for word in words):
        return answer
    chosen = [int(word) for word in words]
    if not all(1 <= n <= len(question.choices) for n in chosen):
        return answer
    return ", ".join(question.choices[n - 1] for n in chosen)


def _confirmed(answers: dict[str, str]) -> bytes:
    """The mandate that the answers make, once the person has seen it and said yes."""
    while True:
        text = mandate_from_answers(answers)
        _show(answers, text)
        try:
            read_mandate(text, "mandate.toml")
        except MandateError as error:
            _tell("{message}", message=one_line(str(error)))
            question = N_("This mandate cannot stand. The number of an answer to change; n leaves")
            standing = False
        else:
            question = N_(
                "Open the case under it? y opens; the number of an answer changes it; n leaves"
            )
            standing = True
        said = _prompt(say(question)).strip().casefold()
        if standing and said in _YES:
            return text.encode("utf-8")
        if said in _NO:
            raise UsageError(
                N_("No case was opened"),
                hint=N_(
                    "Write the mandate in a file: faisceau mandate template {regime} > "
                    "mandate.toml, then give it with --mandate mandate.toml"
                ),
                regime=answers["regime"],
            )
        if said.isdecimal() and 1 <= int(said) <= len(QUESTIONS):
            question_again = QUESTIONS[int(said) - 1]
            answers[question_again.key] = _ask(question_again, int(said), len(QUESTIONS))


def _show(answers: dict[str, str], text: str) -> None:
    _tell("")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            _tell("    {line}", line=line)
    _tell("")
    for number, question in enumerate(QUESTIONS, 1):
        shown = answers[question.key].strip() or "-"
        _tell("  {n}  {question}  {answer}", n=number, question=say(question.text), answer=shown)
    _tell("")


def choose_reader(name: str, readers: Sequence[str]) -> str | None:
    """Which of several ``readers`` is to read the file ``name``; ``None``: none of them."""
    _tell(N_("Several readers claim {name}:"), name=one_line(name))
    for n, reader in enumerate(readers, 1):
        _tell("     {n:>2}  {reader}", n=n, reader=reader)
    while True:
        said = _prompt(say(N_("Which one? (a number or a name; nothing: none of them)"))).strip()
        if not said:
            return None
        if said in readers:
            return said
        if said.isdecimal() and 1 <= int(said) <= len(readers):
            return readers[int(said) - 1]
        _tell(N_("     None of them is called {said}"), said=said)


def _prompt(text: str) -> str:
    answer: str = click.prompt(text, default="", show_default=False, prompt_suffix=" ", err=True)
    return answer


def _tell(template_: str, /, **facts: object) -> None:
    click.echo(say(template_, **facts), err=True)

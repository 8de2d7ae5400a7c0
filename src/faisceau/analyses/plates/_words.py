"""Questions in words: ``plate:AB* and (camera:A1 or hours:21:00-06:00) and not country:F``.

Conditions are ``field:value``, joined by ``and``, ``or``, ``not`` and parentheses (``et``, ``ou``,
``sauf`` do as well); a value with spaces stands in quotes. Two conditions side by side are both
meant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from faisceau.errors import UsageError
from faisceau.words import N_

_TOKEN = re.compile(r"""\s*(?:(?P<paren>[()])|(?P<pair>[A-Za-z_]+[:=](?:"[^"]*"|'[^']*'|[^\s()]+))|
    (?P<word>[^\s()]+))""", re.VERBOSE)  # fmt: skip
AND, OR, NOT = ("and", "et", "&"), ("or", "ou", "|"), ("not", "non", "sauf", "!")


@dataclass(frozen=True, slots=True)
class Is:
    """A field has a value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """A condition does not hold."""

    what: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    """Two conditions hold."""

    one: "Condition"
    two: "Condition"


@dataclass(frozen=True, slots=True)
class Either:
    """One of two conditions holds."""

    one: "Condition"
    two: "Condition"


Condition = Is | Not | Both | Either


def parsed(text: str, fields: frozenset[str]) -> Condition:
    """The condition that a text says. Raises ``UsageError`` with the word that does not fit."""
    tokens = _tokens(text)
    found, rest = _either(tokens, text, fields)
    if rest:
        raise _wrong(text, rest[0], fields)
    return found


def _tokens(text: str) -> list[str]:
    found = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:  # nothing but signs
            break
        found.append(match.group().strip())
        at = match.end()
    return found


Part = tuple[Condition, list[str]]


def _either(tokens: list[str], text: str, fields: frozenset[str]) -> Part:
    found, rest = _both(tokens, text, fields)
    while rest and rest[0].casefold() in OR:
        other, rest = _both(rest[1:], text, fields)
        found = Either(found, other)
    return found, rest


def _both(tokens: list[str], text: str, fields: frozenset[str]) -> Part:
    found, rest = _one(tokens, text, fields)
    while rest and rest[0] != ")" and rest[0].casefold() not in OR:
        if rest[0].casefold() in AND:
            rest = rest[1:]
        other, rest = _one(rest, text, fields)
        found = Both(found, other)
    return found, rest


def _one(tokens: list[str], text: str, fields: frozenset[str]) -> Part:
    if not tokens:
        raise _wrong(text, "", fields)
    first, rest = tokens[0], tokens[1:]
    if first.casefold() in NOT:
        found, rest = _one(rest, text, fields)
        return Not(found), rest
    if first == "(":
        found, rest = _either(rest, text, fields)
        if not rest or rest[0] != ")":
            raise _wrong(text, "(", fields)
        return found, rest[1:]
    match = re.fullmatch(r"(\w+)[:=](.+)", first, re.DOTALL)
    if match is None or match[1].casefold() not in fields:
        raise _wrong(text, first, fields)
    return Is(match[1].casefold(), match[2].strip("\"'")), rest


def _wrong(text: str, word: str, fields: frozenset[str]) -> UsageError:
    return UsageError(
        N_("The question {text} cannot be read at “{word}”"),
        hint=N_("Write field:value with and, or, not; fields are {fields}"),
        text=text,
        word=word,
        fields=sorted(fields),
    )


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in their order, each within so many seconds of the one before."""

    steps: tuple[Condition, ...]
    within_s: int


_WITHIN = re.compile(
    r"\s+(?:within|en moins de)\s+(\d+(?:\.\d+)?)\s*(s|sec\w*|m|mn|min\w*|h|hours?|heures?)\s*$",
    re.IGNORECASE,
)


def sequence(text: str, fields: frozenset[str]) -> Sequence:
    """``A1 then A7 within 40 minutes``: steps are camera names or conditions; by default each step
    follows within two hours. Raises ``UsageError``."""
    within, match = 7200.0, _WITHIN.search(text)
    if match:
        unit = {"s": 1, "m": 60, "h": 3600}[match[2][0].lower()]
        within, text = float(match[1]) * unit, text[: match.start()]
    steps = [s.strip() for s in re.split(r"\s+(?:then|puis)\s+", text, flags=re.IGNORECASE)]
    if len(steps) < 2 or not all(steps):
        raise UsageError(
            N_("The sequence {text} has one step"),
            hint=N_("Write: A1 then A7 within 40 minutes"),
            text=text,
        )
    plain: Callable[[str], bool] = lambda step: not re.search(r"\w[:=]", step)  # noqa: E731
    made = [Is("camera", s) if plain(s) else parsed(s, fields) for s in steps]
    return Sequence(tuple(made), int(within))

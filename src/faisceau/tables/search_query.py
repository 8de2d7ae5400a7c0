"""The search language: words, phrases, near words, beginnings, fields, patterns.

``coke "deux heures" meth* mot~ -recette sender:33612 thread:T1 app:whatsapp exhibit:E1 has:phone
lang:es from:2026-01-01 to:2026-02-01 /gr?amm?es?/ (a OR b)``. Accents and case never count. Words
stand together with *and*; ``OR`` (``OU``) between two; ``-`` before what must not occur.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import tantivy

from faisceau.errors import UsageError
from faisceau.words import N_

PARIS = ZoneInfo("Europe/Paris")
FIELDS = {
    "sender": "sender",
    "de": "sender",
    "thread": "thread",
    "fil": "thread",
    "app": "app",
    "exhibit": "exhibit",
    "scelle": "exhibit",
    "kind": "kind",
    "has": "has",
    "avec": "has",
    "lang": "lang",
    "langue": "lang",
}
"""Field of the language, in English and French -> field of the index."""
_BOUNDS = {
    "from": "from",
    "since": "from",
    "depuis": "from",
    "to": "to",
    "until": "to",
    "avant": "to",
}
_OR = {"OR", "OU"}
_AND = {"AND", "ET"}
_NOT = {"NOT", "SAUF"}
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\() | (?P<close>\)) |
    (?P<not>-)(?=\S) |
    /(?P<pattern>(?:\\.|[^/\\])+)/ |
    (?:(?P<field>[A-Za-z]+):)? (?:"(?P<phrase>[^"]*)"(?P<slop>~\d)? | (?P<word>[^\s()"]+))
    )""",
    re.VERBOSE,
)
_MODIFIED = re.compile(r"(?P<word>.+?)(?P<mark>\*|~[12]?)?$")
DEEPEST = 20
EXAMPLE = N_('For example: coke "ce soir" sender:33612 has:phone from:2026-01-01')
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Words:
    """A word or words in a row; ``prefix``: the last only begins so; ``fuzzy``: edits allowed."""

    words: tuple[str, ...]
    field: str = "text"
    prefix: bool = False
    fuzzy: int = 0
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Exact:
    """A value of a field, whole."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Between:
    """Sent from ``since`` (included) to ``until`` (excluded), seconds since 1970."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these; none of ``without``."""

    parts: tuple["Node", ...]
    without: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """At least one of these."""

    parts: tuple["Node", ...]


Node = Words | Exact | Between | All | OneOf


@dataclass(frozen=True, slots=True)
class Query:
    """A question: what the index answers, and the patterns that the texts must match too."""

    node: Node
    patterns: tuple[str, ...] = ()

    def terms(self) -> Iterator[Words]:
        """The words looked for in texts, for highlighting."""
        yield from _terms(self.node)


@cache
def analyzer() -> tantivy.TextAnalyzer:
    """How texts become words: letters and digits, lower case, without accents."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .build()
    )


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as the index has them."""
    return tuple(analyzer().analyze(text))


def parse(text: str) -> Query:
    """A question in the search language. Raises ``UsageError`` with what is wrong."""
    if len(text) > LONGEST:
        raise UsageError(N_("The question is longer than {n} characters"), n=LONGEST)
    patterns: list[str] = []
    tokens = _tokens(text)
    node = _either(tokens, patterns, 0)
    if tokens:
        raise UsageError(N_("A bracket is closed that was not opened"), hint=EXAMPLE)
    if not patterns and not _says_something(node):
        raise UsageError(
            N_("The question holds no word"),
            hint=EXAMPLE,
        )
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(
                N_("The pattern {pattern} cannot be read: {why}"), pattern=pattern, why=error
            ) from error
    return Query(node, tuple(patterns))


def _tokens(text: str) -> list[re.Match[str]]:
    """The pieces of the question, last first: they are taken from the end."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.end() == at:
            raise UsageError(
                N_("The question cannot be read from here: {rest}"), rest=text[at : at + 40]
            )
        found.append(match)
        at = match.end()
    return found[::-1]


def _either(tokens: list[re.Match[str]], patterns: list[str], depth: int) -> Node:
    if depth > DEEPEST:
        raise UsageError(N_("Brackets are nested too deep"), hint=EXAMPLE)
    sides = [_together(tokens, patterns, depth)]
    while tokens and tokens[-1]["word"] in _OR and not tokens[-1]["field"]:
        tokens.pop()
        sides.append(_together(tokens, patterns, depth))
    return sides[0] if len(sides) == 1 else OneOf(tuple(sides))


def _together(tokens: list[re.Match[str]], patterns: list[str], depth: int) -> Node:
    parts: list[Node] = []
    without: list[Node] = []
    while tokens and not tokens[-1]["close"]:
        token = tokens[-1]
        if token["word"] in _OR and not token["field"]:
            break
        if token["word"] in _AND and not token["field"]:
            tokens.pop()
            continue
        denied = bool(token["not"]) or (token["word"] in _NOT and not token["field"])
        if denied:
            tokens.pop()
        node = _one(tokens, patterns, depth)
        if node is not None:
            (without if denied else parts).append(node)
    return parts[0] if len(parts) == 1 and not without else All(tuple(parts), tuple(without))


def _one(tokens: list[re.Match[str]], patterns: list[str], depth: int) -> Node | None:
    if not tokens:
        raise UsageError(N_("The question ends where a word should follow"), hint=EXAMPLE)
    token = tokens.pop()
    if token["open"]:
        node = _either(tokens, patterns, depth + 1)
        if not tokens:
            raise UsageError(N_("A bracket is not closed"), hint=EXAMPLE)
        tokens.pop()
        return node
    if token["pattern"]:
        if depth:
            raise UsageError(N_("A pattern stands outside brackets"), hint=EXAMPLE)
        patterns.append(token["pattern"])
        return None
    if token["close"] or token["not"]:
        raise UsageError(N_("The question ends where a word should follow"), hint=EXAMPLE)
    name = (token["field"] or "").lower()
    if token["phrase"] is not None:
        if name:
            return _field(name, token["phrase"])
        slop = int(token["slop"][1:]) if token["slop"] else 0
        return Words(words_of(token["phrase"]), slop=slop)
    if name in FIELDS or name in _BOUNDS:
        return _field(name, token["word"])
    return _word(token["word"] if not name else f"{token['field']}:{token['word']}")


def _word(text: str) -> Words:
    match = _MODIFIED.match(text)
    assert match is not None
    mark = match["mark"] or ""
    words = words_of(match["word"])
    fuzzy = int(mark[1:] or "1") if mark.startswith("~") else 0
    return Words(words, prefix=mark == "*", fuzzy=fuzzy)


def _field(name: str, value: str) -> Node:
    if name in _BOUNDS:
        day = _day(value)
        if _BOUNDS[name] == "from":
            return Between(since=_midnight(day))
        return Between(until=_midnight(day))
    field = FIELDS.get(name)
    if field is None:
        raise UsageError(
            N_("There is no field {name}"),
            hint=N_("There are: {known}"),
            name=name,
            known=[*FIELDS, *_BOUNDS],
        )
    if field == "sender":
        prefix = value.endswith("*")
        return Words(words_of(value.rstrip("*")), field="sender", prefix=prefix)
    if field == "exhibit":
        return Exact(field, value.upper())
    return Exact(field, value if field == "thread" else value.lower())


def _day(value: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(value, form).date()  # noqa: DTZ007 - a day has no zone yet
        except ValueError:
            continue
    raise UsageError(
        N_("{value} is no day"), hint=N_("Write it as 2026-01-31 or 31/01/2026"), value=value
    )


def _midnight(day: date, later: timedelta = timedelta()) -> int:
    """Seconds since 1970 of a day's beginning in France."""
    return int((datetime.combine(day, time(), PARIS) + later).astimezone(UTC).timestamp())


def _says_something(node: Node) -> bool:
    if isinstance(node, All):
        return any(map(_says_something, node.parts)) or bool(node.without)
    if isinstance(node, OneOf):
        return all(map(_says_something, node.parts))
    return not isinstance(node, Words) or bool(node.words)


def asked_for(node: Node, field: str) -> set[str]:
    """The values that a question names for a field of ``Exact`` nodes."""
    if isinstance(node, Exact):
        return {node.value} if node.field == field else set()
    parts = (*node.parts, *node.without) if isinstance(node, All) else ()
    parts = node.parts if isinstance(node, OneOf) else parts
    return set().union(*(asked_for(part, field) for part in parts))


def put_for(node: Node, field: str, nodes: Mapping[str, Node]) -> Node:
    """The question with each ``Exact`` node of a field replaced by what its value stands for."""
    if isinstance(node, Exact) and node.field == field:
        return nodes[node.value]
    if isinstance(node, OneOf):
        return OneOf(tuple(put_for(part, field, nodes) for part in node.parts))
    if isinstance(node, All):
        return All(
            tuple(put_for(part, field, nodes) for part in node.parts),
            tuple(put_for(part, field, nodes) for part in node.without),
        )
    return node


def _terms(node: Node) -> Iterator[Words]:
    if isinstance(node, Words) and node.field == "text":
        yield node
    elif isinstance(node, (All, OneOf)):
        for part in node.parts:
            yield from _terms(part)

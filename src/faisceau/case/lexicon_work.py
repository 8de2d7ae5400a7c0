"""Work on a lexicon with what was reviewed: which forms earn their place, which words are missing.

A lexicon is a file, and a version another file: nothing here changes one that is in use.
"""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import yaml
from ibis import Table

from faisceau.analyses import Engine
from faisceau.analyses.messages._lexicon import rules
from faisceau.analyses.messages.review import Talks, gathered, judged
from faisceau.errors import BadInput, UsageError
from faisceau.tables.engines import LakeEngine
from faisceau.tables.identifiers.names import plain
from faisceau.tables.lexicons import Lexicon, load_lexicon, written
from faisceau.tables.schemas import CONTACT, MESSAGE, PERSON, REVIEW
from faisceau.words import N_

FEWEST = 5
"""Conversations in which a term must occur before it may leave the case."""
EXAMPLES = 3
LIKELY = 1.64
"""Standard errors from which on a difference is more than chance (one side, 95 %)."""
PRIOR, PRIOR_SHARE = 500.0, 0.1
"""Words of prior knowledge, shared out as in the whole case, and at most this share of them."""
TALKS = MESSAGE[
    "exhibit_id", "account", "thread_id", "thread_name", "sender_id", "sender_name", "recipients",
    "sent_at", "text",
]  # fmt: skip
NAMED = (
    CONTACT["account", "name", "identifiers"],
    PERSON["last_name", "first_names", "alias", "birth_place", "phone", "email", "address"],
)
"""What else names persons and their lines, where the mandate covers it."""
VERDICTS = REVIEW["analysis", "verdict", "rows"]
_IDENTIFYING = re.compile(r"\S*(?:[\d@_/\\]|\w[.:]\w)\S*")
"""Whatever holds a digit, an @, an underscore, a slash, or a stop inside: it may identify."""
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Tried:
    """One form of a lexicon against reviewed conversations.

    ``relevant`` and ``others``: conversations it occurs in; ``odds``: log-odds ratio, in favour of
    the relevant ones; ``place``: ``earned``, ``noise``, ``open`` (too few to tell) or ``unmet``.
    """

    concept: str
    form: str
    relevant: int
    others: int
    odds: float
    place: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A version of a lexicon, tried on ``relevant`` and ``others`` reviewed conversations."""

    lexicon: str
    relevant: int
    others: int
    forms: Sequence[Tried]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that behaves like those of the confirmed conversations.

    ``score``: standard errors by which it is more frequent there; ``confirmed`` and ``others``:
    conversations it occurs in; ``examples``: messages (row, text).
    """

    term: str
    score: float
    confirmed: int
    others: int
    examples: Sequence[tuple[int, str]]


def tried(message: Table, review: Table, engine: Engine, lexicon: Lexicon) -> Trial:
    """Each form of a lexicon by the reviewed conversations it occurs in."""
    talks, relevant, others = _reviewed(message, review, engine)
    ready = rules(lexicon)
    chosen = [*relevant, *others]
    texts = pa.array([talks.texts[i] for i in chosen], pa.string())
    counts = np.zeros((len(ready.scanner.forms), 2), np.int64)
    for n, spans in enumerate(ready.scanner.spans(texts)):
        for form in {form for form, _, _ in spans}:
            counts[form, int(n >= len(relevant))] += 1
    forms = [
        _placed(_called(owner), form.text, yes, no, (len(relevant), len(others)))
        for owner, form, (yes, no) in zip(
            ready.owners, ready.scanner.forms, counts.tolist(), strict=True
        )
    ]
    order = sorted(forms, key=lambda t: (-t.odds, -t.relevant, t.others, t.concept, t.form))
    told = f"{lexicon.name} {lexicon.version}"
    return Trial(told, len(relevant), len(others), order)


def _called(owner: Any) -> str:
    """The concept, the context or the manner that a form is written for."""
    return next(
        str(getattr(owner, name))
        for name in ("concept", "context", "manner")
        if hasattr(owner, name)
    )


def _placed(concept: str, form: str, yes: int, no: int, of: tuple[int, int]) -> Tried:
    """What a form is worth: its log-odds ratio, with half a conversation added everywhere."""
    cells = (yes + 0.5, no + 0.5, of[0] - yes + 0.5, of[1] - no + 0.5)
    odds = math.log(cells[0] * cells[3] / (cells[1] * cells[2]))
    error = math.sqrt(sum(1 / cell for cell in cells))
    if not yes + no:
        place = "unmet"
    elif odds >= LIKELY * error:
        place = "earned"
    elif yes + no >= FEWEST and odds <= 0:
        place = "noise"
    else:
        place = "open"
    return Tried(concept, form, yes, no, round(odds, 3) if yes + no else 0.0, place)


def suggested(
    message: Table, review: Table, engine: Engine, lexicon: Lexicon, named: Collection[str]
) -> list[Suggestion]:
    """Words more frequent in confirmed conversations than elsewhere in the case, best first.

    Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin'
    Words", Political Analysis 16(4)). What may identify (digits, addresses), what is ``named``
    (plain words of names and lines in the case), what people mostly write like a name, what the
    lexicon knows and what occurs in fewer than five conversations is left out.
    """
    talks, confirmed, _ = _reviewed(message, review, engine)
    if not confirmed:
        return []
    table, terms, proper = counted(talks.texts)
    inside = np.zeros(len(talks.texts), bool)
    inside[confirmed] = True
    present = table > 0
    everywhere = np.asarray(present.sum(axis=0)).ravel()
    within = np.asarray(present[inside].sum(axis=0)).ravel()
    here, there = (np.asarray(table[side].sum(axis=0)).ravel() for side in (inside, ~inside))
    score = standing_out(here, there)
    known = _known(terms, lexicon)
    kept = [
        n
        for n in np.lexsort((np.array(terms), -score)).tolist()
        if everywhere[n] >= FEWEST
        and score[n] >= LIKELY
        and terms[n] not in named
        and not proper[n]
        and not known[n]
    ]
    return [
        Suggestion(
            terms[n],
            round(float(score[n]), 3),
            int(within[n]),
            int(everywhere[n] - within[n]),
            _examples(terms[n], talks, confirmed),
        )
        for n in kept
    ]


def counted(texts: Iterable[str]) -> tuple[Any, list[str], npt.NDArray[np.bool_]]:
    """Conversations × words (counts), the words, and which are mostly written like a name."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    numbers: dict[str, int] = {}
    rows: list[int] = []
    columns: list[int] = []
    capitals: dict[int, int] = {}
    seconds: dict[int, int] = {}
    size = 0
    for row, text in enumerate(texts):
        size = row + 1
        for line in _IDENTIFYING.sub(" ", text).split("\n"):
            for place, match in enumerate(_WORD.finditer(line)):
                number = numbers.setdefault(plain(match[0]), len(numbers))
                rows.append(row)
                columns.append(number)
                if place:  # what begins a line is written large anyway
                    seconds[number] = seconds.get(number, 0) + 1
                    capitals[number] = capitals.get(number, 0) + match[0].istitle()
    shape = (size, len(numbers))
    table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    proper = [2 * capitals.get(n, 0) > seconds.get(n, 0) for n in range(len(numbers))]
    return table, list(numbers), np.array(proper, bool)


def standing_out(
    here: npt.NDArray[np.float64], there: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """How much more frequent each word is here than there, in standard errors."""
    every = float((here + there).sum())
    known = min(PRIOR, PRIOR_SHARE * every)
    prior = known * (here + there) / every
    mine, theirs = here + prior, there + prior
    odds = np.log(mine / (here.sum() + known - mine))
    odds -= np.log(theirs / (there.sum() + known - theirs))
    found: npt.NDArray[np.float64] = odds / np.sqrt(1 / mine + 1 / theirs)
    return found


def _reviewed(message: Table, review: Table, engine: Engine) -> tuple[Talks, list[int], list[int]]:
    """The conversations, those judged relevant, those judged not to be."""
    talks = gathered(message, engine)
    verdicts, _, _ = judged(message, review, talks, engine)
    relevant = sorted(i for i, yes in verdicts.items() if yes)
    return talks, relevant, sorted(i for i, yes in verdicts.items() if yes is False)


def _known(terms: Sequence[str], lexicon: Lexicon) -> list[bool]:
    spans = rules(lexicon).scanner.spans(pa.array(terms, pa.string()))
    return [
        any(end - start >= len(term) for _, start, end in found)
        for term, found in zip(terms, spans, strict=True)
    ]


def _examples(term: str, talks: Talks, confirmed: Sequence[int]) -> list[tuple[int, str]]:
    found = (
        (row, text)
        for i in confirmed
        for row, text in zip(talks.rows[i], talks.messages[i], strict=True)
        if term in _WORD.findall(plain(_IDENTIFYING.sub(" ", text)))
    )
    return [one for one, _ in zip(found, range(EXAMPLES), strict=False)]


def names_in(engine: LakeEngine) -> set[str]:
    """The plain words of every name and line in the engine's tables."""
    found: set[str] = set()
    for table in engine.tables.values():
        for column in set(table.columns) - {"row_id", "exhibit_id", "sent_at", "text"}:
            for row in engine.rows(table.select(column).distinct()):
                value = row[column]
                for one in value if isinstance(value, list) else [value]:
                    found.update(_WORD.findall(plain(str(one or ""))))
    return found


def chosen(term: str, found: Iterable[Suggestion]) -> Suggestion:
    """The suggestion of a term. Raises ``UsageError`` when it is none of those ``found``."""
    for one in found:
        if one.term == term:
            return one
    raise UsageError(
        N_("{term} is not among the words put forward"),
        hint=N_("Only those that faisceau lexicon suggest shows may leave the case"),
        term=term,
    )


def next_version(name_or_path: str, term: str, kind: str, source: str, on: date) -> str:
    """The text of a lexicon with one term more, its version one higher.

    ``kind``: a concept or kind that the lexicon's scenes know. Raises ``UsageError`` for another.
    """
    lexicon, text = load_lexicon(name_or_path), written(name_or_path)[1].decode("utf-8")
    kinds = {k for entry in lexicon.entries for k in (entry.concept, *entry.kinds)}
    if kind not in kinds:
        raise UsageError(
            N_("The lexicon {name} knows no kind {kind}"),
            hint=N_("There are: {known}"),
            name=lexicon.name,
            kind=kind,
            known=sorted(kinds),
        )
    concept = f"accepted_{term}"
    entry = {
        "concept": concept,
        "kinds": [kind],
        "meaning": {"fr": term, "en": term},
        "terms": term,
        "source": concept,
        "date": on.isoformat(),
    }
    added = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False)
    from_whom = yaml.safe_dump({concept: source}, allow_unicode=True, width=1000)
    version = str(
        int(lexicon.version) + 1 if lexicon.version.isdecimal() else f"{lexicon.version}+1"
    )
    for found, wanted in (
        (r"^version:.*$", f"version: {version}"),
        (r"^sources:.*$", f"sources:\n  {from_whom.rstrip()}"),
        (r"^entries:.*$", f"entries:\n{added.rstrip()}"),
    ):
        text, n = re.subn(found, lambda _, w=wanted: w, text, count=1, flags=re.MULTILINE)  # type: ignore[misc]
        if not n:
            raise BadInput(N_("The lexicon {name} cannot be added to"), name=lexicon.name)
    return text

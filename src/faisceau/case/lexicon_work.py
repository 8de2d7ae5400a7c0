"""Work on a lexicon with what was reviewed: which forms earn their place, which words are missing.

A lexicon is a file, and a version another file: nothing here changes one that is in use.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
from faisceau.case.word_company import neighbours
from faisceau.errors import BadInput, UsageError
from faisceau.tables.engines import LakeEngine
from faisceau.tables.identifiers.names import plain
from faisceau.tables.lexicons import Entry, Lexicon, load_lexicon, written
from faisceau.tables.schemas import CONTACT, MESSAGE, PERSON, REVIEW
from faisceau.words import N_

FEWEST = 5
"""Conversations in which a term must occur before it may leave the case."""
EXAMPLES = 3
SEEN = 3
"""Confirmed conversations in which a phrase must occur."""
COMPARED = 20_000
"""Conversations on which the company of words is counted, roughly, besides those confirmed."""
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
    """A word or phrase that behaves like those of the confirmed conversations.

    ``score``: standard errors by which it is more frequent there; ``confirmed`` and ``others``:
    conversations it occurs in; ``examples``: messages (row, text). ``why``: ``frequent`` there,
    or ``alike``: used like the words of the lexicon ``near`` it, with what ``likeness`` (cosine).
    """

    term: str
    score: float
    confirmed: int
    others: int
    examples: Sequence[tuple[int, str]]
    why: str = "frequent"
    near: tuple[str, ...] = ()
    likeness: float = 0.0


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
    """Words and phrases of the confirmed conversations that a lexicon lacks, best first.

    First those more frequent there than elsewhere in the case: log-odds with an informative
    Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin' Words", Political Analysis 16(4)).
    Then words that are met there, not less than elsewhere, and are used like those of the lexicon:
    see :mod:`word_company`. What
    may identify (digits, addresses), what is ``named`` (plain words of names and lines in the
    case), what people mostly write like a name, what the lexicon knows and what occurs in fewer
    than five conversations is left out.
    """
    talks, confirmed, _ = _reviewed(message, review, engine)
    if not confirmed:
        return []
    said = counted(talks.texts)
    may_leave = np.array([term not in named for term in said.terms], bool) & ~said.proper
    words = _weighed(said.table, confirmed)
    known = _known(said.terms, lexicon)
    open_to_all = may_leave & (words.everywhere >= FEWEST) & ~known
    frequent = open_to_all & (words.score >= LIKELY)
    parts = [(said.terms[n], words, n) for n in np.flatnonzero(frequent).tolist()]
    phrases, over = _phrases(said, confirmed, may_leave, words, lexicon)
    parts += [(phrase, over, n) for n, phrase in phrases]
    parts.sort(key=lambda part: (-float(part[1].score[part[2]]), part[0]))
    found = [_suggestion(term, of, n, talks, confirmed) for term, of, n in parts]
    told = set(np.flatnonzero(frequent).tolist())
    for one in neighbours(
        said.lines(_sampled(len(talks.texts), confirmed)),
        np.flatnonzero(words.everywhere >= FEWEST).tolist(),
        np.flatnonzero(_worded(said.terms, lexicon) & (words.within > 0)).tolist(),
    ):
        n = one.word
        if open_to_all[n] and n not in told and words.within[n] and words.score[n] > -LIKELY:
            near = tuple(said.terms[m] for m in one.near)
            alike = _suggestion(said.terms[n], words, n, talks, confirmed)
            found.append(replace(alike, why="alike", near=near, likeness=one.likeness))
    return found


@dataclass(frozen=True, slots=True)
class _Weighed:
    """By term: its score, in how many conversations it occurs, in how many confirmed ones."""

    score: npt.NDArray[np.float64]
    everywhere: npt.NDArray[np.int64]
    within: npt.NDArray[np.int64]


def _weighed(table: Any, confirmed: Sequence[int], totals: Any = None) -> _Weighed:
    """What stands out in the confirmed conversations; ``totals``: words counted here and there."""
    inside = np.zeros(table.shape[0], bool)
    inside[confirmed] = True
    present = table > 0
    here, there = (np.asarray(table[side].sum(axis=0)).ravel() for side in (inside, ~inside))
    return _Weighed(
        standing_out(here, there, totals),
        np.asarray(present.sum(axis=0)).ravel(),
        np.asarray(present[inside].sum(axis=0)).ravel(),
    )


def _suggestion(
    term: str, of: _Weighed, n: int, talks: Talks, confirmed: Sequence[int]
) -> Suggestion:
    within = int(of.within[n])
    return Suggestion(
        term,
        round(float(of.score[n]), 3),
        within,
        int(of.everywhere[n]) - within,
        _examples(term, talks, confirmed),
    )


def _sampled(size: int, confirmed: Sequence[int]) -> list[int]:
    """The conversations that words are compared on: those confirmed, and others spread evenly."""
    step = max(1, size // COMPARED)
    return sorted({*confirmed, *range(0, size, step)})


def _phrases(
    said: "Counted",
    confirmed: Sequence[int],
    may_leave: npt.NDArray[np.bool_],
    words: _Weighed,
    lexicon: Lexicon,
) -> tuple[list[tuple[int, str]], _Weighed]:
    """Two or three words in a row that stand out more than any of them does alone."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    met = Counter(
        phrase
        for row in confirmed
        for phrase in {p for line in said.rows[row] for p in _runs(line)}
    )
    chosen = sorted(p for p, n in met.items() if n >= SEEN and all(may_leave[m] for m in p))
    numbers = {phrase: n for n, phrase in enumerate(chosen)}
    rows, columns = list[int](), list[int]()
    for row, lines in enumerate(said.rows):
        for line in lines:
            for phrase in _runs(line):
                if (n := numbers.get(phrase)) is not None:
                    rows.append(row)
                    columns.append(n)
    shape = (len(said.rows), len(chosen))
    table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    inside = np.zeros(len(said.rows), bool)
    inside[confirmed] = True
    totals = tuple(float(said.table[side].sum()) for side in (inside, ~inside))
    over = _weighed(table, confirmed, totals)
    texts = [" ".join(said.terms[m] for m in phrase) for phrase in chosen]
    known = _held(texts, lexicon)
    kept = [
        (n, texts[n])
        for n, phrase in enumerate(chosen)
        if over.everywhere[n] >= FEWEST
        and over.score[n] >= LIKELY
        and over.score[n] > max(words.score[m] for m in phrase)
        and not known[n]
    ]
    return kept, over


def _runs(line: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in (2, 3):
        yield from (tuple(line[n : n + size]) for n in range(len(line) - size + 1))


@dataclass(frozen=True, slots=True)
class Counted:
    """What was said: conversations x words (counts), the words, which are mostly written like a
    name, and each conversation line by line as numbers of words.
    """

    table: Any
    terms: list[str]
    proper: npt.NDArray[np.bool_]
    rows: list[list[list[int]]]

    def lines(self, chosen: Iterable[int]) -> Iterator[list[int]]:
        """The lines of some conversations."""
        for row in chosen:
            yield from self.rows[row]


def counted(texts: Iterable[str]) -> Counted:
    """The words of conversations, what may identify left out."""
    from scipy.sparse import csr_matrix

    numbers: dict[str, int] = {}
    said: list[list[list[int]]] = []
    capitals: Counter[int] = Counter()
    seconds: Counter[int] = Counter()
    for text in texts:
        said.append([])
        for stretch in _IDENTIFYING.sub("\n\0", text).split("\n"):
            line: list[int] = []
            begins = not stretch.startswith("\0")
            for match in _WORD.finditer(stretch):
                number = numbers.setdefault(plain(match[0]), len(numbers))
                if line or not begins:  # what begins a line is written large anyway
                    seconds[number] += 1
                    capitals[number] += match[0].istitle()
                line.append(number)
            if line:
                said[-1].append(line)
    rows = [row for row, lines in enumerate(said) for line in lines for _ in line]
    columns = [number for lines in said for line in lines for number in line]
    shape = (len(said), len(numbers))
    table = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    proper = [2 * capitals[n] > seconds[n] for n in range(len(numbers))]
    return Counted(table, list(numbers), np.array(proper, bool), said)


def standing_out(
    here: npt.NDArray[np.float64],
    there: npt.NDArray[np.float64],
    totals: tuple[float, float] | None = None,
) -> npt.NDArray[np.float64]:
    """How much more frequent each word is here than there, in standard errors.

    ``totals``: words said here and there, where those given are not all of them.
    """
    said, elsewhere = totals or (float(here.sum()), float(there.sum()))
    every = said + elsewhere
    known = min(PRIOR, PRIOR_SHARE * every)
    prior = known * (here + there) / every
    mine, theirs = here + prior, there + prior
    odds = np.log(mine / (said + known - mine))
    odds -= np.log(theirs / (elsewhere + known - theirs))
    found: npt.NDArray[np.float64] = odds / np.sqrt(1 / mine + 1 / theirs)
    return found


def _reviewed(message: Table, review: Table, engine: Engine) -> tuple[Talks, list[int], list[int]]:
    """The conversations, those judged relevant, those judged not to be."""
    talks = gathered(message, engine)
    verdicts, _, _ = judged(message, review, talks, engine)
    relevant = sorted(i for i, yes in verdicts.items() if yes)
    return talks, relevant, sorted(i for i, yes in verdicts.items() if yes is False)


def _known(terms: Sequence[str], lexicon: Lexicon) -> npt.NDArray[np.bool_]:
    """Which terms are wholly a form of the lexicon."""
    spans = rules(lexicon).scanner.spans(pa.array(terms, pa.string()))
    whole = (
        any(end - start >= len(term) for _, start, end in found)
        for term, found in zip(terms, spans, strict=True)
    )
    return np.array(list(whole), bool)


def _held(phrases: Sequence[str], lexicon: Lexicon) -> list[bool]:
    """Which phrases hold a form of a concept of the lexicon: they are known by it."""
    ready = rules(lexicon)
    spans = ready.scanner.spans(pa.array(phrases, pa.string()))
    return [any(isinstance(ready.owners[n], Entry) for n, _, _ in found) for found in spans]


def _worded(terms: Sequence[str], lexicon: Lexicon) -> npt.NDArray[np.bool_]:
    """Which terms are words that the lexicon has for a concept, not for a context or a manner."""
    ready = rules(lexicon)
    spans = ready.scanner.spans(pa.array(terms, pa.string()))
    concepts = (
        any(end - start >= len(term) and isinstance(ready.owners[n], Entry) for n, start, end in f)
        for term, f in zip(terms, spans, strict=True)
    )
    return np.array(list(concepts), bool)


def _examples(term: str, talks: Talks, confirmed: Sequence[int]) -> list[tuple[int, str]]:
    found = (
        (row, text)
        for i in confirmed
        for row, text in zip(talks.rows[i], talks.messages[i], strict=True)
        if f" {term} " in _spaced(text)
    )
    return [one for one, _ in zip(found, range(EXAMPLES), strict=False)]


def _spaced(text: str) -> str:
    """The words of a text between blanks; a line's end, and what may identify, part them."""
    lines = _IDENTIFYING.sub("\n", text).split("\n")
    return " | ".join(f" {' '.join(map(plain, _WORD.findall(line)))} " for line in lines)


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
    concept = f"accepted_{term.replace(' ', '_')}"
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

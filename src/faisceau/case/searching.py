"""Searching: the index brought up to date with the lake, a question put to it, hits shown.

The index holds what the mandate's scope lets be seen, and each hit is read from the lake under
the permit of who asks: nothing shows here that ``rows`` would not show.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from faisceau.case import sealing
from faisceau.case.door import Door
from faisceau.case.masking import Mask
from faisceau.case.sealing import NOTHING_SEALED, Sealed
from faisceau.errors import UsageError
from faisceau.evidence.containers import part_folder
from faisceau.findings import store as findings
from faisceau.findings.model import Finding
from faisceau.mandate.act import Act
from faisceau.mandate.model import Scope
from faisceau.mandate.permit import Permit
from faisceau.tables.engines import LakeEngine, open_engine
from faisceau.tables.lake import Segment
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.schemas.schema import Selection
from faisceau.tables.search_index import COLUMNS, Builder, SearchIndex, retain_named
from faisceau.tables.search_query import (
    All,
    Exact,
    Node,
    OneOf,
    Query,
    Words,
    asked_for,
    parse,
    put_for,
    words_of,
)
from faisceau.words import N_

READ = Selection(MESSAGE, tuple(name for name in COLUMNS if name != "row_id"))
SHOWN = Selection(
    MESSAGE, tuple(name for name in MESSAGE.columns if name not in ("row_id", "zone"))
)
_WORD = re.compile(r"[^\W_]+")

Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Hit:
    """A message found: its values (masked as everywhere), and where its text answers.

    ``spans``: first and past-last character of each word that answers.
    """

    row_id: int
    values: Mapping[str, Any]
    spans: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gave: ``hits`` from ``offset`` on, and how many messages answer in all."""

    query: str
    total: int
    hits: Sequence[Hit] = field(default_factory=tuple)
    offset: int = 0
    indexed: int = 0
    """Rows that this search had to index first."""
    facets: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    """Field of the search language -> its values among the answers, with how many hold each."""
    sealed: Sealed = NOTHING_SEALED
    """What is sealed, which no search sees."""


class Searching:
    """Puts questions to the messages of a case; its index stays open between two of them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._index: SearchIndex | None = None

    def answer(
        self,
        question: str,
        *,
        limit: int,
        offset: int,
        newest_first: bool,
        facets: bool,
        progress: Told | None,
    ) -> Answer:
        """What answers a question in the search language; what the index lacks is added before.

        Raises ``UsageError`` for a question that cannot be read.
        """
        door, query = self._door, parse(question)
        act = Act("search", tables=frozenset({MESSAGE.name}))
        with door.passing(act, [SHOWN], data={"query": question}) as (permit, closing, listed):
            if asked_for(query.node, "lang"):
                with door.database.connect() as connection:
                    told = findings.listed(connection, permit, analysis=LANGUAGES)
                query = in_languages(query, told)
            indexed, index = self._indexed(permit, listed, progress or (lambda _: None))
            patterns = door.engine(permit, listed, [SHOWN]) if query.patterns else nullcontext()
            with patterns as engine:
                total, ids = answering(
                    index, query, engine, limit=limit, offset=offset, newest_first=newest_first
                )
            rows = door.picker.pick(permit, listed, SHOWN, ids)
            hits = as_hits(query, ids, rows, door.mask())
            counted = counts(index, query) if facets and not query.patterns else {}
            closing.data["rows"] = total
        sealed = door.sealed({MESSAGE.name})
        return Answer(question, total, hits, offset, indexed, counted, sealed)

    def _indexed(
        self, permit: Permit, segments: Sequence[Segment], told: Told
    ) -> tuple[int, SearchIndex]:
        """The search index, brought up to date; how many rows it lacked."""
        case, seen = self._door.case, sight(self._door.mandate.scope, self._door.mandate.reference)
        if self._index is None or self._index.sight != seen:
            self._index = SearchIndex(case.folder, seen)
        index = self._index
        listed = [s for s in segments if s.table == MESSAGE.name]
        names = sealing.names(listed, self._door.listing().seals)
        if not index.missing(names.values()):
            return 0, index
        retain_named(case.folder, names.values())
        before = sum(shard.rows for shard in index.shards())
        with index.building() as builder:
            lacking = set(index.missing(names.values()))
            for segment in listed:
                if names[segment.path] not in lacking:
                    continue
                with (
                    part_folder(case.scratch) as scratch,
                    open_engine(
                        "duckdb", permit, self._door.lake, [segment], [READ], scratch=scratch
                    ) as engine,
                ):
                    index_rows(builder, names[segment.path], engine, self._door.mask(), told)
        return sum(shard.rows for shard in index.shards()) - before, index


def sight(scope: Scope | None, mask_id: str) -> str:
    """A name of what may be seen; an index made under another one is thrown away."""
    return hashlib.sha256(f"{scope!r}\n{mask_id}".encode()).hexdigest()


LANGUAGES = "messages.languages"
"""The analysis that tells the language of conversations."""


def in_languages(query: Query, found: Sequence[Finding]) -> Query:
    """The question with each language replaced by the conversations found to be in it.

    ``found``: the findings of ``LANGUAGES``. Raises ``UsageError`` where they do not tell.
    """
    asked = asked_for(query.node, "lang")
    if not asked:
        return query
    if not found:
        raise UsageError(
            N_("The languages of the conversations have not been told yet"),
            hint=N_("Run: faisceau run CASE {analysis}"),
            analysis=LANGUAGES,
        )
    counted = asked & {c.strip() for f in found for c in str(f.params["expected"]).split(",")}
    if counted:
        raise UsageError(
            N_("Conversations in {lang} are counted, not listed"),
            hint=N_("Run: faisceau run CASE {analysis} --set expected="),
            lang=counted,
            analysis=LANGUAGES,
        )
    talks: dict[str, list[Node]] = {code: [] for code in asked}
    for finding in found:
        for code in str(finding.lead.facts.get("lang", "")).split(", "):
            if code in talks:
                [exhibit] = {row >> 32 for r in finding.reasons for row in r.by_table()["message"]}
                thread = finding.subjects[0].value
                talks[code].append(All((Exact("exhibit", f"E{exhibit}"), Exact("thread", thread))))
    nodes = {code: OneOf(tuple(those)) for code, those in talks.items()}
    return replace(query, node=put_for(query.node, "lang", nodes))


def index_rows(builder: Builder, name: str, engine: LakeEngine, mask: Mask, told: Told) -> None:
    """Index the rows of one segment, which alone ``engine`` reads, under ``name``."""
    message = engine.tables[MESSAGE.name].select(*COLUMNS)
    batches = (mask.batch(MESSAGE, batch) for batch in engine.batches(message))
    builder.add(name, batches, told)


def answering(
    index: SearchIndex,
    query: Query,
    engine: LakeEngine | None,
    *,
    limit: int,
    offset: int,
    newest_first: bool,
) -> tuple[int, list[int]]:
    """How many messages answer, and the rows from ``offset`` on; ``engine`` runs patterns."""
    if engine is not None:
        return _matching(index, query, engine, limit, offset)
    hits = index.search(query.node, limit, offset, newest_first=newest_first)
    return hits.total, hits.row_ids


FACETS = ("exhibit", "app", "kind", "has")
"""Fields whose values are counted among the answers."""


def counts(index: SearchIndex, query: Query) -> dict[str, list[tuple[str, int]]]:
    """How many answers hold each value of the fields of ``FACETS``, the most frequent first."""
    return {name: index.facets(query.node, name) for name in FACETS}


def as_hits(
    query: Query, ids: Sequence[int], picked: Iterable[Mapping[str, Any]], mask: Mask
) -> list[Hit]:
    """The hits in the order of ``ids``, from the rows that could be picked."""
    rows = {row["row_id"]: row for row in picked}
    terms = list(query.terms())
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in query.patterns]
    hits = []
    for row_id in ids:
        if row_id in rows:
            values = mask.values(MESSAGE, rows[row_id])
            hits.append(Hit(row_id, values, spans(values.get("text") or "", terms, patterns)))
    return hits


def _matching(
    index: SearchIndex, query: Query, engine: LakeEngine, limit: int, offset: int
) -> tuple[int, list[int]]:
    """Rows whose text matches every pattern, among those that the words select; newest first."""
    message = engine.tables[MESSAGE.name]
    if query.node != All(()):
        chosen = pa.table({"row_id": index.every(query.node)})
        message = message.semi_join(ibis.memtable(chosen), "row_id")
    for pattern in query.patterns:
        message = message.filter(_.text.re_search(f"(?is){pattern}"))
    [counted] = engine.rows(message.aggregate(n=message.count()))
    ordered = message.order_by(_.sent_at.desc(), "row_id").limit(limit, offset=offset)
    return int(counted["n"]), [row["row_id"] for row in engine.rows(ordered.select("row_id"))]


def spans(
    text: str, terms: Sequence[Words], patterns: Sequence[re.Pattern[str]] = ()
) -> list[tuple[int, int]]:
    """Where a text answers: the words looked for, and what patterns match, in order."""
    found = {match.span() for pattern in patterns for match in pattern.finditer(text)}
    places = [(match.span(), "".join(words_of(match[0]))) for match in _WORD.finditer(text)]
    for term in terms:
        found.update(_places(term, places))
    return sorted(found)


def _places(
    term: Words, places: Sequence[tuple[tuple[int, int], str]]
) -> Iterator[tuple[int, int]]:
    n = len(term.words)
    if not n:
        return
    if term.fuzzy or term.slop:
        for span, word in places:
            if any(_near(word, wanted, term.fuzzy) for wanted in term.words):
                yield span
        return
    for at in range(len(places) - n + 1):
        words = [word for _, word in places[at : at + n]]
        last = words[-1].startswith(term.words[-1]) if term.prefix else words[-1] == term.words[-1]
        if last and words[:-1] == list(term.words[:-1]):
            yield places[at][0][0], places[at + n - 1][0][1]


def _near(word: str, wanted: str, edits: int) -> bool:
    """True within ``edits`` of each other, a swap of neighbours counting for one."""
    if abs(len(word) - len(wanted)) > edits:
        return False
    older: list[int] = []
    before = list(range(len(wanted) + 1))
    for i, a in enumerate(word, 1):
        row = [i]
        for j, b in enumerate(wanted, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == wanted[j - 2] and word[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        older, before = before, row
    return before[-1] <= edits


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as other programs read it: the row, and where its text answers."""
    at = hit.values.get("sent_at")
    shown = {k: v for k, v in hit.values.items() if k != "sent_at"}
    sent = at.isoformat().replace("+00:00", "Z") if isinstance(at, datetime) else None
    return {**shown, "sent_at": sent, "spans": [list(span) for span in hit.spans]}

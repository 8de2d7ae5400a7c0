"""Conversations ranked by what people do in them: triage for drug trafficking.

Written rules over a lexicon that is data; no model is learnt. The method, its reasons and its
limits are told in ``docs/explanation/triage.md``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages._alarm import alarm, possible
from faisceau.analyses.messages._conversations import JOIN, keys, numbers, parsed, participants
from faisceau.analyses.messages._lexicon import rules
from faisceau.analyses.messages._scenes import Clue, Hit, Talk, read
from faisceau.analyses.messages._ties import WORTH, ties
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.lexicons import Lexicon, load_lexicon
from faisceau.tables.schemas import MESSAGE, Schema
from faisceau.words import N_

TITLE = N_("Conversation that may be about drug trafficking")
TIE = N_("{who} also takes part in {talk}, which is strong by itself")

METHOD = N_(
    "Conversations are ranked by what people do in them: ordering, pricing and meeting, keeping, "
    "counting, watching, coaching a traveller, changing lines, erasing. These scenes, and what "
    "speaks against them (cooking, care, tickets, work …), are written rules over a lexicon that "
    "is data; no model is learnt. Each reason names the words, the messages and its weight."
)

READS = MESSAGE["exhibit_id", "account", "thread_id", "sender_id", "recipients", "sent_at", "text"]
LOOKED = pa.schema(
    [
        ("key", pa.string()),
        ("row_id", pa.int64()),
        ("at", pa.int64()),
        ("sender", pa.string()),
        ("people", pa.string()),
        ("size", pa.int32()),
        ("forms", pa.list_(pa.int32())),
        ("starts", pa.list_(pa.int32())),
        ("ends", pa.list_(pa.int32())),
        ("words", pa.list_(pa.string())),
    ]
)


class TriageParams(Params):
    """What triage may be told."""

    lexicon: Lexicon = Field(default_factory=lambda: load_lexicon("stupefiants"))
    """The vocabulary and the scenes: a name, or the path of a YAML file."""
    limit: int = Field(default=100_000, ge=1)
    """Findings, at most."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A conversation with a reason: its log-odds, its clues, its rows, its participants."""

    key: str
    odds: float
    clues: list[Clue]
    rows: list[int]
    people: frozenset[str]


@analysis(reads=[READS], kind=Kind.QUERY, version=1, method=METHOD)
def triage(message: Table, params: TriageParams, engine: Engine) -> Iterator[Lead]:
    """Rank conversations by relevance to drug trafficking, with the reasons for and against.

    One lead per conversation that has a reason, by falling score, up to ``limit``. The score is
    the logistic of summed weights (log-odds), so that it means the same in every case. Two
    readings: the first finds the conversations in which some scene of the lexicon could have
    every part filled, the second looks at those alone.
    """
    texts = message.filter(message.text.notnull())
    schema = spotted(params.lexicon)
    seen = engine.map_batches(texts, partial(spot, lexicon=params.lexicon), schema)
    chosen = candidates(pa.Table.from_batches(seen, schema), params.lexicon)
    if not len(chosen):
        return
    look_at = partial(look, lexicon=params.lexicon, chosen=chosen)
    found = pa.Table.from_batches(engine.map_batches(texts, look_at, LOOKED), LOOKED)
    yield from _leads(list(_conversations(found, params.lexicon)), params.limit)


def spotted(lexicon: Lexicon) -> pa.Schema:
    """A conversation's number, a message's time and row, the words of its mask."""
    masks = [f"mask{word}" for word in range(alarm(lexicon).bits.shape[1])]
    return pa.schema([(name, pa.int64()) for name in ("talk", "at", "row_id", *masks)])


def spot(batch: pa.RecordBatch, lexicon: Lexicon) -> pa.RecordBatch:
    """The mask of each message that may be part of a scene, with its conversation and its time."""
    first = alarm(lexicon)
    masks = first.masks(first.scanner.met(batch["text"]), len(batch))
    kept = np.flatnonzero(masks.any(axis=1))
    masks, batch = masks[kept], batch.take(pa.array(kept))
    return pa.record_batch(
        [
            numbers(keys(batch)),
            pc.fill_null(batch["sent_at"].cast(pa.int64()), 0),
            batch["row_id"],
            *(pa.array(masks[:, word]) for word in range(masks.shape[1])),
        ],
        schema=spotted(lexicon),
    )


def candidates(found: pa.Table, lexicon: Lexicon) -> pa.Array:
    """Numbers of the conversations in which some scene could have all its slots filled."""
    talk, at, row, *words = (column.to_numpy() for column in found.columns)
    order = np.lexsort((row, at, talk))
    masks = np.column_stack([word[order] for word in words])
    return pa.array(possible(alarm(lexicon), talk[order], masks))


def look(batch: pa.RecordBatch, lexicon: Lexicon, chosen: pa.Array) -> pa.RecordBatch:
    """Everything the lexicon finds in the messages of the chosen conversations."""
    key = keys(batch)
    kept = pc.is_in(numbers(key), value_set=chosen)
    key, batch = key.filter(kept), batch.filter(kept)
    spans = rules(lexicon).scanner.spans(batch["text"])
    texts = batch["text"].to_pylist()
    offsets = np.cumsum([0, *map(len, spans)]).astype(np.int32)
    forms = [form for found in spans for form, _, _ in found]
    starts = [start for found in spans for _, start, _ in found]
    ends = [end for found in spans for _, _, end in found]
    words = [t[a:b].strip() for t, found in zip(texts, spans, strict=True) for _, a, b in found]
    return pa.record_batch(
        [
            key,
            batch["row_id"],
            pc.fill_null(batch["sent_at"].cast(pa.int64()), 0),
            pc.fill_null(batch["sender_id"], ""),
            participants(batch),
            pc.add(pc.count_substring(batch["text"], " "), 1).cast(pa.int32()),
            pa.ListArray.from_arrays(offsets, pa.array(forms, pa.int32())),
            pa.ListArray.from_arrays(offsets, pa.array(starts, pa.int32())),
            pa.ListArray.from_arrays(offsets, pa.array(ends, pa.int32())),
            pa.ListArray.from_arrays(offsets, pa.array(words, pa.string())),
        ],
        schema=LOOKED,
    )


def _conversations(found: pa.Table, lexicon: Lexicon) -> Iterator[_Ranked]:
    """The conversations that have a reason, read one by one in the order of time."""
    ready = rules(lexicon)
    order = [("key", "ascending"), ("at", "ascending"), ("row_id", "ascending")]
    table = found.sort_by(order)
    coded = table["key"].combine_chunks().dictionary_encode()
    edges = np.flatnonzero(np.diff(coded.indices.to_numpy(), prepend=-1, append=-1))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = table.slice(begin, end - begin).to_pydict()
        hits = [
            Hit(message, start, stop, ready.names[form], word, ready.owners[form])
            for message in range(end - begin)
            for form, start, stop, word in zip(
                part["forms"][message],
                part["starts"][message],
                part["ends"][message],
                part["words"][message],
                strict=True,
            )
        ]
        odds, clues = read(Talk(part["sender"], part["at"], hits, sum(part["size"])), ready)
        if clues:
            people = {who for joined in part["people"] for who in joined.split(JOIN) if who}
            key = part["key"][0]
            people.discard(parsed(key).account)
            yield _Ranked(key, odds, clues, part["row_id"], frozenset(people))


def _leads(ranked: list[_Ranked], limit: int) -> Iterator[Lead]:
    """Leads by falling score, once ties are known; equal scores in the order of their keys."""
    shared = ties(
        {r.key: r.people for r in ranked},
        {r.key: parsed(r.key).exhibit_id for r in ranked},
        {r.key: _score(r.odds) for r in ranked},
    )
    scored = []
    for one in ranked:
        reasons = [_reason(clue, one.rows) for clue in one.clues]
        for who, other in shared.get(one.key, ())[:1]:
            facts = {"who": who, "talk": parsed(other).thread}
            reasons.append(Reason("tie", TIE, facts, WORTH, {MESSAGE: one.rows[:1]}))
        odds = one.odds + (WORTH if one.key in shared else 0.0)
        scored.append((_score(odds), one.key, reasons))
    scored.sort(key=lambda s: (-s[0], s[1]))
    for score, key, reasons in scored[:limit]:
        talk = parsed(key)
        yield Lead(TITLE, [Subject("thread", talk.thread, talk.label)], score, reasons)


def _score(odds: float) -> float:
    return round(1 / (1 + math.exp(-odds)), 6)


def _reason(clue: Clue, rows: list[int]) -> Reason:
    facts = {"words": "”, “".join(clue.words)}
    cited: dict[Schema | str, list[int]] = {MESSAGE: [rows[i] for i in sorted(clue.messages)]}
    return Reason(clue.code, clue.text, facts, clue.weight, cited)

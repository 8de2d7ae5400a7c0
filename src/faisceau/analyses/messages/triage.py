"""Conversations ranked by what people do in them: triage for drug trafficking.

Written rules over a lexicon that is data; no model is learnt. The method, its reasons and its
limits are told in ``docs/explanation/triage.md``.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages._alarm import alarm, stretches
from faisceau.analyses.messages._conversations import keys, numbers, parsed
from faisceau.analyses.messages._lexicon import Rules, rules
from faisceau.analyses.messages._scenes import Clue, Hit, Talk, most, read
from faisceau.analyses.messages._ties import WORTH, ties
from faisceau.analyses.messages._words import Ints
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.clock import changes, zone_named
from faisceau.tables.lexicons import Entry, Lexicon, load_lexicon
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
FROM, TO = 22, 5
"""Hours of the night."""
AT_NIGHT = frozenset({"night"})
OBSERVER = Entry("night", (), {}, (), 0.0, (), (), "", "")
"""What stands for words that no form writes."""
SPOTTED = [("talk", pa.int64()), ("at", pa.int64()), ("row_id", pa.int64())]
LOOKED = [
    ("key", pa.string()),
    ("row_id", pa.int64()),
    ("at", pa.int64()),
    ("sender", pa.string()),
    ("recipients", pa.list_(pa.string())),
    ("text", pa.string()),
    ("forms", pa.list_(pa.int32())),
    ("starts", pa.list_(pa.int32())),
    ("ends", pa.list_(pa.int32())),
]


class TriageParams(Params):
    """What triage may be told."""

    lexicon: Lexicon = Field(default_factory=lambda: load_lexicon("stupefiants"))
    """The vocabulary and the scenes: a name, or the path of a YAML file."""
    timezone: str = "Europe/Paris"
    """The zone in which a message is sent at night (22:00 to 5:00)."""
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


@analysis(reads=[READS], kind=Kind.QUERY, version=3, method=METHOD)
def triage(message: Table, params: TriageParams, engine: Engine) -> Iterator[Lead]:
    """Rank conversations by relevance to drug trafficking, with the reasons for and against.

    One lead per conversation that has a reason, by falling score, up to ``limit``. The score is
    the logistic of summed weights (log-odds), so that it means the same in every case. Two
    readings: the first finds the stretches of conversations in which scenes and traits could weigh
    enough, the second reads those alone. A long conversation is judged by its strongest stretch.
    Raises ``UsageError`` for an unknown time zone.
    """
    zone = zone_named(params.timezone)
    texts = message.filter(message.text.notnull())
    first, second = (with_masks(columns, params.lexicon) for columns in (SPOTTED, LOOKED))
    seen = engine.map_batches(texts, partial(spot, lexicon=params.lexicon), first)
    plan = planned(pa.Table.from_batches(seen, first), params.lexicon)
    if not len(plan.rows):
        return
    look_at = partial(look, lexicon=params.lexicon, rows=pa.array(np.sort(plan.rows)))
    found = pa.Table.from_batches(engine.map_batches(texts, look_at, second), second)
    yield from _leads(list(_conversations(found, plan, params.lexicon, zone)), params.limit)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read: the conversation of each message in order; row ids and their places in it."""

    talk: Ints
    rows: Ints
    places: Ints

    def placed(self, rows: Ints) -> Ints:
        """The places of rows given in any order."""
        order = np.argsort(self.rows)
        found: Ints = self.places[order[np.searchsorted(self.rows, rows, sorter=order)]]
        return found


def with_masks(columns: list[tuple[str, pa.DataType]], lexicon: Lexicon) -> pa.Schema:
    """These columns and the words of a mask."""
    words = range(alarm(lexicon).bits.shape[1])
    return pa.schema([*columns, *((f"mask{word}", pa.int64()) for word in words)])


def spot(batch: pa.RecordBatch, lexicon: Lexicon) -> pa.RecordBatch:
    """The mask of each message, as far as its words say, with its conversation and its time."""
    first = alarm(lexicon)
    masks = first.suspected(first.scanner.met(batch["text"]), len(batch))
    at = pc.fill_null(batch["sent_at"].cast(pa.int64()), 0)
    columns = [numbers(keys(batch)), at, batch["row_id"], *map(pa.array, masks)]
    return pa.record_batch(columns, schema=with_masks(SPOTTED, lexicon))


def planned(found: pa.Table, lexicon: Lexicon) -> Plan:
    """Which messages to read."""
    talk, at, row, *words = (column.to_numpy() for column in found.columns)
    order = np.lexsort((row, at, talk))
    talk = talk[order]
    part = stretches(alarm(lexicon), talk, [word[order] for word in words])
    marks = np.zeros(len(order) + 1, np.int64)
    np.add.at(marks, part.begin, 1)
    np.add.at(marks, part.end, -1)
    places = np.flatnonzero(np.cumsum(marks[:-1]))
    return Plan(talk, row[order[places]], places)


def look(batch: pa.RecordBatch, lexicon: Lexicon, rows: pa.Array) -> pa.RecordBatch:
    """Everything the lexicon finds in the chosen messages, and their masks for sure."""
    first = alarm(lexicon)
    batch = batch.filter(pc.is_in(batch["row_id"], value_set=rows))
    found = first.scanner.found(batch["text"])
    offsets = np.searchsorted(found.row, np.arange(len(batch) + 1)).astype(np.int32)
    spans = (
        pa.ListArray.from_arrays(offsets, pa.array(column.astype(np.int32)))
        for column in (found.form, found.start, found.end)
    )
    masks = first.sure(found.row, found.form, len(batch))
    return pa.record_batch(
        [
            keys(batch),
            batch["row_id"],
            pc.fill_null(batch["sent_at"].cast(pa.int64()), 0),
            pc.fill_null(batch["sender_id"], ""),
            batch["recipients"],
            batch["text"],
            *spans,
            *map(pa.array, masks),
        ],
        schema=with_masks(LOOKED, lexicon),
    )


def _conversations(
    found: pa.Table, plan: Plan, lexicon: Lexicon, zone: ZoneInfo
) -> Iterator[_Ranked]:
    """The conversations that have a reason: each by the stretch that weighs most."""
    ready, first = rules(lexicon), alarm(lexicon)
    places = plan.placed(found["row_id"].to_numpy())
    order = np.argsort(places)
    places = places[order]
    words = []
    for column in found.columns[len(LOOKED) :]:
        word = np.zeros(len(plan.talk), np.int64)
        word[places] = column.to_numpy()[order]
        words.append(word)
    part = stretches(first, plan.talk, words)
    begins, ends = np.searchsorted(places, part.begin), np.searchsorted(places, part.end)
    # strongest first: once one is read, those that could not outweigh it are left
    by_talk = np.lexsort((-part.weight, plan.talk[part.begin]))
    table = found.select([name for name, _ in LOOKED]).take(pa.array(order)).combine_chunks()
    table = table.append_column("clock", night(table["at"].to_numpy(), zone))
    best: _Ranked | None = None
    before = None
    for n in by_talk.tolist():
        talk = plan.talk[part.begin[n]]
        if talk != before:
            if best is not None:
                yield best
            best, before = None, talk
        if best is not None and best.odds >= most(float(part.weight[n]), int(part.size[n])):
            continue
        rows = table.slice(int(begins[n]), int(ends[n] - begins[n])).to_pydict()
        one = _stretch(rows, int(part.size[n]), ready)
        if one is not None and (best is None or one.odds > best.odds):
            best = one
    if best is not None:
        yield best


def night(times: Ints, zone: ZoneInfo) -> pa.Array:
    """The hour on the clock of the zone of what was sent from 22:00 to 5:00, else null.

    ``times``: microseconds since 1970, 0 where unknown.
    """
    seconds = times // 10**6
    known = times != 0
    if not known.any():
        return pa.nulls(len(times), pa.string())
    edges = [datetime.fromtimestamp(int(at), UTC) for at in (seconds[known].min(), seconds.max())]
    until, offsets = np.array(changes(zone, *edges), np.int64).T
    at = seconds + offsets[np.minimum(np.searchsorted(until, seconds, "right"), len(until) - 1)]
    hour, minute = at // 3600 % 24, at // 60 % 60
    late = known & ((hour >= FROM) | (hour < TO))
    shown = [
        f"{h:02}:{m:02}" for h, m in zip(hour[late].tolist(), minute[late].tolist(), strict=True)
    ]
    clock = np.full(len(times), None, object)
    clock[late] = shown
    return pa.array(clock, pa.string())


def _stretch(part: dict[str, list[Any]], size: int, ready: Rules) -> _Ranked | None:
    """What one stretch says, if it says enough."""
    texts = part["text"]
    hits = [
        Hit(message, start, stop, ready.names[form], text[start:stop].strip(), ready.owners[form])
        for message, (text, *spans) in enumerate(
            zip(texts, part["forms"], part["starts"], part["ends"], strict=True)
        )
        for form, start, stop in zip(*spans, strict=True)
    ]
    hits += [
        Hit(message, 0, 0, AT_NIGHT, clock, OBSERVER)
        for message, clock in enumerate(part["clock"])
        if clock is not None
    ]
    words = sum(text.count(" ") + 1 for text in texts)
    odds, clues = read(Talk(part["sender"], part["at"], hits, words, size), ready)
    if not clues:
        return None
    key = part["key"][0]
    people = {who for to in part["recipients"] for who in to or () if who}
    people = people.union(part["sender"]) - {"", parsed(key).account}
    return _Ranked(key, odds, clues, part["row_id"], frozenset(people))


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
    facts = {"words": clue.words}
    cited: dict[Schema | str, list[int]] = {MESSAGE: [rows[i] for i in sorted(clue.messages)]}
    return Reason(clue.code, clue.text, facts, clue.weight, cited)

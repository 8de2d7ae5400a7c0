"""Active review: which conversations to read next, learnt from verdicts, and when to stop.

A case under a judicial mandate, EncroChat included, may not run it: its kind is ``ai``.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages import _learning as learning
from faisceau.analyses.messages._alarm import alarm
from faisceau.analyses.messages._conversations import keys, parsed
from faisceau.analyses.messages._stopping import least, needed
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.lexicons import Lexicon, load_lexicon
from faisceau.tables.schemas import MESSAGE, REVIEW
from faisceau.words import N_

NAME = "messages.review"
TITLE = N_("Conversation put forward for review")
STATE = N_("Active review: {n} of {all} conversations judged, {found} of them relevant")
CERTIFIED = N_(
    "After {n} of {all} conversations, recall is at least {target} % with {confidence} % "
    "confidence: the review may stop"
)
NOT_YET = N_(
    "{met} of the {of} relevant conversations drawn at random were met by the ranking; {needed} "
    "prove a recall of {target} % with {confidence} % confidence"
)
DRAWING = N_(
    "{drawn} conversations were drawn at random and judged; {relevant} are relevant, {wanted} are "
    "needed before recall can be stated"
)
EVERYTHING = N_("All {all} conversations are judged: nothing is left to find")
DRAWN = N_(
    "Drawn at random among all conversations, to measure what the review finds: nothing is said "
    "of what it holds"
)
RANKED = N_("Of those not yet read, among the most like what was judged relevant: {chance} %")
UNRANKED = N_("Nothing is learnt yet: it says {n} of the things that the lexicon's scenes need")
JUDGED = N_("It was judged in this review")
FOR = N_("Words that weigh most for it, as learnt from {n} verdicts: “{words}”")
AGAINST = N_("Words that weigh most against it, as learnt from {n} verdicts: “{words}”")

METHOD = N_(
    "A case under a judicial mandate, EncroChat included, may not run this: it is learnt ranking "
    "(kind ai). A linear model, learnt from the verdicts of persons (confirmed and exculpatory: "
    "relevant; dismissed: not; unsure: not learnt from), puts forward the conversations most like "
    "the relevant ones, and is learnt anew after each batch. Beside them, conversations are drawn "
    "at random and judged without the ranking: by those of them that the ranking has met, a bound "
    "on recall is stated (Lewis, Yang and Frieder 2021). Run it, judge what it puts forward, run "
    "it again, until it says that the review may stop. It decides nothing: persons do."
)

RELEVANT = {"confirmed": True, "exculpatory": True, "dismissed": False, "unsure": None}
READS = MESSAGE["exhibit_id", "account", "thread_id", "sender_id", "recipients", "sent_at", "text"]
LOOKED = pa.schema(
    [("key", pa.string()), ("row_id", pa.int64()), ("at", pa.int64()), ("text", pa.string())]
)
LONGEST = 20_000
"""Characters of a conversation that are learnt from."""
CITED = 200
"""Messages that a proposal cites, the first ones."""
DRAWS = 4
"""Conversations drawn at random for each one ranked, until enough relevant ones were drawn."""
SHOWN = 6
"""Words shown for a conversation, and as many against."""


class ReviewParams(Params):
    """How a review goes, and what it must show before it may stop."""

    target: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Recall that must be reached, from 0 to 1."""
    confidence: float = Field(default=0.95, gt=0.0, lt=1.0)
    """Confidence in it, from 0 to 1."""
    batch: int = Field(default=50, ge=1)
    """Conversations in the first batch; each is a tenth larger than the one before."""
    control: int = Field(default=0, ge=0)
    """Relevant conversations to draw at random; 0: the fewest that can prove the target."""
    seed: int = 1
    """Another number, another draw."""
    lexicon: Lexicon = Field(default_factory=lambda: load_lexicon("stupefiants"))
    """The vocabulary whose clues come first, until verdicts teach better."""


@dataclass(frozen=True, slots=True)
class Talks:
    """The conversations by number, in the order of their keys: texts, and their first rows."""

    keys: list[str]
    texts: list[str]
    rows: list[list[int]]
    messages: list[list[str]]


@dataclass(frozen=True, slots=True)
class Control:
    """What chance drew: the conversations judged without a gap, those to judge next."""

    drawn: list[int]
    waiting: list[int]
    wanted: int

    def relevant(self, verdicts: Mapping[int, bool | None]) -> list[int]:
        """Those of them that are relevant."""
        return [i for i in self.drawn if verdicts[i]]


@dataclass(frozen=True, slots=True)
class Standing:
    """A review at one moment."""

    talks: Talks
    verdicts: Mapping[int, bool | None]
    control: Control
    state: learning.Review
    params: ReviewParams


@analysis(
    reads=[READS],
    reads_if=[REVIEW["analysis", "verdict", "rows"]],
    kind=Kind.AI,
    version=1,
    method=METHOD,
)
def review(message: Table, review: Table, params: ReviewParams, engine: Engine) -> Iterator[Lead]:
    """Conversations to read next, and a bound on recall that tells when to stop (kind ``ai``).

    A case under a judicial mandate, EncroChat included, may not run it. Continuous active
    learning (Cormack and Grossman 2015) with the quantile stopping rule of Lewis, Yang and Frieder
    (2021, arXiv 2108.12746).
    """
    talks = gathered(message, engine)
    if not talks.keys:
        return
    verdicts, mine, others = judged(message, review, talks, engine)
    clues = clues_of(talks.texts, params.lexicon)
    control = drawn(talks.keys, verdicts, params)
    sampled = set(control.relevant(verdicts))
    enough = needed(len(sampled), params.target, params.confidence)
    complete = len(sampled) >= control.wanted and enough is not None

    def stop(met: Sequence[int]) -> bool:
        return complete and len(sampled.intersection(met)) >= (enough or 0)

    given = learning.features(talks.texts, clues)
    lengths = np.log2([4 + len(rows) for rows in talks.rows])
    first = np.argsort(-clues.sum(axis=1) / lengths, kind="stable").tolist()
    state = learning.replay(given, first, verdicts, known=others, batch=params.batch, stop=stop)
    asked = [] if state.ended else [*state.waiting, *control.waiting]
    review_now = Standing(talks, verdicts, control, state, params)
    yield _told(review_now)
    for i in sorted({*asked, *mine}):
        score, why = 0.5, [Reason("drawn", DRAWN, rows={MESSAGE: talks.rows[i][:1]})]
        if i in mine:  # the rows it was judged by: the same finding, with its verdict
            why = [Reason("judged", JUDGED, rows={MESSAGE: mine[i]})]
        elif i in state.waiting:
            score, why = _ranked(review_now, given, i, int(clues[i].sum()))
        talk = parsed(talks.keys[i])
        yield Lead(TITLE, [Subject("thread", talk.thread, talk.label)], score, why)


def gathered(message: Table, engine: Engine) -> Talks:
    """Every conversation that has a text."""
    texts = message.filter(message.text.notnull())
    found = pa.Table.from_batches(engine.map_batches(texts, _looked, LOOKED), LOOKED)
    order = [("key", "ascending"), ("at", "ascending"), ("row_id", "ascending")]
    table = found.sort_by(order)
    coded = table["key"].combine_chunks().dictionary_encode()
    edges = np.flatnonzero(np.diff(coded.indices.to_numpy(), prepend=-1, append=-1)).tolist()
    talks = Talks([], [], [], [])
    for begin, end in pairwise(edges):
        said = table["text"].slice(begin, end - begin).to_pylist()
        talks.keys.append(table["key"][begin].as_py())
        talks.texts.append("\n".join(said)[:LONGEST])
        talks.messages.append(said[:CITED])
        talks.rows.append(table["row_id"].slice(begin, min(CITED, end - begin)).to_pylist())
    return talks


def _looked(batch: pa.RecordBatch) -> pa.RecordBatch:
    at = batch["sent_at"].cast(pa.int64()).fill_null(0)
    return pa.record_batch([keys(batch), batch["row_id"], at, batch["text"]], schema=LOOKED)


def judged(
    message: Table, review: Table, talks: Talks, engine: Engine
) -> tuple[dict[int, bool | None], dict[int, list[int]], list[int]]:
    """The last verdict on each conversation; those judged here, by which rows; those elsewhere.

    A finding that rests on several conversations says nothing of one of them.
    """
    given = list(engine.rows(review.order_by("row_id")))
    wanted = sorted({row for verdict in given for row in verdict["rows"] or ()})
    if not wanted:
        return {}, {}, []
    listed = ibis.memtable(pa.table({"row_id": pa.array(wanted, pa.int64())}))
    number = {key: n for n, key in enumerate(talks.keys)}
    of: dict[int, int] = {}
    for batch in engine.batches(message.semi_join(listed, "row_id")):
        for row, key in zip(batch["row_id"].to_pylist(), keys(batch).to_pylist(), strict=True):
            if key in number:
                of[row] = number[key]
    verdicts: dict[int, bool | None] = {}
    mine: dict[int, list[int]] = {}
    others: dict[int, None] = {}
    for verdict in given:
        about = {of.get(row, -1) for row in verdict["rows"] or ()}
        if len(about) == 1 and (i := about.pop()) >= 0:
            verdicts[i] = RELEVANT[verdict["verdict"]]
            if verdict["analysis"] == NAME:
                mine[i] = verdict["rows"]
            else:
                others[i] = None
    return verdicts, mine, list(others)


def clues_of(texts: Sequence[str], lexicon: Lexicon) -> npt.NDArray[np.float64]:
    """Which slots of the lexicon's scenes each text may fill (texts × slots, 0 or 1)."""
    if not (lexicon.scenes or lexicon.traits):  # there is nothing to look for
        return np.zeros((len(texts), 0))
    first = alarm(lexicon)
    masks = first.suspected(first.scanner.met(pa.array(texts, pa.string())), len(texts))
    by_text = np.ascontiguousarray(masks[: first.slots].T, "<i8")
    slots = np.unpackbits(by_text.view(np.uint8), axis=1, bitorder="little")
    return slots.astype(np.float64)


def drawn(
    named: Sequence[str], verdicts: Mapping[int, bool | None], params: ReviewParams
) -> Control:
    """What chance draws, by the keys alone, until enough relevant ones were drawn."""
    wanted = max(params.control, least(params.target, params.confidence))
    order = sorted(range(len(named)), key=lambda i: _lot(named[i], params.seed))
    control = Control([], [], wanted)
    relevant = 0
    for n, i in enumerate(order):
        if relevant == wanted:
            break
        if i not in verdicts:
            rest = [i for i in order[n:] if i not in verdicts]
            control.waiting.extend(rest[: DRAWS * params.batch])
            break
        control.drawn.append(i)
        relevant += bool(verdicts[i])
    return control


def _lot(key: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}\n{key}".encode("utf-8", "replace"), digest_size=16).digest()


def _told(now: Standing) -> Lead:
    """The lead that says where the review stands; its rows change with each verdict, so its id."""
    talks, verdicts, control, params = now.talks, now.verdicts, now.control, now.params
    relevant = control.relevant(verdicts)
    facts = {
        "n": len(verdicts),
        "all": len(talks.keys),
        "found": sum(map(bool, verdicts.values())),
        "target": f"{100 * params.target:g}",
        "confidence": f"{100 * params.confidence:g}",
        "drawn": len(control.drawn),
        "relevant": len(relevant),
        "wanted": control.wanted,
        "of": len(relevant),
        "met": len(set(relevant).intersection(now.state.met)),
        "needed": needed(len(relevant), params.target, params.confidence),
    }
    if len(verdicts) == len(talks.keys):
        code, text = "complete", EVERYTHING
    elif now.state.ended:
        code, text = "certified", CERTIFIED
    elif len(relevant) < control.wanted:
        code, text = "drawing", DRAWING
    else:
        code, text = "not_yet", NOT_YET
    rows = {r for i, yes in verdicts.items() for r in talks.rows[i][: CITED if yes else 1]}
    exhibits = sorted({parsed(key).exhibit_id for key in talks.keys})
    why = Reason(code, text, facts, rows={MESSAGE: rows})
    return Lead(STATE, [Subject("device", e) for e in exhibits], 1.0, [why], facts)


def _ranked(
    now: Standing, given: learning.Features, item: int, clues: int
) -> tuple[float, list[Reason]]:
    """The score of an item put forward, and why, strongest first."""
    state, rows = now.state, now.talks.rows[item]
    if not len(state.scores):
        return 0.5, [Reason("first", UNRANKED, {"n": clues}, rows={MESSAGE: rows[:1]})]
    score = float(state.scores[item])
    chance = {"chance": f"{100 * score:.0f}"}
    reasons = [Reason("ranked", RANKED, chance, rows={MESSAGE: rows})]
    parts = learning.telling(given, item, state.weights, 50)
    for code, text, sign in (("words_for", FOR, 1), ("words_against", AGAINST, -1)):
        some = [(word, part) for word, part in parts if part * sign > 0][:SHOWN]
        if some:
            words = [word for word, _ in some]
            facts = {"n": len(now.verdicts), "words": words}
            weight = round(sum(part for _, part in some), 3)
            cited = _saying(words, now.talks.messages[item], rows)
            reasons.append(Reason(code, text, facts, weight, {MESSAGE: cited}))
    return score, reasons


def _saying(words: Sequence[str], messages: Sequence[str], rows: Sequence[int]) -> list[int]:
    """The rows in which one of the words stands; the first when they stand across messages."""
    told = zip(map(learning.folded, messages), rows, strict=True)
    return [row for text, row in told if any(word in text for word in words)] or list(rows[:1])

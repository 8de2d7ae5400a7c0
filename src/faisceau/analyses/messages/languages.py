"""The language of each conversation: what to have translated, which lexicon to trust.

Kind ``assist``: a model says what form a text has; nobody is ranked by it. Pieces of a
conversation are read, not lone messages: see :mod:`_language`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
from ibis import Table, _
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages._conversations import keys, parsed
from faisceau.analyses.messages._language import UNSURE, pieces
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

TITLES = {
    "fr": N_("Conversation in French"),
    "es": N_("Conversation in Spanish"),
    "nl": N_("Conversation in Dutch"),
    "en": N_("Conversation in English"),
    "pt": N_("Conversation in Portuguese"),
    "it": N_("Conversation in Italian"),
    "sq": N_("Conversation in Albanian"),
    "ary": N_("Conversation in Darija, in Latin letters"),
    "de": N_("Conversation in German"),
    "ro": N_("Conversation in Romanian"),
    "tr": N_("Conversation in Turkish"),
    "pl": N_("Conversation in Polish"),
    "ar": N_("Conversation in Arabic"),
    "ru": N_("Conversation in Russian"),
}
OTHER = N_("Conversation in the language {lang}")
SEVERAL = N_("Conversation in several languages")
COUNTED = N_("Languages of the conversations of {exhibit_id}")
READ = N_(
    "{lang}: {share} % of the letters read ({letters}), in {pieces} pieces; told by a model or by "
    "written rules, confirmed by nobody"
)
TALKS = N_("{lang}: {n} conversations")
METHOD = N_(
    "Conversations are read by pieces of some eighty letters, addresses and numbers left out. A "
    "packaged model (langid.py) names the language of each; Darija in Latin letters, which it "
    "does not know, is told by its own words and digits. A piece that says too little stays "
    "undetermined. The language of a conversation is that of most of its letters; another one "
    "counts besides from a quarter on. Nothing is ranked by it: every score is zero."
)
CITED = 20
BESIDES = 0.25
"""Share of the letters from which a further language is one of the conversation's."""
VOTES = pa.schema(
    [
        ("key", pa.string()),
        ("lang", pa.string()),
        ("letters", pa.int64()),
        ("pieces", pa.int64()),
        ("rows", pa.list_(pa.int64())),
    ]
)


class LanguagesParams(Params):
    """What is told of languages."""

    expected: str = "fr"
    """Languages (codes, with commas) whose conversations are counted, not listed one by one."""
    letters: int = Field(default=12, ge=1)
    """Letters that a conversation must have for its language to be told, at least."""
    limit: int = Field(default=100_000, ge=1)
    """Conversations listed, at most."""


@dataclass(slots=True)
class _Read:
    """What was read of one conversation, in one language."""

    letters: int = 0
    pieces: int = 0
    rows: list[int] = field(default_factory=list)


@analysis(
    reads=[
        MESSAGE["exhibit_id", "account", "thread_id", "sender_id", "recipients", "text", "kind"]
    ],
    kind=Kind.ASSIST,
    version=1,
    method=METHOD,
)
def languages(message: Table, params: LanguagesParams, engine: Engine) -> Iterator[Lead]:
    """One lead per conversation in a language that is not expected, and one count per exhibit.

    Every score is zero: the language of a conversation ranks nothing.
    """
    told = message.filter(_.text.notnull() & ((_.kind != "system") | _.kind.isnull()))
    found: dict[str, dict[str, _Read]] = defaultdict(dict)
    for batch in engine.map_batches(told, partial(read, least=params.letters), VOTES):
        for vote in batch.to_pylist():
            one = found[vote["key"]].setdefault(vote["lang"], _Read())
            one.letters += vote["letters"]
            one.pieces += vote["pieces"]
            one.rows += vote["rows"]
    expected = {code.strip() for code in params.expected.split(",")}
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    cited: dict[tuple[str, str], list[int]] = defaultdict(list)
    listed = 0
    for key in sorted(found):
        talk, spoken = parsed(key), _spoken(found[key])
        for code in spoken:
            counted[talk.exhibit_id][code] += 1
            cited[talk.exhibit_id, code] += sorted(found[key][code].rows)[:1]
        foreign = [code for code in spoken if code not in expected and code != UNSURE]
        if foreign and listed < params.limit:
            listed += 1
            yield _lead(key, spoken, found[key])
    for exhibit_id in sorted(counted, key=lambda e: int(e[1:])):
        yield _count(exhibit_id, counted[exhibit_id], cited)


def read(batch: pa.RecordBatch, least: int) -> pa.RecordBatch:
    """The languages of the conversations of one batch, by pieces."""
    coded = keys(batch).dictionary_encode()
    which = coded.indices.to_numpy(zero_copy_only=False)
    order = np.lexsort((batch["row_id"].to_numpy(), which))
    edges = np.flatnonzero(np.diff(which[order], prepend=-1, append=-1))
    rows, texts = batch["row_id"].to_pylist(), batch["text"].to_pylist()
    votes = []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        chosen = order[begin:end].tolist()
        spoken: dict[str, _Read] = defaultdict(_Read)
        for piece in pieces([rows[n] for n in chosen], [texts[n] for n in chosen], least):
            one = spoken[piece.language]
            one.letters += piece.letters
            one.pieces += 1
            one.rows.append(piece.row_id)
        key = coded.dictionary[which[chosen[0]]].as_py()
        votes += [(key, code, r.letters, r.pieces, r.rows) for code, r in spoken.items()]
    columns = zip(*votes, strict=True) if votes else [[] for _ in VOTES]
    return pa.record_batch([list(column) for column in columns], schema=VOTES)


def _spoken(read_of: dict[str, _Read]) -> list[str]:
    """The languages of a conversation, the most spoken first; ``und`` where none is told."""
    told = {code: one.letters for code, one in read_of.items() if code != UNSURE}
    if not told:
        return [UNSURE]
    total = sum(told.values())
    ranked = sorted(told, key=lambda code: (-told[code], code))
    return [ranked[0], *(code for code in ranked[1:] if told[code] >= BESIDES * total)]


def _lead(key: str, spoken: list[str], read_of: dict[str, _Read]) -> Lead:
    talk = parsed(key)
    title = TITLES.get(spoken[0], OTHER) if len(spoken) == 1 else SEVERAL
    total = sum(one.letters for code, one in read_of.items() if code != UNSURE)
    reasons = []
    for code in spoken:
        one = read_of[code]
        share = round(100 * one.letters / max(total, 1))
        facts = {"lang": code, "share": share, "letters": one.letters, "pieces": one.pieces}
        cited = sorted(one.rows)[:CITED]
        reasons.append(Reason("language", READ, facts, share / 100, {MESSAGE: cited}))
    subject = Subject("thread", talk.thread, talk.label)
    return Lead(title, [subject], 0.0, reasons, {"lang": ", ".join(spoken)})


def _count(exhibit_id: str, counted: Counter[str], cited: dict[tuple[str, str], list[int]]) -> Lead:
    reasons = [
        Reason(
            "count",
            TALKS,
            {"lang": code, "n": n},
            0.0,
            {MESSAGE: sorted(cited[exhibit_id, code])[:CITED]},
        )
        for code, n in sorted(counted.items(), key=lambda c: (-c[1], c[0]))
    ]
    facts = {"exhibit_id": exhibit_id}
    return Lead(COUNTED, [Subject("device", exhibit_id)], 0.0, reasons, facts)

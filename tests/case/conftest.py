"""A small analysis to run, and messages to run it on."""

from collections.abc import Iterator

from ibis import Table, _

from faisceau.analyses import Engine, Params, analysis
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.words import N_

MESSAGES = """\
thread_id,sender_id,sent_at,text
T1,+33639980001,2026-09-10T10:00:00Z,garde le sac chez toi
T1,+33639980002,2026-09-10T10:01:00Z,ok
T2,+33639980001,2026-09-11T10:00:00Z,bonjour maman
"""


class WordParams(Params):
    """Which word."""

    word: str = "sac"
    """The word looked for."""


@analysis(
    reads=[MESSAGE["thread_id", "text"]], reads_if=[CALL["caller"]], kind=Kind.QUERY, version=1
)
def word(message: Table, call: Table, params: WordParams, engine: Engine) -> Iterator[Lead]:
    """Conversations in which a word occurs."""
    del call
    hits = message.filter(_.text.contains(params.word)).group_by("thread_id")
    for row in engine.rows(hits.agg(rows=_.row_id.collect())):
        facts = {"words": [params.word], "n": len(row["rows"])}
        why = Reason("word", N_("says {words}"), facts, 1.0, {MESSAGE: row["rows"]})
        yield Lead(N_("Says a word"), [Subject("thread", row["thread_id"])], 0.5, [why])

"""The acts of lexicon work: a lexicon tried on reviews, words suggested, one of them accepted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

from faisceau.case import lexicon_work as work
from faisceau.case.door import Door
from faisceau.case.lexicon_work import Suggestion, Trial
from faisceau.case.running import verdicts
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.tables.lexicons import load_lexicon
from faisceau.tables.schemas import MESSAGE, REVIEW


def tried(door: Door, name: str) -> Trial:
    """Each form of a lexicon (a name, or a file) by the reviewed conversations it occurs in."""
    lexicon = load_lexicon(name)
    act = Act("lexicon", tables=frozenset({MESSAGE.name, REVIEW.name}))
    data = {"lexicon": lexicon.sha256}
    with door.reading(act, [work.TALKS], data=data) as (permit, closing, engine):
        reviewed = verdicts(door, permit, work.VERDICTS)
        trial = work.tried(engine.tables[MESSAGE.name], reviewed, engine, lexicon)
        closing.data["conversations"] = trial.relevant + trial.others
    return trial


def suggested(door: Door, name: str) -> list[Suggestion]:
    """Words of confirmed conversations that a lexicon lacks (kind ``ai``)."""
    with _suggesting(door, name, {}) as found:
        return found


def accepted(
    door: Door, term: str, kind: str, why: str, *, name: str, on: date
) -> tuple[str, Suggestion]:
    """The text of a lexicon's next version, with a word that ``suggested`` puts forward.

    Raises ``UsageError`` for a word that it does not put forward: none other leaves the case.
    """
    with _suggesting(door, name, {"accepted": term, "as": kind, "why": why}) as found:
        source = f"accepted by {door.agent} on {on}: {why}"
        chosen = work.chosen(term, found)
        return work.next_version(name, term, kind, source, on), chosen


@contextmanager
def _suggesting(door: Door, name: str, data: Mapping[str, str]) -> Iterator[list[Suggestion]]:
    """The act of suggesting, with what it found; it closes after what is made of that."""
    lexicon = load_lexicon(name)
    reads = [work.TALKS, *(s for s in work.NAMED if s.schema.name in door.covered)]
    tables = frozenset(s.schema.name for s in reads) | {REVIEW.name}
    act = Act("lexicon", kind=str(Kind.AI), tables=tables)
    told = {"lexicon": lexicon.sha256, **data}
    with door.reading(act, reads, kind=Kind.AI, data=told) as (permit, closing, engine):
        reviewed = verdicts(door, permit, work.VERDICTS)
        named = work.names_in(engine)
        found = work.suggested(engine.tables[MESSAGE.name], reviewed, engine, lexicon, named)
        closing.data["suggested"] = len(found)
        yield found

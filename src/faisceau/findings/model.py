"""The nouns of a finding: subject, reason, lead, finding, review."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from faisceau.tables.schemas.schema import Schema
from faisceau.words import say


class Kind(StrEnum):
    """The kind of work, which the mandate judges (design, section 6)."""

    QUERY = "query"
    ASSIST = "assist"
    MATCHING = "matching"
    AI = "ai"


class Status(StrEnum):
    """Where a finding stands."""

    NEW = "new"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    UNSURE = "unsure"
    EXCULPATORY = "exculpatory"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


VERDICTS = (Status.CONFIRMED, Status.DISMISSED, Status.UNSURE, Status.EXCULPATORY)

SUBJECT_TYPES = frozenset(
    {
        "thread",
        "plate",
        "person",
        "procedure",
        "phone",
        "place",
        "account",
        "coin_address",
        "scan",
        "declaration",
        "post",
        "device",
    }
)

CONTEXT = frozenset(("around", "start"))
"""Codes of reasons that tell when and where, not what concords."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what a finding is about: ``value`` is what the source calls it."""

    type: str
    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence a magistrate understands, plus the rows it rests on.

    ``text`` is an English template (``N_``) filled with ``facts``; ``weight`` may be negative: a
    reason that speaks for the person. ``rows`` maps a table (schema or name) to row ids.
    """

    code: str
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 0.0
    rows: Mapping[Schema | str, Sequence[int] | set[int]] = field(default_factory=dict)

    def in_words(self) -> str:
        """The sentence in the current language."""
        return say(self.text, **self.facts)

    def by_table(self) -> dict[str, list[int]]:
        """Row ids by table name, sorted and distinct."""
        return {
            (table if isinstance(table, str) else table.name): sorted({int(i) for i in ids})
            for table, ids in self.rows.items()
        }


@dataclass(frozen=True, slots=True)
class Lead:
    """What an analysis yields: a claim, whom it is about, how strong (0 to 1), and why.

    ``title`` is an English template filled with ``facts``.
    """

    title: str
    subjects: Sequence[Subject]
    score: float
    reasons: Sequence[Reason]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def in_words(self) -> str:
        """The title in the current language."""
        return say(self.title, **self.facts)


@dataclass(frozen=True, slots=True)
class Finding:
    """A lead stamped by the desk: who ran what, when, under which mandate.

    ``limits`` are templates: what could not be looked at (a table not covered, a scope).
    """

    finding_id: str
    analysis: str
    version: str
    kind: Kind
    lead: Lead
    params: Mapping[str, Any]
    mandate_version: str
    agent: str
    created_at: datetime
    status: Status = Status.NEW
    limits: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The claim in the current language."""
        return self.lead.in_words()

    @property
    def score(self) -> float:
        """Strength of the claim, 0 to 1."""
        return self.lead.score

    @property
    def subjects(self) -> Sequence[Subject]:
        """Whom or what it is about."""
        return self.lead.subjects

    @property
    def reasons(self) -> Sequence[Reason]:
        """Why, strongest first, those that speak for the person included."""
        return self.lead.reasons

    def concordant(self) -> dict[str, set[int]]:
        """Row ids by table in which a concordance consists: of what weighs for it, not of what
        stands around (``CONTEXT``); nothing when no procedures are brought together."""
        rows: dict[str, set[int]] = {}
        for reason in self.reasons if self.kind is Kind.MATCHING else ():
            if reason.weight > 0 and reason.code not in CONTEXT:
                for table, ids in reason.by_table().items():
                    rows.setdefault(table, set()).update(ids)
        return rows


@dataclass(frozen=True, slots=True)
class Review:
    """What a person says of a finding."""

    finding_id: str
    agent: str
    verdict: Status
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are asked for; an empty clause sets no limit.

    ``about``: a text that they hold. ``least``: their score, at least. ``order``: ``score``,
    ``newest``, ``analysis`` or ``status``.
    """

    analyses: Collection[str] = ()
    statuses: Collection[str] = ()
    about: str = ""
    least: float = 0.0
    order: str = "score"

"""The nouns of a report: everything its pages say, filled by the desk.

Contract: the design, sections 2 (principle 3), 6 and 7. Nothing here depends on the moment of
printing: the same case at the same checkpoint gives the same ``ReportData``, hence the same bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from faisceau.findings.model import Finding, Kind, Reason, Review
from faisceau.words import language, say


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence kept apart from its facts, put into words when the report is.

    ``text`` is an English template (``N_``) filled with ``facts``. ``french`` is the French
    template where the data carry their own (Cedar policies, lexicons); else the catalogue has it.
    """

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    french: str = ""

    def in_words(self) -> str:
        """The sentence in the current language."""
        own = self.french if language() == "fr" else ""
        return say(own or self.text, **self.facts)


Text = str | Words
"""A plain string is printed as it is: what the data say, never translated."""


@dataclass(frozen=True, slots=True)
class Software:
    """What made the report: name and version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class AgentCard:
    """An agent habilitated by the mandate; ``until`` None: as long as the mandate runs."""

    id: str
    name: str
    service: str
    roles: tuple[str, ...]
    until: date | None = None


@dataclass(frozen=True, slots=True)
class AuthorisationCard:
    """An act of the authority that unlocks more (``matching``, ``cnctr``, ...)."""

    name: str
    reference: str
    dated: date


@dataclass(frozen=True, slots=True)
class MandateCard:
    """The mandate in force. ``regime``, ``purposes``, ``tables`` are the words of its file.

    ``version`` is the SHA-256 of its bytes (hex). ``clauses`` says in words what else limits or
    widens it (scope, series, protocols); ``warnings`` what must stand in the report, such as a
    handset opened without ``[[exhibit_access]]``.
    """

    reference: str
    regime: str
    authority: str
    authorised_on: date
    expires_on: date
    purposes: tuple[str, ...]
    tables: tuple[str, ...]
    agents: tuple[AgentCard, ...]
    version: str
    offence: str = ""
    penalty_years: int = 0
    organised: bool = False
    authorisations: tuple[AuthorisationCard, ...] = ()
    clauses: tuple[Text, ...] = ()
    warnings: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class TableCount:
    """Rows of one table that came from one exhibit: kept and rejected."""

    table: str
    kept: int
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class ExhibitCard:
    """An exhibit. ``size`` in bytes, ``sha256`` in hex, ``added_at`` UTC.

    ``unread``: cells that became null; ``unknown``: fields no reader knows; ``left``: fields left
    on purpose. ``zone`` is the one given to times that state none. ``reader`` is empty when no
    reader knows the format. ``access`` says which act opened it; ``told``, what else the reader of
    the report should know of it: files that a list of hashes flags, a clock that was wrong.
    """

    exhibit_id: str
    label: str
    sha256: str
    size: int
    origin: str
    added_at: datetime
    added_by: str
    reader: str = ""
    tables: tuple[TableCount, ...] = ()
    unread: int = 0
    unknown: int = 0
    left: int = 0
    in_place: bool = False
    zone: str = ""
    access: Text = ""
    told: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodCard:
    """An analysis that was run: what it does in plain words, and all that fixes its result."""

    analysis: str
    version: str
    kind: Kind
    meaning: Text
    params: Mapping[str, Any] = field(default_factory=dict)
    lexicon: Text = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A row that a reason rests on. ``shown`` is what it says, in a few words."""

    table: str
    row_id: int
    exhibit_id: str
    source: str
    shown: Text = ""


@dataclass(frozen=True, slots=True)
class Helped:
    """What a model made of one item (kind ``assist``): a translation, a transcript ...

    ``corrected_by`` is the agent who checked it; empty: nobody has, and it is not to be quoted.
    """

    what: Text
    text: str
    corrected_by: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One message of an excerpt. ``sent_at`` is UTC; ``zone`` an IANA name or ``+02:00``.

    ``hit``: a reason rests on it; ``words``: what to highlight in ``text``; ``gap``: messages
    left out just before it; ``note``: what it carries beside text (a photo, deleted, forwarded).
    """

    row_id: int
    exhibit_id: str
    source: str
    sent_at: datetime | None
    sender: str
    text: str
    zone: str = ""
    hit: bool = False
    words: tuple[str, ...] = ()
    gap: int = 0
    note: Text = ""
    helped: tuple[Helped, ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a conversation, in order. ``title`` names the conversation; ``gap``: messages
    left out after the last line."""

    title: Text
    lines: tuple[Line, ...]
    gap: int = 0


@dataclass(frozen=True, slots=True)
class ReasonCard:
    """A reason with its rows. ``total`` rows it rests on in all, when ``evidence`` is a choice."""

    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class FindingCard:
    """A finding, its reasons with their rows, its reviews in order, and its conversation.

    Excerpts common to several reasons go here, those of one reason on it. Without ``reasons``,
    those of the finding are printed without rows.
    """

    finding: Finding
    reasons: tuple[ReasonCard, ...] = ()
    reviews: tuple[Review, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An act the mandate did not allow. ``entry`` is its number in the ledger."""

    at: datetime
    agent: str
    act: Text
    rule: Text
    source: str
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Rows of an exhibit that could not be kept, for one reason; ``examples`` are locators."""

    exhibit_id: str
    table: str
    reason: Text
    count: int
    examples: tuple[str, ...] = ()


class Gap(StrEnum):
    """Why something was not examined."""

    UNKNOWN = "unknown"
    SET_ASIDE = "set_aside"
    UNREAD = "unread"
    NOT_COVERED = "not_covered"
    OUT_OF_SCOPE = "out_of_scope"
    SEALED = "sealed"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class Unexamined:
    """Something that was not examined. ``what`` names it; ``count`` is in rows, files or fields."""

    gap: Gap
    what: Text
    why: Text = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """The ledger's checkpoint of the last alteration or review. ``root`` is hex, ``at`` UTC.

    ``fingerprints``: SHA-256 of each public key (hex) by algorithm. ``command`` checks the whole
    case without a network.
    """

    case_id: str
    size: int
    root: str
    at: datetime
    fingerprints: Mapping[str, str]
    command: str = "faisceau ledger verify CASE"


@dataclass(frozen=True, slots=True)
class ReportData:
    """A report before it is put into words. ``zone``: that in which times are printed.

    ``conversations``: how many were examined, None where the question has no meaning.
    ``found``: findings of the case in all, when ``findings`` are the strongest only. ``chosen``: a
    person picked them and put them in order.
    """

    software: Software
    mandate: MandateCard
    exhibits: tuple[ExhibitCard, ...]
    methods: tuple[MethodCard, ...]
    findings: tuple[FindingCard, ...]
    proof: Proof
    refusals: tuple[Refusal, ...] = ()
    rejects: tuple[Reject, ...] = ()
    unexamined: tuple[Unexamined, ...] = ()
    conversations: int | None = None
    found: int = 0
    chosen: bool = False
    zone: str = "Europe/Paris"

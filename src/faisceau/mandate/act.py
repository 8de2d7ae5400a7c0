"""What may be asked of the mandate (:class:`Act`) and what it answers (:class:`Decision`).

Operations are the commands of the design, section 9. Each belongs to one group, which the Cedar
policies name, and has one word in the ledger (Directive (EU) 2016/680, art. 25).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from faisceau.errors import Refused
from faisceau.words import N_, language, say


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the house can be asked to do. ``ledger``: the word its entries bear."""

    name: str
    group: str
    ledger: str
    label: str
    kind: str = "query"


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("verify", "check", "consultation", N_("verify the ledger")),
        Operation("explain", "check", "consultation", N_("have the mandate explained")),
        Operation("new", "found", "collection", N_("open a new case")),
        Operation("open", "enter", "consultation", N_("open the case")),
        Operation("status", "oversee", "consultation", N_("see the state of the case")),
        Operation("ledger_show", "audit", "consultation", N_("read the ledger")),
        Operation("prove", "audit", "consultation", N_("export a proof from the ledger")),
        Operation("add", "collect", "collection", N_("add an exhibit")),
        Operation("rows", "read", "consultation", N_("read rows")),
        Operation("findings", "read", "consultation", N_("list findings")),
        Operation("show", "read", "consultation", N_("read a finding")),
        Operation("search", "read", "consultation", N_("search")),
        Operation("seal_list", "consult", "consultation", N_("list what is sealed")),
        Operation("lexicon", "consult", "consultation", N_("work on a lexicon")),
        Operation("profiles", "consult", "consultation", N_("list the profiles")),
        Operation("run", "analyse", "consultation", N_("run an analysis")),
        Operation("watch", "analyse", "combination", N_("watch for a list")),
        Operation("match", "analyse", "combination", N_("compare with a case"), kind="matching"),
        Operation("review", "judge", "review", N_("review a finding")),
        Operation("note", "judge", "review", N_("keep a note or a view")),
        Operation("report", "disclose", "disclosure", N_("write the report")),
        Operation("export", "disclose", "disclosure", N_("export findings")),
        Operation("unmask", "lift", "consultation", N_("lift a mask")),
        Operation("lift_seal", "lift", "alteration", N_("lift a seal")),
        Operation("replace", "amend", "alteration", N_("replace the mandate")),
        Operation("rectify", "correct", "alteration", N_("rectify data")),
        Operation("withdraw", "erase", "erasure", N_("withdraw an annulled exhibit")),
        Operation("purge", "erase", "erasure", N_("erase what is due")),
        Operation("purchase", "undercover", "collection", N_("record a test purchase")),
        Operation("pseudonym", "undercover", "collection", N_("record an act under pseudonym")),
        Operation("register", "register", "alteration", N_("register an analysis")),
    )
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing an agent asks to do, with what the rules need to judge it.

    ``kind`` is that of the analysis (empty: the operation's own). ``tables`` are those read or
    filled, derived ones included. ``exhibits`` are the ids or labels the act touches (a defence
    agent reads nothing without them). ``handsets`` gives, for each handset it opens, all its names
    (id, label). ``question`` holds what a plates question names, among ``plate``, ``zone`` and
    ``dates``. ``procedures`` are the distinct procedures in the tables it reads, ``""`` for rows
    of none; ``None`` (not known) is judged as the worst. ``record`` is the reference of the act
    that an exhibit comes from (``--procedure``), ``recipient`` who is given a report or an export,
    ``other`` the reference of the case compared. ``widens_scope`` is for ``replace``.
    """

    operation: str
    kind: str = ""
    analysis: str = ""
    tables: frozenset[str] = frozenset()
    exhibits: frozenset[str] = frozenset()
    handsets: tuple[tuple[str, ...], ...] = ()
    question: frozenset[str] = frozenset()
    procedures: frozenset[str] | None = None
    record: str = ""
    recipient: str = ""
    other: str = ""
    widens_scope: bool = False

    def __post_init__(self) -> None:
        if self.operation not in OPERATIONS:
            raise ValueError(self.operation)

    @property
    def judged_kind(self) -> str:
        """The kind the rules judge: the analysis's or, without one, the operation's."""
        return self.kind or OPERATIONS[self.operation].kind

    @property
    def ledger(self) -> str:
        """The ledger's word for it; bringing things together is always ``combination``."""
        if self.judged_kind == "matching":
            return "combination"
        return OPERATIONS[self.operation].ledger

    @property
    def label(self) -> str:
        """The act in a few words, in the current language."""
        words = say(OPERATIONS[self.operation].label)
        about = self.analysis or self.other or ", ".join(sorted(self.tables))
        return f"{words} ({about})" if about else words


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy that spoke, in both languages, its placeholders already filled.

    ``source`` is the article or ruling it restates; ``verified_on`` the day someone last compared
    the two.
    """

    id: str
    source: str
    message: str
    message_fr: str
    verified_on: date
    source_fr: str = ""

    def text(self) -> str:
        """The message, the legal source and the id, in the current language."""
        french = language() == "fr"
        message = self.message_fr if french else self.message
        source = (self.source_fr or self.source) if french else self.source
        return say(
            N_("{message} ({source}; rule {rule})"), message=message, source=source, rule=self.id
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Something else to say about a decision: a template and its facts, as sorted pairs."""

    template: str
    facts: tuple[tuple[str, Any], ...] = ()

    def text(self) -> str:
        """The notice in the current language."""
        return say(self.template, **dict(self.facts))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the mandate answers.

    ``rules`` are the policies that decided: those that permit or, for a refusal, those that
    forbid; empty when nothing permits the act. ``permits`` are then the policies under which
    someone may. ``unlocked_by`` is what, supplied together, would turn a refusal round; empty
    when nothing would.
    """

    act: Act
    allowed: bool
    rules: tuple[Rule, ...] = ()
    warnings: tuple[Rule | Notice, ...] = ()
    permits: tuple[Rule, ...] = ()
    unlocked_by: tuple[Notice, ...] = ()

    def __str__(self) -> str:
        return self.reasons()

    def text(self) -> str:
        """Everything there is to say, in the current language: reasons, way out, warnings."""
        parts = [self.reasons(), self.way_out(), *(warning.text() for warning in self.warnings)]
        return " ".join(part for part in parts if part)

    def reasons(self) -> str:
        """Why, each rule with its source."""
        said = _sentences(rule.text() for rule in self.rules)
        if self.allowed:
            return say(N_("Allowed: {act}. {reasons}"), act=self.act.label, reasons=said)
        if self.rules:
            return say(N_("Refused: {act}. {reasons}"), act=self.act.label, reasons=said)
        others = _sentences(rule.text() for rule in self.permits)
        template = N_("Refused: {act}. No rule permits it here. {reasons}")
        return say(template, act=self.act.label, reasons=others).rstrip()

    def way_out(self) -> str:
        """What would unlock a refused act; empty when it is allowed."""
        if self.allowed:
            return ""
        if not self.unlocked_by:
            return say(N_("Nothing that a mandate can say unlocks it."))
        ways = "; ".join(way.text() for way in self.unlocked_by)
        return say(N_("What would unlock it: {ways}."), ways=ways)

    def refusal(self) -> Refused:
        """The error to raise for a refused act; put into words only when it is shown."""
        return Refused("{decision}", hint="{way_out}", decision=self, way_out=_WayOut(self))


@dataclass(frozen=True, slots=True)
class _WayOut:
    decision: Decision

    def __str__(self) -> str:
        return self.decision.way_out()


def _sentences(texts: Iterable[str]) -> str:
    return " ".join(f"{text}." for text in texts)

"""The nouns of a mandate: the clauses of ``mandate.toml``, frozen.

Contract: the design, section 6. What each clause allows is said by the Cedar policies; here are
its words, its dates, and the plain questions that they answer. Every day given is included whole,
in the time of Paris (:func:`today`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def today(now: datetime) -> date:
    """The day in Paris at ``now`` (which needs its zone: ``ValueError`` otherwise)."""
    if now.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return now.astimezone(PARIS).date()


@dataclass(frozen=True, slots=True)
class Offence:
    """``[offence]``: what is pursued. ``penalty_years`` is 0 when the mandate does not say."""

    article: str = ""
    penalty_years: int = 0
    organised: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """``[scope]``: what may be looked at; an empty clause sets no limit.

    ``since`` and ``until`` are the keys ``from`` and ``to``, both days included.
    """

    exhibits: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """``[authorisations.NAME]``: an act of the authority, in force from ``dated`` on."""

    name: str
    reference: str
    dated: date


@dataclass(frozen=True, slots=True)
class Series:
    """``[[series]]``: procedures that ``matching`` may bring together, until a day."""

    procedures: tuple[str, ...]
    authorisation: str
    dated: date
    until: date

    def in_force(self, day: date) -> bool:
        """True from ``dated`` to ``until``, both included."""
        return self.dated <= day <= self.until


@dataclass(frozen=True, slots=True)
class ExhibitAccess:
    """``[[exhibit_access]]``: who allowed exhibits (ids or labels) to be opened, and when."""

    exhibits: tuple[str, ...]
    act: str
    authority: str
    dated: date


@dataclass(frozen=True, slots=True)
class Designated:
    """``[[designated]]``: a person whose payments may be analysed, by name, account or both."""

    name: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Protected:
    """``[[protected]]``: someone whose correspondence is sealed, by identifiers."""

    quality: str
    identifiers: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """``[[agents]]``: a person designated, with roles, habilitated until a day (``None``: no end
    of its own)."""

    id: str
    roles: frozenset[str]
    name: str = ""
    service: str = ""
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Interconnection:
    """``[[interconnections]]``: the protocol under which another case may be compared.

    Only ``other`` (the key ``with``) is always there; the policies ask for the rest when the
    comparison is made.
    """

    other: str
    purposes: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    justification: str = ""
    safeguards: tuple[str, ...] = ()
    cnil_reference: str = ""
    impact_assessment: str = ""
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate as written. ``sha256`` is that of the exact bytes of its file: its version."""

    reference: str
    regime: str
    authority: str
    authorised_on: date
    expires_on: date
    purposes: tuple[str, ...]
    data: frozenset[str]
    agents: tuple[Agent, ...]
    offence: Offence | None = None
    scope: Scope | None = None
    authorisations: tuple[Authorisation, ...] = ()
    series: tuple[Series, ...] = ()
    exhibit_access: tuple[ExhibitAccess, ...] = ()
    designated: tuple[Designated, ...] = ()
    protected: tuple[Protected, ...] = ()
    interconnections: tuple[Interconnection, ...] = ()
    sha256: str = field(default="", compare=False)

    @property
    def family(self) -> str:
        """The regime without its variant: ``judicial``, ``intelligence``, ``customs``, ..."""
        return self.regime.partition("-")[0]

    def agent(self, agent_id: str) -> Agent | None:
        """The agent of that id, whether or not the habilitation still runs."""
        return next((agent for agent in self.agents if agent.id == agent_id), None)

    def ended(self, day: date) -> bool:
        """True from the day after the last."""
        return day > self.expires_on

    def procedures(self, day: date) -> tuple[str, ...]:
        """What ``matching`` may read: the case's own procedure, then the patterns of every series
        in force (``*`` stands for any ending). Rows without procedure count as the case's own."""
        running = [series for series in self.series if series.in_force(day)]
        return (self.reference, *(p for series in running for p in series.procedures))

    def covers_procedure(self, procedure: str, day: date) -> bool:
        """True when ``matching`` may read the rows of ``procedure`` on ``day``."""
        return not procedure or any(_matches(p, procedure) for p in self.procedures(day))

    def opened(self, names: Iterable[str], day: date) -> bool:
        """True when an ``[[exhibit_access]]`` of ``day`` or before holds one of an exhibit's
        names (its id, its label)."""
        named = {
            e for access in self.exhibit_access if access.dated <= day for e in access.exhibits
        }
        return not named.isdisjoint(names)

    def protocol(self, other: str) -> Interconnection | None:
        """The protocol under which the case of reference ``other`` may be compared."""
        return next((p for p in self.interconnections if p.other == other), None)


UNENFORCED: tuple[str, ...] = ()
"""Clauses that this version reads and does not enforce yet; none today."""


def unenforced(mandate: Mandate) -> list[str]:
    """The clauses that this version does not enforce yet: ``add`` is refused while one stands."""
    return [clause for clause in UNENFORCED if getattr(mandate, clause)]


def widens_scope(old: Mandate, new: Mandate) -> bool:
    """True when ``new`` lets something be looked at that the ``[scope]`` of ``old`` did not."""
    before, after = old.scope or Scope(), new.scope or Scope()
    return (
        _grows(before.exhibits, after.exhibits)
        or _grows(before.participants, after.participants)
        or (before.since is not None and (after.since is None or after.since < before.since))
        or (before.until is not None and (after.until is None or after.until > before.until))
    )


def _grows(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """An empty list sets no limit, so leaving a list for none is growing."""
    return bool(before) and (not after or not set(after) <= set(before))


def _matches(pattern: str, procedure: str) -> bool:
    if pattern.endswith("*"):
        return procedure.startswith(pattern[:-1])
    return procedure == pattern

"""From ``mandate.toml`` to a :class:`Mandate`, or to the line to mend and what to write there.

Contract: the design, section 6: exactly these keys. What a reader cannot accept is refused
whole: a mandate half understood would allow what nobody allowed.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection
from typing import TypeVar

from faisceau.errors import MandateError
from faisceau.mandate.clauses import Clause, Page
from faisceau.mandate.model import (
    Agent,
    Authorisation,
    Designated,
    ExhibitAccess,
    Interconnection,
    Mandate,
    Offence,
    Protected,
    Scope,
    Series,
)
from faisceau.mandate.vocabulary import (
    AUTHORISATIONS,
    DERIVED,
    QUALITIES,
    REGIMES,
    ROLES,
    TABLES,
)
from faisceau.words import N_

LONGEST = 1 << 20
"""Characters of the longest mandate read: far above any, far below what would hang."""

T = TypeVar("T")


def read_mandate(text: str | bytes, origin: str, tables: Collection[str] = TABLES) -> Mandate:
    """The mandate that ``text`` (the content of the file named ``origin``) states.

    ``tables`` are the names that ``data`` may hold. Raises ``MandateError`` with the line to mend
    and what to write instead; never anything else, whatever the text.
    """
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    page = Page(_decoded(raw, origin), origin)
    values = page.parse()
    mandate = _mandate(Clause(page, (), values), tables, hashlib.sha256(raw).hexdigest())
    _check_dates(page, mandate)
    return mandate


def _decoded(raw: bytes, origin: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MandateError(
            N_("{origin}, line {line}: this is not UTF-8 text"),
            hint=N_("Save the file as UTF-8"),
            origin=origin,
            line=raw.count(b"\n", 0, error.start) + 1,
        ) from error
    if len(text) > LONGEST:
        raise MandateError(
            N_("{origin}, line 1: {size} characters are too many for a mandate"),
            hint=N_("Give the mandate.toml of the case"),
            origin=origin,
            size=len(text),
        )
    return text


def _mandate(top: Clause, tables: Collection[str], sha256: str) -> Mandate:
    mandate = Mandate(
        reference=top.text("reference", "PR/2026/0417"),
        regime=top.choice("regime", REGIMES),
        authority=top.text("authority", "Procureur de la République, tribunal judiciaire de ..."),
        authorised_on=top.day("authorised_on"),
        expires_on=top.day("expires_on"),
        purposes=top.texts("purposes", "narcotics-trafficking"),
        data=_data(top, tables),
        agents=tuple(_agent(clause) for clause in top.clauses("agents")),
        offence=_maybe(_offence, top.clause("offence")),
        scope=_maybe(_scope, top.clause("scope")),
        authorisations=_maybe(_authorisations, top.clause("authorisations")) or (),
        series=tuple(_series(clause) for clause in top.clauses("series")),
        exhibit_access=tuple(_access(clause) for clause in top.clauses("exhibit_access")),
        designated=tuple(_designated(clause) for clause in top.clauses("designated")),
        protected=tuple(_protected(clause) for clause in top.clauses("protected")),
        interconnections=tuple(_protocol(clause) for clause in top.clauses("interconnections")),
        sha256=sha256,
    )
    if not mandate.agents:
        top.fail(
            "agents",
            N_("{origin}, line {line}: no agent is designated"),
            N_('Add [[agents]] with id = "A1" and roles = ["investigator"]'),
        )
    _no_double(top, "agents", "id", [agent.id for agent in mandate.agents])
    _no_double(top, "interconnections", "with", [p.other for p in mandate.interconnections])
    return mandate


def _maybe(make: Callable[[Clause], T], clause: Clause | None) -> T | None:
    return None if clause is None else make(clause)


def _data(top: Clause, tables: Collection[str]) -> frozenset[str]:
    names = top.texts("data", "message")
    for name in names:
        if name in DERIVED:
            top.fail(
                "data",
                N_("{origin}, line {line}: table {name} is derived from the others"),
                N_("Take {name} out: it is covered where its table is covered"),
                name=name,
            )
        if name not in tables:
            top.unknown("data", N_("{origin}, line {line}: unknown table {name}"), name, tables)
    return frozenset(names)


def _agent(clause: Clause) -> Agent:
    return Agent(
        id=clause.text("id", "A1"),
        roles=frozenset(clause.choices("roles", ROLES, "investigator")),
        name=clause.maybe("name"),
        service=clause.maybe("service"),
        until=clause.maybe_day("until"),
    )


def _offence(clause: Clause) -> Offence:
    years = clause.take("penalty_years", int, N_("a whole number of years, such as 10"), 0)
    if not 0 <= years <= 99:
        clause.fail(
            "penalty_years",
            N_("{origin}, line {line}: {years} is not a number of years of imprisonment"),
            N_("Write the maximum penalty in years, from 0 to 99 (99 for life)"),
            years=years,
        )
    return Offence(
        article=clause.maybe("article"),
        penalty_years=years,
        organised=clause.take("organised", bool, N_("true or false"), False),
    )


def _scope(clause: Clause) -> Scope:
    return Scope(
        exhibits=clause.maybe_texts("exhibits", "E1"),
        participants=clause.maybe_texts("participants", "+33612345678"),
        since=clause.maybe_day("from"),
        until=clause.maybe_day("to"),
    )


def _authorisations(clause: Clause) -> tuple[Authorisation, ...]:
    found = []
    for name in AUTHORISATIONS:
        if (one := clause.clause(name)) is not None:
            found.append(Authorisation(name, one.text("reference", "..."), one.day("date")))
    return tuple(found)


def _series(clause: Clause) -> Series:
    series = Series(
        procedures=clause.texts("procedures", "PV-2026-00012"),
        authorisation=clause.text("authorisation", "..."),
        dated=clause.day("date"),
        until=clause.day("until"),
    )
    for procedure in series.procedures:
        if "*" in procedure[:-1]:
            clause.fail(
                "procedures",
                N_("{origin}, line {line}: in {procedure}, * stands elsewhere than at the end"),
                N_("Write * last only: it stands for any ending, as in PV-2026-01*"),
                procedure=procedure,
            )
    return series


def _access(clause: Clause) -> ExhibitAccess:
    return ExhibitAccess(
        exhibits=clause.texts("exhibits", "E1"),
        act=clause.text("act", "..."),
        authority=clause.text("authority", "Procureur de la République de ..."),
        dated=clause.day("date"),
    )


def _designated(clause: Clause) -> Designated:
    person = Designated(name=clause.maybe("name"), account=clause.maybe("account"))
    if not (person.name or person.account):
        clause.fail(
            "name",
            N_("{origin}, line {line}: [[designated]] designates nobody"),
            N_('Write name = "..." or account = "FR76..."'),
        )
    return person


def _protected(clause: Clause) -> Protected:
    return Protected(
        quality=clause.choice("quality", QUALITIES),
        identifiers=clause.texts("identifiers", "+33612345678"),
        name=clause.maybe("name"),
    )


def _protocol(clause: Clause) -> Interconnection:
    return Interconnection(
        other=clause.text("with", "PR/2026/0533"),
        purposes=clause.maybe_texts("purposes", "narcotics-trafficking"),
        data=clause.maybe_texts("data", "mention"),
        recipients=clause.maybe_texts("recipients", "A1"),
        justification=clause.maybe("justification"),
        safeguards=clause.maybe_texts("safeguards", "..."),
        cnil_reference=clause.maybe("cnil_reference"),
        impact_assessment=clause.maybe("impact_assessment"),
        expires_on=clause.maybe_day("expires_on"),
    )


def _no_double(top: Clause, clause: str, key: str, values: list[str]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            last = max(number for number, other in enumerate(values) if other == value)
            top.page.fail(
                (clause, last, key),
                N_("{origin}, line {line}: {value} stands twice under [[{clause}]]"),
                N_("Keep one [[{clause}]] for {value}"),
                clause=clause,
                value=value,
            )


def _check_dates(page: "Page", mandate: Mandate) -> None:
    """Refuse what cannot all be true: an end before its beginning, an act after the mandate."""
    end = mandate.expires_on
    page.ordered(("expires_on",), mandate.authorised_on, end)
    if scope := mandate.scope:
        page.ordered(("scope", "to"), scope.since, scope.until)
    for number, series in enumerate(mandate.series):
        page.ordered(("series", number, "until"), series.dated, series.until)
        page.ordered(("series", number, "date"), series.dated, end)
    for act in mandate.authorisations:
        page.ordered(("authorisations", act.name, "date"), act.dated, end)
    for number, access in enumerate(mandate.exhibit_access):
        page.ordered(("exhibit_access", number, "date"), access.dated, end)

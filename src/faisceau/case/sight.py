"""What an act may see: the mandate's scope, series and designations as row rules.

The gate applies them before any analysis, search or page sees a row. Plate reads of no procedure
are out of sight once their period is over, whatever the files still hold.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from faisceau.evidence.exhibit import Exhibit
from faisceau.findings.model import Kind
from faisceau.mandate.model import PARIS, Mandate, Scope, today
from faisceau.mandate.permit import RowRule
from faisceau.mandate.retention import periods
from faisceau.tables.correspondence import PARTICIPANTS, SEALED, forms
from faisceau.tables.identifiers import Identifier, spellings
from faisceau.tables.lake import STORED
from faisceau.tables.schemas import MENTION, PAYMENT, PLATE_READ, REJECT, Schema
from faisceau.tables.schemas.schema import TIME

QUESTION: Mapping[str, str] = {
    "plate": "plate",
    "camera_id": "zone",
    "latitude": "zone",
    "longitude": "zone",
    "read_at": "dates",
}
"""What a question over plate reads names when its condition uses a column."""
PRECISE = frozenset(QUESTION.values())
"""What a question that asks for rows by their ids names: it can be no more precise."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Correspondence that nobody sees: keys by table, the exhibits they are of."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exhibits: tuple[str, ...] = ()


NOTHING = Closed()


def row_rules(
    mandate: Mandate,
    kind: Kind,
    tables: Iterable[str],
    exhibits: Iterable[Exhibit],
    now: datetime,
    *,
    closed: Closed = NOTHING,
    spelled: Mapping[str, Identifier] = MappingProxyType({}),
) -> dict[str, RowRule]:
    """The rule of each table for work of ``kind`` at a moment.

    ``closed``: what seals keep out of sight; ``spelled``: how participants were found written.
    """
    listed = list(exhibits)
    taking_part = _participants(mandate, spelled)
    return {
        name: _sealed(
            _rule(mandate, kind, STORED[name], listed, now, taking_part=taking_part),
            name,
            mandate,
            closed,
        )
        for name in tables
    }


def _participants(mandate: Mandate, spelled: Mapping[str, Identifier]) -> tuple[str, ...]:
    """The participants of the scope, in every spelling: those usual, and those met in the case."""
    given = mandate.scope.participants if mandate.scope else ()
    wanted = forms(given) if spelled else frozenset()
    usual = (way for one in given for way in spellings(one))
    met = (way for way, one in spelled.items() if one in wanted)
    return tuple(dict.fromkeys((*usual, *met)))


def _sealed(rule: RowRule, name: str, mandate: Mandate, closed: Closed) -> RowRule:
    """A rule with what seals keep out of sight; none changes where nobody is protected.

    A record that was rejected is not quoted then: nobody can tell whose correspondence it was.
    """
    if keys := closed.keys.get(name):
        rule = replace(rule, sealed=keys, sealed_exhibits=closed.exhibits)
    if name == REJECT.name and (mandate.protected or closed.exhibits):
        rule = replace(rule, blank=SEALED)
    return rule


def kept_longer(exhibits: Iterable[Exhibit], now: datetime) -> tuple[str, ...]:
    """The exhibits of hits whose own period is not over."""
    over = periods()["plates-hit"].over(now)
    return tuple(e.exhibit_id for e in exhibits if e.hits and e.added_at >= over)


def past_exhibits(exhibits: Iterable[Exhibit], now: datetime) -> tuple[str, ...]:
    """The exhibits of plate reads of no procedure whose every read is past its period.

    When an exhibit was added, none of its reads was of later than that.
    """
    listed = list(exhibits)
    over, longer = periods()["plates-no-hit"].over(now), kept_longer(listed, now)
    return tuple(
        e.exhibit_id
        for e in listed
        if e.procedure is None
        and PLATE_READ.name in e.tables
        and e.added_at < over
        and e.exhibit_id not in longer
    )


def procedures_met(exhibits: Iterable[Exhibit], tables: Collection[str]) -> frozenset[str]:
    """The procedures in the rows of these tables (``""``: rows of none), before any rule."""
    return frozenset(
        procedure
        for exhibit in exhibits
        for table, met in exhibit.procedures.items()
        if table in tables or MENTION.name in tables
        for procedure in met
    )


def _rule(
    mandate: Mandate,
    kind: Kind,
    schema: Schema,
    exhibits: list[Exhibit],
    now: datetime,
    *,
    taking_part: tuple[str, ...],
) -> RowRule:
    scope = mandate.scope or Scope()
    at = next((c.name for c in schema if c.type == TIME), None)
    dated = at is not None and (scope.since is not None or scope.until is not None)
    people = PARTICIPANTS.get(schema.name, ()) if scope.participants else ()
    derived = schema in (MENTION, REJECT)
    reads = schema is PLATE_READ
    past = past_exhibits(exhibits, now) if derived else ()
    return RowRule(
        exhibits=_ids(scope.exhibits, exhibits) if scope.exhibits else None,
        since=_midnight(scope.since) if dated and scope.since else None,
        until=_midnight(scope.until + timedelta(days=1)) if dated and scope.until else None,
        time_column=at if dated or reads else None,
        participants=taking_part if people else None,
        participant_columns=people,
        procedures=mandate.procedures(today(now)) if kind is Kind.MATCHING else None,
        own=mandate.reference if kind is Kind.MATCHING else None,
        holders=_holders(mandate) if schema is PAYMENT else None,
        tables=_origins(mandate, schema) if derived else None,
        recent=periods()["plates-no-hit"].over(now).isoformat() if reads else None,
        kept=kept_longer(exhibits, now) if reads else (),
        past={PLATE_READ.name: past} if past else {},
    )


def _origins(mandate: Mandate, schema: Schema) -> tuple[str, ...]:
    """The tables whose derived rows may be seen.

    A mention counts rows of a whole exhibit: where the scope hides some of them by their time or
    by who takes part, it would tell what they hold.
    """
    scope = mandate.scope if schema is MENTION else None
    narrowed = set(PARTICIPANTS) if scope is not None and scope.participants else set()
    if scope is not None and (scope.since is not None or scope.until is not None):
        narrowed |= {name for name, of in STORED.items() if any(c.type == TIME for c in of)}
    return tuple(sorted(mandate.data - narrowed))


def _ids(names: tuple[str, ...], exhibits: list[Exhibit]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(e.exhibit_id for e in exhibits if {e.exhibit_id, e.label} & wanted)


def _midnight(day: date) -> str:
    """The first moment of ``day`` in Paris, in UTC."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC).isoformat()


def _holders(mandate: Mandate) -> tuple[str, ...]:
    return tuple(v for d in mandate.designated for v in (d.name, d.account) if v)

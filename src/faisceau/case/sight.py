"""What an act may see: the mandate's scope, series and designations as row rules.

The gate applies them before any analysis, search or page sees a row. Plate reads of no procedure
are out of sight once their period is over, whatever the files still hold.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from faisceau.evidence.exhibit import Exhibit
from faisceau.findings.model import Kind
from faisceau.mandate.model import PARIS, Mandate, Scope, today
from faisceau.mandate.permit import RowRule
from faisceau.mandate.retention import periods
from faisceau.tables.identifiers import spellings
from faisceau.tables.lake import STORED
from faisceau.tables.schemas import MENTION, PAYMENT, PLATE_READ, REJECT, Schema
from faisceau.tables.schemas.schema import TIME

PARTICIPANTS: Mapping[str, tuple[str, ...]] = {
    "message": ("account", "sender_id", "recipients", "thread_id"),
    "call": ("caller", "callee"),
    "contact": ("identifiers",),
    "handset": ("msisdn", "accounts"),
    "person": ("phone", "email"),
    "sim_sale": ("msisdn",),
}
"""Columns that name who takes part, for ``[scope] participants``."""


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


def row_rules(
    mandate: Mandate, kind: Kind, tables: Iterable[str], exhibits: Iterable[Exhibit], now: datetime
) -> dict[str, RowRule]:
    """The rule of each table for work of ``kind`` at a moment."""
    listed = list(exhibits)
    return {name: _rule(mandate, kind, STORED[name], listed, now) for name in tables}


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
    mandate: Mandate, kind: Kind, schema: Schema, exhibits: list[Exhibit], now: datetime
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
        participants=tuple(s for p in scope.participants for s in spellings(p)) if people else None,
        participant_columns=people,
        procedures=mandate.procedures(today(now)) if kind is Kind.MATCHING else None,
        own=mandate.reference if kind is Kind.MATCHING else None,
        holders=_holders(mandate) if schema is PAYMENT else None,
        tables=tuple(sorted(mandate.data)) if derived else None,
        recent=periods()["plates-no-hit"].over(now).isoformat() if reads else None,
        kept=kept_longer(exhibits, now) if reads else (),
        past={PLATE_READ.name: past} if past else {},
    )


def _ids(names: tuple[str, ...], exhibits: list[Exhibit]) -> tuple[str, ...]:
    wanted = set(names)
    return tuple(e.exhibit_id for e in exhibits if {e.exhibit_id, e.label} & wanted)


def _midnight(day: date) -> str:
    """The first moment of ``day`` in Paris, in UTC."""
    return datetime.combine(day, time(), PARIS).astimezone(UTC).isoformat()


def _holders(mandate: Mandate) -> tuple[str, ...]:
    return tuple(v for d in mandate.designated for v in (d.name, d.account) if v)

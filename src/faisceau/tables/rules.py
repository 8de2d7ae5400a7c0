"""What a permit lets through of a table, as one Ibis expression: the rows, then the columns.

Written once in Ibis so that every engine applies the same rule.
"""

from functools import reduce
from operator import or_

import ibis
from ibis import Table
from ibis.expr.types import BooleanValue

from faisceau.mandate.permit import RowRule
from faisceau.tables.correspondence import PART, key_of
from faisceau.tables.schemas import CALL, MEDIA, MESSAGE
from faisceau.tables.schemas.schema import PROCEDURE


def visible(table: Table, rule: RowRule | None, columns: tuple[str, ...]) -> Table:
    """``table`` (stored columns) as its permit shows it: rows by ``rule``, then ``columns``."""
    conditions = [] if rule is None else _conditions(table, rule)
    seen = table.filter(*conditions) if conditions else table
    if rule is not None and rule.blank and "raw" in columns:
        quoted = ~seen["table"].isin(list(rule.blank)).fill_null(True)
        seen = seen.mutate(raw=ibis.ifelse(quoted, seen.raw, ibis.null(seen.raw.type())))
    if rule is not None and rule.own is not None and PROCEDURE.name in columns:
        seen = seen.mutate(procedure=seen.procedure.fill_null(rule.own))
    return seen.select(*columns)


def _conditions(table: Table, rule: RowRule) -> list[BooleanValue]:
    conditions: list[BooleanValue] = []
    if rule.exhibits is not None:
        conditions.append(
            _any([table.exhibit_id.isin(list(rule.exhibits))] if rule.exhibits else [])
        )
    if rule.time_column is not None:
        at = table[rule.time_column]
        if rule.since is not None:
            conditions.append(at >= ibis.timestamp(rule.since, timezone="UTC"))
        if rule.until is not None:
            conditions.append(at < ibis.timestamp(rule.until, timezone="UTC"))
    if rule.participants is not None:
        conditions.append(
            _any([_holds(table, c, rule.participants) for c in rule.participant_columns])
        )
    if rule.procedures is not None:
        conditions.append(
            _any([table.procedure.isnull(), *(_matches(table, p) for p in rule.procedures)])
        )
    if rule.holders is not None:
        conditions.append(_any([table[c].isin(list(rule.holders)) for c in ("holder", "account")]))
    if rule.recent is not None and rule.time_column is not None:
        recent = table[rule.time_column] >= ibis.timestamp(rule.recent, timezone="UTC")
        longer = [table.exhibit_id.isin(list(rule.kept))] if rule.kept else []
        conditions.append(_any([table.procedure.notnull(), recent, *longer]))
    for of, exhibits in rule.past.items():
        gone = (table["table"] == of) & table.exhibit_id.isin(list(exhibits))
        gone &= table.procedure.isnull()
        conditions.append(~gone.fill_null(False))
    if rule.sealed:
        conditions.append(_not_sealed(table, rule))
    if rule.tables is not None:
        conditions.append(table["table"].isin(list(rule.tables)))
    return conditions


def _not_sealed(table: Table, rule: RowRule) -> BooleanValue:
    """True for rows under no sealed key: by exhibit and thread first, for a key takes time."""
    name = _name(table)
    elsewhere = table.exhibit_id.notin(list(rule.sealed_exhibits))
    if name == MESSAGE.name:
        threads = {key.split(PART)[2] for key in rule.sealed}
        elsewhere |= table.thread_id.notin(sorted(threads)).fill_null(False)
    return elsewhere | key_of(table, name).notin(list(rule.sealed))


def _name(table: Table) -> str:
    """Which table of correspondence these stored columns are of."""
    if "thread_id" in table.columns:
        return MESSAGE.name
    return CALL.name if "callee" in table.columns else MEDIA.name


def _holds(table: Table, column: str, values: tuple[str, ...]) -> BooleanValue:
    value = table[column]
    if not values:
        return ibis.literal(False)
    if value.type().is_array():
        return _any([value.contains(v).fill_null(False) for v in values])
    return value.isin(list(values)).fill_null(False)


def _matches(table: Table, pattern: str) -> BooleanValue:
    if pattern.endswith("*"):
        return table.procedure.startswith(pattern[:-1]).fill_null(False)
    return (table.procedure == pattern).fill_null(False)


def _any(conditions: list[BooleanValue]) -> BooleanValue:
    return reduce(or_, conditions, ibis.literal(False))

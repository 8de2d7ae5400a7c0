"""Messages that a database does not hold any more, from its free pages and its log.

A migration of the app moves rows from table to table, and an update leaves their earlier state
behind: a message whose id is still there is not lost.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from faisceau.evidence.databases import Cells, text
from faisceau.evidence.recovery import Recovered
from faisceau.evidence.whatsapp.database import BROKEN, Database, Query

FOUND = "found"
"""The field that says where such a message was found; every row that has it is deleted."""


def lost(db: Database, query: Query, ids: Mapping[str, str]) -> Iterator[Cells]:
    """The lost rows of a query's main table, without what stood in side tables.

    ``ids``: the column of the message's own id, by table. Counted as left: rows without an id,
    and those of a message that is there.
    """
    found = _recovered(db, query.main)
    ref = ids[query.main]
    named = {key: row for row in found if (key := text(row.get(ref)))}
    there = {
        key
        for table, column in ids.items()
        if named and db.has(table, column)
        for (raw,) in db.rows(f"SELECT {column} FROM {table}")
        if (key := text(raw)) in named
    }
    rows = [row for key, row in named.items() if key not in there]
    db.leave(
        "row found in free pages, of a message that is there or has no id", len(found) - len(rows)
    )
    if rows:
        columns: dict[str, list[Any]] = {
            name: [row.get(one.column) for row in rows]
            for name, one in query.fields.items()
            if one.table == query.main
        }
        columns[next(iter(query.fields))] = [row.rowid for row in rows]
        columns[FOUND] = [row.where for row in rows]
        if query.main == "messages":
            columns |= _of_old(rows)
        yield Cells(query.main, columns, len(rows))


def _recovered(db: Database, table: str) -> list[Recovered]:
    found: list[Recovered] = []
    try:
        found.extend(db.source.recovered(table))
    except BROKEN as error:
        db.damage.append(error)
    return found


def _of_old(rows: list[Recovered]) -> dict[str, list[Any]]:
    """What the query of the old schema makes with SQL: notices are texts of status 6."""
    notices = [row.get("status") == 6 for row in rows]
    kinds = [
        7 if n and row.get("media_wa_type") in (0, "0", b"0") else row.get("media_wa_type")
        for n, row in zip(notices, rows, strict=True)
    ]
    return {
        "type": kinds,
        "text": [d if isinstance(d := row.get("data"), str) else None for row in rows],
        "action": [
            row.get("media_size") if n else None for n, row in zip(notices, rows, strict=True)
        ],
        "people": [
            row.get("thumb_image") if n else None for n, row in zip(notices, rows, strict=True)
        ],
    }

"""Calls of WhatsApp for iOS: ``CallHistory.sqlite``, one row a call and person.

Core Data numbers the columns that link its tables (``Z1CALLEVENTS``), after the version's model.
"""

import re
from collections.abc import Iterator

from faisceau.evidence.databases import Cells, cocoa_times, text
from faisceau.evidence.reading import OWNER, Source
from faisceau.evidence.whatsapp.columns import call_batch
from faisceau.evidence.whatsapp.database import ROWS, Database
from faisceau.evidence.whatsapp.jids import plain
from faisceau.evidence.whatsapp.names import IosNames
from faisceau.tables.schemas.schema import Batch

EVENT, PARTICIPANT, GROUPED = "ZWACDCALLEVENT", "ZWACDCALLEVENTPARTICIPANT", "ZWAAGGREGATECALLEVENT"
_MISSED, _REJECTED = 1, 4


def calls(db: Database, names: IosNames) -> Iterator[Batch]:
    """Every call; one without a person named is rejected, as it lacks one of its two ends."""
    me = db.source.owner or OWNER
    waiting: list[tuple[object, ...]] = []
    for row in db.rows(_sql(db)):
        waiting.append(row)
        if len(waiting) == ROWS:
            yield _batch(waiting, me, names, db.source)
            waiting = []
    if waiting:
        yield _batch(waiting, me, names, db.source)


def _sql(db: Database) -> str:
    def column(table: str, name: str) -> str:
        return f"{table}.{name}" if db.has(table, name) else "NULL"

    joins = ""
    to_group, to_event = _link(db, EVENT, "CALLEVENTS"), _link(db, PARTICIPANT, "PARTICIPANTS")
    person = "NULL"
    if to_event and db.has(PARTICIPANT, "ZJIDSTRING"):
        same = to_group and to_group[1] == to_event[1]
        mine = f"{EVENT}.{to_group[0]}" if same and to_group else f"{EVENT}.Z_PK"
        joins += f" LEFT JOIN {PARTICIPANT} ON {PARTICIPANT}.{to_event[0]} = {mine}"
        person = f"{PARTICIPANT}.ZJIDSTRING"
    incoming = "NULL"
    if to_group and db.has(GROUPED, "Z_PK", "ZINCOMING"):
        joins += f" LEFT JOIN {GROUPED} ON {GROUPED}.Z_PK = {EVENT}.{to_group[0]}"
        incoming = f"{GROUPED}.ZINCOMING"
    wanted = (
        column(EVENT, "Z_PK"), column(EVENT, "ZDATE"), column(EVENT, "ZDURATION"),
        column(EVENT, "ZCALLIDSTRING"), column(EVENT, "ZOUTCOME"),
        column(EVENT, "ZGROUPCALLCREATORUSERJIDSTRING"), person, incoming,
    )  # fmt: skip
    return f"SELECT {', '.join(wanted)} FROM {EVENT}{joins} ORDER BY {EVENT}.Z_PK"


def _link(db: Database, table: str, name: str) -> tuple[str, str] | None:
    """The column that links, and the number in it."""
    for column in sorted(db.tables.get(table, ())):
        if found := re.fullmatch(rf"Z(\d*){name}", column):
            return column, found[1]
    return None


def _batch(rows: list[tuple[object, ...]], me: str, names: IosNames, source: Source) -> Batch:
    ids, times, durations, refs, *_ = zip(*rows, strict=True)
    callers: list[str | None] = []
    callees: list[str | None] = []
    directions: list[str | None] = []
    for *_, outcome, creator, raw, incoming in rows:
        jid, by = text(raw), text(creator)
        person = None if jid is None else names.numbers.get(plain(jid), plain(jid))
        received = by == jid if by and jid else incoming == 1 if incoming is not None else None
        callers.append(me if received is False else person)
        callees.append(person if received is False else me)
        unanswered = outcome in (_MISSED, _REJECTED)
        directions.append(
            None
            if received is None
            else "out"
            if not received
            else "missed"
            if unanswered
            else "in"
        )
    given = Cells(EVENT, {"id": ids, "time": times, "for": durations, "ref": refs}, len(rows))
    started = cocoa_times(given, "time")
    return call_batch(given, started, callers, callees, directions)

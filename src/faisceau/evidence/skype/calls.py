"""Calls in Skype: rows of ``Calls`` with those of ``CallMembers``, a leg for each one called."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from faisceau.evidence.databases import Cells, Database, epoch_times, text
from faisceau.evidence.skype.book import SkypeBook, is_group, person
from faisceau.evidence.skype.columns import TAKEN
from faisceau.tables.schemas import CALL
from faisceau.tables.schemas.schema import STRING, Batch

_FIELDS = TAKEN["calls"].split()
_Members = dict[str, Any]
"""Seconds that each member of a call was in it, by name."""
_Leg = tuple[str | None, str | None, Any, str]
"""Caller, callee, seconds, direction."""


def call_batches(database: Database, book: SkypeBook) -> Iterator[Batch]:
    """Every call; members whose call is gone are counted as left."""
    members: dict[int, _Members] = {}
    if database.has("callmembers", "call_db_id", "identity"):
        [seconds] = database.pick("callmembers", "call_duration")
        for call, who, lasted in database.rows(
            f"SELECT call_db_id, identity, {seconds} FROM callmembers ORDER BY rowid"
        ):
            if (name := person(who)) and name != book.me:
                members.setdefault(call, {})[name] = lasted
    if database.filled("calls"):
        picked = database.pick("calls", *_FIELDS)
        fields = dict(zip(_FIELDS, picked, strict=True))
        # the moment alone: the other columns are filled while the call lasts
        for cells in database.cells("calls", fields, "ORDER BY rowid", "begin_timestamp"):
            yield _batch(cells, book, members)
    database.leave("members of calls that are gone", sum(map(len, members.values())))


def _batch(cells: Cells, book: SkypeBook, members: dict[int, _Members]) -> Batch:
    places: list[int] = []
    legs: list[_Leg] = []
    rows = zip(*(cells.raw(name) for name in _FIELDS), strict=True)
    for place, values in enumerate(rows):
        call = dict(zip(_FIELDS, values, strict=True))
        made = _legs(call, book, members.pop(call["id"], {}))
        legs += made
        places += [place] * len(made)
    which = pa.array(places)
    callers, callees, seconds, directions = zip(*legs, strict=True)
    columns = {
        "ref": cells.texts("name").take(which),
        "caller": pa.array(callers, STRING),
        "callee": pa.array(callees, STRING),
        "started_at": epoch_times(cells, "begin_timestamp").at.take(which),
        "duration_s": Cells("calls", {"seconds": seconds}, len(legs)).numbers("seconds"),
        "count": pa.repeat(1, len(legs)).cast(pa.int64()),
        "kind": pa.repeat("voice", len(legs)),
        "direction": pa.array(directions, STRING),
        **{name: marks.take(which) for name, marks in cells.marks().items()},
    }
    return Batch(CALL, pa.RecordBatch.from_pydict(columns), cells.locators("id").take(which))


def _legs(call: dict[str, Any], book: SkypeBook, members: _Members) -> list[_Leg]:
    """Who called whom: the host the holder and the others, or the holder each member."""
    host, thread = person(call["host_identity"]), book.threads.get(call["conv_dbid"])
    peer = person(call["partner_handle"]) or text(call["pstn_number"]) or person(thread)
    came = call["is_incoming"]
    if came is None:
        came = host not in (None, book.me)
    lasted = call["duration"]
    if lasted is None:
        known = [seconds for seconds in members.values() if isinstance(seconds, int)]
        lasted = max(known, default=None)
    if came:
        caller = host if host != book.me else None
        caller = caller or peer or next(iter(members), None)
        people = [book.me, *(member for member in members if member != caller)]
        direction = "in" if lasted else "missed"
    else:
        caller, direction = book.me, "out"
        people = list(members) or [thread if thread and is_group(thread) else peer or ""]
    return [
        (caller, who or None, lasted if (own := members.get(who)) is None else own, direction)
        for who in people
    ]

"""Calls of an iPhone: ``CallHistory.storedata`` (iOS 8 and later) and ``call_history.db`` before.

Apple publishes no description. The older schemas, triggers included, stand in
https://github.com/richinfante/iphonebackuptools (``schemas/calls``); of the newer one, columns
and meaning are known from the open tool iLEAPP (``callHistory.py``).

- The store names no number of the phone itself: where nothing else tells it the holder is
  ``owner``. FaceTime and the calls of applications stand beside those of the network; all are
  ``voice``, as the table knows no other.
- A call with several persons is one row each. Who calls without a number is not stored: such a
  call is rejected with this reason.
- A call that free pages or the log alone hold is a row too: its ``source`` says so, and where.
"""

import re
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    cocoa_times,
    epoch_times,
    looked_up,
    opened,
    table_columns,
    text,
)
from faisceau.evidence.reading import OWNER, Head, Source
from faisceau.tables.schemas import CALL
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [CALL]

NOBODY = N_("the number of the other party is withheld or not stored")

_NEWER = frozenset({"z_pk", "zaddress", "zdate", "zduration", "zoriginated"})
_OLDER = frozenset({"rowid", "address", "date", "duration", "flags"})
_RECORD = (
    "z_pk", "zaddress", "zdate", "zduration", "zoriginated", "zanswered", "zunique_id",
    "zinitiator",
)  # fmt: skip
_CALL = ("rowid", "address", "date", "duration", "flags")
_LINKS = re.compile(r"z_\d+remoteparticipanthandles")
"""Core Data numbers its tables and columns anew with each model."""

_TAKEN = {
    "zcallrecord": " ".join(_RECORD),
    "zhandle": "z_pk zvalue znormalizedvalue",
    "call": " ".join(_CALL),
}
_LEFT = {
    "zcallrecord": """
        z_ent z_opt zautoansweredreason zblockedbyextension zblockedbyextensionname
        zcall_category zcalldirectoryidentitytype zcalltype zcommunicationtrustscore
        zconversationid zdevice_id zdidenabletranslation zdisconnected_cause zface_time_data
        zfiltered_out_reason zhandle_type zhasmessage zidentityextension zimageurl
        ziso_country_code zjunkconfidence zjunkidentificationcategory zlocalparticipantuuid
        zlocation zname zneededscannouncement znumber_availability zoriginatingdevicename
        zoriginatinguitype zoutgoinglocalparticipantuuid zparticipantgroupuuid zread
        zreminderuuid zsaint_davids_1 zsaint_davids_2 zscreensharingtype zservice_provider
        zusedemergencyvideostreaming zverificationstatus zwasemergencycall""",
    "zhandle": "z_ent z_opt ztype",
    "call": """
        assisted country_code face_time_data id name network_code originaladdress read""",
    "_sqlitedatabaseproperties": "key value",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with Apple's ``ZCALLRECORD``, or its older ``call``."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return tables.get("zcallrecord", none) >= _NEWER or tables.get("call", none) >= _OLDER


def read(source: Source) -> Iterator[Batch]:
    """Every call, in batches by the order of its table.

    Raises ``BadInput`` at the end where damage could not be passed: the rest was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no call history of an iPhone"), name=source.name)
    me = source.owner or OWNER
    with opened(source) as database:
        links = next((t for t in sorted(database.tables) if _LINKS.fullmatch(t)), None)
        if database.has("zcallrecord", *_NEWER):
            people = _People.of(database, links)
            fields = dict(zip(_RECORD, database.pick("zcallrecord", *_RECORD), strict=True))
            for cells in database.cells("zcallrecord", fields, "ORDER BY z_pk", "zunique_id"):
                yield from _newer(cells, people, me, source)
        if database.has("call", *_OLDER):
            fields = {name: name for name in _CALL}
            for cells in database.cells("call", fields, "ORDER BY rowid", "address date"):
                yield _older(cells, me, source)
        columns = " ".join(database.tables[links]) if links else ""
        database.settle({**_TAKEN, **({links: columns} if links else {})}, _LEFT)


class _People:
    """The handles of the database, and who took part in which call."""

    def __init__(self, handles: Mapping[int, str], called: Mapping[int, list[str]]) -> None:
        self.handles = handles
        self.called = called

    @classmethod
    def of(cls, database: Database, links: str | None) -> "_People":
        handles: dict[int, str] = {}
        called: dict[int, list[str]] = {}
        if database.has("zhandle", "z_pk", "zvalue"):
            [normal] = database.pick("zhandle", "znormalizedvalue")
            rows = database.rows(f"SELECT z_pk, zvalue, {normal} FROM zhandle")
            handles = {
                row: name for row, value, plain in rows if (name := text(value) or text(plain))
            }
        if links is not None:
            columns = sorted(database.tables[links])
            call = next((c for c in columns if c.endswith("remoteparticipantcalls")), None)
            handle = next((c for c in columns if c.endswith("remoteparticipanthandles")), None)
            if call and handle:
                for row, who in database.rows(f"SELECT {call}, {handle} FROM {links}"):
                    if who in handles:
                        called.setdefault(row, []).append(handles[who])
        return cls(handles, called)


def _newer(cells: Cells, people: _People, me: str, source: Source) -> Iterator[Batch]:
    ids = cells.integers("z_pk")
    first = {row: who[0] for row, who in people.called.items()}
    address, began = (
        cells.texts("zaddress"),
        looked_up(cells.integers("zinitiator"), people.handles),
    )
    mine = pc.equal(pc.fill_null(cells.integers("zoriginated"), 0), 1)
    several = {row: who for row, who in people.called.items() if len(who) > 1}
    group = pc.is_in(ids, value_set=pa.array(list(several), pa.int64()))
    # in a call of several the address is one of them, or a list: the handles say who
    peer = pc.if_else(
        group,
        pc.if_else(mine, looked_up(ids, first), pc.coalesce(began, looked_up(ids, first))),
        pc.coalesce(address, looked_up(ids, first), began),
    )
    answered = cells.integers("zanswered")
    taken = pc.coalesce(pc.equal(answered, 1), pc.greater(cells.numbers("zduration"), 0.0))
    columns = {
        **_columns(peer, me, mine, taken, cells.numbers("zduration")),
        "ref": cells.texts("zunique_id"),
        "started_at": cocoa_times(cells, "zdate").counted(source, "call.started_at"),
        **cells.marks(),
    }
    locators = cells.locators("z_pk")
    yield _batch(columns, locators, peer)
    places, others = [], []
    peers = peer.to_pylist() if several else []
    for place, row in enumerate(cells.raw("z_pk") if several else ()):
        for who in several.get(row, ()):
            if who != peers[place]:
                places.append(place)
                others.append(who)
    if places:
        whole = {name: array.take(pa.array(places)) for name, array in columns.items()}
        whole["callee"] = pa.array(others, STRING)
        yield _batch(whole, locators.take(pa.array(places)), whole["callee"])


def _older(cells: Cells, me: str, source: Source) -> Batch:
    """The lowest bit of the flags says that the call went out, as the triggers read it."""
    flags = pc.fill_null(cells.integers("flags"), 0)
    mine = pc.equal(pc.bit_wise_and(flags, 1), 1)
    peer, lasted = cells.texts("address"), cells.numbers("duration")
    times = epoch_times(cells, "date")
    columns = {
        **_columns(peer, me, mine, pc.greater(lasted, 0.0), lasted),
        "started_at": times.counted(source, "call.started_at"),
        **cells.marks(),
    }
    return _batch(columns, cells.locators("rowid"), peer)


def _columns(
    peer: pa.Array, me: str, mine: pa.Array, taken: pa.Array, lasted: pa.Array
) -> dict[str, pa.Array]:
    came = pc.if_else(pc.fill_null(taken, False), "in", "missed")
    return {
        "caller": pc.if_else(mine, me, peer),
        "callee": pc.if_else(mine, peer, me),
        "duration_s": lasted,
        "count": pa.repeat(1, len(peer)).cast(pa.int64()),
        "kind": pa.repeat("voice", len(peer)),
        "direction": pc.if_else(mine, "out", came),
    }


def _batch(columns: Mapping[str, pa.Array], locators: pa.Array, peer: pa.Array) -> Batch:
    reasons = pc.if_else(pc.is_null(peer), NOBODY, NULL) if peer.null_count else None
    return Batch(CALL, pa.RecordBatch.from_pydict(dict(columns)), locators, reasons)

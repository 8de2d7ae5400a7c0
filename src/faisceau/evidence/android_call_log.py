"""Android's call log as rows: a table that stands in three databases, under two names.

Schema: ``CallLogDatabaseHelper`` and ``ContactsDatabaseHelper`` of AOSP's ContactsProvider, the
constants of https://developer.android.com/reference/android/provider/CallLog.Calls. Samsung's
``logs`` has the same columns and holds texts too, which ``logtype`` tells (as open forensic tools
know it).

A call that free pages or the log alone hold is a row too: its ``source`` says so, and where.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.batches import alone, batch, only, present, rejecting
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    count_unread,
    epoch_times,
    looked_up,
    true,
)
from faisceau.evidence.reading import OWNER
from faisceau.tables.schemas import CALL, MESSAGE
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

NO_SIDES = N_("its type does not tell who called")

CALLS = frozenset({"_id", "number", "date", "duration", "type"})
"""Columns without which a table is no call log."""
TAKEN = """_id number presentation date duration type phone_account_address logtype m_content"""
LEFT = """post_dial_digits via_number data_usage features subscription_component_name
    subscription_id phone_account_hidden sub_id new name numbertype numberlabel countryiso
    voicemail_uri is_read geocoded_location lookup_uri matched_number normalized_number photo_id
    photo_uri formatted_number _data has_content mime_type source_data source_package state
    transcription transcription_state phone_account_migration_pending add_for_all_users
    last_modified call_screening_component_name call_screening_app_name block_reason missed_reason
    priority subject composer_photo_uri location is_call_log_phone_account_migration_pending
    is_business_call asserted_display_name is_verified_business_call dirty deleted backed_up
    restored archived raw_contact_id contactid messageid simid sim_id sim_slot voicenumber
    m_subject sns_tid sns_pkey sns_receiver_count sp_type e164_number cnap_name cdnip_number
    service_type frequent reject_flag phone_type fname lname bname cityid real_phone_id
    dormant_set remind_me_later_set real_number account_name account_id ringtone_uri
    photo_ring_uri firewalltype forwarded_call call_network_type encrypt_call number_type
    duration_type mark_deleted sync1 sync2 sync3 sync4 contact_id group_id sec_custom1 sec_custom2
    sec_custom3"""
"""Columns that no column of a call holds."""

_DIRECTIONS = {1: "in", 2: "out", 3: "missed", 4: "missed", 5: "missed", 6: "missed", 7: "in"}
_NOBODY = {"-1": "unknown", "-2": "private", "-3": "unknown"}
_PRESENTATION = {2: "private", 3: "unknown", 4: "unknown"}  # 1: allowed; 4: from a payphone
_TEXTS = (200, 300)  # ``logtype``: MMS, SMS
_LINE = r"^\+?[0-9]{6,15}$"


def call_log(database: Database, table: str) -> Iterator[Batch]:
    """The rows of a call log: calls, and Samsung's texts as messages."""
    names = ("_id", "number", "presentation", "duration", "type", "logtype")
    wanted = {**{n: n for n in names}, "line": "phone_account_address", "text": "m_content"}
    fields = present(database, table, {**wanted, "at": "date"})
    for cells in database.cells(table, fields, "ORDER BY rowid", "number date"):
        texts = pc.fill_null(pc.is_in(cells.integers("logtype"), value_set=pa.array(_TEXTS)), False)
        calls = _calls(database, cells)
        if not true(texts):
            yield calls
            continue
        yield only(calls, pc.invert(texts))
        yield only(_texts(database, cells), texts)


def _calls(database: Database, cells: Cells) -> Batch:
    types = pc.fill_null(cells.integers("type"), 0)
    for met in pc.value_counts(types).to_pylist():
        if met["values"] not in _DIRECTIONS:
            unknown = f"{cells.table} of type {met['values']}"
            database.source.tally.unknown[unknown] += met["counts"]
    direction = looked_up(types, _DIRECTIONS)
    out = pc.fill_null(pc.equal(direction, "out"), False)
    other, me = _other(cells), _holder(database, cells)
    seconds = cells.numbers("duration")
    negative = pc.fill_null(pc.less(seconds, 0), False)
    count_unread(database.source, "call.duration_s", true(negative))
    columns = {
        "ref": cells.texts("_id"),
        "caller": pc.if_else(out, me, other),
        "callee": pc.if_else(out, other, me),
        "started_at": epoch_times(cells, "at", 1000).counted(database.source, "call.started_at"),
        "duration_s": pc.if_else(negative, pa.scalar(None, pa.float64()), seconds),
        "count": pa.repeat(1, cells.n).cast(pa.int64()),
        "kind": "voice",
        "direction": direction,
        **cells.marks(),
    }
    reasons = rejecting(pc.is_null(direction), NO_SIDES, None)
    return batch(CALL, columns, cells.locators("_id"), reasons)


def _texts(database: Database, cells: Cells) -> Batch:
    """Texts that Samsung's log repeats: who and when, and how the words begin."""
    other, me = _other(cells), _holder(database, cells)
    types = pc.fill_null(cells.integers("type"), 0)
    out, into = (pc.equal(types, 2), pc.equal(types, 1))
    at = epoch_times(cells, "at", 1000)
    columns = {
        "app": "sms",
        "account": database.source.owner,
        "ref": cells.texts("_id"),
        "thread_id": other,
        "sender_id": pc.if_else(out, me, pc.if_else(into, other, NULL)),
        "recipients": alone(pc.if_else(out, other, pc.if_else(into, me, NULL))),
        "sent_at": at.at,
        "text": cells.texts("text"),
        "kind": "text",
        "deleted": cells.deleted(),
    }
    return batch(MESSAGE, columns, cells.locators("_id"), at.reasons)


def _other(cells: Cells) -> pa.Array:
    """The other number; a word that names nobody where it was withheld or is not known."""
    number = cells.texts("number")
    withheld = looked_up(cells.integers("presentation"), _PRESENTATION)
    return pc.coalesce(looked_up(number, _NOBODY), number, withheld, pa.scalar("unknown"))


def _holder(database: Database, cells: Cells) -> pa.Array:
    """The line that each call went over where it is a number, else the holder."""
    line = cells.texts("line")
    numbered = pc.fill_null(pc.match_substring_regex(line, _LINE), False)
    return pc.if_else(numbered, line, pa.scalar(database.source.owner or OWNER, STRING))

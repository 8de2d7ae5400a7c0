"""Android's address book: ``contacts2.db`` (and ``profile.db``), with its call log of old versions.

Schema: ``ContactsDatabaseHelper`` of AOSP's ContactsProvider, and
https://developer.android.com/reference/android/provider/ContactsContract.

- A contact is one raw contact: what one account says of a person. ``ref`` is its number.
- ``identifiers`` are its telephone numbers, mail addresses, messenger and SIP addresses, and what
  applications keep with it that is a number, an address or a jid.
- ``account`` is the account's name where that names somebody (a number, an address); the name of
  a book that every handset has (``Phone``, ``WhatsApp``) would tie them all together.
- A contact that was deleted stays a contact as long as its line stands; that it is marked so is
  counted. Data whose contact is gone is a reject that holds it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.android_call_log import CALLS, LEFT, TAKEN, call_log
from faisceau.evidence.batches import batch, only, present
from faisceau.evidence.databases import Cells, Database, opened, table_columns, text, true
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import Batch
from faisceau.words import N_

FILLS = [CONTACT, CALL, MESSAGE]

ORPHAN = N_("data of a contact that is gone")

_ITEM = "vnd.android.cursor.item/"
_IDENTIFIERS = frozenset(f"{_ITEM}{kind}" for kind in ("phone_v2", "email_v2", "im", "sip_address"))
_NAMES = tuple(f"{_ITEM}{kind}" for kind in ("name", "nickname", "organization"))
_TELEGRAM = re.compile(r"org\.telegram\.\S*profile$")
_TELLING = re.compile(r"\+?[0-9][0-9 ().-]{5,24}|[^@\s]+@[^@\s]+\.[^@\s]+")
"""A value that is a number, a mail address or a jid."""

_TAKEN = {
    "raw_contacts": "_id account_id account_name account_type deleted display_name",
    "data": "_id raw_contact_id mimetype_id data1 data2 data3 data4",
    "mimetypes": "_id mimetype",
    "accounts": "_id account_name account_type",
    "calls": TAKEN,
}
_LEFT = {
    "raw_contacts": """data_set sourceid backup_id raw_contact_is_read_only version dirty contact_id
        aggregation_mode aggregation_needed custom_ringtone send_to_voicemail times_contacted
        x_times_contacted last_time_contacted x_last_time_contacted starred pinned display_name_alt
        display_name_source phonetic_name phonetic_name_style sort_key sort_key_alt
        phonebook_label phonebook_bucket phonebook_label_alt phonebook_bucket_alt
        name_verified_inset name_verified sync1 sync2 sync3 sync4 metadata_dirty restricted_data
        is_restricted link link_type1 link1 has_email has_phone_number timestamp sec_custom_alert
        sec_custom_vibration sec_display_name sec_led sec_extra is_private display_name_reverse
        sort_key_custom sec_preferred_sim sec_preferred_video_call_account_id
        sec_preferred_video_call_account_name image_type""",
    "data": """package_id hash_id is_read_only is_primary is_super_primary data_version
        data5 data6 data7 data8 data9 data10 data11 data12 data13 data14 data15 data_sync1
        data_sync2 data_sync3 data_sync4 carrier_presence preferred_phone_account_component_name
        preferred_phone_account_id is_preferred_phone_account_migration_pending times_used
        last_time_used""",
    "accounts": "data_set x_is_default",
    "calls": LEFT,
}


def detect(head: Head) -> bool:
    """True for a SQLite file with raw contacts, their data and its types."""
    tables = table_columns(head)
    none: frozenset[str] = frozenset()
    return (
        "_id" in tables.get("raw_contacts", none)
        and tables.get("data", none) >= {"raw_contact_id", "mimetype_id", "data1"}
        and tables.get("mimetypes", none) >= {"_id", "mimetype"}
    )


def read(source: Source) -> Iterator[Batch]:
    """Contacts in the order of their table, then the calls that stand with them."""
    with opened(source) as database:
        said = _data(database)
        accounts = _accounts(database)
        for cells in _raw_contacts(database):
            yield _contacts(database, cells, said, accounts)
        for contact in said.values():
            for number, value in contact.all:
                source.reject(f"data {number}", ORPHAN, schema=CONTACT, raw=value)
        if database.has("calls", *CALLS):
            yield from call_log(database, "calls")
        database.settle(_TAKEN, _LEFT)


@dataclass(slots=True)
class _Said:
    """What the data of one raw contact say: names by type, identifiers, and everything."""

    names: dict[str, str] = field(default_factory=dict)
    identifiers: dict[str, None] = field(default_factory=dict)
    all: list[tuple[Any, str]] = field(default_factory=list)


def _data(database: Database) -> dict[int, _Said]:
    """What is said of each raw contact; other kinds of data are counted by their type."""
    types = {
        number: text(kind) or ""
        for number, kind in database.rows("SELECT _id, mimetype FROM mimetypes")
    }
    found: dict[int, _Said] = defaultdict(_Said)
    left: Counter[str] = Counter()
    columns = ("_id", "raw_contact_id", "mimetype_id", "data1", "data2", "data3", "data4")
    picked = ", ".join(database.pick("data", *columns))
    for number, contact, type_id, *values in database.rows(
        f"SELECT {picked} FROM data ORDER BY rowid"
    ):
        kind, said = types.get(type_id, "?"), found[contact]
        first, second, third, fourth = (_word(value) for value in values)
        said.all.append((number, first or fourth))
        if kind in _IDENTIFIERS:
            if value := first or fourth:
                said.identifiers[value] = None
        elif kind in _NAMES:
            said.names.setdefault(kind, first or f"{second} {third}".strip())
        elif _TELEGRAM.search(kind) and first.isdigit():
            said.identifiers[f"user{first}"] = None
        elif not kind.startswith(_ITEM + "vnd.") or not _TELLING.fullmatch(first):
            left[f"contact data of type {kind}"] += 1
        else:
            said.identifiers[first] = None
    for what, n in left.items():
        database.leave(what, n)
    return found


def _accounts(database: Database) -> dict[int, str]:
    if not database.has("accounts", "_id", "account_name"):
        return {}
    return {n: _word(name) for n, name in database.rows("SELECT _id, account_name FROM accounts")}


def _raw_contacts(database: Database) -> Iterator[Cells]:
    wanted = ("_id", "account_id", "account_name", "deleted", "display_name")
    fields = present(database, "raw_contacts", {name: name for name in wanted})
    yield from database.cells("raw_contacts", fields, "ORDER BY rowid")


def _contacts(
    database: Database, cells: Cells, said: dict[int, _Said], accounts: dict[int, str]
) -> Batch:
    each = [said.pop(number) if number in said else _Said() for number in cells.raw("_id")]
    books = zip(cells.raw("account_id"), cells.raw("account_name"), strict=True)
    shown = [_word(name) for name in cells.raw("display_name")]
    names = [
        name or next((s.names[kind] for kind in _NAMES if s.names.get(kind)), None)
        for name, s in zip(shown, each, strict=True)
    ]
    identifiers = [[*s.identifiers] or None for s in each]
    deleted = pc.equal(pc.fill_null(cells.integers("deleted"), 0), 1)
    database.leave("marks that a contact was deleted", true(deleted))
    empty = [not name and not ids for name, ids in zip(names, identifiers, strict=True)]
    database.leave("contacts without name or number", sum(empty))
    columns = {
        "ref": cells.texts("_id"),
        "account": [_account(accounts.get(n) or _word(name)) for n, name in books],
        "name": names,
        "identifiers": identifiers,
    }
    return only(batch(CONTACT, columns, cells.locators("_id")), pc.invert(pa.array(empty)))


def _account(name: str) -> str | None:
    """The account where its name tells whose it is."""
    return name if _TELLING.fullmatch(name) else None


def _word(value: Any) -> str:
    return (text(value) or "").strip()

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
- A contact that free pages or the log alone hold is a row too: its ``source`` says so, and where.
  It gets what they hold of its numbers; so does one that is marked deleted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.evidence.android_call_log import CALLS, LEFT, TAKEN, call_log
from faisceau.evidence.batches import batch, only, present
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    looked_up,
    opened,
    table_columns,
    text,
    true,
)
from faisceau.evidence.gathered import Gathered, among
from faisceau.evidence.lost import LEFT as LEFT_ROW
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CALL, CONTACT, MESSAGE
from faisceau.tables.schemas.schema import STRING, STRINGS, Batch
from faisceau.words import N_

FILLS = [CONTACT, CALL, MESSAGE]

ORPHAN = N_("data of a contact that is gone")

_ITEM = "vnd.android.cursor.item/"
_IDENTIFIERS = frozenset(f"{_ITEM}{kind}" for kind in ("phone_v2", "email_v2", "im", "sip_address"))
_NAMES = tuple(f"{_ITEM}{kind}" for kind in ("name", "nickname", "organization"))
_TELEGRAM = re.compile(r"org\.telegram\.\S*profile$")
_TELLING = r"\+?[0-9][0-9 ().-]{5,24}|[^@\s]+@[^@\s]+\.[^@\s]+"
"""A value that is a number, a mail address or a jid."""

_SAME_CONTACT = "display_name account_id account_name"
_SAME_DATA = "raw_contact_id mimetype_id data1 data2 data3 data4"
"""Columns that name a contact, and what is said of it, in whatever state its row is."""
_NO_NUMBER = pa.scalar(None, pa.int64())

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
        types = _Types.of(database)
        said, gone = _Data(types), _Data(types)
        for cells in _data(database, types):
            (gone if cells.lost else said).add(cells, database)
        book = _Book(said.gathered(), gone.gathered(), _accounts(database))
        for cells in _raw_contacts(database):
            yield book.contacts(database, cells)
        _reject_orphans(database, types, book)
        gone.reject_others(source, book.met)
        database.leave(LEFT_ROW, gone.of(book.met) - book.taken)
        if database.has("calls", *CALLS):
            yield from call_log(database, "calls")
        database.settle(_TAKEN, _LEFT)


# What is said of contacts.


@dataclass(frozen=True, slots=True)
class _Types:
    """Numbers of the types of data, by what is made of them."""

    named: dict[int, str]
    identifiers: list[int]
    telegram: list[int]
    applications: list[int]
    names: list[list[int]]
    """In the order in which they count."""

    @classmethod
    def of(cls, database: Database) -> "_Types":
        rows = database.rows("SELECT _id, mimetype FROM mimetypes")
        named = {n: text(kind) or "" for n, kind in rows if isinstance(n, int)}
        return cls(
            named,
            [n for n, kind in named.items() if kind in _IDENTIFIERS],
            [n for n, kind in named.items() if _TELEGRAM.search(kind)],
            [n for n, kind in named.items() if kind.startswith(_ITEM + "vnd.")],
            [[n for n, kind in named.items() if kind == name] for name in _NAMES],
        )


def _data(database: Database, types: _Types) -> Iterator[Cells]:
    fields = {"contact": "raw_contact_id", "type": "mimetype_id", "word": "data1"}
    fields["other"] = _other(database, types)
    yield from database.cells("data", fields, "ORDER BY rowid", _SAME_DATA)


def _other(database: Database, types: _Types) -> str:
    """SQL for what stands in the place of an empty ``data1``: names in parts, a number's form."""
    second, third, fourth = (
        f"COALESCE({column}, '')" if column != "NULL" else "''"
        for column in database.pick("data", "data2", "data3", "data4")
    )
    names = ", ".join(str(n) for numbers in types.names for n in numbers)
    return (
        f"CASE WHEN TRIM(COALESCE(data1, '')) = '' THEN CASE WHEN mimetype_id IN ({names})"
        f" THEN {second} || ' ' || {third} ELSE {fourth} END END"
    )


def _reject_orphans(database: Database, types: _Types, book: "_Book") -> None:
    """A reject for each row of ``data`` whose contact is gone, and was not found again."""
    [number] = database.pick("data", "_id")
    rows = database.rows(
        f"SELECT {number}, raw_contact_id, data1, {_other(database, types)} FROM data"
        " WHERE raw_contact_id IS NULL"
        " OR raw_contact_id NOT IN (SELECT _id FROM raw_contacts WHERE _id NOTNULL) ORDER BY rowid"
    )
    for at, contact, *words in rows:
        if contact not in book.found:
            said = next((w for value in words if (w := (text(value) or "").strip())), "")
            where = "data ?" if at is None else f"data {at}"
            database.source.reject(where, ORPHAN, schema=CONTACT, raw=said)


@dataclass(slots=True)
class _Said:
    """What is said of each contact: identifiers, and names by type."""

    identifiers: Gathered
    names: list[Gathered]


@dataclass(slots=True)
class _Data:
    """Rows of ``data`` in columns: identifiers, names by type; lost ones with all they say."""

    types: _Types
    rows: list[pa.Array] = field(default_factory=list)
    contacts: list[pa.Array] = field(default_factory=list)
    words: list[pa.Array] = field(default_factory=list)
    identifiers: list[pa.Array] = field(default_factory=list)
    names: list[list[pa.Array]] = field(default_factory=lambda: [[] for _ in _NAMES])

    def add(self, cells: Cells, database: Database) -> None:
        """Rows of the table; other kinds of data are counted by their type."""
        kinds, types = cells.integers("type"), self.types
        first = _words(cells, "word")
        word = pc.coalesce(first, _words(cells, "other"))
        plain = _is_in(kinds, types.identifiers)
        own = self._of_applications(kinds, first)
        self.contacts.append(cells.integers("contact"))
        if cells.lost:
            self.rows.append(cells.locators("_id"))
            self.words.append(word)
        self.identifiers.append(pc.if_else(plain, word, own))
        known = pc.or_(plain, pc.is_valid(own))
        for numbers, found in zip(types.names, self.names, strict=True):
            of_name = _is_in(kinds, numbers)
            found.append(pc.if_else(of_name, word, NULL))
            known = pc.or_(known, of_name)
        if not cells.lost:
            for met in pc.value_counts(kinds.filter(pc.invert(known))).to_pylist():
                kind = types.named.get(met["values"], "?")
                database.leave(f"contact data of type {kind}", met["counts"])

    def _of_applications(self, kinds: pa.Array, words: pa.Array) -> pa.Array:
        """What applications keep that identifies a contact: null elsewhere."""
        kept = _is_in(kinds, self.types.applications)
        if not true(kept):
            return pa.nulls(len(kinds), STRING)
        digits = pc.fill_null(pc.match_substring_regex(words, "^[0-9]+$"), False)
        telegram = pc.and_(_is_in(kinds, self.types.telegram), digits)
        user = pc.binary_join_element_wise("user", words, "")
        telling = pc.and_(kept, _is_telling(words))
        return pc.if_else(telegram, user, pc.if_else(telling, words, NULL))

    def gathered(self) -> _Said:
        names = [Gathered.firsts(self.contacts, found) for found in self.names]
        return _Said(Gathered.lists(self.contacts, self.identifiers), names)

    def reject_others(self, source: Source, met: Sequence[pa.Array]) -> None:
        """A reject for each lost row of a contact that is not among those met."""
        for rows, contacts, words in zip(self.rows, self.contacts, self.words, strict=True):
            other = pc.invert(among(contacts, met))
            for at, word in zip(
                rows.filter(other).to_pylist(), words.filter(other).to_pylist(), strict=True
            ):
                source.reject(at, ORPHAN, schema=CONTACT, raw=word or "")

    def of(self, met: Sequence[pa.Array]) -> int:
        """How many rows are of these contacts."""
        return sum(true(among(contacts, met)) for contacts in self.contacts)


def _is_in(kinds: pa.Array, numbers: Sequence[int]) -> pa.Array:
    return pc.is_in(kinds, value_set=pa.array(numbers, pa.int64()))


def _is_telling(words: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(words, f"^(?:{_TELLING})$"), False)


def _words(cells: Cells, name: str) -> pa.Array:
    """Texts without the space around them; null where nothing is left."""
    found = pc.utf8_trim_whitespace(cells.texts(name))
    return pc.if_else(pc.equal(found, ""), NULL, found)


# Contacts.


def _accounts(database: Database) -> dict[int, str]:
    if not database.has("accounts", "_id", "account_name"):
        return {}
    rows = database.rows("SELECT _id, account_name FROM accounts")
    return {n: name for n, stored in rows if (name := (text(stored) or "").strip())}


def _raw_contacts(database: Database) -> Iterator[Cells]:
    wanted = ("_id", "account_id", "account_name", "deleted", "display_name")
    fields = present(database, "raw_contacts", {name: name for name in wanted})
    yield from database.cells("raw_contacts", fields, "ORDER BY rowid", _SAME_CONTACT)


@dataclass(slots=True)
class _Book:
    """What is said of contacts, what was of those that are deleted, and who was met."""

    said: _Said
    gone: _Said
    accounts: Mapping[int, str]
    met: list[pa.Array] = field(default_factory=list)
    found: set[int] = field(default_factory=set)
    """Numbers of those that free pages or the log alone hold."""
    taken: int = 0
    """Identifiers found in free pages that stand with their contact again."""

    def contacts(self, database: Database, cells: Cells) -> Batch:
        """The contacts of one chunk."""
        ids = cells.integers("_id")
        self.met.append(ids)
        if cells.lost:
            self.found.update(ids.drop_null().to_pylist())
        marked = pc.equal(pc.fill_null(cells.integers("deleted"), 0), 1)
        if not cells.lost:
            database.leave("marks that a contact was deleted", true(marked))
        deleted = cells.deleted(marked)
        identifiers = self.said.identifiers.get(ids)
        if true(deleted) and len(self.gone.identifiers.keys):
            were = self.gone.identifiers.get(pc.if_else(deleted, ids, _NO_NUMBER))
            were = pc.if_else(pc.is_null(identifiers), were, pa.nulls(cells.n, STRINGS))
            self.taken += int(pc.sum(pc.list_value_length(were)).as_py() or 0)
            identifiers = pc.coalesce(identifiers, were)
        name = pc.coalesce(_words(cells, "display_name"), *(n.get(ids) for n in self.said.names))
        account = pc.coalesce(
            looked_up(cells.integers("account_id"), self.accounts), _words(cells, "account_name")
        )
        columns = {
            "ref": cells.texts("_id"),
            "account": pc.if_else(_is_telling(account), account, NULL),
            "name": name,
            "identifiers": identifiers,
            "deleted": deleted,
        }
        empty = pc.and_(pc.is_null(name), pc.is_null(identifiers))
        database.leave("contacts without name or number", true(empty))
        return only(batch(CONTACT, columns, cells.locators("_id")), pc.invert(empty))

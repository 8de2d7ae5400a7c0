"""Names that address books keep: ``wa.db`` on Android, ``ContactsV2.sqlite`` on iOS.

Read as exhibits of their own, and beside the messages for the names of who wrote.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pyarrow as pa

from faisceau.errors import BadInput
from faisceau.evidence.databases import text
from faisceau.evidence.reading import Source
from faisceau.evidence.whatsapp.android_book import android_book, is_android_book
from faisceau.evidence.whatsapp.database import Database
from faisceau.evidence.whatsapp.jids import phone
from faisceau.tables.schemas import CONTACT
from faisceau.tables.schemas.schema import STRING, STRINGS, Batch

ANDROID_BOOK = "wa.db"
_ANDROID_PLACES = (ANDROID_BOOK, f"databases/{ANDROID_BOOK}", f"../databases/{ANDROID_BOOK}")
IOS_BOOKS = ("ContactsV2.sqlite", "Contacts.sqlite")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where it stands, its jid, the name it is kept under, its other identifiers."""

    at: str
    jid: str | None
    name: str | None
    others: tuple[str, ...] = ()
    hidden: str | None = None
    """The hidden identifier (``@lid``) of the same person."""

    def identifiers(self) -> list[str]:
        """The number of a person's jid, else the jid; then what else there is, each once."""
        first = [] if self.jid is None else [phone(self.jid) or self.jid]
        hidden = [] if self.hidden is None else [self.hidden]
        found = list(first)
        for other in (*self.others, *hidden):
            digits = _digits(other)
            if all(other != one and (not digits or digits != _digits(one)) for one in found):
                found.append(other)
        return found


_IOS_NAMES = (
    "ZFULLNAME", "ZGIVENNAME", "ZFIRSTNAME", "ZLASTNAME", "ZBUSINESSNAME", "ZHIGHLIGHTEDNAME",
    "ZNICKNAME", "ZUSERNAME",
)  # fmt: skip


def is_ios_book(tables: Mapping[str, frozenset[str]]) -> bool:
    """True for the tables of ``ContactsV2.sqlite``, or of the older ``Contacts.sqlite``."""
    return "ZWHATSAPPID" in tables.get("ZWAADDRESSBOOKCONTACT", ()) or (
        tables.get("ZWAPHONE", frozenset()) >= {"ZWHATSAPPID", "ZCONTACT"}
        and "ZWACONTACT" in tables
    )


def ios_entries(db: Database) -> Iterator[Entry]:
    """Every entry of the address book as WhatsApp for iOS keeps it."""
    wanted: tuple[str, ...]
    if "ZWHATSAPPID" in db.tables.get("ZWAADDRESSBOOKCONTACT", ()):
        table = "ZWAADDRESSBOOKCONTACT"
        key = "Z_PK" if db.has(table, "Z_PK") else "rowid"
        wanted = (key, "ZWHATSAPPID", "ZLID", "ZPHONENUMBER", *_IOS_NAMES)
        rows = _wanted(db, table, wanted, key)
    else:
        table, key = "ZWAPHONE", "Z_PK"
        wanted = (key, "ZWHATSAPPID", "ZPHONE", *_IOS_NAMES)
        columns = ", ".join(_either(db, name, "ZWAPHONE", "ZWACONTACT") for name in wanted)
        rows = db.rows(
            f"SELECT {columns} FROM ZWAPHONE LEFT JOIN ZWACONTACT"
            " ON ZWACONTACT.Z_PK = ZWAPHONE.ZCONTACT ORDER BY ZWAPHONE.Z_PK"
        )
    for values in rows:
        one = {name: text(value) for name, value in zip(wanted, values, strict=True)}
        number = one.get("ZPHONENUMBER") or one.get("ZPHONE")
        yield Entry(
            f"{table} {one[key]}",
            _completed(one["ZWHATSAPPID"], "s.whatsapp.net"),
            _ios_name(one),
            (number,) if number else (),
            _completed(one.get("ZLID"), "lid"),
        )


def _ios_name(names: Mapping[str, str | None]) -> str | None:
    parts = (names["ZGIVENNAME"] or names["ZFIRSTNAME"], names["ZLASTNAME"])
    whole = " ".join(part for part in parts if part)
    further = (names[n] for n in ("ZBUSINESSNAME", "ZHIGHLIGHTEDNAME", "ZNICKNAME", "ZUSERNAME"))
    return next((n for n in (names["ZFULLNAME"], whole, *further) if n and n.strip()), None)


def _completed(jid: str | None, server: str) -> str | None:
    """A jid that may have been kept without its server."""
    return jid if not jid or "@" in jid else f"{jid}@{server}"


def _wanted(
    db: Database, table: str, wanted: tuple[str, ...], order: str
) -> Iterator[tuple[object, ...]]:
    have = db.tables[table] | {"rowid"}
    columns = ", ".join(name if name in have else "NULL" for name in wanted)
    return db.rows(f"SELECT {columns} FROM {table} ORDER BY {order}")


def _either(db: Database, column: str, *tables: str) -> str:
    return next((f"{t}.{column}" for t in tables if column in db.tables.get(t, ())), "NULL")


def _digits(value: str) -> str:
    return "".join(c for c in value if c.isdigit()) if "@" not in value else ""


def contact_batch(entries: list[Entry], account: str | None) -> Batch:
    """Entries as contacts."""
    n = len(entries)
    columns = {
        "account": pa.repeat(pa.scalar(account, STRING), n),
        "ref": pa.array([entry.jid for entry in entries], STRING),
        "name": pa.array([entry.name for entry in entries], STRING),
        "identifiers": pa.array([entry.identifiers() or None for entry in entries], STRINGS),
    }
    locators = pa.array([entry.at for entry in entries], STRING)
    return Batch(CONTACT, pa.RecordBatch.from_pydict(columns), locators)


# Beside the messages.


def android_names(source: Source) -> dict[str, str]:
    """Names by jid of the ``wa.db`` that lies beside a file; none when there is none."""
    found: dict[str, str] = {}
    with _book_beside(source, _ANDROID_PLACES, is_android_book) as db:
        for some in android_book(db, None) if db else ():
            rows = zip(*(some.columns[n].to_pylist() for n in ("ref", "name")), strict=True)
            found |= {jid: name for jid, name in rows if jid and name}
    return found


@dataclass(frozen=True, slots=True)
class IosNames:
    """Names by jid, hidden identifiers included, and the numbers of these."""

    names: Mapping[str, str]
    numbers: Mapping[str, str]


def ios_names(source: Source) -> IosNames:
    """The address book that lies beside a ``ChatStorage.sqlite``."""
    names: dict[str, str] = {}
    numbers: dict[str, str] = {}
    with _book_beside(source, IOS_BOOKS, is_ios_book) as db:
        for entry in ios_entries(db) if db else ():
            for jid in (entry.jid, entry.hidden):
                if jid and entry.name:
                    names.setdefault(jid, entry.name)
            if entry.jid and entry.hidden:
                numbers.setdefault(entry.hidden, entry.jid)
    for hidden, jid in _pairs(source):
        numbers.setdefault(hidden, jid)
    return IosNames(names, numbers)


def _pairs(source: Source) -> Iterator[tuple[str, str]]:
    """Hidden identifiers and the jids with the number, of ``LID.sqlite`` beside the messages."""
    table = "ZWAPHONENUMBERLIDPAIR"
    with _opened(source, "LID.sqlite") as db:
        if db is None or not db.has(table, "ZPHONENUMBER", "ZLID"):
            return
        for number, hidden in db.rows(f"SELECT ZPHONENUMBER, ZLID FROM {table}"):
            jid = _completed((text(number) or "").lstrip("+"), "s.whatsapp.net")
            lid = _completed(text(hidden), "lid")
            if jid and lid:
                yield lid, jid


@contextmanager
def _book_beside(
    source: Source, places: tuple[str, ...], is_book: Callable[..., bool]
) -> Iterator[Database | None]:
    """The book at the first of ``places`` that has one; damaged ones as far as they go."""
    for place in places:
        with _opened(source, place) as db:
            if db is None or not is_book(db.tables):
                continue
            yield db
            if db.damage or db.source.tally.rejects:
                source.leave(f"what is damaged of {place} beside it")
            return
    yield None


@contextmanager
def _opened(source: Source, place: str) -> Iterator[Database | None]:
    """The database at a place beside a file; None where there is none that can be opened."""
    member = source.attached(place)
    beside = None if member is None else Source(member, source.wishes)
    try:
        connection = None if beside is None else beside.sqlite()
    except BadInput:
        source.leave(f"{place} beside it, which cannot be opened")
        connection = None
    if beside is None or connection is None:
        yield None
        return
    with closing(connection):
        yield Database(beside, connection, beside.head.sqlite_tables)

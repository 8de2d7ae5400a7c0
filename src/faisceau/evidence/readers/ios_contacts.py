"""The address book of an iPhone: ``AddressBook.sqlitedb``.

Apple publishes no description of the file. ``ABPerson`` stands in
http://linuxsleuthing.blogspot.com/2012/10/addressing-ios6-address-book-and-sqlite.html; the
numbers of properties are those of Apple's own address book interface.

``name`` is how the phone shows a person, then the nickname in quotation marks and the
organisation in parentheses. ``identifiers`` are numbers, mail addresses, and the names in social
and messaging services. A person whom free pages or the log alone hold is a row too, with the
identifiers that they hold: its ``source`` says so, and where.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.errors import BadInput
from faisceau.evidence.databases import (
    NULL,
    Cells,
    Database,
    joined,
    looked_up,
    opened,
    table_columns,
    text,
    true,
)
from faisceau.evidence.gathered import Gathered, among
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CONTACT
from faisceau.tables.schemas.schema import STRING, Batch
from faisceau.words import N_

FILLS = [CONTACT]

_PHONE, _MAIL, _MESSAGING, _SOCIAL = 3, 4, 13, 46
_NAMED = ("rowid", "prefix", "first", "middle", "last", "suffix")
_OTHERS = ("nickname", "organization", "displayname", "compositenamefallback", "guid")
_FIELDS = (*_NAMED, *_OTHERS)
_READ = " or ".join(f"property = {number}" for number in (_PHONE, _MAIL, _MESSAGING, _SOCIAL))
_SAME_PERSON = "first last organization nickname displayname"
"""Columns that name a person, in whatever state the row is."""

_TAKEN = {
    "abperson": " ".join(_FIELDS),
    "abmultivalue": "uid record_id property value",
    "abmultivalueentry": "parent_id key value",
    "abmultivalueentrykey": "rowid value",
}
_LEFT = {
    "abperson": """
        alternatebirthday birthday cardtype creationdate department downtimewhitelist
        externalidentifier externalimageuri externalmodificationtag externalrepresentation
        externaluuid firstphonetic firstsort firstsortlanguageindex firstsortsection
        ignoredguids imagebackgroundcolorsdata imagehash imagetype imageuri isprefferedname
        ispreferredname jobtitle kind lastphonetic lastsort lastsortlanguageindex
        lastsortsection linkguids mapsdata memojimetadata middlephonetic modificationdate note
        organizationphonetic personlink phoneticorganization preferredapplepersonaidentifier
        preferredchannel preferredforimage preferredforlinkname preferredlikenesssource
        previousfamilyname sensitivecontentconfiguration sharedphotodisplaypreference storeid
        wallpaper wallpapermetadata watchwallpaperimagedata""",
    "abmultivalue": "guid identifier label rowid",
    "abmultivaluelabel": "rowid value",
    "abmultivalueentry": "rowid",
    "_sqlitedatabaseproperties": "key value",
}


def detect(head: Head) -> bool:
    """True for a SQLite file with Apple's ``ABPerson`` and ``ABMultiValue``."""
    tables = table_columns(head)
    return (
        {"rowid", "first", "last"} <= tables.get("abperson", frozenset())
        and {"record_id", "property", "value"} <= tables.get("abmultivalue", frozenset())
    )  # fmt: skip


def read(source: Source) -> Iterator[Batch]:
    """One contact for each person or organisation of the book.

    Raises ``BadInput`` at the end where damage could not be passed: the rest was given.
    """
    if not detect(source.head):
        raise BadInput(N_("{name} is no address book of an iPhone"), name=source.name)
    with opened(source) as database:
        named = _service_names(database)
        said, gone = _Values(), _Values()
        for cells in _values(database):
            (gone if cells.lost else said).add(cells, named)
        reachable = Gathered.lists(said.persons, said.words)
        once = Gathered.lists(gone.persons, gone.words)
        met: list[pa.Array] = []
        fields = dict(zip(_FIELDS, database.pick("abperson", *_FIELDS), strict=True))
        for cells in database.cells("abperson", fields, "ORDER BY rowid", _SAME_PERSON):
            persons = cells.integers("rowid")
            met.append(persons)
            identifiers = reachable.get(persons)
            if cells.lost:
                identifiers = pc.coalesce(identifiers, once.get(persons))
            columns = {
                "account": pa.repeat(pa.scalar(source.owner, STRING), cells.n),
                "ref": cells.texts("guid"),
                "name": _names(cells),
                "identifiers": identifiers,
                **cells.marks(),
            }
            yield Batch(CONTACT, pa.RecordBatch.from_pydict(columns), cells.locators("rowid"))
        everyone = pa.array(reachable.keys, pa.int64())
        left = len(everyone) - true(among(everyone, met))
        database.leave("numbers and addresses of persons who are gone", left)
        n = database.one(f"SELECT count(*) FROM abmultivalue WHERE NOT ({_READ})")
        database.leave("postal addresses, dates, links and relations of contacts", n)
        database.settle(_TAKEN, _LEFT)


@dataclass(slots=True)
class _Values:
    """Numbers, mail addresses and names in services in columns, and whose they are."""

    persons: list[pa.Array] = field(default_factory=list)
    words: list[pa.Array] = field(default_factory=list)

    def add(self, cells: Cells, named: Mapping[int, str]) -> None:
        value = pc.coalesce(cells.texts("value"), looked_up(cells.integers("uid"), named))
        value = pc.utf8_trim_whitespace(value)
        self.persons.append(cells.integers("record_id"))
        self.words.append(pc.if_else(pc.equal(value, ""), NULL, value))


def _values(database: Database) -> Iterator[Cells]:
    names = ("record_id", "value", "uid")
    fields = dict(zip(names, database.pick("abmultivalue", *names), strict=True))
    rest = f"WHERE {_READ} ORDER BY rowid"
    yield from database.cells("abmultivalue", fields, rest, "record_id property value")


def _service_names(database: Database) -> dict[int, str]:
    """What a social or messaging profile, a value of several entries, calls its person."""
    if not database.has("abmultivalueentry", "parent_id", "key", "value"):
        return {}
    if "value" not in database.tables.get("abmultivalueentrykey", ()):
        return {}
    rows = database.rows(
        "SELECT e.parent_id, e.value FROM abmultivalueentry e"
        " JOIN abmultivalueentrykey k ON k.rowid = e.key WHERE lower(k.value) = 'username'"
    )
    return {row: name for row, value in rows if (name := text(value))}


def _names(cells: Cells) -> pa.Array:
    """How each person is shown: ``Prefix First Middle Last Suffix "Nickname" (Organisation)``."""
    parts = [cells.texts(name) for name in _NAMED[1:]]
    nickname, organisation, shown, fallback = map(cells.texts, _OTHERS[:-1])
    whole = pa.nulls(cells.n, STRING)
    for part in parts:
        whole = joined(whole, part, " ")
    name = pc.coalesce(whole, shown)
    quoted = pc.binary_join_element_wise('"', nickname, '"', "")
    name = _beside(name, nickname, quoted)
    name = _beside(name, organisation, pc.binary_join_element_wise("(", organisation, ")", ""))
    return pc.coalesce(name, fallback)


def _beside(name: pa.Array, other: pa.Array, marked: pa.Array) -> pa.Array:
    """The name, then another one ``marked`` as such; that one alone where it is all there is."""
    if other.null_count == len(other):
        return name
    marked = pc.if_else(pc.fill_null(pc.equal(name, other), False), NULL, marked)
    return pc.coalesce(pc.binary_join_element_wise(name, marked, " "), name, other)

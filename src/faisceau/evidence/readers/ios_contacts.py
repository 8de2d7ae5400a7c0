"""The address book of an iPhone: ``AddressBook.sqlitedb``.

Apple publishes no description of the file. ``ABPerson`` stands in
http://linuxsleuthing.blogspot.com/2012/10/addressing-ios6-address-book-and-sqlite.html; the
numbers of properties are those of Apple's own address book interface.

``name`` is how the phone shows a person, then the nickname in quotation marks and the
organisation in parentheses. ``identifiers`` are numbers, mail addresses, and the names in social
and messaging services.
"""

from collections.abc import Iterator

import pyarrow as pa

from faisceau.errors import BadInput
from faisceau.evidence.databases import Cells, Database, opened, table_columns, text
from faisceau.evidence.reading import Head, Source
from faisceau.tables.schemas import CONTACT
from faisceau.tables.schemas.schema import STRING, STRINGS, Batch
from faisceau.words import N_

FILLS = [CONTACT]

_PHONE, _MAIL, _MESSAGING, _SOCIAL = 3, 4, 13, 46
_NAMED = ("rowid", "prefix", "first", "middle", "last", "suffix")
_OTHERS = ("nickname", "organization", "displayname", "compositenamefallback", "guid")
_FIELDS = (*_NAMED, *_OTHERS)
_READ = " or ".join(f"property = {number}" for number in (_PHONE, _MAIL, _MESSAGING, _SOCIAL))

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
        reachable = _reachable(database)
        fields = dict(zip(_FIELDS, database.pick("abperson", *_FIELDS), strict=True))
        for cells in database.cells("abperson", fields, "ORDER BY rowid"):
            columns = {
                "account": pa.repeat(pa.scalar(source.owner, STRING), cells.n),
                "ref": cells.texts("guid"),
                "name": _names(cells),
                "identifiers": pa.array(
                    [reachable.pop(row, None) for row in cells.raw("rowid")], STRINGS
                ),
            }
            yield Batch(CONTACT, pa.RecordBatch.from_pydict(columns), cells.locators("rowid"))
        database.leave("numbers and addresses of persons who are gone", len(reachable))
        n = database.one(f"SELECT count(*) FROM abmultivalue WHERE NOT ({_READ})")
        database.leave("postal addresses, dates, links and relations of contacts", n)
        database.settle(_TAKEN, _LEFT)


def _reachable(database: Database) -> dict[int, list[str]]:
    """Numbers, mail addresses and names in services of each person, each once."""
    uid = database.pick("abmultivalue", "uid")[0]
    named = _service_names(database)
    found: dict[int, dict[str, None]] = {}
    for person, value, key in database.rows(
        f"SELECT record_id, value, {uid} FROM abmultivalue WHERE {_READ} ORDER BY rowid"
    ):
        one = text(value) or named.get(key)
        if one and one.strip():
            found.setdefault(person, {})[one.strip()] = None
    return {person: list(values) for person, values in found.items()}


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
    names: list[str | None] = []
    columns = [cells.texts(name).to_pylist() for name in (*_NAMED[1:], *_OTHERS[:-1])]
    for *parts, nickname, organisation, shown, fallback in zip(*columns, strict=True):
        name = " ".join(part for part in parts if part) or shown or ""
        if nickname and nickname != name:
            name = f'{name} "{nickname}"' if name else nickname
        if organisation and organisation != name:
            name = f"{name} ({organisation})" if name else organisation
        names.append(name or fallback)
    return pa.array(names, STRING)

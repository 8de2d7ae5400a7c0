"""Reading: what a reader is given (a head to recognise, a source to read) and how it counts.

A reader is a module with ``FILLS`` (the schemas it fills), ``detect(head) -> bool`` and
``read(source) -> Iterator[Row | Batch]``. It opens no file and knows no case. Whatever it meets
is taken, left on purpose, or counted as unknown; a record that becomes no row is a reject.
"""

import io
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path, PurePosixPath
from posixpath import join, normpath
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

from lxml import etree

from faisceau.errors import BadInput, FieldError
from faisceau.evidence.encoding import encoding_of
from faisceau.evidence.mending import mended_xml
from faisceau.evidence.recovery import Recovered, Recovery
from faisceau.evidence.sqlite import (
    DAMAGED,
    JOURNALS,
    Evidence,
    open_sqlite,
    temporary_folder,
    unread_tables,
    with_journals,
)
from faisceau.evidence.sqlite import MAGIC as SQLITE_MAGIC
from faisceau.tables.schemas.schema import Batch, Row, Schema
from faisceau.words import N_

if TYPE_CHECKING:
    from faisceau.evidence.profiles import Profile

HEAD_BYTES = 65_536
LONGEST_LINE = 16 << 20
"""Bytes; a longer line is no record of any known format: it is rejected, unread."""
PARIS = ZoneInfo("Europe/Paris")
OWNER = "owner"
"""Stands for the holder of the handset where its source names no account of theirs: it says who
sent, but it is no identifier, and never ties two exhibits together."""

T = TypeVar("T")


class Reader(Protocol):
    """A reader module, as the desk sees it."""

    __name__: str
    __doc__: str | None
    FILLS: list[Schema]

    def detect(self, head: "Head") -> bool:
        """True when the file is of this reader's format, by its content."""
        ...

    def read(self, source: "Source") -> Iterator[Row | Batch]:
        """The rows of the file."""
        ...


@dataclass(frozen=True)
class Member:
    """One file of an exhibit: the exhibit itself, or a member of its folder or archive.

    ``open`` gives its bytes from the start; ``local`` a read-only file on disk with these bytes,
    for as long as the reading lasts; ``sha256`` their hash, or None where not known yet. ``live``
    is, for a database that has a log beside it, the database with that log replayed; ``scratch``
    makes an empty folder for working copies, for as long as the reading lasts.
    """

    name: str
    size: int
    open: Callable[[], BinaryIO]
    local: Callable[[], Path]
    sha256: Callable[[], str]
    live: Callable[[], Path] | None = None
    scratch: Callable[[], Path] | None = None


@dataclass(frozen=True)
class Wishes:
    """What the person who adds the exhibit said about it (``add``'s options)."""

    as_table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Native column name -> header of the file (``--map native=THEIRS``)."""
    timezone: ZoneInfo = PARIS
    """Zone of times that state none."""
    profile: "Profile | None" = None
    """How the file is written, where the person said so (``--profile``)."""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    """What the key files hold that were handed over (``--key-file``): passwords and keys."""


@dataclass(frozen=True)
class Head:
    """What a reader recognises a file by: its first bytes and what they open."""

    member: Member
    start: bytes
    wishes: Wishes = field(default_factory=Wishes)

    @classmethod
    def of(cls, member: Member, wishes: Wishes | None = None) -> "Head":
        """The head of ``member``: at most ``HEAD_BYTES`` bytes are read."""
        with member.open() as stream:
            start = stream.read(HEAD_BYTES)
        return cls(member, start, wishes or Wishes())

    @property
    def name(self) -> str:
        """File name, without folders; a hint at most: detection is by content."""
        return PurePosixPath(self.member.name).name

    @property
    def whole(self) -> bool:
        """True when ``start`` is the whole file."""
        return self.member.size <= len(self.start)

    @cached_property
    def encoding(self) -> str | None:
        """The text encoding of the file; None when it is no text."""
        return encoding_of(self.start) if self.start else None

    @cached_property
    def text(self) -> str:
        """The beginning as text, byte-order mark removed; empty when it is no text."""
        if self.encoding is None:
            return ""
        return self.start.decode(self.encoding, "ignore").removeprefix("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """The first lines; the last, probably cut, is left out unless the file ends there."""
        lines = self.text.splitlines()
        return lines if self.whole else lines[:-1]

    @cached_property
    def xml_root(self) -> str | None:
        """Local name of the root element of an XML file."""
        if "<" not in self.text[:1024]:
            return None
        parser = etree.XMLPullParser(
            events=("start",), resolve_entities=False, no_network=True, load_dtd=False
        )
        try:
            parser.feed(self.start[:16384])
            for _, element in parser.read_events():
                return str(etree.QName(element).localname)
        except (etree.XMLSyntaxError, ValueError):
            return None
        return None

    @cached_property
    def sqlite_tables(self) -> Mapping[str, frozenset[str]]:
        """Column names by table of a SQLite file; empty when it is none, or unreadable.

        With a log beside it, those of the database with that log replayed.
        """
        if not self.start.startswith(SQLITE_MAGIC) and (self.start or self.member.live is None):
            return {}
        for path in filter(None, (self.member.live, self.member.local)):
            try:
                with closing(open_sqlite(path())) as db:
                    names = [
                        name
                        for (name,) in db.execute(
                            "SELECT name FROM sqlite_master WHERE type='table'"
                        )
                        if isinstance(name, str) and '"' not in name  # else damaged or hostile
                    ]
                    return {
                        name: frozenset(
                            row[1] for row in db.execute(f'PRAGMA table_info("{name}")')
                        )
                        for name in names
                    }
            except DAMAGED:
                continue
        return {}

    @property
    def is_json(self) -> bool:
        """True when the text starts as a JSON object or array."""
        return self.text.lstrip()[:1] in ("{", "[")


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that became no row: where it stands, why (template), how it begins."""

    locator: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    table: str | None = None
    raw: str = ""


@dataclass
class Tally:
    """What reading one file counted; ``unread`` is keyed ``table.column``.

    ``assumed`` counts, by zone, the times that stated none and were read in it. Of a database,
    ``tables_read`` are the tables that a statement read a column of, ``tables_unread`` the rows of
    the others that hold any (see ``sqlite.unread_tables``).
    """

    records: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    assumed: Counter[str] = field(default_factory=Counter)
    tables_read: set[str] = field(default_factory=set)
    tables_unread: dict[str, int] = field(default_factory=dict)


class Source:
    """One file as its reader sees it."""

    def __init__(
        self,
        member: Member,
        wishes: Wishes | None = None,
        siblings: Mapping[str, Member] | None = None,
        owner: str | None = None,
        exhibit: str = "",
    ) -> None:
        self._exhibit = exhibit
        self._siblings = siblings or {}
        self._folder = member.scratch or temporary_folder()
        self.member = with_journals(member, self._siblings, self._folder)
        self.wishes = wishes or Wishes()
        self.owner = owner
        self.tally = Tally()
        self.current: Record | None = None

    @property
    def name(self) -> str:
        """Path inside the exhibit."""
        return self.member.name

    @property
    def place(self) -> str:
        """Path with the name of the exhibit in front, where that is a folder or an archive."""
        if self._exhibit in ("", self.name):
            return self.name
        return f"{self._exhibit}/{self.name}"

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of times that state none."""
        return self.wishes.timezone

    def open(self) -> BinaryIO:
        """The bytes, from the start."""
        return self.member.open()

    def path(self) -> Path:
        """A read-only file on disk with these bytes."""
        return self.member.local()

    @cached_property
    def head(self) -> Head:
        """The beginning of the file, as detection saw it."""
        return Head.of(self.member, self.wishes)

    def sibling(self, name: str) -> "Source | None":
        """The file ``name`` (last path part, case ignored) beside this one, or None."""
        wanted = str(PurePosixPath(self.name).with_name(PurePosixPath(name).name or "?")).casefold()
        member = self._beside.get(wanted)
        return None if member is None else Source(member, self.wishes, self._siblings)

    def attached(self, path: str) -> Member | None:
        """The file at ``path``, relative to this one's folder; None when it is not there."""
        if not self._beside:
            return None
        here = join(self.name.rpartition("/")[0], path.replace("\\", "/"))
        return self._beside.get(normpath(here).casefold())

    @cached_property
    def _beside(self) -> Mapping[str, Member]:
        """Siblings by path, case ignored: an export may name thousands of attachments."""
        return {str(PurePosixPath(path)).casefold(): m for path, m in self._siblings.items()}

    def sqlite(self, *, replayed: bool = True) -> Evidence:
        """The file as a SQLite database, read-only. Raises ``BadInput`` when it is damaged.

        A log beside it (``-wal``, ``-journal``) is replayed on a copy first; ``replayed=False``
        opens the file as it stands. Which tables are read is noted in the tally; when the
        connection is closed, so are the others that hold rows.
        """
        path = self._live if replayed else self.path()
        try:
            db = open_sqlite(path, self.tally.tables_read)
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except DAMAGED as error:
            raise BadInput(
                N_("{name} is not a readable SQLite database: {why}"), name=self.name, why=error
            ) from error
        db.folder, db.gap, db.before_closing = self._folder, self._gap, self._count_unread
        return db

    def recovered(self, table: str) -> Iterator[Recovered]:
        """The rows of a table that the database does not hold any more: see ``recovery``.

        A row is a mapping by column; ``rowid`` is its number where that is left, ``where`` says
        where it was found, ``replaced`` that a row of this number is there with other values.
        """
        return self._recovery.rows(table)

    @cached_property
    def _recovery(self) -> Recovery:
        beside = {name: self.sibling(self.name.rpartition("/")[2] + name) for name in JOURNALS}
        journals = {suffix: one.path() for suffix, one in beside.items() if one is not None}
        return Recovery(self._live, self.path(), journals)

    @cached_property
    def _live(self) -> Path:
        """The database with its log replayed, or the file as it stands where that fails."""
        if self.member.live is None:
            return self.path()
        try:
            return self.member.live()
        except (*DAMAGED, OSError) as error:
            reason = N_("the log beside the database cannot be replayed: {why}")
            self.reject(self.name, reason, why=str(error))
            return self.path()

    def _gap(self, table: str, before: int | None, after: int | None, why: Exception) -> None:
        """One reject for the rows that damaged pages may have held."""
        reason = N_("damaged pages: rows from {first} to {last} may be lost ({why})")
        first = "…" if before is None else before + 1
        last = "…" if after is None else after - 1
        self.reject(f"{table} {first}", reason, first=first, last=last, why=str(why))

    def _count_unread(self) -> None:
        self.tally.tables_unread = unread_tables(self._live, self.tally.tables_read)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Number (from 1) and text of each line, without its end; over-long ones are rejected.

        Bytes that do not decode become U+FFFD. ``\\n``, ``\\r\\n`` and ``\\r`` end a line.
        """
        encoding = self.head.encoding
        if encoding is None:
            raise BadInput(N_("{name} is not a text file"), name=self.name)
        with self.open() as raw, io.TextIOWrapper(raw, encoding, "replace", newline=None) as text:
            for number in count(1):
                line = text.readline(LONGEST_LINE)
                if not line:
                    return
                if len(line) == LONGEST_LINE and not line.endswith("\n"):
                    self.reject(f"line {number}", N_("A line longer than 16 MiB"), raw=line[:200])
                    while (more := text.readline(LONGEST_LINE)) and not more.endswith("\n"):
                        pass
                    continue
                yield number, line.rstrip("\n").removeprefix("\ufeff")

    def elements(self, *tags: str) -> Iterator[Any]:
        """The XML elements with these local names (none: the root's children), streamed.

        Each is complete when yielded and freed afterwards; see ``xml_events`` for what is refused.
        """
        wanted = set(tags)
        depth = inside = 0
        for event, element in self.xml_events():
            if event == "start":
                depth += 1
                inside += etree.QName(element).localname in wanted if wanted else depth == 2
                continue
            depth -= 1
            if inside:
                inside -= etree.QName(element).localname in wanted if wanted else depth == 1
                if inside:
                    continue
                yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]

    def xml_events(self) -> Iterator[tuple[str, Any]]:
        """The start and end of each XML element, streamed; whoever takes them frees them.

        Characters that XML forbids are mended. A document that declares entities is refused
        (``BadInput``); a damaged one raises after its readable part was given.
        """
        hostile = BadInput(N_("{name} declares XML entities: refused as hostile"), name=self.name)
        if b"<!ENTITY" in self.head.start or "<!ENTITY" in self.head.text:
            raise hostile
        try:
            with self.open() as stream:
                events = etree.iterparse(
                    mended_xml(stream, self.head.start),
                    events=("start", "end"),
                    encoding="utf-8",
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    remove_comments=True,
                    remove_pis=True,
                    huge_tree=True,  # one text may be longer than 10 MB
                )
                for event, element in events:  # the first alone: what follows goes by at once
                    dtd = element.getroottree().docinfo.internalDTD
                    if dtd is not None and next(dtd.iterentities(), None) is not None:
                        raise hostile
                    yield event, element
                    yield from events
        except etree.XMLSyntaxError as error:
            raise BadInput(
                N_("{name} is damaged XML: {why}"), name=self.name, why=error.msg
            ) from error

    def record(self, values: Any, locator: str = "") -> "Record":
        """Open one record (XML element, mapping, SQLite row): use it in a ``with`` block."""
        return Record(self, values, locator)

    def reject(
        self,
        locator: str,
        reason: str,
        *,
        schema: Schema | None = None,
        raw: str = "",
        **facts: Any,
    ) -> None:
        """Count a record that becomes no row; ``reason`` is a template filled with ``facts``."""
        table = schema.name if schema else None
        self.tally.records += 1
        self.tally.rejects.append(Reject(locator, reason, facts, table, raw[:500]))

    def leave(self, what: str, n: int = 1) -> None:
        """Count something seen and left on purpose (shown as such, never as lost)."""
        self.tally.left[what] += n


_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError)
"""What a converter may raise on a value that it cannot read."""


class Record:
    """One record of a source: fields are taken, left on purpose, or counted as unknown.

    Inside the ``with`` block a ``FieldError`` (or ``ValueError`` of a converter) rejects this
    record alone. A record that gave neither a row nor a reject must have been ``set_aside``.
    """

    __slots__ = ("_aside", "_element", "_source", "_used", "_values", "locator", "rows")

    def __init__(self, source: Source, values: Any, locator: str) -> None:
        self._source = source
        self._values: Mapping[str, Any] = values if type(values) is dict else _mapping(values)
        self._element = None
        self._used: set[str] = set()
        self._aside = False
        self.rows = 0
        self.locator = locator
        if self._values is not values and isinstance(values, etree._Element):
            self._element = values
            self.locator = locator or f"line {values.sourceline}"

    def __enter__(self) -> Self:
        self._source.current = self
        self._source.tally.records += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> bool:
        self._source.current = None
        if error is None:
            if not self._used.issuperset(self._values):
                self._source.tally.unknown.update(self._values.keys() - self._used)
            if not self.rows and not self._aside:
                self._reject(N_("no row came of it"), {})
            return True
        if isinstance(error, FieldError):
            self._reject(error.message, error.facts)
        elif isinstance(error, (ValueError, OverflowError)):
            self._reject(N_("unreadable: {why}"), {"why": str(error)[:200]})
        else:
            return False
        return True

    def _reject(self, reason: str, facts: Mapping[str, Any]) -> None:
        raw = self._raw()
        self._source.tally.rejects.append(Reject(self.locator, reason, facts, raw=raw))

    def expect(self, tag: str) -> None:
        """Reject the record unless its XML element is called ``tag``."""
        found = str(etree.QName(self._element).localname) if self._element is not None else ""
        if found != tag:
            raise FieldError(N_("not a {wanted} but a {found}"), wanted=tag, found=found)

    def leave(self, *names: str) -> None:
        """Fields known and not wanted."""
        self._used.update(names)

    def set_aside(self, why: str) -> None:
        """The whole record is known and gives no row, on purpose: counted as left."""
        self._aside = True
        self._used.update(self._values)
        self._source.leave(why)

    def take(self, name: str, convert: Callable[[Any], T] = str) -> T:  # type: ignore[assignment]
        """A field the record cannot do without; absent or unreadable, the record is rejected."""
        self._used.add(name)
        raw = self._values.get(name)
        if raw is None:
            raise FieldError(N_("no {field}"), field=name)
        try:
            return convert(raw)
        except _UNREADABLE as error:
            raise FieldError(
                N_("unreadable {field}: {value}"), field=name, value=str(raw)[:80]
            ) from error

    def maybe(
        self,
        name: str,
        convert: Callable[[Any], T] = str,  # type: ignore[assignment]
    ) -> T | None:
        """A field the record can do without; unreadable, it is null and counted ``unread``."""
        self._used.add(name)
        raw = self._values.get(name)
        if raw is None or raw == "":
            return None
        if convert is str and type(raw) is str:
            return raw  # type: ignore[return-value]  # T is str
        try:
            return convert(raw)
        except _UNREADABLE:
            self._source.tally.unread[name] += 1
            return None

    def _raw(self) -> str:
        if self._element is not None:
            return str(etree.tostring(self._element, encoding="unicode"))[:500]
        return str(dict(self._values))[:500]


def read_rows(reader: Reader, source: Source) -> Iterator[tuple[Row | Batch, str]]:
    """Run a reader: each row or batch, with the locator of the record it came from.

    Also tells the open record that it gave a row. Everything that reads goes through here.
    """
    for item in reader.read(source):
        record = source.current
        if record is None or isinstance(item, Batch):
            yield item, ""
        else:
            record.rows += 1
            yield item, record.locator


def _mapping(values: Any) -> Mapping[str, Any]:
    if isinstance(values, etree._Element):
        return dict(values.attrib)
    if isinstance(values, sqlite3.Row):
        return {key: values[key] for key in values.keys()}  # noqa: SIM118 - a Row iterates values
    if isinstance(values, Mapping):
        return values
    raise TypeError(type(values))

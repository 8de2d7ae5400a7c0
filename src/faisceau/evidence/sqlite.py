"""SQLite as evidence: read-only, its log replayed on a copy, read past its damage.

A database is opened read-only and immutable: nothing of it changes, nothing is written beside it.
What lies in a write-ahead log (``-wal``) or has to be taken back by a rollback journal
(``-journal``) counts for the application that wrote it; both are replayed on a copy. The file as
it stands is kept apart: ``Source.sqlite(replayed=False)`` opens it, and ``Source.recovered``
gives the rows that it alone holds.

Which tables were read is known from SQLite itself, which says for each statement what it reads
(``sqlite3_set_authorizer``). A table is read when a column of it is: counting its rows is not
reading it.

File format: https://www.sqlite.org/fileformat2.html
"""

import re
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faisceau.evidence.reading import Member

MAGIC = b"SQLite format 3\x00"
JOURNALS = ("-wal", "-journal")
"""What is added to the name of a database to call its log, and its rollback journal."""
ROWS = 50_000
"""Rows given at once."""
COUNTED = 1_000_000
"""Rows of a table that are counted, at most: this number means that many or more."""
COUNTING_S = 5.0
"""Seconds spent on counting the rows of tables that nobody read, at most."""

DAMAGED = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What the module raises on damage: the second when SQLite quotes bytes of it in its message."""
DAMAGE = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FORMAT}
)
_LOG, _HOT = b"\x37\x7f\x06", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""How a log begins, and a journal whose transaction did not end (file format, 4.1 and 3)."""
_WAL_HEADER = 32
_FIRST, _LAST = -(1 << 63), (1 << 63) - 1
_STRETCHES = 1000
"""Damaged places passed in one table, at most."""

Gap = Callable[[str, int | None, int | None, Exception], None]
"""Told each damaged place of a table: the keys before and after it (None: no row there), why."""


class Evidence(sqlite3.Connection):
    """A database opened as evidence: it knows where it lies, and which tables were read."""

    path: Path
    read: set[str]
    """Tables a column of which a statement read; shared by all connections of one source."""
    gap: Gap | None = None
    before_closing: Callable[[], None] | None = None
    folder: Callable[[], Path] | None = None
    """Makes an empty folder for a working copy."""
    _sound: "Evidence | None" = None

    def close(self) -> None:
        """Close it, and what was made to read past its damage."""
        done, self.before_closing = self.before_closing, None
        if done is not None:
            done()
        if self._sound is not None:
            self._sound.close()
        super().close()

    @property
    def readable(self) -> "Evidence":
        """The sound copy where damage was met, else this one."""
        return self if self._sound is None else self._sound

    def sound(self) -> "Evidence":
        """A copy that holds every row which can be read, made at the first damage met.

        Indexes may be damaged too: it has none. The places where rows may be missing are told to
        ``gap``.
        """
        if self._sound is None:
            self.folder = self.folder or temporary_folder()
            path = self.folder() / "sound"
            _salvage(self.path, path, self.gap)
            self._sound = open_sqlite(path)
            self._sound.text_factory = self.text_factory
            self._sound.row_factory = self.row_factory
        return self._sound


def open_sqlite(path: Path, read: set[str] | None = None) -> Evidence:
    """A SQLite file as evidence: read-only and immutable; text that is no UTF-8 is mended.

    ``read``: where the names of the tables go that are read.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    db = sqlite3.connect(uri, uri=True, factory=Evidence)
    db.path = path
    db.read = set() if read is None else read
    # Lets SQLite read a truncated file up to where it ends; nothing is writable (mode=ro).
    db.execute("PRAGMA writable_schema = ON")
    db.row_factory = sqlite3.Row
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    db.set_authorizer(_noting(db.read))
    return db


def _noting(read: set[str]) -> Callable[..., int]:
    def note(action: int, table: str | None, column: str | None, of: str | None, _: Any) -> int:
        own = of != "temp" and not (table or "").startswith("sqlite_")
        if action == sqlite3.SQLITE_READ and table and column and own:
            read.add(table)
        return sqlite3.SQLITE_OK

    return note


def is_damage(error: Exception) -> bool:
    """True for what SQLite raises on a damaged file, not on a wrong statement."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in DAMAGE


def tables(db: sqlite3.Connection) -> dict[str, str]:
    """The ordinary tables and the SQL that made each: no views, no indexes, no machinery."""
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
    found = {
        name: made
        for name, made in map(tuple, db.execute(sql))
        if isinstance(name, str) and isinstance(made, str) and '"' not in name
    }
    virtual = {name for name, made in found.items() if made[:20].upper().startswith("CREATE VIRT")}
    return {
        name: made
        for name, made in found.items()
        if name not in virtual
        and not name.startswith("sqlite_")
        and not any(name.startswith(f"{search}_") for search in virtual)
    }


# The log beside a database.


def with_journals(
    member: "Member", beside: Mapping[str, "Member"], folder: Callable[[], Path]
) -> "Member":
    """The member, able to give its database with the log beside it replayed.

    ``folder`` makes an empty folder for the copy; it is asked for when somebody wants it.
    """
    journals = {
        suffix: beside[name]
        for suffix in JOURNALS
        if (name := f"{member.name}{suffix}") in beside and beside[name].size
    }
    if member.live is not None or not journals:
        return member
    return replace(member, live=_Replayed(member, journals, folder))


class _Replayed:
    """The database of a member with its log replayed, made once."""

    def __init__(
        self, member: "Member", journals: Mapping[str, "Member"], folder: Callable[[], Path]
    ) -> None:
        self._member, self._journals, self._folder = member, journals, folder
        self._path: Path | None = None

    def __call__(self) -> Path:
        if self._path is None:
            journals = {
                suffix: one.local() for suffix, one in self._journals.items() if _counts(one)
            }
            main = self._member.local()
            self._path = replay(main, journals, self._folder()) if journals else main
        return self._path


def _counts(journal: "Member") -> bool:
    """Whether a log holds anything to replay: many are empty, or were and kept their length."""
    with journal.open() as stream:
        start = stream.read(_WAL_HEADER + 1)
    return start.startswith(_HOT) or (start.startswith(_LOG) and len(start) > _WAL_HEADER)


def replay(database: Path, journals: Mapping[str, Path], folder: Path) -> Path:
    """A copy of the database in ``folder``, its log replayed by SQLite itself.

    Raises ``sqlite3.DatabaseError`` when that cannot be done.
    """
    copy = folder / "database"
    shutil.copyfile(database, copy)
    room = copy.stat().st_size
    for suffix, journal in journals.items():
        beside = folder / f"database{suffix}"
        shutil.copyfile(journal, beside)
        room += beside.stat().st_size
    with closing(sqlite3.connect(copy)) as db:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes back what it must
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if copy.stat().st_size > room:  # it would hold pages that neither of the two had
        raise sqlite3.DatabaseError("the log asks for pages that it does not hold")
    return copy


def temporary_folder() -> Callable[[], Path]:
    """Makes folders for working copies, removed when nothing needs them any more."""
    kept: list[TemporaryDirectory[str]] = []

    def make() -> Path:
        kept.append(TemporaryDirectory(prefix="faisceau-"))
        return Path(kept[-1].name)

    return make


# Reading past damage.


def chunks(db: Evidence, sql: str, size: int = ROWS, *, flat: bool = False) -> Iterator[list[Any]]:
    """The rows of a query, ``size`` at a time, also those behind damaged pages.

    Where pages are damaged the query goes on over ``db.sound()`` with the rows that it has not
    given yet: those after as many, where it says an order, else those that were not among them.
    ``flat``: their values one after the other, which costs less than a tuple a row.
    """
    given = 0
    for again in (False, True):
        rows: list[Any] = []
        try:
            cursor = _rest(db, sql, given) if again else iter(db.execute(sql))
            while True:
                rows = []
                piece = islice(cursor, size)
                # keeps what came before an error
                rows.extend(chain.from_iterable(piece) if flat else piece)
                if not rows:
                    return
                given += size
                yield rows
        except DAMAGED as error:
            if again or not is_damage(error):
                raise
            if rows:
                width = len(db.execute(sql).description) if flat else 1
                given += len(rows) // width
                yield rows


def _rest(db: Evidence, sql: str, given: int) -> Iterator[Any]:
    """The rows of a query over the sound copy, without the first ``given`` over the damaged one.

    An index may be gone from the copy, and with it an order that no ``ORDER BY`` asks for.
    """
    rows = db.sound().execute(sql)
    if not given or "ORDER BY" in sql:
        return islice(rows, given, None)
    before = Counter(islice(db.execute(sql), given))
    return (row for row in rows if not _counted_off(before, row))


def _counted_off(before: "Counter[Any]", row: Any) -> bool:
    before[row] -= 1
    return before[row] >= 0


def stretches(
    db: sqlite3.Connection, table: str, gap: Gap | None = None
) -> Iterator[tuple[int, int]]:
    """Where each stretch of a table begins that can be read, by rowid, and its number of rows.

    ``gap`` is told what lies between two. Raises ``sqlite3.OperationalError`` for a table that
    has no rowid.
    """
    sql = f'SELECT rowid, * FROM "{table}" WHERE rowid >= ? ORDER BY rowid'
    start = next_ = _FIRST
    for _ in range(_STRETCHES):
        rows, why = 0, None
        try:
            for row in db.execute(sql, (start,)):
                if row[0] < next_:
                    raise sqlite3.DatabaseError("rows out of order")
                rows, next_ = rows + 1, row[0] + 1
        except DAMAGED as error:
            why = _damage(error)
            # the module looks one row ahead, and loses the row before the damage with it
            while (row := _row(db, sql, next_)) is not None:
                rows, next_ = rows + 1, row[0] + 1
        if rows:
            yield start, rows
        if why is None:
            return
        after = _behind(db, sql, next_)
        if gap is not None:
            gap(table, None if next_ == _FIRST else next_ - 1, after, why)
        if after is None:
            return
        start = next_ = after
    if gap is not None:
        gap(table, next_ - 1, None, sqlite3.DatabaseError("damaged in too many places"))


def _damage(error: Exception) -> Exception:
    if not is_damage(error):
        raise error
    return error


def _row(db: sqlite3.Connection, sql: str, start: int) -> Any:
    """The first row from ``start`` on; None when there is none, or it cannot be read."""
    if start > _LAST:
        return None
    try:
        row = db.execute(f"{sql} LIMIT 1", (start,)).fetchone()
    except DAMAGED as error:
        _damage(error)
        return None
    return row if row is not None and row[0] >= start else None


def _behind(db: sqlite3.Connection, sql: str, start: int) -> int | None:
    """The first rowid behind the damage at ``start`` of which a row is left; None if none is.

    The step doubles until a row is readable, then the place is narrowed down.
    """
    low, step = start, 1
    while True:
        high = min(start + step, _LAST)
        if _readable(db, sql, high):
            break
        if high == _LAST:
            return None
        low, step = high + 1, step * 2
    while low < high:
        middle = (low + high) // 2
        if _readable(db, sql, middle):
            high = middle
        else:
            low = middle + 1
    row = _row(db, sql, high)
    return None if row is None else int(row[0])


def _readable(db: sqlite3.Connection, sql: str, start: int) -> bool:
    """True when the first row from ``start`` on can be read, or there is none."""
    try:
        db.execute(f"{sql} LIMIT 1", (start,)).fetchone()
    except DAMAGED as error:
        _damage(error)
        return False
    return True


def _salvage(damaged: Path, sound: Path, gap: Gap | None) -> None:
    """Write a database of all rows of ``damaged`` that can be read, table by table."""
    with closing(open_sqlite(damaged)) as old, closing(sqlite3.connect(sound)) as new:
        for table, sql in tables(old).items():
            with suppress(*DAMAGED):
                new.execute(sql)
                if is_without_rowid(sql):
                    _copy_beginning(old, new, table, gap)
                else:
                    _copy(old, new, table, gap)
        new.commit()


def is_without_rowid(sql: str) -> bool:
    """Whether the SQL that made a table says that its rows have no number."""
    return bool(re.search(r"(?i)\bWITHOUT\s+ROWID\b", sql[sql.rfind(")") :]))


def _copy(old: Evidence, new: sqlite3.Connection, table: str, gap: Gap | None) -> None:
    columns = _columns(new, table)
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    # as many rows as there are: to look for one more is to meet the damage again
    out_of = f'SELECT rowid, {names} FROM "{table}" WHERE rowid >= ? ORDER BY rowid LIMIT ?'
    into = f'INSERT OR IGNORE INTO "{table}" (rowid, {names}) VALUES (?, {marks})'
    for first, n in stretches(old, table, gap):
        new.executemany(into, map(tuple, old.execute(out_of, (first, n))))


def _copy_beginning(old: Evidence, new: sqlite3.Connection, table: str, gap: Gap | None) -> None:
    """The rows before the first damage: without numbers there is no way to those behind it."""
    columns = _columns(new, table)
    names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
    into = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({marks})'
    try:
        for row in old.execute(f'SELECT {names} FROM "{table}"'):
            new.execute(into, tuple(row))
    except DAMAGED as error:
        if gap is not None:
            gap(table, None, None, _damage(error))


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [f'"{row[1]}"' for row in db.execute(f'PRAGMA table_info("{table}")')]


# What was not read.


def unread_tables(path: Path, read: set[str]) -> dict[str, int]:
    """The rows of each table of a database that is not among those read, and holds any.

    At most ``COUNTED`` are counted; where the time is up, or a table is damaged, 1.
    """
    deadline = time.monotonic() + COUNTING_S
    found: dict[str, int] = {}
    with closing(open_sqlite(path)) as db, suppress(*DAMAGED):
        db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        for table in sorted(tables(db).keys() - read):
            sql = f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {COUNTED})'
            try:
                n = int(db.execute(sql).fetchone()[0])
            except DAMAGED:
                n = 1
            if n:
                found[table] = n
    return found

"""The register of exhibits, in the case's catalog: what was added, and what became of it.

Plain functions over a connection, on SQLite and PostgreSQL alike; the case room owns the
transaction. A number, like that of a seal, is given once: an exhibit that was withdrawn or purged
keeps its line.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from faisceau.errors import CaseError, NotFound, UsageError
from faisceau.evidence.exhibit import Exhibit, Kind, MemberState, Status, Stored
from faisceau.words import N_

LAST_NUMBER = 2**21 - 1
"""A ``row_id`` is the number x 2^32 + a position, and fits the 53 bits that JSON carries."""
_SOME = 500
"""Hashes in one statement: engines limit its parameters."""

_metadata = sa.MetaData()
_exhibit = sa.Table(
    "exhibit",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("label", sa.Text, nullable=False, index=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(6), nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("in_place", sa.Boolean, nullable=False),
    sa.Column("added_at", sa.String(32), nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("status", sa.String(9), nullable=False),
    sa.Column("procedure", sa.Text),
    sa.Column("timezone", sa.Text),
    sa.Column("clock_offset_s", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("ended_at", sa.String(32)),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_why", sa.Text),
    sa.Column("reading", sa.Text, nullable=False),  # readers and counts as JSON: never searched
)
_object = sa.Table(
    "exhibit_object",
    _metadata,
    sa.Column("number", sa.ForeignKey(_exhibit.c.number), primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("outside", sa.Boolean, nullable=False),
)
_member = sa.Table(
    "exhibit_member",
    _metadata,
    sa.Column("number", sa.ForeignKey(_exhibit.c.number), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("sha256", sa.String(64), index=True),
    sa.Column("size", sa.BigInteger),
    sa.Column("reader", sa.Text),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("what", sa.Text),
    sa.Column("flagged_by", sa.Text),
)


def create(connection: sa.Connection) -> None:
    """Create the register's part of a catalog."""
    _metadata.create_all(connection)


def next_number(connection: sa.Connection) -> int:
    """The number of the next exhibit, from 1; none is given twice."""
    last = connection.execute(sa.select(sa.func.max(_exhibit.c.number))).scalar() or 0
    if last >= LAST_NUMBER:
        raise CaseError(N_("A case holds at most {limit} exhibits"), limit=LAST_NUMBER)
    return int(last) + 1


def add(
    connection: sa.Connection,
    exhibit: Exhibit,
    objects: Iterable[Stored],
    members: Iterable[MemberState] = (),
) -> None:
    """Enter an exhibit with the files it rests on and the members it holds."""
    connection.execute(sa.insert(_exhibit).values(**_to_row(exhibit)))
    unique = {stored.path: stored for stored in objects}
    rows = [
        {
            "number": exhibit.number,
            "path": stored.path,
            "sha256": stored.sha256,
            "size": stored.size,
            "outside": stored.outside,
        }
        for stored in unique.values()
    ]
    if rows:
        connection.execute(sa.insert(_object), rows)
    set_members(connection, exhibit.number, members)


def update(connection: sa.Connection, exhibit: Exhibit) -> None:
    """Write an exhibit's line anew, after it was read again. Raises ``NotFound``."""
    done = connection.execute(
        sa.update(_exhibit).where(_exhibit.c.number == exhibit.number).values(**_to_row(exhibit))
    )
    if not done.rowcount:
        raise _unknown(exhibit.exhibit_id)


def mark(
    connection: sa.Connection, number: int, status: Status, *, at: datetime, by: str, why: str
) -> None:
    """An exhibit was withdrawn or purged, on which decision; its line stays, its members go.

    Raises ``NotFound``.
    """
    done = connection.execute(
        sa.update(_exhibit)
        .where(_exhibit.c.number == number)
        .values(status=status, ended_at=_stamp(at), ended_by=by, ended_why=why)
    )
    if not done.rowcount:
        raise _unknown(f"E{number}")
    set_members(connection, number, ())


def by_number(connection: sa.Connection, number: int) -> Exhibit:
    """The exhibit of that number. Raises ``NotFound``."""
    found = _fetch(connection, _exhibit.c.number == number)
    if not found:
        raise _unknown(f"E{number}")
    return found[0]


def by_sha(connection: sa.Connection, sha256: str, kind: Kind | None = None) -> Exhibit | None:
    """The exhibit of these bytes that is kept, the latest when there are several, or None."""
    where = [_exhibit.c.sha256 == sha256, _exhibit.c.status == "kept"]
    if kind is not None:
        where.append(_exhibit.c.kind == kind)
    found = _fetch(connection, *where)
    return found[-1] if found else None


def by_id_or_label(connection: sa.Connection, name: str) -> Exhibit:
    """The exhibit called ``name``: its id (``E1``), else its label; a kept one goes first.

    Raises ``NotFound``, and ``UsageError`` when several bear the label.
    """
    digits = name[1:]
    if name[:1] == "E" and digits.isascii() and digits.isdigit() and len(digits) <= 7:
        found = _fetch(connection, _exhibit.c.number == int(digits))
        if found:
            return found[0]
    found = _fetch(connection, _exhibit.c.label == name)
    found = [exhibit for exhibit in found if exhibit.status == "kept"] or found
    if not found:
        raise _unknown(name)
    if len(found) > 1:
        raise UsageError(
            N_("Several exhibits are called {label}: {ids}"),
            hint=N_("Name it by its id"),
            label=name,
            ids=[exhibit.exhibit_id for exhibit in found],
        )
    return found[0]


def exhibits(connection: sa.Connection, *, status: Status | None = None) -> list[Exhibit]:
    """All exhibits (of one status), by number."""
    return _fetch(connection, *([] if status is None else [_exhibit.c.status == status]))


def set_members(connection: sa.Connection, number: int, members: Iterable[MemberState]) -> None:
    """What an exhibit holds, in order; replaces what was said before."""
    connection.execute(sa.delete(_member).where(_member.c.number == number))
    rows = [
        {
            "number": number,
            "position": position,
            "path": member.path,
            "sha256": member.sha256,
            "size": member.size,
            "reader": member.reader,
            "state": member.state,
            "what": member.what,
            "flagged_by": member.flagged_by,
        }
        for position, member in enumerate(members)
    ]
    if rows:
        connection.execute(sa.insert(_member), rows)


def members(connection: sa.Connection, number: int) -> Iterator[MemberState]:
    """What an exhibit holds, in order, streamed."""
    columns = [_member.c[name] for name in MemberState.__dataclass_fields__]
    query = sa.select(*columns).where(_member.c.number == number).order_by(_member.c.position)
    for row in connection.execute(query):
        yield MemberState(*row)


def objects(connection: sa.Connection, number: int | None = None) -> list[Stored]:
    """The files that an exhibit rests on (None: every kept exhibit), by path, each once."""
    columns = [_object.c[name] for name in Stored.__dataclass_fields__]
    query = sa.select(*columns).order_by(_object.c.path).distinct()
    if number is None:
        query = query.join(_exhibit).where(_exhibit.c.status == "kept")
    else:
        query = query.where(_object.c.number == number)
    return [Stored(*row) for row in connection.execute(query)]


def still_needed(connection: sa.Connection, number: int) -> set[str]:
    """Hashes of the objects of an exhibit on which another kept exhibit rests."""
    own = sorted({stored.sha256 for stored in objects(connection, number) if not stored.outside})
    needed: set[str] = set()
    for start in range(0, len(own), _SOME):
        query = (
            sa.select(_object.c.sha256)
            .join(_exhibit)
            .where(
                _object.c.sha256.in_(own[start : start + _SOME]),
                _object.c.number != number,
                _object.c.outside.is_(False),
                _exhibit.c.status == "kept",
            )
            .distinct()
        )
        needed.update(connection.execute(query).scalars())
    return needed


_COLUMNS = tuple(column.name for column in _exhibit.columns)


def _fetch(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Exhibit]:
    query = sa.select(_exhibit).where(*where).order_by(_exhibit.c.number)
    return [_from_row(row) for row in connection.execute(query)]


def _to_row(exhibit: Exhibit) -> dict[str, Any]:
    row = {name: getattr(exhibit, name) for name in _COLUMNS if name != "reading"}
    row["added_at"] = _stamp(exhibit.added_at)
    row["ended_at"] = _stamp(exhibit.ended_at) if exhibit.ended_at is not None else None
    reading = {
        "readers": list(exhibit.readers),
        "tables": {table: dict(counts) for table, counts in exhibit.tables.items()},
        "unread": dict(exhibit.unread),
        "unknown": dict(exhibit.unknown),
        "left": dict(exhibit.left),
        "files": dict(exhibit.files),
        "aside": dict(exhibit.aside),
        "strange": list(exhibit.strange),
        "flagged": dict(exhibit.flagged),
        "wanted": list(exhibit.wanted),
        "unread_tables": {name: dict(rows) for name, rows in exhibit.unread_tables.items()},
        "procedures": {table: list(met) for table, met in exhibit.procedures.items()},
        "handset": exhibit.handset,
        "hits": exhibit.hits,
    }
    return row | {"reading": orjson.dumps(reading).decode()}


def _from_row(row: Any) -> Exhibit:
    values = dict(zip(_COLUMNS, row, strict=True))
    reading = orjson.loads(values.pop("reading"))
    for name in ("readers", "strange", "wanted"):
        values[name] = tuple(reading.pop(name))
    values["added_at"] = datetime.fromisoformat(values["added_at"])
    if values["ended_at"] is not None:
        values["ended_at"] = datetime.fromisoformat(values["ended_at"])
    return Exhibit(**values, **reading)


def _stamp(at: datetime) -> str:
    """A moment as text, in UTC: the two engines have no zoned time in common."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _unknown(name: str) -> NotFound:
    return NotFound(
        N_("There is no exhibit {name}"),
        hint=N_("`faisceau status` lists the exhibits of the case"),
        name=name,
    )

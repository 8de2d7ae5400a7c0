"""Notes and tags that agents put on what they read: work product, never evidence.

They live in the catalog. One is on a row, a finding, an exhibit or a conversation; writing one is
an act (``note``), as a review is, whose ledger entry holds references and no text. An edit is a
further version, a removal a further version that is marked; nothing is wiped away. A note shows
where what it is on shows, under the mandate of that day, and is erased with it. No report has any.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.cards import selections, shown, talk_of
from faisceau.case.door import Door
from faisceau.case.sight import PRECISE
from faisceau.errors import NotFound, UsageError
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings import store as findings
from faisceau.findings.model import Status
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit
from faisceau.tables.lake import Segment
from faisceau.tables.schemas import MESSAGE, TABLES
from faisceau.tables.schemas.schema import Selection
from faisceau.words import N_

SUBJECTS = ("row", "finding", "exhibit", "conversation")
LONGEST = 10_000
"""Characters of a note, at most."""
LONGEST_TAG = 40
SAID = 200
"""Characters of what a note is on that are shown beside it."""

_metadata = sa.MetaData()
_notes = sa.Table(
    "note",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("first", sa.Integer, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("latest", sa.Boolean, nullable=False),
    sa.Column("removed", sa.Boolean, nullable=False),
    sa.Column("tag", sa.Boolean, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("table", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False, index=True),
    sa.Column("row_id", sa.BigInteger),
    sa.Column("exhibit_id", sa.String, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sqlite_autoincrement=True,  # a number in the ledger is never given again
)

Pick = Callable[[Permit, list[Segment], Selection, Sequence[int]], list[dict[str, Any]]]
"""Gives the rows of these ids that a permit lets be seen."""


class On(NamedTuple):
    """What a note is on. ``row_id``: the row, or any message of the conversation."""

    subject: str
    name: str = ""
    """The id of the finding or exhibit; the table of the row."""
    row_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        told = {"subject": self.subject}
        if self.subject == "row":
            return {**told, "table": self.name, "row_id": self.row_id}
        if self.subject == "conversation":
            return {**told, "row_id": self.row_id}
        return {**told, f"{self.subject}_id": self.name}


class _Place(NamedTuple):
    """What a note is on, as the catalog keeps it; ``key`` tells one conversation from another."""

    subject: str
    table: str
    key: str
    row_id: int | None

    @property
    def on(self) -> On:
        return On(self.subject, self.table if self.subject == "row" else self.key, self.row_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A note or a tag: one version of it. ``about``: what it is on, in a few words."""

    note_id: str
    version: int
    tag: bool
    on: On
    text: str
    agent: str
    at: datetime
    removed: bool
    exhibit_id: str
    about: str = ""

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "note_id": self.note_id,
            "version": self.version,
            "tag": self.tag,
            "on": self.on.as_json(),
            "exhibit_id": self.exhibit_id or None,
            "about": self.about,
            "text": self.text,
            "agent": self.agent,
            "at": self.at,
            "removed": self.removed,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """Which notes: on these things, tags alone or notes alone, of that tag, by that agent, whose
    text holds those words. Nothing said: all."""

    on: Sequence[On] = ()
    tags: bool | None = None
    tag: str = ""
    agent: str = ""
    words: str = ""


EVERY = Asked()


class Notes:
    """The notes and tags of one case; may be shared by threads."""

    def __init__(self, door: Door, pick: Pick) -> None:
        self._door = door
        self._pick = pick

    # ---- reading ----

    def listed(
        self, asked: Asked = EVERY, *, offset: int = 0, limit: int | None = None
    ) -> tuple[int, list[Note]]:
        """How many notes are as ``asked`` and may be seen, and those from ``offset`` on; the
        latest first."""
        rows = self._current(asked)
        with self._seeing(_places(rows)) as (closing, seen):
            found = [_note(row, seen[_place(row)]) for row in rows if _place(row) in seen]
            closing.data["notes"] = len(found)
        last = None if limit is None else offset + limit
        return len(found), found[offset:last]

    def exist(self) -> bool:
        """Whether the case has any: a page that shows them beside the rest need not ask else."""
        return bool(self._rows(_notes.c.number == sa.select(sa.func.max(_notes.c.number))))

    def tags(self) -> dict[str, int]:
        """How often each tag is used, among those that may be seen; the most frequent first."""
        _, found = self.listed(Asked(tags=True))
        counted: dict[str, int] = {}
        for one in found:
            counted[one.text] = counted.get(one.text, 0) + 1
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def versions(self, note_id: str) -> list[Note]:
        """Every version of a note, the first one first. Raises ``NotFound``."""
        rows = self._rows(_notes.c.first == _number(note_id))
        with self._seeing(_places(rows)) as (closing, seen):
            found = [_note(row, seen[_place(row)]) for row in rows if _place(row) in seen]
            closing.data["notes"] = len(found)
        if not found:
            raise NotFound(N_("There is no note {note} to be seen"), note=note_id)
        return found[::-1]

    # ---- writing ----

    def add(self, on: On, text: str, *, tag: bool = False) -> Note:
        """Put a note, or a tag, on something that may be seen.

        A tag that is there already is left as it is. Raises ``NotFound``, ``UsageError``.
        """
        text = _plain(text, tag=tag)
        with self._door.writing(), self._door.gate.passing(Act("note")) as (permit, closing):
            place, exhibit_id, about = self._found(on)
            told = {"subject": place.subject, "key": _reference(place)}
            if tag:
                same = (*_at(place), _notes.c.tag, _notes.c.text == text)
                for row in self._rows(_notes.c.latest, ~_notes.c.removed, *same):
                    closing.data.update(told, notes=0)
                    return _note(row, about)
            values = {
                **place._asdict(),
                "version": 1,
                "latest": True,
                "removed": False,
                "tag": tag,
                "exhibit_id": exhibit_id,
                "text": text,
                "agent": self._door.agent,
                "at": self._door.clock().isoformat(),
            }
            closing.data.update(told, notes=1)
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                _metadata.create_all(connection)  # catalogs older than notes have none
                kept = connection.execute(sa.insert(_notes).values(first=0, **values))
                number = kept.inserted_primary_key[0]  # type: ignore[index]
                own = sa.update(_notes).where(_notes.c.number == number)
                connection.execute(own.values(first=number))
                closing.data["note"] = f"N{number}"
        [row] = self._rows(_notes.c.number == number)
        return _note(row, about)

    def edit(self, note_id: str, text: str) -> Note:
        """Put a further version in the place of a note. Raises ``NotFound``, ``UsageError``."""
        return self._further(note_id, text)

    def remove(self, note_id: str) -> Note:
        """Mark a note as removed: it shows no more, its versions stay. Raises ``NotFound``."""
        return self._further(note_id, None)

    def _further(self, note_id: str, text: str | None) -> Note:
        with self._door.writing(), self._door.gate.passing(Act("note")) as (permit, closing):
            this = (_notes.c.first == _number(note_id), _notes.c.latest, ~_notes.c.removed)
            rows = self._rows(*this)
            with self._seeing(_places(rows)) as (_, seen):
                pass
            if not rows or _place(rows[0]) not in seen:
                raise NotFound(N_("There is no note {note} to be seen"), note=note_id)
            [row] = rows
            values = {
                **{c.name: getattr(row, c.name) for c in _notes.columns if c.name != "number"},
                "version": row.version + 1,
                "removed": text is None,
                "text": row.text if text is None else _plain(text, tag=row.tag),
                "agent": self._door.agent,
                "at": self._door.clock().isoformat(),
            }
            closing.data.update(note=note_id, version=row.version + 1, removed=text is None)
            with catalog.committing(self._door.database, permit.number, closing) as connection:
                connection.execute(sa.update(_notes).where(*this).values(latest=False))
                connection.execute(sa.insert(_notes).values(**values))
        [row] = self._rows(_notes.c.first == row.first, _notes.c.latest)
        return _note(row, seen[_place(row)])

    # ---- what may be seen ----

    def _found(self, on: On) -> tuple[_Place, str, str]:
        """Where a note goes, its exhibit, and what is there in a few words."""
        if on.subject not in SUBJECTS or (on.subject == "row" and on.name not in TABLES):
            raise UsageError(
                N_("A note is on a row, a finding, an exhibit or a conversation"), on=on.subject
            )
        if on.subject == "conversation":
            place = self._conversation(on.row_id)
        elif on.subject == "row":
            place = _Place("row", on.name, str(on.row_id), on.row_id)
        else:
            place = _Place(on.subject, "", self._whole_id(on), None)
        if place is not None:
            if place.table:  # a refusal is told and recorded as one
                act = Act("rows", tables=frozenset({place.table}), question=PRECISE)
                with self._door.passing(act, []):
                    pass
            with self._seeing([place]) as (_, seen):
                pass
            if place in seen:
                exhibit = f"E{place.row_id >> 32}" if place.row_id is not None else ""
                return place, place.key if on.subject == "exhibit" else exhibit, seen[place]
        raise NotFound(N_("There is nothing to be seen that a note could be on"))

    def _whole_id(self, on: On) -> str:
        """The id of a finding that begins so, or of an exhibit named by id or label."""
        if on.subject == "exhibit":
            with self._door.database.connect() as connection:
                return register.by_id_or_label(connection, on.name).exhibit_id
        return on.name

    def _conversation(self, row_id: int | None) -> _Place | None:
        """The conversation of a message that may be seen."""
        act = Act("rows", tables=frozenset({MESSAGE.name}))
        [whole] = selections({MESSAGE.name})
        with self._door.passing(act, [whole]) as (permit, closing, segments):
            rows = self._pick(permit, segments, whole, [row_id or 0])
            closing.data["rows"] = len(rows)
        if not rows:
            return None
        key = hashlib.sha256(talk_of(rows[0]).encode("utf-8", "replace")).hexdigest()
        return _Place("conversation", MESSAGE.name, key, row_id)

    @contextmanager
    def _seeing(self, places: Collection[_Place]) -> Iterator[tuple[Any, dict[_Place, str]]]:
        """Pass the gate to look at what notes are on; what may be seen, in a few words each."""
        tables = frozenset(
            table
            for table in {place.table for place in places if place.table}
            if self._door.judge(Act("rows", tables=frozenset({table}), question=PRECISE)).allowed
        )
        act = Act("findings", tables=tables, question=PRECISE)
        chosen = selections(tables)
        with self._door.passing(act, chosen) as (permit, closing, segments):
            seen = self._of_rows(permit, segments, chosen, places)
            seen |= self._of_the_rest(permit, places)
            yield closing, seen

    def _of_rows(
        self,
        permit: Permit,
        segments: list[Segment],
        chosen: Iterable[Selection],
        places: Iterable[_Place],
    ) -> dict[_Place, str]:
        seen: dict[_Place, str] = {}
        mask = self._door.mask()
        for selection in chosen:
            schema = selection.schema
            here = [p for p in places if p.table == schema.name and p.row_id is not None]
            ids = sorted({p.row_id for p in here if p.row_id is not None})
            picked = {
                row["row_id"]: mask.values(schema, row)
                for row in self._pick(permit, segments, selection, ids)
            }
            for place in here:
                if (row := picked.get(place.row_id)) is not None:
                    seen[place] = (
                        _titled(row)
                        if place.subject == "conversation"
                        else shown(schema.name, row)[:SAID]
                    )
        return seen

    def _of_the_rest(self, permit: Permit, places: Iterable[_Place]) -> dict[_Place, str]:
        """Exhibits that are in the case and in scope, findings that stand and are not withheld."""
        given = list(places)
        scope = self._door.gate.mandate.scope
        with self._door.database.connect() as connection:
            exhibits = {
                e.exhibit_id: e.label
                for e in register.exhibits(connection, status="kept")
                if _in_scope(e, scope.exhibits if scope else ())
            }
            ids = [p.key for p in given if p.subject == "finding"]
            found = {
                f.finding_id: f.title
                for f in findings.of_ids(connection, permit, ids)
                if f.status != Status.WITHDRAWN
            }
        named: Mapping[str, Mapping[str, str]] = {"exhibit": exhibits, "finding": found}
        return {
            place: named[place.subject][place.key]
            for place in given
            if place.key in named.get(place.subject, {})
        }

    # ---- the catalog ----

    def _current(self, asked: Asked) -> list[Any]:
        """The notes that are not removed and as asked, seen or not; the latest first."""
        clauses: list[sa.ColumnElement[bool]] = [_notes.c.latest, ~_notes.c.removed]
        if asked.on:
            there = [self._where(on) for on in asked.on if on.subject != "row"]
            for table in {on.name for on in asked.on if on.subject == "row"}:
                keys = [str(on.row_id) for on in asked.on if on == ("row", table, on.row_id)]
                there.append(sa.and_(_notes.c.table == table, _notes.c.key.in_(keys)))
            clauses.append(sa.or_(*there))
        if asked.tags is not None:
            clauses.append(_notes.c.tag if asked.tags else ~_notes.c.tag)
        if asked.tag:
            clauses += [_notes.c.tag, _notes.c.text == _plain(asked.tag, tag=True)]
        if asked.agent:
            clauses.append(_notes.c.agent == asked.agent)
        words = asked.words.casefold().split()
        rows = self._rows(*clauses)
        return [row for row in rows if all(w in row.text.casefold() for w in words)]

    def _where(self, on: On) -> sa.ColumnElement[bool]:
        if on.subject != "conversation":
            return sa.and_(_notes.c.subject == on.subject, _notes.c.key == on.name)
        place = self._conversation(on.row_id)
        return sa.and_(*_at(place)) if place else sa.false()

    def _rows(self, *clauses: sa.ColumnElement[bool]) -> list[Any]:
        """Versions of notes, the latest first."""
        with self._door.database.connect() as connection:
            if not sa.inspect(connection).has_table(_notes.name):
                return []
            query = sa.select(_notes).where(*clauses).order_by(_notes.c.number.desc())
            return list(connection.execute(query).all())


# ---- erasing ----


def noted_rows(connection: sa.Connection) -> frozenset[int]:
    """The rows that notes are on, and the messages by which conversations are told."""
    if not sa.inspect(connection).has_table(_notes.name):
        return frozenset()
    query = sa.select(_notes.c.row_id).where(_notes.c.row_id.is_not(None)).distinct()
    return frozenset(connection.execute(query).scalars())


def erase(
    connection: sa.Connection,
    permit: Permit,
    *,
    exhibits: Collection[str] = (),
    findings: Collection[str] = (),
    rows: Collection[int] = (),
) -> list[str]:
    """Erase every version of the notes on exhibits and all that is of them, on findings, on rows;
    returns their ids."""
    permit.require("withdraw", "purge")
    if not sa.inspect(connection).has_table(_notes.name):
        return []
    gone: set[int] = set()
    for column, values in (
        (_notes.c.exhibit_id, sorted(exhibits)),
        (_notes.c.key, sorted(findings)),
        (_notes.c.row_id, sorted(rows)),
    ):
        for start in range(0, len(values), 500):
            query = sa.select(_notes.c.first).where(column.in_(values[start : start + 500]))
            gone.update(connection.execute(query).scalars())
    listed = sorted(gone)
    for start in range(0, len(listed), 500):
        these = _notes.c.first.in_(listed[start : start + 500])
        connection.execute(sa.delete(_notes).where(these))
    return [f"N{number}" for number in listed]


# ---- plumbing ----


def _plain(text: str, *, tag: bool) -> str:
    """A text as it is kept; a tag is one line in small letters. Raises ``UsageError``."""
    text = text.replace("\0", "")
    text = " ".join(text.split()).casefold() if tag else text.strip()
    most = LONGEST_TAG if tag else LONGEST
    if not text or len(text) > most:
        template = N_("A note has text, of at most {most} characters")
        if tag:
            template = N_("A tag has text, of at most {most} characters")
        raise UsageError(template, most=most)
    return text


def _number(note_id: str) -> int:
    digits = note_id[1:]
    if note_id[:1] != "N" or not (digits.isascii() and digits.isdecimal()) or len(digits) > 9:
        raise NotFound(N_("There is no note {note} to be seen"), note=note_id)
    return int(digits)


def _in_scope(exhibit: Exhibit, scope: Collection[str]) -> bool:
    return not scope or bool({exhibit.exhibit_id, exhibit.label} & set(scope))


def _titled(row: Mapping[str, Any]) -> str:
    """A conversation in a few words, by one of its messages."""
    title = row["thread_name"] or row["thread_id"] or row["sender_name"] or ""
    return f"{row['exhibit_id']} · {title}"[:SAID]


def _at(place: _Place) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _notes.c.subject == place.subject,
        _notes.c.table == place.table,
        _notes.c.key == place.key,
    )


def _reference(place: _Place) -> str:
    """What a note is on, as the ledger names it."""
    return f"{place.table} {place.row_id}" if place.row_id is not None else place.key


def _place(row: Any) -> _Place:
    return _Place(row.subject, row.table, row.key, row.row_id)


def _places(rows: Iterable[Any]) -> set[_Place]:
    return {_place(row) for row in rows}


def _note(row: Any, about: str) -> Note:
    return Note(
        note_id=f"N{row.first}",
        version=row.version,
        tag=bool(row.tag),
        on=_place(row).on,
        text=row.text,
        agent=row.agent,
        at=datetime.fromisoformat(row.at),
        removed=bool(row.removed),
        exhibit_id=row.exhibit_id,
        about=about,
    )

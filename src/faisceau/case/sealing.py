"""Sealing: correspondence with protected persons is put out of sight, and a judge lifts it.

The mandate's ``[[protected]]`` names them. Their conversations and calls are sealed when they are
added, and when a mandate names more persons; the gate's rules keep sealed rows from every act, the
mentions of the exhibit are made anew without them, and findings that rest on them are withheld.
A seal outlives the mandate that asked for it: only the authority lifts it, thread by thread.
What is sealed stays in the exhibit's original, as evidence.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from faisceau.case.sight import Closed
from faisceau.errors import NotFound, UsageError
from faisceau.evidence.containers import part_folder
from faisceau.findings import store as findings
from faisceau.mandate.model import Mandate
from faisceau.mandate.permit import Permit
from faisceau.tables import lake
from faisceau.tables.correspondence import PARTICIPANTS, SEALED, Correspondence, Talk, forms
from faisceau.tables.identifiers import Identifier, Mentions
from faisceau.tables.lake import Lake, Segment
from faisceau.tables.schemas import CALL, MEDIA, MENTION, MESSAGE
from faisceau.words import N_, Term

N_("lawyer"), N_("journalist"), N_("doctor"), N_("magistrate")
N_("member-of-parliament")

ACTS = ("add", "replace", "lift_seal")
"""The acts that seal, or lift a seal."""

_metadata = sa.MetaData()
_seals = sa.Table(
    "seal",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("table", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("exhibit_id", sa.String, nullable=False, index=True),
    sa.Column("account", sa.String, nullable=False),
    sa.Column("thread", sa.String, nullable=False),
    sa.Column("quality", sa.String, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("media", sa.Text, nullable=False),
    sa.Column("sealed_at", sa.String, nullable=False),
    sa.Column("lifted_at", sa.String),
    sa.Column("lifted_by", sa.String),
    sa.Column("lifted_under", sa.String),
)
_spellings = sa.Table(
    "spelling",
    _metadata,
    sa.Column("written", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("value", sa.String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal: a conversation, or the calls between two numbers, of one exhibit.

    ``who``: the protected identifiers that take part, ``kind value``; ``media``: keys of the files
    attached; ``lifted_under``: the act that lifted it. ``number`` is 0 until it is kept.
    """

    number: int
    table: str
    key: str
    exhibit_id: str
    account: str
    thread: str
    quality: str
    who: tuple[str, ...]
    rows: int
    media: tuple[str, ...]
    sealed_at: str
    lifted_at: str | None = None
    lifted_by: str | None = None
    lifted_under: str | None = None

    @property
    def seal_id(self) -> str:
        """``S1``, ``S2`` …"""
        return f"S{self.number}"

    @property
    def in_force(self) -> bool:
        """True until it is lifted."""
        return self.lifted_at is None

    def as_json(self) -> dict[str, Any]:
        """What it is, never what it holds."""
        return {
            "seal_id": self.seal_id,
            "table": self.table,
            "exhibit_id": self.exhibit_id,
            "account": self.account or None,
            "thread": self.thread,
            "quality": self.quality,
            "rows": self.rows,
            "attachments": len(self.media),
            "sealed_at": self.sealed_at,
            "lifted_at": self.lifted_at,
            "lifted_by": self.lifted_by,
            "lifted_under": self.lifted_under,
        }


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many seals are in force, as every page that leaves them out says: by table, quality."""

    counts: tuple[tuple[str, str, int], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.counts)

    def lines(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Templates with their facts: "3 conversations sealed: lawyer"."""
        return [
            (LINES[table], {"n": n, "quality": Term(quality)}) for table, quality, n in self.counts
        ]

    def as_json(self) -> list[dict[str, Any]]:
        """The same as objects."""
        return [{"table": t, "quality": q, "n": n} for t, q, n in self.counts]


NOTHING_SEALED = Sealed()
LINES = {
    MESSAGE.name: N_("{n} conversations sealed: {quality}"),
    CALL.name: N_("calls between {n} pairs of numbers sealed: {quality}"),
}


# ---- the catalog's part ----


def create(connection: sa.Connection) -> None:
    """Create the seals' part of a catalog; a case of an earlier version has none."""
    _metadata.create_all(connection)


def seals(connection: sa.Connection) -> list[Seal]:
    """Every seal of the case, lifted ones included, in the order they were put."""
    if not sa.inspect(connection).has_table(_seals.name):
        return []
    rows = connection.execute(sa.select(_seals).order_by(_seals.c.number))
    return [
        Seal(
            **{
                **row,
                "who": tuple(json.loads(row["who"])),
                "media": tuple(json.loads(row["media"])),
            }
        )
        for row in map(dict, rows.mappings())
    ]


def spelled(connection: sa.Connection) -> dict[str, Identifier]:
    """How participants that a mandate names were found written in the case."""
    if not sa.inspect(connection).has_table(_spellings.name):
        return {}
    rows = connection.execute(sa.select(_spellings))
    return {row.written: Identifier(row.kind, row.value) for row in rows}


def forget_exhibit(connection: sa.Connection, exhibit_id: str) -> None:
    """The exhibit leaves the case, and its seals with it."""
    if sa.inspect(connection).has_table(_seals.name):
        connection.execute(sa.delete(_seals).where(_seals.c.exhibit_id == exhibit_id))


def closed(kept: Iterable[Seal]) -> Closed:
    """What seals keep out of sight, for the gate's rules."""
    force = [seal for seal in kept if seal.in_force]
    keys = {
        name: tuple(sorted({seal.key for seal in force if seal.table == name}))
        for name in (MESSAGE.name, CALL.name)
    }
    keys[MEDIA.name] = tuple(sorted({key for seal in force for key in seal.media}))
    return Closed(keys, tuple(sorted({seal.exhibit_id for seal in force})))


def told(kept: Iterable[Seal], tables: Collection[str] = SEALED) -> Sealed:
    """How many seals of these tables are in force."""
    n = Counter((s.table, s.quality) for s in kept if s.in_force and s.table in tables)
    return Sealed(tuple((table, quality, n[table, quality]) for table, quality in sorted(n)))


def names(segments: Iterable[Segment], kept: Iterable[Seal]) -> dict[str, str]:
    """What the search index calls each segment: another name once other rows of it are sealed."""
    force = [s for s in kept if s.in_force and s.table == MESSAGE.name]
    by_number: dict[int, list[str]] = {}
    for seal in force:
        by_number.setdefault(int(seal.exhibit_id[1:]), []).append(seal.key)
    named = {}
    for segment in segments:
        first, last = segment.first_exhibit, segment.last_exhibit
        keys = sorted(k for n, those in by_number.items() if first <= n <= last for k in those)
        digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
        named[segment.path] = f"{segment.path}#{digest}" if keys else segment.path
    return named


def chosen(kept: Iterable[Seal], name: str) -> Seal:
    """The seal in force of that id or thread. Raises ``NotFound``, ``UsageError`` for several."""
    force = [seal for seal in kept if seal.in_force]
    found = [s for s in force if s.seal_id == name] or [s for s in force if s.thread == name]
    if not found:
        raise NotFound(
            N_("No seal in force is called {name}"),
            hint=N_("List them with: faisceau seal list"),
            name=name,
        )
    if len(found) > 1:
        raise UsageError(
            N_("Several seals are on {name}"),
            hint=N_("A seal is lifted alone; say which: {ids}"),
            name=name,
            ids=[seal.seal_id for seal in found],
        )
    return found[0]


# ---- sealing ----


@dataclass
class Change:
    """What sealing changes, until it is committed: seals, spellings, segments, findings."""

    put: list[Seal] = field(default_factory=list)
    spelled: dict[str, Identifier] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)
    """Segments that take the place of others."""
    replaced: list[str] = field(default_factory=list)
    withheld: dict[str, list[str]] = field(default_factory=dict)
    """By finding, the keys of what it rests on."""

    def commit(self, connection: sa.Connection, permit: Permit) -> dict[str, Any]:
        """Keep seals, spellings and what findings rest on; what the ledger says of it.

        Segments are the caller's to register.
        """
        if not self.put and not self.spelled:
            return {}
        create(connection)
        for written, one in self.spelled.items():
            connection.execute(sa.delete(_spellings).where(_spellings.c.written == written))
            connection.execute(
                sa.insert(_spellings).values(written=written, kind=one.kind, value=one.value)
            )
        numbers: dict[str, int] = {}
        for seal in self.put:
            numbers[seal.key] = _keep(connection, seal)
        on = {
            finding: sorted({numbers[key] for key in keys})
            for finding, keys in self.withheld.items()
        }
        findings.seal(connection, permit, on)
        if not self.put:
            return {}
        by_quality = Counter(seal.quality for seal in self.put)
        said: dict[str, Any] = {"sealed": dict(sorted(by_quality.items()))}
        return {**said, "findings_withheld": sorted(on)} if on else said


def _keep(connection: sa.Connection, seal: Seal) -> int:
    values = {name: getattr(seal, name) for name in Seal.__dataclass_fields__ if name != "number"}
    values |= {"who": json.dumps(seal.who), "media": json.dumps(seal.media)}
    if seal.number:
        connection.execute(sa.update(_seals).where(_seals.c.number == seal.number).values(values))
        return seal.number
    made = connection.execute(sa.insert(_seals).values(values))
    return int(made.inserted_primary_key[0])  # type: ignore[index]


def sealing(
    permit: Permit,
    tables: Lake,
    mandate: Mandate,
    database: sa.Engine,
    segments: Sequence[Segment],
    *,
    now: datetime,
    fresh: bool,
) -> Change:
    """What a mandate seals among the rows of these segments.

    ``fresh``: they were just written, mentions included, and nothing sealed before is left out of
    them yet. Without ``[[protected]]`` or participants in the scope, and without seals, nothing
    is read.
    """
    permit.require(*ACTS)
    people = forms(one for p in mandate.protected for one in p.identifiers)
    wanted = people | forms(mandate.scope.participants if mandate.scope else ())
    with database.connect() as connection:
        known = seals(connection)
    change = Change()
    if not wanted and not (fresh and any(seal.in_force for seal in known)):
        return change
    with (
        part_folder(tables.case / "index" / "scratch") as scratch,
        _stored(tables, segments, scratch) as stored,
    ):
        change.spelled = stored.spelled(wanted)
        theirs = {way: one for way, one in change.spelled.items() if one in people}
        met = list(stored.talks(theirs, stored.carded(theirs)))
        attached = stored.attached([t.key for t in met if t.table == MESSAGE.name])
        change.put = _to_put(met, known, attached, mandate, now)
        if change.put:
            of = (*SEALED, MENTION.name)
            with database.connect() as connection:
                cited = findings.cited(connection, permit)
                summing = [] if fresh else [*findings.summing(connection, permit, of)]
            change.withheld = _withheld(stored, cited, change.put) if cited else {}
            every = sorted({seal.key for seal in change.put})
            change.withheld |= dict.fromkeys(summing, every)
        force = [s for s in _after(known, change.put) if s.in_force]
        concerned = {s.exhibit_id for s in (force if fresh else change.put)}
        there = {f"E{n}" for s in segments for n in range(s.first_exhibit, s.last_exhibit + 1)}
        _mentions_anew(
            change,
            permit,
            tables,
            segments=segments,
            stored=stored,
            exhibits=concerned & there,
            force=force,
        )
    return change


def lifting(
    permit: Permit, tables: Lake, seal: Seal, kept: Sequence[Seal], segments: Sequence[Segment]
) -> Change:
    """The mentions of an exhibit, once a seal no longer keeps rows out of them."""
    permit.require(*ACTS)
    change = Change()
    number = int(seal.exhibit_id[1:])
    left = [one for one in kept if one.in_force and one.number != seal.number]
    holding = lake.holding(segments, number)
    with (
        part_folder(tables.case / "index" / "scratch") as scratch,
        _stored(tables, holding, scratch) as stored,
    ):
        _mentions_anew(
            change,
            permit,
            tables,
            segments=holding,
            stored=stored,
            exhibits={seal.exhibit_id},
            force=left,
        )
    return change


def lift(
    connection: sa.Connection, permit: Permit, seal: Seal, *, under: str, by: str, at: datetime
) -> Seal:
    """Keep that a seal is lifted, under which act; findings that rested on it show again."""
    permit.require("lift_seal")
    lifted = replace(seal, lifted_at=at.isoformat(), lifted_by=by, lifted_under=under)
    _keep(connection, lifted)
    findings.unseal(connection, permit, seal.number)
    return lifted


def _stored(tables: Lake, segments: Iterable[Segment], scratch: Any) -> Correspondence:
    wanted = {*PARTICIPANTS, MEDIA.name}
    files: dict[str, list[Any]] = {}
    for segment in segments:
        if segment.table in wanted:
            files.setdefault(segment.table, []).append(tables.case / segment.path)
    return Correspondence(files, scratch)


def _after(known: Iterable[Seal], put: Iterable[Seal]) -> list[Seal]:
    """The seals there are once these are put."""
    after = {(seal.table, seal.key): seal for seal in known}
    after |= {(seal.table, seal.key): seal for seal in put}
    return list(after.values())


def _to_put(
    met: Iterable[Talk],
    known: Iterable[Seal],
    attached: Mapping[str, Sequence[str]],
    mandate: Mandate,
    now: datetime,
) -> list[Seal]:
    """New seals, and those that change: a lifted one holds again where someone else takes part."""
    before = {(seal.table, seal.key): seal for seal in known}
    qualities = {
        form: p.quality for p in reversed(mandate.protected) for form in forms(p.identifiers)
    }
    put = []
    for talk in met:
        who = {f"{one.kind} {one.value}" for one in talk.who}
        quality = ", ".join(sorted({qualities[one] for one in talk.who}))
        old = before.get((talk.table, talk.key))
        seal = Seal(
            number=old.number if old else 0,
            table=talk.table,
            key=talk.key,
            exhibit_id=talk.exhibit_id,
            account=talk.account,
            thread=talk.thread,
            quality=quality,
            who=tuple(sorted({*who, *(old.who if old else ())})),
            rows=talk.rows,
            media=tuple(attached.get(talk.key, ())),
            sealed_at=old.sealed_at if old else now.isoformat(),
        )
        if old is not None and who <= set(old.who):
            if not old.in_force:
                continue
            seal = replace(seal, quality=old.quality)
        if seal != old:
            put.append(seal)
    return put


def _withheld(
    stored: Correspondence, cited: Mapping[str, Sequence[int]], put: Sequence[Seal]
) -> dict[str, list[str]]:
    """Findings that rest on what is sealed now; a file stands for the conversation it is of."""
    conversation = {key: seal.key for seal in put for key in (seal.key, *seal.media)}
    under = stored.keys_of({i for ids in cited.values() for i in ids}, list(conversation))
    found = {}
    for finding, ids in cited.items():
        if keys := {conversation[under[i]] for i in ids if i in under}:
            found[finding] = sorted(keys)
    return found


def _mentions_anew(
    change: Change,
    permit: Permit,
    tables: Lake,
    *,
    segments: Sequence[Segment],
    stored: Correspondence,
    exhibits: Collection[str],
    force: Iterable[Seal],
) -> None:
    """Make the mentions of exhibits again from the messages and calls that are not sealed."""
    if not exhibits:
        return
    numbers = sorted(int(exhibit[1:]) for exhibit in exhibits)
    holding = {
        s.path: s
        for n in numbers
        for s in lake.holding((s for s in segments if s.table == MENTION.name), n)
    }
    again = pa.array([MESSAGE.name, CALL.name])
    of = pa.array(sorted(exhibits))

    def keep(batch: pa.RecordBatch) -> pa.Array:
        gone = pc.and_(
            pc.is_in(batch["exhibit_id"], value_set=of), pc.is_in(batch["table"], value_set=again)
        )
        return pc.invert(gone)

    token = f"{permit.number:09d}-sealed"
    rest = tables.rewritten(permit, holding.values(), keep, token)
    keys = {seal.key for seal in force}
    with tables.writing(permit, f"{token}-new") as writer:
        for number in numbers:
            writer.exhibit(number)
            gathered = Mentions(f"E{number}")
            for schema in (MESSAGE, CALL):
                for batch in stored.of(schema, f"E{number}", keys):
                    gathered.add(schema, batch)
            for batch in gathered.batches():
                writer.append(MENTION, batch)
        change.segments = [*rest.added, *writer.finish()]
    change.replaced = rest.replaced

"""Purging: what the law says is due is erased, and nothing else (periods: the mandate's data).

Plate reads of no procedure go after their fifteen days, hits of a watch after their month, those of
a procedure with its mandate; what was derived from them goes with them, and so do the files of an
exhibit that held nothing else. What a matching analysis revealed goes at the latest after its
years.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from faisceau.case import catalog, notes
from faisceau.case.door import Door
from faisceau.case.sight import kept_longer, past_exhibits
from faisceau.evidence import register
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings import store as findings
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.mandate.model import today
from faisceau.mandate.retention import Period, periods
from faisceau.tables import lake
from faisceau.tables.schemas import MENTION, PLATE_READ, REJECT

CONCERNED = frozenset({PLATE_READ.name, MENTION.name, REJECT.name})


@dataclass(frozen=True, slots=True)
class Erased:
    """One kind of thing erased: how many, under which period."""

    period: Period
    n: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge erased."""

    erased: tuple[Erased, ...]
    exhibits: tuple[str, ...] = ()
    """Labels of the exhibits whose files went too: every read in them was due."""

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "erased": [
                {"rule": e.period.rule.id, "source": e.period.rule.source, "n": e.n}
                for e in self.erased
            ],
            "exhibits": list(self.exhibits),
        }


def purge(door: Door) -> Purged:
    """Erase what is due now."""
    with door.writing():
        return _purge(door, door.clock())


def _purge(door: Door, now: datetime) -> Purged:
    gate, database = door.gate, door.database
    period = periods()
    revealed = period["matching-revealed"]
    with database.connect() as connection:
        listed = [s for s in lake.segments(connection) if s.table in CONCERNED]
        exhibits = register.exhibits(connection, status="kept")
        emptied = [e for e in exhibits if _of_reads_alone(e) and past_exhibits([e], now)]
        objects = [o for e in emptied for o in register.objects(connection, e.number)]
        noted = notes.noted_rows(connection)
    files = [o.path for o in objects if not o.outside]
    due = _Due(
        now,
        gate.mandate.ended(today(now)),
        frozenset(kept_longer(exhibits, now)),
        frozenset(e.exhibit_id for e in exhibits if e.hits),
        frozenset(past_exhibits(exhibits, now)),
        pa.array(sorted(noted), pa.int64()),
    )
    opening = {"files_leaving": [*files, *(segment.path for segment in listed)]}
    with gate.passing(Act("purge"), data=opening) as (permit, closing):
        new = door.lake.rewritten(permit, listed, due.keep, f"{permit.number:09d}")
        with catalog.committing(database, permit.number, closing) as connection:
            lake.unregister(connection, new.replaced)
            lake.register(connection, new.added)
            gone = findings.erase_old(connection, permit, Kind.MATCHING, revealed.over(now))
            left = notes.erase(
                connection,
                permit,
                exhibits=[e.exhibit_id for e in emptied],
                findings=gone,
                rows=due.noted_lost,
            )
            why = period["plates-no-hit"].rule.id
            for e in emptied:
                register.mark(connection, e.number, "purged", at=now, by=gate.agent, why=why)
            needed = {h for e in emptied for h in register.still_needed(connection, e.number)}
            closing.data.update(
                files_added=[segment.fixity() for segment in new.added],
                files_removed=[
                    *sorted({o.path for o in objects if not o.outside and o.sha256 not in needed}),
                    *new.replaced,
                ],
                in_place_removed=[o.path for o in objects if o.outside],
                plate_reads=due.reads + due.hits,
                exhibits=[e.exhibit_id for e in emptied],
                findings=gone,
                notes=left,
            )
        closing.committed.append(lambda: catalog.settle(database))
        door.lake.discard(permit, new.replaced)
        door.store.remove(permit, {o.sha256 for o in objects if not o.outside}, needed)
    done = (
        Erased(period["plates-no-hit"], due.reads),
        Erased(period["plates-hit"], due.hits),
        Erased(revealed, len(gone)),
    )
    return Purged(tuple(erased for erased in done if erased.n), tuple(e.label for e in emptied))


@dataclass
class _Due:
    """Which rows stay, batch by batch, and how many reads do not."""

    now: datetime
    ended: bool
    """The mandate's procedure is over: its reads go too."""
    longer: frozenset[str]
    of_hits: frozenset[str]
    past: frozenset[str]
    noted: pa.Array
    """Rows that notes are on."""
    reads: int = 0
    hits: int = 0
    noted_lost: set[int] = field(default_factory=set)

    def keep(self, batch: pa.RecordBatch) -> pa.Array:
        """Which rows of plate reads, or of what is derived from tables, stay."""
        own = pc.is_valid(batch["procedure"])
        if "read_at" not in batch.schema.names:
            of_reads = pc.fill_null(pc.equal(batch["table"], PLATE_READ.name), False)
            gone = pc.and_(of_reads, _among(batch, self.past))
            return pc.or_(own, pc.invert(gone))
        over = periods()["plates-no-hit"].over(self.now)
        recent = pc.greater_equal(batch["read_at"], pa.scalar(over, batch["read_at"].type))
        recent = pc.or_(recent, _among(batch, self.longer))
        stays = pc.or_(recent, pc.and_(own, pa.scalar(not self.ended)))
        lost = pc.invert(stays)
        if len(self.noted):
            ids = batch["row_id"].filter(lost)
            self.noted_lost.update(ids.filter(pc.is_in(ids, self.noted)).to_pylist())
        of_hits = pc.and_(lost, _among(batch, self.of_hits)).true_count
        self.hits += of_hits
        self.reads += lost.true_count - of_hits
        return stays


def _among(batch: pa.RecordBatch, exhibits: Collection[str]) -> pa.Array:
    return pc.is_in(batch["exhibit_id"], value_set=pa.array(sorted(exhibits), pa.string()))


def _of_reads_alone(exhibit: Exhibit) -> bool:
    """True for an exhibit that gave plate reads of no procedure, and nothing else."""
    met = {procedure for of in exhibit.procedures.values() for procedure in of}
    return set(exhibit.tables) == {PLATE_READ.name} and met <= {""}

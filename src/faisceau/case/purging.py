"""Purging: what the law says is due is erased, and nothing else (periods: the mandate's data).

Plate reads of no procedure go after their fifteen days, those of a procedure with its mandate;
what a matching analysis revealed goes at the latest after its years.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.gate import Gate
from faisceau.findings import store as findings
from faisceau.findings.model import Kind
from faisceau.mandate.act import Act
from faisceau.mandate.model import today
from faisceau.mandate.retention import Period, periods
from faisceau.tables import lake
from faisceau.tables.lake import Lake
from faisceau.tables.schemas import PLATE_READ


@dataclass(frozen=True, slots=True)
class Erased:
    """One kind of thing erased: how many, under which period."""

    period: Period
    n: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge erased."""

    erased: tuple[Erased, ...]

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "erased": [
                {"rule": e.period.rule.id, "source": e.period.rule.source, "n": e.n}
                for e in self.erased
            ]
        }


def purge(now: datetime, *, gate: Gate, database: sa.Engine, tables: Lake) -> Purged:
    """Erase what is due at ``now``."""
    reads, revealed = periods()["plates-no-hit"], periods()["matching-revealed"]
    ended = gate.mandate.ended(today(now))
    with database.connect() as connection:
        listed = lake.segments(connection, PLATE_READ.name)

    def keep(batch: pa.RecordBatch) -> pa.Array:
        recent = pc.greater_equal(
            batch["read_at"], pa.scalar(reads.over(now), batch["read_at"].type)
        )
        ours = pc.and_(pc.is_valid(batch["procedure"]), pa.scalar(not ended))
        return pc.or_(recent, ours)

    opening = {"files_leaving": [segment.path for segment in listed]}
    with gate.passing(Act("purge"), data=opening) as (permit, closing):
        new = tables.rewritten(permit, listed, keep, f"{permit.number:09d}")
        with catalog.committing(database, permit.number, closing) as connection:
            lake.unregister(connection, new.replaced)
            lake.register(connection, new.added)
            gone = findings.erase_old(connection, permit, Kind.MATCHING, revealed.over(now))
            closing.data.update(
                files_added=[segment.fixity() for segment in new.added],
                files_removed=new.replaced,
                plate_reads=new.dropped,
                findings=gone,
            )
        tables.discard(permit, new.replaced)
    done = (Erased(reads, new.dropped), Erased(revealed, len(gone)))
    return Purged(tuple(erased for erased in done if erased.n))

"""Withdrawing: an annulled exhibit, and all that rests on it, leaves the case (CPP 173 to 174).

Its bytes, its rows and mentions, and the reasons of every finding that rests on it are erased. The
ledger keeps that they were there, who took them out, and by which decision.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from faisceau.case import catalog, notes, sealing
from faisceau.case.door import Door
from faisceau.errors import NotFound
from faisceau.evidence import register
from faisceau.findings import store as findings
from faisceau.ledger.entry import Entry
from faisceau.mandate.act import Act
from faisceau.tables import lake, search_index
from faisceau.words import N_


@dataclass(frozen=True, slots=True)
class Report:
    """A report that went out while the exhibit was in the case."""

    at: str
    number: int
    recipient: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal took out, and what it touches outside the case."""

    exhibit_id: str
    label: str
    decision: str
    findings: tuple[str, ...]
    reports: tuple[Report, ...]

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "exhibit_id": self.exhibit_id,
            "label": self.label,
            "decision": self.decision,
            "findings": list(self.findings),
            "reports": [
                {"entry": r.number, "at": r.at, "recipient": r.recipient, "sha256": r.sha256}
                for r in self.reports
            ],
        }


def withdraw(door: Door, name: str, decision: str) -> Withdrawn:
    """Take exhibit ``name`` (id or label) out. Raises ``NotFound`` when it is not in the case."""
    with door.writing():
        return _withdraw(door, name, decision)


def _withdraw(door: Door, name: str, decision: str) -> Withdrawn:
    gate, database = door.gate, door.database
    with database.connect() as connection:
        exhibit = register.by_id_or_label(connection, name)
        listed = lake.holding(lake.segments(connection), exhibit.number)
        needed = register.still_needed(connection, exhibit.number)
        objects = register.objects(connection, exhibit.number)
    if exhibit.status != "kept":
        raise NotFound(N_("Exhibit {exhibit} is no longer in the case"), exhibit=exhibit.exhibit_id)
    act = Act("withdraw", exhibits=frozenset({exhibit.exhibit_id}))
    files = [o.path for o in objects if not o.outside and o.sha256 not in needed]
    leaving = [*files, *(segment.path for segment in listed)]
    opening = {"decision": decision, "files_leaving": leaving}
    with gate.passing(act, data=opening) as (permit, closing):
        token = f"{permit.number:09d}"
        new = door.lake.rewritten(permit, listed, lake.not_of(exhibit.number), token)
        with catalog.committing(database, permit.number, closing) as connection:
            lake.unregister(connection, new.replaced)
            lake.register(connection, new.added)
            sealing.forget_exhibit(connection, exhibit.exhibit_id)
            touched = findings.withdraw_exhibit(connection, permit, exhibit.exhibit_id)
            register.mark(
                connection,
                exhibit.number,
                "withdrawn",
                at=gate.clock(),
                by=gate.agent,
                why=decision,
            )
            noted = notes.erase(connection, permit, exhibits=[exhibit.exhibit_id], findings=touched)
            reports = _reports(gate.ledger.entries(), set(touched))
            closing.data.update(
                exhibit_id=exhibit.exhibit_id,
                decision=decision,
                files_added=[segment.fixity() for segment in new.added],
                files_removed=[*files, *new.replaced],
                in_place_removed=[o.path for o in objects if o.outside],
                findings=touched,
                notes=noted,
                reports=[report.number for report in reports],
            )
        closing.committed.append(lambda: catalog.settle(database))
        door.lake.discard(permit, new.replaced)
        with database.connect() as connection:
            left = [segment.path for segment in lake.segments(connection)]
        search_index.retain(door.case.folder, left)
        door.store.remove(permit, [o.sha256 for o in objects if not o.outside], needed)
    return Withdrawn(exhibit.exhibit_id, exhibit.label, decision, tuple(touched), reports)


def _reports(entries: Iterable[Entry], touched: set[str]) -> tuple[Report, ...]:
    """The reports and exports that named one of the findings."""
    return tuple(
        Report(
            entry.at,
            entry.number,
            str(entry.data.get("recipient", "")),
            str(entry.data.get("sha256", "")),
        )
        for entry in entries
        if entry.operation == "disclosure"
        and entry.phase == "close"
        and touched & set(entry.data.get("findings", []))
    )

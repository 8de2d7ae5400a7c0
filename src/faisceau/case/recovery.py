"""Recovery: what a killed process left half done is finished or undone by the next writer.

An act is committed when the catalog says so. Committed and not closed: the ledger is told.
Not committed: its files are swept, and the ledger is told that it failed. Closed, but with its
mark of commit still there: what it was about to delete is swept.
"""

from pathlib import Path

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.folder import Case
from faisceau.case.gate import is_at_work, sweep_locks
from faisceau.evidence import register
from faisceau.evidence.store import EvidenceStore
from faisceau.ledger.entry import Draft, Entry
from faisceau.ledger.log import Ledger
from faisceau.tables import lake, search_index


def recover(case: Case, ledger: Ledger, database: sa.Engine, agent: str, reason: str) -> list[int]:
    """Close every act whose process is dead; returns their opening entries' numbers.

    Call it while holding the case's writer lock: no living writer is then mistaken for a dead one.
    """
    acts = case.index / "acts"
    with database.connect() as connection:
        marked = catalog.committed_acts(connection)
    unheld = {
        entry.number
        for entry in ledger.open_operations()
        if not is_at_work(acts, str(entry.data.get("lock", "-")))
    }
    sweep_locks(acts)
    # An act lets its lock go after its closing entry: one that ended meanwhile is closed by now.
    still_open = ledger.open_operations() if unheld or marked else []
    dead = [entry for entry in still_open if entry.number in unheld]
    closed = marked.difference(entry.number for entry in still_open)
    if not dead and not closed:
        return []
    with database.connect() as connection:
        done = {entry.number: catalog.committed_act(connection, entry.number) for entry in dead}
    sweep(case.folder, EvidenceStore(case.folder, case.scratch), database)
    for entry in dead:
        ledger.append(_closing(entry, done[entry.number], agent, reason))
    for number in (*done, *closed):
        catalog.forget(database, number)
    return [entry.number for entry in dead]


def sweep(folder: Path, store: EvidenceStore, database: sa.Engine) -> None:
    """Delete what the catalog does not list. Only for who holds the case's writer lock."""
    with database.connect() as connection:
        segments = lake.segments(connection)
        kept = {stored.sha256 for stored in register.objects(connection)}
        mandates = {mandate.path for mandate in catalog.mandates(connection)}
    lake.sweep(folder, segments)
    search_index.retain(folder, [segment.path for segment in segments])
    store.sweep(kept)
    for file in (folder / "evidence" / "mandates").iterdir():
        if file.relative_to(folder).as_posix() not in mandates:
            file.unlink()


def _closing(entry: Entry, committed: dict[str, object] | None, agent: str, reason: str) -> Draft:
    data = {"recovered": True, **(committed or {"failure": "interrupted"})}
    return Draft(
        operation=entry.operation,
        phase="close",
        act=entry.act,
        agent=agent,
        reason=reason,
        of=entry.number,
        outcome="done" if committed is not None else "failed",
        data=data,
    )

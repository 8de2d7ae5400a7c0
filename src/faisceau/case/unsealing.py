"""Unsealing: the seals of a case listed, and one lifted under an act of the authority."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from faisceau.case import catalog, sealing
from faisceau.case.door import Door
from faisceau.case.gate import Closing
from faisceau.case.sealing import Change, Seal
from faisceau.errors import UsageError
from faisceau.mandate.act import Act
from faisceau.mandate.permit import Permit
from faisceau.tables import lake
from faisceau.words import N_


def seals(door: Door) -> list[Seal]:
    """Every seal, lifted ones included: what it is on, never what that holds."""
    with door.gate.passing(Act("seal_list")) as (_, closing):
        found = door.listing().seals
        closing.data["seals"] = len(found)
    return found


def lift_seal(door: Door, name: str, act: str) -> Seal:
    """Lift the seal of that id or thread, under ``act`` of the authority.

    Raises ``NotFound``, ``UsageError`` when the name is that of several or no act is named.
    """
    if not act.strip():
        raise UsageError(N_("Say under which act the seal is lifted"))
    with (
        door.writing(),
        door.gate.passing(Act("lift_seal", record=act), data={"act": act}) as (permit, closing),
        door.all_or_nothing(closing),
    ):
        listed = door.listing()
        seal = sealing.chosen(listed.seals, name)
        change = sealing.lifting(permit, door.lake, seal, listed.seals, listed.segments)
        closing.data.update(seal=seal.seal_id, exhibit_id=seal.exhibit_id, rows=seal.rows)
        with changing_seals(door, change, permit, closing) as connection:
            return sealing.lift(connection, permit, seal, under=act, by=door.agent, at=door.clock())


@contextmanager
def changing_seals(
    door: Door, change: Change, permit: Permit, closing: Closing
) -> Iterator[sa.Connection]:
    """The one transaction of an act that changes seals; the closing entry tells what it changed.

    The segments that others take the place of are deleted once it is committed.
    """
    if change.replaced:
        closing.committed.append(door.sweep)
    with catalog.committing(door.database, permit.number, closing) as connection:
        yield connection
        lake.unregister(connection, change.replaced)
        lake.register(connection, change.segments)
        closing.data.update(change.commit(connection, permit))
        files = [segment.fixity() for segment in change.segments]
        closing.data["files_added"] = [*closing.data.get("files_added", []), *files]
        closing.data["files_removed"] = list(change.replaced)

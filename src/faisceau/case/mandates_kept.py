"""The mandates of a case: each version is kept as evidence, and checked whenever it is read."""

from datetime import datetime
from typing import Any

from faisceau.case import catalog, sealing
from faisceau.case.catalog import MandateVersion
from faisceau.case.door import Door
from faisceau.case.folder import Case
from faisceau.case.plugins import plugins
from faisceau.case.unsealing import changing_seals
from faisceau.disk import sync, write_durably
from faisceau.errors import CaseError, Damaged
from faisceau.mandate.act import Act
from faisceau.mandate.explain import Explanation, explain
from faisceau.mandate.model import Mandate, widens_scope
from faisceau.mandate.reading import read_mandate
from faisceau.words import N_


def keep(
    case: Case, number: int, text: bytes, mandate: Mandate, *, agent: str, now: datetime
) -> MandateVersion:
    """Store a mandate read-only, durably, before anything says that it is in force."""
    path = case.evidence / "mandates" / f"{number:03d}.toml"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)  # left by a replacement that was killed before its commit
    write_durably(path, text, mode=0o444)
    sync(path.parent)
    relative = path.relative_to(case.folder).as_posix()
    return MandateVersion(number, relative, mandate.sha256, now, agent)


def in_ledger(case: Case, version: MandateVersion) -> dict[str, Any]:
    """What the ledger says of a mandate that was kept: its number, its file."""
    size = (case.folder / version.path).stat().st_size
    return {
        "mandate_version": version.version,
        "files_added": [{"path": version.path, "sha256": version.sha256, "size": size}],
    }


def verified(case: Case, version: MandateVersion) -> Mandate:
    """A mandate as it was put in force. Raises ``CaseError``, ``Damaged`` when it is not."""
    try:
        text = (case.folder / version.path).read_bytes()
    except OSError as error:
        raise CaseError(
            N_("The mandate of the case cannot be read: {why}"), why=error.strerror
        ) from error
    mandate = read_mandate(text, version.path)
    if mandate.sha256 != version.sha256:
        raise Damaged(
            N_("The mandate {path} is not the one that was put in force"),
            hint=N_("Run: faisceau ledger verify {case}"),
            path=version.path,
            case=case.folder,
        )
    return mandate


def in_force(case: Case) -> Mandate:
    """The mandate in force of a case, before anyone opens it."""
    with catalog.connect(case.catalog_url).connect() as connection:
        return verified(case, catalog.mandates(connection)[-1])


def replace_mandate(door: Door, text: bytes, origin: str) -> None:
    """Put another mandate in force, and seal what it protects that the last one did not."""
    new = read_mandate(text, origin)
    act = Act("replace", widens_scope=widens_scope(door.mandate, new))
    with (
        door.writing(),
        door.gate.passing(act) as (permit, closing),
        door.all_or_nothing(closing),
    ):
        number, now = door.version.version + 1, door.clock()
        version = keep(door.case, number, text, new, agent=door.agent, now=now)
        change = sealing.sealing(
            permit,
            door.lake,
            new,
            door.database,
            door.listing().segments,
            now=now,
            fresh=False,
        )
        closing.data.update(in_ledger(door.case, version))
        with changing_seals(door, change, permit, closing) as connection:
            catalog.add_mandate(connection, version)


def explained(door: Door) -> list[Explanation]:
    """Every act as allowed or refused to this agent now, with the analyses there are."""
    every = [
        (a.name, str(a.kind), [s.schema.name for s in a.reads]) for a in plugins().analyses.values()
    ]
    return explain(door.mandate, door.agent, door.clock(), every)

"""Opening a case, new or kept: who opens it, under which mandate, and the door that is theirs."""

import os
import shutil
from functools import cache
from pathlib import Path

from faisceau.case import catalog, folder, mandates_kept
from faisceau.case.door import Door
from faisceau.case.folder import Case
from faisceau.case.gate import Clock, Gate
from faisceau.case.listing import Listing
from faisceau.errors import UsageError
from faisceau.evidence.store import EvidenceStore
from faisceau.ledger.entry import Draft
from faisceau.ledger.keys import KeyRing
from faisceau.ledger.log import Ledger
from faisceau.mandate.act import Act
from faisceau.mandate.decide import decide
from faisceau.mandate.model import Mandate
from faisceau.mandate.reading import read_mandate
from faisceau.tables.lake import Lake
from faisceau.tables.picking import Picker
from faisceau.words import N_


def create(
    where: Path, text: bytes, origin: str, *, agent: str | None, reason: str | None, clock: Clock
) -> Case:
    """Make a new case under a mandate (``text``); a failure leaves the place as it was.

    Raises ``MandateError`` for a mandate that cannot stand, ``Refused`` when it has ended.
    """
    mandate = read_mandate(text, origin)
    who = agent_of(mandate, agent)
    decision = decide(mandate, Act("new"), who, clock())
    if not decision.allowed:
        raise decision.refusal()
    already_there = where.exists()
    case = folder.create(where)
    try:
        ledger = Ledger.create(case.folder, case.case_id, clock=clock)
        version = mandates_kept.keep(case, 1, text, mandate, agent=who, now=clock())
        with catalog.connect(case.catalog_url).begin() as connection:
            catalog.create(connection)
            catalog.add_mandate(connection, version)
        ledger.append(
            Draft(
                operation="collection",
                phase="only",
                act="new",
                agent=who,
                reason=reason or mandate.reference,
                policies=tuple(rule.id for rule in decision.rules),
                data=mandates_kept.in_ledger(case, version),
            )
        )
        folder.mark(case, clock())
    except BaseException:
        shutil.rmtree(case.folder, ignore_errors=True)
        if already_there:
            where.mkdir(exist_ok=True)
        raise
    return case


def open_door(
    case: Case, *, agent: str | None, reason: str | None, clock: Clock, engine: str
) -> Door:
    """The door of a case for one agent, under the mandate in force; no act is done yet.

    Raises ``CaseError``, ``Damaged``, and ``UsageError`` when it is not said which agent.
    """
    database = catalog.connect(case.catalog_url)
    with database.connect() as connection:
        version = catalog.mandates(connection)[-1]
    mandate = mandates_kept.verified(case, version)
    who = agent_of(mandate, agent)
    why = reason or mandate.reference
    ledger = Ledger.open(case.folder, case.case_id, clock=clock)
    lake = Lake(case.folder)
    return Door(
        case=case,
        version=version,
        gate=Gate(mandate, ledger, who, why, clock, case.index / "acts"),
        database=database,
        lake=lake,
        picker=Picker(lake),
        listing=Listing(database),
        store=EvidenceStore(case.folder, case.scratch),
        engine_name=engine,
        # keys take milliseconds to open, and a search has few to spare: once, when first needed
        secret=cache(lambda: KeyRing.open(case.case_id).secret),
    )


def agent_of(mandate: Mandate, agent: str | None) -> str:
    """Who acts: the agent named, or that of ``FAISCEAU_AGENT``, or the only one designated."""
    agent = agent or os.environ.get("FAISCEAU_AGENT")
    if agent:
        return agent
    if len(mandate.agents) == 1:
        return mandate.agents[0].id
    raise UsageError(
        N_("The mandate designates several agents: say which one you are"),
        hint=N_("Use --agent or FAISCEAU_AGENT: {agents}"),
        agents=[agent.id for agent in mandate.agents],
    )

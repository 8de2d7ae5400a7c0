"""A handset in ten pages: one lead per section, each line of which points at rows (S2).

One priority target's phone gave a report of 180,000 pages that nobody could read. The digest says
who probably used the handset, with which tools, with whom and when that changed, at which hours,
what the conversations tell, prices, money, places, identifiers, and what is missing.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby

from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.messages._digest.gaps import gaps
from faisceau.analyses.messages._digest.given import LINES, Given, Handset, Line
from faisceau.analyses.messages._digest.identifiers import identifiers
from faisceau.analyses.messages._digest.identity import identity
from faisceau.analyses.messages._digest.money import money
from faisceau.analyses.messages._digest.owners import busiest, handsets
from faisceau.analyses.messages._digest.peers import changed, contacts
from faisceau.analyses.messages._digest.places import places
from faisceau.analyses.messages._digest.rhythm import rhythm
from faisceau.analyses.messages._digest.talks import conversations, menus
from faisceau.analyses.messages._digest.tools import tools
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.clock import zone_named
from faisceau.tables.schemas import (
    CALL,
    CONTACT,
    HANDSET,
    MEDIA,
    MENTION,
    MESSAGE,
    POSITION,
)
from faisceau.words import N_

SECTIONS: tuple[tuple[str, Callable[[Given], Iterator[Line]]], ...] = (
    (N_("Digest of {device}: who probably used it"), identity),
    (N_("Digest of {device}: applications and communication tools"), tools),
    (N_("Digest of {device}: strongest contacts"), contacts),
    (N_("Digest of {device}: when contacts changed"), changed),
    (N_("Digest of {device}: rhythm of life"), rhythm),
    (N_("Digest of {device}: conversations to read first"), conversations),
    (N_("Digest of {device}: price lists and prices"), menus),
    (N_("Digest of {device}: money"), money),
    (N_("Digest of {device}: places"), places),
    (N_("Digest of {device}: identifiers written in messages"), identifiers),
    (N_("Digest of {device}: gaps and deletions"), gaps),
)
"""What a digest holds, in the order in which it is read."""

SCORE, STEP = 0.1, 0.005
"""Scores keep the sections in order, below the claims of other analyses."""

METHOD = N_(
    "Counts and the most telling rows of one exhibit, by written rules and patterns that are data: "
    "no model, no suspicion. Each section holds twenty lines at most, each with the rows it rests "
    "on (twenty at most); its score only keeps the sections in order. The owner is whoever the "
    "accounts of the exhibit name, or else whoever takes part in most of its conversations. Hours "
    "are those of one time zone. Identifiers that other exhibits share are not looked for: that "
    "is matching, which needs its own authorisation. Accounts are not read: payments have rules of "
    "their own."
)


class DigestParams(Params):
    """Which handsets, on which clock."""

    exhibits: str = ""
    """Exhibits to digest, separated by commas (empty: all, up to ``most``)."""
    most: int = Field(default=100, ge=1)
    """Exhibits, at most: those with most messages."""
    timezone: str = "Europe/Paris"
    """The clock that hours and days are told on."""
    gap_days: int = Field(default=3, ge=1)
    """Days without a message that make a gap."""


@analysis(
    reads=[
        MESSAGE[
            "exhibit_id",
            "ref",
            "app",
            "account",
            "thread_id",
            "thread_name",
            "sender_id",
            "sender_name",
            "recipients",
            "sent_at",
            "text",
            "kind",
            "deleted",
            "latitude",
            "longitude",
        ]
    ],
    reads_if=[
        CALL[
            "exhibit_id",
            "caller",
            "callee",
            "started_at",
            "duration_s",
            "count",
            "kind",
            "latitude",
            "longitude",
        ],
        CONTACT["exhibit_id", "account", "name", "identifiers"],
        HANDSET[
            "exhibit_id",
            "ref",
            "imei",
            "imsi",
            "iccid",
            "msisdn",
            "make",
            "model",
            "os",
            "apps",
            "accounts",
        ],
        POSITION["exhibit_id", "at", "latitude", "longitude"],
        MEDIA["exhibit_id", "recorded_at", "latitude", "longitude"],
        MENTION["exhibit_id", "kind", "value", "table", "role", "n"],
    ],
    kind=Kind.QUERY,
    version=1,
    method=METHOD,
)
def digest(  # noqa: PLR0917 - one table after the other, as an analysis is called
    message: Table,
    call: Table,
    contact: Table,
    handset: Table,
    position: Table,
    media: Table,
    mention: Table,
    params: DigestParams,
    engine: Engine,
) -> Iterator[Lead]:
    """One lead per section and exhibit, in the order in which they are read.

    A section without a line gives no lead. Raises ``UsageError`` for an unknown time zone.
    """
    given = Given(
        message,
        call,
        contact,
        handset,
        position,
        media,
        mention,
        engine,
        zone_named(params.timezone),
        params.gap_days,
    )
    asked = [name.strip() for name in params.exhibits.split(",") if name.strip()]
    chosen, every = busiest(given, asked, params.most)
    if not chosen:
        return
    if asked or len(chosen) < every:
        given = given.only(chosen)
    given = replace(given, handsets=handsets(given, chosen), known={})
    for place, (title, section) in enumerate(SECTIONS):
        lines = sorted(section(given), key=lambda line: line.exhibit_id)  # stable: order kept
        for exhibit_id, found in groupby(lines, key=lambda line: line.exhibit_id):
            if exhibit_id in given.handsets:
                yield _lead(title, given.handsets[exhibit_id], list(found)[:LINES], place)


def _lead(title: str, handset: Handset, lines: list[Line], place: int) -> Lead:
    subject = Subject("device", handset.value, handset.label)
    reasons = [
        Reason(line.code, line.text, line.facts, round(1 - at / LINES, 2), line.rows)
        for at, line in enumerate(lines)
    ]
    return Lead(title, [subject], SCORE - STEP * place, reasons, {"device": handset.label})

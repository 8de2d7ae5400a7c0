"""Key players: who holds a network together, who brokers in it, and who takes over from whom.

The measures are told in ``_standing``; weights decide, for a person with few contacts may carry
most of what is said. The persons are those of calls, messages, address books and shared bookings.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from ibis import Table
from pydantic import Field, field_validator

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.links._contacts import READS_IF, Tables, as_own, left_out
from faisceau.analyses.links._players import Board, Players, leads
from faisceau.analyses.links._standing import communities, network, standing
from faisceau.analyses.links._succession import Period, moments, periods, successions
from faisceau.findings.model import Kind, Lead
from faisceau.tables.schemas import MENTION
from faisceau.words import N_

LEAST = 3
"""Persons below whom nobody stands between two others."""
METHOD = N_(
    "Calls, messages, entries of address books and shared bookings tie persons; a tie weighs as "
    "much as there are exchanges. Each person gets a place by the volume of exchanges, by how many "
    "of the shortest chains pass through the person, by contact with those who count, and by how "
    "much less the others hold together without the person. The standing is the mean of the four "
    "places. From period to period, whoever gains most with the contacts of one who falls silent "
    "takes over. Nothing is learnt from persons."
)


class KeyplayersParams(Params):
    """What the search for key players may be told."""

    most: int = Field(default=20, ge=1, le=500)
    """Persons reported, at most (those who take over from another come besides)."""
    window_days: int = Field(default=30, ge=0)
    """Length of the periods that are compared, in days; 0: no periods."""
    arrests: str = ""
    """Days, separated by commas, at which the periods are cut instead: 2026-03-01, 2026-05-12."""
    without: str = ""
    """Identifiers, separated by commas, to leave out as if they were not there (a hotline)."""

    @field_validator("arrests")
    @classmethod
    def _days(cls, value: str) -> str:
        for day in _parts(value):
            date.fromisoformat(day)
        return value


@analysis(
    reads=[MENTION["exhibit_id", "kind", "value", "table"]],
    reads_if=READS_IF,
    kind=Kind.MATCHING,
    version=1,
    method=METHOD,
)
def keyplayers(  # noqa: PLR0917 - one table each
    mention: Table,
    call: Table,
    message: Table,
    contact: Table,
    trip: Table,
    params: KeyplayersParams,
    engine: Engine,
) -> Iterator[Lead]:
    """One lead per person, highest standing first; the score is one over the mean place."""
    tables = Tables(call, message, as_own(contact, engine), as_own(trip, engine))
    mention = as_own(mention, engine)
    spans = _periods(params, tables.seconds(engine))
    edges = [span.start for span in spans[1:]]
    ties = tables.ties(edges, left_out(_parts(params.without)), engine)
    if len(ties.persons) < LEAST:
        return
    net = network(ties)
    timed = moments(ties, spans) if len(spans) > 1 else {}
    taken = successions(timed, params.most)
    always = [net.place[one.heir] for one in taken]
    board = Board(ties, net, standing(net, params.most, always), communities(net), timed, taken)
    yield from leads(Players(board, tables, edges, mention, engine), params.most)


def _periods(params: KeyplayersParams, ends: tuple[int, int] | None) -> Sequence[Period]:
    if ends is None:
        return ()
    cuts = [date.fromisoformat(day) for day in _parts(params.arrests)]
    return periods(ends, params.window_days, cuts)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]

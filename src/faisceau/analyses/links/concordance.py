"""Procedures that share traces which do not occur by chance: *rapprochement judiciaire*.

The method, its measure and its limits are told in ``docs/explanation/links.md``.
"""

from collections.abc import Iterator

import numpy as np
from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, analysis
from faisceau.analyses.links._traits import READS, READS_IF
from faisceau.analyses.links._web import Thirds, WebParams, reasons, web
from faisceau.findings.model import Kind, Lead, Subject
from faisceau.words import N_

TITLE = N_("Two procedures that share traces beyond chance")
METHOD = N_(
    "Every identifier and habit that two procedures share is weighed: the weight of evidence is "
    "the logarithm of how much likelier the coincidence is between couriers of one network than "
    "by chance, given how common the value is, in these data and in its kind. How often a kind of "
    "coincidence is chance is measured in the data: true ones are corroborated by other traces, "
    "chance ones are not. Traces told by the same rows count once. Nothing is learnt from persons."
)


class ConcordanceParams(WebParams):
    """What concordance may be told."""

    rate: float = Field(default=0.03, gt=0, lt=1)
    """The rate of false links up to which a link is reported."""


@analysis(reads=READS, reads_if=READS_IF, kind=Kind.MATCHING, version=1, method=METHOD)
def concordance(  # noqa: PLR0917 - one table each
    mention: Table,
    contact: Table,
    trip: Table,
    seizure: Table,
    person: Table,
    params: ConcordanceParams,
    engine: Engine,
) -> Iterator[Lead]:
    """One lead per pair of procedures, heaviest first.

    The score is one minus the rate of false links at the pair's weight.
    """
    made = web(mention, contact, trip, seizure, person, params.most, engine)
    pairs, names = made.weighed.pairs, made.traits.procedures
    thirds = Thirds(made)
    kept = np.flatnonzero(made.rate <= params.rate)
    for pair in kept[np.lexsort((kept, made.rate[kept]))].tolist():
        a, b = int(pairs.a[pair]), int(pairs.b[pair])
        both = [Subject("procedure", names[a]), Subject("procedure", names[b])]
        score = round(1 - float(made.rate[pair]), 6)
        yield Lead(TITLE, both, score, reasons(made, pair, thirds.of(a, b)))

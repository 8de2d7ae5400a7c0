"""Who is the same person, across procedures and exhibits.

The weights are frozen and published (``_likeness``); Splink (https://moj-analytical-services.
github.io/splink) compares the records on the engine.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ibis import Table
from pydantic import Field

from faisceau.analyses import Engine, Params, analysis
from faisceau.analyses.links._likeness import COMPARISONS, Level, prior, settings
from faisceau.analyses.links._persons import pairs_of, rarity, records
from faisceau.findings.model import Kind, Lead, Reason, Subject
from faisceau.tables.schemas import PERSON, Schema
from faisceau.words import N_, Term

TITLE = N_("Two records that are of the same person")
METHOD = N_(
    "Each pair of records that agrees on a name, a birth date, a document, a number or an address "
    "is compared, trait by trait: names whatever their order, spelling or marriage, dates whole, "
    "swapped or partial, documents, numbers, nicknames, places. Each trait weighs the logarithm of "
    "how much likelier it is between two records of one person than of two; the weights are "
    "published and the same for every case, but for names, which weigh by how rare they are in "
    "the data. Their sum is the chance that the two are one. Nothing is learnt from persons."
)
IN_ALL = N_("weight of evidence {weight} in all: {chance} % of such pairs are of one person")
START = N_("before any trait: of {records} records, two at random are of one person in {rate} %")
TRAIT = N_("{trait}")
RARE = N_("{trait}; by its words, one person in {persons} bears such a name")


class IdentityParams(Params):
    """What the search for identities may be told."""

    rate: float = Field(default=0.1, gt=0, lt=1)
    """The rate of false matches up to which a match is reported."""


@analysis(
    reads=[
        PERSON[
            "procedure",
            "ref",
            "last_name",
            "first_names",
            "alias",
            "birth_date",
            "birth_place",
            "document_number",
            "phone",
            "email",
            "address",
        ]
    ],
    kind=Kind.MATCHING,
    version=1,
    method=METHOD,
)
def identity(person: Table, params: IdentityParams, engine: Engine) -> Iterator[Lead]:
    """One lead per pair of records of different procedures or exhibits, the surest first.

    The score is the chance that the two are of one person. Raises ``FaisceauError`` without the
    extra ``links``.
    """
    api = engine.splink()
    from splink import Linker  # an extra: imported where it is needed

    rows = {row["row_id"]: row for row in engine.rows(person.order_by("row_id"))}
    if len(rows) < 2:
        return
    people = records(list(rows.values()))
    linker = Linker(api.register(people), settings(len(rows)), log_level=None)
    seldom = {}
    for column in ("whole", "sound"):
        table = rarity(people, column)
        seldom[column] = dict(zip(*(c.to_pylist() for c in table.columns), strict=True))
        linker.table_management.register_term_frequency_lookup(api.register(table), column)
    known = dict(zip(people["row_id"].to_pylist(), people.to_pylist(), strict=True))
    found = linker.inference.predict(threshold_match_probability=1 - params.rate)
    for pair in pairs_of(found.as_record_list()):
        if pair["origin_l"] != pair["origin_r"]:
            yield _lead(pair, rows, known, seldom)


def _lead(
    pair: dict[str, Any],
    rows: Mapping[int, dict[str, Any]],
    known: Mapping[int, dict[str, Any]],
    seldom: Mapping[str, Mapping[str, float]],
) -> Lead:
    both = sorted((pair["row_id_l"], pair["row_id_r"]))
    cited: dict[Schema | str, list[int]] = {PERSON: both}
    chance = float(pair["match_probability"])
    start = prior(len(rows))
    weight = _nats(float(pair["match_weight"])) - math.log(start / (1 - start))
    facts = {"weight": round(weight, 2), "chance": float(f"{100 * chance:.6g}")}
    begun = {"records": len(rows), "rate": float(f"{100 * start:.2g}")}
    reasons = [
        Reason("in_all", IN_ALL, facts, 0.0, cited),
        Reason("start", START, begun, round(math.log(start / (1 - start)), 2), cited),
    ]
    traits = [
        _trait(name, levels, pair, known[both[0]], known[both[1]], seldom, cited)
        for name, levels in COMPARISONS.items()
        if pair[f"gamma_{name}"] >= 0
    ]
    reasons += sorted(traits, key=lambda r: -abs(r.weight))
    return Lead(TITLE, [_subject(rows[i]) for i in both], round(chance, 6), reasons)


def _trait(  # noqa: PLR0917
    name: str,
    levels: tuple[Level, ...],
    pair: dict[str, Any],
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    seldom: Mapping[str, Mapping[str, float]],
    cited: Mapping[Any, list[int]],
) -> Reason:
    """What one comparison adds, in words; the values stay in the rows."""
    level = levels[len(levels) - 1 - int(pair[f"gamma_{name}"])]
    weight = _nats(pair[f"mw_{name}"] + (pair.get(f"mw_tf_adj_{name}") or 0.0))
    facts: dict[str, object] = {"trait": Term(level.says)}
    text = TRAIT
    if level.rarity:
        rates = seldom[level.rarity]
        met = max(rates[one[level.rarity]], rates[other[level.rarity]])
        text, facts["persons"] = RARE, max(1, round(1 / met))
    return Reason(name, text, facts, round(weight, 2), cited)


def _subject(row: Mapping[str, Any]) -> Subject:
    """A person as its source calls it; without a reference, by the row that names it."""
    value = row["ref"] or f"person {row['row_id']}"
    return Subject("person", value, f"{value} · {row['procedure']}" if row["procedure"] else value)


def _nats(bits: float) -> float:
    return bits * math.log(2)

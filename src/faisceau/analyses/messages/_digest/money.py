"""Money in texts: the largest sums told, the means of payment named.

Lines of accounts are not read: payments may be analysed for designated persons only.
"""

from collections.abc import Iterator

import ibis
from ibis import _

from faisceau.analyses.messages._digest.given import (
    Given,
    Line,
    kept_rows,
    placed,
    quoted,
    strongest,
    talk_count,
)
from faisceau.analyses.messages._digest.patterns import pattern, several
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

SUM = N_("{who} writes of {amount} on {at}: “{words}”")
MEANS = N_("“{word}”; messages: {n}, conversations: {talks}. First: “{words}”")
MOST = 5e7
"""A larger figure is a number of something else."""
LEAST = 300
"""Smaller sums are shopping."""
PARTS = (12, 8)
"""Lines of sums, of means."""


def money(given: Given) -> Iterator[Line]:
    """The largest sums in texts, then means of payment by use."""
    yield from _sums(given)
    yield from _means(given)


def _sums(given: Given) -> Iterator[Line]:
    """The messages with the largest sums; a list of prices is no sum."""
    listed = _.text.re_search(several("offer", 2))
    named = _.text.re_search(pattern("sum")) | _.text.re_search(pattern("takings"))
    told = given.figures.filter(named & ~listed)
    figure = ibis.coalesce(
        _.text.re_extract(pattern("sum"), 1).nullif(""), _.text.re_extract(pattern("takings"), 1)
    ).re_replace("[ .]([0-9]{3})", r"\1")
    told = told.mutate(
        figure=figure.replace(",", ".").try_cast("float64"),
        kilo=_.text.re_extract(pattern("sum"), 2).length() > 0,
    )
    told = told.mutate(amount=_.figure * ibis.ifelse(_.kilo, 1000.0, 1.0))
    told = told.filter((_.amount >= LEAST) & (_.amount <= MOST))
    once = strongest(told, ["exhibit_id", "text"], [_.sent_at, _.row_id], 1).drop("place")
    top = strongest(once, ["exhibit_id"], [_.amount.desc(), _.row_id], PARTS[0])
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {
            "who": row["sender_id"] or "?",
            "amount": _figure(row["amount"]),
            "at": given.at(row["sent_at"]),
            "words": quoted(row["text"]),
        }
        yield Line(row["exhibit_id"], "sum", SUM, facts, {MESSAGE: [row["row_id"]]})


def _means(given: Given) -> Iterator[Line]:
    told = given.words.filter(_.text.re_search(pattern("means")))
    told = told.mutate(word=_.text.re_extract(pattern("means"), 1).lower())
    by = ["exhibit_id", "word"]
    found = placed(told, by, [_.sent_at, _.row_id])
    counted = found.group_by(by).agg(
        n=_.count(),
        talks=talk_count(),
        rows=kept_rows(),
        words=_.text.min(where=_.place == 0),
    )
    top = strongest(counted, ["exhibit_id"], [_.n.desc(), _.word], PARTS[1])
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {key: row[key] for key in ("word", "n", "talks")} | {"words": quoted(row["words"])}
        yield Line(row["exhibit_id"], "means", MEANS, facts, {MESSAGE: row["rows"]})


def _figure(amount: float) -> str:
    """``12 500`` or ``99.90``."""
    text = f"{amount:,.2f}".removesuffix(".00")
    return text.replace(",", "\u202f")

"""Gaps and deletions: silences, messages deleted, numbers missing, wishes to erase."""

from collections.abc import Iterator
from typing import Any

import ibis
from ibis import _

from faisceau.analyses.messages._digest.given import (
    Given,
    Line,
    Rows,
    kept_rows,
    placed,
    quoted,
    strongest,
)
from faisceau.analyses.messages._digest.patterns import pattern
from faisceau.tables.schemas import MESSAGE
from faisceau.words import N_

SILENCE = N_("No message from {first} to {last}; whole days: {days}")
QUIET_APP = N_("No message of {app} from {first} to {last}, while others go on; whole days: {days}")
DELETED = N_(
    "Marked as deleted in {talk} ({app}): {n}, sent from {first} to {last}; of these still hold "
    "text: {kept}"
)
MISSING = N_(
    "Missing in the numbering of {app} between {before} ({first}) and {after} ({last}): {n}"
)
ERASE = N_("{who} writes of erasing on {at}: “{words}”")
DENSE = 0.5
"""Share of numbers that must be there for a numbering to be one."""
FEW, TIMES = 20, 10
"""Messages at least; how many usual steps a silence lasts, at least."""
LEAST_MISSING = 3
PARTS = (6, 5, 5, 5)
"""Lines of silences, of deletions, of missing numbers, of wishes to erase."""


def gaps(given: Given) -> Iterator[Line]:
    """Deletions first, then missing numbers, silences, and who asks to erase."""
    yield from _deleted(given)
    yield from _missing(given)
    yield from _silences(given)
    yield from _erasing(given)


def _deleted(given: Given) -> Iterator[Line]:
    by = ["exhibit_id", "app", "account", "thread"]
    counted = (
        placed(given.said.filter(_.deleted), by, [_.sent_at, _.row_id])
        .group_by(by)
        .agg(
            n=_.count(),
            kept=(_.text.notnull() & (_.text != "")).cast("int64").sum(),
            first=_.sent_at.min(),
            last=_.sent_at.max(),
            rows=kept_rows(),
        )
    )
    order = [_.n.desc(), _.app, _.account, _.thread]
    top = strongest(counted, ["exhibit_id"], order, PARTS[1])
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {
            "n": row["n"],
            "talk": row["thread"] or "?",
            "app": row["app"],
            "kept": row["kept"],
            "first": given.at(row["first"]),
            "last": given.at(row["last"]),
        }
        yield Line(row["exhibit_id"], "deleted", DELETED, facts, {MESSAGE: row["rows"]})


def _missing(given: Given) -> Iterator[Line]:
    """Holes in numbers that the source gives its messages one after the other."""
    by = ["exhibit_id", "app", "account"]
    numbered = given.message.mutate(account=_.account.fill_null(""))
    numbered = numbered.filter(_.ref.re_search("^[0-9]{1,15}$"))
    numbered = numbered.mutate(number=_.ref.cast("int64")).filter(_.number > 0)
    series = numbered.group_by(by).agg(
        there=_.number.nunique(), low=_.number.min(), high=_.number.max()
    )
    share = _.there / (_.high - _.low + 1)
    dense = series.filter((_.there >= 20) & (share >= DENSE))
    told = numbered.semi_join(dense, by)
    window = ibis.window(group_by=by, order_by=[_.number, _.row_id])
    steps = told.mutate(
        next=_.number.lead().over(window),
        next_row=_.row_id.lead().over(window),
        until=_.sent_at.lead().over(window),
    ).mutate(lost=_["next"] - _.number - 1)
    top = strongest(
        steps.filter(_.lost >= LEAST_MISSING),
        ["exhibit_id"],
        [_.lost.desc(), _.row_id],
        PARTS[2],
    )
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {
            "n": row["lost"],
            "app": row["app"],
            "before": row["number"],
            "after": row["next"],
            "first": given.at(row["sent_at"]),
            "last": given.at(row["until"]),
        }
        rows: Rows = {MESSAGE: [row["row_id"], row["next_row"]]}
        yield Line(row["exhibit_id"], "missing", MISSING, facts, rows)


def _silences(given: Given) -> Iterator[Line]:
    """The longest silences of the exhibit, then those of one application alone."""
    whole: dict[str, set[tuple[int, int]]] = {}
    for row in _longest(given, ["exhibit_id"]):
        whole.setdefault(row["exhibit_id"], set()).add((row["row_id"], row["next_row"]))
        yield _silence(given, row, SILENCE)
    for row in _longest(given, ["exhibit_id", "app"]):
        if (row["row_id"], row["next_row"]) not in whole.get(row["exhibit_id"], ()):
            yield _silence(given, row, QUIET_APP)


def _longest(given: Given, by: list[str]) -> Iterator[dict[str, Any]]:
    window = ibis.window(group_by=by, order_by=[_.sent_at, _.row_id])
    second = _.sent_at.epoch_seconds().cast("float64")
    steps = given.said.select("exhibit_id", "row_id", "app", "sent_at", second=second)
    steps = steps.mutate(
        next_row=_.row_id.lead().over(window),
        until=_.sent_at.lead().over(window),
        length=_.second.lead().over(window) - _.second,
    )
    # a silence says something where the rest is dense: ten times the usual step
    whole = ibis.window(group_by=by)
    steps = steps.mutate(n=_.count().over(whole), span=_.length.sum().over(whole))
    long = steps.filter((_.length >= given.gap_days * 86_400) & (_.n >= FEW))
    long = long.filter(_.length * _.n >= TIMES * _.span)
    top = strongest(long, ["exhibit_id"], [_.length.desc(), _.row_id], PARTS[0] // 2)
    return given.engine.rows(top.order_by("exhibit_id", "place"))


def _silence(given: Given, row: dict[str, Any], text: str) -> Line:
    facts = {
        "days": int(row["length"] // 86_400),
        "app": row["app"],
        "first": given.at(row["sent_at"]),
        "last": given.at(row["until"]),
    }
    cited: Rows = {MESSAGE: [row["row_id"], row["next_row"]]}
    return Line(row["exhibit_id"], "silence", text, facts, cited)


def _erasing(given: Given) -> Iterator[Line]:
    told = given.words.filter(_.text.re_search(pattern("erase")))
    once = strongest(told, ["exhibit_id", "text"], [_.sent_at, _.row_id], 1).drop("place")
    top = strongest(once, ["exhibit_id"], [_.text.length(), _.row_id], PARTS[3])
    rows = sorted(
        given.engine.rows(top), key=lambda r: (r["exhibit_id"], r["sent_at"], r["row_id"])
    )
    for row in rows:
        facts = {
            "who": row["sender_id"] or "?",
            "at": given.at(row["sent_at"]),
            "words": quoted(row["text"]),
        }
        yield Line(row["exhibit_id"], "erase", ERASE, facts, {MESSAGE: [row["row_id"]]})

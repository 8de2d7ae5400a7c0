"""Rhythm of life: hours, days and stretches of activity, on the clock of the wall."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median
from typing import Any

import ibis
from ibis import Table, _

from faisceau.analyses.messages._digest.given import LINES, Given, Line
from faisceau.tables.clock import DAY_S, changes, wall
from faisceau.tables.schemas import CALL, MESSAGE, Schema
from faisceau.words import N_, Term

BUSY = N_("Most active from {begin}:00 to {end}:00: {share} % of {n} messages and calls")
QUIET = N_("Quiet from {begin}:00 to {end}:00: {share} % of {n} messages and calls")
NIGHT = N_("Between 22:00 and 5:00: {share} % of {n} messages and calls")
WEEK = N_("Most on {most} ({share} %), least on {least} ({little} %)")
EDGES = N_("On a usual day the first message or call comes at {first}, the last at {last}")
PEAK = N_("Messages and calls on {day}: {n}; on a usual day: {usual}")
PRESENT = N_("What the owner sent and called: on {days} of the {span} days from {first} to {last}")
ALL = N_(
    "Whose handset it is, is not known; what all sent: on {days} of the {span} days from {first} "
    "to {last}"
)
WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
NIGHT_HOURS = (22, 23, 0, 1, 2, 3, 4)
FEW = 20
"""Messages and calls under which nothing is said of a rhythm."""
TURN = 5
"""The hour at which one day of life ends and the next begins."""


def rhythm(given: Given) -> Iterator[Line]:
    """Presence, hours, night, weekdays, edges of the day, days out of the ordinary.

    Of what the owner sent and whom he or she called, where the owner is known; else of all.
    """
    timed = _timed(given)
    if timed is None:
        return
    hours: dict[str, list[dict[str, Any]]] = defaultdict(list)
    slots = timed.group_by("exhibit_id", "weekday", "hour", "table").agg(
        n=_.count(), one=_.row_id.min()
    )
    for row in given.engine.rows(slots.order_by("exhibit_id", "weekday", "hour", "table")):
        hours[row["exhibit_id"]].append(row)
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    daily = timed.group_by("exhibit_id", "day").agg(
        n=_.count(),
        first=_.moment.min(),
        last=_.moment.max(),
        message=_.row_id.min(where=_["table"] == "message"),
        call=_.row_id.min(where=_["table"] == "call"),
    )
    for row in given.engine.rows(daily.order_by("exhibit_id", "day")):
        days[row["exhibit_id"]].append(row)
    for exhibit_id, found in hours.items():
        if sum(row["n"] for row in found) >= FEW:
            owned = (
                bool(given.handsets[exhibit_id].owners) if exhibit_id in given.handsets else False
            )
            yield from _told(exhibit_id, found, days[exhibit_id], owned)


def _timed(given: Given) -> Table | None:
    """What the owner did: exhibit, row, table, and day, weekday, hour, second of the day there."""
    said, calls = given.said, given.call.filter(_.started_at.notnull())
    known = said.group_by("exhibit_id").agg(known=_.sent.any())
    own = said.inner_join(known, "exhibit_id").filter(_.sent | ~_.known)
    lines = calls.left_join(given.mine, [calls.exhibit_id == given.mine.of])
    outward = lines.filter((lines.caller == lines.who) | lines.who.isnull())
    parts = [
        own.select("exhibit_id", "row_id", at="sent_at", table=ibis.literal("message")),
        outward.select("exhibit_id", "row_id", at="started_at", table=ibis.literal("call")),
    ]
    every = ibis.union(*parts).filter(_["at"].notnull())
    [edge] = given.engine.rows(every.agg(first=_["at"].min(), last=_["at"].max()))
    if edge["first"] is None:
        return None
    second = wall(every["at"], changes(given.zone, edge["first"], edge["last"]))
    timed = every.mutate(second=second)
    return timed.mutate(
        hour=(_.second // 3600) % 24,
        weekday=((_.second - TURN * 3600) // DAY_S + 3) % 7,
        day=(_.second - TURN * 3600) // DAY_S,
        moment=(_.second - TURN * 3600) % DAY_S,
    )


def _told(
    exhibit_id: str, hours: list[dict[str, Any]], days: list[dict[str, Any]], owned: bool
) -> Iterator[Line]:
    by_hour, by_weekday = [0] * 24, [0] * 7
    for row in hours:
        by_hour[row["hour"]] += row["n"]
        by_weekday[row["weekday"]] += row["n"]
    total = sum(by_hour)

    def line(code: str, text: str, wanted: Any, **facts: Any) -> Line:
        rows = _cited(row for row in hours if wanted(row))
        return Line(exhibit_id, code, text, facts, rows)

    first, last = days[0]["day"], days[-1]["day"]
    facts = {"days": len(days), "span": last - first + 1, "first": _day(first), "last": _day(last)}
    yield Line(
        exhibit_id, "present", PRESENT if owned else ALL, facts, _of_days([days[0], days[-1]])
    )
    begin, length = _least_window(by_hour, total / 2)
    inside = {(begin + i) % 24 for i in range(length)}
    yield line(
        "busy",
        BUSY,
        lambda row: row["hour"] in inside,
        begin=begin,
        end=(begin + length) % 24,
        share=_percent(sum(by_hour[h] for h in inside), total),
        n=total,
    )
    begin, length = _quiet_window(by_hour, total)
    if length >= 3:
        rest = {(begin + i) % 24 for i in range(length)}
        around = {(begin - 1) % 24, (begin + length) % 24}
        yield line(
            "quiet",
            QUIET,
            lambda row: row["hour"] in around | rest,
            begin=begin,
            end=(begin + length) % 24,
            share=_percent(sum(by_hour[h] for h in rest), total),
            n=total,
        )
    night = sum(by_hour[h] for h in NIGHT_HOURS)
    if night:
        share = _percent(night, total)
        yield line("night", NIGHT, lambda row: row["hour"] in NIGHT_HOURS, share=share, n=total)
    ranked = sorted(range(7), key=lambda d: (-by_weekday[d], d))
    if len(days) >= 14:
        yield line(
            "week",
            WEEK,
            lambda row: row["weekday"] in (ranked[0], ranked[-1]),
            most=Term(WEEKDAYS[ranked[0]]),
            share=_percent(by_weekday[ranked[0]], total),
            least=Term(WEEKDAYS[ranked[-1]]),
            little=_percent(by_weekday[ranked[-1]], total),
        )
    usual = median(row["n"] for row in days)
    if len(days) >= 5 and usual >= 3:
        edges = {edge: _moment(median(row[edge] for row in days)) for edge in ("first", "last")}
        yield Line(exhibit_id, "edges", EDGES, edges, _of_days(days[:LINES]))
    if len(days) >= 5:
        for row in sorted(days, key=lambda row: (-row["n"], row["day"]))[:3]:
            if row["n"] >= max(10, 3 * usual):
                facts = {"day": _day(row["day"]), "n": row["n"], "usual": usual}
                yield Line(exhibit_id, "peak", PEAK, facts, _of_days([row]))


def _least_window(by_hour: list[int], least: float) -> tuple[int, int]:
    """First hour and length of the shortest stretch of hours that holds ``least``."""
    for length in range(1, 25):
        sums = [sum(by_hour[(begin + i) % 24] for i in range(length)) for begin in range(24)]
        if max(sums) >= least:
            return sums.index(max(sums)), length
    return 0, 24


def _quiet_window(by_hour: list[int], total: int) -> tuple[int, int]:
    """First hour and length of the longest stretch of hours that holds 3 % at most."""
    for length in range(23, 0, -1):
        sums = [sum(by_hour[(begin + i) % 24] for i in range(length)) for begin in range(24)]
        if min(sums) <= 0.03 * total:
            return sums.index(min(sums)), length
    return 0, 0


def _cited(rows: Iterator[dict[str, Any]]) -> dict[Schema | str, list[int]]:
    """One row for each of the fullest slots."""
    top = sorted(rows, key=lambda row: (-row["n"], row["one"]))[:LINES]
    cited: dict[Schema | str, list[int]] = {}
    for row in top:
        cited.setdefault(MESSAGE if row["table"] == "message" else CALL, []).append(row["one"])
    return cited


def _of_days(days: list[dict[str, Any]]) -> dict[Schema | str, list[int]]:
    cited: dict[Schema | str, list[int]] = {}
    for row in days:
        table = MESSAGE if row["message"] is not None else CALL
        cited.setdefault(table, []).append(row[table.name])
    return cited


def _percent(part: int, total: int) -> int:
    return round(100 * part / total)


def _day(number: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=number)).isoformat()


def _moment(second: float) -> str:
    minute = int(second) // 60 + TURN * 60
    return f"{minute // 60 % 24:02}:{minute % 60:02}"

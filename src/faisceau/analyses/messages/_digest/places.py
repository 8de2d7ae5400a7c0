"""Places: where the device or its pictures were, addresses written, places sent."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import ibis
from ibis import Table, _

from faisceau.analyses.messages._digest.given import (
    LINES,
    Given,
    Line,
    kept_rows,
    placed,
    quoted,
    strongest,
)
from faisceau.analyses.messages._digest.patterns import pattern
from faisceau.tables.clock import DAY_S, changes, wall
from faisceau.tables.schemas import TABLES, Schema
from faisceau.words import N_

AROUND = N_(
    "Around {latitude}, {longitude} (one kilometre): traces: {n}, days: {days}, from {first} to "
    "{last}; between 22:00 and 6:00: {night} %"
)
NIGHTS = N_(
    "Most nights end around {latitude}, {longitude} (one kilometre): {days} of the {all} nights "
    "that leave a trace"
)
ADDRESS = N_("The address “{words}”; messages: {n}, first on {at} by {who}")
LINK = N_("A place sent as a link: {words}; messages: {n}, first on {at} by {who}")
CELL = 2
"""Decimals of a degree that make one place: about a kilometre."""
_TABLES = ("position", "message", "media", "call")
PARTS = (8, 6, 5)
"""Lines of places, of addresses, of links."""


def places(given: Given) -> Iterator[Line]:
    """Where nights are spent, places by days, addresses in texts, links to maps."""
    yield from _traces(given)
    yield from _written(given, "address", ADDRESS, PARTS[1])
    yield from _written(given, "map_link", LINK, PARTS[2])


def _all(given: Given) -> Table:
    """(exhibit, table, row, at, latitude, longitude) of whatever says where the owner was."""
    located = {
        "position": (given.position, "at"),
        "message": (given.said.filter(_.sent), "sent_at"),
        "media": (given.media, "recorded_at"),
        "call": (given.call, "started_at"),
    }
    parts = [
        table.filter(table.latitude.notnull() & table.longitude.notnull()).select(
            "exhibit_id",
            "row_id",
            "latitude",
            "longitude",
            at=table[at],
            table=ibis.literal(name),
        )
        for name, (table, at) in located.items()
    ]
    every = ibis.union(*parts)
    return every.filter(~((_.latitude == 0) & (_.longitude == 0)))


def _traces(given: Given) -> Iterator[Line]:
    every = _all(given)
    [edge] = given.engine.rows(every.agg(first=_["at"].min(), last=_["at"].max()))
    if edge["first"] is None:
        return
    second = wall(every["at"], changes(given.zone, edge["first"], edge["last"]))
    cells = every.mutate(
        north=(_.latitude * 10**CELL).round().cast("int64"),
        east=(_.longitude * 10**CELL).round().cast("int64"),
        day=(second - 6 * 3600) // DAY_S,
        hour=(second // 3600) % 24,
    ).mutate(night=(_.hour >= 22) | (_.hour < 6))
    by = ["exhibit_id", "north", "east"]
    nights = cells.filter(_.night).group_by("exhibit_id").agg(all=_.day.nunique())
    counted = (
        placed(cells, by, [_["at"], _["table"], _.row_id])
        .group_by(by)
        .agg(
            n=_.count(),
            days=_.day.nunique(),
            nights=_.day.nunique(where=_.night),
            night=_.night.cast("int64").sum(),
            first=_["at"].min(),
            last=_["at"].max(),
            **{
                name: _.row_id.collect(where=(_.place < LINES) & (_["table"] == name))
                for name in _TABLES
            },
        )
        .left_join(nights, "exhibit_id")
        .drop("exhibit_id_right")
    )
    order = [_.days.desc(), _.n.desc(), _.north, _.east]
    top = strongest(counted, ["exhibit_id"], order, PARTS[0])
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        found[row["exhibit_id"]].append(row)
    for exhibit_id, rows in found.items():
        home = max(rows, key=lambda row: (row["nights"], row["days"], -row["place"]))
        if home["nights"] >= 3:
            facts = {**_where(home), "days": home["nights"], "all": home["all"]}
            yield Line(exhibit_id, "nights", NIGHTS, facts, _cited(home))
        for row in rows:
            facts = {**_where(row), "n": row["n"], "days": row["days"]}
            facts |= {"first": given.day(row["first"]), "last": given.day(row["last"])}
            facts["night"] = round(100 * row["night"] / row["n"])
            yield Line(exhibit_id, "place", AROUND, facts, _cited(row))


def _where(row: dict[str, Any]) -> dict[str, str]:
    return {
        "latitude": f"{row['north'] / 10**CELL:.{CELL}f}",
        "longitude": f"{row['east'] / 10**CELL:.{CELL}f}",
    }


def _cited(row: dict[str, Any]) -> dict[Schema | str, list[int]]:
    return {TABLES[name]: row[name] for name in _TABLES if row[name]}


def _written(given: Given, name: str, text: str, most: int) -> Iterator[Line]:
    """What a pattern finds in texts, by what was found, as it was first written."""
    told = (given.figures if name == "address" else given.words).filter(
        _.text.re_search(pattern(name))
    )
    told = told.mutate(words=_.text.re_extract(pattern(name), 1).strip())
    told = told.mutate(key=_.words.lower())
    by = ["exhibit_id", "key"]
    counted = (
        placed(told, by, [_.sent_at, _.row_id])
        .group_by(by)
        .agg(
            n=_.count(),
            words=_.words.min(where=_.place == 0),
            who=_.sender_id.min(where=_.place == 0),
            at=_.sent_at.min(),
            rows=kept_rows(),
        )
    )
    top = strongest(counted, ["exhibit_id"], [_.n.desc(), _.at, _.key], most)
    for row in given.engine.rows(top.order_by("exhibit_id", "place")):
        facts = {"words": quoted(row["words"]), "n": row["n"], "who": row["who"] or "?"}
        facts["at"] = given.at(row["at"])
        yield Line(row["exhibit_id"], name, text, facts, {TABLES["message"]: row["rows"]})

"""Applications and communication tools: what was used, what is installed, what carries what."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import yaml
from ibis import _

from faisceau.analyses.messages._digest.given import (
    LINES,
    Given,
    Line,
    Rows,
    kept_rows,
    placed,
    talk_count,
)
from faisceau.tables.schemas import CALL, HANDSET, MESSAGE
from faisceau.words import N_, Term

USED = N_("{app}: messages: {n}, sent: {sent}, conversations: {talks}, from {first} to {last}")
CALLS = N_("Calls ({kind}): {n}, minutes in all: {minutes}, from {first} to {last}")
CARRIED = N_("Messages that are no plain text: {n} ({kinds})")
INSTALLED = N_("Installed ({family}): {apps}")
UNREAD = N_("Installed, but no message of it is in the files: {apps}")
FAMILIES = {
    "encrypted": N_("encrypted messaging"),
    "messaging": N_("messaging and social networks"),
    "anonymity": N_("anonymity and hiding"),
    "money": N_("money and crypto-assets"),
    "movement": N_("maps, transport and lodging"),
    "mail": N_("mail"),
}
SPEAKS = ("encrypted", "messaging")
"""The families whose messages one expects to find."""


@cache
def _known() -> dict[str, tuple[str, ...]]:
    text = (files(__package__) / "apps.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return {family: tuple(part.split(";")) for family, part in data.items()}


def family(app: str) -> str | None:
    """What an application serves for, by its name or package; None when the list has no such."""
    words = f" {app.casefold().replace('.', ' ').replace('_', ' ')} "
    for name, apps in _known().items():
        if any(f" {known.strip()} " in words for known in apps):
            return name
    return None


def tools(given: Given) -> Iterator[Line]:
    """Used applications by messages, calls, kinds carried, installed applications by family."""
    used: dict[str, set[str]] = {}
    by = ["exhibit_id", "app"]
    rows = placed(given.said, by, [_.sent_at, _.row_id])
    counted = rows.group_by(by).agg(
        n=_.count(),
        sent=_.sent.cast("int64").sum(),
        talks=talk_count(),
        first=_.sent_at.min(),
        last=_.sent_at.max(),
        rows=kept_rows(),
    )
    for row in given.engine.rows(counted.order_by("exhibit_id", _.n.desc(), "app")):
        used.setdefault(row["exhibit_id"], set()).add((row["app"] or "").casefold())
        facts = {key: row[key] for key in ("app", "n", "sent", "talks")}
        facts |= {"first": given.day(row["first"]), "last": given.day(row["last"])}
        yield Line(row["exhibit_id"], "used", USED, facts, {MESSAGE: row["rows"]})
    yield from _installed(given, used)
    yield from _calls(given)
    yield from _carried(given)


def _installed(given: Given, used: dict[str, set[str]]) -> Iterator[Line]:
    apps = given.handset.filter(_.apps.notnull()).select("exhibit_id", "row_id", "apps")
    for row in given.engine.rows(apps.order_by("row_id")):
        cited: Rows = {HANDSET: [row["row_id"]]}
        sorts: dict[str, set[str]] = {}
        for app in row["apps"]:
            if app and (found := family(app)) is not None:
                sorts.setdefault(found, set()).add(app)
        for name, words in FAMILIES.items():
            if name in sorts:
                facts = {"family": Term(words), "apps": sorted(sorts[name])}
                yield Line(row["exhibit_id"], "installed", INSTALLED, facts, cited)
        met = used.get(row["exhibit_id"], set())
        silent = {
            app
            for name in SPEAKS
            for app in sorts.get(name, ())
            if not any(one and one in app.casefold() for one in met)
        }
        if silent:
            yield Line(row["exhibit_id"], "unread", UNREAD, {"apps": sorted(silent)}, cited)


def _calls(given: Given) -> Iterator[Line]:
    calls = given.call.mutate(kind=_.kind.fill_null("voice"))
    by = ["exhibit_id", "kind"]
    counted = (
        placed(calls, by, [_.started_at, _.row_id])
        .group_by(by)
        .agg(
            n=_["count"].fill_null(1).sum(),
            seconds=_.duration_s.fill_null(0.0).sum(),
            first=_.started_at.min(),
            last=_.started_at.max(),
            rows=kept_rows(),
        )
    )
    for row in given.engine.rows(counted.order_by("exhibit_id", _.n.desc(), "kind")):
        facts = {"kind": row["kind"], "n": row["n"], "minutes": round(row["seconds"] / 60)}
        facts |= {"first": given.day(row["first"]), "last": given.day(row["last"])}
        yield Line(row["exhibit_id"], "calls", CALLS, facts, {CALL: row["rows"]})


def _carried(given: Given) -> Iterator[Line]:
    other = given.said.filter(_.kind.notnull() & (_.kind != "text"))
    by = ["exhibit_id", "kind"]
    counted = placed(other, by, [_.sent_at, _.row_id]).group_by(by)
    found: dict[str, list[tuple[str, int, list[int]]]] = {}
    parts = counted.agg(n=_.count(), rows=kept_rows())
    for row in given.engine.rows(parts.order_by("exhibit_id", _.n.desc(), "kind")):
        found.setdefault(row["exhibit_id"], []).append((row["kind"], row["n"], row["rows"]))
    for exhibit_id, kinds in found.items():
        facts = {
            "n": sum(n for _kind, n, _rows in kinds),
            "kinds": [f"{k} {n}" for k, n, _r in kinds],
        }
        cited = sorted(row for _kind, _n, rows in kinds for row in rows[: LINES // len(kinds)])
        yield Line(exhibit_id, "carried", CARRIED, facts, {MESSAGE: cited})

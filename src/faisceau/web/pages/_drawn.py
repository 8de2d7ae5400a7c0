"""What the pages that draw share: colours, a chart with its name, rows beside a picture.

A picture is never alone: a table near it says the same, for the keyboard and for screen readers.
Names in a picture are drawn as text on a canvas, never as markup.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote

from nicegui import ui

from faisceau.case.pictures import Untold
from faisceau.case.pictures.timeline import aware
from faisceau.web.pages._elements import (
    ROWS_OF,
    Cell,
    card,
    labelled,
    local,
    part,
    refused,
    table,
    text,
)
from faisceau.words import N_, say

ZONE = "Europe/Paris"
INK = {False: "#1b2430", True: "#e6eaf0"}
SOFT = {False: "#566173", True: "#a9b4c3"}
LINE = {False: "#d9dee6", True: "#35404e"}
SURFACE = {False: "#ffffff", True: "#1c232d"}
ACCENT = {False: "#275d92", True: "#8fc0f0"}
COLOURS = {
    "message": "#3b82c4",
    "call": "#d9822b",
    "contact": "#2f9e77",
    "position": "#8e6bc9",
    "plate_read": "#c2517f",
    "seizure": "#c23b30",
    "media": "#6f8f2f",
    "trip": "#3aa3a8",
    "payment": "#b8901f",
    "coin_transfer": "#7d6a55",
    "declaration": "#5f76b8",
    "scan": "#9a5f9f",
    "post": "#4a93b8",
    "sim_sale": "#7f8a34",
    "handset": "#64748b",
    "person": "#b5654a",
    "mention": "#5a8f3c",
    "finding": "#a3231f",
}
"""One colour by table, legible on light and dark."""
OTHER = "#7b8794"
SKIPPED = {"row_id", "exhibit_id", "source", "zone", "ref"}
SHOWN_CELLS = 6


async def darkness() -> bool:
    """Whether the page is shown dark; it may follow the machine's own choice."""
    told = await ui.run_javascript("document.body.classList.contains('body--dark')", timeout=5)
    return bool(told)


def called(name: str) -> str:
    """What the rows of a table, or ties of a kind, are called."""
    return say(ROWS_OF.get(name, name))


def chart(
    options: Mapping[str, Any], label: str, on_click: Callable[..., Any] | None = None
) -> ui.echart:
    """A drawing with its name for those who do not see it (words already said)."""
    made = ui.echart(dict(options), on_point_click=on_click).classes("w-full")
    made.props("role=img tabindex=-1")
    labelled(made, label)
    return made


def tooltip(dark: bool) -> dict[str, Any]:
    """A tooltip that is text drawn, not markup."""
    return {
        "renderMode": "richText",
        "confine": True,
        "backgroundColor": SURFACE[dark],
        "borderColor": LINE[dark],
        "textStyle": {"color": INK[dark], "fontSize": 12},
    }


def untold(left_out: Iterable[Untold]) -> None:
    """Tables that were refused to a picture, each with its ground."""
    found = list(left_out)
    if not found:
        return
    names = ", ".join(dict.fromkeys(called(one.table) for one in found))
    with ui.expansion(say(N_("Not shown: {tables}"), tables=names)).classes("w-full"):
        for one in found:
            refused(one.decision)


def day_input(label: str, value: date | None = None) -> ui.input:
    """A field for a day (``label`` a template)."""
    made = ui.input(say(label), value=value.isoformat() if value else "")
    made.props('outlined dense type="date" stack-label').style("width: 158px")
    return made


def span(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """From the first moment of a day to the last of another, in Paris; empty: no limit."""

    def moment(day: str | None, later: int) -> datetime | None:
        if not day:
            return None
        whole = date.fromisoformat(day) + timedelta(days=later)
        return aware(datetime.combine(whole, time()), ZONE)

    return moment(since, 0), moment(until, 1)


def rows_table(case: str, name: str, rows: Sequence[Mapping[str, Any]], at: str) -> None:
    """Rows of a table as they are read: when, what they say, where they stand."""
    filled = [
        column
        for column in (rows[0] if rows else {})
        if column not in SKIPPED
        and column != at
        and any(row[column] not in (None, [], "") for row in rows)
    ]
    headers = [say(N_("When")), *filled[:SHOWN_CELLS], say(N_("Where it stands"))]
    lines = [
        (
            local(row[at], seconds=True),
            *(_cell(row[column]) for column in filled[:SHOWN_CELLS]),
            _where(case, name, row),
        )
        for row in rows
    ]
    table(headers, lines, caption=called(name))


def more(shown: int, total: int, on_click: Callable[..., Any]) -> None:
    """How many are shown of how many, and a button for those that follow."""
    with part("div", "fx-row"):
        text("p", say(N_("{shown} of {total}"), shown=shown, total=total), "soft small")
        if shown < total:
            ui.button(say(N_("Show more")), on_click=on_click).props("outline dense")


def same_as_table() -> ui.element:
    """What unfolds to say in words what a picture shows; it stays as it is when that changes."""
    with card(), ui.expansion(say(N_("The same as a table"))).classes("w-full"):
        return part("div", "fx-stack")


def _where(case: str, name: str, row: Mapping[str, Any]) -> Cell:
    def build() -> None:
        place = f"{row['exhibit_id']} {row['source'] or ''}"
        if name == "message":
            link = text("a", place, "mono")
            link._props["href"] = f"/case/{quote(case)}/conversation/{row['row_id']}"
        else:
            text("span", place, "mono")

    return build


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return local(value, seconds=True)
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)[:400]

"""The rows of the observation tables, page by page, each with where it stands in its exhibit."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from nicegui import ui

from faisceau.tables.schemas import TABLES
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import (
    PATIENCE,
    ROWS_OF,
    Cell,
    local,
    notice,
    part,
    table,
    text,
)
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 70
NAVIGATION = [(N_("Rows"), "/case/{name}/rows", "table_rows", "rows")]
PAGE = 50
LAST = ("procedure", "ref", "zone")
FIRST = ("row_id", "exhibit_id", "source")


def register() -> None:
    """Declare the page ``/case/{name}/rows``."""

    @ui.page("/case/{name}/rows", response_timeout=PATIENCE)
    async def rows(name: str) -> None:
        with frame(N_("Rows"), case=name) as session:
            _build(session, name)


def _build(session: Session, case: str) -> None:
    covered = [name for name in TABLES if name in desk(session, case).mandate.data]
    if not covered:
        text("p", say(N_("The mandate covers no table.")))
        return
    names = {name: f"{say(ROWS_OF.get(name, name))} ({name})" for name in covered}
    with part("div", "fx-row"):
        chosen = ui.select(names, value=covered[0], label=say(N_("Table")))
        chosen.props("outlined dense options-dense").style("min-width: 220px")
        where = ui.input(say(N_("Condition, in SQL"))).props("outlined dense clearable")
        where.classes("grow").style("min-width: 220px")
        show = ui.button(say(N_("Show")), icon="table_rows").props("unelevated")
    text("p", say(N_("For example: kind = 'voice' AND sent_at > '2026-03-01'")), "soft small")
    meaning = text("p", "", "soft")
    place = part("div", "fx-stack")
    state = {"page": 0}

    async def load() -> None:
        meaning.set_text(TABLES[chosen.value].meaning)
        first = state["page"] * PAGE
        condition = (where.value or "").strip() or None
        found = await in_thread(_read, session, case, chosen.value, condition, first)
        place.clear()
        with place:
            _shown(chosen.value, found[:PAGE])
            with part("div", "fx-row"):
                turn(N_("Previous"), -1, first > 0)
                turn(N_("Next"), 1, len(found) > PAGE)
        if not found:
            notice(say(N_("No rows.")))

    def turn(label: str, by: int, there: bool) -> None:
        async def turned() -> None:
            state["page"] += by
            await load()

        button = ui.button(say(label), on_click=acting(session, turned)).props("outline dense")
        button.set_enabled(there)

    async def anew() -> None:
        state["page"] = 0
        await load()

    show.on("click", acting(session, anew))
    where.on("keydown.enter", acting(session, anew))
    chosen.on_value_change(acting(session, anew))
    ui.timer(0.01, acting(session, load), once=True)


def _read(
    session: Session, case: str, name: str, where: str | None, first: int
) -> list[dict[str, Any]]:
    """One page of rows, and one row more where there is."""
    batches = desk(session, case).rows(name, where, first + PAGE + 1)
    every = (row for batch in batches for row in batch.to_pylist())
    return list(islice(every, first, None))


def _shown(name: str, rows: list[dict[str, Any]]) -> None:
    """A page of rows: what anchors the table first, what is the desk's own last."""
    first = [*TABLES[name].anchors, "text"]
    columns = [c for c in (rows[0] if rows else {}) if c not in FIRST]
    columns.sort(key=lambda c: (first.index(c) if c in first else 9) + 9 * (c in LAST))
    filled = [c for c in columns if any(row[c] not in (None, [], "") for row in rows)]
    headers = [say(N_("Where it stands")), *filled]
    lines = [(_where(row), *(_cell(row[c]) for c in filled)) for row in rows]
    with part("section", "fx-card"):
        table(headers, lines, caption=say(N_("Rows")))


def _where(row: Mapping[str, Any]) -> Cell:
    def build() -> None:
        text("div", f"{row['exhibit_id']} {row['source']}", "mono").style("min-width: 190px")

    return build


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime):
        return local(value, seconds=True)
    if isinstance(value, bool):
        return say(N_("yes") if value else N_("no"))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)

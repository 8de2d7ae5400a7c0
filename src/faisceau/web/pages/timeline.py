"""The timeline of a case: every observation by table and stretch of time, down to its rows."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nicegui import ui

from faisceau.case.door import WHEN
from faisceau.case.pictures import Part
from faisceau.case.pictures.timeline import Moments, Series, Timeline, stretch_of
from faisceau.web.pages import _drawn
from faisceau.web.pages._acting import acting
from faisceau.web.pages._drawn import called, darkness
from faisceau.web.pages._elements import PATIENCE, card, labelled, number, part, table, text
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 40
NAVIGATION = [(N_("Timeline"), "/case/{name}/timeline", "timeline", "rows")]
PAGE = 100
MOST_LINES = 200
MOST_STRETCHES = 4000
"""A timeline with more stretches (a clock set wrong) is drawn without its empty ones."""
FORMS = {"hour": "%d/%m/%Y %H:00", "day": "%d/%m/%Y", "month": "%m/%Y"}
FINER = {"month": "day", "day": "hour"}


def register() -> None:
    """Declare the page ``/case/{name}/timeline``."""

    @ui.page("/case/{name}/timeline", response_timeout=PATIENCE)
    async def timeline(name: str) -> None:
        with frame(N_("Timeline"), case=name) as session:
            Page(session, name).build()


@dataclass
class Page:
    """The timeline as one person looks at it: the range, the unit, the stretch chosen."""

    session: Session
    case: str
    told: Timeline | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    asked: tuple[Any, ...] = ()

    def build(self) -> None:
        """Lay the page out; what is told comes after."""
        with part("div", "fx-row"):
            self.since = _drawn.day_input(N_("From the day"))
            self.until = _drawn.day_input(N_("Until"))
            units = {
                "": say(N_("As fits")),
                "hour": say(N_("Hours")),
                "day": say(N_("Days")),
                "month": say(N_("Months")),
            }
            self.unit = ui.select(units, value="", label=say(N_("By")))
            self.unit.props("outlined dense options-dense").style("min-width: 130px")
            looks = {"bars": say(N_("Bars")), "heat": say(N_("Table by table"))}
            self.look = ui.select(looks, value="bars", label=say(N_("Drawn as")))
            self.look.props("outlined dense options-dense").style("min-width: 160px")
            whole = ui.button(say(N_("All of it")), icon="zoom_out_map")
            whole.props("outline").on("click", self._act(self._whole))
        self.place = card(classes="fx-picture")
        self.below = part("div", "fx-stack")
        self.counts = _drawn.same_as_table()
        for field_ in (self.since, self.until):
            field_.on_value_change(self._act(self._changed))
        self.unit.on_value_change(self._act(self._changed))
        self.look.on_value_change(self._act(self._draw))
        ui.timer(0.01, self._act(self._load), once=True)

    def _act(self, handler: Any) -> Any:
        return acting(self.session, handler)

    async def _whole(self) -> None:
        self.since.value = self.until.value = ""
        self.unit.value = ""
        await self._load()

    @property
    def _wanted(self) -> tuple[Any, ...]:
        return self.since.value, self.until.value, self.unit.value

    async def _changed(self) -> None:
        """A field changed: by a hand, or by what already loads."""
        if self._wanted != self.asked:
            await self._load()

    async def _load(self) -> None:
        self.asked = self._wanted
        since, until = _drawn.span(self.since.value, self.until.value)
        unit = self.unit.value or None
        self.told = await in_thread(
            lambda: desk(self.session, self.case).pictures.timeline(since, until, unit=unit)
        )
        self.below.clear()
        await self._draw()

    async def _draw(self) -> None:
        told = self.told
        if told is None:
            return
        dark = await darkness()
        self.place.clear()
        self.counts.clear()
        with self.place:
            total = sum(series.total for series in told.series)
            if not total:
                text("p", say(N_("Nothing that has a time is to be seen here.")))
            else:
                self._chart(told, total, dark)
            self._undated(told)
            _drawn.untold(told.untold)
        if total:
            with self.counts:
                self._table(told)

    def _chart(self, told: Timeline, total: int, dark: bool) -> None:
        first, last = (format(at, "%d/%m/%Y %H:%M") for at in (told.first, told.last) if at)
        label = say(
            N_("{total} observations from {first} to {last}"),
            total=number(total),
            first=first,
            last=last,
        )
        hint = say(N_("click a bar for its rows; wheel or slider to look closer"))
        text("p", f"{label} · {hint}", "soft small").props("role=status")
        starts = _every(told)
        shown = [series for series in told.series if series.total]
        draw = _heat if self.look.value == "heat" else _bars
        options = draw(told, shown, starts, dark)
        made = _drawn.chart(options, label, self._act(lambda e: self._clicked(e, shown, starts)))
        lines = len(shown) if self.look.value == "heat" else 0
        made.style(f"height: {130 + 44 * lines if lines else 380}px")

    def _undated(self, told: Timeline) -> None:
        lost = [f"{called(s.table)} {number(s.undated)}" for s in told.series if s.undated]
        if lost:
            names = ", ".join(lost)
            text("p", say(N_("Without a time: {rows}"), rows=names), "soft small")

    async def _clicked(self, event: Any, shown: list[Series], starts: list[datetime]) -> None:
        if self.look.value == "heat":
            x, y = int(event.value[0]), int(event.value[1])
            await self._choose(shown[y].table, starts[x])
        else:
            await self._choose(shown[event.series_index].table, starts[event.data_index])

    async def _choose(self, name: str, start: datetime) -> None:
        """Show the rows of one table in one stretch."""
        assert self.told is not None
        since, until = stretch_of(start, self.told.unit, self.told.zone)
        found = await self._rows(name, Part(since=since, until=until), 0)
        self.rows = [dict(row) for row in found.rows]
        self.below.clear()
        with self.below, card() as made:
            labelled(made, say(N_("Rows")))
            when = _said(start, self.told.unit)
            text("h2", f"{called(name)} · {when}").props("tabindex=-1")
            finer = FINER.get(self.told.unit)
            if finer:
                closer = self._act(lambda: self._closer(start))
                label = say(N_("Only this day") if finer == "hour" else N_("Only this month"))
                with part("div", "fx-row"):
                    ui.button(label, icon="zoom_in", on_click=closer).props("outline dense")
            place = part("div", "fx-stack")
        self._fill(place, found, Part(since=since, until=until))
        ui.run_javascript(
            f"document.querySelector('#c{made.id} h2')?.focus({{preventScroll: true}});"
            f"document.getElementById('c{made.id}')?.scrollIntoView({{block: 'nearest'}})"
        )

    def _fill(self, place: ui.element, found: Moments, within: Part) -> None:
        place.clear()

        async def following() -> None:
            after = await self._rows(found.table, within, len(self.rows))
            self.rows += [dict(row) for row in after.rows]
            self._fill(place, after, within)

        with place:
            _drawn.rows_table(self.case, found.table, self.rows, WHEN[found.table])
            _drawn.more(len(self.rows), found.total, self._act(following))

    async def _rows(self, name: str, within: Part, offset: int) -> Moments:
        return await in_thread(
            lambda: desk(self.session, self.case).pictures.moments(
                name, within, limit=PAGE, offset=offset
            )
        )

    async def _closer(self, start: datetime) -> None:
        """Look at one month by day, at one day by hour."""
        assert self.told is not None
        end = start + timedelta(days=0 if self.told.unit == "day" else 31)
        if self.told.unit == "month":
            end = end.replace(day=1) - timedelta(days=1)
        self.since.value, self.until.value = start.date().isoformat(), end.date().isoformat()
        self.unit.value = ""
        await self._load()

    def _table(self, told: Timeline) -> None:
        """Counts by stretch and table, each a button that shows its rows."""
        shown = [series for series in told.series if series.total]
        starts = told.stretches
        headers = [say(N_("When")), *(called(series.table) for series in shown)]
        lines = [
            [_said(start, told.unit), *(self._count(series, start) for series in shown)]
            for start in starts[:MOST_LINES]
        ]
        table(headers, lines, caption=say(N_("Observations by time")), right=1)
        if len(starts) > MOST_LINES:
            left = len(starts) - MOST_LINES
            text("p", say(N_("{n} further lines: narrow the range"), n=left), "soft small")

    def _count(self, series: Series, start: datetime) -> Any:
        n = series.counts.get(start, 0)
        if not n:
            return ""

        def build() -> None:
            button = text("button", number(n), "fx-facet").props("type=button")
            when = _said(start, self.told.unit if self.told else "day")
            labelled(button, f"{number(n)} {called(series.table)}, {when}")
            button.on("click", self._act(lambda: self._choose(series.table, start)))

        return build


def _said(start: datetime, unit: str) -> str:
    return format(start, FORMS[unit])


def _every(told: Timeline) -> list[datetime]:
    """Every stretch from the first to the last, the empty ones too."""
    there = told.stretches
    at, last, every = there[0], there[-1], list[datetime]()
    while at <= last and len(every) <= MOST_STRETCHES:
        every.append(at)
        if told.unit == "month":
            at = (at + timedelta(days=32)).replace(day=1)
        else:
            at += timedelta(hours=1) if told.unit == "hour" else timedelta(days=1)
    return there if len(every) > MOST_STRETCHES else every


def _frame_of(told: Timeline, starts: list[datetime], dark: bool) -> dict[str, Any]:
    soft, line = _drawn.SOFT[dark], _drawn.LINE[dark]
    return {
        "animation": False,
        "textStyle": {"color": soft, "fontFamily": "system-ui, sans-serif"},
        "grid": {"left": 56, "right": 18, "top": 40, "bottom": 76, "containLabel": False},
        "tooltip": _drawn.tooltip(dark),
        "xAxis": {
            "type": "category",
            "data": [_said(start, told.unit) for start in starts],
            "axisLabel": {"color": soft, "hideOverlap": True},
            "axisLine": {"lineStyle": {"color": line}},
            "axisTick": {"show": False},
        },
        "dataZoom": [
            {"type": "inside", "zoomOnMouseWheel": True, "moveOnMouseMove": True},
            {
                "type": "slider",
                "height": 26,
                "bottom": 14,
                "borderColor": line,
                "fillerColor": "#3b82c433",
                "textStyle": {"color": soft},
                "dataBackground": {"lineStyle": {"color": soft}, "areaStyle": {"color": line}},
            },
        ],
    }


def _bars(
    told: Timeline, shown: list[Series], starts: list[datetime], dark: bool
) -> dict[str, Any]:
    soft, line = _drawn.SOFT[dark], _drawn.LINE[dark]
    return {
        **_frame_of(told, starts, dark),
        "legend": {"top": 4, "type": "scroll", "textStyle": {"color": _drawn.INK[dark]}},
        "yAxis": {
            "type": "value",
            "axisLabel": {"color": soft},
            "splitLine": {"lineStyle": {"color": line}},
        },
        "series": [
            {
                "type": "bar",
                "stack": "all",
                "name": called(series.table),
                "data": [series.counts.get(start, 0) or None for start in starts],
                "itemStyle": {"color": _drawn.COLOURS.get(series.table, _drawn.OTHER)},
                "barMinHeight": 2,
                "barCategoryGap": "12%",
                "barMaxWidth": 46,
            }
            for series in shown
        ],
    }


def _heat(
    told: Timeline, shown: list[Series], starts: list[datetime], dark: bool
) -> dict[str, Any]:
    """A line per table; the darker, the more of that table's own most."""
    place = {start: n for n, start in enumerate(starts)}
    base = _frame_of(told, starts, dark)
    base["grid"] = {**base["grid"], "left": 128, "top": 14}
    made = []
    for y, series in enumerate(shown):
        most = math.log1p(max(series.counts.values()))
        colour = _drawn.COLOURS.get(series.table, _drawn.OTHER)
        made.append(
            {
                "type": "heatmap",
                "name": called(series.table),
                "data": [
                    {
                        "value": [place[start], y, n],
                        "itemStyle": {
                            "color": colour,
                            "opacity": round(0.25 + 0.75 * math.log1p(n) / most, 2),
                        },
                    }
                    for start, n in series.counts.items()
                ],
            }
        )
    return {
        **base,
        "yAxis": {
            "type": "category",
            "data": [called(series.table) for series in shown],
            "axisLabel": {"color": _drawn.INK[dark]},
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "splitLine": {"show": True, "lineStyle": {"color": _drawn.LINE[dark]}},
        },
        "visualMap": {"show": False, "min": 0, "max": 1, "dimension": 2, "seriesIndex": []},
        "series": made,
    }

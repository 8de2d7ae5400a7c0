"""The map of a case: where it happened, gathered into spots, and the way of a vehicle or device.

It draws from what ships with the program; a tile server is asked only where the settings name one.
"""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nicegui import app, ui

from faisceau.case.door import WHEN
from faisceau.case.pictures import Box, Part
from faisceau.case.pictures.places import LABELS, WAYS, Places, Spot, Step, Way
from faisceau.case.pictures.timeline import Moments
from faisceau.web import outlines
from faisceau.web.pages import _drawn
from faisceau.web.pages._acting import acting
from faisceau.web.pages._drawn import called, darkness
from faisceau.web.pages._elements import (
    PATIENCE,
    Cell,
    card,
    labelled,
    local,
    number,
    part,
    table,
    text,
)
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 44
NAVIGATION = [(N_("Map"), "/case/{name}/map", "map", "rows")]
SCRIPT = (Path(__file__).parent / "_map.js").read_text("utf-8")
LAND = "/outlines/departments.json"
FRANCE = Box(41.3, -5.3, 51.2, 9.7)
NEAR = 9
"""From this zoom on, communes are outlined."""
TOWNS = 60
PAGE = 50
LISTED = 100
KINDS = {"plate": N_("Number plate"), "device": N_("Device"), "phone": N_("Telephone number")}


def register() -> None:
    """Declare the page ``/case/{name}/map``, and the outlines it draws."""
    app.add_static_file(local_file=outlines.DEPARTMENTS, url_path=LAND)

    @ui.page("/case/{name}/map", response_timeout=PATIENCE)
    async def map_(name: str) -> None:
        with frame(N_("Map"), case=name) as session:
            Page(session, name).build()


@dataclass
class Page:
    """The map as one person looks at it: the tables, the time, the view, the way followed."""

    session: Session
    case: str
    tables: set[str] = field(default_factory=lambda: set(LABELS))
    box: Box | None = None
    zoom: float = 5
    told: Places | None = None
    dark: bool = False
    days: tuple[Any, Any] = (None, None)

    def build(self) -> None:
        """Lay the page out; what is drawn comes after."""
        ui.add_css(_STYLE)
        self._head()
        with part("div", "fx-map-two"):
            with card(classes="fx-picture"):
                self.counted = text("p", "", "soft small").props("role=status")
                self._map()
                tiles = self.session.house.settings.tile_url
                text("p", say(N_("Outlines: {source}"), source=outlines.SOURCE), "soft small")
                if tiles:
                    text("p", say(N_("Tiles: {url}"), url=tiles), "soft small")
                self.refusals = part("div")
            with part("div", "fx-stack"):
                self._following()
                self.about = card()
        self.listed = _drawn.same_as_table()
        with self.about:
            text("p", say(N_("Choose a spot on the map for its rows.")), "soft")
        ui.on("fx-view", self._act(self._moved))
        ui.on("fx-spot", self._act(self._spot))
        ui.timer(0.01, self._act(self._start), once=True)

    def _act(self, handler: Any) -> Any:
        return acting(self.session, handler)

    def _head(self) -> None:
        with part("div", "fx-row"):
            self.since = _drawn.day_input(N_("From the day"))
            self.until = _drawn.day_input(N_("Until"))
            for made in (self.since, self.until):
                made.on_value_change(self._act(self._changed))
            whole = ui.button(say(N_("All of it")), icon="zoom_out_map").props("outline")
            whole.on("click", self._act(self._whole))
            self.facets = part("div", "fx-row").props("role=group")
            labelled(self.facets, say(N_("Tables")))
        self._facets()

    def _facets(self) -> None:
        self.facets.clear()
        covered = desk(self.session, self.case).mandate.data
        with self.facets:
            for name in LABELS:
                if name not in covered:
                    continue
                button = part("button", "fx-facet").props("type=button")
                button._props["aria-pressed"] = "true" if name in self.tables else "false"
                with button:
                    dot = part("span", "fx-dot").props("aria-hidden=true")
                    dot.style(f"background: {_drawn.COLOURS.get(name, _drawn.OTHER)}")
                    text("span", called(name))
                button.on("click", self._act(lambda n=name: self._toggle(n)))

    def _map(self) -> None:
        centre = ((FRANCE.south + FRANCE.north) / 2, (FRANCE.west + FRANCE.east) / 2)
        options = {"preferCanvas": True, "attributionControl": False, "zoomSnap": 0.5}
        self.map = ui.leaflet(center=centre, zoom=5, options=options)
        self.map.clear_layers()  # its own tiles come from outside
        if self.session.house.settings.tile_url:
            self.map.tile_layer(url_template=self.session.house.settings.tile_url)
        self.map.classes("fx-map")
        self.map.props("role=region tabindex=0")
        labelled(self.map, say(N_("Map; the same is said in the tables beside and below")))

    def _following(self) -> None:
        with card(N_("Follow")):
            with part("div", "fx-row"):
                kinds = {kind: say(name) for kind, name in KINDS.items()}
                self.kind = ui.select(kinds, value="plate", label=say(N_("What")))
                self.kind.props("outlined dense options-dense").classes("grow")
                self.followed = ui.input(say(N_("Which"))).props("outlined dense clearable")
                self.followed.classes("grow")
            follow = self._act(self._follow)
            self.followed.on("keydown.enter", follow)
            with part("div", "fx-row"):
                ui.button(say(N_("Follow")), icon="route", on_click=follow).props("unelevated")
                ui.button(say(N_("Stop")), on_click=self._act(self._stop)).props("outline")
            self.steps = part("div", "fx-stack")

    # ---- what is drawn ----

    async def _start(self) -> None:
        self.dark = await darkness()
        await self.map.initialized()
        ui.run_javascript(SCRIPT)
        bare = not self.session.house.settings.tile_url
        look = {"border": "#5b6b7f" if self.dark else "#9aa7b8", "fill": 1 if bare else 0}
        look["land"] = "#232c38" if self.dark else "#fbfaf6"
        self._js("land", LAND, look)
        await self._load()
        whole = self.told.box if self.told and self.told.box else FRANCE
        self._js("fit", _roomy(whole))

    def _js(self, name: str, *args: Any) -> None:
        said = ", ".join(json.dumps(arg).replace("</", "<\\/") for arg in (self.map.id, *args))
        ui.run_javascript(f"faisceauMap.{name}({said})")

    def _part(self) -> Part:
        since, until = _drawn.span(self.since.value, self.until.value)
        return Part(self.box, since, until)

    async def _changed(self) -> None:
        """A day changed: by a hand, or by what already loads."""
        if (self.since.value, self.until.value) != self.days:
            await self._load()

    async def _load(self) -> None:
        self.days = (self.since.value, self.until.value)
        asked, tables = self._part(), set(self.tables)
        told = await in_thread(
            lambda: desk(self.session, self.case).pictures.places(asked, tables=tables)
        )
        self.told = told
        ink = "#0b0f14" if self.dark else "#ffffff"
        most = max((spot.n for spot in told.spots), default=1)
        drawn = [
            [
                round(spot.latitude, 6),
                round(spot.longitude, 6),
                round(4 + 9 * math.log1p(spot.n) / math.log1p(max(most, 20)), 1),
                _drawn.COLOURS.get(spot.table, _drawn.OTHER),
                _said(spot),
            ]
            for spot in told.spots
        ]
        self._js("spots", drawn, ink)
        rows = number(sum(told.totals.values()))
        by = ", ".join(f"{called(name)} {number(n)}" for name, n in told.totals.items())
        said = say(N_("{rows} rows with a place in {n} spots"), rows=rows, n=len(told.spots))
        self.counted.set_text(f"{said} · {by}" if by else say(N_("Nothing with a place here.")))
        self.refusals.clear()
        with self.refusals:
            _drawn.untold(told.untold)
        self._list()

    def _list(self) -> None:
        """The spots as a table, those of most rows first."""
        self.listed.clear()
        spots = self.told.spots if self.told else []
        headers = [N_("What"), N_("Called"), N_("Near"), N_("First"), N_("Last"), N_("Rows")]
        rows = [
            [
                called(spot.table),
                self._button(n, spot.label or say(N_("several"))),
                _near(spot),
                local(spot.first),
                local(spot.last),
                spot.n,
            ]
            for n, spot in enumerate(spots[:LISTED])
        ]
        with self.listed:
            table([say(h) for h in headers], rows, caption=say(N_("Spots")), right=5)
            if len(spots) > LISTED:
                left = number(len(spots) - LISTED)
                text("p", say(N_("{n} smaller spots are not listed"), n=left), "soft small")

    def _button(self, n: int, label: str) -> Any:
        def build() -> None:
            made = text("button", label, "fx-facet").props("type=button")
            made.on("click", self._act(lambda: self._show(n)))

        return build

    # ---- what a person does ----

    async def _toggle(self, name: str) -> None:
        self.tables ^= {name}
        self._facets()
        await self._load()

    async def _whole(self) -> None:
        self.since.value = self.until.value = ""
        self.box = None
        await self._load()
        self._js("fit", _roomy(self.told.box if self.told and self.told.box else FRANCE))

    async def _moved(self, event: Any) -> None:
        """The view changed: spots are gathered anew, as fine as it is."""
        self.box, self.zoom = Box(*map(float, event.args["box"])), float(event.args["zoom"])
        await self._load()
        if self.zoom < NEAR:
            self._js("detail", [], [] if self.zoom < 6.5 else _towns(self.box, 30), {})
            return
        box = self.box
        lines = await in_thread(lambda: outlines.borders(*box))
        look = {"border": "#46566a" if self.dark else "#c3cbd6"}
        self._js("detail", lines, _towns(box, TOWNS), look)

    async def _spot(self, event: Any) -> None:
        await self._show(int(event.args))

    async def _show(self, n: int) -> None:
        """The rows of one spot, in order of time."""
        if self.told is None or n >= len(self.told.spots):
            return
        spot = self.told.spots[n]
        within = Part(spot.cell, *_drawn.span(self.since.value, self.until.value))
        found = await self._rows(spot.table, within, 0)
        rows = [dict(row) for row in found.rows]
        self.about.clear()
        with self.about:
            text("h2", _said(spot), "wrap")
            text("p", _near(spot), "soft small")
            place = part("div", "fx-stack")
        self._fill(place, found, within, rows)

    def _fill(
        self, place: ui.element, found: Moments, within: Part, rows: list[dict[str, Any]]
    ) -> None:
        async def following() -> None:
            after = await self._rows(found.table, within, len(rows))
            rows.extend(dict(row) for row in after.rows)
            self._fill(place, after, within, rows)

        place.clear()
        with place:
            at = WHEN[found.table]
            lines = [
                [local(row[at], seconds=True), _brief(found.table, row), self._way_of(row)]
                for row in rows
            ]
            headers = [say(N_("When")), say(N_("What")), ""]
            table(headers, lines, caption=called(found.table))
            _drawn.more(len(rows), found.total, self._act(following))

    def _way_of(self, row: dict[str, Any]) -> Any:
        kind, value = _followed(row)
        if not value:
            return ""

        def build() -> None:
            made = ui.button(icon="route").props("flat dense round size=sm")
            labelled(made, say(N_("Follow {value}"), value=value))
            made.on("click", self._act(lambda: self._follow_this(kind, value)))

        return build

    async def _rows(self, name: str, within: Part, offset: int) -> Moments:
        return await in_thread(
            lambda: desk(self.session, self.case).pictures.moments(
                name, within, limit=PAGE, offset=offset
            )
        )

    async def _follow_this(self, kind: str, value: str) -> None:
        self.kind.value, self.followed.value = kind, value
        await self._follow()

    async def _follow(self) -> None:
        """Draw where one vehicle, device or number was, and tell it in order."""
        kind, value = str(self.kind.value), (self.followed.value or "").strip()
        since, until = _drawn.span(self.since.value, self.until.value)
        strict = kind == "plate" and since is not None and until is not None
        asked = Part(self.box if strict else None, since, until)
        way = await in_thread(
            lambda: desk(self.session, self.case).pictures.way(kind, value, asked)
        )
        points = [
            [step.latitude, step.longitude, f"{n}. {local(step.at)} {step.place}"]
            for n, step in enumerate(way.steps, 1)
            if step.latitude is not None and step.longitude is not None
        ]
        self._js("way", points, _drawn.ACCENT[self.dark], "#0b0f14" if self.dark else "#ffffff")
        self._tell_way(way)

    def _tell_way(self, way: Way) -> None:
        self.steps.clear()
        with self.steps:
            n = number(way.total)
            said = say(N_("{value}: {n} times seen"), value=way.value, n=n)
            text("p", said, "small").props("role=status")
            _drawn.untold(way.untold)
            if way.untold and "plate_read" in {one.table for one in way.untold}:
                hint = N_("Give both dates and move the map to the zone: then a plate is followed")
                text("p", say(hint), "soft small")
            if way.steps:
                rows: list[list[Cell]] = [
                    [at, local(step.at, seconds=True), _place(step)]
                    for at, step in enumerate(way.steps, 1)
                ]
                with part("div", "fx-way"):
                    headers = ["", say(N_("When")), say(N_("Where"))]
                    table(headers, rows, caption=say(N_("The way, in order")))

    def _stop(self) -> None:
        self.steps.clear()
        self.followed.value = ""
        self._js("way", [], "", "")


def _towns(box: Box, most: int) -> list[list[Any]]:
    return [[s.latitude, s.longitude, s.name] for s in outlines.seats(*box, most=most)]


def _said(spot: Spot) -> str:
    name = f"{called(spot.table)} · {number(spot.n)}"
    return f"{spot.label} · {name}" if spot.label else name


def _near(spot: Spot) -> str:
    """The nearest large commune, and the coordinates."""
    lat, lon = spot.latitude, spot.longitude
    around = outlines.seats(lat - 0.15, lon - 0.2, lat + 0.15, lon + 0.2, most=400)
    narrow = math.cos(math.radians(lat))
    nearest = min(
        around,
        key=lambda s: math.hypot(s.latitude - lat, (s.longitude - lon) * narrow),
        default=None,
    )
    place = f"{lat:.4f}, {lon:.4f}"
    return f"{nearest.name} ({place})" if nearest else place


def _place(step: Step) -> str:
    known = step.latitude is not None and step.longitude is not None
    where = f"{step.latitude:.4f}, {step.longitude:.4f}" if known else say(N_("place not known"))
    return f"{step.place} ({where})" if step.place else where


def _brief(name: str, row: dict[str, Any]) -> str:
    """One row in a few words: what names it, what it says."""
    columns = {
        "plate_read": ("plate", "camera_id", "direction"),
        "position": ("device", "kind"),
        "message": ("sender_name", "sender_id", "text"),
        "call": ("caller", "callee", "kind"),
        "seizure": ("product", "quantity_g", "place"),
        "media": ("kind", "path"),
    }[name]
    return " · ".join(str(row[c])[:160] for c in columns if row.get(c) not in (None, ""))


def _followed(row: dict[str, Any]) -> tuple[str, str]:
    for kind, columns in (("plate", "plate"), ("device", "device"), ("phone", "caller")):
        if kind in WAYS and row.get(columns):
            return kind, str(row[columns])
    return "", ""


def _roomy(box: Box) -> list[float]:
    """The box with some room around it."""
    tall = max(box.north - box.south, 0.02) * 0.06
    wide = max(box.east - box.west, 0.02) * 0.06
    return [box.south - tall, box.west - wide, box.north + tall, box.east + wide]


_STYLE = """
.fx-map-two { display: grid; grid-template-columns: minmax(0, 1fr) 360px; gap: 18px;
  align-items: start; }
@media (max-width: 1020px) { .fx-map-two { grid-template-columns: minmax(0, 1fr); } }
.fx-map { height: calc(100vh - 310px); min-height: 420px; width: 100%; border-radius: 8px;
  background: #dfe9f1 !important; z-index: 0; }
.body--dark .fx-map { background: #12171e !important; }
.fx-dot { width: 10px; height: 10px; border-radius: 50%; align-self: center; }
.fx-town { color: #3a4657; font: 600 11px system-ui, sans-serif; white-space: nowrap;
  text-shadow: 0 0 3px #fff, 0 0 3px #fff, 0 0 3px #fff; background: none; border: 0; }
.body--dark .fx-town { color: #c7d0dc; text-shadow: 0 0 3px #000, 0 0 3px #000, 0 0 3px #000; }
.fx-way { max-height: 260px; overflow: auto; }
.body--dark .leaflet-bar a, .body--dark .leaflet-bar a:hover { background: #1c232d;
  color: #e6eaf0; border-color: #35404e; }
.body--dark .leaflet-control-scale-line { background: #1c232dcc; color: #e6eaf0;
  border-color: #a9b4c3; text-shadow: none; }
"""

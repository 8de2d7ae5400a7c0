"""The network of a case: who is in touch with whom, drawn from any subject outwards."""

from dataclasses import dataclass, field, replace
from typing import Any

from nicegui import ui

from faisceau.case.pictures._strands import KINDS
from faisceau.case.pictures.drawing import Point, laid_out
from faisceau.case.pictures.network import PART, Edge, Network, Node
from faisceau.case.pictures.views import Views
from faisceau.web.pages import _drawn
from faisceau.web.pages._acting import acting
from faisceau.web.pages._drawn import called, darkness
from faisceau.web.pages._elements import (
    PATIENCE,
    card,
    facts,
    labelled,
    local,
    notice,
    number,
    part,
    table,
    text,
)
from faisceau.web.pages._frame import frame
from faisceau.web.pages._networks import NAMES, TIES, drawing, label
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 42
NAVIGATION = [(N_("Network"), "/case/{name}/graph", "hub", "rows")]
FOUND = 12
LISTED = 25
MOST_TIES = 150


def register() -> None:
    """Declare the page ``/case/{name}/graph``."""

    @ui.page("/case/{name}/graph", response_timeout=PATIENCE)
    async def graph(name: str) -> None:
        with frame(N_("Network"), case=name) as session:
            Page(session, name).build()


@dataclass
class Page:
    """The network as one person draws it: what is shown, opened, hidden, pinned, chosen.

    ``shown`` is empty where the whole is drawn, from the community ``within`` on.
    """

    session: Session
    case: str
    shown: list[str] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    pinned: dict[str, Point] = field(default_factory=dict)
    within: tuple[int, ...] = ()
    kinds: set[str] = field(default_factory=lambda: set(KINDS))
    least: int = 1
    network: Network = field(default_factory=lambda: Network((), ()))
    places: dict[str, Point] = field(default_factory=dict)
    chosen: str = ""
    chart: ui.echart | None = None

    def build(self) -> None:
        """Lay the page out; the network comes after."""
        self._head()
        with part("div", "fx-net"):
            self.place = card(classes="fx-picture")
            with part("div", "fx-stack fx-side") as side:
                labelled(side, say(N_("The subject chosen, and views")))
                self.about = card(classes="fx-about").props("tabindex=0")
                self.views = card()
        self.listed = _drawn.same_as_table()
        with self.about:
            text("p", say(N_("Choose a node in the drawing, or search for one.")), "soft")
        ui.add_css(_STYLE)
        ui.timer(0.01, self._act(self._start), once=True)

    def _act(self, handler: Any) -> Any:
        return acting(self.session, handler)

    async def _start(self) -> None:
        await self._load()
        await self._list_views()

    # ---- what is asked for ----

    def _head(self) -> None:
        with part("div", "fx-row"):
            self.sought = ui.input(say(N_("A number, a name, an account …")))
            self.sought.props("outlined dense clearable").style("width: 300px")
            self.sought.on("keydown.enter", self._act(self._find))
            find = ui.button(say(N_("Find")), icon="search").props("unelevated")
            find.on("click", self._act(self._find))
            self.weight = ui.number(say(N_("Times, at least")), value=1, min=1, max=10_000)
            self.weight.props("outlined dense").style("width: 136px")
            self.weight.on_value_change(self._act(self._weighed))
            whole = ui.button(say(N_("All of it")), icon="zoom_out_map")
            whole.props("outline").on("click", self._act(self._whole))
            for said, icon, handler in (
                (N_("PNG"), "image", self._png),
                (N_("GraphML"), "file_download", self._graphml),
            ):
                ui.button(say(said), icon=icon, on_click=self._act(handler)).props("outline")
        self.filters = part("div", "fx-row")
        labelled(self.filters.props("role=group"), say(N_("Kinds of ties")))
        self.found = part("div", "fx-row")
        self._facets()

    def _facets(self) -> None:
        self.filters.clear()
        with self.filters:
            for kind in self._there():
                on = kind in self.kinds
                button = text("button", _kind(kind))
                button.classes("fx-facet").props("type=button")
                button._props["aria-pressed"] = "true" if on else "false"
                button.on("click", self._act(lambda k=kind: self._toggle(k)))

    def _there(self) -> list[str]:
        """The kinds of ties that this case may have."""
        return desk(self.session, self.case).pictures.network.there()

    async def _toggle(self, kind: str) -> None:
        self.kinds ^= {kind}
        self._facets()
        await self._load()

    async def _weighed(self) -> None:
        least = max(1, int(self.weight.value or 1))
        if least != self.least:
            self.least = least
            await self._load()

    async def _find(self) -> None:
        sought = self.sought.value or ""
        found = await in_thread(
            lambda: desk(self.session, self.case).pictures.network.find(sought, FOUND)
        )
        self.found.clear()
        with self.found:
            if not found.nodes:
                text("p", say(N_("Nobody by that name or number.")), "soft").props("role=status")
            for node in found.nodes:
                button = text("button", label(node), "fx-facet").props("type=button")
                button.on("click", self._act(lambda key=node.key: self._from(key)))
            if found.hidden:
                text("p", say(N_("{n} more: say more"), n=found.hidden), "soft small")

    # ---- what is drawn ----

    async def _load(self, *, keep: bool = False) -> None:
        """Ask for the network anew and draw it; ``keep``: nodes stay where they stand."""
        kinds, least = [k for k in KINDS if k in self.kinds], self.least
        shown, opened, within = list(self.shown), list(self.opened), self.within
        pinned = dict(self.pinned)

        def asked() -> tuple[Network, dict[str, Point]]:
            networks = desk(self.session, self.case).pictures.network
            if shown:
                told = networks.around(shown, open_=opened, kinds=kinds, least=least)
            else:
                told = networks.whole(within=within, kinds=kinds, least=least)
            told = _without(told, self.hidden)
            return told, laid_out(told, pinned)

        self.network, self.places = await in_thread(asked)
        await self._draw()

    async def _draw(self) -> None:
        dark = await darkness()
        self.place.clear()
        with self.place:
            told = self.network
            text("p", self._said(), "soft small").props("role=status")
            if self.within:
                back = ui.button(say(N_("Back")), icon="arrow_back", on_click=self._act(self._up))
                with part("div", "fx-row"):
                    back.props("outline dense").move(part("div"))
            if told.nodes:
                options = drawing(told, self.places, self.pinned, self.chosen, dark)
                self.chart = _drawn.chart(options, self._said(), self._act(self._clicked))
                self.chart.classes("fx-graph")
            else:
                text("p", say(N_("No ties to draw with these kinds and this weight.")))
            _drawn.untold(told.untold)
        self._list()

    def _said(self) -> str:
        told = self.network
        nodes, edges = number(len(told.nodes)), number(len(told.edges))
        said = say(N_("{nodes} nodes, {edges} ties"), nodes=nodes, edges=edges)
        if any(node.kind == PART for node in told.nodes):
            said += " · " + say(
                N_("communities of {of} identifiers: open one to see who is in it"),
                of=number(told.of),
            )
        elif told.hidden or len(self.hidden):
            n = number(told.hidden + len(self.hidden))
            said += " · " + say(N_("{n} more are not drawn"), n=n)
        return said

    async def _clicked(self, event: Any) -> None:
        if event.data_type == "node":
            self._choose(self.network.nodes[event.data_index].key)
        elif event.data_type == "edge":
            self._choose(self.network.edges[event.data_index].a)

    def _choose(self, key: str) -> None:
        """Show one node beside the drawing: what it is, whom it is tied to, what can be done."""
        node = next((n for n in self.network.nodes if n.key == key), None)
        if node is None:
            return
        self.chosen = key
        self.about.clear()
        with self.about:
            text("h2", label(node), "wrap")
            pairs: list[tuple[str, Any]] = [(N_("Kind"), say(NAMES.get(node.kind, node.kind)))]
            if node.kind != PART and node.value not in label(node):
                pairs.append((N_("Value"), node.value))
            if node.kind == PART:
                pairs.append((N_("Members"), node.members))
            else:
                pairs.append((N_("In touch with"), node.ties))
            facts(pairs)
            self._actions(node)
            self._ties(node)

    def _actions(self, node: Node) -> None:
        key = node.key
        pin = N_("Unpin") if key in self.pinned else N_("Pin")
        acts = [
            (N_("Expand"), "add_circle", lambda: self._expand(key)),
            (N_("From here"), "center_focus_strong", lambda: self._from(key)),
            (pin, "push_pin", lambda: self._pin(key)),
            (N_("Hide"), "visibility_off", lambda: self._hide(key)),
        ]
        if node.kind == PART:
            acts = [(N_("Open"), "open_in_full", lambda: self._open(node.value))]
        with part("div", "fx-row"):
            for said, icon, handler in acts:
                made = ui.button(say(said), icon=icon, on_click=self._act(handler))
                made.props("outline dense")

    def _ties(self, node: Node) -> None:
        mine = [e for e in self.network.edges if node.key in (e.a, e.b)]
        mine.sort(key=lambda e: -e.n)
        if not mine:
            return
        names = {n.key: label(n) for n in self.network.nodes}
        rows = []
        for edge in mine[:LISTED]:
            other = edge.b if edge.a == node.key else edge.a
            rows.append([self._link(other, names[other]), _kinds(edge), edge.n])
        table([say(N_("With")), say(N_("By")), say(N_("Times"))], rows, right=2)
        if len(mine) > LISTED:
            text("p", say(N_("{n} more below"), n=len(mine) - LISTED), "soft small")

    def _link(self, key: str, said: str) -> Any:
        def build() -> None:
            button = text("button", said, "fx-link").props("type=button")
            button.on("click", self._act(lambda: self._choose(key)))

        return build

    def _list(self) -> None:
        """Every tie drawn, as a table: the strongest first."""
        self.listed.clear()
        ties = sorted(self.network.edges, key=lambda e: (-e.n, e.a, e.b))
        names = {n.key: label(n) for n in self.network.nodes}
        headers = ["", say(N_("With")), say(N_("By")), say(N_("First")), say(N_("Last"))]
        headers[0] = say(N_("Who"))
        with self.listed:
            rows = [
                [
                    self._link(e.a, names[e.a]),
                    self._link(e.b, names[e.b]),
                    _kinds(e),
                    local(e.first),
                    local(e.last),
                    e.n,
                ]
                for e in ties[:MOST_TIES]
            ]
            caption = say(N_("Ties drawn"))
            table([*headers, say(N_("Times"))], rows, caption=caption, right=5)
            if len(ties) > MOST_TIES:
                left = number(len(ties) - MOST_TIES)
                text("p", say(N_("{n} weaker ties are not listed"), n=left), "soft small")

    # ---- what a person does to it ----

    async def _whole(self) -> None:
        self.shown, self.opened, self.within = [], set(), ()
        self.hidden.clear()
        self.pinned.clear()
        await self._load()

    async def _from(self, key: str) -> None:
        """Draw one node and its neighbours alone."""
        self.shown, self.opened, self.within = [key], {key}, ()
        self.hidden.discard(key)
        self.pinned.clear()
        await self._load()
        self._choose(key)

    async def _expand(self, key: str) -> None:
        """Add the neighbours of a node to what is drawn."""
        self.shown = [n.key for n in self.network.nodes if n.kind != PART]
        self.opened, self.within = {key}, ()
        await self._load()
        self.shown, self.opened = [n.key for n in self.network.nodes], set()
        self._choose(key)

    async def _open(self, path: str) -> None:
        self.within = tuple(int(step) for step in path.split("/"))
        await self._load()

    async def _up(self) -> None:
        self.within = self.within[:-1]
        await self._load()

    async def _hide(self, key: str) -> None:
        self.hidden.add(key)
        self.about.clear()
        await self._load()

    async def _pin(self, key: str) -> None:
        """Keep a node where it stands, also where it was dragged; or let it go."""
        if key in self.pinned:
            del self.pinned[key]
        else:
            self.pinned[key] = await self._where(key)
        await self._load()
        self._choose(key)

    async def _where(self, key: str) -> Point:
        at = [n.key for n in self.network.nodes].index(key)
        if self.chart is not None:
            told = await ui.run_javascript(
                f"getElement({self.chart.id}).chart.getModel().getSeriesByIndex(0)"
                f".getData().getItemLayout({at})"
            )
            if isinstance(told, list) and len(told) == 2:
                return float(told[0]), float(told[1])
        return self.places[key]

    # ---- what is kept, what leaves ----

    async def _list_views(self) -> None:
        kept = await in_thread(lambda: self._views().listed())
        self.views.clear()
        with self.views:
            text("h2", say(N_("Views")))
            with part("div", "fx-row"):
                named = ui.input(say(N_("Name of this view"))).props("outlined dense")
                named.classes("grow")
                keep = self._act(lambda: self._save(named.value or ""))
                named.on("keydown.enter", keep)
                ui.button(say(N_("Keep")), icon="bookmark_add", on_click=keep).props("outline")
            with part("ul", "fx-list"):
                for view in kept:
                    with part("li", "fx-row"):
                        button = text("button", view.name, "fx-link grow").props("type=button")
                        told = dict(view.content)
                        button.on("click", self._act(lambda told=told: self._restore(told)))
                        text("span", f"{view.agent}, {local(view.at)}", "soft small")
                        gone = ui.button(icon="delete").props("flat dense round size=sm")
                        labelled(gone, say(N_("Take away {view}"), view=view.name))
                        gone.on("click", self._act(lambda name=view.name: self._remove(name)))

    def _views(self) -> Views:
        return desk(self.session, self.case).pictures.views

    async def _save(self, name: str) -> None:
        content = {
            "shown": [n.key for n in self.network.nodes] if self.shown else [],
            "within": list(self.within),
            "hidden": sorted(self.hidden),
            "pinned": {key: list(at) for key, at in self.pinned.items()},
            "kinds": sorted(self.kinds),
            "least": self.least,
        }
        await in_thread(lambda: self._views().save(name, content))
        notice(say(N_("Kept.")))
        await self._list_views()

    async def _restore(self, told: dict[str, Any]) -> None:
        kept = list(told.get("shown", []))
        there = await in_thread(
            lambda: desk(self.session, self.case).pictures.network.still(kept) if kept else []
        )
        if len(there) < len(kept):
            n = len(kept) - len(there)
            notice(say(N_("{n} nodes of this view are not to be seen any more"), n=n), good=False)
            if not there:
                return
        self.shown, self.opened = there, set()
        self.within = tuple(told.get("within", []))
        self.hidden = set(told.get("hidden", []))
        self.pinned = {k: (float(x), float(y)) for k, (x, y) in told.get("pinned", {}).items()}
        self.kinds = {k for k in told.get("kinds", KINDS) if k in KINDS}
        self.least = int(told.get("least", 1))
        self.weight.value = self.least
        self._facets()
        await self._load()

    async def _remove(self, name: str) -> None:
        await in_thread(lambda: self._views().remove(name))
        await self._list_views()

    async def _graphml(self) -> None:
        network = self.network
        content = await in_thread(lambda: desk(self.session, self.case).pictures.exported(network))
        ui.download.content(content, "network.graphml", "application/xml")

    async def _png(self) -> None:
        network, chart = self.network, self.chart
        if chart is None or not network.nodes:
            return

        def recorded() -> None:
            with desk(self.session, self.case).pictures.exporting(network):
                pass

        await in_thread(recorded)
        ground = _drawn.SURFACE[await darkness()]
        ui.run_javascript(
            f"const c = getElement({chart.id}).chart; const a = document.createElement('a');"
            "a.href = c.getDataURL({type: 'png', pixelRatio: 2, "
            f"backgroundColor: '{ground}'}}); a.download = 'network.png'; a.click();"
        )


def _without(told: Network, hidden: set[str]) -> Network:
    if not hidden:
        return told
    nodes = [node for node in told.nodes if node.key not in hidden]
    edges = [e for e in told.edges if e.a not in hidden and e.b not in hidden]
    return replace(told, nodes=nodes, edges=edges)


def _kinds(edge: Edge) -> str:
    return ", ".join(_kind(kind) for kind in sorted(edge.kinds))


def _kind(kind: str) -> str:
    return say(TIES[kind]) if kind in TIES else called(kind)


_STYLE = """
.fx-net { display: grid; grid-template-columns: minmax(0, 1fr) 340px; gap: 18px;
  align-items: start; }
.fx-graph { height: calc(100vh - 330px); min-height: 420px; }
.fx-about { max-height: calc(100vh - 440px); min-height: 260px; overflow: auto; }
.fx-link { all: unset; cursor: pointer; color: var(--accent); overflow-wrap: anywhere; }
.fx-link:hover { text-decoration: underline; }
.fx-link:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 1020px) { .fx-net { grid-template-columns: minmax(0, 1fr); } }
"""

"""Findings: filtered, sorted, read beside the list, judged from the keyboard, alone or together."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from nicegui import ui

from faisceau.case.plugins import plugins
from faisceau.findings.model import VERDICTS, Finding, Status, Wanted
from faisceau.report.model import FindingCard
from faisceau.web.pages import _verdicts
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, labelled, notice, number, part, status, text
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.pages._reading import claim, reasons, reviews, talks
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 10
NAVIGATION = [(N_("Findings"), "/case/{name}/findings", "fact_check", "findings")]
PAGE = 25
SETTLE = 0.18
"""Seconds that a row stays chosen before it is read: moving fast opens nothing."""


def register() -> None:
    """Declare the page ``/case/{name}/findings``."""

    @ui.page("/case/{name}/findings", response_timeout=PATIENCE)
    async def findings(name: str) -> None:
        with frame(N_("Findings"), case=name) as session:
            Triage(session, name).build()


@dataclass
class Triage:
    """The page of one person: what is asked for, what is listed, where they stand in it."""

    session: Session
    case: str
    wanted: Wanted = field(default_factory=lambda: Wanted(statuses=["new"]))
    offset: int = 0
    total: int = 0
    listed: list[Finding] = field(default_factory=list)
    at: int = 0
    chosen: set[str] = field(default_factory=set)
    undone: list[_verdicts.Given] = field(default_factory=list)
    moves: int = 0

    def build(self) -> None:
        """Lay the page out, and show the first findings."""
        self._filters()
        self._together()
        with part("div", "fx-two fx-triage"):
            with part("section", "fx-card fx-list-pane").props("tabindex=0") as left:
                labelled(left, say(N_("List of findings")))
                self.counted = text("p", "", "soft small").props("role=status")
                self.list = part("ul", "fx-list")
                self.pager = part("div", "fx-row")
            with part("section", "fx-card fx-pane").props("tabindex=0") as right:
                labelled(right, say(N_("The finding chosen")))
                self.pane = part("div", "fx-stack")
                with self.pane:
                    ui.spinner(size="2em")
        _verdicts.keyboard(self.session, self._press)
        ui.timer(0.01, acting(self.session, self._load), once=True)  # the page stands already

    # ---- what is asked for ----

    def _filters(self) -> None:
        names = {"": say(N_("Every analysis")), **{a: a for a in plugins().analyses}}
        standing = {
            "new": say(N_("To review")),
            "": say(N_("All that stand")),
            **{str(v): say(str(v)) for v in VERDICTS},
            "superseded": say(N_("superseded")),
        }
        orders = {
            "score": say(N_("Strongest first")),
            "newest": say(N_("Newest first")),
            "analysis": say(N_("By analysis")),
            "status": say(N_("By status")),
        }
        with part("div", "fx-row"):
            self._select(names, "", N_("Analysis"), "analyses")
            self._select(standing, "new", N_("Status"), "statuses")
            self._select(orders, "score", N_("Order"), "order")
            sought = ui.input(say(N_("Holds the words"))).props("outlined dense clearable")
            sought.props("debounce=300").classes("grow").style("min-width: 180px")
            sought.on_value_change(
                acting(self.session, lambda e: self._ask(about=(e.value or "").strip()))
            )

    def _select(self, options: dict[str, str], value: str, label: str, clause: str) -> None:
        def changed(event: Any) -> Awaitable[None]:
            given = event.value
            if clause == "order":
                return self._ask(order=given)
            return self._ask(**{clause: [given] if given else []})

        field_ = ui.select(options, value=value, label=say(label))
        field_.props("outlined dense options-dense").style("min-width: 170px")
        field_.on_value_change(acting(self.session, changed))

    async def _ask(self, **clauses: Any) -> None:
        self.wanted = replace(self.wanted, **clauses)
        self.offset, self.at = 0, 0
        self.chosen.clear()
        await self._load()

    def _together(self) -> None:
        with part("div", "fx-row"):
            if allowed(self.session, self.case, "review"):
                _verdicts.buttons(self.session, self._give)
                back = ui.button(icon="undo", on_click=acting(self.session, self._undo))
                back.props("outline dense").style("padding: 2px 10px")
                with back:
                    text("span", say(N_("Undo"))).style("padding: 0 8px")
                    text("kbd", "z")
            with part("span", "soft small fx-row"):
                text("kbd", "j")
                text("kbd", "k")
                text("span", say(N_("next, previous")))
                text("kbd", "x")
                text("span", say(N_("choose several")))
                text("kbd", "o")
                text("span", say(N_("open alone")))

    # ---- the list ----

    async def _load(self) -> None:
        self.total, self.listed = await in_thread(
            lambda: desk(self.session, self.case).findings_wanted(
                self.wanted, offset=self.offset, limit=PAGE
            )
        )
        if not self.listed and self.offset:
            self.offset = max(0, self.offset - PAGE)
            await self._load()
            return
        self.at = min(self.at, max(0, len(self.listed) - 1))
        self._show()
        await self._read()

    def _show(self) -> None:
        self.counted.set_text(self._told())
        self.list.clear()
        self.rows: list[ui.element] = []
        with self.list:
            for place, finding in enumerate(self.listed):
                self._row(place, finding)
        self.pager.clear()
        if self.total > PAGE:
            with self.pager:
                self._turn(N_("Previous"), -PAGE, self.offset > 0)
                self._turn(N_("Next"), PAGE, self.offset + PAGE < self.total)
        self._mark()

    def _told(self) -> str:
        if not self.total:
            if self.wanted == Wanted(statuses=["new"]):
                return say(
                    N_("Nothing is left to review. Run an analysis, or show all that stand.")
                )
            return say(N_("No finding is so."))
        said = say(
            N_("{n} findings; {first} to {last} shown"),
            n=number(self.total),
            first=self.offset + 1,
            last=self.offset + len(self.listed),
        )
        if self.chosen:
            said += " · " + say(N_("{n} chosen"), n=len(self.chosen))
        return said

    def _row(self, place: int, finding: Finding) -> None:
        with part("li"), part("div", "fx-finding") as row:
            self.rows.append(row)
            row.on("click", acting(self.session, lambda: self._go(place)))
            box = ui.checkbox(value=finding.finding_id in self.chosen).props("dense")
            about = ", ".join(s.label or s.value for s in finding.subjects)
            labelled(box, say(N_("Choose {finding}"), finding=about))
            box.on("click.stop")
            box.on_value_change(
                acting(self.session, lambda e: self._choose(finding.finding_id, e.value))
            )
            text("span", f"{finding.score:.2f}", "num small").style("padding-top: 2px")
            with part("div", "fx-stack").style("gap: 1px"):
                with part("div", "fx-row").style("flex-wrap: nowrap; gap: 8px"):
                    opener = text("button", about or finding.title, "fx-open grow fx-one")
                    opener.props("type=button")._props["title"] = about
                    status(finding.status)
                text("div", finding.title, "soft small fx-one")
                strongest = max(finding.reasons, key=lambda r: r.weight, default=None)
                if strongest is not None:
                    text("div", strongest.in_words(), "small fx-clip")

    def _turn(self, label: str, by: int, there: bool) -> None:
        async def turned() -> None:
            self.offset, self.at = max(0, self.offset + by), 0
            await self._load()

        button = ui.button(say(label), on_click=acting(self.session, turned)).props("outline dense")
        button.set_enabled(there)

    def _mark(self) -> None:
        for place, row in enumerate(self.rows):
            here = place == self.at
            row.classes(add="at" if here else None, remove=None if here else "at")
            row._props["aria-current"] = "true" if here else "false"
            row.update()

    def _choose(self, finding_id: str, yes: bool) -> None:
        (self.chosen.add if yes else self.chosen.discard)(finding_id)
        self.counted.set_text(self._told())

    # ---- moving and reading ----

    async def _go(self, place: int) -> None:
        if not 0 <= place < len(self.listed):
            return
        self.at = place
        self._mark()
        self.moves += 1
        mine = self.moves
        await asyncio.sleep(SETTLE)
        if mine == self.moves:
            self.rows[place].run_method("scrollIntoView", {"block": "nearest"})
            await self._read()

    async def _read(self) -> None:
        if not self.listed:
            self.pane.clear()
            return
        finding = self.listed[self.at]
        shown = await in_thread(lambda: desk(self.session, self.case).show(finding.finding_id))
        if self.listed and self.listed[self.at].finding_id == finding.finding_id:
            self._pane(shown)

    def _pane(self, shown: FindingCard) -> None:
        self.pane.clear()
        path = f"/case/{quote(self.case)}/finding/{shown.finding.finding_id}"
        with self.pane:
            with part("div", "fx-row"):
                text("h2", shown.finding.title, "grow")
                text("a", say(N_("Open alone")), "small").props(f"href={path}")
            claim(shown)
            talks(shown, self.case)
            reasons(shown, self.case)
            text("h3", say(N_("Reviews")))
            reviews(shown)

    # ---- judging ----

    def _press(self, key: str) -> Awaitable[None] | None:
        if key in ("j", "ArrowDown"):
            return self._go(self.at + 1)
        if key in ("k", "ArrowUp"):
            return self._go(self.at - 1)
        if key in _verdicts.KEYS:
            return self._give(_verdicts.KEYS[key])
        if key == "z":
            return self._undo()
        if key in ("x", "o") and self.listed:
            finding = self.listed[self.at]
            if key == "o":
                ui.navigate.to(f"/case/{quote(self.case)}/finding/{finding.finding_id}")
            else:
                self._choose(finding.finding_id, finding.finding_id not in self.chosen)
                self._show()
        return None

    async def _give(self, verdict: Status) -> None:
        about = [f for f in self.listed if f.finding_id in self.chosen]
        about = about or self.listed[self.at : self.at + 1]
        if not about:
            return
        before = await in_thread(_verdicts.give, self.session, self.case, about, verdict)
        self.undone.append(before)
        many = len(about)
        said = say(N_("{verdict}: {n} findings"), verdict=say(str(verdict)), n=many)
        notice(said if many > 1 else say(str(verdict)))
        leaves = bool(self.wanted.statuses) and str(verdict) not in self.wanted.statuses
        if not leaves and many == 1:
            self.at = min(self.at + 1, len(self.listed) - 1)
        self.chosen.clear()
        await self._load()

    async def _undo(self) -> None:
        if not self.undone:
            notice(say(N_("Nothing to undo")))
            return
        before = self.undone.pop()
        await in_thread(_verdicts.undo, self.session, self.case, before)
        notice(say(N_("Taken back, by a further review: {n}"), n=len(before)))
        await self._load()
        places = [n for n, f in enumerate(self.listed) if f.finding_id == before[0][0]]
        if places:
            await self._go(places[0])

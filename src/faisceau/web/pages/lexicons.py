"""Lexicons as text: read, tried for sense, kept as a further version of the case's own."""

from dataclasses import dataclass
from typing import Any

from nicegui import ui

from faisceau.case.lexicons_kept import KeptLexicon
from faisceau.tables.lexicons import Context, Entry, Lexicon, Manner, house_lexicons
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, Cell, card, local, notice, part, table, text
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 65
NAVIGATION = [(N_("Lexicons"), "/case/{name}/lexicons", "menu_book", "lexicon")]


def register() -> None:
    """Declare the page ``/case/{name}/lexicons``."""

    @ui.page("/case/{name}/lexicons", response_timeout=PATIENCE)
    async def lexicons(name: str) -> None:
        with frame(N_("Lexicons"), case=name) as session:
            editor = Editor(session, name)
            kept = await in_thread(editor.read)
            editor.build(kept)


@dataclass
class Editor:
    """The page of one person: a lexicon open as text, and the versions there are."""

    session: Session
    case: str
    kept: str = ""

    def read(self) -> list[KeptLexicon]:
        """The versions kept in the case."""
        return desk(self.session, self.case).lexicons.listed()

    def build(self, kept: list[KeptLexicon]) -> None:
        """Lay the page out."""
        text(
            "p",
            say(
                N_(
                    "A lexicon in use never changes: an edit is kept as a further version, in this "
                    "case, with who made it and why. An analysis takes it by its path."
                )
            ),
            "soft",
        )
        with card():
            with part("div", "fx-row"):
                self.chosen = ui.select(_choices(kept), label=say(N_("Lexicon")), value=None)
                self.chosen.props("outlined dense options-dense").style("min-width: 260px")
                self.chosen.on_value_change(acting(self.session, self._open))
            self.box = ui.textarea(say(N_("What it says")))
            self.box.props('outlined debounce=600 input-class="mono" spellcheck=false rows=24')
            self.box.classes("w-full")
            with part("div", "fx-row"):
                check = ui.button(say(N_("Check")), icon="rule").props("outline")
                check.on("click", acting(self.session, self._check))
                self.why = ui.input(say(N_("Why it changes (kept)"))).props("outlined dense")
                self.why.classes("grow").style("min-width: 220px")
                save = ui.button(say(N_("Keep as a further version")), icon="save")
                save.props("unelevated").on("click", acting(self.session, self._save))
            self.said = part("div", "fx-stack").props("role=status")
        self.list = part("div", "fx-stack")
        self._listed(kept)

    async def _open(self, event: Any) -> None:
        called = event.value
        if not called:
            return
        found = await in_thread(lambda: desk(self.session, self.case).lexicons.text(called))
        self.box.set_value(found)
        if called != self.kept:  # what was just kept is told beside it
            self.said.clear()

    async def _check(self) -> None:
        called, words = self._given()
        if called:
            read = await in_thread(
                lambda: desk(self.session, self.case).lexicons.checked(called, words)
            )
            self._tell(say(N_("It holds together: {what}"), what=_counted(read)))

    async def _save(self) -> None:
        called, words = self._given()
        if not called:
            return
        why = self.why.value or ""
        made = await in_thread(
            lambda: desk(self.session, self.case).lexicons.save(called, words, why)
        )
        kept = await in_thread(self.read)
        self.why.set_value("")
        self.kept = made.called
        self.chosen.set_options(_choices(kept), value=made.called)
        self._listed(kept)
        self._tell(say(N_("Kept: {lexicon}"), lexicon=made.called))

    def _given(self) -> tuple[str, str]:
        self.said.clear()
        called = self.chosen.value or ""
        if not called:
            notice(say(N_("Choose a lexicon first")), good=False)
        return called, self.box.value or ""

    def _tell(self, words: str) -> None:
        self.said.clear()
        with self.said:
            text("p", words)

    def _listed(self, kept: list[KeptLexicon]) -> None:
        self.list.clear()
        if not kept:
            return
        headers = [
            N_("Lexicon"),
            N_("Why"),
            N_("Agent"),
            N_("When"),
            N_("As the parameter lexicon"),
        ]
        rows: list[tuple[Cell, ...]] = [
            (one.called, one.why, one.agent, local(one.at), _path(one)) for one in kept
        ]
        with self.list, card(N_("Versions of this case")):
            table([say(h) for h in headers], rows, caption=say(N_("Versions of this case")))


def _choices(kept: list[KeptLexicon]) -> dict[str, str]:
    house = {name: say(N_("{name} (of the house)"), name=name) for name in house_lexicons()}
    return {**{one.called: one.called for one in kept}, **house}


def _path(one: KeptLexicon) -> Cell:
    return lambda: text("span", str(one.path), "mono")


def _counted(read: Lexicon) -> str:
    """What a lexicon holds, in numbers."""
    told = N_("{concepts} concepts, {forms} forms, {scenes} scenes, {contexts} contexts")
    owners: tuple[Entry | Context | Manner, ...] = (*read.entries, *read.contexts, *read.manners)
    forms = sum(len(one.forms) for one in owners)
    facts = {"concepts": len(read.entries), "scenes": len(read.scenes)}
    return say(told, **facts, forms=forms, contexts=len(read.contexts))

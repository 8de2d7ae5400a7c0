"""Saved searches above a search: asked again at a click, kept under a name, taken away."""

from collections.abc import Callable

from nicegui import ui

from faisceau.case.saved_searches import LONGEST_NAME, SavedSearch
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import labelled, notice, part, text
from faisceau.web.pages._frame import allowed
from faisceau.web.pages._notes import small
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say


class SavedSearches:
    """The line of saved searches. ``asked``: the question of now; ``choose`` asks another."""

    def __init__(
        self,
        session: Session,
        case: str,
        asked: Callable[[], str],
        choose: Callable[[str], None],
    ) -> None:
        self.session = session
        self.case = case
        self.asked = asked
        self.choose = choose
        self.may = allowed(session, case, "note")
        if allowed(session, case, "findings"):
            self.place = part("div", "fx-row").props("role=group")
            labelled(self.place, say(N_("Saved searches")))
            ui.timer(0.01, acting(session, self.load), once=True)

    async def load(self) -> None:
        """Show what there is now."""
        found = await in_thread(self._read)
        self.place.clear()
        with self.place:
            if found:
                text("span", say(N_("Saved searches")), "soft small")
            for one in found:
                self._one(one)
            if self.may:
                small(self.session, N_("Save this search"), self._name)

    def _read(self) -> list[SavedSearch]:
        return desk(self.session, self.case).saved_searches.listed()

    def _one(self, one: SavedSearch) -> None:
        with part("span", "fx-tag"):
            again = text("button", one.name).props("type=button")
            again._props["title"] = f"{one.question} ({one.agent})"
            again.on("click", acting(self.session, lambda: self.choose(one.question)))
            if self.may:
                away = text("button", "×").props("type=button")
                labelled(away, say(N_("Take {name} away"), name=one.name))
                away.on("click", acting(self.session, lambda: self._remove(one)))

    async def _remove(self, one: SavedSearch) -> None:
        await in_thread(lambda: desk(self.session, self.case).saved_searches.remove(one.search_id))
        await self.load()

    def _name(self) -> None:
        """Ask under which name, then keep."""
        question = self.asked()
        if not question:
            notice(say(N_("Type a question first")), good=False)
            return
        with ui.dialog() as dialog, ui.card().classes("fx-card"):
            labelled(dialog, say(N_("Save this search")))
            text("h2", say(N_("Save this search")))
            text("p", question, "soft wrap")
            name = ui.input(say(N_("Name of the search")))
            name.props(f"outlined dense autofocus maxlength={LONGEST_NAME}").classes("w-full")

            async def keep() -> None:
                words = name.value or ""
                await in_thread(
                    lambda: desk(self.session, self.case).saved_searches.save(words, question)
                )
                dialog.close()
                await self.load()

            name.on("keydown.enter", acting(self.session, keep))
            button = ui.button(say(N_("Keep the search")), icon="bookmark_add").props("unelevated")
            button.on("click", acting(self.session, keep))
        dialog.on("hide", dialog.delete)
        dialog.open()

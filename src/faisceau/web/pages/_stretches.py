"""A conversation read stretch by stretch, beside a search or on a page of its own."""

from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui

from faisceau.case.talking import STRETCH, Stretch
from faisceau.web.pages._acting import acting
from faisceau.web.pages._bubbles import messages
from faisceau.web.pages._elements import number, part, text
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say


class Reader:
    """A place where a conversation shows: around one message, then before and after it."""

    def __init__(self, session: Session, case: str, *, alone: bool = False) -> None:
        self.session = session
        self.case = case
        self.alone = alone
        self.row_id = 0
        self.words: Sequence[str] = ()
        self.place = part("div", "fx-stack")
        with self.place:
            text("p", say(N_("Choose a message to read the conversation around it.")), "soft")

    async def open(self, row_id: int, words: Sequence[str], offset: int | None = None) -> None:
        """Show the stretch around a message, or from ``offset`` on; ``words`` are marked."""
        self.row_id, self.words = row_id, words
        read = await in_thread(
            lambda: desk(self.session, self.case).conversation(row_id, offset=offset)
        )
        self._show(read)
        if offset is None:
            to = f"document.getElementById('row-{row_id}')?.scrollIntoView({{block: 'center'}})"
            ui.run_javascript(to)

    def _show(self, read: Stretch) -> None:
        self.place.clear()
        last = read.offset + len(read.messages)
        with self.place:
            with part("div", "fx-row"):
                text("h2", read.title, "grow wrap")
                if not self.alone:
                    link = text("a", say(N_("Open alone")), "small")
                    link._props["href"] = f"/case/{quote(self.case)}/conversation/{self.row_id}"
            told = N_("{n} messages; {first} to {last} shown")
            facts = {"n": number(read.total), "first": read.offset + 1, "last": last}
            text("p", say(told, **facts), "soft small")
            self._turn(N_("Earlier messages"), read.offset - STRETCH, read.offset > 0)
            messages(read.messages, self.words, self.row_id)
            self._turn(N_("Later messages"), last, last < read.total)

    def _turn(self, label: str, offset: int, there: bool) -> None:
        if not there:
            return

        async def turned() -> None:
            await self.open(self.row_id, self.words, max(0, offset))

        button = ui.button(say(label), on_click=acting(self.session, turned))
        button.props("outline dense").style("align-self: center")

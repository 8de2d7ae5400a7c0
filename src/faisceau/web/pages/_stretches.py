"""A conversation read stretch by stretch, beside a search or on a page of its own."""

import re
from urllib.parse import quote

from nicegui import ui

from faisceau.case.notes import Asked, Note, On
from faisceau.case.searching import spans
from faisceau.case.talking import STRETCH, Stretch
from faisceau.errors import UsageError
from faisceau.report.model import Line
from faisceau.tables.schemas import MESSAGE
from faisceau.tables.search_query import parse
from faisceau.web.pages._acting import acting
from faisceau.web.pages._asked import asked
from faisceau.web.pages._bubbles import messages
from faisceau.web.pages._elements import labelled, local, number, part, text
from faisceau.web.pages._frame import allowed
from faisceau.web.pages._notes import chip, in_dialog, small
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

_TO = """
const row = document.getElementById('row-{row_id}');
const pane = row?.closest('.fx-pane');
if (pane) {{
  const above = row.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  pane.scrollTop += above - pane.clientHeight / 2;
}} else {{
  row?.scrollIntoView({{block: 'center'}});
}}
"""
"""Brings a message to the middle of its pane, without moving the page around it."""


class Reader:
    """A place where a conversation shows: around one message, then before and after it."""

    def __init__(self, session: Session, case: str, *, alone: bool = False) -> None:
        self.session = session
        self.case = case
        self.alone = alone
        self.row_id = 0
        self.offset = 0
        self.noting = allowed(session, case, "note")
        self.noted: dict[On, list[Note]] = {}
        self.place = part("div", "fx-stack")
        with self.place:
            text("p", say(N_("Choose a message to read the conversation around it.")), "soft")

    async def open(self, row_id: int, offset: int | None = None) -> None:
        """Show the stretch around a message, or from ``offset`` on; what answers the session's
        last question is marked."""
        self.row_id = row_id
        read, self.noted = await in_thread(self._read, row_id, offset)
        self.offset = read.offset
        self._show(read)
        if offset is None:
            ui.run_javascript(_TO.format(row_id=row_id))

    def _read(self, row_id: int, offset: int | None) -> tuple[Stretch, dict[On, list[Note]]]:
        """The stretch, and what was noted on its messages and on the conversation."""
        work = desk(self.session, self.case)
        read = work.conversation(row_id, offset=offset)
        noted: dict[On, list[Note]] = {}
        if self.noting and work.notes.exist():
            on = [On("row", MESSAGE.name, row["row_id"]) for row in read.messages]
            for one in work.notes.listed(Asked(on=[*on, On("conversation", row_id=row_id)]))[1]:
                key = one.on if one.on.subject == "row" else On("conversation")
                noted.setdefault(key, []).insert(0, one)
        return read, noted

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
            if self.noting:
                self._talk(read.title)
            self._turn(N_("Earlier messages"), read.offset - STRETCH, read.offset > 0)
            under = self._under if self.noting else None
            messages(read.messages, self._answers, self.row_id, under)
            self._turn(N_("Later messages"), last, last < read.total)

    def _talk(self, title: str) -> None:
        """What was noted on the whole conversation, and a way to note more."""
        with part("div", "fx-stack"):
            on = On("conversation", row_id=self.row_id)
            self._noted(self.noted.get(On("conversation"), []))
            label = N_("Note on the conversation")
            small(self.session, label, lambda: self._write(on, title)).style(
                "align-self: flex-start"
            )

    def _under(self, line: Line) -> None:
        """What was noted on a message, and a way to note more."""
        on = On("row", MESSAGE.name, line.row_id)
        self._noted(self.noted.get(on, []))
        button = ui.button(icon="edit_note").props("flat dense round size=sm")
        at = local(line.sent_at) or str(line.row_id)
        labelled(button, say(N_("Note on the message of {at}"), at=at))
        button.on("click", acting(self.session, lambda: self._write(on, line.text)))

    def _noted(self, found: list[Note]) -> None:
        if tags := [one for one in found if one.tag]:
            with part("div", "fx-row").style("gap: 4px"):
                for one in tags:
                    chip(self.session, one.text)
        for one in found:
            if not one.tag:
                text("div", f"{one.text} ({one.agent})", "fx-noted")

    def _write(self, on: On, about: str) -> None:
        async def again() -> None:
            await self.open(self.row_id, self.offset)

        in_dialog(self.session, self.case, on, about, again)

    def _answers(self, content: str) -> list[tuple[int, int]]:
        try:
            query = parse(asked(self.session, self.case))
        except UsageError:
            return []
        patterns = [re.compile(pattern, re.IGNORECASE) for pattern in query.patterns]
        return spans(content, list(query.terms()), patterns)

    def _turn(self, label: str, offset: int, there: bool) -> None:
        if not there:
            return

        async def turned() -> None:
            await self.open(self.row_id, max(0, offset))

        button = ui.button(say(label), on_click=acting(self.session, turned))
        button.props("outline dense").style("align-self: center")

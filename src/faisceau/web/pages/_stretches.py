"""A conversation read stretch by stretch, beside a search or on a page of its own."""

import re
from urllib.parse import quote

from nicegui import ui

from faisceau.case.searching import spans
from faisceau.case.talking import STRETCH, Stretch
from faisceau.errors import UsageError
from faisceau.tables.search_query import parse
from faisceau.web.pages._acting import acting
from faisceau.web.pages._asked import asked
from faisceau.web.pages._bubbles import messages
from faisceau.web.pages._elements import number, part, text
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
        self.place = part("div", "fx-stack")
        with self.place:
            text("p", say(N_("Choose a message to read the conversation around it.")), "soft")

    async def open(self, row_id: int, offset: int | None = None) -> None:
        """Show the stretch around a message, or from ``offset`` on; what answers the session's
        last question is marked."""
        self.row_id = row_id
        read = await in_thread(
            lambda: desk(self.session, self.case).conversation(row_id, offset=offset)
        )
        self._show(read)
        if offset is None:
            ui.run_javascript(_TO.format(row_id=row_id))

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
            messages(read.messages, self._answers, self.row_id)
            self._turn(N_("Later messages"), last, last < read.total)

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

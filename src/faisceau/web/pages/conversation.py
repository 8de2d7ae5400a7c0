"""A conversation on a page of its own, around one message."""

from urllib.parse import quote

from nicegui import ui

from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._stretches import Reader
from faisceau.words import N_, say


def register() -> None:
    """Declare the page ``/case/{name}/conversation/{row_id}``."""

    @ui.page("/case/{name}/conversation/{row_id}", response_timeout=PATIENCE)
    async def conversation(name: str, row_id: int) -> None:
        with frame(N_("Conversation"), case=name) as session:
            back = text("a", say(N_("Back to the search")))
            back._props["href"] = f"/case/{quote(name)}/search"
            with card():
                reader = Reader(session, name, alone=True)
            shown = acting(session, lambda: reader.open(row_id))
            ui.timer(0.01, shown, once=True)

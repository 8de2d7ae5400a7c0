"""A case's first page: what it holds."""

from nicegui import ui

from faisceau.web.pages._frame import frame
from faisceau.web.session import desk, in_thread
from faisceau.words import N_, say

NAVIGATION = [(N_("Overview"), "/case/{name}", "home")]


def register() -> None:
    """Declare the page ``/case/{name}``."""

    @ui.page("/case/{name}")
    async def overview(name: str) -> None:
        with frame(N_("Overview"), case=name) as session:
            state = await in_thread(lambda: desk(session, name).status())
            ui.label(say(N_("Case {reference}"), reference=state.reference))
            for exhibit in state.exhibits:
                ui.label(f"{exhibit.exhibit_id} · {exhibit.label}")

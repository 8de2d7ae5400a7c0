"""The first page: the cases one may open, each with the reason asked once."""

from urllib.parse import quote

from nicegui import ui

from faisceau.errors import FaisceauError
from faisceau.web.pages._frame import frame
from faisceau.web.session import in_thread
from faisceau.words import N_, say


def register() -> None:
    """Declare the page ``/``."""

    @ui.page("/")
    async def cases() -> None:
        with frame(N_("Cases")) as session:
            for listed in await in_thread(session.house.listed, session):
                with ui.card():
                    ui.label(f"{listed.name} · {listed.reference}")
                    if listed.opened:
                        ui.link(say(N_("Go on")), f"/case/{quote(listed.name)}")
                        continue
                    reason = ui.input(
                        say(N_("Reason")), value=session.house.settings.reason or listed.reference
                    )

                    async def enter(name: str = listed.name, given: ui.input = reason) -> None:
                        try:
                            await in_thread(session.house.open, session, name, given.value)
                        except FaisceauError as error:
                            ui.notify(f"{error} {error.hint}", type="negative", multi_line=True)
                        else:
                            ui.navigate.to(f"/case/{quote(name)}")

                    ui.button(say(N_("Open")), on_click=enter)

"""The first page: the cases one may open, each with the reason asked once."""

from urllib.parse import quote

from nicegui import ui

from faisceau.web.pages._elements import PATIENCE, card, part, text
from faisceau.web.pages._frame import ask_reason, frame
from faisceau.web.session import Listed, Session, in_thread
from faisceau.words import N_, say


def register() -> None:
    """Declare the page ``/``."""

    @ui.page("/", response_timeout=PATIENCE)
    async def cases() -> None:
        with frame(N_("Cases")) as session:
            listed = await in_thread(session.house.listed, session)
            if not listed:
                text("p", say(N_("No case here designates {agent}."), agent=session.agent))
            if len(listed) == 1 and not listed[0].opened:
                [one] = listed
                ask_reason(session, one.name, one.reference, _path(one))
                return
            for one in listed:
                _shown(session, one)


def _shown(session: Session, one: Listed) -> None:
    if not one.opened:
        ask_reason(session, one.name, one.reference, _path(one))
        return
    with card().style("width: 100%; max-width: 560px"):
        with part("div", "fx-row"):
            text("h2", one.name, "grow")
            text("span", one.reference, "soft")
        reason = session.opened[one.name]
        text("p", say(N_("Open. Reason: {reason}"), reason=reason), "soft")
        go = ui.button(say(N_("Go on")), icon="arrow_forward")
        go.props("unelevated")._props["href"] = _path(one)


def _path(one: Listed) -> str:
    return f"/case/{quote(one.name)}"

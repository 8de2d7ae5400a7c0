"""Seals: which correspondence is sealed, with whom, how much; lifted by the authority, one by one.

Nothing of what a seal is on is shown here, nor who wrote: the conversation's name stands only
before whoever may lift the seal.
"""

from datetime import datetime

from nicegui import ui

from faisceau.case.sealing import Seal
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import (
    PATIENCE,
    ROWS_OF,
    Cell,
    card,
    labelled,
    local,
    notice,
    number,
    part,
    table,
    text,
)
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 85
NAVIGATION = [(N_("Seals"), "/case/{name}/seals", "lock", "seal_list")]


def register() -> None:
    """Declare the page ``/case/{name}/seals``."""

    @ui.page("/case/{name}/seals", response_timeout=PATIENCE)
    async def seals(name: str) -> None:
        with frame(N_("Seals"), case=name) as session:
            found = await in_thread(lambda: desk(session, name).seals())
            Seals(session, name).build(found)


class Seals:
    """The page of one person, who may lift seals or only know of them."""

    def __init__(self, session: Session, case: str) -> None:
        self.session = session
        self.case = case
        self.lifts = allowed(session, case, "lift_seal")

    def build(self, found: list[Seal]) -> None:
        """List the seals in force, then those lifted."""
        told = N_(
            "Correspondence with those whom the mandate protects is sealed when it is added: it "
            "is neither shown, searched, counted nor exported until its seal is lifted."
        )
        text("p", say(told), "soft")
        with card(N_("In force")):
            force = [seal for seal in found if seal.in_force]
            if not force:
                text("p", say(N_("Nothing is sealed")))
            else:
                self._table(force, say(N_("Seals in force")), lifted=False)
                if not self.lifts:
                    text("p", say(N_("The authority alone lifts a seal.")), "soft small")
        if lifted := [seal for seal in found if not seal.in_force]:
            with card(N_("Lifted")):
                self._table(lifted, say(N_("Seals lifted")), lifted=True)

    def _table(self, found: list[Seal], caption: str, *, lifted: bool) -> None:
        headers = [N_("Seal"), N_("Exhibit"), N_("Quality"), N_("Holds"), N_("Sealed")]
        if self.lifts:
            headers.append(N_("Conversation"))
        headers += [N_("Lifted"), N_("By"), N_("Under the act")] if lifted else []
        if self.lifts and not lifted:
            headers.append(N_("Lift"))
        lines = [self._line(seal, lifted=lifted) for seal in found]
        table([say(h) for h in headers], lines, caption=caption)

    def _line(self, seal: Seal, *, lifted: bool) -> list[Cell]:
        cells: list[Cell] = [
            seal.seal_id,
            seal.exhibit_id,
            ", ".join(say(quality) for quality in seal.quality.split(", ")),
            _held(seal),
            local(_moment(seal.sealed_at)),
        ]
        if self.lifts:
            cells.append(" · ".join(filter(None, (seal.account, seal.thread))))
        if lifted:
            cells += [local(_moment(seal.lifted_at)), seal.lifted_by, seal.lifted_under]
        elif self.lifts:
            cells.append(lambda: self._lifter(seal))
        return cells

    def _lifter(self, seal: Seal) -> None:
        """A button that asks for the act's reference, and lifts this seal alone."""
        with ui.dialog() as dialog, ui.card():
            text("h2", say(N_("Lift the seal {seal}"), seal=seal.seal_id))
            said = N_("{what} of {exhibit} can be read once it is lifted; it is recorded.")
            text("p", say(said, what=_held(seal), exhibit=seal.exhibit_id))
            given = ui.input(say(N_("Reference of the act"))).props("outlined dense autofocus")
            given.classes("w-full")

            async def lift() -> None:
                act = (given.value or "").strip()
                if not act:
                    notice(say(N_("Say under which act the seal is lifted")), good=False)
                    return
                await in_thread(lambda: desk(self.session, self.case).lift_seal(seal.seal_id, act))
                dialog.close()
                notice(say(N_("Seal {seal} is lifted"), seal=seal.seal_id))
                ui.navigate.reload()

            with part("div", "fx-row"):
                ui.button(say(N_("Leave it")), on_click=dialog.close).props("outline")
                ui.button(say(N_("Lift")), on_click=acting(self.session, lift)).props("unelevated")
        button = ui.button(say(N_("Lift")), icon="lock_open", on_click=dialog.open)
        button.props("outline dense").style("padding: 2px 10px")
        labelled(button, say(N_("Lift the seal {seal}"), seal=seal.seal_id))


def _held(seal: Seal) -> str:
    """How much it is on: 12 messages, 3 media files."""
    held = [f"{number(seal.rows)} {say(ROWS_OF[seal.table])}"]
    if seal.media:
        held.append(f"{number(len(seal.media))} {say(ROWS_OF['media'])}")
    return ", ".join(held)


def _moment(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None

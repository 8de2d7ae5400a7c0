"""Administration: what the law says is due is erased; an annulled exhibit is withdrawn."""

from nicegui import ui

from faisceau.case.status import CaseStatus
from faisceau.mandate.retention import periods
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, notice, part, table, text
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 95
NAVIGATION = [
    (N_("Administration"), "/case/{name}/administration", "admin_panel_settings", "purge")
]


def register() -> None:
    """Declare the page ``/case/{name}/administration``."""

    @ui.page("/case/{name}/administration", response_timeout=PATIENCE)
    async def administration(name: str) -> None:
        with frame(N_("Administration"), case=name) as session:
            work = await in_thread(desk, session, name)
            state = await in_thread(work.status)
            _agents(session, name)
            if allowed(session, name, "purge"):
                _purge(session, name)
            if allowed(session, name, "withdraw"):
                _withdraw(session, name, state)


def _agents(session: Session, name: str) -> None:
    mandate = desk(session, name).mandate
    with card(N_("Agents")):
        rows = [
            (
                a.id,
                a.name,
                a.service,
                ", ".join(say(role) for role in sorted(a.roles)),
                f"{a.until:%d/%m/%Y}" if a.until else "",
            )
            for a in mandate.agents
        ]
        headers = (N_("Agent"), N_("Name"), N_("Service"), N_("Roles"), N_("Habilitated until"))
        table([say(h) for h in headers], rows, caption=say(N_("Agents")))
    with card(N_("Interconnections")):
        if not mandate.interconnections:
            text("p", say(N_("The mandate holds no protocol: no other case may be compared.")))
            return
        protocols = [
            (
                p.other,
                ", ".join(p.data),
                ", ".join(p.recipients),
                p.cnil_reference,
                f"{p.expires_on:%d/%m/%Y}" if p.expires_on else "",
            )
            for p in mandate.interconnections
        ]
        headers = (N_("Case"), N_("Data"), N_("Recipients"), N_("CNIL reference"), N_("Until"))
        table([say(h) for h in headers], protocols, caption=say(N_("Interconnections")))


def _purge(session: Session, name: str) -> None:
    with card(N_("Erase what is due")):
        text("p", say(N_("Only what a period of the law has ended for is erased, for good.")))
        with part("ul"):
            for period in periods().values():
                text("li", period.rule.text(), "small soft")
        said = part("div", "fx-stack").props("aria-live=polite")

        async def purge() -> None:
            gone = await in_thread(lambda: desk(session, name).purge())
            said.clear()
            with said:
                if not gone.erased:
                    text("p", say(N_("Nothing is due.")))
                for item in gone.erased:
                    told = N_("{n} erased: {rule}")
                    text("p", say(told, n=item.n, rule=item.period.rule.text()))

        ask = _sure(session, N_("Erase what is due, for good?"), N_("Erase"), purge)
        button = ui.button(say(N_("Erase what is due")), icon="delete_forever", on_click=ask)
        button.props("outline").style("align-self: flex-start")


def _withdraw(session: Session, name: str, state: CaseStatus) -> None:
    with card(N_("Withdraw an annulled exhibit")):
        text("p", say(N_("The exhibit, its rows and what rests on them leave the case.")))
        if not state.exhibits:
            return
        with part("div", "fx-row"):
            which = ui.select(
                {e.exhibit_id: f"{e.exhibit_id} · {e.label}" for e in state.exhibits},
                label=say(N_("Exhibit")),
            )
            which.props("outlined dense options-dense").style("min-width: 260px")
            why = ui.input(say(N_("Reference of the decision"))).props("outlined dense")
            why.classes("grow")

        async def withdraw() -> None:
            if not which.value or not (why.value or "").strip():
                notice(say(N_("Say which exhibit, and on which decision")), good=False)
                return
            decision = why.value.strip()
            gone = await in_thread(lambda: desk(session, name).withdraw(which.value, decision))
            told = N_("{exhibit} is out of the case; findings touched: {n}")
            notice(say(told, exhibit=gone.exhibit_id, n=len(gone.findings)))
            ui.navigate.reload()

        ask = _sure(session, N_("Withdraw the exhibit, for good?"), N_("Withdraw"), withdraw)
        button = ui.button(say(N_("Withdraw")), icon="remove_circle", on_click=ask)
        button.props("outline").style("align-self: flex-start")


def _sure(session: Session, question: str, label: str, act):  # type: ignore[no-untyped-def]
    """Asks before something that cannot be undone; returns what opens the question."""
    with ui.dialog() as dialog, ui.card():
        text("p", say(question))
        with part("div", "fx-row"):
            ui.button(say(N_("Leave it")), on_click=dialog.close).props("outline")

            async def go() -> None:
                dialog.close()
                await act()

            ui.button(say(label), color="negative", on_click=acting(session, go))
    return dialog.open

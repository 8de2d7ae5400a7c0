"""The mandate explained: every act as allowed or refused today, why, and what would unlock it."""

from collections.abc import Iterable
from urllib.parse import quote

from nicegui import ui

from faisceau.case.workspace import Workspace
from faisceau.mandate.explain import Explanation
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, facts, notice, part, text
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 80
NAVIGATION = [(N_("Mandate"), "/case/{name}/mandate", "gavel", "explain")]


def register() -> None:
    """Declare the page ``/case/{name}/mandate``."""

    @ui.page("/case/{name}/mandate", response_timeout=PATIENCE)
    async def mandate(name: str) -> None:
        with frame(N_("Mandate"), case=name) as session:
            work, explained = await in_thread(_read, session, name)
            _clauses(work)
            no = [e for e in explained if not e.allowed]
            yes = [e for e in explained if e.allowed]
            said = N_("What {agent} may do on {day}")
            text("h2", say(said, agent=work.agent, day=f"{work.today:%d/%m/%Y}"))
            with part("div", "fx-grid"):
                with card(N_("Allowed"), level=3):
                    _listed(yes)
                with card(N_("Refused, and why"), level=3):
                    _listed(no)
            if allowed(session, name, "replace"):
                _replace(session, name)


def _read(session: Session, name: str) -> tuple[Workspace, list[Explanation]]:
    work = desk(session, name)
    return work, work.explain()


def _clauses(work: Workspace) -> None:
    mandate = work.mandate
    scope = mandate.scope
    with card():
        facts(
            [
                (N_("Reference"), mandate.reference),
                (N_("Regime"), mandate.regime),
                (N_("Authority"), mandate.authority),
                (N_("Authorised on"), f"{mandate.authorised_on:%d/%m/%Y}"),
                (N_("Ends on"), f"{mandate.expires_on:%d/%m/%Y}"),
                (N_("Purposes"), ", ".join(mandate.purposes)),
                (N_("Covers"), ", ".join(sorted(mandate.data))),
                (N_("Only the exhibits"), ", ".join(scope.exhibits) if scope else ""),
                (N_("Only the participants"), ", ".join(scope.participants) if scope else ""),
                (
                    N_("Authorisations"),
                    ", ".join(
                        f"{a.name}: {a.reference} ({a.dated:%d/%m/%Y})"
                        for a in mandate.authorisations
                    ),
                ),
                (
                    N_("Agents"),
                    "; ".join(
                        f"{a.id} {a.name} ({', '.join(say(r) for r in sorted(a.roles))})"
                        for a in mandate.agents
                    ),
                ),
                (N_("Compared with"), ", ".join(p.other for p in mandate.interconnections)),
                (N_("Fingerprint"), mandate.sha256),
            ]
        )


def _listed(explained: Iterable[Explanation]) -> None:
    with part("ul", "fx-list"):
        for one in explained:
            with part("li", "fx-stack").style("padding: 6px 0; gap: 2px"):
                with part("span", f"st {'st-good' if one.allowed else 'st-bad'}"):
                    ui.icon("check" if one.allowed else "close").props("aria-hidden=true")
                    text("span", one.label, "wrap")
                if one.allowed:
                    continue
                for rule in one.rules:
                    text("div", rule.text(), "small wrap")
                for way in one.unlocked_by:
                    text("div", say(N_("Unlocked by: {way}"), way=way.text()), "small soft wrap")


def _replace(session: Session, name: str) -> None:
    with card(N_("Put another mandate in force")):
        text(
            "p", say(N_("It is recorded; findings keep the mandate they were made under.")), "soft"
        )
        given = ui.textarea(say(N_("The new mandate (TOML)"))).props("outlined")
        given.classes("w-full mono")

        async def replace() -> None:
            content = (given.value or "").encode()
            await in_thread(lambda: desk(session, name).replace_mandate(content))
            notice(say(N_("The new mandate is in force")))
            ui.navigate.to(f"/case/{quote(name)}/mandate")

        button = ui.button(say(N_("Put in force")), on_click=acting(session, replace))
        button.props("outline").style("align-self: flex-start")

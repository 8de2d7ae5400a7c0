"""One finding, alone: the claim, each reason beside its evidence, its verdicts, a note."""

from urllib.parse import quote

from nicegui import ui

from faisceau.case.notes import On
from faisceau.findings.model import Status
from faisceau.report.model import FindingCard
from faisceau.web.pages import _verdicts
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, notice, part, text
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.pages._notes import Notebook
from faisceau.web.pages._reading import claim, details, reasons, reviews, talks
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say


def register() -> None:
    """Declare the page ``/case/{name}/finding/{finding_id}``."""

    @ui.page("/case/{name}/finding/{finding_id}", response_timeout=PATIENCE)
    async def finding(name: str, finding_id: str) -> None:
        with frame(N_("Finding"), case=name) as session:
            await _build(session, name, finding_id)


async def _build(session: Session, case: str, finding_id: str) -> None:
    shown = await in_thread(lambda: desk(session, case).show(finding_id))
    text("a", say(N_("Back to the findings"))).props(f"href=/case/{quote(case)}/findings")
    with card():
        text("h2", shown.finding.title)
        claim(shown)
    with part("div", "fx-two").style("grid-template-columns: minmax(0, 1fr) minmax(0, 1fr)"):
        with card(classes="fx-read"):
            reasons(shown, case)
        with part("div", "fx-stack").style("gap: 18px"):
            if allowed(session, case, "review"):
                _judge(session, case, shown)
            with card(N_("Notes and tags")):
                Notebook(session, case, On("finding", shown.finding.finding_id))
            if shown.finding.concordant() and allowed(session, case, "unmask"):
                _unmask(session, case, shown)
            if shown.excerpts:
                with card(N_("Conversation")):
                    talks(shown, case)
            with card(N_("How it was made")):
                details(shown)


def _unmask(session: Session, case: str, shown: FindingCard) -> None:
    """Where a concordance is established, the identities in its rows may show; recorded."""
    with card(N_("Identities of other procedures")):
        text("p", say(N_("They show as pseudonyms until the mask is lifted; it is recorded.")))

        async def lift() -> None:
            name = shown.finding.finding_id
            _, rows = await in_thread(lambda: desk(session, case).unmask(name))
            notice(say(N_("The identities in {rows} rows show from now on"), rows=rows))
            ui.navigate.reload()

        button = ui.button(say(N_("Lift the mask")), icon="visibility")
        button.props("outline").style("align-self: flex-start")
        button.on("click", acting(session, lift))


def _judge(session: Session, case: str, shown: FindingCard) -> None:
    finding_id = shown.finding.finding_id
    with card(N_("Verdict")):
        note = ui.textarea(say(N_("Note, kept with the verdict")))
        note.props("outlined dense autogrow").classes("w-full")
        said = part("div")
        given: list[_verdicts.Given] = []

        async def again() -> None:
            fresh = await in_thread(lambda: desk(session, case).show(finding_id))
            said.clear()
            with said:
                reviews(fresh)

        async def give(verdict: Status) -> None:
            now = (await in_thread(lambda: desk(session, case).show(finding_id))).finding
            before = await in_thread(
                _verdicts.give, session, case, [now], verdict, (note.value or "").strip()
            )
            given.append(before)
            note.set_value("")
            notice(say(str(verdict)))
            await again()

        async def back() -> None:
            if not given:
                notice(say(N_("Nothing to undo")))
                return
            await in_thread(_verdicts.undo, session, case, given.pop())
            notice(say(N_("Taken back, by a further review: {n}"), n=1))
            await again()

        _verdicts.buttons(session, give)
        undo = ui.button(say(N_("Undo")), icon="undo", on_click=acting(session, back))
        undo.props("outline dense").style("align-self: flex-start; padding: 2px 10px")
        with said:
            reviews(shown)
        said.move(target_index=-1)

        def press(key: str):  # type: ignore[no-untyped-def]
            if key in _verdicts.KEYS:
                return give(_verdicts.KEYS[key])
            return back() if key == "z" else None

        _verdicts.keyboard(session, press)

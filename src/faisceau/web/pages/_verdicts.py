"""Verdicts as a person gives them: keys, buttons, several at once, undone by a further review."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import KeyEventArguments

from faisceau.findings.model import Finding, Status
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import LOOKS, part, text
from faisceau.web.session import Session, desk
from faisceau.words import N_, say

KEYS = {
    "c": Status.CONFIRMED,
    "d": Status.DISMISSED,
    "u": Status.UNSURE,
    "e": Status.EXCULPATORY,
}
GIVE = {
    Status.CONFIRMED: N_("Confirm"),
    Status.DISMISSED: N_("Dismiss"),
    Status.UNSURE: N_("Unsure"),
    Status.EXCULPATORY: N_("Exculpatory"),
}

Given = list[tuple[str, Status]]
"""Findings and where each stood before the verdict: what undoes it."""


def give(
    session: Session, case: str, findings: Sequence[Finding], verdict: Status, note: str = ""
) -> Given:
    """Record one verdict on findings; returns where they stood."""
    work = desk(session, case)
    before: Given = []
    for finding in findings:
        work.review(finding.finding_id, verdict, note)
        before.append((finding.finding_id, finding.status))
    return before


def undo(session: Session, case: str, before: Iterable[tuple[str, Status]]) -> None:
    """Put findings back where they stood, by a further review of each."""
    work = desk(session, case)
    for finding_id, status in before:
        work.take_back(finding_id, status)


def buttons(session: Session, give_: Callable[[Status], Any]) -> None:
    """One button a verdict, with its key."""
    keys = {verdict: key for key, verdict in KEYS.items()}
    with part("div", "fx-row").props("role=group") as made:
        made._props["aria-label"] = say(N_("Verdict"))
        for verdict, label in GIVE.items():

            def chosen(verdict: Status = verdict) -> Any:
                return give_(verdict)

            button = ui.button(icon=LOOKS[verdict], on_click=acting(session, chosen))
            button.props("outline dense").style("padding: 2px 10px")
            with button:
                text("span", say(label)).style("padding: 0 8px")
                text("kbd", keys[verdict])


def keyboard(session: Session, press: Callable[[str], Any]) -> None:
    """Plain keys on the page, outside of what one types into."""

    async def pressed(event: KeyEventArguments) -> None:
        held = event.modifiers
        if not event.action.keydown or held.ctrl or held.alt or held.meta:
            return
        result = press(str(event.key.name))
        if result is not None:
            await result

    ui.keyboard(
        on_key=acting(session, pressed), repeating=True, ignore=["input", "select", "textarea"]
    )

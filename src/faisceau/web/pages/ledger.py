"""The ledger: who did what, when, why; refusals apart; the whole case verified on demand."""

from collections import Counter
from typing import Any

from nicegui import ui

from faisceau.case.proving import verify
from faisceau.ledger.entry import OPERATIONS, Entry
from faisceau.ledger.verdict import Verdict
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, local, number, part, table, text
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 90
NAVIGATION = [(N_("Ledger"), "/case/{name}/ledger", "receipt_long", "ledger_show")]
PAGE = 50
N_("collection"), N_("alteration"), N_("consultation"), N_("disclosure"), N_("combination")
N_("erasure"), N_("refusal"), N_("review"), N_("recovery")
N_("done"), N_("failed"), N_("open"), N_("close"), N_("only")


def register() -> None:
    """Declare the page ``/case/{name}/ledger``."""

    @ui.page("/case/{name}/ledger", response_timeout=PATIENCE)
    async def ledger(name: str) -> None:
        with frame(N_("Ledger"), case=name) as session:
            entries = await in_thread(lambda: desk(session, name).ledger_entries())
            _verifying(session, name)
            _entries(session, entries[::-1])


def _verifying(session: Session, name: str) -> None:
    with card(N_("Is anything altered?")):
        text("p", say(N_("Every byte of ledger, tables and evidence is checked.")), "soft")
        button = ui.button(say(N_("Verify now")), icon="verified").props("outline")
        button.style("align-self: flex-start")
        said = part("div", "fx-stack").props("aria-live=polite")

        async def check() -> None:
            button.disable()
            said.clear()
            with said:
                ui.spinner()
            try:
                verdict = await in_thread(lambda: verify(desk(session, name).case.folder))
            finally:
                said.clear()
                button.enable()
            with said:
                _verdict(verdict)

        button.on("click", acting(session, check))


def _verdict(verdict: Verdict) -> None:
    with part("p", f"st {'st-good' if verdict.ok else 'st-bad'}"):
        ui.icon("verified" if verdict.ok else "gpp_bad").props("aria-hidden=true")
        text("span", verdict)
    for problem in verdict.problems:
        text("p", problem, "fx-error wrap")
    for note in verdict.notes():
        text("p", note, "soft small wrap")


def _entries(session: Session, entries: list[Entry]) -> None:
    """The entries that are asked for, the newest first; an act is one line, with its end."""
    ends = {e.of: e for e in entries if e.of is not None}
    acts = [e for e in entries if e.phase != "close"]
    counted = Counter(e.operation for e in acts)
    state: dict[str, Any] = {"operation": "", "agent": "", "page": 0}
    operations = {"": say(N_("Every operation"))} | {
        of: f"{say(of)} ({counted[of]})" for of in sorted(OPERATIONS) if counted[of]
    }
    agents = {"": say(N_("Every agent"))} | {a: a for a in sorted({e.agent for e in acts})}
    with card():
        with part("div", "fx-row"):
            for options, label, key in (
                (operations, N_("Operation"), "operation"),
                (agents, N_("Agent"), "agent"),
            ):

                def change(event: Any, key: str = key) -> None:
                    state[key], state["page"] = event.value, 0
                    show()

                field = ui.select(options, value="", label=say(label))
                field.props("outlined dense options-dense").style("min-width: 200px")
                field.on_value_change(acting(session, change))
        place = part("div", "fx-stack")

    def show() -> None:
        wanted = [
            e
            for e in acts
            if state["operation"] in ("", e.operation) and state["agent"] in ("", e.agent)
        ]
        first = state["page"] * PAGE
        headers = (
            N_("No."),
            N_("When"),
            N_("Operation"),
            N_("Act"),
            N_("Agent"),
            N_("Reason"),
            N_("Outcome"),
            N_("Details"),
        )
        place.clear()
        with place:
            table(
                [say(h) for h in headers],
                [_row(e, ends.get(e.number)) for e in wanted[first : first + PAGE]],
                caption=say(N_("Entries of the ledger")),
            )
            if len(wanted) > PAGE:
                with part("div", "fx-row"):
                    turn(N_("Newer"), -1, first > 0)
                    turn(N_("Older"), 1, first + PAGE < len(wanted))

    def turn(label: str, by: int, there: bool) -> None:
        def turned() -> None:
            state["page"] += by
            show()

        button = ui.button(say(label), on_click=acting(session, turned)).props("outline dense")
        button.set_enabled(there)

    show()


def _row(entry: Entry, end: Entry | None) -> tuple[Any, ...]:
    outcome = end.outcome if end is not None else entry.outcome
    open_ = entry.phase == "open" and end is None
    shown = say(N_("not closed")) if open_ else say(outcome or "done")
    told = {**entry.data, **(end.data if end is not None else {})}
    details = ", ".join(f"{k}: {_short(v)}" for k, v in told.items() if k != "lock")

    def operation() -> None:
        text("span", say(entry.operation), "st st-bad" if entry.operation == "refusal" else "")

    def more() -> None:
        text("div", details, "small soft wrap").style("min-width: 180px; max-width: 420px")

    return (
        str(entry.number),
        local(entry.moment, seconds=True),
        operation,
        entry.act,
        entry.agent,
        entry.reason,
        shown,
        more,
    )


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 3:
        return say(N_("{n} in all"), n=number(len(value)))
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return shown if len(shown) <= 120 else shown[:120] + "…"

"""Running analyses: each with the form of its parameters, the refused ones with the reason."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from nicegui import ui
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from faisceau.analyses import Analysis
from faisceau.case.jobs import Job
from faisceau.case.plugins import plugins
from faisceau.mandate.act import Act, Decision
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, number, part, refused, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._jobs import Followed
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 60
NAVIGATION = [(N_("Analyses"), "/case/{name}/analyses", "play_circle", "run")]
Settings = dict[str, dict[str, Any]]
"""Parameters by analysis."""


def register() -> None:
    """Declare the page ``/case/{name}/analyses``."""

    @ui.page("/case/{name}/analyses", response_timeout=PATIENCE)
    async def analyses(name: str) -> None:
        with frame(N_("Analyses"), case=name) as session:
            judged = await in_thread(_judged, session, name)
            may = [analysis for analysis, decision in judged if decision.allowed]
            followed = Followed(session, name, "run", _about, partial(_ended, name))

            async def begin(names: list[str], settings: Settings) -> None:
                await in_thread(_asked, session, name, names, settings)
                ui.run_javascript("window.scrollTo({top: 0, behavior: 'smooth'})")
                await followed.load()

            if may:
                with part("div", "fx-row"):
                    every = acting(session, lambda: begin([], {}))
                    run = ui.button(say(N_("Run all that is allowed")), icon="playlist_play")
                    run.props("unelevated").on("click", every)
            followed.place.move(target_index=-1)
            ui.timer(0.01, acting(session, followed.load), once=True)
            for analysis in may:
                _form(session, analysis, begin)
            left = [(a, d) for a, d in judged if not d.allowed]
            if left:
                with card(N_("Refused by the mandate")):
                    for analysis, decision in left:
                        text("h3", analysis.name)
                        refused(decision)


def _judged(session: Session, name: str) -> list[tuple[Analysis, Decision]]:
    """Each analysis with what the mandate answers to it, as for rows of no procedure."""
    work = desk(session, name)
    own = frozenset({""})
    return [
        (
            analysis,
            work.may(
                Act(
                    "run",
                    kind=str(analysis.kind),
                    analysis=analysis.name,
                    tables=analysis.tables,
                    procedures=own,
                )
            ),
        )
        for analysis in plugins().analyses.values()
    ]


def _form(
    session: Session,
    analysis: Analysis,
    begin: Callable[[list[str], Settings], Awaitable[None]],
) -> None:
    values: dict[str, Any] = {}
    with card():
        with part("div", "fx-row"):
            text("h2", analysis.name, "grow")
            text("span", say(N_("reads {tables}"), tables=sorted(analysis.tables)), "soft small")
        text("p", say(analysis.method), "small")
        folded = ui.expansion(say(N_("Parameters"))).classes("w-full").props("dense")
        with folded, part("div", "fx-grid").style("padding: 10px 0"):
            for of, info in analysis.params.model_fields.items():
                _field(of, info, values)

        def run() -> Awaitable[None]:
            return begin([analysis.name], {analysis.name: dict(values)})

        button = ui.button(say(N_("Run")), icon="play_arrow", on_click=acting(session, run))
        button.props("outline").style("align-self: flex-start")
        button._props["aria-label"] = say(N_("Run {analysis}"), analysis=analysis.name)


def _field(of: str, info: FieldInfo, values: dict[str, Any]) -> None:
    """The field of one parameter: its kind, its bounds, its help as they are declared."""

    def keep(event: Any) -> None:
        values.pop(of, None)
        if event.value not in (None, ""):
            values[of] = event.value

    help_ = say(" ".join((info.description or "").split()))
    with part("div", "fx-stack").style("gap: 2px"):
        default = info.default
        if isinstance(default, bool):
            box = ui.checkbox(of, value=default, on_change=keep)
            box.props("dense")
        elif isinstance(default, (int, float)):
            low, high = _bound(info, "ge", "gt"), _bound(info, "le", "lt")

            def whole(event: Any, integer: bool = isinstance(default, int)) -> None:
                if event.value is not None and integer:
                    event.value = int(event.value)
                keep(event)

            field = ui.number(of, value=default, min=low, max=high, on_change=whole)
            field.props("outlined dense")
        else:
            given = "" if default in (None, PydanticUndefined) else str(default)
            ui.input(of, value=given, on_change=keep).props("outlined dense")
        text("div", help_, "soft small")


def _bound(info: FieldInfo, *names: str) -> float | None:
    """The bound that a parameter is declared with, under either name."""
    given = [getattr(m, name) for m in info.metadata for name in names if hasattr(m, name)]
    return given[0] if given else None


def _asked(session: Session, name: str, names: list[str], settings: Settings) -> None:
    """Ask for analyses to be run; what does not fit, or is refused, is told at once."""
    work = desk(session, name)
    session.house.bench.wake(work.case.folder, work.long_work.run(names, settings))


def _about(job: Job) -> str:
    return ", ".join(job.orders.get("analyses", ())) or say(N_("every analysis allowed"))


def _ended(name: str, result: Mapping[str, Any]) -> None:
    """What a run did: findings by analysis, and those that did not run."""
    for ran in result.get("ran", ()):
        told = N_("{analysis}: {new} new findings, {kept} already there, {superseded} superseded")
        facts = {of: number(n) for of, n in ran["findings"].items()}
        text("p", say(told, analysis=ran["analysis"], **facts))
        for limit in ran["limits"]:
            text("p", limit, "soft small")
    left = [one for one in result.get("not_run", ()) if not one["refused"]]
    for one in left:
        why = say(N_("{analysis}: not run: {why}"), analysis=one["analysis"], why=one["why"])
        text("p", why, "small soft wrap")
    if result.get("ran"):
        text("a", say(N_("See the findings"))).props(f"href=/case/{quote(name)}/findings")


N_("query"), N_("assist"), N_("matching"), N_("ai")

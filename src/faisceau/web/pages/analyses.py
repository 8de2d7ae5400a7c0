"""Running analyses: each with the form of its parameters, the refused ones with the reason."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from nicegui import ui
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from faisceau.analyses import Analysis
from faisceau.case.plugins import plugins
from faisceau.case.running import RunReport, parameters
from faisceau.mandate.act import Act, Decision
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, number, part, refused, tell, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._jobs import Job, jobs, start
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 60
NAVIGATION = [(N_("Analyses"), "/case/{name}/analyses", "play_circle", "run")]
KIND = "run"


def register() -> None:
    """Declare the page ``/case/{name}/analyses``."""

    @ui.page("/case/{name}/analyses", response_timeout=PATIENCE)
    async def analyses(name: str) -> None:
        with frame(N_("Analyses"), case=name) as session:
            judged = await in_thread(_judged, session, name)
            may = [analysis for analysis, decision in judged if decision.allowed]
            shown = part("div", "fx-stack").props("aria-live=polite")
            waiting = jobs(session, name, KIND)

            def begin(names: list[str], settings: dict[str, dict[str, Any]]) -> None:
                for of in names:  # what does not fit is told before anything starts
                    parameters(plugins().analysis(of), settings.get(of, {}))
                about = ", ".join(names) or say(N_("every analysis allowed"))
                waiting.insert(0, _start(session, name, about, names, settings))
                _progress(session, name, shown, waiting)

            if may:
                with part("div", "fx-row"):
                    every = acting(session, lambda: begin([], {}))
                    run = ui.button(say(N_("Run all that is allowed")), icon="playlist_play")
                    run.props("unelevated").on("click", every)
            shown.move(target_index=-1)
            _progress(session, name, shown, waiting)
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
    begin: Callable[[list[str], dict[str, dict[str, Any]]], None],
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

        def run() -> None:
            begin([analysis.name], {analysis.name: dict(values)})

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


def _start(
    session: Session,
    name: str,
    about: str,
    names: list[str],
    settings: dict[str, dict[str, Any]],
) -> Job:
    def work(job: Job) -> RunReport:
        return _run(session, name, names, settings, job)

    return start(session, name, KIND, about, work)


def _run(
    session: Session,
    name: str,
    names: list[str],
    settings: dict[str, dict[str, Any]],
    job: Job,
) -> RunReport:
    """Run one analysis after the other, until all are done or it is told to stop."""
    if names:
        return desk(session, name).run(names, settings, job.told)
    ran: list[Any] = []
    not_run: list[Any] = []
    work = desk(session, name)
    filled = {of for exhibit in work.status().exhibits for of in exhibit.tables}
    for analysis in plugins().analyses.values():
        if job.stop.is_set():
            break
        if not analysis.tables <= filled:
            continue
        report = work.run([analysis.name], {}, job.told)
        ran += report.ran
        not_run += report.not_run
    return RunReport(tuple(ran), tuple(not_run))


def _progress(session: Session, name: str, shown: ui.element, waiting: list[Job]) -> None:
    """The runs and how far they are, anew every half second until all are done."""
    shown.clear()
    with shown:
        for job in waiting:
            _job(session, name, job)
        if not all(job.done for job in waiting):
            later = acting(session, lambda: _progress(session, name, shown, waiting))
            ui.timer(0.5, later, once=True)


def _job(session: Session, name: str, job: Job) -> None:
    with part("div", "fx-card"):
        with part("div", "fx-row"):
            if job.done:
                ui.icon("error" if job.error else "check_circle").props("aria-hidden=true")
            else:
                ui.spinner(size="1.2em")
            text("strong", job.about, "grow wrap")
            if not job.done and not job.stop.is_set():

                def stop() -> None:
                    job.stop.set()

                halt = ui.button(say(N_("Stop after this one")), on_click=acting(session, stop))
                halt.props("outline dense")
        if not job.done:
            text("p", job.doing or say(N_("begins")), "soft")
        elif job.error is not None:
            tell(job.error)
        elif isinstance(job.result, RunReport):
            _report(name, job.result)


def _report(name: str, report: RunReport) -> None:
    for ran in report.ran:
        told = N_("{analysis}: {new} new findings, {kept} already there, {superseded} superseded")
        facts = {"new": number(ran.new), "kept": number(ran.kept)}
        gone = number(ran.superseded)
        text("p", say(told, analysis=ran.analysis, superseded=gone, **facts))
        for limit in ran.limits:
            text("p", say(limit), "soft small")
    for left in report.not_run:
        why = say(N_("{analysis}: not run: {why}"), analysis=left.analysis, why=left.in_words())
        text("p", why, "small soft wrap")
    if report.ran:
        text("a", say(N_("See the findings"))).props(f"href=/case/{quote(name)}/findings")


N_("query"), N_("assist"), N_("matching"), N_("ai")

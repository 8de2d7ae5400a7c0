"""Adding an exhibit: a file is uploaded, kept, read; how far it is shows while it lasts."""

import shutil
from pathlib import Path, PurePosixPath, PureWindowsPath
from secrets import token_hex
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from faisceau.case.adding import Added
from faisceau.case.plugins import plugins
from faisceau.mandate.act import Act
from faisceau.tables.schemas import TABLES
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, number, part, refused, tell, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._jobs import Job, jobs, start
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

KIND = "add"


def register() -> None:
    """Declare the page ``/case/{name}/add``."""

    @ui.page("/case/{name}/add", response_timeout=PATIENCE)
    async def add(name: str) -> None:
        with frame(N_("Add an exhibit"), case=name) as session:
            work = await in_thread(desk, session, name)
            own = frozenset({""})
            judged = [
                work.may(Act("add", tables=frozenset({of}), procedures=own))
                for of in sorted(work.mandate.data)
            ]
            if judged and not any(decision.allowed for decision in judged):
                refused(judged[0])
                return
            _form(session, name)


def _form(session: Session, name: str) -> None:
    options: dict[str, Any] = {}
    with card(N_("The file")):
        text(
            "p",
            say(
                N_(
                    "A file, or a folder as one ZIP archive. It is kept as it is, with its "
                    "fingerprint; its format is recognised by what it holds."
                )
            ),
            "soft",
        )
        with ui.expansion(say(N_("If something should be said about it"))).classes("w-full"):
            _options(options)
        waiting = jobs(session, name, KIND)
        shown = part("div", "fx-stack").props("aria-live=polite")

        async def received(event: UploadEventArguments) -> None:
            job = await _received(session, name, event, dict(options))
            waiting.insert(0, job)
            _progress(session, shown, waiting)

        uploaded = ui.upload(
            multiple=True,
            auto_upload=True,
            max_file_size=session.house.settings.upload_limit,
            on_upload=acting(session, received),
            on_rejected=acting(session, lambda: ui.notify(say(N_("Too large")), type="negative")),
        )
        uploaded.props("flat")
        pick = f"() => runMethod({uploaded.id}, 'pickFiles', [])"
        with part("div", "fx-row"):
            choose = ui.button(say(N_("Choose files")), icon="upload_file").props("unelevated")
            choose.on("click", js_handler=pick)
            text("span", say(N_("or drop them into the frame")), "soft")
        uploaded.move(target_index=-1)
        _progress(session, shown, waiting)
        shown.move(target_index=-1)


def _options(options: dict[str, Any]) -> None:
    def keep(key: str):  # type: ignore[no-untyped-def]
        def kept(event: Any) -> None:
            value = (event.value or "").strip() if isinstance(event.value, str) else event.value
            options.pop(key, None)
            if value:
                options[key] = value

        return kept

    with part("div", "fx-grid").style("padding: 8px 0"):
        for key, label, hint in (
            ("label", N_("Label"), N_("By default the file's name")),
            ("procedure", N_("Procedure"), N_("The case number the rows come from")),
            ("timezone", N_("Time zone"), N_("Of times that state none: Europe/Paris")),
        ):
            field = ui.input(say(label), on_change=keep(key))
            field.props("outlined dense").props["hint"] = say(hint)
        readers = {"": say(N_("Recognised by itself")), **{r: r for r in plugins().readers}}
        ui.select(readers, value="", label=say(N_("Format")), on_change=keep("reader")).props(
            "outlined dense options-dense"
        )
        tables = {"": say(N_("Told by its headers")), **{t: t for t in TABLES}}
        ui.select(tables, value="", label=say(N_("Rows of")), on_change=keep("as_table")).props(
            "outlined dense options-dense"
        )


async def _received(
    session: Session, name: str, event: UploadEventArguments, options: dict[str, Any]
) -> Job:
    """Put the file that came where the case can read it, and begin to add it."""
    work = await in_thread(desk, session, name)
    given = safe_name(event.file.name)
    folder = work.case.index / "uploads" / token_hex(8)
    await in_thread(folder.mkdir, parents=True)
    path = folder / given
    await event.file.save(path)
    options.setdefault("label", given)
    return start(session, name, KIND, given, lambda job: _add(session, name, path, options, job))


def _add(session: Session, name: str, path: Path, options: dict[str, Any], job: Job) -> Added:
    try:
        [added] = desk(session, name).add([path], progress=job.told, **options)
        if added.error is not None:
            raise added.error
        return added
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


def safe_name(given: str) -> str:
    """The last part of a file's name, whatever path a browser claims: it leads nowhere else."""
    name = PureWindowsPath(PurePosixPath(given.replace("\0", "")).name).name
    return name[-200:] if name not in ("", ".", "..") else "file"


def _progress(session: Session, shown: ui.element, waiting: list[Job]) -> None:
    """The jobs and how far they are, anew every half second until all are done."""
    shown.clear()
    with shown:
        for job in waiting:
            _job(job)
    if all(job.done for job in waiting):
        return
    with shown:
        later = acting(session, lambda: _progress(session, shown, waiting))
        ui.timer(0.5, later, once=True)


def _job(job: Job) -> None:
    with part("div", "fx-card fx-stack"):
        with part("div", "fx-row"):
            if job.done:
                ui.icon("error" if job.error else "check_circle").props("aria-hidden=true")
            else:
                ui.spinner(size="1.2em")
            text("strong", job.about, "grow wrap")
        if not job.done:
            text("p", say(N_("{what}: {rows} rows"), what=job.doing, rows=number(job.rows)), "soft")
        elif job.error is not None:
            tell(job.error)
        elif isinstance(job.result, Added):
            _added(job.result)


def _added(added: Added) -> None:
    exhibit = added.exhibit
    assert exhibit is not None
    if added.already:
        text("p", say(N_("Already in the case as {exhibit}"), exhibit=exhibit.exhibit_id))
        return
    unread = N_("recognised, set aside") if exhibit.aside else N_("unknown format, kept as it is")
    reader = exhibit.reader or say(unread)
    text("p", f"{exhibit.exhibit_id} · {reader}", "st st-good")
    for name, count in exhibit.tables.items():
        told = N_("{table}: {rows} rows, {rejected} rejected")
        facts = {"rows": number(count["rows"]), "rejected": number(count["rejected"])}
        text("p", say(told, table=name, **facts))
    for template, more in added.notes:
        text("p", say(template, **more), "soft small")

"""Adding an exhibit: a file is uploaded, kept, read; how far it is shows while it lasts."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from faisceau.case.jobs import Job
from faisceau.case.plugins import plugins
from faisceau.mandate.act import Act
from faisceau.tables.schemas import TABLES
from faisceau.web.api.exhibits import received
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, number, part, refused, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._jobs import Followed
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say


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
        followed = Followed(session, name, "add", _about, _ended)

        async def came(event: UploadEventArguments) -> None:
            pieces = event.file.iterate(chunk_size=1 << 20)
            await received(session, name, event.file.name, dict(options), pieces)
            await followed.load()

        uploaded = ui.upload(
            multiple=True,
            auto_upload=True,
            max_file_size=session.house.settings.upload_limit,
            on_upload=acting(session, came),
            on_rejected=acting(session, lambda: ui.notify(say(N_("Too large")), type="negative")),
        )
        uploaded.props("flat")
        pick = f"() => runMethod({uploaded.id}, 'pickFiles', [])"
        with part("div", "fx-row"):
            choose = ui.button(say(N_("Choose files")), icon="upload_file").props("unelevated")
            choose.on("click", js_handler=pick)
            text("span", say(N_("or drop them into the frame")), "soft")
        uploaded.move(target_index=-1)
        followed.place.move(target_index=-1)
        ui.timer(0.01, acting(session, followed.load), once=True)


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


def _about(job: Job) -> str:
    return str(job.orders.get("name", ""))


def _ended(result: Mapping[str, Any]) -> None:
    """What became of a file that was added."""
    exhibit = result.get("exhibit") or {}
    name = exhibit.get("exhibit_id", "")
    if result.get("already"):
        text("p", say(N_("Already in the case as {exhibit}"), exhibit=name))
        return
    unread = N_("unknown format, kept as it is")
    if exhibit.get("aside"):
        unread = N_("recognised, set aside")
    text("p", f"{name} · {exhibit.get('reader') or say(unread)}", "st st-good")
    for of, count in exhibit.get("tables", {}).items():
        told = N_("{table}: {rows} rows, {rejected} rejected")
        facts = {"rows": number(count["rows"]), "rejected": number(count["rejected"])}
        text("p", say(told, table=of, **facts))
    for note in result.get("notes", ()):
        text("p", note, "soft small wrap")

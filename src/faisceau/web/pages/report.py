"""The report builder: how many findings, in which language, for whom; written, then downloaded."""

from typing import Any

from nicegui import ui

from faisceau.case.workspace import REPORTED
from faisceau.findings.model import Wanted
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, notice, number, part, status, table, text
from faisceau.web.pages._frame import frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import LANGUAGES, N_, say

ORDER = 75
NAVIGATION = [(N_("Report"), "/case/{name}/report", "description", "report")]
MEDIA = {"pdf": "application/pdf", "html": "text/html"}


def register() -> None:
    """Declare the page ``/case/{name}/report``."""

    @ui.page("/case/{name}/report", response_timeout=PATIENCE)
    async def report(name: str) -> None:
        with frame(N_("Report"), case=name) as session:
            total, found = await in_thread(
                lambda: desk(session, name).findings_wanted(Wanted(), limit=REPORTED)
            )
            _form(session, name, total)
            with card(N_("What it will hold")):
                rows = [
                    (
                        f"{f.score:.2f}",
                        f.title,
                        ", ".join(s.label or s.value for s in f.subjects),
                        lambda f=f: status(f.status),
                    )
                    for f in found
                ]
                headers = (N_("Score"), N_("Claim"), N_("About"), N_("Status"))
                table([say(h) for h in headers], rows, caption=say(N_("What it will hold")))


def _form(session: Session, case: str, total: int) -> None:
    with card(N_("Write the report")):
        text(
            "p",
            say(
                N_(
                    "The strongest findings, each reason with its rows, what was not examined, "
                    "the method and the proof. The same case gives the same bytes."
                )
            ),
            "soft",
        )
        with part("div", "fx-row"):
            shape = ui.select({"pdf": "PDF", "html": "HTML"}, value="pdf", label=say(N_("Format")))
            lang = ui.select(
                {of: {"fr": "Français", "en": "English"}[of] for of in LANGUAGES},
                value=session.lang,
                label=say(N_("Language")),
            )
            top = ui.number(
                say(N_("Findings, at most")),
                value=min(REPORTED, max(total, 1)),
                min=1,
                max=max(total, 1),
                precision=0,
            )
            for field in (shape, lang, top):
                field.props("outlined dense options-dense").style("min-width: 150px")
            to = ui.input(say(N_("For whom (recorded)"))).props("outlined dense").classes("grow")
        button = ui.button(say(N_("Write and download")), icon="download").props("unelevated")
        button.style("align-self: flex-start")
        said = part("div", "fx-stack").props("aria-live=polite")

        async def write() -> None:
            button.disable()
            said.clear()
            with said, part("div", "fx-row"):
                ui.spinner()
                text("span", say(N_("The report is being written …")))
            try:
                written, content = await in_thread(
                    _written,
                    session,
                    case,
                    str(shape.value),
                    {
                        "lang": lang.value,
                        "top": int(top.value or REPORTED),
                        "recipient": (to.value or "").strip(),
                    },
                )
            finally:
                said.clear()
                button.enable()
            ui.download.content(content, f"report.{shape.value}", MEDIA[str(shape.value)])
            notice(say(N_("Report written")))
            with said:
                told = N_("{findings} findings of {of}, SHA-256 {sha256}")
                facts = {k: written[k] for k in ("findings", "of", "sha256")}
                text("p", say(told, **facts), "mono")

        button.on("click", acting(session, write))
    if not total:
        text("p", say(N_("There is no finding yet: {n}"), n=number(total)), "fx-note")


def _written(
    session: Session, case: str, ending: str, options: dict[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """The report as the workspace writes it, and its bytes; nothing of it stays on the server."""
    work = desk(session, case)
    with work.passing_place() as folder:
        output = folder / f"report.{ending}"
        written = work.report(output, **options)
        return written, output.read_bytes()

"""The report builder: findings chosen and put in order, for whom, in which form; downloaded."""

from pathlib import Path
from typing import Any

from nicegui import ui

from faisceau.case.disclosing import REPORTED
from faisceau.findings.model import Finding, Status, Wanted
from faisceau.web.api.disclosing import EXPORTS, REPORTS
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, card, labelled, notice, part, status, text
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import LANGUAGES, N_, say

ORDER = 75
NAVIGATION = [(N_("Report"), "/case/{name}/report", "description", "report")]
FORMS = {
    "pdf": N_("Report, PDF"),
    "html": N_("Report, HTML"),
    "case": N_("Export, CASE/UCO"),
    "ftm": N_("Export, FollowTheMoney"),
    "graphml": N_("Export, GraphML"),
    "csv": N_("Export, CSV"),
}


def register() -> None:
    """Declare the page ``/case/{name}/report``."""

    @ui.page("/case/{name}/report", response_timeout=PATIENCE)
    async def report(name: str) -> None:
        with frame(N_("Report"), case=name) as session:
            total, found = await in_thread(
                lambda: desk(session, name).findings_wanted(Wanted(), limit=REPORTED)
            )
            Builder(session, name, total, found).build()


class Builder:
    """What one person is putting together."""

    def __init__(self, session: Session, case: str, total: int, found: list[Finding]) -> None:
        self.session = session
        self.case = case
        self.total = total
        self.found = found
        self.chosen = {f.finding_id for f in found if f.status is Status.CONFIRMED}
        self.chosen = self.chosen or {f.finding_id for f in found}

    def build(self) -> None:
        """Lay the page out."""
        with card(N_("Write it")):
            self._form()
        with card(N_("Findings of the report")):
            if not self.found:
                text("p", say(N_("There is no finding yet.")), "soft")
            self.told = text("p", "", "soft small").props("role=status")
            with part("div", "fx-row"):
                for label, take in (
                    (N_("All"), lambda f: True),
                    (N_("Confirmed alone"), lambda f: f.status is Status.CONFIRMED),
                    (N_("None"), lambda f: False),
                ):

                    def choose(take: Any = take) -> None:
                        self.chosen = {f.finding_id for f in self.found if take(f)}
                        self._show()

                    button = ui.button(say(label), on_click=acting(self.session, choose))
                    button.props("outline dense").style("padding: 2px 10px")
            self.list = part("ol", "fx-list")
            self._show()

    def _form(self) -> None:
        exports = allowed(self.session, self.case, "export")
        forms = {of: say(label) for of, label in FORMS.items() if of in REPORTS or exports}
        with part("div", "fx-row"):
            self.form = ui.select(forms, value="pdf", label=say(N_("Form")))
            self.lang = ui.select(
                {of: {"fr": "Français", "en": "English"}[of] for of in LANGUAGES},
                value=self.session.lang,
                label=say(N_("Language")),
            )
            for field in (self.form, self.lang):
                field.props("outlined dense options-dense").style("min-width: 170px")
            self.to = ui.input(say(N_("For whom (recorded)"))).props("outlined dense")
            self.to.classes("grow")
        told = N_(
            "A report holds the findings chosen, each reason with its rows, what was not "
            "examined, the method and the proof. An export holds every finding that stands."
        )
        text("p", say(told), "soft small")
        self.button = ui.button(say(N_("Write and download")), icon="download")
        self.button.props("unelevated").style("align-self: flex-start")
        self.said = part("div", "fx-stack").props("aria-live=polite")
        self.button.on("click", acting(self.session, self._write))

    # ---- what is chosen ----

    def _show(self) -> None:
        told = N_("{n} chosen of {total}")
        self.told.set_text(say(told, n=len(self.chosen), total=self.total))
        self.list.clear()
        with self.list:
            for place, finding in enumerate(self.found):
                self._row(place, finding)

    def _row(self, place: int, finding: Finding) -> None:
        about = ", ".join(s.label or s.value for s in finding.subjects)

        def tick(event: Any) -> None:
            (self.chosen.add if event.value else self.chosen.discard)(finding.finding_id)
            told = N_("{n} chosen of {total}")
            self.told.set_text(say(told, n=len(self.chosen), total=self.total))

        with part("li", "fx-row").style("flex-wrap: nowrap; padding: 4px 0"):
            box = ui.checkbox(value=finding.finding_id in self.chosen).props("dense")
            labelled(box, say(N_("Choose {finding}"), finding=about))
            box.on_value_change(acting(self.session, tick))
            text("span", f"{finding.score:.2f}", "num small")
            with part("div", "grow"):
                text("div", about, "fx-one")
                text("div", finding.title, "soft small fx-one")
            status(finding.status)
            self._mover(place, -1, "arrow_upward", N_("Move up: {finding}"), about)
            self._mover(place, 1, "arrow_downward", N_("Move down: {finding}"), about)

    def _mover(self, place: int, by: int, icon: str, label: str, about: str) -> None:
        def move() -> None:
            self.found.insert(place + by, self.found.pop(place))
            self._show()

        button = ui.button(icon=icon, on_click=acting(self.session, move))
        button.props("flat dense round size=sm")
        labelled(button, say(label, finding=about))
        button.set_enabled(0 <= place + by < len(self.found))

    # ---- writing ----

    async def _write(self) -> None:
        form = str(self.form.value)
        chosen = [f.finding_id for f in self.found if f.finding_id in self.chosen]
        if form in REPORTS and self.found and not chosen:
            notice(say(N_("Choose at least one finding")), good=False)
            return
        self.button.disable()
        self.said.clear()
        with self.said, part("div", "fx-row"):
            ui.spinner()
            text("span", say(N_("It is being written …")))
        given = {"lang": self.lang.value, "recipient": (self.to.value or "").strip()}
        try:
            content, sha256 = await in_thread(
                _written, self.session, self.case, form, chosen, given
            )
        finally:
            self.said.clear()
            self.button.enable()
        media = REPORTS[form] if form in REPORTS else EXPORTS[form][1]
        ui.download.content(content, _named(form), media.partition(";")[0])
        with self.said:
            text("p", say(N_("Written, and recorded: SHA-256 {sha256}"), sha256=sha256), "mono")


def _named(form: str) -> str:
    return f"report.{form}" if form in REPORTS else f"{form}{EXPORTS[form][0]}"


def _written(
    session: Session, case: str, form: str, chosen: list[str], given: dict[str, Any]
) -> tuple[bytes, str]:
    """What the workspace writes, and its hash; nothing of it stays on the server."""
    work = desk(session, case)
    with work.passing_place() as folder:
        output: Path = folder / _named(form)
        if form in REPORTS:
            sha256 = str(work.report(output, chosen=chosen, **given)["sha256"])
        else:
            sha256 = work.export(output, form, **given).sha256
        return output.read_bytes(), sha256

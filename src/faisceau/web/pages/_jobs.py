"""Long work, followed: what was asked, how far it is, how it ended. It goes on when the page is
left, and through a restart of the server."""

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from faisceau.case.jobs import CANCELLED, DONE, FAILED, STOPPED, Job
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import number, part, text
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

SHOWN = 5
EVERY = 0.6
"""Seconds between two looks at work that goes on."""
ICONS = {DONE: "check_circle", FAILED: "error", CANCELLED: "cancel", STOPPED: "error"}


class Followed:
    """The last jobs of a kind, anew while one of them is not over.

    ``about`` says what a job is about (words), ``ended`` shows what came of it.
    """

    def __init__(
        self,
        session: Session,
        case: str,
        kind: str,
        about: Callable[[Job], str],
        ended: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.session = session
        self.case = case
        self.kind = kind
        self.about = about
        self.ended = ended
        self.place = part("div", "fx-stack").props("aria-live=polite")

    async def load(self) -> None:
        """Show them as they are now."""
        listed = await in_thread(lambda: desk(self.session, self.case).long_work.listed(50))
        shown = [job for job in listed[::-1] if job.kind == self.kind][:SHOWN]
        self.place.clear()
        with self.place:
            for job in shown:
                self._job(job)
            if any(job.open for job in shown):
                ui.timer(EVERY, acting(self.session, self.load), once=True)

    def _job(self, job: Job) -> None:
        with part("div", "fx-card"):
            with part("div", "fx-row"):
                if job.open:
                    ui.spinner(size="1.2em")
                else:
                    ui.icon(ICONS[job.state]).props("aria-hidden=true")
                text("strong", self.about(job), "grow wrap")
                text("span", say(job.state), "soft small")
                if job.open:
                    stop = acting(self.session, lambda: self._cancel(job))
                    ui.button(say(N_("Cancel")), on_click=stop).props("outline dense")
            if job.open:
                told = self.session.house.bench.progress(job.job_id)
                what, rows = told or (say(N_("begins")), 0)
                progress = say(N_("{what}: {rows} rows"), what=what, rows=number(rows))
                text("p", progress if rows else what, "soft")
                ui.linear_progress(show_value=False).props("indeterminate aria-hidden=true")
                return
            error = job.result.get("error")
            if isinstance(error, Mapping):
                with part("div", "fx-error fx-stack"):
                    text("p", error.get("detail") or error.get("title") or "", "wrap")
                    if error.get("hint"):
                        text("p", error["hint"], "soft wrap")
            elif job.state in (DONE, FAILED):
                self.ended(job.result)

    async def _cancel(self, job: Job) -> None:
        def cancel() -> Job:
            return self.session.house.bench.cancel(desk(self.session, self.case), job.job_id)

        await in_thread(cancel)
        await self.load()

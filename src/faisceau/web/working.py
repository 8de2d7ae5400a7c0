"""The bench: where the jobs of every case served are handed to workers, a few at a time.

A job is found in its case's catalog, begun under its lock, and done by a process of its own. After
a kill of the server its workers are dead too; the next server finds their jobs and begins again:
adding the same bytes adds nothing twice, and the same run gives the same findings.
"""

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from time import monotonic

from faisceau.case.jobs import CANCELLED, FAILED, WAITING, Job, Jobs, jobs_of
from faisceau.case.workspace import Workspace
from faisceau.errors import FaisceauError
from faisceau.web.settings import Settings

PATIENCE = 5.0
"""Seconds that a job interrupted has to end by itself."""


@dataclass(slots=True)
class _Work:
    """One job at work."""

    case: Path
    jobs: Jobs
    job: Job
    process: subprocess.Popen[str]
    held: ExitStack
    cancelled: float | None = None


class Bench:
    """The workers of one server."""

    def __init__(self, settings: Settings, cases: Callable[[], dict[str, Path]]) -> None:
        self._settings = settings
        self._cases = cases
        self._waiting: deque[tuple[Path, str, str]] = deque()
        """Jobs by case, id and kind, in the order in which they were asked."""
        self._at_work: dict[str, _Work] = {}
        self._progress: dict[str, tuple[str, int]] = {}
        self._changed = Condition()
        self._thread: Thread | None = None
        self._stopping = False
        self._spare: subprocess.Popen[str] | None = None
        """A worker that has imported what it needs, and waits for a job."""

    def start(self) -> None:
        """Begin, with what an earlier server left; returns at once."""
        self._thread = Thread(target=self._run, name="bench", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the workers; what they were at waits for the next server."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def wake(self, case: Path, job: Job) -> None:
        """There is a new job."""
        with self._changed:
            self._waiting.append((case, job.job_id, job.kind))
            self._changed.notify_all()

    def progress(self, job_id: str) -> tuple[str, int] | None:
        """What is being done for a job, and the rows so far; None when nothing was told."""
        return self._progress.get(job_id)

    def cancel(self, desk: Workspace, job_id: str) -> Job:
        """Cancel a job: at once when it waits, else its worker is interrupted."""
        work = desk.long_work
        work.job(job_id)
        if not work.jobs.cancel(job_id, desk.clock()):
            at_work = self._at_work.get(job_id)
            if at_work is not None and at_work.cancelled is None:
                at_work.cancelled = monotonic()
                at_work.process.send_signal(signal.SIGINT)
        else:
            work.jobs.sweep(job_id)
        return work.job(job_id)

    # ---- the bench's own thread: it starts every worker, for they die with it ----

    def _run(self) -> None:
        self._spare = _worker() if self._settings.spare else None
        self._recover()
        while not self._stopping:
            self._settle()
            self._hand_out()
            with self._changed:
                if not self._stopping and not (self._waiting and not self._at_work):
                    self._changed.wait(0.2 if self._at_work else None)
        for work in self._at_work.values():
            _ended(work.process)
            work.held.close()
        if self._spare is not None:
            _ended(self._spare)

    def _recover(self) -> None:
        for case in self._cases().values():
            try:
                waiting = jobs_of(case).recover(self._settings.clock())
            except FaisceauError:
                continue  # a damaged case is told to whoever opens it; the others are served
            with self._changed:
                self._waiting.extend((case, job.job_id, job.kind) for job in waiting)

    def _hand_out(self) -> None:
        """Begin what may be: one job of a kind in each case, and so many in all.

        Nobody waits for this: the lock is held to look at what waits, not to begin it.
        """
        while len(self._at_work) < self._settings.workers:
            busy = {(work.case, work.job.kind) for work in self._at_work.values()}
            with self._changed:
                free = (one for one in self._waiting if (one[0], one[2]) not in busy)
                chosen = next(free, None)
                if chosen is None:
                    return
                self._waiting.remove(chosen)
            case, job_id, _ = chosen
            with suppress(FaisceauError):  # its case cannot be used: who asks for it is told
                jobs = jobs_of(case)
                job = jobs.get(job_id)
                if job.state == WAITING:
                    self._begin(case, jobs, job)

    def _begin(self, case: Path, jobs: Jobs, job: Job) -> None:
        with ExitStack() as stack:
            lock = stack.enter_context(jobs.holding(job.job_id))
            if lock is None or not jobs.begin(job.job_id, self._settings.clock()):
                return  # another server has it
            orders = {
                "case": str(case),
                "job_id": job.job_id,
                "engine": self._settings.engine,
            }
            ready = self._spare is not None and self._spare.poll() is None
            process = self._spare if self._spare is not None and ready else _worker()
            assert process.stdin is not None
            process.stdin.write(json.dumps(orders) + "\n")
            process.stdin.flush()
            self._spare = _worker() if self._settings.spare else None
            self._at_work[job.job_id] = _Work(case, jobs, job, process, stack.pop_all())
            Thread(target=self._listen, args=(job.job_id, process), daemon=True).start()

    def _listen(self, job_id: str, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with suppress(ValueError):  # its pipe was closed: it has ended
            for line in process.stdout:
                what, rows = json.loads(line)
                self._progress[job_id] = (what, rows)
        process.wait()
        with self._changed:
            self._changed.notify_all()

    def _settle(self) -> None:
        """Take leave of workers that have ended, and of those that do not hear."""
        for job_id, work in list(self._at_work.items()):
            if work.process.poll() is None:
                if work.cancelled is not None and monotonic() - work.cancelled > PATIENCE:
                    work.process.kill()
                continue
            state = FAILED if work.cancelled is None else CANCELLED
            # Nothing happens here when the worker said itself how it ended.
            with suppress(FaisceauError):
                work.jobs.end(job_id, state, {}, self._settings.clock())
            work.held.close()
            work.jobs.sweep(job_id)
            _ended(work.process)
            del self._at_work[job_id]
            self._progress.pop(job_id, None)


def _worker() -> "subprocess.Popen[str]":
    """A worker that waits for its orders."""
    return subprocess.Popen(
        [sys.executable, "-m", "faisceau.web.worker", str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C stops the server, which stops its workers
    )


def _ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()

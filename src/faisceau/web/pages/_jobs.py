"""Long work that a page starts: it goes on when the page is left, and is found again on return.

Kept in memory by session and case; what a job did is in the case and its ledger, like all else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import background_tasks

from faisceau.errors import FaisceauError
from faisceau.web.session import Session, in_thread

KEPT = 20


@dataclass(slots=True)
class Job:
    """One piece of work: what it is about (words said), how far it is, how it ended."""

    kind: str
    about: str
    doing: str = ""
    rows: int = 0
    result: Any = None
    error: FaisceauError | None = None
    done: bool = False
    began: float = field(default_factory=monotonic)
    seconds: float = 0.0
    stop: Event = field(default_factory=Event)

    def told(self, what: str, rows: int = 0) -> None:
        """What is being done now, as the workspace tells it."""
        self.doing, self.rows = what, rows


_jobs: WeakKeyDictionary[Session, dict[str, list[Job]]] = WeakKeyDictionary()


def jobs(session: Session, case: str, kind: str) -> list[Job]:
    """The jobs of a kind on a case, the newest first."""
    return [job for job in _jobs.get(session, {}).get(case, []) if job.kind == kind]


def start(session: Session, case: str, kind: str, about: str, work: Callable[[Job], Any]) -> Job:
    """Begin ``work`` in a thread of its own; it gets its job, to tell how far it is."""
    job = Job(kind, about)
    listed = _jobs.setdefault(session, {}).setdefault(case, [])
    listed.insert(0, job)
    del listed[KEPT:]

    async def run() -> None:
        try:
            job.result = await in_thread(work, job)
        except FaisceauError as error:
            job.error = error
        except Exception as error:
            job.error = FaisceauError("{why}", why=f"{type(error).__name__}")
            raise
        finally:
            job.seconds = monotonic() - job.began
            job.done = True

    background_tasks.create(run(), name=f"{kind} of a case")
    return job

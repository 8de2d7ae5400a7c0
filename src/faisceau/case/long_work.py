"""Long work: an exhibit to add, analyses to run, asked now and done by whoever works on the case.

What the mandate refuses is refused, and recorded, when it is asked: nobody waits for a refusal.
The work itself passes the gate again when it is done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from faisceau.analyses import Analysis
from faisceau.case.door import Door
from faisceau.case.gate import Clock, Gate
from faisceau.case.jobs import WAITING, Job, Jobs, begun_upload, new_id, plain_name, settled
from faisceau.case.orders import orders_of
from faisceau.case.plugins import plugins
from faisceau.case.running import judged, parameters
from faisceau.errors import UsageError
from faisceau.evidence.profiles import profile
from faisceau.mandate.act import Act, Decision
from faisceau.mandate.model import Mandate
from faisceau.words import N_, language

OPTIONS = (
    "as_table",
    "columns",
    "label",
    "procedure",
    "timezone",
    "reader",
    "layout",
    "profile",
    "again",
    "first",
    "clock_offset_s",
)
"""The options of ``add`` that an exhibit sent in may bear."""


class Upload:
    """Bytes on their way in: written to ``path``, then ``done`` makes them a job."""

    def __init__(
        self, work: "LongWork", job_id: str, path: Path, orders: Mapping[str, Any]
    ) -> None:
        self._work = work
        self.job_id = job_id
        self.path = path
        self._orders = orders
        self.asked = False
        """True once it is a job."""

    def done(self) -> Job:
        """All bytes are there: they are on the disk, and the job written down, on return."""
        settled(self.path)
        job = self._work.put(self.job_id, "add", self._orders)
        self.asked = True
        return job


@dataclass(frozen=True, slots=True)
class LongWork:
    """The long work of one case, as one agent may ask for it."""

    gate: Gate
    jobs: Jobs
    mandate: Mandate
    clock: Clock
    judged: Callable[[Analysis], Decision]

    @classmethod
    def of(cls, door: Door) -> Self:
        """The long work of the case behind a door."""
        jobs = Jobs(door.case, door.database)
        return cls(door.gate, jobs, door.mandate, door.clock, lambda a: judged(door, a))

    def listed(self, last: int | None = None) -> list[Job]:
        """The jobs of the case, the oldest first."""
        self.gate.ask(Act("status"))
        return self.jobs.listed(last=last)

    def job(self, job_id: str) -> Job:
        """One job. Raises ``NotFound``."""
        self.gate.ask(Act("status"))
        return self.jobs.get(job_id)

    def check_add(self, name: str, options: Mapping[str, Any]) -> None:
        """Raise what is wrong with an exhibit before its bytes are sent.

        ``Refused`` (recorded), ``UsageError``, ``NotFound``.
        """
        plain_name(name)
        if unknown := sorted(options.keys() - {*OPTIONS}):
            raise UsageError(
                N_("An exhibit has no option {name}"),
                hint=N_("There are: {known}"),
                name=unknown,
                known=list(OPTIONS),
            )
        orders_of(plugins().readers, **real(options))
        table = options.get("as_table")
        tables = frozenset({str(table)} if table else self.mandate.data)
        self.gate.ask(Act("add", tables=tables, record=str(options.get("procedure") or "")))

    @contextmanager
    def receiving(self, name: str, options: Mapping[str, Any]) -> Iterator[Upload]:
        """Take an exhibit in: yields where its bytes go. Unless it is ``done``, nothing stays."""
        self.check_add(name, options)
        job_id = new_id()
        with self.jobs.holding(job_id):
            path = begun_upload(self.jobs.upload(job_id), name)
            upload = Upload(self, job_id, path, {"name": name, "options": dict(options)})
            try:
                yield upload
            finally:
                if not upload.asked:
                    self.jobs.sweep(job_id)

    def run(self, names: Sequence[str] = (), settings: Mapping[str, Any] | None = None) -> Job:
        """Ask for analyses: those named, else each that the mandate allows and has rows.

        Raises ``NotFound``, ``UsageError`` for parameters that do not fit, and ``Refused`` when
        the mandate refuses every analysis named.
        """
        settings = settings or {}
        chosen = [plugins().analysis(name) for name in names]
        for name in settings:
            parameters(plugins().analysis(name), settings[name])
        decisions = [self.judged(analysis) for analysis in chosen]
        if decisions and not any(decision.allowed for decision in decisions):
            self.gate.refuse(decisions[0].act, decisions[0])
        orders = {"analyses": list(names), "settings": dict(settings)}
        return self.put(new_id(), "run", orders)

    def put(self, job_id: str, kind: str, orders: Mapping[str, Any]) -> Job:
        """Write down a job of this agent, for the reason the case was opened for."""
        job = Job(
            job_id,
            kind,
            WAITING,
            self.gate.agent,
            self.gate.reason,
            language(),
            orders,
            self.clock(),
        )
        self.jobs.put(job)
        return job


def real(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as ``add`` takes them: a profile by its name becomes the profile."""
    given = {name: value for name, value in options.items() if value is not None}
    if "profile" in given:
        given["profile"] = profile(str(given["profile"]))
    return given

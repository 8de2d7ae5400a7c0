"""Jobs: long work asked of a case, kept in its catalog until it is done.

A job is written down before its asking is answered. Whoever works on it holds a lock that the
system frees when it dies; so a job said to be running whose lock is free was cut off. What it does
to the case passes the gate like any other act: here is only who asked for what, and what became
of it. Bytes sent in wait under ``index/uploads``, beside the case and nowhere else.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from faisceau.case import catalog
from faisceau.case.folder import Case, find
from faisceau.case.jsonable import jsonable
from faisceau.disk import sync
from faisceau.errors import NotFound, UsageError
from faisceau.words import N_

WAITING, RUNNING = "waiting", "running"
DONE, FAILED, CANCELLED, STOPPED = "done", "failed", "cancelled", "stopped"
"""How a job ends; ``stopped``: cut off too often to be begun again."""
N_("waiting"), N_("running"), N_("done"), N_("failed"), N_("cancelled"), N_("stopped")
ATTEMPTS = 3
"""Times a job is begun before it is given up: it may be what kills the server."""

_metadata = sa.MetaData()
_jobs = sa.Table(
    "job",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.String, nullable=False, unique=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("agent", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("lang", sa.String, nullable=False),
    sa.Column("orders", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("started_at", sa.String, nullable=False),
    sa.Column("ended_at", sa.String, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of long work: ``kind`` is ``add`` or ``run``, ``orders`` what it was asked."""

    job_id: str
    kind: str
    state: str
    agent: str
    reason: str
    lang: str
    orders: Mapping[str, Any]
    created_at: datetime
    attempts: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """True until it has ended."""
        return self.state in (WAITING, RUNNING)

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "job_id": self.job_id,
            "kind": self.kind,
            "state": self.state,
            "agent": self.agent,
            "reason": self.reason,
            "orders": dict(self.orders),
            "created_at": self.created_at,
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "attempts": self.attempts,
            "result": dict(self.result),
        }


class Jobs:
    """The jobs of one case."""

    def __init__(self, case: Case, database: sa.Engine) -> None:
        self.case = case
        self._database = database

    @property
    def _there(self) -> bool:
        """False for a case that never had one."""
        return sa.inspect(self._database).has_table(_jobs.name)

    # ---- what was asked ----

    def put(self, job: Job) -> None:
        """Write a job down; it is on the disk when this returns."""
        with self._database.begin() as connection:
            _metadata.create_all(connection)
            connection.execute(
                sa.insert(_jobs).values(
                    job_id=job.job_id,
                    kind=job.kind,
                    state=job.state,
                    agent=job.agent,
                    reason=job.reason,
                    lang=job.lang,
                    orders=_text(job.orders),
                    attempts=0,
                    created_at=job.created_at.isoformat(),
                    started_at="",
                    ended_at="",
                    result="{}",
                )
            )

    def listed(self, *states: str, last: int | None = None) -> list[Job]:
        """Jobs in one of these states (without any: all), the oldest first; the ``last`` only."""
        if not self._there:
            return []
        query = sa.select(_jobs).order_by(_jobs.c.number.desc())
        if states:
            query = query.where(_jobs.c.state.in_(states))
        with self._database.connect() as connection:
            rows = connection.execute(query.limit(last)).all()
        return [_job(row) for row in reversed(rows)]

    def get(self, job_id: str) -> Job:
        """One job. Raises ``NotFound``."""
        found = None
        if self._there:
            with self._database.connect() as connection:
                query = sa.select(_jobs).where(_jobs.c.job_id == job_id)
                found = connection.execute(query).one_or_none()
        if found is None:
            raise NotFound(N_("There is no job {job}"), job=job_id)
        return _job(found)

    # ---- what becomes of it ----

    def begin(self, job_id: str, at: datetime) -> bool:
        """Begin a job that waits; False when another has, or it was cancelled. Hold its lock."""
        return self._move(
            job_id,
            WAITING,
            state=RUNNING,
            attempts=_jobs.c.attempts + 1,
            started_at=at.isoformat(),
        )

    def end(self, job_id: str, state: str, result: Mapping[str, Any], at: datetime) -> bool:
        """Say how a running job ended; False when it was said before."""
        return self._move(
            job_id, RUNNING, state=state, result=_text(result), ended_at=at.isoformat()
        )

    def cancel(self, job_id: str, at: datetime) -> bool:
        """Cancel a job that waits; False for one that is running or has ended."""
        self.get(job_id)
        return self._move(job_id, WAITING, state=CANCELLED, ended_at=at.isoformat())

    def recover(self, at: datetime) -> list[Job]:
        """Settle what a killed server left: its jobs wait again, or are stopped after too many
        attempts; bytes of no job are swept. Returns the jobs that wait."""
        for job in self.listed(RUNNING):
            with self.holding(job.job_id) as lock:
                if lock is None:
                    continue
                if job.attempts < ATTEMPTS:
                    self._move(job.job_id, RUNNING, state=WAITING)
                else:
                    self.end(job.job_id, STOPPED, {}, at)
        waited_for = {job.job_id for job in self.listed(WAITING, RUNNING)}
        for folder in self.case.index.glob("uploads/*"):
            with self.holding(folder.name) as lock:
                if lock is not None and folder.name not in waited_for:
                    shutil.rmtree(folder, ignore_errors=True)
        return self.listed(WAITING)

    def _move(self, job_id: str, before: str, **values: Any) -> bool:
        change = (
            sa.update(_jobs)
            .where(_jobs.c.job_id == job_id, _jobs.c.state == before)
            .values(**values)
        )
        with self._database.begin() as connection:
            return bool(connection.execute(change).rowcount)

    # ---- locks and bytes ----

    @contextmanager
    def holding(self, job_id: str) -> Iterator[int | None]:
        """Hold a job's lock: yields its file, or None when another has it."""
        path = self.case.index / "jobs" / job_id
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            yield None
            return
        try:
            yield handle
        finally:
            os.close(handle)

    def upload(self, job_id: str) -> Path:
        """The folder of what was sent in for a job."""
        return self.case.index / "uploads" / job_id

    def sweep(self, job_id: str) -> None:
        """Delete what was sent in for a job that has ended, and its lock."""
        shutil.rmtree(self.upload(job_id), ignore_errors=True)
        (self.case.index / "jobs" / job_id).unlink(missing_ok=True)


def jobs_of(where: Path) -> Jobs:
    """The jobs of the case in a folder: for who hands them out. Raises ``CaseError``."""
    case = find(where)
    return Jobs(case, catalog.connect(case.catalog_url))


def new_id() -> str:
    """The id of a job to come: nobody guesses it."""
    return secrets.token_hex(12)


def plain_name(name: str) -> str:
    """The name of a file sent in. Raises ``UsageError`` for one that would lead elsewhere."""
    bad = not name or name in (".", "..") or len(os.fsencode(name)) > 255
    if bad or any(c in "/\\" or ord(c) < 32 or ord(c) == 127 for c in name):
        raise UsageError(
            N_("A file sent in is called by its name alone, without folder"), name=name
        )
    return name


def begun_upload(folder: Path, name: str) -> Path:
    """Make the folder of an upload; where its bytes go."""
    folder.mkdir(parents=True, mode=0o700)
    return folder / plain_name(name)


def settled(path: Path) -> None:
    """Wait until an upload, and its name, are on the disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        sync(folder)


def _job(row: Any) -> Job:
    return Job(
        job_id=row.job_id,
        kind=row.kind,
        state=row.state,
        agent=row.agent,
        reason=row.reason,
        lang=row.lang,
        orders=json.loads(row.orders),
        created_at=_moment(row.created_at) or datetime.min.replace(tzinfo=UTC),
        attempts=row.attempts,
        started_at=_moment(row.started_at),
        ended_at=_moment(row.ended_at),
        result=json.loads(row.result),
    )


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=jsonable)

"""Jobs: analyses to run, what is at work and how far it is, cancelling."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from faisceau.case.jobs import Job
from faisceau.web.api._shared import Body, Desk, SignedIn, answers
from faisceau.web.problems import json_response
from faisceau.web.session import Session

router = APIRouter()

JOB = {
    "job_id": "5f0c…",
    "kind": "run",
    "state": "running",
    "agent": "A1",
    "reason": "requisition of 1 October",
    "orders": {"analyses": ["messages.triage"], "settings": {}},
    "created_at": "2026-10-01T08:00:00Z",
    "started_at": "2026-10-01T08:00:01Z",
    "ended_at": None,
    "attempts": 1,
    "progress": {"what": "messages.triage", "rows": 0},
    "result": {},
}
JobId = Annotated[str, Path(description="The job", examples=["5f0c…"])]


class Run(Body):
    """Analyses to run; none named: each that the mandate allows and has rows."""

    analyses: list[str] = Field([], max_length=100, examples=[["messages.triage"]])
    settings: dict[str, dict[str, Any]] = Field(
        {}, description="Parameters by analysis", examples=[{}]
    )


def job_json(session: Session, job: Job) -> dict[str, Any]:
    """A job, with how far it is."""
    told = session.house.bench.progress(job.job_id)
    progress = {"what": told[0], "rows": told[1]} if told else None
    return {**job.as_json(), "progress": progress}


@router.post("/cases/{name}/runs", status_code=202, responses=answers(JOB, status=202))
def run(session: SignedIn, desk: Desk, orders: Run) -> Response:
    """Have analyses run; the job answered says what became of them."""
    job = desk.long_work.run(orders.analyses, orders.settings)
    session.house.bench.wake(desk.case.folder, job)
    return json_response(job_json(session, job), 202)


@router.get("/cases/{name}/jobs", responses=answers([JOB]))
def jobs(
    session: SignedIn, desk: Desk, last: Annotated[int, Query(ge=1, le=1000)] = 50
) -> Response:
    """The last jobs of a case, the oldest first."""
    return json_response([job_json(session, job) for job in desk.long_work.listed(last)])


@router.get("/cases/{name}/jobs/{job_id}", responses=answers(JOB))
def job(session: SignedIn, desk: Desk, job_id: JobId) -> Response:
    """One job: its state, how far it is, how it ended."""
    return json_response(job_json(session, desk.long_work.job(job_id)))


@router.delete("/cases/{name}/jobs/{job_id}", responses=answers({**JOB, "state": "cancelled"}))
def cancel(session: SignedIn, desk: Desk, job_id: JobId) -> Response:
    """Cancel a job: at once when it waits, else it is interrupted, and the case stays as before."""
    return json_response(job_json(session, session.house.bench.cancel(desk, job_id)))

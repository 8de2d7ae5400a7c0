"""Jobs: what waits, what is cancelled, and what a kill leaves."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from faisceau.case.jobs import ATTEMPTS, RUNNING, STOPPED, WAITING, Job, Jobs, jobs_of, new_id
from faisceau.client import Client, RemoteCase
from faisceau.errors import NotFound

from ..conftest import Serve
from .conftest import Start

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def jobs(case: Path) -> Jobs:
    return jobs_of(case)


def asked(jobs: Jobs, kind: str = "run") -> str:
    """A job written down."""
    orders = {"analyses": ["messages.triage"], "settings": {}}
    job = Job(new_id(), kind, WAITING, "A1", "requisition 12", "en", orders, NOW)
    jobs.put(job)
    return job.job_id


def test_a_case_without_jobs_has_none_and_gets_no_table(jobs: Jobs) -> None:
    assert jobs.listed() == []
    assert jobs.recover(NOW) == []
    with pytest.raises(NotFound):
        jobs.get("x")


def test_a_job_is_begun_once_and_ends_once(jobs: Jobs) -> None:
    job = asked(jobs)
    assert jobs.begin(job, NOW)
    assert not jobs.begin(job, NOW)
    assert jobs.end(job, "done", {"new": 1}, NOW)
    assert not jobs.end(job, "failed", {}, NOW)
    assert (jobs.get(job).state, jobs.get(job).result) == ("done", {"new": 1})


def test_a_job_cut_off_waits_again_but_not_for_ever(jobs: Jobs) -> None:
    job = asked(jobs)
    for _ in range(ATTEMPTS):
        assert jobs.begin(job, NOW)
        jobs.recover(NOW)
    assert jobs.get(job).state == STOPPED


def test_a_job_at_work_elsewhere_is_left_alone(jobs: Jobs) -> None:
    job = asked(jobs)
    with jobs.holding(job):
        jobs.begin(job, NOW)
        assert jobs.recover(NOW) == []
        assert jobs.get(job).state == RUNNING
    assert [found.job_id for found in jobs.recover(NOW)] == [job]


def test_bytes_of_no_job_are_swept(jobs: Jobs) -> None:
    kept, left = asked(jobs, "add"), new_id()
    for name in (kept, left):
        jobs.upload(name).mkdir(parents=True)
    jobs.recover(NOW)
    assert [folder.name for folder in jobs.upload(kept).parent.iterdir()] == [kept]


def test_what_an_earlier_server_left_is_done_by_the_next(case: Path, start: Start) -> None:
    jobs = jobs_of(case)
    job = asked(jobs)
    jobs.begin(job, NOW)  # and its server was killed
    with start(case).client() as client:
        ended = client.open("lille", "requisition 12").wait({"job_id": job})
    assert (ended["attempts"], ended["state"]) == (2, "done")


def test_a_job_that_waits_is_cancelled_at_once(case: Path, start: Start) -> None:
    running = start(case)
    with running.client() as client:
        remote = client.open("lille", "requisition 12")
        running.house.bench.stop()
        job = remote.run("messages.triage")
        assert remote.cancel(job["job_id"])["state"] == "cancelled"
        assert remote.cancel(job["job_id"])["state"] == "cancelled"


def many(folder: Path, rows: int) -> Path:
    """A file of messages that takes a while."""
    path = folder / "many.csv"
    with path.open("w") as file:
        file.write("app,thread_id,sender_id,sent_at,text\n")
        for n in range(rows):
            file.write(f"Signal,t{n % 97},s{n % 13},2026-03-01T10:00:00Z,on se voit demain {n}\n")
    return path


def begun(remote: RemoteCase, job: str) -> None:
    """Wait until a job runs, and says what it is at."""
    for _ in range(600):
        now = remote.job(job)
        if now["state"] == RUNNING and now["progress"]:
            return
        assert now["state"] in (WAITING, RUNNING)
        time.sleep(0.05)
    raise AssertionError(now)


def test_a_job_at_work_is_interrupted_and_the_case_is_as_before(
    case: Path, start: Start, tmp_path: Path
) -> None:
    with start(case).client() as client:
        remote = client.open("lille", "requisition 12")
        job = remote.add(many(tmp_path, 400_000), as_table="message")["job_id"]
        begun(remote, job)
        remote.cancel(job)
        assert remote.wait({"job_id": job})["state"] == "cancelled"
        assert remote.status()["exhibits"] == []
        assert remote.verify()["ok"]


def test_kill_9_loses_nothing_that_was_acknowledged(
    case: Path, serve: Serve, tmp_path: Path
) -> None:
    """During an upload and an exhibit being added: the one leaves nothing, the other is resumed."""
    served = serve(case)
    client = Client(served.url)
    client.sign_in(served.token, "A1")
    remote = client.open("lille", "requisition 12")
    job = remote.add(many(tmp_path, 80_000), as_table="message")["job_id"]
    begun(remote, job)
    upload = client.ask("POST", "/cases/lille/exhibits", {"name": "half.db"})["upload"]

    def half() -> Iterator[bytes]:
        yield bytes(1 << 23)
        served.kill()
        yield bytes(1 << 23)

    with pytest.raises(httpx.TransportError):
        client.request("PUT", upload.removeprefix("/api/v1"), content=half())
    again = serve(case)
    with Client(again.url) as client:
        client.sign_in(again.token, "A1")
        remote = client.open("lille", "requisition 12, after the cut")
        ended = remote.wait({"job_id": job})
        assert (ended["state"], ended["attempts"]) == ("done", 2)
        [exhibit] = remote.status()["exhibits"]
        assert exhibit["tables"]["message"]["rows"] == 80_000
        assert len(remote.jobs()) == 1
        assert remote.verify()["ok"]
    assert ended["reason"] == "requisition 12"
    assert not [f for f in (case / "index" / "uploads").iterdir() if f.name != job]

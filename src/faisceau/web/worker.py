"""A worker: one job, in a process of its own, under the agent and the reason it was asked with.

Readers are Python and hold its lock, so that work in the server's process would keep pages
waiting. Orders come on standard input, one JSON object; what is being done goes to standard output,
one JSON array ``[what, rows]`` a line. It dies with the server, and ends at an interrupt.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from faisceau.case.crew import die_with
from faisceau.case.jobs import CANCELLED, DONE, FAILED, Job, Jobs, jobs_of
from faisceau.case.long_work import real
from faisceau.case.plugins import plugins
from faisceau.case.values import added_json, run_json
from faisceau.case.workspace import Workspace, utc_now
from faisceau.errors import FaisceauError, Refused
from faisceau.web.problems import problem
from faisceau.words import speaking

EVERY = 0.2
"""Seconds between two lines of progress."""
Told = Callable[[str, int], None]


def work(case: Path, job_id: str, engine: str, told: Told) -> None:
    """Do a job that was begun, and write down how it ended."""
    jobs = jobs_of(case)
    job = jobs.get(job_id)
    with speaking(job.lang):
        state, result = FAILED, dict[str, Any]()
        try:
            desk = Workspace.open(case, agent=job.agent, reason=job.reason, engine=engine)
            state, result = DOING[job.kind](desk, jobs, job, told)
        except KeyboardInterrupt:
            state = CANCELLED
        except FaisceauError as error:
            result = {"error": problem(error)}
        except Exception as error:
            result = {"error": {"status": 500, "title": type(error).__name__}}
            jobs.end(job_id, FAILED, result, utc_now())
            raise
        jobs.end(job_id, state, result, utc_now())


def _add(desk: Workspace, jobs: Jobs, job: Job, told: Told) -> tuple[str, dict[str, Any]]:
    path = jobs.upload(job.job_id) / str(job.orders["name"])
    [added] = list(desk.add([path], progress=told, **real(job.orders["options"])))[-1:]
    value = {**added_json(added), "path": path.name}
    if added.error is not None:
        value["error"] = problem(added.error)
    return (DONE if added.error is None else FAILED), value


def _run(desk: Workspace, jobs: Jobs, job: Job, told: Told) -> tuple[str, dict[str, Any]]:
    del jobs
    names, settings = job.orders["analyses"], job.orders["settings"]
    report = desk.run(names, settings, lambda name: told(name, 0))
    wrong = [n for n in report.not_run if n.error and not isinstance(n.error, Refused)]
    refused = bool(names) and not report.ran
    return (FAILED if wrong or refused else DONE), run_json(report)


DOING = {"add": _add, "run": _run}


def main() -> None:
    """Read the orders, do the job."""
    die_with(int(sys.argv[1]))
    plugins()
    line = sys.stdin.readline()
    if not line:
        return  # the server has ended, and this one never was needed
    orders = json.loads(line)
    last = 0.0

    def told(what: str, rows: int) -> None:
        nonlocal last
        if (now := monotonic()) - last >= EVERY:
            last = now
            with suppress(BrokenPipeError):
                print(json.dumps([what, rows]), flush=True)

    work(Path(orders["case"]), orders["job_id"], orders["engine"], told)


if __name__ == "__main__":
    main()

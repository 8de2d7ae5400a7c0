"""Many agents at once on one case: they search, open, review; every consultation is in the ledger.

A server as ``faisceau serve`` runs it (a process of its own, on loopback) and ``--agents`` agents,
each with a session, who do one thing after the other for ``--seconds``, with a pause of
``--think`` seconds on average between two: an agent reads what was answered. Times are from asking
to the last byte, of all requests after the first ``--warm`` seconds. The end compares what the
agents count with what the ledger holds: nothing may be missing there.

Run: ``.venv/bin/python benchmarks/web.py --agents 50 --seconds 30``
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from faisceau.case.workspace import Workspace
from faisceau.testing import in_force

AIM_MS = 500
WORDS = ("livraison", "coke", "soir", "tu viens", "kim*", '"ce soir"', "numero", "je suis")
VERDICTS = ("confirmed", "dismissed", "unsure", "exculpatory")
ACTS = ("search", "open", "review")


@dataclass
class Told:
    """What the agents met."""

    times: dict[str, list[float]] = field(default_factory=lambda: {act: [] for act in ACTS})
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Make a case, serve it, let the agents work, print what they met."""
    given = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    given.add_argument("--agents", type=int, default=50)
    given.add_argument("--seconds", type=float, default=30)
    given.add_argument("--think", type=float, default=5.0)
    given.add_argument("--warm", type=float, default=3.0)
    given.add_argument("--conversations", type=int, default=500)
    given.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.serve is not None:
        serve(options.serve)
        return
    with tempfile.TemporaryDirectory() as folder:
        case = make(Path(folder), options.agents, options.conversations)
        known = [f.finding_id for f in Workspace.open(case, agent="A1").findings()]
        server, url, sessions = started(case)
        try:
            told = asyncio.run(work(url, sessions, options, known))
        finally:
            server.terminate()
            server.wait(20)
        report(told, missing(case, told), options)


def make(folder: Path, agents: int, conversations: int) -> Path:
    """A case with conversations that triage finds, and its agents."""
    roles = {f"A{n}": ["investigator"] for n in range(1, agents + 1)}
    work = Workspace.create(folder / "case", in_force(roles=roles), agent="A1")
    talk = folder / "talk.csv"
    with talk.open("w", encoding="utf-8") as out:
        print("app,account,thread_id,sender_id,recipients,sent_at,text", file=out)
        for n in range(conversations):
            for m in range(8):
                who, to = ("me", f"him{n}") if m % 2 else (f"him{n}", "me")
                said = "ok je suis là kim" if m % 2 else f"livraison 100g de coke ce soir 40e {n}"
                at = f"2026-09-{n % 28 + 1:02}T{m + 8:02}:00:00Z"
                print(f"signal,me,T{n},{who},{to},{at},{said} tu viens seul numero {m}", file=out)
    list(work.add([talk]))
    work.run(["messages.triage"])
    work.search("coke")  # the index is there, as it is on any case at work
    return work.case.folder


def serve(case: Path) -> None:
    """The server: as ``faisceau serve``, with a session of every agent begun and told."""
    from faisceau.web.server import application
    from faisceau.web.serving import Server, bound
    from faisceau.web.session import COOKIE
    from faisceau.web.settings import Settings

    listening = bound("127.0.0.1", 0)
    settings = Settings(case, port=listening.getsockname()[1], requests=100_000)
    app = application(settings)
    house = app.state.house
    sessions = []
    for agent in house.agents():
        token, session = house.begin(agent, "en")
        house.open(session, "case", "a measured day")
        sessions.append({"agent": agent, "cookie": f"{COOKIE}={token}", "csrf": session.csrf})

    def ready() -> None:
        print(json.dumps({"url": settings.url, "sessions": sessions}), flush=True)

    Server(app, ready).run([listening])


def started(case: Path) -> tuple[subprocess.Popen[str], str, list[dict[str, str]]]:
    """The server's process, its address, the sessions."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(case)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    return process, told["url"], told["sessions"]


async def work(
    url: str, sessions: list[dict[str, str]], options: argparse.Namespace, known: list[str]
) -> Told:
    """Every agent at once, until the time is over."""
    told, began = Told(), perf_counter()
    await asyncio.gather(*(day(url, session, told, began, options, known) for session in sessions))
    return told


async def day(  # noqa: PLR0917
    url: str,
    session: dict[str, str],
    told: Told,
    began: float,
    options: argparse.Namespace,
    known: list[str],
) -> None:
    """One agent: a search, a finding opened, a verdict, over and over, in no fixed order."""
    chance = random.Random(session["agent"])
    headers = {"Cookie": session["cookie"], "X-Faisceau-CSRF": session["csrf"]}
    limits = httpx.Timeout(60)
    async with httpx.AsyncClient(
        base_url=f"{url}/api/v1/cases/case", headers=headers, timeout=limits, trust_env=False
    ) as http:
        await asyncio.sleep(chance.random() * options.think)
        while perf_counter() - began < options.seconds:
            act = chance.choices(ACTS, (5, 4, 2))[0]
            start = perf_counter()
            try:
                answer = await asked(http, act, chance, known)
                answer.raise_for_status()
            except httpx.HTTPError as error:
                told.errors.append(f"{act}: {error!r}")
            else:
                told.done[act] += 1
                if start - began > options.warm:
                    told.times[act].append(perf_counter() - start)
            await asyncio.sleep(chance.expovariate(1 / options.think))


async def asked(
    http: httpx.AsyncClient, act: str, chance: random.Random, known: list[str]
) -> httpx.Response:
    """One request of an agent."""
    if act == "search":
        return await http.post("/search", json={"query": chance.choice(WORDS), "limit": 20})
    finding = chance.choice(known)
    if act == "open":
        return await http.get(f"/findings/{finding}")
    verdict: dict[str, Any] = {"verdict": chance.choice(VERDICTS), "note": ""}
    return await http.post(f"/findings/{finding}/review", json=verdict)


def missing(case: Path, told: Told) -> dict[str, int]:
    """Requests answered that the ledger does not hold, by act."""
    names = {"search": "search", "open": "show", "review": "review"}
    entries = Workspace.open(case, agent="A1").ledger_entries()
    held = Counter(e.act for e in entries if e.phase == "close" and e.outcome == "done")
    held["search"] -= 1  # that of ``make``
    return {act: n - held[names[act]] for act, n in told.done.items() if n > held[names[act]]}


def report(told: Told, lacking: dict[str, int], options: argparse.Namespace) -> None:
    """Print it; exit code 1 when something went wrong or an answer is not in the ledger."""
    print(f"{options.agents} agents, {options.seconds:.0f} s, {options.think:g} s between two acts")
    print("| act | requests | median ms | p95 ms |\n|---|---|---|---|")
    every = [t for times in told.times.values() for t in times]
    for act, times in [*told.times.items(), ("all", every)]:
        if len(times) > 1:
            p95 = statistics.quantiles(times, n=20)[-1] * 1000
            print(f"| {act} | {len(times)} | {statistics.median(times) * 1000:.0f} | {p95:.0f} |")
    p95 = statistics.quantiles(every, n=20)[-1] * 1000
    print(f"p95 {p95:.0f} ms (aim: {AIM_MS}); errors: {len(told.errors)}; not in ledger: {lacking}")
    for error in told.errors[:5]:
        print(error)
    if told.errors or lacking:
        sys.exit(1)


if __name__ == "__main__":
    main()

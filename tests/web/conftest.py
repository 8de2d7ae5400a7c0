"""What the tests of the web room stand on: a server that runs, and a browser signed in to it.

``serve(case)`` starts ``faisceau serve`` as a process of its own. ``browser`` is Debian's Chromium;
``signed_in(server)`` gives a page of it, on which what the browser complains of fails the test.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from faisceau.testing import in_force

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Served:
    """A server at work: where it answers, and its link to sign in, good once."""

    process: subprocess.Popen[str]
    link: str

    @property
    def url(self) -> str:
        """Its address, without path."""
        return self.link.partition("/sign-in")[0]

    @property
    def token(self) -> str:
        """What the link holds."""
        return self.link.partition("token=")[2]

    def kill(self) -> None:
        """Kill -9."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(20)


Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers: ``serve(case)`` or ``serve(folder, "--agent", "A1")``."""
    with ExitStack() as stack:

        def start(where: Path, *options: str) -> Served:
            served = started(where, *options)
            stack.callback(stopped, served)
            return served

        yield start


def started(where: Path, *options: str) -> Served:
    """A server as a process; the caller stops it."""
    process = subprocess.Popen(
        [
            sys.executable,
            *("-c", "from faisceau.cli import main; main()"),
            *("serve", str(where), "--port", "0", "--no-browser"),
            *("--lang", "en", *options),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("NICEGUI")},
    )
    assert process.stderr is not None
    told = []
    for line in process.stderr:
        told.append(line)
        if found := re.search(r"http://\S+", line):
            return Served(process, found[0])
    raise AssertionError("".join(told))


def stopped(served: Served) -> None:
    """Let a server end."""
    served.process.terminate()
    try:
        served.process.wait(10)
    except subprocess.TimeoutExpired:
        served.kill()
    assert served.process.stderr is not None
    served.process.stderr.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright; skips where there is none."""
    api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.is_file():
        pytest.skip("no chromium on this machine")
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


SignedIn = Callable[..., Any]


@pytest.fixture
def signed_in(browser: Any) -> Iterator[SignedIn]:
    """A page of the browser, signed in to a server; fails at the end if the console complains."""
    complaints: list[str] = []
    with ExitStack() as stack:

        def sign_in(served: Served, **options: Any) -> Any:
            context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(served.link)
            return page

        yield sign_in
    assert complaints == []


@pytest.fixture
def mandate_of_today() -> bytes:
    """A mandate in force on the machine's own clock."""
    return in_force()

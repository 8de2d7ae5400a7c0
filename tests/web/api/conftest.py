"""What the API's tests stand on: a real server on loopback in a thread, and its client."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

pytest.importorskip("nicegui")

from faisceau.case.workspace import Workspace
from faisceau.client import Client, RemoteCase
from faisceau.testing import Clock, in_force
from faisceau.web.server import application
from faisceau.web.serving import Server, bound
from faisceau.web.session import House
from faisceau.web.settings import Settings, utc_now

AGENTS = {"A1": ["investigator", "analyst", "lead"], "A2": ["auditor"], "A3": ["administrator"]}


class Wall(Clock):
    """The machine's clock, which a test may move on."""

    def __call__(self) -> Any:
        return utc_now() + (self.at - self.began)

    def __init__(self) -> None:
        super().__init__()
        self.began = self.at


@dataclass(frozen=True)
class Running:
    """A server at work in a thread."""

    house: House
    clock: Wall

    @property
    def url(self) -> str:
        """Its address."""
        return self.house.settings.url

    def client(self, agent: str = "A1") -> Client:
        """A client signed in as an agent."""
        client = Client(self.url)
        client.sign_in(self.house.invite(), agent)
        return client

    def raw(self, agent: str | None = "A1") -> httpx.Client:
        """A bare HTTP client, signed in unless the agent is None; with the session's token."""
        http = httpx.Client(base_url=self.url, trust_env=False)
        if agent is not None:
            cookie, session = self.house.begin(agent, "en")
            http.cookies.set("faisceau", cookie)
            http.headers["x-faisceau-csrf"] = session.csrf
        return http


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers in threads: ``start(where, upload_limit=10)``."""
    with ExitStack() as stack:

        def run(where: Path, **options: Any) -> Running:
            listening = bound("127.0.0.1", 0)
            clock = Wall()
            settings = Settings(where, port=listening.getsockname()[1], clock=clock, spare=False)
            app = application(replace(settings, **options), pages=False)
            ready = Event()
            server = Server(app, ready.set)
            thread = Thread(target=server.run, args=([listening],), daemon=True)
            thread.start()
            assert ready.wait(20)

            def stop() -> None:
                server.should_exit = True
                thread.join(20)
                assert not thread.is_alive()

            stack.callback(stop)
            return Running(app.state.house, clock)

        yield run


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case in force today, with three agents: an investigator, an auditor, an administrator."""
    folder = tmp_path / "cases" / "lille"
    folder.parent.mkdir()
    Workspace.create(folder, in_force(roles=AGENTS), agent="A1")
    return folder


@pytest.fixture
def running(case: Path, start: Start) -> Running:
    """A server of the folder that holds the case."""
    return start(case.parent)


@pytest.fixture
def remote(running: Running) -> Iterator[RemoteCase]:
    """The case, opened by the investigator."""
    with running.client() as client:
        yield client.open("lille", "requisition 12")


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

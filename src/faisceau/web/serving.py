"""Serving: a socket, the link that signs in, uvicorn until it is told to stop."""

import socket
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from faisceau.errors import FaisceauError
from faisceau.web.server import application
from faisceau.web.session import House
from faisceau.web.settings import Settings
from faisceau.words import N_


def serve(settings: Settings, told: Callable[[str], None]) -> None:
    """Serve until interrupted; ``told`` gets the link once the server listens.

    Raises ``FaisceauError`` when the port cannot be had.
    """
    listening = bound(settings.host, settings.port)
    settings = replace(settings, port=listening.getsockname()[1])
    app = application(settings)
    house = app.state.house
    house.agents()  # what cannot be opened is told here, not to the first who signs in
    server = Server(app, lambda: told(link(settings, house)))
    server.run([listening])


def link(settings: Settings, house: House) -> str:
    """What an agent follows to sign in."""
    if settings.links:
        return f"{settings.url}/sign-in?token={house.invite()}"
    return f"{settings.public or settings.url}/sign-in"


class Server(uvicorn.Server):
    """uvicorn, which says when it listens."""

    def __init__(self, app: object, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,  # type: ignore[arg-type]
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ``FaisceauError``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        raise FaisceauError(
            N_("Port {port} of {host} cannot be had: {why}"),
            hint=N_("Choose another with --port; 0 takes a free one"),
            port=port,
            host=host,
            why=error.strerror,
        ) from error
    return made

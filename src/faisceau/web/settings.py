"""What a server is started with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORT = 8017


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """One server: what it serves, where, to whom, within which limits."""

    where: Path
    """A case, or a folder of cases."""
    host: str = "127.0.0.1"
    port: int = PORT
    lang: str = "en"
    agent: str | None = None
    """Who signs in; without one, chosen at sign-in among the agents of the mandates."""
    reason: str | None = None
    """Why, put forward when a case is opened."""
    engine: str = "duckdb"
    workers: int = 2
    """Jobs done at once."""
    spare: bool = True
    """Keep a worker ready, so that a job begins at once; it holds some 200 MB."""
    upload_limit: int = 64 * 2**30
    """Bytes of one upload, at most."""
    idle: timedelta = timedelta(minutes=30)
    """A session ends after this long without a request."""
    session_length: timedelta = timedelta(hours=12)
    """A session ends after this long, whatever is done."""
    secure: bool = False
    """True behind https: cookies are then for https alone."""
    hosts: tuple[str, ...] = ()
    """Names under which a reverse proxy serves it, besides the loopback's."""
    tile_url: str = ""
    """A tile server for maps (``https://…/{z}/{x}/{y}.png``); none: the maps that ship."""
    sign_ins: int = 10
    """Attempts to sign in within a minute, from one address."""
    requests: int = 1200
    """Requests of one session within a minute."""
    clock: Callable[[], datetime] = field(default=utc_now, compare=False)

    @property
    def known_hosts(self) -> frozenset[str]:
        """The names that a request's ``Host`` may bear, without port."""
        return frozenset({*LOOPBACK, self.host, *self.hosts})

    @property
    def url(self) -> str:
        """Where the server answers on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

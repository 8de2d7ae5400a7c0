"""What a server is started with."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from faisceau.errors import UsageError
from faisceau.words import N_

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORT = 8017


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID Connect provider that says who one is; ``claim`` holds the agent's id."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claim: str = "sub"
    scope: str = "openid profile"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Client certificates, checked by a reverse proxy: it passes their subject in ``header``, and
    takes away what a client sends under that name. ``attribute`` of it is the agent's id."""

    header: str
    proxies: tuple[str, ...] = LOOPBACK
    """Addresses of the proxies: from any other, the header means nothing."""
    attribute: str = "CN"


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
    public: str = ""
    """Where agents reach it, behind a reverse proxy: ``https://faisceau.example``."""
    provider: Provider | None = None
    certificates: Certificates | None = None
    tile_url: str = ""
    """A tile server for maps (``https://…/{z}/{x}/{y}.png``); none: the maps that ship."""
    sign_ins: int = 10
    """Attempts to sign in within a minute, from one address."""
    requests: int = 1200
    """Requests of one session within a minute."""
    clock: Callable[[], datetime] = field(default=utc_now, compare=False)

    @property
    def secure(self) -> bool:
        """True behind https: cookies are then for https alone."""
        return self.public.startswith("https://")

    @property
    def known_hosts(self) -> frozenset[str]:
        """The names that a request's ``Host`` may bear, without port."""
        public = urlsplit(self.public).hostname
        return frozenset({*LOOPBACK, self.host.casefold(), *([public] if public else [])})

    @property
    def url(self) -> str:
        """Where the server answers on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def links(self) -> bool:
        """True where links sign in: nothing else says who one is."""
        return self.provider is None and self.certificates is None


def configured(path: Path) -> dict[str, Any]:
    """The settings in a TOML file, by name; durations in minutes. Raises ``UsageError``.

    Keys: ``public``, ``workers``, ``upload_limit``, ``idle``, ``session_length``, ``tile_url``,
    ``sign_ins``, ``requests``; tables ``[provider]`` and ``[certificates]``. The secret of the
    client may stand in a file of its own, ``client_secret_file``.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
        found = {name: told.pop(name) for name in (*told,) if name in _PLAIN}
        for name in ("idle", "session_length"):
            if name in told:
                found[name] = timedelta(minutes=told.pop(name))
        if (given := told.pop("provider", None)) is not None:
            if secret := given.pop("client_secret_file", None):
                given["client_secret"] = (path.parent / secret).read_text("utf-8").strip()
            found["provider"] = Provider(**given)
        if (given := told.pop("certificates", None)) is not None:
            proxies = tuple(given.pop("proxies", LOOPBACK))
            found["certificates"] = Certificates(proxies=proxies, **given)
        if told:
            raise ValueError(", ".join(told))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            N_("The settings {path} cannot be used: {why}"), path=path, why=error
        ) from error
    return found


_PLAIN = ("public", "workers", "upload_limit", "tile_url", "sign_ins", "requests")

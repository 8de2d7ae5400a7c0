"""Sessions: who is signed in, which cases are open and why. Kept on the server, in memory.

A session is known to the browser by a token in a cookie, to the server by the token's hash. A page
or a route gets a case's workspace from :func:`desk` and from nowhere else; what a workspace does
blocks, so it runs through :func:`in_thread`.
"""

import asyncio
import hashlib
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from starlette.requests import HTTPConnection

from faisceau.case.folder import MARK
from faisceau.case.workspace import Workspace
from faisceau.errors import NotFound, UsageError
from faisceau.web.problems import NotOpened, NotSignedIn, TooMany
from faisceau.web.settings import Settings
from faisceau.web.working import Bench
from faisceau.words import LANGUAGES, N_

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "faisceau"
MINUTE = 60.0
SCOPE = "faisceau.session"
"""Where the guard leaves the session of a request."""


@dataclass(eq=False, slots=True, weakref_slot=True)
class Session:
    """One agent signed in. ``opened``: cases by name, each with the reason given for it."""

    agent: str
    lang: str
    house: "House"
    csrf: str
    began: datetime
    seen: datetime
    opened: dict[str, str] = field(default_factory=dict)
    preferences: dict[str, Any] = field(default_factory=dict)
    """What this browser likes (dark or light, sizes of pages): never case data."""
    announced: dict[str, tuple[str, str, dict[str, Any]]] = field(default_factory=dict)
    """Exhibits announced and not sent yet: by id, the case, the file's name and the options."""
    ended: bool = False
    desks: dict[str, Workspace] = field(default_factory=dict, repr=False)
    _asked: deque[float] = field(default_factory=deque, repr=False)

    @property
    def alive(self) -> bool:
        """False once it ended or expired."""
        now, limits = self.house.settings.clock(), self.house.settings
        within = now - self.seen <= limits.idle and now - self.began <= limits.session_length
        return within and not self.ended

    def count(self) -> None:
        """Count a request. Raises ``TooMany`` beyond what one session may make in a minute."""
        _within(self._asked, self.house.settings.requests)

    def as_json(self) -> dict[str, Any]:
        """Who is signed in, and what its further requests must bear."""
        return {"agent": self.agent, "lang": self.lang, "csrf": self.csrf, "opened": self.opened}

    def speak(self, lang: str) -> None:
        """Change the language of what is shown. Raises ``UsageError`` for one there is not."""
        if lang not in LANGUAGES:
            raise UsageError(
                N_("There is no language {lang}"),
                hint=N_("There are: {known}"),
                lang=lang,
                known=list(LANGUAGES),
            )
        self.lang = lang


@dataclass(frozen=True, slots=True)
class Listed:
    """A case as it is listed, to an agent whom its mandate designates."""

    name: str
    reference: str
    opened: bool


class House:
    """What one server holds: its settings, its cases, who is signed in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bench = Bench(settings, lambda: self.cases)
        self._sessions: dict[str, Session] = {}
        self._tokens: set[str] = set()
        self._attempts: dict[str, deque[float]] = {}
        self._lock = Lock()

    # ---- cases ----

    @property
    def cases(self) -> dict[str, Path]:
        """The folders of cases by name, which is the folder's own."""
        where = self.settings.where.resolve()
        found = (
            [where]
            if (where / MARK).is_file()
            else sorted(p.parent for p in where.glob(f"*/{MARK}"))
        )
        return {folder.name: folder for folder in found}

    def folder(self, name: str) -> Path:
        """The folder of the case ``name``. Raises ``NotFound``."""
        found = self.cases.get(name)
        if found is None:
            raise NotFound(N_("There is no case {name}"), name=name)
        return found

    def agents(self) -> dict[str, str]:
        """Who may sign in: agents of any case's mandate, with what they are called."""
        found: dict[str, str] = {}
        for folder in self.cases.values():
            for agent in Workspace.mandate_of(folder).agents:
                found.setdefault(agent.id, agent.name or agent.id)
        return found

    # ---- signing in ----

    def attempt(self, address: str) -> None:
        """Count an attempt to sign in. Raises ``TooMany``."""
        with self._lock:
            _within(self._attempts.setdefault(address, deque()), self.settings.sign_ins)

    def invite(self) -> str:
        """A token that signs one agent in, once."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens.add(_hash(token))
        return token

    def invited(self, token: str) -> bool:
        """True while that token was not used."""
        with self._lock:
            return _hash(token) in self._tokens

    def sign_in(self, token: str, agent: str, lang: str) -> tuple[str, Session]:
        """Use a token up; returns what the cookie holds, and the session.

        Raises ``NotSignedIn`` for a token unknown or used, ``NotFound`` for a stranger.
        """
        self.check(agent)
        with self._lock:
            if _hash(token) not in self._tokens:
                raise NotSignedIn(
                    N_("This link was used, or never was one"),
                    hint=N_("Start the server again, and follow the link that it prints"),
                )
            self._tokens.remove(_hash(token))
        return self.begin(agent, lang)

    def check(self, agent: str) -> None:
        """Raise ``NotFound`` for somebody whom no mandate here designates."""
        if agent not in self.agents():
            raise NotFound(N_("No mandate here designates {agent}"), agent=agent)

    def begin(self, agent: str, lang: str) -> tuple[str, Session]:
        """A new session of an agent whose identity is established; and what the cookie holds."""
        now, token = self.settings.clock(), secrets.token_urlsafe(32)
        session = Session(agent, lang, self, secrets.token_urlsafe(32), now, now)
        with self._lock:
            self._sessions = {k: s for k, s in self._sessions.items() if s.alive}
            self._sessions[_hash(token)] = session
        return token, session

    def session(self, token: str | None) -> Session | None:
        """The living session of a cookie."""
        if not token:
            return None
        with self._lock:
            session = self._sessions.get(_hash(token))
            if session is None or not session.alive:
                self._sessions.pop(_hash(token), None)
                return None
            session.seen = self.settings.clock()
            return session

    def sign_out(self, session: Session) -> None:
        """End a session."""
        session.ended = True
        session.opened.clear()
        session.desks.clear()

    # ---- opening ----

    def listed(self, session: Session) -> list[Listed]:
        """The cases whose mandate designates the session's agent."""
        found = []
        for name, folder in self.cases.items():
            mandate = Workspace.mandate_of(folder)
            if mandate.agent(session.agent) is not None:
                found.append(Listed(name, mandate.reference, name in session.opened))
        return found

    def open(self, session: Session, name: str, reason: str) -> Workspace:
        """Open a case for a reason, which every act of the session on it will bear; recorded.

        Raises ``UsageError`` without a reason, ``NotFound``, ``Refused``.
        """
        if not (reason := " ".join(reason.split())):
            raise UsageError(N_("Say why you open the case"))
        workspace = self._workspace(session, name, reason)
        workspace.enter()
        session.opened[name] = reason
        session.desks[name] = workspace
        return workspace

    def desk(self, session: Session, name: str) -> Workspace:
        """See :func:`desk`."""
        if not session.alive:
            raise NotSignedIn(N_("The session has ended"), hint=N_("Sign in again"))
        reason = session.opened.get(name)
        if reason is None:
            self.folder(name)
            raise NotOpened(
                N_("The case {name} is not open"), hint=N_("Open it, and say why"), name=name
            )
        workspace = session.desks.get(name)
        if workspace is None or not workspace.current:
            workspace = session.desks[name] = self._workspace(session, name, reason)
        return workspace

    def _workspace(self, session: Session, name: str, reason: str) -> Workspace:
        return Workspace.open(
            self.folder(name),
            agent=session.agent,
            reason=reason,
            clock=self.settings.clock,
            engine=self.settings.engine,
        )


def session_of(request: HTTPConnection) -> Session | None:
    """The session of a request, None when there is none or it ended since.

    In a page or one of its events: ``session_of(ui.context.client.request)``, which counts as
    being at work; what a timer does should ask ``session.alive`` alone.
    """
    session = request.scope.get(SCOPE)
    if not isinstance(session, Session) or not session.alive:
        return None
    session.seen = session.house.settings.clock()
    return session


def desk(session: Session, case_name: str) -> Workspace:
    """The workspace of a case, under the session's agent and the reason given on opening it.

    It reads the disk: call it inside ``in_thread``, with what it is wanted for. Raises
    ``NotSignedIn`` when the session ended, ``NotOpened``, ``NotFound``.
    """
    return session.house.desk(session, case_name)


async def in_thread(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run what blocks off the event loop, in the language of the caller."""
    return await asyncio.to_thread(function, *args, **kwargs)


def _within(asked: deque[float], limit: int) -> None:
    now = monotonic()
    while asked and now - asked[0] > MINUTE:
        asked.popleft()
    if len(asked) >= limit:
        raise TooMany(
            N_("More than {limit} requests within a minute"),
            hint=N_("Wait a minute, then try again"),
            limit=limit,
        )
    asked.append(now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

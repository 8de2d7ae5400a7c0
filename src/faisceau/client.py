"""A client of the REST API, for programs: ``faisceau serve`` on the other side.

    with Client.by_link(link, "A1") as client:
        case = client.open("case", "requisition of 1 October")
        job = case.wait(case.add(Path("msgstore.db"), label="phone of X"))

It needs the extra ``web`` (httpx). What the server refuses is raised as the workspace raises it:
``Refused`` for a refusal by the mandate, ``NotFound``, ``UsageError``, else ``FaisceauError``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx

from faisceau.errors import CaseError, FaisceauError, NotFound, Refused, UsageError
from faisceau.words import N_

Json = dict[str, Any]
CSRF = "X-Faisceau-CSRF"
PIECE = 1 << 20
"""Bytes of a file sent at once."""
POLL_S = 0.2
_RAISED: dict[int, type[FaisceauError]] = {
    400: UsageError,
    403: Refused,
    404: NotFound,
    409: CaseError,
}
OPEN_STATES = ("waiting", "running")


class Client:
    """A session with a server; ``timeout`` in seconds, of one answer."""

    def __init__(self, url: str, *, timeout: float = 60.0, lang: str = "en") -> None:
        self._http = httpx.Client(
            base_url=url,
            timeout=timeout,
            headers={"Accept-Language": lang},
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    # ---- the session ----

    @classmethod
    def by_link(cls, link: str, agent: str, **options: Any) -> Self:
        """Sign in by the link that ``faisceau serve`` prints, which is good once."""
        url, _, token = link.partition("/sign-in?token=")
        client = cls(url, **options)
        client.sign_in(token, agent)
        return client

    def sign_in(self, token: str, agent: str) -> Json:
        """Use up the token of a sign-in link; returns the session.

        Raises ``FaisceauError`` for a token unknown or used, ``NotFound`` for a stranger.
        """
        answer = self._http.post(
            "/sign-in",
            data={"token": token, "agent": agent},
            headers={"Accept": "application/json"},
        )
        session: Json = _checked(answer).json()
        self._http.headers[CSRF] = session["csrf"]
        return session

    def session(self) -> Json:
        """Who is signed in, and which cases are open."""
        return dict(self.ask("GET", "/session"))

    def sign_out(self) -> None:
        """End the session."""
        self.request("DELETE", "/session")

    # ---- cases ----

    def cases(self) -> list[Json]:
        """The cases whose mandate designates the agent."""
        return list(self.ask("GET", "/cases"))

    def open(self, name: str, reason: str) -> "RemoteCase":
        """Open a case for a reason, which every act on it will bear."""
        self.ask("POST", f"/cases/{quote(name, safe='')}/open", {"reason": reason})
        return RemoteCase(self, name)

    def analyses(self) -> Json:
        """The analyses installed, with their parameters."""
        return dict(self.ask("GET", "/analyses"))

    # ---- plumbing ----

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request under ``/api/v1``; its JSON value."""
        return self.request(method, path, json=body, params=query).json()

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request under ``/api/v1``. Raises what the server refuses."""
        given = {name: value for name, value in more.items() if value not in (None, {})}
        if "params" in given:
            given["params"] = {k: v for k, v in given["params"].items() if v is not None}
        return _checked(self._http.request(method, f"/api/v1{path}", **given))


@dataclass(frozen=True, slots=True)
class RemoteCase:
    """A case opened on a server."""

    client: Client
    name: str

    def _ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.client.ask(method, f"/cases/{quote(self.name, safe='')}{path}", body, **query)

    def status(self) -> Json:
        """What ``faisceau status --format json`` prints."""
        return dict(self._ask("GET", ""))

    def add(self, path: Path, **options: Any) -> Json:
        """Send a file in; returns the job that adds it. ``options``: those of ``faisceau add``."""
        announced = self._ask("POST", "/exhibits", {"name": path.name, **options})
        upload = announced["upload"].removeprefix("/api/v1")
        with path.open("rb") as file:
            pieces = iter(lambda: file.read(PIECE), b"")
            return dict(self.client.request("PUT", upload, content=pieces).json())

    def run(self, *analyses: str, settings: Json | None = None) -> Json:
        """Have analyses run; returns the job."""
        return dict(
            self._ask("POST", "/runs", {"analyses": list(analyses), "settings": settings or {}})
        )

    def jobs(self) -> list[Json]:
        """The last jobs, the oldest first."""
        return list(self._ask("GET", "/jobs"))

    def job(self, job_id: str) -> Json:
        """One job."""
        return dict(self._ask("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: str) -> Json:
        """Cancel a job."""
        return dict(self._ask("DELETE", f"/jobs/{job_id}"))

    def wait(self, job: Json, timeout: float = 600.0) -> Json:
        """Wait until a job has ended; returns it as it is then. Raises ``TimeoutError``."""
        until = monotonic() + timeout
        while (now := self.job(job["job_id"]))["state"] in OPEN_STATES:
            if monotonic() > until:
                raise TimeoutError(job["job_id"])
            sleep(POLL_S)
        return now

    def findings(self, analysis: str | None = None, *, page: int = 200) -> Iterator[Json]:
        """Findings, the strongest first, fetched page by page."""
        seen, total = 0, 1
        while seen < total:
            part = self._ask("GET", "/findings", analysis=analysis, limit=page, offset=seen)
            yield from part["findings"]
            total = part["total"]
            seen += len(part["findings"]) or total

    def finding(self, finding: str) -> Json:
        """One finding with its reviews and excerpts."""
        return dict(self._ask("GET", f"/findings/{finding}"))

    def review(
        self,
        finding: str,
        verdict: Literal["confirmed", "dismissed", "unsure", "exculpatory"],
        note: str = "",
    ) -> Json:
        """Say what the agent thinks of a finding."""
        return dict(
            self._ask("POST", f"/findings/{finding}/review", {"verdict": verdict, "note": note})
        )

    def seals(self) -> list[Json]:
        """What is sealed, and what was: where, with whom, how much."""
        return list(self._ask("GET", "/seals"))

    def lift_seal(self, seal: str, act: str) -> Json:
        """Lift one seal (its id), under an act of the authority."""
        return dict(self._ask("POST", f"/seals/{seal}/lift", {"act": act}))

    def rows(self, table: str, where: str | None = None, *, page: int = 1000) -> Iterator[Json]:
        """Rows of an observation table, fetched page by page."""
        after = None
        while True:
            wanted = {"table": table, "where": where, "after": after, "limit": page}
            part = self._ask("POST", "/rows", wanted)
            yield from part["rows"]
            after = part["after"]
            if after is None:
                return

    def search(self, query: str, *, limit: int = 20, offset: int = 0, newest: bool = False) -> Json:
        """Messages that answer a question."""
        wanted = {"query": query, "limit": limit, "offset": offset, "newest": newest}
        return dict(self._ask("POST", "/search", wanted))

    def notes(self, *, page: int = 200, **wanted: Any) -> Iterator[Json]:
        """Notes and tags, the latest first. ``wanted``: ``on``, ``tags``, ``tag``, ``agent``,
        ``words``; ``on`` as in a note's ``on``."""
        seen, total = 0, 1
        while seen < total:
            part = self._ask("POST", "/notes/find", {**wanted, "limit": page, "offset": seen})
            yield from part["notes"]
            total = part["total"]
            seen += len(part["notes"]) or total

    def note(self, on: Json, text: str, *, tag: bool = False) -> Json:
        """Put a note or a tag on something: ``{"subject": "exhibit", "exhibit_id": "E1"}``,
        ``{"subject": "row", "table": "message", "row_id": 4294967300}`` …"""
        return dict(self._ask("POST", "/notes", {"on": on, "text": text, "tag": tag}))

    def saved_searches(self) -> list[Json]:
        """The saved searches, by name."""
        return list(self._ask("GET", "/searches"))

    def save_search(self, name: str, query: str) -> Json:
        """Keep a question under a name."""
        return dict(self._ask("POST", "/searches", {"name": name, "query": query}))

    def report(self, output: Path, recipient: str = "", lang: str | None = None) -> Path:
        """Have the report written to ``output`` (``.pdf`` or ``.html``)."""
        kind = output.suffix.removeprefix(".")
        return self._fetch(
            "/reports", {"format": kind, "recipient": recipient, "lang": lang}, output
        )

    def export(self, to: str, output: Path, recipient: str = "") -> Path:
        """Have the findings exported to ``output``, as ``case``, ``ftm``, ``graphml``, ``csv``."""
        return self._fetch("/exports", {"to": to, "recipient": recipient}, output)

    def _fetch(self, path: str, body: Json, output: Path) -> Path:
        where = f"/cases/{quote(self.name, safe='')}{path}"
        output.write_bytes(self.client.request("POST", where, json=body).content)
        return output

    def mandate(self) -> Json:
        """Every act as allowed or refused to this agent today."""
        return dict(self._ask("GET", "/mandate"))

    def ledger(self, last: int = 1000) -> list[Json]:
        """The last entries of the ledger, the oldest first."""
        return list(self._ask("GET", "/ledger", last=last))

    def verify(self) -> Json:
        """Check the whole case."""
        return dict(self._ask("GET", "/ledger/verify"))


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        told = answer.json()
        detail, hint = str(told["detail"]), str(told.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        told, detail, hint = {}, answer.reason_phrase, ""
    kind = _RAISED.get(answer.status_code, FaisceauError)
    raise kind(
        N_("{detail}"),
        hint="{what_next}" if hint else "",
        detail=detail,
        what_next=hint,
        status=answer.status_code,
        problem=told,
    )

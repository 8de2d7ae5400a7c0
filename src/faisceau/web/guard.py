"""The guard at the door: every request passes it, page, API and web socket alike.

1. ``Host`` is one that is served: a name of somebody else's that leads here (DNS rebinding) gets
   nothing.
2. What a script asks comes from our own pages: where a browser says from where, it is ours.
3. A session, but for signing in and for files that hold no case: 401 without one, under ``/api``
   as a problem, elsewhere as a page that says how to sign in. Never a redirect.
4. Under ``/api``, what changes something bears the session's token against forged requests, in a
   header that another site cannot set.
5. Not more requests than the session may make.

On the way out, every answer gets the headers that confine the browser.
"""

import hmac
import re
import secrets
from html import escape

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from faisceau.errors import FaisceauError
from faisceau.web.problems import Forbidden, NotSignedIn, TooLarge, problem_response, status_of
from faisceau.web.session import COOKIE, SCOPE, House, Session
from faisceau.web.settings import Settings
from faisceau.words import LANGUAGES, N_, language, speaking

API = "/api/"
EVENTS = "/_nicegui_ws/"
CSRF = "x-faisceau-csrf"
OPEN = ("/sign-in", "/_nicegui/", "/healthz")
"""What is served without a session: signing in, and scripts and styles of the pages."""
SAFE = {"GET", "HEAD", "OPTIONS"}
_SCRIPT = re.compile(rb"<script(?=[\s>])")


class Guard:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        session = self._house.session(request.cookies.get(COOKIE))
        scope[SCOPE] = session
        with speaking(self._language(request, session)):
            try:
                self._check(request, session)
            except FaisceauError as error:
                await self._turn_away(scope, receive, send, error)
                return
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
            else:
                await self._app(scope, receive, self._confining(scope, send))

    def _language(self, request: HTTPConnection, session: Session | None) -> str:
        if session is not None:
            return session.lang
        asked = request.headers.get("accept-language", "")[:2].casefold()
        return asked if asked in LANGUAGES else self._house.settings.lang

    def _check(self, request: HTTPConnection, session: Session | None) -> None:
        scope = request.scope
        method = scope.get("method", "GET")
        path: str = scope["path"]
        host = request.headers.get("host", "")
        if _name(host) not in self._house.settings.known_hosts:
            raise Forbidden(N_("This server does not answer under the name {host}"), host=host)
        origin = request.headers.get("origin")
        changes = method not in SAFE or scope["type"] == "websocket"
        asked_by_script = changes or path.startswith((API, EVENTS))
        elsewhere = origin is not None and origin.partition("://")[2] != host
        # Another port of this machine is the same site to a cookie, not to us.
        site = request.headers.get("sec-fetch-site", "same-origin")
        if asked_by_script and (elsewhere or site not in ("same-origin", "none")):
            raise Forbidden(
                N_("The request comes from another site: {origin}"), origin=origin or site
            )
        if path.startswith(OPEN):
            return
        if session is None:
            raise NotSignedIn(
                N_("Nobody is signed in here, or the session has ended"),
                hint=N_("Follow the link that faisceau serve prints"),
            )
        if path.startswith(API) and changes:
            given = request.headers.get(CSRF, "")
            if not hmac.compare_digest(given.encode(), session.csrf.encode()):
                raise Forbidden(
                    N_("The request lacks the token of its session"),
                    hint=N_("Send the header {header}, as GET /api/v1/session gives it"),
                    header=CSRF,
                )
        if not path.startswith(EVENTS):
            session.count()

    async def _turn_away(
        self, scope: Scope, receive: Receive, send: Send, error: FaisceauError
    ) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["path"].startswith("/api"):
            response = problem_response(error)
        else:
            response = Response(
                plain_page(str(error), error.hint), status_of(error), media_type="text/html"
            )
        await response(scope, receive, self._confining(scope, send))

    def _confining(self, scope: Scope, send: Send) -> Send:
        api = scope["path"].startswith(API)
        return _Confining(send, self._house.settings, api)


class _Confining:
    """Adds to an answer the headers that confine the browser, and to a page's scripts the nonce
    without which they would not run."""

    def __init__(self, send: Send, settings: Settings, api: bool) -> None:
        self._send = send
        self._secure = settings.secure
        self._tiles = _origin(settings.tile_url)
        self._api = api
        self._replaced = False
        self._start: Message | None = None
        self._nonce = secrets.token_urlsafe(16)
        self._page: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            headers = [(k, v) for k, v in message["headers"] if k.lower() != b"server"]
            there = dict(headers)
            if self._api and there.get(b"content-type", b"").startswith(b"text/plain"):
                await self._send_problem(message["status"])
                return
            message = {**message, "headers": [*headers, *self._headers(there)]}
            handed_over = b"content-disposition" in there  # byte for byte as it was written
            if there.get(b"content-type", b"").startswith(b"text/html") and not handed_over:
                self._start = message  # its length changes with the nonces
                return
        elif self._start is not None and message["type"] == "http.response.body":
            self._page.append(message.get("body", b""))
            if message.get("more_body"):
                return
            await self._send_page(self._start)
            return
        await self._send(message)

    async def _send_problem(self, status: int) -> None:
        """What the framework refuses in plain text, as a problem: a body too large."""
        too_large = TooLarge(N_("The request is too large"))
        other = Forbidden(N_("The request cannot be answered"))
        response = problem_response(too_large if status == 413 else other)
        self._replaced = True
        start = {"type": "http.response.start", "status": status}
        headers = [*response.raw_headers, *self._headers(dict(response.raw_headers))]
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": response.body})

    async def _send_page(self, start: Message) -> None:
        body = _SCRIPT.sub(f'<script nonce="{self._nonce}"'.encode(), b"".join(self._page))
        headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _headers(self, there: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        # NiceGUI compiles its templates in the browser: without eval nothing is shown.
        policy = (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
            f"object-src 'none'; img-src 'self' data: blob:{self._tiles}; font-src 'self' data:; "
            "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; "
            f"script-src 'self' 'nonce-{self._nonce}' 'unsafe-eval'; "
            "style-src 'self' 'unsafe-inline'"
        )
        headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }
        if self._secure:
            headers["strict-transport-security"] = "max-age=31536000"
        if b"cache-control" not in there:
            headers["cache-control"] = "no-store"
        return [(k.encode(), v.encode()) for k, v in headers.items()]


def plain_page(message: str, hint: str = "", form: str = "", onward: str = "") -> bytes:
    """A page without script: what is said to whom is not signed in; ``onward`` comes next."""
    onward = f'<meta http-equiv="refresh" content="0;url={escape(onward)}">' if onward else ""
    told = f"<p>{escape(hint)}</p>" if hint else ""
    text = f"""<!doctype html>
<html lang="{escape(language())}"><head><meta charset="utf-8"><title>Faisceau</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{onward}
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 1rem;
  color-scheme: light dark; }}
label, select, button {{ display: block; font: inherit; margin: .5rem 0; }}
select, button {{ padding: .5rem 1rem; min-width: 12rem; }}
</style></head><body><main><h1>Faisceau</h1><p>{escape(message)}</p>{told}{form}</main></body>
</html>"""
    return text.encode()


def _origin(tiles: str) -> str:
    """The tile server that pages may show pictures from; ``{s}`` stands for any of its names."""
    found = re.match(r"https?://[\w{}.:-]+", tiles)
    return " " + found[0].replace("{s}", "*") if found else ""


def _name(host: str) -> str:
    """A ``Host`` without its port: ``[::1]:80`` is ``::1``."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].casefold()

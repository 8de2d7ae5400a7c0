"""Signing in: by the link that ``faisceau serve`` prints, good once, like Jupyter's; on a server,
by a client certificate or by an OpenID Connect provider (``oidc``)."""

from contextlib import suppress
from html import escape
from typing import Annotated

from cryptography import x509
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from faisceau.errors import FaisceauError
from faisceau.web.guard import plain_page
from faisceau.web.problems import NotSignedIn, json_response, problem_response, status_of
from faisceau.web.session import COOKIE, House, in_thread, session_of
from faisceau.web.settings import Certificates
from faisceau.words import N_, language, say


def routes(house: House) -> APIRouter:
    """``GET /sign-in`` asks who one is where several may; ``POST /sign-in`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in")
    async def ask(request: Request, token: str = "") -> Response:
        try:
            house.attempt(address(request))
            if house.settings.certificates is not None:
                agent = certified(request, house.settings.certificates)
                await in_thread(house.check, agent)
                return let_in(house, house.begin(agent, language())[0])
            if house.settings.provider is not None:
                return RedirectResponse("/sign-in/oidc", 303)
            if not house.invited(token):
                raise NotSignedIn(
                    N_("This link was used, or never was one"),
                    hint=N_("Start the server again, and follow the link that it prints"),
                )
            agents = await in_thread(house.agents)
            if house.settings.agent is not None:
                agents = {house.settings.agent: ""}
            if len(agents) == 1:
                [agent] = agents
                return let_in(house, house.sign_in(token, agent, language())[0])
        except FaisceauError as error:
            return told(error)
        return Response(_form(token, agents), media_type="text/html")

    @router.post("/sign-in")
    async def sign_in(
        request: Request, token: Annotated[str, Form()], agent: Annotated[str, Form()]
    ) -> Response:
        as_json = "application/json" in request.headers.get("accept", "")
        try:
            house.attempt(address(request))
            cookie, session = house.sign_in(token, agent, language())
        except FaisceauError as error:
            return problem_response(error) if as_json else told(error)
        if as_json:
            return with_cookie(house, json_response(session.as_json()), cookie)
        return let_in(house, cookie)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session = session_of(request)
        if session is not None:
            house.sign_out(session)
        response = Response(plain_page(say(N_("You are signed out"))), media_type="text/html")
        response.delete_cookie(COOKIE)
        return response

    if house.settings.provider is not None:
        from faisceau.web.oidc import routes as by_provider

        router.include_router(by_provider(house, house.settings.provider))
    return router


def certified(request: Request, certificates: Certificates) -> str:
    """The agent whom a client certificate names, as the reverse proxy passes it (RFC 4514).

    Raises ``NotSignedIn`` when it does not come from the proxy, or names nobody.
    """
    subject = request.headers.get(certificates.header, "")
    if request.client is not None and request.client.host in certificates.proxies and subject:
        with suppress(ValueError):
            for part in x509.Name.from_rfc4514_string(subject):
                if part.rfc4514_attribute_name == certificates.attribute:
                    return str(part.value)
    raise NotSignedIn(
        N_("No certificate says who you are"),
        hint=N_("Choose your certificate when the browser asks; else ask the administrator"),
    )


def let_in(house: House, cookie: str) -> Response:
    """Begin with the list of cases."""
    return with_cookie(house, RedirectResponse("/", 303), cookie)


def with_cookie(house: House, response: Response, cookie: str) -> Response:
    """An answer that bears the cookie of a session."""
    response.set_cookie(
        COOKIE, cookie, httponly=True, samesite="strict", secure=house.settings.secure, path="/"
    )
    return response


def told(error: FaisceauError) -> Response:
    """An error for who is not signed in."""
    return Response(plain_page(str(error), error.hint), status_of(error), media_type="text/html")


def _form(token: str, agents: dict[str, str]) -> bytes:
    options = "".join(
        f'<option value="{escape(agent)}">{escape(f"{agent} · {name}" if name else agent)}</option>'
        for agent, name in agents.items()
    )
    form = (
        f'<form method="post" action="/sign-in">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'<label for="agent">{escape(say(N_("Agent")))}</label>'
        f'<select id="agent" name="agent">{options}</select>'
        f'<button type="submit">{escape(say(N_("Sign in")))}</button></form>'
    )
    return plain_page(say(N_("Say who you are: it is recorded with all you do")), form=form)


def address(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""

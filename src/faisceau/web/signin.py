"""Signing in on one machine: the link that ``faisceau serve`` prints, good once, like Jupyter's."""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from faisceau.errors import FaisceauError
from faisceau.web.guard import plain_page
from faisceau.web.problems import NotSignedIn, json_response, problem_response, status_of
from faisceau.web.session import COOKIE, House, in_thread, session_of
from faisceau.words import N_, language, say


def routes(house: House) -> APIRouter:
    """``GET /sign-in`` asks who one is where several may; ``POST /sign-in`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sign-in")
    async def ask(request: Request, token: str = "") -> Response:
        try:
            house.attempt(_address(request))
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
                return _let_in(house, house.sign_in(token, agent, language())[0])
        except FaisceauError as error:
            return _told(error)
        return Response(_form(token, agents), media_type="text/html")

    @router.post("/sign-in")
    async def sign_in(
        request: Request, token: Annotated[str, Form()], agent: Annotated[str, Form()]
    ) -> Response:
        as_json = "application/json" in request.headers.get("accept", "")
        try:
            house.attempt(_address(request))
            cookie, session = house.sign_in(token, agent, language())
        except FaisceauError as error:
            return problem_response(error) if as_json else _told(error)
        if as_json:
            return _with_cookie(house, json_response(session.as_json()), cookie)
        return _let_in(house, cookie)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session = session_of(request)
        if session is not None:
            house.sign_out(session)
        response = Response(plain_page(say(N_("You are signed out"))), media_type="text/html")
        response.delete_cookie(COOKIE)
        return response

    return router


def _let_in(house: House, cookie: str) -> Response:
    return _with_cookie(house, RedirectResponse("/", 303), cookie)


def _with_cookie(house: House, response: Response, cookie: str) -> Response:
    response.set_cookie(
        COOKIE, cookie, httponly=True, samesite="strict", secure=house.settings.secure, path="/"
    )
    return response


def _told(error: FaisceauError) -> Response:
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


def _address(request: Request) -> str:
    return request.client.host if request.client else ""

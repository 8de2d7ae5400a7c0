"""The session: who is signed in."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from faisceau.web.api._shared import Body, SignedIn, answers
from faisceau.web.problems import json_response
from faisceau.web.session import COOKIE

router = APIRouter()

SESSION = {
    "agent": "A1",
    "lang": "fr",
    "csrf": "q3x…",
    "opened": {"case": "requisition of 1 October"},
}


class Preferences(Body):
    """What may be changed in a session."""

    lang: Literal["en", "fr"] = Field(examples=["fr"])


@router.get("/session", responses=answers(SESSION))
def session(session: SignedIn) -> Response:
    """Who is signed in, which cases are open and why, and the token that changes must bear."""
    return json_response(session.as_json())


@router.patch("/session", responses=answers(SESSION))
def prefer(session: SignedIn, preferences: Preferences) -> Response:
    """Change the language of what is answered."""
    session.speak(preferences.lang)
    return json_response(session.as_json())


@router.delete("/session", status_code=204, responses={204: {"description": "Signed out"}})
def leave(session: SignedIn) -> Response:
    """Sign out."""
    session.house.sign_out(session)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response

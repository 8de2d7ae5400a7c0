"""What the routes share: the session, the desk of the case named in the path, the problems."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict

from faisceau.case.workspace import Workspace
from faisceau.web.problems import MEDIA_TYPE, NotSignedIn
from faisceau.web.session import Session, desk, session_of
from faisceau.words import N_


def signed_in(request: Request) -> Session:
    """The session of the request, which the guard has seen."""
    session = session_of(request)
    if session is None:
        raise NotSignedIn(N_("The session has ended"), hint=N_("Sign in again"))
    return session


SignedIn = Annotated[Session, Depends(signed_in)]
CaseName = Annotated[str, Path(description="The name of the case's folder", examples=["case"])]


def at_desk(session: SignedIn, name: CaseName) -> Workspace:
    """The workspace of the case named in the path."""
    return desk(session, name)


Desk = Annotated[Workspace, Depends(at_desk)]
Limit = Annotated[int, Query(ge=1, le=1000, description="This many at most")]
Offset = Annotated[int, Query(ge=0, le=2**53, description="Left out before")]
SEALED = [{"table": "message", "quality": "lawyer", "n": 3}]
"""What is sealed, as answers that leave it out tell it: by table, how many, with whom."""


class Body(BaseModel):
    """What a request brings; an unknown name in it is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error (RFC 9457). ``rules``, of a refusal: each rule with its legal source."""

    type: str
    title: str
    status: int
    detail: str
    hint: str | None = None
    rules: list[dict[str, str]] | None = None
    unlocked_by: list[str] | None = None


_WHY = {
    400: "The request cannot be read, or asks for what cannot be",
    401: "Nobody is signed in",
    403: "The mandate refuses it, with its legal source; or the request is forged",
    404: "There is no such case, finding, table, job",
    405: "Not with this method",
    409: "The case is not opened in this session, or cannot be used",
    413: "Too large",
    429: "Too many requests",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": why,
        "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}},
    }
    for status, why in _WHY.items()
}


def answers(example: Any, *, status: int = 200, why: str = "") -> dict[int | str, dict[str, Any]]:
    """A successful answer, described by an example of it."""
    content = {"application/json": {"example": example}}
    return {status: {"description": why or "Done", "content": content}}

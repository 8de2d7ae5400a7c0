"""Cases: which there are, and opening one for a reason."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from faisceau.web.problems import json_response
from faisceau.web.session import in_thread, session_of

router = APIRouter()


@router.get("/cases")
async def cases(request: Request) -> Response:
    """The cases whose mandate designates the agent signed in."""
    session = session_of(request)
    assert session is not None
    listed = await in_thread(session.house.listed, session)
    return json_response(
        [{"name": c.name, "reference": c.reference, "opened": c.opened} for c in listed]
    )

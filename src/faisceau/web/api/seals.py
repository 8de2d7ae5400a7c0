"""Seals: what is sealed, never what it holds; the authority lifts one after the other."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.responses import Response

from faisceau.web.api._shared import Body, Desk, answers
from faisceau.web.problems import json_response

router = APIRouter()

SEAL = {
    "seal_id": "S1",
    "table": "message",
    "exhibit_id": "E1",
    "account": None,
    "thread": "33639980009@s.whatsapp.net",
    "quality": "lawyer",
    "rows": 12,
    "attachments": 1,
    "sealed_at": "2026-10-01T08:00:00+00:00",
    "lifted_at": None,
    "lifted_by": "",
    "lifted_under": "",
}
SealId = Annotated[str, Path(pattern="^S[0-9]{1,18}$", description="Its id", examples=["S1"])]


class Lifting(Body):
    """The act that lifts a seal."""

    act: str = Field(min_length=1, max_length=500, examples=["order of 12 October 2026"])


@router.get("/cases/{name}/seals", responses=answers([SEAL]))
def seals(desk: Desk) -> Response:
    """Every seal, lifted ones included: where, with whom, how much."""
    return json_response([seal.as_json() for seal in desk.seals()])


@router.post("/cases/{name}/seals/{seal}/lift", responses=answers(SEAL))
def lift(desk: Desk, seal: SealId, lifting: Lifting) -> Response:
    """Lift one seal, under an act of the authority; who lifts it is recorded."""
    return json_response(desk.lift_seal(seal, lifting.act).as_json())

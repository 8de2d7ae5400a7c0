"""Cases: which there are, opening one for a reason, what it holds, what its mandate allows."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from faisceau.case.values import explain_json, status_json
from faisceau.web.api._shared import SEALED, Body, CaseName, Desk, SignedIn, answers
from faisceau.web.problems import json_response

router = APIRouter()

CASE = {"name": "case", "reference": "PR/2026/0417", "opened": True}
STATUS = {
    "reference": "PR/2026/0417",
    "exhibits": [
        {
            "exhibit_id": "E1",
            "label": "msgstore.db",
            "sha256": "9f86d0…",
            "size": 49152,
            "reader": "whatsapp_android",
            "tables": {"message": {"rows": 74, "rejected": 0}},
        }
    ],
    "tables": {"message": {"rows": 74, "rejected": 0}},
    "findings": {"messages.triage": {"new": 3}},
    "sealed": SEALED,
    "findings_withheld": 1,
    "due": [{"what": "the mandate PR/2026/0417 ends", "on": "2027-03-01"}],
    "warnings": [],
}
MANDATE = {
    "reference": "PR/2026/0417",
    "agent": "A1",
    "on": "2026-10-01",
    "acts": [
        {
            "act": "run",
            "analysis": "links.couriers",
            "tables": ["trip"],
            "label": "run an analysis (links.couriers)",
            "allowed": False,
            "rules": [{"id": "matching-authorised", "source": "CPP 230-20", "text": "…"}],
            "unlocked_by": ["[authorisations.matching]"],
        }
    ],
}


class Reason(Body):
    """Why a case is opened."""

    reason: str = Field(min_length=1, max_length=500, examples=["requisition of 1 October"])


@router.get("/cases", responses=answers([CASE]))
def cases(session: SignedIn) -> Response:
    """The cases whose mandate designates the agent signed in."""
    listed = session.house.listed(session)
    return json_response(
        [{"name": c.name, "reference": c.reference, "opened": c.opened} for c in listed]
    )


@router.post("/cases/{name}/open", responses=answers(CASE))
def open_case(session: SignedIn, name: CaseName, why: Reason) -> Response:
    """Open a case for a reason, which every act of this session on it will bear."""
    desk = session.house.open(session, name, why.reason)
    return json_response({"name": name, "reference": desk.mandate.reference, "opened": True})


@router.get("/cases/{name}", responses=answers(STATUS))
def status(desk: Desk) -> Response:
    """What a case holds: exhibits, rows kept and rejected, findings, what is due."""
    return json_response(status_json(desk.status()))


@router.get("/cases/{name}/exhibits", responses=answers(STATUS["exhibits"]))
def exhibits(desk: Desk) -> Response:
    """The exhibits of a case."""
    return json_response(status_json(desk.status())["exhibits"])


@router.get("/cases/{name}/due", responses=answers(STATUS["due"]))
def due(desk: Desk) -> Response:
    """What ends or falls due, by day."""
    return json_response(status_json(desk.status())["due"])


@router.get("/cases/{name}/mandate", responses=answers(MANDATE))
def mandate(desk: Desk) -> Response:
    """Every act as allowed or refused to this agent today, why, and what would unlock it."""
    return json_response(explain_json(desk, desk.explain()))


@router.post(
    "/cases/{name}/purge",
    responses=answers({"erased": [{"rule": "…", "source": "…", "n": 3}], "exhibits": []}),
)
def purge(desk: Desk) -> Response:
    """Erase what the law says is due, and nothing else."""
    return json_response(desk.purge().as_json())

"""The ledger: who did what, and the proof of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from faisceau.case.proving import verify as verify_case
from faisceau.case.values import entry_json
from faisceau.web.api._shared import Desk, answers
from faisceau.web.problems import json_response

router = APIRouter()

ENTRY = {
    "number": 12,
    "at": "2026-10-01T08:00:00.000000Z",
    "operation": "consultation",
    "phase": "open",
    "act": "search",
    "agent": "A1",
    "reason": "requisition of 1 October",
    "of": None,
    "outcome": "",
    "policies": ["investigate"],
    "data": {},
}


@router.get("/cases/{name}/ledger", responses=answers([ENTRY]))
def entries(desk: Desk, last: Annotated[int, Query(ge=1, le=100_000)] = 1000) -> Response:
    """The last entries of the ledger, the oldest first."""
    return json_response([entry_json(entry) for entry in desk.ledger_entries(last)])


@router.get("/cases/{name}/ledger/verify", responses=answers({"ok": True}))
def verify(desk: Desk, log_only: bool = False) -> Response:
    """Check every entry, seal, table and exhibit; writes nothing."""
    return json_response(verify_case(desk.case.folder, log_only=log_only).to_json())


@router.get("/cases/{name}/ledger/proof", responses=answers({"kind": "inclusion"}))
def prove(
    desk: Desk,
    entry: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    since: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> Response:
    """A proof that an entry stands in the ledger, or that nothing changed since a size."""
    return json_response(desk.prove(entry, since))

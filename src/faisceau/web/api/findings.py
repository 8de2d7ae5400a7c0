"""Findings: page by page, one with its evidence, a person's review."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from faisceau.case.values import card_json
from faisceau.findings.model import Status, Wanted
from faisceau.web.api._shared import SEALED, Body, Desk, Limit, Offset, answers
from faisceau.web.problems import json_response

router = APIRouter()

FINDING = {
    "finding_id": "3c2d3afa0b1c2d3e4f50",
    "analysis": "messages.triage",
    "version": "1",
    "kind": "query",
    "title": "Speaks of a sale",
    "score": 0.93,
    "status": "new",
    "subjects": [{"type": "thread", "value": "33639980101", "label": "Tour B"}],
    "reasons": [
        {
            "code": "terms",
            "text": "12 messages hold words of the lexicon",
            "weight": 2.1,
            "evidence": [
                {
                    "table": "message",
                    "row_id": 4294967300,
                    "exhibit_id": "E1",
                    "source": "msgstore.db#message 12",
                }
            ],
        }
    ],
    "params": {},
    "created_at": "2026-10-01T08:00:00Z",
}
REVIEW = {
    "finding_id": FINDING["finding_id"],
    "verdict": "confirmed",
    "agent": "A1",
    "at": "2026-10-01T09:00:00Z",
}
Finding = Annotated[
    str,
    Path(pattern="^[0-9a-f]{1,64}$", description="Its id, or how it begins", examples=["3c2d3afa"]),
]


class Verdict(Body):
    """What a person thinks of a finding."""

    verdict: Literal["confirmed", "dismissed", "unsure", "exculpatory"]
    note: str = Field("", max_length=10_000, examples=["same nickname in E2"])


@router.get(
    "/cases/{name}/findings",
    responses=answers({"total": 1, "offset": 0, "findings": [FINDING], "sealed": SEALED}),
)
def findings(
    desk: Desk,
    analysis: Annotated[str | None, Query(examples=["messages.triage"])] = None,
    status: Annotated[list[Status] | None, Query()] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """Findings, the strongest first; without ``status``, those that stand."""
    wanted = Wanted(analyses=[analysis] if analysis is not None else (), statuses=status or ())
    total, page = desk.findings_page(wanted, offset=offset, limit=limit)
    told = {"total": total, "offset": offset, "findings": page}
    return json_response({**told, "sealed": desk.sealed.as_json()})


@router.get(
    "/cases/{name}/findings/{finding}",
    responses=answers({**FINDING, "reviews": [REVIEW], "excerpts": []}),
)
def show(desk: Desk, finding: Finding) -> Response:
    """One finding: its reasons with their rows, reviews, messages in context."""
    return json_response(card_json(desk.show(finding)))


@router.post("/cases/{name}/findings/{finding}/review", responses=answers(REVIEW))
def review(desk: Desk, finding: Finding, verdict: Verdict) -> Response:
    """Say what you think of a finding; it is recorded under your name."""
    given = desk.review(finding, verdict.verdict, verdict.note)
    return json_response(
        {
            "finding_id": given.finding_id,
            "verdict": given.verdict,
            "agent": given.agent,
            "at": given.at,
        }
    )


@router.post(
    "/cases/{name}/findings/{finding}/unmask",
    responses=answers({"finding_id": FINDING["finding_id"], "rows": 4}),
)
def unmask(desk: Desk, finding: Finding) -> Response:
    """Show the identities in the rows that concord in a finding; it is recorded."""
    lifted, rows = desk.unmask(finding)
    return json_response({"finding_id": lifted.finding_id, "rows": rows})

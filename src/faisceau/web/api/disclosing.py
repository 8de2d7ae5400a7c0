"""Disclosing: the report and the exports, written to be handed over, with their recipient."""

from contextlib import ExitStack
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from faisceau.web.api._shared import Body, Desk
from faisceau.words import language

router = APIRouter()

REPORTS = {"pdf": "application/pdf", "html": "text/html; charset=utf-8"}
EXPORTS = {
    "case": (".json", "application/ld+json"),
    "ftm": (".json", "application/x-ndjson"),
    "graphml": (".graphml", "application/xml"),
    "csv": (".zip", "application/zip"),
}
DIGEST = "x-faisceau-sha256"
"""The header that bears the hash of what was handed over, as the ledger keeps it."""


class Report(Body):
    """Which report, for whom."""

    format: Literal["pdf", "html"] = "pdf"
    lang: Literal["en", "fr"] | None = None
    top: int | None = Field(None, ge=1, le=10_000)
    recipient: str = Field("", max_length=500, examples=["juge d'instruction"])


class Export(Body):
    """Which export, for whom."""

    to: Literal["case", "ftm", "graphml", "csv"]
    lang: Literal["en", "fr"] | None = None
    recipient: str = Field("", max_length=500)


def _file(*types: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    kinds = {kind.partition(";")[0]: schema for kind in types}
    return {200: {"description": "The file", "content": kinds}}


@router.post(
    "/cases/{name}/reports", responses=_file(*REPORTS.values()), response_class=FileResponse
)
def report(desk: Desk, wanted: Report) -> FileResponse:
    """Write the report and hand it over; the ledger keeps its hash and recipient."""
    with ExitStack() as stack:
        path = stack.enter_context(desk.passing_place()) / f"report.{wanted.format}"
        written = desk.report(
            path, lang=wanted.lang or language(), top=wanted.top, recipient=wanted.recipient
        )
        return FileResponse(
            path,
            media_type=REPORTS[wanted.format],
            filename=path.name,
            headers={DIGEST: written["sha256"]},
            background=BackgroundTask(stack.pop_all().close),
        )


@router.post(
    "/cases/{name}/exports",
    responses=_file(*(kind for _, kind in EXPORTS.values())),
    response_class=FileResponse,
)
def export(desk: Desk, wanted: Export) -> FileResponse:
    """Write the findings that stand, and the rows they rest on, for another program."""
    ending, kind = EXPORTS[wanted.to]
    with ExitStack() as stack:
        path = stack.enter_context(desk.passing_place()) / f"{wanted.to}{ending}"
        written = desk.export(
            path, wanted.to, lang=wanted.lang or language(), recipient=wanted.recipient
        )
        return FileResponse(
            path,
            media_type=kind,
            filename=path.name,
            headers={DIGEST: written.sha256},
            background=BackgroundTask(stack.pop_all().close),
        )

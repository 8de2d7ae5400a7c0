"""The tool itself: analyses, formats and tables that it knows."""

from fastapi import APIRouter
from starlette.responses import Response

from faisceau.case.plugins import plugins
from faisceau.case.values import analyses_json, tables_json
from faisceau.web.api._shared import SignedIn, answers
from faisceau.web.problems import json_response

router = APIRouter()


@router.get("/analyses", responses=answers({"analyses": [], "failed": []}))
def analyses(session: SignedIn) -> Response:
    """The analyses installed: kind, tables, and parameters as a JSON schema."""
    del session
    return json_response(analyses_json())


@router.get("/tables", responses=answers([{"table": "message", "columns": []}]))
def tables(session: SignedIn) -> Response:
    """The observation tables and their columns."""
    del session
    return json_response(tables_json(None))


@router.get("/readers", responses=answers([{"reader": "whatsapp_android", "fills": ["message"]}]))
def readers(session: SignedIn) -> Response:
    """The formats that can be read."""
    del session
    return json_response(
        [
            {"reader": name, "fills": [schema.name for schema in reader.FILLS]}
            for name, reader in plugins().readers.items()
        ]
    )

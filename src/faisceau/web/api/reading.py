"""Reading: rows of a table, a search. Questions go into the body: a URL holds no case data."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from faisceau.case.values import answer_json
from faisceau.web.api._shared import SEALED, Body, Desk, answers
from faisceau.web.problems import json_response

router = APIRouter()


class Rows(Body):
    """Which rows."""

    table: str = Field(max_length=64, examples=["message"])
    where: str | None = Field(None, max_length=10_000, examples=["kind = 'voice'"])
    after: int | None = Field(None, ge=0, le=2**53, description="Rows of a greater row_id alone")
    limit: int = Field(50, ge=1, le=10_000)


class Question(Body):
    """What is searched."""

    query: str = Field(max_length=10_000, examples=["demain OR ce soir"])
    limit: int = Field(20, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1_000_000)
    newest: bool = False


@router.post(
    "/cases/{name}/rows",
    responses=answers(
        {
            "rows": [{"row_id": 4294967300, "exhibit_id": "E1"}],
            "after": 4294967300,
            "sealed": SEALED,
        }
    ),
)
def rows(desk: Desk, wanted: Rows) -> Response:
    """Rows of an observation table, all columns, in the order of ``row_id``.

    ``after`` in the answer, when there may be more, asks for the next page.
    """
    where = wanted.where
    if wanted.after is not None:
        where = f"row_id > {wanted.after}" + (f" AND ({where}\n)" if where else "")
    found: list[dict[str, Any]] = []
    for batch in desk.rows(wanted.table, where, wanted.limit):
        found += batch.to_pylist()
    last = found[-1]["row_id"] if len(found) == wanted.limit else None
    return json_response({"rows": found, "after": last, "sealed": desk.sealed.as_json()})


@router.post(
    "/cases/{name}/search",
    responses=answers({"query": "demain", "total": 12, "offset": 0, "hits": [], "sealed": SEALED}),
)
def search(desk: Desk, question: Question) -> Response:
    """Messages that answer a question, the best first."""
    answer = desk.search(
        question.query,
        limit=question.limit,
        offset=question.offset,
        newest_first=question.newest,
    )
    return json_response(answer_json(answer))

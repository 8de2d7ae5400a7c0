"""Notes, tags and saved searches. What they say goes into bodies: a URL holds no case data."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path
from pydantic import Field, model_validator
from starlette.responses import Response

from faisceau.case.notes import EVERY, LONGEST, Asked, On
from faisceau.case.workspace import Workspace
from faisceau.web.api._shared import Body, Desk, Limit, Offset, answers
from faisceau.web.problems import json_response

router = APIRouter()

NOTE = {
    "note_id": "N1",
    "version": 1,
    "tag": False,
    "on": {"subject": "row", "table": "message", "row_id": 4294967300},
    "exhibit_id": "E1",
    "about": "on se voit demain",
    "text": "same nickname in E2",
    "agent": "A1",
    "at": "2026-10-01T09:00:00Z",
    "removed": False,
}
SEARCH = {
    "search_id": "Q1",
    "name": "meetings",
    "query": "demain OR ce soir",
    "agent": "A1",
    "at": "2026-10-01T09:00:00Z",
}
NoteId = Annotated[str, Path(pattern="^N[0-9]{1,9}$", description="Its id", examples=["N1"])]
SearchId = Annotated[str, Path(pattern="^Q[0-9]{1,9}$", description="Its id", examples=["Q1"])]


class Subject(Body):
    """What a note is on: a row of a table, a finding, an exhibit, the conversation of a message."""

    subject: Literal["row", "finding", "exhibit", "conversation"] = Field(examples=["row"])
    table: str | None = Field(None, max_length=64, examples=["message"])
    row_id: int | None = Field(None, ge=0, le=2**53, examples=[4294967300])
    finding_id: str | None = Field(None, max_length=64)
    exhibit_id: str | None = Field(None, max_length=1000)

    @model_validator(mode="after")
    def whole(self) -> Self:
        """A row has its table and number, a finding its id …"""
        needed = {
            "row": (self.table, self.row_id),
            "conversation": (self.row_id,),
            "finding": (self.finding_id,),
            "exhibit": (self.exhibit_id,),
        }[self.subject]
        if None in needed:
            raise ValueError("what the note is on is not wholly named")
        return self

    def on(self) -> On:
        """As the desk names it."""
        name = {"row": self.table, "finding": self.finding_id, "exhibit": self.exhibit_id}
        of_row = self.subject in ("row", "conversation")
        return On(self.subject, name.get(self.subject) or "", self.row_id if of_row else None)


class NewNote(Body):
    """A note, or a tag, and what it is on."""

    on: Subject
    text: str = Field(max_length=LONGEST, examples=["same nickname in E2"])
    tag: bool = False


class Text(Body):
    """What a note says from now on."""

    text: str = Field(max_length=LONGEST, examples=["same nickname in E2 and E3"])


class Wanted(Body):
    """Which notes; nothing said: all."""

    on: Subject | None = None
    tags: bool | None = Field(None, description="Tags alone, or notes alone")
    tag: str = Field("", max_length=100, examples=["to check"])
    agent: str = Field("", max_length=100, examples=["A1"])
    words: str = Field("", max_length=1000, examples=["nickname"])
    limit: int = Field(50, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=2**53)


class NewSearch(Body):
    """A question and the name it is kept under."""

    name: str = Field(max_length=200, examples=["meetings"])
    query: str = Field(max_length=10_000, examples=["demain OR ce soir"])


@router.get("/cases/{name}/notes", responses=answers({"total": 1, "offset": 0, "notes": [NOTE]}))
def notes(desk: Desk, limit: Limit = 50, offset: Offset = 0) -> Response:
    """Notes and tags on what may be seen, the latest first."""
    return _listed(desk, EVERY, limit, offset)


@router.post(
    "/cases/{name}/notes/find", responses=answers({"total": 1, "offset": 0, "notes": [NOTE]})
)
def find(desk: Desk, wanted: Wanted) -> Response:
    """Notes and tags on one thing, of one agent, of a tag, that hold words."""
    asked = Asked(
        [wanted.on.on()] if wanted.on else (), wanted.tags, wanted.tag, wanted.agent, wanted.words
    )
    return _listed(desk, asked, wanted.limit, wanted.offset)


@router.get("/cases/{name}/notes/tags", responses=answers({"to check": 3}))
def tags(desk: Desk) -> Response:
    """How often each tag is used."""
    return json_response(desk.notes.tags())


@router.post("/cases/{name}/notes", responses=answers(NOTE))
def add(desk: Desk, new: NewNote) -> Response:
    """Put a note or a tag on something; it bears your name. It is in no report."""
    return json_response(desk.notes.add(new.on.on(), new.text, tag=new.tag).as_json())


@router.get("/cases/{name}/notes/{note}", responses=answers([NOTE]))
def versions(desk: Desk, note: NoteId) -> Response:
    """Every version of a note, the first one first."""
    return json_response([one.as_json() for one in desk.notes.versions(note)])


@router.put("/cases/{name}/notes/{note}", responses=answers({**NOTE, "version": 2}))
def edit(desk: Desk, note: NoteId, text: Text) -> Response:
    """Put a further version in the place of a note."""
    return json_response(desk.notes.edit(note, text.text).as_json())


@router.delete(
    "/cases/{name}/notes/{note}", responses=answers({**NOTE, "version": 2, "removed": True})
)
def remove(desk: Desk, note: NoteId) -> Response:
    """Mark a note as removed; its versions stay."""
    return json_response(desk.notes.remove(note).as_json())


@router.get("/cases/{name}/searches", responses=answers([SEARCH]))
def searches(desk: Desk) -> Response:
    """The saved searches, by name."""
    return json_response([one.as_json() for one in desk.saved_searches.listed()])


@router.post("/cases/{name}/searches", responses=answers(SEARCH))
def save_search(desk: Desk, new: NewSearch) -> Response:
    """Keep a question under a name; one of the same name is replaced."""
    return json_response(desk.saved_searches.save(new.name, new.query).as_json())


@router.delete("/cases/{name}/searches/{search}", responses=answers({"removed": "Q1"}))
def remove_search(desk: Desk, search: SearchId) -> Response:
    """Take a saved search away."""
    desk.saved_searches.remove(search)
    return json_response({"removed": search})


def _listed(desk: Workspace, asked: Asked, limit: int, offset: int) -> Response:
    total, found = desk.notes.listed(asked, offset=offset, limit=limit)
    return json_response(
        {"total": total, "offset": offset, "notes": [one.as_json() for one in found]}
    )

"""Exhibits sent in: announced, then streamed, then added by a job; and one withdrawn.

The name and the options of an exhibit go into the body that announces it, never into a URL.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import Field
from starlette.responses import Response

from faisceau.case.jobs import Job, new_id
from faisceau.case.long_work import Upload
from faisceau.errors import NotFound
from faisceau.web.api._shared import Body, CaseName, Desk, SignedIn, answers
from faisceau.web.api.jobs import JOB, job_json
from faisceau.web.problems import TooLarge, TooMany, json_response
from faisceau.web.session import Session, in_thread
from faisceau.web.session import desk as desk_of
from faisceau.words import N_

router = APIRouter()

ANNOUNCED = 100
"""Exhibits that a session may have announced and not sent."""
GATHERED = 4 * 2**20
"""Bytes written at once."""


class Exhibit(Body):
    """An exhibit to come: the options of ``faisceau add``."""

    name: str = Field(min_length=1, max_length=255, examples=["msgstore.db"])
    as_table: str | None = Field(None, examples=["message"])
    columns: dict[str, str] | None = Field(None, examples=[{"sent_at": "Date"}])
    label: str | None = Field(None, max_length=500, examples=["phone of X"])
    procedure: str | None = Field(None, max_length=200, examples=["PV-2026-00012"])
    timezone: str | None = Field(None, max_length=64, examples=["Europe/Paris"])
    reader: str | None = None
    layout: str | None = None
    profile: str | None = None
    again: bool | None = None
    first: bool | None = None
    clock_offset_s: int | None = Field(None, ge=-(10**9), le=10**9)

    def options(self) -> dict[str, Any]:
        """What was said, without the name."""
        return self.model_dump(exclude={"name"}, exclude_none=True)


class Annulment(Body):
    """The decision that annuls an exhibit."""

    decision: str = Field(min_length=1, max_length=500, examples=["CA Douai, 12 October 2026"])


@router.post(
    "/cases/{name}/exhibits",
    status_code=201,
    responses=answers({"upload": "/api/v1/cases/case/uploads/5f0c…"}, status=201),
)
def announce(session: SignedIn, desk: Desk, name: CaseName, exhibit: Exhibit) -> Response:
    """Announce an exhibit; its bytes are then sent with PUT to the address answered.

    What the mandate refuses is refused here, before anything is sent.
    """
    desk.long_work.check_add(exhibit.name, exhibit.options())
    if len(session.announced) >= ANNOUNCED:
        raise TooMany(N_("{n} exhibits are announced and not sent"), n=ANNOUNCED)
    upload = new_id()
    session.announced[upload] = (name, exhibit.name, exhibit.options())
    return json_response({"upload": f"/api/v1/cases/{name}/uploads/{upload}"}, 201)


@router.put(
    "/cases/{name}/uploads/{upload}",
    status_code=202,
    max_body_size=2**62,  # its limit is the server's setting
    responses=answers(JOB, status=202, why="All bytes are on the disk; a job adds them"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def send(
    request: Request,
    session: SignedIn,
    name: CaseName,
    upload: Annotated[str, Path(description="As announced", examples=["5f0c…"])],
) -> Response:
    """Send the bytes of an exhibit that was announced. Once this is answered, they are kept."""
    announced = session.announced.get(upload)
    if announced is None or announced[0] != name:
        raise NotFound(N_("No exhibit is announced as {upload}"), upload=upload)
    limit = session.house.settings.upload_limit
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > limit:
        raise TooLarge(N_("An exhibit sent in has {limit} bytes at most"), limit=limit)
    del session.announced[upload]
    job = await received(session, name, announced[1], announced[2], request.stream())
    return json_response(job_json(session, job), 202)


async def received(
    session: Session,
    case: str,
    name: str,
    options: dict[str, Any],
    pieces: AsyncIterator[bytes],
) -> Job:
    """Take an exhibit in, piece by piece, and have it added; pages call it too.

    Raises ``TooLarge``, ``Refused``, ``UsageError``; nothing stays then, nor when it is cut off.
    """
    desk = await in_thread(desk_of, session, case)
    receiving = desk.long_work.receiving(name, options)
    upload: Upload = await in_thread(receiving.__enter__)
    try:
        limit = session.house.settings.upload_limit
        size, waiting = 0, bytearray()
        with upload.path.open("wb") as file:
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise TooLarge(N_("An exhibit sent in has {limit} bytes at most"), limit=limit)
                waiting += piece
                if len(waiting) >= GATHERED:
                    await in_thread(file.write, bytes(waiting))
                    waiting.clear()
            await in_thread(file.write, bytes(waiting))
        job = await in_thread(upload.done)
    finally:
        await in_thread(receiving.__exit__, None, None, None)
    session.house.bench.wake(desk.case.folder, job)
    return job


@router.post(
    "/cases/{name}/exhibits/{exhibit}/withdraw",
    responses=answers({"exhibit_id": "E1", "findings": [], "reports": []}),
)
def withdraw(
    desk: Desk, exhibit: Annotated[str, Path(examples=["E1"])], annulment: Annulment
) -> Response:
    """Take an annulled exhibit, and all that rests on it, out of the case."""
    return json_response(desk.withdraw(exhibit, annulment.decision).as_json())

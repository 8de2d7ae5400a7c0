"""Errors as a browser and a program read them: RFC 9457, ``application/problem+json``."""

import json
from typing import Any

import orjson
from starlette.responses import Response

from faisceau import errors
from faisceau.case.jsonable import jsonable
from faisceau.errors import FaisceauError
from faisceau.mandate.act import Decision
from faisceau.words import N_, say

MEDIA_TYPE = "application/problem+json"


class NotSignedIn(FaisceauError):
    """Nobody is signed in: no session, an expired or a forged one."""


class NotOpened(FaisceauError):
    """The case is served, but the session has not opened it with a reason."""


class Forbidden(FaisceauError):
    """The request does not come from where it must: another site, another host."""


class TooMany(FaisceauError):
    """More requests than a session, or more attempts than an address, may make."""


class TooLarge(FaisceauError):
    """More bytes than one upload may have."""


STATUS: tuple[tuple[type[FaisceauError], int], ...] = (
    (NotSignedIn, 401),
    (errors.Refused, 403),
    (Forbidden, 403),
    (errors.NotFound, 404),
    (NotOpened, 409),
    (errors.CaseError, 409),
    (errors.Damaged, 409),
    (TooLarge, 413),
    (TooMany, 429),
)
"""The status of each kind of error; any other is the request's own fault."""


def status_of(error: FaisceauError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def problem(error: FaisceauError) -> dict[str, Any]:
    """An error as a problem; a refusal brings its rules, each with its legal source."""
    status = status_of(error)
    value: dict[str, Any] = {
        "type": f"urn:faisceau:{type(error).__name__}",
        "title": say(_TITLES.get(status, N_("The request cannot be answered"))),
        "status": status,
        "detail": str(error),
    }
    if error.hint:
        value["hint"] = error.hint
    decision = error.facts.get("decision")
    if isinstance(decision, Decision):
        rules = decision.rules or decision.permits
        value["rules"] = [{"id": r.id, "source": r.source, "text": r.text()} for r in rules]
        value["unlocked_by"] = [way.text() for way in decision.unlocked_by]
    return value


_TITLES = {
    401: N_("Nobody is signed in"),
    403: N_("Refused"),
    404: N_("There is no such thing"),
    409: N_("The case is not in a state for it"),
    413: N_("Too large"),
    429: N_("Too many requests"),
}


def problem_response(error: FaisceauError) -> Response:
    """The answer that tells an error."""
    return json_response(problem(error), status_of(error), MEDIA_TYPE)


def json_response(value: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """One JSON value, times and dates as ``--format json`` writes them."""
    try:
        content = orjson.dumps(
            value,
            default=jsonable,
            option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS,
        )
    except orjson.JSONEncodeError:  # half a character, as in some file names
        content = json.dumps(value, default=jsonable).encode()
    headers = {"Retry-After": "60"} if status == 429 else None
    return Response(content, status, headers, media_type)

"""The REST API under ``/api/v1``: one module per subject, each asking the workspace.

Being in the folder is the registration: each public module has ``router``.
"""

import importlib
import pkgutil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from faisceau.errors import NotFound
from faisceau.web.api._shared import PROBLEMS
from faisceau.web.guard import CSRF
from faisceau.web.problems import json_response
from faisceau.web.session import COOKIE
from faisceau.words import N_

PREFIX = "/api/v1"
BODY = 4 * 2**20
"""Bytes of a request's body, at most; an exhibit sent in has a limit of its own."""


def mount(app: FastAPI) -> None:
    """Add every route of the API, and its description."""
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{__name__}.{info.name}")
            app.include_router(
                module.router,
                prefix=PREFIX,
                responses=PROBLEMS,
                tags=[info.name],
                max_body_size=BODY,
            )
    described: dict[str, Any] = {}

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    def describe() -> Response:
        """The description of the API."""
        return json_response(described)

    @app.api_route(
        PREFIX + "/{rest:path}",
        methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"],
        include_in_schema=False,
    )
    def nothing(request: Request, rest: str) -> Response:
        """What there is not."""
        raise NotFound(N_("There is no {method} {path}"), method=request.method, path=rest)

    described.update(openapi(app))


def openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API (OpenAPI 3.1)."""
    described = get_openapi(
        title="Faisceau",
        version="1",
        description=(
            "What the command line does, over HTTP: the same objects as `--format json`. Every "
            "request passes the case's mandate and is in its ledger."
        ),
        routes=app.routes,
    )
    for operations in described["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)  # the framework's; here it is a 400
    described.setdefault("components", {})["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "csrf": {"type": "apiKey", "in": "header", "name": CSRF},
    }
    described["security"] = [{"session": [], "csrf": []}]
    return described

"""The REST API under ``/api/v1``: one module per subject, each asking the workspace."""

from fastapi import FastAPI

from faisceau.web.session import House

PREFIX = "/api/v1"


def mount(app: FastAPI, house: House) -> None:
    """Add every route of the API."""
    from faisceau.web.api import cases

    app.include_router(cases.router, prefix=PREFIX)

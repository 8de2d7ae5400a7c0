"""The server: the guard at the door, signing in, the REST API, and the pages behind them."""

import importlib
import logging
import pkgutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Thread

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from faisceau.case.plugins import plugins
from faisceau.errors import FaisceauError, UsageError
from faisceau.web import api, signin
from faisceau.web.guard import Guard
from faisceau.web.problems import MEDIA_TYPE, json_response, problem_response
from faisceau.web.session import House, in_thread
from faisceau.web.settings import Settings
from faisceau.words import N_, say


def application(settings: Settings, *, pages: bool = True) -> FastAPI:
    """The application to serve: the API, and NiceGUI's pages unless ``pages`` is false.

    NiceGUI is one per process: so is an application with pages. Its ``state.house`` holds the
    sessions, and invites who may sign in.
    """
    house = House(settings)

    @asynccontextmanager
    async def working(_: FastAPI) -> AsyncIterator[None]:
        house.bench.start()
        yield
        await in_thread(house.bench.stop)

    app = FastAPI(
        title="Faisceau", docs_url=None, redoc_url=None, openapi_url=None, lifespan=working
    )
    app.state.house = house
    app.add_exception_handler(FaisceauError, _told)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _as_problem)
    app.add_exception_handler(Exception, _failed)
    app.include_router(signin.routes(house), max_body_size=2**16)
    api.mount(app)
    if pages:
        _mount_pages(app)
    app.add_middleware(Guard, house=house)
    return app


def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, FaisceauError)
    return problem_response(error)


def _misread(_: Request, error: Exception) -> Response:
    """What does not fit the description of the API."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    what = UsageError(N_("{name} cannot be read: {why}"), name=where, why=first["msg"])
    return problem_response(what)


def _as_problem(_: Request, error: Exception) -> Response:
    """What the framework refuses by itself: a method, an address."""
    assert isinstance(error, HTTPException)
    value = {"type": "about:blank", "title": error.detail, "status": error.status_code}
    return json_response({**value, "detail": error.detail}, error.status_code, MEDIA_TYPE)


def _failed(_: Request, error: Exception) -> Response:
    """A mistake of ours: told without what it was about; the log has the rest."""
    del error
    title = say(N_("The server failed"))
    value = {"type": "about:blank", "title": title, "status": 500, "detail": title}
    return json_response(value, 500, MEDIA_TYPE)


def _mount_pages(app: FastAPI) -> None:
    """Every page there is, and NiceGUI to show them."""
    from nicegui import ui

    Thread(target=plugins, daemon=True).start()  # imported while nobody waits for a page yet
    for register in page_modules().values():
        register()
    # No storage of NiceGUI's: what a session holds stays on the server, in the house.
    ui.run_with(
        app,
        title="Faisceau",
        dark=None,
        gzip_middleware_factory=None,  # the guard reads pages, to give their scripts a nonce
        show_welcome_message=False,
        reconnect_timeout=10.0,
    )
    logging.getLogger("nicegui").setLevel(logging.WARNING)


def page_modules() -> dict[str, Callable[[], None]]:
    """The pages found: being in the folder is the registration."""
    from faisceau.web import pages

    found = {}
    for info in pkgutil.iter_modules(pages.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{pages.__name__}.{info.name}")
            found[info.name] = module.register
    return found

"""The server: the guard at the door, signing in, the REST API, and the pages behind them."""

import importlib
import logging
import pkgutil
from collections.abc import Callable
from threading import Thread

from fastapi import FastAPI, Request
from starlette.responses import Response

from faisceau.case.plugins import plugins
from faisceau.errors import FaisceauError
from faisceau.web import api, signin
from faisceau.web.guard import Guard
from faisceau.web.problems import problem_response
from faisceau.web.session import House
from faisceau.web.settings import Settings


def application(settings: Settings, *, pages: bool = True) -> FastAPI:
    """The application to serve: the API, and NiceGUI's pages unless ``pages`` is false.

    NiceGUI is one per process: so is an application with pages. Its ``state.house`` holds the
    sessions, and invites who may sign in.
    """
    house = House(settings)
    app = FastAPI(title="Faisceau", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = house
    app.add_exception_handler(FaisceauError, _told)
    app.include_router(signin.routes(house))
    api.mount(app, house)
    if pages:
        _mount_pages(app)
    app.add_middleware(Guard, house=house)
    return app


def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, FaisceauError)
    return problem_response(error)


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

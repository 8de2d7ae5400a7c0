"""What a person does on a page: said in their language, told when it fails, never after the end."""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from nicegui import ui

from faisceau.errors import FaisceauError
from faisceau.web.pages._elements import notice
from faisceau.web.problems import NotSignedIn
from faisceau.web.session import Session
from faisceau.words import speaking

Handler = Callable[..., Any]


def acting(session: Session, handler: Handler) -> Callable[..., Awaitable[None]]:
    """``handler`` of an event: what it raises is told, in the language of the session.

    It runs in the page's own context, so that it may rebuild the part it stands in.
    """
    client = ui.context.client

    @wraps(handler)
    async def handled(*args: Any) -> None:
        with speaking(session.lang), client:
            try:
                if not session.alive:
                    ui.navigate.to("/")  # the guard says there how to sign in
                    return
                done = handler(*args)
                if inspect.isawaitable(done):
                    await done
            except NotSignedIn:
                ui.navigate.to("/")
            except FaisceauError as error:
                notice(f"{error} {error.hint}".strip(), good=False)

    return handled

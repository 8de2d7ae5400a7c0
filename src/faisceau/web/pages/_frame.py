"""What stands around every page: header, navigation, footer."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from nicegui import ui

from faisceau.web.session import Session, session_of
from faisceau.words import N_, say, speaking


def session() -> Session:
    """The session of the page that is being built, or whose event is handled."""
    found = session_of(ui.context.client.request)
    if found is None:
        ui.navigate.to("/")  # the guard says there how to sign in
        raise RuntimeError("the session has ended")
    return found


def navigation() -> list[tuple[str, str, str]]:
    """Entries of the menu of a case, from the modules of pages."""
    from faisceau.web import pages

    entries: list[tuple[str, str, str]] = []
    for info in pkgutil.iter_modules(pages.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{pages.__name__}.{info.name}")
            entries += getattr(module, "NAVIGATION", [])
    return entries


@contextmanager
def frame(title: str, case: str | None = None) -> Iterator[Session]:
    """Header and navigation around a page's content, in the language of the session.

    ``title`` is a template; ``case`` the name of the case shown. Yields the session.
    """
    found = session()
    with speaking(found.lang):
        ui.page_title(f"{say(title)} · Faisceau")
        with ui.header().classes("items-center"):
            ui.link("Faisceau", "/").classes("text-white text-lg no-underline")
            if case is not None:
                reason = found.opened.get(case, "")
                ui.label(case)
                ui.label(say(N_("Reason: {reason}"), reason=reason))
                for label, path, _ in navigation():
                    ui.link(say(label), path.format(name=quote(case))).classes("text-white")
            ui.space()
            ui.label(found.agent)
        with ui.column().classes("w-full"):
            ui.label(say(title)).classes("text-2xl").props("role=heading aria-level=1")
            yield found

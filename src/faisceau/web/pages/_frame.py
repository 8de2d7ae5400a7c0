"""What stands around every page: header, navigation by what the mandate allows, errors told."""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from nicegui import ui

from faisceau.errors import FaisceauError
from faisceau.mandate.act import Act
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import card, labelled, part, tell, text
from faisceau.web.problems import NotOpened, NotSignedIn
from faisceau.web.session import Session, desk, in_thread, session_of
from faisceau.words import LANGUAGES, N_, say, speaking

STYLE = (Path(__file__).parent / "_style.css").read_text("utf-8")
Entry = Sequence[str]
"""``(label, path, icon)`` of the menu of a case, ``{name}`` in the path for the case's name; a
fourth, the operation that the page asks for: where the mandate refuses it, the entry is not
shown."""

_allowed: WeakKeyDictionary[Session, dict[tuple[object, ...], bool]] = WeakKeyDictionary()


def session() -> Session:
    """The session of the page that is being built, or whose event is handled."""
    found = session_of(ui.context.client.request)
    if found is None:
        ui.navigate.to("/")  # the guard says there how to sign in
        raise NotSignedIn(N_("The session has ended"), hint=N_("Sign in again"))
    return found


def navigation() -> list[Entry]:
    """Entries of the menu of a case, from the modules of pages, by their ``ORDER``."""
    from faisceau.web import pages

    entries: list[tuple[int, Entry]] = []
    for info in pkgutil.iter_modules(pages.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{pages.__name__}.{info.name}")
            order = getattr(module, "ORDER", 50)
            entries += [(order, entry) for entry in getattr(module, "NAVIGATION", [])]
    return [entry for _, entry in sorted(entries, key=lambda one: one[0])]


def allowed(found: Session, case: str, operation: str) -> bool:
    """Whether the mandate lets the session's agent do that today; asked once a day."""
    workspace = desk(found, case)
    tables = {"add", "rows", "search", "run"}
    known = _allowed.setdefault(found, {})
    key = (case, workspace.mandate_version, workspace.today, operation)
    if key not in known:
        data = sorted(workspace.mandate.data) if operation in tables else [""]
        own = frozenset({""})
        acts = [
            Act(operation, tables=frozenset({name} if name else ()), procedures=own)
            for name in data
        ]
        known[key] = any(workspace.may(act).allowed for act in acts)
    return known[key]


@contextmanager
def frame(title: str, case: str | None = None, **facts: Any) -> Iterator[Session]:
    """Header and navigation around a page's content, in the language of the session.

    ``title`` is a template; ``case`` the name of the case shown. What the page raises is told in
    its place. Yields the session.
    """
    found = session()
    with speaking(found.lang):
        _look(found)
        ui.page_title(f"{say(title, **facts)} · Faisceau")
        opened = case is not None and case in found.opened
        drawer = _drawer(found, case) if case is not None and opened else None
        _header(found, case, drawer)
        with part("div", "fx-page") as main:
            ui.skip_link(say(N_("Skip to the content")), target=main)
            try:
                if case is not None and not opened:
                    found.house.folder(case)
                    ask_reason(found, case)
                    with part("div") as unseen, suppress(NotOpened):  # a desk is given to nobody
                        yield found
                    unseen.delete()
                else:
                    text("h1", say(title, **facts))
                    if case is not None:
                        _sealed(found, case)
                    yield found
            except FaisceauError as error:
                tell(error)


def ask_reason(found: Session, case: str, reference: str = "", to: str = "") -> None:
    """The case opens once it is said why; the page then shows again."""
    with card(N_("Open the case {case}"), case=case).style("width: 100%; max-width: 560px"):
        if reference:
            text("p", reference, "soft")
        text("p", say(N_("Say why: it is recorded with all you do in the case.")))
        given = ui.input(say(N_("Reason")), value=found.house.settings.reason or reference)
        given.props("outlined dense autofocus").classes("w-full")

        async def enter() -> None:
            await in_thread(found.house.open, found, case, given.value or "")
            ui.navigate.to(to) if to else ui.navigate.reload()

        act = acting(found, enter)
        given.on("keydown.enter", act)
        with part("div", "fx-row"):
            ui.button(say(N_("Open")), icon="lock_open", on_click=act).props("unelevated")


def _sealed(found: Session, case: str) -> None:
    """On every page of a case, what is sealed and so left out of it."""
    sealed = desk(found, case).sealed
    if not sealed or not allowed(found, case, "status"):
        return
    with part("div", "fx-row soft small fx-sealed"):
        ui.icon("lock").props("aria-hidden=true")
        for line, facts in sealed.lines():
            text("span", say(line, **facts))
        if allowed(found, case, "seal_list"):
            text("a", say(N_("Seals")))._props["href"] = f"/case/{quote(case)}/seals"


def _look(found: Session) -> None:
    ui.add_head_html(f"<style>{STYLE}</style>")
    ui.colors(primary="#275d92", positive="#1d6b3c", negative="#a3231f", dark="#1c232d")
    ui.run_javascript(f"document.documentElement.lang = '{found.lang}'")
    ui.dark_mode(found.preferences.get("dark"))


def _header(found: Session, case: str | None, drawer: ui.left_drawer | None) -> None:
    with ui.header().classes("fx-header row items-center"):
        if drawer is not None:
            menu = ui.button(icon="menu", on_click=drawer.toggle)
            menu.props("flat dense round")
            labelled(menu, say(N_("Menu")))
        text("a", "Faisceau", "fx-word").props("href=/")
        if case is not None:
            text("span", case, "fx-case")
            reason = say(N_("Reason: {reason}"), reason=found.opened.get(case, ""))
            shown = text("span", reason if case in found.opened else "", "fx-reason")
            shown._props["title"] = reason
        else:
            part("span", "fx-reason")
        text("span", say(N_("Agent {agent}"), agent=found.agent), "soft")
        _language(found)
        _darkness(found)
        with part("form").props("method=post action=/sign-out"):
            leave = text("button", say(N_("Sign out")), "fx-facet")
            leave.props("type=submit")


def _language(found: Session) -> None:
    other = next(lang for lang in LANGUAGES if lang != found.lang)

    def change() -> None:
        found.speak(other)
        ui.navigate.reload()

    names = {"fr": "Français", "en": "English"}
    button = text("button", names[other], "fx-facet").props(f"type=button lang={other}")
    button.on("click", acting(found, change))


def _darkness(found: Session) -> None:
    dark = found.preferences.get("dark")

    def change() -> None:
        found.preferences["dark"] = not found.preferences.get("dark")
        ui.navigate.reload()

    button = ui.button(icon="light_mode" if dark else "dark_mode", on_click=acting(found, change))
    button.props("flat dense round")
    labelled(button, say(N_("Light") if dark else N_("Dark")))


def _drawer(found: Session, case: str) -> ui.left_drawer:
    here = ui.context.client.request.url.path
    drawer = ui.left_drawer(value=True, fixed=True, bordered=False, elevated=False)
    drawer.classes("fx-drawer").props("width=208 breakpoint=900")
    with drawer, part("nav") as menu, part("ul"):
        labelled(menu, say(N_("Pages of the case")))
        for label, path, icon, *operation in navigation():
            if operation and not allowed(found, case, operation[0]):
                continue
            target = path.format(name=quote(case))
            with part("li"), part("a") as link:
                link._props["href"] = target
                if here == path.format(name=case):
                    link._props["aria-current"] = "page"
                ui.icon(icon).props("aria-hidden=true")
                text("span", say(label))
    return drawer

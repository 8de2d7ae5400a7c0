"""A conversation on a page of its own, around one message."""

from urllib.parse import quote

from nicegui import ui

from faisceau.errors import UsageError
from faisceau.tables.search_query import parse
from faisceau.web.pages._acting import acting
from faisceau.web.pages._asked import asked
from faisceau.web.pages._elements import PATIENCE, card, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._stretches import Reader
from faisceau.web.session import Session
from faisceau.words import N_, say


def register() -> None:
    """Declare the page ``/case/{name}/conversation/{row_id}``."""

    @ui.page("/case/{name}/conversation/{row_id}", response_timeout=PATIENCE)
    async def conversation(name: str, row_id: int) -> None:
        with frame(N_("Conversation"), case=name) as session:
            back = text("a", say(N_("Back to the search")))
            back._props["href"] = f"/case/{quote(name)}/search"
            with card():
                reader = Reader(session, name, alone=True)
            words = _words(session, name)
            shown = acting(session, lambda: reader.open(row_id, words))
            ui.timer(0.01, shown, once=True)


def _words(session: Session, case: str) -> list[str]:
    """The words of the session's last question, to mark them."""
    try:
        terms = list(parse(asked(session, case)).terms())
    except UsageError:
        return []
    return [" ".join(term.words) for term in terms if not term.fuzzy]

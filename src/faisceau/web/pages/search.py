"""Search as one types: answers with their words marked, counts to narrow by, the conversation
beside them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nicegui import ui

from faisceau.case.searching import Answer, Hit
from faisceau.errors import UsageError
from faisceau.tables.search_query import EXAMPLE
from faisceau.web.pages._acting import acting
from faisceau.web.pages._asked import asked, keep
from faisceau.web.pages._bubbles import around, marked
from faisceau.web.pages._elements import PATIENCE, labelled, local, number, part, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._saved import SavedSearches
from faisceau.web.pages._stretches import Reader
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 20
NAVIGATION = [(N_("Search"), "/case/{name}/search", "search", "search")]
PAGE = 25
FACETS = {
    "exhibit": N_("Exhibit"),
    "app": N_("Application"),
    "kind": N_("Kind"),
    "has": N_("Holds"),
}


def register() -> None:
    """Declare the page ``/case/{name}/search``."""

    @ui.page("/case/{name}/search", response_timeout=PATIENCE)
    async def search(name: str) -> None:
        with frame(N_("Search"), case=name) as session:
            Search(session, name).build()


@dataclass
class Search:
    """The page of one person: the question, how it is narrowed, the answers."""

    session: Session
    case: str
    question: str = ""
    narrowed: dict[str, str] = field(default_factory=dict)
    newest: bool = False
    offset: int = 0
    asking: int = 0
    hits: list[Hit] = field(default_factory=list)

    def build(self) -> None:
        """Lay the page out; the last question of the session is there again."""
        self.question = asked(self.session, self.case)
        with part("div", "fx-row"):
            self.box = box = ui.input(say(N_("Words of the messages")), value=self.question)
            box.props("outlined clearable autofocus debounce=350 type=search").classes("grow")
            box.style("min-width: 260px")
            box.on_value_change(acting(self.session, lambda e: self._ask(e.value or "")))
            order = ui.select(
                {False: say(N_("Best first")), True: say(N_("Newest first"))},
                value=False,
                label=say(N_("Order")),
            )
            order.props("outlined options-dense").style("min-width: 150px")
            order.on_value_change(acting(self.session, lambda e: self._sort(bool(e.value))))
        text("p", say(EXAMPLE), "soft small")
        SavedSearches(self.session, self.case, self._whole, self._choose)
        self.facets = part("div", "fx-stack")
        with part("div", "fx-two fx-search"):
            with part("section", "fx-card fx-list-pane").props("tabindex=0") as left:
                labelled(left, say(N_("Messages found")))
                self.told = text("p", "", "soft small").props("role=status")
                self.list = part("ul", "fx-list")
                self.pager = part("div", "fx-row")
            with part("section", "fx-card fx-pane").props("tabindex=0") as right:
                labelled(right, say(N_("Conversation")))
                self.reader = Reader(self.session, self.case)
        if self.question:
            ui.timer(0.01, acting(self.session, self._search), once=True)

    def _choose(self, question: str) -> None:
        """Ask a saved question; the box asks it."""
        self.narrowed.clear()
        self.box.set_value(question)

    async def _ask(self, question: str) -> None:
        self.question, self.offset = question.strip(), 0
        await self._search()

    async def _sort(self, newest: bool) -> None:
        self.newest, self.offset = newest, 0
        await self._search()

    async def _search(self) -> None:
        """Ask the workspace; an answer that comes after a newer question is dropped."""
        self.asking += 1
        mine, whole = self.asking, self._whole()
        keep(self.session, self.case, self.question)
        if not whole:
            self._show(None, "")
            return
        try:
            answer = await in_thread(
                lambda: desk(self.session, self.case).search(
                    whole, limit=PAGE, offset=self.offset, newest_first=self.newest, facets=True
                )
            )
        except UsageError as error:  # half a question, while it is being typed
            if mine == self.asking:
                self._show(None, f"{error} {error.hint}")
            return
        if mine == self.asking:
            self._show(answer, "")

    def _whole(self) -> str:
        """The question with what narrows it."""
        if not self.question and not self.narrowed:
            return ""
        clauses = " ".join(f'{name}:"{value}"' for name, value in self.narrowed.items())
        asked_ = f"({self.question})" if re.search(r"\b(OR|OU)\b", self.question) else self.question
        return f"{asked_} {clauses}".strip()

    # ---- what is shown ----

    def _show(self, answer: Answer | None, why: str) -> None:
        self.list.clear()
        self.pager.clear()
        self._facets(answer.facets if answer else {})
        self.hits = list(answer.hits) if answer else []
        if answer is None:
            self.told.set_text(why or say(N_("Type a word, a name, a number …")))
            return
        if not answer.total:
            self.told.set_text(say(N_("No message answers")))
            return
        n = number(answer.total)
        last = answer.offset + len(self.hits)
        told = N_("{n} messages answer; {first} to {last} shown")
        self.told.set_text(say(told, n=n, first=answer.offset + 1, last=last))
        self.rows: list[ui.element] = []
        with self.list:
            for place, hit in enumerate(self.hits):
                self._hit(place, hit)
        if answer.total > PAGE:
            with self.pager:
                self._turn(N_("Previous"), -PAGE, self.offset > 0)
                self._turn(N_("Next"), PAGE, last < answer.total)

    def _facets(self, facets: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        self.facets.clear()
        with self.facets:
            for name, label in FACETS.items():
                values = list(facets.get(name, ()))[:8]
                chosen = self.narrowed.get(name)
                if chosen and chosen not in dict(values):
                    values.insert(0, (chosen, 0))
                if len(values) < 2 and not chosen:
                    continue
                with part("div", "fx-row").props("role=group") as group:
                    labelled(group, say(label))
                    text("span", say(label), "soft small").style("min-width: 86px")
                    for value, n in values:
                        self._facet(name, value, n, pressed=value == chosen)

    def _facet(self, name: str, value: str, n: int, *, pressed: bool) -> None:
        async def narrow() -> None:
            if pressed:
                self.narrowed.pop(name, None)
            else:
                self.narrowed[name] = value
            self.offset = 0
            await self._search()

        button = part("button", "fx-facet").props("type=button")
        button._props["aria-pressed"] = "true" if pressed else "false"
        button.on("click", acting(self.session, narrow))
        with button:
            text("span", value)
            text("span", number(n), "soft")

    def _hit(self, place: int, hit: Hit) -> None:
        values = hit.values
        with part("li"), part("button", "fx-hit").props("type=button") as row:
            self.rows.append(row)
            row.on("click", acting(self.session, lambda: self._open(place)))
            who = str(values.get("sender_name") or values.get("sender_id") or "")
            where = str(values.get("thread_name") or values.get("thread_id") or "")
            with part("span", "fx-row small").style("gap: 8px"):
                text("span", who, "fx-who")
                text("span", local(values.get("sent_at")), "soft")
            shown, spans = around(str(values.get("text") or ""), hit.spans)
            marked(shown, spans, "span", "wrap fx-clip")
            text("span", f"{values['exhibit_id']} · {where}", "soft small fx-clip")

    async def _open(self, place: int) -> None:
        for at, row in enumerate(self.rows):
            row.classes(add="at" if at == place else None, remove=None if at == place else "at")
        await self.reader.open(self.hits[place].row_id)

    def _turn(self, label: str, by: int, there: bool) -> None:
        async def turned() -> None:
            self.offset = max(0, self.offset + by)
            await self._search()

        button = ui.button(say(label), on_click=acting(self.session, turned)).props("outline dense")
        button.set_enabled(there)

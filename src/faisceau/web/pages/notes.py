"""Every note and tag on what may be seen: filtered, each leading to what it is on."""

from nicegui import ui

from faisceau.case.notes import Asked, Note
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import PATIENCE, Cell, local, part, table, text
from faisceau.web.pages._frame import frame
from faisceau.web.pages._notes import address, chip
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 25
NAVIGATION = [(N_("Notes"), "/case/{name}/notes", "sticky_note_2", "findings")]
PAGE = 50
SUBJECTS = {
    "row": N_("row"),
    "finding": N_("finding"),
    "exhibit": N_("exhibit"),
    "conversation": N_("conversation"),
}


def register() -> None:
    """Declare the page ``/case/{name}/notes``."""

    @ui.page("/case/{name}/notes", response_timeout=PATIENCE)
    async def notes(name: str) -> None:
        with frame(N_("Notes and tags"), case=name) as session:
            tags = await in_thread(_tags, session, name)
            _build(session, name, tags)


def _tags(session: Session, case: str) -> dict[str, int]:
    return desk(session, case).notes.tags()


def _build(session: Session, case: str, used: dict[str, int]) -> None:
    agents = [agent.id for agent in desk(session, case).mandate.agents]
    with part("div", "fx-row"):
        words = ui.input(say(N_("Holds the words"))).props("outlined dense clearable debounce=300")
        words.classes("grow").style("min-width: 200px")
        kinds = {None: say(N_("Notes and tags")), False: say(N_("Notes")), True: say(N_("Tags"))}
        kind = ui.select(kinds, value=None, label=say(N_("Kind")))
        tag = ui.select(
            {"": say(N_("Any")), **{one: f"{one} ({n})" for one, n in used.items()}},
            value="",
            label=say(N_("Tag")),
        )
        agent = ui.select(
            {"": say(N_("Any")), **{one: one for one in agents}}, value="", label=say(N_("Agent"))
        )
        for field in (kind, tag, agent):
            field.props("outlined dense options-dense").style("min-width: 150px")
    told = text("p", "", "soft small").props("role=status")
    place = part("div", "fx-stack")
    state = {"offset": 0}

    async def load() -> None:
        asked = Asked(
            tags=kind.value, tag=tag.value, agent=agent.value, words=(words.value or "").strip()
        )
        total, found = await in_thread(
            lambda: desk(session, case).notes.listed(asked, offset=state["offset"], limit=PAGE)
        )
        first, last = state["offset"] + bool(found), state["offset"] + len(found)
        shown = N_("{n} notes and tags; {first} to {last} shown")
        told.set_text(say(shown, n=total, first=first, last=last))
        place.clear()
        with place:
            if found:
                _listed(session, case, found)
            with part("div", "fx-row"):
                turn(N_("Previous"), -PAGE, state["offset"] > 0)
                turn(N_("Next"), PAGE, last < total)

    def turn(label: str, by: int, there: bool) -> None:
        async def turned() -> None:
            state["offset"] = max(0, state["offset"] + by)
            await load()

        button = ui.button(say(label), on_click=acting(session, turned)).props("outline dense")
        button.set_enabled(there)

    async def anew() -> None:
        state["offset"] = 0
        await load()

    words.on_value_change(acting(session, anew))
    for field in (kind, tag, agent):
        field.on_value_change(acting(session, anew))
    ui.timer(0.01, acting(session, load), once=True)


def _listed(session: Session, case: str, found: list[Note]) -> None:
    headers = [say(h) for h in (N_("Note"), N_("On"), N_("Agent"), N_("When"))]
    rows: list[tuple[Cell, ...]] = [
        (_said(session, one), _on(case, one), one.agent, local(one.at)) for one in found
    ]
    with part("section", "fx-card"):
        table(headers, rows, caption=say(N_("Notes and tags")))


def _said(session: Session, one: Note) -> Cell:
    if one.tag:
        return lambda: chip(session, one.text)
    return lambda: text("div", one.text, "wrap")


def _on(case: str, one: Note) -> Cell:
    def build() -> None:
        what = say(SUBJECTS[one.on.subject])
        of = f"{what} · {one.exhibit_id}" if one.exhibit_id else what
        text("div", of, "soft small")
        about = one.about or of
        if to := address(case, one.on):
            text("a", about, "wrap fx-clip")._props["href"] = to
        else:
            text("div", about, "wrap fx-clip")

    return build

"""Notes and tags beside what they are on: shown, added, edited, removed where they stand."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from nicegui import ui

from faisceau.case.notes import LONGEST, LONGEST_TAG, Asked, Note, On
from faisceau.tables.schemas import MESSAGE
from faisceau.web.pages._acting import acting
from faisceau.web.pages._elements import labelled, local, notice, part, text
from faisceau.web.pages._frame import allowed
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

Changed = Callable[[], Awaitable[None]]


class Notebook:
    """The notes and tags on one thing, and where to write more of them.

    ``changed`` is called after each change.
    """

    def __init__(
        self, session: Session, case: str, on: On, *, changed: Changed | None = None
    ) -> None:
        self.session = session
        self.case = case
        self.on = on
        self.changed = changed
        self.may = allowed(session, case, "note")
        with part("div", "fx-stack"):
            self.tags = part("div", "fx-row")
            self.notes = part("ul", "fx-list")
            if self.may:
                self._fields()
        ui.timer(0.01, acting(session, self.load), once=True)

    async def load(self) -> None:
        """Show what there is now."""
        _, found = await in_thread(
            lambda: desk(self.session, self.case).notes.listed(Asked(on=[self.on]))
        )
        self.tags.clear()
        with self.tags:
            for one in reversed(found):
                if one.tag:
                    chip(self.session, one.text, self._removal(one) if self.may else None)
        self.notes.clear()
        with self.notes:
            for one in reversed(found):
                if not one.tag:
                    with part("li").style("padding: 6px 0"):
                        self._note(one)

    def _fields(self) -> None:
        tag = ui.input(say(N_("A tag")))
        tag.props(f"outlined dense maxlength={LONGEST_TAG}").classes("w-full")
        note = ui.textarea(say(N_("A note of work, in no report")))
        note.props(f"outlined dense autogrow maxlength={LONGEST}").classes("w-full")

        async def put() -> None:
            for field, of_tag in ((tag, True), (note, False)):
                if words := (field.value or "").strip():
                    await in_thread(
                        lambda words=words, of_tag=of_tag: desk(  # type: ignore[misc]
                            self.session, self.case
                        ).notes.add(self.on, words, tag=of_tag)
                    )
                    field.set_value("")
            await self._again()

        tag.on("keydown.enter", acting(self.session, put))
        button = ui.button(say(N_("Keep the note")), icon="edit_note")
        button.props("outline dense").style("align-self: flex-start; padding: 2px 10px")
        button.on("click", acting(self.session, put))

    def _note(self, one: Note) -> None:
        place = part("div", "fx-stack").style("gap: 4px")
        with place:
            text("div", one.text, "wrap")
            with part("div", "fx-row small"):
                told = f"{one.agent}, {local(one.at)}"
                if one.version > 1:
                    told += ", " + say(N_("version {n}"), n=one.version)
                text("span", told, "soft")
                if self.may:
                    small(self.session, N_("Edit"), lambda: self._edit(place, one))
                    small(self.session, N_("Remove"), self._removal(one))

    def _edit(self, place: ui.element, one: Note) -> None:
        place.clear()
        with place:
            box = ui.textarea(say(N_("The note")), value=one.text)
            box.props(f"outlined dense autogrow maxlength={LONGEST}").classes("w-full")

            async def keep() -> None:
                words = box.value or ""
                await in_thread(
                    lambda: desk(self.session, self.case).notes.edit(one.note_id, words)
                )
                await self._again()

            small(self.session, N_("Keep this version"), keep)

    def _removal(self, one: Note) -> Callable[[], Awaitable[None]]:
        async def remove() -> None:
            await in_thread(lambda: desk(self.session, self.case).notes.remove(one.note_id))
            notice(say(N_("Removed; its versions stay")))
            await self._again()

        return remove

    async def _again(self) -> None:
        await self.load()
        if self.changed is not None:
            await self.changed()


def in_dialog(
    session: Session, case: str, on: On, about: str, changed: Changed | None = None
) -> None:
    """A notebook over the page; ``changed`` is called once it closes, when it was written in."""
    wrote = []

    async def note() -> None:
        wrote.append(1)

    async def close() -> None:
        dialog.delete()
        if wrote and changed is not None:
            await changed()

    with ui.dialog() as dialog, ui.card().classes("fx-card").style("min-width: min(520px, 90vw)"):
        labelled(dialog, say(N_("Notes and tags")))
        text("h2", say(N_("Notes and tags")))
        if about:
            text("p", about, "soft wrap fx-clip")
        Notebook(session, case, on, changed=note)
        ui.button(say(N_("Close")), on_click=dialog.close).props("flat dense")
    dialog.on("hide", acting(session, close))
    dialog.open()


def chip(session: Session, words: str, remove: Callable[[], Any] | None = None) -> None:
    """A tag; with a button that takes it away."""
    with part("span", "fx-tag"):
        text("span", words)
        if remove is not None:
            button = text("button", "×").props("type=button")
            labelled(button, say(N_("Take {tag} away"), tag=words))
            button.on("click", acting(session, remove))


def small(session: Session, label: str, act: Callable[[], Any]) -> ui.element:
    """A small button (a template)."""
    button = text("button", say(label), "fx-facet").props("type=button")
    button.on("click", acting(session, act))
    return button


def address(case: str, on: On) -> str:
    """The page on which what a note is on can be read; empty when it has none."""
    base = f"/case/{quote(case)}"
    if on.subject == "conversation" or on[:2] == ("row", MESSAGE.name):
        return f"{base}/conversation/{on.row_id}"
    if on.subject == "finding":
        return f"{base}/finding/{on.name}"
    return f"{base}#exhibits" if on.subject == "exhibit" else ""

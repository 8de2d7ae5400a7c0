"""The few elements that every page is made of. Data become text here, never markup."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from faisceau.errors import FaisceauError
from faisceau.findings.model import Status
from faisceau.mandate.act import Decision
from faisceau.report.shown import TABLES
from faisceau.words import N_, say

PARIS = ZoneInfo("Europe/Paris")
LOOKS = {
    Status.NEW: "fiber_new",
    Status.CONFIRMED: "check_circle",
    Status.DISMISSED: "cancel",
    Status.UNSURE: "help",
    Status.EXCULPATORY: "shield",
    Status.SUPERSEDED: "history",
    Status.WITHDRAWN: "block",
}
"""The icon of each status; its word always stands beside it."""

ROWS_OF = {**TABLES, "reject": N_("records rejected")}
"""What the rows of a table are called, several at once."""

PATIENCE = 30.0
"""Seconds that a page may take to be built, on a machine at its limit."""

Cell = str | int | float | Callable[[], object] | None


def text(tag: str, content: object, classes: str = "") -> TextElement:
    """An element that holds a text: whatever it says, it is shown, not obeyed."""
    made = TextElement(tag=tag, text=str(content))
    if classes:
        made.classes(classes)
    return made


def part(tag: str = "div", classes: str = "") -> ui.element:
    """An element that holds others."""
    return ui.element(tag).classes(classes)


def card(title: str = "", *, level: int = 2, classes: str = "", **facts: Any) -> ui.element:
    """A section with its heading (a template)."""
    made = part("section", f"fx-card {classes}".strip())
    if title:
        with made:
            text(f"h{level}", say(title, **facts))
    return made


def local(at: datetime | None, *, seconds: bool = False) -> str:
    """A moment in France, with the name of its zone: 01/07/2026 14:00 CEST."""
    if at is None:
        return ""
    form = "%d/%m/%Y %H:%M:%S %Z" if seconds else "%d/%m/%Y %H:%M %Z"
    return format(at.astimezone(PARIS), form)


def number(n: int) -> str:
    """A number as it is read: 1 234 567, its spaces unbreakable."""
    return f"{n:,}".replace(",", "\u00a0")


def size(n: int) -> str:
    """Bytes as a person says them."""
    value, units = float(n), [say(N_("bytes")), "kB", "MB", "GB", "TB"]
    at = 0
    while value >= 1000 and at < len(units) - 1:
        value, at = value / 1000, at + 1
    shown = f"{value:.0f}" if at == 0 or value >= 100 else f"{value:.1f}"
    return f"{shown}\u00a0{units[at]}"


def status(of: str) -> ui.element:
    """Where a finding stands: icon and word."""
    known = Status(of)
    with part("span", f"st st-{known}") as made:
        ui.icon(LOOKS[known]).props("aria-hidden=true")
        text("span", say(str(known)))
    return made


def facts(pairs: Iterable[tuple[str, Cell]]) -> None:
    """Names (templates) and what they are, empty ones left out."""
    with part("dl", "fx"):
        for name, value in pairs:
            if value in (None, ""):
                continue
            text("dt", say(name))
            _cell("dd", value)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, caption: str = "", right: int = 99
) -> ui.element:
    """A table; ``headers`` are words already said, columns from ``right`` on hold numbers."""
    with part("div", "fx-scroll").props("tabindex=0 role=group") as made:
        if caption:
            made.props(f'aria-label="{_attribute(caption)}"')
        else:
            made.props(f'aria-label="{_attribute(say(N_("Table")))}"')
        with part("table", "fx"):
            with part("thead"), part("tr"):
                for at, header in enumerate(headers):
                    head = text("th", header, "num" if at >= right else "")
                    head.props("scope=col")
            with part("tbody"):
                for row in rows:
                    with part("tr"):
                        for at, value in enumerate(row):
                            _cell("td", value, "num" if at >= right else "")
    return made


def _cell(tag: str, value: Cell, classes: str = "") -> None:
    if callable(value):
        with part(tag, classes):
            value()
    else:
        shown = number(value) if isinstance(value, int) else value
        text(tag, "" if shown is None else shown, classes)


def _attribute(value: str) -> str:
    """A text of ours inside a quoted property."""
    return value.replace('"', "'").replace("\\", "/")


def labelled(element: ui.element, label: str) -> ui.element:
    """Give an element its name for those who do not see it (words already said)."""
    element._props["aria-label"] = label
    return element


def tell(error: FaisceauError) -> None:
    """What went wrong, or what is refused and on which ground, where it stands."""
    with part("div", "fx-error fx-stack").props("role=alert"):
        text("p", error, "wrap")
        if error.hint:
            text("p", error.hint, "soft wrap")


def refused(decision: Decision) -> None:
    """A refusal that was not asked for: its rules, and what would unlock it."""
    with part("div", "fx-note fx-stack"):
        for rule in decision.rules or decision.permits:
            text("p", rule.text(), "small")
        text("p", decision.way_out(), "small soft")


def notice(message: str, *, good: bool = True) -> None:
    """A short message that goes away by itself (words already said)."""
    ui.notify(
        message,
        type="positive" if good else "negative",
        position="bottom",
        multi_line=True,
        timeout=3000 if good else 9000,
    )

"""The pages of a Snapchat archive as records: rows of its tables, cards of its conversations."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from faisceau.evidence.html_blocks import html_blocks, text_in
from faisceau.evidence.reading import Source

_DATE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC")
_TYPE = re.compile(r"[A-Z][A-Z_]{2,}")
_HEADINGS = ("h1", "h2", "h3")
_PARTS = ("h4", "h5", "h6", "p")

Record = tuple[str, int, dict[str, Any]]


def page_records(source: Source) -> Iterator[Record]:
    """Section, number and values of each record, named as the JSON of the archive names them.

    A card is the sender's name (``h4``), then the type, the words and the time, which ends it.
    """
    page = _Page(source)
    for block in html_blocks(source, _wanted):
        if block.tag == "table":
            yield from page.table(block)
        elif block.tag in _HEADINGS:
            page.section = text_in(block)
        else:
            yield from page.part(block.tag, text_in(block))
    yield from page.unfinished()


def _wanted(element: Any) -> bool:
    return element.tag == "table" or element.tag in _HEADINGS or element.tag in _PARTS


class _Page:
    """Where in its page the reading is."""

    def __init__(self, source: Source) -> None:
        name = PurePosixPath(source.name).stem
        self.thread = name.removeprefix("subpage_") if name.startswith("subpage_") else None
        self.section = ""
        self._card: dict[str, Any] | None = None
        self._count = 0

    def table(self, table: Any) -> Iterator[Record]:
        """Each row after that of the headers; an ``h4`` before it was its heading."""
        if self._card is not None and len(self._card) == 1:
            self.section, self._card = self._card["From"], None
        headers: list[str] = []
        for row in table.iter("tr"):
            cells = [cell for cell in row if cell.tag in ("th", "td")]
            said = [text_in(cell) for cell in cells]
            if any(cell.tag == "th" for cell in cells) or not headers:
                headers = said
            elif any(said):
                self._count += 1
                values = {name: value for name, value in zip(headers, said, strict=False) if value}
                yield self._named(values), self._count, {**dict.fromkeys(headers), **values}

    def _named(self, values: dict[str, Any]) -> str:
        """The section, told by the columns where its heading does not say the direction."""
        if "Media Type" in values and not self.section.startswith(("Sent ", "Received ")):
            return "Sent Chat History" if "To" in values else "Received Chat History"
        return self.section

    def part(self, tag: str, words: str) -> Iterator[Record]:
        """One part of a card."""
        if tag == "h4":
            yield from self.unfinished()
            self._card = {"From": words}
            return
        card = self._card
        if card is None or not words:
            return
        if _DATE.fullmatch(words):
            card["Created"] = words
            self._card = None
            yield self._message(card)
        elif "Media Type" not in card and _TYPE.fullmatch(words):
            card["Media Type"] = words
        else:
            card["Content"] = "\n".join(filter(None, (card.get("Content"), words)))

    def unfinished(self) -> Iterator[Record]:
        """A card without a time: it is kept, for the desk to reject."""
        card, self._card = self._card, None
        if card is not None and ("Content" in card or "Media Type" in card):
            yield self._message({**card, "Created": None})

    def _message(self, card: dict[str, Any]) -> Record:
        self._count += 1
        thread = self.thread or self.section
        sent = self.thread is not None and card["From"] != self.thread
        return thread, self._count, {"Media Type": "TEXT", "IsSender": sent, **card}

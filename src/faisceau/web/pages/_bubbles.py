"""Conversations as bubbles: who, what, when, the words that answer or weigh marked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from faisceau.report.model import Excerpt, Line
from faisceau.web.pages._elements import PARIS, part, text
from faisceau.words import N_, say

Span = tuple[int, int]


def marked(content: str, spans: Sequence[Span], tag: str = "div", classes: str = "wrap") -> None:
    """A text with stretches of it marked; spans may overlap."""
    with part(tag, classes):
        at = 0
        for first, last in _merged(spans):
            if first > at:
                text("span", content[at:first])
            text("mark", content[first:last])
            at = last
        if at < len(content):
            text("span", content[at:])


def around(content: str, spans: Sequence[Span], width: int = 220) -> tuple[str, list[Span]]:
    """The part of a long text in which its first marked stretch stands, and the spans in it."""
    if len(content) <= width:
        return content, list(spans)
    first = min((span[0] for span in spans), default=0)
    start = max(0, first - width // 3)
    end = min(len(content), start + width)
    before, after = "… " if start else "", " …" if end < len(content) else ""
    moved = [
        (max(a, start) - start + len(before), min(b, end) - start + len(before))
        for a, b in spans
        if a < end and b > start
    ]
    return before + content[start:end] + after, moved


def excerpt(shown: Excerpt, link: str = "") -> None:
    """A part of a conversation, as a finding or a report has it. ``link`` with ``{row_id}``."""
    title = shown.title if isinstance(shown.title, str) else shown.title.in_words()
    with part("div", "fx-row"):
        text("h3", title, "grow wrap")
        if link and shown.lines:
            first = next((line for line in shown.lines if line.hit), shown.lines[0])
            go = text("a", say(N_("Read the whole conversation")), "small")
            go._props["href"] = link.format(row_id=first.row_id)
    right = _right([line.sender for line in shown.lines], title)
    with part("ol", "fx-talk"):
        day: date | None = None
        for line in shown.lines:
            if line.gap:
                text("li", say(N_("… {n} messages …"), n=line.gap), "fx-day")
            day = _day(day, line.sent_at)
            _line(line, find(line.text, line.words), own=line.sender == right)
        if shown.gap:
            text("li", say(N_("… {n} messages …"), n=shown.gap), "fx-day")


def messages(
    rows: Iterable[Mapping[str, Any]],
    answers: Callable[[str], Sequence[Span]],
    asked: int | None = None,
    under: Callable[[Line], None] | None = None,
) -> None:
    """Messages of a conversation as their table has them; the one ``asked`` is ringed.

    ``answers``: where a text answers what was searched for; ``under``: builds what stands at the
    foot of each.
    """
    with part("ol", "fx-talk"):
        day: date | None = None
        for row in rows:
            day = _day(day, row["sent_at"])
            kind = row["kind"] if row["kind"] not in (None, "text") else ""
            notes = [say(str(kind))] if kind else []
            notes += [say(N_("deleted"))] if row["deleted"] else []
            notes += [say(N_("forwarded"))] if row["forwarded"] else []
            line = Line(
                row_id=row["row_id"],
                exhibit_id=row["exhibit_id"],
                source=row["source"],
                sent_at=row["sent_at"],
                sender=row["sender_name"] or row["sender_id"] or "",
                text=row["text"] or "",
                hit=row["row_id"] == asked,
                note=", ".join(notes),
            )
            own = row["sender_id"] in ("owner", row["account"]) and row["sender_id"] is not None
            _line(line, answers(line.text), own=own, under=under)


def _line(
    line: Line,
    spans: Sequence[Span],
    *,
    own: bool,
    under: Callable[[Line], None] | None = None,
) -> None:
    classes = "fx-line" + " own" * own + " hit" * line.hit + " helped" * bool(line.helped)
    with part("li", classes).props(f"id=row-{line.row_id}"):
        with part("div", "fx-bubble"):
            text("div", line.sender, "fx-who")
            if line.text:
                marked(line.text, spans)
            note = line.note if isinstance(line.note, str) else line.note.in_words()
            if note:
                text("div", f"[{note}]", "soft small")
            at = format(line.sent_at.astimezone(PARIS), "%H:%M") if line.sent_at else ""
            foot = text("div", f"{at} · {line.exhibit_id}", "fx-at")
            foot._props["title"] = line.source
            if under is not None:
                under(line)
        if line.helped:
            with part("div", "fx-stack"):
                for help_ in line.helped:
                    what = help_.what if isinstance(help_.what, str) else help_.what.in_words()
                    text("div", what, "soft small")
                    text("div", help_.text, "wrap")
                    who = help_.corrected_by
                    checked = say(N_("checked by {agent}"), agent=who)
                    text("div", checked if who else say(N_("checked by nobody yet")), "soft small")


def find(content: str, words: Iterable[str]) -> list[Span]:
    """Where words stand in a text, whatever their case. A fact may hold several, quoted."""
    found: list[Span] = []
    for word in words:
        for one in re.split(r"[“”]\s*,?\s*[“”]?", word):
            if one.strip():
                found += [m.span() for m in re.finditer(re.escape(one), content, re.IGNORECASE)]
    return found


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        elif last > first:
            merged.append((first, last))
    return merged


def _day(before: date | None, at: datetime | None) -> date | None:
    """A line with the day, where it changes."""
    if at is None:
        return before
    day = at.astimezone(PARIS).date()
    if day != before:
        text("li", f"{day:%d/%m/%Y}", "fx-day")
    return day


def _right(senders: Sequence[str], title: str) -> str | None:
    """Who stands on the right: the handset's owner, or of two the one not in the title."""
    distinct = list(dict.fromkeys(senders))
    if "owner" in distinct:
        return "owner"
    if len(distinct) == 2:
        return next((who for who in distinct if who and who not in title), None)
    return None


N_("voice"), N_("image"), N_("video"), N_("file"), N_("location"), N_("system")

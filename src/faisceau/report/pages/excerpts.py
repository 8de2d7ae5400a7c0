"""Excerpts of conversations: numbered lines in local time, the words that matter highlighted."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

from faisceau.report.blocks import Block, Cell, cell, muted, small
from faisceau.report.legible import shorten
from faisceau.report.model import Excerpt, Helped, Line
from faisceau.report.shown import number, put, weekday, zone_name, zone_of
from faisceau.words import N_, say


def numbered(excerpts: Iterable[Excerpt]) -> dict[int, int]:
    """The number of each line in a finding, by row id: from 1, a line shown twice has one."""
    numbers: dict[int, int] = {}
    for excerpt in excerpts:
        for line in excerpt.lines:
            numbers.setdefault(line.row_id, len(numbers) + 1)
    return numbers


def block(
    excerpt: Excerpt, numbers: dict[int, int], cited: set[int], zone: tzinfo, printed: set[int]
) -> Block:
    """The excerpt without the lines already ``printed``, to which its own are added.

    A new day, or a new zone, opens with a line of its own.
    """
    rows: list[dict[str, Any]] = []
    day, gap = "", 0
    for line in excerpt.lines:
        gap += line.gap
        if line.row_id in printed:
            continue
        printed.add(line.row_id)
        if gap:
            rows.append({"gap": _left_out(gap)})
            gap = 0
        local = line.sent_at.astimezone(zone_of(line.zone, zone)) if line.sent_at else None
        this = f"{weekday(local)} ({zone_name(local)})" if local else say(N_("time unknown"))
        if this != day:
            rows.append({"day": this})
            day = this
        rows.append(
            {
                "number": str(numbers[line.row_id]),
                "time": f"{local:%H:%M:%S}" if local else "–",
                "sender": line.sender,
                "text": _said(line),
                "hit": line.hit,
                "place": _place(line) if line.hit or line.row_id in cited else "",
                "helped": [_helped(one) for one in line.helped],
            }
        )
    if gap + excerpt.gap:
        rows.append({"gap": _left_out(gap + excerpt.gap)})
    return {
        "is": "excerpt",
        "title": say(N_("Excerpt: {title}"), title=put(excerpt.title)),
        "head": [say(N_("Line")), say(N_("Time")), say(N_("Sender")), say(N_("Message"))],
        "rows": rows,
    }


def _said(line: Line) -> Cell:
    """The words as they were sent, highlighted; what they carry beside them; what is cut."""
    before, pieces, after = shorten(line.text, line.words)
    return cell(
        muted(_cut(before)),
        *(["mark" if marked else "", text] for text, marked in pieces),
        muted(_cut(after)),
        muted((" " if line.text else "") + f"[{put(line.note)}]" if line.note else ""),
    )


def _cut(text: str) -> str:
    return say(N_(" [… {n} more characters] "), n=number(len(text))) if text else ""


def _place(line: Line) -> str:
    return say(
        N_("{exhibit}, row {row}, {source}"),
        exhibit=line.exhibit_id,
        row=line.row_id,
        source=line.source,
    )


def _helped(one: Helped) -> Cell:
    by = say(N_("made by a model, corrected by {agent}"), agent=one.corrected_by)
    if not one.corrected_by:
        by = say(N_("made by a model, checked by nobody: not to be quoted"))
    _, pieces, after = shorten(one.text)
    text = "".join(text for text, _ in pieces)
    return cell(small(f"{put(one.what)} ({by}) "), text, muted(_cut(after)))


def _left_out(count: int) -> str:
    return say(N_("[messages not shown: {n}]"), n=number(count))

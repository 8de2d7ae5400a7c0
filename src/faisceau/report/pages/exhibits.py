"""What was examined: each exhibit with its hash and its counts."""

from datetime import tzinfo

from faisceau.report.blocks import Block, b, cell, facts, grouped, heading, paragraph, small, table
from faisceau.report.model import ExhibitCard, ReportData
from faisceau.report.shown import TABLES, moment, number, pair, put, word
from faisceau.words import N_, say

MOST_APART = 50
"""Exhibits that have a heading each; more are listed, one a line."""


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """One heading an exhibit, or one line when they are many."""
    intro = say(
        N_(
            "Each exhibit was hashed when it was added. Rows kept and rows rejected make up all "
            "the rows that were present; the section “{section}” tells why rows were rejected."
        ),
        section=say(N_("What was rejected")),
    )
    out = [heading(1, say(N_("The exhibits"))), paragraph(intro)]
    if len(data.exhibits) > MOST_APART:
        return [*out, _listing(data.exhibits, zone)]
    for exhibit in data.exhibits:
        out += _exhibit(exhibit, zone)
    return out


def _listing(exhibits: tuple[ExhibitCard, ...], zone: tzinfo) -> Block:
    """All in one table; a cell has as many lines as there is to say."""
    rows = []
    for exhibit in exhibits:
        counts = [
            pair(word(TABLES, c.table), f"{number(c.kept)} / {number(c.rejected)}")
            for c in exhibit.tables
        ]
        about = (exhibit.origin, _size(exhibit), _added(exhibit, zone), _custody(exhibit))
        told = [put(text) for text in exhibit.told]
        fields = _fields(exhibit) if counts else ""
        aside = (_reader(exhibit), put(exhibit.access), *told, fields)
        rows.append(
            [
                cell(b(exhibit.exhibit_id)),
                cell(exhibit.label, small("\n" + "\n".join(filter(None, about)))),
                cell(grouped(exhibit.sha256)),
                cell("".join(f"{c}\n" for c in counts), small("\n".join(filter(None, aside)))),
            ]
        )
    head = [
        say(N_("Exhibit")),
        say(N_("Label")),
        say(N_("SHA-256")),
        say(N_("Rows kept / rejected")),
    ]
    return table(head, rows, widths=[0, 5, 3.2, 4])


def _reader(exhibit: ExhibitCard) -> str:
    return exhibit.reader or say(N_("none: no reader knows this format"))


def _fields(exhibit: ExhibitCard) -> str:
    return say(
        N_(
            "Cells that could not be read and were left empty: {unread}. Fields unknown to the "
            "reader: {unknown}. Fields left aside on purpose: {left}."
        ),
        unread=number(exhibit.unread),
        unknown=number(exhibit.unknown),
        left=number(exhibit.left),
    )


def _size(exhibit: ExhibitCard) -> str:
    return say(N_("{n} bytes"), n=number(exhibit.size))


def _added(exhibit: ExhibitCard, zone: tzinfo) -> str:
    at = moment(exhibit.added_at, zone)
    return say(N_("{moment}, by {agent}"), moment=at, agent=exhibit.added_by)


def _custody(exhibit: ExhibitCard) -> str:
    if exhibit.in_place:
        return say(N_("read where it stands, re-verified before each reading"))
    return say(N_("as a read-only copy"))


def _exhibit(exhibit: ExhibitCard, zone: tzinfo) -> list[Block]:
    label = f"{exhibit.exhibit_id} – {exhibit.label}" if exhibit.label else exhibit.exhibit_id
    opened = [
        heading(2, label),
        facts(
            [
                (say(N_("SHA-256")), cell(grouped(exhibit.sha256))),
                (say(N_("Size")), cell(_size(exhibit))),
                (say(N_("Origin")), cell(exhibit.origin)),
                (say(N_("When added")), cell(_added(exhibit, zone))),
                (say(N_("Custody")), cell(_custody(exhibit))),
                (say(N_("Opened under")), cell(put(exhibit.access))),
                (say(N_("Reader")), cell(_reader(exhibit))),
                (say(N_("Zone of times without zone")), cell(exhibit.zone)),
            ]
        ),
        *(paragraph(put(text)) for text in exhibit.told),
    ]
    if not exhibit.tables:
        return [*opened, paragraph(say(N_("No row was read from this exhibit.")))]
    return [
        *opened,
        table(
            [say(N_("Table")), say(N_("Rows kept")), say(N_("Rows rejected"))],
            [
                [cell(word(TABLES, c.table)), cell(number(c.kept)), cell(number(c.rejected))]
                for c in exhibit.tables
            ],
            widths=[4, 2, 2],
            numeric=[1, 2],
        ),
        paragraph(small(_fields(exhibit))),
    ]

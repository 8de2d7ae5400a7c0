"""What was examined: each exhibit with its hash and its counts."""

from datetime import tzinfo

from faisceau.report.blocks import Block, cell, facts, grouped, heading, paragraph, table
from faisceau.report.model import ExhibitCard, ReportData
from faisceau.report.shown import TABLES, moment, number, put, word
from faisceau.words import N_, say


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """One heading an exhibit; rows kept and rejected make the rows present."""
    intro = say(
        N_(
            "Each exhibit was hashed when it was added. Rows kept and rows rejected make up all "
            "the rows that were present; the section “{section}” tells why rows were rejected."
        ),
        section=say(N_("What was rejected")),
    )
    out = [heading(1, say(N_("The exhibits"))), paragraph(intro)]
    for exhibit in data.exhibits:
        out += _exhibit(exhibit, zone)
    return out


def _exhibit(exhibit: ExhibitCard, zone: tzinfo) -> list[Block]:
    label = f"{exhibit.exhibit_id} – {exhibit.label}" if exhibit.label else exhibit.exhibit_id
    where = N_("read where it stands, re-verified before each reading")
    added = say(
        N_("{moment}, by {agent}"), moment=moment(exhibit.added_at, zone), agent=exhibit.added_by
    )
    opened = [
        heading(2, label),
        facts(
            [
                (say(N_("SHA-256")), cell(grouped(exhibit.sha256))),
                (say(N_("Size")), cell(say(N_("{n} bytes"), n=number(exhibit.size)))),
                (say(N_("Origin")), cell(exhibit.origin)),
                (say(N_("When added")), cell(added)),
                (
                    say(N_("Custody")),
                    cell(say(where if exhibit.in_place else N_("as a read-only copy"))),
                ),
                (say(N_("Opened under")), cell(put(exhibit.access))),
                (
                    say(N_("Reader")),
                    cell(exhibit.reader or say(N_("none: no reader knows this format"))),
                ),
                (say(N_("Zone of times without zone")), cell(exhibit.zone)),
            ]
        ),
    ]
    if not exhibit.tables:
        return [*opened, paragraph(say(N_("No row was read from this exhibit.")))]
    fields = say(
        N_(
            "Cells that could not be read and were left empty: {unread}. Fields unknown to the "
            "reader: {unknown}. Fields left aside on purpose: {left}."
        ),
        unread=number(exhibit.unread),
        unknown=number(exhibit.unknown),
        left=number(exhibit.left),
    )
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
        paragraph(["small", fields]),
    ]

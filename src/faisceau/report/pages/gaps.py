"""What was refused, what was rejected, and what was not examined."""

from datetime import tzinfo

from faisceau.report.blocks import Block, cell, heading, paragraph, small, table
from faisceau.report.model import Gap, ReportData
from faisceau.report.shown import TABLES, moment, number, put, word
from faisceau.words import N_, say

GAPS = {
    Gap.SEALED: (
        N_("Sealed"),
        N_("Protected correspondence: neither shown, nor searched, nor counted."),
    ),
    Gap.OUT_OF_SCOPE: (
        N_("Out of scope"),
        N_("Rows that the mandate's scope leaves out; no analysis saw them."),
    ),
    Gap.NOT_COVERED: (
        N_("Not covered by the mandate"),
        N_("Tables that the mandate does not list: present in an exhibit, not read."),
    ),
    Gap.UNKNOWN: (
        N_("Unknown"),
        N_("Files or fields of a format that no reader knows; kept, not read."),
    ),
    Gap.SET_ASIDE: (
        N_("Recognised and set aside"),
        N_("Files whose kind is known and from which no row comes; they are kept as exhibits."),
    ),
    Gap.UNREAD: (
        N_("Unread"),
        N_("Values that could not be read; the row was kept without them."),
    ),
    Gap.NOT_RUN: (N_("Analyses not run"), N_("And why.")),
}


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """Three sections: refusals, rejects, what was not examined."""
    return [
        heading(1, say(N_("What the mandate refused"))),
        *_refusals(data, zone),
        heading(1, say(N_("What was rejected"))),
        *_rejects(data),
        heading(1, say(N_("What was not examined"))),
        *_unexamined(data),
    ]


def _refusals(data: ReportData, zone: tzinfo) -> list[Block]:
    if not data.refusals:
        return [paragraph(say(N_("No act was refused.")))]
    return [
        table(
            [
                say(N_("When")),
                say(N_("Agent")),
                say(N_("Act")),
                say(N_("Rule")),
                say(N_("Source")),
                say(N_("Entry")),
            ],
            [
                [
                    cell(moment(one.at, zone)),
                    cell(one.agent),
                    cell(put(one.act)),
                    cell(put(one.rule)),
                    cell(one.source),
                    cell("" if one.entry is None else number(one.entry)),
                ]
                for one in data.refusals
            ],
            widths=[3, 0, 3, 5, 3, 0],
            numeric=[5],
        )
    ]


def _rejects(data: ReportData) -> list[Block]:
    if not data.rejects:
        return [paragraph(say(N_("No row was rejected.")))]
    return [
        table(
            [
                say(N_("Exhibit")),
                say(N_("Table")),
                say(N_("Reason")),
                say(N_("Rows")),
                say(N_("For example")),
            ],
            [
                [
                    cell(one.exhibit_id),
                    cell(word(TABLES, one.table)),
                    cell(put(one.reason)),
                    cell(number(one.count)),
                    cell(small("\n".join(one.examples))),
                ]
                for one in data.rejects
            ],
            widths=[0, 2, 5, 0, 4],
            numeric=[3],
            title=say(
                N_("These rows were present and could not be kept; they stay in the exhibit.")
            ),
        ),
    ]


def _unexamined(data: ReportData) -> list[Block]:
    out: list[Block] = []
    for gap, (title, meaning) in GAPS.items():
        those = [one for one in data.unexamined if one.gap == gap]
        if those:
            out += [
                heading(2, say(title)),
                table(
                    [say(N_("What")), say(N_("Why")), say(N_("Count"))],
                    [
                        [
                            cell(put(one.what)),
                            cell(put(one.why)),
                            cell("" if one.count is None else number(one.count)),
                        ]
                        for one in those
                    ],
                    widths=[4, 5, 1.2],
                    numeric=[2],
                    title=say(meaning),
                ),
            ]
    return out or [paragraph(say(N_("Nothing was left out, as far as the software knows.")))]

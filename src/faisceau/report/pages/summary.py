"""The first page: what a magistrate grasps in one minute."""

from collections import Counter
from datetime import tzinfo

from faisceau.findings.model import Status
from faisceau.report.blocks import (
    Block,
    Cell,
    b,
    bullets,
    cell,
    command,
    facts,
    grouped,
    heading,
    note,
)
from faisceau.report.model import ReportData
from faisceau.report.pages.findings import anchor, in_order, shown_title, standing
from faisceau.report.pages.gaps import GAPS
from faisceau.report.shown import REGIMES, STATUSES, TABLES, day, decimal, number, pair, put, word
from faisceau.words import N_, say

TOP = 10
LONGEST_TITLE = 80
MOST_WARNINGS = 3


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """What was examined, the strongest findings, what was not examined, how to check."""
    mandate = data.mandate
    return [
        heading(1, say(N_("Summary"))),
        facts(
            [
                (say(N_("Framework")), cell(word(REGIMES, mandate.regime))),
                (
                    say(N_("Mandate")),
                    cell(
                        say(
                            N_("from {start} to {end}"),
                            start=day(mandate.authorised_on),
                            end=day(mandate.expires_on),
                        )
                    ),
                ),
                (say(N_("Examined")), cell(_examined(data))),
                (say(N_("Findings")), cell(_findings(data))),
            ]
        ),
        *_warnings(data),
        heading(2, say(N_("The findings") if data.chosen else N_("The strongest findings"))),
        _top(data),
        heading(2, say(N_("What was not examined"))),
        bullets(_gaps(data)),
        heading(2, say(N_("How to check this report"))),
        _check(data),
        command(data.proof.command),
        note(
            say(N_("Scope of this report")),
            cell(
                say(
                    N_(
                        "A finding is a help to decide: a claim with its reasons, each of which "
                        "can be checked against the rows it quotes. It is not a proof by itself."
                    )
                )
            ),
        ),
    ]


def _examined(data: ReportData) -> str:
    kept: Counter[str] = Counter()
    for exhibit in data.exhibits:
        kept.update({count.table: count.kept for count in exhibit.tables})
    parts = [pair(say(N_("exhibits")), number(len(data.exhibits)))]
    if data.conversations is not None:
        parts.append(pair(say(N_("conversations")), number(data.conversations)))
    parts += [pair(word(TABLES, name), number(n)) for name, n in sorted(kept.items()) if n]
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    return " · ".join(part.replace(" ", "\u00a0") for part in parts)


def _findings(data: ReportData) -> str:
    found = max(data.found, len(data.findings))
    by_status = Counter(card.finding.status for card in data.findings)
    statuses = [pair(word(STATUSES, s), number(by_status[s])) for s in Status if by_status[s]]
    text = number(found) if not statuses else f"{number(found)} ({_joined(statuses)})"
    if found > len(data.findings):
        said = N_("the {n} strongest are printed here")
        if data.chosen:
            said = N_("the {n} chosen for it are printed here")
        text += " – " + say(said, n=number(len(data.findings)))
    return text


def _warnings(data: ReportData) -> list[Block]:
    if not data.mandate.warnings:
        return []
    first = [put(warning) for warning in data.mandate.warnings[:MOST_WARNINGS]]
    left = len(data.mandate.warnings) - MOST_WARNINGS
    text = "\n".join(first) + (say(N_(" and {n} more"), n=number(left)) if left > 0 else "")
    return [note(say(N_("Warning")), cell(text), alert=True)]


def _top(data: ReportData) -> Block:
    """A table whose last column leads to the finding, with its page."""
    rows = []
    for place, card in enumerate(in_order(data)[:TOP], 1):
        title = shown_title(card)
        if len(title) > LONGEST_TITLE:
            title = title[:LONGEST_TITLE].rstrip() + "…"
        rows.append(
            {
                "place": number(place),
                "title": cell(title),
                "score": decimal(card.finding.score),
                "status": standing(card),
                "anchor": anchor(place),
            }
        )
    return {
        "is": "top",
        "head": [
            say(N_("No.")),
            say(N_("Finding")),
            say(N_("Score")),
            say(N_("Review")),
            say(N_("Page")),
        ],
        "rows": rows,
        "none": say(N_("No analysis gave a finding.")),
    }


def _gaps(data: ReportData) -> list[Cell]:
    items: list[Cell] = []
    for gap, (title, _) in GAPS.items():
        those = [one for one in data.unexamined if one.gap == gap]
        if those:
            named = ", ".join(put(one.what) for one in those[:3])
            if len(those) > 3:
                named += say(N_(" and {n} more"), n=number(len(those) - 3))
            items.append(_item(say(title), named))
    rejected = sum(count.rejected for exhibit in data.exhibits for count in exhibit.tables)
    if rejected:
        items.append(_item(say(N_("Rejected rows")), say(N_("{n} in all"), n=number(rejected))))
    if data.refusals:
        refused = say(N_("{n} in all"), n=number(len(data.refusals)))
        items.append(_item(say(N_("Acts refused by the mandate")), refused))
    return items or [cell(say(N_("Nothing was left out, as far as the software knows.")))]


def _item(name: str, value: str) -> Cell:
    """The name in bold, then what the language puts between a name and its value."""
    return cell(b(name), pair("", value))


def _check(data: ReportData) -> Block:
    return {
        "is": "paragraph",
        "cell": cell(
            say(
                N_(
                    "Each excerpt names the exhibit, the place in it and the row. The record of "
                    "all acts ends, for this report, at {size} entries under the hash"
                ),
                size=number(data.proof.size),
            )
            + " ",
            grouped(data.proof.root),
            say(N_(". The following command, which needs no network, verifies it all:")),
        ),
    }

"""The findings, strongest first: the claim, what supports it, what speaks against, the lines."""

from collections.abc import Iterable, Sequence
from datetime import tzinfo

from faisceau.findings.model import Finding, Kind, Review, Status
from faisceau.report.blocks import (
    Block,
    Cell,
    b,
    bullets,
    cell,
    facts,
    heading,
    mono,
    muted,
    note,
    paragraph,
    small,
    table,
)
from faisceau.report.model import Evidence, Excerpt, FindingCard, ReasonCard, ReportData
from faisceau.report.pages import excerpts
from faisceau.report.shown import (
    KINDS,
    STATUSES,
    SUBJECTS,
    TABLES,
    decimal,
    moment,
    number,
    pair,
    put,
    signed,
    word,
)
from faisceau.words import N_, say

MOST_ROWS = 12
"""Rows printed under a reason beside its excerpts; the others are counted."""

STANDINGS = {
    Status.DISMISSED: N_("An agent has examined this finding and dismissed it."),
    Status.UNSURE: N_("An agent has examined this finding and holds it to be doubtful."),
    Status.EXCULPATORY: N_("An agent has examined this finding: it speaks for the person."),
    Status.SUPERSEDED: N_("This finding no longer comes out of the data; it is kept as a trace."),
    Status.WITHDRAWN: N_(
        "This finding rested on an exhibit that was withdrawn; its content is not printed."
    ),
}


def ordered(cards: Iterable[FindingCard]) -> list[FindingCard]:
    """Strongest first, those no longer in force last; ids decide between equals, so that the order
    never changes."""

    def rank(card: FindingCard) -> tuple[bool, float, str]:
        finding = card.finding
        gone = finding.status in (Status.SUPERSEDED, Status.WITHDRAWN)
        return gone, -finding.score, finding.finding_id

    return sorted(cards, key=rank)


def in_order(data: ReportData) -> list[FindingCard]:
    """The findings as they are printed: as a person put them, else the strongest first."""
    return list(data.findings) if data.chosen else ordered(data.findings)


def anchor(place: int) -> str:
    """The name of the finding at ``place`` (from 1), for links."""
    return f"finding-{place}"


def unconfirmed(finding: Finding) -> bool:
    """True for what a learnt model gave and no person confirmed: never shown as established."""
    return finding.kind == Kind.AI and finding.status != Status.CONFIRMED


def shown_title(card: FindingCard) -> str:
    """The claim; not that of a withdrawn finding, whose data are no longer to be read."""
    if card.finding.status == Status.WITHDRAWN:
        return say(N_("Withdrawn finding"))
    return card.finding.title


def standing(card: FindingCard) -> str:
    """Its status in a word, and that it is not established where that is so."""
    status = word(STATUSES, card.finding.status)
    return status if not unconfirmed(card.finding) else say(N_("not established"))


def blocks(data: ReportData, zone: tzinfo) -> list[Block]:
    """One heading a finding."""
    out: list[Block] = [heading(1, say(N_("The findings")))]
    if not data.findings:
        return [*out, paragraph(say(N_("No analysis gave a finding.")))]
    told = N_(
        "Strongest first. Under each stand the reasons that support it, those that "
        "speak against it, and the lines on which they rest: numbered, with the "
        "exhibit, the row and the place of each line that a reason quotes."
    )
    if data.chosen:
        told = N_(
            "Chosen, and put in this order, by whoever wrote the report. Under each stand the "
            "reasons that support it, those that speak against it, and the lines on which they "
            "rest: numbered, with the exhibit, the row and the place of each line that a reason "
            "quotes."
        )
    out.append(paragraph(say(told)))
    for place, card in enumerate(in_order(data), 1):
        out += _finding(place, card, zone)
    return out


def _finding(place: int, card: FindingCard, zone: tzinfo) -> list[Block]:
    finding = card.finding
    head = heading(2, shown_title(card), anchor(place))
    if finding.status == Status.WITHDRAWN:
        text = cell(say(STANDINGS[Status.WITHDRAWN]))
        gone = facts([(say(N_("Identifier")), cell(mono(finding.finding_id)))])
        return [head, note(say(N_("Withdrawn finding")), text, alert=True), gone]
    reasons = card.reasons or tuple(ReasonCard(reason) for reason in finding.reasons)
    every = [*card.excerpts, *(e for reason in reasons for e in reason.excerpts)]
    numbers = excerpts.numbered(every)
    cited = {row.row_id for reason in reasons for row in reason.evidence}
    return [
        head,
        *_banners(finding),
        _identity(finding, zone),
        _reasons([r for r in reasons if r.reason.weight >= 0], numbers, against=False),
        _reasons([r for r in reasons if r.reason.weight < 0], numbers, against=True),
        *_excerpts(every, numbers, cited, zone),
        *_reviews(card.reviews, zone),
        *_limits(finding),
    ]


def _banners(finding: Finding) -> list[Block]:
    out = []
    if unconfirmed(finding):
        text = say(
            N_(
                "A learnt model gave this finding (kind ai) and no person has confirmed it: "
                "it must not be taken as established."
            )
        )
        out.append(note(say(N_("Not established")), cell(text), alert=True))
    if finding.status in STANDINGS:
        text = say(STANDINGS[finding.status])
        out.append(note(word(STATUSES, finding.status).capitalize(), cell(text), alert=True))
    return out


def _identity(finding: Finding, zone: tzinfo) -> Block:
    subjects = "\n".join(
        pair(word(SUBJECTS, s.type), s.label or s.value)
        + (f" ({s.value})" if s.label and s.value not in s.label else "")
        for s in finding.subjects
    )
    made = say(
        N_("{analysis}, version {version} ({kind}); {moment}, agent {agent}"),
        analysis=finding.analysis,
        version=finding.version,
        kind=word(KINDS, finding.kind),
        moment=moment(finding.created_at, zone),
        agent=finding.agent,
    )
    return facts(
        [
            (say(N_("Score")), cell(b(decimal(finding.score)))),
            (say(N_("Review")), cell(word(STATUSES, finding.status))),
            (say(N_("About")), cell(subjects)),
            (say(N_("Made by")), cell(made)),
            (say(N_("Identifier")), cell(mono(finding.finding_id))),
        ]
    )


def _reasons(cards: list[ReasonCard], numbers: dict[int, int], *, against: bool) -> Block:
    none = N_("The analysis gave no reason in support.")
    if against:
        none = N_(
            "The analysis found nothing that speaks against. It does not follow that there is "
            "nothing."
        )
    strongest = sorted(cards, key=lambda card: -abs(card.reason.weight))
    head = N_("What speaks against, or for the person") if against else N_("What supports it")
    return {
        "is": "reasons",
        "against": against,
        "head": say(head),
        "none": "" if cards else say(none),
        "items": [
            {
                "weight": signed(card.reason.weight),
                "text": card.reason.in_words(),
                "cites": _cites(card, numbers),
                "blocks": _other_rows(card, numbers),
            }
            for card in strongest
        ],
    }


def _cites(card: ReasonCard, numbers: dict[int, int]) -> Cell:
    """The lines of the excerpts below that the reason rests on."""
    lines = sorted({numbers[row.row_id] for row in card.evidence if row.row_id in numbers})
    total = max(card.total, len(card.evidence))
    parts = []
    if len(lines) == 1:
        parts.append(say(N_("Line {line} below"), line=lines[0]))
    elif lines:
        parts.append(say(N_("Lines {lines} below"), lines=_spans(lines)))
    if total > len(lines):
        parts.append(say(N_("rows in all: {n}"), n=number(total)))
    return cell(small(" · ".join(parts)))


def _spans(lines: Sequence[int]) -> str:
    """``3, 7–9``."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and spans[-1][1] == line - 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(f"{low}" if low == high else f"{low}–{high}" for low, high in spans)


def _other_rows(card: ReasonCard, numbers: dict[int, int]) -> list[Block]:
    """The rows that no excerpt shows."""
    rows = [row for row in card.evidence if row.row_id not in numbers]
    if not rows:
        return []
    left = len(rows) - MOST_ROWS
    out = [
        table(
            [say(N_("Exhibit")), say(N_("Row")), say(N_("Place")), say(N_("What it says"))],
            [_row(row) for row in rows[:MOST_ROWS]],
            widths=[0, 0, 4, 5],
        )
    ]
    if left > 0:
        out.append(paragraph(small(say(N_("and {n} more rows"), n=number(left)))))
    return out


def _row(row: Evidence) -> list[Cell]:
    return [
        cell(row.exhibit_id),
        cell(f"{word(TABLES, row.table)} ", mono(str(row.row_id))),
        cell(small(row.source)),
        cell(put(row.shown)),
    ]


def _excerpts(
    every: list[Excerpt], numbers: dict[int, int], cited: set[int], zone: tzinfo
) -> list[Block]:
    printed: set[int] = set()
    out = []
    for excerpt in every:
        if any(line.row_id not in printed for line in excerpt.lines):
            out.append(excerpts.block(excerpt, numbers, cited, zone, printed))
    return out


def _reviews(reviews: tuple[Review, ...], zone: tzinfo) -> list[Block]:
    if not reviews:
        return [paragraph(b(say(N_("Reviews")) + ". "), say(N_("No person has reviewed it yet.")))]
    items = [
        cell(
            b(word(STATUSES, review.verdict)),
            say(N_(", by {agent}, {moment}"), agent=review.agent, moment=moment(review.at, zone)),
            f" – {review.note}" if review.note else "",
        )
        for review in reviews
    ]
    return [paragraph(b(say(N_("Reviews")))), bullets(items)]


def _limits(finding: Finding) -> list[Block]:
    if not finding.limits:
        return []
    return [
        paragraph(b(say(N_("Limits")))),
        bullets([cell(muted(say(limit))) for limit in finding.limits]),
    ]

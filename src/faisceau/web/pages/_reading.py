"""One finding as it is read: the claim, each reason beside its evidence, what was said of it."""

from collections.abc import Sequence
from urllib.parse import quote

from nicegui import ui

from faisceau.report.model import FindingCard, ReasonCard
from faisceau.tables.schemas import MESSAGE
from faisceau.web.pages._bubbles import excerpt
from faisceau.web.pages._elements import Cell, facts, local, part, status, table, text
from faisceau.words import N_, say

FIRST = 8
"""Reasons shown at once; the weaker ones are folded."""
ROWS = 12
"""Rows of evidence shown at once beside a reason."""


def claim(shown: FindingCard) -> None:
    """What is claimed, of whom, how strongly, by what."""
    finding = shown.finding
    with part("div", "fx-row"):
        status(finding.status)
        text("span", say(N_("score {score}"), score=f"{finding.score:.2f}"), "small")
        text("span", f"{finding.analysis} {finding.version}", "soft small")
    for subject in finding.subjects:
        with part("div", "fx-row small"):
            text("span", say(subject.type), "soft")
            text("span", subject.label or subject.value, "wrap")


def details(shown: FindingCard) -> None:
    """How it was made: all that fixes the result."""
    finding = shown.finding
    params = ", ".join(f"{k} = {v}" for k, v in finding.params.items() if not isinstance(v, dict))
    facts(
        [
            (N_("Finding"), finding.finding_id),
            (N_("Analysis"), f"{finding.analysis}, {finding.version} ({finding.kind})"),
            (N_("Parameters"), params),
            (N_("Made"), f"{local(finding.created_at)}, {finding.agent}"),
            (N_("Under mandate"), finding.mandate_version),
        ]
    )


def reasons(shown: FindingCard, case: str) -> None:
    """Each reason with its weight and its rows; those that speak against apart."""
    given = list(shown.reasons)
    for_it = [r for r in given if r.reason.weight >= 0]
    against = [r for r in given if r.reason.weight < 0]
    if against:
        text("h3", say(N_("What speaks against")))
        _listed(against, case, len(against))
    if for_it:
        text("h3", say(N_("Reasons")))
        _listed(for_it, case, FIRST)
    for limit in shown.finding.limits:
        text("p", say(N_("Limit: {limit}"), limit=say(limit)), "fx-note small")


def _listed(given: Sequence[ReasonCard], case: str, first: int) -> None:
    for reason in given[:first]:
        _reason(reason, case)
    rest = given[first:]
    if rest:
        with ui.expansion(say(N_("{n} weaker reasons"), n=len(rest))).classes("w-full"):
            for reason in rest:
                _reason(reason, case)


def _reason(reason: ReasonCard, case: str) -> None:
    with part("div", "fx-reason-card"):
        with part("div", "fx-row").style("flex-wrap: nowrap; align-items: baseline"):
            weight = reason.reason.weight
            tone = "st-good" if weight > 0 else "st-other" if weight < 0 else "soft"
            text("span", f"{weight:+.1f}", f"fx-weight {tone}")
            text("span", reason.reason.in_words(), "grow wrap")
        if not reason.evidence:
            return
        tables = sorted({e.table for e in reason.evidence})
        title = say(N_("{n} rows of {tables}"), n=reason.total, tables=tables)
        with ui.expansion(title).classes("w-full small").props("dense"):
            _evidence(reason, case)


def _evidence(reason: ReasonCard, case: str) -> None:
    """The rows a reason rests on: what they say, and where each stands in its exhibit."""
    rows = []
    for e in reason.evidence[:ROWS]:
        said = e.shown if isinstance(e.shown, str) else e.shown.in_words()
        gone = say(N_("no longer to be seen"))

        def where(exhibit: str = e.exhibit_id, source: str = e.source) -> None:
            text("div", f"{exhibit} {source}", "mono")

        def what(said: str = said or gone, of: str = e.table, row: int = e.row_id) -> None:
            if of == MESSAGE.name:
                link = text("a", said, "wrap")
                link._props["href"] = f"/case/{quote(case)}/conversation/{row}"
            else:
                text("div", said, "wrap")

        cells: tuple[Cell, ...] = (what, where)
        rows.append(cells)
    headers = [say(N_("What it says")), say(N_("Where it stands"))]
    table(headers, rows, caption=say(N_("Evidence")))
    more = reason.total - len(rows)
    if more > 0:
        text("p", say(N_("and {n} more"), n=more), "soft small")


def talks(shown: FindingCard, case: str) -> None:
    """The conversations around the rows cited, hits ringed and their words marked."""
    for one in shown.excerpts:
        excerpt(one, f"/case/{quote(case)}/conversation/{{row_id}}")


def reviews(shown: FindingCard) -> None:
    """What people said of it, in order."""
    if not shown.reviews:
        text("p", say(N_("Nobody has said anything of it yet.")), "soft small")
        return
    with part("ol", "fx-list"):
        for review in shown.reviews:
            with part("li", "fx-row small").style("padding: 5px 0"):
                if str(review.verdict) == "new":
                    text("span", say(N_("verdict taken back")), "soft")
                else:
                    status(review.verdict)
                text("span", f"{review.agent}, {local(review.at)}", "soft")
                if review.note:
                    text("span", review.note, "wrap")


N_("thread"), N_("plate"), N_("procedure"), N_("phone"), N_("place"), N_("account")
N_("coin_address"), N_("device")

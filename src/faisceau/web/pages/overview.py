"""A case's first page: what it holds, what is allowed, what falls due, what was found last."""

from urllib.parse import quote

from nicegui import ui

from faisceau.case.notes import On
from faisceau.case.status import CaseStatus
from faisceau.case.workspace import Workspace
from faisceau.errors import Refused
from faisceau.evidence.exhibit import Exhibit
from faisceau.findings.model import Finding, Wanted
from faisceau.web.pages._elements import (
    PATIENCE,
    ROWS_OF,
    card,
    facts,
    labelled,
    local,
    number,
    part,
    size,
    status,
    table,
    text,
)
from faisceau.web.pages._frame import allowed, frame
from faisceau.web.pages._notes import in_dialog, small
from faisceau.web.session import Session, desk, in_thread
from faisceau.words import N_, say

ORDER = 0
NAVIGATION = [(N_("Overview"), "/case/{name}", "home", "status")]
SOON = 30
"""Days before something falls due from which on it is an alert."""


def register() -> None:
    """Declare the page ``/case/{name}``."""

    @ui.page("/case/{name}", response_timeout=PATIENCE)
    async def overview(name: str) -> None:
        with frame(N_("Overview"), case=name) as session:
            work, state, latest = await in_thread(_read, session, name)
            _alerts(work, state)
            _numbers(state)
            if latest:
                _latest(name, latest)
            _exhibits(session, name, state)
            with part("div", "fx-grid"):
                _mandate(name, work)
                _due(work, state)


def _read(session: Session, name: str) -> tuple[Workspace, CaseStatus, list[Finding]]:
    work = desk(session, name)
    state = work.status()
    try:
        latest = work.findings_wanted(Wanted(statuses=["new"]), limit=6)[1]
    except Refused:  # some see the state of a case, and no content
        latest = []
    return work, state, latest


def _alerts(work: Workspace, state: CaseStatus) -> None:
    soon = [d for d in state.due if (d.on - work.today).days <= SOON]
    if not soon and not state.warnings and not state.withheld:
        return
    with part("div", "fx-stack").props("role=status"):
        for due in soon:
            days = (due.on - work.today).days
            what = say(due.what, **due.facts)
            template = N_("{what} in {days} days, on {day}")
            if days < 0:
                template = N_("Over: {what} ({day})")
            text("p", say(template, what=what, days=days, day=f"{due.on:%d/%m/%Y}"), "fx-note")
        for warning in state.warnings:
            text("p", warning, "fx-note")
        if state.withheld:
            told = N_("{n} findings rest on sealed correspondence: withheld")
            text("p", say(told, n=state.withheld), "fx-note")


def _numbers(state: CaseStatus) -> None:
    rows: dict[str, int] = {}
    for exhibit in state.exhibits:
        for name, count in exhibit.tables.items():
            rows[name] = rows.get(name, 0) + count["rows"]
    rejected = sum(c["rejected"] for e in state.exhibits for c in e.tables.values())
    found: dict[str, int] = {}
    for counts in state.findings.values():
        for of, n in counts.items():
            found[of] = found.get(of, 0) + n
    with card(), part("div", "fx-row"):
        _tile(N_("exhibits"), len(state.exhibits))
        for name, n in sorted(rows.items(), key=lambda one: -one[1]):
            _tile(ROWS_OF.get(name, name), n)
        _tile(N_("records rejected"), rejected)
        _tile(N_("findings to review"), found.get("new", 0))
        _tile(N_("findings confirmed"), found.get("confirmed", 0))


def _tile(label: str, n: int) -> None:
    with part("div", "fx-tile"):
        text("span", number(n), "big")
        text("span", say(label), "soft small")


def _latest(name: str, latest: list[Finding]) -> None:
    with card():
        with part("div", "fx-row"):
            text("h2", say(N_("Strongest findings to review")), "grow")
            text("a", say(N_("Review them all"))).props(f"href=/case/{quote(name)}/findings")
        rows = [(f"{f.score:.2f}", _link(name, f), f.analysis, _of(f)) for f in latest]
        headers = (N_("Score"), N_("Claim"), N_("Analysis"), N_("Status"))
        table([say(h) for h in headers], rows, caption=say(N_("Strongest findings to review")))


def _link(name: str, finding: Finding):  # type: ignore[no-untyped-def]
    def build() -> None:
        about = ", ".join(s.label or s.value for s in finding.subjects)
        text("a", finding.title).props(f"href=/case/{quote(name)}/finding/{finding.finding_id}")
        text("div", about, "soft small")

    return build


def _of(finding: Finding):  # type: ignore[no-untyped-def]
    return lambda: status(finding.status)


def _exhibits(session: Session, name: str, state: CaseStatus) -> None:
    with card().props("id=exhibits"):
        with part("div", "fx-row"):
            text("h2", say(N_("Exhibits")), "grow")
            if allowed(session, name, "add"):
                add = ui.button(say(N_("Add an exhibit")), icon="upload_file")
                add.props("unelevated")._props["href"] = f"/case/{quote(name)}/add"
        if not state.exhibits:
            text("p", say(N_("Nothing yet: add a telephone's extraction, a CSV, an archive …")))
            return
        headers = (
            N_("Exhibit"),
            N_("Label"),
            N_("Read as"),
            N_("Added"),
            N_("Rows kept"),
            N_("Rejected"),
        )
        table(
            [say(h) for h in headers],
            [_exhibit(session, name, exhibit) for exhibit in state.exhibits],
            caption=say(N_("Exhibits")),
            right=4,
        )


def _exhibit(session: Session, name: str, exhibit: Exhibit):  # type: ignore[no-untyped-def]
    def note() -> None:
        in_dialog(session, name, On("exhibit", exhibit.exhibit_id), exhibit.label)

    def label() -> None:
        text("div", exhibit.label)
        text("div", f"{size(exhibit.size)} · SHA-256 {exhibit.sha256[:16]}…", "soft small")
        for line in shortcomings(exhibit):
            text("div", line, "small soft")
        if allowed(session, name, "note"):
            labelled(
                small(session, N_("Notes and tags"), note),
                say(N_("Notes and tags on {exhibit}"), exhibit=exhibit.exhibit_id),
            )

    def kept() -> None:
        for of, count in exhibit.tables.items():
            text("div", f"{number(count['rows'])} {say(ROWS_OF.get(of, of))}")
        if not exhibit.tables:
            text("div", "0")

    unread = N_("recognised, set aside") if exhibit.aside else N_("unknown format, kept as it is")
    return (
        exhibit.exhibit_id,
        label,
        exhibit.reader or say(unread),
        local(exhibit.added_at),
        kept,
        sum(c["rejected"] for c in exhibit.tables.values()),
    )


def shortcomings(exhibit: Exhibit) -> list[str]:
    """What of an exhibit could not be read as it should, in words."""
    said = [
        say(N_("{n} rows of {table} not covered by the mandate"), n=number(n), table=name)
        for name, count in exhibit.tables.items()
        if (n := count.get("not_covered", 0))
    ]
    if exhibit.unread:
        n = sum(exhibit.unread.values())
        said.append(say(N_("{n} unreadable values: {names}"), n=n, names=sorted(exhibit.unread)))
    if exhibit.unknown:
        n = sum(exhibit.unknown.values())
        said.append(
            say(N_("{n} values of unknown fields: {names}"), n=n, names=sorted(exhibit.unknown)[:8])
        )
    return said


def _mandate(name: str, work: Workspace) -> None:
    mandate = work.mandate
    with card(N_("Mandate")):
        offence = mandate.offence
        facts(
            [
                (N_("Reference"), mandate.reference),
                (N_("Regime"), mandate.regime),
                (N_("Authority"), mandate.authority),
                (
                    N_("In force"),
                    say(
                        N_("from {since} to {until}"),
                        since=f"{mandate.authorised_on:%d/%m/%Y}",
                        until=f"{mandate.expires_on:%d/%m/%Y}",
                    ),
                ),
                (N_("Offence"), offence.article if offence else ""),
                (N_("Covers"), ", ".join(sorted(mandate.data))),
                (N_("You are"), _agent(work)),
            ]
        )
        go = text("a", say(N_("What is allowed, what is not, and why")))
        go.props(f"href=/case/{quote(name)}/mandate")


def _agent(work: Workspace) -> str:
    agent = work.mandate.agent(work.agent)
    if agent is None:
        return work.agent
    roles = ", ".join(say(role) for role in sorted(agent.roles))
    return f"{agent.id} · {agent.name or agent.id} ({roles})"


def _due(work: Workspace, state: CaseStatus) -> None:
    with card(N_("What falls due")):
        rows = [(f"{d.on:%d/%m/%Y}", say(d.what, **d.facts)) for d in state.due]
        table([say(N_("Day")), say(N_("What"))], rows, caption=say(N_("What falls due")))


N_("investigator"), N_("analyst"), N_("lead"), N_("auditor"), N_("administrator")
N_("authority"), N_("defence"), N_("control-magistrate")

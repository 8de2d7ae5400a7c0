"""How the answers of the workspace look: tables for a person, values for a program."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich import progress as bars
from rich.console import Console
from rich.text import Text

from faisceau.case.adding import Added
from faisceau.case.examining import told_of
from faisceau.case.first_look import FirstLook
from faisceau.case.plugins import plugins
from faisceau.case.purging import Purged
from faisceau.case.running import RunReport
from faisceau.case.sealing import Sealed
from faisceau.case.searching import Answer
from faisceau.case.status import CaseStatus
from faisceau.case.values import chosen_tables
from faisceau.case.withdrawing import Withdrawn
from faisceau.case.workspace import Workspace
from faisceau.cli.base import in_place, note, one_line, out, print_table
from faisceau.evidence.exhibit import Exhibit
from faisceau.evidence.recognised import why_aside
from faisceau.findings.model import Finding
from faisceau.ledger.entry import Entry
from faisceau.ledger.verdict import Verdict
from faisceau.mandate.explain import Explanation
from faisceau.report.model import Excerpt, FindingCard
from faisceau.tables.schemas import TABLES
from faisceau.words import N_, Term, say

PARIS = ZoneInfo("Europe/Paris")
N_("new"), N_("confirmed"), N_("dismissed"), N_("unsure"), N_("exculpatory")
N_("superseded"), N_("withdrawn")


def local(at: datetime) -> str:
    """A moment in France, with the name of its zone: 01/07/2026 14:00 CEST."""
    return f"{at.astimezone(PARIS):%d/%m/%Y %H:%M %Z}"


@contextmanager
def progress() -> Iterator[Any]:
    """Shows what is being done, on a terminal; silent in a pipe. Yields ``told(what, rows)``."""
    shown = sys.stderr.isatty()
    columns = (
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}"),
        bars.TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with bars.Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=None)

        def told(what: str, rows: int) -> None:
            counted = say(N_("{what}: {rows} rows"), what=what, rows=f"{rows:,}".replace(",", " "))
            bar.update(task, description=counted if rows else what)

        yield told


# ---- status and add ----


def print_status(state: CaseStatus) -> None:
    """The state of a case for a person."""
    screen = out()
    screen.print(say(N_("Case {reference}"), reference=state.reference), style="bold")
    screen.print()
    headers = (N_("Exhibit"), N_("Label"), N_("Reader"), N_("Rows"), N_("Rejected"), "SHA-256")
    print_table(
        [say(h) for h in headers],
        [
            (
                e.exhibit_id,
                one_line(e.label),
                e.reader or say(_unread_because(e)),
                "  ".join(f"{t} {c['rows']}" for t, c in e.tables.items()) or "0",
                sum(c["rejected"] for c in e.tables.values()),
                e.sha256[:16] + "…",
            )
            for e in state.exhibits
        ],
    )
    for e in state.exhibits:
        _print_completeness(e)
        for table, count in e.tables.items():
            if count.get("not_covered"):
                note_out(
                    N_("{exhibit}: {n} rows of {table} not covered by the mandate"),
                    exhibit=e.exhibit_id,
                    n=count["not_covered"],
                    table=table,
                )
        for column, n in sorted(e.unread.items()):
            note_out(
                N_("{exhibit}: {n} unreadable values of {column}"),
                exhibit=e.exhibit_id,
                n=n,
                column=column,
            )
        for name, n in sorted(e.unknown.items()):
            note_out(
                N_("{exhibit}: field {name} unknown, {n} times"),
                exhibit=e.exhibit_id,
                name=name,
                n=n,
            )
    if state.findings:
        screen.print()
        print_table(
            [say(N_("Analysis")), say(N_("Findings"))],
            [
                (name, ", ".join(f"{n} {say(status)}" for status, n in counts.items()))
                for name, counts in state.findings.items()
            ],
        )
    print_sealed(state.sealed)
    if state.withheld:
        note_out(N_("{n} findings rest on sealed correspondence: withheld"), n=state.withheld)
    screen.print()
    for due in state.due:
        screen.print(f"{due.on:%d/%m/%Y}  {say(due.what, **due.facts)}")
    for warning in state.warnings:
        screen.print(say(N_("Warning: {warning}"), warning=warning), style="yellow")


def print_sealed(sealed: Sealed) -> None:
    """What is sealed, and so was left out of what is shown."""
    for line, facts in sealed.lines():
        note_out(line, **facts)


def _unread_because(exhibit: Exhibit) -> str:
    """Why no reader read it (a template)."""
    return N_("recognised, set aside") if exhibit.aside else N_("unknown format, kept as it is")


N_("read"), N_("recognised"), N_("known"), N_("media"), N_("rejected"), N_("waiting")


def _print_completeness(exhibit: Exhibit) -> None:
    """How much of an exhibit was looked at: its files, and the tables that no reader asked for."""
    if sum(exhibit.files.values()) > 1:
        states = ", ".join(f"{n} {say(state)}" for state, n in sorted(exhibit.files.items()))
        text = N_("{exhibit}: {n} files: {states}")
        note_out(text, exhibit=exhibit.exhibit_id, n=sum(exhibit.files.values()), states=states)
    for what, n in sorted(exhibit.aside.items()):
        text = N_("{exhibit}: {n} files recognised and set aside: {what} ({why})")
        why = Term(why_aside(what))
        note_out(text, exhibit=exhibit.exhibit_id, n=n, what=Term(what), why=why)
    if exhibit.strange and sum(exhibit.files.values()) > 1:
        text = N_("{exhibit}: files of unknown format, the largest: {names}")
        names = one_line(", ".join(exhibit.strange))
        note_out(text, exhibit=exhibit.exhibit_id, names=names)
    for name, rows in sorted(exhibit.unread_tables.items()):
        tables = ", ".join(f"{table} ({n})" for table, n in sorted(rows.items()))
        text = N_("{exhibit}: {name}: tables that no reader asked for: {tables}")
        note_out(text, exhibit=exhibit.exhibit_id, name=name, tables=one_line(tables))
    for text, facts in told_of(exhibit):
        out().print("  " + one_line(f"{exhibit.exhibit_id}: {say(text, **facts)}"))


def note_out(template: str, /, **facts: Any) -> None:
    """One indented line of detail."""
    out().print("  " + say(template, **facts))


def print_added(added: Added) -> None:
    """What became of one path, for a person."""
    if added.error is not None:
        click.echo(one_line(f"{added.path}: {added.error}"), err=True)
        if added.error.hint:
            click.echo(f"  → {one_line(added.error.hint)}", err=True)
        return
    exhibit = added.exhibit
    assert exhibit is not None
    if added.already:
        text = N_("{path} is already in the case as {exhibit}: nothing added")
        out().print(one_line(say(text, path=added.path, exhibit=exhibit.exhibit_id)))
        return
    counts = ", ".join(
        say(
            N_("{table}: {rows} rows, {rejected} rejected"),
            table=table,
            **{k: count[k] for k in ("rows", "rejected")},
        )
        for table, count in exhibit.tables.items()
    )
    reader = exhibit.reader or say(_unread_because(exhibit))
    out().print(f"{exhibit.exhibit_id}  {one_line(exhibit.label)}  [{reader}]  {counts}")
    for template, facts in added.notes:
        note_out(template, **facts)


def print_first_look(found: FirstLook) -> None:
    """What an exhibit shows first, for a person in a hurry."""
    facts = {"exhibit": found.exhibit_id, "contacts": found.contacts, "messages": found.messages}
    note_out(N_("{exhibit}, first look: {contacts} contacts, {messages} messages"), **facts)
    if found.since is not None:
        note_out(N_("its last days, since {since}:"), since=local(found.since))
        for talk in found.talks:
            text = N_("{name}: {n} messages, the last {at}")
            note_out(
                "  " + say(text, name=one_line(talk.name), n=talk.messages, at=local(talk.last))
            )
    if found.known is None:
        note_out(N_("identifiers were not compared: the mandate does not allow matching"))
        return
    note_out(N_("{n} identifiers already known in the case"), n=len(found.known))
    for one in found.known:
        note_out(f"  {one.kind} {one_line(one.value)}: {', '.join(one.exhibits)}")
    note_out(N_("The other files are read now"))


# ---- search ----


def print_answer(answer: Answer) -> None:
    """Messages found, the words that answer in bold."""
    screen = out()
    for hit in answer.hits:
        v = hit.values
        at = local(v["sent_at"]) if v.get("sent_at") else ""
        who = one_line(str(v.get("sender_name") or v.get("sender_id") or ""))
        where = one_line(str(v.get("thread_name") or v.get("thread_id") or ""))
        screen.print(Text(f"{v['exhibit_id']} · {at} · {who} · {where}", style="dim"))
        screen.print(_marked(str(v.get("text") or ""), hit.spans))
    shown = len(answer.hits)
    text = N_("{n} messages answer; {first} to {last} shown")
    if not answer.total:
        text = N_("No message answers")
    facts = {"n": answer.total, "first": answer.offset + 1, "last": answer.offset + shown}
    screen.print(say(text, **facts))
    print_sealed(answer.sealed)


def _marked(text: str, spans: Sequence[tuple[int, int]]) -> Text:
    """A text on one line, its spans in bold; what would steer a terminal is made visible."""
    line = Text("  " + in_place(text))
    for first, last in spans:
        line.stylize("bold reverse", first + 2, last + 2)
    return line


# ---- run and findings ----


def print_run(report: RunReport, case: Path) -> None:
    """What one run did, for a person."""
    for ran in report.ran:
        text = N_("{analysis}: {new} new findings, {kept} already there, {superseded} superseded")
        out().print(
            say(text, analysis=ran.analysis, new=ran.new, kept=ran.kept, superseded=ran.superseded)
        )
        for limit in ran.limits:
            note_out("{limit}", limit=say(limit))
    print_sealed(report.sealed)
    for left in report.not_run:
        text = N_("{analysis}: not run: {why}")
        click.echo(
            say(text, analysis=left.analysis, why=one_line(left.in_words())),
            err=left.error is not None,
        )
        if left.error is not None and left.error.hint:
            click.echo(f"  → {one_line(left.error.hint)}", err=True)
    if report.ran:
        note(N_("Next: faisceau findings {case}"), case=case)


def print_findings(found: Sequence[Finding], case: Path) -> None:
    """Findings as a table, strongest first."""
    if not found:
        note(N_("No findings. Next: faisceau run {case}"), case=case)
        return
    headers = (
        N_("Finding"),
        N_("Score"),
        N_("Status"),
        N_("About"),
        N_("Claim"),
        N_("Strongest reason"),
    )
    print_table(
        [say(h) for h in headers],
        [
            (
                f.finding_id[:8],
                f"{f.score:.2f}",
                say(str(f.status)),
                one_line(", ".join(s.label or s.value for s in f.subjects))[:40],
                one_line(f.title)[:48],
                one_line(max(f.reasons, key=lambda r: r.weight).in_words())[:72]
                if f.reasons
                else "",
            )
            for f in found
        ],
    )


def print_finding(card: FindingCard) -> None:
    """One finding as a person reads it: claim, reasons for, reasons against, messages."""
    finding, screen = card.finding, out()
    screen.print(one_line(finding.title), style="bold")
    facts = {
        "id": finding.finding_id,
        "score": f"{finding.score:.2f}",
        "status": say(str(finding.status)),
        "analysis": f"{finding.analysis} {finding.version}",
        "kind": str(finding.kind),
    }
    screen.print(say(N_("{id} · score {score} · {status} · {analysis} ({kind})"), **facts))
    for subject in finding.subjects:
        screen.print(f"{say(subject.type)}: {one_line(subject.label or subject.value)}")
    for heading, reasons in (
        (N_("Reasons"), [r for r in card.reasons if r.reason.weight >= 0]),
        (N_("What speaks against"), [r for r in card.reasons if r.reason.weight < 0]),
    ):
        if not reasons:
            continue
        screen.print()
        screen.print(say(heading), style="bold")
        for reason in reasons:
            screen.print(f"  {reason.reason.weight:+.1f}  {one_line(reason.reason.in_words())}")
            where = [f"{e.exhibit_id} {e.source}" for e in reason.evidence[:5]]
            more = reason.total - len(where)
            tail = say(N_(" and {n} more"), n=more) if more else ""
            screen.print("        " + one_line("; ".join(where)) + tail, style="dim")
    for excerpt in card.excerpts:
        screen.print()
        _print_excerpt(excerpt)
    for limit in finding.limits:
        screen.print(say(N_("Limit: {limit}"), limit=say(limit)), style="yellow")
    for review in card.reviews:
        text = N_("{verdict} by {agent} on {at}: {note}")
        screen.print(
            say(
                text,
                verdict=say(str(review.verdict)),
                agent=review.agent,
                at=review.at,
                note=one_line(review.note),
            )
        )


def _print_excerpt(excerpt: Excerpt) -> None:
    screen = out()
    title = excerpt.title if isinstance(excerpt.title, str) else excerpt.title.in_words()
    screen.print(one_line(title), style="bold")
    for line in excerpt.lines:
        if line.gap:
            screen.print(say(N_("    … {n} messages …"), n=line.gap), style="dim")
        at = local(line.sent_at) if line.sent_at else ""
        mark = ">" if line.hit else " "
        text = one_line(line.text) or f"[{line.note}]"
        screen.print(
            f"  {mark} {at}  {one_line(line.sender)}: {text}", style="bold" if line.hit else None
        )


# ---- rows, tables, analyses ----


def print_rows(rows: Iterator[dict[str, Any]], *, limited: bool) -> None:
    """Rows for a person: one block a row, empty columns left out."""
    shown = 0
    for row in rows:
        shown += 1
        out().print(
            f"{row['row_id']}  {row['exhibit_id']}  {one_line(str(row['source']))}", style="bold"
        )
        for name, value in islice(row.items(), 3, None):
            if value not in (None, []):
                out().print(f"    {name}: {one_line(_cell(value))}")
    if not shown:
        note(N_("No rows."))
    if limited and shown == 50:
        note(N_("The first 50 rows. All of them: --format jsonl"))


def _cell(value: Any) -> str:
    """A value in a row; a moment in France, its seconds and zone shown, is UTC in the table."""
    if isinstance(value, datetime):
        return f"{value.astimezone(PARIS):%d/%m/%Y %H:%M:%S %Z}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def print_tables(table: str | None) -> None:
    """All tables by name, or one with its columns."""
    if table is None:
        rows = [(s.name, one_line(s.meaning)) for s in TABLES.values()]
        print_table([say(N_("Table")), say(N_("One row is"))], rows)
        return
    [schema] = chosen_tables(table)
    out().print(f"{schema.name}: {schema.meaning}", style="bold")
    print_table(
        [say(N_("Column")), say(N_("Type")), say(N_("Meaning")), say(N_("Headers recognised"))],
        [(c.name, c.type, one_line(c.meaning), ", ".join(c.headers)) for c in schema],
    )


def print_analyses() -> None:
    """The analyses installed, for a person."""
    known = plugins()
    for a in known.analyses.values():
        tables = ", ".join(s.schema.name for s in a.reads)
        out().print(f"{a.name}  ({a.kind}, {tables})", style="bold")
        out().print("  " + one_line(say(a.method)))
        for name, field in a.params.model_fields.items():
            out().print(f"  --set {name}={field.default}: {one_line(field.description or '')}")
    for failed in known.failed:
        note(N_("Plug-in {name} failed: {why}"), name=failed.name, why=failed.why)


# ---- mandate, ledger ----


def print_explanations(desk: Workspace, explained: Iterable[Explanation]) -> None:
    """Every act as allowed or refused, for a person."""
    text = N_("Mandate {reference}, agent {agent}, on {day}")
    out().print(
        say(text, reference=desk.mandate.reference, agent=desk.agent, day=desk.today), style="bold"
    )
    for e in explained:
        mark = "✓" if e.allowed else "✗"
        out().print(f"{mark} {e.label}")
        if not e.allowed:
            for rule in e.rules:
                out().print(f"    {one_line(rule.text())}")
            for way in e.unlocked_by:
                out().print("    " + say(N_("Unlocked by: {way}"), way=one_line(way.text())))


def print_entries(entries: Iterable[Entry]) -> None:
    """Entries as lines."""
    print_table(
        [
            say(h)
            for h in (N_("No."), N_("When"), N_("Operation"), N_("Act"), N_("Agent"), N_("Outcome"))
        ],
        [
            (e.number, e.at[:19] + "Z", e.operation, e.act, e.agent, e.outcome or e.phase)
            for e in entries
        ],
    )


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """A verification as one JSON object."""
    return verdict.to_json()


def print_verdict(verdict: Verdict) -> None:
    """A verification for a person."""
    out().print(str(verdict), style="green" if verdict.ok else "red")
    for problem in verdict.problems:
        out().print(f"  {one_line(str(problem))}")
    for text in verdict.notes():
        out().print(f"  {one_line(text)}")


def print_withdrawn(gone: Withdrawn) -> None:
    """What a withdrawal took out."""
    text = N_("{exhibit} ({label}) is out of the case, by {decision}")
    out().print(say(text, exhibit=gone.exhibit_id, label=gone.label, decision=gone.decision))
    note_out(N_("Findings that rested on it: {n}"), n=len(gone.findings))
    for finding in gone.findings:
        out().print(f"    {finding}")
    note_out(N_("Reports that quoted them: {n}"), n=len(gone.reports))
    for report in gone.reports:
        out().print(f"    {report.at}  {report.recipient}  {report.sha256[:16]}…")


def print_purged(gone: Purged) -> None:
    """What a purge erased."""
    if not gone.erased:
        out().print(say(N_("Nothing is due.")))
    for item in gone.erased:
        text = N_("{n} erased: {rule}")
        out().print(say(text, n=item.n, rule=item.period.rule.text()))
    for label in gone.exhibits:
        out().print(
            say(N_("The files of {exhibit} were erased: every read in them was due"), exhibit=label)
        )

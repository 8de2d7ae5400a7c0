"""The commands, in the order of a case's life."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from faisceau.cli.base import (
    Command,
    Group,
    batched_rows,
    call,
    interactive,
    note,
    out,
    print_json,
    print_json_array,
    print_lines,
)
from faisceau.words import N_, say

CASE = click.argument("case", type=click.Path(path_type=Path))


faisceau = Group(
    "faisceau",
    help=N_(
        "From data a service lawfully holds to findings a magistrate can check line by line.\n\n"
        "A case is a folder: open one under a mandate (new), put exhibits in (add), run the "
        "analyses that the mandate allows (run), read and review what comes out (findings, show, "
        "review), write the report. Every step is in the ledger."
    ),
)
click.version_option(package_name="faisceau", message="faisceau %(version)s")(faisceau)


def command(
    name: str, text: str, parent: click.Group = faisceau
) -> Callable[[Callable[..., None]], click.Command]:
    """Declare a command with its help text (a template)."""
    return parent.command(name, cls=Command, help=text)


def group(name: str, text: str) -> Group:
    """Declare a group of commands."""
    made = Group(name, help=text)
    faisceau.add_command(made)
    return made


def workspace(case: Path) -> Any:
    """The workspace of the case, opened by the agent and for the reason given."""
    from faisceau.case.workspace import Workspace

    wanted = call()
    return Workspace.open(case, agent=wanted.agent, reason=wanted.reason, engine=wanted.engine)


# ---- a case begins ----


@command("new", N_("Open a case under a mandate. On a terminal, eight questions write it for you."))
@CASE
@click.option("--mandate", type=click.Path(path_type=Path), help=N_("The mandate, a TOML file."))
@click.option("--regime", help=N_("Ask the questions for this regime."), metavar="REGIME")
def new(case: Path, mandate: Path | None, regime: str | None) -> None:
    from faisceau.case.folder import check_free
    from faisceau.case.workspace import Workspace
    from faisceau.cli.asking import ask_for_mandate, read_file

    check_free(case)  # before any question is asked
    text = read_file(mandate) if mandate is not None else ask_for_mandate(regime)
    wanted = call()
    made = Workspace.create(
        case,
        text,
        origin=str(mandate or "mandate.toml"),
        agent=wanted.agent,
        reason=wanted.reason,
    )
    if wanted.as_json:
        print_json({"case": made.case.folder, "reference": made.mandate.reference})
        return
    note(
        N_("Case {case} is open under mandate {reference}"),
        case=case,
        reference=made.mandate.reference,
    )
    note(N_("Next: faisceau add {case} FILE"), case=case)


@command(
    "status", N_("What the case holds: exhibits, rows kept and rejected, findings, what is due.")
)
@CASE
def status(case: Path) -> None:
    from faisceau.case.values import status_json
    from faisceau.cli.views import print_status

    state = workspace(case).status()
    if call().as_json:
        print_json(status_json(state))
    else:
        print_status(state)


@command("add", N_("Add exhibits: files, folders or archives, each path one exhibit."))
@CASE
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--as", "as_table", metavar="TABLE", help=N_("Read as rows of this table."))
@click.option(
    "--map", "mapping", multiple=True, metavar="NATIVE=THEIRS", help=N_("A column of the file.")
)
@click.option(
    "--profile", metavar="NAME", help=N_("How the files are written (see faisceau profiles).")
)
@click.option("--label", help=N_("What to call the exhibit; by default the file's name."))
@click.option("--procedure", metavar="REF", help=N_("The procedure that the rows come from."))
@click.option(
    "--timezone",
    default="Europe/Paris",
    show_default=True,
    help=N_("Zone of times that state none."),
)
@click.option("--reader", metavar="NAME", help=N_("Read with this reader."))
@click.option(
    "--layout",
    type=click.Choice(["matrix"]),
    help=N_("matrix: each file is an adjacency matrix, a cell is a number of calls."),
)
@click.option(
    "--in-place",
    is_flag=True,
    help=N_("Leave the bytes where they are; verified before each read."),
)
@click.option("--again", is_flag=True, help=N_("Read anew an exhibit that is already there."))
@click.option(
    "--first",
    is_flag=True,
    help=N_("Show contacts, last days and known identifiers first; the rest is read after."),
)
@click.option(
    "--clock-offset",
    metavar="[-][H:]MM:SS",
    default="0",
    help=N_("By how much the clock of the device was ahead (minus: behind)."),
)
@click.option(
    "--key-file",
    "key_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help=N_("A file with the key or password handed over for an encrypted container."),
)
@click.option(
    "--ignore-hashes",
    multiple=True,
    metavar="CSV",
    type=click.Path(path_type=Path),
    help=N_("A list of hashes of known files, to leave aside."),
)
@click.option(
    "--flag-hashes",
    multiple=True,
    metavar="CSV",
    type=click.Path(path_type=Path),
    help=N_("A list of hashes of files to flag."),
)
def add(
    case: Path,
    paths: tuple[Path, ...],
    mapping: tuple[str, ...],
    clock_offset: str,
    **options: Any,
) -> None:
    from faisceau.case.values import added_json
    from faisceau.cli.asking import choose_reader, clock_offset_s, read_file
    from faisceau.cli.views import print_added, print_first_look, progress
    from faisceau.evidence.hash_lists import read_hash_list
    from faisceau.evidence.profiles import profile as known_profile

    columns = dict(map(pair, mapping))
    name = options.pop("profile")
    options["profile"] = known_profile(name) if name else None
    options["clock_offset_s"] = clock_offset_s(clock_offset)
    options["keys"] = [read_file(path) for path in options.pop("key_files")]
    options["hash_lists"] = [
        *(read_hash_list(path, "ignore") for path in options.pop("ignore_hashes")),
        *(read_hash_list(path, "flag") for path in options.pop("flag_hashes")),
    ]
    exit_code, results = 0, []
    desk = workspace(case)
    with progress() as told:
        for added in desk.add(
            paths,
            columns=columns,
            ask=choose_reader if interactive() else None,
            progress=told,
            **options,
        ):
            exit_code = max(exit_code, added.error.exit_code if added.error else 0)
            if call().as_json:
                results.append(added_json(added))
            else:
                print_added(added)
                if added.first and added.exhibit is not None:
                    print_first_look(desk.first_look(added.exhibit.exhibit_id))
    if call().as_json:
        print_json(results)
    if exit_code:
        raise click.exceptions.Exit(exit_code)


def pair(option: str) -> tuple[str, str]:
    """``NATIVE=THEIRS``, as ``--map`` takes it."""
    native, equals, theirs = option.partition("=")
    if not equals:
        raise click.UsageError(say(N_("--map wants NATIVE=THEIRS, not {given}"), given=option))
    return native.strip(), theirs.strip()


# ---- what it says ----


@command("run", N_("Run analyses: those named, else each that the mandate allows and has rows."))
@CASE
@click.argument("analyses", nargs=-1)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=N_("A parameter."))
def run(case: Path, analyses: tuple[str, ...], settings: tuple[str, ...]) -> None:
    from faisceau.case.plugins import plugins
    from faisceau.case.running import settings_for
    from faisceau.case.values import run_json
    from faisceau.cli.views import print_run, progress
    from faisceau.errors import UsageError

    known = plugins().analyses
    unknown = [name for name in analyses if name not in known]
    if unknown:
        raise UsageError(
            N_("There is no analysis {name}"),
            hint=N_("There are: {known}"),
            name=unknown,
            known=list(known),
        )
    with progress() as told:
        report = workspace(case).run(
            analyses, settings_for(analyses, known, settings), lambda name: told(name, 0)
        )
    if call().as_json:
        print_json(run_json(report))
    else:
        print_run(report, case)
    named = [n for n in report.not_run if n.analysis in analyses]
    codes = [n.error.exit_code for n in (named if analyses else report.not_run) if n.error]
    if analyses and codes:
        raise click.exceptions.Exit(max(codes))
    if (
        not analyses
        and report.refused
        and not report.ran
        and len(report.refused) == len(report.not_run)
    ):
        raise click.exceptions.Exit(3)
    if not analyses and any(c == 1 for c in codes):
        raise click.exceptions.Exit(1)


@command("rows", N_("Rows of an observation table, all columns."))
@CASE
@click.argument("table")
@click.option("--where", metavar="EXPR", help=N_("A condition, in SQL: kind = 'voice'"))
@click.option("--limit", type=click.IntRange(min=0), help=N_("This many at most."))
def rows(case: Path, table: str, where: str | None, limit: int | None) -> None:
    from faisceau.cli.views import print_rows

    shown = call().format
    default = 50 if shown == "text" else None
    found = batched_rows(
        workspace(case).rows(table, where, limit if limit is not None else default)
    )
    if shown == "json":
        print_json_array(found)
    elif shown == "jsonl":
        print_lines(found)
    else:
        print_rows(found, limited=limit is None)


@command("search", N_("Search the messages: words, phrases, fields, patterns."))
@CASE
@click.argument("question", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0)
@click.option("--newest", is_flag=True, help=N_("The newest first, not the best."))
def search(case: Path, question: tuple[str, ...], limit: int, offset: int, newest: bool) -> None:
    from faisceau.case.values import answer_json
    from faisceau.cli.views import print_answer, progress

    with progress() as told:
        answer = workspace(case).search(
            " ".join(question),
            limit=limit,
            offset=offset,
            newest_first=newest,
            progress=lambda rows: told(say(N_("indexing")), rows),
        )
    if call().as_json:
        print_json(answer_json(answer))
    else:
        print_answer(answer)


@command("findings", N_("Findings, strongest first."))
@CASE
@click.option("--analysis", metavar="NAME", help=N_("Of this analysis only."))
@click.option("--top", type=click.IntRange(min=1), help=N_("This many at most."))
def findings(case: Path, analysis: str | None, top: int | None) -> None:
    from faisceau.cli.views import print_findings

    desk = workspace(case)
    if call().format == "text":
        found = desk.findings(analysis, top if top is not None else 20)
        print_findings(found, case)
        return
    values = desk.findings_json(analysis, top)
    if call().format == "jsonl":
        print_lines(values)
    else:
        print_json_array(values)


@command("show", N_("One finding: the claim, each reason with its rows, messages in context."))
@CASE
@click.argument("finding")
def show(case: Path, finding: str) -> None:
    from faisceau.case.values import card_json
    from faisceau.cli.views import print_finding

    seen = workspace(case).show(finding)
    if call().as_json:
        print_json(card_json(seen))
    else:
        print_finding(seen)


@command("review", N_("Say what you think of a finding; it is recorded under your name."))
@CASE
@click.argument("finding")
@click.argument("verdict", type=click.Choice(["confirmed", "dismissed", "unsure", "exculpatory"]))
@click.option("--note", default="", help=N_("Why."))
def review(case: Path, finding: str, verdict: str, note: str) -> None:
    given = workspace(case).review(finding, verdict, note)
    value = {
        "finding_id": given.finding_id,
        "verdict": given.verdict,
        "agent": given.agent,
        "at": given.at,
    }
    if call().as_json:
        print_json(value)
    else:
        out().print(
            say(
                N_("{finding}: {verdict}, by {agent}"),
                finding=given.finding_id,
                verdict=say(str(given.verdict)),
                agent=given.agent,
            )
        )


@command("unmask", N_("Show the identities in the rows that concord in a finding; it is recorded."))
@CASE
@click.argument("finding")
def unmask(case: Path, finding: str) -> None:
    lifted, rows = workspace(case).unmask(finding)
    if call().as_json:
        print_json({"finding_id": lifted.finding_id, "rows": rows})
    else:
        text = N_("{finding}: the identities in {rows} rows show from now on")
        out().print(say(text, finding=lifted.finding_id, rows=rows))


@command("report", N_("Write the report: PDF or self-contained HTML."))
@CASE
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help=N_("report.pdf or report.html"),
)
@click.option("--top", type=click.IntRange(min=1), help=N_("This many findings at most."))
@click.option("--recipient", default="", help=N_("Who it is for; recorded."))
def report(case: Path, output: Path, top: int | None, recipient: str) -> None:
    from faisceau.cli.base import Call

    wanted: Call = call()
    written = workspace(case).report(output, lang=wanted.lang, top=top, recipient=recipient)
    if wanted.as_json:
        print_json(written)
    else:
        note(N_("Report written: {path}"), path=output)


# ---- erasing ----


@command("withdraw", N_("Take an annulled exhibit, and all that rests on it, out of the case."))
@CASE
@click.argument("exhibit")
@click.option(
    "--decision", required=True, metavar="REF", help=N_("The decision that annuls it; recorded.")
)
def withdraw(case: Path, exhibit: str, decision: str) -> None:
    from faisceau.cli.views import print_withdrawn

    gone = workspace(case).withdraw(exhibit, decision)
    if call().as_json:
        print_json(gone.as_json())
    else:
        print_withdrawn(gone)


@command("purge", N_("Erase what the law says is due."))
@CASE
def purge(case: Path) -> None:
    from faisceau.cli.views import print_purged

    gone = workspace(case).purge()
    if call().as_json:
        print_json(gone.as_json())
    else:
        print_purged(gone)

"""``faisceau mandate`` and ``faisceau ledger``: what is allowed, what was done, the proof of it."""

from pathlib import Path

import click

from faisceau.cli.base import (
    call,
    note,
    out,
    print_json,
    print_json_array,
    print_lines,
)
from faisceau.cli.commands import CASE, command, group, workspace
from faisceau.words import N_, say

mandate = group("mandate", N_("What the mandate allows: explain it, replace it, see a template."))


@command("explain", N_("Every act as allowed or refused, why, and what would unlock it."), mandate)
@CASE
def mandate_explain(case: Path) -> None:
    from faisceau.case.values import explain_json
    from faisceau.cli.views import print_explanations

    desk = workspace(case)
    explained = desk.explain()
    if call().as_json:
        print_json(explain_json(desk, explained))
    else:
        print_explanations(desk, explained)


@command("replace", N_("Put another mandate in force; recorded."), mandate)
@CASE
@click.argument("file", type=click.Path(path_type=Path))
def mandate_replace(case: Path, file: Path) -> None:
    from faisceau.cli.asking import read_file

    workspace(case).replace_mandate(read_file(file), str(file))
    if call().as_json:
        print_json({"case": case, "mandate": file})
    else:
        note(N_("The mandate of {case} is now {file}"), case=case, file=file)


@command("template", N_("Print a commented template mandate for a regime."), mandate)
@click.argument("regime")
def mandate_template(regime: str) -> None:
    from faisceau.cli.asking import template

    click.echo(template(regime), nl=False)


# ---- proof ----

ledger = group("ledger", N_("What was done with the case, and the proof of it."))


@command(
    "verify", N_("Check every entry, seal, table and exhibit; needs no key and no network."), ledger
)
@CASE
@click.option("--log-only", is_flag=True, help=N_("The log alone, not tables and exhibits."))
def ledger_verify(case: Path, log_only: bool) -> None:
    from faisceau.case.proving import verify
    from faisceau.cli.views import print_verdict, verdict_json

    verdict = verify(case, log_only=log_only)
    if call().as_json:
        print_json(verdict_json(verdict))
    else:
        print_verdict(verdict)
    if not verdict.ok:
        raise click.exceptions.Exit(1)


@command("show", N_("The entries of the ledger, oldest first."), ledger)
@CASE
@click.option("--last", type=click.IntRange(min=1), help=N_("The last ones only."))
def ledger_show(case: Path, last: int | None) -> None:
    from faisceau.case.values import entry_json
    from faisceau.cli.views import print_entries

    entries = workspace(case).ledger_entries(last)
    if call().format == "json":
        print_json_array(entry_json(e) for e in entries)
    elif call().format == "jsonl":
        print_lines(entry_json(e) for e in entries)
    else:
        print_entries(entries)


@command(
    "prove",
    N_("Export a proof that an entry stands in the ledger, for a court or the CNIL."),
    ledger,
)
@CASE
@click.option(
    "--entry", type=click.IntRange(min=0), help=N_("The entry to prove; by default the last.")
)
@click.option(
    "--since", type=click.IntRange(min=0), help=N_("Prove that nothing changed since that size.")
)
def ledger_prove(case: Path, entry: int | None, since: int | None) -> None:
    print_json(workspace(case).prove(entry, since))


@command("check", N_("Check a proof that was exported; needs no case."), ledger)
@click.argument("proof", type=click.Path(path_type=Path))
def ledger_check(proof: Path) -> None:
    from faisceau.case.proving import check
    from faisceau.cli.asking import read_file

    proven = check(read_file(proof), str(proof))
    facts = {
        "size": proven.checkpoint.size,
        "root": proven.checkpoint.root,
        "fingerprint": proven.fingerprint,
    }
    if call().as_json:
        print_json(facts)
    else:
        out().print(
            say(N_("The proof holds for {size} entries, root {root}, keys {fingerprint}"), **facts)
        )

"""The commands about the tool itself: its demonstration, what it reads, what it finds."""

from pathlib import Path

import click

from faisceau.cli.base import (
    call,
    interactive,
    one_line,
    print_json,
    print_table,
)
from faisceau.cli.commands import command
from faisceau.words import N_, say


@command("demo", N_("Build a fictional case, run the whole job on it, and show what comes out."))
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help=N_("The folder to make; an earlier demo there is replaced."),
)
@click.option("--no-serve", is_flag=True, help=N_("Do not open the workspace at the end."))
def demo(into: Path, no_serve: bool) -> None:
    from faisceau.cli.demonstration import demonstrate
    from faisceau.cli.serving import installed, open_workspace

    demonstrate(into)
    if interactive() and installed() and not no_serve and not call().as_json:
        open_workspace(into / "case", port=0)


@command("analyses", N_("The analyses installed: kind, tables, parameters."))
def analyses() -> None:
    from faisceau.case.values import analyses_json
    from faisceau.cli.views import print_analyses

    if call().as_json:
        print_json(analyses_json())
    else:
        print_analyses()


@command("readers", N_("The formats that can be read."))
def readers() -> None:
    from faisceau.case.plugins import plugins

    found = [
        {
            "reader": n,
            "fills": [s.name for s in r.FILLS],
            "reads": one_line((r.__doc__ or "").split("\n\n")[0]),
        }
        for n, r in plugins().readers.items()
    ]
    if call().as_json:
        print_json(found)
    else:
        print_table(
            [say(N_("Reader")), say(N_("Fills")), say(N_("Reads"))],
            [[r["reader"], ", ".join(r["fills"]), r["reads"]] for r in found],
        )


@command("tables", N_("The observation tables and their columns."))
@click.argument("table", required=False)
def tables(table: str | None) -> None:
    from faisceau.case.values import tables_json
    from faisceau.cli.views import print_tables

    if call().as_json:
        print_json(tables_json(table))
    else:
        print_tables(table)

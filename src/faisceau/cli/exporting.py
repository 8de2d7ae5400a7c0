"""``faisceau export``: findings and the rows they rest on, for other programs to read."""

from pathlib import Path

import click

from faisceau.cli.base import call, note, print_json
from faisceau.cli.commands import CASE, command, workspace
from faisceau.words import N_

TO = ("case", "ftm", "graphml", "csv")
"""The formats of ``report.exports``, which is only loaded when one is written."""


@command("export", N_("Export findings and their rows, for programs that draw links."))
@CASE
@click.option(
    "--to",
    required=True,
    type=click.Choice(TO),
    help=N_("case: CASE/UCO; ftm: FollowTheMoney; graphml: one graph; csv: link-chart tables."),
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help=N_("The file; for csv an archive .zip, or a new folder."),
)
@click.option("--recipient", default="", help=N_("Who it is for; recorded."))
def export(case: Path, to: str, output: Path, recipient: str) -> None:
    wanted = call()
    written = workspace(case).export(output, to, lang=wanted.lang, recipient=recipient)
    if wanted.as_json:
        print_json(
            {
                "path": written.path,
                "format": written.format,
                "sha256": written.sha256,
                "findings": written.findings,
                "rows": written.rows,
                "held_back": written.held_back,
            }
        )
        return
    note(
        N_("Export written: {path} ({findings} findings, {rows} rows)"),
        path=output,
        findings=written.findings,
        rows=written.rows,
    )
    if written.held_back:
        note(
            N_("{n} findings of a model were held back: no person has confirmed them"),
            n=written.held_back,
        )

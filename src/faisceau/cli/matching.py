"""``faisceau match``: what two cases both hold, under an interconnection protocol of both."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from faisceau.cli.base import call, note, out, print_json, print_table
from faisceau.cli.commands import CASE, command, workspace
from faisceau.words import N_, say

if TYPE_CHECKING:
    from faisceau.case.matching import Matched


@command("match", N_("Compare with another case, or with the tokens that it sent."))
@CASE
@click.argument("other", required=False, type=click.Path(path_type=Path), metavar="[CASE|TOKENS]")
@click.option(
    "--with",
    "reference",
    metavar="REFERENCE",
    help=N_("Begin with a case that is elsewhere: its reference, as the protocol names it."),
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help=N_("The file of tokens to send.")
)
def match(case: Path, other: Path | None, reference: str | None, output: Path | None) -> None:
    if (other is None) == (reference is None):
        raise click.UsageError(say(N_("Name a case or a file of tokens, or else --with")))
    desk = workspace(case)
    if reference is not None:
        if output is None:
            raise click.UsageError(say(N_("--with wants -o: the file of tokens to send")))
        told = [desk.match_offer(reference, output)]
    elif other is not None and other.is_dir():
        told = list(desk.match(workspace(other)))
    else:
        told = [desk.match_reply(other, output)]
    if call().as_json:
        print_json([one.as_json() for one in told] if len(told) > 1 else told[0].as_json())
        return
    for one in told:
        _print(one)
    if output is not None and told[0].step:
        note(N_("Tokens written: {path}, for {other}"), path=output, other=told[0].other)


def _print(matched: "Matched") -> None:
    if matched.step in ("offer", "answer"):
        note(
            N_("{n} identifiers take part; what is shared is known once {other} has answered"),
            n=matched.compared,
            other=matched.other,
        )
        return
    out().print(
        say(
            N_("Of {compared} identifiers, {other} holds {n} too"),
            compared=matched.compared,
            other=matched.other,
            n=len(matched.shared),
        )
    )
    if matched.shared:
        print_table(
            [say(N_("Kind")), say(N_("Identifier")), say(N_("Rows")), say(N_("Exhibits"))],
            [
                [held.kind, held.shown, str(held.rows), ", ".join(held.as_json()["exhibits"])]
                for held in matched.shared
            ],
        )

"""``faisceau seal``: what is sealed, and the lifting of one seal by the authority."""

from pathlib import Path

import click

from faisceau.cli.base import call, note, print_json, print_table
from faisceau.cli.commands import CASE, command, group, workspace
from faisceau.words import N_, say

seal = group(
    "seal",
    N_(
        "Correspondence with protected persons: sealed when added, lifted by the authority.\n\n"
        "The mandate's [[protected]] names a lawyer, a journalist, a doctor, a magistrate, a "
        "member of Parliament by their numbers and addresses. Their conversations and calls are "
        "neither shown, searched, counted nor exported until their seal is lifted."
    ),
)


@command("list", N_("What is sealed: where, with whom, how much; never what it holds."), seal)
@CASE
def seals(case: Path) -> None:
    found = workspace(case).seals()
    if call().as_json:
        print_json([one.as_json() for one in found])
        return
    if not found:
        note(N_("Nothing is sealed"))
        return
    headers = (
        N_("Seal"),
        N_("Exhibit"),
        N_("Thread"),
        N_("Quality"),
        N_("Rows"),
        N_("State"),
    )
    lifted = N_("lifted by {by} under {act}")
    print_table(
        [say(h) for h in headers],
        [
            (
                one.seal_id,
                one.exhibit_id,
                one.thread,
                ", ".join(say(quality) for quality in one.quality.split(", ")),
                one.rows,
                say(N_("in force"))
                if one.in_force
                else say(lifted, by=one.lifted_by, act=one.lifted_under),
            )
            for one in found
        ],
    )


@command(
    "lift",
    N_("Lift one seal, by its id or its thread, under an act of the authority; who lifts is kept."),
    seal,
)
@CASE
@click.argument("thread")
@click.option("--act", required=True, metavar="REF", help=N_("The act that lifts it."))
def lift(case: Path, thread: str, act: str) -> None:
    lifted = workspace(case).lift_seal(thread, act)
    if call().as_json:
        print_json(lifted.as_json())
    else:
        note(
            N_("Seal {seal} on {thread} is lifted: {n} rows of {exhibit} can be read"),
            seal=lifted.seal_id,
            thread=lifted.thread,
            n=lifted.rows,
            exhibit=lifted.exhibit_id,
        )

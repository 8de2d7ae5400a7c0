"""The command line, thin: each command asks the workspace and prints what it answers."""

import io
import os
import sys

import click

from faisceau.cli.base import Call, fail, language_of
from faisceau.errors import FaisceauError
from faisceau.words import N_, say, speaking

LIFE = (
    *("new", "status", "add", "run", "rows", "search", "findings", "show", "review", "unmask"),
    *("report", "mandate", "ledger", "withdraw", "purge", "demo", "analyses", "readers", "tables"),
)
"""The commands of a case's life, in its order."""


def main() -> None:
    """Run the command line and exit: 0, 1 (error), 2 (usage), 3 (refused by the mandate)."""
    sys.exit(run(sys.argv[1:]))


def program() -> click.Group:
    """Every command, in one order; imported when asked for, as it costs a second.

    Those of ``LIFE``, then the others by name.
    """
    from faisceau.cli import (  # noqa: F401 - they register commands
        commands,
        exporting,
        law,
        lexicon,
        matching,
        profiles,
        sealing,
        serving,
        tool,
        watching,
    )

    group = commands.faisceau
    others = sorted(group.commands.keys() - {*LIFE})
    group.commands = {name: group.commands[name] for name in (*LIFE, *others)}
    return group


def run(arguments: list[str]) -> int:
    """Run one command line; returns its exit code."""
    faisceau = program()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a file name or a terminal may know no such letter
            stream.reconfigure(errors="backslashreplace")
    call = Call(lang=language_of(arguments))
    with speaking(call.lang):
        try:
            # Outside its standalone mode, click returns the code of an Exit, and raises the rest.
            code = faisceau.main(arguments, prog_name="faisceau", standalone_mode=False, obj=call)
        except FaisceauError as error:
            return fail(error, call)
        except click.UsageError as error:
            click.echo(error.format_message(), err=True)
            if error.ctx is not None:
                click.echo(f"  → {error.ctx.command_path} --help", err=True)
            return 2
        except (click.Abort, KeyboardInterrupt):
            click.echo(say(N_("Interrupted. The case is as it was before.")), err=True)
            return 130
        except BrokenPipeError:
            # The reader of our pipe has seen enough: that is not an error.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
    return code if isinstance(code, int) else 0

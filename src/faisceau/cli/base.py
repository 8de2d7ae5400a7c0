"""What every command shares: global options anywhere on the line, languages, output, errors."""

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from faisceau.case.jsonable import jsonable
from faisceau.errors import FaisceauError
from faisceau.words import LANGUAGES, N_, say

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that reverse the order of what is read."""
FORMATS = ("text", "json", "jsonl")


@dataclass
class Call:
    """What the global options say, wherever they stood on the line."""

    lang: str = "en"
    agent: str | None = None
    reason: str | None = None
    engine: str = "duckdb"
    format: str = "text"

    @property
    def as_json(self) -> bool:
        """One JSON value to standard output and nothing else."""
        return self.format == "json"


def language_of(arguments: Sequence[str]) -> str:
    """The language asked for: ``--lang``, else FAISCEAU_LANG, else the machine's own."""
    for n, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return _known(argument.partition("=")[2])
        if argument == "--lang" and n + 1 < len(arguments):
            return _known(arguments[n + 1])
    names = ("FAISCEAU_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    stated = next((v for v in map(os.environ.get, names) if v), "en")
    return _known(stated[:2].casefold())


def _known(lang: str) -> str:
    return lang if lang in LANGUAGES else "en"


def call() -> Call:
    """The global options of the command that runs."""
    found = click.get_current_context().find_root().obj
    assert isinstance(found, Call)
    return found


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None:
        root = ctx.find_root()
        root.obj = root.obj or Call()
        setattr(root.obj, str(param.name), value)


def global_options() -> list[click.Option]:
    """The options accepted before or after any command."""

    def option(name: str, text: str, **more: Any) -> click.Option:
        return click.Option(
            [f"--{name}"], help=text, expose_value=False, callback=_keep, is_eager=True, **more
        )

    return [
        option("lang", N_("Language of what is printed."), type=click.Choice(LANGUAGES)),
        option("agent", N_("Who you are: an agent of the mandate."), envvar="FAISCEAU_AGENT"),
        option("reason", N_("Why; recorded in the ledger."), envvar="FAISCEAU_REASON"),
        option("engine", N_("duckdb, or sc://host:port (Spark Connect)."), metavar="ENGINE"),
        option("format", N_("What is printed."), type=click.Choice(FORMATS)),
    ]


class _Translated:
    """Help texts in the reader's language."""

    help: str | None

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        text = say(self.help or "")
        if text:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(text)

    def get_short_help_str(self, limit: int = 45) -> str:
        first = say(self.help or "").strip().split("\n\n")[0].replace("\n", " ")
        return first if len(first) <= limit else first[: limit - 1].rstrip() + "…"

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        shared = {option.name for option in global_options()}
        for param in self.get_params(ctx):  # type: ignore[attr-defined]
            record = param.get_help_record(ctx)
            if record is not None and record[1]:
                translated = (record[0], _translated(param, record[1]))
                (everywhere if param.name in shared else own).append(translated)
        for title, records in ((N_("Options"), own), (N_("Everywhere"), everywhere)):
            if records:
                with formatter.section(say(title)):
                    formatter.write_dl(records)


def _translated(param: click.Parameter, record: str) -> str:
    text = getattr(param, "help", None)
    return record.replace(text, say(text)) if text else record


class Command(_Translated, click.Command):
    """A command with the global options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += global_options()


class Group(_Translated, click.Group):
    """A group with the global options; its commands have them too."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += global_options()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _Translated.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        commands = [(n, self.commands[n]) for n in self.list_commands(ctx)]
        width = formatter.width - 6 - max(len(name) for name, _ in commands)
        with formatter.section(say(N_("Commands"))):
            formatter.write_dl([(n, c.get_short_help_str(width)) for n, c in commands])

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of a case's life, not of the alphabet


# ---- output ----


def out() -> Console:
    """Standard output: in a pipe, as wide as its lines and without colours."""
    width = None if sys.stdout.isatty() else 200
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, soft_wrap=True)


def note(template: str, /, **facts: Any) -> None:
    """A line for the person at the keyboard, on standard error; never in the way of a pipe."""
    click.echo(say(template, **facts), err=True)


def print_json(value: Any) -> None:
    """One JSON value, times in ISO 8601 with Z."""
    click.echo(json.dumps(value, ensure_ascii=False, default=jsonable, indent=2))


def print_lines(rows: Iterable[Any]) -> None:
    """JSON Lines."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False, default=jsonable))


def print_json_array(rows: Iterable[Any]) -> None:
    """One JSON array, streamed."""
    click.echo("[", nl=False)
    for n, row in enumerate(rows):
        click.echo(",\n" if n else "\n", nl=False)
        click.echo(json.dumps(row, ensure_ascii=False, default=jsonable), nl=False)
    click.echo("\n]")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for a person."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    out().print(table)


def fail(error: FaisceauError, call: Call) -> int:
    """Tell an error: one line, its hint on the next; JSON when that was asked for."""
    if call.as_json:
        content = {"error": type(error).__name__, "message": str(error), "hint": error.hint}
        click.echo(json.dumps(content, ensure_ascii=False, default=str), err=True)
    else:
        click.echo(one_line(str(error)), err=True)
        if error.hint:
            click.echo(f"  → {one_line(error.hint)}", err=True)
    return error.exit_code


def one_line(text: str) -> str:
    """A message on one line, whatever a file name or a value holds: nothing steers a terminal."""
    return _STEERING.sub(lambda m: f"\\u{ord(m[0]):04x}", " ".join(text.split()))


def in_place(text: str) -> str:
    """Like ``one_line``, character for character: places in the text stay what they are."""
    return _STEERING.sub("\ufffd", re.sub(r"\s", " ", text))


def interactive() -> bool:
    """True when a person can be asked: a terminal, and not in continuous integration."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def batched_rows(batches: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Rows of Arrow batches as dictionaries."""
    for batch in batches:
        yield from batch.to_pylist()

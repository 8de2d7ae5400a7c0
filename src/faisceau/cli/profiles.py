"""``faisceau profiles``: how kinds of files are written, listed, shown and saved for reuse."""

from typing import Any

import click

from faisceau.cli.base import Group, call, note, out, print_json, print_table
from faisceau.cli.commands import command, faisceau
from faisceau.words import N_, say

profiles = Group(
    "profiles",
    help=N_(
        "How kinds of files are written: list them, show one, save your own.\n\n"
        "A file whose headers are all those of a profile is read by it; add --profile NAME names "
        "one. Yours are TOML files in the folder profiles of FAISCEAU_HOME."
    ),
    invoke_without_command=True,
)
faisceau.add_command(profiles)


@profiles.result_callback()
def _done(*_: Any, **__: Any) -> None:
    """A command of the group has printed; without one, the list is printed."""
    if click.get_current_context().invoked_subcommand is None:
        _print_list()


def _print_list() -> None:
    from faisceau.evidence.profiles import profiles as known

    found = [
        {
            "profile": p.name,
            "table": p.table,
            "title": p.title,
            "shipped": p.shipped,
            "headers": {column: list(theirs) for column, theirs in p.columns.items()},
        }
        for p in known().values()
    ]
    if call().as_json:
        print_json(found)
        return
    print_table(
        [say(N_("Profile")), say(N_("Table")), say(N_("What it reads")), say(N_("From"))],
        [[p["profile"], p["table"], p["title"], say(_ORIGIN[bool(p["shipped"])])] for p in found],
    )


_ORIGIN = {True: N_("Faisceau"), False: N_("you")}


@command("show", N_("One profile, as its file is written."), profiles)
@click.argument("name")
def show(name: str) -> None:
    from faisceau.evidence.profiles import as_toml, profile

    found = profile(name)
    if call().as_json:
        print_json(as_json(found))
    else:
        out().print(as_toml(found).rstrip())


def as_json(found: Any) -> dict[str, Any]:
    """A profile as one JSON object, in the keys of its file."""
    import tomllib

    from faisceau.evidence.profiles import as_toml

    return tomllib.loads(as_toml(found))


@command("save", N_("Save how a kind of file is written, under a name of your own."), profiles)
@click.argument("name")
@click.option(
    "--as", "as_table", metavar="TABLE", required=True, help=N_("The table its rows are of.")
)
@click.option(
    "--map",
    "mapping",
    multiple=True,
    required=True,
    metavar="NATIVE=THEIRS",
    help=N_("A column of the file; of several for one column, any."),
)
@click.option(
    "--optional",
    multiple=True,
    metavar="NATIVE=THEIRS",
    help=N_("A column that some of the files have."),
)
@click.option(
    "--value", "fixed", multiple=True, metavar="NATIVE=VALUE", help=N_("What no column says.")
)
@click.option("--title", default="", help=N_("What it reads, in words."))
@click.option("--separator", help=N_("The character between two cells of a CSV file."))
@click.option("--skip", type=click.IntRange(min=0), default=0, help=N_("Lines before the header."))
@click.option("--timezone", help=N_("Zone of times that state none."))
@click.option(
    "--dates", metavar="FORM", help=N_("day-first, month-first, or a form: %d.%m.%Y %H:%M")
)
@click.option("--over", is_flag=True, help=N_("In the place of the one that has this name."))
def save(
    name: str,
    as_table: str,
    mapping: tuple[str, ...],
    optional: tuple[str, ...],
    fixed: tuple[str, ...],
    **more: Any,
) -> None:
    from faisceau.errors import BadInput, UsageError
    from faisceau.evidence.profiles import Profile, save_profile
    from faisceau.tables.schemas import TABLES

    if as_table not in TABLES:
        raise UsageError(
            N_("There is no table {table}"),
            hint=N_("There are: {known}"),
            table=as_table,
            known=list(TABLES),
        )
    over = bool(more.pop("over"))
    profile = Profile(
        name=name,
        table=as_table,
        columns=_headers("--map", mapping),
        optional=_headers("--optional", optional),
        fixed=dict(_pair("--value", given) for given in fixed),
        **more,
    )
    try:
        path = save_profile(profile, over=over)
    except BadInput as error:  # what was typed, not a file
        raise UsageError(error.message, hint=error.hint_template, **error.facts) from error
    if call().as_json:
        print_json({"profile": name, "path": path})
    else:
        note(N_("Profile {name} saved: {path}"), name=name, path=path)


def _headers(option: str, given: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    headers: dict[str, tuple[str, ...]] = {}
    for native, theirs in (_pair(option, one) for one in given):
        headers[native] = (*headers.get(native, ()), theirs)
    return headers


def _pair(option: str, given: str) -> tuple[str, str]:
    native, equals, theirs = given.partition("=")
    if not equals or not theirs.strip():
        message = N_("{option} wants NATIVE=THEIRS, not {given}")
        raise click.UsageError(say(message, option=option, given=given))
    return native.strip(), theirs.strip()

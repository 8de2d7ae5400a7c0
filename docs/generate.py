"""Writes docs/reference from the code: commands, tables, formats, analyses, rules.

``make docs`` runs it; a test compares what it writes with what is committed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from faisceau import cli
from faisceau.case.plugins import plugins
from faisceau.cli.base import Call
from faisceau.mandate.policy_files import default_policies
from faisceau.tables.schemas import MENTION, REJECT, TABLES

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by `make docs` from the code. -->\n\n"


def pages() -> dict[str, str]:
    """Every page by file name."""
    return {
        "commands.md": commands(),
        "tables.md": tables(),
        "readers.md": readers(),
        "analyses.md": analyses(),
        "rules.md": rules(),
    }


def commands() -> str:
    """The help of every command, as it is printed."""
    parts = ["# Commands\n"]
    for path, command in _walk(cli.program(), ("faisceau",)):
        context = click.Context(command, info_name=" ".join(path), obj=Call())
        context.terminal_width = 96
        parts.append(f"## {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n")
    return NOTE + "\n".join(parts)


def _walk(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _walk(inner, (*path, name))


def tables() -> str:
    """Every observation table with the meaning of its columns."""
    parts = ["# Observation tables\n"]
    for schema in (*TABLES.values(), MENTION, REJECT):
        parts.append(f"## {schema.name}\n\n{schema.meaning}\n")
        if schema.anchors or schema.anchors_any:
            joined = " and ".join(schema.anchors) or " or ".join(schema.anchors_any)
            parts.append(f"A row without {joined} is rejected.\n")
        rows = [
            (
                f"`{c.name}`",
                str(c.type),
                c.meaning + (f" One of: {', '.join(c.values)}." if c.values else ""),
                ", ".join(c.headers),
            )
            for c in schema
        ]
        parts.append(_table(("column", "type", "meaning", "headers recognised"), rows))
    return NOTE + "\n".join(parts)


def readers() -> str:
    """Every format that is read."""
    parts = ["# Readers\n"]
    for name, reader in plugins().readers.items():
        fills = ", ".join(f"`{schema.name}`" for schema in reader.FILLS)
        parts.append(f"## {name}\n\n{(reader.__doc__ or '').strip()}\n\nFills {fills}.\n")
    return NOTE + "\n".join(parts)


def analyses() -> str:
    """Every analysis: kind, tables, method, parameters."""
    parts = ["# Analyses\n"]
    for a in plugins().analyses.values():
        reads = "; ".join(f"`{s.schema.name}` ({', '.join(s.names)})" for s in a.reads)
        parts.append(f"## {a.name}\n\nKind `{a.kind}`, version {a.version}. Reads {reads}.\n")
        parts.append(f"{a.method}\n")
        defaults = a.params().model_dump(mode="json")
        rows = [
            (f"`{name}`", str(defaults[name]), field.description or "")
            for name, field in a.params.model_fields.items()
        ]
        parts.append(_table(("parameter", "default", "meaning"), rows))
    return NOTE + "\n".join(parts)


def rules() -> str:
    """Every rule of the default policy set, with its source."""
    rows = [
        (f"`{policy.id}`", policy.source, policy.message, str(policy.verified_on))
        for policy in sorted(default_policies(), key=lambda policy: policy.id)
    ]
    head = "# Rules\n\nThe default policy set. What no rule permits is refused.\n"
    return NOTE + head + "\n" + _table(("rule", "source", "what it says", "verified on"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in row) + " |" for row in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

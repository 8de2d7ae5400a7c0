"""Which column of which table a header means: native names, wishes, and headers met in France.

Accents, case, spaces and punctuation do not matter: ``N° appelant`` is ``n_appelant``.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from faisceau.errors import BadInput, UsageError
from faisceau.evidence.reading import Wishes
from faisceau.tables.schemas import TABLES, Schema
from faisceau.tables.schemas.schema import DESK_COLUMNS, TIME
from faisceau.words import N_

_HOURS = (
    "heure",
    "heuredebut",
    "heuredappel",
    "heureappel",
    "heureenvoi",
    "heuredelecture",
    "hour",
)
"""Headers of a clock time whose day stands in another column."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the headers of one file mean: each is taken, left on purpose, or unknown.

    ``columns`` gives the file's header by native column; ``hours`` the header that holds the
    clock time where a time column holds the day alone.
    """

    schema: Schema
    columns: Mapping[str, str]
    hours: Mapping[str, str]
    left: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def wanted(self) -> list[str]:
        """The headers whose cells are needed, in the order of the table."""
        return list(dict.fromkeys([*self.columns.values(), *self.hours.values()]))


def folded(header: str) -> str:
    """The header without accents, case, spaces and punctuation."""
    plain = unicodedata.normalize("NFKD", header.replace("º", "°")).casefold()
    return "".join(c for c in plain if c.isalnum())


def check_wishes(wishes: Wishes) -> None:
    """Raise ``UsageError`` where ``--as`` or ``--map`` name what does not exist."""
    if wishes.as_table is not None and wishes.as_table not in TABLES:
        raise UsageError(
            N_("There is no table {table}"),
            hint=N_("There are: {near}"),
            table=wishes.as_table,
            near=_near(wishes.as_table, TABLES),
        )
    schemas = [TABLES[wishes.as_table]] if wishes.as_table else list(TABLES.values())
    known = {name: None for schema in schemas for name in schema.fillable}
    for name in wishes.columns:
        if name not in known:
            message = N_("--map: {table} has no column {column}")
            raise UsageError(
                message if wishes.as_table else N_("--map: no table has a column {column}"),
                hint=N_("There are: {near}"),
                table=wishes.as_table,
                column=name,
                near=_near(name, known),
            )


def layout_of(schema: Schema, headers: Sequence[str], wishes: Wishes) -> Layout:
    """What ``headers`` mean as columns of ``schema``.

    Wishes come first, then native names, then the headers of the schema; of two headers that
    mean the same column the other is unknown. A wish for a header that is not there is void.
    """
    free = dict.fromkeys(headers)
    columns: dict[str, str] = {}

    def claim(column: str, header: str | None) -> None:
        if header is not None and header in free and column not in columns:
            columns[column] = header
            del free[header]

    for column, theirs in wishes.columns.items():
        if column in schema.fillable:
            claim(column, _find(theirs, free))
    for column in schema.fillable:
        claim(column, column)
    left = [column.name for column in DESK_COLUMNS if column.name in free]
    for header in left:
        del free[header]
    by_fold: dict[str, str] = {}
    for header in free:
        by_fold.setdefault(folded(header), header)
    for known, column in _known(schema).items():
        claim(column, by_fold.get(known))
    hours = {}
    day = next((c for c in columns if schema.columns[c].type == TIME), None)
    clock = next((by_fold[h] for h in _HOURS if by_fold.get(h) in free), None)
    if day is not None and clock is not None:
        hours[day] = clock
        del free[clock]
    return Layout(schema, columns, hours, tuple(left), tuple(free))


def chosen_layout(headers: Sequence[str], wishes: Wishes, name: str) -> Layout:
    """The layout of the file ``name``, by ``--as`` or else by its own headers.

    Raises ``UsageError`` where a wish cannot be met and ``BadInput`` where the headers lack what
    the table cannot do without.
    """
    check_wishes(wishes)
    for theirs in wishes.columns.values():
        if _find(theirs, headers) is None:
            raise UsageError(
                N_("--map: {name} has no header {header}"),
                hint=N_("It has: {near}"),
                name=name,
                header=theirs,
                near=_near(theirs, headers),
            )
    schema = TABLES[wishes.as_table] if wishes.as_table else guessed(headers, wishes)
    if schema is None:
        raise BadInput(
            N_("{name}: the headers ({headers}) do not tell which table its rows are of"),
            hint=N_("Say which: --as TABLE"),
            name=name,
            headers=list(headers)[:20],
        )
    layout = layout_of(schema, headers, wishes)
    missing = _missing(layout)
    if missing:
        raise BadInput(
            N_("{name}: no header stands for {missing} of {table}; there are {headers}"),
            hint=N_("Say which it is: --map {first}=HEADER"),
            name=name,
            missing=missing,
            table=schema.name,
            headers=list(headers)[:20],
            first=missing[0],
        )
    return layout


def guessed(headers: Sequence[str], wishes: Wishes) -> Schema | None:
    """The one table whose anchors the headers hold; None when there is none, or more than one.

    A table gives way to one that understands the same headers and others beside: ``date`` alone
    makes no message of a plate read. Tables without named anchors are never guessed. One anchor
    under a foreign name is not enough: half of the headers must then be understood.
    """
    layouts = {name: layout_of(schema, headers, wishes) for name, schema in TABLES.items()}
    read = {name: set(layout.columns.values()) for name, layout in layouts.items()}
    fits = []
    for name, layout in layouts.items():
        named = layout.schema.anchors or layout.schema.anchors_any
        met = [a for a in named if a in layout.columns]
        if not met or _missing(layout):
            continue
        sure = len(met) > 1 or any(layout.columns[a] == a or a in wishes.columns for a in met)
        if not sure and (len(read[name]) < 2 or 2 * len(read[name]) < len(headers)):
            continue
        if not any(read[name] < other for other in read.values()):
            fits.append(layout.schema)
    return fits[0] if len(fits) == 1 else None


def _missing(layout: Layout) -> list[str]:
    """The anchors no header stands for; of alternatives, all when none is there."""
    schema = layout.schema
    if schema.anchors:
        return [a for a in schema.anchors if a not in layout.columns]
    needed = schema.anchors_any or tuple(column.name for column in schema.own)
    return [] if any(a in layout.columns for a in needed) else list(needed)


def _find(theirs: str, headers: Iterable[str]) -> str | None:
    """The header a person meant: as written, else without accents and case."""
    every = list(headers)
    if theirs in every:
        return theirs
    return next((h for h in every if folded(h) == folded(theirs)), None)


@cache
def _known(schema: Schema) -> dict[str, str]:
    """Native column by folded header; native names before the others."""
    known: dict[str, str] = {}
    for column in schema.fillable.values():
        known.setdefault(folded(column.name), column.name)
    own = {column.name for column in schema.own}
    for column in sorted(schema.fillable.values(), key=lambda c: c.name not in own):
        for header in column.headers:
            known.setdefault(folded(header), column.name)
    return known


def _near(name: str, known: Iterable[str]) -> list[str]:
    every = list(known)
    return get_close_matches(name, every, n=5, cutoff=0.5) or every[:40]

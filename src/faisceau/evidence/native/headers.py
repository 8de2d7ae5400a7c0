"""Which column of which table a header means: native names, wishes, and headers met in France.

Accents, case, spaces and punctuation do not matter: ``N° appelant`` is ``n_appelant``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache

from faisceau.errors import BadInput, UsageError
from faisceau.evidence.folding import folded
from faisceau.evidence.profiles import Profile, matching, own_profiles, shipped_profiles
from faisceau.evidence.reading import Wishes
from faisceau.tables.schemas import TABLES, Schema
from faisceau.tables.schemas.schema import DESK_COLUMNS, PROCEDURE, TIME
from faisceau.words import N_

_HOURS = (
    "heure",
    "heuredebut",
    "heurededebut",
    "heuredappel",
    "heureappel",
    "heureenvoi",
    "heuredelecture",
    "hour",
)
"""Headers of a clock time whose day stands in another column."""
FEWEST = 3
"""Own native names and ``procedure``, at least, by which a table without anchors is known."""


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
    profile: Profile | None = None
    """What says how the cells are written, where the headers alone do not."""

    @property
    def wanted(self) -> list[str]:
        """The headers whose cells are needed, in the order of the table."""
        return list(dict.fromkeys([*self.columns.values(), *self.hours.values()]))


def named(headers: Sequence[str]) -> tuple[str, ...]:
    """Headers as written, without blanks around; a repeated or empty one gets its number."""
    names: list[str] = []
    for n, header in enumerate(headers, 1):
        name = header.strip().strip("\ufeff")
        if not name:
            name = f"({n})"
        names.append(name if name not in names else f"{name} ({n})")
    return tuple(names)


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

    Wishes come first, then the profile's, then native names, then the headers of the schema; of
    two headers that mean the same column the other is unknown. A wish for a header that is not
    there is void.
    """
    return _layout(schema, headers, for_file(headers, wishes))


def for_file(headers: Sequence[str], wishes: Wishes) -> Wishes:
    """The wishes with what a profile says of a file with these headers.

    The profile is the one named (``--profile``). Where the person said nothing of the columns, it
    is one of their own whose headers all occur; else, where the headers tell no table, a shipped
    one.
    """
    profile = wishes.profile
    if profile is None and wishes.as_table is None and not wishes.columns:
        profile = matching(headers, "own")
        if profile is None and _guessed(headers, wishes) is None:
            profile = matching(headers, "shipped")
    if profile is None:
        return wishes
    columns = {**profile.found(headers), **wishes.columns}
    return replace(wishes, as_table=profile.table, columns=columns, profile=profile)


def _layout(schema: Schema, headers: Sequence[str], wishes: Wishes) -> Layout:
    profile = wishes.profile if wishes.profile and wishes.profile.table == schema.name else None
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
    named = (*map(folded, profile.hours if profile else ()), *_HOURS)
    clock = next((by_fold[h] for h in named if by_fold.get(h) in free), None)
    if day is not None and clock is not None:
        hours[day] = clock
        del free[clock]
    unwanted = (*profile.ignored, *profile.marks) if profile else ()
    for header in map(folded, unwanted):
        if by_fold.get(header) in free:
            left.append(by_fold[header])
            del free[by_fold[header]]
    for header in [h for h in free if schema.drops(folded(h))]:
        left.append(header)
        del free[header]
    return Layout(schema, columns, hours, tuple(left), tuple(free), profile)


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
    if wishes.profile is not None and (missing := wishes.profile.missing(headers)):
        raise BadInput(
            N_("{name}: profile {profile} wants headers for {missing}; there are {headers}"),
            name=name,
            profile=wishes.profile.name,
            missing=missing,
            headers=list(headers)[:20],
        )
    wishes = for_file(headers, wishes)
    schema = TABLES[wishes.as_table] if wishes.as_table else _guessed(headers, wishes)
    if schema is None:
        raise BadInput(
            N_("{name}: the headers ({headers}) do not tell which table its rows are of"),
            hint=N_("Say which: --as TABLE"),
            name=name,
            headers=list(headers)[:20],
        )
    layout = _layout(schema, headers, wishes)
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
    makes no message of a plate read. One anchor under a foreign name is not enough: half of the
    headers must then be understood. A table without named anchors is guessed where all headers are
    native names, three of them its own or ``procedure``, and no other table knows as many. A
    profile that fits says it all.
    """
    told = for_file(headers, wishes)
    if told.profile is not None:
        schema = TABLES[told.profile.table]
        fits = not told.profile.missing(headers) and not _missing(_layout(schema, headers, told))
        return schema if fits else None
    return _guessed(headers, wishes)


def recognised(headers: Sequence[str], wishes: Wishes) -> bool:
    """True where these headers can be those of the file: a table, or the wished one, is there."""
    if wishes.as_table is None:
        return guessed(headers, wishes) is not None
    wanted = [_find(theirs, headers) for theirs in wishes.columns.values()]
    return None not in wanted and not _missing(layout_of(TABLES[wishes.as_table], headers, wishes))


def may_be_header(cells: Iterable[str], wishes: Wishes) -> bool:
    """False where no cell is a word that some header is written with: quick, for many lines."""
    known = _every_word()
    given = {folded(theirs) for theirs in wishes.columns.values()}
    mine = (wishes.profile,) if wishes.profile is not None else own_profiles().values()
    for profile in mine:
        for theirs in (*profile.columns.values(), *profile.optional.values()):
            given.update(map(folded, theirs))
    return any((word := folded(cell)) in known or word in given for cell in cells)


@cache
def _every_word() -> frozenset[str]:
    """Every header that is known, folded."""
    words = {word for schema in TABLES.values() for word in _known(schema)}
    for profile in shipped_profiles().values():
        for theirs in (*profile.columns.values(), *profile.optional.values()):
            words.update(map(folded, theirs))
    return frozenset(words)


def _guessed(headers: Sequence[str], wishes: Wishes) -> Schema | None:
    layouts = {name: _layout(schema, headers, wishes) for name, schema in TABLES.items()}
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
    if fits:
        return fits[0] if len(fits) == 1 else None
    return _all_native(headers)


def _all_native(headers: Sequence[str]) -> Schema | None:
    """The table without named anchors whose own native names these are, all of them."""
    given = set(headers)
    known: dict[str, int] = {}
    for name, schema in TABLES.items():
        if given <= set(schema.columns):
            known[name] = len(given & {PROCEDURE.name, *(column.name for column in schema.own)})
    most = max(known.values(), default=0)
    best = [TABLES[name] for name, n in known.items() if n == most]
    if most < FEWEST or len(best) != 1 or best[0].anchors or best[0].anchors_any:
        return None
    return best[0]


def _missing(layout: Layout) -> list[str]:
    """The anchors no header stands for; of alternatives, all when none is there."""
    schema, profile = layout.schema, layout.profile
    given = {
        *layout.columns,
        *(profile.fixed if profile else ()),
        *(profile.absent if profile else ()),
    }
    if schema.anchors:
        return [a for a in schema.anchors if a not in given]
    needed = schema.anchors_any or tuple(column.name for column in schema.own)
    return [] if any(a in given for a in needed) else list(needed)


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

"""The orders of an exhibit: the options of ``add``, checked before anything is read."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from faisceau.case.examining import Orders
from faisceau.errors import NotFound, UsageError
from faisceau.evidence.hash_lists import HashList
from faisceau.evidence.profiles import Profile
from faisceau.evidence.reading import Reader, Wishes
from faisceau.tables.schemas import TABLES
from faisceau.words import N_

LAYOUTS = {"matrix": ("call", "call_matrix")}
"""Layouts that a person may say a file has: the table it fills and the reader that knows it."""


def orders_of(
    readers: Mapping[str, Reader],
    *,
    as_table: str | None = None,
    columns: Mapping[str, str] | None = None,
    label: str | None = None,
    procedure: str | None = None,
    timezone: str = "Europe/Paris",
    reader: str | None = None,
    layout: str | None = None,
    in_place: bool = False,
    again: bool = False,
    clock_offset_s: int = 0,
    keys: Sequence[bytes] = (),
    hash_lists: Sequence[HashList] = (),
    first: bool = False,
    profile: Profile | None = None,
    hits: bool = False,
) -> Orders:
    """The options of ``add``, checked. Raises ``UsageError``, ``NotFound``.

    ``profile`` says how the files are written; it names their table unless ``as_table`` does.
    ``layout``: ``matrix`` for adjacency matrices, which hold calls.
    """
    if layout is not None:
        as_table, reader = _laid_out(layout, as_table, reader, profile)
    if profile is not None and as_table is None:
        as_table = profile.table
    if as_table is not None and as_table not in TABLES:
        raise UsageError(
            N_("There is no table {table}"),
            hint=N_("There are: {known}"),
            table=as_table,
            known=list(TABLES),
        )
    if reader is not None and reader not in readers:
        raise NotFound(
            N_("There is no reader {reader}"),
            hint=N_("There are: {known}"),
            reader=reader,
            known=list(readers),
        )
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            N_("There is no time zone {zone}"),
            hint=N_("Write it as Europe/Paris, America/Cayenne, UTC"),
            zone=timezone,
        ) from error
    return Orders(
        wishes=Wishes(as_table, columns or {}, zone, profile, tuple(keys)),
        label=label,
        procedure=procedure,
        reader=reader,
        in_place=in_place,
        again=again,
        clock_offset_s=clock_offset_s,
        hash_lists=tuple(hash_lists),
        first=first,
        hits=hits,
    )


def _laid_out(
    layout: str, as_table: str | None, reader: str | None, profile: Profile | None
) -> tuple[str, str]:
    """The table and the reader that a layout means. Raises ``UsageError``."""
    if layout not in LAYOUTS:
        raise UsageError(
            N_("There is no layout {layout}"),
            hint=N_("There are: {known}"),
            layout=layout,
            known=list(LAYOUTS),
        )
    table, name = LAYOUTS[layout]
    if as_table not in (None, table) or reader not in (None, name) or profile is not None:
        raise UsageError(
            N_("--layout {layout} reads rows of {table}, by its own reader and no profile"),
            hint=N_("Leave out --as, --reader and --profile"),
            layout=layout,
            table=table,
        )
    return table, name
